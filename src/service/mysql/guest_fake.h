// Guest: a client for tests of logins, which writes its packets itself and looks at each that comes.
//
// Owner: the test. Thread: the test's. Invariant: what cannot come because the gateway has closed is "gone", and no
// failure.
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

upstream::mysql::Account account_of(std::string user, std::uint32_t id = 1);
/// One whose password stands in the file.
upstream::mysql::Account from_file(std::string user, ByteView password);
/// One of which the servers tell a hash.
upstream::mysql::Account hashed(std::string user, ByteView password);

struct Guest {
  Stage* stage = nullptr;
  TestClient* client = nullptr;
  wire::Greeting greeting{};
  std::size_t taken = 0;  // packets of the gateway's that were looked at
  Packet last{};

  /// One who has read the greeting, if there was one.
  static Guest arrive(Stage& stage);
  /// The next packet, in words.
  std::string next();
  std::string say(std::uint8_t sequence, ByteView payload);
  /// The answer to what came last.
  std::string answer(ByteView payload) { return say(static_cast<std::uint8_t>(last.sequence + 1), payload); }
  std::string respond(const wire::HandshakeResponse& response) {
    return say(1, wire::encode_handshake_response(response));
  }
  std::string nonce_of_switch() const;
  static wire::HandshakeResponse response_of(std::string user, ByteView plugin = wire::kNativePasswordPlugin,
                                             std::string proof = {});
  /// A whole login by native password.
  std::string log_in(std::string user = "app", ByteView password = kPassword);
  /// COM_CHANGE_USER, up to the first answer.
  std::string change_user(const std::string& user, const std::string& schema = {},
                          ByteView plugin = wire::kNativePasswordPlugin, std::uint16_t charset = 45);
};

/// A stage that begins when its options are made.
class LoginTest : public ::testing::Test {
 protected:
  void start() { stage_ = std::make_unique<Stage>(options_); }
  Stage& stage() { return *stage_; }
  Guest arrive();
  bool goes(const Guest& guest) { return stage().wait_gone(*guest.client); }
  std::string respond(const wire::HandshakeResponse& response) { return arrive().respond(response); }
  std::string log_in(const std::string& user, ByteView password) { return arrive().log_in(user, password); }

  StageOptions options_;
  std::unique_ptr<Stage> stage_;
};

}  // namespace hf::service::mysql::testing
