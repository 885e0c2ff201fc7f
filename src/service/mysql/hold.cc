// After a command: what the session learnt from the reply, whether its connection must be kept and why, and giving it back.
#include <algorithm>
#include <cstdlib>

#include "service/mysql/session.h"
#include "service/mysql/shard_state.h"

namespace hf::service::mysql {

namespace wire = proto::mysql;
namespace sql = policy::sql;
namespace effect = policy::sql::effect;
using runtime::Task;
using wire::Command;

namespace {

bool is_set_names(ByteView text) {
  std::string head(text.substr(0, 48));
  std::transform(head.begin(), head.end(), head.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return (head.starts_with("set names ") || head.starts_with("set character set ") || head.starts_with("set charset ")) &&
         text.find(',') == ByteView::npos && text.find(';') == ByteView::npos;
}
}  // namespace

/// What the completed reply says about the session.
void Session::learn(const Connection& connection, const Work& work) {
  const bool says_status = work.command != Command::kStmtPrepare && work.command != Command::kStatistics;
  if (!tracker_.failed() && says_status) {
    status_ = tracker_.status() & static_cast<wire::StatusFlags>(~wire::kStatusSessionStateChanged);
    const ByteView argument = ByteView(request_).substr(1);
    if (work.command == Command::kQuery && work.statement.kind == sql::Kind::kSet && is_set_names(argument)) {
      state_.set_names(argument);
      state_changed_ = true;
    }
    if (work.command == Command::kInitDb) {
      state_.set_schema(argument);
      state_changed_ = true;
    }
  }
  const bool selects = work.statement.kind == sql::Kind::kSelect || work.statement.kind == sql::Kind::kWith ||
                       work.statement.kind == sql::Kind::kValues || work.statement.kind == sql::Kind::kTable;
  if (!tracker_.failed() && selects) {
    found_rows_ = tracker_.rows();
    found_rows_thread_ = thread_of(connection);
  }
  if (!work.statement.has(effect::kReadsDiagnostics)) last_had_rows_ = tracker_.results() > 0 && tracker_.rows() > 0;
  if (state_changed_) state_number_ = service_.mysql().states().intern(state_);
}

/// Why the connection that ran `work` must be kept; `before` is why it was kept until now.
std::uint32_t Session::hold_after(const Work& work, std::uint32_t before) const {
  const sql::Statement& statement = work.statement;
  const bool failed = tracker_.failed();
  const bool list_unchanged = (before & hold::kDiagnostics) != 0 && work.target == Target::kHeld && !failed && tracker_.warnings() == 0 &&
                              (statement.has(effect::kReadsDiagnostics) || names_no_table(statement));
  std::uint32_t keep = list_unchanged ? before : before & ~hold::kDiagnostics;
  std::uint32_t pins = statement.effects & kPins;
  if (failed) pins &= ~(effect::kTemporaryTable | effect::kPreparedText | effect::kHandlerOpen);  // nothing was made
  const bool value_learnt = statement.has(effect::kComputedValue) && state_changed_ && !other_state_changed_;
  if (value_learnt) pins &= ~effect::kUnknownState;
  constexpr std::uint32_t kOnlySets = effect::kSetsVariable | effect::kMultiStatement | effect::kChangesSchema | effect::kReadsVariable;
  const bool only_sets = statement.has(effect::kSetsVariable) && (statement.effects & ~kOnlySets) == 0;
  const bool unnamed_change = other_state_changed_ && !((statement.kind == sql::Kind::kSet || only_sets) && state_changed_);
  if (pins != 0 || unnamed_change) keep |= hold::kPinned;

  if (statement.has(effect::kLockTables) && !failed) keep |= hold::kTableLock;
  if (statement.kind == sql::Kind::kUnlockTables && !failed) keep &= ~hold::kTableLock;
  if (statement.has(effect::kNextTransaction) && !failed) {
    keep |= hold::kNextTransaction;
  } else if (!in_transaction() && statement.kind != sql::Kind::kSet && statement.kind != sql::Kind::kBegin) {
    keep &= ~hold::kNextTransaction;
  }
  // After an error the server does not say whether a transaction is open: believe so until it does.
  const bool maybe_open = failed && (!state_.autocommit() || (before & hold::kTransaction) != 0);
  if (in_transaction() || maybe_open) {
    keep |= hold::kTransaction;
  } else {
    keep &= ~hold::kTransaction;
  }
  const bool counted = statement.has(effect::kFoundRows) || (!failed && tracker_.affected_rows() > 0);  // FOUND_ROWS(), ROW_COUNT()
  if (failed || tracker_.warnings() > 0 || counted) {
    keep |= hold::kDiagnostics;
  }
  if (!failed && tracker_.insert_id() > 0) keep |= hold::kInsertId;
  return keep;
}

/// The reply is complete: keep the connection for what it now holds of the session, or give it back.
Task<void> Session::settle(ConnectionPtr connection, Work work) {
  learn(*connection, work);
  const std::uint32_t before = held_ == nullptr ? hold_ : 0;  // hold_ speaks of this connection if it was the held one
  const std::uint32_t keep = hold_after(work, before);
  if (!tracker_.failed() && tracker_.insert_id() > 0) insert_id_.reset();
  if ((keep & hold::kDiagnostics) != 0 && work.command == Command::kQuery && !work.statement.has(effect::kReadsDiagnostics)) {
    // Only a read may ever be repeated (move_diagnostics_to_primary).
    last_text_ = work.statement.route == sql::Route::kReader ? request_.substr(1) : std::string();
  }
  connection->status = status_;
  connection->state = state_number_;
  if ((keep & (hold::kPinned | hold::kTableLock)) != 0) connection->dirty = true;
  const bool other_is_prepared = held_ != nullptr && (hold_ & hold::kPrepared) != 0;
  if (keep == 0 || (other_is_prepared && (keep & ~hold::kSoft) == 0)) {
    connection->key = pool_key();
    service_.server(connection->slot).pool.give(std::move(connection));
    co_return;
  }
  if (held_ != nullptr) {  // it was kept for convenience; what it alone knows is taken over
    if ((hold_ & hold::kInsertId) != 0 && (keep & hold::kInsertId) == 0) co_await capture_insert_id();
    hold_ = 0;
    held_.reset();
  }
  held_ = std::move(connection);
  hold_ = keep;
}

/// Gives the held connection back, when nothing but convenience kept it.
void Session::release_soft_hold() {
  if (held_ == nullptr || (hold_ & (hold::kHard | hold::kPrepared)) != 0) return;
  hold_ = 0;
  held_->key = pool_key();
  service_.server(held_->slot).pool.give(std::move(held_));
}

void Session::release_reader() {
  if (reader_ == nullptr) return;
  reader_->dirty = reader_->dirty || !prepared_.empty();
  reader_->key = pool_key();
  service_.server(reader_->slot).pool.give(std::move(reader_));
}

/// Gives up everything the session keeps on servers. Connections with more than replayable state and prepared statements are
/// closed, which rolls back and unlocks at once.
void Session::discard_held() {
  if (held_ != nullptr && (hold_ & hold::kHard) == 0) {
    if ((hold_ & hold::kPrepared) != 0) held_->dirty = true;
    hold_ = 0;
    release_soft_hold();
  }
  held_.reset();
  hold_ = 0;
  release_reader();
}

/// Reads LAST_INSERT_ID() from the connection that holds it, so that the connection can go.
Task<void> Session::capture_insert_id() {
  Result<proto::mysql::TextResult> result = co_await upstream::query(*held_, "SELECT LAST_INSERT_ID()", service_.loop().deadline_in(service_.config().connect_timeout));
  if (result.ok() && !result->error && result->rows.size() == 1 && result->rows[0].size() == 1 && result->rows[0][0]) {
    insert_id_ = std::strtoull(result->rows[0][0]->c_str(), nullptr, 10);
  } else {
    held_->stream->abort({ErrorCode::kReset, "LAST_INSERT_ID() could not be read"});
  }
  hold_ &= ~hold::kInsertId;
  if (hold_ == 0) release_soft_hold();
}

/// A connection that is to run LAST_INSERT_ID() is given this session's value first. False: it could not be.
Task<bool> Session::restore_insert_id(Connection* connection) {
  if (held_ != nullptr && (hold_ & hold::kInsertId) != 0) co_await capture_insert_id();
  const Result<void> set = co_await send_aside(connection, Command::kQuery,
                                               "SET @@session.last_insert_id=" + std::to_string(insert_id_.value_or(0)));
  co_return set.ok();
}

}  // namespace hf::service::mysql
