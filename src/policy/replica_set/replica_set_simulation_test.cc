// Thousands of steps of random observations, also impossible ones; the oracle is the list of promises in replica_set.h.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "base/random.h"
#include "policy/replica_set/replica_set.h"

namespace hf::policy::replica_set {

using health::Health;

namespace {

class Simulation {
 public:
  Simulation(std::uint64_t seed, std::size_t size) : random_(seed), inputs_(size), set_(make_config(size)) {}

  void run(int steps) {
    for (int i = 0; i < steps && !::testing::Test::HasFatalFailure(); ++i) turn(i);
  }
  std::uint64_t elections() const { return elections_; }
  std::uint64_t readers() const { return readers_; }

 private:
  ReplicaSetConfig make_config(std::size_t size) {
    ReplicaSetConfig config;
    config.service = "orders";
    for (std::size_t i = 0; i < size; ++i) {
      config.servers.push_back(
          {"db" + std::to_string(i), "h" + std::to_string(i), 3306, static_cast<std::uint32_t>(random_.below(3))});
    }
    config.reads_fallback_to_primary = random_.below(2) == 0;
    config.slow_start = random_.below(2) == 0 ? 0s : 5s;
    return config;
  }
  bool chance(std::uint64_t percent) { return random_.below(100) < percent; }

  /// One server's facts change at random. Mostly plausible, so that elections happen; sometimes anything at all.
  void disturb(std::size_t i) {
    ServerInput& input = inputs_[i];
    const std::uint64_t health = random_.below(10);
    input.health = health == 0 ? Health::kDown : (health == 1 && !input.observation ? Health::kUnknown : Health::kUp);
    input.suspected = input.health == Health::kUp && chance(15);
    input.admin = chance(8) ? AdminState::kDrained : AdminState::kReady;
    if (input.health != Health::kUp || chance(5)) return;
    ServerObservation seen;
    seen.observed_at = now_;
    seen.server_id = static_cast<std::uint32_t>(chance(3) ? 1 : i + 1);
    seen.read_only = chance(60);
    seen.is_replica = seen.read_only ? chance(90) : chance(15);
    seen.io_thread = chance(80) ? ReplicationThread::kRunning
                                : (chance(50) ? ReplicationThread::kConnecting : ReplicationThread::kStopped);
    seen.sql_running = chance(90);
    seen.source_server_id = static_cast<std::uint32_t>(random_.below(inputs_.size() + 2));
    seen.source_host = "h" + std::to_string(random_.below(inputs_.size() + 1));
    seen.source_port = 3306;
    if (chance(85)) seen.behind_source = Seconds(random_.below(5));
    seen.gtid_binlog_pos = "0-1-" + std::to_string(random_.below(4));
    seen.gtid_current_pos = chance(90) ? "0-1-" + std::to_string(random_.below(4)) : "rubbish";
    input.observation = seen;
  }

  bool up(std::size_t i) const { return inputs_[i].health == Health::kUp && inputs_[i].observation; }
  bool writable(std::size_t i) const { return up(i) && !inputs_[i].observation->read_only; }

  /// Written anew on purpose: not the code under test. Only followers that are beyond doubt: by a server id that is
  /// unique among all that were ever told, which the ids of this simulation are when nobody told a doubled one.
  bool surely_followed(std::size_t i) const {
    std::map<std::uint32_t, int> ids;
    for (const ServerInput& input : inputs_) {
      if (input.observation) ++ids[input.observation->server_id];
    }
    const std::uint32_t id = inputs_[i].observation->server_id;
    for (std::size_t j = 0; j < inputs_.size(); ++j) {
      if (j == i || !up(j)) continue;
      const ServerObservation& seen = *inputs_[j].observation;
      if (seen.is_replica && seen.io_thread != ReplicationThread::kStopped && seen.source_server_id == id &&
          ids[id] == 1) {
        return true;
      }
    }
    return false;
  }

