// The file as a tree of values with their places: all that the rest of this room knows of TOML.
//
// Owner: whoever holds the Value. Thread: any.
// Invariants:
//   1. Every Value and every entry of a table knows its place in the file.
//   2. Tables keep the order of the file; keys in a table are unique.
//   3. Depth is bounded (kDeepest), so walking a tree by recursion is safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/file/diagnostic.h"

namespace hf::config::file {

struct Entry;

struct Value {
  enum class Type : std::uint8_t { kText, kInteger, kFloat, kFlag, kTime, kList, kTable };

  Type type = Type::kTable;
  Position at;
  std::string text;            // kText; kFloat and kTime as the file's author would write them
  std::int64_t integer = 0;    // kInteger
  bool flag = false;           // kFlag
  std::vector<Value> items;    // kList
  std::vector<Entry> entries;  // kTable

  bool is(Type t) const { return type == t; }
  const Entry* find(std::string_view key) const;
  /// The value in TOML for a message, short: `"text"`, `5`, `true`, "a table", "a list".
  std::string shown() const;
};

struct Entry {
  std::string key;
  Position at;  // of the key
  Value value;
};

struct SyntaxError {
  Position at;
  std::string why;
};

/// Levels of lists and inline tables, and dots in one key.
constexpr int kDeepest = 32;

/// Parses TOML 1.0. Bytes that are not TOML give the first thing wrong with them.
std::variant<Value, SyntaxError> parse_document(std::string_view text);

}  // namespace hf::config::file
