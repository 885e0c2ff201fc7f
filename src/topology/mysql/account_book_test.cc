#include "topology/mysql/account_book.h"

#include <gtest/gtest.h>

#include <set>

namespace hf::topology::mysql {
namespace {

using Row = std::vector<std::optional<std::string>>;

/// The tables of a small server: app and etl with a role each, and a role within a role.
struct Tables {
  std::vector<Row> accounts = {{"app", "%", R"({"access":0,"plugin":"mysql_native_password","default_role":"reader"})"},
                               {"app", "198.18.%", R"({"access":1})"},
                               {"etl", "%", R"({"access":0})"},
                               {"reader", "", R"({"access":1,"is_role":true})"},
                               {"base", "", R"({"access":2,"is_role":true})"},
                               {"PUBLIC", "", R"({"access":0,"is_role":true})"}};
  std::vector<Row> roles = {{"app", "%", "reader", "N"}, {"reader", "", "base", "N"}};
  std::vector<Row> schemas = {{"%", "shop", "app", "Y"},   {"", "shop", "reader", "N"}, {"", "shop", "base", "N"},
                              {"", "shop", "PUBLIC", "N"}, {"%", "test", "", "N"},      {"%", "shop", "etl", "Y"}};
  bool may_read_roles = true;
  bool may_read_schemas = true;
  std::vector<Row> tables = {};
  bool may_read_tables = true;

  std::vector<AccountRows> rows() const {
    std::vector<AccountRows> all;
    all.push_back({AccountTableKind::kAccounts, {}});
    all.back().rows.columns = {"User", "Host", "Priv"};
    all.back().rows.rows = accounts;
    all.push_back({AccountTableKind::kRoles, {}, !may_read_roles});
    all.back().rows.columns = {"User", "Host", "Role", "Admin_option"};
    if (may_read_roles) all.back().rows.rows = roles;
    all.push_back({AccountTableKind::kRights, {}, !may_read_schemas});
    all.back().rows.columns = {"Host", "Db", "User", "Select_priv"};
    if (may_read_schemas) all.back().rows.rows = schemas;
    all.push_back({AccountTableKind::kLive, {}, !may_read_tables});
    all.back().rows.columns = {"User", "Host", "Db", "Table_name", "Table_priv"};
    if (may_read_tables) all.back().rows.rows = tables;
    return all;
  }
};

config::Mysql from_servers(std::vector<config::Account> listed = {}) {
  config::Mysql settings;
  settings.users_from_servers = true;
  settings.users = std::move(listed);
  return settings;
}

class AccountBookTest : public ::testing::Test {
 protected:
  AccountBookTest() {
    book_.configure(from_servers());
    EXPECT_TRUE(book_.take(tables_.rows()));
  }
  std::uint32_t id(const std::string& user, const std::string& host = "%") const {
    for (const upstream::mysql::Account& account : book_.accounts()->all()) {
      if (account.user == user && account.host == host) return account.id;
    }
    return 0;
  }
  std::map<std::string, std::uint32_t> ids() const {
    return {{"app@%", id("app")}, {"app@198.18.%", id("app", "198.18.%")}, {"etl@%", id("etl")}};
  }
  /// Whose ids are others after the tables were changed and read.
  std::set<std::string> changed() {
    const std::map<std::string, std::uint32_t> before = ids();
    EXPECT_TRUE(book_.take(tables_.rows()));
    std::set<std::string> names;
    for (const auto& [name, id] : ids()) {
      if (id != before.at(name)) names.insert(name);
    }
    return names;
  }

