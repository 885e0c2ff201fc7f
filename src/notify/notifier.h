// Notifier: tells others of what happens: scripts and receivers of every change of a virtual address, and receivers of
// the events that they have chosen.
//
// Owner: the gateway. Thread: the control thread's.
// Invariants:
//   1. changed() and told() never wait. Scripts run in order per VIP, and each receiver is told in the order of the
//      changes.
//   2. Everything is bounded: kMostWaiting changes per receiver (the oldest is dropped), kMostAtOnce deliveries at a
//      time, each attempt by its timeout, attempts by `retries` with pauses of 1 s, 2 s, 4 s … up to kLongestPause.
//   3. What was not delivered in the end is one event notify_failed. The other receivers are told of that as of any
//      event; when a notice of it fails, nobody is but the log: failures do not go round.
//   4. A reload keeps what waits for receivers that stay the same; what waits for the others is dropped.
//   5. Events that repeat are damped for each receiver by kQuiet, beyond what the log's damper does.
//   6. close() or finish() has ended before the notifier goes; from then on nobody is told.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/event.h"
#include "base/event_damper.h"
#include "config/config.h"
#include "net/address.h"
#include "notify/notice.h"
#include "notify/script_queue.h"
#include "runtime/scope.h"
#include "runtime/signal.h"

namespace hf::notify {

class Notifier {
 public:
  static constexpr std::size_t kMostWaiting = 64;
  static constexpr std::size_t kMostAtOnce = 16;
  static constexpr Nanos kLongestPause = 60s;
  static constexpr EventDamper::Limits kQuiet{.second = 10s, .most = 20};

  struct Ports {
    vip::ScriptPort run_script;
    /// The address of a receiver now.
    std::function<runtime::Task<Result<net::Address>>(config::Endpoint, Deadline)> look_up;
    std::function<void(Event)> event;
  };

  Notifier(runtime::EventLoop& loop, Ports ports);
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;
  ~Notifier();

  /// At start and at each reload. The host of a receiver is looked up for each attempt to tell it, within the attempt's
  /// timeout.
  void configure(const std::vector<config::Vip>& vips, const std::vector<config::Notify>& notifies,
                 const std::string& node);

  /// An empty node in it is filled in.
  void changed(VipChange change);
  /// Every event that is recorded; those of the notifier itself as well.
  void told(const Event& event);
  /// What the receivers' dampers held back until `now`.
  void tell_the_rest(TimePoint now);

  /// Nothing waits or is on its way.
  bool idle() const;
  /// Attempts over the network that are on their way, at most kMostAtOnce.
  std::size_t delivering() const { return at_once_; }
  /// Gives up what is on its way.
  runtime::Task<Result<void>> close(Deadline deadline);
  /// What is to be told gets until the deadline; then as close().
  runtime::Task<Result<void>> finish(Deadline deadline);

 private:
  struct Receiver;
  struct VipScripts;

  void run_scripts(const VipChange& change);
  void tell(const std::shared_ptr<Receiver>& receiver, Notice notice);
  void tell_of_event(const std::shared_ptr<Receiver>& receiver, const Event& event);
  void write_to_pipe(Receiver& receiver, const Notice& notice);
  void run_command(Receiver& receiver, const Notice& notice);
  void send(const std::shared_ptr<Receiver>& receiver, Notice notice);
  static runtime::Task<void> work(Notifier* self, std::shared_ptr<Receiver> receiver);
  static runtime::Task<Result<void>> deliver(Notifier* self, Receiver* receiver, const Notice* notice);
  static runtime::Task<Result<void>> attempt(Notifier* self, Receiver* receiver, const Notice* notice);
  std::shared_ptr<Receiver> make_receiver(const config::Notify& notify);
  void failed(const Receiver& receiver, const Notice& notice, const std::string& reason);
  void report(Event failure, const Receiver* of);

  runtime::EventLoop& loop_;
  Ports ports_;
  std::string node_;
  std::map<std::string, VipScripts> scripts_;  // by VIP
  std::vector<std::shared_ptr<Receiver>> receivers_;
  std::uint64_t notices_ = 0;  // of events, so far
  std::size_t at_once_ = 0;
  bool closed_ = false;
  runtime::Signal slot_free_;
  runtime::Scope scope_;
};

}  // namespace hf::notify
