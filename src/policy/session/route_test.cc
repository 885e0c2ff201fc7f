#include "policy/session/route.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "policy/sql/classifier.h"

namespace hf::policy::session {
namespace {

RouteFacts facts(Door door, std::uint32_t ties = 0, bool at_primary = true) {
  RouteFacts out;
  out.door = door;
  out.holds = ties != 0;
  out.ties = ties;
  out.held_is_primary = out.holds && at_primary;
  return out;
}

const std::vector<Door>& doors() {
  static const std::vector<Door> all = {Door::kSplit, Door::kRead, Door::kWrite};
  return all;
}

const std::vector<std::uint32_t>& all_ties() {
  static const std::vector<std::uint32_t> all = {0,
                                                 tie::kTransaction,
                                                 tie::kTableLock,
                                                 tie::kNextTransaction,
                                                 tie::kCursor,
                                                 tie::kPinned,
                                                 tie::kLogin,
                                                 tie::kDiagnostics,
                                                 tie::kInsertId,
                                                 tie::kDiagnostics | tie::kInsertId,
                                                 tie::kTransaction | tie::kDiagnostics};
  return all;
}

const std::vector<std::string>& texts() {
  // clang-format off
  static const std::vector<std::string> all = {
      "SELECT 1", "SELECT a FROM t", "SHOW TABLES", "SELECT a FROM t FOR UPDATE", "INSERT INTO t VALUES (1)",
      "UPDATE t SET a = 1", "CALL p()", "SELECT f(1)", "SELECT @a", "SET @a = 1", "SET NAMES utf8", "USE s", "BEGIN",
      "START TRANSACTION READ ONLY", "COMMIT", "SELECT LAST_INSERT_ID()", "SELECT FOUND_ROWS()", "SHOW WARNINGS",
      "SELECT GET_LOCK('a', 1)", "SHOW VARIABLES", "SELECT 1; SELECT 2", "LOCK TABLES t READ",
      "CREATE TEMPORARY TABLE t (a INT)", "PREPARE s FROM 'x'", "what is this", "", "SELECT NEXTVAL(s)",
      "XA START 'x'", "SET ROLE r", "SET TRANSACTION READ ONLY", "DO SLEEP(1)", "HANDLER t OPEN",
      "SELECT CONNECTION_ID()"};
  // clang-format on
  return all;
}

sql::Statement statement_of(const std::string& text) { return sql::classify(text, {}); }

TEST(Route, FollowsTheTable) {
  struct Case {
    const char* text;
    RouteFacts facts;
    Routed wanted;
  };
  RouteFacts manual = facts(Door::kSplit);
  manual.status.autocommit = false;
  RouteFacts list = facts(Door::kSplit, tie::kDiagnostics, false);
  const Case cases[] = {
      {"SELECT a FROM t", facts(Door::kSplit), {Place::kReader, true, true}},
      {"SELECT a FROM t", facts(Door::kRead), {Place::kReader, true, false}},
      {"SELECT a FROM t", facts(Door::kWrite), {Place::kPrimary, true, true}},
      {"UPDATE t SET a = 1", facts(Door::kSplit), {Place::kPrimary, false, true}},
      {"UPDATE t SET a = 1", facts(Door::kRead), {Place::kReader, false, false}},
      {"SELECT a FROM t", manual, {Place::kPrimary, false, true}},
      {"START TRANSACTION READ ONLY", manual, {Place::kReader, false, true}},
      {"START TRANSACTION READ ONLY", facts(Door::kSplit), {Place::kReader, false, true}},
      {"BEGIN", facts(Door::kSplit), {Place::kPrimary, false, true}},
      {"SELECT a FROM t", facts(Door::kSplit, tie::kTransaction), {Place::kHeld, false, false}},
      {"SELECT a FROM t", facts(Door::kSplit, tie::kPinned, false), {Place::kHeld, false, false}},
      {"SELECT a FROM t", facts(Door::kSplit, tie::kInsertId), {Place::kReader, true, true}},
      {"SHOW WARNINGS", list, {Place::kHeld, false, false}},
      {"SELECT 1", list, {Place::kHeld, true, false}},
      {"SELECT a FROM t", list, {Place::kReader, true, true}},
      {"SHOW PRIVILEGES", list, {Place::kHeld, true, false}},
      {"EXPLAIN SELECT 1", list, {Place::kHeld, true, false}},
      {"SELECT @@read_only", list, {Place::kPrimary, false, true}},  // of the primary, wherever the list is
      {"SHOW PROCESSLIST", list, {Place::kPrimary, false, true}},
      {"SELECT @a", list, {Place::kPrimary, false, true}},
      {"SET time_zone = 'SYSTEM'", facts(Door::kSplit, tie::kInsertId), {Place::kHeld, true, true}},
      {"SET time_zone = 'SYSTEM'", facts(Door::kSplit), {Place::kReader, true, true}},
      {"SELECT LAST_INSERT_ID()", facts(Door::kSplit, tie::kInsertId), {Place::kPrimary, false, true}},
      {"SELECT LAST_INSERT_ID()", facts(Door::kRead, tie::kInsertId, false), {Place::kHeld, false, false}},
      {"SELECT a FROM t", facts(Door::kRead, tie::kInsertId, false), {Place::kReader, true, false}},
  };
  for (const Case& each : cases) {
    const Routed routed = route(statement_of(each.text), each.facts);
    EXPECT_EQ(static_cast<int>(routed.place), static_cast<int>(each.wanted.place))
        << each.text << " ties " << each.facts.ties;
    EXPECT_EQ(routed.repeatable, each.wanted.repeatable) << each.text << " ties " << each.facts.ties;
    EXPECT_EQ(routed.reroutable, each.wanted.reroutable) << each.text << " ties " << each.facts.ties;
  }
}

/// Every statement at every door with every tie.
template <typename Check>
void for_all(Check check) {
  for (const std::string& text : texts()) {
    const sql::Statement statement = statement_of(text);
    for (const Door door : doors()) {
      for (const std::uint32_t ties : all_ties()) {
        for (int bits = 0; bits < 4; ++bits) {
          RouteFacts each = facts(door, ties, (bits & 1) != 0);
          each.status.autocommit = (bits & 2) == 0;
          check(text, statement, each, route(statement, each));
        }
      }
    }
  }
}

TEST(Route, UnknownStateNeverGoesToAReaderOfItsOwnAccord) {
  for_all([](const std::string& text, const sql::Statement& statement, const RouteFacts& each, const Routed& routed) {
    if (each.door == Door::kRead || !statement.has(sql::effect::kUnknownState)) return;
    EXPECT_NE(static_cast<int>(routed.place), static_cast<int>(Place::kReader)) << text;
  });
}

TEST(Route, AHardTieComesBeforeEverything) {
  for_all(
      [](const std::string& text, const sql::Statement& /*statement*/, const RouteFacts& each, const Routed& routed) {
        if ((each.ties & tie::kHard) == 0) return;
        EXPECT_EQ(routed, (Routed{Place::kHeld, false, false})) << text;
      });
}

TEST(Route, AReadAddressNeverReachesThePrimaryByChoice) {
  for_all(
      [](const std::string& text, const sql::Statement& /*statement*/, const RouteFacts& each, const Routed& routed) {
        if (each.door != Door::kRead) return;
        EXPECT_NE(static_cast<int>(routed.place), static_cast<int>(Place::kPrimary)) << text;
        EXPECT_FALSE(routed.reroutable) << text;
      });
}

TEST(Route, AWriteAddressNeverReachesAReader) {
  for_all(
      [](const std::string& text, const sql::Statement& /*statement*/, const RouteFacts& each, const Routed& routed) {
        if (each.door == Door::kWrite) {
          EXPECT_NE(static_cast<int>(routed.place), static_cast<int>(Place::kReader)) << text;
        }
      });
}

TEST(Route, OnlyReadsOutsideTransactionsAreRepeatable) {
  for_all([](const std::string& text, const sql::Statement& statement, const RouteFacts& each, const Routed& routed) {
    if (!routed.repeatable) return;
    EXPECT_NE(static_cast<int>(statement.route), static_cast<int>(sql::Route::kPrimary)) << text;
    EXPECT_TRUE(each.status.autocommit) << text;
    EXPECT_EQ(each.ties & tie::kHard, 0U) << text;
  });
}

TEST(Route, KnowsQuestionsAboutTheStatementBefore) {
  for (const char* text : {"SHOW WARNINGS", "SELECT FOUND_ROWS()", "SELECT ROW_COUNT()", "SELECT @@warning_count",
                           "SELECT a FROM t WHERE b = ROW_COUNT()"}) {
    EXPECT_TRUE(asks_about_last(statement_of(text)) && !acts_on_last(statement_of(text))) << text;
  }
  for (const char* text : {"GET DIAGNOSTICS @a = NUMBER", "SELECT f(FOUND_ROWS())", "SELECT @a := FOUND_ROWS()",
                           "SELECT ROW_COUNT() INTO @a", "SELECT @@error_count FROM t FOR UPDATE",
                           "WITH q AS (SELECT FOUND_ROWS() AS x) SELECT x FROM q", "INSERT INTO t VALUES (ROW_COUNT())",
                           "CALL p(ROW_COUNT())", "SELECT ROW_COUNT(), CONNECTION_ID()"}) {
    EXPECT_TRUE(!asks_about_last(statement_of(text)) && acts_on_last(statement_of(text))) << text;
  }
  for (const char* text : {"SELECT 1", "INSERT INTO t VALUES (ROW_COUNT())", "SHOW TABLES", "CALL p()"}) {
    EXPECT_FALSE(asks_about_last(statement_of(text))) << text;
  }
}

TEST(Route, AReadAddressOnThePrimaryRefusesWhateverMayWrite) {
  // clang-format off
  for (const char* text : {
      "INSERT INTO t VALUES (1)", "UPDATE t SET a=1", "REPLACE t VALUES (1)", "DELETE FROM t",
      "CREATE TABLE t (a INT)", "DROP TABLE t", "TRUNCATE t", "LOAD DATA INFILE 'x' INTO TABLE t", "CALL p()",
      "EXECUTE s", "EXECUTE IMMEDIATE 'DELETE FROM t'", "SELECT f(1)", "SELECT 1; DELETE FROM t",
      "BEGIN NOT ATOMIC DELETE FROM t; END", "SET GLOBAL read_only=0", "SELECT NEXTVAL(s)", "DO f()", "SET @a = f()",
      "SET STATEMENT max_statement_time=1 FOR DELETE FROM t", "XA START 'x'", "GRANT ALL ON *.* TO u",
      "WITH x AS (SELECT 1) DELETE FROM t", "ANALYZE TABLE t", "unknown words"}) {
    // clang-format on
    EXPECT_TRUE(refused_by_replicas(statement_of(text))) << text;
  }
  for (const char* text :
       {"SELECT 1", "SELECT * FROM t", "SELECT @a", "SET @a = 1", "SET time_zone='+01:00'", "USE x", "SHOW TABLES",
        "BEGIN", "COMMIT", "SELECT GET_LOCK('a', 0)", "SELECT * FROM t FOR UPDATE", "CREATE TEMPORARY TABLE x (a INT)",
        "SHOW WARNINGS", "KILL 5", "PREPARE s FROM 'SELECT 1'", "SELECT LAST_INSERT_ID()"}) {
    EXPECT_FALSE(refused_by_replicas(statement_of(text))) << text;
  }
}

TEST(Route, LeavesAReadOnlyTransactionBeforeWhatEndsItAndWrites) {
  RouteFacts inside = facts(Door::kSplit, tie::kTransaction, false);
  inside.status.in_transaction = true;
  inside.status.read_only_transaction = true;
  for (const char* text : {"BEGIN", "START TRANSACTION", "LOCK TABLES t WRITE", "START TRANSACTION READ ONLY",
                           "CREATE TABLE t (a INT)", "ALTER TABLE t ADD b INT", "GRANT SELECT ON x.* TO u"}) {
    EXPECT_TRUE(leaves_read_only_transaction(statement_of(text), inside)) << text;
  }
  for (const char* text : {"SELECT 1", "COMMIT", "COMMIT AND CHAIN", "XA START 'x'", "INSERT INTO t VALUES (1)",
                           "DROP TEMPORARY TABLE IF EXISTS t", "SET autocommit=1", "UNLOCK TABLES"}) {
    EXPECT_FALSE(leaves_read_only_transaction(statement_of(text), inside)) << text;
  }
  RouteFacts other = inside;
  other.held_is_primary = true;
  EXPECT_FALSE(leaves_read_only_transaction(statement_of("BEGIN"), other));
  other = inside;
  other.door = Door::kRead;
  EXPECT_FALSE(leaves_read_only_transaction(statement_of("BEGIN"), other));
  other = inside;
  other.ties |= tie::kPinned;
  EXPECT_FALSE(leaves_read_only_transaction(statement_of("BEGIN"), other));
  other = inside;
  other.status.read_only_transaction = false;
  EXPECT_FALSE(leaves_read_only_transaction(statement_of("BEGIN"), other));
}

}  // namespace
}  // namespace hf::policy::session
