#include "proto/mysql/auth/native_password.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>

namespace hf::proto::mysql::auth {

namespace {

ByteView view(const Sha1Digest& digest) { return {reinterpret_cast<const char*>(digest.data()), digest.size()}; }

Sha1Digest sha1(ByteView bytes) {
  Sha1Digest digest;
  SHA1(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  return digest;
}

/// SHA1(nonce + stage2), over which the proof hides SHA1(password).
Sha1Digest mask(ByteView nonce, const Sha1Digest& stage2) {
  return sha1(std::string(nonce.substr(0, kNativeNonce)).append(view(stage2)));
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Sha1Digest native_stage1(ByteView password) { return sha1(password); }
Sha1Digest native_stage2_of(const Sha1Digest& stage1) { return sha1(view(stage1)); }
Sha1Digest native_stage2(ByteView password) { return native_stage2_of(native_stage1(password)); }

std::string native_proof(ByteView password, ByteView nonce) {
  return password.empty() ? std::string() : native_proof(native_stage1(password), nonce);
}

std::string native_proof(const Sha1Digest& stage1, ByteView nonce) {
  Sha1Digest proof = mask(nonce, native_stage2_of(stage1));
  for (std::size_t i = 0; i < proof.size(); ++i) proof[i] = static_cast<std::uint8_t>(proof[i] ^ stage1[i]);
  return std::string(view(proof));
}

std::optional<Sha1Digest> native_verify(ByteView proof, ByteView nonce, const Sha1Digest& stage2) {
  if (proof.size() != stage2.size()) return std::nullopt;
  Sha1Digest stage1 = mask(nonce, stage2);
  for (std::size_t i = 0; i < stage1.size(); ++i) stage1[i] = static_cast<std::uint8_t>(stage1[i] ^ byte_at(proof, i));
  const Sha1Digest again = native_stage2_of(stage1);
  if (CRYPTO_memcmp(again.data(), stage2.data(), stage2.size()) != 0) return std::nullopt;
  return stage1;
}

Result<Sha1Digest> parse_native_hash(ByteView text) {
  const Error error{ErrorCode::kInvalidArgument, "a native password hash is '*' and 40 hexadecimal digits"};
  Sha1Digest digest;
  if (text.size() != 1 + 2 * digest.size() || text[0] != '*') return error;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const int high = hex_value(text[1 + 2 * i]);
    const int low = hex_value(text[2 + 2 * i]);
    if (high < 0 || low < 0) return error;
    digest[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return digest;
}

std::string native_hash(const Sha1Digest& stage2) {
  constexpr ByteView kDigits = "0123456789ABCDEF";
  std::string text = "*";
  for (const std::uint8_t byte : stage2) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

}  // namespace hf::proto::mysql::auth
