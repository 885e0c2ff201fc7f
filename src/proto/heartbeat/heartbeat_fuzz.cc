// Oracle: what is accepted is written again as the very same bytes; a right HMAC behind any bytes crashes nothing.
#include <sodium.h>

#include <cstdint>

#include "base/assert.h"
#include "proto/heartbeat/heartbeat.h"

namespace {

using namespace hf::proto::heartbeat;  // NOLINT(google-build-using-namespace)
using hf::ByteView;

void check(ByteView bytes) {
  const auto read = decode(bytes, "key");
  if (const auto* heartbeat = std::get_if<Heartbeat>(&read)) {
    HF_CHECK(claimed_router_id(bytes) == heartbeat->router_id);
    const auto again = encode(*heartbeat, "key");
    HF_CHECK(again.ok() && *again == bytes);
    ReplayWindow window;
    HF_CHECK(window.accept(*heartbeat) && !window.accept(*heartbeat));
  }
}

/// The bytes with a right magic in front and a right HMAC behind.
void check_mended(ByteView bytes) {
  std::string message = "HFHB\x01" + std::string(bytes);
  unsigned char key[crypto_hash_sha256_BYTES];
  crypto_hash_sha256(key, reinterpret_cast<const unsigned char*>("key"), 3);
  unsigned char proof[crypto_auth_hmacsha256_BYTES];
  crypto_auth_hmacsha256(proof, reinterpret_cast<const unsigned char*>(message.data()), message.size(), key);
  check(message.append(reinterpret_cast<const char*>(proof), sizeof proof));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(reinterpret_cast<const char*>(data), size);
  check(bytes);
  check_mended(bytes);
  return 0;
}
