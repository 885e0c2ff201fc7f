#include "policy/vrrp/machine.h"

#include <algorithm>
#include <utility>

namespace hf::policy::vrrp {
namespace {

constexpr Nanos kShortestInterval = 10ms;  // whatever a peer says: no timers that spin
constexpr Nanos kLongestInterval = 255s;
constexpr Nanos kWarnGap = 10s;  // the same warning at most once in it
constexpr unsigned kMaxDoublings = 8;
constexpr unsigned kFreeLosses = 1;  // by fault or stall, before damping begins
constexpr unsigned kFreeFlips = 3;   // from and to another master that lives

/// One step: the state being changed and the actions gathered.
class Turn {
 public:
  Turn(const Config& config, State state, TimePoint now) : config_(config), s_(std::move(state)), now_(now) {}

  Step run(const Input& input) {
    if (!std::holds_alternative<Reconfigured>(input)) {  // step() has had that judged by the old limits
      yield_if_stalled();
      end_hand_over_if_due();
    }
    std::visit([this](const auto& event) { on(event); }, input);
    run_timers();
    arm(std::holds_alternative<Timer>(input));
    return Step{std::move(s_), std::move(actions_)};
  }

 private:
  // ── inputs ──
  void on(const Start& start) {
    if (s_.running) return;
    s_.running = true;
    s_.faults.interface_down = !start.interface_up;
    s_.started_until = now_ + config_.start_delay;
    if (!handing_over(s_)) {
      if (start.addresses_present) drop_stale_addresses();
    } else if (!start.interface_up) {
      let_go();
    }
    if (s_.faults.any()) return move(Mode::kFault, fault_reasons(s_).front());
    begin(Reason::kStarted);
  }
  void on(const Stop&) {
    if (!s_.running) return;
    s_.running = false;
    leave(Mode::kInitialize, Reason::kStopped);
  }
  void on(const Timer&) {}  // run_timers() follows every input
  void on(const Advertisement& advert) {
    if (is_of_another_router(config_, advert.addresses)) return;
    const bool takes_part = s_.mode == Mode::kBackup || s_.mode == Mode::kMaster;
    if (s_.mode == Mode::kFault) learn_at_fault(advert);
    if (!takes_part && !handing_over(s_)) return;
    if (!acceptable(advert)) return;
    if (handing_over(s_) && advert.priority != kReleasePriority && advert.source != s_.own_address) let_go();
    if (!takes_part) return;
    const Nanos interval = std::clamp(advert.interval, kShortestInterval, kLongestInterval);
    s_.mode == Mode::kBackup ? heard_as_backup(advert, interval) : heard_as_master(advert, interval);
  }
  void on(const OwnAddress& own) { s_.own_address = own.address; }
  void on(const InterfaceChanged& change) {
    s_.faults.interface_down = !change.up;
    if (!change.up && handing_over(s_)) let_go();
    faults_changed(Reason::kInterfaceDown);
  }
  void on(const TrackChanged& track) {
    const std::uint8_t before = priority();
    s_.weight_sum = std::clamp(track.weight_sum, -1000, 1000);
    s_.faults.track_release = track.release;
    s_.serving = track.serving;
    if (!track.serving && handing_over(s_)) let_go();
    faults_changed(Reason::kTrackRelease);
    if (priority() != before) tell_priority();
  }
  void on(OperatorCommand command) {
    const std::uint8_t before = priority();
    s_.preferred = command == OperatorCommand::kPrefer;
    s_.faults.operator_release = command == OperatorCommand::kRelease;
    faults_changed(Reason::kOperatorRelease);
    preference_changed(before);
  }
  void on(const GroupStanding& standing) {
    const std::uint8_t before = priority();
    s_.group = standing;
    preference_changed(before);
  }
  /// A shorter interval or lease must not make a stall of the time that the longer one allowed: all begin anew.
  void on(const Reconfigured&) {
    if (s_.mode == Mode::kMaster) advertise(priority());
    if (holding(s_)) hold(ActionKind::kRefreshAddresses);
    if (s_.mode != Mode::kMaster || config_.announce_refresh == Nanos{0}) return;
    const TimePoint again = std::max(now_, s_.last_announce + config_.announce_refresh);
    s_.timers.announce = s_.timers.announce.earlier(Deadline{again});
  }
  void on(const LeaseNotRenewed& lost) {
    if (handing_over(s_)) let_go();
    if (s_.mode != Mode::kMaster) return;
    late_ = std::max(lost.age - config_.refresh_interval, Nanos{0});
    leave(Mode::kBackup, Reason::kStalled);
  }
  /// Its master announces again when it hears the release: clients may have learnt this node's link-layer address.
  void on(const StaleAddresses&) {
    if (s_.running && !holding(s_)) drop_stale_addresses();
  }
  void on(const CannotSend& change) { s_.cannot_send = change.so; }
  void on(const ConflictSeen&) {
    if (s_.mode == Mode::kMaster) return defend();
    if (s_.mode == Mode::kBackup && probing()) probe_answered();
  }
  void on(const ProbeResult& result) {
    if (s_.mode != Mode::kBackup || !probing()) return;
    result.answered ? probe_answered() : become_master(s_.take_reason);
  }
  void on(SyncOrder order) {
    switch (order) {
      case SyncOrder::kTake:
        if (s_.mode == Mode::kBackup && !probing()) take(s_.wants ? s_.take_reason : Reason::kSyncGroup);
        return;
      case SyncOrder::kYield:
        if (s_.mode == Mode::kMaster) return leave(Mode::kBackup, Reason::kSyncGroup);
        if (!probing()) return;
        s_.timers.probe = Deadline::never();
        return listen();
      case SyncOrder::kMasterReleased: return others_master_released();
      case SyncOrder::kFault:
      case SyncOrder::kClear:
        s_.faults.sync_group = order == SyncOrder::kFault;
        return faults_changed(Reason::kSyncGroup);
    }
  }

