// MariaDB's client_ed25519: an Ed25519 signature of the server's 32-byte nonce, with SHA-512 of the password (any
// length) as the expanded secret key, where standard Ed25519 would hash a 32-byte seed.
//
// Owner: plain values. Thread: any. Nonces are made by the caller.
// Source: MariaDB knowledge base "Authentication Plugin - ed25519"; checked against the plugin of 10.11.
// Invariants:
//   1. Secret scalars are wiped before a function returns.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace hf::proto::mysql::auth {

inline constexpr std::size_t kEd25519Nonce = 32;
inline constexpr std::size_t kEd25519Signature = 64;
using Ed25519PublicKey = std::array<std::uint8_t, 32>;

Ed25519PublicKey ed25519_public_key(ByteView password);
/// The client's answer, 64 bytes.
std::string ed25519_sign(ByteView password, ByteView nonce);
bool ed25519_verify(ByteView signature, ByteView nonce, const Ed25519PublicKey& key);

/// As in mysql.global_priv: base64, 43 characters, no padding.
Result<Ed25519PublicKey> parse_ed25519_key(ByteView text);
std::string ed25519_key_text(const Ed25519PublicKey& key);

}  // namespace hf::proto::mysql::auth
