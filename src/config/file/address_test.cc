#include "config/file/address.h"

#include <gtest/gtest.h>

namespace hf::config::file {
namespace {

TEST(AddressTest, EndpointsAreReadAndPrintedAlike) {
  for (const std::string text : {"127.0.0.1:3306", "[::1]:3306", "db1.example:65535", "localhost:0", "my_db-2:1"}) {
    const Result<Endpoint> endpoint = parse_endpoint(text);
    ASSERT_TRUE(endpoint.ok()) << text;
    EXPECT_EQ(endpoint->to_string(), text);
  }
  EXPECT_EQ(parse_endpoint("[0:0::1]:5")->host, "::1") << "one address has one spelling";
  EXPECT_EQ((Endpoint{{}, 0, "/run/a.sock"}).to_string(), "/run/a.sock");
}

TEST(AddressTest, BrokenEndpointsAreRefusedWithTheReason) {
  const std::pair<std::string, std::string> cases[] = {
      {"db1", "the port is missing"},
      {":3306", "the host is missing"},
      {"::1:3306", "an IPv6 address needs brackets"},
      {"[::1]", "an IPv6 address is written [address]:port"},
      {"[127.0.0.1]:1", "there is no IPv6 address in the brackets"},
      {"[::g]:1", "there is no IPv6 address in the brackets"},
      {"a:", "a port is a number from 0 to 65535"},
      {"a:65536", "a port is a number from 0 to 65535"},
      {"a:-1", "a port is a number from 0 to 65535"},
      {"a:1x", "a port is a number from 0 to 65535"},
      {"a b:1", "the host is neither an address nor a host name"},
      {"256.0.0.1:1", "the host is neither an address nor a host name"},
      {"*:1", "the host is neither an address nor a host name"},
      {std::string("127.0.0.1\0:1", 12), "the host is neither an address nor a host name"},
  };
  for (const auto& [text, reason] : cases) {
    const Result<Endpoint> endpoint = parse_endpoint(text);
    ASSERT_FALSE(endpoint.ok()) << text;
    EXPECT_EQ(endpoint.error().context, reason) << text;
  }
}

TEST(AddressTest, NetworksAreReadAndPrintedAlike) {
  EXPECT_EQ(parse_network("10.0.0.0/8")->text, "10.0.0.0/8");
  EXPECT_EQ(parse_network("10.1.2.3")->text, "10.1.2.3/32");
  EXPECT_EQ(parse_network("::1")->text, "::1/128");
  EXPECT_EQ(parse_network("fd00::/9")->prefix_length, 9);
  EXPECT_TRUE(parse_network("::/0")->is_v6);
}

TEST(AddressTest, BitsBeyondThePrefixAreRefusedWithTheNetworkThatWasMeant) {
  EXPECT_EQ(parse_network("10.0.0.1/8").error().context, "the network of that size is 10.0.0.0/8");
  EXPECT_EQ(parse_network("fd00::81/121").error().context, "the network of that size is fd00::80/121");
}

TEST(AddressTest, PrefixLengthsAreBounded) {
  EXPECT_EQ(parse_network("10.0.0.0/33").error().context, "a prefix length is a number from 0 to 32");
  EXPECT_EQ(parse_network("::/129").error().context, "a prefix length is a number from 0 to 128");
  EXPECT_EQ(parse_network("10.0.0.0/").error().context, "a prefix length is a number from 0 to 32");
  EXPECT_EQ(parse_network("db1/8").error().context, "it is not an address or a network in numbers");
}

TEST(AddressTest, NetworksContainTheirAddresses) {
  const std::uint8_t v4[4] = {10, 129, 0, 1};
  const std::uint8_t mapped[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 129, 0, 1};
  const std::uint8_t v6[16] = {0xfd, 0, 1};
  EXPECT_TRUE(contains(*parse_network("10.128.0.0/9"), v4));
  EXPECT_FALSE(contains(*parse_network("10.0.0.0/9"), v4));
  EXPECT_TRUE(contains(*parse_network("10.129.0.1"), mapped)) << "a dual-stack socket shows IPv4 clients this way";
  EXPECT_TRUE(contains(*parse_network("fd00::/23"), v6));
  EXPECT_FALSE(contains(*parse_network("fd00::/24"), v6));
  EXPECT_TRUE(contains(*parse_network("0.0.0.0/0"), v4));
  EXPECT_FALSE(contains(*parse_network("::/0"), v4));
  EXPECT_FALSE(contains(*parse_network("0.0.0.0/0"), std::span(v6).first(3))) << "no address has three bytes";
}

TEST(AddressTest, ListenersCollideOnOnePortOfOneFamily) {
  const auto at = [](const char* text) { return *parse_endpoint(text); };
  EXPECT_TRUE(collide(at("127.0.0.1:1"), at("127.0.0.1:1")));
  EXPECT_TRUE(collide(at("0.0.0.0:1"), at("127.0.0.1:1")));
  EXPECT_TRUE(collide(at("[::1]:1"), at("[::]:1")));
  EXPECT_FALSE(collide(at("127.0.0.1:1"), at("127.0.0.1:2")));
  EXPECT_FALSE(collide(at("127.0.0.1:1"), at("127.0.0.2:1")));
  EXPECT_FALSE(collide(at("[::]:1"), at("0.0.0.0:1"))) << "IPv6 listeners take no IPv4";
  EXPECT_FALSE(collide(at("127.0.0.1:0"), at("127.0.0.1:0"))) << "port 0 is another free port each time";
  EXPECT_TRUE(collide(Endpoint{{}, 0, "/a"}, Endpoint{{}, 0, "/a"}));
  EXPECT_FALSE(collide(Endpoint{{}, 0, "/a"}, at("127.0.0.1:0")));
}

TEST(AddressTest, HostAddressesAreWhatAHostCanHave) {
  EXPECT_EQ(parse_host_address("198.18.0.100/24")->address, IpAddress::v4(198, 18, 0, 100));
  EXPECT_EQ(parse_host_address("198.18.0.100/24")->prefix_length, 24);
  EXPECT_EQ(parse_host_address("198.18.0.100")->prefix_length, 32);
  EXPECT_EQ(parse_host_address("fe80::100")->prefix_length, 128);
  EXPECT_TRUE(parse_host_address("198.18.0.0/31").ok()) << "RFC 3021";
  EXPECT_TRUE(parse_host_address("198.18.0.0/16").error().context.ends_with("not a host in it"));
  EXPECT_TRUE(parse_host_address("198.18.1.0/16").ok());
  EXPECT_TRUE(parse_host_address("2001:db8::/64").ok())
      << "the anycast address of the routers there, odd but an address";
  for (const char* text :
       {"198.18.0.255/24", "0.0.0.0", "127.0.0.1", "224.0.0.18/4", "255.255.255.255", "::", "::1/128", "ff02::12/8",
        "198.18.0.1/0", "::2/0", "db", "198.18.0.1/", "198.18.0.1/ 8", ""}) {
    EXPECT_FALSE(parse_host_address(text).ok()) << text;
  }
}

TEST(AddressTest, IpAddressesHaveNoPortAndNoPrefix) {
  EXPECT_EQ(*parse_ip("198.18.0.1"), IpAddress::v4(198, 18, 0, 1));
  EXPECT_EQ(parse_ip("FE80:0::1")->to_string(), "fe80::1");
  for (const char* text : {"", "198.18.0.1:5", "198.18.0.1/24", "[::1]", "fe80::1%eth0", "gw-a", "198.18.1"}) {
    EXPECT_FALSE(parse_ip(text).ok()) << text;
  }
  EXPECT_FALSE(parse_ip(std::string_view("::1\0", 4)).ok());
}

TEST(AddressTest, HttpUrlsComeInTheirParts) {
  EXPECT_EQ(parse_http_url("http://a/b?c")->server.to_string(), "a:80");
  EXPECT_EQ(parse_http_url("http://a/b?c")->path, "/b?c");
  EXPECT_EQ(parse_http_url("http://[::1]:8080")->server.to_string(), "[::1]:8080");
  EXPECT_EQ(parse_http_url("http://[::1]")->server.to_string(), "[::1]:80");
  EXPECT_EQ(parse_http_url("http://a?c")->path, "/?c");
  EXPECT_EQ(parse_http_url("http://a/b@c")->path, "/b@c");
  for (const char* text :
       {"", "http://", "http:///x", "https://a", "ftp://a", "a", "http://u:p@a/", "http://a b/", "http://a/\r\nX: y",
        "http://a/#x", "http://a:0", "http://a:", "http://::1/", "http://a/ä"}) {
    EXPECT_FALSE(parse_http_url(text).ok()) << text;
  }
}

TEST(AddressTest, LoopbackIsWhatOnlyThisMachineReaches) {
  for (const char* text : {"127.9.9.9:1", "[::1]:1", "localhost:1"}) {
    EXPECT_TRUE(is_loopback(*parse_endpoint(text))) << text;
  }
  for (const char* text : {"0.0.0.0:1", "[::]:1", "10.0.0.1:1", "db1:1"}) {
    EXPECT_FALSE(is_loopback(*parse_endpoint(text))) << text;
  }
}

}  // namespace
}  // namespace hf::config::file
