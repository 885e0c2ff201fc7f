// A key of the file, described once: reading it, comparing it, printing it and its line of docs/config.md come from its
// row.
//
// Owner: nobody (constants, in the tables of section/). Thread: any.
// Invariants:
//   1. Paths are unique, lower case, dotted ("service.mysql.monitor").
//   2. A default is TOML that passes the key's own rules; the member's initializer is the same value (a test compares).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/time.h"
#include "config/file/field.h"

namespace hf::config::file {

enum class Kind : std::uint8_t {
  kTable,           // [path]; its keys follow
  kTableList,       // [[path]]; one element per table
  kName,            // letters, digits, "-", "_", "."; at most 64
  kText,            // any text that is not empty
  kCount,           // a whole number in [min, max]
  kFlag,            // true, false
  kDuration,        // "100ms" in [min, max] nanoseconds
  kSize,            // "64KiB" in [min, max] bytes
  kChoice,          // one of choices
  kServerAddress,   // "host:port"
  kListenAddress,   // "number:port"
  kSocketPath,      // a Unix socket
  kPath,            // a file or folder
  kNetworks,        // ["10.0.0.0/8", …]
  kInterface,       // the name of a network interface
  kIp,              // an address in numbers, no port
  kIps,             // a list of them
  kHostAddress,     // "198.18.0.100/24": an address of a host and its prefix; bare: /32 or /128
  kNumericAddress,  // "number:port" of somebody else
  kUrl,             // "http://host:port/path"
  kWeight,          // "release" or a whole number in [min, max]
  kCommand,         // a program and its arguments in one text
  kNames,           // a list of names
  kTexts,           // a list of texts
  kSecretFile,      // a path whose content is the value
  kSecretVariable,  // an environment variable whose content is the value
  kRefused,         // never accepted: a secret in the clear
  kLater,           // a name of the design that this version does not have
};

struct Key {
  std::string_view path;
  Kind kind = Kind::kText;
  std::string_view doc;                 // one sentence, with the unit
  std::string_view fallback = {};       // the default as TOML; empty: none
  std::string_view sample = {};         // a value in TOML for remedies, where there is no default to show
  std::string_view fallback_note = {};  // the default in words, where it depends on the machine or on other keys
  std::int64_t min = 0;
  std::int64_t max = INT64_MAX;
  std::span<const std::string_view> choices = {};
  std::span<const std::string_view> later_choices = {};  // in the design, not in this version
  bool required = false;                                 // with a group: one key of the group is
  std::string_view group = {};                           // at most one key of a group in one table
  bool per_node = false;                                 // may be a table keyed by node name
  bool may_be_off = false;                               // "off" is accepted and leaves the value empty
  bool implicit = false;                                 // a table that is there with its defaults when not written
  std::string_view shape = {};      // a table whose keys are listed under this path instead: "(account)"
  std::string_view shorthand = {};  // a list's element may be plain text, standing for this key
  bool needs_restart = false;       // a change of it is none that a reload applies
  // a list whose elements have names: a reload compares it element by element
  bool has_identity = false;
  bool always_written = false;  // printed also when it is the default: it matters that it is written
  bool told_whole = false;      // a table of which a change is told as one
  // where it is kept; none: a table of the object around it, or a value that nobody asks for
  Field field = {};

  std::string_view leaf() const { return path.substr(path.rfind('.') + 1); }
  bool is_table() const { return kind == Kind::kTable || kind == Kind::kTableList; }
  bool is_list() const { return kind == Kind::kTableList; }
  /// Written as a value, though it is a table or a list of tables: it has no header of its own.
  bool is_inline() const { return !shape.empty() || !shorthand.empty(); }
};

/// Nanoseconds, for the range of a kDuration.
constexpr std::int64_t ns(Nanos duration) { return duration.count(); }

/// The kind in words for the reference and for complaints: "duration", "one of tcp, mysql".
std::string kind_in_words(const Key& key);

}  // namespace hf::config::file
