#include "guardian/claims.h"

#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <vector>

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace hf::guardian {
namespace {

constexpr TimePoint kNow{1'000'000'000};

/// No other test of this machine has an interface of this name.
vip::RouterSettings router(std::uint8_t id, std::vector<std::uint8_t> last_octets) {
  vip::RouterSettings settings;
  settings.name = "db";
  settings.interface = "hf" + std::to_string(::getpid());
  settings.router_id = id;
  const auto net = static_cast<std::uint8_t>(::getpid() % 251);
  for (const std::uint8_t last : last_octets) {
    settings.addresses.emplace_back().address = IpAddress::v4(203, 0, net, last);
  }
  return settings;
}

ErrorCode code_of(const Result<void>& result) { return result.ok() ? ErrorCode::kSystem : result.error().code; }

TEST(Claims, OneOfTwoHasARouterUntilItGivesItBack) {
  Claims first;
  ASSERT_TRUE(first.take(router(51, {100}), kNow).ok());
  EXPECT_TRUE(first.take(router(51, {100}), kNow).ok()) << "its own";
  Claims second;
  const Result<void> refused = second.take(router(51, {100}), kNow);
  ASSERT_EQ(code_of(refused), ErrorCode::kRefused);
  EXPECT_NE(refused.error().context.find("process " + std::to_string(::getpid())), std::string::npos)
      << refused.error().context;
  first.keep({});
  EXPECT_TRUE(second.take(router(51, {100}), kNow).ok());
  EXPECT_TRUE(second.take_missing().empty());
}

TEST(Claims, AnAddressInCommonIsEnoughAndNothingIsTakenThen) {
  Claims first;
  ASSERT_TRUE(first.take(router(51, {100, 101}), kNow).ok());
  Claims second;
  EXPECT_EQ(code_of(second.take(router(52, {102, 101}), kNow)), ErrorCode::kRefused);
  Claims third;
  EXPECT_TRUE(third.take(router(52, {102}), kNow).ok());
}

TEST(Claims, WhatIsNotNeededAnyMoreIsGivenBack) {
  Claims first;
  const vip::RouterSettings less = router(51, {100});
  ASSERT_TRUE(first.take(router(51, {100, 101}), kNow).ok());
  first.keep({&less});
  Claims second;
  EXPECT_TRUE(second.take(router(52, {101}), kNow).ok());
  EXPECT_EQ(code_of(second.take(router(53, {100}), kNow)), ErrorCode::kRefused);
}

TEST(Claims, OneThatIsAboutToEndIsWaitedFor) {
  Claims first;
  ASSERT_TRUE(first.take(router(51, {100}), kNow).ok());
  first.announce_end();
  Claims second;
  EXPECT_EQ(code_of(second.take(router(51, {100}), kNow)), ErrorCode::kUnreachable);
  EXPECT_EQ(code_of(second.take(router(51, {100}), kNow + Claims::kGoingPatience - 1ms)), ErrorCode::kUnreachable);
  first.clear();
  EXPECT_TRUE(second.take(router(51, {100}), kNow + Claims::kGoingPatience).ok());
  EXPECT_TRUE(second.take_missing().empty());
}

/// Whoever may not hold addresses must not be able to keep others from it.
TEST(Claims, ANameWhoseOwnerSaysNothingIsGoneWithoutAtLast) {
  const vip::RouterSettings wanted = router(51, {});
  const std::string name = "holdfast/router/" + wanted.interface + "/51/IPv4";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  name.copy(address.sun_path + 1, name.size());
  const int stranger = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::bind(stranger, reinterpret_cast<const sockaddr*>(&address),
                   static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size())),
            0);
  Claims claims;
  EXPECT_EQ(code_of(claims.take(wanted, kNow)), ErrorCode::kUnreachable);
  EXPECT_TRUE(claims.take_missing().empty());
  EXPECT_TRUE(claims.take(wanted, kNow + Claims::kGoingPatience).ok());
  const std::vector<std::string> missing = claims.take_missing();
  ASSERT_EQ(missing.size(), 1u);
  EXPECT_TRUE(missing[0].starts_with("router id 51 (IPv4) on " + wanted.interface)) << missing[0];
  ::close(stranger);
}

TEST(Claims, ANameOfAnotherUserIsGoneWithoutAtOnce) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs a second user";
  const vip::RouterSettings wanted = router(51, {100});
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setresuid(65534, 65534, 65534) != 0) ::_exit(1);
    Claims strange;
    const char taken = strange.take(wanted, kNow).ok() ? 'y' : 'n';
    (void)!::write(ready[1], &taken, 1);
    for (;;) ::pause();
  }
  char taken = '?';
  ASSERT_EQ(::read(ready[0], &taken, 1), 1);
  ASSERT_EQ(taken, 'y');
  Claims claims;
  EXPECT_TRUE(claims.take(wanted, kNow).ok());
  EXPECT_EQ(claims.take_missing().size(), 2u) << "the router and its address";
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  Claims after;
  EXPECT_TRUE(after.take(router(51, {100}), kNow).ok()) << "a dead process has none";
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST(Claims, WhoAsksOftenIsAnsweredAsLongAsItIsTidy) {
  Claims first;
  ASSERT_TRUE(first.take(router(51, {100}), kNow).ok());
  for (int i = 0; i < 2000; ++i) {
    Claims second;
    ASSERT_EQ(code_of(second.take(router(51, {100}), kNow)), ErrorCode::kRefused) << i;
    if (i % 200 == 0) first.tidy();
  }
}

}  // namespace
}  // namespace hf::guardian
