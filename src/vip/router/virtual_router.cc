#include "vip/router/virtual_router.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "runtime/wall_clock.h"
#include "vip/events.h"

namespace hf::vip::router {

namespace machine = policy::vrrp;
using machine::ActionKind;
using machine::OperatorCommand;
using machine::Reason;

namespace {

std::string list_of(const std::vector<IpAddress>& addresses) {
  std::string out;
  for (const IpAddress& each : addresses) out += (out.empty() ? "" : " ") + each.to_string();
  return out;
}

constexpr Nanos kFarewell = 5ms;  // for the gateway to cut clients while resets can still leave from the address

}  // namespace

VirtualRouter::VirtualRouter(Surroundings surroundings, RouterSettings settings, GatewayCondition gateway)
    : around_(std::move(surroundings)),
      settings_(std::move(settings)),
      fitness_(settings_, std::move(gateway)),
      holder_(around_.routes, settings_),
      sockets_({around_.loop, around_.routes, around_.heartbeat_ports, around_.boot_id, settings_, holder_, peers_},
               *this),
      announcer_(around_.loop, settings_, holder_, sockets_),
      history_(runtime::wall_micros()),
      machine_timer_([this] { on_timer(); }),
      alive_timer_([this] { say_alive(); }),
      farewell_timer_([this] {
        remove_addresses();
        around_.leaving(*this);  // for those who came in after the first word
        around_.stepped(*this);
      }) {}

VirtualRouter::~VirtualRouter() { sockets_.detach(); }

void VirtualRouter::start() {
  started_ = true;
  interfaces_changed();
  weigh_arbiters();
  feed(fitness_.track());
  const bool left_behind = settings_.machine.priority != machine::kOwnerPriority && holder_.any_present();
  feed(machine::Start{sockets_.is_attached(), left_behind});
  say_alive();
}

void VirtualRouter::stop() {
  started_ = false;
  feed(machine::Stop{});
}

bool VirtualRouter::at_rest() const { return !takes_part() && !holder_.holding(); }

bool VirtualRouter::can_become(const RouterSettings& next) const {
  return next.interface == settings_.interface && next.router_id == settings_.router_id &&
         next.family() == settings_.family() && next.machine.version == settings_.machine.version &&
         next.virtual_mac == settings_.virtual_mac && next.sync_group == settings_.sync_group;
}

bool VirtualRouter::become_if_changed(RouterSettings next) {
  if (next == settings_) return false;
  const RouterSettings before = std::exchange(settings_, std::move(next));
  feed(machine::Reconfigured{before.machine});
  const Result<void> changed = holder_.change(settings_, around_.loop.poller().now());
  if (!changed.ok()) kernel_refused("addresses", changed.error());
  if (sockets_.is_attached()) {
    sockets_.reopen(before);
    say_alive();
    if (holder_.holding() && before.addresses != settings_.addresses) {
      announcer_.announce(settings_.machine.announce_repeats);
    }
  }
  fitness_.settings_changed(before);
  interfaces_changed();
  weigh_arbiters();
  fitness_changed();
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
    case ActionKind::kSendAdvertisement: return announcer_.advertise(action.priority);
    case ActionKind::kSetTimer:
      if (action.at.is_never()) return machine_timer_.disarm();
      return around_.loop.arm(machine_timer_, action.at.at);
    case ActionKind::kAddAddresses: return take_addresses(action.lease);
    case ActionKind::kRefreshAddresses: return renew_addresses(action.lease);
    case ActionKind::kRemoveAddresses: return part_with_addresses(action.reason);
    case ActionKind::kAnnounce: return announcer_.announce(action.repeats);
    case ActionKind::kProbeAddresses: return sockets_.probe();
    case ActionKind::kReportTransition: return report_transition(action);
    case ActionKind::kWarn: return warn(action);
  }
}

void VirtualRouter::on_timer() {
  weigh_arbiters();
  if (machine::would_take(state_, around_.loop.now())) refuse_if_cut_off();
  feed(machine::Timer{});
}

/// The arbiters may have fallen silent while it waited for the other members.
void VirtualRouter::order(const machine::Input& order) {
  const auto* what = std::get_if<machine::SyncOrder>(&order);
  if (what != nullptr && *what == machine::SyncOrder::kTake) {
    weigh_arbiters();
    refuse_if_cut_off();
  }
  feed(order);
}

void VirtualRouter::refuse_if_cut_off() {
  if (!machine::may_take(contacts()) && fitness_.cut_off()) fitness_changed();
}

IpAddress VirtualRouter::place() const { return std::ranges::min(settings_.machine.addresses); }

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

// ── what becomes of the interface ──

void VirtualRouter::interfaces_changed() {
  weigh_interfaces();
  sockets_.follow();
  drop_strays();
}

