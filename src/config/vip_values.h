// The values that only [[vip]] and [[notify]] have, against the rules of their keys: addresses, interfaces, weights, URLs.
//
// Thread: any (pure functions). Invariants: those of values.h; read them through parse_value.
#pragma once

#include <variant>

#include "config/diagnostic.h"
#include "config/document.h"
#include "config/schema.h"

namespace hf::config {

/// kWeight.
std::variant<ParsedValue, Complaint> parse_weight(const Key& key, const Value& value);

/// kInterface, kIp, kHostAddress, kNumericAddress, kUrl. `value` is a text that is not empty.
std::variant<ParsedValue, Complaint> parse_vip_text(const Key& key, const Value& value);

/// kIps, kNames, kTexts.
std::variant<ParsedValue, Complaint> parse_vip_list(const Key& key, const Value& value);

/// Why a text cannot be the name of an interface, or nullptr.
const char* no_interface_name(std::string_view text);

}  // namespace hf::config
