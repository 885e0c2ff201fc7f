#include "guardian/claims.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace hf::guardian {

namespace {

constexpr int kBacklog = 512;  // who asked since the last tidy(); behind that nobody hears an answer

class AbstractName {
 public:
  explicit AbstractName(const std::string& name) {
    address_.sun_family = AF_UNIX;
    const std::size_t length = std::min(name.size(), sizeof address_.sun_path - 1);
    std::memcpy(address_.sun_path + 1, name.data(), length);
    length_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + length);
  }
  const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&address_); }
  socklen_t length() const { return length_; }

 private:
  sockaddr_un address_{};
  socklen_t length_ = 0;
};

int make_socket() { return ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }

/// A listening socket, or minus the errno.
int listen_on(const std::string& name) {
  const int fd = make_socket();
  if (fd < 0) return -errno;
  const AbstractName address(name);
  if (::bind(fd, address.raw(), address.length()) == 0 && ::listen(fd, kBacklog) == 0) return fd;
  const int error = errno;
  ::close(fd);
  return -error;
}

struct Owner {
  int error = 0;  // why nothing is known of it
  ucred who{};
};

Owner owner_of(const std::string& name) {
  Owner owner;
  const int fd = make_socket();
  const AbstractName address(name);
  socklen_t length = sizeof owner.who;
  if (fd < 0 || ::connect(fd, address.raw(), address.length()) != 0 ||
      ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &owner.who, &length) != 0) {
    owner.error = errno;
  }
  if (fd >= 0) ::close(fd);
  return owner;
}

/// Of another process namespace: 0.
std::string process_text(pid_t pid) {
  return pid > 0 ? "process " + std::to_string(pid) : std::string("a process of another container");
}

}  // namespace

std::vector<Claims::Name> Claims::names_of(const vip::RouterSettings& router) {
  const std::string id = std::to_string(router.router_id);
  const std::string family = router.family() == IpFamily::kIpv4 ? "IPv4" : "IPv6";
  std::vector<Name> names{{"holdfast/router/" + router.interface + "/" + id + "/" + family,
                           "router id " + id + " (" + family + ") on " + router.interface}};
  for (const vip::VirtualAddress& each : router.addresses) {
    const std::string address = each.address.to_string();
    const std::string& link = each.interface.empty() ? router.interface : each.interface;
    const std::string zone = each.address.is_link_local() ? "%" + link : "";
    names.push_back({"holdfast/address/" + address + zone, "address " + address + zone});
  }
  return names;
}

Result<void> Claims::take(const vip::RouterSettings& router, TimePoint now) {
  std::map<std::string, int> taken;
  const std::size_t missing = missing_.size();
  for (const Name& name : names_of(router)) {
    if (held_.contains(name.socket) || taken.contains(name.socket)) continue;
    const Result<int> claimed = claim(name, now);
    if (claimed.ok()) {
      taken.emplace(name.socket, *claimed);
      continue;
    }
    for (const auto& [socket, fd] : taken) {
      if (fd >= 0) ::close(fd);
    }
    missing_.resize(missing);
    return claimed.error();
  }
  held_.merge(taken);
  return {};
}

Result<int> Claims::claim(const Name& name, TimePoint now) {
  const int fd = listen_on(name.socket);
  if (fd == -EADDRINUSE) return judge_owner(name, now);
  going_since_.erase(name.socket);
  if (fd < 0) return go_without(name, system_error(-fd, "socket").context);
  return fd;
}

/// A socket that has a name and takes no connections is one whose process is about to end, or has only begun.
Result<int> Claims::judge_owner(const Name& name, TimePoint now) {
  const Owner owner = owner_of(name.socket);
  if (owner.error == ECONNREFUSED) {
    const TimePoint since = going_since_.emplace(name.socket, now).first->second;
    if (now - since < kGoingPatience) {
      return Error{ErrorCode::kUnreachable, name.words + " is not free yet: the process that had it is about to end"};
    }
    return go_without(name, "somebody has its name and does not say who it is");
  }
  going_since_.erase(name.socket);
  if (owner.error != 0) return go_without(name, system_error(owner.error, "ask its owner").context);
  if (owner.who.uid != ::geteuid()) {
    return go_without(name, process_text(owner.who.pid) + " of user id " + std::to_string(owner.who.uid) +
                                " has its name, and has no right to it");
  }
  return Error{ErrorCode::kRefused, name.words + " is held by " + process_text(owner.who.pid) +
                                        ", which runs: end that one first, or give this one another router_id and " +
                                        "other addresses"};
}

Result<int> Claims::go_without(const Name& name, const std::string& why) {
  missing_.push_back(name.words + ": " + why);
  return -1;
}

void Claims::keep(const std::vector<const vip::RouterSettings*>& routers) {
  std::map<std::string, int> kept;
  for (const vip::RouterSettings* router : routers) {
    for (const Name& name : names_of(*router)) {
      if (auto found = held_.extract(name.socket); !found.empty()) kept.insert(std::move(found));
    }
  }
  clear();
  held_ = std::move(kept);
}

void Claims::announce_end() {
  for (const auto& [name, fd] : held_) {
    if (fd >= 0) ::shutdown(fd, SHUT_RDWR);
  }
}

void Claims::clear() {
  for (const auto& [name, fd] : held_) {
    if (fd >= 0) ::close(fd);
  }
  held_.clear();
}

void Claims::tidy() {
  for (const auto& [name, fd] : held_) {
    for (int asked = 0; fd >= 0 && asked < kBacklog; ++asked) {
      const int who = ::accept4(fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (who < 0) break;
      ::close(who);
    }
  }
}

std::vector<std::string> Claims::take_missing() { return std::exchange(missing_, {}); }

}  // namespace hf::guardian
