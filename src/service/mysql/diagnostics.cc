// Questions about the session's last statement (SHOW WARNINGS, FOUND_ROWS(), ROW_COUNT(), GET DIAGNOSTICS): answered on the
// connection that ran it, or on one that has been made to know as much.
#include <algorithm>
#include <cctype>

#include "service/mysql/session.h"

namespace hf::service::mysql {

namespace wire = proto::mysql;
namespace sql = policy::sql;
using runtime::Task;
using wire::Command;

bool mentions(ByteView text, ByteView lower_case_word) {
  const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  return std::search(text.begin(), text.end(), lower_case_word.begin(), lower_case_word.end(), same) != text.end();
}

/// A statement without a table leaves the list of warnings as it was, so it runs where the list is.
bool Session::names_no_table(const sql::Statement& statement) const {
  if (statement.kind != sql::Kind::kSelect) return false;
  return !mentions(request_, "from");
}

/// SHOW WARNINGS, FOUND_ROWS() and ROW_COUNT() speak of the session's last statement, which left nothing to remember, so that its
/// connection went back to the pool. Another connection is made to have counted as many rows, without warnings: what somebody
/// else's statement left there must not show.
Task<void> Session::recreate_last_statement() {
  if (held_ == nullptr) {
    policy::ServerSet tried;
    Result<ConnectionPtr> acquired = co_await acquire(route_ == config::ListenRoute::kRead ? Target::kReader : Target::kPrimary, &tried,
                                                      service_.loop().deadline_in(service_.config().mysql.hold_timeout));
    if (!acquired.ok()) co_return;  // the statement itself will say so
    held_ = std::move(*acquired);
    hold_ = 0;
  }
  // A table that every server has and that needs no default schema; three of it side by side are rows enough.
  const std::string rows =
      "SELECT SQL_CALC_FOUND_ROWS 1 FROM (SELECT 1 FROM information_schema.COLLATIONS a, information_schema.COLLATIONS b,"
      " information_schema.COLLATIONS c LIMIT " +
      std::to_string(found_rows_) + ") counted LIMIT 1";
  const Result<void> counted = co_await send_aside(held_.get(), Command::kQuery, rows);
  if (!counted.ok()) held_->stream->abort(counted.error());
  if (!last_had_rows_) {  // ROW_COUNT() is -1 after rows, 0 after anything that changed none
    const Result<void> done = co_await send_aside(held_.get(), Command::kQuery, std::string(kTrackingStatement));
    if (!done.ok()) held_->stream->abort(done.error());
  }
  hold_ |= hold::kDiagnostics;
}

/// The session's warnings are on a replica, and a statement that needs them (GET DIAGNOSTICS into user variables, say) may pin the
/// session: not there, where it could not write any more. The read that left them is repeated on the primary, unseen.
Task<void> Session::move_diagnostics_to_primary() {
  const bool needed = held_ != nullptr && (hold_ & hold::kHard) == 0 && (hold_ & hold::kDiagnostics) != 0 && !on_primary(*held_) &&
                      !last_text_.empty() && route_ == config::ListenRoute::kSplit;
  if (!needed) co_return;
  policy::ServerSet tried;
  Result<ConnectionPtr> primary =
      co_await acquire(Target::kPrimary, &tried, service_.loop().deadline_in(service_.config().mysql.hold_timeout));
  if (!primary.ok()) co_return;  // stays where it is: the answer is right all the same
  const Result<void> repeated = co_await send_aside(primary->get(), Command::kQuery, last_text_);
  (void)repeated;  // its error, if it is one, is the diagnostics
  hold_ = 0;
  release_soft_hold();
  held_ = std::move(*primary);
  hold_ = hold::kDiagnostics;
}

}  // namespace hf::service::mysql
