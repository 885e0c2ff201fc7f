// Two to five nodes through loss, partitions, freezes, crashes and restarts; then peace. The oracles are the sentences
// of docs/vip.md, "What is proven". HF_VRRP_RUNS sets the number of runs, HF_VRRP_SEED the first seed.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

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
  explicit Story(std::uint64_t seed) : random_(seed), harsh_(random_.below(3) != 0), network_(seed + 1, make_configs()) {
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
  }
  std::uint64_t overlaps() const { return overlaps_; }
  std::uint64_t takeovers() const { return takeovers_; }

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
    const bool one_interval = chance(70) || version_ == ProtocolVersion::kV2;
    for (std::size_t i = 0; i < configs.size(); ++i) {
      Config& config = configs[i];
      config.version = version_;
      config.priority = static_cast<std::uint8_t>(chance(5) ? 255 : (chance(20) ? 100 : 1 + random_.below(254)));
      config.own_address = Address::ipv4(198, 18, 0, static_cast<std::uint8_t>(i + 1));
      config.addresses = {Address::ipv4(198, 18, 0, 100)};
      config.advert_interval = version_ == ProtocolVersion::kV2 ? 1s : 100ms;
      if (!one_interval) config.advert_interval = Nanos(10ms) * (5 + random_.below(26));
      config.preempt = preempt;
      config.preempt_delay = chance(30) ? kPreemptDelay : Nanos{0};
      config.start_delay = chance(20) ? Nanos(500ms) : Nanos{0};
      config.lease = kLease;
      config.refresh_interval = 250ms;
      config.probe_wait = chance(70) ? kProbeWait : Nanos{0};
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
      static constexpr std::uint64_t kGentle[] = {0, 1, 2, 3, 8, 8, 10, 10};  // freezes and whole partitions
      disturb(harsh_ ? random_.below(16) : kGentle[random_.below(std::size(kGentle))], any_node());
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
      case 14: return command(i, TrackChanged{static_cast<int>(random_.below(101)) - 50, chance(20)});
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
    if (slept) {
      ASSERT_GT(node.transitions, transitions) << "node " << i << " woke up and went on as master";
    }
  }
  void stop(std::size_t i) {
    if (!network_.runs(i)) return;
    command(i, Stop{});
    network_.kill(i);
  }
  /// What changes who is the better master starts the bound anew for this node's pairs.
  void command(std::size_t i, const Input& input) {
    network_.arrive(i, input);
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
    until(network_.now() + one_holder_after());
    at_least_one_ = true;
    until(network_.now() + (quiet_after() - one_holder_after()));
    const std::vector<unsigned> before = transitions();
    exactly_one_ = true;
    until(network_.now() + 3 * longest_interval_ + 1s);
    EXPECT_EQ(before, transitions()) << "a node changed its mode in a quiet network";
    ASSERT_EQ(network_.announcer(), holder()) << "clients are left with the address of a node that does not hold it";
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
    if (at_least_one_) {
      ASSERT_GE(holders, 1u) << "nobody holds the address at " << network_.now().nanos;
    }
    if (exactly_one_) {
      ASSERT_EQ(holders, 1u) << "at " << network_.now().nanos;
    }
  }
  void watch_lease(std::size_t i) {
    const Network::Node& node = network_.node(i);
    if (node.frozen && network_.holds(i)) {
      ASSERT_LT(network_.now(), node.frozen_at + node.config.lease);
    }
    const bool master = node.alive && node.state.mode == Mode::kMaster;
    if (network_.runs(i) && network_.holds(i)) {
      ASSERT_TRUE(master) << "a node that is not master kept the address";
    }
    takeovers_ += master && !was_master_[i] ? 1 : 0;
    was_master_[i] = master;
  }
  void watch_pair(std::size_t i, std::size_t j) {
    std::optional<TimePoint>& since = since_[i][j];
    const bool both = network_.holds(i) && network_.holds(j) && network_.runs(i) && network_.runs(j) &&
                      network_.connected(i, j) && network_.connected(j, i);
    // Between two events nothing changes, so an overlap that ends now lasted until now.
    if (since) {
      ASSERT_LE((network_.now() - *since).count(), pair_bound(i, j).count()) << "nodes " << i << " and " << j;
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
  Network network_;
  Nanos longest_interval_{0};
  Nanos start_delay_{0};
  Nanos master_down_{0};
  Nanos bound_{0};
  bool split_ = false;
  bool at_least_one_ = false;
  bool exactly_one_ = false;
  std::array<std::array<std::optional<TimePoint>, Network::kMaxNodes>, Network::kMaxNodes> since_{};
  std::array<bool, Network::kMaxNodes> was_master_{};
  std::uint64_t overlaps_ = 0;
  std::uint64_t takeovers_ = 0;
};

TEST(VrrpSimulation, nobody_holds_twice_beyond_the_bound_and_peace_brings_exactly_one_holder) {
  const std::uint64_t runs = from_environment("HF_VRRP_RUNS", 2000);
  const std::uint64_t first = from_environment("HF_VRRP_SEED", 1);
  std::uint64_t overlaps = 0;
  std::uint64_t takeovers = 0;
  for (std::uint64_t seed = first; seed < first + runs; ++seed) {
    SCOPED_TRACE("HF_VRRP_RUNS=1 HF_VRRP_SEED=" + std::to_string(seed));
    Story story(seed * 7919);
    story.run();
    overlaps += story.overlaps();
    takeovers += story.takeovers();
    if (HasFailure()) return;
  }
  RecordProperty("overlaps", static_cast<int>(overlaps));
  RecordProperty("takeovers", static_cast<int>(takeovers));
  if (runs < 100) return;
  EXPECT_GT(takeovers, 2 * runs) << "the disturbances must disturb";
  EXPECT_GT(overlaps, runs / 10) << "the bound must have been put to the test";
}

}  // namespace
}  // namespace hf::policy::vrrp
