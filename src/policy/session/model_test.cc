// The first oracle: whatever sessions do over shared connections, each of them observes what it would on a connection
// of its own.
//
// A script is a list of numbers; each is an action of one session (a statement, a prepared statement, a reset, a login)
// or of the world (a connection that ends, a place that somebody waits for, a global variable, a schema). It runs
// twice: through the gateway's rules over few connections of two model servers, and with one connection per session.
// Failures shrink, and print the script.
//
// HF_SESSION_SCRIPTS: how many scripts (default 20,000). HF_SESSION_SEED: with which seed.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "policy/session/gateway_fake.h"

namespace hf::policy::session::model {
namespace {

/// % is the session's number.
const std::vector<std::string>& texts() {
  static const std::vector<std::string> all = {
      // settings
      "SET time_zone='+01:00'",
      "SET time_zone='+02:00'",
      "SET sql_mode='ANSI'",
      "SET sql_mode=''",
      "SET sql_mode=CONCAT(@@sql_mode,',X')",
      "SET group_concat_max_len=5, time_zone='+03:00'",
      "SET NAMES utf8mb4",
      "SET NAMES latin1",
      "SET NAMES utf8mb4 COLLATE utf8mb4_bin",
      "SET collation_connection='latin1_bin'",
      "SET character_set_connection=utf8mb4",
      "SET character_set_results=NULL",
      "SET collation_database='latin1_bin'",
      "SET collation_database=DEFAULT",
      "SET autocommit=0",
      "SET autocommit=1",
      "SET time_zone=DEFAULT",
      "SET nosuch=1",
      "SET time_zone='+04:00', nosuch=1",
      "USE a",
      "USE b",
      "USE main",
      "USE gone",
      "SET STATEMENT sql_mode='ANSI' FOR SELECT @@sql_mode",
      "SET STATEMENT time_zone='+08:00' FOR DO 1",
      // the client's own tracking
      "SET session_track_schema=0",
      "SET session_track_system_variables='*'",
      "SET session_track_system_variables='time_zone',time_zone='+04:00',sql_mode='ANSI'",
      "SET sql_mode=CONCAT(@@sql_mode,',Y'), "
      "session_track_system_variables=CONCAT(@@session_track_system_variables,',sql_mode')",
      "SELECT @@session_track_system_variables",
      "SELECT @@session_track_schema, @@session_track_state_change",
      "SHOW VARIABLES LIKE 'session_track_system_variables'",
      // questions
      "SELECT @@time_zone",
      "SELECT @@sql_mode",
      "SELECT @@group_concat_max_len",
      "SELECT @@character_set_client, @@character_set_results",
      "SELECT COLLATION('x')",
      "SELECT @@collation_connection, @@character_set_connection",
      "SELECT @@autocommit",
      "SELECT DATABASE()",
      "SELECT @@collation_database",
      "SELECT \"x\"",
      "SELECT 1",
      "SHOW VARIABLES LIKE 'time_zone'",
      // ids and counts
      "INSERT INTO main.t% VALUES ()",
      "INSERT INTO main.t% VALUES ()",
      "INSERT INTO main.t% VALUES (1)",
      "INSERT INTO main.t% VALUES (50)",
      "INSERT INTO main.t% VALUES (),(1)",
      "INSERT INTO main.t% VALUES () RETURNING id",
      "INSERT INTO main.g% SEEN",
      "INSERT INTO main.t% SELECT id FROM main.t% LIMIT 0",
      "INSERT INTO main.t% VALUES (FOUND_ROWS())",
      "SELECT id FROM main.g%",
      "UPDATE main.t% SET v = 1",
      "DELETE FROM main.t%",
      "SELECT LAST_INSERT_ID()",
      "SELECT LAST_INSERT_ID()",
      "SELECT @@identity",
      "SELECT LAST_INSERT_ID(42)",
      "SET last_insert_id=9",
      "SELECT id FROM main.t%",
      "SELECT id FROM main.t% LIMIT 1",
      "SELECT id FROM main.t% LIMIT 1,1",
      "SELECT SQL_CALC_FOUND_ROWS id FROM main.t% LIMIT 1",
      "SELECT FOUND_ROWS()",
      "SELECT FOUND_ROWS()",
      "SELECT ROW_COUNT()",
      "SHOW WARNINGS",
      "SELECT @@warning_count",
      "SELECT CAST('x' AS SIGNED)",
      "SELECT id FROM main.nope",
      "SELECT id FROM main.v_twice",
      "DO 1",
      "GET DIAGNOSTICS @n = NUMBER",
      "SELECT @n",
      // what lives on a connection
      "SET @u=1",
      "SELECT @u",
      "SELECT @u:=5",
      "SELECT GET_LOCK('l%',0)",
      "SELECT RELEASE_LOCK('l%')",
      "CREATE TEMPORARY TABLE tmp (a INT)",
      "SELECT 1 FROM tmp",
      "DROP TEMPORARY TABLE tmp",
      "PREPARE p FROM 'SELECT 1'",
      "HANDLER main.t% OPEN",
      "HANDLER main.t% CLOSE",
      "SELECT NEXTVAL(s%)",
      "SELECT LASTVAL(s%)",
      "SET timestamp=5",
      "SET timestamp=DEFAULT",
      "SELECT @@timestamp",
      "SET profiling=1",
      "SHOW PROFILES",
      "SET ROLE r",
      "SET ROLE NONE",
      "SET ROLE nosuch",
      "SELECT CURRENT_ROLE()",
      // hidden readers and writers
      "SELECT main.f_user(1)",
      "SELECT main.f_id(1)",
      "SELECT 1 FROM main.v_user",
      "SELECT 1 FROM main.v_id",
      "SELECT 1 FROM main.v_set",
      "SELECT 1 FROM main.v_fail",
      "SELECT main.f_fail(1)",
      "INSERT INTO main.t% VALUES (main.f_fail(1))",
      "CALL main.p_set()",
      "CALL main.p_fail()",
      "CALL main.p_id()",
      // transactions
      "BEGIN",
      "COMMIT",
      "ROLLBACK",
      "START TRANSACTION READ ONLY",
      "SET TRANSACTION READ ONLY",
      "LOCK TABLES main.t% WRITE",
      "UNLOCK TABLES",
      "XA START 'x%'",
      "XA ROLLBACK 'x%'",
      // several in one text
      "SET @u=3; SELECT id FROM main.nope; SET @u=4",
      "INSERT INTO main.t% VALUES (); SELECT LAST_INSERT_ID()",
      "SELECT id FROM main.t% LIMIT 1; SELECT FOUND_ROWS(); SELECT SQL_CALC_FOUND_ROWS id FROM main.t% LIMIT 1; SHOW "
      "WARNINGS",
      "SELECT 1; SET time_zone='+07:00'",
      "USE a; SELECT @@time_zone",
  };
  return all;
}

const std::vector<std::string>& prepared_texts() {
  static const std::vector<std::string> all = {"SELECT \"x\"",
                                               "SELECT DATABASE()",
                                               "SELECT COLLATION('x')",
                                               "SELECT @@time_zone",
                                               "INSERT INTO main.t% VALUES ()",
                                               "SELECT SQL_CALC_FOUND_ROWS id FROM main.t% LIMIT 1",
                                               "SELECT FOUND_ROWS()",
                                               "SELECT @u",
                                               "SET time_zone='+06:00'"};
  return all;
}

constexpr std::uint32_t kSessions = 4;
constexpr std::uint32_t kSlots = 3;

/// What a number of the script means.
struct Action {
  enum class Kind : std::uint8_t {
    kText,
    kPrepare,
    kExecute,
    kReset,
    kOption,
    kInitDb,
    kLogin,
    kPress,
    kCutIdle,
    kCutHeld,
    kSetGlobal,
    kDropSchema,
    kMakeSchema
  };
  Kind kind = Kind::kText;
  std::uint32_t session = 0;
  std::uint32_t which = 0;
  Loss loss = Loss::kNone;
};

constexpr std::uint32_t kOthers = 24;  // actions that are no text
constexpr std::uint32_t kLosses = 40;  // one of so many statements loses its connection

std::uint32_t most_actions() { return (static_cast<std::uint32_t>(texts().size()) + kOthers) * kSessions * kLosses; }

Action decode(std::uint32_t number) {
  Action out;
  out.session = number % kSessions;
  number /= kSessions;
  const auto statements = static_cast<std::uint32_t>(texts().size());
  out.which = number % (statements + kOthers);
  const std::uint32_t loss = number / (statements + kOthers);
  if (loss >= 1 && loss <= 3) out.loss = static_cast<Loss>(loss);
  if (out.which < statements) return out;
  const std::uint32_t other = out.which - statements;
  out.which = loss;
  using Kind = Action::Kind;
  constexpr Kind kKinds[kOthers] = {
      Kind::kPrepare, Kind::kPrepare, Kind::kPrepare,   Kind::kPrepare,    Kind::kExecute,    Kind::kExecute,
      Kind::kExecute, Kind::kExecute, Kind::kExecute,   Kind::kExecute,    Kind::kReset,      Kind::kReset,
      Kind::kOption,  Kind::kInitDb,  Kind::kInitDb,    Kind::kLogin,      Kind::kPress,      Kind::kPress,
      Kind::kCutIdle, Kind::kCutHeld, Kind::kSetGlobal, Kind::kDropSchema, Kind::kMakeSchema, Kind::kPress};
  out.kind = kKinds[other];
  if (out.kind != Kind::kExecute) out.loss = Loss::kNone;
  return out;
}

std::string with_number(std::string text, std::uint32_t session) {
  for (std::size_t at = text.find('%'); at != std::string::npos; at = text.find('%', at)) {
    text.replace(at, 1, std::to_string(session));
  }
  return text;
}

/// Both worlds side by side.
class Run {
 public:
  Run(std::size_t places, std::uint32_t doors) : gateway_(places, kSessions) {
    direct_.globals[1] = direct_.globals[0];
    for (std::uint32_t i = 0; i < kSessions; ++i) {
      for (Cluster* cluster : {&gateway_.cluster, &direct_}) {
        cluster->tables["main.t" + std::to_string(i)] = {};
        cluster->tables["main.g" + std::to_string(i)] = {};
      }
      doors_[i] = (doors >> i & 1) != 0 ? Door::kRead : Door::kSplit;
      log_in(i, i % 2 == 0 ? "latin1" : "utf8mb4");
    }
  }

