// `holdfast vip release|prefer|resume NAME`: gives the order, then watches /api/v1/status until it shows what it came
// to.
//
// Owner: the CLI. Thread: main's.
// Invariants:
//   1. Waits no longer than kWatch. What did not happen by then is said, with the state as it is.
//   2. Exit code 0 means that the order is in effect on this node: released, master, resumed. That nobody else took
//      released addresses is said, and is no failure of the order.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "admin/admin_model.h"
#include "app/cli_request.h"
#include "base/time.h"

namespace hf::app {

inline constexpr Nanos kWatch = 5s;

/// What an order has come to.
struct VipProgress {
  bool in_effect = false;
  bool settled = false;  // nothing more is worth waiting for
  std::string text;      // "released; 198.18.0.2 is master now"
};

/// `vip`: an element of "vips" in /api/v1/status.
VipProgress judge(admin::VipOrder order, const nlohmann::json& vip);

/// The outcome that the latest HF-6050 of an events page gives for the VIP; empty without one.
std::string outcome_of(const nlohmann::json& events_page, const std::string& vip);

/// "release", "prefer", "resume".
std::string_view word_of(admin::VipOrder order);

int vip_command(const AskOptions& options, const std::string& name, admin::VipOrder order);

}  // namespace hf::app
