#include "proto/mysql/auth/plugin.h"

#include <gtest/gtest.h>

#include "proto/mysql/auth/caching_sha2.h"
#include "proto/mysql/auth/ed25519.h"
#include "proto/mysql/auth/native_password.h"

namespace hf::proto::mysql::auth {
namespace {

const std::string kShort(20, 'n');
const std::string kLong(32, 'n');

TEST(Plugin, AnswersByName) {
  EXPECT_EQ(*answer("mysql_native_password", "pw", kShort), native_proof("pw", kShort));
  EXPECT_EQ(*answer("", "pw", kShort), native_proof("pw", kShort));
  EXPECT_EQ(*answer("caching_sha2_password", "pw", kShort), sha2_proof("pw", kShort));
  EXPECT_EQ(*answer("client_ed25519", "pw", kLong), ed25519_sign("pw", kLong));
}

TEST(Plugin, WhatWeDoNotSpeakIsNamed) {
  for (const char* name : {"mysql_old_password", "mysql_clear_password", "dialog", "auth_gssapi_client"}) {
    const Result<std::string> result = answer(name, "pw", kShort);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, ErrorCode::kUnsupported);
    EXPECT_NE(result.error().context.find(name), std::string::npos);
  }
}

TEST(Plugin, ANonceOfTheWrongSizeIsRefused) {
  EXPECT_FALSE(answer("mysql_native_password", "pw", "short").ok());
  EXPECT_FALSE(answer("caching_sha2_password", "pw", "").ok());
  EXPECT_FALSE(answer("client_ed25519", "pw", kShort).ok());
}

}  // namespace
}  // namespace hf::proto::mysql::auth
