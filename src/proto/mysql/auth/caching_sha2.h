// MySQL's caching_sha2_password: a SHA-256 proof where the server has the password cached, else the password itself,
// over TLS or encrypted with the server's RSA key.
//
// Owner: plain values. Thread: any. Nonces are made by the caller.
// Source: MySQL internals "Caching_sha2_password information".
// Invariants:
//   1. Comparisons of secrets take the same time for every content.
//   2. An empty password has an empty proof, and the other way round.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace hf::proto::mysql::auth {

inline constexpr std::size_t kSha2Nonce = 20;
/// The server's AuthMoreData: the one byte behind 0x01.
inline constexpr char kSha2FastAuthSuccess = '\x03';
inline constexpr char kSha2FullAuthentication = '\x04';
/// The client's one-byte request for the server's public key.
inline constexpr char kSha2RequestPublicKey = '\x02';

/// SHA256(password) XOR SHA256(SHA256(SHA256(password)) + nonce).
std::string sha2_proof(ByteView password, ByteView nonce);
/// Whether `proof` was made from `password`.
bool sha2_verify(ByteView proof, ByteView nonce, ByteView password);

/// Full authentication in the clear, for TLS or a Unix socket: the password and a zero byte.
std::string sha2_cleartext(ByteView password);
/// Full authentication without TLS: the password and a zero byte, XOR the nonce over and over, encrypted (OAEP) with
/// the server's public key as it sent it (PEM).
Result<std::string> sha2_encrypt_password(ByteView password, ByteView nonce, ByteView public_key_pem);

}  // namespace hf::proto::mysql::auth
