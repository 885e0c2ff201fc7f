#include "upstream/mysql/accounts.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace hf::upstream::mysql {
namespace {

Account account(std::string user, std::string host) {
  Account made;
  made.user = std::move(user);
  made.host = std::move(host);
  return made;
}

std::string host_found(const Accounts& accounts, std::string_view user, std::string_view host) {
  const Account* found = accounts.find(user, host);
  return found == nullptr ? "none" : found->host;
}

TEST(HostMatches, WildcardsStandForAnyRunAndAnyOneCharacter) {
  EXPECT_TRUE(host_matches("%", "198.18.0.7"));
  EXPECT_TRUE(host_matches("198.18.%", "198.18.0.7"));
  EXPECT_TRUE(host_matches("198.18._.7", "198.18.0.7"));
  EXPECT_TRUE(host_matches("%.0.%", "198.18.0.7"));
  EXPECT_TRUE(host_matches("%7", "198.18.77.7"));
  EXPECT_FALSE(host_matches("198.18.%", "198.19.0.7"));
  EXPECT_FALSE(host_matches("198.18._.7", "198.18.10.7"));
  EXPECT_FALSE(host_matches("198.18.0.7", "198.18.0.77"));
  EXPECT_FALSE(host_matches("198.18.0.77", "198.18.0.7"));
  EXPECT_FALSE(host_matches("_", ""));
  EXPECT_TRUE(host_matches("%", ""));
}

TEST(HostMatches, IsBlindToCaseAndTakesAnEmptyPatternForEverybody) {
  EXPECT_TRUE(host_matches("LocalHost", "localhost"));
  EXPECT_TRUE(host_matches("", "198.18.0.7"));
}

TEST(HostMatches, LocalhostIsTheUnixSocketAndTheLoopback) {
  EXPECT_TRUE(host_matches("localhost", "localhost"));
  EXPECT_TRUE(host_matches("localhost", "127.0.0.1"));
  EXPECT_TRUE(host_matches("localhost", "::1"));
  EXPECT_FALSE(host_matches("localhost", "198.18.0.7"));
  EXPECT_FALSE(host_matches("127.0.0.1", "localhost"));
}

TEST(HostMatches, NetworksHaveANetmask) {
  EXPECT_TRUE(host_matches("198.18.0.0/255.254.0.0", "198.19.255.1"));
  EXPECT_FALSE(host_matches("198.18.0.0/255.254.0.0", "198.20.0.1"));
  EXPECT_TRUE(host_matches("127.0.0.1/255.255.255.255", "127.0.0.1"));
  // bits beyond the mask: matches nobody, as on the server
  EXPECT_FALSE(host_matches("198.18.0.1/255.254.0.0", "198.18.0.1"));
}

TEST(HostMatches, WhatIsNoNetworkMatchesNobody) {
  for (const char* pattern :
       {"/", "198.18.0.0/", "/255.0.0.0", "198.18.0.0/16", "198.18.0.0/255.255.0.0/8", "x/y", "fd00::/255.0.0.0"}) {
    EXPECT_FALSE(host_matches(pattern, "198.18.0.1")) << pattern;
  }
  EXPECT_FALSE(host_matches("198.18.0.0/255.254.0.0", "::1"));
  EXPECT_FALSE(host_matches("198.18.0.0/255.254.0.0", "localhost"));
}

TEST(HostMatches, APatternMadeToBeSlowIsNot) {
  std::string pattern;
  for (int i = 0; i < 60; ++i) pattern += "%a";
  EXPECT_FALSE(host_matches(pattern, std::string(255, 'a') + "b"));
}

TEST(Accounts, TheMostSpecificHostWins) {
  const Accounts accounts(
      {account("app", "%"), account("app", "198.18.%"), account("app", "198.18.0.%"), account("app", "198.18.0.7")});
  EXPECT_EQ(host_found(accounts, "app", "198.18.0.7"), "198.18.0.7");
  EXPECT_EQ(host_found(accounts, "app", "198.18.0.8"), "198.18.0.%");
  EXPECT_EQ(host_found(accounts, "app", "198.18.9.8"), "198.18.%");
  EXPECT_EQ(host_found(accounts, "app", "203.0.113.1"), "%");
}

TEST(Accounts, HostsAreTriedInTheServersOrder) {
  // What CURRENT_USER() of MariaDB 10.11.19 was for a client at 127.0.0.1, each account dropped after its turn.
  // clang-format off
  std::vector<std::string> order = {
      "127.0.0.1/255.255.255.255", "127.0.0.1", "127.0.0.0/255.255.255.0", "127.0.0.0/255.0.0.0", "_27.0.0.1",
      "127.0.0._", "127__.0.1", "127.0.0.1%", "127.0.0.%", "%.0.0.1", "127.%", "127%", "%1", "1%", "%"};
  // clang-format on
  Random random(7);
  for (int round = 0; round < 50; ++round) {
    std::vector<std::string> left = order;
    for (std::size_t i = left.size(); i > 1; --i) std::swap(left[i - 1], left[random.below(i)]);
    for (const std::string& expected : order) {
      std::vector<Account> all;
      for (const std::string& host : left) all.push_back(account("h", host));
      EXPECT_EQ(host_found(Accounts(all), "h", "127.0.0.1"), expected);
      std::erase(left, expected);
    }
  }
}

TEST(HostMatches, AnEscapedWildcardStandsForItself) {
  EXPECT_TRUE(host_matches("my\\_host", "my_host"));
  EXPECT_FALSE(host_matches("my\\_host", "my-host"));
  EXPECT_TRUE(host_matches("my\\%%", "my%host"));
  EXPECT_FALSE(host_matches("my\\%%", "my-host"));
  EXPECT_TRUE(host_matches("odd\\", "odd\\"));
}

TEST(Accounts, AnAccountOfOurOwnFileComesFirst) {
  Account ours = account("app", "%");
  ours.password = "tiger";
  const Accounts accounts({account("app", "198.18.0.7"), ours});
  const Account* found = accounts.find("app", "198.18.0.7");
  ASSERT_NE(found, nullptr);
  EXPECT_TRUE(found->password.has_value());
}

TEST(Accounts, NamesAreMatchedWholeAndWithCase) {
  const Accounts accounts({account("app", "%"), account("apple", "%"), account("zoo", "198.18.%")});
  EXPECT_NE(accounts.find("app", "203.0.113.1"), nullptr);
  EXPECT_EQ(accounts.find("app", "203.0.113.1")->user, "app");
  EXPECT_EQ(accounts.find("App", "203.0.113.1"), nullptr);
  EXPECT_EQ(accounts.find("ap", "203.0.113.1"), nullptr);
  EXPECT_EQ(accounts.find("", "203.0.113.1"), nullptr);
  EXPECT_EQ(accounts.find("zoo", "203.0.113.1"), nullptr);
  EXPECT_EQ(Accounts().find("app", "203.0.113.1"), nullptr);
}

}  // namespace
}  // namespace hf::upstream::mysql
