// Two to five nodes through loss, partitions, freezes, crashes, restarts and reloads; then peace. The oracles are the
// sentences of docs/vip.md, "What is proven". HF_VRRP_RUNS sets the number of runs, HF_VRRP_SEED the first seed.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <utility>

#include "policy/vrrp/simulated_network.h"

namespace hf::policy::vrrp {
namespace {

using Network = SimulatedNetwork;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

class Story {
 public:
  explicit Story(std::uint64_t seed)
      : random_(seed), harsh_(random_.below(3) != 0), network_(seed + 1, make_configs()) {
    for (std::size_t i = 0; i < network_.size(); ++i) {
      const Config& config = network_.node(i).config;
      longest_interval_ = std::max(longest_interval_, config.advert_interval);
      start_delay_ = std::max(start_delay_, config.start_delay);
    }
    const std::uint8_t lowest = 1;
    master_down_ = master_down_interval(version_, lowest, longest_interval_) * 102 / 100 + Network::kLate;
    bound_ = bound_of(longest_interval_);
  }

  void run() {
    for (std::size_t i = 0; i < network_.size(); ++i) network_.start(i);
    chaos();
    peace();
    planned_releases();
  }
  std::uint64_t overlaps() const { return overlaps_; }
  std::uint64_t releases() const { return releases_; }
  std::uint64_t handed_over() const { return handed_over_; }
  std::uint64_t takeovers() const { return takeovers_; }
  std::uint64_t reloads() const { return reloads_; }

 private:
  static Nanos bound_of(Nanos interval) {
    return double_hold_bound(interval, Network::kLosses, Network::kDriftPpm, Network::kLate, Network::kDelay);
  }
  Nanos pair_bound(std::size_t i, std::size_t j) const {
    return bound_of(std::max(network_.node(i).config.advert_interval, network_.node(j).config.advert_interval));
  }
  bool chance(std::uint64_t percent) { return random_.below(100) < percent; }
  Nanos between(Nanos low, Nanos high) {
    return low + Nanos(static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>((high - low).count()))));
  }
  std::size_t any_node() { return random_.below(network_.size()); }

  std::vector<Config> make_configs() {
    version_ = chance(10) ? ProtocolVersion::kV2 : ProtocolVersion::kV3;
    std::vector<Config> configs(2 + random_.below(4));
    const bool preempt = chance(60);
    one_interval_ = chance(70) || version_ == ProtocolVersion::kV2;
    for (std::size_t i = 0; i < configs.size(); ++i) {
      Config& config = configs[i];
      config.version = version_;
      config.priority = static_cast<std::uint8_t>(chance(5) ? 255 : (chance(20) ? 100 : 1 + random_.below(254)));
      config.addresses = {IpAddress::v4(198, 18, 0, 100)};
      config.advert_interval = version_ == ProtocolVersion::kV2 ? 1s : 100ms;
      if (!one_interval_) config.advert_interval = any_interval();
      config.preempt = preempt;
      config.preempt_delay = chance(30) ? kPreemptDelay : Nanos{0};
      config.start_delay = chance(20) ? Nanos(500ms) : Nanos{0};
      config.lease = kLease;
      config.refresh_interval = 250ms;
      config.probe_wait = chance(70) ? kProbeWait : Nanos{0};
      config.hand_over = chance(85);
      config.damping = {.window = 10s, .base = 500ms, .limit = kDampingLimit};
      // Where every last word is heard, announcing on conflicts must do alone; otherwise the refresh mends the rest.
      config.announce_refresh = harsh_ ? kAnnounceRefresh : Nanos{0};
      EXPECT_TRUE(validate(config).ok());
    }
    return configs;
  }

