// SimNetwork: streams between tasks of one simulated loop, with latency, cuts and stalls, in virtual time.
//
// Invariant: deterministic. The same calls in the same order give the same run.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "net/stream.h"
#include "runtime/sim_poller.h"

namespace hf::net {

class SimStream;

/// How bytes travel in one direction.
struct SimLink {
  Nanos latency = 100us;
  std::size_t window = 64 * 1024;    // bytes in flight or unread before the writer must wait
  std::size_t largest_piece = 1460;  // a write arrives in pieces of at most this
};

class SimNetwork {
 public:
  SimNetwork(runtime::EventLoop& loop, runtime::SimPoller& poller) : loop_(loop), poller_(poller) {}

  /// A connected pair.
  std::pair<std::unique_ptr<SimStream>, std::unique_ptr<SimStream>> connect_pair(const SimLink& link);

  runtime::EventLoop& loop() { return loop_; }
  runtime::SimPoller& poller() { return poller_; }

 private:
  runtime::EventLoop& loop_;
  runtime::SimPoller& poller_;
};

class SimStream final : public Stream {
 public:
  SimStream(SimNetwork& network, const SimLink& link) : Stream(network.loop()), network_(network), link_(link) {}
  ~SimStream() override { close(); }

  /// The peer's machine vanishes: nothing more arrives and nobody is told, as in a partition or a power cut.
  void cut();
  /// The peer's process dies: both ends see a reset.
  void reset();

 protected:
  IoResult try_read(std::span<char> into) override;
  IoResult try_write(ByteView bytes) override;
  void shut_write_now() override;
  void close_now() override;

 private:
  friend class SimNetwork;
  struct Inbox {
    std::deque<char> bytes;
    std::size_t in_flight = 0;
    bool ended = false;
    bool broken = false;
    SimStream* reader = nullptr;  // null once that end is closed
    SimStream* writer = nullptr;
  };

  static void deliver(const std::shared_ptr<Inbox>& inbox, std::string piece);

  SimNetwork& network_;
  SimLink link_;
  bool cut_ = false;
  std::shared_ptr<Inbox> in_;
  std::shared_ptr<Inbox> out_;
};

}  // namespace hf::net
