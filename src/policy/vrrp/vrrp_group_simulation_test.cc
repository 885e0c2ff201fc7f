// Two to four nodes with a sync group of two to four members through loss, partitions of single members, freezes,
// crashes, restarts, reloads and orders; then peace. The oracles are the sentences of docs/vip.md, "What is proven".
// HF_VRRP_RUNS sets the number of runs, HF_VRRP_SEED the first seed.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <numeric>
#include <optional>
#include <utility>

#include "policy/vrrp/simulated_groups.h"

namespace hf::policy::vrrp {
namespace {

using Network = SimulatedNetwork;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

class GroupStory {
 public:
  explicit GroupStory(std::uint64_t seed) : random_(seed), groups_(seed + 1, make_configs()) {
    for (std::size_t m = 0; m < groups_.members(); ++m) {
      give_addresses(groups_.member(m));
      const Nanos interval = groups_.member(m).node(0).config.advert_interval;
      longest_interval_ = std::max(longest_interval_, interval);
      for (std::size_t i = 0; i < groups_.nodes(); ++i) {
        start_delay_ = std::max(start_delay_, groups_.member(m).node(i).config.start_delay);
      }
    }
    const std::uint8_t lowest = 1;
    master_down_ = master_down_interval(version_, lowest, longest_interval_) * 102 / 100 + Network::kLate;
    bound_ = bound_of(longest_interval_);
  }

  void run() {
    for (std::size_t i = 0; i < groups_.nodes(); ++i) {
      if (chance(70)) groups_.start(i);
      until(groups_.now() + between(1ms, chance(50) ? Nanos(10ms) : 3 * master_down_));
    }
    if (chance(75)) chaos();
    if (chance(30)) standstill();
    peace();
  }
  std::uint64_t takeovers() const { return takeovers_; }
  std::uint64_t ties() const { return ties_; }
  std::uint64_t overlaps() const { return overlaps_; }
  std::uint64_t standstills() const { return standstills_; }

 private:
  static Nanos bound_of(Nanos interval) {
    return double_hold_bound(interval, Network::kLosses, Network::kDriftPpm, Network::kLate, Network::kDelay);
  }
  bool chance(std::uint64_t percent) { return random_.below(100) < percent; }
  Nanos between(Nanos low, Nanos high) {
    return low + Nanos(static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>((high - low).count()))));
  }
  std::size_t any_node() { return random_.below(groups_.nodes()); }
  Network& any_member() { return groups_.member(random_.below(groups_.members())); }

  std::vector<std::vector<Config>> make_configs() {
    version_ = chance(10) ? ProtocolVersion::kV2 : ProtocolVersion::kV3;
    const std::size_t nodes = 2 + random_.below(3);
    std::vector<std::vector<Config>> configs(2 + random_.below(3));
    priorities_ = random_.below(4);
    one_interval_ = chance(70) || version_ == ProtocolVersion::kV2;
    const std::uint64_t preempting = random_.below(3);
    std::vector<std::uint8_t> of_node;
    for (std::size_t i = 0; i < nodes; ++i) of_node.push_back(any_priority());
    for (std::size_t m = 0; m < configs.size(); ++m) {
      const Nanos interval = one_interval_ ? Nanos(100ms) : Nanos(10ms) * static_cast<int>(5 + random_.below(26));
      for (std::size_t i = 0; i < nodes; ++i) {
        Config config;
        config.version = version_;
        config.priority = priorities_ == 0 ? of_node[i] : any_priority();
        config.addresses = {IpAddress::v4(198, 18, static_cast<std::uint8_t>(m), 100)};
        config.advert_interval = version_ == ProtocolVersion::kV2 ? Nanos(1s) : interval;
        config.preempt = preempting == 0 || (preempting == 1 && chance(50));
        config.preempt_delay = chance(20) ? kPreemptDelay : Nanos{0};
        config.start_delay = chance(20) ? Nanos(500ms) : Nanos{0};
        config.lease = kLease;
        config.refresh_interval = 250ms;
        config.probe_wait = chance(70) ? kProbeWait : Nanos{0};
        config.hand_over = chance(85);
        config.damping = {.window = 10s, .base = 500ms, .limit = kDampingLimit};
        EXPECT_TRUE(validate(config).ok());
        configs[m].push_back(std::move(config));
      }
    }
    all_preempt_ = preempting == 0;
    return configs;
  }
  /// One for each node, crossed at will, mostly equal, all equal.
  std::uint8_t any_priority() {
    if (priorities_ == 3) return 100;
    if (priorities_ == 2) return static_cast<std::uint8_t>(100 + random_.below(2));
    return static_cast<std::uint8_t>(chance(2) ? 255 : 1 + random_.below(254));
  }
  /// The addresses of each member's interface order the nodes in a way of their own.
  void give_addresses(Network& member) {
    std::vector<std::uint8_t> last(member.size());
    std::iota(last.begin(), last.end(), std::uint8_t{1});
    for (std::size_t i = last.size(); i > 1; --i) std::swap(last[i - 1], last[random_.below(i)]);
    for (std::size_t i = 0; i < last.size(); ++i) member.set_own_address(i, IpAddress::v4(198, 18, 0, last[i]));
  }

