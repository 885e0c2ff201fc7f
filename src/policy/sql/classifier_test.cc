// Where statements go, by the table: statement -> route, kind, effects, reason.
#include "policy/sql/classifier.h"

#include <gtest/gtest.h>

#include <string>

// clang-format off: tables read better in columns

namespace hf::policy::sql {
namespace {

using namespace effect;  // NOLINT(google-build-using-namespace): the tables below are about nothing else

struct Case {
  const char* sql;
  Route route;
  std::uint32_t effects = 0;
  Reason reason = Reason::kRead;
};

std::string describe(const Statement& s) {
  std::string out = std::string(to_string(s.kind)) + " " + std::string(to_string(s.route)) + " [";
  for (int i = 0; i < 32; ++i) {
    if (s.has(1U << i)) out += std::string(effect_name(1U << i)) + " ";
  }
  return out + "] " + std::string(to_string(s.reason));
}

void check(const Case& c, const Context& context = {}) {
  const Statement s = classify(c.sql, context);
  EXPECT_TRUE(s.route == c.route && s.effects == c.effects && s.reason == c.reason)
      << c.sql << "\n  is     " << describe(s) << "\n  wanted " << to_string(c.route) << " " << to_string(c.reason);
}

constexpr Route kReader = Route::kReader;
constexpr Route kPrimary = Route::kPrimary;
constexpr Route kAny = Route::kAny;

TEST(Classifier, MarksVariablesThatServersDoNotReport) {
  for (const char* sql : {"SET @@sql_mode=''", "set time_zone='+01:00', @@sql_mode := 'ANSI'", "SET @@`time_zone` = '+00:00'", "SET STATEMENT sql_mode='' FOR SET @@x=1",
                          "/*!50000 SET @@sql_mode='' */", "SET @@profiling=1"}) {
    const bool single = std::string_view(sql).find("STATEMENT") == std::string_view::npos;
    EXPECT_EQ(classify(sql, {}).unreported, single) << sql;
  }
  for (const char* sql : {"SET sql_mode=''", "SET @@session.sql_mode=''", "SET @@LOCAL . sql_mode=''", "SET @@global.sql_mode=''", "SET @sql_mode=''",
                          "SET x=@@y", "SELECT @@sql_mode", "SET NAMES utf8"}) {
    EXPECT_FALSE(classify(sql, {}).unreported) << sql;
  }
  const Statement several = classify("SELECT 1; SET @@sql_mode=''", {});
  EXPECT_TRUE(several.unreported && several.has(effect::kUnknownState));
}

TEST(Classifier, SendsPlainReadsToReaders) {
  for (const char* sql : {
           "SELECT 1", "select 1;", " \t\r\n select 1 ; ; -- done", "SeLeCt * FROM t", "(SELECT 1)", "((select 1) union (select 2))",
           "SELECT/**/1", "SELECT\n*\nFROM\nt", "-- a comment\nSELECT 1", "# a comment\nSELECT 1", "/* a */ /* b */ SELECT 1",
           "WITH a AS (SELECT 1) SELECT * FROM a", "WITH a (x, y) AS (SELECT 1, 2), b (z) AS (SELECT 3) SELECT * FROM a, b",
           "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) SELECT * FROM n",
           "WITH a AS (SELECT 1) (SELECT * FROM a)", "SELECT * FROM (WITH q (x) AS (SELECT 1), r (y) AS (SELECT 2) SELECT * FROM q, r) d",
           "VALUES (1),(2)", "VALUES ROW(1,2)", "TABLE t", "TABLE t ORDER BY a LIMIT 3",
           "SELECT NOW(), RAND(), UUID(), VERSION(), DATABASE(), USER(), SLEEP(0), BENCHMARK(1, 2)", "SELECT COUNT(*) FROM t",
           "SELECT concat (a, 'x') FROM t", "SELECT IF(a, b, c), LEFT(a, 1), REPLACE(a, 'b', 'c'), INSERT(a, 1, 2, 'x') FROM t",
           "SELECT CAST(a AS CHAR(10)), CAST(b AS DECIMAL(10,2)), CAST(c AS SIGNED), CAST(d AS DATETIME(6)) FROM t",
           "SELECT CONVERT(a USING utf8mb4), CHAR(65 USING latin1), TRIM(BOTH 'x' FROM a) FROM t",
           "SELECT a FROM t WHERE b IN (1,2) AND c = ANY (SELECT 1) AND NOT EXISTS (SELECT 2) AND d BETWEEN (1) AND (2)",
           "SELECT a FROM t USE INDEX (i) LEFT JOIN (u, v) USING (id) WHERE MATCH (a,b) AGAINST ('x' IN BOOLEAN MODE)",
           "SELECT a FROM t USE INDEX FOR JOIN (i), u PARTITION (p0) GROUP BY (a) HAVING (a > 1)",
           "SELECT ROW_NUMBER() OVER (PARTITION BY a ORDER BY b), SUM(x) OVER w FROM t WINDOW w AS (ORDER BY c)",
           "SELECT SUBSTRING('abc' FROM 1 FOR 2)", "SELECT * FROM t FOR SYSTEM_TIME AS OF NOW()", "SELECT {fn NOW()}, {d '2020-01-01'}",
           "SELECT * FROM JSON_TABLE('[]', '$[*]' COLUMNS (a INT PATH '$.a')) AS j", "SELECT * FROM (SELECT 1, 2) AS t (a, b)",
           "SELECT `update`, t.`delete`, t.update, t.into, x.lock FROM t", "SELECT 'FOR UPDATE', \"INTO OUTFILE\", 'it''s', 'a\\'b'",
           "SELECT * FROM order_status", "SELECT CURRENT_TIMESTAMP, CURRENT_USER, LOCALTIME", "SELECT date '2020-01-01' + INTERVAL (1) DAY",
           "SELECT a FROM t PROCEDURE", "select a.b from c where d=-1 and e=--1", "SELECT N'x', x'41', b'1', _utf8'x', 0x41, 0b1, 1e5, .5, \\N",
           "SELECT * FROM t WHERE a = ? LIMIT ?", "SELECT a FROM t WHERE b IN (1, 2) LIMIT 5", "SELECT t.limit, t.offset FROM t",
           "SELECT id-1, id--1, id - -1 FROM t", "SELECT a FROM t WHERE a->'$.b' = 1 AND c->>'$.d' <=> 2",
           "SELECT 1 FROM dual WHERE 'a' REGEXP ('b') OR (1) XOR (0) AND (1) DIV (2)", "SELECT CASE (1) WHEN (2) THEN (3) ELSE (4) END",
           "SELECT /*+ SET_VAR(sort_buffer_size=1) */ 1", "SELECT /*! SQL_NO_CACHE */ 1", "SELECT /*!40001 SQL_NO_CACHE */ * FROM t",
           "HELP 'select'", "CHECKSUM TABLE a, b", "DESC t", "DESCRIBE t col", "EXPLAIN t", "EXPLAIN SELECT 1", "EXPLAIN EXTENDED SELECT 1",
           "EXPLAIN FORMAT=JSON SELECT 1", "EXPLAIN PARTITIONS SELECT 1", "DESC SELECT 1", "ANALYZE SELECT 1", "ANALYZE FORMAT=JSON SELECT 1",
           "EXPLAIN (SELECT 1)", "EXPLAIN WITH a (x) AS (SELECT 1) SELECT * FROM a", "DESC format", "EXPLAIN ANALYZE SELECT 1",
           "SHOW TABLES", "SHOW FULL TABLES FROM x LIKE 'a%'", "SHOW COLUMNS FROM t", "SHOW FULL COLUMNS FROM t",
           "SHOW EXTENDED FULL FIELDS FROM t", "SHOW CREATE VIEW t", "SHOW CREATE DATABASE d", "SHOW DATABASES", "SHOW SCHEMAS",
           "SHOW CHARACTER SET", "SHOW CHARSET", "SHOW COLLATION", "SHOW GRANTS", "SHOW GRANTS FOR 'u'@'h'", "SHOW CREATE USER u@h",
           "SHOW ENGINES", "SHOW STORAGE ENGINES", "SHOW PLUGINS", "SHOW PRIVILEGES", "SHOW TRIGGERS",
           "SHOW PROCEDURE STATUS", "SHOW FUNCTION STATUS LIKE 'x'", "SHOW PACKAGE BODY STATUS",
           "SELECT * FROM `information_schema`.`COLUMNS`",
           "SELECT * FROM information_schema.TABLE_CONSTRAINTS", "SELECT * FROM information_schema.schemata, t",
       }) {
    check({sql, kReader});
  }
  // Who answers, and what is the same wherever the answer comes from.
  for (const char* sql : {"SELECT @@server_id, @@hostname, @@port", "SELECT @@version", "SELECT @@version_comment LIMIT 1", "SELECT @@`version`, @@license",
                          "SELECT @@session.auto_increment_increment AS auto_increment_increment, @@character_set_client AS character_set_client, "
                          "@@collation_server, @@init_connect, @@interactive_timeout, @@lower_case_table_names, @@max_allowed_packet, "
                          "@@net_write_timeout, @@sql_mode, @@system_time_zone, @@time_zone, @@transaction_isolation, "
                          "@@wait_timeout",
                          "SELECT @@sql_mode, @@session.time_zone, @@local.autocommit", "SELECT @@tx_isolation", "SELECT @@collation_connection, DATABASE()"}) {
    check({sql, kReader, kReadsVariable});
  }
  check({"SELECT SQL_CALC_FOUND_ROWS * FROM t LIMIT 1", kReader, kFoundRows});
  check({"SET STATEMENT max_statement_time=1 FOR SELECT 1", kReader, kSetStatement});
  check({"SET STATEMENT sql_mode='ANSI' FOR SELECT a FROM t LIMIT 1, 2", kReader, kSetStatement | kOffset});
}

TEST(Classifier, MarksRowsThatAreSkippedForTheCountOfRowsFound) {
  for (const char* sql : {"SELECT * FROM t LIMIT 1, 2", "SELECT * FROM t LIMIT ?, ?", "SELECT * FROM t WHERE a = ? LIMIT ?,?", "SELECT * FROM t LIMIT 2 OFFSET 1",
                          "SELECT * FROM t ORDER BY a LIMIT 10 OFFSET 0;", "SELECT * FROM t OFFSET 1 ROW FETCH NEXT 2 ROWS ONLY", "SELECT * FROM t FETCH FIRST 1 ROWS WITH TIES",
                          "(SELECT a FROM t LIMIT 1,2) UNION SELECT 1", "SELECT 1 UNION ALL SELECT 2 LIMIT 1",
                          "(SELECT a FROM t) EXCEPT (SELECT 2) LIMIT 1", "SELECT 1 LIMIT 1 INTERSECT SELECT 2", "SELECT * FROM (SELECT a FROM t LIMIT 1/**/,/**/2) d"}) {
    check({sql, kReader, kOffset});
  }
  check({"SELECT SQL_CALC_FOUND_ROWS * FROM t LIMIT 1, 2", kReader, kFoundRows | kOffset});
  check({"SELECT 1 UNION SELECT 2", kReader});
  check({"SELECT a FROM t WHERE a IN (1, 2) LIMIT 3", kReader});
  check({"SELECT 1; SELECT * FROM t LIMIT 1, 2", kPrimary, kMultiStatement | kOffset, Reason::kMultiStatement});
}

TEST(Classifier, SendsWritesToThePrimary) {
  for (const char* sql : {
           "INSERT INTO t VALUES (1)", "INSERT INTO t (a, b) VALUES (1, 2) ON DUPLICATE KEY UPDATE a = VALUES(a)", "INSERT t SET a=1",
           "INSERT INTO db.t (a) SELECT b FROM u", "INSERT INTO t (a) VALUES (1) RETURNING id", "insert ignore into `t`(`a`) values(now())",
           "INSERT INTO t PARTITION (p0) (a) VALUES (1)", "REPLACE INTO t VALUES (1)", "REPLACE t (a) VALUES (1)", "UPDATE t SET a=1",
           "DELETE FROM t", "DELETE a, b FROM a JOIN b USING (id)", "WITH a AS (SELECT 1) UPDATE t SET x=1",
           "WITH a AS (SELECT 1) DELETE FROM t", "/* c */ UPDATE t SET a=1", "-- c\nDELETE FROM t", "EXPLAIN UPDATE t SET a=1",
           "EXPLAIN DELETE FROM t", "EXPLAIN INSERT INTO t (a) VALUES (1)", "ANALYZE UPDATE t SET a=1", "ANALYZE FORMAT=JSON DELETE FROM t",
           "DESC REPLACE INTO t VALUES (1)", "/*! DELETE FROM t */", "SELECT /*!40000 1 */ FROM t WHERE 1 /*! UNION DELETE FROM t */",
           "LOAD DATA INFILE 'x' INTO TABLE t (a, b)", "DO SLEEP(1)", "DO 1",
           "LOAD XML INFILE 'x' INTO TABLE t",
       }) {
    check({sql, kPrimary, 0, Reason::kWrite});
  }
  check({"SET STATEMENT max_statement_time=1 FOR UPDATE t SET a=1", kPrimary, kSetStatement, Reason::kWrite});
  check({"LOAD DATA LOCAL INFILE 'x' INTO TABLE t", kPrimary, kLocalInfile, Reason::kWrite});
  check({"LOAD DATA LOW_PRIORITY LOCAL INFILE 'x' INTO TABLE t (a, @b) SET c = @b", kPrimary, kLocalInfile | kUserVariable, Reason::kWrite});
  check({"INSERT INTO t VALUES (my_function(1))", kPrimary, kUnknownState, Reason::kWrite});
  check({"UPDATE t SET a = @x", kPrimary, kUserVariable, Reason::kWrite});
  check({"UPDATE t SET a = LAST_INSERT_ID(a + 1)", kPrimary, kReadsLastInsertId, Reason::kWrite});
  check({"INSERT INTO t SELECT a FROM u FOR UPDATE", kPrimary, kLocking, Reason::kWrite});
  check({"INSERT INTO t SELECT f(1)", kPrimary, kUnknownState, Reason::kWrite});
}

TEST(Classifier, SendsLockingReadsToThePrimary) {
  for (const char* sql : {"SELECT * FROM t FOR UPDATE", "select * from t for\n\tupdate nowait", "SELECT * FROM t FOR/**/UPDATE SKIP LOCKED",
                          "SELECT * FROM t FOR SHARE", "SELECT * FROM t LOCK IN SHARE MODE", "(SELECT 1 FROM t FOR UPDATE)",
                          "SELECT * FROM (SELECT * FROM t FOR UPDATE) d", "WITH a AS (SELECT 1 FROM t FOR UPDATE) SELECT * FROM a",
                          "SELECT 1 /*! FOR UPDATE */", "SELECT * FROM t FOR -- x\n UPDATE", "SELECT * FROM t FOR # x\n UPDATE",
                          "EXPLAIN SELECT * FROM t FOR UPDATE", "SELECT \\NFOR UPDATE", "SELECT 1.5FOR UPDATE", "SELECT 1e5FOR UPDATE"}) {
    check({sql, kPrimary, kLocking, Reason::kLockingRead});
  }
}

TEST(Classifier, SendsReadsThatStoreTheirResultToThePrimary) {
  check({"SELECT 1 INTO OUTFILE '/tmp/x'", kPrimary, kIntoOutfile, Reason::kInto});
  check({"SELECT 1 INTO DUMPFILE '/tmp/x'", kPrimary, kIntoOutfile, Reason::kInto});
  check({"SELECT \\NINTO OUTFILE 'x'", kPrimary, kIntoOutfile, Reason::kInto});
  check({"SELECT 1.INTO OUTFILE 'x'", kPrimary, kIntoOutfile, Reason::kInto});
  check({"SELECT 1 INTO @a", kPrimary, kUserVariable, Reason::kInto});
  check({"SELECT 1 INTO@a", kPrimary, kUserVariable, Reason::kInto});
  check({"SELECT 1 INTO local_variable", kPrimary, 0, Reason::kInto});
  check({"TABLE t INTO OUTFILE 'x'", kPrimary, kIntoOutfile, Reason::kInto});
  check({"EXPLAIN FORMAT=JSON INTO @x SELECT 1", kPrimary, kUserVariable, Reason::kInto});
}

TEST(Classifier, KeepsWhatLivesOnOneConnectionOnThePrimary) {
  for (const char* sql : {"SELECT @x", "SELECT @x := 1", "SELECT@x", "SELECT @`a b`", "SELECT @'a'", "SELECT @\"a\"", "SELECT a FROM t WHERE b=@c",
                          "SHOW TABLES WHERE @x", "SELECT @a.b"}) {
    check({sql, kPrimary, kUserVariable, Reason::kUserVariable});
  }
  for (const char* sql : {"SELECT GET_LOCK('a', 1)", "select release_lock ('a')", "SELECT RELEASE_ALL_LOCKS()", "SELECT IS_FREE_LOCK('a')",
                          "SELECT IS_USED_LOCK('a')", "SELECT 1 FROM t WHERE GET_LOCK('a',0)"}) {
    check({sql, kPrimary, kUserLock, Reason::kUserLock});
  }
  check({"DO RELEASE_LOCK('a')", kPrimary, kUserLock, Reason::kWrite});
  check({"SELECT LAST_INSERT_ID()", kPrimary, kReadsLastInsertId, Reason::kLastInsertId});
  check({"SELECT @@last_insert_id", kPrimary, kReadsLastInsertId | kReadsVariable, Reason::kLastInsertId});
  check({"SELECT @@session . identity", kPrimary, kReadsLastInsertId | kReadsVariable, Reason::kLastInsertId});
  check({"SELECT @@local.`identity`", kPrimary, kReadsLastInsertId | kReadsVariable, Reason::kLastInsertId});
  check({"SELECT CONNECTION_ID()", kPrimary, kConnectionId, Reason::kConnectionId});
  check({"SELECT @@pseudo_thread_id", kPrimary, kConnectionId | kReadsVariable, Reason::kConnectionId});
  for (const char* sql : {"SHOW WARNINGS", "SHOW ERRORS LIMIT 1", "SHOW COUNT(*) WARNINGS", "SHOW COUNT(*) ERRORS", "SELECT FOUND_ROWS()",
                          "SELECT ROW_COUNT()", "SHOW PROFILES", "SHOW PROFILE FOR QUERY 1"}) {
    check({sql, kPrimary, kReadsDiagnostics, Reason::kDiagnostics});
  }
  check({"SELECT @@warning_count", kPrimary, kReadsDiagnostics | kReadsVariable, Reason::kDiagnostics});
  check({"SELECT @@session.error_count", kPrimary, kReadsDiagnostics | kReadsVariable, Reason::kDiagnostics});
  check({"GET DIAGNOSTICS @n = NUMBER", kPrimary, kReadsDiagnostics | kUserVariable, Reason::kDiagnostics});
  check({"HANDLER t OPEN", kPrimary, kHandlerOpen, Reason::kHandler});
  check({"PREPARE s FROM 'SELECT 1'", kPrimary, kPreparedText, Reason::kPreparedText});
  check({"EXECUTE s", kPrimary, kPreparedText | kUnknownState, Reason::kPreparedText});
  check({"EXECUTE s USING @a", kPrimary, kPreparedText | kUnknownState | kUserVariable, Reason::kPreparedText});
  check({"EXECUTE IMMEDIATE 'SET @x=1'", kPrimary, kUnknownState, Reason::kPreparedText});
  check({"EXECUTE IMMEDIATE 'SHOW WARNINGS'", kPrimary, kUnknownState | kReadsDiagnostics, Reason::kPreparedText});
  check({"DEALLOCATE PREPARE s", kPrimary, kPreparedText, Reason::kPreparedText});
  check({"DROP PREPARE s", kPrimary, kPreparedText, Reason::kPreparedText});
}

TEST(Classifier, TreatsEveryFunctionItDoesNotKnowAsAWrite) {
  for (const char* sql : {"SELECT my_function(1)", "SELECT db.f(1)", "SELECT db . f (1)", "SELECT `f`(1)", "SELECT `db`.`f`(1)", "SELECT db.abs(1)",
                          "SELECT COUNT (*) FROM t", "SELECT now ()", "SELECT a FROM t WHERE x IN (SELECT f(1))", "SELECT f/**/(1)",
                          "SELECT f\n(1)", "SELECT `abs`(1)", "SELECT begin(1)", "SELECT sys.ps_is_account_enabled('a','b')", "SELECT nvl(1,2)",
                          "SELECT uuid_to_bin(1)", "VALUES (f(1))", "SHOW TABLES WHERE f(1)", "SELECT a ORDER BY b, f(1)", "SELECT 1 AS a, f(1)",
                          "SELECT GROUP_CONCAT(a) FROM t GROUP BY a WITH ROLLUP ORDER BY a, f(1)", "EXPLAIN SELECT f(1)", "SELECT any(1)",
                          "SELECT /*! f(1) */", "SELECT status(1)", "SELECT names(1)"}) {
    check({sql, kPrimary, kUnknownState, Reason::kUnknownFunction});
  }
  check({"SELECT COUNT (*), NOW () FROM t", kReader}, Context{.ignore_space = true});
  check({"SELECT NVL(1,2), TO_CHAR(NOW(), 'YYYY'), MEDIAN(a) OVER (PARTITION BY b) FROM t", kReader}, Context{.flavor = Flavor::kMariaDb});
  check({"SELECT UUID_TO_BIN(UUID())", kReader}, Context{.flavor = Flavor::kMySql});
  check({"SELECT NVL(1,2)", kPrimary, kUnknownState, Reason::kUnknownFunction}, Context{.flavor = Flavor::kMySql});
  check({"SELECT \"f\"(1)", kPrimary, kUnknownState, Reason::kUnknownFunction}, Context{.ansi_quotes = true});
}

TEST(Classifier, TreatsSequencesAsWrites) {
  for (const char* sql : {"SELECT NEXTVAL(s)", "SELECT NEXT VALUE FOR s", "SELECT PREVIOUS VALUE FOR s", "SELECT LASTVAL(s)", "SELECT SETVAL(s, 5)",
                          "SELECT s.nextval FROM dual", "SELECT s.CURRVAL", "SELECT next\nvalue\nfor s"}) {
    check({sql, kPrimary, kSequence, Reason::kSequence});
  }
  check({"INSERT INTO t VALUES (NEXTVAL(s))", kPrimary, kSequence, Reason::kWrite});
  check({"DO SETVAL(s, 9)", kPrimary, kSequence, Reason::kWrite});
  check({"SELECT 1; SELECT LASTVAL(s)", kPrimary, kMultiStatement | kSequence, Reason::kMultiStatement});
}

TEST(Classifier, ShowsAServersOwnStateFromThePrimary) {
  for (const char* sql : {"SHOW MASTER STATUS", "SHOW BINLOG STATUS", "SHOW BINLOG EVENTS", "SHOW BINARY LOGS", "SHOW BINARY LOG STATUS",
                          "SHOW MASTER LOGS", "SHOW RELAYLOG EVENTS", "SHOW SLAVE STATUS", "SHOW ALL SLAVES STATUS", "SHOW REPLICA STATUS",
                          "SHOW SLAVE HOSTS", "SHOW REPLICAS", "SHOW PROCESSLIST", "SHOW FULL PROCESSLIST", "SHOW ENGINE INNODB STATUS",
                          "SHOW OPEN TABLES", "SHOW STATUS", "SHOW GLOBAL STATUS LIKE 'x'", "SHOW SESSION STATUS", "SHOW EXPLAIN FOR 5",
                          "SHOW ANALYZE FOR 5", "SHOW USER_STATISTICS", "SHOW PROCEDURE CODE p", "EXPLAIN FOR CONNECTION 5", "SHOW what_is_this",
                          "SELECT * FROM information_schema.processlist", "SELECT * FROM INFORMATION_SCHEMA . `PROCESSLIST`",
                          "SELECT * FROM information_schema.GLOBAL_STATUS", "SELECT * FROM information_schema.innodb_trx",
                          "SELECT * FROM `performance_schema`.`session_status`", "SELECT * FROM performance_schema.threads",
                          "SELECT * FROM performance_schema . events_statements_history", "SELECT * FROM information_schema.TABLE_STATISTICS",
                          "SELECT * FROM information_schema.CLIENT_STATISTICS, t", "SELECT * FROM information_schema.PROFILING",
                          "SELECT * FROM mysql.gtid_slave_pos", "SHOW TABLE STATUS", "SHOW CREATE TABLE t", "SHOW INDEX FROM t", "SHOW KEYS FROM t", "SHOW EVENTS", "SHOW CREATE EVENT e", "SELECT * FROM information_schema.EVENTS",
                          "SELECT * FROM information_schema.tables", "SELECT * FROM information_schema.PARTITIONS", "SELECT * FROM information_schema.STATISTICS",
                          "SELECT LOAD_FILE('/etc/hosts')", "SELECT MASTER_POS_WAIT('x', 1)", "SELECT MASTER_GTID_WAIT('0-1-1')"}) {
    check({sql, kPrimary, 0, Reason::kServerLocal});
  }
  check({"SELECT @@gtid_current_pos", kPrimary, kReadsVariable, Reason::kServerLocal});
  for (const char* sql : {"SELECT @@global.read_only", "SELECT @@global.max_connections, @@session.sql_mode", "SELECT @@GLOBAL . `sql_mode`",
                          "SELECT @@global.server_id", "SELECT @@max_connections", "SELECT @@innodb_buffer_pool_size", "SELECT @@no_such_variable",
                          "SELECT @@version, @@read_only", "SELECT @@datadir", "SELECT @@wait_timeout, @@performance_schema, @@query_cache_size"}) {
    check({sql, kPrimary, kReadsVariable, Reason::kServerLocal});
  }
  check({"/* holdfast: replica */ SELECT @@global.max_connections", kReader, kReadsVariable, Reason::kReadDespiteDoubt});
}

TEST(Classifier, KnowsWhoReadsOrSetsTheClientsOwnTracking) {
  for (const char* sql : {"SHOW VARIABLES", "SHOW GLOBAL VARIABLES LIKE 'x'", "SHOW VARIABLES LIKE 'server_id'", "SHOW SESSION VARIABLES WHERE Variable_name = 'sql_mode'",
                          "SELECT * FROM information_schema.SESSION_VARIABLES", "SELECT * FROM information_schema.GLOBAL_VARIABLES",
                          "SELECT * FROM INFORMATION_SCHEMA.`system_variables`", "SELECT * FROM information_schema.user_variables", "SELECT * FROM performance_schema.session_variables"}) {
    check({sql, kPrimary, kReadsTracking, Reason::kServerLocal});
  }
  for (const char* sql : {"SELECT @@session_track_system_variables", "SELECT @@session.session_track_schema, @@session_track_transaction_info",
                          "SELECT @@Session_Track_State_Change"}) {
    check({sql, kReader, kReadsTracking | kReadsVariable});
  }
  check({"SET @wish = @@session_track_system_variables", kPrimary, kReadsTracking | kReadsVariable | kUserVariable, Reason::kUserVariable});
  check({"SET @@session_track_schema = 1, @wish = @@session_track_schema", kPrimary, kSetsVariable | kReadsTracking | kReadsVariable | kUserVariable, Reason::kUserVariable});
  for (const char* sql : {"SET session_track_schema=0", "SET @@session.session_track_system_variables='*', autocommit=1",
                          "SET session_track_schema=1,session_track_system_variables='auto_increment_increment',autocommit=1",
                          "SET SESSION session_track_transaction_info=CHARACTERISTICS", "SET `session_track_state_change` := ON"}) {
    check({sql, kAny, kSetsVariable | kReadsTracking, Reason::kReplayable});
  }
  check({"SET session_track_schema=0; SELECT 1", kPrimary, kMultiStatement | kSetsVariable | kReadsTracking, Reason::kMultiStatement});
  check({"INSERT INTO t VALUES (@@session_track_schema)", kPrimary, kReadsTracking | kReadsVariable, Reason::kWrite});
}

TEST(Classifier, TracksReplayableSettings) {
  for (const char* sql : {"SET NAMES utf8mb4", "SET NAMES 'utf8' COLLATE 'utf8_general_ci'", "SET CHARACTER SET latin1",
                          "SET CHARSET 'utf8'", "SET time_zone='+00:00', NAMES utf8mb4, sql_safe_updates = ON", "/*!40101 SET NAMES utf8 */",
                          "/*! SET NAMES utf8 */;", "SET character_set_results = NULL", "SET @@session.Character_Set_Client=utf8mb4",
                          "SET collation_connection = 'utf8mb4_bin', autocommit=1", "SET `character_set_database` = latin1"}) {
    check({sql, kAny, kSetsVariable | kSetsCharset, Reason::kReplayable});
  }
  for (const char* sql : {"SET autocommit=0", "SET AUTOCOMMIT := 1", "SET SESSION sql_mode='ANSI_QUOTES'", "SET @@sql_mode=''",
                          "SET @@session.time_zone='+00:00'", "SET @@LOCAL . time_zone = '+00:00'", "SET LOCAL wait_timeout=100",
                          "set unique_checks=0, foreign_key_checks=0",
                          "SET SQL_AUTO_IS_NULL = 0", "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
                          "SET SESSION TRANSACTION READ ONLY, ISOLATION LEVEL SERIALIZABLE", "SET group_concat_max_len = 4096;",
                          "/* driver 1.2 */ SET sql_select_limit=18446744073709551615", "SET optimizer_search_depth=-1", "SET lc_messages = _utf8'en_US'",
                          "SET default_collation_for_utf8mb4 = utf8mb4_0900_ai_ci", "SET `time_zone` = 'SYSTEM'"}) {
    check({sql, kAny, kSetsVariable, Reason::kReplayable});
  }
  // The global value is one server's own, and the primary's is meant; it is tracked as any other.
  for (const char* sql : {"SET sql_select_limit=DEFAULT", "SET @@session.time_zone = default, autocommit=1"}) check({sql, kPrimary, kSetsVariable, Reason::kServerLocal});
  for (const char* sql : {"SET NAMES DEFAULT", "SET CHARACTER SET Default", "SET collation_server=DEFAULT"}) {
    check({sql, kPrimary, kSetsVariable | kSetsCharset, Reason::kServerLocal});
  }
}

TEST(Classifier, PinsForSettingsItCannotReplay) {
  for (const char* sql : {"SET sql_log_bin=0", "SET insert_id=5", "SET timestamp=1", "SET last_insert_id=1", "SET rand_seed1=1",
                          "SET gtid_domain_id=1", "SET gtid_seq_no=5", "SET debug_dbug='d'", "SET skip_replication=1", "SET profiling=1",
                          "SET no_such_variable=1", "SET SESSION wsrep_on=0", "SET a.b = 1", "SET server_id = 5", "SET version = 'x'",
                          "SET optimizer_trace='enabled=on'", "SET SQL_AUTO_IS_NULL = 1", "SET sql_log_bin = 0, insert_id = 1"}) {
    check({sql, kPrimary, kUnknownState, Reason::kUnreplayableSet});
  }
  for (const char* sql : {"SET ROLE r", "set role none", "SET ROLE `r`", "SET DEFAULT ROLE r FOR u@h", "SET PASSWORD FOR 'u'@'h' = 'x'",
                          "SET PASSWORD = 'x'", "set password=password('b')", "SET sql_log_bin = 1, PASSWORD = 'x'", "SET RESOURCE GROUP g", "SET", "SET x", "SET autocommit", "SET autocommit = "}) {
    check({sql, kPrimary, kUnknownState | kRole, Reason::kUnreplayableSet});
  }
  check({"/*!40101 SET PASSWORD = 'x' */", kPrimary, kUnknownState | kRole, Reason::kUnreplayableSet});
  check({"SET ROLE r; SELECT 1", kPrimary, kMultiStatement | kUnknownState | kRole, Reason::kMultiStatement});
  check({"SET pseudo_thread_id=7", kPrimary, kUnknownState | kConnectionId, Reason::kUnreplayableSet});
  check({"SET wait_timeout = f(1)", kPrimary, kUnknownState | kSetsVariable, Reason::kUnreplayableSet});
  check({"SET sql_mode = @old", kPrimary, kUnknownState | kSetsVariable | kUserVariable, Reason::kUserVariable});
  check({"SET NAMES ?", kPrimary, kUnknownState | kSetsVariable | kSetsCharset, Reason::kUnreplayableSet});
  check({"SET character_set_client = @cs", kPrimary, kUnknownState | kSetsVariable | kSetsCharset | kUserVariable, Reason::kUserVariable});
  check({"SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", kPrimary, kNextTransaction, Reason::kNextTransaction});
  check({"SET TRANSACTION READ ONLY", kPrimary, kNextTransaction, Reason::kNextTransaction});
  check({"SET @@tx_read_only = 1", kPrimary, kNextTransaction, Reason::kNextTransaction});
  check({"SET GLOBAL TRANSACTION READ ONLY", kPrimary, kSetsGlobal, Reason::kGlobalSet});
  check({"SET GLOBAL max_connections=5", kPrimary, kSetsGlobal, Reason::kGlobalSet});
  check({"SET @@global.max_connections=5", kPrimary, kSetsGlobal, Reason::kGlobalSet});
  check({"SET PERSIST max_connections=5", kPrimary, kSetsGlobal, Reason::kGlobalSet});
  check({"SET GLOBAL wait_timeout=5, time_zone='x'", kPrimary, kSetsGlobal, Reason::kGlobalSet});
  check({"SET GLOBAL wait_timeout=5, SESSION time_zone='x'", kPrimary, kSetsGlobal | kSetsVariable, Reason::kGlobalSet});
  check({"SET @a=1", kPrimary, kUserVariable, Reason::kUserVariable});
  check({"SET @a=1, NAMES utf8", kPrimary, kUserVariable | kSetsVariable | kSetsCharset, Reason::kUserVariable});
  check({"SET @id = LAST_INSERT_ID()", kPrimary, kUserVariable | kReadsLastInsertId, Reason::kLastInsertId});
  check({"SET @a = f(1)", kPrimary, kUserVariable | kUnknownState, Reason::kUserVariable});
  check({"SET STATEMENT sql_log_bin=0 FOR SELECT 1", kPrimary, kSetStatement, Reason::kUnreplayableSet});
  check({"SET STATEMENT max_statement_time=1 FOR SET sql_mode=''", kPrimary, kUnknownState | kSetStatement, Reason::kUnknownStatement});
  check({"SET STATEMENT max_statement_time=1 FOR USE x", kPrimary, kUnknownState | kChangesSchema | kSetStatement, Reason::kUnreplayableSet});
}

TEST(Classifier, MarksComputedValuesSoThatTheServersWordCanReplacePinning) {
  constexpr std::uint32_t kComputed = kSetsVariable | kUnknownState | kComputedValue;
  check({"SET sql_mode = CONCAT('A', ',B')", kPrimary, kComputed, Reason::kComputedSet});
  check({"SET @@SESSION.sql_mode = CONCAT(CONCAT(@@sql_mode, ',X'), ',Y'), @@SESSION.sql_auto_is_null = 0, @@SESSION.wait_timeout = 2147483",
         kPrimary, kComputed | kReadsVariable, Reason::kComputedSet});
  check({"SET sql_mode = @@global.sql_mode", kPrimary, kComputed | kReadsVariable, Reason::kComputedSet});
  check({"SET sql_mode = CONCAT('A', ',B'), sql_log_bin = 0", kPrimary, kSetsVariable | kUnknownState, Reason::kComputedSet});
  for (const char* sql : {"SET wait_timeout = 1 + 1", "SET wait_timeout = (SELECT 1)", "SET wait_timeout = ?"}) {
    check({sql, kPrimary, kComputed, Reason::kComputedSet});
  }
  // As Connector/J, the MariaDB and the MySQL one, sends it: nothing in it pins.
  check({"set session_track_schema=1,session_track_system_variables=CONCAT(@@session_track_system_variables,',transaction_isolation'),autocommit=1, "
         "sql_mode=concat(@@sql_mode,',STRICT_TRANS_TABLES')", kPrimary, kComputed | kReadsVariable | kReadsTracking, Reason::kComputedSet});
  check({"SET character_set_results = NULL, autocommit=1, sql_mode=CONCAT(@@sql_mode,',STRICT_TRANS_TABLES')", kPrimary,
         kComputed | kReadsVariable | kSetsCharset, Reason::kComputedSet});
  check({"SET session_track_system_variables = CONCAT(@@global.session_track_system_variables, ',sql_mode')", kPrimary,
         kComputed | kReadsVariable | kReadsTracking, Reason::kComputedSet});
  check({"SET session_track_schema = f(1)", kPrimary, kSetsVariable | kUnknownState | kReadsTracking, Reason::kUnreplayableSet});
}

TEST(Classifier, KnowsTransactions) {
  check({"BEGIN", kPrimary, kBegin, Reason::kTransaction});
  check({"begin work;", kPrimary, kBegin, Reason::kTransaction});
  check({"START TRANSACTION", kPrimary, kBegin, Reason::kTransaction});
  check({"START TRANSACTION WITH CONSISTENT SNAPSHOT, READ WRITE", kPrimary, kBegin, Reason::kTransaction});
  check({"START TRANSACTION READ ONLY", kReader, kBegin | kBeginReadOnly, Reason::kReadOnlyTransaction});
  check({"start transaction with consistent snapshot, read only", kReader, kBegin | kBeginReadOnly, Reason::kReadOnlyTransaction});
  check({"COMMIT", kPrimary, 0, Reason::kTransaction});
  check({"COMMIT AND CHAIN", kPrimary, kBegin, Reason::kTransaction});
  check({"COMMIT AND NO CHAIN RELEASE", kPrimary, 0, Reason::kTransaction});
  check({"ROLLBACK", kPrimary, 0, Reason::kTransaction});
  EXPECT_EQ(classify("ROLLBACK TO SAVEPOINT a", {}).kind, Kind::kSavepoint);
  EXPECT_EQ(classify("ROLLBACK WORK TO a", {}).kind, Kind::kSavepoint);
  EXPECT_EQ(classify("RELEASE SAVEPOINT a", {}).kind, Kind::kSavepoint);
  EXPECT_EQ(classify("ROLLBACK", {}).kind, Kind::kRollback);
  check({"XA START 'x'", kPrimary, kBegin | kUnknownState, Reason::kTransaction});
  check({"XA COMMIT 'x'", kPrimary, 0, Reason::kTransaction});
  check({"BEGIN NOT ATOMIC SET @a=1; SELECT 1; END", kPrimary, kUnknownState | kImplicitCommit | kUserVariable, Reason::kUnknownStatement});
  check({"BEGIN SELECT 1; END", kPrimary, kUnknownState | kImplicitCommit, Reason::kUnknownStatement});
}

TEST(Classifier, KnowsLocksAndSchemaChanges) {
  check({"LOCK TABLES t WRITE", kPrimary, kLockTables | kImplicitCommit, Reason::kTableLock});
  check({"LOCK INSTANCE FOR BACKUP", kPrimary, kLockTables | kUnknownState, Reason::kTableLock});
  check({"UNLOCK TABLES", kPrimary, kImplicitCommit, Reason::kTableLock});
  check({"FLUSH TABLES WITH READ LOCK", kPrimary, kLockTables | kImplicitCommit, Reason::kAdministration});
  check({"FLUSH TABLES t FOR EXPORT", kPrimary, kLockTables | kImplicitCommit, Reason::kAdministration});
  check({"FLUSH LOGS", kPrimary, kImplicitCommit, Reason::kAdministration});
  check({"BACKUP STAGE START", kPrimary, kLockTables | kImplicitCommit | kUnknownState, Reason::kTableLock});
  for (const char* sql : {"CREATE TABLE t (a INT, event INT, temporary INT, KEY k (a))", "ALTER TABLE t ADD COLUMN b DECIMAL(10,2) DEFAULT (uuid())", "DROP TABLE t",
                          "TRUNCATE TABLE t", "RENAME TABLE a TO b", "GRANT SELECT (a), UPDATE (b) ON t TO 'u'@'h'", "CREATE USER u@h IDENTIFIED BY 'x'",
                          "OPTIMIZE TABLE t", "REPAIR TABLE t", "CHECK TABLE t", "ANALYZE TABLE t", "ANALYZE LOCAL TABLE t", "CREATE DATABASE d",
                          "CREATE OR REPLACE DEFINER=`a`@`b` SQL SECURITY INVOKER VIEW v AS SELECT 1", "CREATE INDEX i ON t (a)",
                          "CREATE DEFINER=a@b PROCEDURE p() BEGIN DECLARE x INT; SET @y = 1; IF x THEN SELECT 1; END IF; END",
                          "CREATE FUNCTION f() RETURNS INT BEGIN CASE 1 WHEN 1 THEN SELECT 1; END CASE; RETURN CASE WHEN 1 THEN 2 END; END;",
                          "CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1",
                          "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO BEGIN WHILE 1 DO SELECT 1; END WHILE; END",
                          "ALTER EVENT e DO BEGIN SELECT 1; END", "LOAD INDEX INTO CACHE t", "CREATE TABLE t SELECT 1"}) {
    check({sql, kPrimary, kImplicitCommit, Reason::kSchemaChange});
  }
  check({"CREATE TEMPORARY TABLE t (a INT)", kPrimary, kTemporaryTable, Reason::kSchemaChange});
  check({"CREATE OR REPLACE TEMPORARY TABLE t SELECT @x", kPrimary, kTemporaryTable | kUserVariable, Reason::kSchemaChange});
  check({"DROP TEMPORARY TABLE IF EXISTS t", kPrimary, 0, Reason::kSchemaChange});
  check({"CREATE TABLE t (a INT) SELECT f(1)", kPrimary, kImplicitCommit | kUnknownState, Reason::kSchemaChange});
  check({"INSTALL PLUGIN p SONAME 'x'", kPrimary, kImplicitCommit | kUnknownState, Reason::kSchemaChange});
  check({"CALL p(1)", kPrimary, kUnknownState, Reason::kCall});
  check({"START SLAVE", kPrimary, kImplicitCommit, Reason::kAdministration});
  check({"PURGE BINARY LOGS TO 'x'", kPrimary, 0, Reason::kAdministration});
  check({"FROBNICATE t", kPrimary, kUnknownState, Reason::kUnknownStatement});
  check({"BINLOG 'abc'", kPrimary, kUnknownState, Reason::kUnknownStatement});
  check({"42", kPrimary, kUnknownState, Reason::kUnknownStatement});
  check({"(UPDATE t SET a=1)", kPrimary, kUnknownState, Reason::kUnknownStatement});
  check({"`SELECT` 1", kPrimary, kUnknownState, Reason::kUnknownStatement});
}

TEST(Classifier, SendsSeveralStatementsToThePrimaryWithAllTheirEffects) {
  check({"SELECT 1; SELECT 2", kPrimary, kMultiStatement, Reason::kMultiStatement});
  check({"SELECT 1; SET @a=1; SET NAMES utf8", kPrimary, kMultiStatement | kUserVariable | kSetsVariable | kSetsCharset, Reason::kMultiStatement});
  check({"SET sql_mode=CONCAT('a','b'); SELECT 1", kPrimary, kMultiStatement | kSetsVariable | kUnknownState, Reason::kMultiStatement});
  check({"USE x; CREATE TEMPORARY TABLE t (a INT)", kPrimary, kMultiStatement | kChangesSchema | kTemporaryTable, Reason::kMultiStatement});
  check({"CREATE PROCEDURE p() SELECT 1; SET @a=1", kPrimary, kMultiStatement | kImplicitCommit | kUserVariable, Reason::kMultiStatement});
  check({"CREATE PROCEDURE begin() SELECT 1; SET @a=1", kPrimary, kImplicitCommit | kUnknownState, Reason::kSchemaChange});
  check({"SELECT 1; -- nothing", kReader});
  check({";;SELECT 1;;", kReader});
  check({"", kAny, 0, Reason::kEmpty});
  check({" ; -- x", kAny, 0, Reason::kEmpty});
  EXPECT_EQ(classify("SELECT 1; SELECT 2", {}).kind, Kind::kMulti);
  EXPECT_EQ(classify(";", {}).kind, Kind::kEmpty);
}

TEST(Classifier, FollowsHints) {
  for (const char* sql : {"/* holdfast: primary */ SELECT 1", "/*HOLDFAST:PRIMARY*/select 1", "/*master*/ SELECT 1", "/* Master */SELECT 1",
                          "SELECT /* holdfast : primary */ 1", "-- x\n/* other */ /*holdfast: primary*/ SELECT 1",
                          "/* holdfast: replica */ /* holdfast: primary */ SELECT 1", "/*master*/ /* holdfast: replica */ SELECT 1"}) {
    check({sql, kPrimary, 0, Reason::kHintPrimary});
    EXPECT_EQ(classify(sql, {}).hint, Hint::kPrimary);
  }
  for (const char* sql : {"/* holdfast: primarily */ SELECT 1", "SELECT 1 /* holdfast: primary */", "/* master plan */ SELECT 1",
                          "/* holdfast primary */ SELECT 1", "SELECT '/*master*/'"}) {
    check({sql, kReader});
  }
  check({"/* holdfast: replica */ SELECT f(1)", kReader, 0, Reason::kReadDespiteDoubt});
  check({"/* holdfast: replica */ SHOW SLAVE STATUS", kReader, 0, Reason::kReadDespiteDoubt});
  check({"/* holdfast: replica */ SELECT 1", kReader});
  check({"/* holdfast: replica */ UPDATE t SET a=1", kPrimary, 0, Reason::kWrite});
  check({"/* holdfast: replica */ SELECT f(1) FOR UPDATE", kPrimary, kLocking | kUnknownState, Reason::kLockingRead});
  check({"/* holdfast: replica */ SELECT NEXTVAL(s)", kPrimary, kSequence, Reason::kSequence});
  check({"/* holdfast: replica */ CALL p()", kPrimary, kUnknownState, Reason::kCall});
  check({"/* holdfast: primary */ SET NAMES utf8", kAny, kSetsVariable | kSetsCharset, Reason::kReplayable});
  check({"/* holdfast: replica */ SELECT 1; SELECT f(1)", kPrimary, kMultiStatement, Reason::kMultiStatement});
}

TEST(Classifier, TrustsDisputedCommentsOnlyWhenBothReadingsAgree) {
  check({"SELECT /*!50700 1 */ 2", kReader, kVersionedComment});
  check({"SELECT /*M! 1 */ 2", kReader, kVersionedComment});
  check({"SELECT 1 /*!80000 FOR UPDATE */", kPrimary, kVersionedComment | kLocking, Reason::kLockingRead});
  check({"/*!100000 SELECT 1 UNION */ SELECT 2", kReader, kVersionedComment});
  check({"/*!999999 SELECT */ UPDATE", kPrimary, kVersionedComment, Reason::kWrite});
  check({"/*!99999 SELECT ' */ f(1) /*'*/", kPrimary, kVersionedComment | kUnknownState, Reason::kVersionedComment});
  check({"SELECT 1 /*!99999 ; */ /*M! SET @a=1 */", kPrimary, kVersionedComment | kMultiStatement | kUserVariable, Reason::kMultiStatement});
  check({"/*!80000 SET NAMES utf8 */", kPrimary, kVersionedComment | kSetsVariable | kSetsCharset | kUnknownState, Reason::kVersionedComment});
  check({"/*M!100100 SET */ USE x", kPrimary, kVersionedComment | kChangesSchema | kUnknownState | kRole, Reason::kUnreplayableSet});
  check({"SELECT /*! 1 /*! 2 */ */", kPrimary, kUnknownState, Reason::kOddBytes});
  check({"SELECT 1 */ 2", kReader});  // an error wherever it runs
}

TEST(Classifier, SendsWhatIsNotClosedToThePrimary) {
  for (const char* sql : {"SELECT 'abc", "SELECT \"abc", "SELECT `abc", "SELECT 1 /* abc", "SELECT /*! 1", "SELECT 'a\\'", "SELECT @`x", "SELECT @'x",
                          "SELECT 'a''", "SELECT 1 /*!50700", "SELECT x'41"}) {
    const Statement s = classify(sql, {});
    EXPECT_EQ(s.route, kPrimary) << sql;
    EXPECT_TRUE(s.has(kUnterminated)) << sql;
    EXPECT_EQ(s.reason, Reason::kUnterminated) << sql;
  }
}

TEST(Classifier, ReadsKill) {
  const auto kill = [](const char* sql) { return classify(sql, {}); };
  EXPECT_EQ(kill("KILL 42").kill_id, 42U);
  EXPECT_EQ(kill("KILL 42").kill_scope, KillScope::kConnection);
  EXPECT_EQ(kill("KILL 42").kill_target, KillTarget::kNumber);
  EXPECT_EQ(kill("kill connection 7;").kill_id, 7U);
  EXPECT_EQ(kill("KILL QUERY 7").kill_scope, KillScope::kQuery);
  EXPECT_EQ(kill("KILL QUERY ID 7").kill_scope, KillScope::kQueryId);
  EXPECT_TRUE(kill("KILL SOFT QUERY 7").kill_soft);
  EXPECT_FALSE(kill("KILL HARD QUERY 7").kill_soft);
  EXPECT_EQ(kill("KILL USER bob").kill_scope, KillScope::kUser);
  EXPECT_EQ(kill("KILL USER bob").kill_target, KillTarget::kOther);
  EXPECT_EQ(kill("KILL USER 'bob'@'h'").effects, 0U);
  EXPECT_EQ(kill("KILL ?").kill_target, KillTarget::kPlaceholder);
  EXPECT_EQ(kill("KILL HARD QUERY ?;").kill_target, KillTarget::kPlaceholder);
  EXPECT_EQ(kill("KILL HARD QUERY ?;").kill_scope, KillScope::kQuery);
  EXPECT_EQ(kill("KILL ? + 1").kill_target, KillTarget::kOther);
  EXPECT_EQ(kill("KILL USER ?").kill_target, KillTarget::kOther);
  EXPECT_EQ(kill("KILL 1 + 2").kill_target, KillTarget::kOther);
  EXPECT_EQ(kill("KILL 99999999999999999999").kill_target, KillTarget::kOther);
  EXPECT_EQ(kill("KILL 0x10").kill_target, KillTarget::kOther);
  EXPECT_EQ(kill("KILL CONNECTION_ID()").effects, kConnectionId);
  EXPECT_EQ(kill("KILL").kind, Kind::kUnknown);
  EXPECT_EQ(kill("KILL 42").kind, Kind::kKill);
  EXPECT_EQ(kill("KILL 42").route, kPrimary);
}

TEST(Classifier, ReadsUse) {
  const auto used = [](const std::string& sql, const Context& context = {}) { return used_schema(classify(sql, context), sql); };
  EXPECT_EQ(used("USE shop"), "shop");
  EXPECT_EQ(used("/* x */ use `my shop` ;"), "my shop");
  EXPECT_EQ(used("USE `a``b`"), "a`b");
  EXPECT_EQ(used("USE \"a\"\"b\"", Context{.ansi_quotes = true}), "a\"b");
  EXPECT_EQ(used("USE 1a"), "1a");
  EXPECT_EQ(used("USE select1"), "select1");
  check({"USE shop", kAny, kChangesSchema, Reason::kReplayable});
  for (const char* sql : {"USE", "USE a b", "USE 'a'", "USE 1"}) check({sql, kPrimary, kUnknownState, Reason::kUnknownStatement});
}

TEST(Classifier, NamesEveryKindReasonAndEffect) {
  for (int i = 0; i <= static_cast<int>(Kind::kUnknown); ++i) EXPECT_FALSE(to_string(static_cast<Kind>(i)).empty());
  for (int i = 0; i <= static_cast<int>(Reason::kHintPrimary); ++i) EXPECT_TRUE(to_string(static_cast<Reason>(i)).ends_with('.'));
  for (int i = 0; i < 32; ++i) EXPECT_FALSE(effect_name(1U << i).empty());
  EXPECT_TRUE(effect_name(3).empty());
}

TEST(Classifier, IsLinearInLongAndDeepTexts) {
  constexpr std::size_t kSize = std::size_t{1} << 20;
  EXPECT_EQ(classify("SELECT " + std::string(kSize, '(') + "1" + std::string(kSize, ')'), {}).route, kReader);
  EXPECT_EQ(classify(std::string(kSize, '(') + "SELECT 1", {}).route, kReader);
  EXPECT_EQ(classify("SELECT '" + std::string(kSize, 'x') + "'", {}).route, kReader);
  EXPECT_EQ(classify("SELECT 1" + std::string(kSize, ' '), {}).route, kReader);
  EXPECT_EQ(classify("SELECT 1 IN (1" + std::string(kSize, ',') + "f(1)", {}).route, kPrimary);
  EXPECT_EQ(classify(std::string(kSize, ';'), {}).route, kAny);
  std::string many = "SELECT 1 ";
  while (many.size() < kSize) many += "/*x*/ /*!50700*/ ";
  EXPECT_EQ(classify(many, {}).route, kReader);
  many.clear();
  while (many.size() < kSize) many += "SET STATEMENT a=1 FOR ";
  EXPECT_EQ(classify(many, {}).route, kPrimary);
}

}  // namespace
}  // namespace hf::policy::sql