  // ── the run ──
  void chaos() {
    network_.set_loss_percent(harsh_ && chance(70) ? random_.below(95) : 0);
    const Nanos unit = version_ == ProtocolVersion::kV2 ? Nanos(2s) : Nanos(500ms);
    for (std::uint64_t turn = 4 + random_.below(12); turn > 0; --turn) {
      until(network_.now() + between(1ms, 3 * unit));
      static constexpr std::uint64_t kGentle[] = {0, 1, 2, 3, 8, 8, 10, 10, 15};  // freezes, whole partitions, reloads
      disturb(harsh_ ? random_.below(18) : kGentle[random_.below(std::size(kGentle))], any_node());
    }
  }
  void disturb(std::uint64_t what, std::size_t i) {
    switch (what) {
      case 0:
      case 1:
        // A master that dies within a partition, its announcement the last one heard, is mended by the refresh alone.
        if (harsh_ || !split_) network_.freeze(i, chance(50));
        return;
      case 2:
      case 3: return thaw(i);
      case 4: return network_.kill(i);
      case 5: return network_.crash_host(i);
      case 6:
      case 7: return network_.start(i);
      case 8: return split();
      case 9: return network_.set_cut(i, any_node(), harsh_);
      case 10: return heal();
      case 11: return network_.set_cable(i, false);
      case 12: return network_.set_cable(i, true);
      case 13: return command(i, static_cast<OperatorCommand>(random_.below(3)));
      case 14: return command(i, TrackChanged{static_cast<int>(random_.below(101)) - 50, chance(20), chance(70)});
      case 15:
      case 16: return reload(i);
      default: return stop(i);
    }
  }
  /// Whoever slept for longer than the others wait lets go before anything else.
  void thaw(std::size_t i) {
    const Network::Node& node = network_.node(i);
    const bool slept = node.alive && node.frozen && node.state.mode == Mode::kMaster &&
                       network_.now() - node.frozen_at > 4 * node.config.advert_interval;
    const unsigned transitions = node.transitions;
    network_.thaw(i);
    if (slept) { ASSERT_GT(node.transitions, transitions) << "node " << i << " woke up and went on as master"; }
  }
  void stop(std::size_t i) {
    if (!network_.runs(i)) return;
    network_.stop(i);
    anew(i);
  }
  /// Other times and another priority. In a hand-over the limits are those of its beginning: watch_hand_over() knows
  /// one.
  void reload(std::size_t i) {
    if (handing_over(network_.node(i).state)) return;
    Config next = network_.node(i).config;
    if (next.priority != kOwnerPriority) next.priority = static_cast<std::uint8_t>(1 + random_.below(254));
    if (!one_interval_) next.advert_interval = std::min(any_interval(), longest_interval_);
    next.preempt_delay = chance(30) ? kPreemptDelay : Nanos{0};
    next.refresh_interval = between(100ms, 250ms);
    EXPECT_TRUE(validate(next).ok());
    ++reloads_;
    network_.reconfigure(i, std::move(next));
    anew(i);
  }
  Nanos any_interval() { return Nanos(10ms) * (5 + random_.below(26)); }
  /// What changes who is the better master starts the bound anew for this node's pairs.
  void command(std::size_t i, const Input& input) {
    network_.arrive(i, input);
    anew(i);
  }
  void anew(std::size_t i) {
    for (std::size_t j = 0; j < network_.size(); ++j) since_[i][j] = since_[j][i] = std::nullopt;
  }
  void split() {
    const std::uint64_t side = random_.next();
    split_ = true;
    for (std::size_t a = 0; a < network_.size(); ++a) {
      for (std::size_t b = 0; b < network_.size(); ++b) network_.set_cut(a, b, (side >> a & 1) != (side >> b & 1));
    }
  }
  void heal() {
    split_ = false;
    for (std::size_t a = 0; a < network_.size(); ++a) {
      for (std::size_t b = 0; b < network_.size(); ++b) network_.set_cut(a, b, false);
    }
  }
  void peace() {
    heal();
    network_.set_loss_percent(0);
    const std::size_t survivor = any_node();
    for (std::size_t i = 0; i < network_.size(); ++i) {
      network_.set_cable(i, true);
      thaw(i);
      if (i == survivor || chance(80)) network_.start(i);
      if (!network_.runs(i)) continue;
      command(i, OperatorCommand::kResume);
      command(i, TrackChanged{});
    }
    settle();
  }
  void settle() {
    exactly_one_ = false;
    until(network_.now() + one_holder_after());
    at_least_one_ = true;
    until(network_.now() + (quiet_after() - one_holder_after()));
    const std::vector<unsigned> before = transitions();
    exactly_one_ = true;
    until(network_.now() + 3 * longest_interval_ + 1s);
    EXPECT_EQ(before, transitions()) << "a node changed its mode in a quiet network";
    ASSERT_EQ(network_.announcer(), holder()) << "clients are left with the address of a node that does not hold it";
  }
  /// On the whole network: whoever is master gives up as planned while a backup listens to it. Not for a moment may
  /// nobody hold the addresses (at_least_one_ stays), and afterwards all is quiet again. So it is with reloads in
  /// between.
  void planned_releases() {
    if (::testing::Test::HasFailure()) return;
    network_.keep_order();
    quiet_ = true;
    exactly_one_ = false;
    for (std::uint64_t turn = 1 + random_.below(4); turn > 0; --turn) {
      until(network_.now() + between(1ms, 4 * longest_interval_));
      if (is_still() && chance(30)) {
        reload(any_node());
        until(network_.now() + between(1ms, 4 * longest_interval_));
      }
      const int master = holder();
      if (master < 0 || !can_hand_over(static_cast<std::size_t>(master))) continue;
      const auto i = static_cast<std::size_t>(master);
      const std::uint64_t how = random_.below(3);
      ++releases_;
      give_up(i, how);
      const bool quickly = chance(30);  // while it still hands over
      until(network_.now() + (quickly ? between(1ms, longest_interval_) : between(1ms, 2 * master_down_)));
      come_back(i, how);
    }
    settle();
  }
  void give_up(std::size_t i, std::uint64_t how) {
    if (how == 0) return command(i, OperatorCommand::kRelease);
    if (how == 1) return command(i, TrackChanged{.weight_sum = 0, .release = true, .serving = true});
    stop(i);
  }
  void come_back(std::size_t i, std::uint64_t how) {
    if (how == 0) return command(i, OperatorCommand::kResume);
    if (how == 1) return command(i, TrackChanged{});
    network_.start(i);
    anew(i);
  }
  /// No take-over is still being talked of: the last word of a master that has just yielded looks like a successor's
  /// first.
  bool is_still() const { return network_.now() - last_change_ >= longest_interval_; }
  /// A lone master which some backup listens to, its start_delay over.
  bool can_hand_over(std::size_t master) const {
    bool heard = false;
    if (!is_still()) return false;
    for (std::size_t i = 0; i < network_.size(); ++i) {
      if (i == master) continue;
      if (network_.holds(i)) return false;
      const Network::Node& node = network_.node(i);
      heard = heard || (network_.runs(i) && !network_.listens_at_first(i) && node.state.mode == Mode::kBackup &&
                        node.state.master == network_.node(master).own_address);
    }
    const Network::Node& node = network_.node(master);
    return heard && node.config.hand_over && node.state.mode == Mode::kMaster;
  }
  Nanos one_holder_after() const { return start_delay_ + kLease + 2 * (master_down_ + kProbeWait) + bound_; }
  Nanos quiet_after() const {
    const Nanos settled = one_holder_after() + kPreemptDelay + kDampingLimit + 2 * (master_down_ + kProbeWait) + bound_;
    return harsh_ ? std::max(settled, kAnnounceRefresh + one_holder_after()) : settled;
  }
  std::vector<unsigned> transitions() const {
    std::vector<unsigned> counts;
    for (std::size_t i = 0; i < network_.size(); ++i) counts.push_back(network_.node(i).transitions);
    return counts;
  }
  int holder() const {
    for (std::size_t i = 0; i < network_.size(); ++i) {
      if (network_.holds(i)) return static_cast<int>(i);
    }
    return -1;
  }