  /// What went wrong; empty: nothing.
  std::string step(const Action& action) {
    line_.clear();
    const std::string wrong = run(action);
    gateway_.check_idle();
    log_.push_back(line_);
    if (!gateway_.trouble.empty()) return gateway_.trouble;
    return wrong;
  }
  const std::vector<std::string>& log() const { return log_; }

 private:
  void log_in(std::uint32_t i, const std::string& charset) {
    gateway_.log_in(i, doors_[i], charset);
    own_[i].reset();
    own_[i] =
        std::make_unique<ServerConnection>(direct_, doors_[i] == Door::kRead ? kReplica : kPrimary, charset, "main");
    copies_[i].clear();
    counted_homeless_[i] = false;
  }

  std::string run(const Action& action) {
    using Kind = Action::Kind;
    const std::uint32_t i = action.session;
    line_ = "session " + std::to_string(i) + ": ";
    switch (action.kind) {
      case Kind::kText: return statement(i, {with_number(texts()[action.which], i), -1, false}, action.loss);
      case Kind::kInitDb: return statement(i, {action.which % 2 == 0 ? "a" : "b", -1, true}, action.loss);
      case Kind::kExecute: {
        const int slot = static_cast<int>(action.which % kSlots);
        if (!copies_[i].contains(slot)) return {};
        return statement(i, {"", slot, false}, action.loss);
      }
      case Kind::kPrepare:
        return prepare(i, static_cast<int>(action.which % kSlots),
                       with_number(prepared_texts()[action.which % prepared_texts().size()], i));
      case Kind::kReset:
        line_ += "RESET";
        gateway_.reset(i);
        own_[i]->reset();
        own_[i]->drop_what_a_reset_keeps();
        copies_[i].clear();
        return {};
      case Kind::kOption:
        line_ += action.which % 2 == 0 ? "MULTI ON" : "MULTI OFF";
        gateway_.set_option(i, action.which % 2 == 0);
        own_[i]->set_option(action.which % 2 == 0);
        return {};
      case Kind::kLogin:
        line_ += "LOGIN";
        log_in(i, action.which % 2 == 0 ? "latin1" : "utf8mb4");
        return {};
      default: return world(action);
    }
  }

