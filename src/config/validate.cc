#include "config/validate.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "config/address.h"
#include "config/findings.h"
#include "config/notify_rules.h"
#include "config/track_rules.h"
#include "config/vip_rules.h"

namespace hf::config {

namespace {

/// A listener and how to name it and its owner.
struct Listening {
  Endpoint endpoint;
  std::string owner;
  Position at;
};

class Validator : private Findings {
 public:
  explicit Validator(ReadResult& result) : Findings(result), config_(result.config) {}

  void run() {
    check_node();
    check_admin();
    check_there_is_work();
    check_service_names();
    for (std::size_t i = 0; i < config_.services.size(); ++i) check_service(config_.services[i], fmt::format("service[{}]", i));
    check_listeners();
  }

 private:
  void check_node() {
    if (config_.node.gateway_kill >= config_.node.gateway_silence) return;
    error(at("node.gateway_kill"), "gateway_kill is shorter than gateway_silence", "it would be killed before it counts as stuck",
          "make gateway_kill the longer one");
  }

  void check_there_is_work() {
    if (written("service") || written("service[0]") || written("vip") || written("vip[0]")) return;
    error({1, 1}, "[[service]] is missing", "the file needs a service or a VIP at least", "add [[service]] or [[vip]]");
  }

  void check_admin() {
    const bool guarded = written("admin.token_file") || written("admin.token_env") || written("admin.account");
    if (config_.admin.http.host.empty() || is_loopback(config_.admin.http) || guarded) return;
    error(at("admin.http"), fmt::format("admin.http = \"{}\"", config_.admin.http.to_string()),
          "others can reach it and it has neither token nor account", "add token_file or account to [admin] or listen on 127.0.0.1");
  }

  void check_service_names() {
    std::vector<std::string> names;
    for (const Service& service : config_.services) names.push_back(service.name);
    check_unique("service", names, [](std::size_t i) { return fmt::format("service[{}].name", i); });
  }

  void check_service(const Service& service, const std::string& place) {
    check_servers(service, place);
    const bool protocol_known = written(place + ".protocol") && !drew_complaint(place + ".protocol");
    if (!protocol_known) return;
    if (service.protocol == Protocol::kMysql) {
      check_mysql(service, place);
    } else {
      check_not_mysql(service, place);
    }
  }

  void check_servers(const Service& service, const std::string& place) {
    std::vector<std::string> names;
    for (const Server& server : service.servers) names.push_back(server.name);
    check_unique("server", names, [&](std::size_t i) { return fmt::format("{}.server[{}].name", place, i); });

    if (service.servers.size() > kMostServers) {
      error(at(fmt::format("{}.server[{}]", place, kMostServers)), fmt::format("service {} has {} servers", quoted(service.name), service.servers.size()),
            fmt::format("a service has room for {}", kMostServers), "make two services of it");
    }
    const bool all_idle = std::all_of(service.servers.begin(), service.servers.end(), [](const Server& s) { return s.weight == 0; });
    if (all_idle && !service.servers.empty()) {
      error(at(place + ".server[0].weight"), "weight = 0 for every server", fmt::format("service {} would serve nobody", quoted(service.name)),
            "give at least one server a weight of 1 or more");
    }
    for (std::size_t i = 0; i < service.servers.size(); ++i) check_server(service, i, fmt::format("{}.server[{}].address", place, i));
  }

  void check_server(const Service& service, std::size_t index, const std::string& place) {
    const Server& server = service.servers[index];
    if (server.address.host.empty()) return;
    for (const Listen& listen : service.listen) {
      if (!reaches(listen.endpoint, server.address)) continue;
      error(at(place), fmt::format("server address \"{}\"", server.address.to_string()),
            "the service itself listens there and would connect to itself", "write the address of the real server");
      return;
    }
    for (std::size_t other = 0; other < index; ++other) {
      if (service.servers[other].address != server.address) continue;
      warning(at(place), fmt::format("server address \"{}\" is there twice", server.address.to_string()),
              "the server gets the share of both entries", "remove one of them");
      return;
    }
  }

  /// Whether connecting to the server would reach our own listener.
  static bool reaches(const Endpoint& listen, const Endpoint& server) {
    if (listen.is_unix() || listen.host.empty() || listen.port != server.port) return false;
    if (server.host == "localhost") return is_loopback(listen) || is_wildcard(listen);
    return listen == server || (collide(listen, server) && is_wildcard(listen) && is_loopback(server));
  }

  void check_mysql(const Service& service, const std::string& place) {
    const std::string mysql = place + ".mysql";
    if (!written(mysql + ".monitor")) {
      error(at(mysql), "monitor is missing", fmt::format("checks of the mysql service {} log in with it", quoted(service.name)),
            "add monitor = { user = \"…\", password_file = \"…\" } to [service.mysql]");
    }
    if (!written(mysql + ".users") && !written(mysql + ".users_from")) {
      error(at(mysql), "users is missing", fmt::format("nobody could log in to service {}", quoted(service.name)),
            "add users = [ { name = \"…\", password_file = \"…\" } ] or users_from = \"servers\" to [service.mysql]");
    }
    std::vector<std::string> users;
    for (const Account& account : service.mysql.users) users.push_back(account.user);
    check_unique("user", users, [&](std::size_t i) {
      const std::string account = fmt::format("{}.users[{}]", mysql, i);
      return account + (written(account + ".name") ? ".name" : ".user");
    });
  }

  void check_not_mysql(const Service& service, const std::string& place) {
    if (written(place + ".mysql")) {
      error(at(place + ".mysql"), "[service.mysql] in a tcp service", "only mysql services have it", "remove it or write protocol = \"mysql\"");
    }
    for (std::size_t i = 0; i < service.listen.size(); ++i) {
      if (service.listen[i].route == ListenRoute::kSplit) continue;
      error(at(fmt::format("{}.listen[{}].route", place, i)), "route in a tcp service", "only mysql services tell reads from writes",
            "remove it or write protocol = \"mysql\"");
    }
  }

  std::vector<Listening> listeners() const {
    std::vector<Listening> all;
    all.push_back({config_.admin.http, "admin.http", at("admin.http")});
    all.push_back({config_.admin.socket, "admin.socket", at("admin.socket")});
    for (std::size_t i = 0; i < config_.services.size(); ++i) {
      const Service& service = config_.services[i];
      for (std::size_t j = 0; j < service.listen.size(); ++j) {
        all.push_back({service.listen[j].endpoint, fmt::format("service {}", quoted(service.name)), at(fmt::format("service[{}].listen[{}]", i, j))});
      }
    }
    std::erase_if(all, [](const Listening& l) { return l.endpoint == Endpoint{}; });
    return all;
  }

  void check_listeners() {
    const std::vector<Listening> all = listeners();
    for (std::size_t later = 1; later < all.size(); ++later) {
      const auto end = all.begin() + static_cast<std::ptrdiff_t>(later);
      const auto first = std::find_if(all.begin(), end, [&](const Listening& l) { return collide(l.endpoint, all[later].endpoint); });
      if (first == end) continue;
      const std::string same = first->endpoint == all[later].endpoint ? "there" : fmt::format("on \"{}\"", first->endpoint.to_string());
      error(all[later].at, fmt::format("listener \"{}\" is taken", all[later].endpoint.to_string()),
            fmt::format("{} listens {} already", first->owner, same), "choose another address or port");
    }
  }

  const Config& config_;
};

}  // namespace

void validate(ReadResult& result) {
  Validator(result).run();
  check_vips(result);
  check_tracks(result);
  check_notifies(result);
}

}  // namespace hf::config