  // ── advertisements ──
  bool acceptable(const Advertisement& advert) {
    if (advert.interval <= Nanos{0}) return warn(Reason::kBadAdvertisement), false;
    const bool rfc3768 = config_.strict && config_.version == ProtocolVersion::kV2;
    if (config_.version == ProtocolVersion::kV2 && advert.interval != config_.advert_interval) {
      warn(Reason::kIntervalMismatch);
      if (rfc3768) return false;
    }
    if (!same_addresses(advert.addresses)) {
      warn(Reason::kAddressesMismatch);
      if (rfc3768 && advert.priority != kOwnerPriority) return false;
    }
    return true;
  }
  bool same_addresses(const std::vector<IpAddress>& theirs) const {
    return theirs.size() == config_.addresses.size() &&
           std::is_permutation(theirs.begin(), theirs.end(), config_.addresses.begin());
  }

  void heard_as_backup(const Advertisement& advert, Nanos interval) {
    if (advert.priority == kReleasePriority) return master_released(advert.source, interval);
    s_.released_to_us = false;
    s_.heard_at = now_;
    const bool better = advert.priority > priority();
    s_.rival_alive = Deadline{better ? now_ : now_ + master_down_interval(config_.version, priority(), interval)};
    if (advert.priority >= priority()) {
      s_.lower_since.reset();
      return listen_to(advert, interval);
    }
    if (!s_.lower_since) s_.lower_since = now_;
    if (!may_preempt()) return listen_to(advert, interval);
    s_.master = advert.source;
    s_.master_priority = advert.priority;
  }
  /// Whoever is master now may release in the moment in which we are backup again.
  void learn_at_fault(const Advertisement& advert) {
    const Nanos interval = std::clamp(advert.interval, kShortestInterval, kLongestInterval);
    if (advert.priority != kReleasePriority) {
      s_.master = advert.source;
      s_.master_priority = advert.priority;
      s_.heard_at = now_;
      s_.learnt_until = Deadline{now_ + master_down_interval(config_.version, priority(), interval)};
    } else if (s_.master == advert.source) {
      s_.master.reset();
    }
  }
  void listen_to(const Advertisement& advert, Nanos interval) {
    s_.master = advert.source;
    s_.master_priority = advert.priority;
    s_.master_interval = interval;
    s_.answered_since.reset();
    s_.listened_again = false;
    s_.take_reason = Reason::kMasterDown;
    s_.timers.probe = Deadline::never();
    listen();
  }
  /// Only the master heard last may shorten the wait: anybody else's release says nothing about it. Its interval is the
  /// one that the release tells: who preempts has not learnt it, and the releasing node keeps the addresses no longer.
  void master_released(const IpAddress& source, Nanos interval) {
    const bool ours = s_.master == source;
    if (!ours && (s_.master || probing())) return;
    const TimePoint soon = now_ + skew_time(config_.version, priority(), interval);
    if (ours) s_.released_to_us = soon >= s_.started_until;
    s_.timers.probe = Deadline::never();
    s_.timers.master_down = s_.timers.master_down.earlier(Deadline{std::max(soon, s_.started_until)});
    s_.take_reason = Reason::kMasterReleased;
    s_.wants = false;
    s_.rival_alive = Deadline{TimePoint{0}};
    s_.lower_since.reset();
    s_.master.reset();
  }
  /// A node gives up all members at once, but where its interface is down nobody hears of it. Its next advert is waited
  /// for: that is less than its hand-over of the others takes.
  void others_master_released() {
    if (s_.mode != Mode::kBackup || probing() || s_.wants || !s_.master) return;
    const TimePoint due = s_.heard_at + s_.master_interval + kHandOverSlack;
    const TimePoint soon = std::max(now_ + skew_time(config_.version, priority(), s_.master_interval), due);
    s_.timers.master_down = s_.timers.master_down.earlier(Deadline{std::max(soon, s_.started_until)});
  }
  void heard_as_master(const Advertisement& advert, Nanos interval) {
    if (advert.priority == kReleasePriority) return heard_release_as_master();
    const bool tied = advert.priority == priority();
    const bool better = advert.priority > priority() || (tied && advert.source > s_.own_address && !leaves_tie());
    if (better || s_.cannot_send) {  // one that cannot be told to give way must be given way to
      leave(Mode::kBackup, better ? Reason::kBetterMaster : Reason::kCannotSend);
      return listen_to(advert, interval);
    }
    if (!config_.answer_lower) return;
    const bool last_word = s_.master == advert.source && !s_.last_word_until.passed(now_);
    if (!last_word) warn(Reason::kDuplicateMaster);
    advertise_soon();
    announce_soon();
  }
  /// A tie is settled by the first member of a group that hears the other: the addresses on another member's interface
  /// may order the nodes the other way round.
  bool leaves_tie() {
    if (!s_.group || s_.group->tie_patience == Nanos{0}) return false;
    if (s_.tied_until.passed(now_)) s_.tied_since = now_;
    s_.tied_until = Deadline{now_ + master_down_interval(config_.version, priority(), config_.advert_interval)};
    return now_ < *s_.tied_since + s_.group->tie_patience;
  }
  /// Who releases was master beside us: clients may have learnt its link-layer address last.
  void heard_release_as_master() {
    advertise(priority());
    if (config_.answer_lower) announce_soon();
  }
  bool may_preempt() const {
    if (preferred() || priority() == kOwnerPriority) return true;
    if (!config_.preempt || now_ < s_.damped_until) return false;
    return now_ >= *s_.lower_since + config_.preempt_delay;
  }
  bool rival_alive() const { return !s_.rival_alive.passed(now_); }
  bool master_is_below_us() const {
    return s_.master && s_.master_priority < priority() && !s_.timers.master_down.passed(now_) && !probing();
  }

