// Which statements may change accounts, and what logins make of them.
#include "service/mysql/changes_underway.h"

#include <gtest/gtest.h>

#include "policy/sql/classifier.h"
#include "service/mysql/guest_fake.h"

namespace hf::service::mysql {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the stage is what these tests are written in

AccountChange change_of(ByteView text) {
  const policy::sql::Context context{.flavor = policy::sql::Flavor::kMariaDb};
  return account_change(policy::sql::classify(text, context), text, context);
}

TEST(AccountChange, IsToldByAText) {
  // clang-format off
  for (const char* text : {
      "CREATE USER a", "alter user a identified by 'x'", "DROP USER a", "RENAME USER a TO b", "GRANT r TO a",
      "REVOKE r FROM a", "SET PASSWORD = PASSWORD('b')", "/*!40101 SET PASSWORD = PASSWORD('b') */",
      "SET @a = 1, password = 'x'", "SET PASSWORD FOR a = 'x'", "SET DEFAULT ROLE r", "CREATE ROLE r",
      "FLUSH PRIVILEGES", "SELECT 1; ALTER USER a ACCOUNT LOCK", "EXECUTE IMMEDIATE 'ALTER USER a'",
      "BEGIN NOT ATOMIC DROP USER a; END", "CREATE OR REPLACE USER a", "create or /* x */ replace role r",
      "/*!50000 DROP */ ROLE r", "SELECT 'user'; SET DEFAULT ROLE r FOR a", "SELECT 1; SET @a = 1, PASSWORD = 'x'",
      "SELECT 1; GRANT r TO a", "FLUSH LOCAL PRIVILEGES",
      "SET STATEMENT max_statement_time=1 FOR ALTER USER a ACCOUNT LOCK",
      "SET STATEMENT lock_wait_timeout=1 FOR GRANT r TO a", "FLUSH TABLES; FLUSH PRIVILEGES"}) {
    // clang-format on
    EXPECT_EQ(change_of(text), AccountChange::kTold) << text;
  }
}

TEST(AccountChange, MayBeHidden) {
  for (const char* text :
       {"CALL p()", "EXECUTE s", "EXECUTE IMMEDIATE @a", "EXECUTE IMMEDIATE CONCAT('ALTER U', 'SER a')",
        "BEGIN NOT ATOMIC CALL p(); END", "SELECT 1; CALL p()"}) {
    EXPECT_EQ(change_of(text), AccountChange::kHidden) << text;
  }
  EXPECT_EQ(change_of("CREATE USER a /* " + std::string(2 << 20, 'x') + "*/"), AccountChange::kHidden);
}

TEST(AccountChange, IsNothingThatOthersMake) {
  // clang-format off
  for (const char* text : {
      "SELECT user FROM t", "INSERT INTO user VALUES ('role')", "SET @password = 'x'", "CREATE TABLE t (a INT)",
      "FLUSH TABLES", "PREPARE s FROM 'DROP USER a'", "SET autocommit = 1", "BEGIN", "ALTER TABLE users ADD role INT",
      "ALTER TABLE t DROP user", "ALTER TABLE t RENAME user", "CREATE TABLE t_user AS SELECT 1",
      "CREATE OR REPLACE TABLE `user` (password INT)", "DROP TABLE role", "CREATE INDEX user ON t (a)",
      "SELECT 1; ALTER TABLE users ADD a INT", "FLUSH TABLES user", "OPTIMIZE TABLE users",
      "SET STATEMENT lock_wait_timeout=1 FOR ALTER TABLE users ADD a INT", "TRUNCATE users"}) {
    // clang-format on
    EXPECT_EQ(change_of(text), AccountChange::kNone) << text;
  }
}

constexpr Nanos kPause = 320ms;

class ChangesTest : public LoginTest {
 protected:
  ChangesTest() {
    options_.refresh_accounts = [this] {
      ++asked_;
      return upstream::Refresh::nothing_to_wait_for();
    };
  }
  std::size_t asked_after(ByteView text) {
    const std::size_t before = asked_;
    stage().ask_query(*client_, text);
    return asked_ - before;
  }
  std::size_t asked_by_a_login() {
    const std::size_t before = asked_;
    EXPECT_EQ(log_in("app", kPassword), "ok");
    return asked_ - before;
  }
  void start() {
    options_.accounts = {from_file("app", kPassword)};
    LoginTest::start();
    client_ = &stage().log_in({.password = std::string(kPassword)});
  }

  std::size_t asked_ = 0;
  TestClient* client_ = nullptr;
};

TEST_F(ChangesTest, WhatATextTellsIsLookedAtAtOnceAndWhatIsHiddenByTheNextLogin) {
  start();
  EXPECT_EQ(asked_after("SET PASSWORD = PASSWORD('b')"), 1U);
  EXPECT_EQ(asked_by_a_login(), 0U);
  EXPECT_EQ(asked_after("CALL p()"), 0U);
  EXPECT_EQ(asked_by_a_login(), 1U);
  EXPECT_EQ(asked_by_a_login(), 0U) << "once";
}

TEST_F(ChangesTest, ALoginWhileSomethingHiddenRunsAsksEachTime) {
  start();
  stage().changes().hidden_change_begins();
  EXPECT_EQ(asked_by_a_login(), 1U);
  stage().rest(kPause);
  EXPECT_EQ(asked_by_a_login(), 1U);
  stage().rest(kPause);
  stage().changes().hidden_change_ends();
  EXPECT_EQ(asked_by_a_login(), 1U);
  stage().rest(kPause);
  EXPECT_EQ(asked_by_a_login(), 0U);
}

TEST_F(ChangesTest, HiddenOnesAreAskedForAFewTimesASecondAndNoneIsForgotten) {
  start();
  asked_after("CALL p()");
  EXPECT_EQ(asked_by_a_login(), 1U);
  asked_after("CALL p()");
  EXPECT_EQ(asked_by_a_login(), 0U) << "just asked";
  stage().rest(kPause);
  EXPECT_EQ(asked_by_a_login(), 1U);
}

TEST_F(ChangesTest, PreparedStatementsAndTheCommandThatReadsPrivilegesAnewCountToo) {
  start();
  stage().ask(*client_, command(Command::kStmtPrepare, "ALTER USER a ACCOUNT LOCK"));
  EXPECT_EQ(asked_, 0U);
  EXPECT_TRUE(stage().ask(*client_, on_statement(Command::kStmtExecute, 1, std::string("\0\1\0\0\0", 5))).ok());
  EXPECT_EQ(asked_, 1U);
  stage().ask(*client_, command(Command::kRefresh, "\1"));
  EXPECT_EQ(asked_, 2U);
}

}  // namespace
}  // namespace hf::service::mysql
