#include "policy/balance/balance.h"

namespace hf::policy::balance {
namespace {

bool usable(const Candidate& candidate, const ServerSet& tried) {
  return candidate.weight > 0 && candidate.index < kMostServers && !tried.contains(candidate.index);
}

/// Less loaded for its weight: a.in_flight / a.weight < b.in_flight / b.weight, without dividing.
bool less_loaded(const Candidate& a, const Candidate& b) {
  return std::uint64_t{a.in_flight} * b.weight < std::uint64_t{b.in_flight} * a.weight;
}

/// One turn of smooth weighted round robin over the candidates that `allowed` accepts: each gains its weight in credit,
/// the richest is taken and pays what all gained. Credits sum to zero, so nobody starves and nobody runs ahead.
template <typename Allowed>
std::optional<std::uint32_t> take_turn(std::span<const Candidate> candidates,
                                       std::array<std::int64_t, kMostServers>& credit, Allowed allowed) {
  std::optional<std::uint32_t> best;
  std::int64_t total = 0;
  for (const Candidate& each : candidates) {
    if (!allowed(each)) continue;
    total += each.weight;
    credit[each.index] += each.weight;
    if (!best || credit[each.index] > credit[*best]) best = each.index;
  }
  if (best) credit[*best] -= total;
  return best;
}

}  // namespace

std::optional<std::uint32_t> WeightedRoundRobin::pick(std::span<const Candidate> candidates, const ServerSet& tried) {
  return take_turn(candidates, credit_, [&tried](const Candidate& each) { return usable(each, tried); });
}

std::optional<std::uint32_t> LeastConnections::pick(std::span<const Candidate> candidates, const ServerSet& tried) {
  const Candidate* least = nullptr;
  for (const Candidate& each : candidates) {
    if (usable(each, tried) && (least == nullptr || less_loaded(each, *least))) least = &each;
  }
  if (least == nullptr) return std::nullopt;
  return take_turn(candidates, credit_, [&tried, least](const Candidate& each) {
    return usable(each, tried) && !less_loaded(*least, each);
  });
}

}  // namespace hf::policy::balance
