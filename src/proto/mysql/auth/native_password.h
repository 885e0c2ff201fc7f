// mysql_native_password: proof = SHA1(password) XOR SHA1(nonce + SHA1(SHA1(password))). The server keeps
// SHA1(SHA1(password)).
//
// Owner: plain values. Thread: any. Nonces are made by the caller.
// Invariants:
//   1. Comparisons of secrets take the same time for every content.
//   2. An empty password has an empty proof, and the other way round.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace hf::proto::mysql::auth {

inline constexpr std::size_t kNativeNonce = 20;
using Sha1Digest = std::array<std::uint8_t, 20>;

/// SHA1(password): lets its holder log in. Keep it as secret as the password.
Sha1Digest native_stage1(ByteView password);
/// SHA1(SHA1(password)): what mysql.user and mysql.global_priv hold as '*' and 40 hex digits.
Sha1Digest native_stage2(ByteView password);
Sha1Digest native_stage2_of(const Sha1Digest& stage1);

/// The client's proof. `nonce` is 20 bytes (without the closing zero).
std::string native_proof(ByteView password, ByteView nonce);
std::string native_proof(const Sha1Digest& stage1, ByteView nonce);

/// Whether `proof` was made from the password behind `stage2`; gives SHA1(password), with which a proxy can log in
/// further on.
std::optional<Sha1Digest> native_verify(ByteView proof, ByteView nonce, const Sha1Digest& stage2);

/// "*" and 40 hex digits, either case.
Result<Sha1Digest> parse_native_hash(ByteView text);
std::string native_hash(const Sha1Digest& stage2);

}  // namespace hf::proto::mysql::auth
