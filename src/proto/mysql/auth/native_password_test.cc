#include "proto/mysql/auth/native_password.h"

#include <gtest/gtest.h>

namespace hf::proto::mysql::auth {
namespace {

constexpr ByteView kNonce = "01234567890123456789";

TEST(NativePassword, StoresWhatTheServerStores) {
  // SELECT PASSWORD('secret')
  EXPECT_EQ(native_hash(native_stage2("secret")), "*14E65567ABDB5135D0CFD9A70B3032C179A49EE7");
}

TEST(NativePassword, AProofIsVerifiedAndGivesBackTheFirstStage) {
  const std::string proof = native_proof("secret", kNonce);
  ASSERT_EQ(proof.size(), 20U);
  const auto stage1 = native_verify(proof, kNonce, native_stage2("secret"));
  ASSERT_TRUE(stage1.has_value());
  EXPECT_EQ(*stage1, native_stage1("secret"));
  // With it a proxy answers another server's nonce.
  EXPECT_EQ(native_proof(*stage1, "abcdefghijklmnopqrst"), native_proof("secret", "abcdefghijklmnopqrst"));
}

TEST(NativePassword, AnythingElseIsRefused) {
  const Sha1Digest stored = native_stage2("secret");
  EXPECT_FALSE(native_verify(native_proof("Secret", kNonce), kNonce, stored));
  EXPECT_FALSE(native_verify(native_proof("secret", "abcdefghijklmnopqrst"), kNonce, stored));
  EXPECT_FALSE(native_verify("", kNonce, stored));
  EXPECT_FALSE(native_verify(native_proof("secret", kNonce) + "x", kNonce, stored));
  EXPECT_FALSE(native_verify(std::string(20, '\0'), kNonce, stored));
}

TEST(NativePassword, AnEmptyPasswordHasAnEmptyProof) { EXPECT_EQ(native_proof("", kNonce), ""); }

TEST(NativePassword, AHashIsParsedStrictly) {
  const std::string text = native_hash(native_stage2("x"));
  EXPECT_EQ(*parse_native_hash(text), native_stage2("x"));
  EXPECT_EQ(*parse_native_hash("*14e65567abdb5135d0cfd9a70b3032c179a49ee7"), native_stage2("secret"));
  EXPECT_FALSE(parse_native_hash("").ok());
  EXPECT_FALSE(parse_native_hash(text.substr(1)).ok());
  EXPECT_FALSE(parse_native_hash(text + "0").ok());
  EXPECT_FALSE(parse_native_hash("*14E65567ABDB5135D0CFD9A70B3032C179A49EEG").ok());
}

}  // namespace
}  // namespace hf::proto::mysql::auth
