// The packets before the first command: greeting, TLS request, login, authentication turns; and COM_CHANGE_USER, which
// repeats them.
//
// Owner: plain values. Thread: any.
// Source: MariaDB knowledge base "Connection", "COM_CHANGE_USER"; MySQL internals "Connection Phase Packets".
// Invariants:
//   1. decode(encode(x)) == x for every value whose parts its capabilities announce; parts not announced are not
//   written.
//   2. Decoders accept any bytes: they return a value or an Error, never read outside the payload.
//   3. MariaDB's extended capabilities travel only where kClientMysql is unset, and are masked away elsewhere.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "proto/mysql/capabilities.h"

namespace hf::proto::mysql {

/// Name of the oldest plugin that we can speak, assumed where none is named.
inline constexpr ByteView kNativePasswordPlugin = "mysql_native_password";
inline constexpr ByteView kOldPasswordPlugin = "mysql_old_password";
inline constexpr ByteView kEd25519Plugin = "client_ed25519";
inline constexpr ByteView kCachingSha2Plugin = "caching_sha2_password";

/// Protocol version 10, the server's first packet. An ERR packet may stand in its place (see is_err).
struct Greeting {
  std::string server_version{};  // as sent; MariaDB 10.x puts "5.5.5-" in front of its own
  std::uint32_t connection_id = 0;
  std::string nonce{};  // 8 to 254 bytes, without the closing zero; 20 for the password plugins
  Capabilities capabilities = 0;
  std::uint8_t charset = 0;  // collation id
  StatusFlags status = kStatusAutocommit;
  std::string auth_plugin{};  // empty without kClientPluginAuth

  friend bool operator==(const Greeting&, const Greeting&) = default;
};
std::string encode_greeting(const Greeting& greeting);
Result<Greeting> decode_greeting(ByteView payload);

/// The client's wish to start TLS: the first 32 bytes of a HandshakeResponse, alone.
struct SslRequest {
  Capabilities capabilities = 0;
  std::uint32_t max_packet = 0;
  std::uint16_t charset = 0;  // collation id: MariaDB reads two bytes here

  friend bool operator==(const SslRequest&, const SslRequest&) = default;
};
bool is_ssl_request(ByteView payload);
std::string encode_ssl_request(const SslRequest& request);
Result<SslRequest> decode_ssl_request(ByteView payload);

/// HandshakeResponse41.
struct HandshakeResponse {
  Capabilities capabilities = 0;
  std::uint32_t max_packet = 1U << 24;
  std::uint16_t charset = 0;
  std::string user{};
  std::string auth_response{};
  std::string database{};            // with kClientConnectWithDb
  std::string auth_plugin{};         // with kClientPluginAuth
  std::string connect_attributes{};  // with kClientConnectAttrs; raw, see decode_connect_attributes

  friend bool operator==(const HandshakeResponse&, const HandshakeResponse&) = default;
};
/// Without kClientPluginAuthLenencData the auth response must be under 256 bytes (it is cut off there).
std::string encode_handshake_response(const HandshakeResponse& response);
/// Refuses a pre-4.1 response with ErrorCode::kUnsupported.
Result<HandshakeResponse> decode_handshake_response(ByteView payload);

/// Name and value pairs of the raw attribute block, in order; views into `raw`.
Result<std::vector<std::pair<ByteView, ByteView>>> decode_connect_attributes(ByteView raw);
void append_connect_attribute(std::string& raw, ByteView name, ByteView value);

/// 0xFE: the server wants another plugin. A bare 0xFE (before 5.6) asks for kOldPasswordPlugin and has no data.
struct AuthSwitchRequest {
  std::string plugin{};
  std::string data{};  // the new nonce. The zero that closes a nonce of 20 bytes is taken off and put on here

  friend bool operator==(const AuthSwitchRequest&, const AuthSwitchRequest&) = default;
};
std::string encode_auth_switch_request(const AuthSwitchRequest& request);
Result<AuthSwitchRequest> decode_auth_switch_request(ByteView payload);

/// 0x01: plugin data in the middle of an authentication.
std::string encode_auth_more_data(ByteView data);
/// The data behind 0x01, a view of the payload.
Result<ByteView> decode_auth_more_data(ByteView payload);

/// By the version in the greeting.
inline bool is_mariadb(ByteView version) { return version.find("MariaDB") != ByteView::npos; }

/// COM_CHANGE_USER with its command byte. What is optional in it follows the connection's capabilities.
struct ChangeUser {
  std::string user{};
  std::string auth_response{};  // under 256 bytes
  std::string database{};
  std::uint16_t charset = 0;
  std::string auth_plugin{};         // with kClientPluginAuth
  std::string connect_attributes{};  // with kClientConnectAttrs; raw

  friend bool operator==(const ChangeUser&, const ChangeUser&) = default;
};
std::string encode_change_user(const ChangeUser& change, Capabilities capabilities);
Result<ChangeUser> decode_change_user(ByteView payload, Capabilities capabilities);

}  // namespace hf::proto::mysql
