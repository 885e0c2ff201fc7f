// `holdfast status` for people: /api/v1/status as plain text.
//
// Thread: any (pure functions).
// Invariant: what is missing or of another type is shown as "-", never an error: the gateway may be of another version.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace hf::app {

std::string render_status(const nlohmann::json& status);

/// "100", "80 = 100 - 20 (track: script /x: exit 1)", "1, the least there is; 100 - 253 (…)",
/// "254, preferred by the operator (100 as configured)".
std::string render_priority(const nlohmann::json& vip);

}  // namespace hf::app
