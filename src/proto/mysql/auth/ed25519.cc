#include "proto/mysql/auth/ed25519.h"

#include <sodium.h>

#include <algorithm>

namespace hf::proto::mysql::auth {

namespace {

using Hash = std::array<std::uint8_t, crypto_hash_sha512_BYTES>;
using Scalar = std::array<std::uint8_t, crypto_core_ed25519_SCALARBYTES>;

const unsigned char* bytes(ByteView view) { return reinterpret_cast<const unsigned char*>(view.data()); }
template <std::size_t N>
ByteView view(const std::array<std::uint8_t, N>& array) {
  return {reinterpret_cast<const char*>(array.data()), N};
}

Hash sha512(std::initializer_list<ByteView> parts) {
  crypto_hash_sha512_state state;
  crypto_hash_sha512_init(&state);
  for (const ByteView part : parts) crypto_hash_sha512_update(&state, bytes(part), part.size());
  Hash hash;
  crypto_hash_sha512_final(&state, hash.data());
  sodium_memzero(&state, sizeof(state));
  return hash;
}

/// SHA-512 of the password with the scalar half clamped; the other half makes the signature's own nonce.
struct ExpandedKey {
  Scalar scalar;
  Scalar prefix;
  explicit ExpandedKey(ByteView password) {
    Hash hash = sha512({password});
    std::copy_n(hash.begin(), scalar.size(), scalar.begin());
    std::copy_n(hash.begin() + static_cast<std::ptrdiff_t>(scalar.size()), prefix.size(), prefix.begin());
    sodium_memzero(hash.data(), hash.size());
    scalar[0] &= 248;
    scalar[31] &= 63;
    scalar[31] |= 64;
  }
  ExpandedKey(const ExpandedKey&) = delete;
  ExpandedKey& operator=(const ExpandedKey&) = delete;
  ~ExpandedKey() {
    sodium_memzero(scalar.data(), scalar.size());
    sodium_memzero(prefix.data(), prefix.size());
  }
};

Ed25519PublicKey times_base(const Scalar& scalar) {
  Ed25519PublicKey point{};
  HF_CHECK(crypto_scalarmult_ed25519_base_noclamp(point.data(), scalar.data()) == 0);  // fails for the zero scalar only
  return point;
}

Scalar reduce(const Hash& hash) {
  Scalar scalar;
  crypto_core_ed25519_scalar_reduce(scalar.data(), hash.data());
  return scalar;
}

}  // namespace

Ed25519PublicKey ed25519_public_key(ByteView password) { return times_base(ExpandedKey(password).scalar); }

std::string ed25519_sign(ByteView password, ByteView nonce) {
  const ExpandedKey key(password);
  const Ed25519PublicKey public_key = times_base(key.scalar);
  Scalar r = reduce(sha512({view(key.prefix), nonce}));
  const Ed25519PublicKey big_r = times_base(r);
  const Scalar challenge = reduce(sha512({view(big_r), view(public_key), nonce}));
  Scalar product;
  crypto_core_ed25519_scalar_mul(product.data(), challenge.data(), key.scalar.data());
  Scalar s;
  crypto_core_ed25519_scalar_add(s.data(), product.data(), r.data());
  sodium_memzero(r.data(), r.size());
  sodium_memzero(product.data(), product.size());
  return std::string(view(big_r)).append(view(s));
}

bool ed25519_verify(ByteView signature, ByteView nonce, const Ed25519PublicKey& key) {
  if (signature.size() != kEd25519Signature) return false;
  return crypto_sign_verify_detached(bytes(signature), bytes(nonce), nonce.size(), key.data()) == 0;
}

Result<Ed25519PublicKey> parse_ed25519_key(ByteView text) {
  Ed25519PublicKey key{};
  std::size_t size = 0;
  const int parsed = sodium_base642bin(key.data(), key.size(), text.data(), text.size(), nullptr, &size, nullptr,
                                       sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
  if (text.size() != 43 || parsed != 0 || size != key.size()) {
    return {ErrorCode::kInvalidArgument, "an ed25519 key is 43 characters of base64"};
  }
  return key;
}

std::string ed25519_key_text(const Ed25519PublicKey& key) {
  std::string text(
      sodium_base64_ENCODED_LEN(std::tuple_size_v<Ed25519PublicKey>, sodium_base64_VARIANT_ORIGINAL_NO_PADDING), '\0');
  sodium_bin2base64(text.data(), text.size(), key.data(), key.size(), sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
  text.pop_back();  // the closing zero
  return text;
}

}  // namespace hf::proto::mysql::auth
