// Listeners: the addresses on which clients reach the services: opened at start, brought in line at a reload, kept open
// meanwhile.
//
// Owner: the Gateway. Thread: the control thread; shards get their sockets by posted messages.
// Invariants:
//   1. Each socket of a shard's has a twin here. An address that goes to another service, or whose options change,
//      keeps its sockets: who waits in their queues is served.
//   2. An address that is given up is free when apply() or close() returns, whatever the shards are doing.
//   3. An address that could not be opened is tried again by each apply().
//   4. A service whose servers are not known yet accepts nobody; its addresses are there, and clients wait in their
//      queues.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/event.h"
#include "config/config.h"
#include "net/address.h"
#include "net/listener.h"
#include "runtime/event_loop.h"
#include "runtime/task.h"
#include "service/shard.h"

namespace hf::app {

class Listeners {
 public:
  struct Around {
    runtime::EventLoop& loop;
    const std::vector<std::unique_ptr<service::Shard>>& shards;
    int broker;  // the guardian's, for ports that this process may not bind; -1: none
    std::function<void(Event)> event;
    /// What a service of that name is at the moment; nullptr: there is none.
    std::function<std::shared_ptr<service::ServiceShared>(const std::string& service)> running;
  };
  struct Seen {
    config::Listen listen;
    bool open = false;
    std::string reason;  // why not open
  };

  explicit Listeners(Around around) : around_(std::move(around)) {}
  Listeners(const Listeners&) = delete;
  Listeners& operator=(const Listeners&) = delete;
  ~Listeners() { close(); }

  /// Waits until nobody else has the addresses, a while at most: a gateway whose guardian was killed may still be on
  /// its way out.
  static runtime::Task<void> wait_for_addresses(Listeners* self, config::ConfigPtr config);
  /// Opens, closes and takes from the services that had them. Returns what could not be opened, and why.
  std::vector<std::string> apply(const config::Config& config);
  /// Gives the services that are ready what apply() has for them. The shards must have been told of these services.
  /// False: some are not ready.
  bool serve(const std::function<bool(const std::string& service)>& is_ready);
  /// By address, as configured.
  std::map<std::string, Seen> of_service(const std::string& name) const;
  /// Gives all addresses up.
  void close();

 private:
  /// One address.
  struct Open {
    config::Listen listen;
    std::string service;
    bool has_route = false;
    std::weak_ptr<service::ServiceShared> owner;  // tells a service from a later one of the same name
    // of the sockets of each shard, or of the first for Unix; empty: not open
    std::vector<int> twins;
    bool served = false;  // the service has it
    std::string reason;
  };

  bool are_free(const config::Config& config) const;
  Result<int> bind(const config::Config& config, const net::Address& address, net::PortSharing sharing,
                   net::SocketMode mode) const;
  Result<std::vector<int>> make_sockets(const config::Config& config, const Result<net::Address>& address) const;
  Result<void> give_to_shards(const std::string& key, Open& entry);
  void take_from_shards(const std::string& key, const Open& entry) const;
  void give_up(const std::string& key, Open& entry);
  void change_options(const std::string& key, Open& entry, const config::Listen& listen) const;
  bool bring_in_line(const std::string& key, Open& entry, const config::Service& service, const config::Listen& listen);
  bool is_in_line(const Open& entry, const config::Service& service, const config::Listen& listen) const;
  void tell_opened(const std::string& key, const Open& entry) const;
  void tell_closed(const std::string& key, const Open& entry) const;
  std::string tell_failed(const std::string& key, Open& entry, const Error& reason) const;

  Around around_;
  std::map<std::string, Open> addresses_;  // by Endpoint::to_string()
};

/// "split", "read", "write".
const char* route_name(config::ListenRoute route);

}  // namespace hf::app
