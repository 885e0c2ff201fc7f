#include "upstream/mysql/connection.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "proto/mysql/auth/caching_sha2.h"
#include "proto/mysql/auth/ed25519.h"
#include "proto/mysql/auth/native_password.h"
#include "upstream/mysql/connect_fixture.h"

namespace hf::upstream::mysql {
namespace {

namespace wire = proto::mysql;
using runtime::Scope;
using runtime::SteppedLoop;
using runtime::Task;

ServerStep greeting_step(ByteView plugin) {
  wire::Greeting greeting = fake_greeting();
  greeting.auth_plugin = std::string(plugin);
  return packet_step(0, wire::encode_greeting(greeting));
}

ServerStep switch_step(std::uint8_t sequence, ByteView plugin, ByteView nonce) {
  return packet_step(sequence, wire::encode_auth_switch_request({std::string(plugin), std::string(nonce)}));
}

const std::string kNonce32(32, 'n');

ServerScript ed25519_script() {
  return {greeting_step(wire::kNativePasswordPlugin), expect_step(), switch_step(2, wire::kEd25519Plugin, kNonce32),
          expect_step(), ok_step(4)};
}

ServerScript sha2_script() {
  return {greeting_step(wire::kCachingSha2Plugin), expect_step(),
          packet_step(2, wire::encode_auth_more_data(ByteView(&wire::auth::kSha2FastAuthSuccess, 1))), ok_step(3)};
}

int open_descriptors() {
  int count = 0;
  for (int fd = 0; fd < 1024; ++fd) count += ::fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
  return count;
}

TEST(Connect, LogsInByNativePasswordAndTellsWhatTheServerIs) {
  SteppedLoop loop;
  ServerFake server(*loop, login_script());
  Login login = login_of();
  login.schema = "shop";
  login.charset = 33;
  wire::append_connect_attribute(login.connect_attributes, "_client_name", "test");
  Attempt attempt = connect_to(loop, server, login);
  ASSERT_EQ(attempt.outcome(), "ok") << attempt.error->context;
  const Connection& connection = *attempt.connection;
  EXPECT_EQ(connection.thread_id, 77U);
  EXPECT_EQ(connection.server_version, "5.5.5-10.11.6-MariaDB");
  EXPECT_EQ(connection.server_charset, 45);
  EXPECT_EQ(connection.server_capabilities, kFakeCapabilities);
  EXPECT_EQ(connection.capabilities, kFakeCapabilities & ~(wire::kClientSsl | wire::kClientCompress));
  EXPECT_EQ(connection.status, wire::kStatusAutocommit);
  EXPECT_EQ(connection.facts.settings, nullptr) << "nothing is known of a session that has just begun";
  EXPECT_FALSE(connection.facts.tracking);
  EXPECT_NE(connection.facts.serial, 0U);
  EXPECT_TRUE(connection.usable());

  ASSERT_EQ(server.received().size(), 1U);
  const Result<wire::HandshakeResponse> response = wire::decode_handshake_response(server.received()[0]);
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response->user, "app");
  EXPECT_EQ(response->database, "shop");
  EXPECT_EQ(response->charset, 33);
  EXPECT_EQ(response->auth_plugin, wire::kNativePasswordPlugin);
  EXPECT_EQ(response->connect_attributes, login.connect_attributes);
  EXPECT_TRUE(
      wire::auth::native_verify(response->auth_response, fake_greeting().nonce, wire::auth::native_stage2(kPassword)));
  attempt.connection.reset();
}

TEST(Connect, AsksForNothingThatTheServerLacks) {
  wire::Greeting greeting = fake_greeting();
  greeting.capabilities =
      wire::kClientMysql | wire::kClientProtocol41 | wire::kClientSecureConnection | wire::kClientPluginAuth;
  SteppedLoop loop;
  ServerFake server(*loop, {packet_step(0, wire::encode_greeting(greeting)), expect_step(), ok_step(2)});
  Attempt attempt = connect_to(loop, server, login_of());
  ASSERT_EQ(attempt.outcome(), "ok") << attempt.error->context;
  EXPECT_EQ(attempt.connection->capabilities, greeting.capabilities);  // with CLIENT_MYSQL: no MariaDB dialect
  attempt.connection.reset();
}

TEST(Connect, FollowsASwitchToEd25519) {
  SteppedLoop loop;
  ServerFake server(*loop, ed25519_script());
  Attempt attempt = connect_to(loop, server, login_of());
  ASSERT_EQ(attempt.outcome(), "ok") << attempt.error->context;
  ASSERT_EQ(server.received().size(), 2U);
  EXPECT_TRUE(wire::auth::ed25519_verify(server.received()[1], kNonce32, wire::auth::ed25519_public_key(kPassword)));
  attempt.connection.reset();
}

TEST(Connect, TakesTheFastPathOfCachingSha2) {
  SteppedLoop loop;
  ServerFake server(*loop, sha2_script());
  Attempt attempt = connect_to(loop, server, login_of());
  ASSERT_EQ(attempt.outcome(), "ok") << attempt.error->context;
  const Result<wire::HandshakeResponse> response = wire::decode_handshake_response(server.received()[0]);
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response->auth_plugin, wire::kCachingSha2Plugin);
  EXPECT_TRUE(wire::auth::sha2_verify(response->auth_response, fake_greeting().nonce, kPassword));
  attempt.connection.reset();
}

