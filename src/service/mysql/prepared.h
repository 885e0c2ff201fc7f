// PreparedStatements: the binary protocol's statements of one session. The client knows our ids; the servers' ids live
// on their connections (policy/session/prepared_cache.h), where a statement is prepared again when it is needed, under
// the state it was first prepared in.
//
// Owner: the session. Thread: the shard's.
// Invariants:
//   1. Ids given to the client are never reused within a session.
//   2. Parameter types sent with one execution, a bulk one or not, are kept and sent again to a copy that has not seen
//      them.
//   3. Long data is kept here until the execution that takes it, at most kMostLongData for all statements of a session,
//      or what one may have.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "policy/session/facts.h"
#include "policy/sql/statement.h"

namespace hf::service::mysql {

struct PreparedStatement {
  std::uint32_t id = 0;
  policy::session::StatementMeaning meaning;
  policy::sql::Statement verdict;
  std::uint16_t parameters = 0;
  std::string types;              // two bytes per parameter, as last bound
  std::string long_data;          // COM_STMT_SEND_LONG_DATA payloads, 4-byte length first, until executed
  bool made = false;              // a server has said OK to its prepare
  std::string long_data_refused;  // more of it came than is kept: what its executions say until a reset
  policy::session::ConnectionSerial cursor_on = 0;  // the connection that has an open cursor of it; 0: none

  /// nullptr: it must be prepared there before it is executed.
  policy::session::PreparedCache::Copy* copy_in(policy::session::PreparedCache& cache) const {
    return cache.find(meaning, id);
  }
};

/// What is on the server as it was before an execution that failed.
// it ran: the cursor of the execution before is closed, long data is used up
enum class Kept : std::uint8_t {
  kNothing,
  kCursor,  // its values were malformed: long data is used up
  kAll
};  // nothing of it was read
Kept kept_by_failure(ByteView client_payload, std::uint16_t code, ByteView message);

class PreparedStatements {
 public:
  static constexpr std::size_t kMostLongData = 64 * 1024 * 1024;
  // of all statements, where the longest packet is not longer
  static constexpr std::size_t kMostText = 64 * 1024 * 1024;

  PreparedStatement& add(policy::session::StatementMeaning meaning, policy::sql::Statement verdict);
  PreparedStatement* find(std::uint32_t id);
  void erase(std::uint32_t id);
  void clear();
  bool empty() const { return statements_.empty(); }
  std::size_t text_bytes() const { return text_; }
  std::size_t size() const { return statements_.size(); }
  std::uint32_t last_id() const { return next_id_ - 1; }

  /// Keeps a piece, or drops them all and refuses them. A server takes `server_takes` for each parameter; twice that is
  /// kept for a statement, somewhat more than it takes, so that the refusal is mostly its own.
  void add_long_data(PreparedStatement& statement, ByteView payload, std::size_t server_takes);
  void drop_long_data(PreparedStatement& statement);

  bool any_cursor() const;
  /// A connection is gone or reset, and its cursors with it.
  void forget_cursors(policy::session::ConnectionSerial serial);

 private:
  std::uint32_t next_id_ = 1;
  std::size_t long_data_ = 0;
  std::size_t text_ = 0;
  std::map<std::uint32_t, PreparedStatement> statements_;
};

/// The payload with another statement's id in it.
std::string with_statement_id(ByteView payload, std::uint32_t id);

/// Keeps the parameter types of an execution in `statement` and `copy`. False: the client left them out, and the copy
/// has not seen them.
bool has_its_types(ByteView client_payload, PreparedStatement& statement, policy::session::PreparedCache::Copy& copy);

/// The value of the only parameter in a COM_STMT_EXECUTE payload, where it is a whole number or digits: what a KILL is
/// aimed at. Keeps new types in `statement`.
std::optional<std::uint64_t> number_bound(ByteView client_payload, PreparedStatement& statement);

/// Rewrites a COM_STMT_EXECUTE or COM_STMT_BULK_EXECUTE payload: the server's id, and the parameter types in front of
/// the values where the client left them out but the copy needs them. Keeps new types in `statement` and `copy`.
std::string execute_payload(ByteView client_payload, PreparedStatement& statement,
                            policy::session::PreparedCache::Copy& copy);

}  // namespace hf::service::mysql
