// The authentication turns and COM_CHANGE_USER of handshake.h.
#include "proto/mysql/command.h"
#include "proto/mysql/handshake.h"
#include "proto/mysql/lenenc.h"

namespace hf::proto::mysql {

namespace {

constexpr std::uint8_t kAuthSwitchHeader = 0xFE;
constexpr std::uint8_t kAuthMoreDataHeader = 0x01;
constexpr std::size_t kZeroEndedNonce =
    20;  // an ed25519 nonce has 32 bytes, any of which may be zero: only this size is closed

Error malformed(ByteView what) { return Error{ErrorCode::kProtocol, "malformed " + std::string(what)}; }

}  // namespace

std::string encode_auth_switch_request(const AuthSwitchRequest& request) {
  std::string out;
  append_le(out, kAuthSwitchHeader, 1);
  if (request.plugin == kOldPasswordPlugin && request.data.empty()) return out;
  append_nul_string(out, request.plugin);
  out.append(request.data);
  if (request.data.size() == kZeroEndedNonce) out.push_back('\0');
  return out;
}

Result<AuthSwitchRequest> decode_auth_switch_request(ByteView payload) {
  Reader reader(payload);
  if (reader.u8() != kAuthSwitchHeader) return malformed("authentication switch");
  if (reader.at_end()) return AuthSwitchRequest{.plugin = std::string(kOldPasswordPlugin), .data = {}};
  AuthSwitchRequest request;
  request.plugin = reader.nul_or_rest();
  ByteView data = reader.rest();
  if (data.size() == kZeroEndedNonce + 1 && data.back() == '\0') data.remove_suffix(1);
  request.data = data;
  return request;
}

std::string encode_auth_more_data(ByteView data) {
  std::string out;
  append_le(out, kAuthMoreDataHeader, 1);
  out.append(data);
  return out;
}

Result<ByteView> decode_auth_more_data(ByteView payload) {
  if (payload.empty() || byte_at(payload, 0) != kAuthMoreDataHeader) return malformed("authentication data");
  return payload.substr(1);
}

std::string encode_change_user(const ChangeUser& change, Capabilities capabilities) {
  std::string out;
  append_le(out, static_cast<std::uint8_t>(Command::kChangeUser), 1);
  append_nul_string(out, change.user);
  if (has(capabilities, kClientSecureConnection)) {
    const ByteView response = ByteView(change.auth_response).substr(0, 255);
    append_le(out, response.size(), 1);
    out.append(response);
  } else {
    append_nul_string(out, change.auth_response);
  }
  append_nul_string(out, change.database);
  append_le(out, change.charset, 2);
  if (has(capabilities, kClientPluginAuth)) append_nul_string(out, change.auth_plugin);
  if (has(capabilities, kClientConnectAttrs)) append_lenenc_string(out, change.connect_attributes);
  return out;
}

Result<ChangeUser> decode_change_user(ByteView payload, Capabilities capabilities) {
  Reader reader(payload);
  if (reader.u8() != static_cast<std::uint8_t>(Command::kChangeUser)) return malformed("COM_CHANGE_USER");
  ChangeUser change;
  change.user = reader.nul_string();
  change.auth_response = has(capabilities, kClientSecureConnection) ? reader.bytes(reader.u8()) : reader.nul_string();
  change.database = reader.nul_or_rest();
  if (!reader.at_end()) change.charset = reader.u16();
  if (has(capabilities, kClientPluginAuth) && !reader.at_end()) change.auth_plugin = reader.nul_or_rest();
  if (has(capabilities, kClientConnectAttrs) && !reader.at_end()) change.connect_attributes = reader.lenenc_string();
  if (!reader.ok()) return malformed("COM_CHANGE_USER");
  return change;
}

}  // namespace hf::proto::mysql