TEST(Connect, AsksForTheKeyWhenCachingSha2WantsTheWholePasswordAndTrustsNoGarbage) {
  ServerScript script = {greeting_step(wire::kCachingSha2Plugin), expect_step(),
                         packet_step(2, wire::encode_auth_more_data(ByteView(&wire::auth::kSha2FullAuthentication, 1))),
                         expect_step(), packet_step(4, wire::encode_auth_more_data("no key at all"))};
  SteppedLoop loop;
  ServerFake server(*loop, script);
  const Attempt attempt = connect_to(loop, server, login_of());
  EXPECT_NE(attempt.outcome(), "ok");
  ASSERT_EQ(server.received().size(), 2U);
  EXPECT_EQ(server.received()[1], ByteView(&wire::auth::kSha2RequestPublicKey, 1));
}

TEST(Connect, AClientsProofIsEnoughForNativePassword) {
  Login login = login_of();
  login.credentials.password.reset();
  login.credentials.native_stage1 = wire::auth::native_stage1(kPassword);
  const std::string fresh = "ABCDEFGHIJKLMNOPQRST";
  SteppedLoop loop;
  ServerFake server(*loop, {greeting_step(wire::kCachingSha2Plugin), expect_step(),
                            switch_step(2, wire::kNativePasswordPlugin, fresh), expect_step(), ok_step(4)});
  Attempt attempt = connect_to(loop, server, login);
  ASSERT_EQ(attempt.outcome(), "ok") << attempt.error->context;
  const Result<wire::HandshakeResponse> response = wire::decode_handshake_response(server.received()[0]);
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response->auth_plugin, wire::kNativePasswordPlugin);
  EXPECT_TRUE(wire::auth::native_verify(server.received()[1], fresh, wire::auth::native_stage2(kPassword)));
  attempt.connection.reset();
}

TEST(Connect, WithoutThePasswordAnotherPluginIsRefusedWithTheRemedy) {
  Login login = login_of();
  login.credentials.password.reset();
  login.credentials.native_stage1 = wire::auth::native_stage1(kPassword);
  const Attempt attempt = connect_to(ed25519_script(), login);
  EXPECT_EQ(attempt.outcome(), to_string(ErrorCode::kUnsupported));
  EXPECT_NE(attempt.error->context.find("password_file"), std::string::npos) << attempt.error->context;
}