  void until(TimePoint end) {
    watch();
    while (network_.now() < end && !::testing::Test::HasFailure()) {
      network_.advance(end);
      watch();
    }
  }

  // ── the oracles ──
  void watch() {
    std::size_t holders = 0;
    for (std::size_t i = 0; i < network_.size(); ++i) {
      watch_lease(i);
      holders += network_.holds(i) ? 1 : 0;
      for (std::size_t j = i + 1; j < network_.size(); ++j) watch_pair(i, j);
    }
    if (at_least_one_) { ASSERT_GE(holders, 1u) << "nobody holds the address at " << network_.now().nanos; }
    if (exactly_one_) { ASSERT_EQ(holders, 1u) << "at " << network_.now().nanos; }
  }
  void watch_lease(std::size_t i) {
    const Network::Node& node = network_.node(i);
    if (node.frozen && network_.holds(i)) { ASSERT_LT(network_.now(), node.frozen_at + node.config.lease); }
    const bool master = node.alive && node.state.mode == Mode::kMaster;
    if (network_.runs(i) && network_.holds(i)) {
      ASSERT_TRUE(holding(node.state)) << "a node that is neither master nor handing over kept the address";
    }
    watch_hand_over(i);
    takeovers_ += master && !was_master_[i] ? 1 : 0;
    if (std::exchange(seen_transitions_[i], node.transitions) != node.transitions) last_change_ = network_.now();
    was_master_[i] = master;
  }
  void watch_hand_over(std::size_t i) {
    const Network::Node& node = network_.node(i);
    HandOver& seen = hand_overs_[i];
    const Deadline end = node.alive ? node.state.timers.hand_over_end : Deadline::never();
    if (end != seen.end) seen = {end, network_.now()};
    if (end.is_never() || !network_.runs(i)) return;
    handed_over_ += network_.now() == seen.since ? 1 : 0;
    ASSERT_TRUE(node.config.hand_over);
    ASSERT_LE((network_.now() - seen.since).count(), hand_over_bound(i).count()) << "node " << i;
  }
  Nanos hand_over_bound(std::size_t i) const {
    return hand_over_limit(network_.node(i).config) * (1'000'000 + 2 * Network::kDriftPpm) / 1'000'000 + Network::kLate;
  }
  Nanos overlap_bound(std::size_t i, std::size_t j) const {
    const bool i_hands_over = handing_over(network_.node(i).state);
    const bool j_hands_over = handing_over(network_.node(j).state);
    if (i_hands_over && j_hands_over) return std::min(hand_over_bound(i), hand_over_bound(j));
    if (quiet_ && i_hands_over != j_hands_over) return Network::kDelay;  // the successor's first advert ends it
    return pair_bound(i, j);
  }
  void watch_pair(std::size_t i, std::size_t j) {
    std::optional<TimePoint>& since = since_[i][j];
    const bool both = network_.holds(i) && network_.holds(j) && network_.runs(i) && network_.runs(j) &&
                      network_.connected(i, j) && network_.connected(j, i);
    // Between two events nothing changes, so an overlap that ends now lasted until now.
    if (since) {
      ASSERT_LE((network_.now() - *since).count(), overlap_bound(i, j).count()) << "nodes " << i << " and " << j;
    }
    if (!both) since.reset();
    if (!both || since) return;
    since = network_.now();
    ++overlaps_;
  }

