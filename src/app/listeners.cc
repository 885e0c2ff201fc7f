#include "app/listeners.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/events.h"
#include "app/protocols.h"
#include "guardian/bind_request.h"
#include "upstream/address_book.h"

namespace hf::app {

using runtime::Task;

namespace {

constexpr Nanos kPredecessorPatience = 5s;

bool is_virtual(const config::Config& config, const net::Address& address) {
  const std::optional<IpAddress> ip = address.ip();
  return std::ranges::any_of(config.vips, [&ip](const config::Vip& vip) {
    return std::ranges::any_of(vip.addresses, [&ip](const config::VipAddress& each) { return ip == each.address; });
  });
}

void close_all(const std::vector<int>& fds) {
  for (const int fd : fds) ::close(fd);
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

Task<void> Listeners::wait_for_addresses(Listeners* self, config::ConfigPtr config) {
  runtime::EventLoop& loop = self->around_.loop;
  const Deadline patience = loop.deadline_in(kPredecessorPatience);
  while (!patience.passed(loop.now()) && !self->are_free(*config)) {
    const Result<void> slept = co_await runtime::sleep_until(loop.deadline_in(50ms));
    if (!slept.ok()) co_return;
  }
}

bool Listeners::are_free(const config::Config& config) const {
  std::vector<config::Endpoint> endpoints{config.admin.socket, config.admin.http};
  for (const config::Service& service : config.services) {
    for (const config::Listen& listen : service.listen) endpoints.push_back(listen.endpoint);
  }
  return std::ranges::all_of(endpoints, [&](const config::Endpoint& endpoint) {
    if (endpoint.host.empty() && !endpoint.is_unix()) return true;
    const Result<net::Address> address = upstream::address_in_numbers(endpoint);
    if (!address.ok()) return true;  // opening it will tell
    const Result<int> probe = bind(config, *address, net::PortSharing::kExclusive, net::SocketMode::kOwner);
    if (!probe.ok()) return probe.error().code != ErrorCode::kExists;
    ::close(*probe);
    return true;
  });
}

/// A virtual address may be on another node at the moment; every other one must be here, so that a typo is an error.
Result<int> Listeners::bind(const config::Config& config, const net::Address& address, net::PortSharing sharing,
                            net::SocketMode mode) const {
  const net::Presence presence =
      is_virtual(config, address) ? net::Presence::kMayBeAbsent : net::Presence::kMustBeLocal;
  Result<int> fd = net::Listener::bind(address, sharing, presence, mode);
  const bool forbidden = !fd.ok() && fd.error().code == ErrorCode::kRefused && !address.is_unix();
  if (!forbidden || around_.broker < 0) return fd;
  return guardian::bind_by_guardian(around_.broker, address, sharing, presence);
}

Result<std::vector<int>> Listeners::make_sockets(const config::Config& config,
                                                 const Result<net::Address>& address) const {
  if (!address.ok()) return address.error();
  // A first, exclusive bind shows whether another program is there: sockets that share a port would not tell.
  const Result<int> first = bind(config, *address, net::PortSharing::kExclusive, net::SocketMode::kEverybody);
  if (!first.ok()) return first.error();
  if (address->is_unix()) return std::vector<int>{*first};
  ::close(*first);
  std::vector<int> fds;
  for (std::size_t i = 0; i < around_.shards.size(); ++i) {
    const Result<int> fd = bind(config, *address, net::PortSharing::kShared, net::SocketMode::kEverybody);
    if (!fd.ok()) {
      close_all(fds);
      return fd.error();
    }
    fds.push_back(*fd);
  }
  return fds;
}

/// On failure, which is want of descriptors, the address is given up.
Result<void> Listeners::give_to_shards(const std::string& key, Open& entry) {
  std::vector<int> copies;
  for (const int twin : entry.twins) {
    const int fd = ::fcntl(twin, F_DUPFD_CLOEXEC, 0);
    if (fd < 0) {
      Error failed = system_error(errno, "listen on " + key);
      close_all(copies);
      give_up(key, entry);
      return failed;
    }
    copies.push_back(fd);
  }
  for (std::size_t i = 0; i < copies.size(); ++i) {
    service::Shard* shard = around_.shards[i].get();
    shard->post([shard, name = entry.service, key, fd = copies[i], listen = entry.listen] {
      service::ServiceShard* there = shard->find(name);
      if (there == nullptr) {
        ::close(fd);
      } else {
        there->listen(key, fd, listen);
      }
    });
  }
  return {};
}

/// A service that has ended meanwhile has closed its own.
void Listeners::take_from_shards(const std::string& key, const Open& entry) const {
  if (!entry.served || entry.owner.expired() || around_.running(entry.service) != entry.owner.lock()) return;
  for (std::size_t i = 0; i < entry.twins.size(); ++i) {
    service::Shard* shard = around_.shards[i].get();
    shard->post([shard, name = entry.service, key] {
      service::ServiceShard* there = shard->find(name);
      if (there != nullptr) there->close_listener(key);
    });
  }
}

/// The twins share their state with the sockets of the shards: none of them listens behind shutdown(), and another may
/// bind the address.
void Listeners::give_up(const std::string& key, Open& entry) {
  if (entry.twins.empty()) return;
  take_from_shards(key, entry);
  for (const int fd : entry.twins) ::shutdown(fd, SHUT_RD);
  close_all(entry.twins);
  entry.twins.clear();
  entry.served = false;
  if (entry.listen.endpoint.is_unix()) ::unlink(entry.listen.endpoint.unix_path.c_str());
}

void Listeners::tell_opened(const std::string& key, const Open& entry) const {
  events::ListenerOpened opened{.service = entry.service, .address = key};
  if (entry.has_route) opened.route = route_name(entry.listen.mysql.route);
  around_.event(std::move(opened));
}

void Listeners::tell_closed(const std::string& key, const Open& entry) const {
  if (entry.served) around_.event(events::ListenerClosed{.service = entry.service, .address = key});
}

std::string Listeners::tell_failed(const std::string& key, Open& entry, const Error& reason) const {
  entry.reason = reason.context;
  around_.event(events::ListenerFailed{.service = entry.service, .address = key, .reason = entry.reason});
  return "service '" + entry.service + "': " + entry.reason;
}

/// Other options, where the address stays with its service: for who comes in from now on.
void Listeners::change_options(const std::string& key, Open& entry, const config::Listen& listen) const {
  entry.listen = listen;
  if (!entry.served) return;
  tell_opened(key, entry);
  for (std::size_t i = 0; i < entry.twins.size(); ++i) {
    service::Shard* shard = around_.shards[i].get();
    shard->post([shard, name = entry.service, key, listen] {
      service::ServiceShard* there = shard->find(name);
      if (there != nullptr) there->change_listener(key, listen);
    });
  }
}

/// The address gets other options, or is taken for another service, with all who wait in its queues. True: it is not
/// open yet.
bool Listeners::bring_in_line(const std::string& key, Open& entry, const config::Service& service,
                              const config::Listen& listen) {
  const std::shared_ptr<service::ServiceShared> owner = around_.running(service.name);
  if (!entry.twins.empty() && entry.owner.lock() == owner) {
    change_options(key, entry, listen);
    return false;
  }
  take_from_shards(key, entry);
  tell_closed(key, entry);
  entry = {listen, service.name, protocol_of(service).has_routes, owner, std::move(entry.twins), false, {}};
  return entry.twins.empty();
}

bool Listeners::is_in_line(const Open& entry, const config::Service& service, const config::Listen& listen) const {
  return !entry.twins.empty() && entry.owner.lock() == around_.running(service.name) && entry.listen == listen;
}

std::vector<std::string> Listeners::apply(const config::Config& config) {
  std::map<std::string, std::pair<const config::Service*, const config::Listen*>> wanted;
  for (const config::Service& service : config.services) {
    if (around_.running(service.name) == nullptr) continue;  // it could not be added
    for (const config::Listen& listen : service.listen) wanted[listen.endpoint.to_string()] = {&service, &listen};
  }
  // first: what opens next may be what closes here, by another name
  for (auto it = addresses_.begin(); it != addresses_.end();) {
    auto& [key, entry] = *it;
    if (wanted.contains(key)) {
      ++it;
      continue;
    }
    tell_closed(key, entry);
    give_up(key, entry);
    it = addresses_.erase(it);
  }
  std::vector<std::string> problems;
  for (const auto& [key, want] : wanted) {
    const auto& [service, listen] = want;
    Open& entry = addresses_[key];
    if (is_in_line(entry, *service, *listen)) continue;
    if (!bring_in_line(key, entry, *service, *listen)) continue;
    Result<std::vector<int>> sockets = make_sockets(config, upstream::address_in_numbers(listen->endpoint));
    if (sockets.ok()) {
      entry.twins = std::move(*sockets);
    } else {
      problems.push_back(tell_failed(key, entry, sockets.error()));
    }
  }
  return problems;
}

bool Listeners::serve(const std::function<bool(const std::string& service)>& is_ready) {
  bool all = true;
  for (auto& [key, entry] : addresses_) {
    if (entry.served || entry.twins.empty()) continue;
    if (!is_ready(entry.service)) {
      all = false;
      continue;
    }
    const Result<void> given = give_to_shards(key, entry);
    if (given.ok()) {
      entry.served = true;
      tell_opened(key, entry);
    } else {
      tell_failed(key, entry, given.error());
    }
  }
  return all;
}

std::map<std::string, Listeners::Seen> Listeners::of_service(const std::string& name) const {
  std::map<std::string, Seen> seen;
  for (const auto& [key, entry] : addresses_) {
    if (entry.service == name) seen[key] = {entry.listen, !entry.twins.empty(), entry.reason};
  }
  return seen;
}

void Listeners::close() {
  for (auto& [key, entry] : addresses_) give_up(key, entry);
  addresses_.clear();
}

}  // namespace hf::app
