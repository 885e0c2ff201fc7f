// Oracle: what decodes encodes again to something that decodes to the same value; session state likewise.
#include <cstdint>
#include <string>

#include "base/assert.h"
#include "proto/mysql/handshake.h"
#include "proto/mysql/response.h"
#include "proto/mysql/session_state.h"

namespace {

using namespace hf::proto::mysql;  // NOLINT(google-build-using-namespace)
using hf::ByteView;

void connection_phase(ByteView payload, Capabilities caps) {
  if (const auto greeting = decode_greeting(payload); greeting.ok()) {
    // An old server's greeting is shorter and stays so only once: compare from the second round on.
    const auto once = decode_greeting(encode_greeting(*greeting));
    HF_CHECK(once.ok());
    HF_CHECK(*decode_greeting(encode_greeting(*once)) == *once);
  }
  if (const auto response = decode_handshake_response(payload); response.ok()) {
    const auto again = decode_handshake_response(encode_handshake_response(*response));
    HF_CHECK(again.ok() && *again == *response);
    (void)decode_connect_attributes(response->connect_attributes).ok();
  }
  if (const auto request = decode_ssl_request(payload); request.ok()) {
    HF_CHECK(*decode_ssl_request(encode_ssl_request(*request)) == *request);
  }
  if (const auto change = decode_change_user(payload, caps); change.ok()) {
    const auto again = decode_change_user(encode_change_user(*change, caps), caps);
    HF_CHECK(again.ok() && *again == *change);
  }
  if (const auto request = decode_auth_switch_request(payload); request.ok()) {
    const auto again = decode_auth_switch_request(encode_auth_switch_request(*request));
    HF_CHECK(again.ok() && *again == *request);
  }
}

void response_packets(ByteView payload, Capabilities caps) {
  if (const auto ok = decode_ok(payload, caps); ok.ok()) {
    const std::string bytes = encode_ok(*ok, caps);
    const auto again = decode_ok(bytes, caps);
    HF_CHECK(again.ok() && again->affected_rows == ok->affected_rows && again->info == ok->info);
    HF_CHECK(again->session_state == ok->session_state);
  }
  const auto rewritten = rewrite_ok(payload, caps, caps, [](ByteView name) { return name.size() % 2 == 0; });
  if (rewritten.ok()) HF_CHECK(decode_ok(*rewritten, caps).ok());
  if (const auto plain = rewrite_ok(payload, caps, kClientProtocol41); plain.ok()) {
    HF_CHECK((decode_ok(*plain, kClientProtocol41)->status & kStatusSessionStateChanged) == 0);
  }
  if (const auto err = decode_err(payload); err.ok() && err->sqlstate.size() == 5) {
    const std::string bytes = encode_err(*err, kClientProtocol41);
    HF_CHECK(*decode_err(bytes) == *err);
  }
  (void)decode_eof(payload, caps).ok();
  (void)decode_progress(payload).ok();
  (void)decode_auth_more_data(payload).ok();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  const ByteView bytes(reinterpret_cast<const char*>(data), size);
  const Capabilities caps = hf::load_le(bytes, 0, 4) | kClientProtocol41;
  connection_phase(bytes.substr(4), caps);
  response_packets(bytes.substr(4), caps);
  return 0;
}
