// PoolTest: a server that takes everybody, at most two places for connections to it, and pools that share them as
// shards do. There is no
// wire: a connection is whether it can be used.
//
// Owner: the test. Thread: that of its loop.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "runtime/signal.h"
#include "runtime/stepped_loop_fake.h"
#include "upstream/pool.h"

namespace hf::upstream {

struct FakeServer {
  int connected = 0;
  int open = 0;
  bool refuses = false;
  runtime::Signal* answers = nullptr;  // connecting waits for it
};

struct FakeConnection : Pooled<FakeConnection> {
  explicit FakeConnection(FakeServer& to) : server(to) { ++server.open; }
  ~FakeConnection() { --server.open; }
  bool usable() const { return !broken; }
  void cut(const Error& reason) { broken = reason; }

  FakeServer& server;
  std::optional<Error> broken;
  Fit fit = Fit::kPerfectly;
};
using FakePointer = std::unique_ptr<FakeConnection>;

struct FakeLogin {
  FakeServer* server;
};
runtime::Task<Result<FakePointer>> connect(runtime::EventLoop& loop, net::Address address, const FakeLogin& login,
                                           Deadline deadline);

class FakePool final : public Pool<FakeConnection> {
 public:
  using Pool::cut;
  using Pool::give;
  using Pool::Pool;
  FakePointer take(std::uint64_t key, const PoolAges& ages = {});
};

/// One wish for a connection, and what became of it.
struct FakeWish {
  std::uint64_t note = 0;
  bool ended = false;
  FakePointer connection;
  std::optional<Error> error;

  std::string outcome() const { return !ended ? "waiting" : error ? std::string(to_string(error->code)) : "ok"; }
};

class PoolTest : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kKey = 7;
  static constexpr std::uint64_t kOtherKey = 8;

  ServiceViewPtr view_with(std::uint32_t most);

  void start(FakeWish& wish, FakePool& pool, std::uint64_t key = kKey, Nanos patience = 10s);
  /// A connection that was made without a place.
  void start_adoption(FakeWish& wish, Nanos patience = 10s);
  FakePointer open(FakePool& pool, std::uint64_t key = kKey);

  std::uint32_t open_places() const { return places_->taken(); }
  std::uint32_t waiting() const { return places_->waiting(); }

  runtime::SteppedLoop loop_;
  FakeServer server_;
  FakeLogin login_{&server_};
  std::shared_ptr<Places> places_ = std::make_shared<Places>(2);
  ServiceViewPtr view_ = view_with(2);
  FakePool pool_{*loop_, 0};
  FakePool other_shard_{*loop_, 0};
  runtime::Scope scope_{*loop_};
};

}  // namespace hf::upstream
