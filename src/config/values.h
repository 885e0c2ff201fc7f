// One value of the file against the rules of its key: types, units, ranges, choices, addresses.
//
// Thread: any (pure functions; secrets are read elsewhere).
// Invariants:
//   1. Only for keys that are no tables, not kRefused and not kLater.
//   2. A Complaint names the key and shows the value; "what" reads `connect_timeout = 5`.
#pragma once

#include <string>
#include <variant>

#include "config/diagnostic.h"
#include "config/document.h"
#include "config/schema.h"

namespace hf::config {

/// `folder` is where relative paths start ("" for the working folder). kSecretFile gives the path in text, kSecretVariable the name.
std::variant<ParsedValue, Complaint> parse_value(const Key& key, const Value& value, const std::string& folder);

/// The key's default as a Value. Only when key.fallback is not empty.
Value fallback_value(const Key& key);

/// A value that the key would take, in TOML, for remedies: the default, or an example of the kind.
std::string sample_value(const Key& key);

/// "1ms to 5m": the range in the units of the key. Only for counts, durations and sizes.
std::string range_in_words(const Key& key);

}  // namespace hf::config
