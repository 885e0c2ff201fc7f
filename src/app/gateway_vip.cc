// The gateway's part in virtual addresses: its guardian, what tracked services come to, and what happens when either
// leaves.
#include "app/gateway.h"

#include <algorithm>
#include <csignal>

#include <ifaddrs.h>
#include <netinet/in.h>

#include "app/events.h"

namespace hf::app {

using runtime::Task;

namespace {

constexpr Nanos kOrphanPatience = 65s;  // for addresses to leave with their lease, which is a minute at most

/// Whether this machine has one of the virtual addresses at the moment.
bool holds_any_address(const std::vector<config::Vip>& vips) {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return true;
  bool found = false;
  for (const ifaddrs* each = list; each != nullptr && !found; each = each->ifa_next) {
    if (each->ifa_addr == nullptr || (each->ifa_addr->sa_family != AF_INET && each->ifa_addr->sa_family != AF_INET6)) {
      continue;
    }
    const socklen_t length = each->ifa_addr->sa_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    const std::optional<IpAddress> here = net::Address(each->ifa_addr, length).ip();
    for (const config::Vip& vip : vips) {
      found = found || std::any_of(vip.addresses.begin(), vip.addresses.end(),
                                   [&](const config::VipAddress& address) { return here == address.address; });
    }
  }
  ::freeifaddrs(list);
  return found;
}

}  // namespace

void Gateway::meet_guardian() {
  if (!guardian_) {
    if (life_.config->vips.empty()) return;
    return journal_.emit(
        events::GuardianLost{.reason = "holdfast was not started as root: no virtual address is held here"});
  }
  VipDesk::Surroundings around{
      loop_,
      [this](Event event) { journal_.emit(std::move(event)); },
      [this](notify::VipChange change) { notifier_.changed(std::move(change)); },
      [this] { return longest_turn(); },
      [this](const std::string& name) { return service_fact(name); },
      [this](vip::ScriptCall call, vip::ScriptAnswer answer) { run_script(std::move(call), std::move(answer)); },
      [this] { scope_.spawn("outlive guardian", outlive_guardian, this); },
      [this](const config::Vip& vip) { cut_clients_on(vip); }};
  desk_ = std::make_unique<VipDesk>(std::move(around), guardian_->channel, life_.config);
  desk_->start();
}

/// The kernel takes the addresses off when their lease ends; until then clients are served. Then somebody has to start
/// us anew.
Task<void> Gateway::outlive_guardian(Gateway* self) {
  self->journal_.emit(
      events::GuardianLost{.reason = "it ended; this gateway stops when the addresses have left this machine"});
  const Deadline patience = self->loop_.deadline_in(kOrphanPatience);
  while (!patience.passed(self->loop_.now()) && holds_any_address(self->life_.config->vips)) {
    const Result<void> slept = co_await runtime::sleep_until(self->loop_.deadline_in(20ms));
    if (!slept.ok()) co_return;
  }
  // nothing reaches them: not worth the patience of a stop
  for (const config::Vip& vip : self->life_.config->vips) self->cut_clients_on(vip);
  if (self->admin_ != nullptr) {  // at once: the next gateway wants its socket
    const Result<void> closed = co_await self->admin_->close(self->loop_.deadline_in(1s));
    (void)closed;
  }
  self->on_signal(SIGTERM);
}

Nanos Gateway::longest_turn() const {
  Nanos longest{0};
  for (const auto& shard : shards_) {
    const std::int64_t since = shard->loop().busy_since();
    if (since != 0) longest = std::max(longest, Nanos{loop_.now().nanos - since});
  }
  return longest;
}

std::optional<vip::track::ServiceFact> Gateway::service_fact(const std::string& name) const {
  const Services::Running* running = services_.find(name);
  if (running == nullptr || !running->watcher->looked_at_all()) return std::nullopt;
  upstream::Standing standing = running->watcher->view()->standing();
  vip::track::ServiceFact fact;
  fact.primary_writable = standing.writes;
  fact.readers = standing.readers;
  fact.usable = standing.usable;
  fact.reason = std::move(standing.reason);
  return fact;
}

void Gateway::cut_clients_on(const config::Vip& vip) {
  for (const config::VipAddress& address : vip.addresses) {
    for (const auto& shard : shards_) {
      shard->cut_clients_on(net::Address(address.address, 0),
                            "the virtual address '" + vip.name + "' has moved to another node");
    }
  }
}

}  // namespace hf::app