  Tables tables_;
  AccountBook book_;
};

using Names = std::set<std::string>;
const Names kAll{"app@%", "app@198.18.%", "etl@%"};

TEST_F(AccountBookTest, AccountsOfOneNameOnTwoHostPatternsAreTwo) {
  const auto all = ids();
  EXPECT_EQ(std::set<std::uint32_t>({all.at("app@%"), all.at("app@198.18.%"), all.at("etl@%")}).size(), 3U);
  EXPECT_FALSE(all.at("app@%") == 0);
}

TEST_F(AccountBookTest, WhetherAccountsOfOneNameMayDoTheSame) {
  const std::string secret =
      R"("plugin":"mysql_native_password","authentication_string":"*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19")";
  const auto take = [this](const std::string& wide, const std::string& narrow, std::vector<Row> roles = {},
                           std::vector<Row> schemas = {}, std::vector<Row> tables = {}) {
    tables_.accounts = {
        {"twin", "%", "{" + wide + "}"}, {"twin", "198.18.0.1", "{" + narrow + "}"}, {"single", "%", "{}"}};
    tables_.roles = std::move(roles);
    tables_.schemas = std::move(schemas);
    tables_.tables = std::move(tables);
    book_.take(tables_.rows());
  };
  const auto same = [&](const auto&... with) {
    take(with...);
    const upstream::mysql::Account& wide = *book_.accounts()->exactly("twin", "%");
    EXPECT_TRUE(book_.accounts()->exactly("single", "%")->rights.empty()) << "with none to compare it to";
    return !wide.rights.empty() && wide.rights == book_.accounts()->exactly("twin", "198.18.0.1")->rights;
  };
  using Rows = std::vector<Row>;
  EXPECT_FALSE(same(secret + R"(,"access":1)", secret + R"(,"access":2)"));
  EXPECT_TRUE(
      same(secret + R"(,"access":1,"password_last_changed":1)", R"("access":1,"password_last_changed":2,)" + secret))
      << "the usual twin";
  EXPECT_FALSE(same(secret, secret, Rows{{"twin", "%", "reader", "N"}}));
  EXPECT_TRUE(same(secret, secret, Rows{{"twin", "%", "reader", "N"}, {"twin", "198.18.0.1", "reader", "N"}}));
  EXPECT_FALSE(same(secret, secret, Rows{}, Rows{{"198.18.0.1", "shop", "twin", "Y"}}));
  EXPECT_TRUE(same(secret, secret, Rows{}, Rows{{"198.18.0.1", "shop", "twin", "Y"}, {"%", "shop", "twin", "Y"}}));
  EXPECT_FALSE(same(secret, secret, Rows{}, Rows{}, Rows{{"twin", "%", "shop", "pay", "Select"}}));
  EXPECT_TRUE(same(secret, secret, Rows{}, Rows{},
                   Rows{{"twin", "%", "shop", "pay", "Select"}, {"twin", "198.18.0.1", "shop", "pay", "Select"}}));
  const std::uint32_t before = id("twin");
  EXPECT_FALSE(
      same(secret, secret, Rows{}, Rows{},
           Rows{{"twin", "%", "shop", "pay", "Select"}, {"twin", "198.18.0.1", "shop", "pay", "Select,Update"}}));
  EXPECT_NE(id("twin"), before) << "a connection may be the other one's, which may do more now";
  tables_.may_read_tables = false;
  EXPECT_FALSE(same(secret, secret)) << "nobody can tell";
  tables_.may_read_tables = true;
  tables_.may_read_schemas = false;
  EXPECT_FALSE(same(secret, secret));
}

TEST_F(AccountBookTest, TheSameContentHasTheSameIdAndIsNothingNew) {
  const auto before = ids();
  const auto accounts = book_.accounts();
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(book_.take(tables_.rows()));
  EXPECT_EQ(ids(), before);
  EXPECT_EQ(book_.accounts(), accounts);
}

TEST_F(AccountBookTest, TheOrderOfOtherAccountsDoesNotMatter) {
  tables_.accounts.insert(tables_.accounts.begin(), {"aaa", "%", R"({"access":0})"});
  EXPECT_EQ(changed(), Names{});
}

TEST_F(AccountBookTest, AnyChangeOfTheGlobalRowIsAnotherAccount) {
  tables_.accounts[0][2] =
      R"({"access":0,"plugin":"mysql_native_password","default_role":"reader","password_last_changed":5})";
  EXPECT_EQ(changed(), Names{"app@%"});
  tables_.accounts[1][2] = R"({"access":0})";  // REVOKE
  EXPECT_EQ(changed(), Names{"app@198.18.%"});
}

TEST_F(AccountBookTest, ARoleGivenOrTakenIsAChangeOfWhoHasIt) {
  tables_.roles.erase(tables_.roles.begin());
  EXPECT_EQ(changed(), Names{"app@%"});
  tables_.roles.push_back({"etl", "%", "reader", "N"});
  EXPECT_EQ(changed(), Names{"etl@%"});
}

TEST_F(AccountBookTest, RightsOfARoleAndOfARolesRoleAreThoseOfWhoHasIt) {
  tables_.accounts[3][2] = R"({"access":9,"is_role":true})";
  EXPECT_EQ(changed(), Names{"app@%"});
  tables_.accounts[4][2] = R"({"access":9,"is_role":true})";
  EXPECT_EQ(changed(), Names{"app@%"});
  tables_.roles.erase(tables_.roles.begin() + 1);
  EXPECT_EQ(changed(), Names{"app@%"});
  tables_.accounts[4][2] = R"({"access":10,"is_role":true})";  // nobody has it any more
  EXPECT_EQ(changed(), Names{});
}

TEST_F(AccountBookTest, RolesInACircleComeToAnEnd) {
  tables_.roles.push_back({"base", "", "reader", "N"});
  EXPECT_EQ(changed(), Names{"app@%"});
}

TEST_F(AccountBookTest, WhatEverybodyHasIsEverybodys) {
  tables_.accounts[5][2] = R"({"access":1,"is_role":true})";
  EXPECT_EQ(changed(), kAll);
  tables_.schemas[3][3] = "Y";
  EXPECT_EQ(changed(), kAll);
  tables_.schemas[4][3] = "Y";
  EXPECT_EQ(changed(), kAll);
  tables_.roles.push_back({"PUBLIC", "", "base", "N"});
  EXPECT_EQ(changed(), kAll);
}

TEST_F(AccountBookTest, SchemaRightsCountByName) {
  tables_.schemas[0][3] = "N";
  EXPECT_EQ(changed(), (Names{"app@%", "app@198.18.%"}));
  tables_.schemas[1][3] = "Y";
  EXPECT_EQ(changed(), Names{"app@%"});
  tables_.schemas[2][3] = "Y";
  EXPECT_EQ(changed(), Names{"app@%"});
  tables_.schemas.pop_back();
  EXPECT_EQ(changed(), Names{"etl@%"});
}

TEST_F(AccountBookTest, NullAndEmptyAndWhereACellEndsAreTold) {
  const auto before = ids();
  tables_.schemas[5] = {"%", "sho", "etl", "pY"};
  EXPECT_EQ(changed(), Names{"etl@%"});
  tables_.schemas[5] = {"%", "sho", "etl", std::nullopt};
  EXPECT_EQ(changed(), Names{"etl@%"});
  tables_.schemas[5] = {"%", "sho", "etl", "-"};
  EXPECT_EQ(changed(), Names{"etl@%"});
  tables_.schemas[5] = {"%", "sho", "etl", ""};
  EXPECT_EQ(changed(), Names{"etl@%"});
  EXPECT_NE(ids(), before);
}

TEST_F(AccountBookTest, WhatChangesBackIsAThirdAccountNotTheFirst) {
  // A connection made under the first id just before the first change was noticed may have the rights in between.
  const std::uint32_t first = id("etl");
  const Row row = tables_.accounts[2];
  tables_.accounts[2][2] = R"({"access":7})";
  EXPECT_EQ(changed(), Names{"etl@%"});
  const std::uint32_t second = id("etl");
  tables_.accounts[2] = row;
  EXPECT_EQ(changed(), Names{"etl@%"});
  EXPECT_NE(id("etl"), first);
  EXPECT_NE(id("etl"), second);
}

TEST_F(AccountBookTest, AnAccountThatComesBackIsAnother) {
  const std::uint32_t first = id("etl");
  const Row row = tables_.accounts[2];
  tables_.accounts.erase(tables_.accounts.begin() + 2);
  book_.take(tables_.rows());
  EXPECT_EQ(id("etl"), 0U);
  tables_.accounts.insert(tables_.accounts.begin() + 2, row);
  book_.take(tables_.rows());
  EXPECT_NE(id("etl"), 0U);
  EXPECT_NE(id("etl"), first);
}

TEST_F(AccountBookTest, WithTheAccountsTableAloneItWorksAndSeesItsChanges) {
  AccountBook book;
  book.configure(from_servers());
  tables_.may_read_roles = tables_.may_read_schemas = false;
  EXPECT_TRUE(book.take(tables_.rows()));
  EXPECT_EQ(book.accounts()->all().size(), 3U);
  tables_.schemas.clear();
  EXPECT_FALSE(book.take(tables_.rows()));
  tables_.accounts[2][2] = R"({"access":7})";
  EXPECT_TRUE(book.take(tables_.rows()));
}

TEST_F(AccountBookTest, AnAccountOfTheFileHidesThoseOfItsNameAndFollowsTheirRows) {
  book_.configure(from_servers({{"app", "secret"}}));
  ASSERT_EQ(book_.accounts()->all().size(), 2U);
  const std::uint32_t first = id("app");
  EXPECT_TRUE(book_.accounts()->find("app", "198.18.0.1")->password.has_value());
  tables_.accounts[1][2] = R"({"access":3})";  // either of its rows
  EXPECT_EQ(changed(), Names{"app@%"});
  tables_.accounts[2][2] = R"({"access":3})";
  EXPECT_EQ(changed(), Names{"etl@%"});
  const std::uint32_t second = id("app");
  book_.configure(from_servers({{"app", "another"}}));
  EXPECT_NE(id("app"), second);
  EXPECT_NE(second, first);
}

TEST_F(AccountBookTest, WithoutUsersFromTheServersOnlyTheFilesMayLogInButTheirRightsAreKnown) {
  config::Mysql settings = from_servers({{"app", "secret"}});
  settings.users_from_servers = false;
  book_.configure(settings);
  ASSERT_EQ(book_.accounts()->all().size(), 1U);
  const std::uint32_t first = id("app");
  tables_.accounts[0][2] = R"({"access":0,"max_user_connections":2})";
  EXPECT_TRUE(book_.take(tables_.rows()));
  EXPECT_NE(id("app"), first);
  EXPECT_TRUE(book_.accounts()->find("app", "198.18.0.1")->limited);
}

TEST_F(AccountBookTest, AReloadOfTheSameSettingsChangesNothing) {
  const auto accounts = book_.accounts();
  book_.configure(from_servers());
  EXPECT_EQ(book_.accounts(), accounts);
}

TEST_F(AccountBookTest, UnusableAccountsAreToldOnceAndAgainForAnotherReason) {
  EXPECT_EQ(book_.newly_unusable().size(), 0U);
  tables_.accounts[2][2] = R"({"plugin":"pam"})";
  book_.take(tables_.rows());
  ASSERT_EQ(book_.newly_unusable().size(), 1U);
  EXPECT_EQ(book_.newly_unusable().size(), 0U);
  tables_.accounts[2][2] = R"({"plugin":"gssapi"})";
  book_.take(tables_.rows());
  EXPECT_EQ(book_.newly_unusable().size(), 1U);
}

TEST(ParseAccountLimits, ALimitForStatementsIsReadAsTheVariableShowsIt) {
  const auto statement_time = [](const std::string& json) {
    proto::mysql::TextResult rows;
    rows.columns = {"User", "Host", "Priv"};
    rows.rows = {{"app", "%", json}};
    return parse_accounts(rows).at(0).statement_time;
  };
  EXPECT_EQ(statement_time(R"({"max_statement_time":0.5})"), "0.500000");
  EXPECT_EQ(statement_time(R"({"max_statement_time":2})"), "2.000000");
  for (const char* none :
       {R"({})", R"({"max_statement_time":0})", R"({"max_statement_time":"2"})", R"({"max_statement_time":-1})"}) {
    EXPECT_EQ(statement_time(none), "") << none;
  }
}

TEST(ParseAccountLimits, AnyLimitThatIsNotZeroCounts) {
  const auto limited = [](const std::string& json) {
    proto::mysql::TextResult rows;
    rows.columns = {"User", "Host", "Priv"};
    rows.rows = {{"app", "%", json}};
    return parse_accounts(rows).at(0).limited;
  };
  for (const char* key :
       {"max_questions", "max_updates", "max_connections", "max_user_connections", "max_statement_time"}) {
    EXPECT_TRUE(limited("{\"" + std::string(key) + "\":2}")) << key;
    EXPECT_TRUE(limited("{\"" + std::string(key) + "\":0.5}")) << key;
    EXPECT_FALSE(limited("{\"" + std::string(key) + "\":0}")) << key;
    EXPECT_FALSE(limited("{\"" + std::string(key) + "\":\"2\"}")) << key;
  }
  EXPECT_FALSE(limited("{}"));

  proto::mysql::TextResult rows;
  rows.columns = {
      "User", "Host", "plugin", "authentication_string", "account_locked", "max_questions", "max_user_connections"};
  rows.rows = {{"app", "%", "mysql_native_password", "", "N", "0", "3"},
               {"etl", "%", "mysql_native_password", "", "N", "0", "0"}};
  EXPECT_TRUE(parse_accounts(rows).at(0).limited);
  EXPECT_FALSE(parse_accounts(rows).at(1).limited);
}

}  // namespace
}  // namespace hf::topology::mysql