  // ── the ways between modes ──
  void begin(Reason reason) {
    const bool owner = priority() == kOwnerPriority && now_ >= s_.started_until;
    if (owner && config_.probe_wait == Nanos{0} && !s_.group) return become_master(Reason::kAddressOwner);
    const std::optional<IpAddress> learnt = s_.learnt_until.passed(now_) ? std::nullopt : s_.master;
    move(Mode::kBackup, reason);
    s_.master = learnt;
    if (owner) take_or_want(Reason::kAddressOwner);
  }
  void take_or_want(Reason reason) {
    if (!s_.group) return take(reason);
    const bool again = std::exchange(s_.wants, true);
    s_.take_reason = reason;
    if (again && !rival_alive()) return take(reason);  // nobody has these addresses, whatever the others hear
    s_.timers.master_down = Deadline{now_ + master_down_interval(config_.version, priority(), s_.master_interval)};
  }
  /// No probe where a rival is heard, nor after a release to us: the old master may still answer, on purpose.
  void take(Reason reason) {
    const bool preempting = rival_alive();
    s_.wants = false;
    s_.take_reason = preempting && reason == Reason::kMasterDown ? Reason::kPreempted : reason;
    s_.timers.master_down = Deadline::never();
    if (config_.probe_wait == Nanos{0} || preempting || s_.released_to_us || patience_is_over()) {
      return become_master(s_.take_reason);
    }
    act({.kind = ActionKind::kProbeAddresses});
    s_.timers.probe = Deadline{now_ + config_.probe_wait};
  }
  bool patience_is_over() const {
    return config_.on_probe_answer == OnProbeAnswer::kTakeAfter && s_.answered_since &&
           now_ >= *s_.answered_since + config_.conflict_patience;
  }
  /// The RFC advertises first. After a release to us the advert ends the old master's hand-over, so it comes last.
  void become_master(Reason reason) {
    const Mode from = std::exchange(s_.mode, Mode::kMaster);
    const ActionKind taking = handing_over(s_) ? ActionKind::kRefreshAddresses : ActionKind::kAddAddresses;
    s_.timers = Timers{};
    s_.answered_since.reset();
    s_.last_conflict.reset();
    s_.wants = false;
    s_.tied_until = Deadline{TimePoint{0}};
    s_.second_burst_due = config_.announce_delay > Nanos{0};
    if (reason == Reason::kPreempted) s_.last_word_until = Deadline{now_ + 2 * config_.advert_interval};
    const bool make_first = std::exchange(s_.released_to_us, false) && config_.hand_over;
    if (!make_first) advertise(priority());
    hold(taking);
    announce();
    if (make_first) advertise(priority());
    act({.kind = ActionKind::kReportTransition, .from = from, .to = Mode::kMaster, .reason = reason});
    if (reason == Reason::kPreempted || reason == Reason::kSyncGroup) damp(s_.flips, kFreeFlips);
  }
  void move(Mode to, Reason reason) {
    const Mode from = std::exchange(s_.mode, to);
    Timers kept;
    kept.conflict_end = s_.timers.conflict_end;
    kept.hand_over_end = s_.timers.hand_over_end;
    if (handing_over(s_)) kept.refresh = s_.timers.refresh;
    s_.timers = kept;
    s_.master.reset();
    s_.lower_since.reset();
    s_.rival_alive = Deadline{TimePoint{0}};
    s_.answered_since.reset();
    s_.listened_again = false;
    s_.wants = false;
    s_.take_reason = Reason::kMasterDown;
    s_.master_interval = config_.advert_interval;
    if (to == Mode::kBackup) listen();
    if (from != to) {
      act({.kind = ActionKind::kReportTransition, .from = from, .to = to, .reason = reason, .late = late_});
    }
  }
  /// Out of any mode: a master that still serves hands over where the release is planned.
  void leave(Mode to, Reason reason) {
    const bool planned = reason == Reason::kStopped || reason == Reason::kOperatorRelease ||
                         reason == Reason::kSyncGroup || reason == Reason::kTrackRelease;
    const bool flipped = reason == Reason::kBetterMaster || reason == Reason::kSyncGroup;
    if (s_.mode == Mode::kMaster && to == Mode::kBackup && flipped) damp(s_.flips, kFreeFlips);
    if (s_.mode != Mode::kMaster || !planned || !s_.serving || !config_.hand_over) return leave_at_once(to, reason);
    advertise(kReleasePriority);
    s_.timers.hand_over_end = Deadline{now_ + hand_over_limit(config_)};
    if (reason == Reason::kTrackRelease) damp(s_.losses, kFreeLosses);
    move(to, reason);
  }
  /// Out of any mode; a master first takes its addresses off and then says so.
  void leave_at_once(Mode to, Reason reason) {
    if (s_.mode == Mode::kMaster) {
      act({.kind = ActionKind::kRemoveAddresses, .reason = reason});
      if (reason == Reason::kBetterMaster) {
        if (config_.advertise_loss) advertise(priority());
      } else {
        advertise(kReleasePriority);
      }
      if (reason == Reason::kStalled || reason == Reason::kInterfaceDown || reason == Reason::kTrackRelease ||
          reason == Reason::kCannotSend) {
        damp(s_.losses, kFreeLosses);
      }
    }
    move(to, reason);
  }
  /// The end of a hand-over. Clients that asked while both nodes answered may have learnt ours: the second release
  /// makes the successor announce again, and reaches a backup that missed the first.
  void let_go() {
    s_.timers.hand_over_end = Deadline::never();
    s_.timers.refresh = Deadline::never();
    act({.kind = ActionKind::kRemoveAddresses});
    advertise(kReleasePriority);
  }
  /// Before anything else: whoever slept past the limit or the lease has nothing to hand over any more.
  void end_hand_over_if_due() {
    if (!handing_over(s_)) return;
    if (s_.timers.hand_over_end.passed(now_) || now_ - s_.last_refresh >= config_.lease) let_go();
  }
  void listen() {
    s_.released_to_us = false;
    s_.wants = false;
    const TimePoint down = now_ + master_down_interval(config_.version, priority(), s_.master_interval);
    s_.timers.master_down = Deadline{std::max(down, s_.started_until)};
  }
  void drop_stale_addresses() {
    act({.kind = ActionKind::kRemoveAddresses});
    advertise(kReleasePriority);
    warn(Reason::kStaleAddresses);
  }

