// SimulatedNetwork: nodes that run the VRRP machine on simulated clocks, kernels and links. For tests only.
//
// Owner: one test. Thread: the test's only. Nothing here is shared between runs; the seed decides everything.
// Invariants:
//   1. Time is true time. A node's own clock runs faster or slower by up to kDriftPpm; its timers come up to kLate
//      late.
//   2. A link loses at most kLosses adverts in a row and delays by at most kDelay, unless it is cut.
//   3. The kernel of a node keeps the addresses until the end of their lease whatever becomes of the process; a host
//      crash takes them at once. A frozen or dead process does nothing, its kernel still answers probes.
//   4. A process that was told to stop lives on until its machine holds nothing.
#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "base/random.h"
#include "policy/vrrp/machine.h"

namespace hf::policy::vrrp {

class SimulatedNetwork {
 public:
  static constexpr unsigned kDriftPpm = 1000;
  static constexpr unsigned kLosses = 2;
  static constexpr Nanos kDelay = 15ms;
  static constexpr Nanos kLate = 2ms;
  static constexpr std::size_t kMaxNodes = 5;

  struct Node {
    Config config;
    IpAddress own_address;
    State state;
    bool alive = false;
    bool frozen = false;
    bool stopping = false;  // ends when it has handed over
    bool cable = true;
    bool reads_backlog = true;  // what arrives during a freeze waits in the socket, or is lost
    std::vector<Input> backlog;
    std::int64_t drift_ppm = 0;
    unsigned life = 0;       // of the process
    unsigned timer = 0;      // the last one set
    bool timer_due = false;  // it came while frozen
    TimePoint held_until;    // by the kernel
    TimePoint frozen_at;
    unsigned transitions = 0;
  };

  SimulatedNetwork(std::uint64_t seed, std::vector<Config> configs) : random_(seed), nodes_(configs.size()) {
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      nodes_[i].config = std::move(configs[i]);
      nodes_[i].own_address = IpAddress::v4(198, 18, 0, static_cast<std::uint8_t>(i + 1));
      nodes_[i].drift_ppm = static_cast<std::int64_t>(random_.below(2 * kDriftPpm + 1)) - kDriftPpm;
    }
  }

  // ── what a test does ──
  /// Of a node before its first start.
  void set_own_address(std::size_t i, const IpAddress& address) { nodes_[i].own_address = address; }
  void set_drift(std::size_t i, std::int64_t ppm) { nodes_[i].drift_ppm = ppm; }
  /// Called after each step of a node's machine.
  void on_step(std::function<void(std::size_t)> stepped) { stepped_ = std::move(stepped); }
  std::size_t size() const { return nodes_.size(); }
  const Node& node(std::size_t i) const { return nodes_[i]; }
  TimePoint now() const { return now_; }
  int announcer() const { return announcer_; }  // whom the clients' neighbour caches point at; -1: nobody yet
  void set_loss_percent(std::uint64_t percent) { loss_percent_ = percent; }
  /// From now on what was sent first arrives first, as on one Ethernet segment.
  void keep_order() { in_order_ = true; }
  void set_cut(std::size_t from, std::size_t to, bool cut) { cut_[from][to] = cut; }

  void start(std::size_t i) {
    if (runs(i) && std::exchange(nodes_[i].stopping, false)) return give(i, Start{nodes_[i].cable, holds(i)});
    if (nodes_[i].alive) return;
    boot(i);
    begin(i);
  }
  /// The two halves of start(): between them others may have to be there, too.
  void boot(std::size_t i) {
    nodes_[i].alive = true;
    nodes_[i].stopping = false;
    nodes_[i].frozen = false;
    ++nodes_[i].life;
    nodes_[i].state = State{};
    nodes_[i].backlog.clear();
    give(i, OwnAddress{nodes_[i].own_address});
  }
  void begin(std::size_t i) { give(i, Start{.interface_up = nodes_[i].cable, .addresses_present = holds(i)}); }
  void stop(std::size_t i) {
    if (!runs(i)) return;
    nodes_[i].stopping = true;
    give(i, Stop{});
  }
  /// While it runs, or is not there; a frozen one reads no file.
  void reconfigure(std::size_t i, Config next) {
    Node& node = nodes_[i];
    if (node.frozen) return;
    Config before = std::exchange(node.config, std::move(next));
    if (node.alive) give(i, Reconfigured{std::move(before)});
  }
  void kill(std::size_t i) { nodes_[i].alive = false; }
  void crash_host(std::size_t i) {
    kill(i);
    nodes_[i].held_until = TimePoint{0};
  }
  void freeze(std::size_t i, bool reads_backlog) {
    if (!nodes_[i].alive || nodes_[i].frozen) return;
    nodes_[i].frozen = true;
    nodes_[i].reads_backlog = reads_backlog;
    nodes_[i].timer_due = false;
    nodes_[i].frozen_at = now_;
  }
  void thaw(std::size_t i) {
    Node& node = nodes_[i];
    if (!std::exchange(node.frozen, false) || !node.alive) return;
    for (const Input& input : std::exchange(node.backlog, {})) give(i, input);
    if (std::exchange(node.timer_due, false)) give(i, Timer{});
  }
  void set_cable(std::size_t i, bool up) {
    nodes_[i].cable = up;
    arrive(i, InterfaceChanged{up});
  }
  void arrive(std::size_t i, const Input& input) {
    if (!nodes_[i].alive) return;
    if (!nodes_[i].frozen) return give(i, input);
    const bool from_network = std::holds_alternative<Advertisement>(input);
    if (!from_network || nodes_[i].reads_backlog) nodes_[i].backlog.push_back(input);
  }

