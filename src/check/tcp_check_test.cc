// A look at a TCP server: it accepts, refuses, or does not answer.
#include "check/tcp_check.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "net/listener.h"
#include "runtime/stepped_loop_fake.h"

namespace hf::check {
namespace {

runtime::Task<void> look_task(TcpCheck* check, Deadline deadline, std::optional<Result<void>>* out) {
  *out = co_await check->look(deadline);
}

TEST(TcpCheck, SucceedsWhereSomebodyAcceptsAndSaysWhyItDoesNotElsewhere) {
  runtime::SteppedLoop loop;
  runtime::Scope scope(*loop);
  const int fd =
      net::Listener::bind(net::Address::from_ip("127.0.0.1", 0).value(), net::PortSharing::kExclusive).value();
  TcpCheck check(*loop, net::Address::local_of(fd).value());
  const auto look = [&] {
    std::optional<Result<void>> out;
    scope.spawn("look", look_task, &check, loop->deadline_in(1s), &out);
    EXPECT_TRUE(loop.run_until([&] { return out.has_value(); }));
    return std::move(*out);
  };
  EXPECT_TRUE(look().ok());
  check.rest();
  EXPECT_TRUE(look().ok());
  ::close(fd);
  const Result<void> refused = look();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kRefused);
  EXPECT_EQ(refused.error().said, nullptr) << "the kernel did";
}

}  // namespace
}  // namespace hf::check
