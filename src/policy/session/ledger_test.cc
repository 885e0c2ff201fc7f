// The table of docs/mysql-service.md, cell by cell: what must be restored, what a reset does, what a reply teaches, what ties.
#include "policy/session/ledger.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "policy/sql/classifier.h"

namespace hf::policy::session {
namespace {

using Variables = Settings::Variables;

std::string shown(const std::vector<Step>& steps) {
  std::string out;
  for (const Step& step : steps) {
    if (!out.empty()) out += " | ";
    switch (step.kind) {
      case Step::Kind::kReset: out += "RESET"; break;
      case Step::Kind::kSchema: out += "USE " + step.text; break;
      case Step::Kind::kStatement: out += step.text; break;
      case Step::Kind::kOption: out += step.text == std::string(2, '\0') ? "MULTI ON" : "MULTI OFF"; break;
    }
  }
  return out;
}

/// One session and one connection that fits it.
class Ledger : public testing::Test {
 protected:
  Ledger() {
    start_ = table_.intern(Settings("a", {{"autocommit", "ON"}, {"sql_mode", ""}, {"time_zone", "SYSTEM"}, {"character_set_client", "utf8mb4"}, {"character_set_connection", "utf8mb4"}, {"collation_connection", "utf8mb4_general_ci"}}));
    session_.settings = start_;
    connection_ = fresh(1);
  }

  ConnectionFacts fresh(ConnectionSerial serial) const {
    ConnectionFacts facts;
    facts.serial = serial;
    facts.settings = start_;
    facts.tracking = true;
    return facts;
  }

  static ReplyFacts ok(Variables variables = {}, bool state_changed = false) {
    ReplyFacts reply;
    reply.status = Status{};
    reply.results = 1;
    reply.variables = std::move(variables);
    reply.state_changed = state_changed || !reply.variables.empty();
    return reply;
  }
  static ReplyFacts rows(std::uint64_t count) {
    ReplyFacts reply = ok();
    reply.rows = count;
    reply.result_set = true;
    return reply;
  }
  static ReplyFacts error(std::uint16_t code) {
    ReplyFacts reply;
    reply.failed = true;
    reply.error_code = code;
    return reply;
  }
  static ReplyFacts inserted(std::uint64_t id, std::uint64_t affected = 1) {
    ReplyFacts reply = ok();
    reply.insert_id = id;
    reply.affected_rows = affected;
    return reply;
  }
  static ReplyFacts in_transaction(ReplyFacts reply) {
    reply.status->in_transaction = true;
    return reply;
  }

  /// The statement ran on `connection_`, which was kept for `ties_`.
  Learnt run(const std::string& text, const ReplyFacts& reply, bool keeps_list = false) {
    Sent sent;
    sent.keeps_list = keeps_list;
    const Learnt learnt = learn(session_, connection_, sql::classify(text, {}), sent, reply, ties_, table_);
    ties_ = learnt.ties;
    return learnt;
  }
  void set(ByteView name, ByteView value) {
    Settings next = *session_.settings;
    next.set_variable(name, value);
    session_.settings = table_.intern(std::move(next));
  }
  std::string steps(const Needs& needs = {}, bool fresh_rights = false) const { return shown(before(session_, connection_, needs, fresh_rights)); }
  void renew() {
    session_ = {};
    session_.settings = start_;
    connection_ = fresh(1);
    ties_ = 0;
  }

