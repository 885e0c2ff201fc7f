// One value of the file against the rules of its key: types, units, ranges, choices, addresses.
//
// Thread: any (pure functions; secrets are read elsewhere).
// Invariants:
//   1. Only for keys that are no tables, not kRefused and not kLater.
//   2. A Complaint names the key and shows the value; "what" reads `connect_timeout = 5`.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "config/file/diagnostic.h"
#include "config/file/document.h"
#include "config/file/key.h"

namespace hf::config::file {

/// `folder` is where relative paths start ("" for the working folder). kSecretFile gives the path in text,
/// kSecretVariable the name.
std::variant<ParsedValue, Complaint> parse_value(const Key& key, const Value& value, const std::string& folder);

/// Complaints in the words of all the others: about a value, with an example as the remedy or with one of its own, and
/// about an element of a list.
Complaint complaint(const Key& key, const Value& value, std::string why, std::string remedy);
Complaint complaint(const Key& key, const Value& value, std::string why);
Complaint element_complaint(const Key& key, const Value& item, std::string why);

/// Whether a text is a name in the sense of kName; the rule in words.
bool is_name(std::string_view text);
constexpr const char* kNameRule = "a name has at most 64 letters, digits, dots, dashes and underscores";

/// Why a value cannot be a text of the file (another type, empty, too long, control characters), or nullptr.
const char* no_good_text(const Value& value);

/// The key's default as a Value. Only when key.fallback is not empty.
Value fallback_value(const Key& key);

/// A value that the key would take, in TOML, for remedies: the default, or an example of the kind.
std::string sample_value(const Key& key);

/// "1ms to 5m": the range in the units of the key. Only for counts, durations, sizes and weights.
std::string range_in_words(const Key& key);

}  // namespace hf::config::file