  // ── faults ──
  void faults_changed(Reason reason) {
    if (!s_.running) return;
    if (s_.faults.any() && s_.mode != Mode::kFault) return leave(Mode::kFault, reason);
    if (!s_.faults.any() && s_.mode == Mode::kFault) begin(Reason::kRecovered);
  }
  /// More moves than are free, each within the window of the one before, cost the right to preempt for a while. Taking
  /// over from nobody stays free.
  void damp(Tally& moves, unsigned free) {
    const bool again = moves.last && now_ - *moves.last < config_.damping.window;
    moves.count = again ? std::min(moves.count + 1, free + kMaxDoublings) : 1;
    moves.last = now_;
    if (moves.count <= free || config_.damping.base == Nanos{0}) return;
    const Nanos wait = std::min(config_.damping.limit, config_.damping.base * (1 << (moves.count - free - 1)));
    s_.damped_until = std::max(s_.damped_until, now_ + wait);
    warn(Reason::kDamped);
  }
  void yield_if_stalled() {
    if (s_.mode != Mode::kMaster || !config_.check_stall) return;
    if (now_ - s_.last_advert < 3 * config_.advert_interval && now_ - s_.last_refresh < config_.lease) return;
    late_ = now_ - std::min(s_.last_advert + config_.advert_interval, s_.last_refresh + config_.refresh_interval);
    leave(Mode::kBackup, Reason::kStalled);
  }

