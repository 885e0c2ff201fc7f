#include "policy/replica_set/replica_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace hf::policy::replica_set {

using health::Health;

namespace {

constexpr auto kRunning = ReplicationThread::kRunning;
constexpr auto kConnecting = ReplicationThread::kConnecting;
constexpr auto kStopped = ReplicationThread::kStopped;

/// A set of db1, db2, … that a test arranges and then steps. Server i has id i + 1 and address 10.0.0.(i+1):3306.
class Set {
 public:
  explicit Set(std::size_t size) : inputs(size), set_(make_config(size)) {}

  static ReplicaSetConfig make_config(std::size_t size) {
    ReplicaSetConfig config;
    config.service = "orders";
    for (std::size_t i = 0; i < size; ++i) {
      config.servers.push_back({"db" + std::to_string(i + 1), "10.0.0." + std::to_string(i + 1), 3306, 1});
    }
    return config;
  }
  void configure(const ReplicaSetConfig& config) { set_.reconfigure(config); }
  ReplicaSetConfig config() const { return set_.config(); }

  ServerObservation& see(std::size_t i) {
    ServerInput& input = inputs[i];
    input.health = Health::kUp;
    if (!input.observation) input.observation.emplace();
    input.observation->server_id = static_cast<std::uint32_t>(i + 1);
    return *input.observation;
  }
  Set& primary(std::size_t i) {
    ServerObservation& seen = see(i);
    seen.read_only = false;
    seen.is_replica = false;
    return *this;
  }
  Set& standalone(std::size_t i) {
    ServerObservation& seen = see(i);
    seen.read_only = true;
    seen.is_replica = false;
    return *this;
  }
  Set& replica(std::size_t i, std::size_t source, Nanos lag = 0s) {
    ServerObservation& seen = see(i);
    seen.read_only = true;
    seen.is_replica = true;
    seen.io_thread = kRunning;
    seen.sql_running = true;
    seen.source_server_id = static_cast<std::uint32_t>(source + 1);
    seen.source_host = "10.0.0." + std::to_string(source + 1);
    seen.source_port = 3306;
    seen.behind_source = lag;
    return *this;
  }
  Set& connecting(std::size_t i) {
    see(i).io_thread = kConnecting;
    see(i).behind_source.reset();
    return *this;
  }
  Set& down(std::size_t i) {
    inputs[i].health = Health::kDown;
    inputs[i].suspected = false;
    inputs[i].check_reason = "connection refused";
    return *this;
  }
  Set& drain(std::size_t i) {
    inputs[i].admin = AdminState::kDrained;
    return *this;
  }
  const ReplicaSetVerdict& step(Nanos after = 1s) {
    now = now + after;
    for (ServerInput& input : inputs) {
      if (input.health == Health::kUp && input.observation) input.observation->observed_at = now;
    }
    outcome = set_.step(ReplicaSetInput{inputs, appointed, now});
    for (const Event& event : outcome.events) {
      EXPECT_EQ(unknown_field(event), "") << event_title(*event.type);
      EXPECT_EQ(event.field("service"), "orders");
    }
    for (const ServerVerdict& server : outcome.verdict.servers) EXPECT_FALSE(server.reason.empty());
    return outcome.verdict;
  }
  std::vector<EventId> events() const {
    std::vector<EventId> ids;
    for (const Event& event : outcome.events) ids.push_back(event.id());
    return ids;
  }
  bool told(EventId id) const {
    const auto ids = events();
    return std::ranges::find(ids, id) != ids.end();
  }
  std::string readers() const {
    std::string out;
    for (std::size_t i = 0; i < outcome.verdict.servers.size(); ++i) {
      if (outcome.verdict.servers[i].reader_eligible) out += std::to_string(i + 1);
    }
    return out;
  }

  std::vector<ServerInput> inputs;
  std::optional<std::size_t> appointed;
  TimePoint now;
  ReplicaSet::Outcome outcome;

