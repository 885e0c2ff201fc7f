// Resolver: names to addresses, over c-ares: no turn of the loop waits for a name server. Asked are the hosts file and
// the name servers of resolv.conf (`search`, `ndots` and `rotate` count), in the order of nsswitch.conf; no other
// module of the system's.
//
// Owner: the gateway. Thread: that of its loop.
// Invariants:
//   1. A look-up has a c-ares channel of its own: it reads resolv.conf and the hosts file anew, asks from ports of its
//      own, and takes everything along when it ends. These files are read at once: they are small, and local.
//   2. A channel is destroyed by the task that waits for it, never within a call of c-ares: a task that is cancelled
//      takes nothing away that c-ares is about to call.
//   3. At most kMostAtOnce look-ups at a time; the others wait their turn, in order, until their deadlines.
//   4. An Error names the name and the reason: kNotFound (there is no such name, or it has no address), kTimeout (no
//      name server answered), kUnreachable (none can be asked, or none knows), kCancelled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "base/result.h"
#include "base/time.h"
#include "runtime/event_loop.h"
#include "runtime/signal.h"
#include "runtime/task.h"

namespace hf::net {

struct Resolved {
  /// Never empty: both families, the one to prefer first, as RFC 6724 sorts them and getaddrinfo() does.
  std::vector<IpAddress> addresses;
  /// Within Resolver's kShortestLife and kLongestLife.
  Nanos good_for{0};
};

class Resolver {
 public:
  static constexpr std::size_t kMostAtOnce = 32;
  static constexpr std::size_t kMostAddresses = 64;  // of a name; the rest is left out
  static constexpr Nanos kShortestLife = 1s;         // whatever the time to live says
  static constexpr Nanos kLongestLife = 1h;
  static constexpr Nanos kFileLife = 1min;  // of what the hosts file says, which has no time to live

  struct Settings {
    std::string resolv_conf = "/etc/resolv.conf";
    std::uint16_t port = 53;
    Nanos patience = 1s;  // with a name server before the next is asked; twice as long in the second round
    int rounds = 2;       // through all name servers
  };

  explicit Resolver(runtime::EventLoop& loop) : Resolver(loop, Settings{}) {}
  Resolver(runtime::EventLoop& loop, Settings settings);
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  ~Resolver();

  /// A number is its own address, and nobody is asked. The resolver outlives the task.
  runtime::Task<Result<Resolved>> resolve(std::string name, Deadline deadline);

  /// Look-ups that are on their way.
  std::size_t under_way() const { return under_way_; }

 private:
  runtime::EventLoop& loop_;
  Settings settings_;
  std::size_t under_way_ = 0;
  runtime::Signal place_free_;
};

}  // namespace hf::net