  // ── conflicts ──
  bool probing() const { return !s_.timers.probe.is_never(); }
  void probe_answered() {
    warn(Reason::kAddressConflict);
    if (!s_.answered_since) s_.answered_since = now_;
    s_.timers.probe = Deadline::never();
    ask_again_soon();
  }
  /// A dead or frozen master's kernel answers until its lease is over: the gap after that should be short. Our own
  /// interval, so that no peer's long one keeps us waiting.
  void ask_again_soon() {
    const TimePoint again = now_ + std::max(config_.advert_interval, config_.probe_again);
    s_.timers.master_down = Deadline{std::max(again, s_.started_until)};
  }
  void defend() {
    warn(Reason::kAddressConflict);
    const bool again = s_.last_conflict && now_ - *s_.last_conflict < kDefendInterval;
    if (!again) {
      s_.last_conflict = now_;
      advertise_soon();
      return announce_soon();
    }
    if (config_.on_held_conflict != OnHeldConflict::kRelease) return;
    s_.faults.conflict = true;
    leave(Mode::kFault, Reason::kAddressConflict);
    s_.timers.conflict_end = Deadline{now_ + config_.conflict_hold};
  }

  // ── timers ──
  void run_timers() {
    if (s_.timers.conflict_end.passed(now_)) {
      s_.timers.conflict_end = Deadline::never();
      s_.faults.conflict = false;
      faults_changed(Reason::kRecovered);
    }
    if (s_.mode != Mode::kMaster && s_.timers.refresh.passed(now_)) hold(ActionKind::kRefreshAddresses);
    if (s_.mode == Mode::kBackup) return run_backup_timers();
    if (s_.mode == Mode::kMaster) run_master_timers();
  }
  void run_backup_timers() {
    if (s_.timers.probe.passed(now_)) return become_master(s_.take_reason);
    if (!s_.timers.master_down.passed(now_)) return;
    const Nanos late = now_ - s_.timers.master_down.at;
    if (late > config_.advert_interval && config_.check_stall && !s_.listened_again) {
      s_.listened_again = true;
      late_ = late;
      warn(Reason::kStalled);
      return listen();
    }
    s_.listened_again = false;
    take_or_want(s_.take_reason);
  }
  void run_master_timers() {
    if (s_.timers.refresh.passed(now_)) hold(ActionKind::kRefreshAddresses);
    if (s_.timers.advert.passed(now_)) advertise(priority());
    if (s_.timers.announce.passed(now_)) announce();
  }
  void arm(bool timer_was_used) {
    Deadline next = s_.timers.master_down;
    for (const Deadline other : {s_.timers.probe, s_.timers.advert, s_.timers.refresh, s_.timers.announce,
                                 s_.timers.conflict_end, s_.timers.hand_over_end}) {
      next = next.earlier(other);
    }
    if (next == s_.armed && !(timer_was_used && !next.is_never())) return;
    s_.armed = next;
    act({.kind = ActionKind::kSetTimer, .at = next});
  }

