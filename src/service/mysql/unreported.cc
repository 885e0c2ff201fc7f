#include "service/mysql/unreported.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>

#include "policy/sql/set_list.h"
#include "service/mysql/handlers/handlers.h"
#include "service/mysql/holdings.h"
#include "service/mysql/session_variables.h"
#include "service/mysql/shard_state.h"

namespace hf::service::mysql {

namespace sql = policy::sql;
namespace effect = policy::sql::effect;
using policy::session::Learnt;
using policy::session::ReplyFacts;
using proto::mysql::Command;
using runtime::Task;

namespace {

std::string lower(ByteView text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

/// A question of ours changes FOUND_ROWS(): asked for before, where only this connection knows it.
Task<void> keep_found_rows(Session& session, Connection* connection) {
  policy::session::SessionFacts& facts = session.facts();
  connection->facts.found_rows.reset();
  if (facts.found_rows.on != connection->facts.serial) co_return;
  Result<proto::mysql::TextResult> asked =
      co_await upstream::mysql::query(*connection, "SELECT FOUND_ROWS() LIMIT 1",
                                      session.loop().deadline_in(session.service().config().connect_timeout));
  if (!asked.ok() || asked->error || asked->rows.size() != 1 || asked->rows[0].size() != 1) {
    facts.found_rows = {1, 0};
    facts.lost |= policy::session::lost::kFoundRows;
    co_return;
  }
  facts.found_rows = {std::strtoull(narrow(asked->rows[0][0].value_or("0")).c_str(), nullptr, 10), 0};
}

/// Whether a read that failed may be run once more, unseen: it has done nothing, did not take long, and fails again for
/// the same reason.
bool may_run_again(const Request& request, const Reply& reply) {
  constexpr Nanos kQuick = 100ms;
  constexpr std::array<std::uint16_t, 5> kOfTheMoment = {1205, 1213, 1317, 1969, 3024};  // locks, KILL, limits of time
  const bool whole =
      request.command == Command::kQuery || (request.command == Command::kStmtExecute &&
                                             request.prepared->cursor_on == 0 && request.prepared->long_data.empty());
  const bool idle = request.verdict.route == sql::Route::kReader &&
                    !request.verdict.has(effect::kUserVariable | effect::kUnknownState);
  const bool again = std::find(kOfTheMoment.begin(), kOfTheMoment.end(), reply.facts.error_code) == kOfTheMoment.end();
  return whole && idle && again && reply.lasted <= kQuick;
}

/// After a SET of session_track_*, which turns our own tracking off before anything was told, or of @@x, of which
/// nothing is told: asks for all that it may have set.
Task<void> learn_tracking(Session& session, Connection* connection, const Request* request) {
  const ByteView text = text_of(session, *request);
  std::string names;
  for (const std::string& name :
       policy::session::names_to_ask(session.facts(), request->verdict, text, session.sql_context())) {
    names += (names.empty() ? "'" : ",'") + name + "'";
  }
  const Deadline deadline = session.loop().deadline_in(session.service().config().connect_timeout);
  Result<SessionVariables> shown = co_await read_session_variables(connection, std::move(names), deadline);
  if (!shown.ok()) {
    connection->stream->abort({ErrorCode::kReset, "the session's variables could not be read"});
    co_return;
  }
  ReplyFacts told;
  told.variables = std::move(*shown);
  const bool wished = request->verdict.has(effect::kReadsTracking);  // else the tracking that is shown is our own
  const auto learn_told = wished ? policy::session::learn_wish : policy::session::learn_values;
  learn_told(session.facts(), connection->facts, told, session.shard_state().settings());
}

enum class Names : std::uint8_t { kNone, kPlain, kCollate };

/// Whether the SET names the character set of results, in whatever way: their collation is that set's own again.
bool sets_results(Session& session, const Request& request) {
  sql::SetList list(text_of(session, request), session.sql_context());
  while (const std::optional<sql::Assignment> each = list.next()) {
    const bool both =
        each->target == sql::Assignment::Target::kNames || each->target == sql::Assignment::Target::kCharacterSet;
    if (both || lower(each->name) == "character_set_results") return true;
  }
  return !list.ok();
}

/// SET NAMES x, SET NAMES x COLLATE y, or anything else.
Names names_of(Session& session, const Request& request) {
  if (request.verdict.kind != sql::Kind::kSet) return Names::kNone;
  sql::SetList list(text_of(session, request), session.sql_context());
  const std::optional<sql::Assignment> only = list.next();
  if (!only || only->target != sql::Assignment::Target::kNames || only->form != sql::Assignment::Form::kPlain) {
    return Names::kNone;
  }
  if (list.next() || !list.ok() || lower(only->value) == "default") return Names::kNone;
  return mentions(only->value, "collate") ? Names::kCollate : Names::kPlain;
}

/// Asks for the collation that SET NAMES and its like do not report.
Task<void> learn_collation(Session& session, Connection* connection, const Request* request, const Reply* reply) {
  ShardState& shard = session.shard_state();
  policy::session::SessionFacts& facts = session.facts();
  const ByteView charset =
      facts.settings == nullptr ? ByteView() : facts.settings->variable("character_set_connection");
  const Names names = reply->facts.failed ? Names::kNone : names_of(session, *request);
  const bool plain = names == Names::kPlain;
  std::string& usual = shard.default_collation(std::string(charset));
  ReplyFacts learnt;
  if (!reply->facts.failed && sets_results(session, *request)) {
    learnt.variables.emplace_back(policy::session::kNamesCollation, "");
  }
  if (plain && !usual.empty()) {
    learnt.variables.emplace_back("collation_connection", usual);
  } else {
    Result<proto::mysql::TextResult> asked =
        co_await upstream::mysql::query(*connection,
                                        "SELECT "
                                        "@@character_set_client,@@character_set_connection,@@character_set_results,@@"
                                        "collation_connection,@@character_set_server,@@collation_server LIMIT 1",
                                        session.loop().deadline_in(session.service().config().connect_timeout));
    if (!asked.ok() || asked->error || asked->rows.size() != 1 || asked->rows[0].size() != 6) {
      connection->stream->abort({ErrorCode::kReset, "the session's collation could not be read"});
      co_return;
    }
    constexpr std::array<const char*, 6> kNames = {"character_set_client",  "character_set_connection",
                                                   "character_set_results", "collation_connection",
                                                   "character_set_server",  "collation_server"};
    for (std::size_t i = 0; i < kNames.size(); ++i) {
      learnt.variables.emplace_back(kNames[i], narrow(asked->rows[0][i].value_or("")));
    }
    const std::string collation = narrow(asked->rows[0][3].value_or(""));
    if (plain) usual = collation;
    if (names == Names::kCollate) learnt.variables.emplace_back(policy::session::kNamesCollation, collation);
  }
  policy::session::learn_values(facts, connection->facts, learnt, shard.settings());
}

}  // namespace

Task<Result<Reply>> repeat_unseen(Session& session, Connection* connection, const Request* request) {
  const upstream::ServerSlot slot = connection->slot;
  const std::uint32_t thread = connection->thread_id;
  Reply reply = co_await exchange(session, connection, request, {}, ReplySink::kNobody);
  if (reply.end == Reply::End::kComplete) {
    session.frontend().counters().reads_repeated.add();
    co_return std::move(reply);
  }
  if (session.running().client_left) {
    const Result<void> killed = co_await handlers::kill_thread(session, slot, thread, handlers::KillWhat::kConnection);
    (void)killed;  // its end is all the same to a client that has left
  }
  co_return reply.failure.value_or(Error{ErrorCode::kClosed, "the read was not run again"});
}

Task<void> ask_doubted_count(Session& session, Connection* connection, const Request* request, const Reply* reply,
                             policy::session::DoubtedCount doubt) {
  policy::session::SessionFacts& facts = session.facts();
  co_await keep_found_rows(session, connection);
  const std::uint64_t there = facts.found_rows.value;
  if (policy::session::settle_count(facts, doubt, there) || !may_run_again(*request, *reply)) co_return;
  std::uint64_t other = 1;  // that of the question
  if (there == other) {
    other = 2;
    std::vector<policy::session::Step> steps;
    steps.push_back({policy::session::Step::Kind::kStatement, policy::session::count_statement(other)});
    const Result<void> made = co_await upstream::mysql::run_steps(
        *connection, std::move(steps), session.loop().deadline_in(session.service().config().connect_timeout));
    if (!made.ok()) co_return connection->stream->abort(made.error());
  }
  const Result<Reply> again = co_await repeat_unseen(session, connection, request);
  if (!again.ok() || again->facts.error_code != reply->facts.error_code) co_return;
  facts.found_rows = {0, connection->facts.serial};
  co_await keep_found_rows(session, connection);
  (void)policy::session::settle_count(facts, {doubt.own, other}, facts.found_rows.value);
}

Task<Flushed> flush_changes(Session& session, Connection* connection) {
  Request request;
  request.text = "SET @@session.session_track_state_change=0";
  const bool tracking = connection->facts.tracking;
  Reply reply = co_await exchange(session, connection, &request, {}, ReplySink::kNobody);
  for (int round = 0; reply.facts.failed && reply.facts.error_code == proto::mysql::kErQueryInterrupted &&
                      round < upstream::mysql::kMostInterrupted;
       ++round) {
    // a KILL QUERY that was meant for the client's statement
    reply = co_await exchange(session, connection, &request, {}, ReplySink::kNobody);
  }
  Result<void> told{};
  if (reply.end != Reply::End::kComplete || reply.facts.failed) {
    told = Error{ErrorCode::kReset, "the session's changes could not be read"};
  }
  if (told.ok()) {
    policy::session::learn_values(session.facts(), connection->facts, reply.facts, session.shard_state().settings());
    const Deadline deadline = session.loop().deadline_in(session.service().config().connect_timeout);
    const Result<proto::mysql::TextResult> on =
        co_await upstream::mysql::query(*connection, "SET @@session.session_track_state_change=1", deadline);
    if (!on.ok() || on->error) told = Error{ErrorCode::kReset, "the session's changes could not be tracked again"};
    connection->facts.tracking = tracking;
  }
  if (!told.ok()) {
    connection->stream->abort(told.error());
    co_return Flushed{.named = false, .any = true};  // whatever it was, it went with the connection
  }
  co_return Flushed{.named = reply.facts.schema.has_value() || reply.facts.variables.size() > 1,
                    .any = reply.facts.state_changed};
}

Task<void> count_again(Session& session, Connection* connection) {
  const policy::session::Remembered& found = session.facts().found_rows;
  if (!found.known() || found.value > policy::session::kMostCounted) co_return;
  std::vector<policy::session::Step> steps;
  steps.push_back({policy::session::Step::Kind::kStatement, policy::session::count_statement(found.value)});
  const Result<void> done = co_await upstream::mysql::run_steps(
      *connection, std::move(steps), session.loop().deadline_in(session.service().config().connect_timeout));
  if (!done.ok()) connection->stream->abort(done.error());
  connection->facts.found_rows = found.value;
}

Task<void> ask_for_counts(Session& session, Connection* connection) {
  policy::session::SessionFacts& facts = session.facts();
  co_await keep_found_rows(session, connection);
  if (facts.insert_id.on != connection->facts.serial) co_return;
  const Result<proto::mysql::TextResult> asked =
      co_await upstream::mysql::query(*connection, "SELECT LAST_INSERT_ID() LIMIT 1",
                                      session.loop().deadline_in(session.service().config().connect_timeout));
  const bool told = asked.ok() && !asked->error && asked->rows.size() == 1 && asked->rows[0].size() == 1;
  facts.insert_id = {told ? std::strtoull(narrow(asked->rows[0][0].value_or("0")).c_str(), nullptr, 10) : 0, 0};
  if (!told) facts.lost |= policy::session::lost::kInsertId;
}

Task<void> ask_for_settings(Session& session, Connection* connection, const Request* request, const Reply* reply,
                            Learnt learnt) {
  co_await keep_found_rows(session, connection);
  if (learnt.ask_tracking) co_await remember_list(session, connection);  // SHOW VARIABLES has a list of its own
  if (learnt.ask_tracking) co_await learn_tracking(session, connection, request);
  if (learnt.ask_collation) co_await learn_collation(session, connection, request, reply);
}

}  // namespace hf::service::mysql
