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

class SimTransport;

/// How bytes travel in one direction.
struct SimLink {
  Nanos latency = 100us;
  std::size_t window = 64 * 1024;    // bytes in flight or unread before the writer must wait
  std::size_t largest_piece = 1460;  // a write arrives in pieces of at most this
};

class SimNetwork {
 public:
  SimNetwork(runtime::EventLoop& loop, runtime::SimPoller& poller) : loop_(loop), poller_(poller) {}

  /// One end of a connection.
  struct End {
    std::unique_ptr<Stream> stream;
    SimTransport* transport = nullptr;  // the stream's
  };
  std::pair<End, End> connect_pair(const SimLink& link);

  runtime::EventLoop& loop() { return loop_; }
  runtime::SimPoller& poller() { return poller_; }

 private:
  runtime::EventLoop& loop_;
  runtime::SimPoller& poller_;
};

class SimTransport final : public Transport {
 public:
  SimTransport(SimNetwork& network, const SimLink& link) : network_(network), link_(link) {}

  /// The peer's machine vanishes: nothing more arrives and nobody is told, as in a partition or a power cut.
  void cut();
  /// The peer's process dies: both ends see a reset.
  void reset();

  IoResult try_read(std::span<char> into) override;
  IoResult try_write(ByteView bytes) override;
  void shut_write() override;
  void close(runtime::Poller& poller, runtime::IoHandler& handler) override;

 private:
  friend class SimNetwork;
  struct Inbox {
    std::deque<char> bytes;
    std::size_t in_flight = 0;
    bool ended = false;
    bool broken = false;
    runtime::IoHandler* reader = nullptr;  // null once that end is closed
    runtime::IoHandler* writer = nullptr;
  };

  static void deliver(const std::shared_ptr<Inbox>& inbox, std::string piece);

  SimNetwork& network_;
  SimLink link_;
  bool cut_ = false;
  std::shared_ptr<Inbox> in_;
  std::shared_ptr<Inbox> out_;
};

}  // namespace hf::net