  void turn(int number) {
    now_ = now_ + Millis(random_.below(1500));
    for (std::uint64_t n = random_.below(3); n > 0; --n) disturb(random_.below(inputs_.size()));
    std::optional<std::size_t> appointed;
    if (chance(3)) appointed = random_.below(inputs_.size());
    const ReplicaSet::Outcome outcome = set_.step({inputs_, appointed, now_});
    const ReplicaSetVerdict& verdict = outcome.verdict;
    SCOPED_TRACE("step " + std::to_string(number) + ": " + verdict.reason);
    check_primary(verdict);
    check_servers(verdict);
    for (const Event& event : outcome.events) {
      ASSERT_EQ(unknown_field(event), "") << event_title(*event.type);
      if (event.id() == EventId::kPrimaryElected) ++elections_;
    }
    before_ = verdict;
  }

  void check_primary(const ReplicaSetVerdict& verdict) {
    ASSERT_FALSE(verdict.reason.empty());
    const std::string holder = verdict.primary ? std::to_string(*verdict.primary) : "none";
    const auto [known, first] = holder_of_epoch_.emplace(verdict.epoch, holder);
    ASSERT_EQ(known->second, holder) << "an epoch has one primary";
    ASSERT_EQ(verdict.epoch != before_.epoch, verdict.primary != before_.primary);
    ASSERT_GE(verdict.epoch, before_.epoch);
    if (verdict.primary) { ASSERT_TRUE(writable(*verdict.primary)) << "the primary is up and writable"; }
    if (before_.primary && writable(*before_.primary) && surely_followed(*before_.primary)) {
      ASSERT_EQ(verdict.primary, before_.primary) << "no second primary while the first lives, writes and is followed";
    }
    if (before_.primary && writable(*before_.primary)) {
      ASSERT_TRUE(verdict.primary.has_value()) << "a writable primary may be replaced but is never given up for none";
    }
  }

  void check_servers(const ReplicaSetVerdict& verdict) {
    ASSERT_EQ(verdict.servers.size(), inputs_.size());
    std::size_t lagging = 0;
    std::size_t good = 0;
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      const ServerVerdict& server = verdict.servers[i];
      ASSERT_FALSE(server.reason.empty());
      ASSERT_EQ(server.reader_eligible, server.effective_weight > 0);
      ASSERT_EQ(server.role == Role::kPrimary, verdict.primary == i);
      if (!server.reader_eligible) continue;
      ++readers_;
      ASSERT_TRUE(up(i)) << "readers are up";
      if (verdict.primary == i) {
        ASSERT_TRUE(verdict.reads_on_primary);
        continue;
      }
      ASSERT_NE(inputs_[i].admin, AdminState::kDrained);
      const ServerObservation& seen = *inputs_[i].observation;
      const bool last_resort = inputs_.size() == 1 || server.role == Role::kFormerPrimary;
      if (!last_resort) {
        ASSERT_TRUE(seen.is_replica && seen.sql_running && seen.io_thread != ReplicationThread::kStopped) << i;
        ASSERT_GT(set_.config().servers[i].weight, 0U);
      }
      const bool over = server.lag && *server.lag > set_.config().max_replica_lag;
      ++(over ? lagging : good);
    }
    if (lagging > 0) { ASSERT_EQ(good, 0U) << "a lagging reader only where no better one is"; }
    if (verdict.reads_on_primary) { ASSERT_EQ(good + lagging, 0U); }
  }

  Random random_;
  TimePoint now_;
  std::vector<ServerInput> inputs_;
  ReplicaSet set_;
  ReplicaSetVerdict before_;
  std::map<std::uint64_t, std::string> holder_of_epoch_;
  std::uint64_t elections_ = 0;
  std::uint64_t readers_ = 0;
};

TEST(ReplicaSetSimulation, KeepsItsPromisesWhateverIsObserved) {
  std::uint64_t elections = 0;
  std::uint64_t readers = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Simulation simulation(seed, 1 + seed % 6);
    simulation.run(1000);
    if (HasFatalFailure()) return;
    elections += simulation.elections();
    readers += simulation.readers();
  }
  EXPECT_GT(elections, 1000U) << "the simulation must reach the interesting states";
  EXPECT_GT(readers, 10000U);
}

}  // namespace
}  // namespace hf::policy::replica_set
