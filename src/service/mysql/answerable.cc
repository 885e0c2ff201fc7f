#include "service/mysql/answerable.h"

#include <algorithm>
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
constexpr std::uint64_t kMostMade = 1'000'000;      // rows that are counted again for who asks: half a second's work

bool names(ByteView text, ByteView lower_case_word) {
  return text.size() <= kMostLookedAt && mentions(text, lower_case_word);
}

/// Whether it may call the function: the name, and a parenthesis behind it. (Inside of a string, too.)
bool calls(ByteView text, ByteView lower_case_name) {
  while (names(text, lower_case_name)) {
    const auto same = [](char a, char b) {
      return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + ('a' - 'A')) : a) == b;
    };
    const auto at = std::search(text.begin(), text.end(), lower_case_name.begin(), lower_case_name.end(), same);
    text.remove_prefix(static_cast<std::size_t>(at - text.begin()) + lower_case_name.size());
    const std::size_t next = text.find_first_not_of(" \t\r\n");
    if (next != ByteView::npos && (text[next] == '(' || text[next] == '/')) return true;
  }
  return false;
}

bool is_too_many(const policy::session::Remembered& found_rows) {
  return found_rows.known() && found_rows.value > kMostMade;
}

/// A question of ours has come behind a statement: ROW_COUNT() is made 0 again, or -1, as behind rows and errors. The
/// list of warnings and FOUND_ROWS() stay.
Task<bool> make_row_count(Session& session, bool rows) {
  std::vector<policy::session::Step> steps;
  steps.push_back({policy::session::Step::Kind::kStatement,
                   rows ? "SHOW WARNINGS LIMIT 0" : "SET " + std::string(policy::session::tracking_assignments())});
  Connection& held = *session.holdings().held;
  const Result<void> done = co_await upstream::mysql::run_steps(
      held, std::move(steps), session.loop().deadline_in(session.service().config().connect_timeout));
  if (!done.ok()) held.stream->abort(done.error());
  co_return done.ok();
}

/// The messages of a remembered list, in the character set of results, where the question shows them.
Task<void> retell_list(Session& session, ByteView text) {
  const bool shows_list = names(text, "warnings") || names(text, "errors");
  if (shows_list) co_await retell_list(session);
}

enum class Made : std::uint8_t {
  kMade,
  kBroken,  // the connection, under it: another one may do
  kRefused
};  // by a limit of the session's own, say

/// The statement's connection knows nothing of the last statement any more: the held or another one is made to have
/// counted as much.
Task<Made> recreate_last_statement(Session& session, bool needs_insert_id, Deadline patience) {
  Holdings& holdings = session.holdings();
  policy::session::SessionFacts& facts = session.facts();
  Trial trial;
  trial.hold = patience;
  if (holdings.held == nullptr) {
    policy::session::Needs needs;
    needs.insert_id = needs_insert_id;  // a SET behind what is made here would be the last statement
    Result<ConnectionPtr> borrowed = co_await borrow_fit(
        session, session.door() == policy::session::Door::kRead ? Place::kReader : Place::kPrimary, needs, &trial);
    if (!borrowed.ok()) co_return Made::kRefused;
    co_await hold(session, std::move(*borrowed), 0, policy::session::PinReason::kNone);
  }
  std::vector<std::string> statements;
  const std::uint64_t count = is_too_many(facts.found_rows) ? 1 : facts.found_rows.value;
  statements.push_back(policy::session::count_statement(count));
  // A session that is tied to its connection has the count alone made again there.
  const bool whole = !holdings.hard();
  if (whole) policy::session::complete(&holdings.last, facts);
  const ByteView mode = facts.settings == nullptr ? ByteView() : facts.settings->variable("sql_mode");
  const std::string signals =
      whole && holdings.last.list ? policy::session::signals_of(*holdings.last.list, mode) : std::string();
  if (!signals.empty()) statements.push_back(signals);
  const bool no_rows = whole || !holdings.last.row_count ? !facts.last_had_rows : *holdings.last.row_count == 0;
  for (std::string& statement : statements) {
    const bool may_fail = &statement != &statements.front();  // a list that ends with an error is made by one
    std::vector<policy::session::Step> step;
    step.push_back({policy::session::Step::Kind::kStatement, std::move(statement)});
    const Result<void> done = co_await upstream::mysql::run_steps(
        *holdings.held, std::move(step), session.loop().deadline_in(session.service().config().connect_timeout));
    const bool refused = !done.ok() && done.error().said != nullptr;
    if (done.ok() || (refused && may_fail)) continue;
    if (refused) co_return Made::kRefused;
    holdings.held->stream->abort(done.error());
    co_return Made::kBroken;
  }
  // It is -1 behind the count and an error, 0 behind a warning.
  const bool rows_count = no_rows || !signals.empty() ? co_await make_row_count(session, !no_rows) : true;
  if (!rows_count) co_return Made::kBroken;
  holdings.held->facts.found_rows = count;
  holdings.held->facts.has_list = !signals.empty();
  if (!whole) co_return Made::kMade;
  holdings.ties |= tie::kDiagnostics;
  facts.diagnostics_on = holdings.held->facts.serial;
  co_return Made::kMade;
}

}  // namespace

