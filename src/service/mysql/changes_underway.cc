#include "service/mysql/changes_underway.h"

#include <algorithm>
#include <array>

#include "service/shard.h"

namespace hf::service::mysql {

namespace sql = policy::sql;
namespace effect = policy::sql::effect;

namespace {

constexpr std::size_t kMostLookedAt = 1024 * 1024;  // of a text

bool names_accounts(ByteView text) {
  constexpr std::array<ByteView, 6> kWords = {"user", "grant", "revoke", "password", "privileges", "role"};
  return std::any_of(kWords.begin(), kWords.end(), [&](ByteView word) { return mentions(text, word); });
}

/// Runs what its own text does not show, or of which we have read the beginning only.
bool hides(const sql::Statement& statement) {
  switch (statement.kind) {
    case sql::Kind::kCall:
    case sql::Kind::kExecute:
    case sql::Kind::kUnknown: return true;
    default: return statement.has(effect::kUnterminated) || (statement.has(effect::kMultiStatement) && statement.has(effect::kUnknownState));
  }
}

/// A kind of statement that changes accounts if its words say so.
bool may_tell(const sql::Statement& statement) {
  switch (statement.kind) {
    case sql::Kind::kDdl:
    case sql::Kind::kFlush:
    case sql::Kind::kMulti:
    case sql::Kind::kExecute:
    case sql::Kind::kUnknown: return true;
    default: return statement.has(effect::kRole);
  }
}

}  // namespace

AccountChange account_change(const sql::Statement& statement, ByteView text) {
  const bool tells = may_tell(statement);
  if (tells && text.size() <= kMostLookedAt && names_accounts(text)) return AccountChange::kTold;
  const bool unread = tells && text.size() > kMostLookedAt;
  return unread || hides(statement) ? AccountChange::kHidden : AccountChange::kNone;
}

ChangesUnderway::ChangesUnderway(Session& session, const sql::Statement& statement, ByteView text)
    : service_(session.service()), accounts_(account_change(statement, text)), globals_(statement.has(effect::kSetsGlobal)) {
  begin();
}

ChangesUnderway::ChangesUnderway(Session& session, AccountChange accounts) : service_(session.service()), accounts_(accounts) { begin(); }

void ChangesUnderway::begin() {
  ServiceShared& shared = service_.shared();
  if (accounts_ == AccountChange::kTold || globals_) shared.changes_underway.fetch_add(1, std::memory_order_relaxed);
  if (accounts_ == AccountChange::kHidden) shared.hidden_change_begins();
}

ChangesUnderway::~ChangesUnderway() {
  ServiceShared& shared = service_.shared();
  if (accounts_ == AccountChange::kHidden) shared.hidden_change_ends();
  if (accounts_ == AccountChange::kTold) shared.accounts_changed(service_.control().refresh_accounts(service_.name()));
  if (globals_) shared.defaults_changed(service_.control().refresh_defaults(service_.name()));
  if (accounts_ == AccountChange::kTold || globals_) shared.changes_underway.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace hf::service::mysql
