// MysqlPoolTest: a server that logs everybody in, at most two places for connections to it, and pools that share them
// as shards do. What a pool does whatever its connections speak is tested without a server (upstream/pool_fixture.h).
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>

#include "runtime/stepped_loop_fake.h"
#include "upstream/mysql/pool.h"
#include "upstream/mysql/server_fake.h"

namespace hf::upstream::mysql {

inline constexpr std::uint64_t kKey = 7;
inline constexpr std::uint64_t kOtherKey = 8;

/// One wish for a connection, and what became of it.
struct Wish {
  bool ended = false;
  ConnectionPtr connection;
  std::optional<Error> error;

  std::string outcome() const { return !ended ? "waiting" : error ? std::string(to_string(error->code)) : "ok"; }
};

runtime::Task<void> open_task(Pool* pool, ServiceViewPtr view, const Login* login, std::uint64_t key, Wish* wish,
                              Deadline deadline);
runtime::Task<void> adopt_task(Pool* pool, ServiceViewPtr view, const Login* login, Wish* wish, Deadline deadline);
runtime::Task<void> beside_task(Pool* pool, ServiceViewPtr view, const Login* login, Wish* wish, Deadline deadline);

/// One server, at most `most` connections to it, and pools that share the limit as shards do.
class MysqlPoolTest : public ::testing::Test {
 protected:
  ServiceViewPtr view_with(std::uint32_t most);

  void start(Wish& wish, Pool& pool, std::uint64_t key = kKey, Nanos patience = 10s) {
    scope_.spawn("open", open_task, &pool, view_, &login_, key, &wish, loop_->deadline_in(patience));
  }
  void start_beside(Wish& wish, Nanos patience = 10s) {
    scope_.spawn("open_beside", beside_task, &pool_, view_, &login_, &wish, loop_->deadline_in(patience));
  }
  ConnectionPtr open(Pool& pool, std::uint64_t key = kKey) {
    Wish wish;
    start(wish, pool, key);
    EXPECT_TRUE(loop_.run_until([&] { return wish.ended; }));
    EXPECT_EQ(wish.outcome(), "ok");
    return std::move(wish.connection);
  }
  std::uint32_t open_places() const { return places_->taken(); }
  std::uint32_t waiting() const { return places_->waiting(); }

  std::size_t goodbyes() const {
    return static_cast<std::size_t>(std::count(server_.received().begin(), server_.received().end(), "\x01"));
  }

  /// Takes one more packet after the login.
  static ServerScript script() {
    ServerScript script = login_script();
    script.push_back(expect_step());
    return script;
  }

  runtime::SteppedLoop loop_;
  ServerFake server_{*loop_, script()};
  std::shared_ptr<Places> places_ = std::make_shared<Places>(2);
  ServiceViewPtr view_ = view_with(2);
  Login login_{{"app", "tiger", std::nullopt}, kFakeCapabilities, 45, "", ""};
  Pool pool_{*loop_, 0};
  Pool other_shard_{*loop_, 0};
  runtime::Scope scope_{*loop_};
};

}  // namespace hf::upstream::mysql
