// Control: what a shard may tell the control thread. Everything here is called on a shard's thread and must only post.
#pragma once

#include <functional>
#include <string>

#include "base/event.h"
#include "net/accept_budget.h"
#include "upstream/refresh.h"
#include "upstream/service_view.h"

namespace hf::service {

struct Control {
  /// A connection to a server could not be made or broke in use: news for the checks.
  std::function<void(const std::string& service, upstream::ServerSlot slot, const std::string& what)> server_failed;
  std::function<void(Event event)> event;
  /// Reads something of the service's servers anew, at once if that was not done too often. `subject`: a number of the
  /// protocol's (upstream::mysql::Subject). The answer is a view whose round of that subject is done() by what this
  /// returns.
  std::function<upstream::RefreshPtr(const std::string& service, std::uint32_t subject)> refresh =
      [](const std::string&, std::uint32_t) { return upstream::Refresh::nothing_to_wait_for(); };
  /// What clients of all services may take of the process's descriptors; nullptr: as many as there are. May be used at
  /// once, from any thread.
  net::AcceptBudget* accept_budget = nullptr;
};

}  // namespace hf::service
