#include "service/mysql/answerable.h"

#include <charconv>
#include <limits>

#include "service/mysql/holdings.h"
#include "service/mysql/lend.h"
#include "service/mysql/shard_state.h"

namespace hf::service::mysql {

namespace sql = policy::sql;
namespace tie = policy::session::tie;
using policy::session::Place;
using runtime::Task;

namespace {

constexpr std::size_t kMostLookedAt = 1024 * 1024;  // of a text, for questions that only short ones ask

bool names(ByteView text, ByteView lower_case_word) { return text.size() <= kMostLookedAt && mentions(text, lower_case_word); }

/// After a statement that gives no rows a question of ours has come, a SELECT: ROW_COUNT() is made 0 again. The list of warnings stays.
Task<void> count_no_rows(Session& session) {
  std::vector<policy::session::Step> steps;
  steps.push_back({policy::session::Step::Kind::kStatement, "SET " + std::string(policy::session::tracking_assignments())});
  Connection& held = *session.holdings().held;
  const Result<void> done = co_await upstream::run_steps(held, std::move(steps), nullptr, session.loop().deadline_in(session.service().config().connect_timeout));
  if (!done.ok()) held.stream->abort(done.error());
}

/// The statement's connection knows nothing of the last statement any more: the held or another one is made to have counted as much.
Task<void> recreate_last_statement(Session& session, bool needs_insert_id) {
  Holdings& holdings = session.holdings();
  policy::session::SessionFacts& facts = session.facts();
  Trial trial;
  trial.hold = session.hold_deadline();
  if (holdings.held == nullptr) {
    policy::session::Needs needs;
    needs.insert_id = needs_insert_id;  // a SET behind what is made here would be the last statement
    Result<ConnectionPtr> borrowed =
        co_await borrow_fit(session, session.door() == policy::session::Door::kRead ? Place::kReader : Place::kPrimary, needs, &trial);
    if (!borrowed.ok()) co_return;  // the statement itself will say so
    co_await hold(session, std::move(*borrowed), 0, policy::session::PinReason::kNone);
  }
  std::vector<std::string> statements;
  statements.push_back(policy::session::count_statement(facts.found_rows.value));
  // A session that is tied to its connection has the count alone made again there.
  const bool whole = !holdings.hard();
  if (whole) policy::session::complete(&holdings.last, facts);
  const ByteView mode = facts.settings == nullptr ? ByteView() : facts.settings->variable("sql_mode");
  const std::string signals = whole && holdings.last.list ? policy::session::signals_of(*holdings.last.list, mode) : std::string();
  if (!signals.empty()) statements.push_back(signals);
  // ROW_COUNT() is -1 after rows and errors, 0 after a SET, which leaves the list as it is.
  const bool no_rows = whole || !holdings.last.row_count ? !facts.last_had_rows : *holdings.last.row_count == 0;
  if (no_rows) statements.push_back("SET " + std::string(policy::session::tracking_assignments()));
  for (std::string& statement : statements) {
    std::vector<policy::session::Step> step;
    step.push_back({policy::session::Step::Kind::kStatement, std::move(statement)});
    upstream::MysqlRefusal said;  // a list that ends with an error is made by one
    const Result<void> done = co_await upstream::run_steps(*holdings.held, std::move(step), &said, session.loop().deadline_in(session.service().config().connect_timeout));
    if (!done.ok() && said.code == 0) {
      holdings.held->stream->abort(done.error());
      co_return;
    }
  }
  holdings.held->facts.found_rows = facts.found_rows.value;
  holdings.held->facts.has_list = !signals.empty();
  if (!whole) co_return;
  holdings.ties |= tie::kDiagnostics;
  facts.diagnostics_on = holdings.held->facts.serial;
}

}  // namespace

bool misses_row_count(Session& session, const Request& request) {
  const sql::Statement& statement = request.verdict;
  const bool of_another = statement.kind == sql::Kind::kMulti || statement.kind == sql::Kind::kUnknown;  // mostly of one that comes before it in the text
  if (!policy::session::acts_on_last(statement) || of_another) return false;
  const Holdings& holdings = session.holdings();
  const bool elsewhere = !holdings.hard() && !holdings.has(tie::kDiagnostics);
  const ByteView text = text_of(session, request);
  return elsewhere && holdings.last.row_count.value_or(0) > 0 && names(text, "row_count");
}

Task<bool> make_answerable(Session& session, const Request* request) {
  const sql::Statement& statement = request->verdict;
  const Holdings& holdings = session.holdings();
  const ByteView text = text_of(session, *request);
  const bool strays = policy::session::acts_on_last(statement) && holdings.soft() && !session.on_primary(*holdings.held);
  if (strays) co_await release_soft(session);  // a write reads it where writes go
  const policy::session::SessionFacts& facts = session.facts();
  const bool counted_here = !facts.found_rows.known() || (holdings.held != nullptr && holdings.held->facts.found_rows == facts.found_rows.value);
  const bool counted_elsewhere = !counted_here && names(text, "found_rows");
  const bool knows = holdings.hard() || holdings.has(tie::kDiagnostics);
  const bool only_here = knows && !counted_elsewhere && !holdings.hard();
  if (!knows || counted_elsewhere) {
    if (knows) co_await ask_held(session);  // its rows and its list are not those that are counted now
    co_await recreate_last_statement(session, policy::session::needs_of(statement).insert_id);
  } else if (holdings.last.row_count == 0) {
    co_await count_no_rows(session);
  }
  const bool shows_list = names(text, "warnings") || names(text, "errors");
  if (shows_list) co_await retell_list(session);
  co_return only_here;
}

std::optional<policy::session::RememberedAnswer> from_memory(Session& session, const Request& request) {
  const ByteView text = text_of(session, request);
  if (text.size() > kMostLookedAt) return std::nullopt;
  const policy::session::SettingsPtr& settings = session.facts().settings;
  const ByteView results = settings == nullptr ? ByteView() : settings->variable("character_set_results");
  const bool wide = results.starts_with("utf16") || results.starts_with("ucs2") || results.starts_with("utf32");
  const ByteView limit = settings == nullptr ? ByteView() : settings->variable("sql_select_limit");
  std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  std::from_chars(limit.data(), limit.data() + limit.size(), most);
  std::optional<policy::session::RememberedAnswer> answer = policy::session::remembered_answer(session.holdings().last, text, session.sql_context(), most);
  if (answer && answer->whole && wide) return std::nullopt;
  return answer;
}

bool asks_for_what_is_lost(Session& session, const Request& request) {
  if (session.facts().lost == 0) return false;
  const std::uint8_t asked = policy::session::asks_for_lost(session.facts(), request.verdict, names(text_of(session, request), "found_rows"));
  session.facts().lost &= static_cast<std::uint8_t>(~asked);
  return asked != 0;
}

Task<void> move_diagnostics_to_primary(Session& session) {
  Holdings& holdings = session.holdings();
  const bool needed = holdings.held != nullptr && !holdings.hard() && holdings.has(tie::kDiagnostics) && !session.on_primary(*holdings.held) &&
                      !holdings.last_text.empty() && session.door() == policy::session::Door::kSplit;
  if (!needed) co_return;
  Trial trial;
  trial.hold = session.hold_deadline();
  Result<ConnectionPtr> primary = co_await borrow_fit(session, Place::kPrimary, {}, &trial);
  if (!primary.ok()) co_return;  // stays where it is: the answer is right all the same
  std::vector<policy::session::Step> again;
  again.push_back({policy::session::Step::Kind::kStatement, holdings.last_text});
  upstream::MysqlRefusal refused;
  const Result<void> repeated =
      co_await upstream::run_steps(**primary, std::move(again), &refused, session.loop().deadline_in(session.service().config().connect_timeout));
  (void)repeated;  // its error, if it is one, is the diagnostics
  session.service().counters().reads_repeated.add();
  policy::session::SessionFacts& facts = session.facts();
  const policy::session::ConnectionSerial before = holdings.held->facts.serial;
  if (refused.code != 0) co_await ask_held(session);  // it has counted nothing: FOUND_ROWS() is that of the statement before
  const bool found_there = facts.found_rows.on == before;
  give_up_held(session);
  if (found_there) facts.found_rows = {0, (*primary)->facts.serial};
  (*primary)->facts.found_rows.reset();
  facts.diagnostics_on = (*primary)->facts.serial;
  co_await hold(session, std::move(*primary), tie::kDiagnostics, policy::session::PinReason::kNone);
}

}  // namespace hf::service::mysql
