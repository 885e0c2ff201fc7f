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
  /// Reads the service's accounts anew, at once if that was not done too often: somebody unknown wants to log in, or a statement that
  /// changes accounts has run. The answer is a view whose accounts_round is done() by what this returns.
  std::function<upstream::RefreshPtr(const std::string& service)> refresh_accounts = [](const std::string&) { return upstream::Refresh::nothing_to_wait_for(); };
  /// The same for the servers' global variables and defaults_round: a SET GLOBAL has run.
  std::function<upstream::RefreshPtr(const std::string& service)> refresh_defaults = [](const std::string&) { return upstream::Refresh::nothing_to_wait_for(); };
  /// What clients of all services may take of the process's descriptors; nullptr: as many as there are. May be used at once, from any
  /// thread.
  net::AcceptBudget* accept_budget = nullptr;
};

}  // namespace hf::service
