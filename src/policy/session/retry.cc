#include "policy/session/retry.h"

namespace hf::policy::session {

namespace effect = sql::effect;
using sql::Kind;

namespace {
constexpr std::uint16_t kErMaxPreparedStatements = 1461;
constexpr std::uint32_t kMostRooms = 5;
}  // namespace

bool is_one_statement(const sql::Statement& statement) {
  switch (statement.kind) {
    case Kind::kInsert:
    case Kind::kReplace:
    case Kind::kUpdate:
    case Kind::kDelete:
    case Kind::kBegin:
    case Kind::kDdl: return !statement.has(effect::kUnknownState | effect::kMultiStatement);
    default: return false;
  }
}

Next after_loss(const Attempt& attempt) {
  const std::uint32_t hard = attempt.ties & tie::kHard;
  if (hard != 0) return hard == tie::kTransaction ? Next::kReport : Next::kReportAndEnd;
  if (attempt.only_here) return Next::kReport;
  if (!attempt.sent && !attempt.reply_begun) return Next::kAgain;
  if (attempt.reply_begun || attempt.killed) return Next::kReport;
  if (attempt.prepare) return attempt.lost_before == 0 ? Next::kAgain : Next::kReport;
  if (!attempt.repeatable || attempt.lost_before > 0 || attempt.frail) return Next::kReport;
  return attempt.at_primary ? Next::kReport : Next::kOtherReader;
}

Next after_refusal(const Attempt& attempt, const Refusal& refusal, const sql::Statement& statement) {
  if (refusal.code == kErMaxPreparedStatements && attempt.prepare && attempt.rooms_made < kMostRooms) {
    return Next::kMakeRoom;
  }
  if (attempt.reply_begun || !attempt.reroutable) return Next::kReport;
  if ((attempt.ties & tie::kHard) != 0) return Next::kReport;
  if (refusal.read_only) {
    // A replica has executed nothing of it. A server that was the primary may have executed the parts before.
    if (!attempt.at_primary) {
      return statement.has(effect::kMultiStatement) || statement.kind == Kind::kCall ? Next::kReport : Next::kPrimary;
    }
    return is_one_statement(statement) && !attempt.bulk ? Next::kAgain : Next::kReport;
  }
  if (refusal.shutting_down && attempt.repeatable) return Next::kAgain;
  return Next::kReport;
}

}  // namespace hf::policy::session