  std::string world(const Action& action) {
    using Kind = Action::Kind;
    const int server = static_cast<int>(action.which % 2);
    const std::string schema = action.which % 2 == 0 ? "a" : "b";
    const std::string zone = "+1" + std::to_string(action.which % 3) + ":00";
    switch (action.kind) {
      case Kind::kPress:
        line_ = "somebody waits for server " + std::to_string(server);
        gateway_.press(server);
        break;
      case Kind::kCutIdle:
        line_ = "idle connections of server " + std::to_string(server) + " end";
        gateway_.cut_idle(server);
        break;
      case Kind::kCutHeld:
        line_ += "the kept connection ends";
        take_loss(action.session, gateway_.cut_held(action.session));
        break;
      case Kind::kSetGlobal:
        line_ = "SET GLOBAL time_zone=" + zone;
        gateway_.cluster.globals[kPrimary]["time_zone"] = direct_.globals[0]["time_zone"] =
            direct_.globals[1]["time_zone"] = zone;
        break;
      case Kind::kDropSchema:
        line_ = "DROP SCHEMA " + schema;
        gateway_.cluster.schemas.erase(schema);
        direct_.schemas.erase(schema);
        break;
      default:
        line_ = "CREATE SCHEMA " + schema;
        gateway_.cluster.schemas.insert(schema);
        direct_.schemas.insert(schema);
    }
    return {};
  }

