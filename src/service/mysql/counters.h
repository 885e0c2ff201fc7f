// Counters of MySQL's sessions on one shard, beside those of any protocol.
#pragma once

#include <array>

#include "base/latency_histogram.h"
#include "policy/session/hold_reason.h"
#include "service/counters.h"
#include "service/mysql/account_tally.h"

namespace hf::service::mysql {

struct SessionCounters {
  Counter login_failures;
  Counter statements;
  Counter reads_on_replicas;
  Counter reads_on_primary;
  Counter writes;
  Counter retried_reads;
  Counter rerouted;
  Counter held;
  Counter hold_timeouts;
  Counter lost_errors;
  Counter state_restores;
  Counter restore_statements;
  Counter connection_resets;
  Counter statements_reprepared;
  Counter reads_repeated;
};

inline constexpr CounterRow<SessionCounters> kSessionCounters[] = {
    {{"login_failures", CounterKind::kCounter, "Failed logins of clients."}, &SessionCounters::login_failures},
    {{"statements", CounterKind::kCounter, "Statements of clients."}, &SessionCounters::statements},
    {{"reads_on_replicas", CounterKind::kCounter, "Reads run on replicas."}, &SessionCounters::reads_on_replicas},
    {{"reads_on_primary", CounterKind::kCounter, "Reads run on the primary."}, &SessionCounters::reads_on_primary},
    {{"writes", CounterKind::kCounter, "Statements that had to run on the primary."}, &SessionCounters::writes},
    {{"retried_reads", CounterKind::kCounter, "Reads run again on another server after theirs failed."},
     &SessionCounters::retried_reads},
    {{"rerouted", CounterKind::kCounter, "Statements that a replica refused as writes and that ran on the primary."},
     &SessionCounters::rerouted},
    {{"held", CounterKind::kCounter, "Statements that waited for a primary or a connection."}, &SessionCounters::held},
    {{"hold_timeouts", CounterKind::kCounter, "Statements that waited in vain."}, &SessionCounters::hold_timeouts},
    {{"lost_errors", CounterKind::kCounter, "Clients told that the connection to the server was lost."},
     &SessionCounters::lost_errors},
    {{"state_restores", CounterKind::kCounter, "Pooled connections that were given a session's state."},
     &SessionCounters::state_restores},
    {{"restore_statements", CounterKind::kCounter,
      "Commands sent to pooled connections to give them a session's state."},
     &SessionCounters::restore_statements},
    {{"connection_resets", CounterKind::kCounter,
      "Connections made clean by COM_RESET_CONNECTION of what a session had left."},
     &SessionCounters::connection_resets},
    {{"statements_reprepared", CounterKind::kCounter,
      "Prepared statements prepared again on a connection that did not have them."},
     &SessionCounters::statements_reprepared},
    {{"reads_repeated", CounterKind::kCounter,
      "Reads repeated unseen: on the primary, for what they had left behind on a replica, or for the count of a failed "
      "one."},
     &SessionCounters::reads_repeated},
};
static_assert(covers(kSessionCounters));

/// What statements did on one server.
struct StatementCounters {
  Counter statements;
  Counter lost;
};

inline constexpr CounterRow<StatementCounters> kStatementCounters[] = {
    {{"statements", CounterKind::kCounter, "Statements given to the server."}, &StatementCounters::statements},
    {{"connections_lost", CounterKind::kCounter, "Connections that broke while in use."}, &StatementCounters::lost},
};
static_assert(covers(kStatementCounters));

/// Pins by policy::session::PinReason.
struct PinCounters {
  std::array<Counter, policy::session::kPinReasons> now;
  std::array<Counter, policy::session::kPinReasons> made;
};

struct ShardCounters final : service::ShardCounters {
  SessionCounters sessions;
  PerServer<StatementCounters> statements;
  PinCounters pins;
  AccountTally accounts;
  LatencyHistogram latency;  // of a statement, from its arrival to the end of its reply

  void add_to(ServiceTotals& totals) const override;
  void add_server_to(std::size_t slot, CounterTotals& totals) const override;
};

}  // namespace hf::service::mysql
