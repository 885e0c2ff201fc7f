#include "proto/mysql/auth/caching_sha2.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

#include <memory>

namespace hf::proto::mysql::auth {

namespace {

std::string sha256(ByteView bytes) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

template <auto Free>
struct Freer {
  template <typename T>
  void operator()(T* p) const {
    Free(p);
  }
};
using Bio = std::unique_ptr<BIO, Freer<BIO_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Freer<EVP_PKEY_CTX_free>>;

constexpr std::size_t kMaxPem = 64 * 1024;

Key read_public_key(ByteView pem) {
  if (pem.size() > kMaxPem) return nullptr;
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Key key(bio ? PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr) : nullptr);
  if (key && EVP_PKEY_is_a(key.get(), "RSA") != 1) key.reset();
  return key;
}

}  // namespace

std::string sha2_proof(ByteView password, ByteView nonce) {
  if (password.empty()) return {};
  std::string proof = sha256(password);
  const std::string mask = sha256(sha256(proof).append(nonce.substr(0, kSha2Nonce)));
  for (std::size_t i = 0; i < proof.size(); ++i) proof[i] = static_cast<char>(proof[i] ^ mask[i]);
  return proof;
}

bool sha2_verify(ByteView proof, ByteView nonce, ByteView password) {
  const std::string expected = sha2_proof(password, nonce);
  return proof.size() == expected.size() && CRYPTO_memcmp(proof.data(), expected.data(), expected.size()) == 0;
}

std::string sha2_cleartext(ByteView password) { return std::string(password).append(1, '\0'); }

Result<std::string> sha2_encrypt_password(ByteView password, ByteView nonce, ByteView public_key_pem) {
  const Error error{ErrorCode::kProtocol, "cannot encrypt the password with the public key that the server sent"};
  nonce = nonce.substr(0, kSha2Nonce);
  const Key key = read_public_key(public_key_pem);
  const KeyContext context(key ? EVP_PKEY_CTX_new(key.get(), nullptr) : nullptr);
  if (nonce.empty() || !context || EVP_PKEY_encrypt_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) != 1) {
    ERR_clear_error();
    return error;
  }
  std::string plain = sha2_cleartext(password);
  for (std::size_t i = 0; i < plain.size(); ++i) plain[i] = static_cast<char>(plain[i] ^ nonce[i % nonce.size()]);

  std::size_t size = static_cast<std::size_t>(EVP_PKEY_get_size(key.get()));
  std::string cipher(size, '\0');
  const int done = EVP_PKEY_encrypt(context.get(), reinterpret_cast<unsigned char*>(cipher.data()), &size,
                                    reinterpret_cast<const unsigned char*>(plain.data()), plain.size());
  OPENSSL_cleanse(plain.data(), plain.size());
  if (done != 1) {
    ERR_clear_error();
    return error;
  }
  cipher.resize(size);
  return cipher;
}

}  // namespace hf::proto::mysql::auth
