// Every key of the file, described once: parsing, unknown-key detection and docs/config.md all come from this table.
//
// Owner: nobody (a constant). Thread: any.
// Invariants:
//   1. A key's parent stands before it. Paths are unique, lower case, dotted ("service.mysql.monitor").
//   2. A default is TOML that passes the key's own rules; config.h holds the same value (a test compares).
//   3. Adding a key is one entry in schema.cc or vip_schema.cc (and its field in config.h).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "config/config.h"

namespace hf::config {

enum class Kind : std::uint8_t {
  kTable,         // [path]; its keys follow
  kTableList,     // [[path]]; one element per table
  kName,          // letters, digits, "-", "_", "."; at most 64
  kText,          // any text that is not empty
  kCount,         // a whole number in [min, max]
  kFlag,          // true, false
  kDuration,      // "100ms" in [min, max] nanoseconds
  kSize,          // "64KiB" in [min, max] bytes
  kChoice,        // one of choices
  kServerAddress, // "host:port"
  kListenAddress, // "number:port"
  kSocketPath,    // a Unix socket
  kPath,          // a file or folder
  kNetworks,      // ["10.0.0.0/8", …]
  kInterface,     // the name of a network interface
  kIp,            // an address in numbers, no port
  kIps,           // a list of them
  kHostAddress,   // "198.18.0.100/24": an address of a host and its prefix; bare: /32 or /128
  kNumericAddress,// "number:port" of somebody else
  kUrl,           // "http://host:port/path"
  kWeight,        // "release" or a whole number in [min, max]
  kCommand,       // a program and its arguments in one text
  kNames,         // a list of names
  kTexts,         // a list of texts
  kSecretFile,    // a path whose content is the value
  kSecretVariable,// an environment variable whose content is the value
  kRefused,       // never accepted: a secret in the clear
  kLater,         // a name of the design that this version does not have
};

/// A value that passed its key's rules; the kind says which field is set.
struct ParsedValue {
  std::string text;  // kName, kText, kPath, kInterface, kCommand, kUrl; the secret of kSecretFile and kSecretVariable
  std::int64_t number = 0;
  bool flag = false;  // kFlag; kWeight: "release"
  Nanos duration{0};
  std::size_t choice = 0;  // index into choices
  Endpoint endpoint;       // empty for "off"
  std::vector<Network> networks;
  std::vector<IpAddress> ips;       // kIps; kIp and kHostAddress: one
  std::uint8_t prefix_length = 0;   // kHostAddress
  std::string url_path;             // kUrl; the host and the port are in endpoint
  std::vector<std::string> texts;   // kNames, kTexts
};

/// The objects that are being filled in while the file is walked. Set by the `enter` of the tables on the way.
struct Target {
  Config* config = nullptr;
  Service* service = nullptr;
  Server* server = nullptr;
  Listen* listen = nullptr;
  Account* account = nullptr;
  Vip* vip = nullptr;
  VipAddress* vip_address = nullptr;
  HeartbeatPath* heartbeat = nullptr;
  Arbiter* arbiter = nullptr;
  Track* track = nullptr;
  Notify* notify = nullptr;
};

struct Key {
  std::string_view path;
  Kind kind = Kind::kText;
  std::string_view doc;                       // one sentence, with the unit
  std::string_view fallback = {};             // the default as TOML; empty: none
  std::string_view sample = {};               // a value in TOML for remedies, where there is no default to show
  std::string_view fallback_note = {};        // the default in words, where it depends on the machine or on other keys
  std::int64_t min = 0;
  std::int64_t max = INT64_MAX;
  std::span<const std::string_view> choices = {};
  std::span<const std::string_view> later_choices = {};  // in the design, not in this version
  bool required = false;                      // with a group: one key of the group is
  std::string_view group = {};                // at most one key of a group in one table
  bool per_node = false;                      // may be a table keyed by node name
  bool may_be_off = false;                    // "off" is accepted and leaves the value empty
  bool implicit = false;                      // a table that is there with its defaults when not written
  std::string_view shape = {};                // a table whose keys are listed under this path instead
  std::string_view shorthand = {};            // a list's element may be plain text, standing for this key
  void (*enter)(Target&) = nullptr;           // tables: makes the object
  void (*store)(Target&, const ParsedValue&) = nullptr;

  std::string_view leaf() const { return path.substr(path.rfind('.') + 1); }
  bool is_table() const { return kind == Kind::kTable || kind == Kind::kTableList; }
};

/// Every key, parents first, in the order of the reference.
std::span<const Key> schema();

/// The keys directly below a path ("" for the top), following the table's shape.
std::vector<const Key*> children_of(const Key* table);

/// The kind in words for the reference and for complaints: "duration", "one of tcp, mysql".
std::string kind_in_words(const Key& key);

}  // namespace hf::config
