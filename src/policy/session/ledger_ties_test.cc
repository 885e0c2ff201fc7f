// The table of docs/mysql-service.md, cell by cell: what ties a session to its connection, and what is known of the
// statement before.
#include <string>
#include <vector>

#include "policy/session/last_statement.h"
#include "policy/session/ledger_fixture.h"
#include "policy/sql/classifier.h"

namespace hf::policy::session {
namespace {

using Variables = Settings::Variables;

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
      {"SELECT a FROM v",
       [] {
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
  for (const char* text : {"SELECT a FROM t", "SHOW TABLES", "DO 1", "COMMIT", "ROLLBACK", "USE a",
                           "SET time_zone = 'SYSTEM'", "FLUSH STATUS"}) {
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
  for (const char* text : {"SET @a = 1, nosuch = 2", "CREATE TEMPORARY TABLE t (a INT)", "SELECT GET_LOCK('a')",
                           "SELECT nosuch FROM t", "SET @a = nosuch(1)", "SET ROLE r"}) {
    renew();
    EXPECT_EQ(run(text, error(1305)).ties & tie::kHard, 0U) << text;
  }
  for (const char* text :
       {"SET @a = 1, nosuch = 2", "SELECT GET_LOCK('a')", "SET ROLE r", "USE nosuch", "LOCK TABLES nosuch READ"}) {
    renew();
    EXPECT_FALSE(run(text, error(1305)).unsettled) << text;
    EXPECT_TRUE(connection_.clean()) << text;
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

TEST_F(Ledger, AFunctionOrATriggerMayHaveRunBeforeTheErrorWhateverItIs) {
  for (const char* text :
       {"SELECT f(1)", "DO f(1)", "INSERT INTO t VALUES (1)", "SELECT a FROM t", "CREATE TABLE u SELECT a FROM t",
        "SET @a = f(1)", "SET sort_buffer_size = f(1)", "SHOW TABLES WHERE f(1)", "ANALYZE SELECT f(1)",
        "BEGIN NOT ATOMIC SET time_zone = '+01:00'; SELECT nosuch; END"}) {
    for (const int code : {1054, 1064, 1146, 1305, 1062}) {
      renew();
      EXPECT_TRUE(run(text, error(static_cast<std::uint16_t>(code))).unsettled) << text;
      EXPECT_FALSE(connection_.clean()) << text;
    }
  }
  for (const char* text :
       {"SELECT GET_LOCK('a', 0), f(1)", "INSERT INTO t VALUES (GET_LOCK('a', 0))", "SELECT NEXTVAL(s), f(1)"}) {
    renew();
    EXPECT_NE(run(text, error(1146)).ties & tie::kPinned, 0U) << text << ": of a lock nobody tells";
  }
  renew();
  Learnt learnt = run("SELECT a FROM t", error(1146));
  EXPECT_EQ(learnt.ties & tie::kPinned, 0U);
  learn_nameless(connection_, learnt);
  EXPECT_NE(learnt.ties & tie::kPinned, 0U);
  EXPECT_EQ(to_string(learnt.pin), to_string(PinReason::kUnnamedChange));
}

TEST_F(Ledger, AStatementThatNobodyPreparedTiesNothing) {
  EXPECT_EQ(run("EXECUTE nosuch", error(1243)).ties & tie::kHard, 0U);
  EXPECT_NE(run("EXECUTE IMMEDIATE 'CALL p()'", error(1243)).ties & tie::kPinned, 0U)
      << "the procedure may have said so";
  renew();
  run("PREPARE s FROM 'CALL p()'", ok());
  ASSERT_NE(ties_ & tie::kPinned, 0U);
  connection_.stains = 0;
  run("EXECUTE s", error(1243));
  EXPECT_NE(ties_ & tie::kPinned, 0U);
  EXPECT_NE(connection_.stains, 0U) << "what was prepared may have said so";
}

TEST_F(Ledger, WhatBrokeWithItsConnectionIsLostUntilItIsMadeAnew) {
  const auto lost = [&](const char* text, bool found_rows = false) {
    return asks_for_lost(session_, sql::classify(text, {}), found_rows);
  };
  run("INSERT INTO t VALUES (1)", inserted(5));
  lose_connection(session_, LastStatement{}, 1);
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
  lose_connection(session_, LastStatement{}, 1);
  EXPECT_EQ(lost("SELECT FOUND_ROWS()", true), lost::kFoundRows);
  run("SET time_zone='SYSTEM'", ok());
  EXPECT_EQ(lost("SELECT FOUND_ROWS()", true), lost::kFoundRows);
  run("SELECT a FROM t", rows(2));
  EXPECT_EQ(lost("SELECT FOUND_ROWS()", true), 0);
}

TEST_F(Ledger, ABrokenConnectionLosesNothingThatTheSessionRemembers) {
  run("SELECT a FROM nosuch", error(1146));
  LastStatement last{-1, ConditionList{}};
  lose_connection(session_, last, 1);
  EXPECT_EQ(session_.lost, 0);
  run("SELECT a FROM nosuch", error(1146));
  last.list.reset();
  lose_connection(session_, last, 1);
  EXPECT_EQ(session_.lost, lost::kList);
}

TEST_F(Ledger, WhichStatementsLeaveTheListAsItIs) {
  const auto leaves = [](const char* text) { return leaves_list(sql::classify(text, {})); };
  for (const char* text :
       {"SET ROLE r", "SET profiling = 1", "SET timestamp = DEFAULT", "XA START 'x'", "XA RECOVER",
        "SHOW COUNT(*) ERRORS", "HELP 'x'", "VALUES (1)", "SET ROLE r; SELECT 1", "SELECT 1; COMMIT"}) {
    EXPECT_TRUE(leaves(text)) << text;
  }
  for (const char* text : {"SET @a = f()", "CALL p()", "SELECT f()", "SELECT 1; SET @a = f()", "SELECT 1; SELECT f()",
                           "SELECT 1; SELECT a FROM t"}) {
    EXPECT_FALSE(leaves(text)) << text;
  }
}

TEST_F(Ledger, ANameExplainsAChangeOfASetAndNotOfWhatMayRunRoutines) {
  const auto explained = [](const char* text) { return explained_by_name(sql::classify(text, {})); };
  for (const char* text :
       {"SET time_zone = 'UTC'", "USE a", "SHOW TABLES", "SET STATEMENT sort_buffer_size = 1000 FOR SELECT a FROM t"}) {
    EXPECT_TRUE(explained(text)) << text;
  }
  for (const char* text : {"SELECT a FROM a_view", "INSERT INTO t VALUES (1)", "CALL p()"}) {
    EXPECT_FALSE(explained(text)) << text;
  }
}

TEST_F(Ledger, UnderALimitOfTheSessionsOwnOnlyTheServerKnowsTheCount) {
  run("SET sql_select_limit = 2", ok({{"sql_select_limit", "2"}}));
  run("(SELECT a FROM t) UNION ALL (SELECT 99)", rows(2));
  EXPECT_EQ(session_.found_rows.on, connection_.serial);
}

TEST_F(Ledger, AFailedReadIsDoubtedWhereTheConnectionHadAnothersCount) {
  bool told = true;
  const auto after = [&](std::optional<std::uint64_t> there, std::uint64_t there_now, std::uint16_t code) {
    renew();
    told = true;
    session_.found_rows = {42, 0};
    connection_.found_rows = there;
    const Learnt learnt = run("SELECT a FROM t", error(code));
    if (!learnt.doubted_count) {
      return session_.found_rows.on == connection_.serial ? there_now : session_.found_rows.value;
    }
    told = settle_count(session_, *learnt.doubted_count, there_now);
    EXPECT_TRUE(session_.found_rows.known());
    return session_.found_rows.value;
  };
  EXPECT_EQ(after(7, 7, 1146), 42U) << "it never began";
  EXPECT_EQ(after(7, 7, 3000), 42U) << "it left the count";
  EXPECT_FALSE(told) << "or has made it what it was";
  EXPECT_EQ(after(7, 2, 3000), 2U) << "it had sent two rows";
  EXPECT_TRUE(told);
  EXPECT_EQ(after(42, 42, 3000), 42U);
  EXPECT_EQ(after(42, 0, 3000), 0U) << "they agreed: it is asked there";
  EXPECT_EQ(after(std::nullopt, 3, 3000), 42U) << "perhaps another client's";
  EXPECT_FALSE(told);
  EXPECT_EQ(after(std::nullopt, 42, 3000), 42U);
  EXPECT_TRUE(told) << "whoever counted it";
  EXPECT_EQ(after(std::nullopt, 3, 1690), 42U) << "1690 may come before it begins";
  EXPECT_EQ(after(700, 700, 1690), 42U);
  ReplyFacts begun = error(1690);
  begun.rows = 2;
  renew();
  connection_.found_rows = 2;
  EXPECT_FALSE(run("SELECT a FROM t", begun).doubted_count) << "it has sent two rows, and counted them";
  EXPECT_EQ(session_.found_rows.on, connection_.serial);
}

TEST_F(Ledger, WarningsOfOurOwnAreTakenAwayBeforeWhateverMayLeaveThem) {
  left_warnings(connection_);
  connection_.found_rows = session_.found_rows.value;
  for (const char* text : {"/*!99999 INSERT INTO t VALUES (1) */ SELECT 1", "SELECT 1", "CALL p()"}) {
    EXPECT_EQ(steps(needs_of(sql::classify(text, {}))), count_statement(1)) << text;
  }
  EXPECT_EQ(steps(needs_of(sql::classify("INSERT INTO t VALUES (1)", {}))), "") << "it has a list of its own";
}

TEST_F(Ledger, RowsAreCountedAgainOnAConnectionThatMustClose) {
  session_.found_rows = {7, 0};
  run("SET ROLE r", ok());
  ASSERT_TRUE(connection_.must_close);
  EXPECT_EQ(steps(needs_of(sql::classify("INSERT INTO t SELECT a FROM u", {}))), count_statement(7));
  run("XA START 'x'", ok());
  EXPECT_EQ(steps(needs_of(sql::classify("INSERT INTO t SELECT a FROM u", {}))), "")
      << "a branch that is prepared lets nothing be read";
}

TEST_F(Ledger, UnlockTablesUsesUpTheNextTransactionOnlyWhereATableWasLocked) {
  run("SET TRANSACTION READ ONLY", ok());
  run("UNLOCK TABLES", ok());
  EXPECT_NE(ties_ & tie::kNextTransaction, 0U);
  run("LOCK TABLES t READ", ok());
  run("SET TRANSACTION READ ONLY", ok());
  run("UNLOCK TABLES", ok());
  EXPECT_EQ(ties_ & tie::kNextTransaction, 0U);
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

TEST_F(Ledger, AnXaStatementThatFindsNoBranchDoesNothing) {
  EXPECT_EQ(run("XA COMMIT 'x' ONE PHASE", error(1397)).ties & tie::kHard, 0U);
  EXPECT_TRUE(connection_.clean());
  run("XA START 'x'", error(1440));
  EXPECT_FALSE(connection_.in_xa) << "a reset of what it has besides may leave it where it is";
  run("XA ROLLBACK 'x'", error(1402));
  EXPECT_TRUE(connection_.in_xa) << "this one was rolled back";
}

TEST_F(Ledger, AnXaBranchLastsUntilItIsCommittedOrRolledBack) {
  for (const char* end : {"XA COMMIT 'x' ONE PHASE", "/* c */ xa rollback 'x'"}) {
    renew();
    run("SET profiling = 1", ok({{"profiling", "ON"}}));
    for (const char* text : {"XA START 'x'", "XA END 'x'", "XA PREPARE 'x'"}) {
      run(text, ok());
      EXPECT_TRUE(connection_.in_xa) << text;
    }
    run(end, error(1401));
    EXPECT_TRUE(connection_.in_xa) << end;
    run(end, ok());
    EXPECT_FALSE(connection_.in_xa) << end;
    EXPECT_TRUE(connection_.outlives_reset && connection_.must_close) << "the profiles are there still";
  }
  renew();
  run("XA START 'x'", ok());
  run("XA ROLLBACK 'x'", ok());
  EXPECT_FALSE(connection_.outlives_reset) << "a branch that has ended leaves nothing to a reset";
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

TEST_F(Ledger, WhatSaysNothingOfATransactionLeavesTheBeliefInIt) {
  run("BEGIN; INSERT INTO t VALUES (1)", error(1062));
  ReplyFacts prepared = ok();
  prepared.status.reset();
  EXPECT_EQ(run("DO 1", prepared).ties & tie::kHard, tie::kTransaction);
  EXPECT_EQ(run("SELECT a FROM t", in_transaction(rows(1))).ties & tie::kHard, tie::kTransaction);
  EXPECT_EQ(run("COMMIT", ok()).ties & tie::kHard, 0U);
}

TEST_F(Ledger, ASavepointBeginsTheTransactionOfASessionWithoutAutocommit) {
  EXPECT_EQ(run("SAVEPOINT a", ok()).ties & tie::kHard, 0U) << "with autocommit it is none";
  renew();
  ReplyFacts off = ok();
  off.status->autocommit = false;
  EXPECT_EQ(run("SAVEPOINT a", off).ties & tie::kHard, tie::kTransaction);
  EXPECT_EQ(run("SELECT 1", off).ties & tie::kHard, tie::kTransaction) << "the server says nothing of it yet";
  EXPECT_EQ(run("ROLLBACK TO a", off).ties & tie::kHard, tie::kTransaction);
  EXPECT_EQ(run("COMMIT", off).ties & tie::kHard, 0U);
}

TEST_F(Ledger, WhatMayHaveBegunATransactionDoesNotUseUpTheSettingsOfTheNext) {
  run("SET TRANSACTION READ ONLY", ok());
  run("SELECT 1; SELECT 2", error(1064));
  EXPECT_EQ(run("DO 1", ok()).ties & tie::kHard, tie::kNextTransaction);
}

TEST_F(Ledger, NothingIsCountedAnewWhereNothingMayBeRead) {
  run("XA START 'x'", ok());
  session_.found_rows = {7, 0};
  connection_.found_rows = 1;
  connection_.has_list = true;
  EXPECT_EQ(shown(before(session_, connection_, needs_of(sql::classify("CALL p()", {})), false)).find("counted"),
            std::string::npos);
}

TEST_F(Ledger, WhateverInsertsMaySetTheId) {
  for (const char* text :
       {"ANALYZE INSERT INTO t VALUES (1)", "CREATE TABLE n (id INT AUTO_INCREMENT PRIMARY KEY) SELECT a FROM t",
        "LOAD DATA LOCAL INFILE 'x' INTO TABLE t"}) {
    renew();
    EXPECT_NE(run(text, inserted(0, 3)).ties & tie::kInsertId, 0U) << text;
  }
  renew();
  EXPECT_EQ(run("CREATE TABLE n (id INT)", ok()).ties & tie::kInsertId, 0U);
  for (const char* text : {"EXPLAIN INSERT INTO t VALUES (1)", "CREATE TABLE n SELECT 1"}) {
    EXPECT_TRUE(needs_of(sql::classify(text, {})).insert_id) << text << ": it may leave the id as it is";
  }
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
  // refused by it: not used up
  EXPECT_NE(run("INSERT INTO t VALUES (1)", error(1792)).ties & tie::kNextTransaction, 0U);
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
      {"CREATE TABLE u (id INT AUTO_INCREMENT PRIMARY KEY) SELECT a FROM t", inserted(1), true},
      {"CREATE TABLE u (a INT)", inserted(0, 0), false},
      {"ANALYZE INSERT INTO t VALUES ()", rows(1), true},
      {"ANALYZE FORMAT=JSON REPLACE INTO t VALUES ()", rows(1), true},
      {"ANALYZE SELECT a FROM t", rows(1), false},
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
      {"SET sql_mode = (SELECT 'ANSI')", ok(), 42, false},
      {"SET sql_mode = (SELECT @@sql_mode), time_zone = (SELECT '+02:00')", ok(), 42, false},
      {"SET sql_mode = (SELECT a FROM t)", ok(), 0, true},
      {"SET sql_mode = (SELECT 'x' FROM dual WHERE 0)", ok(), 0, true},
      {"SET sql_mode = (SELECT 'x' UNION SELECT 'y')", ok(), 0, true},
      {"SET sql_select_limit = (SELECT COUNT(*))", ok(), 0, true},
      {"SET sql_mode = (SELECT 'x' WHERE 0)", ok(), 0, true},
      {"SET sql_select_limit = (SELECT (SELECT 5))", ok(), 0, true},
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
      {"INSERT INTO t SELECT FOUND_ROWS()", inserted(0), 0, true},
      {"INSERT INTO t VALUES (FOUND_ROWS())", inserted(0), 42, false},
      {"SELECT a FROM t LIMIT 1; SELECT FOUND_ROWS(); SELECT SQL_CALC_FOUND_ROWS a FROM t LIMIT 1; SHOW WARNINGS",
       rows(1), 0, true},
      {"DO 1; SHOW WARNINGS", rows(1), 0, true},
  };
  for (const Case& each : cases) {
    renew();
    session_.found_rows = {42, 0};
    run(each.text, each.reply);
    EXPECT_EQ(session_.found_rows.on, each.here ? connection_.serial : 0) << each.text;
    if (!each.here) { EXPECT_EQ(session_.found_rows.value, each.value) << each.text; }
    if (each.here) { EXPECT_NE(ties_ & tie::kDiagnostics, 0U) << each.text; }
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
  EXPECT_NE(run("SELECT 1", rows(1)).ties & tie::kDiagnostics, 0U);  // names no table
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
  for (const int code : {1064, 1146, 1054, 1049, 1305, 1193, 1231}) {
    EXPECT_TRUE(not_executed(static_cast<std::uint16_t>(code))) << code;
  }
  for (const int code : {0, 1062, 1205, 1213, 1317, 1644, 1792, 1969, 2013}) {
    EXPECT_FALSE(not_executed(static_cast<std::uint16_t>(code))) << code;
  }
}

}  // namespace
}  // namespace hf::policy::session
