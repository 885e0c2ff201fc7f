// Logins that others have a say in: accounts read anew from the servers, proofs that only a server can judge; and
// COM_CHANGE_USER.
#include <gtest/gtest.h>

#include <vector>

#include "proto/mysql/auth/caching_sha2.h"
#include "proto/mysql/auth/ed25519.h"
#include "service/mysql/guest_fake.h"

namespace hf::service::mysql {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the stage is what these tests are written in

// --- accounts that the servers have ----------------------------------------------------------------------------------

/// Accounts of the servers, which are read anew when somebody asks.
class AccountsTest : public LoginTest {
 protected:
  AccountsTest() {
    options_.accounts = {hashed("app", kPassword)};
    options_.change_service = [](config::Service& service) { service.mysql.users_from_servers = true; };
    options_.refresh_accounts = [this] {
      ++asked_;
      refresh_ = std::make_shared<upstream::Refresh>();
      return refresh_;
    };
  }
  void publish(std::vector<upstream::mysql::Account> accounts) {
    stage().change_view([&](upstream::mysql::View& view) {
      view.accounts = std::make_shared<upstream::mysql::Accounts>(std::move(accounts));
      refresh_->answered_by(++view.accounts_round);
    });
  }
  /// As before the first reading: with those of the file alone, of which there are none.
  void await_accounts() {
    stage().change_view([](upstream::mysql::View& view) {
      view.accounts_awaited = true;
      view.accounts = std::make_shared<upstream::mysql::Accounts>(std::vector<upstream::mysql::Account>{});
    });
  }
  /// A login whose answer is still to come.
  Guest begin(const std::string& user, ByteView password) {
    Guest guest = arrive();
    guest.client->send_loose(
        1, wire::encode_handshake_response(Guest::response_of(user, wire::kNativePasswordPlugin,
                                                              auth::native_proof(password, guest.greeting.nonce))));
    stage().turn(3);
    return guest;
  }
  bool waits(const Guest& guest) const { return guest.client->loose().size() == guest.taken && !guest.client->gone(); }