 private:
  ReplicaSet set_;
};

Set healthy_three() {
  Set set(3);
  set.primary(0).replica(1, 0).replica(2, 0).step();
  return set;
}

TEST(ReplicaSet, OnePrimaryAndItsReplicas) {
  Set set = healthy_three();
  const ReplicaSetVerdict& verdict = set.outcome.verdict;
  EXPECT_EQ(verdict.primary, 0U);
  EXPECT_EQ(verdict.epoch, 1U);
  EXPECT_EQ(set.readers(), "23");
  EXPECT_FALSE(verdict.reads_on_primary);
  EXPECT_EQ(verdict.servers[0].role, Role::kPrimary);
  EXPECT_EQ(verdict.servers[1].role, Role::kReplica);
  EXPECT_EQ(verdict.servers[1].effective_weight, kWeightUnit);
  EXPECT_EQ(verdict.servers[1].lag, Nanos{0});
  EXPECT_EQ(set.events(), std::vector{EventId::kPrimaryElected});
  set.step();
  EXPECT_TRUE(set.events().empty());
  EXPECT_EQ(set.outcome.verdict.epoch, 1U);
}

TEST(ReplicaSet, NobodyIsElectedBeforeAllHaveBeenChecked) {
  Set set(2);
  set.primary(1);
  EXPECT_EQ(set.step().primary, std::nullopt);
  EXPECT_EQ(set.outcome.verdict.reason, "not yet checked: db1");
  EXPECT_TRUE(set.events().empty());
  set.down(0);
  EXPECT_EQ(set.step().primary, 1U);
}

TEST(ReplicaSet, TheOnlyServerIsPrimaryAndReader) {
  Set set(1);
  EXPECT_EQ(set.primary(0).step().primary, 0U);
  EXPECT_TRUE(set.outcome.verdict.reads_on_primary);
  EXPECT_EQ(set.readers(), "1");
  set.standalone(0).step();
  EXPECT_EQ(set.outcome.verdict.primary, std::nullopt);
  EXPECT_EQ(set.readers(), "1") << "a direct connection could read, too";
}

TEST(ReplicaSet, AllReadOnlyIsNoPrimaryWithAReason) {
  Set set(2);
  set.standalone(0).replica(1, 0).step();
  EXPECT_EQ(set.outcome.verdict.primary, std::nullopt);
  EXPECT_EQ(set.outcome.verdict.reason, "every reachable server is read-only (db1, db2)");
  EXPECT_TRUE(set.told(EventId::kNoPrimary));
  set.step();
  EXPECT_FALSE(set.told(EventId::kNoPrimary)) << "said once";
}

TEST(ReplicaSet, ThePrimaryIsHeldWhileMerelySuspected) {
  Set set = healthy_three();
  set.inputs[0].suspected = true;
  EXPECT_EQ(set.step().primary, 0U);
  EXPECT_TRUE(set.outcome.verdict.primary_suspected);
  EXPECT_EQ(set.outcome.verdict.epoch, 1U);
  set.down(0).step();
  EXPECT_EQ(set.outcome.verdict.primary, std::nullopt);
  EXPECT_EQ(set.outcome.verdict.epoch, 2U);
  EXPECT_EQ(set.outcome.verdict.reason, "the primary db1 is down: connection refused");
  EXPECT_EQ(set.outcome.verdict.servers[0].role, Role::kFormerPrimary);
  EXPECT_EQ(set.outcome.events[0].id(), EventId::kPrimaryLost);
  EXPECT_EQ(set.outcome.events[0].field("server"), "db1");
  set.primary(0).step();
  EXPECT_EQ(set.outcome.verdict.primary, 0U);
  EXPECT_EQ(set.outcome.verdict.epoch, 3U);
}

TEST(ReplicaSet, ReplicasOfADeadPrimaryStayReadersHoweverLong) {
  Set set = healthy_three();
  set.down(0).connecting(1).connecting(2);
  for (int i = 0; i < 100; ++i) set.step(10s);
  EXPECT_EQ(set.readers(), "23");
  EXPECT_NE(set.outcome.verdict.servers[1].reason.find("nothing new to fall behind"), std::string::npos);
}

TEST(ReplicaSet, AReplicaThatRestartsWhileThePrimaryIsDeadReadsOnlyWithAllItsData) {
  Set set = healthy_three();
  set.see(0).gtid_binlog_pos = "0-1-100";
  set.step();
  set.down(0).down(1).connecting(2).step();
  EXPECT_EQ(set.readers(), "3");
  set.replica(1, 0).connecting(1);
  set.see(1).gtid_current_pos = "0-1-99";
  set.step(60s);
  EXPECT_EQ(set.readers(), "3");
  set.see(1).gtid_current_pos = "0-1-100";
  set.step();
  EXPECT_EQ(set.readers(), "23");
}

TEST(ReplicaSet, AReplicaCutOffFromALivePrimaryAgesByTheClock) {
  Set set = healthy_three();
  set.connecting(1).step(1s);
  EXPECT_EQ(set.readers(), "23");
  EXPECT_EQ(set.outcome.verdict.servers[1].lag, Nanos{1s});
  set.step(1s);
  EXPECT_EQ(set.readers(), "23");
  set.step(1s);
  EXPECT_EQ(set.readers(), "3") << "3 s since its lag was known to be 0, limit 2 s";
  EXPECT_TRUE(set.told(EventId::kReplicaLagOut));
}

TEST(ReplicaSet, LagGoesOutAboveTheLimitAndBackBelowHalfOfIt) {
  Set set = healthy_three();
  const auto with_lag = [&set](Nanos lag) {
    set.replica(1, 0, lag).step();
    return set.readers();
  };
  EXPECT_EQ(with_lag(2s), "23");
  EXPECT_EQ(with_lag(3s), "3");
  EXPECT_TRUE(set.told(EventId::kReplicaLagOut));
  EXPECT_EQ(set.outcome.verdict.servers[1].reason, "replica of db1, 3s behind, over the limit of 2s");
  EXPECT_EQ(with_lag(2s), "3");
  EXPECT_TRUE(set.events().empty());
  EXPECT_EQ(with_lag(1500ms), "3");
  EXPECT_EQ(with_lag(1s), "23");
  EXPECT_TRUE(set.told(EventId::kReplicaLagIn));
  EXPECT_EQ(with_lag(2s), "23");
}

TEST(ReplicaSet, UnknownLagIsNotEligible) {
  Set set = healthy_three();
  set.see(1).behind_source.reset();
  set.step();
  EXPECT_EQ(set.readers(), "3");
}

TEST(ReplicaSet, WithoutAReplicaReadsFallBackToThePrimary) {
  Set set = healthy_three();
  set.replica(1, 0, 9s).replica(2, 0, 5s).step();
  EXPECT_TRUE(set.outcome.verdict.reads_on_primary);
  EXPECT_EQ(set.readers(), "1");
  EXPECT_TRUE(set.told(EventId::kReadersNone));
  set.replica(2, 0, 0s).step();
  EXPECT_FALSE(set.outcome.verdict.reads_on_primary);
  EXPECT_EQ(set.readers(), "3");
  EXPECT_TRUE(set.told(EventId::kReadersBack));
}

TEST(ReplicaSet, WithoutFallbackOneLagSpikeNeverTakesAllReplicasOut) {
  Set set = healthy_three();
  ReplicaSetConfig config = set.config();
  config.reads_fallback_to_primary = false;
  set.configure(config);
  set.replica(1, 0, 9s).replica(2, 0, 5s).step();
  EXPECT_EQ(set.readers(), "3") << "the least lagging";
  EXPECT_NE(set.outcome.verdict.servers[2].reason.find("no other server can do better"), std::string::npos);
  set.replica(1, 0, 0s).step();
  EXPECT_EQ(set.readers(), "2");
}

TEST(ReplicaSet, AStoppedReplicationThreadTakesOutAtOnce) {
  Set set = healthy_three();
  set.see(1).sql_running = false;
  set.see(1).replication_error = "Duplicate entry '7'";
  set.step();
  EXPECT_EQ(set.readers(), "3");
  EXPECT_TRUE(set.told(EventId::kReplicationStopped));
  EXPECT_EQ(set.outcome.verdict.servers[1].reason, "the replication SQL thread is stopped on db2: Duplicate entry '7'");
  EXPECT_EQ(set.outcome.verdict.servers[1].role, Role::kReplica);
  set.see(1).sql_running = true;
  set.see(1).io_thread = kStopped;
  set.step();
  EXPECT_EQ(set.readers(), "3");
  set.see(1).io_thread = kRunning;
  set.step();
  EXPECT_EQ(set.readers(), "23");
  EXPECT_TRUE(set.told(EventId::kReplicationRunning));
}

TEST(ReplicaSet, ARebootedServerWithoutReplicationIsNoReader) {
  Set set = healthy_three();
  set.standalone(1).step();
  EXPECT_EQ(set.readers(), "3");
  EXPECT_EQ(set.outcome.verdict.servers[1].role, Role::kStandalone);
  EXPECT_TRUE(set.told(EventId::kRoleChanged));
}

TEST(ReplicaSet, AReplicaOfSomebodyElseIsNoReader) {
  Set set = healthy_three();
  set.see(1).source_server_id = 99;
  set.see(1).source_host = "elsewhere";
  set.step();
  EXPECT_EQ(set.readers(), "3");
  EXPECT_EQ(set.outcome.verdict.servers[1].role, Role::kForeignReplica);
  EXPECT_EQ(set.outcome.verdict.servers[1].reason, "db2 replicates from elsewhere:3306, not from db1");
}

TEST(ReplicaSet, ChainsCountWithTheSumOfTheirLags) {
  Set set(3);
  set.primary(0).replica(1, 0, 1s).replica(2, 1, 1s).step();
  EXPECT_EQ(set.readers(), "23");
  EXPECT_EQ(set.outcome.verdict.servers[2].lag, Nanos{2s});
  set.replica(1, 0, 2s).step();
  EXPECT_EQ(set.readers(), "2") << "3 s in sum";
  set.replica(1, 0, 0s).replica(2, 1, 0s).step();
  EXPECT_EQ(set.readers(), "23");
  set.see(1).sql_running = false;
  set.step();
  EXPECT_EQ(set.outcome.verdict.servers[2].reason, "the replication SQL thread is stopped on db2");
  EXPECT_EQ(set.readers(), "1") << "what comes after a stopped link is old though it says 0";
}

TEST(ReplicaSet, SourcesAreRecognisedByAddressWhenIdsDoNotTell) {
  Set set(2);
  set.primary(0).replica(1, 0);
  set.see(1).source_server_id = 0;
  EXPECT_EQ(set.step().primary, 0U);
  EXPECT_EQ(set.readers(), "2");
}

TEST(ReplicaSet, TheWritableServerWithFollowersWins) {
  Set set(3);
  set.primary(0).primary(1).replica(2, 1).step();
  EXPECT_EQ(set.outcome.verdict.primary, 1U);
  EXPECT_EQ(set.outcome.verdict.servers[0].role, Role::kRival);
  EXPECT_FALSE(set.outcome.verdict.servers[0].reader_eligible);
  ASSERT_TRUE(set.told(EventId::kTwoWritableServers));
  set.step();
  EXPECT_FALSE(set.told(EventId::kTwoWritableServers)) << "said once";
}

TEST(ReplicaSet, TheCurrentPrimaryKeepsTheOfficeInATie) {
  Set set = healthy_three();
  set.primary(1).step();
  EXPECT_EQ(set.outcome.verdict.primary, 0U);
  EXPECT_TRUE(set.told(EventId::kTwoWritableServers));
  set.primary(2).step();
  EXPECT_EQ(set.outcome.verdict.primary, 0U) << "nobody follows anybody";
  set.replica(2, 1).step();
  EXPECT_EQ(set.outcome.verdict.primary, 1U) << "now only db2 has followers";
  EXPECT_EQ(set.outcome.verdict.epoch, 2U);
}

TEST(ReplicaSet, TwoEqualsAreNobodyUntilTheOperatorDrainsOne) {
  Set set(2);
  set.primary(0).primary(1).step();
  EXPECT_EQ(set.outcome.verdict.primary, std::nullopt);
  EXPECT_TRUE(set.told(EventId::kTwoWritableServers));
  EXPECT_EQ(set.outcome.verdict.reason,
            "several servers are writable and nobody replicates from any of them: db1, db2");
  set.drain(0);
  EXPECT_EQ(set.step().primary, 1U);
}

TEST(ReplicaSet, TwoWritableServersWithFollowersEachAreNobody) {
  Set set(4);
  set.primary(0).primary(1).replica(2, 0).replica(3, 1).step();
  EXPECT_EQ(set.outcome.verdict.primary, std::nullopt);
}

TEST(ReplicaSet, AReplicaThatLacksReadOnlyIsNeverPromotedByAccident) {
  Set set(2);
  set.primary(0).replica(1, 0);
  set.see(1).read_only = false;
  set.step();
  EXPECT_EQ(set.outcome.verdict.primary, 0U);
  EXPECT_EQ(set.readers(), "2");
  EXPECT_TRUE(set.told(EventId::kTwoWritableServers)) << "whoever writes there is not replicated to the others";
  set.down(0).connecting(1).step();
  EXPECT_EQ(set.outcome.verdict.primary, std::nullopt);
  set.see(1).io_thread = kStopped;
  set.see(1).sql_running = false;
  set.step();
  EXPECT_EQ(set.outcome.verdict.primary, std::nullopt);
  set.see(1).is_replica = false;
  set.step();
  EXPECT_EQ(set.outcome.verdict.primary, 1U) << "RESET SLAVE ALL and read_only=0 make it a primary";
}

TEST(ReplicaSet, AfterARestartAWritableReplicaOfAnUnknownServerIsNotTrusted) {
  Set set(2);
  set.down(0).replica(1, 0).connecting(1);
  set.see(1).read_only = false;
  set.see(1).source_server_id = 0;
  set.see(1).source_host = "db-one.internal";
  EXPECT_EQ(set.step().primary, std::nullopt);
}

TEST(ReplicaSet, AnUnfollowedSuccessorMustHaveAllTransactionsOfTheFormerPrimary) {
  Set set(2);
  set.primary(0).replica(1, 0);
  set.see(0).gtid_binlog_pos = "0-1-105";
  set.step();
  set.down(0).primary(1);
  set.see(1).gtid_current_pos = "0-1-103";
  set.step();
  EXPECT_EQ(set.outcome.verdict.primary, std::nullopt);
  EXPECT_EQ(
      set.outcome.verdict.reason,
      "db2 is writable, but db2 is at 0-1-103 and may lack transactions of db1, last seen at 0-1-105; to accept it all "
      "the same, drain db1");
  set.see(1).gtid_current_pos = "0-1-105";
  set.step();
  EXPECT_EQ(set.outcome.verdict.primary, 1U);
}

TEST(ReplicaSet, DrainingTheDeadPrimaryAcceptsASuccessorThatLacksTransactions) {
  Set set(2);
  set.primary(0).replica(1, 0);
  set.see(0).gtid_binlog_pos = "0-1-105";
  set.step();
  set.down(0).primary(1).drain(0);
  set.see(1).gtid_current_pos = "0-1-103";
  EXPECT_EQ(set.step().primary, 1U);
}

TEST(ReplicaSet, AnUnfollowedServerIsNotElectedWhileOthersReplicateFromElsewhere) {
  Set set = healthy_three();
  set.down(0).primary(1).connecting(2).step();
  EXPECT_EQ(set.outcome.verdict.primary, std::nullopt);
  EXPECT_NE(set.outcome.verdict.reason.find("db3 replicates from db1"), std::string::npos);
  set.replica(2, 1).step();
  EXPECT_EQ(set.outcome.verdict.primary, 1U);
  EXPECT_EQ(set.readers(), "3");
}

TEST(ReplicaSet, AnAppointedServerIsElectedWithoutFollowers) {
  Set set = healthy_three();
  set.down(0).primary(1).connecting(2);
  set.appointed = 1;
  EXPECT_EQ(set.step().primary, 1U);
  EXPECT_EQ(set.readers(), "2") << "db3 does not follow it yet";
}

TEST(ReplicaSet, AnAppointmentDoesNotTakeTheOfficeFromALivePrimaryWithFollowers) {
  Set set = healthy_three();
  set.primary(1);
  set.appointed = 1;
  EXPECT_EQ(set.step().primary, 0U);
  set.see(0).read_only = true;
  EXPECT_EQ(set.step().primary, 1U);
  set.appointed = 2;
  set.step();
  EXPECT_EQ(set.outcome.verdict.primary, 1U) << "a read-only server cannot be the primary whoever appoints it";
}

TEST(ReplicaSet, ARingWithOneReadOnlyHalfHasThePrimaryInTheOther) {
  Set set(2);
  set.replica(0, 1).replica(1, 0);
  set.see(0).read_only = false;
  set.step();
  EXPECT_EQ(set.outcome.verdict.primary, 0U);
  EXPECT_EQ(set.readers(), "2");
  set.see(0).read_only = true;
  set.see(1).read_only = false;
  set.step();
  EXPECT_EQ(set.outcome.verdict.primary, 1U);
  EXPECT_EQ(set.readers(), "1");
}

TEST(ReplicaSet, AReturningFormerPrimaryIsARivalUntilItReplicates) {
  Set set = healthy_three();
  set.down(0).primary(1).replica(2, 1).step();
  EXPECT_EQ(set.outcome.verdict.primary, 1U);
  set.primary(0).step();
  EXPECT_EQ(set.outcome.verdict.primary, 1U);
  EXPECT_EQ(set.outcome.verdict.servers[0].role, Role::kRival);
  EXPECT_TRUE(set.told(EventId::kTwoWritableServers));
  EXPECT_EQ(set.readers(), "3");
  set.replica(0, 1).step();
  EXPECT_EQ(set.outcome.verdict.servers[0].role, Role::kReplica);
  EXPECT_EQ(set.readers(), "13");
}

TEST(ReplicaSet, DrainedAndWeightlessServersGetNoReads) {
  Set set = healthy_three();
  set.drain(1).step();
  EXPECT_EQ(set.readers(), "3");
  EXPECT_EQ(set.outcome.verdict.servers[1].role, Role::kReplica);
  EXPECT_TRUE(set.events().empty());
  ReplicaSetConfig config = set.config();
  config.servers[2].weight = 0;
  set.configure(config);
  set.step();
  EXPECT_EQ(set.readers(), "1");
}

TEST(ReplicaSet, ADrainedPrimaryStillTakesTheWrites) {
  Set set = healthy_three();
  set.drain(0).step();
  EXPECT_EQ(set.outcome.verdict.primary, 0U);
  EXPECT_NE(set.outcome.verdict.servers[0].reason.find("drained, but nobody else may take the writes"),
            std::string::npos);
}

TEST(ReplicaSet, AReturningServerStartsSlowlyButNotAtProcessStart) {
  Set set(3);
  ReplicaSetConfig config = set.config();
  config.slow_start = 10s;
  config.servers[1].weight = 4;
  set.configure(config);
  set.primary(0).replica(1, 0).replica(2, 0).step();
  EXPECT_EQ(set.outcome.verdict.servers[1].effective_weight, 4 * kWeightUnit);
  set.down(1).step();
  EXPECT_EQ(set.outcome.verdict.servers[1].effective_weight, 0U);
  set.replica(1, 0).step();
  EXPECT_TRUE(set.told(EventId::kServerSlowStart));
  EXPECT_EQ(set.outcome.verdict.servers[1].effective_weight, 1U);
  set.step(5s);
  EXPECT_EQ(set.outcome.verdict.servers[1].effective_weight, 2 * kWeightUnit);
  EXPECT_FALSE(set.told(EventId::kServerSlowStart));
  set.step(5s);
  EXPECT_EQ(set.outcome.verdict.servers[1].effective_weight, 4 * kWeightUnit);
}

TEST(ReplicaSet, DuringASwitchoverTheReadOnlyFormerPrimaryServesReadsIfNobodyElseCan) {
  Set set(2);
  set.primary(0).replica(1, 0).step();
  set.standalone(0).down(1).step();
  EXPECT_EQ(set.outcome.verdict.primary, std::nullopt);
  EXPECT_EQ(set.outcome.verdict.reason, "the primary db1 has become read-only");
  EXPECT_EQ(set.readers(), "1");
}

TEST(ReplicaSet, AfterARestartInAnOutageTheReplicasOfTheDeadServerStillServeReads) {
  Set set(3);
  set.down(0).replica(1, 0).replica(2, 0).connecting(1).connecting(2).step();
  EXPECT_EQ(set.outcome.verdict.primary, std::nullopt);
  EXPECT_EQ(set.readers(), "23");
}

TEST(ReplicaSet, AReloadKeepsWhatIsKnownByName) {
  Set set = healthy_three();
  ReplicaSetConfig config = set.config();
  std::swap(config.servers[0], config.servers[2]);
  std::swap(set.inputs[0], set.inputs[2]);
  set.configure(config);
  EXPECT_EQ(set.step().primary, 2U);
  EXPECT_EQ(set.outcome.verdict.epoch, 1U);
  EXPECT_TRUE(set.events().empty());
}

TEST(ReplicaSet, AReloadThatRemovesThePrimaryEndsItsEpoch) {
  Set set = healthy_three();
  ReplicaSetConfig config = set.config();
  config.servers.erase(config.servers.begin());
  set.inputs.erase(set.inputs.begin());
  set.configure(config);
  EXPECT_EQ(set.step().primary, std::nullopt);
  EXPECT_EQ(set.outcome.verdict.epoch, 2U);
  ASSERT_TRUE(set.told(EventId::kPrimaryLost));
  EXPECT_EQ(set.outcome.events[0].field("server"), "db1");
}

}  // namespace
}  // namespace hf::policy::replica_set