  // ── the run ──
  void chaos() {
    const std::uint64_t loss = chance(50) ? random_.below(95) : 0;
    for (std::size_t m = 0; m < groups_.members(); ++m) groups_.member(m).set_loss_percent(loss);
    const Nanos unit = version_ == ProtocolVersion::kV2 ? Nanos(2s) : Nanos(500ms);
    for (std::uint64_t turn = 4 + random_.below(12); turn > 0; --turn) {
      until(groups_.now() + between(1ms, 3 * unit));
      disturb(random_.below(18), any_node());
    }
  }
  void disturb(std::uint64_t what, std::size_t i) {
    switch (what) {
      case 0: return groups_.freeze(i, chance(50));
      case 1:
      case 2: return groups_.thaw(i);
      case 3: return groups_.kill(i);
      case 4: return groups_.crash_host(i);
      case 5:
      case 6: return groups_.start(i);
      case 7: return groups_.stop(i);
      case 8:
      case 9: return split(any_member());
      case 10: return any_member().set_cut(i, any_node(), true);
      case 11: return heal(any_member());
      case 12: return any_member().set_cable(i, false);
      case 13: return any_member().set_cable(i, true);
      case 14: return any_member().arrive(i, static_cast<OperatorCommand>(random_.below(3)));
      case 15:
        return any_member().arrive(i, TrackChanged{static_cast<int>(random_.below(101)) - 50, chance(20), chance(70)});
      case 16: return reload(any_member(), i);
      default:
        for (std::size_t m = 0; m < groups_.members(); ++m) split(groups_.member(m));
    }
  }
  void reload(Network& member, std::size_t i) {
    Config next = member.node(i).config;
    next.priority = any_priority();
    member.reconfigure(i, std::move(next));
  }
  void split(Network& member) {
    const std::uint64_t side = random_.next();
    for (std::size_t a = 0; a < groups_.nodes(); ++a) {
      for (std::size_t b = 0; b < groups_.nodes(); ++b) member.set_cut(a, b, (side >> a & 1) != (side >> b & 1));
    }
  }
  void heal(Network& member) {
    for (std::size_t a = 0; a < groups_.nodes(); ++a) {
      for (std::size_t b = 0; b < groups_.nodes(); ++b) member.set_cut(a, b, false);
    }
  }
  /// All is well, but for one member's network, which stays in two. No two nodes are equal.
  void standstill() {
    mend();
    split(any_member());
    until(groups_.now() + 2 * settled_after());
    std::vector<std::uint8_t> priorities;
    for (std::size_t i = 0; i < groups_.nodes(); ++i) priorities.push_back(priority_of(0, i));
    std::ranges::sort(priorities);
    if (std::ranges::adjacent_find(priorities) != priorities.end()) return;
    ++standstills_;
    const std::vector<unsigned> before = transitions();
    until(groups_.now() + 20 * longest_interval_ + kDampingLimit + 2s);
    EXPECT_EQ(before, transitions()) << "a member whose network is in two moved to and fro";
  }
  void peace() {
    mend();
    until(groups_.now() + settled_after());
    const std::vector<unsigned> before = transitions();
    one_node_ = true;
    until(groups_.now() + 20 * longest_interval_ + kDampingLimit + 2s);
    if (::testing::Test::HasFailure()) return;
    EXPECT_EQ(before, transitions()) << "a member changed its mode in a quiet network";
    if (!all_preempt_) return;
    for (std::size_t i = 0; i < groups_.nodes(); ++i) {
      if (groups_.ended(i)) continue;
      EXPECT_LE(priority_of(0, i), priority_of(0, static_cast<std::size_t>(holder())))
          << "the highest node has to have it";
    }
  }
  /// The network is whole, nodes run and nothing is asked of them, but one that is preferred.
  void mend() {
    for (std::size_t m = 0; m < groups_.members(); ++m) {
      heal(groups_.member(m));
      groups_.member(m).set_loss_percent(0);
    }
    for (std::size_t i = 0; i < groups_.nodes(); ++i) groups_.thaw(i);
    until(groups_.now() + hand_over_limit(groups_.member(0).node(0).config) + longest_interval_);  // a stop ends
    const std::size_t survivor = any_node();
    const std::size_t favourite = chance(30) ? any_node() : groups_.nodes();
    for (std::size_t i = 0; i < groups_.nodes(); ++i) {
      if (i == survivor || chance(80)) groups_.start(i);
      for (std::size_t m = 0; m < groups_.members(); ++m) {
        groups_.member(m).set_cable(i, true);
        groups_.member(m).arrive(i, TrackChanged{});
        groups_.member(m).arrive(i, i == favourite && m == 0 ? OperatorCommand::kPrefer : OperatorCommand::kResume);
      }
    }
  }
  std::uint8_t priority_of(std::size_t m, std::size_t i) const {
    const Network::Node& node = groups_.member(m).node(i);
    return effective_priority(node.config, node.state);
  }
  /// The bound of docs/vip.md.
  Nanos settled_after() const {
    const Nanos one_holder = start_delay_ + kLease + 2 * (master_down_ + kProbeWait) + bound_;
    const Nanos quiet = one_holder + kPreemptDelay + kDampingLimit + 2 * (master_down_ + kProbeWait) + bound_;
    return quiet + static_cast<std::int64_t>(groups_.members()) * master_down_ + bound_;
  }
  std::vector<unsigned> transitions() const {
    std::vector<unsigned> counts;
    for (std::size_t m = 0; m < groups_.members(); ++m) {
      for (std::size_t i = 0; i < groups_.nodes(); ++i) counts.push_back(groups_.member(m).node(i).transitions);
    }
    return counts;
  }
  int holder() const {
    for (std::size_t i = 0; i < groups_.nodes(); ++i) {
      if (groups_.member(0).holds(i)) return static_cast<int>(i);
    }
    return -1;
  }

