#include "topology/mysql/account_loader.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "proto/mysql/auth/ed25519.h"
#include "proto/mysql/auth/native_password.h"

namespace hf::topology::mysql {
namespace {

namespace auth = proto::mysql::auth;
using proto::mysql::TextResult;
using upstream::mysql::Account;

const std::string kHash = auth::native_hash(auth::native_stage2("tiger"));
const std::string kKey = auth::ed25519_key_text(auth::ed25519_public_key("tiger"));

TextResult mariadb_rows(std::vector<std::vector<std::optional<std::string>>> rows) {
  TextResult result;
  result.columns = {"User", "Host", "Priv"};
  result.rows = std::move(rows);
  return result;
}

TextResult mysql_rows(std::vector<std::vector<std::optional<std::string>>> rows) {
  TextResult result;
  result.columns = {"User", "Host", "plugin", "authentication_string", "account_locked"};
  result.rows = std::move(rows);
  return result;
}

Account only(const std::vector<Account>& accounts) {
  EXPECT_EQ(accounts.size(), 1U);
  return accounts.empty() ? Account() : accounts[0];
}

Account of_priv(const std::string& json) { return only(parse_accounts(mariadb_rows({{"app", "%", json}}))); }

std::string quoted(const std::string& text) { return "\"" + text + "\""; }

TEST(ParseAccounts, NativePassword) {
  const Account account = only(parse_accounts(mariadb_rows(
      {{"app", "198.18.%",
        R"({"access":0,"plugin":"mysql_native_password","authentication_string":)" + quoted(kHash) + "}"}})));
  EXPECT_EQ(account.user, "app");
  EXPECT_EQ(account.host, "198.18.%");
  EXPECT_EQ(account.native_hash, auth::native_stage2("tiger"));
  EXPECT_FALSE(account.password.has_value());
  EXPECT_FALSE(account.empty_password);
  EXPECT_FALSE(account.locked);
  EXPECT_EQ(account.unusable, "");
  EXPECT_EQ(account.id, 0U);
}

TEST(ParseAccounts, WithoutAPasswordIsNotTheSameAsWithoutAWay) {
  for (const char* json :
       {R"({"access":0})", R"({"plugin":"","authentication_string":""})", R"({"plugin":"mysql_native_password"})"}) {
    const Account account = of_priv(json);
    EXPECT_TRUE(account.empty_password) << json;
    EXPECT_EQ(account.unusable, "") << json;
  }
  for (const char* secret : {"invalid", "*short", "not a hash", "*0123456789012345678901234567890123456789X"}) {
    const Account account =
        of_priv(R"({"plugin":"mysql_native_password","authentication_string":)" + quoted(secret) + "}");
    EXPECT_FALSE(account.empty_password) << secret;
    EXPECT_NE(account.unusable, "") << secret;
    EXPECT_FALSE(account.native_hash.has_value()) << secret;
  }
}

TEST(ParseAccounts, Ed25519AloneNeedsThePasswordAndSaysSo) {
  const Account account = of_priv(R"({"plugin":"ed25519","authentication_string":)" + quoted(kKey) + "}");
  ASSERT_TRUE(account.ed25519_public_key.has_value());
  EXPECT_EQ(account.ed25519_public_key->size(), 32U);
  EXPECT_NE(account.unusable.find("'ed25519'"), std::string::npos);
  EXPECT_NE(account.unusable.find("password_file"), std::string::npos) << account.unusable;
}

TEST(ParseAccounts, AnyWayOfAuthOrThatWeCanPassOnMakesItUsable) {
  // As MariaDB writes `IDENTIFIED VIA ed25519 USING … OR mysql_native_password USING …`: an empty object stands for the
  // first way.
  const Account account =
      of_priv(R"({"plugin":"ed25519","authentication_string":)" + quoted(kKey) +
              R"(,"auth_or":[{},{"plugin":"mysql_native_password","authentication_string":)" + quoted(kHash) + "}]}");
  EXPECT_EQ(account.unusable, "");
  EXPECT_EQ(account.native_hash, auth::native_stage2("tiger"));
  EXPECT_TRUE(account.ed25519_public_key.has_value());

  const Account socket = of_priv(R"({"plugin":"mysql_native_password","authentication_string":"invalid",)"
                                 R"("auth_or":[{},{"plugin":"unix_socket"}]})");
  EXPECT_NE(socket.unusable, "");
}

TEST(ParseAccounts, LockedAccountsAreKeptAndMarked) {
  const Account account = of_priv(R"({"plugin":"mysql_native_password","authentication_string":)" + quoted(kHash) +
                                  R"(,"account_locked":true})");
  EXPECT_TRUE(account.locked);
  EXPECT_EQ(account.unusable, "");
}

TEST(ParseAccounts, WhoeverMustUseTlsIsLeftToTheServer) {
  const std::string start = R"({"plugin":"mysql_native_password","authentication_string":)" + quoted(kHash);
  for (const char* type : {"1", "2", "3"}) {
    EXPECT_NE(of_priv(start + ",\"ssl_type\":" + type + "}").unusable, "") << type;
  }
  EXPECT_EQ(of_priv(start + R"(,"ssl_type":0})").unusable, "");
}

TEST(ParseAccounts, RolesAndAnonymousUsersAreNoLogins) {
  EXPECT_TRUE(parse_accounts(mariadb_rows({{"reporting", "", R"({"is_role":true})"}})).empty());
  EXPECT_TRUE(parse_accounts(mariadb_rows({{"reporting", "%", R"({"is_role":true})"}})).empty());
  EXPECT_TRUE(parse_accounts(mariadb_rows({{"", "%", R"({"access":0})"}})).empty());
  EXPECT_TRUE(parse_accounts(mariadb_rows({{std::nullopt, "%", R"({"access":0})"}})).empty());
  EXPECT_TRUE(parse_accounts(mariadb_rows({})).empty());
}

TEST(ParseAccounts, OneRowThatCannotBeReadDoesNotHideTheOthers) {
  const auto accounts = parse_accounts(mariadb_rows(
      {{"a", "%", "{"},
       {"b", "%", R"({"plugin":"mysql_native_password","authentication_string":)" + quoted(kHash) + "}"}}));
  ASSERT_EQ(accounts.size(), 2U);
  EXPECT_NE(accounts[0].unusable, "");
  EXPECT_EQ(accounts[1].unusable, "");
}

TEST(ParseAccounts, WhatIsNoJsonObjectIsUnusable) {
  const std::string deep = std::string(100000, '[') + std::string(100000, ']');
  for (const std::string& json : {std::string(), std::string("null"), std::string("[]"), std::string("7"),
                                  std::string("\"x\""), std::string("{\"a\""), std::string("{\"a\":1}}"),
                                  std::string("\xff\xfe"), std::string("{\"\xff\":1}"), std::string(1, '\0'), deep}) {
    const Account account = of_priv(json);
    EXPECT_NE(account.unusable, "") << json.substr(0, 20);
    EXPECT_FALSE(account.native_hash.has_value());
  }
}

TEST(ParseAccounts, ValuesOfUnexpectedTypesAreUnusableAndDoNotThrow) {
  for (const char* json :
       {R"({"plugin":5})", R"({"plugin":null})", R"({"authentication_string":[]})", R"({"account_locked":"yes"})",
        R"({"is_role":1})", R"({"is_role":"true"})", R"({"plugin":"ed25519","auth_or":[{"plugin":{}}]})"}) {
    EXPECT_NO_THROW(EXPECT_NE(of_priv(json).unusable, "")) << json;
  }
}

TEST(ParseAccounts, MutatedRowsOfARealServerAreSurvived) {
  const std::string real =
      R"({"access":1073741823,"version_id":101106,"plugin":"mysql_native_password","authentication_string":)" +
      quoted(kHash) + R"(,"password_last_changed":1700000000,"auth_or":[{},{"plugin":"unix_socket"}]})";
  Random random(4);
  for (int round = 0; round < 2000; ++round) {
    std::string json = real.substr(0, random.below(real.size() + 1));  // cut off anywhere
    EXPECT_EQ(parse_accounts(mariadb_rows({{"app", "%", json}})).size(), 1U);
  }
}

TEST(ParseAccounts, MySqlRows) {
  const auto accounts = parse_accounts(mysql_rows({{"app", "%", "mysql_native_password", kHash, "N"},
                                                   {"off", "%", "mysql_native_password", kHash, "Y"},
                                                   {"new", "%", "caching_sha2_password", "$A$005$xyz", "N"},
                                                   {"open", "localhost", "mysql_native_password", "", "N"},
                                                   {"", "localhost", "mysql_native_password", "", "N"},
                                                   {"odd", "%", std::nullopt, std::nullopt, std::nullopt}}));
  ASSERT_EQ(accounts.size(), 5U);
  EXPECT_EQ(accounts[0].native_hash, auth::native_stage2("tiger"));
  EXPECT_EQ(accounts[0].unusable, "");
  EXPECT_TRUE(accounts[1].locked);
  EXPECT_NE(accounts[2].unusable.find("'caching_sha2_password'"), std::string::npos);
  EXPECT_TRUE(accounts[3].empty_password);
  EXPECT_EQ(accounts[3].host, "localhost");
  EXPECT_TRUE(accounts[4].empty_password);
  EXPECT_FALSE(accounts[4].locked);
}

TEST(ParseAccounts, RowsWithoutTheExpectedColumnsGiveNoAccount) {
  TextResult rows;
  rows.columns = {"x"};
  rows.rows = {{"app"}};
  EXPECT_TRUE(parse_accounts(rows).empty());
}

TEST(LiveRights, AreReadOfNamesThatSeveralAccountsHave) {
  proto::mysql::TextResult accounts;
  accounts.columns = {"User", "Host", "Priv"};
  accounts.rows = {
      {"app", "%", "{}"}, {"o'x", "a", "{}"}, {"o'x", "b", "{}"}, {"app", "localhost", "{}"}, {"single", "%", "{}"}};
  EXPECT_EQ(shared_names(accounts), (std::vector<std::string>{"app", "o'x"}));
  EXPECT_EQ(live_rights_query({AccountTableKind::kLive, "SELECT User FROM t"}, shared_names(accounts)),
            "SELECT User FROM t WHERE User IN ('',0x617070,0x6f2778) ORDER BY 1, 2, 3, 4, 5");
}

}  // namespace
}  // namespace hf::topology::mysql
