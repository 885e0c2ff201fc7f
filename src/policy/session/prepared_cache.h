// PreparedCache: the binary protocol's statements that live on one server connection, found by what they mean: text and
// the state they were parsed under. Any session that means the same may execute them; they die with a reset or with the
// connection.
//
// Owner: ConnectionFacts. Thread: the shard's.
// Invariants:
//   1. A statement is found only under the very context it was prepared in: a server keeps a statement's meaning from
//      its prepare.
//   2. A copy with an open cursor is one handle's alone until the cursor is closed: another handle of the same text has
//      another copy. The connection stays with one session meanwhile, so that a handle is named by its id in that
//      session.
//   3. Besides those, at most kMost statements; the one not used for longest goes first. What went is told, so that the
//      server can be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>
#include <utility>

#include "base/bytes.h"
#include "policy/session/settings.h"

namespace hf::policy::session {

/// What a statement's meaning depends on besides its text: the schema and the settings that were in force when it was
/// parsed. The text of another context is another statement.
struct StatementMeaning {
  StatementMeaning() = default;
  StatementMeaning(std::string sql, SettingsPtr under)
      : text(std::make_shared<const std::string>(std::move(sql))),
        text_hash(std::hash<std::string>{}(*text)),
        parsed_under(std::move(under)) {}

  std::shared_ptr<const std::string> text;  // a session's, and that of its copies on connections
  std::size_t text_hash = 0;                // of the text, which stays what it is: it is looked for at every execution
  SettingsPtr parsed_under;
};

class PreparedCache {
 public:
  struct Copy {
    std::uint32_t id = 0;  // the server's
    std::string types;     // parameter types the server has seen last; empty: none
    // bytes of pieces that the server has and no execution has taken: only a reset of the statement clears them
    std::size_t long_data = 0;
  };
  /// A session's own id of a statement.
  using Handle = std::uint32_t;
  static constexpr Handle kNobody = 0;

  /// What the handle may execute; nullptr: not prepared here. The copy stays where it is until erased or forgotten.
  Copy* find(const StatementMeaning& meaning, Handle handle = kNobody);
  /// Adds a copy, or replaces one of the same meaning. Returns the id of a statement to close on the server, if any.
  std::optional<std::uint32_t> add(const StatementMeaning& meaning, std::uint32_t id);
  std::optional<std::uint32_t> erase(const StatementMeaning& meaning, Handle handle = kNobody);
  /// The handle has opened a cursor on the copy that it finds.
  void bind(const StatementMeaning& meaning, Handle handle);
  /// … which is closed: the copy is everybody's again, unless long data spoils it. Returns the id of a statement to
  /// close, if any.
  std::optional<std::uint32_t> unbind(Handle handle);
  void clear();
  /// All but those with a cursor: the ids of the statements to close.
  std::vector<std::uint32_t> take_idle();
  std::size_t size() const { return entries_.size() + with_cursor_.size(); }

 private:
  static constexpr std::size_t kMost = 128;
  static constexpr std::size_t kLargeText = 64 * 1024;  // bytes; of texts that are longer there are fewer
  static constexpr std::size_t kMostLarge = 8;
  struct Entry {
    StatementMeaning meaning;
    Copy copy;
  };
  using Entries = std::list<Entry>;
  Entries::iterator find_entry(const StatementMeaning& meaning);
  void forget_text(Entries::iterator at);
  /// Where there is no room for one more.
  std::optional<std::uint32_t> make_room(const StatementMeaning& meaning);

  Entries entries_;  // most recently used first
  std::unordered_multimap<std::size_t, Entries::iterator> by_text_;
  std::unordered_map<Handle, Entries> with_cursor_;  // one entry each, that was in entries_
};

/// Whether a statement parsed under `a` means the same as one parsed under `b`: schema, the parse bits of sql_mode,
/// connection charset and collation, old_mode, system_versioning_asof.
bool same_meaning(const Settings& a, const Settings& b);

}  // namespace hf::policy::session
