#include "config/section/service.h"

#include <fmt/format.h>

#include "config/file/findings.h"
#include "config/file/key.h"

namespace hf::config::section {

namespace {

using file::at;
using file::Key;
using file::Kind;
using file::ns;
using file::only_if;

constexpr Nanos kDay = 24h;

// In the order of the enums: a choice is stored as its index.
constexpr std::string_view kProtocols[] = {"tcp", "mysql"};
constexpr std::string_view kLaterProtocols[] = {"redis"};
constexpr std::string_view kBalances[] = {"least-connections", "round-robin"};

bool is_mysql(const Service& service) { return service.protocol == Protocol::kMysql; }

// clang-format off: tables read better in columns
constexpr Key kKeys[] = {
    {.path = "service.name", .kind = Kind::kName, .doc = "The name, unique in the file; a reload keeps the state of a service by it.", .required = true,
     .field = at<&Service::name>()},
    {.path = "service.protocol", .kind = Kind::kChoice, .doc = "What the clients speak.", .choices = kProtocols,
     .later_choices = kLaterProtocols, .required = true, .field = at<&Service::protocol>()},
    {.path = "service.listen", .kind = Kind::kTableList,
     .doc = "Where clients connect: \"host:port\", { address = \"host:port\", route = \"read\" } or { unix = \"/path\" }.", .required = true,
     .per_node = true, .shorthand = "address", .has_identity = true, .field = at<&Service::listen>()},
    {.path = "service.balance", .kind = Kind::kChoice, .doc = "How a server is chosen among those that may serve.",
     .fallback = "\"least-connections\"", .choices = kBalances, .field = at<&Service::balance>()},
    {.path = "service.allow", .kind = Kind::kNetworks, .doc = "The client networks that are let in; an empty list lets everybody in.",
     .fallback = "[]", .field = at<&Service::allow>()},
    {.path = "service.max_connections", .kind = Kind::kCount, .doc = "The most clients at a time, all shards together.",
     .fallback = "10000", .min = 1, .max = 1'000'000, .field = at<&Service::max_connections>()},
    {.path = "service.connect_timeout", .kind = Kind::kDuration, .doc = "How long connecting to a server may take.",
     .fallback = "\"3s\"", .min = ns(1ms), .max = ns(5min), .field = at<&Service::connect_timeout>()},
    {.path = "service.client_timeout", .kind = Kind::kDuration, .doc = "How long a client may be idle before it is disconnected.",
     .fallback = "\"8h\"", .min = ns(1s), .max = ns(365 * kDay), .field = at<&Service::client_timeout>()},
    {.path = "service.server_timeout", .kind = Kind::kDuration, .doc = "The longest silence of a server inside a reply; \"0s\" sets no limit.",
     .fallback = "\"0s\"", .min = 0, .max = ns(kDay), .field = at<&Service::server_timeout>()},
    {.path = "service.resolve_interval", .kind = Kind::kDuration,
     .doc = "How often the names of servers are looked up again: so often at least, and as soon as the answer holds no longer, once in a second "
            "at most; \"0s\" looks them up at start and at reloads only.",
     .fallback = "\"30s\"", .min = 0, .max = ns(kDay), .field = at<&Service::resolve_interval>()},
    {.path = "service.check", .kind = Kind::kTable, .doc = "How servers are checked.", .implicit = true, .field = at<&Service::check>()},
    {.path = "service.mysql", .kind = Kind::kTable, .doc = "What only services with protocol = \"mysql\" have.", .implicit = true, .field = only_if<is_mysql, &Service::mysql>()},
    {.path = "service.server", .kind = Kind::kTableList, .doc = "A server behind the service.", .required = true, .has_identity = true, .field = at<&Service::servers>()},
    {.path = "service.redis", .kind = Kind::kLater, .doc = "What only Redis services have."},
    {.path = "service.topology", .kind = Kind::kLater, .doc = "Who is primary, and promotion."},
};
// clang-format on

class ServiceRules : private file::Findings {
 public:
  ServiceRules(const std::vector<Service>& services, file::ReadResult& result)
      : Findings(result), services_(services), result_(result) {}

  void run() {
    std::vector<std::string> names;
    for (const Service& service : services_) names.push_back(service.name);
    check_unique("service", names, [](std::size_t i) { return fmt::format("service[{}].name", i); });
    for (std::size_t i = 0; i < services_.size(); ++i) check_service(services_[i], fmt::format("service[{}]", i));
  }

 private:
  void check_service(const Service& service, const std::string& place) {
    check_servers(service.servers, service.listen, service.name, place, result_);
    if (!good(place + ".protocol")) return;
    if (is_mysql(service)) {
      check_mysql(service.mysql, service.name, place, result_);
    } else {
      check_not_mysql(service, place);
    }
  }

  void check_not_mysql(const Service& service, const std::string& place) {
    if (written(place + ".mysql")) {
      error(at(place + ".mysql"), "[service.mysql] in a tcp service", "only mysql services have it",
            "remove it or write protocol = \"mysql\"");
    }
    for (std::size_t i = 0; i < service.listen.size(); ++i) {
      if (service.listen[i].mysql == MysqlListen{}) continue;
      error(at(fmt::format("{}.listen[{}].route", place, i)), "route in a tcp service",
            "only mysql services tell reads from writes", "remove it or write protocol = \"mysql\"");
    }
  }

  const std::vector<Service>& services_;
  file::ReadResult& result_;
};

}  // namespace

std::span<const Key> keys_of_service() { return kKeys; }

void check_services(const std::vector<Service>& services, file::ReadResult& result) {
  ServiceRules(services, result).run();
}

}  // namespace hf::config::section
