#include "net/resolver.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include <ares.h>
#include <poll.h>
#include <sys/time.h>

#include "net/address.h"
#include "runtime/call_timer.h"

namespace hf::net {

using runtime::Task;

namespace {

Error failed(const std::string& name, ErrorCode code, const std::string& why) {
  return Error{code, "cannot resolve '" + name + "': " + why};
}

/// What c-ares ended with, for people.
Error failed(const std::string& name, int status) {
  switch (status) {
    case ARES_ENOTFOUND:
    case ARES_ENONAME: return failed(name, ErrorCode::kNotFound, "there is no such name");
    case ARES_ENODATA: return failed(name, ErrorCode::kNotFound, "the name has no address");
    case ARES_EBADNAME: return failed(name, ErrorCode::kNotFound, "no name server takes such a name");
    case ARES_ETIMEOUT: return failed(name, ErrorCode::kTimeout, "no name server answered");
    case ARES_ECONNREFUSED: return failed(name, ErrorCode::kUnreachable, "no name server can be reached");
    case ARES_ESERVFAIL: return failed(name, ErrorCode::kUnreachable, "the name servers failed to find out (SERVFAIL)");
    case ARES_EREFUSED: return failed(name, ErrorCode::kUnreachable, "the name servers refused to answer");
    case ARES_ENOMEM: return failed(name, ErrorCode::kOutOfMemory, "out of memory");
    default: return failed(name, ErrorCode::kUnreachable, ares_strerror(status));
  }
}

Nanos bounded(Nanos life) { return std::clamp(life, Resolver::kShortestLife, Resolver::kLongestLife); }

/// One name on its way. The coroutine that awaits answer() owns it.
class Lookup {
 public:
  Lookup(runtime::EventLoop& loop, std::string name)
      : loop_(loop),
        name_(std::move(name)),
        timer_([this] { process(ARES_SOCKET_BAD, ARES_SOCKET_BAD); }),
        ended_(loop) {}
  Lookup(const Lookup&) = delete;
  Lookup& operator=(const Lookup&) = delete;
  ~Lookup() {
    // closes the sockets, and answers what was asked: nobody listens any more
    if (channel_ != nullptr) ares_destroy(channel_);
  }

  Task<Result<Resolved>> answer(const Resolver::Settings* settings, Deadline deadline) {
    const int opened = open(*settings);
    if (opened != ARES_SUCCESS) co_return failed(name_, opened);
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    ares_getaddrinfo(channel_, name_.c_str(), nullptr, &hints, on_answer, this);
    if (outcome_ && outcome_->ok()) (*outcome_)->good_for = Resolver::kFileLife;  // so soon: nobody was asked
    arm_timer();
    while (!outcome_) {
      const Result<void> waited = co_await ended_.wait(deadline);
      if (outcome_ || waited.ok()) continue;
      const bool cancelled = waited.error().code == ErrorCode::kCancelled;
      co_return cancelled ? failed(name_, ErrorCode::kCancelled, "the look-up was given up")
                          : failed(name_, ErrorCode::kTimeout, "no name server answered in time");
    }
    co_return std::move(*outcome_);
  }

 private:
  /// One of c-ares's sockets. The loop tells of a change once, and c-ares may leave bytes where they are or begin to
  /// want what has long been so: what is ready is asked of the kernel, until there is nothing.
  class Socket final : public runtime::IoHandler {
   public:
    Socket(Lookup& owner, int fd) : owner_(owner), fd_(fd) {}
    void want(bool readable, bool writable) {
      wanted_ = static_cast<short>((readable ? POLLIN : 0) | (writable ? POLLOUT : 0));
    }
    void on_ready(std::uint32_t /*readiness*/) override {
      pollfd asked{fd_, wanted_, 0};
      if (::poll(&asked, 1, 0) <= 0) return;
      const bool readable = (asked.revents & (POLLIN | POLLERR | POLLHUP)) != 0;
      const bool writable = (asked.revents & POLLOUT) != 0;
      // this socket may be gone now
      owner_.process(readable ? fd_ : ARES_SOCKET_BAD, writable ? fd_ : ARES_SOCKET_BAD);
    }

   private:
    Lookup& owner_;
    int fd_;
    short wanted_ = 0;
  };

  int open(const Resolver::Settings& settings) {
    std::string resolv_conf = settings.resolv_conf;
    ares_options options{};
    options.timeout = static_cast<int>(std::chrono::duration_cast<Millis>(settings.patience).count());
    options.tries = settings.rounds;
    options.udp_port = settings.port;
    options.tcp_port = settings.port;
    options.resolvconf_path = resolv_conf.data();
    options.sock_state_cb = on_socket;
    options.sock_state_cb_data = this;
    return ares_init_options(&channel_, &options,
                             ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_UDP_PORT | ARES_OPT_TCP_PORT |
                                 ARES_OPT_RESOLVCONF | ARES_OPT_SOCK_STATE_CB);
  }

