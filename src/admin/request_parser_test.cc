#include "admin/request_parser.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/random.h"

namespace hf::admin {
namespace {

using Progress = RequestParser::Progress;

HttpRequest parse(ByteView bytes) {
  RequestParser parser;
  const auto fed = parser.feed(bytes);
  EXPECT_EQ(fed.progress, Progress::kComplete) << bytes;
  EXPECT_EQ(fed.consumed, bytes.size());
  return fed.progress == Progress::kComplete ? parser.take() : HttpRequest{};
}

int refusal_of(ByteView bytes) {
  RequestParser parser;
  const auto fed = parser.feed(bytes);
  EXPECT_EQ(fed.progress, Progress::kBad) << bytes.substr(0, 80);
  return fed.progress == Progress::kBad ? parser.refusal().status : 0;
}

TEST(RequestParser, ParsesMethodTargetHeadersAndBody) {
  const HttpRequest request = parse(
      "POST /api/v1/explain?service=a%20b&sql=select+1%2B1 HTTP/1.1\r\nHost: x\r\nX-Two:  b \r\nContent-Length: "
      "5\r\n\r\nhello");
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target.path, (std::vector<std::string>{"api", "v1", "explain"}));
  EXPECT_EQ(request.parameter("service"), "a b");
  EXPECT_EQ(request.parameter("sql"), "select 1+1");
  EXPECT_EQ(request.header("x-two"), "b");
  EXPECT_EQ(request.header("absent"), std::nullopt);
  EXPECT_EQ(request.body, "hello");
  EXPECT_TRUE(request.keep_alive);
}

TEST(RequestParser, KnowsWhenTheConnectionEnds) {
  EXPECT_FALSE(parse("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").keep_alive);
  EXPECT_FALSE(parse("GET / HTTP/1.0\r\n\r\n").keep_alive);
  EXPECT_TRUE(parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keep_alive);
}

TEST(RequestParser, JoinsChunks) {
  EXPECT_EQ(
      parse("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n")
          .body,
      "abcde");
}

TEST(RequestParser, SplitAnywhereTheRequestsAreTheSame) {
  const std::string wire =
      "POST /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nxyz"
      "GET /second HTTP/1.1\r\nHost: y\r\n\r\n"
      "POST /third HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  Random random(4);
  for (int round = 0; round < 2000; ++round) {
    RequestParser parser;
    std::string seen;
    std::string_view rest = wire;
    while (!rest.empty()) {
      std::string_view piece = rest.substr(0, 1 + random.below(round % 2 == 0 ? 4 : 60));
      rest.remove_prefix(piece.size());
      while (!piece.empty()) {
        const auto fed = parser.feed(piece);
        ASSERT_NE(fed.progress, Progress::kBad);
        piece.remove_prefix(fed.consumed);
        if (fed.progress != Progress::kComplete) break;
        const HttpRequest request = parser.take();
        seen += request.method + request.path_text() + ":" + request.body + " ";
      }
    }
    ASSERT_EQ(seen, "POST/a:xyz GET/second: POST/third:abc ");
  }
}

TEST(RequestParser, RefusesWhatIsNotHttp) {
  EXPECT_EQ(refusal_of("\x16\x03\x01\x02\x00\x01hello this is TLS\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of("GET / HTTP/3.7\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\nno colon here\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc"), 400);
  EXPECT_EQ(refusal_of("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -3\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), 400);
  EXPECT_EQ(refusal_of("GET /a%zz HTTP/1.1\r\nHost: x\r\n\r\n"), 400);
  EXPECT_EQ(refusal_of("GET http://other/ HTTP/1.1\r\nHost: x\r\n\r\n"), 400);
}

TEST(RequestParser, BoundsTheHeader) {
  std::string large =
      "GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(RequestParser::kMaxHeaderBytes, 'a') + "\r\n\r\n";
  EXPECT_EQ(refusal_of(large), 431);
  RequestParser parser;
  std::size_t sent = 0;
  while (parser.feed("X-Endless-Line-Without-End").progress == Progress::kNeedMore) { ASSERT_LT(++sent, 10000U); }
  EXPECT_LE(sent * 26, RequestParser::kMaxHeaderBytes + 26);
}

TEST(RequestParser, BoundsTheBody) {
  EXPECT_EQ(refusal_of("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n"), 413);
  EXPECT_EQ(refusal_of("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n"), 400);
  std::string chunked = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 17; ++i) chunked += "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
  EXPECT_EQ(refusal_of(chunked), 413);
  const std::string whole = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n" + std::string(1 << 20, 'x');
  EXPECT_EQ(parse(whole).body.size(), RequestParser::kMaxBodyBytes);
}

TEST(RequestParser, SaysOnceThatTheClientWaitsForContinue) {
  RequestParser parser;
  parser.feed("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n");
  EXPECT_FALSE(parser.wants_continue());
  parser.feed("\r\n");
  EXPECT_TRUE(parser.wants_continue());
  EXPECT_FALSE(parser.wants_continue());
  EXPECT_EQ(parser.feed("ok").progress, Progress::kComplete);
}

TEST(RequestParser, RandomBytesAreRefusedOrWaitedForButNeverHarm) {
  Random random(9);
  const std::string seedling =
      "POST /x?y=%41 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  for (int round = 0; round < 20000; ++round) {
    std::string bytes = seedling;
    for (std::uint64_t n = 1 + random.below(4); n > 0; --n) {
      bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
    }
    RequestParser parser;
    const auto fed = parser.feed(bytes);
    ASSERT_LE(fed.consumed, bytes.size());
    if (fed.progress == Progress::kBad) { ASSERT_GE(parser.refusal().status, 400); }
  }
}

}  // namespace
}  // namespace hf::admin
