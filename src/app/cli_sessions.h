// `holdfast sessions` for people: /api/v1/sessions as plain text.
//
// Thread: any (pure function).
// Invariant: what is missing or of another type is shown as "-", never an error: the gateway may be of another version.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace hf::app {

std::string render_sessions(const nlohmann::json& page);

}  // namespace hf::app
