#include "policy/session/last_statement.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "policy/sql/classifier.h"

namespace hf::policy::session {
namespace {

LastStatement remembered() {
  LastStatement last;
  last.row_count = 3;
  last.list = ConditionList{{{"Note", "1051", "one"}, {"Warning", "1265", "two"}, {"Error", "1062", "three"}}, 5, 2};
  return last;
}

std::string shown(const std::optional<RememberedAnswer>& answer) {
  if (!answer) return "-";
  std::string text = answer->whole ? "rows" : "values";
  for (const Condition& row : answer->rows) text += " " + row.code;
  for (const std::optional<std::int64_t>& value : answer->values) text += " " + (value ? std::to_string(*value) : "?");
  return text;
}

std::string asked(ByteView sql, const LastStatement& last = remembered(), std::size_t select_limit = 1000) {
  return shown(remembered_answer(last, sql, {}, select_limit));
}

ReplyFacts told(bool rows, std::uint16_t warnings = 0) {
  ReplyFacts facts;
  facts.result_set = rows;
  facts.warnings = warnings;
  return facts;
}

sql::Statement parsed(ByteView text) { return sql::classify(text, {}); }

TEST(LastStatement, IsPassedOnByWhatHasNoListOrCountOfItsOwn) {
  LastStatement last = remembered();
  pass_on(&last, parsed("SHOW WARNINGS"), told(true), false);
  EXPECT_EQ(last.row_count, -1);
  EXPECT_EQ(last.list, remembered().list);
  pass_on(&last, parsed("BEGIN"), told(false), false);
  EXPECT_EQ(last.row_count, std::nullopt) << "the connection knows";
  EXPECT_EQ(last.list, remembered().list);
  pass_on(&last, parsed("SET NAMES latin1"), told(false), true);
  EXPECT_EQ(last.row_count, 0) << "the connection does not, for we have asked it";
  last.row_count = -1;
  pass_on(&last, parsed("GET DIAGNOSTICS @n = NUMBER"), told(false), false);
  EXPECT_EQ(last.row_count, -1);
  pass_on(&last, parsed("DO 1/0"), told(false, 1), false);
  EXPECT_EQ(last.list, std::nullopt);
  last = remembered();
  pass_on(&last, parsed("SELECT a FROM t"), told(true), false);
  EXPECT_FALSE(last.row_count || last.list);
  last = remembered();
  pass_on(&last, parsed("CALL p()"), told(false), false);
  EXPECT_EQ(last.list, ConditionList{}) << "the connection may have an older one";
  last = remembered();
  pass_on(&last, parsed("EXECUTE IMMEDIATE 'USE a'"), told(false), false);
  EXPECT_EQ(last.list, remembered().list);
  last.list.reset();
  pass_on(&last, parsed("CALL p()"), told(false), false);
  EXPECT_EQ(last.list, std::nullopt) << "that of the statement before";
}

TEST(LastStatement, IsWholeOnceTheSessionAloneKnowsIt) {
  SessionFacts session;
  session.last_had_rows = true;
  LastStatement last;
  complete(&last, session);
  EXPECT_TRUE(last.whole());
  EXPECT_EQ(last.row_count, -1);
  EXPECT_EQ(last.list, ConditionList{});
  last = remembered();
  complete(&last, session);
  EXPECT_EQ(last.row_count, 3);
  EXPECT_EQ(last.list, remembered().list);
}

TEST(RememberedAnswer, IsGivenToQuestionsAndNothingElseUnderWhateverName) {
  EXPECT_EQ(asked("SELECT ROW_COUNT()"), "values 3");
  EXPECT_EQ(asked("select row_count ( ) ;"), "values 3");
  EXPECT_EQ(asked("SELECT\tROW_COUNT()\nAS `n`"), "values 3");
  EXPECT_EQ(asked("select row_count() 'n'"), "values 3");
  EXPECT_EQ(asked("select row_count/**/() n, found_rows() as f, last_insert_id()"), "values 3 ? ?");
  EXPECT_EQ(asked("select @@warning_count, @@session.error_count, @@LOCAL.warning_count"), "values 5 2 5");
  EXPECT_EQ(asked("values (row_count(), @@warning_count)"), "values 3 5");
  EXPECT_EQ(asked("show count(*) warnings"), "values 5");
  EXPECT_EQ(asked("SHOW COUNT ( * ) ERRORS;"), "values 2");
}

TEST(RememberedAnswer, IsNoneWhereAnythingElseIsAskedToo) {
  // clang-format off
  for (const char* no : {
      "SELECT ROW_COUNT()+1", "SELECT ROW_COUNT(), 1", "SELECT 1, ROW_COUNT()",
      "SELECT ROW_COUNT() FROM DUAL WHERE 1=1", "SELECT -ROW_COUNT()", "INSERT INTO t SELECT ROW_COUNT()", "",
      "SELECT", "SELECT ROW_COUNT(", "SELECT ROW_COUNT(1)", "select row_count() into @x",
      "select distinct row_count()", "select @@warning_count + 1", "select @@global.warning_count",
      "select @@sql_mode", "show warnings limit ?", "show warnings limit 1, 2, 3", "show warnings; select 1",
      "show count(*) tables", "show tables", "values (row_count()), (1)", "values row_count()", "values (row_count()",
      "select row_count())", "select found_rows()", "select 'a", "select row_count() limit 0"}) {
    // clang-format on
    EXPECT_EQ(asked(no), "-") << no;
  }
}

TEST(RememberedAnswer, OfAListIsCutAsTheStatementSays) {
  EXPECT_EQ(asked("SHOW WARNINGS"), "rows 1051 1265 1062");
  EXPECT_EQ(asked("show errors"), "rows 1062");
  EXPECT_EQ(asked("show warnings limit 1"), "rows 1051");
  EXPECT_EQ(asked("show warnings limit 1, 1"), "rows 1265");
  EXPECT_EQ(asked("show warnings limit 5 offset 2"), "rows 1062");
  EXPECT_EQ(asked("show warnings limit 9, 9"), "rows");
  EXPECT_EQ(asked("show errors limit 0"), "rows");
  EXPECT_EQ(asked("show warnings", remembered(), 2), "rows 1051 1265") << "sql_select_limit";
  EXPECT_EQ(asked("show warnings limit 3", remembered(), 2), "rows 1051 1265 1062");
}

TEST(RememberedAnswer, IsOfWhatIsRememberedOnly) {
  LastStatement last;
  EXPECT_EQ(asked("select row_count()", last), "-");
  EXPECT_EQ(asked("show warnings", last), "-");
  last.row_count = -1;
  EXPECT_EQ(asked("select row_count(), @@error_count", last), "values -1 ?");
  EXPECT_EQ(asked("show warnings", last), "-");
  last.row_count.reset();
  last.list = ConditionList{};
  EXPECT_EQ(asked("select row_count()", last), "-");
  EXPECT_EQ(asked("show warnings", last), "rows");
}

ConditionList one(const char* level, const char* code, std::string message, std::string charset = {}) {
  return {{{level, code, std::move(message)}}, 1, 0, std::move(charset)};
}

TEST(SignalsOf, AreOneConditionTheLastInItsOwnState) {
  EXPECT_EQ(signals_of({}, ""), "");
  EXPECT_EQ(signals_of(*remembered().list, ""), "SIGNAL SQLSTATE '23000' SET MYSQL_ERRNO=1062,MESSAGE_TEXT='three'");
  EXPECT_EQ(signals_of(one("Error", "1146", "it's \xE4", "latin1"), ""),
            "SIGNAL SQLSTATE '42S02' SET MYSQL_ERRNO=1146,MESSAGE_TEXT=_latin1 x'6974277320e4'");
  EXPECT_TRUE(signals_of(one("Error", "1644", "mine"), "").starts_with("SIGNAL SQLSTATE '45000' "));
  EXPECT_TRUE(signals_of(one("Error", "1265", "cut"), "").starts_with("SIGNAL SQLSTATE '45000' "))
      << "class 01 would be a warning";
  EXPECT_TRUE(signals_of(one("Error", "1329", "none"), "").starts_with("SIGNAL SQLSTATE '02000' "));
}

TEST(SignalsOf, KeepTheStateOfAWarningWhereTheServerCan) {
  EXPECT_EQ(signals_of(one("Warning", "1265", "a"), ""),
            "SIGNAL SQLSTATE '01000' SET MYSQL_ERRNO=1265,MESSAGE_TEXT='a'");
  EXPECT_EQ(signals_of(one("Warning", "1366", "a"), ""),
            "/*M!100101 BEGIN NOT ATOMIC DECLARE EXIT HANDLER FOR SQLWARNING RESIGNAL*/ /*!50700 SIGNAL SQLSTATE "
            "'01000'*/ SET MYSQL_ERRNO=1366,MESSAGE_TEXT='a' /*M!100101 ; DO CAST('x' AS INT); END*/");
  EXPECT_TRUE(signals_of(one("Note", "1051", "a"), "").starts_with("SIGNAL SQLSTATE '01000' "))
      << "42S02 would be an error";
  EXPECT_TRUE(
      signals_of(one("Warning", "1366", "a"), "PIPES_AS_CONCAT,ORACLE").starts_with("SIGNAL SQLSTATE '01000' "));
  EXPECT_TRUE(signals_of(one("Warning", "1365", "a"), "").starts_with("SIGNAL SQLSTATE '01000' "));
  EXPECT_NE(signals_of(one("Warning", "1365", "a"), "ERROR_FOR_DIVISION_BY_ZERO").find("DO 1/0;"), std::string::npos);
}

TEST(SignalsOf, CutALongMessageBetweenLetters) {
  const auto length = [](const std::string& signal) { return (signal.size() - signal.find("x'") - 3) / 2; };
  EXPECT_EQ(length(signals_of(one("Error", "1146", std::string(600, '\\')), "")), 500U);
  EXPECT_EQ(length(signals_of(one("Error", "1146", std::string(499, '\\') + "\xC3\xA4\xC3\xA4"), "")), 499U);
  EXPECT_EQ(length(signals_of(one("Error", "1146", std::string(499, '\\') + "\xE4\xA4", "latin1"), "")), 500U);
}

TEST(MessagesIn, AreAskedForWhereTheirBytesDiffer) {
  EXPECT_EQ(messages_in(one("Error", "1146", "\xE4", "latin1"), "latin1"), "");
  EXPECT_EQ(messages_in(one("Error", "1146", "\xC3\xA4"), "utf8mb4"), "") << "without one they are the server's";
  EXPECT_EQ(messages_in(one("Error", "1146", "plain", "latin1"), "utf8mb4"), "");
  EXPECT_EQ(messages_in(one("Error", "1146", "p", "latin1"), "utf16"),
            "SELECT CAST(CONVERT('p' USING utf16) AS BINARY) LIMIT 1");
  EXPECT_EQ(
      messages_in({{{"Note", "1", "\xE4"}, {"Note", "2", "b"}}, 2, 0, "latin1"}, ""),
      "SELECT CAST(CONVERT(_latin1 x'e4' USING utf8mb4) AS BINARY),CAST(CONVERT('b' USING utf8mb4) AS BINARY) LIMIT 1");
  EXPECT_EQ(messages_in({}, "utf16"), "");
}

}  // namespace
}  // namespace hf::policy::session