  // ── what an oracle sees ──
  bool holds(std::size_t i) const { return now_ < nodes_[i].held_until; }
  bool listens_at_first(std::size_t i) const { return local(nodes_[i]) < nodes_[i].state.started_until; }
  bool runs(std::size_t i) const { return nodes_[i].alive && !nodes_[i].frozen; }
  bool connected(std::size_t from, std::size_t to) const {
    return !cut_[from][to] && nodes_[from].cable && nodes_[to].cable;
  }
  TimePoint local_now(std::size_t i) const { return local(nodes_[i]); }
  TimePoint next_event() const { return events_.empty() ? Deadline::never().at : events_.begin()->first.first; }

  /// Nothing is due until `t`.
  void pass(TimePoint t) { now_ = t; }
  /// Moves to the next event or to `limit`, whichever comes first, and runs the event.
  void advance(TimePoint limit) {
    if (next_event() > limit) {
      now_ = limit;
      return;
    }
    now_ = events_.begin()->first.first;
    const Event event = std::move(events_.begin()->second);
    events_.erase(events_.begin());
    Node& node = nodes_[event.node];
    if (event.life != node.life || !node.alive) return;
    if (!std::holds_alternative<Timer>(event.input)) return arrive(event.node, event.input);
    if (event.timer != node.timer) return;
    if (node.frozen) node.timer_due = true;
    else give(event.node, Timer{});
  }

 private:
  struct Event {
    std::size_t node;
    unsigned life;
    unsigned timer;
    Input input;
  };

  TimePoint local(const Node& node) const {
    return TimePoint{now_.nanos + now_.nanos / 1'000'000 * node.drift_ppm +
                     now_.nanos % 1'000'000 * node.drift_ppm / 1'000'000};
  }
  void schedule(Nanos after, Event event) {
    const Nanos wait = after < Nanos{0} ? Nanos{0} : after;
    events_.emplace(std::pair(now_ + wait, sequence_++), std::move(event));
  }
  Nanos up_to(Nanos most) {
    return Nanos(static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(most.count()))));
  }

  void give(std::size_t i, const Input& input) {
    Node& node = nodes_[i];
    Step done = step(node.config, std::move(node.state), local(node), input);
    node.state = std::move(done.state);
    for (const Action& action : done.actions) perform(i, action);
    if (node.stopping && !holding(node.state)) kill(i);
    if (stepped_) stepped_(i);
  }
  void perform(std::size_t i, const Action& action) {
    Node& node = nodes_[i];
    switch (action.kind) {
      case ActionKind::kSendAdvertisement: return send(i, action.priority);
      case ActionKind::kSetTimer: return set_timer(i, action.at);
      case ActionKind::kAddAddresses:
      case ActionKind::kRefreshAddresses: node.held_until = now_ + action.lease; return;
      case ActionKind::kRemoveAddresses: node.held_until = TimePoint{0}; return;
      case ActionKind::kAnnounce:
        if (node.cable) announcer_ = static_cast<int>(i);
        return;
      case ActionKind::kProbeAddresses: return probe(i);
      case ActionKind::kReportTransition: ++node.transitions; return;
      case ActionKind::kWarn: return;
    }
  }
  void set_timer(std::size_t i, Deadline at) {
    ++nodes_[i].timer;
    if (at.is_never()) return;
    const std::int64_t wait = (at.at - local(nodes_[i])).count();
    const Nanos true_wait{wait + wait * -nodes_[i].drift_ppm / 1'000'000 + 1000};  // rounded up a little
    schedule(true_wait + up_to(kLate - 100us), {i, nodes_[i].life, nodes_[i].timer, Timer{}});
  }
  void send(std::size_t from, std::uint8_t priority) {
    const Config& config = nodes_[from].config;
    for (std::size_t to = 0; to < nodes_.size(); ++to) {
      if (to == from || !connected(from, to) || lost(from, to)) continue;
      schedule(delay(from, to), {to, nodes_[to].life, 0,
                                 Advertisement{.path = 0,
                                               .source = nodes_[from].own_address,
                                               .priority = priority,
                                               .interval = config.advert_interval,
                                               .addresses = config.addresses}});
    }
  }
  Nanos delay(std::size_t from, std::size_t to) {
    TimePoint& last = last_arrival_[from][to];
    const TimePoint drawn = now_ + up_to(kDelay);
    const TimePoint arrival = in_order_ ? std::max(drawn, last) : drawn;
    last = std::max(last, arrival);
    return arrival - now_;
  }
  bool lost(std::size_t from, std::size_t to) {
    unsigned& row = lost_in_a_row_[from][to];
    if (row < kLosses && random_.below(100) < loss_percent_) {
      ++row;
      return true;
    }
    row = 0;
    return false;
  }
  void probe(std::size_t i) {
    for (std::size_t other = 0; other < nodes_.size(); ++other) {
      if (other == i || !holds(other) || !connected(i, other) || !connected(other, i)) continue;
      schedule(up_to(kDelay), {i, nodes_[i].life, 0, ProbeResult{.answered = true}});
    }
  }

  Random random_;
  std::vector<Node> nodes_;
  TimePoint now_;
  std::map<std::pair<TimePoint, std::uint64_t>, Event> events_;
  std::uint64_t sequence_ = 0;
  std::uint64_t loss_percent_ = 0;
  bool in_order_ = false;
  std::array<std::array<TimePoint, kMaxNodes>, kMaxNodes> last_arrival_{};
  std::array<std::array<bool, kMaxNodes>, kMaxNodes> cut_{};
  std::array<std::array<unsigned, kMaxNodes>, kMaxNodes> lost_in_a_row_{};
  int announcer_ = -1;
  std::function<void(std::size_t)> stepped_;
};

}  // namespace hf::policy::vrrp