  // ── actions ──
  void act(Action action) { actions_.push_back(action); }
  void warn(Reason reason) {
    Deadline& last = s_.warned[static_cast<std::size_t>(reason)];
    if (!last.is_never() && now_ - last.at < kWarnGap) return;
    last = Deadline{now_};
    act({.kind = ActionKind::kWarn, .reason = reason, .late = late_});
  }
  void advertise(std::uint8_t with_priority) {
    act({.kind = ActionKind::kSendAdvertisement, .priority = with_priority});
    if (with_priority == kReleasePriority) return;
    s_.last_advert = now_;
    s_.timers.advert = Deadline{now_ + config_.advert_interval};
  }
  /// As an answer: at once, but never more than four in an interval, however many ask for it.
  void advertise_soon() {
    const TimePoint at = std::max(now_, s_.last_advert + config_.advert_interval / 4);
    s_.timers.advert = s_.timers.advert.earlier(Deadline{at});
  }
  void announce() {
    act({.kind = ActionKind::kAnnounce, .repeats = config_.announce_repeats});
    s_.last_announce = now_;
    s_.timers.announce = Deadline::never();
    if (config_.announce_refresh > Nanos{0}) s_.timers.announce = Deadline{now_ + config_.announce_refresh};
    if (std::exchange(s_.second_burst_due, false)) {
      s_.timers.announce = s_.timers.announce.earlier(Deadline{now_ + config_.announce_delay});
    }
  }
  void announce_soon() {
    s_.second_burst_due = config_.announce_delay > Nanos{0};
    const TimePoint at = std::max(now_, s_.last_announce + config_.advert_interval);
    s_.timers.announce = s_.timers.announce.earlier(Deadline{at});
  }
  void hold(ActionKind kind) {
    act({.kind = kind, .lease = config_.lease});
    s_.last_refresh = now_;
    s_.timers.refresh = Deadline{now_ + config_.refresh_interval};
  }
  void tell_priority() {
    if (s_.mode == Mode::kMaster) advertise_soon();
  }
  void preference_changed(std::uint8_t before) {
    if (priority() != before) tell_priority();
    if (!preferred() || s_.mode != Mode::kBackup || !master_is_below_us()) return;
    if (!s_.group) return become_master(Reason::kPreempted);
    s_.rival_alive = s_.timers.master_down;
    take_or_want(Reason::kPreempted);
  }
  bool preferred() const { return s_.preferred || (s_.group && s_.group->preferred); }
  std::uint8_t priority() const { return effective_priority(config_, s_); }

