// A look at a MySQL server: what it shows, what the server's own words mean, and which account it is made with.
#include "check/mysql_check.h"

#include <gtest/gtest.h>

#include "check/monitored_server_fake.h"
#include "runtime/stepped_loop_fake.h"

namespace hf::check {
namespace {

using runtime::Task;

class MysqlCheckTest : public ::testing::Test {
 protected:
  struct Answered {
    std::optional<Error> error;
    std::string rows;
    bool ended = false;
  };
  static Task<void> look_task(MysqlCheck* check, Deadline deadline, Answered* out) {
    const Result<void> looked = co_await check->look(deadline);
    if (!looked.ok()) out->error = looked.error();
    out->ended = true;
  }
  static Task<void> ask_task(MysqlCheck* check, std::string sql, Deadline deadline, Answered* out) {
    const Result<proto::mysql::TextResult> result = co_await check->ask(std::move(sql), deadline);
    if (!result.ok()) out->error = result.error();
    if (result.ok() && !result->rows.empty()) out->rows = result->rows[0][0].value_or("NULL");
    out->ended = true;
  }
  Answered look() {
    Answered out;
    scope_.spawn("look", look_task, &check_, loop_->deadline_in(1s), &out);
    EXPECT_TRUE(loop_.run_until([&] { return out.ended; }));
    return out;
  }
  Answered ask(std::string sql) {
    Answered out;
    scope_.spawn("ask", ask_task, &check_, std::move(sql), loop_->deadline_in(1s), &out);
    EXPECT_TRUE(loop_.run_until([&] { return out.ended; }));
    return out;
  }
  ~MysqlCheckTest() override {
    check_.rest();
    EXPECT_TRUE(loop_.run_until([this] { return scope_.empty(); }));
  }

  runtime::SteppedLoop loop_;
  runtime::Scope scope_{*loop_};
  MonitoredServerFake server_{*loop_};
  MysqlCheck check_{*loop_, server_.address(), {"watch", "first", std::nullopt}};
};

TEST_F(MysqlCheckTest, SeesRoleAndReplicationOnOneConnection) {
  EXPECT_FALSE(check_.observation());
  server_.set("@@version", {"server_id", "version", "read_only", "gtid_binlog_pos", "gtid_current_pos", "semisync"},
              {{"7", "10.11.6-MariaDB", "1", "0-1-5", "0-1-6", "1"}});
  server_.set("SLAVES STATUS",
              {"Slave_IO_Running", "Slave_SQL_Running", "Master_Host", "Master_Port", "Master_Server_Id",
               "Seconds_Behind_Master", "Last_SQL_Error"},
              {{"Connecting", "Yes", "db1", "3306", "1", "12", "a table is not there"}});
  ASSERT_FALSE(look().error);
  ASSERT_FALSE(look().error);
  EXPECT_EQ(server_.accepted(), 1U);
  const policy::replica_set::ServerObservation& seen = *check_.observation();
  EXPECT_EQ(seen.server_id, 7U);
  EXPECT_TRUE(seen.read_only && seen.is_replica && seen.sql_running);
  EXPECT_EQ(seen.io_thread, policy::replica_set::ReplicationThread::kConnecting);
  EXPECT_EQ(seen.source_host, "db1");
  EXPECT_EQ(seen.behind_source, Nanos(12s));
  EXPECT_EQ(seen.replication_error, "a table is not there");
  EXPECT_EQ(seen.gtid_current_pos, "0-1-6");
  EXPECT_EQ(check_.greeting().version, "5.5.5-10.11.6-MariaDB") << "as clients are greeted";
}

TEST_F(MysqlCheckTest, ARefusedLoginIsTheServersWordAndAFullServerIsNoDeadOne) {
  server_.refuse_logins(true);
  const Answered denied = look();
  ASSERT_TRUE(denied.error && denied.error->said != nullptr);
  EXPECT_EQ(denied.error->said->code, 1045);
  EXPECT_EQ(denied.error->code, ErrorCode::kAccessDenied);
  server_.refuse_logins(true, 1040);
  const Answered full = look();
  ASSERT_TRUE(full.error && full.error->said != nullptr);
  EXPECT_EQ(full.error->code, ErrorCode::kOverload);
}

TEST_F(MysqlCheckTest, AServerThatIsGoneOrSilentHasSaidNothing) {
  server_.hold_at(0);
  Answered silent;
  scope_.spawn("look", look_task, &check_, loop_->deadline_in(1s), &silent);
  ASSERT_TRUE(loop_.run_until([this] { return server_.held() == 1; }));
  loop_.advance(1s);
  ASSERT_TRUE(loop_.run_until([&] { return silent.ended; }));
  ASSERT_TRUE(silent.error);
  EXPECT_EQ(silent.error->code, ErrorCode::kTimeout);
  EXPECT_EQ(silent.error->said, nullptr);
  server_.release();
  server_.stop_listening();
  const Answered gone = look();
  ASSERT_TRUE(gone.error);
  EXPECT_EQ(gone.error->said, nullptr);
}

TEST_F(MysqlCheckTest, AQueryThatIsRefusedLeavesTheConnectionAndTheLatestObservation) {
  ASSERT_FALSE(look().error);
  server_.refuse("SLAVES STATUS", 1227, "Access denied; you need SUPER");
  const Answered refused = look();
  ASSERT_TRUE(refused.error && refused.error->said != nullptr);
  EXPECT_EQ(refused.error->said->code, 1227);
  EXPECT_EQ(refused.error->context, "the server said 1227: Access denied; you need SUPER");
  EXPECT_TRUE(check_.observation());
}

TEST_F(MysqlCheckTest, OtherQuestionsUseTheSameConnectionAndMakeOneWhereThereIsNone) {
  server_.set("answer", {"x"}, {{"42"}});
  EXPECT_EQ(ask("SELECT answer").rows, "42");
  ASSERT_FALSE(look().error);
  EXPECT_EQ(server_.accepted(), 1U);
  server_.refuse("secret", 1142, "no");
  const Answered refused = ask("SELECT secret");
  ASSERT_TRUE(refused.error);
  EXPECT_EQ(refused.error->code, ErrorCode::kRefused) << "of this query alone";
  check_.rest();
  server_.refuse_logins(true, 1053);
  const Answered down = ask("SELECT answer");
  ASSERT_TRUE(down.error);
  EXPECT_EQ(down.error->code, ErrorCode::kUnreachable) << "a login that is refused says nothing of the query";
}

TEST_F(MysqlCheckTest, AnotherMonitorLogsInAnewAndTheSameDoesNot) {
  ASSERT_FALSE(look().error);
  EXPECT_FALSE(check_.set_monitor({"watch", "first", std::nullopt}));
  ASSERT_FALSE(look().error);
  EXPECT_EQ(server_.accepted(), 1U);
  EXPECT_TRUE(check_.set_monitor({"other", "second", std::nullopt}));
  ASSERT_FALSE(look().error);
  EXPECT_EQ(server_.logins(), (std::vector<std::string>{"watch", "other"}));
}

}  // namespace
}  // namespace hf::check