  std::size_t asked_ = 0;
  upstream::RefreshPtr refresh_;
};

TEST_F(AccountsTest, WhoeverIsKnownIsNotAskedFor) {
  start();
  EXPECT_EQ(log_in("app", kPassword), "ok");
  EXPECT_EQ(asked_, 0U);
}

TEST_F(AccountsTest, AnUnknownNameWaitsForTheAccountsOfNow) {
  start();
  Guest guest = begin("new", "pass");
  EXPECT_EQ(asked_, 1U);
  EXPECT_TRUE(waits(guest));
  stage().change_view([](upstream::mysql::View& view) { ++view.version; });
  stage().turn(3);
  EXPECT_TRUE(waits(guest)) << "a view of before is no answer";
  publish({hashed("app", kPassword), hashed("new", "pass")});
  EXPECT_EQ(guest.next(), "ok");
}

TEST_F(AccountsTest, AWrongProofIsJudgedAgainByTheAccountsOfNow) {
  start();
  Guest changed = begin("app", "newer");
  EXPECT_TRUE(waits(changed));
  publish({hashed("app", "newer")});
  EXPECT_EQ(changed.next(), "ok");
  Guest wrong = begin("app", "wrong");
  publish({hashed("app", "newer")});
  EXPECT_TRUE(wrong.next().starts_with("error 1045")) << "once";
  EXPECT_EQ(asked_, 2U);
  Guest dropped = begin("app", "newest");
  publish({});
  EXPECT_TRUE(dropped.next().starts_with("error 1045"));
}

TEST_F(AccountsTest, WithoutNewsARefusalComesAfterASecond) {
  start();
  Guest guest = begin("nobody", "x");
  const TimePoint before = stage().loop().now();
  EXPECT_TRUE(guest.next().starts_with("error 1045"));
  EXPECT_GE(stage().loop().now() - before, 900ms);
  EXPECT_LE(stage().loop().now() - before, 2500ms);
}

TEST_F(AccountsTest, BeforeTheFirstReadingNobodyIsUnknown) {
  start();
  await_accounts();
  Guest guest = begin("app", kPassword);
  EXPECT_TRUE(waits(guest));
  EXPECT_EQ(asked_, 0U) << "they come by themselves";
  stage().change_view([](upstream::mysql::View& view) {
    view.accounts_awaited = false;
    view.accounts =
        std::make_shared<upstream::mysql::Accounts>(std::vector<upstream::mysql::Account>{hashed("app", kPassword)});
  });
  EXPECT_EQ(guest.next(), "ok");
}

TEST_F(AccountsTest, WithoutAFirstReadingTheErrorIsNotOneAboutTheAccount) {
  start();
  await_accounts();
  stage().change_view([](upstream::mysql::View& view) {
    view.primary.reset();
    view.no_primary_reason = "db1 is down";
  });
  Guest guest = begin("app", kPassword);
  EXPECT_EQ(guest.next(), "error 1105 the servers' accounts are not known yet: no primary: db1 is down");
  stage().change_view([](upstream::mysql::View& view) { view.primary = 0; });
  Guest other = begin("app", kPassword);
  EXPECT_EQ(other.next(), "error 1105 the servers' accounts are not known yet");
}

TEST_F(AccountsTest, AServiceThatEndsBeforeTheFirstReadingSaysSo) {
  start();
  await_accounts();
  Guest guest = begin("app", kPassword);
  EXPECT_TRUE(waits(guest));
  stage().frontend().drain();
  EXPECT_TRUE(guest.next().starts_with("error 1053"));
}

TEST_F(AccountsTest, WhoeverLeavesWhileWaitingIsForgotten) {
  start();
  Guest guest = begin("nobody", "x");
  guest.client->leave();
  EXPECT_TRUE(stage().run_until([&] { return stage().sessions() == 0; }));
}

TEST_F(AccountsTest, ALoginSeesWhatAStatementBeforeItHasChanged) {
  start();
  stage().changes().underway.fetch_add(1);
  Guest guest = begin("app", kPassword);
  EXPECT_TRUE(waits(guest)) << "a CREATE USER is running";
  refresh_ = std::make_shared<upstream::Refresh>();
  stage().changes().accounts_changed(refresh_);
  stage().changes().underway.fetch_sub(1);
  stage().rest(20ms);
  EXPECT_TRUE(waits(guest)) << "its accounts are not here yet";
  publish({hashed("app", "other")});
  refresh_->answered_by(stage().view().accounts_round);
  stage().turn(3);
  EXPECT_TRUE(waits(guest)) << "and by those the proof is wrong, so they are asked for once more";
  publish({hashed("app", "other")});
  EXPECT_TRUE(guest.next().starts_with("error 1045"));
}

TEST_F(AccountsTest, ALoginBeginsWithTheGlobalsThatAStatementBeforeItHasSet) {
  start();
  const auto globals = std::make_shared<upstream::Refresh>();
  stage().changes().defaults_changed(globals);
  Guest guest = begin("app", kPassword);
  EXPECT_TRUE(waits(guest)) << "they are not read yet";
  globals->answered_by(stage().view().defaults_round + 1);
  stage().turn(3);
  EXPECT_TRUE(waits(guest));
  stage().change_view([](upstream::mysql::View& view) { ++view.defaults_round; });
  EXPECT_EQ(guest.next(), "ok");
}

// --- a login that only the server can judge --------------------------------------------------------------------------

class ProxiedTest : public LoginTest {
 protected:
  ProxiedTest() {
    upstream::mysql::Account account = account_of("pam");
    account.unusable = "plugin pam";
    options_.accounts = {account};
  }
  void start() {
    LoginTest::start();
    stage().primary().on_login_turns(
        {wire::encode_auth_switch_request({"dialog", "Password: "}), wire::encode_auth_more_data("Code: "),
         wire::encode_ok({.status = wire::kStatusAutocommit}, upstream::mysql::kFakeCapabilities)});
  }
  std::string prove(Guest& guest) {
    EXPECT_EQ(guest.respond(Guest::response_of("pam")), "switch to dialog");
    EXPECT_EQ(guest.answer("hunter2"), "more data");
    return guest.answer("1234");
  }
};

TEST_F(ProxiedTest, TheServersQuestionsGoToTheClientAndItsAnswersBack) {
  start();
  Guest guest = arrive();
  EXPECT_EQ(prove(guest), "ok");
  ASSERT_EQ(stage().primary().logins().size(), 3U);
  EXPECT_EQ(stage().primary().logins()[1], "hunter2");
  EXPECT_EQ(stage().primary().logins()[2], "1234");
  EXPECT_EQ(stage().lent(0), 1U);
}

TEST_F(ProxiedTest, EverythingOfSuchASessionRunsOnThatOneConnection) {
  options_.replicas = 1;
  start();
  Guest guest = arrive();
  ASSERT_EQ(prove(guest), "ok");
  for (const char* sql : {"SELECT 1", "INSERT INTO t VALUES (1)", "SET @a=1"}) {
    EXPECT_EQ(guest.say(0, query(sql)), "ok");
  }
  EXPECT_EQ(guest.say(0, command(Command::kResetConnection)), "ok");
  EXPECT_EQ(guest.say(0, query("SELECT 2")), "ok");
  EXPECT_EQ(stage().primary().accepted(), 1U);
  EXPECT_EQ(stage().replica().accepted(), 0U);
  guest.client->leave();
  EXPECT_TRUE(stage().run_until([&] { return stage().primary().open() == 0; })) << "nobody else has it";
}

TEST_F(ProxiedTest, ARefusalNamesTheClientAsItKnowsItself) {
  start();
  for (const bool with_password : {true, false}) {
    const std::string said =
        std::string("Access denied for user 'pam'@'gateway' (using password: ") + (with_password ? "YES)" : "NO)");
    stage().primary().on_login_turns({wire::encode_auth_switch_request({"dialog", "Password: "}),
                                      wire::encode_err({1045, "28000", said}, upstream::mysql::kFakeCapabilities)});
    Guest guest = arrive();
    guest.respond(Guest::response_of("pam"));
    EXPECT_EQ(guest.answer("x"), std::string("error 1045 Access denied for user 'pam'@'127.0.0.1' (using password: ") +
                                     (with_password ? "YES)" : "NO)"));
    EXPECT_TRUE(goes(guest));
  }
  EXPECT_EQ(stage().counters().login_failures.get(), 2U);
}

TEST_F(ProxiedTest, AnotherAnswerOfTheServersIsPassedOn) {
  start();
  stage().primary().on_login_turns(
      {wire::encode_err({1040, "08004", "Too many connections"}, upstream::mysql::kFakeCapabilities)});
  Guest guest = arrive();
  EXPECT_EQ(guest.respond(Guest::response_of("pam")), "error 1040 Too many connections");
}

TEST_F(ProxiedTest, WithoutAPrimaryThereIsNobodyToJudge) {
  options_.change_view = [](upstream::mysql::View& view) {
    view.primary.reset();
    view.no_primary_reason = "db1 is read-only";
  };
  start();
  Guest guest = arrive();
  EXPECT_EQ(guest.respond(Guest::response_of("pam")), "error 1105 no primary: db1 is read-only");
}

TEST_F(ProxiedTest, AClientThatLeavesWithoutItsProofLeavesAnAnswerThatIsWrong) {
  start();
  Guest guest = arrive();
  ASSERT_EQ(guest.respond(Guest::response_of("pam")), "switch to dialog");
  guest.client->leave();
  ASSERT_TRUE(stage().run_until([&] { return stage().sessions() == 0; }));
  EXPECT_TRUE(stage().run_until([&] { return stage().primary().logins().size() == 2; }))
      << "the server would count a broken handshake";
  for (const auto& [host, logins] : stage().frontend().state().proxied_logins) EXPECT_EQ(logins, 0U) << host;
}

TEST_F(ProxiedTest, HalfLoginsOfOneClientAreBoundedAndTakeNoPlaces) {
  start();
  std::vector<Guest> guests;
  for (int i = 0; i < 8; ++i) {
    guests.push_back(arrive());
    ASSERT_EQ(guests.back().respond(Guest::response_of("pam")), "switch to dialog") << i;
  }
  EXPECT_EQ(stage().view().servers[0].places->taken(), 0U);
  Guest waits = arrive();
  waits.client->send_loose(1, wire::encode_handshake_response(Guest::response_of("pam")));
  stage().rest(1s);
  EXPECT_EQ(waits.client->loose().size(), waits.taken) << "until it is its turn";
  guests.front().client->leave();
  EXPECT_EQ(waits.next(), "switch to dialog");
}

// --- COM_CHANGE_USER -------------------------------------------------------------------------------------------------

class ChangeUserTest : public LoginTest {
 protected:
  ChangeUserTest() { options_.accounts = {from_file("app", kPassword), hashed("other", "pass")}; }
};

TEST_F(ChangeUserTest, AFreshProofIsAskedForByEachPlugin) {
  start();
  Guest guest = arrive();
  ASSERT_EQ(guest.log_in(), "ok");
  ASSERT_EQ(guest.change_user("other"), "switch to mysql_native_password");
  EXPECT_EQ(guest.nonce_of_switch(), guest.greeting.nonce) << "libmariadb computes its proof from it";
  EXPECT_EQ(guest.answer(auth::native_proof("pass", guest.nonce_of_switch())), "ok");
  ASSERT_EQ(guest.change_user("app", {}, wire::kCachingSha2Plugin), "switch to caching_sha2_password");
  ASSERT_EQ(guest.answer(auth::sha2_proof(kPassword, guest.nonce_of_switch())), "more data");
  EXPECT_EQ(guest.next(), "ok");
  ASSERT_EQ(guest.change_user("app", {}, wire::kEd25519Plugin), "switch to client_ed25519");
  EXPECT_EQ(guest.answer(auth::ed25519_sign(kPassword, guest.nonce_of_switch())), "ok");
}

TEST_F(ChangeUserTest, TheNewUsersConnectionsAreItsOwn) {
  start();
  Guest guest = arrive();
  guest.log_in();
  guest.say(0, query("SELECT 1"));
  guest.change_user("other");
  ASSERT_EQ(guest.answer(auth::native_proof("pass", guest.nonce_of_switch())), "ok");
  guest.say(0, query("SELECT 2"));
  ASSERT_EQ(stage().primary().logins().size(), 2U);
  EXPECT_EQ(wire::decode_handshake_response(stage().primary().logins()[1])->user, "other");
}

TEST_F(ChangeUserTest, WhatTheSessionHadIsGoneAndItsSchemaIsTold) {
  start();
  Guest guest = arrive();
  guest.log_in();
  guest.say(0, query("SET @a=1"));
  EXPECT_EQ(stage().pinned(), 1U);
  guest.change_user("app", "shop");
  ASSERT_EQ(guest.answer(auth::native_proof(kPassword, guest.nonce_of_switch())), "ok");
  const Result<wire::OkPacket> ok = wire::decode_ok(guest.last.payload, kModernClient);
  wire::SessionStateReader reader(ok->session_state);
  const auto told_schema = reader.next();
  ASSERT_TRUE(told_schema.ok() && *told_schema);
  EXPECT_EQ((*told_schema)->value, "shop");
  EXPECT_EQ(stage().pinned(), 0U);
  EXPECT_TRUE(stage().run_until([&] { return stage().primary().heard("\x1f"); })) << "the pinned connection is reset";
  EXPECT_EQ(guest.say(0, execute(1)).substr(0, 10), "error 1243") << "and statements are forgotten";
}

TEST_F(ChangeUserTest, AWrongProofLeavesTheUserThreeTimes) {
  start();
  Guest guest = arrive();
  guest.log_in();
  guest.say(0, query("SET @a=1"));
  for (int i = 0; i < 3; ++i) {
    const TimePoint before = stage().loop().now();
    guest.change_user("other");
    EXPECT_EQ(guest.answer(auth::native_proof("wrong", guest.nonce_of_switch())),
              "error 1045 Access denied for user 'other'@'127.0.0.1' (using password: YES)");
    EXPECT_EQ(guest.say(0, query("SELECT 1")), "ok");
    EXPECT_GE(stage().loop().now() - before, Nanos(1s));
  }
  guest.say(0, query("SET @a=1"));
  EXPECT_EQ(stage().pinned(), 1U);
  EXPECT_EQ(guest.change_user("other"), "error 1047 Unknown command");
  EXPECT_EQ(guest.say(0, query("SELECT 1")), "ok");
  EXPECT_EQ(stage().pinned(), 0U) << "what the session had is gone";
  for (const std::string& login : stage().primary().logins()) {
    EXPECT_EQ(wire::decode_handshake_response(login)->user, "app");
  }
}

/// What a reset makes of a session that changed its user with collation 8, and was refused a further change with
/// `refused`.
class ResetAfterARefusedChangeTest : public ChangeUserTest {
 protected:
  void reset_after(std::uint16_t refused, const upstream::mysql::ServerReply& servers_say) {
    start();
    stage().frontend().state().add_collation(8, {"latin1", "latin1_swedish_ci", true});
    stage().primary().on("SELECT CHARACTER_SET_NAME,FULL_COLLATION_NAME", servers_say);
    Guest guest = arrive();
    ASSERT_EQ(guest.log_in(), "ok");
    guest.change_user("app", {}, wire::kNativePasswordPlugin, 8);
    ASSERT_EQ(guest.answer(auth::native_proof(kPassword, guest.nonce_of_switch())), "ok");
    guest.change_user("other", {}, wire::kNativePasswordPlugin, refused);
    ASSERT_EQ(guest.answer(auth::native_proof("wrong", guest.nonce_of_switch())).substr(0, 10), "error 1045");
    ASSERT_EQ(guest.say(0, "\x1f"), "ok");
    ASSERT_EQ(guest.say(0, query("SELECT 1")), "ok");
  }
};

TEST_F(ResetAfterARefusedChangeTest, GivesTheCollationThatWasRefused) {
  reset_after(9, reply::rows({{"latin2", "latin2_general_ci", "Yes"}}));
  EXPECT_TRUE(stage().primary().heard("@@session.collation_connection='latin2_general_ci'"));
}

TEST_F(ResetAfterARefusedChangeTest, GivesTheOneBeforeWhereServersDoNotKnowThatOne) {
  reset_after(1283, reply::rows({}));
  EXPECT_TRUE(stage().primary().heard("@@session.collation_connection='latin1_swedish_ci'"));
}

TEST_F(ChangeUserTest, WhatIsNoChangeOfUserIsRefusedAsOneThatFailed) {
  start();
  Guest guest = arrive();
  guest.log_in();
  guest.say(0, query("SET @a=1"));
  EXPECT_EQ(guest.say(0, "\x11no zero"), "error 1047 Unknown command");
  EXPECT_EQ(guest.say(0, query("SELECT 1")), "ok");
  EXPECT_EQ(stage().pinned(), 0U) << "what the session had is gone";
}

TEST_F(ChangeUserTest, AClientThatSaysNothingToTheQuestionIsGivenUp) {
  start();
  Guest guest = arrive();
  guest.log_in();
  guest.change_user("other");
  EXPECT_TRUE(goes(guest));
}

// --- in every way ----------------------------------------------------------------------------------------------------

TEST_F(ProxiedTest, InEveryWay) {
  options_.replicas = 1;
  for_every_step_and_leaf({options_, [](Stage& stage) {
                             stage.primary().on_login_turns({wire::encode_auth_switch_request({"dialog", "Password: "}),
                                                             wire::encode_ok({.status = wire::kStatusAutocommit},
                                                                             upstream::mysql::kFakeCapabilities)});
                             Guest guest = Guest::arrive(stage);
                             guest.respond(Guest::response_of("pam"));
                             guest.answer("hunter2");
                             guest.say(0, query("INSERT INTO t VALUES (1)"));
                             EXPECT_LE(stage.primary().count("INTO t"), once(stage));
                             EXPECT_EQ(stage.replica().accepted(), 0U);
                           }});
}

TEST_F(ChangeUserTest, InEveryWay) {
  for_every_step_and_leaf({options_, [](Stage& stage) {
                             Guest guest = Guest::arrive(stage);
                             guest.log_in();
                             guest.say(0, query("SET @a=1"));
                             guest.change_user("other", "shop");
                             guest.answer(auth::native_proof("pass", guest.nonce_of_switch()));
                             guest.say(0, query("INSERT INTO t VALUES (1)"));
                             EXPECT_LE(stage.primary().count("INTO t"), once(stage));
                           }});
}

TEST_F(AccountsTest, InEveryWay) {
  for_every_leaf({options_, [this](Stage& stage) {
                    Guest guest = Guest::arrive(stage);
                    guest.client->send_loose(
                        1, wire::encode_handshake_response(Guest::response_of(
                               "new", wire::kNativePasswordPlugin, auth::native_proof("pass", guest.greeting.nonce))));
                    stage.turn(3);
                    stage.change_view([&](upstream::mysql::View& view) {
                      view.accounts = std::make_shared<upstream::mysql::Accounts>(std::vector{hashed("new", "pass")});
                      ++view.accounts_round;
                      if (refresh_ != nullptr) refresh_->answered_by(view.accounts_round);
                    });
                    guest.next();
                  }});
}

}  // namespace
}  // namespace hf::service::mysql
