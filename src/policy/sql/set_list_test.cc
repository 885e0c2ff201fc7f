#include "policy/sql/set_list.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace hf::policy::sql {
namespace {

using Target = Assignment::Target;
using Form = Assignment::Form;

std::vector<Assignment> read(std::string_view sql, bool expect_ok = true) {
  SetList list(sql, {});
  std::vector<Assignment> out;
  while (const auto assignment = list.next()) out.push_back(*assignment);
  EXPECT_EQ(list.ok(), expect_ok) << sql;
  return out;
}

void expect(const Assignment& a, Target target, std::string_view name, std::string_view value,
            Form form = Form::kPlain) {
  EXPECT_EQ(a.target, target) << name;
  EXPECT_EQ(a.name, name);
  EXPECT_EQ(a.value, value);
  EXPECT_EQ(a.form, form) << value;
}

TEST(SetList, ReadsAssignmentsInOrder) {
  const auto list = read(
      "/* x */ SET a = 1, SESSION b := 'x,y', @@c = ON, @@global.d = -5, @e = 2, @@`f` = DEFAULT, @@session.g = "
      "_utf8'z' ;");
  ASSERT_EQ(list.size(), 7U);
  expect(list[0], Target::kSession, "a", "1");
  expect(list[1], Target::kSession, "b", "'x,y'");
  expect(list[2], Target::kSession, "c", "ON");
  expect(list[3], Target::kGlobal, "d", "-5");
  expect(list[4], Target::kUserVariable, "e", "2");
  expect(list[5], Target::kSession, "f", "DEFAULT");
  expect(list[6], Target::kSession, "g", "_utf8'z'");
}

TEST(SetList, ReadsNamesAndTransactions) {
  const auto names =
      read("set names utf8mb4 collate utf8mb4_bin, character set 'latin1', charset utf8, time_zone='SYSTEM'");
  ASSERT_EQ(names.size(), 4U);
  expect(names[0], Target::kNames, "", "utf8mb4 collate utf8mb4_bin");
  expect(names[1], Target::kCharacterSet, "", "'latin1'");
  expect(names[2], Target::kCharacterSet, "", "utf8");
  expect(names[3], Target::kSession, "time_zone", "'SYSTEM'");
  expect(read("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY").at(0), Target::kTransaction, "",
         "ISOLATION LEVEL READ COMMITTED, READ ONLY");
  expect(read("SET TRANSACTION READ ONLY").at(0), Target::kNextTransaction, "", "READ ONLY");
  expect(read("SET GLOBAL TRANSACTION READ ONLY").at(0), Target::kGlobal, "", "READ ONLY");
}

TEST(SetList, KeepsTheLastScopeForWhatFollows) {
  const auto list = read("SET GLOBAL a=1, b=2, SESSION c=3, d=4, @@global.e=5, f=6");
  ASSERT_EQ(list.size(), 6U);
  const Target wanted[] = {Target::kGlobal,  Target::kGlobal, Target::kSession,
                           Target::kSession, Target::kGlobal, Target::kSession};
  for (std::size_t i = 0; i < list.size(); ++i) EXPECT_EQ(list[i].target, wanted[i]) << i;
}

TEST(SetList, TellsPlainFromComputedFromUnknown) {
  const auto list = read("SET a = CONCAT(@@a, ',X'), b = (SELECT 1), c = @x, d = 1 + 1");
  ASSERT_EQ(list.size(), 4U);
  expect(list[0], Target::kSession, "a", "CONCAT(@@a, ',X')", Form::kComputed);
  expect(list[1], Target::kSession, "b", "(SELECT 1)", Form::kComputed);
  expect(list[2], Target::kSession, "c", "@x", Form::kUnknown);
  EXPECT_NE(list[3].form, Form::kPlain);
  EXPECT_EQ(read("SET a = f(1)").at(0).form, Form::kUnknown);
  EXPECT_EQ(read("SET a = ?").at(0).form, Form::kComputed);
  EXPECT_EQ(read("SET a.b = 1").at(0).target, Target::kOther);
}

TEST(SetList, RefusesWhatIsNoAssignment) {
  for (const char* sql : {"SELECT 1", "", "SET", "SET ROLE x", "SET a", "SET a =", "SET a = 1,", "SET a = 'x",
                          "SET PASSWORD FOR u = 'x'", "SET SESSION TRANSACTION", "SET = 1"}) {
    read(sql, false);
  }
}

}  // namespace
}  // namespace hf::policy::sql