std::optional<policy::session::RememberedAnswer> from_memory(Session& session, const Request& request) {
  const ByteView text = text_of(session, request);
  if (text.size() > kMostLookedAt) return std::nullopt;
  const policy::session::SettingsPtr& settings = session.facts().settings;
  const ByteView results = settings == nullptr ? ByteView() : settings->variable("character_set_results");
  const bool wide = results.starts_with("utf16") || results.starts_with("ucs2") || results.starts_with("utf32");
  const ByteView limit = settings == nullptr ? ByteView() : settings->variable("sql_select_limit");
  std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  std::from_chars(limit.data(), limit.data() + limit.size(), most);
  const policy::session::Remembered& found = session.facts().found_rows;
  const auto found_rows = found.known() ? std::optional(static_cast<std::int64_t>(found.value)) : std::nullopt;
  std::optional<policy::session::RememberedAnswer> answer =
      policy::session::remembered_answer(session.holdings().last, text, session.sql_context(), most, found_rows);
  if (answer && answer->whole && wide) return std::nullopt;
  return answer;
}

namespace {

/// What the statement would be told wrongly where the last one is only made to look as if it had run: a count of
/// changed rows, a list of several warnings, a count of more rows than one would make.
bool cannot_be_made(Session& session, const Request& request) {
  const sql::Statement& statement = request.verdict;
  const bool acts = policy::session::acts_on_last(statement);
  // mostly of one that comes before it in the text
  const bool of_another = statement.kind == sql::Kind::kMulti || statement.kind == sql::Kind::kUnknown;
  if (of_another) return false;
  const ByteView text = text_of(session, request);
  const policy::session::LastStatement& last = session.holdings().last;
  const bool row_count =
      statement.kind == sql::Kind::kDiagnostics ? names(text, "row_count") : calls(text, "row_count");
  const bool changed = row_count && last.row_count.value_or(0) > 0;
  const bool listed = acts && last.list &&
                      ((last.list->warnings > 1 && names(text, "warning_count")) ||
                       (last.list->errors > 1 && names(text, "error_count")));
  const Connection* held = session.holdings().held.get();
  const bool there = held != nullptr && held->facts.found_rows == session.facts().found_rows.value;
  const bool found = is_too_many(session.facts().found_rows) && !there && calls(text, "found_rows");
  if (!changed && !listed && !found) return false;
  return acts || !from_memory(session, request);
}

/// Where the session keeps the connection that knows: a question of ours in between is made undone there.
Task<Answerable> keep_answerable(Session& session, const Request* request) {
  const Holdings& holdings = session.holdings();
  const bool acts = policy::session::acts_on_last(request->verdict);
  const std::optional<std::int64_t> count = holdings.last.row_count;
  if (count > 0 && cannot_be_made(session, *request)) co_return Answerable::kNowhere;
  const ByteView text = text_of(session, *request);
  const bool needed =
      count == 0 || (count == -1 && names(text, "row_count") && (acts || !from_memory(session, *request)));
  if (needed) co_await make_row_count(session, count == -1);
  if (!acts) co_await retell_list(session, text);
  co_return holdings.hard() ? Answerable::kAnywhere : Answerable::kOnlyHere;
}

/// Where no connection knows: one is made to look as if the last statement had run there.
Task<Answerable> make_answerable_anew(Session& session, const Request* request, Deadline patience) {
  const bool acts = policy::session::acts_on_last(request->verdict);
  if (cannot_be_made(session, *request)) co_return Answerable::kNowhere;
  const Made made =
      co_await recreate_last_statement(session, policy::session::needs_of(request->verdict).insert_id, patience);
  const bool needed = acts || !from_memory(session, *request);
  const bool late = patience.passed(session.loop().now());
  if ((made == Made::kRefused && needed) || (made == Made::kBroken && late)) co_return Answerable::kNowhere;
  if (!acts) co_await retell_list(session, text_of(session, *request));
  co_return Answerable::kAnywhere;
}

}  // namespace

