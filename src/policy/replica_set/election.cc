#include "policy/replica_set/election.h"

#include <algorithm>
#include <utility>

#include "policy/replica_set/gtid.h"

namespace hf::policy::replica_set {

using health::Health;

namespace {

using Servers = std::vector<std::size_t>;

/// Replicates from another server of the set (or possibly does): then it is a replica that lacks read_only, not a
/// primary.
bool is_bound(const SetView& view, std::size_t i) {
  const ServerObservation& seen = *view.node(i).seen;
  if (!seen.is_replica) return false;
  const auto source = view.source(i);
  if (source) {
    const Node& other = view.node(*source);
    const bool ring = view.source(*source) == i && other.seen != nullptr && other.seen->read_only;
    return !ring;
  }
  // From outside, as far as we can tell: only sure when the ids of all servers of the set are known.
  for (std::size_t j = 0; j < view.size(); ++j) {
    if (j != i && view.node(j).last == nullptr && !view.node(j).drained) return true;
  }
  return false;
}

Servers candidates_of(const SetView& view, std::optional<std::size_t> current) {
  Servers out;
  for (std::size_t i = 0; i < view.size(); ++i) {
    if (view.node(i).writable() && (i == current || !is_bound(view, i))) out.push_back(i);
  }
  return out;
}

template <typename Predicate>
Servers select(const Servers& servers, Predicate predicate) {
  Servers out;
  std::ranges::copy_if(servers, std::back_inserter(out), predicate);
  return out;
}

Election decide(std::optional<std::size_t> primary, std::string reason, const Servers& candidates) {
  return Election{primary, std::move(reason), select(candidates, [&](std::size_t i) { return i != primary; })};
}

/// Why there is no candidate at all.
std::string explain_absence(const SetView& view, const Incumbents& incumbents) {
  if (incumbents.former) {
    const Node& former = view.node(*incumbents.former);
    const std::string& name = view.name(*incumbents.former);
    if (former.health == Health::kDown) {
      const bool known = former.check_reason != nullptr && !former.check_reason->empty();
      return "the primary " + name + " is down" + (known ? ": " + *former.check_reason : "");
    }
    if (former.seen != nullptr && former.seen->read_only) return "the primary " + name + " has become read-only";
  }
  Servers up;
  for (std::size_t i = 0; i < view.size(); ++i) {
    if (view.node(i).seen != nullptr) up.push_back(i);
  }
  if (up.empty()) return "no server is reachable";
  for (const std::size_t i : up) {
    if (!view.node(i).writable()) continue;
    return view.name(i) + " is writable but still set up as a replica of " + view.source_text(i) +
           "; if it is to be the primary, run STOP SLAVE and RESET SLAVE ALL there";
  }
  return "every reachable server is read-only (" + view.names(up) + ")";
}

/// What speaks against electing a candidate that nobody replicates from; empty when nothing does.
std::string objection(const SetView& view, std::size_t candidate, const Incumbents& incumbents) {
  for (std::size_t j = 0; j < view.size(); ++j) {
    const Node& other = view.node(j);
    if (j == candidate || other.drained || other.health != Health::kUp) continue;
    if (other.seen == nullptr) return view.name(j) + " is up but could not be asked for its role";
    if (other.seen->is_replica && view.source(j) != candidate) {
      return view.name(j) + " replicates from " + view.source_text(j) + " and not from " + view.name(candidate);
    }
  }
  if (!incumbents.former || *incumbents.former == candidate || view.node(*incumbents.former).drained) return {};
  const ServerObservation* former = view.node(*incumbents.former).last;
  if (former == nullptr) return {};
  const auto wanted = GtidPosition::parse(former->gtid_binlog_pos);
  const auto binlog = GtidPosition::parse(view.node(candidate).seen->gtid_binlog_pos);
  const auto current = GtidPosition::parse(view.node(candidate).seen->gtid_current_pos);
  const bool complete = wanted && ((binlog && binlog->contains(*wanted)) || (current && current->contains(*wanted)));
  if (complete) return {};
  return view.name(candidate) + " is at " + view.node(candidate).seen->gtid_current_pos +
         " and may lack transactions of " + view.name(*incumbents.former) + ", last seen at " + former->gtid_binlog_pos;
}

Election elect_lonely(const SetView& view, const Incumbents& incumbents, const Servers& candidates) {
  const Servers ready = select(candidates, [&](std::size_t i) { return !view.node(i).drained; });
  const Servers& choice = ready.empty() ? candidates : ready;
  if (choice.size() > 1) {
    return decide(std::nullopt,
                  "several servers are writable and nobody replicates from any of them: " + view.names(choice),
                  candidates);
  }
  const std::size_t only = choice.front();
  const std::string against = objection(view, only, incumbents);
  if (against.empty()) return decide(only, view.name(only) + " is the only writable server", candidates);
  std::string reason = view.name(only) + " is writable, but " + against;
  if (incumbents.former && *incumbents.former != only) {
    reason += "; to accept it all the same, drain " + view.name(*incumbents.former);
  }
  return decide(std::nullopt, std::move(reason), candidates);
}

Election elect_new(const SetView& view, const Incumbents& incumbents, const Servers& candidates) {
  Servers unchecked;
  for (std::size_t i = 0; i < view.size(); ++i) {
    if (view.node(i).health == Health::kUnknown && !view.node(i).drained) unchecked.push_back(i);
  }
  if (!unchecked.empty()) return decide(std::nullopt, "not yet checked: " + view.names(unchecked), {});
  if (candidates.empty()) return decide(std::nullopt, explain_absence(view, incumbents), {});

  Servers followed = select(candidates, [&](std::size_t i) { return view.followers(i) > 0; });
  if (followed.empty()) return elect_lonely(view, incumbents, candidates);
  if (followed.size() > 1) {
    const Servers ready = select(followed, [&](std::size_t i) { return !view.node(i).drained; });
    if (ready.size() != 1) {
      return decide(std::nullopt, "several servers are writable and have replicas: " + view.names(followed),
                    candidates);
    }
    followed = ready;
  }
  const std::size_t winner = followed.front();
  return decide(winner, view.name(winner) + " is writable and others replicate from it", candidates);
}

}  // namespace

Election elect(const SetView& view, const Incumbents& incumbents) {
  const auto current = incumbents.current;
  const Servers candidates = candidates_of(view, current);
  const bool holds = current && view.node(*current).writable();
  if (holds && view.followers(*current) > 0) {
    return decide(current, view.name(*current) + " is writable and others replicate from it", candidates);
  }
  if (incumbents.appointed && view.node(*incumbents.appointed).writable()) {
    return decide(incumbents.appointed, view.name(*incumbents.appointed) + " was promoted", candidates);
  }
  if (!holds) return elect_new(view, incumbents, candidates);

  const Servers followed = select(
      candidates, [&](std::size_t i) { return i != *current && view.followers(i) > 0 && !view.node(i).drained; });
  if (followed.size() == 1) {
    const std::size_t winner = followed.front();
    return decide(winner,
                  view.name(winner) + " is writable and others replicate from it; nobody replicates from " +
                      view.name(*current) + " any more",
                  candidates);
  }
  return decide(current, view.name(*current) + " is writable and was the primary before", candidates);
}

}  // namespace hf::policy::replica_set
