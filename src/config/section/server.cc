#include "config/section/server.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/limits.h"
#include "config/file/findings.h"
#include "config/file/key.h"
#include "config/section/listen.h"

namespace hf::config::section {

namespace {

using file::at;
using file::Endpoint;
using file::Key;
using file::Kind;

// clang-format off: tables read better in columns
constexpr Key kKeys[] = {
    {.path = "service.server.name", .kind = Kind::kName, .doc = "The name, unique in the service; a reload keeps the state of a server by it.",
     .fallback_note = "the address", .field = at<&Server::name>()},
    {.path = "service.server.address", .kind = Kind::kServerAddress, .doc = "Where the server listens.", .required = true,
     .field = at<&Server::address>()},
    {.path = "service.server.weight", .kind = Kind::kCount, .doc = "Its share relative to the others; 0 takes no new work but is still checked.",
     .fallback = "1", .min = 0, .max = 1000, .field = at<&Server::weight>()},
    {.path = "service.server.slots", .kind = Kind::kLater, .doc = "The slots of a Redis server."},
};
// clang-format on

/// Whether connecting to the server would reach our own listener.
bool reaches(const Endpoint& listen, const Endpoint& server) {
  if (listen.is_unix() || listen.host.empty() || listen.port != server.port) return false;
  if (server.host == "localhost") return is_loopback(listen) || is_wildcard(listen);
  return listen == server || (collide(listen, server) && is_wildcard(listen) && is_loopback(server));
}

class ServerRules : private file::Findings {
 public:
  ServerRules(const std::vector<Server>& servers, const std::vector<Listen>& listeners, const std::string& service,
              file::ReadResult& result)
      : Findings(result), servers_(servers), listeners_(listeners), service_(service) {}

  void run(const std::string& place) {
    std::vector<std::string> names;
    for (const Server& server : servers_) names.push_back(server.name);
    check_unique("server", names, [&](std::size_t i) { return fmt::format("{}.server[{}].name", place, i); });

    if (servers_.size() > kMostServers) {
      error(at(fmt::format("{}.server[{}]", place, kMostServers)),
            fmt::format("service {} has {} servers", file::quoted(service_), servers_.size()),
            fmt::format("a service has room for {}", kMostServers), "make two services of it");
    }
    const bool all_idle = std::all_of(servers_.begin(), servers_.end(), [](const Server& s) { return s.weight == 0; });
    if (all_idle && !servers_.empty()) {
      error(at(place + ".server[0].weight"), "weight = 0 for every server",
            fmt::format("service {} would serve nobody", file::quoted(service_)),
            "give at least one server a weight of 1 or more");
    }
    for (std::size_t i = 0; i < servers_.size(); ++i) check_server(i, fmt::format("{}.server[{}].address", place, i));
  }

 private:
  void check_server(std::size_t index, const std::string& place) {
    const Server& server = servers_[index];
    if (server.address.host.empty()) return;
    for (const Listen& listen : listeners_) {
      if (!reaches(listen.endpoint, server.address)) continue;
      error(at(place), fmt::format("server address \"{}\"", server.address.to_string()),
            "the service itself listens there and would connect to itself", "write the address of the real server");
      return;
    }
    for (std::size_t other = 0; other < index; ++other) {
      if (servers_[other].address != server.address) continue;
      warning(at(place), fmt::format("server address \"{}\" is there twice", server.address.to_string()),
              "the server gets the share of both entries", "remove one of them");
      return;
    }
  }

  const std::vector<Server>& servers_;
  const std::vector<Listen>& listeners_;
  const std::string& service_;  // its name
};

}  // namespace

std::span<const Key> keys_of_server() { return kKeys; }

void fill_in(std::vector<Server>& servers) {
  for (Server& server : servers) {
    if (server.name.empty() && !server.address.host.empty()) server.name = server.address.to_string();
  }
}

void check_servers(const std::vector<Server>& servers, const std::vector<Listen>& listeners, const std::string& service,
                   const std::string& place, file::ReadResult& result) {
  ServerRules(servers, listeners, service, result).run(place);
}

}  // namespace hf::config::section
