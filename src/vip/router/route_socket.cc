#include "vip/router/route_socket.h"

#include <algorithm>
#include <cerrno>

#include <linux/netlink.h>
#include <sys/socket.h>

#include "vip/router/interface_sysctls.h"

namespace hf::vip::router {
namespace {

using namespace proto::netlink;  // NOLINT(google-build-using-namespace)

constexpr int kEventBuffer = 4 * 1024 * 1024;
constexpr int kMostReads = 8;              // of a table that changes while it is read
constexpr int kMostEventDatagrams = 1024;  // in one turn

Result<Socket> open_events() {
  Result<Socket> socket = Socket::open(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, "netlink socket for events");
  if (!socket.ok()) return socket;
  // Above the system's limit where privileges allow; else as much as it gives. Losses are noticed either way.
  if (!socket->set(SOL_SOCKET, SO_RCVBUFFORCE, kEventBuffer, "netlink SO_RCVBUFFORCE").ok()) {
    (void)socket->set(SOL_SOCKET, SO_RCVBUF, kEventBuffer, "netlink SO_RCVBUF");
  }
  sockaddr_nl own{};
  own.nl_family = AF_NETLINK;
  own.nl_groups = kGroupLink | kGroupIpv4Address | kGroupIpv6Address;
  if (::bind(socket->fd(), reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0) {
    return socket_error(errno, "netlink: join the groups for interfaces and addresses");
  }
  return socket;
}

bool same_place(const InterfaceAddress& a, const InterfaceAddress& b) {
  return a.interface_index == b.interface_index && a.address == b.address && a.prefix_length == b.prefix_length &&
         a.peer == b.peer;
}

/// A lifetime that runs down, or is renewed, is no news; that there is one is.
bool is_news(InterfaceAddress before, InterfaceAddress now) {
  for (InterfaceAddress* one : {&before, &now}) {
    if (one->lifetime) one->lifetime = Lifetime{};
  }
  return before != now;
}

Error failed(const Acknowledgement& answer, std::string what) {
  if (!answer.reason.empty()) what += " (" + answer.reason + ")";
  return socket_error(answer.error_number, what);
}

}  // namespace

Result<std::unique_ptr<RouteSocket>> RouteSocket::open(runtime::EventLoop& loop, Listener listener) {
  Result<Socket> events = open_events();
  if (!events.ok()) return events.error();
  Result<NetlinkRequests> requests = NetlinkRequests::open(kPatience);
  if (!requests.ok()) return requests.error();
  std::unique_ptr<RouteSocket> out(
      new RouteSocket(loop, std::move(listener), std::move(*events), std::move(*requests)));
  // The groups are joined already: what changes from here on comes as an event.
  Result<Tables> tables = out->read_tables();
  if (!tables.ok()) return tables.error();
  out->links_ = std::move(tables->links);
  out->addresses_ = std::move(tables->addresses);
  HF_RETURN_IF_ERROR(loop.poller().add(out->events_.fd(), *out));
  return out;
}

RouteSocket::RouteSocket(runtime::EventLoop& loop, Listener listener, Socket events, NetlinkRequests requests)
    : loop_(loop),
      listener_(std::move(listener)),
      events_(std::move(events)),
      requests_(std::move(requests)),
      buffer_(new char[NetlinkRequests::kBufferSize]) {}

RouteSocket::~RouteSocket() {
  loop_.forget(*this);
  loop_.poller().remove(events_.fd(), *this);
}

const Link* RouteSocket::find_link(std::string_view name) const {
  const auto found =
      std::find_if(links_.begin(), links_.end(), [&](const auto& entry) { return entry.second.name == name; });
  return found == links_.end() ? nullptr : &found->second;
}

std::string RouteSocket::interface_name(std::uint32_t index) const {
  const auto found = links_.find(index);
  return found == links_.end() ? "interface " + std::to_string(index) : found->second.name;
}

// ── what the kernel tells ──

void RouteSocket::on_ready(std::uint32_t /*readiness*/) {
  for (int i = 0; i < kMostEventDatagrams; ++i) {
    const Result<ByteView> datagram = receive_netlink(events_, buffer_.get(), NetlinkRequests::kBufferSize);
    if (!datagram.ok() && datagram.error().code == ErrorCode::kTimeout) {
      // Drained first and read then, so that nothing older than the tables is applied to them.
      if (lost_events_) read_again();
      return;
    }
    const Result<std::vector<Message>> messages = datagram.ok() ? split(*datagram) : datagram.error();
    if (!messages.ok()) {
      lost_events_ = true;
      continue;
    }
    if (lost_events_) continue;
    for (const Message& message : *messages) take_event(message);
  }
  loop_.ready_next_turn(*this, runtime::kReadable);
}

void RouteSocket::take_event(const Message& message) {
  if (message.type == kOverrun) lost_events_ = true;
  if (message.type == kNewLink || message.type == kDelLink) {
    const Result<Link> link = decode_link(message);
    if (link.ok()) take_link(*link, message.type == kNewLink ? Change::kThere : Change::kGone);
  }
  if (message.type == kNewAddress || message.type == kDelAddress) {
    const Result<InterfaceAddress> address = decode_address(message);
    if (address.ok()) take_address(*address, message.type == kNewAddress ? Change::kThere : Change::kGone);
  }
}

void RouteSocket::take_link(const Link& link, Change change) {
  const auto found = links_.find(link.index);
  if (change == Change::kGone) {
    if (found == links_.end()) return;
    links_.erase(found);
  } else {
    if (found != links_.end() && found->second == link) return;
    links_.insert_or_assign(link.index, link);
  }
  if (listener_.link) listener_.link(link, change);
}

std::vector<InterfaceAddress>::iterator RouteSocket::find_address(const InterfaceAddress& address) {
  return std::find_if(addresses_.begin(), addresses_.end(),
                      [&](const InterfaceAddress& one) { return same_place(one, address); });
}

void RouteSocket::take_address(const InterfaceAddress& address, Change change) {
  const auto found = find_address(address);
  if (change == Change::kGone) {
    if (found != addresses_.end()) addresses_.erase(found);  // else a request of ours took it off
  } else if (found == addresses_.end()) {
    addresses_.push_back(address);
  } else {
    const bool news = is_news(*found, address);
    *found = address;
    if (!news) return;
  }
  if (listener_.address) listener_.address(address, change);
}

void RouteSocket::read_again() {
  Result<Tables> now = read_tables();
  if (!now.ok()) {
    loop_.ready_next_turn(*this, runtime::kReadable);
    return;
  }
  lost_events_ = false;
  // Removals first, by the same functions that events go through: they keep the tables and tell what is news.
  const std::vector<InterfaceAddress> addresses_before = addresses_;
  for (const InterfaceAddress& one : addresses_before) {
    const bool stays = std::any_of(now->addresses.begin(), now->addresses.end(),
                                   [&](const InterfaceAddress& other) { return same_place(one, other); });
    if (!stays) take_address(one, Change::kGone);
  }
  const std::map<std::uint32_t, Link> links_before = links_;
  for (const auto& [index, link] : links_before) {
    if (!now->links.contains(index)) take_link(link, Change::kGone);
  }
  for (const auto& [index, link] : now->links) take_link(link, Change::kThere);
  for (const InterfaceAddress& one : now->addresses) take_address(one, Change::kThere);
}

// ── what the kernel is asked ──

Result<std::map<std::uint32_t, Link>> RouteSocket::read_links() {
  Result<void> read = Error{};
  for (int i = 0; i < kMostReads; ++i) {
    std::map<std::uint32_t, Link> out;
    read = requests_.dump(list_links(requests_.next_sequence()), [&out](const Message& message) {
      Result<Link> link = decode_link(message);
      if (link.ok()) out.insert_or_assign(link->index, std::move(*link));
    });
    if (read.ok()) return out;
    if (read.error().code != ErrorCode::kReset) break;
  }
  return read.error();
}

Result<RouteSocket::Tables> RouteSocket::read_tables() {
  Result<std::map<std::uint32_t, Link>> links = read_links();
  if (!links.ok()) return links.error();
  Result<void> read = Error{};
  for (int i = 0; i < kMostReads; ++i) {
    Tables out{.links = *links, .addresses = {}};
    read = requests_.dump(list_addresses(std::nullopt, requests_.next_sequence()), [&out](const Message& message) {
      Result<InterfaceAddress> address = decode_address(message);
      if (address.ok()) out.addresses.push_back(std::move(*address));
    });
    if (read.ok()) return out;
    if (read.error().code != ErrorCode::kReset) break;
  }
  return read.error();
}

Result<void> RouteSocket::add_address(const InterfaceAddress& address) {
  InterfaceAddress wanted = address;
  if (!wanted.address.is_v4()) wanted.flags |= kNoDad;
  const Result<std::string> request =
      proto::netlink::add_address(wanted, IfPresent::kReplace, requests_.next_sequence());
  if (!request.ok()) return request.error();
  const Result<Acknowledgement> answer = requests_.ask(*request);
  if (!answer.ok()) return answer.error();
  if (answer->error_number == 0) {
    if (find_address(wanted) == addresses_.end()) addresses_.push_back(wanted);
    return {};
  }
  return failed(*answer, "add " + address.address.to_string() + " to " + interface_name(address.interface_index));
}

Result<void> RouteSocket::remove_address(const InterfaceAddress& address) {
  const Result<std::string> request = proto::netlink::remove_address(address, requests_.next_sequence());
  if (!request.ok()) return request.error();
  const Result<Acknowledgement> answer = requests_.ask(*request);
  if (!answer.ok()) return answer.error();
  const int error = answer->error_number;
  if (error == 0 || error == EADDRNOTAVAIL || error == ENODEV) {
    if (const auto found = find_address(address); found != addresses_.end()) addresses_.erase(found);
    return {};
  }
  return failed(*answer, "remove " + address.address.to_string() + " from " + interface_name(address.interface_index));
}

void RouteSocket::unset_holder(const IpAddress& address, const void* holder) {
  const auto found = holders_.find(address);
  if (found != holders_.end() && found->second == holder) holders_.erase(found);
}

bool RouteSocket::held_by_another(const IpAddress& address, const void* than) const {
  const auto found = holders_.find(address);
  return found != holders_.end() && found->second != than;
}

Result<void> RouteSocket::remove_link(std::uint32_t index) {
  if (index == 0) return Error{ErrorCode::kInvalidArgument, "remove interface: no index"};
  const Result<Acknowledgement> answer = requests_.ask(proto::netlink::remove_link(index, requests_.next_sequence()));
  if (!answer.ok()) return answer.error();
  if (answer->error_number == 0 || answer->error_number == ENODEV) return {};
  return failed(*answer, "remove " + interface_name(index));
}

std::uint32_t RouteSocket::wire_of(std::uint32_t index) const {
  const auto found = links_.find(index);
  return found != links_.end() && found->second.kind == "macvlan" ? found->second.parent : index;
}

Result<std::uint32_t> RouteSocket::make_macvlan(const Macvlan& macvlan) {
  for (int i = 0; i < 2; ++i) {
    const Result<std::string> request = add_macvlan(macvlan, requests_.next_sequence());
    if (!request.ok()) return request.error();
    const Result<Acknowledgement> answer = requests_.ask(*request);
    if (!answer.ok()) return answer.error();
    if (answer->error_number != 0 && answer->error_number != EEXIST) {
      return failed(*answer, "add " + macvlan.name + " over " + interface_name(macvlan.parent));
    }
    const Result<std::map<std::uint32_t, Link>> links = read_links();
    if (!links.ok()) return links.error();
    const auto found = std::find_if(links->begin(), links->end(),
                                    [&](const auto& entry) { return entry.second.name == macvlan.name; });
    if (found == links->end()) continue;  // removed meanwhile
    const Link& link = found->second;
    if (link.kind != "macvlan") return Error{ErrorCode::kExists, macvlan.name + " is there and not a macvlan"};
    if (link.parent == wire_of(macvlan.parent) && link.mac == macvlan.mac) return link.index;
    HF_RETURN_IF_ERROR(remove_link(link.index));
    links_.erase(link.index);  // so that its name finds the new one
  }
  return Error{ErrorCode::kExists, macvlan.name + " is there and comes back"};
}

Result<std::uint32_t> RouteSocket::add_virtual_mac(const std::string& name, std::uint32_t parent, IpFamily family,
                                                   std::uint8_t router_id) {
  const auto found = links_.find(parent);
  if (found == links_.end()) return Error{ErrorCode::kNotFound, name + ": its parent interface is not there"};
  const std::string parent_name = found->second.name;
  const Result<std::uint32_t> index =
      make_macvlan({.name = name, .parent = parent, .mac = proto::vrrp::virtual_mac(family, router_id)});
  if (!index.ok()) return index;
  HF_RETURN_IF_ERROR(set_virtual_mac_sysctls(name, parent_name, family));
  const Result<Acknowledgement> answer = requests_.ask(switch_link(*index, LinkSwitch::kOn, requests_.next_sequence()));
  if (!answer.ok()) return answer.error();
  if (answer->error_number != 0) return failed(*answer, "switch " + name + " on");
  const Result<std::map<std::uint32_t, Link>> links = read_links();
  if (!links.ok()) return links.error();
  if (const auto made = links->find(*index); made != links->end()) links_.insert_or_assign(*index, made->second);
  return index;
}

}  // namespace hf::vip::router
