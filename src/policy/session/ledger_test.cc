// The table of docs/mysql-service.md, cell by cell: what must be restored, what a reset does, which settings a reply
// teaches.
#include "policy/session/ledger.h"

#include <string>
#include <vector>

#include "policy/session/ledger_fixture.h"
#include "policy/sql/classifier.h"

namespace hf::policy::session {
namespace {

using Variables = Settings::Variables;

const std::string kTracking =
    "@@session.session_track_system_variables='*',@@session.session_track_state_change=1,@@session.session_track_"
    "schema=1,@@session.session_track_transaction_info='OFF'";

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

TEST_F(Ledger, ANameThatIsNotAsciiIsReadInUtf8WhateverTheConnectionSpoke) {
  const auto in_charset = [this](const char* charset) {
    Settings there = *start_;
    there.set_variable("character_set_client", charset);
    connection_.settings = table_.intern(std::move(there));
  };
  const auto in_schema = [this](Settings wanted) {
    wanted.set_schema("t\xc3\xbc");
    session_.settings = table_.intern(std::move(wanted));
  };
  in_schema(*start_);
  in_charset("latin1");
  std::vector<Step> steps = before(session_, connection_, {}, false);
  ASSERT_EQ(steps.size(), 2U) << "the session speaks utf8mb4 anyway";
  EXPECT_EQ(steps[0].text, "SET character_set_client=utf8mb4");
  EXPECT_EQ(steps[1].text, "t\xc3\xbc");
  in_charset("utf8mb3");
  steps = before(session_, connection_, {}, false);
  ASSERT_GE(steps.size(), 1U);
  EXPECT_EQ(steps[0].kind, Step::Kind::kSchema);
  // A session that speaks latin1 does so again behind it.
  Settings latin1 = *session_.settings;
  latin1.set_variable("character_set_client", "latin1");
  session_.settings = table_.intern(std::move(latin1));
  in_charset("latin1");
  steps = before(session_, connection_, {}, false);
  ASSERT_EQ(steps.size(), 3U);
  EXPECT_NE(steps[2].text.find("character_set_client='latin1'"), std::string::npos) << steps[2].text;
}

TEST_F(Ledger, AnUnknownConnectionIsGivenEverything) {
  connection_.settings = nullptr;
  EXPECT_EQ(
      steps(),
      "USE a | SET "
      "@@session.autocommit='ON',@@session.sql_mode='',@@session.time_zone='SYSTEM',@@session.character_set_client='"
      "utf8mb4',@@session.character_set_connection='utf8mb4',@@session.collation_connection='utf8mb4_general_ci'");
}

TEST_F(Ledger, WhatEnteringASchemaSetsIsSetBackWhereTheSessionHasItOtherwise) {
  const std::string back = "SET @@session.collation_database=@@global.collation_database";
  session_.settings = table_.reset_in_schema(start_, "a");
  EXPECT_EQ(shown(before(session_, connection_, {}, false)), back) << "it is there already";
  EXPECT_EQ(shown(before(session_, connection_, {}, true)), "USE a | " + back);
  connection_.settings = session_.settings;
  EXPECT_EQ(shown(before(session_, connection_, {}, false)), "");
  EXPECT_EQ(shown(before(session_, connection_, {}, true)), "USE a | " + back);
  connection_.settings = table_.reset_in_schema(start_, "b");
  EXPECT_EQ(shown(before(session_, connection_, {}, false)), "USE a | " + back) << "another schema's is no better";
  session_.settings = start_;
  connection_.settings = table_.reset_in_schema(start_, "a");
  EXPECT_EQ(shown(before(session_, connection_, {}, false)), "USE a") << "of a connection that was reset";
}

TEST_F(Ledger, ASchemaIsRefusedInTheSessionsOwnLanguage) {
  const auto speaking = [this](const char* language, const char* schema) {
    Settings settings = *start_;
    settings.set_schema(schema);
    settings.set_variable("lc_messages", language);
    return table_.intern(std::move(settings));
  };
  connection_.settings = speaking("de_DE", "b");
  session_.settings = speaking("en_US", "a");
  EXPECT_EQ(shown(before(session_, connection_, {}, false)),
            "SET @@session.lc_messages='en_US' | USE a | SET @@session.lc_messages='en_US'");
  session_.settings = speaking("de_DE", "a");
  EXPECT_EQ(shown(before(session_, connection_, {}, false)), "USE a");
  session_.settings = speaking("en_US", "b");
  EXPECT_EQ(shown(before(session_, connection_, {}, false)), "SET @@session.lc_messages='en_US'")
      << "no schema, no refusal";
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
  EXPECT_TRUE(connection_.clean());
  session_.insert_id = {0, 0};
  EXPECT_EQ(steps(needs), "SET @@session.last_insert_id=0");
  connection_.insert_id.reset();
  EXPECT_EQ(steps(needs), "SET @@session.last_insert_id=0");
  session_.insert_id = {0, connection_.serial};  // only the server knows it
  EXPECT_EQ(steps(needs), "");
}

TEST_F(Ledger, LastInsertIdOfAnotherSessionIsNeverThere) {
  const std::optional<std::uint64_t> left[] = {5, std::nullopt};
  for (const std::optional<std::uint64_t>& value : left) {
    for (const std::uint64_t own : {0U, 7U}) {
      connection_.insert_id = value;
      session_.insert_id = {own, 0};
      EXPECT_EQ(steps({}), "SET @@session.last_insert_id=" + std::to_string(own));
      restored(session_, connection_, {});
      EXPECT_EQ(connection_.insert_id, own);
      EXPECT_EQ(steps({}), "");
    }
    connection_.insert_id = value;
    session_.insert_id = {0, connection_.serial + 1};  // its own is on another connection
    EXPECT_EQ(steps({}), "SET @@session.last_insert_id=0");
    restored(session_, connection_, {});
    EXPECT_EQ(connection_.insert_id, 0U);
    EXPECT_EQ(session_.insert_id.on, connection_.serial + 1);
  }
}

TEST_F(Ledger, KnowsWhoMayReadTheInsertId) {
  for (const char* text :
       {"SELECT LAST_INSERT_ID()", "SELECT @@identity", "CALL p()", "INSERT INTO t VALUES (1)", "UPDATE t SET a = 1",
        "DELETE FROM t", "SELECT f(1)", "EXECUTE s", "ANALYZE DELETE FROM t", "SELECT 1; SELECT 2", "what is this"}) {
    EXPECT_TRUE(needs_of(sql::classify(text, {})).insert_id) << text;
  }
  for (const char* text : {"SELECT a FROM t", "SET NAMES utf8", "BEGIN", "SHOW TABLES"}) {
    EXPECT_FALSE(needs_of(sql::classify(text, {})).insert_id) << text;
  }
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
  connection_.stains = stain::kState | stain::kSequence | stain::kOdd;
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
  EXPECT_EQ(run("SELECT 1",
                [] {
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
  for (const char* text : {"SET NAMES latin1", "SET CHARACTER SET latin1", "SET character_set_connection = latin1",
                           "SET NAMES utf8mb4 COLLATE utf8mb4_bin"}) {
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
  const char* text =
      "SET session_track_system_variables = CONCAT(@@session_track_system_variables, ',sql_mode'), sql_mode = "
      "CONCAT(@@sql_mode, 'X')";
  const Learnt learnt = run(text, ok());
  EXPECT_TRUE(learnt.ask_tracking);
  EXPECT_EQ(learnt.ties, 0U);  // what it computes is asked for: no reason to pin
  ReplyFacts told;
  told.variables = {
      {"session_track_system_variables", "autocommit,sql_mode"}, {"session_track_schema", "OFF"}, {"sql_mode", "X"}};
  learn_wish(session_, connection_, told, table_);
  EXPECT_EQ(session_.tracking.system_variables, "autocommit,sql_mode");
  EXPECT_FALSE(session_.tracking.schema);
  EXPECT_EQ(session_.settings->variable("sql_mode"), "X");
  EXPECT_EQ(session_.settings, connection_.settings);
  EXPECT_EQ(steps(), "SET " + kTracking);
}

TEST_F(Ledger, AsksForWhatASetOfTrackingSetBesides) {
  using Names = std::vector<std::string>;
  const Names wish = {"session_track_system_variables", "session_track_schema", "session_track_state_change",
                      "session_track_transaction_info"};
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
  Names spelt_otherwise = {"storage_engine"};
  spelt_otherwise.insert(spelt_otherwise.end(), everything.begin(), everything.end());
  EXPECT_EQ(names("SET session_track_schema=1, storage_engine=x"), with(spelt_otherwise));
  EXPECT_EQ(names("SET @@sql_mode='', @@autocommit=1"), with({"sql_mode", "autocommit"}));
  EXPECT_EQ(names("SET session_track_schema=1; SET time_zone='x'"), with(everything));
  EXPECT_EQ(names("EXECUTE x"), with(everything));
  session_.settings = nullptr;
  EXPECT_EQ(names("SET session_track_schema=1, autocommit=1"), wish);
}

TEST_F(Ledger, LearnsWhatMaxJoinSizeSets) {
  EXPECT_FALSE(run("SET max_join_size=10", ok({{"max_join_size", "10"}})).ask_tracking);
  EXPECT_EQ(session_.settings->variable("sql_big_selects"), "OFF");
  run("SET sql_big_selects=1", ok({{"sql_big_selects", "ON"}}));
  EXPECT_EQ(session_.settings->variable("sql_big_selects"), "ON");
  run("SET max_join_size=5, sql_big_selects=1", ok({{"max_join_size", "5"}, {"sql_big_selects", "ON"}}));
  EXPECT_EQ(session_.settings->variable("sql_big_selects"), "ON") << "told beside it";
  run("SET sql_big_selects=0", ok({{"sql_big_selects", "OFF"}}));
  run("SET max_join_size=DEFAULT", ok({{"max_join_size", "18446744073709551615"}}));
  EXPECT_EQ(session_.settings->variable("sql_big_selects"), "ON");
  EXPECT_EQ(session_.settings, connection_.settings);
}

TEST_F(Ledger, AsksForWhatAVariableSetsUnseen) {
  const char* filter = "SET log_queries_not_using_indexes=1";
  EXPECT_TRUE(run(filter, ok({{"log_queries_not_using_indexes", "ON"}})).ask_tracking);
  EXPECT_EQ(names_to_ask(session_, sql::classify(filter, {}), filter, {}).back(), "log_slow_filter");
  EXPECT_FALSE(run("SET log_slow_filter=''", ok({{"log_slow_filter", ""}})).ask_tracking);
}

TEST_F(Ledger, APointOfTimeTies) {
  EXPECT_EQ(run("SET system_versioning_asof=DEFAULT", ok({{"system_versioning_asof", "DEFAULT"}})).ties, 0U);
  EXPECT_EQ(
      run("SET system_versioning_asof='2021-01-01'", ok({{"system_versioning_asof", "2021-01-01 00:00:00.000000"}}))
          .pin,
      PinReason::kVariable);
}

TEST_F(Ledger, WhatServersDoNotReportIsAskedForAndWhereItMayBeAnythingTheConnectionIsClosed) {
  ReplyFacts ok;
  const sql::Statement set = sql::classify("SET @@sql_mode=''", {});
  EXPECT_TRUE(learn(session_, connection_, set, ok, 0, table_).ask_tracking);
  EXPECT_FALSE(connection_.must_close);
  ok.failed = true;
  ok.error_code = 1193;
  EXPECT_FALSE(learn(session_, connection_, set, ok, 0, table_).ask_tracking) << "refused before it did anything";
  const sql::Statement profiling = sql::classify("SET @@profiling=1", {});
  const Learnt learnt = learn(session_, connection_, profiling, {}, 0, table_);
  EXPECT_EQ(learnt.ties & tie::kPinned, tie::kPinned);
  EXPECT_TRUE(connection_.must_close);
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
  EXPECT_EQ(run("SELECT @@session_track_schema", rows(1)).ties, 0U);
  EXPECT_TRUE(connection_.clean());
  EXPECT_EQ(run("SHOW VARIABLES", rows(600)).ties & tie::kHard, 0U);
  EXPECT_TRUE(connection_.clean());
  run("SELECT @@session_track_schema FROM v", rows(1));  // what the view does is not reported meanwhile
  EXPECT_FALSE(connection_.clean());
}

}  // namespace
}  // namespace hf::policy::session
