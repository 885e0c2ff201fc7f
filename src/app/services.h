// Services: the services that run: the watcher of each, and what the shards are told of it.
//
// Owner: the gateway. Thread: the control thread's; what control() gives is for any.
// Invariant: shards hear of a service and of its views only by posted messages, in order.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/event.h"
#include "config/config.h"
#include "net/accept_budget.h"
#include "runtime/event_loop.h"
#include "runtime/scope.h"
#include "service/control.h"
#include "service/shard.h"
#include "topology/service_watcher.h"

namespace hf::app {

class Services {
 public:
  struct Running {
    std::shared_ptr<service::ServiceShared> shared;
    std::unique_ptr<topology::ServiceWatcher> watcher;
  };
  struct Around {
    runtime::Scope& scope;  // in which what was removed comes to its end
    const std::vector<std::unique_ptr<service::Shard>>& shards;
    std::function<void(Event)> event;
    std::function<void(const std::string& service)> changed;  // its view has
  };

  explicit Services(Around around) : around_(std::move(around)) {}
  Services(const Services&) = delete;
  Services& operator=(const Services&) = delete;

  /// The shards' way here.
  service::Control control(net::AcceptBudget& budget);
  /// Why the services of a configuration cannot take the place of those that run; empty: they can.
  std::vector<std::string> objections(const config::Config& next, const upstream::AddressBook& addresses) const;
  /// Removes, adds and configures. `removed`: by name, those that are gone or have become others. Returns what failed,
  /// and why.
  std::vector<std::string> apply(const config::ConfigPtr& next, const std::vector<std::string>& removed,
                                 const upstream::AddressBook& addresses);
  /// A name has another address: the servers of `config` that have it and want to follow it do, or, with an error,
  /// none.
  Result<void> follow(const config::ConfigPtr& config, const std::string& name, const upstream::AddressBook& addresses);
  static runtime::Task<void> close(Services* self, Deadline deadline);

  /// By name. nullptr: there is none.
  const Running* find(std::string_view name) const;
  Running* find(std::string_view name);
  const std::map<std::string, Running, std::less<>>& all() const { return running_; }
  std::size_t clients() const;

 private:
  Result<void> add(const config::ConfigPtr& config, const config::Service& service,
                   const upstream::AddressBook& addresses);
  void remove(const std::string& name);
  void publish(const std::shared_ptr<service::ServiceShared>& shared, const upstream::ServiceViewPtr& view);
  runtime::EventLoop& loop() { return around_.scope.loop(); }

  Around around_;
  std::map<std::string, Running, std::less<>> running_;
};

}  // namespace hf::app
