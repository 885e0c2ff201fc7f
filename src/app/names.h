// Names: the host names of the configuration as addresses. All are looked up before a configuration takes part; those
// of servers again while it does, each by a task of its own.
//
// Owner: the gateway. Thread: the control thread's.
// Invariants:
//   1. A name keeps its address as long as it is among those that a look-up gives. When it is not, the first of them
//      comes in its place.
//   2. The name of a server whose look-up fails keeps the address it had, and is tried again, with growing pauses.
//   3. A name has one address, for all who configure by it: what book() says is what takes part.
//   4. No look-up takes longer than kPatience, all names of a configuration together included.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/event.h"
#include "base/random.h"
#include "config/config.h"
#include "net/resolver.h"
#include "runtime/event_loop.h"
#include "runtime/scope.h"
#include "runtime/signal.h"
#include "upstream/address_book.h"

namespace hf::app {

class Names {
 public:
  static constexpr Nanos kPatience = 5s;
  static constexpr Nanos kSoonest = net::Resolver::kShortestLife;  // between two look-ups of a name
  static constexpr Nanos kLongestPause = 5min;                     // after failures

  struct Around {
    runtime::EventLoop& loop;
    std::function<runtime::Task<Result<net::Resolved>>(std::string name, Deadline deadline)> look_up;
    std::function<void(Event)> event;
    /// A name is to have the address it has in the book. An error: it cannot, and nothing has changed.
    std::function<Result<void>(const std::string& name, const upstream::AddressBook& book)> move;
    std::uint64_t seed;
  };
  /// What the look-ups of a configuration's names gave, by name.
  using Found = std::map<std::string, Result<net::Resolved>>;

  explicit Names(Around around)
      : around_(std::move(around)), random_(around_.seed), news_(around_.loop), scope_(around_.loop) {}
  Names(const Names&) = delete;
  Names& operator=(const Names&) = delete;

  /// Looks up every name, which only servers have: listeners are written in numbers. Nothing is changed by it.
  static runtime::Task<Found> look_up(Names* self, config::ConfigPtr config);
  /// What the names of a configuration are if it takes part.
  upstream::AddressBook book(const Found& found) const;
  /// The configuration takes part, by that book. Tells which names moved and which could not be looked up.
  void adopt(const config::Config& config, const Found& found);
  /// For those who ask when they need it.
  static runtime::Task<Result<net::Address>> address_of(Names* self, config::Endpoint endpoint, Deadline deadline);
  /// No name is looked up again.
  runtime::Task<Result<void>> close(Deadline deadline);

 private:
  /// The name of a server.
  struct Known {
    IpAddress address;
    Nanos interval{0};  // zero: not looked up again
    TimePoint due;
    unsigned failures = 0;  // in a row
  };

  static runtime::Task<void> keep_fresh(Names* self, std::string name);
  IpAddress choose(const std::string& name, const net::Resolved& found) const;
  upstream::AddressBook book() const;
  void take(const std::string& name, Known& known, const Result<net::Resolved>& found);
  void succeeded(Known& known, Nanos good_for);
  void failed(const std::string& name, Known& known, const Error& why);
  TimePoint in_about(Nanos pause);

  Around around_;
  Random random_;
  std::map<std::string, Known> known_;
  std::set<std::string> watched_;  // a task keeps it fresh
  runtime::Signal news_;           // another configuration
  runtime::Scope scope_;
};

}  // namespace hf::app