  std::string statement(std::uint32_t i, const Command& command, Loss loss) {
    line_ += command.prepared >= 0 ? "EXECUTE " + std::to_string(command.prepared)
                                   : (command.init_db ? "INIT_DB " : "") + command.text;
    if (doors_[i] == Door::kRead && command.text.find("DEFAULT") != std::string::npos) return {};  // the replica's own
    Client& client = gateway_.client(i);
    const bool on_replica =
        client.held != nullptr && (client.ties & tie::kHard) != 0 && client.held->server->server() == kReplica;
    if (on_replica && command.text.find("DEFAULT") != std::string::npos) return {};
    const std::string text = command.prepared >= 0 ? *client.prepared.at(command.prepared).meaning.text : command.text;
    const bool counts_anew = text.starts_with("SELECT ") && text.find("FOUND_ROWS") == std::string::npos;
    counted_homeless_[i] = homeless(client) || (counted_homeless_[i] && !counts_anew);  // it outlasts the next USE
    const Outcome out = gateway_.run(i, command, loss);
    // what ties it there has no name: docs/mysql-service.md
    if (on_replica && doors_[i] == Door::kSplit && out.seen == "error 1290") {
      own_[i]->signal(1290);
      return {};
    }
    line_ += " -> " + out.seen + (out.skipped ? " (skipped)" : "") + (out.ended ? " (ended)" : "");
    // a read-only transaction was left before no connection was to be had
    if (out.skipped && out.rolled_back) own_[i]->query("COMMIT");
    if (out.skipped) take_loss(i, out);
    if (out.skipped) own_[i]->signal(1105);
    if (out.skipped || !gateway_.trouble.empty()) return {};
    if (out.lost) {
      const sql::Statement statement = sql::classify(text, {});
      const bool unlocks = statement.kind == sql::Kind::kUnlockTables;  // it commits only where tables are locked
      const bool commits = statement.kind == sql::Kind::kCommit || statement.kind == sql::Kind::kBegin ||
                           (statement.has(sql::effect::kImplicitCommit) && !unlocks);
      if (out.executed && commits) own_[i]->query("COMMIT");
      if (out.executed) leave_effect(i, text);
      if (out.rolled_back && !out.ended) own_[i]->query("ROLLBACK");
      take_loss(i, out);
      if (!out.ended) own_[i]->signal(2013);
      return {};
    }
    take_loss(i, out);
    const std::string wanted = direct(i, command);
    line_ += " | " + wanted;
    if (out.seen == wanted || excused(i, text, out.seen, wanted)) return {};
    return "saw '" + out.seen + "', alone it would have seen '" + wanted + "'";
  }

  std::string direct(std::uint32_t i, const Command& command) {
    if (command.prepared >= 0) return own_[i]->execute(copies_[i].at(command.prepared)).shown();
    if (command.init_db) return own_[i]->init_db(command.text).shown();
    return own_[i]->query(command.text).shown();
  }

  /// A statement has run, and nobody has heard of it: its rows are there, its connection is not. Of a transaction
  /// nothing is left but the numbers that it took.
  void leave_effect(std::uint32_t i, const std::string& text) {
    const ServerConnection& own = *own_[i];
    if (own.one_shot() || own.status().read_only_transaction) return;
    ServerConnection other(direct_, own.server(), "latin1", own.schema());
    other.query("SET last_insert_id=" + std::to_string(own.last_insert_id()));
    other.count_as(own);
    other.set_option(own.multi_statements());
    const bool undone = !own.status().autocommit || own.status().in_transaction;
    if (undone) other.query("BEGIN");
    other.query(text);
    if (undone) other.query("ROLLBACK");
  }

