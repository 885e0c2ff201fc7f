// The gateway's listeners: opened at start, brought in line at a reload.
#include "app/gateway.h"

#include <algorithm>

#include <unistd.h>

#include "upstream/resolve.h"
#include "vip/link/bind_request.h"

namespace hf::app {

using runtime::Task;

namespace {

constexpr Nanos kPredecessorPatience = 5s;

bool is_virtual(const config::Config& config, const net::Address& address) {
  if (address.is_unix()) return false;
  for (const config::Vip& vip : config.vips) {
    for (const config::VipAddress& each : vip.addresses) {
      const Result<net::Address> known = net::Address::from_ip(each.address.to_string(), 0);
      if (known.ok() && known->host() == address.host()) return true;
    }
  }
  return false;
}

}  // namespace

const char* route_name(config::ListenRoute route) {
  switch (route) {
    case config::ListenRoute::kRead: return "read";
    case config::ListenRoute::kWrite: return "write";
    case config::ListenRoute::kSplit: break;
  }
  return "split";
}

/// A gateway whose guardian was killed may still be on its way out: it lets go of its sockets within moments.
Task<void> Gateway::wait_for_addresses(Gateway* self) {
  const Deadline patience = self->loop_.deadline_in(kPredecessorPatience);
  while (!patience.passed(self->loop_.now()) && !self->addresses_are_free()) {
    const Result<void> slept = co_await runtime::sleep_until(self->loop_.deadline_in(50ms));
    if (!slept.ok()) co_return;
  }
}

bool Gateway::addresses_are_free() const {
  std::vector<config::Endpoint> endpoints{config_->admin.socket, config_->admin.http};
  for (const config::Service& service : config_->services) {
    for (const config::Listen& listen : service.listen) endpoints.push_back(listen.endpoint);
  }
  return std::all_of(endpoints.begin(), endpoints.end(), [this](const config::Endpoint& endpoint) {
    if (endpoint.host.empty() && !endpoint.is_unix()) return true;
    const Result<net::Address> address = upstream::resolve(endpoint);
    if (!address.ok()) return true;  // opening it will tell
    const Result<int> probe = bind(*address, net::PortSharing::kExclusive, net::SocketMode::kOwner);
    if (!probe.ok()) return probe.error().code != ErrorCode::kExists;
    ::close(*probe);
    return true;
  });
}

std::vector<std::string> Gateway::open_listeners(RunningService& running, const config::Service& service) {
  std::vector<std::string> problems;
  for (const config::Listen& listen : service.listen) {
    const Result<void> opened = open_listener(running, listen);
    if (!opened.ok()) problems.push_back("service '" + service.name + "': " + opened.error().context);
  }
  return problems;
}

/// A virtual address may be on another node at the moment; every other one must be here, so that a typo is an error.
Result<int> Gateway::bind(const net::Address& address, net::PortSharing sharing, net::SocketMode mode) const {
  const net::Presence presence = is_virtual(*config_, address) ? net::Presence::kMayBeAbsent : net::Presence::kMustBeLocal;
  Result<int> fd = net::Listener::bind(address, sharing, presence, mode);
  const bool forbidden = !fd.ok() && fd.error().code == ErrorCode::kRefused && !address.is_unix();
  if (!forbidden || !guardian_) return fd;
  return vip::link::bind_by_guardian(guardian_->broker, address, sharing, presence);
}

Result<void> Gateway::open_listener(RunningService& running, const config::Listen& listen) {
  const std::string key = listen.endpoint.to_string();
  OpenListener& state = running.listeners[key];
  state.listen = listen;
  Result<net::Address> address = upstream::resolve(listen.endpoint);
  if (!address.ok()) {
    state.reason = address.error().context;
    return std::move(address).error();
  }
  // A first, exclusive bind shows whether another program is there: sockets that share a port would not tell.
  Result<int> probe = bind(*address, net::PortSharing::kExclusive, net::SocketMode::kEverybody);
  std::vector<int> fds;
  Error failed;
  if (!probe.ok()) {
    failed = probe.error();
  } else if (address->is_unix()) {
    fds.push_back(*probe);
  } else {
    ::close(*probe);
    for (std::size_t i = 0; i < shards_.size(); ++i) {
      Result<int> fd = bind(*address, net::PortSharing::kShared, net::SocketMode::kEverybody);
      if (!fd.ok()) {
        failed = fd.error();
        break;
      }
      fds.push_back(*fd);
    }
  }
  const std::size_t wanted = address->is_unix() ? 1 : shards_.size();
  if (fds.size() < wanted) {
    for (const int fd : fds) ::close(fd);
    state.reason = failed.context;
    emit(Event{EventId::kListenerFailed, {}, 0, {{"service", running.shared->name}, {"address", key}, {"reason", failed.context}}});
    return failed;
  }
  for (std::size_t i = 0; i < fds.size(); ++i) {
    service::Shard* each = shards_[i].get();
    const int fd = fds[i];
    each->post([each, name = running.shared->name, key, fd, listen] {
      service::ServiceShard* there = each->find(name);
      if (there == nullptr) {
        ::close(fd);
      } else {
        there->listen(key, fd, listen);
      }
    });
  }
  state.open = true;
  state.reason.clear();
  emit(Event{EventId::kListenerOpened, {}, 0, {{"service", running.shared->name}, {"address", key}, {"route", route_name(listen.route)}}});
  return {};
}

/// After a reload: closes what is gone or has another route, opens what is new.
std::vector<std::string> Gateway::sync_listeners(RunningService& running, const config::Service& service) {
  std::vector<std::string> problems;
  for (auto it = running.listeners.begin(); it != running.listeners.end();) {
    const bool kept = std::any_of(service.listen.begin(), service.listen.end(),
                                  [&](const config::Listen& listen) { return listen == it->second.listen; });
    if (kept) {
      ++it;
      continue;
    }
    for (const auto& shard : shards_) {
      service::Shard* each = shard.get();
      each->post([each, name = running.shared->name, key = it->first] {
        service::ServiceShard* there = each->find(name);
        if (there != nullptr) there->close_listener(key);
      });
    }
    if (it->second.listen.endpoint.is_unix()) ::unlink(it->second.listen.endpoint.unix_path.c_str());
    emit(Event{EventId::kListenerClosed, {}, 0, {{"service", running.shared->name}, {"address", it->first}}});
    it = running.listeners.erase(it);
  }
  for (const config::Listen& listen : service.listen) {
    if (running.listeners.contains(listen.endpoint.to_string())) continue;
    const Result<void> opened = open_listener(running, listen);
    if (!opened.ok()) problems.push_back(opened.error().context);
  }
  return problems;
}

}  // namespace hf::app
