// Control: what a shard may tell the control thread. Everything here is called on a shard's thread and must only post.
#pragma once

#include <functional>
#include <string>

#include "base/event.h"
#include "upstream/service_view.h"

namespace hf::service {

struct Control {
  /// A connection to a server could not be made or broke in use: news for the checks.
  std::function<void(const std::string& service, upstream::ServerSlot slot, const std::string& what)> server_failed;
  std::function<void(Event event)> event;
  /// The accounts on the servers, or their global variables, may have changed: look at once. The view's accounts_round or
  /// defaults_round rises when that is done.
  std::function<void(const std::string& service)> refresh_accounts = [](const std::string&) {};
  std::function<void(const std::string& service)> refresh_defaults = [](const std::string&) {};
};

}  // namespace hf::service
