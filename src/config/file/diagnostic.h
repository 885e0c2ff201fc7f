// A complaint about the configuration file, placed and worded so that an operator can act on it at once.
//
// Owner: whoever holds it (plain values). Thread: any.
// Invariants:
//   1. line and column count from 1; a complaint about the whole file is at 1:1.
//   2. what names the key or value, why names the rule it breaks, remedy says what to write instead.
//   3. No secret is ever quoted.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace hf::config::file {

/// A place in the file, both counted from 1.
struct Position {
  int line = 1;
  int column = 1;
  friend auto operator<=>(const Position&, const Position&) = default;
};

struct Diagnostic {
  std::string file;
  int line = 1;
  int column = 1;
  std::string what;
  std::string why;
  std::string remedy;
  friend bool operator==(const Diagnostic&, const Diagnostic&) = default;
};

/// "file:line:col: what, why, remedy"
std::string to_string(const Diagnostic& diagnostic);

/// What is wrong with one value, before anybody knows where it stands.
struct Complaint {
  std::string what;
  std::string why;
  std::string remedy;
  std::optional<Position> at = std::nullopt;  // where it is not the place of the value itself, but of an element in it
};

/// Text from the file in double quotes, fit for one line of a terminal: control bytes as \xNN, cut after 64 bytes.
std::string quoted(std::string_view text);

}  // namespace hf::config::file
