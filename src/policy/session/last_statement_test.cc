#include "policy/session/last_statement.h"

#include <gtest/gtest.h>

#include "policy/session/settings.h"

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

std::string asked(ByteView sql, const LastStatement& last = remembered(), std::size_t select_limit = 1000) { return shown(remembered_answer(last, sql, {}, select_limit)); }

TEST(RememberedAnswer, IsGivenToQuestionsAndNothingElseUnderWhateverName) {
  EXPECT_EQ(asked("SELECT ROW_COUNT()"), "values 3");
  EXPECT_EQ(asked("select row_count ( ) ;"), "values 3");
  EXPECT_EQ(asked("SELECT\tROW_COUNT()\nAS `n`"), "values 3");
  EXPECT_EQ(asked("select row_count() 'n'"), "values 3");
  EXPECT_EQ(asked("select row_count/**/() n, found_rows() as f, last_insert_id()"), "values 3 ? ?");
  EXPECT_EQ(asked("select @@warning_count, @@session.error_count, @@LOCAL.warning_count"), "values 5 2 5");
  EXPECT_EQ(asked("show count(*) warnings"), "values 5");
  EXPECT_EQ(asked("SHOW COUNT ( * ) ERRORS;"), "values 2");
}

TEST(RememberedAnswer, IsNoneWhereAnythingElseIsAskedToo) {
  for (const char* no : {"SELECT ROW_COUNT()+1", "SELECT ROW_COUNT(), 1", "SELECT 1, ROW_COUNT()", "SELECT ROW_COUNT() FROM DUAL WHERE 1=1",
                         "SELECT -ROW_COUNT()", "INSERT INTO t SELECT ROW_COUNT()", "", "SELECT", "SELECT ROW_COUNT(", "SELECT ROW_COUNT(1)",
                         "select row_count() into @x", "select distinct row_count()", "select @@warning_count + 1", "select @@global.warning_count",
                         "select @@sql_mode", "show warnings limit ?", "show warnings limit 1, 2, 3", "show warnings; select 1", "show count(*) tables",
                         "show tables", "select found_rows()", "select 'a", "select row_count() limit 0"}) {
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

TEST(SignalsOf, AreOneConditionTheLast) {
  EXPECT_EQ(signals_of({}), "");
  EXPECT_EQ(signals_of({{{"Note", "1051", "it's"}}, 1, 0}), "SIGNAL SQLSTATE '01000' SET MYSQL_ERRNO=1051,MESSAGE_TEXT=" + literal("", "it's"));
  EXPECT_TRUE(signals_of(*remembered().list).starts_with("SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO=1062,"));
}

}  // namespace
}  // namespace hf::policy::session
