// KILL of an id that we gave out: who may, what the server of the target hears, what the two clients see, also across
// shards.
#include <algorithm>

#include "service/mysql/session_fixture.h"

namespace hf::service::mysql::handlers {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the stage is what these tests are written in
namespace wire = proto::mysql;

std::string kill(std::uint32_t id) { return query("KILL " + std::to_string(id)); }
std::string kill_query(std::uint32_t id) { return query("KILL QUERY " + std::to_string(id)); }
std::string process_kill(std::uint32_t id) { return on_statement(Command::kProcessKill, id); }
std::string thread(std::uint32_t n) { return std::to_string(ResponderFake::kFirstThread + n); }

/// A statement runs on the primary for the client and does not end by itself.
void begin_long_statement(Stage& stage, TestClient& client, ByteView text) {
  stage.primary().on(text, reply::silence());
  client.send(query(text));
  ASSERT_TRUE(stage.run_until([&] { return stage.primary().heard(text); }));
}

// The session's own id, and ids of nobody.

TEST(Kill, OfItselfEndsTheSession) {
  for (const bool by_command : {false, true}) {
    Stage stage;
    TestClient& client = stage.log_in();
    const Answer answer = stage.ask(client, by_command ? process_kill(client.id()) : kill(client.id()));
    EXPECT_EQ(answer.error_code(), wire::kErConnectionKilled);
    EXPECT_EQ(answer.packets()[0].sequence, 1U);
    EXPECT_TRUE(stage.wait_gone(client));
    EXPECT_EQ(stage.server().accepted(), 0U);
  }
}

TEST(Kill, QueryOfItselfIsInterruptedAndGoesOn) {
  Stage stage;
  TestClient& client = stage.log_in();
  EXPECT_EQ(stage.ask(client, kill_query(client.id())).error_code(), wire::kErQueryInterrupted);
  EXPECT_TRUE(stage.ask(client, command(Command::kPing)).ok());
}

TEST(Kill, OfAnIdOfOursThatNobodyHasIsRefusedHere) {
  Stage stage;
  TestClient& client = stage.log_in();
  const std::uint32_t other_shard = client.id() | 5U << 24;
  for (const std::uint32_t id : {client.id() + 1, other_shard}) {
    const Answer answer = stage.ask(client, kill(id));
    EXPECT_EQ(answer.error_code(), wire::kErNoSuchThread);
    EXPECT_EQ(answer.message(), "Unknown thread id: " + std::to_string(id));
    EXPECT_EQ(stage.ask(client, process_kill(id)).error_code(), wire::kErNoSuchThread);
  }
  EXPECT_EQ(stage.server().accepted(), 0U);
}

TEST(Kill, OfAnIdOfTheServersIsTheServers) {
  Stage stage;
  stage.server().on("KILL 42", reply::error(1094, "Unknown thread id: 42"));
  TestClient& client = stage.log_in();
  EXPECT_EQ(stage.ask(client, kill(42)).error_code(), 1094);
  EXPECT_EQ(stage.server().texts().back(), "KILL 42");
}

TEST(Kill, WhatIsMissingOfAnIdIsZero) {
  Stage stage;
  TestClient& client = stage.log_in();
  stage.server().on_command(Command::kProcessKill, reply::error(1094, "Unknown thread id: 197121"));
  for (const char* rest : {"", "\1", "\1\2\3"}) {
    EXPECT_EQ(stage.ask(client, command(Command::kProcessKill, rest)).error_code(), wire::kErNoSuchThread)
        << "a server's own";
  }
  EXPECT_TRUE(stage.ask(client, command(Command::kPing)).ok());
}

TEST(Kill, OfAnotherAccountsSessionIsDenied) {
  Stage stage;
  TestClient& client = stage.log_in();
  ClientLogin login;
  login.user = "other";
  TestClient& target = stage.log_in(login);
  begin_long_statement(stage, target, "UPDATE t SET a=1");
  const Answer answer = stage.ask(client, kill(target.id()));
  EXPECT_EQ(answer.error_code(), 1095);
  EXPECT_EQ(answer.message(), "You are not owner of thread " + std::to_string(target.id()));
  EXPECT_FALSE(target.gone());
  EXPECT_FALSE(stage.primary().heard("KILL"));
  stage.primary().cut();
}

// A target that does nothing, and one that runs something.

TEST(Kill, OfASessionThatHoldsNothingOnlyEndsIt) {
  Stage stage;
  TestClient& client = stage.log_in();
  TestClient& target = stage.log_in();
  EXPECT_TRUE(stage.ask(client, kill_query(target.id())).ok());
  stage.turn(10);
  EXPECT_FALSE(target.gone());
  EXPECT_TRUE(stage.ask(client, kill(target.id())).ok());
  EXPECT_TRUE(stage.wait_gone(target));
  EXPECT_EQ(stage.server().accepted(), 0U);
  EXPECT_TRUE(stage.run_until([&] { return stage.sessions() == 1; }));
  EXPECT_EQ(stage.ask(client, kill(target.id())).error_code(), wire::kErNoSuchThread);
}

TEST(Kill, OfARunningStatementReachesItsThreadOverAnotherConnection) {
  Stage stage;
  TestClient& client = stage.log_in();
  TestClient& target = stage.log_in();
  begin_long_statement(stage, target, "UPDATE t SET a=1");
  EXPECT_TRUE(stage.ask(client, kill(target.id())).ok());
  EXPECT_TRUE(stage.wait_gone(target));
  const auto& heard = stage.primary().heard();
  const auto killed = std::find_if(heard.begin(), heard.end(), [](const auto& each) {
    return each.command == query("KILL CONNECTION " + thread(1));
  });
  ASSERT_NE(killed, heard.end());
  EXPECT_EQ(std::to_string(killed->thread_id), thread(2));
  EXPECT_EQ(stage.primary().count("UPDATE"), 1U);
  EXPECT_TRUE(stage.failed_servers.empty()) << "what was killed says nothing of its server";
}

TEST(Kill, QueryInterruptsTheStatementAndTheSessionGoesOn) {
  Stage stage;
  TestClient& client = stage.log_in();
  TestClient& target = stage.log_in();
  begin_long_statement(stage, target, "UPDATE t SET a=1");
  stage.primary().on("KILL QUERY", [&](const upstream::mysql::ServerTurn& turn) {
    stage.primary().say_to(ResponderFake::kFirstThread + 1,
                           reply::error(1317, "Query execution was interrupted")(turn));
    return reply::ok()(turn);
  });
  EXPECT_TRUE(stage.ask(client, kill_query(target.id())).ok());
  EXPECT_TRUE(stage.primary().heard("KILL QUERY " + thread(1)));
  ASSERT_TRUE(stage.wait(target));
  EXPECT_EQ(target.answers().back().error_code(), wire::kErQueryInterrupted);
  EXPECT_TRUE(stage.ask_query(target, "SELECT 1").ok());
}

TEST(Kill, WhatAKillWasAimedAtIsLentToNobodyElse) {
  Stage stage;
  TestClient& client = stage.log_in();
  TestClient& target = stage.log_in();
  begin_long_statement(stage, target, "UPDATE t SET a=1");
  stage.primary().on("KILL QUERY", [&](const upstream::mysql::ServerTurn& turn) {
    stage.primary().say_to(ResponderFake::kFirstThread + 1, reply::ok()(turn));
    return reply::ok()(turn);
  });
  EXPECT_TRUE(stage.ask(client, kill_query(target.id())).ok());
  ASSERT_TRUE(stage.wait(target));
  EXPECT_TRUE(target.answers().back().ok());
  EXPECT_TRUE(stage.run_until([&] { return stage.primary().open() == 0; })) << "closed, for the KILL might come late";
  EXPECT_EQ(stage.idle(0), 0U);
}

TEST(Kill, OfATransactionBetweenStatementsEndsItOnTheServer) {
  Stage stage;
  TestClient& client = stage.log_in();
  TestClient& target = stage.log_in();
  stage.ask_query(target, "BEGIN");
  EXPECT_TRUE(stage.ask(client, process_kill(target.id())).ok());
  EXPECT_TRUE(stage.wait_gone(target));
  EXPECT_TRUE(stage.primary().heard("KILL CONNECTION " + thread(1)));
}

TEST(Kill, OfAReadGoesToTheReplicaThatRunsIt) {
  Stage stage({.replicas = 1});
  stage.replica().on("SELECT SLEEP(a) FROM t", reply::silence());
  TestClient& client = stage.log_in();
  TestClient& target = stage.log_in();
  target.send(query("SELECT SLEEP(a) FROM t"));
  ASSERT_TRUE(stage.run_until([&] { return stage.replica().heard("SELECT SLEEP"); }));
  EXPECT_TRUE(stage.ask(client, kill(target.id())).ok());
  EXPECT_TRUE(stage.wait_gone(target));
  EXPECT_TRUE(stage.replica().heard("KILL CONNECTION " + thread(1)));
  EXPECT_FALSE(stage.primary().heard("KILL"));
}

// A server that does not do it.

TEST(Kill, ThatTheServerRefusesIsAnsweredInItsWordsAndTheTargetLives) {
  Stage stage;
  stage.primary().on("KILL CONNECTION", reply::error(1095, "You are not owner of thread 101"));
  TestClient& client = stage.log_in();
  TestClient& target = stage.log_in();
  stage.ask_query(target, "BEGIN");
  const Answer answer = stage.ask(client, kill(target.id()));
  EXPECT_EQ(answer.error_code(), 1095);
  EXPECT_EQ(answer.message(), "You are not owner of thread 101");
  EXPECT_TRUE(stage.ask_query(target, "INSERT INTO t VALUES (1)").in_transaction());
}

TEST(Kill, ThatCannotReachTheServerSaysSo) {
  Stage stage;
  TestClient& client = stage.log_in();
  TestClient& target = stage.log_in();
  stage.ask_query(target, "BEGIN");
  stage.primary().on_login(std::string());
  const Answer answer = stage.ask(client, kill(target.id()));
  EXPECT_EQ(answer.error_code(), wire::kErUnknown);
  EXPECT_FALSE(answer.message().empty());
  EXPECT_FALSE(client.gone());
}

TEST(Kill, NeedsNoPlace) {
  Stage stage({.places = 1});
  TestClient& client = stage.log_in();
  TestClient& target = stage.log_in();
  stage.ask_query(target, "BEGIN");
  EXPECT_TRUE(stage.ask(client, kill(target.id())).ok());
  EXPECT_TRUE(stage.wait_gone(target));
  EXPECT_TRUE(stage.primary().heard("KILL CONNECTION " + thread(1)));
  EXPECT_TRUE(stage.run_until([&] { return stage.primary().open() == 0; })) << "nothing is left of either";
}

TEST(Kill, SentAtOnceAreDoneInTurn) {
  Stage stage({.places = 2});
  std::vector<TestClient*> targets;
  std::vector<TestClient*> clients;
  for (int i = 0; i < 2; ++i) {
    targets.push_back(&stage.log_in());
    clients.push_back(&stage.log_in());
    stage.ask_query(*targets.back(), "BEGIN");
  }
  for (std::size_t i = 0; i < 2; ++i) clients[i]->send(kill(targets[i]->id()));
  for (TestClient* client : clients) {
    ASSERT_TRUE(stage.wait(*client));
    EXPECT_TRUE(client->answers().back().ok());
  }
  for (TestClient* target : targets) EXPECT_TRUE(stage.wait_gone(*target));
}

// What has ended before the KILL arrives, and what no server has seen yet.

TEST(Kill, QueryOfAThreadThatHasEndedMeanwhileIsDone) {
  Stage stage;
  stage.primary().on("KILL QUERY", reply::error(1094, "Unknown thread id: 101"));
  TestClient& client = stage.log_in();
  TestClient& target = stage.log_in();
  begin_long_statement(stage, target, "UPDATE t SET a=1");
  EXPECT_TRUE(stage.ask(client, kill_query(target.id())).ok());
  EXPECT_FALSE(target.gone());
  stage.primary().cut();
}

TEST(Kill, OfASessionWhoseThreadHasEndedMeanwhileEndsIt) {
  Stage stage;
  stage.primary().on("KILL CONNECTION", reply::error(1094, "Unknown thread id: 101"));
  TestClient& client = stage.log_in();
  TestClient& target = stage.log_in();
  stage.ask_query(target, "BEGIN");
  EXPECT_TRUE(stage.ask(client, kill(target.id())).ok());
  EXPECT_TRUE(stage.wait_gone(target));
}

TEST(Kill, QueryOfAStatementThatWaitsForAPlaceInterruptsThatOneAlone) {
  Stage stage({.places = 1});
  TestClient& client = stage.log_in();
  TestClient& holder = stage.log_in();
  TestClient& target = stage.log_in();
  stage.ask_query(holder, "BEGIN");
  target.send(query("INSERT INTO t VALUES (1)"));
  stage.turn(10);
  EXPECT_TRUE(stage.ask(client, kill_query(target.id())).ok());
  ASSERT_TRUE(stage.wait(target));
  EXPECT_EQ(target.answers().back().error_code(), wire::kErQueryInterrupted);
  EXPECT_TRUE(stage.ask_query(holder, "COMMIT").ok());
  EXPECT_FALSE(stage.primary().heard("INSERT"));
  EXPECT_TRUE(stage.ask_query(target, "INSERT INTO t VALUES (2)").ok());
}

TEST(Kill, QueryOfAStatementThatWaitsForAPrimaryInterruptsIt) {
  Stage stage;
  TestClient& client = stage.log_in();
  TestClient& target = stage.log_in();
  stage.change_view([](upstream::mysql::View& view) { view.primary.reset(); });
  target.send(query("INSERT INTO t VALUES (1)"));
  stage.turn(10);
  EXPECT_TRUE(stage.ask(client, kill_query(target.id())).ok());
  ASSERT_TRUE(stage.wait(target));
  EXPECT_EQ(target.answers().back().error_code(), wire::kErQueryInterrupted);
}

TEST(Kill, QueryOfAStatementWhoseConnectionIsBeingMadeReadyKeepsItFromTheServer) {
  Stage stage;
  TestClient& client = stage.log_in();
  TestClient& target = stage.log_in();
  stage.server().on("SET @@session.", reply::silence(), 1);
  target.send(query("INSERT INTO t VALUES (1)"));
  ASSERT_TRUE(stage.run_until([&] { return stage.server().heard("SET @@session."); }));
  EXPECT_TRUE(stage.ask(client, kill_query(target.id())).ok());
  stage.primary().cut();
  ASSERT_TRUE(stage.wait(target));
  EXPECT_EQ(target.answers().back().error_code(), wire::kErQueryInterrupted);
  EXPECT_FALSE(stage.primary().heard("INSERT"));
}

TEST(Kill, OfASessionWhoseStatementWaitsForAPlaceEndsItAtOnce) {
  Stage stage({.places = 1});
  TestClient& client = stage.log_in();
  TestClient& holder = stage.log_in();
  TestClient& target = stage.log_in();
  stage.ask_query(holder, "BEGIN");
  target.send(query("INSERT INTO t VALUES (1)"));
  stage.turn(10);
  EXPECT_TRUE(stage.ask(client, kill(target.id())).ok());
  EXPECT_TRUE(stage.wait_gone(target));
  EXPECT_TRUE(stage.run_until([&] { return stage.sessions() == 2; }));
  EXPECT_TRUE(stage.ask_query(holder, "COMMIT").ok());
  EXPECT_FALSE(stage.primary().heard("INSERT"));
}

TEST(Kill, QueryOfAnIdleSessionThatKeepsAConnectionDoesNothing) {
  Stage stage;
  TestClient& client = stage.log_in();
  TestClient& target = stage.log_in();
  stage.ask_query(target, "BEGIN");
  EXPECT_TRUE(stage.ask(client, kill_query(target.id())).ok());
  EXPECT_FALSE(stage.primary().heard("KILL"));
  EXPECT_TRUE(stage.ask_query(target, "INSERT INTO t VALUES (1)").in_transaction());
}

// Other ways to name it.

TEST(Kill, OfAServersOwnIdByTheCommandIsTheServers) {
  Stage stage;
  TestClient& client = stage.log_in();
  EXPECT_TRUE(stage.ask(client, process_kill(42)).ok());
  EXPECT_EQ(stage.primary().heard().back().command, process_kill(42));
}

TEST(Kill, PreparedWithTheIdInItsText) {
  Stage stage;
  TestClient& client = stage.log_in();
  TestClient& target = stage.log_in();
  const std::uint32_t statement = 1;
  EXPECT_TRUE(stage.ask(client, command(Command::kStmtPrepare, "KILL CONNECTION " + std::to_string(target.id()))).ok());
  EXPECT_TRUE(stage.ask(client, execute(statement)).ok());
  EXPECT_TRUE(stage.wait_gone(target));
}

// Whose sessions.

TEST(Kill, OfAnotherUsersSessionByAnAccountThatMay) {
  Stage stage;
  stage.primary().on("SELECT 1 FROM information_schema.user_privileges", reply::rows({{"1"}}));
  TestClient& client = stage.log_in();
  ClientLogin login;
  login.user = "other";
  TestClient& target = stage.log_in(login);
  stage.ask_query(target, "BEGIN");
  EXPECT_TRUE(stage.ask(client, kill(target.id())).ok());
  EXPECT_TRUE(stage.wait_gone(target));
}

// Across shards.

TEST(Kill, OfASessionOnAnotherShard) {
  Stage stage({.shards = 2});
  TestClient& client = stage.log_in();
  TestClient& target = stage.log_in({}, 1);
  ASSERT_NE(client.id() >> 24, target.id() >> 24);
  stage.ask_query(target, "BEGIN");
  EXPECT_TRUE(stage.ask(client, kill(target.id())).ok());
  EXPECT_TRUE(stage.wait_gone(target));
  EXPECT_TRUE(stage.primary().heard("KILL CONNECTION " + thread(1)));
}

TEST(Kill, OfAnotherAccountOrNobodyOnAnotherShard) {
  Stage stage({.shards = 2});
  TestClient& client = stage.log_in();
  ClientLogin login;
  login.user = "other";
  TestClient& target = stage.log_in(login, 1);
  EXPECT_EQ(stage.ask(client, kill(target.id())).error_code(), 1095);
  EXPECT_EQ(stage.ask(client, kill(target.id() + 1)).error_code(), wire::kErNoSuchThread);
  EXPECT_FALSE(target.gone());
}

TEST(Kill, OfASessionWhoseShardDoesNotAnswerGivesUp) {
  Stage stage({.shards = 2});
  TestClient& client = stage.log_in();
  TestClient& target = stage.log_in({}, 1);
  stage.hold_shard(1);
  EXPECT_EQ(stage.ask(client, kill(target.id())).error_code(), wire::kErNoSuchThread);
  stage.let_shards_go();
  EXPECT_TRUE(stage.ask(client, kill(target.id())).ok());
  EXPECT_TRUE(stage.wait_gone(target));
}

TEST(Kill, OfASessionOfAServiceThatIsGoneFromItsShard) {
  Stage stage({.shards = 2});
  TestClient& client = stage.log_in();
  TestClient& target = stage.log_in({}, 1);
  stage.shard(1).close_service("orders", Nanos::zero());
  ASSERT_TRUE(stage.wait_gone(target));
  EXPECT_EQ(stage.ask(client, kill(target.id())).error_code(), wire::kErNoSuchThread);
}

// Clients that are gone by the time that their statement could begin.

TEST(Kill, OfAReadWhoseClientLeftWhileAConnectionWasMadeReady) {
  Stage stage;
  TestClient& client = stage.log_in();
  stage.server().on(
      "SET @@session.",
      [&](const upstream::mysql::ServerTurn& turn) {
        client.leave();
        stage.server().on("SELECT SLEEP(a)", reply::silence());
        return reply::ok()(turn);
      },
      1);
  client.send(query("SELECT SLEEP(a) FROM t"));
  EXPECT_TRUE(stage.run_until([&] { return stage.sessions() == 0; })) << "it runs for nobody";
}

TEST(Kill, OfASessionWhoseConnectionIsBeingMadeReady) {
  Stage stage;
  TestClient& client = stage.log_in();
  stage.server().on(
      "SET @@session.",
      [&](const upstream::mysql::ServerTurn& turn) {
        stage.service()->cut_clients_on(net::Address::from_ip("127.0.0.1", 0).value(), "the address leaves");
        return reply::ok()(turn);
      },
      1);
  client.send(query("INSERT INTO t VALUES (1)"));
  EXPECT_TRUE(stage.run_until([&] { return stage.sessions() == 0; }));
  EXPECT_FALSE(stage.server().heard("INSERT")) << "nothing is begun for a client that is gone";
}

// With everything going wrong.

TEST(KillScript, OfATransaction) {
  for_every_step_and_leaf({{}, [](Stage& stage) {
                             TestClient& client = stage.log_in();
                             TestClient& target = stage.log_in();
                             stage.ask_query(target, "BEGIN");
                             stage.ask(client, kill_query(target.id()));
                             stage.ask(client, kill(target.id()));
                             stage.ask(client, command(Command::kPing));
                           }});
}

TEST(KillScript, OfAStatementThatWaitsForAPlace) {
  for_every_step_and_leaf({{.places = 1}, [](Stage& stage) {
                             TestClient& client = stage.log_in();
                             TestClient& holder = stage.log_in();
                             TestClient& target = stage.log_in();
                             stage.ask_query(holder, "BEGIN");
                             target.send(query("INSERT INTO t VALUES (1)"));
                             stage.turn(5);
                             stage.ask(client, kill_query(target.id()));
                             stage.ask(client, kill(holder.id()));
                             stage.ask_query(holder, "COMMIT");
                             stage.wait(target);
                             stage.rest(10ms);
                           }});
}

TEST(KillScript, AcrossShards) {
  for_every_step_and_leaf({{.shards = 2}, [](Stage& stage) {
                             TestClient& client = stage.log_in();
                             TestClient& target = stage.log_in({}, 1);
                             stage.ask_query(target, "BEGIN");
                             stage.ask(client, kill(target.id()));
                             stage.rest(10ms);
                           }});
}

TEST(KillScript, OfAStatementWhoseClientLeaves) {
  for_every_step_and_leaf(
      {{.replicas = 1}, [](Stage& stage) {
         stage.replica().on("SELECT SLEEP(a)", reply::silence());
         TestClient& client = stage.log_in();
         if (client.gone()) return;
         client.send(query("SELECT SLEEP(a) FROM t"));
         stage.run_until([&] { return stage.replica().heard("SELECT SLEEP") || client.gone() || client.answered(); });
         client.leave();
         stage.rest(10ms);
         TestClient& next = stage.log_in();
         stage.ask_query(next, "SELECT b FROM t");
       }});
}

}  // namespace
}  // namespace hf::service::mysql::handlers
