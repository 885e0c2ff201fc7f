// Addresses, interfaces, weights, URLs and lists against the rules of their keys: the second half of values.h.
//
// Thread: any (pure functions). Invariants: those of values.h; read them through parse_value.
#pragma once

#include <variant>

#include "config/file/diagnostic.h"
#include "config/file/document.h"
#include "config/file/key.h"

namespace hf::config::file {

/// kWeight.
std::variant<ParsedValue, Complaint> parse_weight(const Key& key, const Value& value);

/// kInterface, kIp, kHostAddress, kNumericAddress, kUrl. `value` is a text that is not empty.
std::variant<ParsedValue, Complaint> parse_network_text(const Key& key, const Value& value);

/// kIps, kNames, kTexts.
std::variant<ParsedValue, Complaint> parse_text_list(const Key& key, const Value& value);

/// Why a text cannot be the name of an interface, or nullptr.
const char* no_interface_name(std::string_view text);

}  // namespace hf::config::file
