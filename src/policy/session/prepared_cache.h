// PreparedCache: the binary protocol's statements that live on one server connection, found by what they mean: text and the state they
// were parsed under. Any session that means the same may execute them; they die with a reset or with the connection.
//
// Owner: ConnectionFacts. Thread: the shard's.
// Invariants:
//   1. A statement is found only under the very context it was prepared in: a server keeps a statement's meaning from its prepare.
//   2. At most kMost statements; the one not used for longest goes first. What went is told, so that the server can be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/bytes.h"
#include "policy/session/settings.h"

namespace hf::policy::session {

/// What a statement's meaning depends on besides its text: the schema and the settings that were in force when it was parsed. The
/// text of another context is another statement.
struct StatementMeaning {
  StatementMeaning() = default;
  StatementMeaning(std::string sql, SettingsPtr under) : text(std::move(sql)), text_hash(std::hash<std::string>{}(text)), parsed_under(std::move(under)) {}

  std::string text;
  std::size_t text_hash = 0;  // of the text, which stays what it is: it is looked for at every execution
  SettingsPtr parsed_under;
};

class PreparedCache {
 public:
  struct Copy {
    std::uint32_t id = 0;         // the server's
    std::string types;            // parameter types the server has seen last; empty: none
    bool has_long_data = false;   // pieces were sent and not consumed: only a reset of the statement clears them
  };

  /// nullptr: not prepared here. The copy stays where it is until erased or forgotten.
  Copy* find(const StatementMeaning& meaning);
  /// Adds a copy, or replaces one of the same meaning. Returns the id of a statement to close on the server, if any.
  std::optional<std::uint32_t> add(const StatementMeaning& meaning, std::uint32_t id);
  std::optional<std::uint32_t> erase(const StatementMeaning& meaning);
  void clear();
  std::size_t size() const { return entries_.size(); }

 private:
  static constexpr std::size_t kMost = 128;
  struct Entry {
    StatementMeaning meaning;
    Copy copy;
  };
  std::list<Entry>::iterator find_entry(const StatementMeaning& meaning);

  std::list<Entry> entries_;  // most recently used first
  std::unordered_multimap<std::size_t, std::list<Entry>::iterator> by_text_;
};

/// Whether a statement parsed under `a` means the same as one parsed under `b`: schema, the parse bits of sql_mode, connection charset
/// and collation, old_mode, system_versioning_asof.
bool same_meaning(const Settings& a, const Settings& b);

}  // namespace hf::policy::session