  /// A server that ended took with it what it alone knew: the session begins anew, or goes on without.
  void take_loss(std::uint32_t i, const Outcome& out) {
    if (out.ended) {
      log_in(i, gateway_.client(i).charset);
      return;
    }
    own_[i]->forget(out.forgot_id, out.forgot_found, out.forgot_list);
  }

  /// Somebody has dropped its schema: nothing is made again for it.
  bool homeless(const Client& client) const {
    const std::string& schema = client.facts.settings->schema();
    return !schema.empty() && !gateway_.cluster.schemas.contains(schema);
  }

  bool excused(std::uint32_t i, const std::string& text, const std::string& seen, const std::string& wanted) {
    const bool homeless = this->homeless(gateway_.client(i));
    const bool list = text.find("WARNINGS") != std::string::npos || text.find("warning_count") != std::string::npos;
    // the schema's own absence
    if (list && homeless) return seen == "rows" || seen == "rows 0" || seen == "rows 1" || seen == "rows 1049";
    if ((text.find("ROW_COUNT") != std::string::npos || text.find("collation_database") != std::string::npos) &&
        homeless) {
      return true;
    }
    if (text == "SHOW PROFILES") return true;  // statements of ours are among them
    if (text.find("FOUND_ROWS") != std::string::npos && (homeless || counted_homeless_[i])) {
      return seen == "rows 1" || seen == "rows 0";
    }
    if (text.find("DATABASE") != std::string::npos) return homeless && seen == "rows NULL";
    // A view may read LAST_INSERT_ID() where nobody can know: then it sees none, and never somebody else's.
    return text.find("v_id") != std::string::npos && seen == "rows 0" && !wanted.starts_with("error");
  }

  std::string prepare(std::uint32_t i, int slot, const std::string& text) {
    line_ += "PREPARE " + std::to_string(slot) + " " + text;
    const std::string seen = gateway_.prepare(i, slot, text);
    if (seen == "skipped") own_[i]->signal(1105);
    if (seen == "skipped") return {};
    const Reply own = own_[i]->prepare(text);
    copies_[i].erase(slot);
    if (!own.facts.failed) copies_[i][slot] = own.statement_id;
    const std::string wanted = own.facts.failed ? own.shown() : "prepared";
    return seen == wanted ? std::string() : "prepare: saw '" + seen + "', alone '" + wanted + "'";
  }

  Gateway gateway_;
  Cluster direct_;
  std::unique_ptr<ServerConnection> own_[kSessions];
  std::map<int, std::uint32_t> copies_[kSessions];
  Door doors_[kSessions] = {};
  bool counted_homeless_[kSessions] = {};
  std::vector<std::string> log_;
  std::string line_;
};

void check_script(std::size_t places, std::uint32_t doors, const std::vector<std::uint32_t>& script) {
  Run run(places, doors);
  for (const std::uint32_t number : script) {
    const std::string wrong = run.step(decode(number));
    if (wrong.empty()) continue;
    std::string told;
    for (const std::string& line : run.log()) told += line + "\n";
    RC_FAIL(told + "at the last step: " + wrong);
  }
}

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

TEST(SessionModel, EachSessionObservesWhatItWouldOnAConnectionOfItsOwn) {
  rc::detail::TestParams params;
  params.seed = from_environment("HF_SESSION_SEED", 20260711);
  params.maxSuccess = static_cast<int>(from_environment("HF_SESSION_SCRIPTS", 20000));
  params.maxSize = 40;
  std::cout << params.maxSuccess << " scripts, seed " << params.seed << "\n";
  rc::detail::TestMetadata metadata;
  metadata.id = metadata.description = "each session observes what it would on a connection of its own";
  const auto property = [] {
    const auto places = *rc::gen::inRange<std::size_t>(1, 4);
    const auto doors = *rc::gen::element<std::uint32_t>(0, 0, 0, 8, 10);
    const auto script =
        *rc::gen::container<std::vector<std::uint32_t>>(rc::gen::inRange<std::uint32_t>(0, most_actions()));
    check_script(places, doors, script);
  };
  const rc::detail::TestResult result = rc::detail::checkTestable(property, metadata, params);
  std::ostringstream words;
  rc::detail::printResultMessage(result, words);
  rc::detail::SuccessResult success;
  EXPECT_TRUE(result.match(success)) << words.str();
}

}  // namespace
}  // namespace hf::policy::session::model
