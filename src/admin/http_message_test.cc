#include "admin/http_message.h"

#include <gtest/gtest.h>

namespace hf::admin {
namespace {

TEST(HttpResponse, SerialisesWithLengthAndConnection) {
  HttpResponse response;
  response.body = "{}";
  response.headers.push_back({"Allow", "GET"});
  const std::string wire = serialize(response, Connection::kKeepAlive);
  EXPECT_TRUE(wire.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_NE(wire.find("\r\nContent-Length: 2\r\n"), std::string::npos);
  EXPECT_NE(wire.find("\r\nConnection: keep-alive\r\n"), std::string::npos);
  EXPECT_NE(wire.find("\r\nAllow: GET\r\n"), std::string::npos);
  EXPECT_TRUE(wire.ends_with("\r\n\r\n{}"));
  const std::string head = serialize(response, Connection::kClose, BodyPart::kOmit);
  EXPECT_TRUE(head.ends_with("\r\n\r\n"));
  EXPECT_NE(head.find("Content-Length: 2"), std::string::npos);
  EXPECT_NE(head.find("Connection: close"), std::string::npos);
}

TEST(HttpResponse, AHeaderValueNeverBreaksItsLine) {
  HttpResponse response;
  response.headers.push_back({"X", "a\r\nSet-Cookie: b"});
  EXPECT_EQ(serialize(response, Connection::kClose).find("\r\nSet-Cookie"), std::string::npos);
}

TEST(HttpResponse, ErrorsAreJsonWhateverTheMessageHolds) {
  EXPECT_EQ(error_response(404, "no \"x\"\n").body, R"({"error":{"status":404,"message":"no \"x\"\n"}})");
}

TEST(HttpTarget, SplitsAndDecodesOnce) {
  const auto target = parse_target("/a%2Fb/c+d/?x=1&y&z=%2525#fragment");
  ASSERT_TRUE(target.has_value());
  EXPECT_EQ(target->path, (std::vector<std::string>{"a/b", "c+d"}));
  ASSERT_EQ(target->parameters.size(), 3U);
  EXPECT_EQ(target->parameters[1], (std::pair<std::string, std::string>{"y", ""}));
  EXPECT_EQ(target->parameters[2].second, "%25");
  EXPECT_TRUE(parse_target("/").has_value());
  for (const char* bad : {"", "a", "*", "/%", "/%4", "/%g0", "/?a=%"}) {
    EXPECT_FALSE(parse_target(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace hf::admin
