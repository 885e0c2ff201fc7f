// From the greeting to the OK, as far as the gateway judges it itself: a client that writes its packets against it.
#include <gtest/gtest.h>

#include <set>

#include "proto/mysql/auth/caching_sha2.h"
#include "proto/mysql/auth/ed25519.h"
#include "service/mysql/guest_fake.h"

namespace hf::service::mysql {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the stage is what these tests are written in

// --- the greeting ----------------------------------------------------------------------------------------------------

TEST_F(LoginTest, TheGreetingIsTheServersWithoutWhatWeDoNotOffer) {
  start();
  const Guest guest = arrive();
  EXPECT_EQ(guest.greeting.server_version, upstream::mysql::fake_greeting().server_version);
  EXPECT_TRUE(ShardState::is_ours(guest.greeting.connection_id));
  EXPECT_EQ(guest.greeting.auth_plugin, wire::kNativePasswordPlugin);
  EXPECT_EQ(guest.greeting.capabilities, kStageCapabilities & ~(wire::kClientSsl | wire::kClientCompress));
  EXPECT_EQ(guest.greeting.status, wire::kStatusAutocommit);
  EXPECT_EQ(stage().server().accepted(), 0U) << "a greeting needs no server";
}

TEST_F(LoginTest, BeforeAServerHasToldWhatItIsTheGreetingIsMariaDbs) {
  options_.change_view = [](upstream::mysql::View& view) {
    view.server_version.clear();
    view.server_capabilities = 0;
  };
  start();
  const Guest guest = arrive();
  EXPECT_TRUE(guest.greeting.server_version.starts_with("5.5.5-10.11")) << guest.greeting.server_version;
  EXPECT_TRUE(wire::has(guest.greeting.capabilities,
                        wire::kClientProtocol41 | wire::kClientPluginAuth | wire::kClientSessionTrack));
  EXPECT_FALSE(wire::has(guest.greeting.capabilities, wire::kClientSsl));
  EXPECT_FALSE(wire::has(guest.greeting.capabilities, wire::kClientQueryAttributes));
}

TEST_F(LoginTest, NoTwoGreetingsShareANonceAndNoneHoldsWhatOldClientsStumbleOver) {
  start();
  std::set<std::string> nonces;
  std::set<std::uint32_t> ids;
  for (int i = 0; i < 30; ++i) {
    const Guest guest = arrive();
    EXPECT_EQ(guest.greeting.nonce.size(), auth::kNativeNonce);
    EXPECT_EQ(guest.greeting.nonce.find('\0'), std::string::npos);
    EXPECT_EQ(guest.greeting.nonce.find('$'), std::string::npos);
    nonces.insert(guest.greeting.nonce);
    ids.insert(guest.greeting.connection_id);
  }
  EXPECT_EQ(nonces.size(), 30U);
  EXPECT_EQ(ids.size(), 30U);
}

// --- native password -------------------------------------------------------------------------------------------------

TEST_F(LoginTest, ARightProofByNativePasswordIsEnoughAndAsksNoServer) {
  start();
  Guest guest = arrive();
  EXPECT_EQ(guest.log_in(), "ok");
  EXPECT_EQ(guest.last.sequence, 2);
  EXPECT_EQ(stage().server().accepted(), 0U);
  EXPECT_EQ(stage().counted().service.clients.get(), 1U);
}

TEST_F(LoginTest, AWrongProofIsRefusedInTheServersWordsAndTheClientGoes) {
  start();
  Guest guest = arrive();
  EXPECT_EQ(guest.log_in("app", "wrong"), "error 1045 Access denied for user 'app'@'127.0.0.1' (using password: YES)");
  EXPECT_TRUE(goes(guest));
  EXPECT_EQ(stage().counters().login_failures.get(), 1U);
  EXPECT_TRUE(stage().happened(EventId::kClientRefusedLogin));
  EXPECT_EQ(stage().server().accepted(), 0U);
}

TEST_F(LoginTest, AnUnknownNameIsRefusedAsAWrongPasswordIs) {
  start();
  EXPECT_EQ(log_in("nobody", kPassword),
            "error 1045 Access denied for user 'nobody'@'127.0.0.1' (using password: YES)");
  EXPECT_EQ(respond(Guest::response_of("nobody")),
            "error 1045 Access denied for user 'nobody'@'127.0.0.1' (using password: NO)");
}

TEST_F(LoginTest, AnEmptyPasswordIsProvedByNoProofAndByNothingElse) {
  upstream::mysql::Account open = account_of("open", 2);
  open.empty_password = true;
  options_.accounts = {from_file("app", kPassword), from_file("blank", ""), open};
  start();
  for (const char* user : {"blank", "open"}) {
    EXPECT_EQ(respond(Guest::response_of(user)), "ok") << user;
    EXPECT_TRUE(log_in(user, kPassword).starts_with("error 1045")) << user;
  }
  EXPECT_TRUE(respond(Guest::response_of("app")).starts_with("error 1045"))
      << "no proof for an account with a password";
}

TEST_F(LoginTest, OnlyWhoeverHasThePasswordIsToldThatAnAccountIsLocked) {
  upstream::mysql::Account locked = from_file("app", kPassword);
  locked.locked = true;
  upstream::mysql::Account open = account_of("open", 2);
  open.empty_password = open.locked = true;
  options_.accounts = {locked, open};
  start();
  EXPECT_EQ(log_in("app", kPassword), "error 4151 Access denied, this account is locked");
  EXPECT_EQ(log_in("app", "wrong"), "error 1045 Access denied for user 'app'@'127.0.0.1' (using password: YES)");
  EXPECT_EQ(respond(Guest::response_of("app")),
            "error 1045 Access denied for user 'app'@'127.0.0.1' (using password: NO)");
  EXPECT_EQ(respond(Guest::response_of("open")), "error 4151 Access denied, this account is locked");
  EXPECT_EQ(log_in("open", kPassword), "error 1045 Access denied for user 'open'@'127.0.0.1' (using password: YES)");
}

TEST_F(LoginTest, ANameIsReadInTheCharacterSetThatTheClientAsksFor) {
  upstream::mysql::Account account = account_of("j\xC3\xB6rg", 2);
  account.empty_password = true;
  options_.accounts = {account};
  start();
  for (const auto& [name, charset] : {std::pair{"j\xF6rg", 8}, {"j\xC3\xB6rg", 45}}) {
    wire::HandshakeResponse response = Guest::response_of(name);
    response.charset = static_cast<std::uint16_t>(charset);
    EXPECT_EQ(respond(response), "ok") << charset;
    response.charset = charset == 8 ? 45 : 8;
    EXPECT_TRUE(respond(response).starts_with("error 1045")) << charset;
  }
}

TEST_F(LoginTest, AClientsProofCarriesOverToTheServersWhereOnlyAHashIsKnown) {
  options_.accounts = {hashed("app", kPassword)};
  start();
  Guest guest = arrive();
  ASSERT_EQ(guest.log_in("app", kPassword), "ok");
  EXPECT_EQ(guest.say(0, query("INSERT INTO t VALUES (1)")), "ok");
  ASSERT_EQ(stage().server().logins().size(), 1U);
  const Result<wire::HandshakeResponse> ours = wire::decode_handshake_response(stage().server().logins()[0]);
  ASSERT_TRUE(ours.ok());
  EXPECT_EQ(ours->user, "app");
  EXPECT_TRUE(
      auth::native_verify(ours->auth_response, upstream::mysql::fake_greeting().nonce, auth::native_stage2(kPassword)));
}

TEST_F(LoginTest, AnAccountWithoutAnySecretIsRefused) {
  options_.accounts = {account_of("app")};
  start();
  EXPECT_TRUE(log_in("app", kPassword).starts_with("error 1045"));
}

// --- plugins that the gateway answers itself -------------------------------------------------------------------------

TEST_F(LoginTest, ByCachingSha2TheFastPathIsTakenWithAFreshNonce) {
  start();
  Guest guest = arrive();
  ASSERT_EQ(guest.respond(Guest::response_of("app", wire::kCachingSha2Plugin, std::string(32, 'p'))),
            "switch to caching_sha2_password");
  EXPECT_EQ(guest.last.sequence, 2);
  EXPECT_NE(guest.nonce_of_switch(), guest.greeting.nonce);
  EXPECT_EQ(guest.answer(auth::sha2_proof(kPassword, guest.nonce_of_switch())), "more data");
  EXPECT_EQ(*wire::decode_auth_more_data(guest.last.payload), ByteView(&auth::kSha2FastAuthSuccess, 1));
  EXPECT_EQ(guest.next(), "ok");
  EXPECT_EQ(guest.last.sequence, 5);
}

TEST_F(LoginTest, ByCachingSha2AnEmptyPasswordNeedsNoFastPath) {
  options_.accounts = {from_file("blank", "")};
  start();
  Guest guest = arrive();
  ASSERT_EQ(guest.respond(Guest::response_of("blank", wire::kCachingSha2Plugin)), "switch to caching_sha2_password");
  EXPECT_EQ(guest.answer(""), "ok");
}

TEST_F(LoginTest, ByEd25519ASignatureOfTheFreshNonceIsAsked) {
  start();
  Guest guest = arrive();
  ASSERT_EQ(guest.respond(Guest::response_of("app", wire::kEd25519Plugin, "anything")), "switch to client_ed25519");
  EXPECT_EQ(guest.nonce_of_switch().size(), auth::kEd25519Nonce);
  EXPECT_EQ(guest.answer(auth::ed25519_sign(kPassword, guest.nonce_of_switch())), "ok");
}

TEST_F(LoginTest, AWrongAnswerToAPluginIsRefused) {
  start();
  for (const ByteView plugin : {wire::kCachingSha2Plugin, wire::kEd25519Plugin}) {
    const bool sha2 = plugin == wire::kCachingSha2Plugin;
    for (const bool empty : {false, true}) {
      Guest guest = arrive();
      ASSERT_TRUE(guest.respond(Guest::response_of("app", plugin, "x")).starts_with("switch"));
      const std::string wrong = sha2 ? auth::sha2_proof("wrong", guest.nonce_of_switch())
                                     : auth::ed25519_sign("wrong", guest.nonce_of_switch());
      const std::string words = std::string("error 1045 Access denied for user 'app'@'127.0.0.1' (using password: ") +
                                (empty ? "NO)" : "YES)");
      EXPECT_EQ(guest.answer(empty ? std::string() : wrong), words) << plugin;
      EXPECT_TRUE(goes(guest));
    }
  }
}

TEST_F(LoginTest, AnOldNonceProvesNothing) {
  start();
  Guest guest = arrive();
  guest.respond(Guest::response_of("app", wire::kCachingSha2Plugin, auth::sha2_proof(kPassword, guest.greeting.nonce)));
  EXPECT_TRUE(guest.answer(auth::sha2_proof(kPassword, guest.greeting.nonce)).starts_with("error 1045"));
}

TEST_F(LoginTest, AnUnknownNameIsAskedAsOneOfTheFileIs) {
  options_.change_service = [](config::Service& service) { service.mysql.users.push_back({"app", "secret"}); };
  start();
  Guest guest = arrive();
  ASSERT_EQ(guest.respond(Guest::response_of("nobody", wire::kCachingSha2Plugin, "x")),
            "switch to caching_sha2_password");
  EXPECT_TRUE(guest.answer(auth::sha2_proof(kPassword, guest.nonce_of_switch())).starts_with("error 1045"));
}

TEST_F(LoginTest, AnAccountThatHasAnEd25519KeyOnlyIsAskedForThatWhateverTheClientBeganWith) {
  upstream::mysql::Account account = from_file("app", kPassword);
  account.ed25519_public_key = std::string(32, 'k');
  options_.accounts = {account};
  start();
  Guest guest = arrive();
  ASSERT_EQ(guest.log_in("app", kPassword), "switch to client_ed25519");
  EXPECT_EQ(guest.answer(auth::ed25519_sign(kPassword, guest.nonce_of_switch())), "ok");
}

TEST_F(LoginTest, AnotherPluginIsSwitchedToNativePassword) {
  options_.accounts = {hashed("app", kPassword)};
  start();
  for (const ByteView plugin : {ByteView("dialog"), wire::kCachingSha2Plugin, wire::kEd25519Plugin}) {
    Guest guest = arrive();
    ASSERT_EQ(guest.respond(Guest::response_of("app", plugin, "x")), "switch to mysql_native_password") << plugin;
    EXPECT_EQ(guest.nonce_of_switch(), guest.greeting.nonce);
    EXPECT_EQ(guest.answer(auth::native_proof(kPassword, guest.nonce_of_switch())), "ok") << plugin;
  }
  Guest guest = arrive();
  guest.respond(Guest::response_of("app", "dialog", "x"));
  EXPECT_TRUE(guest.answer(auth::native_proof("wrong", guest.nonce_of_switch())).starts_with("error 1045"));
}

// --- what is no login ------------------------------------------------------------------------------------------------

TEST_F(LoginTest, WhatIsNoLoginIsABadHandshake) {
  start();
  for (const std::string& garbage : {std::string("x"), std::string(40, '\xFF'), std::string()}) {
    Guest guest = arrive();
    EXPECT_EQ(guest.say(1, garbage), "error 1043 Bad handshake") << garbage.size();
    EXPECT_TRUE(goes(guest));
  }
  Guest guest = arrive();
  EXPECT_EQ(guest.say(7, wire::encode_handshake_response(Guest::response_of("app"))),
            "error 1156 Got packets out of order");
  EXPECT_EQ(guest.last.sequence, 1) << "the number of what is missing";
  EXPECT_EQ(wire::decode_err(guest.last.payload)->sqlstate, "08S01");
  EXPECT_TRUE(goes(guest));
}

TEST_F(LoginTest, AttributesThatAreAnnouncedMustBeThere) {
  start();
  wire::HandshakeResponse response = Guest::response_of("app");
  const std::string without = wire::encode_handshake_response(response);
  response.capabilities |= wire::kClientConnectAttrs;
  const std::string with = wire::encode_handshake_response(response);
  ASSERT_EQ(with.size(), without.size() + 1);
  EXPECT_EQ(arrive().say(1, with.substr(0, without.size())), "error 1043 Bad handshake");
  EXPECT_TRUE(arrive().say(1, with).starts_with("error 1045"));
}

TEST_F(LoginTest, AWishForTlsIsRefusedWithTheReason) {
  start();
  Guest guest = arrive();
  EXPECT_EQ(guest.say(1, wire::encode_ssl_request({kModernClient | wire::kClientSsl, 1U << 24, 45})),
            "error 1105 this service does not offer TLS");
  EXPECT_TRUE(goes(guest));
}

TEST_F(LoginTest, ALoginOfMoreThanItsBoundEndsTheConnection) {
  start();
  Guest guest = arrive();
  std::string header;
  wire::append_packet_header(header, {64 * 1024, 1});
  guest.client->send_bytes(header);
  EXPECT_EQ(guest.next(), "error 1153 Got a packet bigger than 'max_allowed_packet' bytes");
  EXPECT_TRUE(goes(guest));
}

TEST_F(LoginTest, AClientThatSaysNothingIsGivenUpAfterAWhileWhereverItStopped) {
  start();
  Guest silent = arrive();
  Guest half = arrive();
  half.client->send_bytes(std::string("\x40\x00\x00", 3));
  Guest asked = arrive();
  ASSERT_TRUE(asked.respond(Guest::response_of("app", wire::kCachingSha2Plugin, "x")).starts_with("switch"));
  const TimePoint before = stage().loop().now();
  for (const Guest& guest : {silent, half, asked}) EXPECT_TRUE(goes(guest));
  EXPECT_GE(stage().loop().now() - before, 9s);
  EXPECT_LE(stage().loop().now() - before, 12s);
  EXPECT_TRUE(stage().run_until([&] { return stage().sessions() == 0; }));
}

TEST_F(LoginTest, AClientThatLeavesAfterAnyByteOfItsLoginLeavesNothingBehind) {
  start();
  const std::string login =
      wire::encode_handshake_response(Guest::response_of("app", wire::kCachingSha2Plugin, std::string(32, 'p')));
  std::string packet;
  wire::append_packet(packet, 1, login);
  for (std::size_t cut = 0; cut <= packet.size(); ++cut) {
    Guest guest = arrive();
    guest.client->send_bytes(ByteView(packet).substr(0, cut));
    stage().turn();
    guest.client->leave();
    ASSERT_TRUE(stage().run_until([&] { return stage().sessions() == 0; })) << cut;
  }
  EXPECT_EQ(stage().counted().service.clients.get(), 0U);
  EXPECT_EQ(stage().shared().clients.load(), 0U);
}

TEST_F(LoginTest, ALoginMayComeByteByByte) {
  start();
  Guest guest = arrive();
  std::string packet;
  wire::append_packet(packet, 1,
                      wire::encode_handshake_response(Guest::response_of(
                          "app", wire::kNativePasswordPlugin, auth::native_proof(kPassword, guest.greeting.nonce))));
  for (const char byte : packet) {
    guest.client->send_bytes(ByteView(&byte, 1));
    stage().turn();
  }
  EXPECT_EQ(guest.next(), "ok");
}

// --- who is let in at all --------------------------------------------------------------------------------------------

TEST_F(LoginTest, ClientsBeyondTheLimitAreToldSoInsteadOfAGreeting) {
  options_.change_service = [](config::Service& service) { service.max_connections = 2; };
  start();
  Guest first = arrive();
  arrive();
  Guest third{&stage(), &stage().connect_raw()};
  EXPECT_EQ(third.next(), "error 1040 Too many connections");
  EXPECT_TRUE(goes(third));
  first.client->leave();
  ASSERT_TRUE(stage().run_until([&] { return stage().sessions() == 1; }));
  EXPECT_EQ(log_in("app", kPassword), "ok") << "a place is free again";
}

TEST_F(LoginTest, AClientFromElsewhereIsToldThatItsHostIsNotAllowed) {
  options_.change_service = [](config::Service& service) {
    config::Network network;
    network.bits[0] = 10;
    network.prefix_length = 8;
    service.allow.push_back(network);
  };
  start();
  Guest guest{&stage(), &stage().connect_raw()};
  EXPECT_TRUE(guest.next().starts_with("error 1130 Host '127.0.0.1' is not allowed"));
  EXPECT_TRUE(goes(guest));
}

// --- in every way ----------------------------------------------------------------------------------------------------

TEST_F(LoginTest, ByEveryPluginAtEveryLeaf) {
  for_every_leaf({{}, [](Stage& stage) {
                    Guest native = Guest::arrive(stage);
                    native.log_in();
                    Guest sha2 = Guest::arrive(stage);
                    sha2.respond(Guest::response_of("app", wire::kCachingSha2Plugin, "x"));
                    sha2.answer(auth::sha2_proof(kPassword, sha2.nonce_of_switch()));
                    Guest ed25519 = Guest::arrive(stage);
                    ed25519.respond(Guest::response_of("app", wire::kEd25519Plugin, "x"));
                    ed25519.answer(auth::ed25519_sign(kPassword, ed25519.nonce_of_switch()));
                    Guest wrong = Guest::arrive(stage);
                    wrong.log_in("app", "wrong");
                  }});
}

}  // namespace
}  // namespace hf::service::mysql