  SettingsTable table_;
  SettingsPtr start_;
  SessionFacts session_;
  ConnectionFacts connection_;
  std::uint32_t ties_ = 0;
};

const std::string kTracking =
    "@@session.session_track_system_variables='*',@@session.session_track_state_change=1,@@session.session_track_schema=1,"
    "@@session.session_track_transaction_info='OFF'";

// ---- before, restored

TEST_F(Ledger, AFittingConnectionNeedsNothing) {
  EXPECT_EQ(steps(), "");
  connection_.settings = std::make_shared<const Settings>(*start_);  // equal, another object
  EXPECT_EQ(steps(), "");
}

TEST_F(Ledger, WhatDiffersIsRestoredTheSchemaFirst) {
  set("time_zone", "+01:00");
  EXPECT_EQ(steps(), "SET @@session.time_zone='+01:00'");
  Settings elsewhere = *session_.settings;
  elsewhere.set_schema("b");
  session_.settings = table_.intern(std::move(elsewhere));
  EXPECT_EQ(steps(), "USE b | SET @@session.time_zone='+01:00'");
  restored(session_, connection_, {});
  EXPECT_EQ(steps(), "");
}

TEST_F(Ledger, AnUnknownConnectionIsGivenEverything) {
  connection_.settings = nullptr;
  EXPECT_EQ(steps(),
            "USE a | SET @@session.autocommit='ON',@@session.sql_mode='',@@session.time_zone='SYSTEM',@@session.character_set_client='utf8mb4',"
            "@@session.character_set_connection='utf8mb4',@@session.collation_connection='utf8mb4_general_ci'");
}

TEST_F(Ledger, TheSchemaIsEnteredAnewForFreshRights) {
  EXPECT_EQ(steps({}, true), "USE a");
  session_.settings = table_.intern(Settings("", start_->variables()));
  EXPECT_EQ(steps({}, true), "");  // a session without one cannot leave one: another pool key
}

TEST_F(Ledger, ASessionThatIsNotKnownYetGivesNothing) {
  session_.settings = nullptr;
  connection_.settings = nullptr;
  EXPECT_EQ(steps(), "");
}

TEST_F(Ledger, MultiStatementsAreCompared) {
  Needs needs;
  needs.multi_statements = true;
  EXPECT_EQ(steps(needs), "MULTI ON");
  restored(session_, connection_, needs);
  EXPECT_EQ(steps(needs), "");
  EXPECT_EQ(steps({}), "MULTI OFF");
}

TEST_F(Ledger, TrackingIsOursUnlessTheClientsOwnIsToBeSeen) {
  connection_.tracking = false;
  EXPECT_EQ(steps(), "SET " + kTracking);
  restored(session_, connection_, {});
  session_.tracking.system_variables = "sql_mode";
  Needs needs;
  needs.tracking = true;
  EXPECT_EQ(steps(needs), "SET " + session_.tracking.assignments());
  restored(session_, connection_, needs);
  EXPECT_FALSE(connection_.tracking);
  EXPECT_EQ(steps(), "SET " + kTracking);
  restored(session_, connection_, {});
  EXPECT_TRUE(connection_.tracking);
  EXPECT_EQ(steps(), "");
}

TEST_F(Ledger, LastInsertIdIsRestoredOnlyWhereItMayBeRead) {
  session_.insert_id = {7, 0};
  EXPECT_EQ(steps(), "");
  Needs needs;
  needs.insert_id = true;
  EXPECT_EQ(steps(needs), "SET @@session.last_insert_id=7");
  restored(session_, connection_, needs);
  EXPECT_EQ(steps(needs), "");
  EXPECT_FALSE(connection_.clean());  // a hidden reader of the next session would see it
  session_.insert_id = {0, 0};
  EXPECT_EQ(steps(needs), "SET @@session.last_insert_id=0");
  connection_.insert_id.reset();
  EXPECT_EQ(steps(needs), "SET @@session.last_insert_id=0");
  session_.insert_id = {0, connection_.serial};  // only the server knows it
  EXPECT_EQ(steps(needs), "");
}

TEST_F(Ledger, KnowsWhoMayReadTheInsertId) {
  for (const char* text : {"SELECT LAST_INSERT_ID()", "SELECT @@identity", "CALL p()", "INSERT INTO t VALUES (1)", "UPDATE t SET a = 1", "DELETE FROM t",
                           "SELECT f(1)", "EXECUTE s", "SELECT 1; SELECT 2", "what is this"}) {
    EXPECT_TRUE(needs_of(sql::classify(text, {})).insert_id) << text;
  }
  for (const char* text : {"SELECT a FROM t", "SET NAMES utf8", "BEGIN", "SHOW TABLES"}) EXPECT_FALSE(needs_of(sql::classify(text, {})).insert_id) << text;
  EXPECT_TRUE(needs_of(sql::classify("SELECT @@session_track_schema", {})).tracking);
  EXPECT_FALSE(needs_of(sql::classify("SELECT @@sql_mode", {})).tracking);
}

// ---- reset

TEST_F(Ledger, AResetIsFollowedByWhatItLosesInOneWrite) {
  const std::vector<Step> all = reset_steps(*start_);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(shown({all[0], all[2]}), "RESET | " + count_statement(1));
  EXPECT_EQ(all[1].text, set_statement(nullptr, *start_, kTracking));
  EXPECT_TRUE(all[1].text.starts_with("SET " + kTracking + ",@@session.autocommit='ON'"));
  EXPECT_EQ(tracking_assignments(), kTracking);
}

TEST_F(Ledger, WarningsOfOurOwnStepsAreTakenAway) {
  Needs needs;
  needs.empty_list = true;
  EXPECT_EQ(steps(needs), "");
  left_warnings(connection_);
  EXPECT_EQ(steps(needs), count_statement(1));
  restored(session_, connection_, needs);
  EXPECT_EQ(steps(needs), "");
}

TEST_F(Ledger, OnlyAResetMakesClean) {
  connection_.stains = stain::kState | stain::kInsertId | stain::kSequence | stain::kOdd;
  connection_.insert_id.reset();
  connection_.tracking = false;
  connection_.multi_statements = true;
  connection_.prepared.add({"select 1", start_}, 5);
  restored(session_, connection_, {});
  EXPECT_FALSE(connection_.clean());
  reset(connection_, start_);
  EXPECT_TRUE(connection_.clean());
  EXPECT_TRUE(connection_.tracking);
  EXPECT_EQ(connection_.insert_id, 0U);
  EXPECT_EQ(connection_.prepared.size(), 0U);
  EXPECT_FALSE(connection_.multi_statements);  // COM_SET_OPTION outlives a reset: still on? compared all the same
}

TEST_F(Ledger, WhatAResetDoesNotTakeAwayStays) {
  connection_.must_close = true;
  reset(connection_, start_);
  EXPECT_FALSE(connection_.clean());
  connection_ = fresh(1);
  connection_.told_kill = true;
  reset(connection_, start_);
  EXPECT_FALSE(connection_.clean());
}

// ---- learn: settings

TEST_F(Ledger, NamedChangesAreLearntOnBothSides) {
  const Learnt learnt = run("SET time_zone = '+01:00'", ok({{"time_zone", "+01:00"}}));
  EXPECT_EQ(learnt.ties, 0U);
  EXPECT_EQ(session_.settings->variable("time_zone"), "+01:00");
  EXPECT_EQ(session_.settings, connection_.settings);
  EXPECT_TRUE(connection_.clean());
  ReplyFacts reply = ok({}, true);
  reply.schema = "b";
  EXPECT_EQ(run("USE b", reply).ties, 0U);
  EXPECT_EQ(session_.settings->schema(), "b");
  EXPECT_EQ(session_.settings, connection_.settings);
}

TEST_F(Ledger, MomentsAreNoState) {
  EXPECT_EQ(run("SELECT 1", [] {
              ReplyFacts reply = rows(1);
              reply.variables = {{"last_gtid", "0-1-5"}};
              return reply;
            }())
                .ties,
            0U);
  EXPECT_EQ(session_.settings, start_);
}

TEST_F(Ledger, AConnectionThatLacksTheSchemaLearnsWithoutIt) {
  connection_.settings = table_.intern(Settings("", start_->variables()));  // the server would not enter it
  run("SET time_zone = '+01:00'", ok({{"time_zone", "+01:00"}}));
  EXPECT_EQ(session_.settings->schema(), "a");
  EXPECT_EQ(connection_.settings->schema(), "");
  EXPECT_EQ(connection_.settings->variable("time_zone"), "+01:00");
  EXPECT_EQ(steps(), "USE a");
}

TEST_F(Ledger, AnUnknownConnectionStaysUnknown) {
  connection_.settings = nullptr;
  run("SET time_zone = '+01:00'", ok({{"time_zone", "+01:00"}}));
  EXPECT_EQ(connection_.settings, nullptr);
  EXPECT_EQ(session_.settings->variable("time_zone"), "+01:00");
}

TEST_F(Ledger, WhatSetStatementReportsIsOverByThen) {
  ReplyFacts reply = ok({{"sql_mode", "ANSI"}});
  reply.status->ansi_quotes = true;
  EXPECT_EQ(run("SET STATEMENT sql_mode='ANSI' FOR DO 1", reply).ties & tie::kHard, 0U);
  EXPECT_EQ(session_.settings, start_);
  EXPECT_FALSE(session_.status.ansi_quotes);
}

TEST_F(Ledger, TheStatusWordIsLearntFromEveryOk) {
  ReplyFacts reply = ok({{"sql_mode", "ANSI_QUOTES"}});
  reply.status->ansi_quotes = true;
  reply.status->autocommit = false;
  run("SET sql_mode = 'ANSI_QUOTES', autocommit = 0", reply);
  EXPECT_TRUE(session_.status.ansi_quotes);
  EXPECT_FALSE(session_.status.autocommit);
}

TEST_F(Ledger, ComputedValuesAreLearntInsteadOfPinning) {
  const char* text = "SET sql_mode = CONCAT(@@sql_mode, ',X')";
  EXPECT_EQ(run(text, ok({{"sql_mode", "X"}})).ties, 0U);
  EXPECT_EQ(session_.settings->variable("sql_mode"), "X");
  EXPECT_EQ(run(text, ok()).ties & tie::kPinned, tie::kPinned);  // the server names nothing: then only the server knows
}

TEST_F(Ledger, TheCollationIsAskedForWhereItIsNotReported) {
  for (const char* text : {"SET NAMES latin1", "SET CHARACTER SET latin1", "SET character_set_connection = latin1", "SET NAMES utf8mb4 COLLATE utf8mb4_bin"}) {
    EXPECT_TRUE(run(text, ok({{"character_set_connection", "latin1"}})).ask_collation) << text;
  }
  EXPECT_FALSE(run("SET NAMES nothing", error(1115)).ask_collation);
  EXPECT_FALSE(run("SET time_zone = '+01:00'", ok({{"time_zone", "+01:00"}})).ask_collation);
  ReplyFacts told;
  told.variables = {{"collation_connection", "latin1_swedish_ci"}};
  learn_values(session_, connection_, told, table_);
  EXPECT_EQ(session_.settings->variable("collation_connection"), "latin1_swedish_ci");
  EXPECT_EQ(session_.settings, connection_.settings);
}

// ---- learn: the client's own tracking

TEST_F(Ledger, TheClientsTrackingIsAskedForAfterItsSet) {
  Needs needs;
  needs.tracking = true;
  restored(session_, connection_, needs);
  const char* text = "SET session_track_system_variables = CONCAT(@@session_track_system_variables, ',sql_mode'), sql_mode = CONCAT(@@sql_mode, 'X')";
  const Learnt learnt = run(text, ok());
  EXPECT_TRUE(learnt.ask_tracking);
  EXPECT_EQ(learnt.ties, 0U);  // what it computes is asked for: no reason to pin
  ReplyFacts told;
  told.variables = {{"session_track_system_variables", "autocommit,sql_mode"}, {"session_track_schema", "OFF"}, {"sql_mode", "X"}};
  learn_wish(session_, connection_, told, table_);
  EXPECT_EQ(session_.tracking.system_variables, "autocommit,sql_mode");
  EXPECT_FALSE(session_.tracking.schema);
  EXPECT_EQ(session_.settings->variable("sql_mode"), "X");
  EXPECT_EQ(session_.settings, connection_.settings);
  EXPECT_EQ(steps(), "SET " + kTracking);
}

TEST_F(Ledger, AsksForWhatASetOfTrackingSetBesides) {
  using Names = std::vector<std::string>;
  const Names wish = {"session_track_system_variables", "session_track_schema", "session_track_state_change", "session_track_transaction_info"};
  const auto names = [&](const char* text) { return names_to_ask(session_, sql::classify(text, {}), text, {}); };
  const auto with = [&](Names more) {
    Names all = wish;
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  Names everything;
  for (const auto& each : start_->variables()) everything.push_back(each.first);
  EXPECT_EQ(names("SET session_track_schema = 1"), wish);
  EXPECT_EQ(names("SET session_track_schema=1, @@Session.SQL_MODE='', autocommit=1"), with({"sql_mode", "autocommit"}));
  EXPECT_EQ(names("SET session_track_schema=1, @x = 1, GLOBAL wait_timeout = 1"), wish);
  EXPECT_EQ(names("SET session_track_schema=1, NAMES utf8"), with(everything));
  EXPECT_EQ(names("SET session_track_schema=1, storage_engine=x"), with(everything));
  EXPECT_EQ(names("SET session_track_schema=1; SET time_zone='x'"), with(everything));
  EXPECT_EQ(names("EXECUTE x"), with(everything));
  session_.settings = nullptr;
  EXPECT_EQ(names("SET session_track_schema=1, autocommit=1"), wish);
}

TEST_F(Ledger, AFlushOfOurOwnIsNotTheClientsWish) {
  session_.tracking.schema = false;
  ReplyFacts told;
  told.variables = {{"session_track_schema", "ON"}, {"time_zone", "+05:00"}};
  learn_values(session_, connection_, told, table_);
  EXPECT_FALSE(session_.tracking.schema);
  EXPECT_TRUE(connection_.tracking);
  EXPECT_EQ(session_.settings->variable("time_zone"), "+05:00");
  told.variables = {{"session_track_state_change", "OFF"}};  // a routine did that
  learn_values(session_, connection_, told, table_);
  EXPECT_FALSE(connection_.tracking);
}

TEST_F(Ledger, ReadingTheClientsTrackingPinsNothing) {
  EXPECT_EQ(run("SELECT @@session_track_schema", rows(1), true).ties, 0U);
  EXPECT_TRUE(connection_.clean());
  EXPECT_EQ(run("SHOW VARIABLES", rows(600)).ties & tie::kHard, 0U);
  EXPECT_TRUE(connection_.clean());
  run("SELECT @@session_track_schema FROM v", rows(1));  // what the view does is not reported meanwhile
  EXPECT_FALSE(connection_.clean());
}

// ---- learn: ties

TEST_F(Ledger, StateThatNobodyCanRestorePins) {
  struct Case {
    const char* text;
    ReplyFacts reply;
    PinReason reason;
  };
  const Case cases[] = {
      {"SET @a = 1", ok({}, true), PinReason::kUserVariable},
      {"SELECT @a := 1", rows(1), PinReason::kUserVariable},
      {"SELECT @a", rows(1), PinReason::kUserVariable},
      {"CREATE TEMPORARY TABLE t (a INT)", ok({}, true), PinReason::kTemporaryTable},
      {"SELECT GET_LOCK('a', 0)", rows(1), PinReason::kUserLock},
      {"PREPARE s FROM 'SELECT 1'", ok({}, true), PinReason::kPreparedText},
      {"HANDLER t OPEN", ok(), PinReason::kHandler},
      {"SELECT CONNECTION_ID()", rows(1), PinReason::kConnectionId},
      {"SELECT NEXTVAL(s)", rows(1), PinReason::kSequence},
      {"CALL p()", ok(), PinReason::kUnknownState},
      {"SELECT f(1)", rows(1), PinReason::kUnknownState},
      {"SELECT 1; SET @a = 1", rows(1), PinReason::kUserVariable},
      {"SET timestamp = 5", ok({{"timestamp", "5.000000"}}), PinReason::kUnknownState},
      {"INSERT INTO t VALUES (1)", ok({}, true), PinReason::kUnnamedChange},
      {"SELECT a FROM v", [] {
         ReplyFacts reply = rows(1);
         reply.state_changed = true;
         return reply;
       }(),
       PinReason::kUnnamedChange},
      {"UPDATE t SET a = 1", ok({{"timestamp", "5.000000"}}), PinReason::kUnnamedChange},
      {"XA START 'x'", ok(), PinReason::kXa},
      {"SET ROLE r", ok({}, true), PinReason::kUnknownState},
  };
  for (const Case& each : cases) {
    renew();
    const Learnt learnt = run(each.text, each.reply);
    EXPECT_NE(learnt.ties & tie::kPinned, 0U) << each.text;
    EXPECT_EQ(to_string(learnt.pin), to_string(each.reason)) << each.text;
    EXPECT_FALSE(connection_.clean()) << each.text;
    EXPECT_EQ(run("SET @b = 1", ok({}, true)).pin, PinReason::kNone) << "the first reason stays";
  }
}

TEST_F(Ledger, PlainStatementsTieNothing) {
  for (const char* text : {"SELECT a FROM t", "SHOW TABLES", "DO 1", "COMMIT", "ROLLBACK", "USE a", "SET time_zone = 'SYSTEM'", "FLUSH STATUS"}) {
    renew();
    const Learnt learnt = run(text, ok());
    EXPECT_EQ(learnt.ties & tie::kHard, 0U) << text;
    EXPECT_TRUE(connection_.clean()) << text;
  }
  renew();
  EXPECT_EQ(run("SELECT a FROM t", rows(3)).ties, 0U);
  EXPECT_EQ(run("SET STATEMENT max_statement_time=1 FOR SELECT 1", rows(1)).ties, 0U);
}

TEST_F(Ledger, WhatFailedBeforeItDidAnythingTiesNothing) {
  for (const char* text : {"SET @a = nosuch(1)", "CREATE TEMPORARY TABLE t (a INT)", "SELECT f(1)", "SELECT GET_LOCK('a')", "SET ROLE r"}) {
    renew();
    const Learnt learnt = run(text, error(1305));
    EXPECT_EQ(learnt.ties & tie::kHard, 0U) << text;
    EXPECT_TRUE(connection_.clean()) << text;
    EXPECT_FALSE(learnt.unsettled) << text;
  }
  for (const char* text : {"CALL p()", "SELECT 1; SET @a = 1", "EXECUTE s"}) {  // parts of it may have run
    renew();
    EXPECT_NE(run(text, error(1305)).ties & tie::kHard, 0U) << text;
  }
  renew();
  run("SET ROLE nosuch", error(1959));
  EXPECT_FALSE(connection_.must_close);
  EXPECT_TRUE(connection_.clean());
}

TEST_F(Ledger, AStatementThatNobodyPreparedTiesNothing) {
  EXPECT_EQ(run("EXECUTE nosuch", error(1243)).ties & tie::kHard, 0U);
  EXPECT_NE(run("EXECUTE IMMEDIATE 'CALL p()'", error(1243)).ties & tie::kPinned, 0U) << "the procedure may have said so";
  renew();
  run("PREPARE s FROM 'CALL p()'", ok());
  ASSERT_NE(ties_ & tie::kPinned, 0U);
  connection_.stains = 0;
  run("EXECUTE s", error(1243));
  EXPECT_NE(ties_ & tie::kPinned, 0U);
  EXPECT_NE(connection_.stains, 0U) << "what was prepared may have said so";
}

TEST_F(Ledger, WhatBrokeWithItsConnectionIsLostUntilItIsMadeAnew) {
  const auto lost = [&](const char* text, bool found_rows = false) { return asks_for_lost(session_, sql::classify(text, {}), found_rows); };
  run("INSERT INTO t VALUES (1)", inserted(5));
  lose_connection(session_, 1);
  EXPECT_EQ(lost("SELECT LAST_INSERT_ID()"), lost::kInsertId);
  EXPECT_EQ(lost("SHOW WARNINGS"), lost::kList);
  EXPECT_EQ(lost("SELECT FOUND_ROWS()", true), 0) << "it was known";
  EXPECT_EQ(lost("SELECT 1"), 0);
  run("SELECT a FROM t", rows(2));
  EXPECT_EQ(lost("SHOW WARNINGS"), 0);
  EXPECT_EQ(lost("SELECT LAST_INSERT_ID()"), lost::kInsertId);
  run("INSERT INTO t VALUES (2)", inserted(6));
  EXPECT_EQ(lost("SELECT LAST_INSERT_ID()"), 0);
  run("SELECT SQL_CALC_FOUND_ROWS a FROM t LIMIT 1", rows(1));
  lose_connection(session_, 1);
  EXPECT_EQ(lost("SELECT FOUND_ROWS()", true), lost::kFoundRows);
  run("SET time_zone='SYSTEM'", ok());
  EXPECT_EQ(lost("SELECT FOUND_ROWS()", true), lost::kFoundRows);
  run("SELECT a FROM t", rows(2));
  EXPECT_EQ(lost("SELECT FOUND_ROWS()", true), 0);
}

TEST_F(Ledger, DroppingATemporaryTableThatWasNeverMadeTiesNothing) {
  ReplyFacts reply = ok({}, true);
  reply.warnings = 1;
  EXPECT_EQ(run("DROP TEMPORARY TABLE IF EXISTS t", reply).ties & tie::kHard, 0U);
  EXPECT_TRUE(connection_.clean());
  EXPECT_NE(run("CREATE TABLE t LIKE u", ok({}, true)).ties & tie::kPinned, 0U);
}

TEST_F(Ledger, AnIdThatNullStandsForTies) {
  EXPECT_EQ(run("INSERT INTO t VALUES (1)", inserted(5)).ties & tie::kHard, 0U);
  renew();
  set("sql_auto_is_null", "ON");
  connection_.settings = session_.settings;
  EXPECT_EQ(run("UPDATE t SET a = 1", ok()).ties & tie::kHard, 0U);
  const Learnt learnt = run("INSERT INTO t VALUES (1)", inserted(5));
  EXPECT_NE(learnt.ties & tie::kPinned, 0U);
  EXPECT_EQ(to_string(learnt.pin), to_string(PinReason::kVariable));
}

TEST_F(Ledger, AfterAnErrorTheServerMayHaveMoreToTell) {
  for (const char* text : {"CALL p()", "INSERT INTO t VALUES (1)", "SELECT a FROM v", "DO f()", "UPDATE t SET a = 1"}) {
    renew();
    EXPECT_TRUE(run(text, error(1644)).unsettled) << text;
    EXPECT_FALSE(connection_.clean()) << text;
  }
  renew();
  EXPECT_FALSE(run("SET time_zone = 'nowhere'", error(1298)).unsettled);
  EXPECT_FALSE(run("SELECT a FROM t", rows(1)).unsettled);
}

TEST_F(Ledger, WhatAResetWouldNotTakeAwayCloses) {
  struct Case {
    const char* text;
    ReplyFacts reply;
  };
  const Case cases[] = {{"XA START 'x'", ok()},
                        {"XA PREPARE 'x'", ok()},
                        {"XA COMMIT 'x'", ok()},
                        {"SET ROLE r", ok({}, true)},
                        {"SET profiling = 1", ok({{"profiling", "ON"}})},
                        {"CALL p()", ok({{"profiling_history_size", "5"}})}};
  for (const Case& each : cases) {
    renew();
    run(each.text, each.reply);
    EXPECT_TRUE(connection_.must_close) << each.text;
  }
}

TEST_F(Ledger, TransactionsTieUntilTheyEnd) {
  EXPECT_EQ(run("BEGIN", in_transaction(ok())).ties, tie::kTransaction);
  EXPECT_EQ(run("SELECT a FROM t", in_transaction(rows(1))).ties, tie::kTransaction);
  EXPECT_EQ(run("SELECT nosuch", error(1054)).ties & tie::kHard, tie::kTransaction);  // an error does not say
  EXPECT_EQ(run("COMMIT", ok()).ties & tie::kHard, 0U);
  EXPECT_TRUE(connection_.clean());
  renew();
  session_.status.autocommit = false;
  EXPECT_EQ(run("SELECT a FROM t", error(1213)).ties & tie::kHard, tie::kTransaction);
}

TEST_F(Ledger, TableLocksTieUntilUnlocked) {
  EXPECT_NE(run("LOCK TABLES t WRITE", ok()).ties & tie::kTableLock, 0U);
  EXPECT_FALSE(connection_.clean());
  EXPECT_NE(run("SELECT a FROM t", rows(1)).ties & tie::kTableLock, 0U);
  EXPECT_NE(run("UNLOCK TABLES", error(1064)).ties & tie::kTableLock, 0U);
  EXPECT_EQ(run("UNLOCK TABLES", ok()).ties & tie::kHard, 0U);
  renew();
  EXPECT_EQ(run("LOCK TABLES t WRITE", error(1146)).ties & tie::kTableLock, 0U);
  EXPECT_NE(run("LOCK TABLES t WRITE; SELECT nosuch", error(1054)).ties & tie::kTableLock, 0U);
}

TEST_F(Ledger, TheNextTransactionsCharacteristicsTieUntilItHasEnded) {
  EXPECT_NE(run("SET TRANSACTION READ ONLY", ok()).ties & tie::kNextTransaction, 0U);
  EXPECT_NE(run("SET time_zone = 'SYSTEM'", ok()).ties & tie::kNextTransaction, 0U);
  EXPECT_NE(run("INSERT INTO t VALUES (1)", error(1792)).ties & tie::kNextTransaction, 0U);  // refused by it: not used up
  EXPECT_NE(run("BEGIN", in_transaction(ok())).ties & tie::kNextTransaction, 0U);
  EXPECT_EQ(run("COMMIT", ok()).ties & tie::kHard, 0U);
  renew();
  run("SET TRANSACTION READ ONLY", ok());
  EXPECT_EQ(run("SELECT a FROM t", rows(1)).ties & tie::kHard, 0U);
}

TEST_F(Ledger, CursorsTie) {
  ReplyFacts reply = rows(0);
  reply.cursor_open = true;
  EXPECT_EQ(run("SELECT a FROM t", reply).ties & tie::kHard, tie::kCursor);
  EXPECT_FALSE(connection_.clean());
}

// ---- learn: LAST_INSERT_ID

TEST_F(Ledger, WhatMaySetTheInsertIdIsKnownByTheServerOnly) {
  struct Case {
    const char* text;
    ReplyFacts reply;
    bool may;
  };
  ReplyFacts returning = rows(1);
  const Case cases[] = {
      {"INSERT INTO t VALUES ()", inserted(5), true},
      {"INSERT INTO t VALUES (99)", inserted(99), true},  // given by the client: LAST_INSERT_ID() stays; ask
      {"INSERT IGNORE INTO t VALUES (1)", inserted(0, 0), false},
      {"INSERT INTO t VALUES (2), (1)", error(1062), true},
      {"INSERT INTO nosuch VALUES (1)", error(1146), false},
      {"INSERT INTO t VALUES () RETURNING id", returning, true},
      {"REPLACE INTO t VALUES ()", inserted(5), true},
      {"LOAD DATA INFILE 'x' INTO TABLE t", inserted(5), true},
      {"UPDATE t SET a = 1", inserted(0), false},
      {"UPDATE t SET a = LAST_INSERT_ID(a + 1)", inserted(0), true},
      {"SELECT LAST_INSERT_ID(5)", rows(1), true},
      {"SELECT a FROM t", rows(1), false},
      {"CALL p()", ok(), true},
      {"SELECT f(1)", rows(1), true},
      {"SELECT 1; INSERT INTO t VALUES ()", error(1146), true},
  };
  for (const Case& each : cases) {
    renew();
    const Learnt learnt = run(each.text, each.reply);
    EXPECT_EQ((learnt.ties & tie::kInsertId) != 0, each.may) << each.text;
    EXPECT_EQ(session_.insert_id.on, each.may ? connection_.serial : 0) << each.text;
    EXPECT_EQ(connection_.insert_id.has_value(), !each.may) << each.text;
    EXPECT_EQ((connection_.stains & stain::kInsertId) != 0, each.may) << each.text;
  }
}

// ---- learn: FOUND_ROWS, ROW_COUNT, warnings

TEST_F(Ledger, RowsFoundAreWhatWasSentOnlyForAPlainSelect) {
  struct Case {
    const char* text;
    ReplyFacts reply;
    std::uint64_t value;  // known
    bool here;            // only the connection knows
  };
  const Case cases[] = {
      {"SELECT a FROM t", rows(3), 3, false},
      {"SELECT a FROM t WHERE 0", rows(0), 0, false},
      {"SELECT a FROM t LIMIT 2", rows(2), 2, false},
      {"WITH q AS (SELECT 1) SELECT * FROM q", rows(1), 1, false},
      {"SELECT a FROM t LIMIT 1, 2", rows(2), 0, true},
      {"SELECT a FROM t UNION SELECT 1 LIMIT 2", rows(2), 0, true},
      {"SELECT SQL_CALC_FOUND_ROWS a FROM t LIMIT 1", rows(1), 0, true},
      {"SHOW TABLES", rows(4), 0, true},
      {"EXPLAIN SELECT 1", rows(1), 0, true},
      {"VALUES (1), (2)", rows(2), 42, false},
      {"INSERT INTO t VALUES (1)", inserted(0), 42, false},
      {"UPDATE t SET a = 1", ok(), 42, false},
      {"UPDATE t SET a = 1, b = 2 WHERE c IN (1, 2)", ok(), 42, false},
      {"UPDATE t, u SET a = 1", ok(), 0, true},
      {"UPDATE t JOIN u ON x SET a = 1", ok(), 0, true},
      {"DELETE FROM t WHERE a = 1", ok(), 42, false},
      {"DELETE t FROM t JOIN u ON x", ok(), 0, true},
      {"DELETE t FROM t", ok(), 0, true},
      {"DELETE FROM t USING t, u", ok(), 0, true},
      {"CREATE TABLE t (a INT)", ok(), 42, false},
      {"DO 1", ok(), 42, false},
      {"INSERT INTO t SELECT a FROM u", inserted(0), 0, true},
      {"CREATE TABLE t SELECT 1", ok(), 0, true},
      {"DO (SELECT 1)", ok(), 0, true},
      {"CALL p()", rows(2), 0, true},
      {"SELECT 1 INTO @a", ok(), 0, true},
      {"SELECT a FROM t INTO OUTFILE 'x'", ok(), 0, true},
      {"INSERT INTO t SELECT a FROM u", error(1062), 0, true},
      {"SELECT a FROM nosuch", error(1146), 42, false},
      {"SET time_zone = 'SYSTEM'", ok(), 42, false},
      {"COMMIT", ok(), 42, false},
      {"BEGIN", ok(), 42, false},
      {"USE a", ok(), 42, false},
      {"SHOW WARNINGS", rows(1), 42, false},
      {"SELECT FOUND_ROWS()", rows(1), 1, false},
  };
  for (const Case& each : cases) {
    renew();
    session_.found_rows = {42, 0};
    run(each.text, each.reply);
    EXPECT_EQ(session_.found_rows.on, each.here ? connection_.serial : 0) << each.text;
    if (!each.here) {
      EXPECT_EQ(session_.found_rows.value, each.value) << each.text;
    }
    if (each.here) {
      EXPECT_NE(ties_ & tie::kDiagnostics, 0U) << each.text;
    }
  }
}

TEST_F(Ledger, ACountIsMadeAgainBeforeAProgramUnlessItIsLarge) {
  renew();
  const std::pair<std::uint64_t, bool> counts[] = {{7, true}, {1000, true}, {1001, false}, {50'000'000, false}};
  for (const auto& [rows, again] : counts) {
    session_.found_rows = {rows, 0};
    connection_.found_rows = 1;
    const std::string steps = shown(before(session_, connection_, needs_of(sql::classify("CALL p()", {})), false));
    EXPECT_EQ(steps.find(count_statement(rows)) != std::string::npos, again) << rows;
  }
}

TEST_F(Ledger, RowCountIsMinusOneAfterRowsAlsoWhenThereWereNone) {
  run("SELECT a FROM t WHERE 0", rows(0));
  EXPECT_TRUE(session_.last_had_rows);
  run("SET time_zone = 'SYSTEM'", ok());
  EXPECT_FALSE(session_.last_had_rows);
  run("SHOW WARNINGS", rows(0));
  EXPECT_TRUE(session_.last_had_rows);
}

TEST_F(Ledger, DiagnosticsTieUntilTheNextStatement) {
  EXPECT_NE(run("SELECT a FROM nosuch", error(1146)).ties & tie::kDiagnostics, 0U);
  EXPECT_EQ(session_.diagnostics_on, connection_.serial);
  EXPECT_NE(run("SHOW WARNINGS", rows(1)).ties & tie::kDiagnostics, 0U);
  EXPECT_NE(run("SELECT 1", rows(1), true).ties & tie::kDiagnostics, 0U);  // names no table
  EXPECT_EQ(run("SELECT a FROM t", rows(1)).ties & tie::kDiagnostics, 0U);
  EXPECT_EQ(session_.diagnostics_on, 0U);
  ReplyFacts warned = rows(1);
  warned.warnings = 1;
  EXPECT_NE(run("SELECT a FROM t", warned).ties & tie::kDiagnostics, 0U);
  renew();
  EXPECT_NE(run("UPDATE t SET a = 1", inserted(0, 3)).ties & tie::kDiagnostics, 0U);
}

TEST_F(Ledger, AConnectionThatIsGivenUpIsForgotten) {
  session_.insert_id = {0, 1};
  session_.found_rows = {0, 1};
  session_.diagnostics_on = 1;
  forget_connection(session_, 2);
  EXPECT_EQ(session_.insert_id.on, 1U);
  forget_connection(session_, 1);
  EXPECT_TRUE(session_.insert_id.known() && session_.insert_id.value == 0);
  EXPECT_TRUE(session_.found_rows.known() && session_.found_rows.value == 1);
  EXPECT_EQ(session_.diagnostics_on, 0U);
}

TEST_F(Ledger, KnowsTheErrorsOfStatementsThatDidNothing) {
  for (const int code : {1064, 1146, 1054, 1049, 1305, 1193, 1231}) EXPECT_TRUE(not_executed(static_cast<std::uint16_t>(code))) << code;
  for (const int code : {0, 1062, 1205, 1213, 1317, 1644, 1792, 1969, 2013}) EXPECT_FALSE(not_executed(static_cast<std::uint16_t>(code))) << code;
}

}  // namespace
}  // namespace hf::policy::session