TEST(Connect, KeepsTheWordsOfARefusalBeforeTheGreeting) {
  const Attempt full = connect_to({err_step(0, 1040, "Too many connections", 0)}, login_of());
  EXPECT_EQ(full.outcome(), to_string(ErrorCode::kRefused));
  EXPECT_EQ(full.said().code, 1040);
  EXPECT_EQ(full.said().words, "Too many connections");
  EXPECT_NE(full.error->context.find("1040"), std::string::npos);

  const Attempt host = connect_to({err_step(0, 1130, "Host 'x' is not allowed", 0)}, login_of());
  EXPECT_EQ(host.outcome(), to_string(ErrorCode::kAccessDenied));
}

TEST(Connect, KeepsTheWordsOfARefusalAfterTheLogin) {
  ServerScript script = login_script();
  script.back() = err_step(2, 1045, "Access denied for user 'app'@'localhost'");
  const Attempt attempt = connect_to(script, login_of());
  EXPECT_EQ(attempt.outcome(), to_string(ErrorCode::kAccessDenied));
  EXPECT_EQ(attempt.said().code, 1045);
  EXPECT_EQ(attempt.said().sqlstate, "HY000");
  EXPECT_EQ(attempt.said().words, "Access denied for user 'app'@'localhost'");
}

TEST(Connect, AClosedPortIsRefused) {
  SteppedLoop loop;
  net::Address address;
  { address = ServerFake(*loop, {}).address(); }
  Attempt attempt;
  const Login login = login_of();
  Scope scope(*loop);
  scope.spawn("connect", connect_task, loop.get(), address, &login, &attempt, loop->deadline_in(10s));
  ASSERT_TRUE(loop.run_until_empty(scope));
  EXPECT_EQ(attempt.outcome(), to_string(ErrorCode::kRefused));
}

