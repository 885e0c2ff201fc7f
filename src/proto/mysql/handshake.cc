#include "proto/mysql/handshake.h"

#include <algorithm>

#include "proto/mysql/lenenc.h"

namespace hf::proto::mysql {

namespace {

constexpr std::size_t kNonceFirstPart = 8;
constexpr std::size_t kNonceSecondPartMin = 13;
constexpr std::size_t kSslRequestSize = 32;
constexpr Capabilities kClassic = 0xFFFF'FFFFULL;

struct LoginHead {
  Capabilities capabilities = 0;
  std::uint32_t max_packet = 0;
  std::uint16_t charset = 0;
};

void append_login_head(std::string& out, const LoginHead& head) {
  append_le(out, head.capabilities, 4);
  append_le(out, head.max_packet, 4);
  append_le(out, head.charset, 2);
  out.append(18, '\0');
  append_le(out, mariadb_extended(head.capabilities) >> 32, 4);
}

LoginHead read_login_head(Reader& reader) {
  LoginHead head;
  head.capabilities = reader.u32();
  head.max_packet = reader.u32();
  head.charset = reader.u16();
  reader.skip(18);
  head.capabilities = mariadb_extended(head.capabilities | std::uint64_t{reader.u32()} << 32);
  return head;
}

ByteView read_auth_response(Reader& reader, Capabilities capabilities) {
  if (has(capabilities, kClientPluginAuthLenencData)) return reader.lenenc_string();
  if (has(capabilities, kClientSecureConnection)) return reader.bytes(reader.u8());
  return reader.nul_or_rest();
}

void append_auth_response(std::string& out, ByteView response, Capabilities capabilities) {
  if (has(capabilities, kClientPluginAuthLenencData)) {
    append_lenenc_string(out, response);
  } else if (has(capabilities, kClientSecureConnection)) {
    response = response.substr(0, 255);
    append_le(out, response.size(), 1);
    out.append(response);
  } else {
    append_nul_string(out, response);
  }
}

Error malformed(ByteView what) { return Error{ErrorCode::kProtocol, "malformed " + std::string(what)}; }

}  // namespace

std::string encode_greeting(const Greeting& greeting) {
  std::string nonce = greeting.nonce.substr(0, 254);
  if (nonce.size() < kNonceFirstPart) nonce.resize(kNonceFirstPart);
  std::string second = nonce.substr(kNonceFirstPart) + '\0';
  second.resize(std::max(second.size(), kNonceSecondPartMin));

  std::string out;
  append_le(out, 10, 1);
  append_nul_string(out, greeting.server_version);
  append_le(out, greeting.connection_id, 4);
  out.append(nonce, 0, kNonceFirstPart);
  append_le(out, 0, 1);
  append_le(out, greeting.capabilities & 0xFFFF, 2);
  append_le(out, greeting.charset, 1);
  append_le(out, greeting.status, 2);
  append_le(out, (greeting.capabilities >> 16) & 0xFFFF, 2);
  append_le(out, has(greeting.capabilities, kClientPluginAuth) ? nonce.size() + 1 : 0, 1);
  out.append(6, '\0');
  append_le(out, mariadb_extended(greeting.capabilities) >> 32, 4);
  out.append(second);
  if (has(greeting.capabilities, kClientPluginAuth)) append_nul_string(out, greeting.auth_plugin);
  return out;
}

Result<Greeting> decode_greeting(ByteView payload) {
  Reader reader(payload);
  const std::uint8_t version = reader.u8();
  if (version != 10) {
    return {ErrorCode::kUnsupported, "server speaks protocol version " + std::to_string(version) + ", not 10"};
  }
  Greeting greeting;
  greeting.server_version = reader.nul_string();
  greeting.connection_id = reader.u32();
  greeting.nonce = reader.bytes(kNonceFirstPart);
  reader.skip(1);
  greeting.capabilities = reader.u16();
  if (reader.ok() && reader.at_end()) return greeting;  // before 4.1
  greeting.charset = reader.u8();
  greeting.status = reader.u16();
  greeting.capabilities |= std::uint64_t{reader.u16()} << 16;
  const std::size_t nonce_size = reader.u8();
  reader.skip(6);
  greeting.capabilities = mariadb_extended(greeting.capabilities | std::uint64_t{reader.u32()} << 32);
  if (!reader.ok()) return malformed("greeting");

  if (has(greeting.capabilities, kClientSecureConnection)) {
    const std::size_t announced = nonce_size > kNonceFirstPart ? nonce_size - kNonceFirstPart : 0;
    ByteView second = reader.bytes(std::max(announced, kNonceSecondPartMin));
    if (nonce_size > kNonceFirstPart) second = second.substr(0, announced);
    if (!second.empty() && second.back() == '\0') second.remove_suffix(1);
    greeting.nonce.append(second);
  }
  if (has(greeting.capabilities, kClientPluginAuth)) greeting.auth_plugin = reader.nul_or_rest();
  if (!reader.ok()) return malformed("greeting");
  return greeting;
}

bool is_ssl_request(ByteView payload) {
  return payload.size() == kSslRequestSize && has(load_le(payload, 0, 4), kClientProtocol41 | kClientSsl);
}

std::string encode_ssl_request(const SslRequest& request) {
  std::string out;
  append_login_head(out, {request.capabilities | kClientSsl | kClientProtocol41, request.max_packet, request.charset});
  return out;
}

Result<SslRequest> decode_ssl_request(ByteView payload) {
  if (!is_ssl_request(payload)) return malformed("TLS request");
  Reader reader(payload);
  const LoginHead head = read_login_head(reader);
  return SslRequest{head.capabilities, head.max_packet, head.charset};
}

std::string encode_handshake_response(const HandshakeResponse& response) {
  const Capabilities capabilities = response.capabilities | kClientProtocol41;
  std::string out;
  append_login_head(out, {capabilities, response.max_packet, response.charset});
  append_nul_string(out, response.user);
  append_auth_response(out, response.auth_response, capabilities);
  if (has(capabilities, kClientConnectWithDb)) append_nul_string(out, response.database);
  if (has(capabilities, kClientPluginAuth)) append_nul_string(out, response.auth_plugin);
  if (has(capabilities, kClientConnectAttrs)) append_lenenc_string(out, response.connect_attributes);
  return out;
}

Result<HandshakeResponse> decode_handshake_response(ByteView payload) {
  if (payload.size() < 2) return malformed("login packet");
  if (!has(load_le(payload, 0, 2), kClientProtocol41)) {
    return {ErrorCode::kUnsupported, "client speaks the protocol from before MySQL 4.1"};
  }
  Reader reader(payload);
  const LoginHead head = read_login_head(reader);
  HandshakeResponse response;
  response.capabilities = head.capabilities;
  response.max_packet = head.max_packet;
  response.charset = head.charset;
  response.user = reader.nul_or_rest();
  response.auth_response = read_auth_response(reader, head.capabilities & kClassic);
  if (has(head.capabilities, kClientConnectWithDb) && !reader.at_end()) response.database = reader.nul_or_rest();
  if (has(head.capabilities, kClientPluginAuth) && !reader.at_end()) response.auth_plugin = reader.nul_or_rest();
  if (has(head.capabilities, kClientConnectAttrs)) response.connect_attributes = reader.lenenc_string();
  if (!reader.ok()) return malformed("login packet");
  return response;
}

Result<std::vector<std::pair<ByteView, ByteView>>> decode_connect_attributes(ByteView raw) {
  std::vector<std::pair<ByteView, ByteView>> attributes;
  Reader reader(raw);
  while (!reader.at_end()) {
    const ByteView name = reader.lenenc_string();
    const ByteView value = reader.lenenc_string();
    if (!reader.ok()) return malformed("connection attributes");
    attributes.emplace_back(name, value);
  }
  if (!reader.ok()) return malformed("connection attributes");
  return attributes;
}

void append_connect_attribute(std::string& raw, ByteView name, ByteView value) {
  append_lenenc_string(raw, name);
  append_lenenc_string(raw, value);
}

}  // namespace hf::proto::mysql
