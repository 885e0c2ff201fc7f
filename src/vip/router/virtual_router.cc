#include "vip/router/virtual_router.h"

#include <algorithm>
#include <utility>

#include "runtime/wall_clock.h"
#include "vip/events.h"

namespace hf::vip::router {

namespace machine = policy::vrrp;
using machine::ActionKind;
using machine::Mode;
using machine::OperatorCommand;
using machine::Reason;

namespace {

constexpr Nanos kAnnounceGap = 10ms;  // between the repeats of one announcement
// for the gateway to cut clients while resets can still leave from the address
constexpr Nanos kFarewell = 5ms;
constexpr Nanos kKernelRetry = 5s;    // an address that the kernel refused is tried again after
constexpr Nanos kConflictProbe = 5s;  // a master asks whether somebody else answers for its addresses
constexpr std::size_t kKeptTransitions = 16;
constexpr std::size_t kLongestReason = 512;  // of the gateway's: sixteen transitions must fit into a report
constexpr std::int64_t kMicrosInASecond = 1'000'000;
constexpr std::int64_t kLatestTime = 0xF000'0000;  // of year 2097: numbers are left above it

}  // namespace

VirtualRouter::VirtualRouter(Surroundings surroundings, RouterSettings settings, GatewayCondition gateway)
    : around_(std::move(surroundings)),
      settings_(std::move(settings)),
      gateway_(std::move(gateway)),
      holder_(around_.routes),
      sequence_(static_cast<std::uint32_t>(
          std::clamp<std::int64_t>(runtime::wall_micros() / kMicrosInASecond, 0, kLatestTime))),
      mode_since_micros_(runtime::wall_micros()),
      machine_timer_([this] { on_timer(); }),
      announce_timer_([this] { announce_once(); }),
      alive_timer_([this] { say_alive(); }),
      farewell_timer_([this] {
        remove_addresses();
        around_.leaving(*this);  // for those who came in after the first word
        around_.stepped(*this);
      }),
      conflict_timer_([this] { look_for_conflict(); }),
      retry_timer_([this] {
        account_.clear("kernel");
        interfaces_changed();
        account_changed();
      }) {}

VirtualRouter::~VirtualRouter() { detach(); }

void VirtualRouter::start() {
  started_ = true;
  interfaces_changed();
  set_gateway(gateway_);
  weigh_interfaces();
  weigh_arbiters();
  feed(machine::TrackChanged{account_.points(), account_.release(), gateway_.serving});
  const bool left_behind = holder_.any_present() && settings_.machine.priority != machine::kOwnerPriority;
  feed(machine::Start{attached_, left_behind});
  say_alive();
}

void VirtualRouter::stop() {
  started_ = false;
  feed(machine::Stop{});
}

bool VirtualRouter::at_rest() const { return !started_ && !machine::holding(state_) && !holder_.holding(); }

bool VirtualRouter::can_become(const RouterSettings& next) const {
  return next.interface == settings_.interface && next.router_id == settings_.router_id &&
         next.family() == settings_.family() && next.machine.version == settings_.machine.version &&
         next.virtual_mac == settings_.virtual_mac && next.sync_group == settings_.sync_group;
}

bool VirtualRouter::become_if_changed(RouterSettings next) {
  if (next == settings_) return false;
  const RouterSettings before = std::exchange(settings_, std::move(next));
  feed(machine::Reconfigured{before.machine});
  if (attached_) {
    const Result<void> changed = holder_.change(settings_, around_.loop.poller().now());
    if (!changed.ok()) kernel_refused("addresses", changed.error());
    const Result<void> opened = open_changed(before);
    if (!opened.ok()) lose_sockets(opened.error());
    if (holder_.holding() && before.addresses != settings_.addresses) {
      start_announcing(settings_.machine.announce_repeats);
    }
  }
  interfaces_changed();
  weigh_interfaces();
  weigh_arbiters();
  set_gateway(gateway_);
  set_verdict(verdict_);
  account_changed();
  return true;
}

// ── the machine ──

void VirtualRouter::feed(machine::Input input) {
  inputs_.push_back(std::move(input));
  if (std::exchange(stepping_, true)) return;
  while (!inputs_.empty()) {
    const machine::Input next = std::move(inputs_.front());
    inputs_.pop_front();
    machine::Step step = machine::step(settings_.machine, std::move(state_), around_.loop.now(), next);
    state_ = std::move(step.state);
    for (const machine::Action& action : step.actions) perform(action);
  }
  stepping_ = false;
  around_.stepped(*this);
}

void VirtualRouter::perform(const machine::Action& action) {
  switch (action.kind) {
    case ActionKind::kSendAdvertisement: return send_advertisement(action.priority);
    case ActionKind::kSetTimer:
      if (action.at.is_never()) return machine_timer_.disarm();
      return around_.loop.arm(machine_timer_, action.at.at);
    case ActionKind::kAddAddresses: return take_addresses(action.lease);
    case ActionKind::kRefreshAddresses: return renew_addresses(action.lease);
    case ActionKind::kRemoveAddresses: return part_with_addresses(action.reason);
    case ActionKind::kAnnounce: return start_announcing(action.repeats);
    case ActionKind::kProbeAddresses: return probe();
    case ActionKind::kReportTransition: return report_transition(action);
    case ActionKind::kWarn: return warn(action);
  }
}

void VirtualRouter::on_timer() {
  weigh_arbiters();
  const bool cut_off = machine::would_take(state_, around_.loop.now()) && !machine::may_take(contacts());
  if (cut_off && account_.set("arbiters", Weight{}, "none answered lately, and no peer is heard")) account_changed();
  feed(machine::Timer{});
}

// ── what comes in ──

void VirtualRouter::received(const proto::vrrp::Received& message) {
  const TimePoint now = around_.loop.now();
  const auto refuse = [&](std::string_view reason, std::string_view words) {
    const std::optional<std::uint64_t> count = peers_.refused(reason, now);
    if (!count) return;
    around_.news(counted(
        *count, events::VipPeerRefused{.vip = settings_.name, .peer = message.source.to_string(), .reason = words}));
  };
  if (message.source == own_address_) return refuse("own-address", "it claims to come from this node's own address");
  const bool known = settings_.peers.empty() ||
                     std::find(settings_.peers.begin(), settings_.peers.end(), message.source) != settings_.peers.end();
  if (!known) return refuse("peer", "its sender is not one of `peers`");
  const auto ours = static_cast<std::uint8_t>(settings_.machine.version);
  if (static_cast<std::uint8_t>(message.advertisement.version) != ours) {
    return refuse("version", "it is of the other protocol version");
  }
  const std::optional<proto::vrrp::Refusal> wrong = proto::vrrp::check_auth(message.advertisement, settings_.auth);
  if (wrong) return refuse(proto::vrrp::to_string(*wrong), proto::vrrp::explain(*wrong));
  peers_.heard(0, now);
  last_peer_ = message.source;
  hear_master(message.source, message.advertisement.priority, message.advertisement.interval);
  feed(machine::Advertisement{0, message.source, message.advertisement.priority, message.advertisement.interval,
                              message.advertisement.addresses});
}

void VirtualRouter::heartbeat_received(std::size_t path, const proto::heartbeat::Heartbeat& heartbeat) {
  if (heartbeat.source == own_address_) return;
  peers_.heard(path, around_.loop.now());
  if (heartbeat.master || heartbeat.priority == machine::kReleasePriority) {
    last_peer_ = heartbeat.source;
    hear_master(heartbeat.source, heartbeat.priority, heartbeat.interval);
    feed(machine::Advertisement{static_cast<std::uint8_t>(path), heartbeat.source, heartbeat.priority,
                                heartbeat.interval, heartbeat.addresses});
  }
  weigh_arbiters();
}

void VirtualRouter::claimed(const NeighbourSocket::Claim& claim) {
  if (claim.kind != proto::arp::Claim::kHolds) return;  // another node asks as we do: priorities settle that
  last_claim_ = claim;
  if (state_.mode == Mode::kBackup) return feed(machine::ProbeResult{true});
  if (state_.mode != Mode::kMaster) return;
  ++conflicts_total_;
  feed(machine::ConflictSeen{});
}

// ── what the priority is composed of ──

void VirtualRouter::set_gateway(const GatewayCondition& condition) {
  const bool was_serving = gateway_.serving;
  gateway_ = condition;
  const bool changed = condition.serving ? account_.clear("gateway")
                                         : account_.set("gateway", settings_.gateway_weight, condition.reason);
  if (changed || was_serving != condition.serving) account_changed();
}

void VirtualRouter::set_verdict(const Verdict& verdict) {
  verdict_ = verdict;
  verdict_.reason.resize(std::min(verdict_.reason.size(), kLongestReason));
  bool changed = account_.set("track", Weight{false, verdict_.points}, verdict_.reason);
  changed = (verdict_.release ? account_.set("track release", Weight{true, 0}, verdict_.reason)
                              : account_.clear("track release")) ||
            changed;
  if (changed) account_changed();
}

void VirtualRouter::weigh_interfaces() {
  bool changed = false;
  for (const InterfaceTrack& track : settings_.interfaces) {
    const proto::netlink::Link* link = around_.routes.find_link(track.interface);
    const std::string source = "interface " + track.interface;
    const bool well = link != nullptr && link->can_carry();
    changed = (well ? account_.clear(source)
                    : account_.set(source, track.weight, link == nullptr ? "it is not there" : "it has no carrier")) ||
              changed;
  }
  if (changed) account_changed();
}

void VirtualRouter::weigh_arbiters() {
  const machine::Contacts seen = contacts();
  const bool enough = machine::may_hold(seen);
  if (enough != std::exchange(enough_arbiters_, enough)) {
    if (enough) {
      around_.news(events::VipArbitersBack{
          .vip = settings_.name, .reached = seen.arbiters_reached, .needed = settings_.arbiters.needed});
    } else {
      around_.news(events::VipArbitersLost{
          .vip = settings_.name, .reached = seen.arbiters_reached, .needed = settings_.arbiters.needed});
    }
  }
  const bool changed = enough ? account_.clear("arbiters")
                              : account_.set("arbiters", Weight{}, "too few of them answer, and no peer is heard");
  if (changed) account_changed();
}

machine::Contacts VirtualRouter::contacts() const {
  machine::Contacts out = arbiters_ == nullptr ? machine::Contacts{} : arbiters_->contacts();
  out.peer_alive =
      machine::peer_alive(peers_.heard_on_heartbeats(), settings_.machine.advert_interval, around_.loop.now());
  return out;
}

void VirtualRouter::account_changed() {
  if (!started_ && !machine::holding(state_)) return;  // a hand-over of a dead service is to end
  feed(machine::TrackChanged{account_.points(), account_.release(), gateway_.serving});
}

std::string VirtualRouter::command(OperatorCommand command) {
  feed(command);
  const char* now = state_.mode == Mode::kMaster ? "this node is master" : "this node is not master";
  switch (command) {
    case OperatorCommand::kRelease: return std::string("released; ") + now + " and will not become it before resume";
    case OperatorCommand::kPrefer: return std::string("preferred until resume; ") + now;
    case OperatorCommand::kResume: return std::string("back to the configuration; ") + now;
  }
  return {};
}

// ── what the actions need ──

void VirtualRouter::send_advertisement(std::uint8_t priority) {
  proto::vrrp::Advertisement advertisement;
  advertisement.version = settings_.machine.version == machine::ProtocolVersion::kV2 ? proto::vrrp::Version::kV2
                                                                                     : proto::vrrp::Version::kV3;
  advertisement.vrid = settings_.router_id;
  advertisement.priority = priority;
  advertisement.interval = std::chrono::duration_cast<proto::vrrp::Centis>(settings_.machine.advert_interval);
  advertisement.auth = settings_.auth;
  for (const VirtualAddress& address : settings_.addresses) advertisement.addresses.push_back(address.address);
  if (advertisement.auth.type == proto::vrrp::AuthType::kAuthenticationHeader) sequence_.advance();
  VrrpSocket* socket = virtual_mac_sender_ != nullptr ? virtual_mac_sender_.get() : vrrp_.get();
  if (socket != nullptr) {
    const std::vector<IpAddress> group{settings_.multicast_group};
    for (const IpAddress& destination : settings_.peers.empty() ? group : settings_.peers) {
      peers_.sent(0, socket->send(advertisement, own_address_, destination, settings_.checksum).ok());
    }
  }
  send_heartbeats(priority, true);
}

void VirtualRouter::send_heartbeats(std::uint8_t priority, bool master) {
  if (heartbeats_.empty()) return;
  proto::heartbeat::Heartbeat heartbeat;
  heartbeat.router_id = settings_.router_id;
  heartbeat.priority = priority;
  heartbeat.master = master;
  heartbeat.interval = settings_.machine.advert_interval;
  heartbeat.source = own_address_;
  for (const VirtualAddress& address : settings_.addresses) heartbeat.addresses.push_back(address.address);
  for (std::size_t i = 0; i < heartbeats_.size(); ++i) peers_.sent(1 + i, heartbeats_[i]->send(heartbeat).ok());
}

/// The master's adverts say that it lives; this says it for the others.
void VirtualRouter::say_alive() {
  if (!started_) return;
  if (state_.mode != Mode::kMaster) {
    send_heartbeats(std::max<std::uint8_t>(1, machine::effective_priority(settings_.machine, state_)), false);
  }
  if (heartbeats_.empty() && arbiters_ == nullptr) return;
  weigh_arbiters();
  around_.loop.arm(alive_timer_, around_.loop.now() + machine::alive_interval(settings_.machine.advert_interval));
}

void VirtualRouter::take_addresses(Nanos lease) {
  farewell_timer_.disarm();
  const Result<void> taken = holder_.take(lease, around_.loop.now());
  if (!taken.ok()) kernel_refused("address", taken.error());
}

/// The clock is read anew: a process that was frozen since this turn began must not renew what the kernel took off.
void VirtualRouter::renew_addresses(Nanos lease) {
  const TimePoint now = around_.loop.poller().now();
  const Result<void> renewed = holder_.renew(lease, now);
  if (renewed.ok()) return;
  if (!holder_.holding()) return kernel_refused("address", renewed.error());
  feed(machine::LeaseNotRenewed{now - holder_.renewed_at()});
}

/// A client whose connection is reset at once reconnects to the new holder; one that is not waits for an answer for
/// ever.
void VirtualRouter::part_with_addresses(Reason reason) {
  if (farewell_timer_.armed()) return;
  if (!holder_.holding()) return remove_addresses();
  around_.leaving(*this);
  const bool in_order =
      attached_ && gateway_.serving && reason != Reason::kStalled && !holder_.lease_over(around_.loop.poller().now());
  if (!in_order) return remove_addresses();
  around_.loop.arm(farewell_timer_, around_.loop.now() + kFarewell);
}

void VirtualRouter::remove_addresses() {
  farewell_timer_.disarm();
  announce_timer_.disarm();
  announcements_left_ = 0;
  const Result<void> removed = holder_.release();
  if (removed.ok()) return;
  around_.news(events::VipKernelRefused{
      .vip = settings_.name, .what = "removing an address", .reason = removed.error().context});
}

/// A router that cannot hold its addresses must not be master: that is a fault until the next try.
void VirtualRouter::kernel_refused(std::string_view what, const Error& error) {
  around_.news(events::VipKernelRefused{.vip = settings_.name, .what = what, .reason = error.context});
  around_.loop.arm(retry_timer_, around_.loop.now() + kKernelRetry);
  if (account_.set("kernel", Weight{}, error.context)) account_changed();
}

void VirtualRouter::start_announcing(std::uint8_t repeats) {
  announcements_left_ = repeats;
  announce_once();
}

void VirtualRouter::announce_once() {
  if (announcements_left_ == 0 || !holder_.holding()) return;
  --announcements_left_;
  for (std::size_t i = 0; i < neighbours_.size(); ++i) {
    const Result<void> announced = neighbours_[i]->announce(holder_.places()[i].addresses);
    (void)announced;  // repeated anyway, and a dead interface shows by itself
  }
  if (announcements_left_ > 0) around_.loop.arm(announce_timer_, around_.loop.now() + kAnnounceGap);
}

void VirtualRouter::probe() {
  for (std::size_t i = 0; i < neighbours_.size(); ++i) {
    const Result<void> asked = neighbours_[i]->probe(holder_.places()[i].addresses);
    (void)asked;  // nobody answers then
  }
}

/// A station that has the address but sends nothing by itself, as a dead node's kernel, is only heard when it is asked.
void VirtualRouter::look_for_conflict() {
  if (state_.mode != Mode::kMaster) return;
  probe();
  around_.loop.arm(conflict_timer_, around_.loop.now() + kConflictProbe);
}

void VirtualRouter::report_transition(const machine::Action& action) {
  mode_reason_ = action.reason;
  mode_since_micros_ = runtime::wall_micros();
  ++transitions_total_;
  if (action.to == Mode::kMaster) {
    ++became_master_total_;
    around_.loop.arm(conflict_timer_, around_.loop.now() + kConflictProbe);
  }
  std::string reason(machine::to_string(action.reason));
  if (action.reason == Reason::kTrackRelease) reason += ": " + account_.release_reason();
  transitions_.push_back({mode_since_micros_, action.from, action.to, std::move(reason)});
  if (transitions_.size() > kKeptTransitions) transitions_.pop_front();
  if (action.reason == Reason::kStalled) around_.news(events::VipStalled{.vip = settings_.name, .late = action.late});
  const std::optional<HeardMaster> master = live_master();
  around_.news(RouterTransition{.router = settings_.name,
                                .router_id = settings_.router_id,
                                .interface = settings_.interface,
                                .transition = transitions_.back(),
                                .priority = machine::effective_priority(settings_.machine, state_),
                                .master = master ? master->address.to_string() : ""});
}

void VirtualRouter::warn(const machine::Action& action) {
  switch (action.reason) {
    case Reason::kAddressConflict:
      return around_.news(
          AddressConflict{runtime::wall_micros(), settings_.name, last_claim_.address, last_claim_.mac});
    case Reason::kIntervalMismatch:
    case Reason::kAddressesMismatch:
      return around_.news(events::VipSettingsDiffer{
          .vip = settings_.name, .peer = last_peer_.to_string(), .what = machine::to_string(action.reason)});
    case Reason::kBadAdvertisement:
      return around_.news(events::VipPeerRefused{
          .vip = settings_.name, .peer = last_peer_.to_string(), .reason = machine::to_string(action.reason)});
    case Reason::kStaleAddresses: return around_.news(events::VipStaleAddresses{.vip = settings_.name});
    case Reason::kStalled: return around_.news(events::VipStalled{.vip = settings_.name, .late = action.late});
    default: return around_.news(DuplicateMaster{runtime::wall_micros(), settings_.name, last_peer_});
  }
}

}  // namespace hf::vip::router