void VirtualRouter::drop_strays() {
  const bool may_have_them = !started_ || machine::holding(state_) || holder_.holding() ||
                             settings_.machine.priority == machine::kOwnerPriority;
  if (!may_have_them && holder_.any_present()) feed(machine::StaleAddresses{});
}

void VirtualRouter::own_address_is(const IpAddress& address) { feed(machine::OwnAddress{address}); }

void VirtualRouter::attached() {
  say_alive();
  if (takes_part()) feed(machine::InterfaceChanged{true});
}

/// The machine first: what it has to say still leaves by the sockets that work, a heartbeat path's say.
void VirtualRouter::about_to_detach() {
  if (takes_part()) feed(machine::InterfaceChanged{false});
}

void VirtualRouter::detaching() {
  if (holder_.holding()) remove_addresses();
}

void VirtualRouter::detached() { around_.stepped(*this); }  // who waits for the addresses to be gone may go on

void VirtualRouter::places_changed() {
  if (holder_.holding()) announcer_.announce(settings_.machine.announce_repeats);
}

void VirtualRouter::put_back(const std::vector<IpAddress>& addresses) {
  around_.news(events::VipAddressPutBack{.vip = settings_.name, .addresses = list_of(addresses)});
}

void VirtualRouter::path_changed(std::size_t path) {
  const std::string problem = peers_.problem(path);
  around_.news(problem.empty()
                   ? Event(events::VipPathUp{.vip = settings_.name, .path = peers_.name(path)})
                   : Event(events::VipPathDown{.vip = settings_.name, .path = peers_.name(path), .reason = problem}));
  if (peers_.cannot_send() != state_.cannot_send) feed(machine::CannotSend{peers_.cannot_send()});
}

void VirtualRouter::kernel_refused(std::string_view what, const Error& error) {
  around_.news(events::VipKernelRefused{.vip = settings_.name, .what = what, .reason = error.context});
  sockets_.hold_off();
  if (fitness_.kernel_refused(error.context)) fitness_changed();
}

void VirtualRouter::hold_off_over() {
  fitness_.forget_refusal();
  interfaces_changed();
  fitness_changed();
}

// ── what comes in ──

void VirtualRouter::received(const proto::vrrp::Received& message) {
  const IpAddress& source = message.source;
  if (source == sockets_.own_address()) {
    return refuse("own-address", source, "it claims to come from this node's own address");
  }
  const bool known = settings_.peers.empty() ||
                     std::find(settings_.peers.begin(), settings_.peers.end(), source) != settings_.peers.end();
  if (!known) return refuse("peer", source, "its sender is not one of `peers`");
  const auto ours = static_cast<std::uint8_t>(settings_.machine.version);
  if (static_cast<std::uint8_t>(message.advertisement.version) != ours) {
    return refuse("version", source, "it is of the other protocol version");
  }
  const std::optional<proto::vrrp::Refusal> wrong = proto::vrrp::check_auth(message.advertisement, settings_.auth);
  if (wrong) return refuse(proto::vrrp::to_string(*wrong), source, proto::vrrp::explain(*wrong));
  if (machine::is_of_another_router(settings_.machine, message.advertisement.addresses)) {
    return heard_stranger(source, message.advertisement.addresses);
  }
  peers_.heard(0, around_.loop.now());
  heard(source, message.advertisement.priority, message.advertisement.interval);
  feed(machine::Advertisement{0, source, message.advertisement.priority, message.advertisement.interval,
                              message.advertisement.addresses});
}

void VirtualRouter::refused(const proto::vrrp::Refused& message, const IpAddress& source) {
  if (message.vrid && *message.vrid != settings_.router_id) return;
  refuse(proto::vrrp::to_string(message.reason), source, proto::vrrp::explain(message.reason));
}

void VirtualRouter::heard_stranger(const IpAddress& source, const std::vector<IpAddress>& addresses) {
  const std::optional<std::uint64_t> count = peers_.refused("foreign-router", around_.loop.now());
  if (!count) return;
  around_.news(counted(*count, events::VipForeignRouter{.vip = settings_.name,
                                                        .router_id = settings_.router_id,
                                                        .peer = source.to_string(),
                                                        .addresses = list_of(addresses)}));
}

void VirtualRouter::refuse(std::string_view reason, const IpAddress& peer, std::string_view words) {
  const std::optional<std::uint64_t> count = peers_.refused(reason, around_.loop.now());
  if (!count) return;
  around_.news(
      counted(*count, events::VipPeerRefused{.vip = settings_.name, .peer = peer.to_string(), .reason = words}));
}

