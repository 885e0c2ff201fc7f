#include "proto/mysql/handshake.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "proto/mysql/test_bytes.h"

namespace hf::proto::mysql {
namespace {

using testing::unhex;

// What MariaDB 10.11.19 of Debian 12 sent.
constexpr const char* kServerGreeting =
    "0a352e352e352d31302e31312e31392d4d6172696144422d302b646562313275310003000000275d212846664e3700fef7080200ff81150000"
    "000000"
    "001d00000064743960556b3b24425e3426006d7973716c5f6e61746976655f70617373776f726400";
constexpr Capabilities kFull = kClientProtocol41 | kClientSecureConnection | kClientPluginAuth | kClientConnectWithDb |
                               kClientConnectAttrs | kClientPluginAuthLenencData | kMariaDbProgress |
                               kMariaDbCacheMetadata;

TEST(Greeting, OfARealServerIsUnderstood) {
  const Result<Greeting> greeting = decode_greeting(unhex(kServerGreeting));
  ASSERT_TRUE(greeting.ok());
  EXPECT_EQ(greeting->server_version, "5.5.5-10.11.19-MariaDB-0+deb12u1");
  EXPECT_EQ(greeting->connection_id, 3U);
  EXPECT_EQ(greeting->nonce, unhex("275d212846664e37 64743960556b3b24425e3426"));
  EXPECT_EQ(greeting->nonce.size(), 20U);
  EXPECT_EQ(greeting->charset, 8);
  EXPECT_EQ(greeting->status, kStatusAutocommit);
  EXPECT_EQ(greeting->auth_plugin, kNativePasswordPlugin);
  EXPECT_FALSE(has(greeting->capabilities, kClientMysql));
  EXPECT_TRUE(has(greeting->capabilities, kClientDeprecateEof | kClientSessionTrack | kClientPluginAuth));
  EXPECT_TRUE(has(greeting->capabilities,
                  kMariaDbProgress | kMariaDbStmtBulkOperations | kMariaDbExtendedMetadata | kMariaDbCacheMetadata));
  EXPECT_FALSE(has(greeting->capabilities, kMariaDbBulkUnitResults));
}

TEST(Greeting, IsWrittenAsTheRealServerDoes) {
  const std::string bytes = unhex(kServerGreeting);
  EXPECT_EQ(encode_greeting(*decode_greeting(bytes)), bytes);
}

TEST(Greeting, ExtendedCapabilitiesAreNotReadFromAMysqlServer) {
  Greeting greeting = *decode_greeting(unhex(kServerGreeting));
  std::string bytes = encode_greeting(greeting);
  greeting.capabilities |= kClientMysql;
  const std::string mysql = encode_greeting(greeting);
  EXPECT_EQ(decode_greeting(mysql)->capabilities >> 32, 0U);
  EXPECT_NE(decode_greeting(bytes)->capabilities >> 32, 0U);
}

TEST(Greeting, NoncesOfAnySizeSurvive) {
  for (const std::size_t size : {8U, 20U, 21U, 32U, 254U}) {
    Greeting greeting;
    greeting.server_version = "x";
    greeting.nonce = std::string(size, 'n');
    greeting.capabilities = kFull;
    greeting.auth_plugin = "p";
    const Result<Greeting> again = decode_greeting(encode_greeting(greeting));
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(*again, greeting) << size;
  }
}

TEST(Greeting, CutAnywhereIsAnErrorOrAShorterGreeting) {
  const std::string bytes = unhex(kServerGreeting);
  const std::size_t end_of_nonce = bytes.size() - kNativePasswordPlugin.size() - 1;
  for (std::size_t size = 0; size < end_of_nonce; ++size) {
    const std::string cut = bytes.substr(0, size);
    const Result<Greeting> greeting = decode_greeting(cut);
    // Servers from before 4.1 stop behind the first capability word.
    EXPECT_EQ(greeting.ok(), size == 1 + 33 + 4 + 8 + 1 + 2) << size;
  }
}

TEST(Greeting, AnOtherProtocolVersionIsRefused) {
  EXPECT_EQ(decode_greeting("\x09xx").error().code, ErrorCode::kUnsupported);
}

TEST(HandshakeResponse, MatchesBytesThatARealServerAccepted) {
  HandshakeResponse response;
  response.capabilities = 0x01afa28cULL | 0x1dULL << 32;
  response.max_packet = 1U << 24;
  response.charset = 45;
  response.user = "root";
  response.database = "mysql";
  response.auth_plugin = kNativePasswordPlugin;
  const std::string bytes = unhex(
      "8ca2af01000000012d000000000000000000000000000000000000001d000000726f6f7400006d7973716c006d7973716c5f6e6174697665"
      "5f7061"
      "7373776f726400");
  EXPECT_EQ(encode_handshake_response(response), bytes);
  EXPECT_EQ(*decode_handshake_response(bytes), response);
}

TEST(HandshakeResponse, EverySetOfPartsSurvives) {
  const Capabilities parts[] = {kClientSecureConnection, kClientPluginAuth, kClientConnectWithDb,
                                kClientConnectAttrs,     kClientMysql,      kClientPluginAuthLenencData,
                                kMariaDbProgress};
  for (unsigned set = 0; set < 1U << std::size(parts); ++set) {
    HandshakeResponse response;
    response.capabilities = kClientProtocol41;
    for (unsigned i = 0; i < std::size(parts); ++i) {
      if ((set >> i & 1U) != 0) response.capabilities |= parts[i];
    }
    response.capabilities = mariadb_extended(response.capabilities);
    response.charset = 33;
    response.user = "app";
    response.auth_response = "proof-of-twenty-byte";
    if (has(response.capabilities, kClientConnectWithDb)) response.database = "shop";
    if (has(response.capabilities, kClientPluginAuth)) response.auth_plugin = "client_ed25519";
    if (has(response.capabilities, kClientConnectAttrs)) {
      append_connect_attribute(response.connect_attributes, "_os", "Linux");
      append_connect_attribute(response.connect_attributes, "long", std::string(300, 'v'));
    }
    const std::string bytes = encode_handshake_response(response);
    const Result<HandshakeResponse> again = decode_handshake_response(bytes);
    ASSERT_TRUE(again.ok()) << set;
    EXPECT_EQ(*again, response) << set;
  }
}

TEST(HandshakeResponse, ALongAuthResponseNeedsTheLengthEncodedForm) {
  HandshakeResponse response;
  response.capabilities = kFull;
  response.auth_response = std::string(1000, 'r');
  EXPECT_EQ(decode_handshake_response(encode_handshake_response(response))->auth_response.size(), 1000U);
}

TEST(HandshakeResponse, LastFieldsMayBeMissingOrUnterminated) {
  HandshakeResponse response;
  response.capabilities = kClientProtocol41 | kClientSecureConnection | kClientConnectWithDb | kClientPluginAuth;
  response.user = "u";
  response.database = "db";
  response.auth_plugin = "plug";
  std::string bytes = encode_handshake_response(response);
  bytes.pop_back();
  EXPECT_EQ(*decode_handshake_response(bytes), response);
  bytes.resize(bytes.size() - 4);
  EXPECT_EQ(decode_handshake_response(bytes)->auth_plugin, "");
  EXPECT_EQ(decode_handshake_response(bytes)->database, "db");
}

TEST(HandshakeResponse, FromBefore41IsRefusedInClearWords) {
  const Result<HandshakeResponse> response = decode_handshake_response(unhex("0524 000000 726f6f7400 00"));
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(response.error().context.find("4.1"), std::string::npos);
}

TEST(HandshakeResponse, LyingLengthsAreErrors) {
  HandshakeResponse response;
  response.capabilities = kFull;
  response.auth_response = "abc";
  std::string bytes = encode_handshake_response(response);
  bytes[33] = '\xFD';  // the length of the auth response: three bytes of length follow
  EXPECT_FALSE(decode_handshake_response(bytes).ok());
}

TEST(SslRequest, IsToldFromALogin) {
  const SslRequest request{kClientProtocol41 | kClientSsl | kMariaDbProgress, 1U << 24, 45};
  const std::string bytes = encode_ssl_request(request);
  EXPECT_TRUE(is_ssl_request(bytes));
  EXPECT_EQ(*decode_ssl_request(bytes), request);
  EXPECT_FALSE(is_ssl_request(bytes + '\0'));
  std::string plain = bytes;
  plain[1] = static_cast<char>(plain[1] & ~0x08);  // CLIENT_SSL
  EXPECT_FALSE(is_ssl_request(plain));
  EXPECT_FALSE(decode_ssl_request(plain).ok());
}

TEST(ConnectAttributes, AreReadInOrder) {
  std::string raw;
  append_connect_attribute(raw, "_pid", "42");
  append_connect_attribute(raw, "empty", "");
  const auto attributes = decode_connect_attributes(raw);
  ASSERT_TRUE(attributes.ok());
  ASSERT_EQ(attributes->size(), 2U);
  EXPECT_EQ((*attributes)[0], (std::pair<ByteView, ByteView>("_pid", "42")));
  EXPECT_EQ((*attributes)[1].first, "empty");
  raw.pop_back();
  EXPECT_FALSE(decode_connect_attributes(raw).ok());
}

TEST(AuthSwitch, TheZeroBehindANonceOfTwentyBytesIsTakenOff) {
  const std::string nonce = unhex("4f214c3e285d7a3c212f5c2e5c44463b2a273b2b");
  const AuthSwitchRequest request{std::string(kNativePasswordPlugin), nonce};
  const std::string bytes = encode_auth_switch_request(request);
  EXPECT_EQ(bytes, "\xFEmysql_native_password" + std::string(1, '\0') + nonce + '\0');
  EXPECT_EQ(*decode_auth_switch_request(bytes), request);
}

TEST(AuthSwitch, AnEd25519NonceThatEndsInZeroStaysWhole) {
  const AuthSwitchRequest request{std::string(kEd25519Plugin), std::string(31, 'n') + '\0'};
  const std::string bytes = encode_auth_switch_request(request);
  EXPECT_EQ(bytes.size(), 1 + kEd25519Plugin.size() + 1 + 32);
  EXPECT_EQ(*decode_auth_switch_request(bytes), request);
}

TEST(AuthSwitch, ABareHeaderAsksForTheOldPlugin) {
  EXPECT_EQ(decode_auth_switch_request("\xFE")->plugin, kOldPasswordPlugin);
  EXPECT_EQ(encode_auth_switch_request({std::string(kOldPasswordPlugin), ""}), "\xFE");
  EXPECT_FALSE(decode_auth_switch_request("").ok());
  EXPECT_FALSE(decode_auth_switch_request("\x01").ok());
}

TEST(AuthMoreData, CarriesItsData) {
  EXPECT_EQ(encode_auth_more_data("\x03"), "\x01\x03");
  EXPECT_EQ(*decode_auth_more_data("\x01\x04"), "\x04");
  EXPECT_FALSE(decode_auth_more_data("\x02").ok());
}

TEST(ChangeUser, EverySetOfPartsSurvives) {
  for (const Capabilities caps :
       {Capabilities{0}, kClientSecureConnection, kClientSecureConnection | kClientPluginAuth, kFull}) {
    ChangeUser change;
    change.user = "app";
    change.auth_response = "proof";
    change.database = "shop";
    change.charset = 0x12E;
    if (has(caps, kClientPluginAuth)) change.auth_plugin = "mysql_native_password";
    if (has(caps, kClientConnectAttrs)) append_connect_attribute(change.connect_attributes, "k", "v");
    const std::string bytes = encode_change_user(change, caps);
    EXPECT_EQ(bytes[0], '\x11');
    const Result<ChangeUser> again = decode_change_user(bytes, caps);
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(*again, change);
    for (std::size_t size = 0; size < bytes.size(); ++size) (void)decode_change_user(bytes.substr(0, size), caps).ok();
  }
}

TEST(ChangeUser, EndsWhereOldClientsStop) {
  const Result<ChangeUser> change = decode_change_user(ByteView("\x11"
                                                                "u\0\0"
                                                                "db\0",
                                                                7),
                                                       kFull);
  ASSERT_TRUE(change.ok());
  EXPECT_EQ(change->database, "db");
  EXPECT_EQ(change->charset, 0);
  EXPECT_FALSE(decode_change_user("\x11"
                                  "u",
                                  kFull)
                   .ok());
}

}  // namespace
}  // namespace hf::proto::mysql
