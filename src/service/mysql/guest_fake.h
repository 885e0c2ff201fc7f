// Guest: a client for tests of logins, which writes its packets itself and looks at each that comes.
//
// Owner: the test. Thread: the test's. Invariant: what cannot come because the gateway has closed is "gone", and no failure.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "proto/mysql/auth/native_password.h"
#include "service/mysql/session_words_fake.h"

namespace hf::service::mysql::testing {

namespace auth = wire::auth;

inline constexpr ByteView kPassword = "secret";

inline upstream::MysqlAccount account_of(std::string user, std::uint32_t id = 1) {
  upstream::MysqlAccount account;
  account.id = id;
  account.user = std::move(user);
  return account;
}
/// One whose password stands in the file.
inline upstream::MysqlAccount from_file(std::string user, ByteView password) {
  upstream::MysqlAccount account = account_of(std::move(user));
  account.password = std::string(password);
  return account;
}
/// One of which the servers tell a hash.
inline upstream::MysqlAccount hashed(std::string user, ByteView password) {
  upstream::MysqlAccount account = account_of(std::move(user), 2);
  account.native_hash = auth::native_stage2(password);
  return account;
}

struct Guest {
  Stage* stage = nullptr;
  TestClient* client = nullptr;
  wire::Greeting greeting{};
  std::size_t taken = 0;  // packets of the gateway's that were looked at
  Packet last{};

  /// One who has read the greeting, if there was one.
  static Guest arrive(Stage& stage) {
    Guest guest{&stage, &stage.connect_raw()};
    guest.next();
    const Result<wire::Greeting> greeting = wire::decode_greeting(guest.last.payload);
    if (greeting.ok()) guest.greeting = *greeting;
    return guest;
  }
  /// The next packet, in words.
  std::string next() {
    const auto there = [this] { return client->loose().size() > taken; };
    EXPECT_TRUE(stage->run_until([&] { return there() || client->gone(); })) << "no answer";
    if (!there()) return "gone";
    last = client->loose()[taken++];
    if (last.payload.empty()) return "an empty packet";
    switch (byte_at(last.payload, 0)) {
      case wire::kOkHeader: return "ok";
      case wire::kErrHeader: return ReplyReader::error_words(last.payload);
      case 0x01: return "more data";
      case wire::kEofHeader: return "switch to " + wire::decode_auth_switch_request(last.payload).value().plugin;
      default: return "something else";
    }
  }
  std::string say(std::uint8_t sequence, ByteView payload) {
    client->send_loose(sequence, payload);
    return next();
  }
  /// The answer to what came last.
  std::string answer(ByteView payload) { return say(static_cast<std::uint8_t>(last.sequence + 1), payload); }
  std::string respond(const wire::HandshakeResponse& response) { return say(1, wire::encode_handshake_response(response)); }
  std::string nonce_of_switch() const {
    const Result<wire::AuthSwitchRequest> request = wire::decode_auth_switch_request(last.payload);
    return request.ok() ? request->data : std::string();
  }
  static wire::HandshakeResponse response_of(std::string user, ByteView plugin = wire::kNativePasswordPlugin, std::string proof = {}) {
    wire::HandshakeResponse response;
    response.capabilities = kModernClient & ~wire::kClientConnectAttrs;
    response.charset = 45;
    response.user = std::move(user);
    response.auth_plugin = std::string(plugin);
    response.auth_response = std::move(proof);
    return response;
  }
  /// A whole login by native password.
  std::string log_in(std::string user = "app", ByteView password = kPassword) {
    return respond(response_of(std::move(user), wire::kNativePasswordPlugin, auth::native_proof(password, greeting.nonce)));
  }
  /// COM_CHANGE_USER, up to the first answer.
  std::string change_user(const std::string& user, const std::string& schema = {}, ByteView plugin = wire::kNativePasswordPlugin) {
    wire::ChangeUser change;
    change.user = user;
    change.database = schema;
    change.charset = 45;
    change.auth_plugin = std::string(plugin);
    return say(0, wire::encode_change_user(change, kModernClient & ~wire::kClientConnectAttrs));
  }
};

/// A stage that begins when its options are made.
class LoginTest : public ::testing::Test {
 protected:
  void start() { stage_ = std::make_unique<Stage>(options_); }
  Stage& stage() { return *stage_; }
  Guest arrive() {
    Guest guest = Guest::arrive(stage());
    EXPECT_EQ(guest.taken, 1U) << "no greeting";
    EXPECT_EQ(guest.last.sequence, 0);
    return guest;
  }
  bool goes(const Guest& guest) { return stage().wait_gone(*guest.client); }
  std::string respond(const wire::HandshakeResponse& response) { return arrive().respond(response); }
  std::string log_in(const std::string& user, ByteView password) { return arrive().log_in(user, password); }

  StageOptions options_;
  std::unique_ptr<Stage> stage_;
};

}  // namespace hf::service::mysql::testing
