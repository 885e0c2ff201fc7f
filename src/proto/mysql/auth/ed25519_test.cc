#include "proto/mysql/auth/ed25519.h"

#include <gtest/gtest.h>

namespace hf::proto::mysql::auth {
namespace {

const std::string kNonce = std::string("0123456789abcdef0123456789abcde") + '\0';

TEST(Ed25519, KeysAreThoseOfTheServer) {
  // CREATE USER … IDENTIFIED VIA ed25519 USING PASSWORD(…) on MariaDB 10.11.19, from mysql.global_priv.
  EXPECT_EQ(ed25519_key_text(ed25519_public_key("secret")), "ZIgUREUg5PVgQ6LskhXmO+eZLS0nC8be6HPjYWR4YJY");
  EXPECT_EQ(ed25519_key_text(ed25519_public_key("a much longer password than thirty-two bytes, with ünïcode")),
            "6jlCNyLmPvGicsx+nLFLHVzUnl+T0m+neQ/8sGNmysc");
}

TEST(Ed25519, ASignatureIsVerified) {
  for (const char* password : {"secret", "", "a much longer password than thirty-two bytes, with ünïcode"}) {
    const std::string signature = ed25519_sign(password, kNonce);
    EXPECT_EQ(signature.size(), kEd25519Signature);
    EXPECT_EQ(signature, ed25519_sign(password, kNonce));
    EXPECT_TRUE(ed25519_verify(signature, kNonce, ed25519_public_key(password)));
  }
}

TEST(Ed25519, AnythingElseIsRefused) {
  const Ed25519PublicKey key = ed25519_public_key("secret");
  const std::string signature = ed25519_sign("secret", kNonce);
  EXPECT_FALSE(ed25519_verify(ed25519_sign("Secret", kNonce), kNonce, key));
  EXPECT_FALSE(ed25519_verify(signature, std::string(32, 'x'), key));
  EXPECT_FALSE(ed25519_verify(signature.substr(1), kNonce, key));
  EXPECT_FALSE(ed25519_verify("", kNonce, key));
  for (std::size_t i = 0; i < signature.size(); ++i) {
    std::string bent = signature;
    bent[i] = static_cast<char>(bent[i] ^ 1);
    EXPECT_FALSE(ed25519_verify(bent, kNonce, key)) << i;
  }
}

TEST(Ed25519, AKeyIsParsedStrictly) {
  const std::string text = "ZIgUREUg5PVgQ6LskhXmO+eZLS0nC8be6HPjYWR4YJY";
  EXPECT_EQ(*parse_ed25519_key(text), ed25519_public_key("secret"));
  for (const std::string& bad : {std::string(), text.substr(1), text + "=", text + "A", "*" + text.substr(1)}) {
    EXPECT_FALSE(parse_ed25519_key(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace hf::proto::mysql::auth
