// WatchedServer: one server of a service as its watcher knows it: how it is looked at, and what the looks have shown.
//
// Owner: the ServiceWatcher. Thread: the control thread's.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "check/checker.h"
#include "config/config.h"
#include "net/address.h"
#include "policy/health/rise_fall.h"
#include "runtime/signal.h"
#include "upstream/places.h"
#include "upstream/service_view.h"

namespace hf::topology {

struct WatchedServer {
  WatchedServer(runtime::EventLoop& loop, const config::Server& server_config, const net::Address& resolved,
                upstream::ServerSlot its_slot, const config::Check& check, std::uint64_t lease_number)
      : server(server_config),
        address(resolved),
        slot(its_slot),
        lease(std::make_shared<const upstream::SlotLease>(upstream::SlotLease{lease_number})),
        rise_fall(check.rise, check.fall),
        news(loop) {}

  config::Server server;
  net::Address address;
  upstream::ServerSlot slot;
  std::shared_ptr<const upstream::SlotLease> lease;
  std::optional<TimePoint> free_since;  // nothing refers to its slot any more
  bool present = true;                  // in the configuration
  bool drained = false;
  bool watched = false;              // somebody looks at it
  bool looked_well = false;          // the latest look succeeded
  std::optional<TimePoint> well_at;  // when one last did
  bool answered = false;             // the latest failure was the server's own word, not silence
  bool hurry = false;                // the next look comes soon: doubt, news, another way to look
  policy::health::RiseFall rise_fall;
  std::shared_ptr<upstream::Places> places;  // where connections to it are limited
  std::unique_ptr<check::Checker> checker;
  std::string check = "not checked yet";
  std::optional<TimePoint> checked_at;
  runtime::Signal news;

  bool up() const { return rise_fall.health() == policy::health::Health::kUp; }
};

}  // namespace hf::topology
