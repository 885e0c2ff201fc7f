// Judge: a MySQL service's servers as a replica set: who is primary, who serves reads and with what weight, what
// clients are greeted with.
//
// Owner: the ServiceWatcher. Thread: the control thread's.
#pragma once

#include <memory>
#include <optional>

#include "check/mysql_check.h"
#include "policy/replica_set/replica_set.h"
#include "topology/judge.h"
#include "topology/mysql/readings.h"

namespace hf::topology::mysql {

class Judge final : public topology::Judge {
 public:
  explicit Judge(Bench& bench) : bench_(bench), readings_(bench) {}

  void meet(WatchedServer& server) override;
  void configure() override;
  std::shared_ptr<upstream::ServiceView> judge(upstream::ServiceView seen) override;
  void describe(ServiceReport& report) const override;
  bool ready() const override { return readings_.ready(); }
  void looked(const WatchedServer& server) override;
  runtime::Task<void> read(WatchedServer* server) override { return readings_.read(server); }
  Deadline next_reading(const WatchedServer& server) const override { return readings_.next(server); }
  void settle_questions() override { readings_.settle(); }
  void refresh(std::uint32_t subject, upstream::Refresh& asked) override;

 private:
  Bench& bench_;
  std::unique_ptr<policy::replica_set::ReplicaSet> replica_set_;
  std::optional<policy::replica_set::ReplicaSetVerdict> verdict_;
  std::optional<upstream::ServerSlot> primary_;
  check::ServerGreeting greeting_;  // what clients see: the primary's, or the first server's that answers
  Readings readings_;
};

std::unique_ptr<topology::Judge> make_judge(Bench& bench);

}  // namespace hf::topology::mysql