  const Config& config_;
  State s_;
  TimePoint now_;
  Nanos late_{0};  // found to be, in this step
  std::vector<Action> actions_;
};

}  // namespace

std::uint8_t own_priority(const Config& config, const State& state) {
  if (config.priority == kOwnerPriority) return kOwnerPriority;
  return static_cast<std::uint8_t>(std::clamp(int{config.priority} + state.weight_sum, 1, int{kHighestPriority}));
}

bool is_of_another_router(const Config& config, const std::vector<IpAddress>& addresses) {
  return !addresses.empty() && std::find_first_of(addresses.begin(), addresses.end(), config.addresses.begin(),
                                                  config.addresses.end()) == addresses.end();
}

std::uint8_t effective_priority(const Config& config, const State& state) {
  if (state.group) return state.group->priority;
  if (state.preferred && config.priority != kOwnerPriority) return kHighestPriority;
  return own_priority(config, state);
}

bool hears_rival(const State& state, TimePoint now) {
  const bool idle = state.mode == Mode::kBackup && state.timers.probe.is_never();
  return idle && now >= state.damped_until && !state.rival_alive.passed(now);
}

bool would_take(const State& state, TimePoint now) {
  return state.mode == Mode::kBackup && state.timers.master_down.passed(now);
}

bool handing_over(const State& state) { return !state.timers.hand_over_end.is_never(); }

bool holding(const State& state) { return state.mode == Mode::kMaster || handing_over(state); }

std::vector<Reason> fault_reasons(const State& state) {
  const Faults& faults = state.faults;
  std::vector<Reason> reasons;
  if (faults.interface_down) reasons.push_back(Reason::kInterfaceDown);
  if (faults.track_release) reasons.push_back(Reason::kTrackRelease);
  if (faults.operator_release) reasons.push_back(Reason::kOperatorRelease);
  if (faults.conflict) reasons.push_back(Reason::kAddressConflict);
  if (faults.sync_group) reasons.push_back(Reason::kSyncGroup);
  return reasons;
}

Step step(const Config& config, State state, TimePoint now, const Input& input) {
  const auto* change = std::get_if<Reconfigured>(&input);
  if (change == nullptr) return Turn(config, std::move(state), now).run(input);
  Step judged = Turn(change->before, std::move(state), now).run(Timer{});
  Step changed = Turn(config, std::move(judged.state), now).run(input);
  changed.actions.insert(changed.actions.begin(), judged.actions.begin(), judged.actions.end());
  return changed;
}

}  // namespace hf::policy::vrrp
