// PreparedStatements: the binary protocol's statements of one session. The client knows our ids; each server connection has its
// own. The text is kept, so a statement can be prepared again on another connection.
//
// Owner: the session. Thread: the shard's.
// Invariants:
//   1. Ids given to the client are never reused within a session.
//   2. A statement is known on at most two connections: the session's held one (primary side) and its reader.
//   3. Parameter types sent with one execution are kept and sent again to a connection that has not seen them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "policy/sql/statement.h"

namespace hf::service::mysql {

struct PreparedStatement {
  struct Copy {
    std::uint64_t connection = 0;  // the connection's server slot and thread; 0: not prepared there
    std::uint32_t id = 0;          // the server's
    bool types_sent = false;
  };

  std::uint32_t id = 0;
  std::string text;
  policy::sql::Statement verdict;
  std::uint16_t parameters = 0;
  std::string types;               // two bytes per parameter, as last bound
  std::string long_data;           // COM_STMT_SEND_LONG_DATA payloads, 4-byte length first, until executed
  Copy on_held;
  Copy on_reader;
  bool cursor_on_reader = false;
  bool cursor_open = false;
};

class PreparedStatements {
 public:
  PreparedStatement& add(std::string text, policy::sql::Statement verdict);
  PreparedStatement* find(std::uint32_t id);
  void erase(std::uint32_t id) { statements_.erase(id); }
  void clear() { statements_.clear(); }
  bool empty() const { return statements_.empty(); }
  std::size_t size() const { return statements_.size(); }
  std::uint32_t last_id() const { return next_id_ - 1; }
  auto begin() { return statements_.begin(); }
  auto end() { return statements_.end(); }

 private:
  std::uint32_t next_id_ = 1;
  std::map<std::uint32_t, PreparedStatement> statements_;
};

/// Rewrites a COM_STMT_EXECUTE payload: the server's id, and the parameter types in front of the values where the client left
/// them out but the connection needs them. Returns the payload to send; keeps new types in `statement`.
std::string execute_payload(ByteView client_payload, PreparedStatement& statement, PreparedStatement::Copy& copy);

}  // namespace hf::service::mysql
