#include "service/mysql/guest_fake.h"

#include "proto/mysql/auth/native_password.h"

namespace hf::service::mysql::testing {

upstream::mysql::Account account_of(std::string user, std::uint32_t id) {
  upstream::mysql::Account account;
  account.id = id;
  account.user = std::move(user);
  return account;
}

upstream::mysql::Account from_file(std::string user, ByteView password) {
  upstream::mysql::Account account = account_of(std::move(user));
  account.password = std::string(password);
  return account;
}

upstream::mysql::Account hashed(std::string user, ByteView password) {
  upstream::mysql::Account account = account_of(std::move(user), 2);
  account.native_hash = auth::native_stage2(password);
  return account;
}

Guest Guest::arrive(Stage& stage) {
  Guest guest{&stage, &stage.connect_raw()};
  guest.next();
  const Result<wire::Greeting> greeting = wire::decode_greeting(guest.last.payload);
  if (greeting.ok()) guest.greeting = *greeting;
  return guest;
}

std::string Guest::next() {
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

std::string Guest::say(std::uint8_t sequence, ByteView payload) {
  client->send_loose(sequence, payload);
  return next();
}

std::string Guest::nonce_of_switch() const {
  const Result<wire::AuthSwitchRequest> request = wire::decode_auth_switch_request(last.payload);
  return request.ok() ? request->data : std::string();
}

wire::HandshakeResponse Guest::response_of(std::string user, ByteView plugin, std::string proof) {
  wire::HandshakeResponse response;
  response.capabilities = kModernClient & ~wire::kClientConnectAttrs;
  response.charset = 45;
  response.user = std::move(user);
  response.auth_plugin = std::string(plugin);
  response.auth_response = std::move(proof);
  return response;
}

std::string Guest::log_in(std::string user, ByteView password) {
  return respond(
      response_of(std::move(user), wire::kNativePasswordPlugin, auth::native_proof(password, greeting.nonce)));
}

std::string Guest::change_user(const std::string& user, const std::string& schema, ByteView plugin,
                               std::uint16_t charset) {
  wire::ChangeUser change;
  change.user = user;
  change.database = schema;
  change.charset = charset;
  change.auth_plugin = std::string(plugin);
  return say(0, wire::encode_change_user(change, kModernClient & ~wire::kClientConnectAttrs));
}

Guest LoginTest::arrive() {
  Guest guest = Guest::arrive(stage());
  EXPECT_EQ(guest.taken, 1U) << "no greeting";
  EXPECT_EQ(guest.last.sequence, 0);
  return guest;
}

}  // namespace hf::service::mysql::testing
