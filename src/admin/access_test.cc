#include "admin/access.h"

#include <gtest/gtest.h>

namespace hf::admin {
namespace {

HttpRequest request(std::string method, std::vector<HttpHeader> headers) {
  HttpRequest out;
  out.method = std::move(method);
  out.headers = std::move(headers);
  return out;
}

int status_of(const Access& access) {
  const auto* refused = std::get_if<Refused>(&access);
  return refused == nullptr ? 200 : refused->response.status;
}

const Visitor kHttp{Transport::kTcp, "127.0.0.1:5000", false};
const HttpHeader kHost{"Host", "127.0.0.1:9400"};
const Credentials kToken{"s3cret", "", ""};
const Credentials kAccount{"", "admin", "pass:word"};

TEST(Access, TheUnixSocketAsksForNothing) {
  EXPECT_EQ(status_of(check_access(request("POST", {{"Host", "x"}}), kToken,
                                   {Transport::kUnixSocket, "unix (uid 0)", true}, Effect::kChanges)),
            200);
}

TEST(Access, TheTokenMustBeRight) {
  const auto with = [](std::string value) {
    return check_access(request("GET", {kHost, {"Authorization", std::move(value)}}), kToken, kHttp, Effect::kShows);
  };
  EXPECT_EQ(status_of(with("Bearer s3cret")), 200);
  EXPECT_EQ(status_of(with("bearer  s3cret")), 200);
  for (const char* bad :
       {"Bearer s3cre", "Bearer s3crets", "Bearer ", "Bearer", "s3cret", "Basic s3cret", "Bearer s3cret s3cret", ""}) {
    EXPECT_EQ(status_of(with(bad)), 401) << bad;
  }
  const Access missing = check_access(request("GET", {kHost}), kToken, kHttp, Effect::kShows);
  ASSERT_EQ(status_of(missing), 401);
  const auto& headers = std::get<Refused>(missing).response.headers;
  ASSERT_EQ(headers.size(), 1U);
  EXPECT_EQ(headers[0].name, "WWW-Authenticate");
  EXPECT_TRUE(headers[0].value.starts_with("Bearer"));
}

TEST(Access, TheBasicAccountMustBeRight) {
  const auto with = [](std::string value) {
    return check_access(request("GET", {kHost, {"Authorization", std::move(value)}}), kAccount, kHttp, Effect::kShows);
  };
  const Access good = with("Basic YWRtaW46cGFzczp3b3Jk");  // admin:pass:word
  ASSERT_EQ(status_of(good), 200);
  EXPECT_EQ(std::get<Granted>(good).account, "admin");
  EXPECT_EQ(status_of(with("Basic YWRtaW46cGFzczp3b3Jr")), 401);
  EXPECT_EQ(status_of(with("Basic !!!!")), 401);
  EXPECT_EQ(status_of(with("Bearer s3cret")), 401);
  const Access refused = with("Basic x");
  EXPECT_TRUE(std::get<Refused>(refused).response.headers[0].value.starts_with("Basic"));
}

TEST(Access, PagesOfOtherOriginsCannotCommand) {
  const auto post = [](HttpHeader header) {
    return status_of(check_access(request("POST", {kHost, std::move(header)}), Credentials{}, kHttp, Effect::kShows));
  };
  EXPECT_EQ(post({"Origin", "http://127.0.0.1:9400"}), 200);
  EXPECT_EQ(post({"Origin", "http://evil.example"}), 403);
  EXPECT_EQ(post({"Origin", "http://127.0.0.1:9401"}), 403);
  EXPECT_EQ(post({"Origin", "null"}), 403);
  EXPECT_EQ(post({"Sec-Fetch-Site", "cross-site"}), 403);
  EXPECT_EQ(post({"Sec-Fetch-Site", "same-origin"}), 200);
  EXPECT_EQ(post({"User-Agent", "curl"}), 200);
}

TEST(Access, WithoutCredentialsForeignHostNamesDoNotPass) {
  const auto host = [](std::string name) {
    return status_of(check_access(request("GET", {{"Host", std::move(name)}}), Credentials{}, kHttp, Effect::kShows));
  };
  EXPECT_EQ(host("127.0.0.1:9400"), 200);
  EXPECT_EQ(host("[::1]:9400"), 200);
  EXPECT_EQ(host("localhost:9400"), 200);
  EXPECT_EQ(host("rebound.example:9400"), 403);
  EXPECT_EQ(status_of(check_access(request("GET", {}), Credentials{}, kHttp, Effect::kShows)), 400);
}

TEST(Access, WithoutCredentialsHttpShowsOnly) {
  for (const char* method : {"GET", "HEAD", "POST", "PUT", "DELETE"}) {
    const HttpRequest asked = request(method, {kHost});
    EXPECT_EQ(status_of(check_access(asked, Credentials{}, kHttp, Effect::kOpen)), 200) << method;
    EXPECT_EQ(status_of(check_access(asked, Credentials{}, kHttp, Effect::kShows)), 200) << method;
    EXPECT_EQ(status_of(check_access(asked, Credentials{}, kHttp, Effect::kChanges)), 403) << method;
  }
}

TEST(Access, TheUnixSocketIsForRootOurselvesAndWhomTheModeLetsWrite) {
  constexpr uid_t kOurs = 990;
  const SocketFile file{990, 50, 0600};
  EXPECT_TRUE(may_use_socket({0, 0, {}}, file, kOurs));
  EXPECT_TRUE(may_use_socket({990, 990, {}}, file, kOurs));
  EXPECT_FALSE(may_use_socket({1000, 1000, {}}, file, kOurs));
  EXPECT_FALSE(may_use_socket({1000, 50, {50}}, file, kOurs)) << "the mode gives the group nothing";
  EXPECT_TRUE(may_use_socket({1000, 50, {}}, {990, 50, 0660}, kOurs));
  EXPECT_TRUE(may_use_socket({1000, 1000, {4, 50}}, {990, 50, 0660}, kOurs));
  EXPECT_FALSE(may_use_socket({1000, 1000, {4}}, {990, 50, 0660}, kOurs));
  EXPECT_FALSE(may_use_socket({1000, 50, {}}, {990, 50, 0640}, kOurs)) << "connecting takes the right to write";
  EXPECT_TRUE(may_use_socket({1000, 1000, {}}, {990, 50, 0666}, kOurs));
  EXPECT_FALSE(may_use_socket({1000, 50, {}}, {990, 50, 0606}, kOurs))
      << "as the kernel: a group's member is not everybody";
  EXPECT_TRUE(may_use_socket({1000, 1000, {}}, {1000, 50, 0600}, kOurs)) << "an operator gave the file to somebody";
  EXPECT_FALSE(may_use_socket({1000, 1000, {}}, {1000, 50, 0066}, kOurs));
}

TEST(Access, AStrangerOnTheUnixSocketIsRefused) {
  const Visitor stranger{Transport::kUnixSocket, "unix (uid 65534)", false};
  EXPECT_EQ(status_of(check_access(request("GET", {kHost}), Credentials{}, stranger, Effect::kShows)), 403);
  EXPECT_EQ(status_of(check_access(request("GET", {kHost}), Credentials{}, stranger, Effect::kOpen)), 200);
}

TEST(Access, ComparesInConstantTime) {
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_TRUE(equal_in_constant_time("", ""));
  for (const char* other : {"", "ab", "abd", "abcd", "abcabc", "xbc"}) {
    EXPECT_FALSE(equal_in_constant_time(other, "abc")) << other;
  }
  EXPECT_FALSE(equal_in_constant_time("abc", ""));
}

}  // namespace
}  // namespace hf::admin