  /// c-ares's word of what it waits for at a socket; of one that it is about to close: nothing.
  static void on_socket(void* self, int fd, int readable, int writable) {
    auto& lookup = *static_cast<Lookup*>(self);
    std::unique_ptr<Socket>& socket = lookup.sockets_[fd];
    if (readable == 0 && writable == 0) {
      if (socket != nullptr) {
        lookup.loop_.poller().remove(fd, *socket);
        lookup.loop_.forget(*socket);
      }
      lookup.sockets_.erase(fd);
      return;
    }
    if (socket == nullptr) {
      socket = std::make_unique<Socket>(lookup, fd);
      const Result<void> added = lookup.loop_.poller().add(fd, *socket);
      if (!added.ok()) lookup.end(failed(lookup.name_, added.error().code, added.error().context));
    }
    socket->want(readable != 0, writable != 0);
    lookup.loop_.ready_next_turn(*socket, 0);
  }

  static void on_answer(void* self, int status, int /*timeouts*/, ares_addrinfo* found) {
    auto& lookup = *static_cast<Lookup*>(self);
    lookup.end(status == ARES_SUCCESS ? lookup.read(*found) : failed(lookup.name_, status));
    if (found != nullptr) ares_freeaddrinfo(found);
  }

  Result<Resolved> read(const ares_addrinfo& found) const {
    Resolved resolved;
    Seconds life = std::chrono::duration_cast<Seconds>(Resolver::kLongestLife);
    for (const ares_addrinfo_cname* each = found.cnames; each != nullptr; each = each->next) {
      life = std::min(life, Seconds(each->ttl));
    }
    for (const ares_addrinfo_node* each = found.nodes; each != nullptr; each = each->ai_next) {
      life = std::min(life, Seconds(each->ai_ttl));
      const std::optional<IpAddress> ip = Address(each->ai_addr, each->ai_addrlen).ip();
      if (ip && resolved.addresses.size() < Resolver::kMostAddresses) resolved.addresses.push_back(*ip);
    }
    if (resolved.addresses.empty()) return failed(name_, ARES_ENODATA);
    resolved.good_for = bounded(life);
    return resolved;
  }

  void end(Result<Resolved> outcome) {
    if (!outcome_) outcome_.emplace(std::move(outcome));
    ended_.notify_all();
  }

  void process(int readable, int writable) {
    ares_process_fd(channel_, readable, writable);
    for (const auto& [fd, socket] : sockets_) loop_.ready_next_turn(*socket, 0);
    arm_timer();
  }

  /// c-ares goes by the kernel's clock, the loop may have another: only how long it is counts.
  void arm_timer() {
    timeval left{};
    if (ares_timeout(channel_, nullptr, &left) == nullptr) return timer_.disarm();
    loop_.arm(timer_, loop_.now() + Seconds(left.tv_sec) + Micros(left.tv_usec));
  }

  runtime::EventLoop& loop_;
  std::string name_;
  ares_channel channel_ = nullptr;
  std::map<int, std::unique_ptr<Socket>> sockets_;
  runtime::CallTimer timer_;
  std::optional<Result<Resolved>> outcome_;
  runtime::Signal ended_;
};

/// One of kMostAtOnce.
class Place {
 public:
  Place(std::size_t& taken, runtime::Signal& free) : taken_(taken), free_(free) { ++taken_; }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    --taken_;
    free_.notify_one();
  }

 private:
  std::size_t& taken_;
  runtime::Signal& free_;
};

}  // namespace

Resolver::Resolver(runtime::EventLoop& loop, Settings settings)
    : loop_(loop), settings_(std::move(settings)), place_free_(loop) {
  HF_CHECK(ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS);
}

Resolver::~Resolver() {
  HF_CHECK(under_way_ == 0);
  ares_library_cleanup();
}

Task<Result<Resolved>> Resolver::resolve(std::string name, Deadline deadline) {
  // c-ares 1.18 asks name servers for 10.0.0.1 where both families are wanted
  const Result<Address> number = Address::from_ip(name, 0);
  if (number.ok()) co_return Resolved{{*number->ip()}, kLongestLife};
  while (under_way_ >= kMostAtOnce) {
    const Result<void> waited = co_await place_free_.wait(deadline);
    if (!waited.ok()) {
      co_return failed(name, waited.error().code, "too many names are being looked up: " + waited.error().context);
    }
  }
  const Place place(under_way_, place_free_);
  Lookup lookup(loop_, std::move(name));
  Result<Resolved> found = co_await lookup.answer(&settings_, deadline);
  co_return found;
}

}  // namespace hf::net