  void until(TimePoint end) {
    watch();
    while (groups_.now() < end && !::testing::Test::HasFailure()) {
      groups_.advance(end);
      watch();
    }
  }

  // ── the oracles ──
  void watch() {
    std::vector<std::size_t> masters;
    for (std::size_t m = 0; m < groups_.members(); ++m) {
      for (std::size_t i = 0; i < groups_.nodes(); ++i) {
        watch_node(m, i);
        const Network& member = groups_.member(m);
        if (one_node_ && member.node(i).alive && member.node(i).state.mode == Mode::kMaster) masters.push_back(i);
        if (one_node_) {
          ASSERT_EQ(member.holds(i), static_cast<int>(i) == holder())
              << "member " << m << " on node " << i << " at " << groups_.now().nanos;
        }
      }
    }
    if (!one_node_) return;
    ASSERT_GE(holder(), 0);
    ASSERT_EQ(masters, std::vector<std::size_t>(groups_.members(), static_cast<std::size_t>(holder())));
  }
  void watch_node(std::size_t m, std::size_t i) {
    const Network::Node& node = groups_.member(m).node(i);
    const bool master = node.alive && node.state.mode == Mode::kMaster;
    if (groups_.member(m).runs(i) && groups_.member(m).holds(i)) {
      ASSERT_TRUE(holding(node.state)) << "a node that is neither master nor handing over kept the address";
    }
    const bool before = std::exchange(was_master_[m][i], master);
    takeovers_ += master && !before ? 1 : 0;
    for (std::size_t j = i + 1; j < groups_.nodes(); ++j) watch_pair(m, i, j);
  }
  /// What is true of one virtual router is true of a member from the last change of mode or priority on: the other
  /// members may make either change. But for ties, which wait for the members before it.
  void watch_pair(std::size_t m, std::size_t i, std::size_t j) {
    const Network& member = groups_.member(m);
    Overlap& overlap = overlaps_of_[m][i][j];
    const std::pair priorities(priority_of(m, i), priority_of(m, j));
    const unsigned transitions = member.node(i).transitions + member.node(j).transitions;
    const bool both = member.holds(i) && member.holds(j) && member.runs(i) && member.runs(j) &&
                      member.connected(i, j) && member.connected(j, i);
    const bool began_anew = overlap.priorities != priorities || overlap.transitions != transitions;
    if (overlap.since && !began_anew) {
      ASSERT_LE((groups_.now() - *overlap.since).count(), overlap_bound(m, i, j).count())
          << "nodes " << i << " and " << j << ", member " << m << " at " << groups_.now().nanos;
    }
    overlap.priorities = priorities;
    overlap.transitions = transitions;
    if (!both || began_anew) overlap.since.reset();
    if (!both || overlap.since) return;
    overlap.since = groups_.now();
    ++overlaps_;
    ties_ += priorities.first == priorities.second ? 1 : 0;
  }
  Nanos overlap_bound(std::size_t m, std::size_t i, std::size_t j) const {
    const Network& member = groups_.member(m);
    const bool none_is_master = handing_over(member.node(i).state) && handing_over(member.node(j).state);
    if (none_is_master) return hand_over_limit(member.node(i).config) * 102 / 100 + Network::kLate;
    Nanos bound = bound_of(member.node(i).config.advert_interval);
    if (priority_of(m, i) == priority_of(m, j)) bound += static_cast<std::int64_t>(m) * (master_down_ + bound_);
    return bound;
  }

