#include "service/client_filter.h"

#include <gtest/gtest.h>

#include "config/file/address.h"

namespace hf::service {
namespace {

std::vector<config::Network> networks(std::initializer_list<const char*> texts) {
  std::vector<config::Network> parsed;
  for (const char* text : texts) parsed.push_back(config::file::parse_network(text).value());
  return parsed;
}

net::Address client(const char* ip) { return net::Address::from_ip(ip, 50000).value(); }

TEST(ClientFilter, AnEmptyListLetsEverybodyIn) {
  EXPECT_TRUE(allowed({}, client("198.18.0.1")));
  EXPECT_TRUE(allowed({}, client("fd00::1")));
}

TEST(ClientFilter, UnixSocketsAlwaysPass) {
  EXPECT_TRUE(allowed(networks({"198.18.0.0/15"}), net::Address::from_unix_path("/run/x.sock").value()));
}

TEST(ClientFilter, AddressesAreComparedUpToThePrefix) {
  const auto list = networks({"198.18.0.0/15"});
  EXPECT_TRUE(allowed(list, client("198.18.0.0")));
  EXPECT_TRUE(allowed(list, client("198.19.255.255")));
  EXPECT_FALSE(allowed(list, client("198.20.0.0")));
  EXPECT_FALSE(allowed(list, client("198.17.255.255")));
}

TEST(ClientFilter, EveryPrefixLengthCountsItsBits) {
  const net::Address zero = client("128.0.0.0");
  EXPECT_TRUE(allowed(networks({"128.0.0.0/1"}), client("255.255.255.255")));
  EXPECT_FALSE(allowed(networks({"128.0.0.0/1"}), client("127.255.255.255")));
  EXPECT_TRUE(allowed(networks({"0.0.0.0/0"}), zero));
  EXPECT_TRUE(allowed(networks({"198.18.0.7"}), client("198.18.0.7")));
  EXPECT_FALSE(allowed(networks({"198.18.0.7"}), client("198.18.0.6")));
  EXPECT_TRUE(allowed(networks({"198.18.0.6/31"}), client("198.18.0.7")));
  EXPECT_FALSE(allowed(networks({"198.18.0.6/31"}), client("198.18.0.8")));
}

TEST(ClientFilter, AnyNetworkOfTheListWillDo) {
  const auto list = networks({"198.18.0.0/24", "203.0.113.9"});
  EXPECT_TRUE(allowed(list, client("203.0.113.9")));
  EXPECT_TRUE(allowed(list, client("198.18.0.200")));
  EXPECT_FALSE(allowed(list, client("203.0.113.8")));
}

TEST(ClientFilter, TheFamiliesDoNotMeet) {
  EXPECT_FALSE(allowed(networks({"0.0.0.0/0"}), client("fd00::1")));
  EXPECT_FALSE(allowed(networks({"::/0"}), client("198.18.0.1")));
  EXPECT_TRUE(allowed(networks({"fd00::/8"}), client("fdff::1")));
  EXPECT_FALSE(allowed(networks({"fd00::/8"}), client("fe80::1")));
  EXPECT_TRUE(allowed(networks({"fd00::/127"}), client("fd00::1")));
  EXPECT_FALSE(allowed(networks({"fd00::/127"}), client("fd00::2")));
}

TEST(ClientFilter, AnIpv4AddressInsideIpv6IsOne) {
  EXPECT_TRUE(allowed(networks({"198.18.0.0/15"}), client("::ffff:198.18.0.1")));
  EXPECT_FALSE(allowed(networks({"198.18.0.0/15"}), client("::ffff:198.20.0.1")));
}

}  // namespace
}  // namespace hf::service
