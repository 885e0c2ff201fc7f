// Settings: the part of a session that can be given to another connection: default schema and system variables, as
// absolute values. Settings are immutable and interned, so that "does this connection fit?" is one comparison of
// pointers.
//
// Owner: shared_ptr<const>; the table belongs to a shard's part of a service. Thread: the shard's.
// Invariants:
//   1. Variables are sorted by name, names are lower case, values are spelt as the server's session tracking spells
//      them.
//   2. What is not in here (user variables, temporary tables, locks …) is a stain on a connection and ties it to its
//      session.
//   3. A variable of two names (variable.h) is there once, under the one that came first; it is found by both.
//   4. Two Settings with equal content compare equal even when the table has forgotten one of them.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "policy/session/variable.h"
#include "policy/sql/lexer.h"

namespace hf::policy::session {

/// Not a variable: set by SET NAMES … COLLATE, over with any later change of a character set. The one way to give the
/// columns of results another collation than their character set's own.
inline constexpr ByteView kNamesCollation = "names collation";

class Settings {
 public:
  using Variables = std::vector<std::pair<std::string, std::string>>;

  Settings() = default;
  Settings(std::string schema, Variables variables);

  const std::string& schema() const { return schema_; }
  const Variables& variables() const { return variables_; }
  /// Empty when the variable is not among them.
  ByteView variable(ByteView name) const;
  bool has_variable(ByteView name) const;

  /// What decides how statements are read. Kept beside the variables, because it is asked for at each of them.
  struct Reading {
    sql::Charset charset = sql::Charset::kUnsafe;  // of character_set_client
    bool ignore_space = false;                     // sql_mode has IGNORE_SPACE
    bool null_is_last_id = false;                  // sql_auto_is_null: `id IS NULL` asks for the last insert id
    bool limits_selects = false;                   // sql_select_limit: a UNION is counted beyond it
    bool in_system_schema = false;                 // its tables are each server's own, under names that need no schema
    std::uint32_t wait_timeout = 0;                // seconds; 0: not known
    friend bool operator==(const Reading&, const Reading&) = default;
  };
  const Reading& reading() const { return reading_; }

  /// Enters it: @@collation_database and @@character_set_database are the schema's again.
  void set_schema(ByteView schema);
  bool has_schema_charset() const;  // … unless one of them was set since
  /// What a reset does: the schema stays, and @@collation_database is the server's global one until it is entered
  /// again.
  void lose_schema_charset();
  void set_variable(ByteView name, ByteView value);

  std::size_t hash() const;
  friend bool operator==(const Settings&, const Settings&) = default;

 private:
  void note_reading(ByteView name, ByteView value);

  std::string schema_;
  Variables variables_;
  Reading reading_;
};

using SettingsPtr = std::shared_ptr<const Settings>;

/// Equal content; a null pointer equals nothing.
bool same(const SettingsPtr& a, const SettingsPtr& b);

/// An SQL literal that means this value whatever sql_mode and character set are in force. Numbers stay bare.
std::string literal(ByteView name, ByteView value);

/// The one SET statement, without `;`, that brings `from` to `to` (schemas apart); empty when nothing differs. A
/// variable that only `from` has goes back to the server's global value. A null `from` sets all. `more`: assignments to
/// begin with, as "a=1".
std::string set_statement(const Settings* from, const Settings& to, ByteView more);

/// Makes equal settings share one object. Bounded: beyond the bound it forgets, and sharing begins anew.
class SettingsTable {
 public:
  SettingsPtr intern(Settings settings);
  /// `base` with this default schema. Asked for at every login, so that the answers are remembered.
  SettingsPtr in_schema(const SettingsPtr& base, ByteView schema);
  /// The same behind a reset.
  SettingsPtr reset_in_schema(const SettingsPtr& base, ByteView schema);
  std::size_t size() const { return known_.size(); }

 private:
  static constexpr std::size_t kMost = 4096;
  struct Schemas {
    SettingsPtr base;  // keeps the address that it is found by
    std::map<std::string, SettingsPtr, std::less<>> settings;
  };

  std::unordered_multimap<std::size_t, SettingsPtr> known_;
  std::unordered_map<const Settings*, Schemas> by_base_;  // values are in known_: as bounded as that is
};

}  // namespace hf::policy::session
