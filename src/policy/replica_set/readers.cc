#include "policy/replica_set/readers.h"

#include <algorithm>
#include <utility>

#include "policy/replica_set/gtid.h"

namespace hf::policy::replica_set {

using health::Health;

bool replicates_from(const SetView& view, std::size_t i, std::size_t anchor) {
  std::optional<std::size_t> at = view.source(i);
  for (std::size_t hops = 0; hops < view.size() && at; ++hops) {
    if (*at == anchor) return i != anchor;
    at = view.source(*at);
  }
  return false;
}

namespace {

ReaderJudgement refuse(ReaderFault fault, std::string reason) {
  return ReaderJudgement{.fault = fault, .lag = {}, .lag_is_told = false, .reason = std::move(reason)};
}

/// The way from a replica to the anchor.
struct Chain {
  bool connected = true;     // every link runs
  std::optional<Nanos> lag;  // summed; nothing when one link does not tell
  ReaderFault fault = ReaderFault::kNone;
  std::string problem;  // text of `fault`
};

std::string stopped_text(const SetView& view, std::size_t i) {
  const ServerObservation& seen = *view.node(i).seen;
  const char* what =
      seen.sql_running ? "the replication IO thread is stopped" : "the replication SQL thread is stopped";
  std::string text = std::string(what) + " on " + view.name(i);
  if (!seen.replication_error.empty()) text += ": " + seen.replication_error;
  return text;
}

Chain broken(ReaderFault fault, std::string problem) {
  Chain chain;
  chain.fault = fault;
  chain.problem = std::move(problem);
  return chain;
}

Chain follow(const SetView& view, std::size_t replica, std::size_t anchor) {
  Chain chain;
  chain.lag = Nanos{0};
  std::size_t at = replica;
  for (std::size_t hops = 0; hops < view.size(); ++hops) {
    const ServerObservation& seen = *view.node(at).seen;
    if (!seen.is_replica) return broken(ReaderFault::kNotReplica, view.name(at) + " does not replicate");
    if (!seen.sql_running || seen.io_thread == ReplicationThread::kStopped) {
      return broken(ReaderFault::kThreads, stopped_text(view, at));
    }
    if (seen.io_thread != ReplicationThread::kRunning) chain.connected = false;
    const bool told = seen.behind_source && chain.connected;
    chain.lag = told && chain.lag ? std::optional(*chain.lag + std::max(*seen.behind_source, Nanos{0})) : std::nullopt;
    const auto source = view.source(at);
    const bool reaches =
        source && (*source == anchor || view.node(*source).seen != nullptr || replicates_from(view, *source, anchor));
    if (!reaches) {
      return broken(ReaderFault::kNotReplica,
                    view.name(at) + " replicates from " + view.source_text(at) + ", not from " + view.name(anchor));
    }
    if (*source == anchor || view.node(*source).seen == nullptr) {
      if (*source != anchor) {
        chain.connected = false;
        chain.lag.reset();
      }
      return chain;
    }
    at = *source;
  }
  return broken(ReaderFault::kNotReplica,
                view.name(replica) + " replicates in a ring that does not reach " + view.name(anchor));
}

bool has_all_of(const SetView& view, std::size_t replica, std::size_t anchor) {
  const ServerObservation* source = view.node(anchor).last;
  if (source == nullptr) return false;
  const auto wanted = GtidPosition::parse(source->gtid_binlog_pos);
  const auto have = GtidPosition::parse(view.node(replica).seen->gtid_current_pos);
  return wanted && have && !wanted->gtids().empty() && have->contains(*wanted);
}

std::optional<ReaderJudgement> judge_availability(const SetView& view, std::size_t i) {
  const Node& node = view.node(i);
  if (node.drained) return refuse(ReaderFault::kNotAvailable, "drained by an operator");
  if (view.config().servers[i].weight == 0) return refuse(ReaderFault::kNotAvailable, "its weight is 0");
  if (node.health == Health::kUnknown) return refuse(ReaderFault::kNotAvailable, "not yet checked");
  if (node.health == Health::kDown) {
    const bool known = node.check_reason != nullptr && !node.check_reason->empty();
    return refuse(ReaderFault::kNotAvailable, "down" + (known ? ": " + *node.check_reason : std::string()));
  }
  if (node.seen == nullptr) return refuse(ReaderFault::kNotAvailable, "up, but its role is not known");
  return std::nullopt;
}

bool within_limit(Nanos lag, const ReaderMemory& memory, Nanos limit) {
  return memory.lag_out ? lag <= limit / 2 : lag <= limit;
}

std::string lag_text(Nanos lag) { return format_duration(lag) + " behind"; }

void judge_lag(const SetView& view, const ReaderMemory& memory, ReaderJudgement& judgement) {
  const Nanos limit = view.config().max_replica_lag;
  if (!judgement.lag) {
    judgement.fault = ReaderFault::kLag;
    judgement.reason = "its lag is not known";
    return;
  }
  judgement.reason = lag_text(*judgement.lag);
  if (within_limit(*judgement.lag, memory, limit)) return;
  judgement.fault = ReaderFault::kLag;
  judgement.reason += memory.lag_out && *judgement.lag <= limit
                          ? ", waits until it is within half of the limit of " + format_duration(limit)
                          : ", over the limit of " + format_duration(limit);
}

}  // namespace

std::optional<std::size_t> find_anchor(const SetView& view, std::optional<std::size_t> primary,
                                       std::optional<std::size_t> former) {
  if (primary) return primary;
  if (former) return former;
  std::optional<std::size_t> anchor;
  for (std::size_t i = 0; i < view.size(); ++i) {
    if (view.node(i).seen == nullptr) continue;
    std::size_t root = i;
    for (std::size_t hops = 0; hops < view.size() && view.source(root) && view.node(root).seen != nullptr; ++hops) {
      root = *view.source(root);
    }
    const bool fits = view.node(root).seen == nullptr && (!anchor || *anchor == root);
    if (!fits) return std::nullopt;
    anchor = root;
  }
  return anchor;
}

ReaderJudgement judge_reader(const SetView& view, std::size_t i, std::optional<std::size_t> anchor,
                             const ReaderMemory& memory, TimePoint now) {
  if (auto unavailable = judge_availability(view, i)) return std::move(*unavailable);
  if (view.size() == 1) {
    ReaderJudgement alone;
    alone.reason = "the only server of the service";
    return alone;
  }
  if (!anchor) return refuse(ReaderFault::kNotReplica, "there is no primary to compare it with");
  if (*anchor == i) return refuse(ReaderFault::kNotReplica, "was the primary and does not replicate");
  const Chain chain = follow(view, i, *anchor);
  if (chain.fault != ReaderFault::kNone) return refuse(chain.fault, chain.problem);

  ReaderJudgement judgement;
  judgement.lag = chain.lag;
  judgement.lag_is_told = chain.lag.has_value();
  const Node& source = view.node(*anchor);
  const bool writes_pause = source.seen == nullptr || source.suspected;
  if (!chain.lag && !chain.connected) {
    if (writes_pause && (memory.was_reader || has_all_of(view, i, *anchor))) {
      judgement.reason = "replica of " + view.name(*anchor) + ", which does not answer: nothing new to fall behind";
      return judgement;
    }
    if (memory.known_lag) judgement.lag = *memory.known_lag + (now - memory.known_at);
  }
  judge_lag(view, memory, judgement);
  judgement.reason = "replica of " + view.name(*anchor) + ", " + judgement.reason;
  return judgement;
}

}  // namespace hf::policy::replica_set