  static constexpr Nanos kLease = 1s;
  static constexpr Nanos kProbeWait = 40ms;
  static constexpr Nanos kPreemptDelay = 700ms;
  static constexpr Nanos kDampingLimit = 1s;
  static constexpr Nanos kAnnounceRefresh = 2s;

  Random random_;
  bool harsh_;  // also loss, one-way cuts, crashes, commands
  ProtocolVersion version_ = ProtocolVersion::kV3;
  bool one_interval_ = true;
  Network network_;
  Nanos longest_interval_{0};
  Nanos start_delay_{0};
  Nanos master_down_{0};
  Nanos bound_{0};
  bool split_ = false;
  bool at_least_one_ = false;
  bool exactly_one_ = false;
  bool quiet_ = false;  // no loss, no more disturbances but planned releases
  std::array<std::array<std::optional<TimePoint>, Network::kMaxNodes>, Network::kMaxNodes> since_{};
  std::array<bool, Network::kMaxNodes> was_master_{};
  std::array<unsigned, Network::kMaxNodes> seen_transitions_{};
  TimePoint last_change_;
  struct HandOver {
    Deadline end;
    TimePoint since;
  };
  std::array<HandOver, Network::kMaxNodes> hand_overs_{};
  std::uint64_t handed_over_ = 0;
  std::uint64_t releases_ = 0;
  std::uint64_t overlaps_ = 0;
  std::uint64_t takeovers_ = 0;
  std::uint64_t reloads_ = 0;
};

TEST(VrrpSimulation, no_two_hold_beyond_the_bound_peace_brings_exactly_one_holder_and_planned_releases_leave_no_gap) {
  const std::uint64_t runs = from_environment("HF_VRRP_RUNS", 1000);
  const std::uint64_t first = from_environment("HF_VRRP_SEED", 1);
  std::uint64_t overlaps = 0;
  std::uint64_t takeovers = 0;
  std::uint64_t reloads = 0;
  std::uint64_t releases = 0;
  std::uint64_t handed_over = 0;
  for (std::uint64_t seed = first; seed < first + runs; ++seed) {
    SCOPED_TRACE("HF_VRRP_RUNS=1 HF_VRRP_SEED=" + std::to_string(seed));
    Story story(seed * 7919);
    story.run();
    overlaps += story.overlaps();
    takeovers += story.takeovers();
    reloads += story.reloads();
    releases += story.releases();
    handed_over += story.handed_over();
    if (HasFailure()) return;
  }
  RecordProperty("overlaps", static_cast<int>(overlaps));
  RecordProperty("takeovers", static_cast<int>(takeovers));
  RecordProperty("planned_releases", static_cast<int>(releases));
  if (runs < 100) return;
  EXPECT_GT(releases, runs / 2) << "planned releases must happen";
  EXPECT_GE(handed_over, releases) << "and hand over";
  EXPECT_GT(reloads, runs / 2) << "nodes must have been configured anew";
  EXPECT_GT(takeovers, 2 * runs) << "the disturbances must disturb";
  EXPECT_GT(overlaps, runs / 10) << "the bound must have been put to the test";
}

}  // namespace
}  // namespace hf::policy::vrrp