void VirtualRouter::heartbeat_received(std::size_t path, const proto::heartbeat::Heartbeat& heartbeat) {
  if (heartbeat.source == sockets_.own_address()) return;
  peers_.heard(path, around_.loop.now());
  if (machine::is_of_another_router(settings_.machine, heartbeat.addresses)) {
    heard_stranger(heartbeat.source, heartbeat.addresses);
  } else if (heartbeat.master || heartbeat.priority == machine::kReleasePriority) {
    heard(heartbeat.source, heartbeat.priority, heartbeat.interval);
    feed(machine::Advertisement{static_cast<std::uint8_t>(path), heartbeat.source, heartbeat.priority,
                                heartbeat.interval, heartbeat.addresses});
  }
  weigh_arbiters();
}

void VirtualRouter::heard(const IpAddress& source, std::uint8_t priority, Nanos interval) {
  const Nanos patience = machine::master_down_interval(settings_.machine.version, settings_.machine.priority, interval);
  history_.heard(source, priority, around_.loop.now() + patience);
}

void VirtualRouter::claimed(const NeighbourSocket::Claim& claim) {
  if (claim.kind != proto::arp::Claim::kHolds) return;  // another node asks as we do: priorities settle that
  history_.claimed(claim);
  if (state_.mode == Mode::kBackup) return feed(machine::ProbeResult{true});
  if (state_.mode != Mode::kMaster) return;
  history_.conflicted();
  feed(machine::ConflictSeen{});
}

// ── how fit this node is ──

void VirtualRouter::set_gateway(const GatewayCondition& condition) {
  if (fitness_.set_gateway(condition)) fitness_changed();
}

void VirtualRouter::set_verdict(const Verdict& verdict) {
  if (fitness_.set_verdict(verdict)) fitness_changed();
}

void VirtualRouter::weigh_interfaces() {
  bool changed = false;
  for (const InterfaceTrack& track : settings_.interfaces) {
    changed = fitness_.weigh_interface(track, around_.routes.find_link(track.interface)) || changed;
  }
  if (changed) fitness_changed();
}

void VirtualRouter::weigh_arbiters() {
  const machine::Contacts seen = contacts();
  const bool had_contacts = fitness_.has_contacts();
  const bool changed = fitness_.weigh_contacts(seen);
  if (had_contacts && !fitness_.has_contacts()) {
    around_.news(events::VipArbitersLost{
        .vip = settings_.name, .reached = seen.arbiters_reached, .needed = settings_.arbiters.needed});
  } else if (!had_contacts && fitness_.has_contacts()) {
    around_.news(events::VipArbitersBack{
        .vip = settings_.name, .reached = seen.arbiters_reached, .needed = settings_.arbiters.needed});
  }
  if (changed) fitness_changed();
}

machine::Contacts VirtualRouter::contacts() const {
  machine::Contacts out = sockets_.arbiters() == nullptr ? machine::Contacts{} : sockets_.arbiters()->contacts();
  out.peer_alive =
      machine::peer_alive(peers_.heard_on_heartbeats(), settings_.machine.advert_interval, around_.loop.now());
  return out;
}

/// Also while a stopped one still holds: a hand-over of a dead service is to end.
void VirtualRouter::fitness_changed() {
  if (takes_part()) feed(fitness_.track());
}

// ── what the actions need ──

void VirtualRouter::say_alive() {
  if (!started_) return;
  if (state_.mode != Mode::kMaster) announcer_.say_alive(priority());
  if (!sockets_.has_heartbeats() && sockets_.arbiters() == nullptr) return;
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
  const bool in_order = sockets_.is_attached() && fitness_.serving() && reason != Reason::kStalled &&
                        !holder_.lease_over(around_.loop.poller().now());
  if (!in_order) return remove_addresses();
  around_.loop.arm(farewell_timer_, around_.loop.now() + kFarewell);
}

void VirtualRouter::remove_addresses() {
  farewell_timer_.disarm();
  announcer_.fall_silent();
  const Result<void> removed = holder_.release();
  if (removed.ok()) return;
  around_.news(events::VipKernelRefused{
      .vip = settings_.name, .what = "removing an address", .reason = removed.error().context});
}

void VirtualRouter::report_transition(const machine::Action& action) {
  history_.moved({runtime::wall_micros(), action.from, action.to, in_words(action.reason)});
  action.to == Mode::kMaster ? announcer_.watch_for_conflicts() : announcer_.stop_watching();
  if (action.reason == Reason::kStalled) around_.news(events::VipStalled{.vip = settings_.name, .late = action.late});
  const std::optional<RouterHistory::Master> master = live_master();
  around_.news(RouterTransition{.router = settings_.name,
                                .router_id = settings_.router_id,
                                .interface = settings_.interface,
                                .transition = history_.latest(),
                                .priority = priority(),
                                .master = master ? master->address.to_string() : "",
                                .in_order = is_in_order(action)});
}

/// A fault that nobody is to be woken for: it was asked for, or the gateway is not there yet.
bool VirtualRouter::is_in_order(const machine::Action& action) const {
  const bool starts = action.from == Mode::kInitialize && action.reason == Reason::kTrackRelease;
  return action.reason == Reason::kOperatorRelease || action.reason == Reason::kSyncGroup ||
         (starts && fitness_.gateway_in_order());
}

