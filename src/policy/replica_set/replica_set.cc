#include "policy/replica_set/replica_set.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "policy/replica_set/election.h"
#include "policy/replica_set/events.h"

namespace hf::policy::replica_set {

using health::Health;

/// What one call of step() works on.
struct ReplicaSet::Step {
  const SetView& view;
  TimePoint now;
  Outcome out;
  std::vector<ReaderJudgement> judgements;
  std::optional<std::size_t> anchor;  // readers.h

  void report(Event event) {
    event.at = now;
    out.events.push_back(std::move(event));
  }
  const std::string& service() const { return view.config().service; }
  ServerVerdict& server(std::size_t i) { return out.verdict.servers[i]; }
};

std::string_view to_string(Role role) {
  switch (role) {
    case Role::kUnknown: return "unknown";
    case Role::kPrimary: return "primary";
    case Role::kFormerPrimary: return "former-primary";
    case Role::kReplica: return "replica";
    case Role::kForeignReplica: return "foreign-replica";
    case Role::kStandalone: return "standalone";
    case Role::kRival: return "rival";
  }
  return "unknown";
}

ReplicaSet::ReplicaSet(ReplicaSetConfig config) : config_(std::move(config)), memory_(config_.servers.size()) {}

void ReplicaSet::reconfigure(ReplicaSetConfig config) {
  const auto place_of = [&config](const std::string& name) -> std::optional<std::size_t> {
    const auto found = std::ranges::find(config.servers, name, &ReplicaSetServer::name);
    if (found == config.servers.end()) return std::nullopt;
    return static_cast<std::size_t>(found - config.servers.begin());
  };
  std::vector<Memory> memory(config.servers.size());
  for (std::size_t i = 0; i < config_.servers.size(); ++i) {
    if (const auto place = place_of(config_.servers[i].name)) memory[*place] = std::move(memory_[i]);
  }
  const auto moved = [&](std::optional<std::size_t> old) {
    return old ? place_of(config_.servers[*old].name) : std::optional<std::size_t>{};
  };
  const auto current = moved(current_);
  if (current_ && !current) {
    removed_primary_ = config_.servers[*current_].name;
    ++epoch_;
  }
  former_ = moved(former_);
  current_ = current;
  memory_ = std::move(memory);
  config_ = std::move(config);
}

SetView ReplicaSet::look(const ReplicaSetInput& input) {
  std::vector<Node> nodes;
  nodes.reserve(input.servers.size());
  for (std::size_t i = 0; i < input.servers.size(); ++i) {
    const ServerInput& server = input.servers[i];
    if (server.observation) memory_[i].last = server.observation;
    Node node;
    node.health = server.health;
    node.suspected = server.suspected;
    node.drained = server.admin == AdminState::kDrained;
    node.last = memory_[i].last ? &*memory_[i].last : nullptr;
    node.seen = server.health == Health::kUp && server.observation ? node.last : nullptr;
    node.check_reason = &server.check_reason;
    nodes.push_back(node);
  }
  return SetView(config_, std::move(nodes));
}

ReplicaSet::Outcome ReplicaSet::step(const ReplicaSetInput& input) {
  HF_CHECK(input.servers.size() == config_.servers.size());
  HF_CHECK(!input.appointed || *input.appointed < config_.servers.size());
  const SetView view = look(input);
  Step step{view, input.now, {}, std::vector<ReaderJudgement>(view.size()), {}};
  step.out.verdict.servers.resize(view.size());
  settle_primary(step, input);
  settle_readers(step);
  settle_best_of_the_bad(step);
  settle_primary_reads(step);
  settle_roles(step);
  report_readers(step);
  return std::move(step.out);
}

void ReplicaSet::settle_primary(Step& step, const ReplicaSetInput& input) {
  Election election = elect(step.view, Incumbents{current_, former_, input.appointed});
  const bool changed = election.primary != current_;
  if (changed) ++epoch_;
  ReplicaSetVerdict& verdict = step.out.verdict;
  verdict.epoch = epoch_;
  verdict.primary = election.primary;
  verdict.primary_suspected = election.primary && step.view.node(*election.primary).suspected;
  verdict.reason = election.reason;
  report_primary(step, election, changed);
  report_rivals(step, election);
  for (const std::size_t rival : election.rivals) step.server(rival).role = Role::kRival;
  current_ = election.primary;
  if (current_) former_ = current_;
}

void ReplicaSet::report_primary(Step& step, const Election& election, bool changed) {
  if (!removed_primary_.empty()) {
    step.report(events::PrimaryLost{.service = step.service(),
                                    .server = removed_primary_,
                                    .epoch = epoch_,
                                    .reason = "removed from the configuration"});
    removed_primary_.clear();
  }
  if (election.primary) {
    reported_absence_.clear();
    if (!changed) return;
    step.report(events::PrimaryElected{.service = step.service(),
                                       .server = step.view.name(*election.primary),
                                       .epoch = epoch_,
                                       .reason = election.reason});
    return;
  }
  if (changed) {
    reported_absence_ = election.reason;
    step.report(events::PrimaryLost{
        .service = step.service(), .server = step.view.name(*current_), .epoch = epoch_, .reason = election.reason});
    return;
  }
  for (std::size_t i = 0; i < step.view.size(); ++i) {
    const Node& node = step.view.node(i);
    if (node.health == Health::kUnknown && !node.drained) return;
  }
  if (!reported_absence_.empty()) return;
  reported_absence_ = election.reason;
  step.report(events::NoPrimary{.service = step.service(), .reason = election.reason});
}

void ReplicaSet::report_rivals(Step& step, const Election& election) {
  // Every writable server besides the primary counts, also one that still replicates: whoever writes there is not
  // replicated.
  std::vector<std::size_t> others = election.rivals;
  for (std::size_t i = 0; i < step.view.size() && election.primary; ++i) {
    const bool listed = std::find(others.begin(), others.end(), i) != others.end();
    if (i != *election.primary && step.view.node(i).writable() && !listed) others.push_back(i);
  }
  const std::size_t writable = others.size() + (election.primary ? 1U : 0U);
  const std::string rivals = writable < 2 ? std::string() : step.view.names(others);
  const std::string primary = election.primary ? step.view.name(*election.primary) : "none";
  const std::string key = rivals.empty() ? std::string() : primary + ": " + rivals;
  if (key == reported_rivals_) return;
  reported_rivals_ = key;
  if (key.empty()) return;
  step.report(events::TwoWritableServers{
      .service = step.service(), .primary = primary, .servers = rivals, .reason = election.reason});
}

void ReplicaSet::settle_readers(Step& step) {
  const auto primary = step.out.verdict.primary;
  const auto anchor = find_anchor(step.view, primary, former_);
  step.anchor = anchor;
  for (std::size_t i = 0; i < step.view.size(); ++i) {
    Memory& memory = memory_[i];
    const Node& node = step.view.node(i);
    if (memory.was_up && (node.health == Health::kDown || node.drained)) memory.was_away = true;
    if (node.health == Health::kUp) memory.was_up = true;
    if (i == primary) {
      memory.reader = ReaderMemory{};
      memory.replicates.reset();
      memory.lag_reported = false;
      continue;
    }
    ReaderJudgement& judgement = step.judgements[i];
    judgement = judge_reader(step.view, i, anchor, memory.reader, step.now);
    report_replica(step, i, judgement);
    memory.reader.was_reader = judgement.fault == ReaderFault::kNone;
    if (judgement.fault == ReaderFault::kLag) memory.reader.lag_out = true;
    if (judgement.fault == ReaderFault::kNone) memory.reader.lag_out = false;
    if (judgement.lag_is_told) {
      memory.reader.known_lag = judgement.lag;
      memory.reader.known_at = node.seen->observed_at;
    }
    ServerVerdict& server = step.server(i);
    server.lag = judgement.lag;
    server.reason = judgement.reason;
    if (judgement.fault == ReaderFault::kNone) server.effective_weight = weigh(step, i);
    server.reader_eligible = server.effective_weight > 0;
  }
}

/// No replica is good enough and reads have nowhere else to go: the least lagging ones serve them all the same.
void ReplicaSet::settle_best_of_the_bad(Step& step) {
  const ReplicaSetVerdict& verdict = step.out.verdict;
  if (verdict.readers() > 0 || (verdict.primary && config_.reads_fallback_to_primary)) return;
  const auto lag_of = [&step](std::size_t i) { return step.judgements[i].lag.value_or(Nanos::max()); };
  std::optional<Nanos> least;
  for (std::size_t i = 0; i < step.view.size(); ++i) {
    if (step.judgements[i].fault == ReaderFault::kLag) least = std::min(least.value_or(Nanos::max()), lag_of(i));
  }
  if (!least) {
    settle_former_primary_reads(step);
    return;
  }
  for (std::size_t i = 0; i < step.view.size(); ++i) {
    if (step.judgements[i].fault != ReaderFault::kLag || lag_of(i) != *least) continue;
    ServerVerdict& server = step.server(i);
    server.effective_weight = weigh(step, i);
    server.reader_eligible = true;
    server.reason += "; serves reads because no other server can do better";
  }
}

/// There is no primary and no replica: a former primary that is up and read-only (a switchover under way) has all the
/// data.
void ReplicaSet::settle_former_primary_reads(Step& step) {
  if (step.out.verdict.primary || !former_) return;
  const Node& node = step.view.node(*former_);
  if (node.seen == nullptr || !node.seen->read_only || node.seen->is_replica || node.drained) return;
  ServerVerdict& server = step.server(*former_);
  server.effective_weight = kWeightUnit;
  server.reader_eligible = true;
  server.reason = "was the primary and is read-only; serves reads because no replica can";
}

void ReplicaSet::settle_primary_reads(Step& step) {
  ReplicaSetVerdict& verdict = step.out.verdict;
  if (!verdict.primary) return;
  ServerVerdict& server = step.server(*verdict.primary);
  server.lag = Nanos{0};
  server.reason = verdict.reason;
  if (step.view.node(*verdict.primary).drained) server.reason += "; drained, but nobody else may take the writes";
  const bool allowed = config_.reads_fallback_to_primary || step.view.size() == 1;
  if (!allowed || verdict.readers() > 0) return;
  verdict.reads_on_primary = true;
  server.reader_eligible = true;
  server.effective_weight = std::max(config_.servers[*verdict.primary].weight, 1U) * kWeightUnit;
  server.reason += "; serves reads, too, as no replica can";
}

/// The share of reads: the whole weight, or a part that grows with the time since the server came back.
std::uint32_t ReplicaSet::weigh(Step& step, std::size_t i) {
  Memory& memory = memory_[i];
  const std::uint32_t weight = std::min(config_.servers[i].weight, 1U << 20) * kWeightUnit;
  if (config_.slow_start <= Nanos{0}) {
    memory.was_away = false;
    memory.started_at.reset();
    return weight;
  }
  if (memory.was_away) {
    memory.was_away = false;
    memory.started_at = step.now;
    step.report(events::ServerSlowStart{
        .service = step.service(), .server = step.view.name(i), .duration = format_duration(config_.slow_start)});
  }
  if (!memory.started_at) return weight;
  const Nanos elapsed = step.now - *memory.started_at;
  if (elapsed >= config_.slow_start) {
    memory.started_at.reset();
    return weight;
  }
  const double share = static_cast<double>(elapsed.count()) / static_cast<double>(config_.slow_start.count());
  return std::max(1U, static_cast<std::uint32_t>(share * weight));
}

void ReplicaSet::settle_roles(Step& step) {
  const auto primary = step.out.verdict.primary;
  for (std::size_t i = 0; i < step.view.size(); ++i) {
    Memory& memory = memory_[i];
    const Node& node = step.view.node(i);
    Role role = step.server(i).role;
    if (i == primary) {
      role = Role::kPrimary;
    } else if (node.seen == nullptr) {
      role = memory.role == Role::kPrimary ? Role::kFormerPrimary : memory.role;
    } else if (role == Role::kRival) {
      if (step.server(i).reason.empty()) step.server(i).reason = "writable, but not the primary";
    } else if (step.anchor && replicates_from(step.view, i, *step.anchor)) {
      role = Role::kReplica;
    } else if (node.seen->is_replica) {
      role = Role::kForeignReplica;
    } else {
      role = i == former_ ? Role::kFormerPrimary : Role::kStandalone;
    }
    const Role before = std::exchange(memory.role, role);
    step.server(i).role = role;
    const bool told_otherwise = role == Role::kPrimary || (before == Role::kPrimary && role == Role::kFormerPrimary);
    if (before == role || before == Role::kUnknown || told_otherwise) continue;
    step.report(events::RoleChanged{.service = step.service(),
                                    .server = step.view.name(i),
                                    .before = to_string(before),
                                    .now = to_string(role),
                                    .reason = step.server(i).reason});
  }
}

void ReplicaSet::report_replica(Step& step, std::size_t i, const ReaderJudgement& judgement) {
  Memory& memory = memory_[i];
  const ServerObservation* seen = step.view.node(i).seen;
  if (seen == nullptr || !seen->is_replica) return;
  const bool replicates = seen->sql_running && seen->io_thread != ReplicationThread::kStopped;
  if (replicates != memory.replicates.value_or(true)) {
    if (replicates) {
      step.report(events::ReplicationRunning{
          .service = step.service(), .server = step.view.name(i), .source = step.view.source_text(i)});
    } else {
      step.report(events::ReplicationStopped{.service = step.service(),
                                             .server = step.view.name(i),
                                             .source = step.view.source_text(i),
                                             .reason = judgement.reason});
    }
  }
  memory.replicates = replicates;

  const bool behind = judgement.fault == ReaderFault::kLag;
  if (behind == memory.lag_reported || (!behind && judgement.fault != ReaderFault::kNone)) return;
  memory.lag_reported = behind;
  const std::string lag = judgement.lag ? format_duration(*judgement.lag) : "unknown";
  const std::string limit = format_duration(config_.max_replica_lag);
  if (behind) {
    step.report(
        events::ReplicaLagOut{.service = step.service(), .server = step.view.name(i), .lag = lag, .limit = limit});
  } else {
    step.report(
        events::ReplicaLagIn{.service = step.service(), .server = step.view.name(i), .lag = lag, .limit = limit});
  }
}

void ReplicaSet::report_readers(Step& step) {
  const ReplicaSetVerdict& verdict = step.out.verdict;
  if (step.view.size() < 2) return;
  for (std::size_t i = 0; i < step.view.size(); ++i) {
    if (step.view.node(i).health == Health::kUnknown) return;
  }
  const std::size_t replicas = verdict.reads_on_primary ? 0 : verdict.readers();
  const bool has_readers = replicas > 0;
  const bool before = had_readers_.value_or(true);
  had_readers_ = has_readers;
  if (has_readers == before) return;
  if (has_readers) {
    step.report(events::ReadersBack{.service = step.service(), .readers = replicas});
  } else {
    step.report(events::ReadersNone{.service = step.service(),
                                    .reason = verdict.reads_on_primary ? "the primary serves them" : "they wait"});
  }
}

}  // namespace hf::policy::replica_set