TEST(Connect, AServerThatClosesAtAnyStepIsAnErrorAndLeavesNothingOpen) {
  const int before = open_descriptors();
  for (const ServerScript& whole : {login_script(), ed25519_script(), sha2_script()}) {
    for (std::size_t steps = 0; steps < whole.size(); ++steps) {
      ServerScript script(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(steps));
      script.push_back(close_step());
      const Attempt attempt = connect_to(script, login_of());
      EXPECT_TRUE(attempt.outcome() == to_string(ErrorCode::kClosed) ||
                  attempt.outcome() == to_string(ErrorCode::kReset))
          << steps << ": " << attempt.outcome();
    }
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST(Connect, BytesMayComeOneByOne) {
  for (const ServerScript& script : {login_script(), ed25519_script(), sha2_script()}) {
    const Attempt attempt = connect_to(script, login_of(), 1);
    EXPECT_EQ(attempt.outcome(), "ok") << attempt.error->context;
  }
}

TEST(Connect, ALoginCutOffAfterAnyByteIsAnError) {
  const ServerScript whole = login_script();
  for (const std::size_t step : {std::size_t{0}, std::size_t{2}}) {
    for (std::size_t cut = 0; cut < whole[step].bytes.size(); ++cut) {
      ServerScript script(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(step));
      script.push_back(send_step(whole[step].bytes.substr(0, cut)));
      script.push_back(close_step());
      EXPECT_NE(connect_to(script, login_of()).outcome(), "ok") << step << " " << cut;
    }
  }
}

TEST(Connect, GarbageIsAnErrorWhereverItComes) {
  Random random(11);
  for (int round = 0; round < 300; ++round) {
    std::string garbage(1 + random.below(300), '\0');
    for (char& c : garbage) c = static_cast<char>(random.next());
    const bool framed = random.below(2) == 0;
    const bool after_login = random.below(2) == 0;
    ServerScript script;
    if (after_login) script = {greeting_step(wire::kNativePasswordPlugin), expect_step()};
    // anything but OK, switch and ERR
    if (after_login && framed) garbage[0] = static_cast<char>(1 + random.below(0xFD));
    script.push_back(framed ? packet_step(after_login ? 2 : 0, garbage) : send_step(garbage));
    script.push_back(close_step());
    EXPECT_NE(connect_to(script, login_of()).outcome(), "ok") << round;
  }
}

TEST(Connect, ALoginPacketBeyondTheBoundIsRefusedByItsHeader) {
  std::string header;
  wire::append_packet_header(header, {64 * 1024 + 1, 0});
  const Attempt attempt = connect_to({send_step(header), hang_step()}, login_of());
  EXPECT_EQ(attempt.outcome(), to_string(ErrorCode::kOverload));
}

TEST(Connect, AServerThatNeverEndsTheLoginIsGivenUp) {
  ServerScript script = {greeting_step(wire::kNativePasswordPlugin), expect_step()};
  for (std::uint8_t turn = 0; turn < 20; ++turn) {
    script.push_back(
        switch_step(static_cast<std::uint8_t>(2 + 2 * turn), wire::kNativePasswordPlugin, "abcdefghijklmnopqrst"));
    script.push_back(expect_step());
  }
  EXPECT_EQ(connect_to(script, login_of()).outcome(), to_string(ErrorCode::kProtocol));
}

TEST(Connect, BytesBehindTheLoginsEndAreAProtocolError) {
  ServerScript script = login_script();
  script.back().bytes += "more";
  EXPECT_EQ(connect_to(script, login_of()).outcome(), to_string(ErrorCode::kProtocol));
}

TEST(Connect, AServerWithoutPluginsIsTooOld) {
  wire::Greeting greeting = fake_greeting();
  greeting.capabilities = wire::kClientMysql | wire::kClientProtocol41 | wire::kClientSecureConnection;
  const Attempt attempt = connect_to({packet_step(0, wire::encode_greeting(greeting))}, login_of());
  EXPECT_EQ(attempt.outcome(), to_string(ErrorCode::kUnsupported));
}

TEST(Connect, UnexpectedDataOfAPluginIsRefused) {
  const ServerScript script = {greeting_step(wire::kNativePasswordPlugin), expect_step(),
                               packet_step(2, wire::encode_auth_more_data("x"))};
  EXPECT_EQ(connect_to(script, login_of()).outcome(), to_string(ErrorCode::kUnsupported));
}

/// Hangs at every step in turn; `end` ends the attempt once the server has got there.
template <typename End>
void hang_at_every_step(End end, std::string_view outcome) {
  const int before = open_descriptors();
  for (const ServerScript& whole : {login_script(), ed25519_script(), sha2_script()}) {
    for (std::size_t steps = 0; steps < whole.size(); ++steps) {
      if (steps > 0 && whole[steps - 1].kind == ServerStep::Kind::kSend &&
          whole[steps].kind == ServerStep::Kind::kExpect) {
        continue;  // the client waits for what comes after the packet it sends here
      }
      ServerScript script(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(steps));
      script.push_back(hang_step());
      SteppedLoop loop;
      ServerFake server(*loop, script);
      Attempt attempt;
      const Login login = login_of();
      Scope scope(*loop);
      scope.spawn("connect", connect_task, loop.get(), server.address(), &login, &attempt, loop->deadline_in(10s));
      ASSERT_TRUE(loop.run_until([&] { return server.steps_begun() == script.size(); }));
      EXPECT_EQ(attempt.outcome(), "waiting");
      end(loop, scope);
      ASSERT_TRUE(loop.run_until_empty(scope));
      EXPECT_EQ(attempt.outcome(), outcome) << steps;
    }
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST(Connect, TheDeadlineEndsEveryWait) {
  hang_at_every_step([](SteppedLoop& loop, Scope&) { loop.advance(11s); }, to_string(ErrorCode::kTimeout));
}

TEST(Connect, CancelEndsEveryWait) {
  hang_at_every_step([](SteppedLoop&, Scope& scope) { scope.cancel(); }, to_string(ErrorCode::kCancelled));
}

/// Cancels a slow login after `turns` turns, by `cancel(loop, scope)`.
template <typename Cancel>
void cancel_after(int turns, Cancel cancel) {
  SteppedLoop loop;
  ServerFake server(*loop, ed25519_script());
  server.set_piece(7);
  Attempt attempt;
  const Login login = login_of();
  Scope scope(*loop);
  scope.spawn("connect", connect_task, loop.get(), server.address(), &login, &attempt, Deadline::never());
  for (int i = 0; i < turns && !scope.empty(); ++i) loop.turn();
  cancel(loop, scope);
  loop.turn();
  ASSERT_TRUE(loop.run_until_empty(scope));
  EXPECT_TRUE(attempt.outcome() == "ok" || attempt.outcome() == to_string(ErrorCode::kCancelled)) << attempt.outcome();
  attempt.connection.reset();
}

TEST(Connect, CancelAfterAnyNumberOfTurnsEndsItAndLeavesNothingOpen) {
  const int before = open_descriptors();
  for (int turns = 0; turns < 60; ++turns) {
    cancel_after(turns, [](SteppedLoop& loop, Scope& scope) { loop->post([&scope] { scope.cancel(); }); });
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST(Connect, CancelBetweenTwoTurnsWhileConnectingEndsItOnce) {
  cancel_after(0, [](SteppedLoop&, Scope& scope) { scope.cancel(); });
}

// --- a login that breaks off -----------------------------------------------------------------------------------------

/// A client that is asked for its proof, answers so often and then leaves.
class LeavingClient final : public AuthenticationProxy {
 public:
  explicit LeavingClient(int answers) : answers_(answers) {}
  Task<Result<std::string>> answer(std::string /*payload*/) override {
    ++asked;
    if (answers_-- > 0) co_return std::string("an answer");
    const Result<void> slept = co_await runtime::sleep_until(until);
    if (!slept.ok()) co_return slept.error();
    co_return Error{ErrorCode::kClosed, "the client went away"};
  }

  int asked = 0;
  Deadline until{TimePoint{0}};  // when it leaves

 private:
  int answers_;
};

/// What the server got last when the client left at its first question, or was cancelled there.
std::string last_word_of_a_login_by_proxy(ByteView plugin, bool cancel) {
  SteppedLoop loop;
  ServerFake server(*loop, {greeting_step(wire::kNativePasswordPlugin), expect_step(), switch_step(2, plugin, kNonce32),
                            expect_step()});
  LeavingClient client(0);
  if (cancel) client.until = Deadline::never();
  Login login = login_of();
  login.proxy = &client;
  Attempt attempt;
  Scope scope(*loop);
  scope.spawn("connect", connect_task, loop.get(), server.address(), &login, &attempt, loop->deadline_in(10s));
  EXPECT_TRUE(loop.run_until([&] { return client.asked == 1; }));
  if (cancel) loop->post([&scope] { scope.cancel(); });
  EXPECT_TRUE(loop.run_until_empty(scope));
  EXPECT_EQ(attempt.outcome(), to_string(cancel ? ErrorCode::kCancelled : ErrorCode::kClosed));
  EXPECT_TRUE(loop.run_until([&] { return server.open() == 0; }));
  EXPECT_EQ(server.received().size(), 2U);
  return server.received().back();
}

TEST(BrokenOffLogin, AServerThatWaitsForAProofGetsAWrongOneInTheFormOfItsPlugin) {
  for (const bool cancel : {false, true}) {
    EXPECT_EQ(last_word_of_a_login_by_proxy(wire::kEd25519Plugin, cancel), std::string(64, '\0'));
    EXPECT_EQ(last_word_of_a_login_by_proxy(wire::kNativePasswordPlugin, cancel), std::string(20, '\0'));
    EXPECT_EQ(last_word_of_a_login_by_proxy(wire::kCachingSha2Plugin, cancel), std::string(32, '\0'));
    EXPECT_EQ(last_word_of_a_login_by_proxy("dialog", cancel), std::string(1, '\0'));
  }
}

TEST(BrokenOffLogin, AClientThatDoesNotAnswerIsGivenUpBeforeTheServerGivesUsUp) {
  SteppedLoop loop;
  ServerFake server(*loop, {greeting_step(wire::kNativePasswordPlugin), expect_step(),
                            switch_step(2, wire::kEd25519Plugin, kNonce32), expect_step()});
  LeavingClient client(0);
  client.until = Deadline::never();
  Login login = login_of();
  login.proxy = &client;
  Attempt attempt;
  Scope scope(*loop);
  scope.spawn("connect", connect_task, loop.get(), server.address(), &login, &attempt, loop->deadline_in(30s));
  ASSERT_TRUE(loop.run_until([&] { return client.asked == 1; }));
  loop.advance(7s);
  EXPECT_EQ(attempt.outcome(), "waiting");
  loop.advance(1s);
  ASSERT_TRUE(loop.run_until_empty(scope));
  EXPECT_EQ(attempt.outcome(), to_string(ErrorCode::kTimeout));
  ASSERT_TRUE(loop.run_until([&] { return server.open() == 0; }));
  EXPECT_EQ(server.received().back(), std::string(64, '\0'));
}

TEST(BrokenOffLogin, AServerThatHasNotGreetedYetFindsAWholeAnswerWhenItComesToIt) {
  SteppedLoop loop;
  ServerFake server(*loop, {expect_step()});
  Attempt attempt;
  const Login login = login_of();
  Scope scope(*loop);
  scope.spawn("connect", connect_task, loop.get(), server.address(), &login, &attempt, loop->deadline_in(1s));
  ASSERT_TRUE(loop.run_until([&] { return server.open() == 1; }));
  loop.advance(2s);
  ASSERT_TRUE(loop.run_until_empty(scope));
  EXPECT_EQ(attempt.outcome(), to_string(ErrorCode::kTimeout));
  ASSERT_TRUE(loop.run_until([&] { return server.open() == 0; }));
  ASSERT_EQ(server.received().size(), 1U);
  const Result<wire::HandshakeResponse> response = wire::decode_handshake_response(server.received()[0]);
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response->user, "app");
  EXPECT_EQ(response->auth_plugin, wire::kNativePasswordPlugin);
  EXPECT_EQ(response->auth_response, std::string(20, '\0'));
}

TEST(BrokenOffLogin, AnAnswerThatWasGivenIsNotGivenAgain) {
  SteppedLoop loop;
  ServerFake server(*loop, {greeting_step(wire::kNativePasswordPlugin), expect_step(),
                            switch_step(2, wire::kEd25519Plugin, kNonce32), expect_step(), hang_step()});
  LeavingClient client(1);
  Login login = login_of();
  login.proxy = &client;
  Attempt attempt;
  Scope scope(*loop);
  scope.spawn("connect", connect_task, loop.get(), server.address(), &login, &attempt, loop->deadline_in(10s));
  ASSERT_TRUE(loop.run_until([&] { return server.steps_begun() == 5; }));
  scope.cancel();
  ASSERT_TRUE(loop.run_until_empty(scope));
  ASSERT_TRUE(loop.run_until([&] { return server.open() == 0; }));
  EXPECT_EQ(server.received().back(), "an answer");
}

TEST(BrokenOffLogin, WhatWeCannotAnswerOurselvesIsAnsweredWrongly) {
  Login login = login_of();
  login.credentials.password.reset();
  login.credentials.native_stage1 = wire::auth::native_stage1(kPassword);
  SteppedLoop loop;
  ServerFake server(*loop, ed25519_script());
  EXPECT_EQ(connect_to(loop, server, login).outcome(), to_string(ErrorCode::kUnsupported));
  ASSERT_TRUE(loop.run_until([&] { return server.open() == 0; }));
  ASSERT_EQ(server.received().size(), 2U);
  EXPECT_EQ(server.received()[1], std::string(64, '\0'));
}

TEST(BrokenOffLogin, AfterARefusalNothingMoreIsSaid) {
  SteppedLoop loop;
  ServerFake server(*loop, {greeting_step(wire::kNativePasswordPlugin), expect_step(),
                            err_step(2, 1045, "Access denied"), expect_step()});
  EXPECT_EQ(connect_to(loop, server, login_of()).outcome(), to_string(ErrorCode::kAccessDenied));
  ASSERT_TRUE(loop.run_until([&] { return server.open() == 0; }));
  EXPECT_EQ(server.received().size(), 1U);
}

}  // namespace
}  // namespace hf::upstream::mysql
