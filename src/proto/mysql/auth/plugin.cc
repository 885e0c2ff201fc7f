#include "proto/mysql/auth/plugin.h"

#include "proto/mysql/auth/caching_sha2.h"
#include "proto/mysql/auth/ed25519.h"
#include "proto/mysql/auth/native_password.h"
#include "proto/mysql/handshake.h"

namespace hf::proto::mysql::auth {

Result<std::string> answer(ByteView plugin, ByteView password, ByteView nonce) {
  const auto short_nonce = [&](std::size_t size) {
    return Error{ErrorCode::kProtocol, "nonce of " + std::to_string(nonce.size()) + " bytes instead of " +
                                           std::to_string(size) + " for " + std::string(plugin)};
  };
  if (plugin.empty() || plugin == kNativePasswordPlugin) {
    if (nonce.size() < kNativeNonce) return short_nonce(kNativeNonce);
    return native_proof(password, nonce);
  }
  if (plugin == kEd25519Plugin) {
    if (nonce.size() != kEd25519Nonce) return short_nonce(kEd25519Nonce);
    return ed25519_sign(password, nonce);
  }
  if (plugin == kCachingSha2Plugin) {
    if (nonce.size() < kSha2Nonce) return short_nonce(kSha2Nonce);
    return sha2_proof(password, nonce);
  }
  return {ErrorCode::kUnsupported,
          "authentication plugin '" + std::string(plugin.substr(0, 64)) + "' is not supported"};
}

}  // namespace hf::proto::mysql::auth
