#include "proto/mysql/auth/caching_sha2.h"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

namespace hf::proto::mysql::auth {
namespace {

constexpr ByteView kNonce = "01234567890123456789";

std::string sha256(ByteView bytes) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

TEST(CachingSha2, TheProofHidesTheHashBehindNonceAndStoredHash) {
  const std::string proof = sha2_proof("secret", kNonce);
  const std::string mask = sha256(sha256(sha256("secret")) + std::string(kNonce));
  std::string revealed = proof;
  for (std::size_t i = 0; i < revealed.size(); ++i) revealed[i] = static_cast<char>(revealed[i] ^ mask[i]);
  EXPECT_EQ(revealed, sha256("secret"));
}

TEST(CachingSha2, VerifiesAgainstTheClearPassword) {
  EXPECT_TRUE(sha2_verify(sha2_proof("secret", kNonce), kNonce, "secret"));
  EXPECT_FALSE(sha2_verify(sha2_proof("Secret", kNonce), kNonce, "secret"));
  EXPECT_FALSE(sha2_verify(sha2_proof("secret", "abcdefghijklmnopqrst"), kNonce, "secret"));
  EXPECT_FALSE(sha2_verify("", kNonce, "secret"));
  EXPECT_TRUE(sha2_verify("", kNonce, ""));
  EXPECT_FALSE(sha2_verify(sha2_proof("x", kNonce), kNonce, ""));
}

TEST(CachingSha2, TheServersPrivateKeyRecoversThePassword) {
  EVP_PKEY* key = EVP_RSA_gen(2048);
  ASSERT_NE(key, nullptr);
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PUBKEY(bio, key);
  char* pem = nullptr;
  const long size = BIO_get_mem_data(bio, &pem);
  const std::string password = "a password longer than the nonce of twenty bytes";
  const Result<std::string> cipher =
      sha2_encrypt_password(password, kNonce, ByteView(pem, static_cast<std::size_t>(size)));
  ASSERT_TRUE(cipher.ok());
  EXPECT_EQ(cipher->size(), 256U);

  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new(key, nullptr);
  EVP_PKEY_decrypt_init(context);
  EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING);
  std::string plain(256, '\0');
  std::size_t plain_size = plain.size();
  ASSERT_EQ(EVP_PKEY_decrypt(context, reinterpret_cast<unsigned char*>(plain.data()), &plain_size,
                             reinterpret_cast<const unsigned char*>(cipher->data()), cipher->size()),
            1);
  plain.resize(plain_size);
  for (std::size_t i = 0; i < plain.size(); ++i) plain[i] = static_cast<char>(plain[i] ^ kNonce[i % kNonce.size()]);
  EXPECT_EQ(plain, sha2_cleartext(password));

  const std::string too_long(300, 'x');
  EXPECT_FALSE(sha2_encrypt_password(too_long, kNonce, ByteView(pem, static_cast<std::size_t>(size))).ok());
  EVP_PKEY_CTX_free(context);
  BIO_free(bio);
  EVP_PKEY_free(key);
}

TEST(CachingSha2, AKeyThatIsNoneIsAnError) {
  EXPECT_FALSE(sha2_encrypt_password("secret", kNonce, "not a key").ok());
  EXPECT_FALSE(sha2_encrypt_password("secret", kNonce, "").ok());
  EXPECT_FALSE(sha2_encrypt_password("secret", kNonce, std::string(1 << 20, 'x')).ok());
}

}  // namespace
}  // namespace hf::proto::mysql::auth
