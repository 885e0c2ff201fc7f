// Notifier: tells others of every change of a virtual address: scripts, pipes, sockets, mail, web hooks.
//
// Owner: the gateway. Thread: the control thread's.
// Invariants:
//   1. changed() never waits. Scripts run in order per VIP, and each receiver is told in the order of the changes.
//   2. Everything is bounded: kMostWaiting changes per receiver (the oldest is dropped), kMostAtOnce deliveries at a time, each
//      attempt by its timeout, attempts by `retries` with pauses of 1 s, 2 s, 4 s … up to kLongestPause.
//   3. What was not delivered in the end is one event notify_failed.
//   4. A reload keeps what waits for receivers that stay the same; what waits for the others is dropped.
//   5. close() has ended before the notifier goes.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/event.h"
#include "config/config.h"
#include "runtime/scope.h"
#include "runtime/signal.h"
#include "notify/script_queue.h"
#include "notify/vip_change.h"

namespace hf::notify {

class Notifier {
 public:
  static constexpr std::size_t kMostWaiting = 64;
  static constexpr std::size_t kMostAtOnce = 16;
  static constexpr Nanos kLongestPause = 60s;

  struct Ports {
    vip::ScriptPort run_script;
    std::function<void(Event)> event;
  };

  Notifier(runtime::EventLoop& loop, Ports ports);
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;
  ~Notifier();

  /// At start and at each reload. Looks host names up, which may take a moment; one without an address is an event now and a
  /// failure of each delivery to it until the next reload.
  void configure(const std::vector<config::Vip>& vips, const std::vector<config::Notify>& notifies, const std::string& node);

  /// An empty node in it is filled in.
  void changed(VipChange change);

  /// Nothing waits or is on its way: at a stop the gateway gives the last news a moment.
  bool idle() const;
  /// Attempts over the network that are on their way, at most kMostAtOnce.
  std::size_t delivering() const { return at_once_; }
  /// Gives up what is on its way.
  runtime::Task<Result<void>> close(Deadline deadline);

 private:
  struct Receiver;
  struct VipScripts;

  void run_scripts(const VipChange& change);
  void tell(const std::shared_ptr<Receiver>& receiver, const VipChange& change);
  static runtime::Task<void> work(Notifier* self, std::shared_ptr<Receiver> receiver);
  static runtime::Task<Result<void>> deliver(Notifier* self, Receiver* receiver, const VipChange* change);
  static runtime::Task<Result<void>> attempt(Notifier* self, Receiver* receiver, const VipChange* change);
  std::shared_ptr<Receiver> make_receiver(const config::Notify& notify);
  void failed(const std::string& vip, const std::string& target, const std::string& reason);

  runtime::EventLoop& loop_;
  Ports ports_;
  std::string node_;
  std::map<std::string, VipScripts> scripts_;  // by VIP
  std::vector<std::shared_ptr<Receiver>> receivers_;
  std::size_t at_once_ = 0;
  runtime::Signal slot_free_;
  runtime::Scope scope_;
};

}  // namespace hf::notify
