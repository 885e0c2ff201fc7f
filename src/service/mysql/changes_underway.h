// ChangesUnderway: a statement of a client's that may change accounts or global variables. Logins that begin after its
// answer must see what it has changed, so the servers are looked at anew.
//
// Owner: the handler that runs the statement, for that time. Thread: the shard's.
// Invariants:
//   1. What a text tells to change accounts makes logins wait until it has ended, and is looked at then.
//   2. What only may do so unseen (CALL, EXECUTE …) keeps nobody waiting: the next login asks for the accounts of its
//      own time, unless another has asked just now.
#pragma once

#include "policy/sql/statement.h"
#include "service/mysql/session.h"

namespace hf::service::mysql {

enum class AccountChange : std::uint8_t {
  kNone,
  kHidden,  // nobody can tell from the text
  kTold
};

AccountChange account_change(const policy::sql::Statement& statement, ByteView text,
                             const policy::sql::Context& context);

class ChangesUnderway {
 public:
  ChangesUnderway(Session& session, const policy::sql::Statement& statement, ByteView text);
  ChangesUnderway(Session& session, AccountChange accounts);
  ChangesUnderway(const ChangesUnderway&) = delete;
  ChangesUnderway& operator=(const ChangesUnderway&) = delete;
  ~ChangesUnderway();

 private:
  void begin();

  Frontend& frontend_;
  AccountChange accounts_;
  bool globals_ = false;
};

}  // namespace hf::service::mysql
