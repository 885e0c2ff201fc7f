// For tests of sessions: a Stage is a service with servers that answer by a table, on shards whose clock leaps over
// waits, and clients that send any bytes and take whole replies. for_every_step() plays a scenario with each step of
// the servers failing in each way, for_every_leaf() with the clients or the service going away at each turn of the
// loop.
//
// Owner: the test. Thread: the test's.
// Invariants:
//   1. Nothing waits in real time. What has not happened after kMostTurns turns does not happen: that is a failure of
//      the test.
//   2. When a stage ends, every session has ended, no connection is lent, no place is taken, no client is counted (each
//      is checked).
//   3. A client's reply is followed packet by packet: a wrong number or a byte too many is a failure.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/leaping_poller_fake.h"
#include "service/mysql/frontend.h"
#include "service/mysql/service_changes.h"
#include "service/mysql/test_client_fake.h"
#include "service/shard.h"
#include "upstream/places.h"

namespace hf::service::mysql::testing {

using upstream::mysql::ResponderFake;
namespace reply = upstream::mysql::reply;

inline constexpr proto::mysql::Capabilities kStageCapabilities =
    upstream::mysql::kFakeCapabilities | proto::mysql::kClientMultiStatements | proto::mysql::kClientPsMultiResults |
    proto::mysql::kClientLocalFiles | proto::mysql::kClientFoundRows | proto::mysql::kClientIgnoreSpace |
    proto::mysql::kClientInteractive | proto::mysql::kMariaDbStmtBulkOperations;

struct StageOptions {
  std::size_t replicas = 0;  // server 0 is the primary and takes reads only while there are none
  std::size_t shards = 1;
  std::uint32_t places = 10;  // of each server
  config::ListenRoute route = config::ListenRoute::kSplit;
  proto::mysql::Capabilities server_capabilities = kStageCapabilities;
  // empty: "app" with the password "secret", and "other" with the same
  std::vector<upstream::mysql::Account> accounts{};
  std::function<void(config::Service&)> change_service{};
  std::function<void(upstream::mysql::SessionDefaults&)> change_defaults{};
  std::function<void(upstream::mysql::View&)> change_view{};
  // what the control thread answers; empty: there is nothing to wait for
  std::function<upstream::RefreshPtr()> refresh_accounts{};
};

class Stage {
 public:
  static constexpr std::size_t kMostTurns = 5000;

  explicit Stage(const StageOptions& options = {}, upstream::mysql::ServerFault fault = {});
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;
  ~Stage() { finish(); }

  runtime::EventLoop& loop() { return shards_[0]->loop(); }
  Shard& shard(std::size_t i = 0) { return *shards_[i]; }
  /// nullptr once it is closed.
  ServiceShard* service(std::size_t i = 0);
  Frontend& frontend(std::size_t i = 0) { return *Frontend::of(service(i)); }
  const upstream::mysql::View& view() const { return *view_; }
  ResponderFake& server(std::size_t i = 0) { return *servers_[i]; }
  ResponderFake& primary() { return *servers_[0]; }
  ResponderFake& replica(std::size_t i = 1) { return *servers_[i]; }
  const net::Address& address(std::size_t shard = 0) const { return addresses_[shard]; }
  /// Sessions that are pinned now, whatever the reason.
  std::uint64_t pinned(std::size_t shard = 0) const;
  static std::uint64_t pinned_by(const PinCounters& pins);
  /// All that the shard has counted; good when it is closed, too.
  const ShardCounters& counted(std::size_t shard = 0) const {
    return static_cast<const ShardCounters&>(*shared_->all_counters()[shard]);
  }
  const SessionCounters& counters(std::size_t shard = 0) const { return counted(shard).sessions; }
  ServiceShared& shared() { return *shared_; }
  ServiceChanges& changes() { return *changes_; }
  const upstream::mysql::ServerFault& fault() const { return fault_; }
  std::size_t turns() const { return turns_; }
  std::size_t sessions();
  /// Connections of a server that are with sessions, or are being reset.
  std::size_t lent(std::size_t server);
  std::size_t idle(std::size_t server, std::size_t shard = 0);

  /// Another view, as the control thread would publish it.
  void change_view(const std::function<void(upstream::mysql::View&)>& change);

  void turn();
  /// A shard stands still, as if its thread hung.
  void hold_shard(std::size_t i) { held_shard_ = shards_[i].get(); }
  void let_shards_go() { held_shard_ = nullptr; }
  void turn(std::size_t times);
  template <typename Done>
  bool run_until(Done done) {
    return run_until_it_holds([](void* it) -> bool { return (*static_cast<Done*>(it))(); }, &done);
  }
  /// Until nothing is left to do but wait: a while of the stage's own time.
  void rest(Nanos time = 50ms);
  /// `what` happens at the beginning of that turn.
  void at_turn(std::size_t turn, std::function<void()> what);

  /// A client that has logged in, or has been refused.
  TestClient& start_login(ClientLogin login = {}, std::size_t shard = 0);
  TestClient& log_in(ClientLogin login = {}, std::size_t shard = 0);
  TestClient& connect_raw(std::size_t shard = 0);
  /// Until the client has its answers, or has gone.
  bool wait(TestClient& client);
  /// The answer to a command; an incomplete one if the connection ended.
  Answer ask(TestClient& client, ByteView payload);
  Answer ask_query(TestClient& client, ByteView text) { return ask(client, query(text)); }
  bool wait_gone(TestClient& client);

  void for_all_clients(const std::function<void(TestClient&)>& what);
  void close_all();

  /// Everything ends, and nothing is left over.
  void finish();

  std::vector<upstream::ServerSlot> failed_servers;
  std::vector<Event> events;
  std::size_t account_refreshes = 0;
  std::size_t default_refreshes = 0;
  std::size_t told(EventId id) const;
  bool happened(EventId id) const { return told(id) > 0; }
  /// That field of the latest such event.
  std::string told(EventId id, std::string_view field) const;

 private:
  bool run_until_it_holds(bool (*holds)(void*), void* it);
  void make_config(const StageOptions& options);
  void make_view(const StageOptions& options);

  /// What sessions ask servers on their own behalf.
  static void answer_own_questions(ResponderFake& server);

  upstream::mysql::ServerFault fault_;
  Control control_;
  std::shared_ptr<config::Config> config_ = std::make_shared<config::Config>();
  upstream::mysql::ViewPtr view_;
  std::shared_ptr<ServiceChanges> changes_ = std::make_shared<ServiceChanges>();
  std::shared_ptr<ServiceShared> shared_ = std::make_shared<ServiceShared>("orders", make_frontends(changes_));
  std::vector<std::unique_ptr<Shard>> shards_;
  std::vector<net::Address> addresses_;
  std::vector<std::unique_ptr<ResponderFake>> servers_;
  std::vector<std::unique_ptr<TestClient>> clients_;
  std::size_t turns_ = 0;
  std::size_t happens_at_ = 0;
  std::function<void()> happening_;
  bool finished_ = false;
  const Shard* held_shard_ = nullptr;
};

/// A stage and what happens on it. `play` must not depend on what goes well: it asks, and waits for what may not come
/// only by ask(), wait() and rest().
struct Scenario {
  StageOptions options;
  std::function<void(Stage&)> play;
};

/// Plays the scenario once as it is, then with each step of the servers failing in each way.
void for_every_step(const Scenario& scenario);

/// Plays the scenario once as it is, then with its clients leaving, the service closing, and its clients being cut off
/// at each turn.
void for_every_leaf(const Scenario& scenario);

void for_every_step_and_leaf(const Scenario& scenario);

}  // namespace hf::service::mysql::testing