Task<Answerable> make_answerable(Session& session, const Request* request, Deadline patience) {
  const bool acts = policy::session::acts_on_last(request->verdict);
  const Holdings& holdings = session.holdings();
  const ByteView text = text_of(session, *request);
  if (acts && (names(text, "warning_count") || names(text, "error_count"))) {
    co_await move_diagnostics_to_primary(session);
  }
  const bool strays =
      acts && session.door() != policy::session::Door::kRead && holdings.soft() && !session.on_primary(*holdings.held);
  if (strays) co_await release_soft(session);  // a write reads it where writes go
  // it runs elsewhere, where make_fit() has it count as much
  if (!holdings.hard() && wants_no_schema(session, *request)) {
    if (holdings.soft()) co_await ask_held(session);
    co_return cannot_be_made(session, *request) ? Answerable::kNowhere : Answerable::kAnywhere;
  }
  const policy::session::SessionFacts& facts = session.facts();
  const bool counted_here = !facts.found_rows.known() ||
                            (holdings.held != nullptr && holdings.held->facts.found_rows == facts.found_rows.value);
  const bool counted_elsewhere = !counted_here && names(text, "found_rows");
  const bool knows = holdings.hard() || holdings.has(tie::kDiagnostics);
  if (knows && !counted_elsewhere) co_return co_await keep_answerable(session, request);
  if (knows) co_await ask_held(session);  // its rows and its list are not those that are counted now
  co_return co_await make_answerable_anew(session, request, patience);
}

bool asks_for_what_is_lost(Session& session, const Request& request) {
  if (session.facts().lost == 0) return false;
  const std::uint8_t asked =
      policy::session::asks_for_lost(session.facts(), request.verdict, names(text_of(session, request), "found_rows"));
  session.facts().lost &= static_cast<std::uint8_t>(~asked);
  return asked != 0;
}

Task<void> move_diagnostics_to_primary(Session& session) {
  Holdings& holdings = session.holdings();
  const bool needed = holdings.held != nullptr && !holdings.hard() && holdings.has(tie::kDiagnostics) &&
                      !session.on_primary(*holdings.held) && !holdings.last_text.empty() &&
                      session.door() == policy::session::Door::kSplit;
  if (!needed) co_return;
  Trial trial;
  trial.hold = session.hold_deadline();
  Result<ConnectionPtr> primary = co_await borrow_fit(session, Place::kPrimary, {}, &trial);
  if (!primary.ok()) co_return;  // stays where it is: the answer is right all the same
  std::vector<policy::session::Step> again;
  again.push_back({policy::session::Step::Kind::kStatement, holdings.last_text});
  const Result<void> repeated = co_await upstream::mysql::run_steps(
      **primary, std::move(again), session.loop().deadline_in(session.service().config().connect_timeout));
  const bool refused = !repeated.ok() && repeated.error().said != nullptr;  // its error is the diagnostics
  session.frontend().counters().reads_repeated.add();
  policy::session::SessionFacts& facts = session.facts();
  const policy::session::ConnectionSerial before = holdings.held->facts.serial;
  if (refused) co_await ask_held(session);  // it has counted nothing: FOUND_ROWS() is that of the statement before
  const bool found_there = facts.found_rows.on == before;
  give_up_held(session);
  if (found_there) facts.found_rows = {0, (*primary)->facts.serial};
  (*primary)->facts.found_rows.reset();
  facts.diagnostics_on = (*primary)->facts.serial;
  co_await hold(session, std::move(*primary), tie::kDiagnostics, policy::session::PinReason::kNone);
}

}  // namespace hf::service::mysql