std::string VirtualRouter::in_words(Reason reason) const {
  std::string out(machine::to_string(reason));
  if (reason == Reason::kTrackRelease) out += ": " + fitness_.release_reason();
  if (reason != Reason::kInterfaceDown) return out;
  if (const auto obstacle = sockets_.obstacle()) out += ": " + obstacle->interface + ": " + obstacle->why;
  return out;
}

void VirtualRouter::warn(const machine::Action& action) {
  const NeighbourSocket::Claim& claim = history_.last_claim();
  const IpAddress& peer = history_.last_peer();
  switch (action.reason) {
    case Reason::kAddressConflict:
      return around_.news(AddressConflict{runtime::wall_micros(), settings_.name, claim.address, claim.mac});
    case Reason::kIntervalMismatch:
    case Reason::kAddressesMismatch:
      return around_.news(events::VipSettingsDiffer{
          .vip = settings_.name, .peer = peer.to_string(), .what = machine::to_string(action.reason)});
    case Reason::kBadAdvertisement:
      return around_.news(events::VipPeerRefused{
          .vip = settings_.name, .peer = peer.to_string(), .reason = machine::to_string(action.reason)});
    case Reason::kStaleAddresses: return around_.news(events::VipStaleAddresses{.vip = settings_.name});
    case Reason::kStalled: return around_.news(events::VipStalled{.vip = settings_.name, .late = action.late});
    case Reason::kDamped: return around_.news(events::VipDamped{.vip = settings_.name, .lasts = damped_for()});
    default: return around_.news(DuplicateMaster{runtime::wall_micros(), settings_.name, peer});
  }
}

// ── as others see it ──

std::optional<RouterHistory::Master> VirtualRouter::live_master() const {
  if (state_.mode == Mode::kMaster) return RouterHistory::Master{sockets_.own_address(), priority()};
  return history_.live_master(around_.loop.now());
}

Nanos VirtualRouter::damped_for() const { return std::max(state_.damped_until - around_.loop.now(), Nanos{0}); }

RouterReport VirtualRouter::report() const {
  RouterReport report;
  report.name = settings_.name;
  report.interface = settings_.interface;
  report.router_id = settings_.router_id;
  report.version = static_cast<std::uint8_t>(settings_.machine.version);
  for (const VirtualAddress& address : settings_.addresses) {
    report.addresses.push_back(fmt::format("{}/{}", address.address.to_string(), address.prefix_length));
  }
  report.mode = state_.mode;
  report.holding = holder_.holding();
  report.priority = priority();
  if (const std::optional<RouterHistory::Master> master = live_master()) {
    report.master = master->address.to_string();
    report.master_priority = master->priority;
  }
  report.own_address = sockets_.is_attached() ? sockets_.own_address().to_string() : "";
  report.base_priority = settings_.machine.priority;
  report.preferred = state_.preferred || (state_.group && state_.group->preferred);
  report.damped_ms = std::chrono::ceil<Millis>(damped_for()).count();
  report.sync_group = settings_.sync_group;
  report.contributions = fitness_.contributions();
  const int by_group = int{priority()} - int{machine::own_priority(settings_.machine, state_)};
  if (by_group != 0 && !report.preferred) {
    report.contributions.push_back(
        {"sync group " + settings_.sync_group, by_group, false, "the lowest of its members counts"});
  }
  const NeighbourSocket::Claim& claim = history_.last_claim();
  if (state_.faults.operator_release) report.contributions.push_back({"operator", 0, true, "released by command"});
  if (state_.faults.sync_group) {
    report.contributions.push_back({"sync group " + settings_.sync_group, 0, true, "another member is at fault"});
  }
  if (state_.faults.interface_down) {
    const std::optional<RouterSockets::Obstacle> obstacle = sockets_.obstacle();
    report.contributions.push_back({"interface " + (obstacle ? obstacle->interface : settings_.interface), 0, true,
                                    obstacle ? obstacle->why : "its sockets are not open yet"});
  }
  if (state_.faults.conflict) {
    report.contributions.push_back(
        {"conflict", 0, true,
         "somebody else claims an address: " + claim.address.to_string() + " " + proto::arp::to_string(claim.mac)});
  }
  report.paths = peers_.paths(around_.loop.now());
  if (sockets_.arbiters() != nullptr) report.arbiters = sockets_.arbiters()->report();
  report.refused = peers_.refusals();
  history_.add_to(report);
  const std::vector<Reason> faults = machine::fault_reasons(state_);
  if (state_.mode == Mode::kFault && !faults.empty()) report.reason = in_words(faults.front());  // not what began it
  return report;
}

}  // namespace hf::vip::router
