#include "service/mysql/changes_underway.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

#include "policy/sql/lexer.h"
#include "service/mysql/service_changes.h"
#include "service/shard.h"

namespace hf::service::mysql {

namespace sql = policy::sql;
namespace effect = policy::sql::effect;

namespace {

constexpr std::size_t kMostLookedAt = 1024 * 1024;  // of a text

std::string lower_word(const sql::Lexer& lexer, const sql::Token& token) {
  constexpr std::size_t kLongest = 10;  // "privileges"
  if (token.kind != sql::TokenKind::kWord || token.end - token.begin > kLongest) return {};
  std::string word(lexer.text(token));
  for (char& c : word) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return word;
}

bool is_one_of(const std::string& word, std::initializer_list<const char*> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// Any of them, in texts of several: by pairs of words, wherever these stand.
bool has_part_about_accounts(ByteView text, const sql::Context& context) {
  sql::Lexer lexer(text, context);
  std::string before;
  for (sql::Token token = lexer.next(); token.kind != sql::TokenKind::kEnd; token = lexer.next()) {
    std::string word = lower_word(lexer, token);
    if (is_one_of(word, {"grant", "revoke", "privileges", "password"})) return true;
    if (is_one_of(word, {"user", "role"}) &&
        is_one_of(before, {"create", "alter", "drop", "rename", "replace", "default"})) {
      return true;
    }
    before = std::move(word);
  }
  return false;
}

/// One statement, by the words that it begins with: those of a table that is called so are not meant.
bool is_about_accounts(ByteView text, const sql::Context& context) {
  sql::Lexer lexer(text, context);
  const std::string verb = lower_word(lexer, lexer.next());
  if (is_one_of(verb, {"grant", "revoke"})) return true;
  if (verb == "set") return has_part_about_accounts(text, context);  // SET STATEMENT … FOR it
  if (!is_one_of(verb, {"create", "alter", "drop", "rename"})) return false;
  std::string object = lower_word(lexer, lexer.next());
  while (is_one_of(object, {"or", "replace"})) object = lower_word(lexer, lexer.next());
  return is_one_of(object, {"user", "role"});
}

/// What is run may be in a string.
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
    default:
      return statement.has(effect::kUnterminated) ||
             (statement.has(effect::kMultiStatement) && statement.has(effect::kUnknownState));
  }
}

/// A kind of statement that may change accounts.
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

bool tells(const sql::Statement& statement, ByteView text, const sql::Context& context) {
  switch (statement.kind) {
    case sql::Kind::kDdl: return is_about_accounts(text, context);
    case sql::Kind::kFlush:
    case sql::Kind::kMulti: return has_part_about_accounts(text, context);
    default: return names_accounts(text);
  }
}

}  // namespace

AccountChange account_change(const sql::Statement& statement, ByteView text, const sql::Context& context) {
  const bool may = may_tell(statement);
  if (may && text.size() <= kMostLookedAt && tells(statement, text, context)) return AccountChange::kTold;
  const bool unread = may && text.size() > kMostLookedAt;
  return unread || hides(statement) ? AccountChange::kHidden : AccountChange::kNone;
}

ChangesUnderway::ChangesUnderway(Session& session, const sql::Statement& statement, ByteView text)
    : frontend_(session.frontend()),
      accounts_(account_change(statement, text, session.sql_context())),
      globals_(statement.has(effect::kSetsGlobal)) {
  begin();
}

ChangesUnderway::ChangesUnderway(Session& session, AccountChange accounts)
    : frontend_(session.frontend()), accounts_(accounts) {
  begin();
}

void ChangesUnderway::begin() {
  ServiceChanges& changes = frontend_.changes();
  if (accounts_ == AccountChange::kTold || globals_) changes.underway.fetch_add(1, std::memory_order_relaxed);
  if (accounts_ == AccountChange::kHidden) changes.hidden_change_begins();
}

ChangesUnderway::~ChangesUnderway() {
  ServiceChanges& changes = frontend_.changes();
  if (accounts_ == AccountChange::kHidden) changes.hidden_change_ends();
  if (accounts_ == AccountChange::kTold) {
    changes.accounts_changed(frontend_.refresh(upstream::mysql::Subject::kAccounts));
  }
  if (globals_) changes.defaults_changed(frontend_.refresh(upstream::mysql::Subject::kDefaults));
  if (accounts_ == AccountChange::kTold || globals_) changes.underway.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace hf::service::mysql
