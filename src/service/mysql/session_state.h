// SessionState: the part of a MySQL session that can be given to another connection: default schema, character set statement,
// system variables. Equal states share a number (StateTable), so that "does this connection fit?" is one comparison.
//
// Owner: a session; the table belongs to the shard's part of a service. Thread: the shard's.
// Invariants:
//   1. What is not in here (user variables, temporary tables, locks …) pins a session to its connection.
//   2. Values come from the server's own session tracking, except the text of SET NAMES, whose collation is not tracked.
//   3. Numbers are never reused for another content; 0 stands for "unknown".
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace hf::service::mysql {

class SessionState {
 public:
  const std::string& schema() const { return schema_; }
  void set_schema(ByteView schema);
  /// A SET NAMES or SET CHARACTER SET statement that succeeded.
  void set_names(ByteView statement);
  /// A variable that the server reported as changed. Returns whether it can be replayed.
  bool set_variable(ByteView name, ByteView value);
  bool autocommit() const;
  ByteView variable(ByteView name) const;
  void clear();

  /// Everything, as one text: equal texts, equal states.
  std::string fingerprint() const;
  /// The same without the schema.
  std::string variables_fingerprint() const;
  /// Statements that bring a connection that has just been reset to this state, without the schema. `;`-free.
  std::vector<std::string> replay() const;

 private:
  std::string schema_;
  std::string names_;
  std::vector<std::pair<std::string, std::string>> variables_;  // sorted by name
};

/// Statement that switches on the tracking that SessionState lives from. Part of every replay.
inline constexpr ByteView kTrackingStatement =
    "SET @@session.session_track_system_variables='*',@@session.session_track_state_change=1,@@session.session_track_schema=1";

class StateTable {
 public:
  struct Entry {
    std::string schema;
    std::string variables;  // SessionState::variables_fingerprint
  };

  /// The state's number.
  std::uint32_t intern(const SessionState& state);
  /// nullptr when the number has been forgotten (then only a full reset makes the connection fit).
  const Entry* find(std::uint32_t number) const;

 private:
  static constexpr std::size_t kMost = 4096;
  std::uint32_t next_ = 1;
  std::unordered_map<std::string, std::uint32_t> numbers_;
  std::unordered_map<std::uint32_t, Entry> entries_;
};

}  // namespace hf::service::mysql