  static constexpr Nanos kLease = 1s;
  static constexpr Nanos kProbeWait = 40ms;
  static constexpr Nanos kPreemptDelay = 700ms;
  static constexpr Nanos kDampingLimit = 1s;
  static constexpr std::size_t kMostMembers = 4;

  Random random_;
  ProtocolVersion version_ = ProtocolVersion::kV3;
  std::uint64_t priorities_ = 0;
  bool one_interval_ = true;
  bool all_preempt_ = false;
  SimulatedGroups groups_;
  Nanos longest_interval_{0};
  Nanos start_delay_{0};
  Nanos master_down_{0};
  Nanos bound_{0};
  bool one_node_ = false;  // all is on one node, and stays there
  std::array<std::array<bool, Network::kMaxNodes>, kMostMembers> was_master_{};
  struct Overlap {
    std::optional<TimePoint> since;
    std::pair<std::uint8_t, std::uint8_t> priorities;
    unsigned transitions = 0;  // of both
  };
  std::array<std::array<std::array<Overlap, Network::kMaxNodes>, Network::kMaxNodes>, kMostMembers> overlaps_of_{};
  std::uint64_t takeovers_ = 0;
  std::uint64_t ties_ = 0;
  std::uint64_t overlaps_ = 0;
  std::uint64_t standstills_ = 0;
};

TEST(VrrpGroupSimulation, whatever_happened_a_whole_network_has_all_members_on_one_node_and_keeps_them_there) {
  const std::uint64_t runs = from_environment("HF_VRRP_RUNS", 1000);
  const std::uint64_t first = from_environment("HF_VRRP_SEED", 1);
  std::uint64_t takeovers = 0;
  std::uint64_t overlaps = 0;
  std::uint64_t ties = 0;
  std::uint64_t standstills = 0;
  for (std::uint64_t seed = first; seed < first + runs; ++seed) {
    SCOPED_TRACE("HF_VRRP_RUNS=1 HF_VRRP_SEED=" + std::to_string(seed));
    GroupStory story(seed * 7919);
    story.run();
    takeovers += story.takeovers();
    overlaps += story.overlaps();
    ties += story.ties();
    standstills += story.standstills();
    if (HasFailure()) return;
  }
  RecordProperty("takeovers", static_cast<int>(takeovers));
  RecordProperty("overlaps", static_cast<int>(overlaps));
  RecordProperty("ties", static_cast<int>(ties));
  if (runs < 100) return;
  EXPECT_GT(takeovers, 4 * runs) << "the disturbances must disturb";
  EXPECT_GT(overlaps, runs) << "the bound must have been put to the test";
  EXPECT_GT(standstills, runs / 20);
  EXPECT_GT(ties, runs / 10) << "ties must have been put to the test";
}

}  // namespace
}  // namespace hf::policy::vrrp
