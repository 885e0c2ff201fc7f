// Channel: one end of the socket between the guardian and a child, as messages.
//
// Owner: whoever talks. Thread: that of its loop.
// Invariants:
//   1. send never waits. What the socket does not take at once is kept, at most kMostQueued messages and
//      kMostQueuedBytes; beyond that send fails with kOverload and nothing is lost of what was taken before.
//   2. All callbacks are called from the loop's turn, never from inside send or the destructor; on_closed once, when
//      the other side is gone and all that it had sent was handed over.
//   3. A datagram that cannot be decoded is given to on_malformed and skipped.
//   4. A Channel may be destroyed inside each of its callbacks, and none is called after that.
//   5. One turn hands over at most kMostPerTurn messages: a child that floods keeps nobody from his turn.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/result.h"
#include "guardian/messages.h"
#include "runtime/event_loop.h"

namespace hf::guardian {

class Channel final : private runtime::IoHandler {
 public:
  static constexpr std::size_t kMostQueued = 256;
  static constexpr std::size_t kMostQueuedBytes = 4 * 1024 * 1024;
  static constexpr int kMostPerTurn = 64;

  struct Listener {
    std::function<void(Message)> on_message;
    std::function<void()> on_closed;
    std::function<void(Error)> on_malformed;
  };

  /// Two connected ends, non-blocking and close-on-exec; the second is for the child.
  static Result<std::pair<int, int>> make_pair();

  /// Takes `fd` over, be it of make_pair or inherited: what the flags were before does not matter.
  Channel(runtime::EventLoop& loop, int fd, Listener listener);
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  ~Channel();

  /// kInvalidArgument: cannot be encoded. kOverload: too much waits already. kClosed: the other side is gone.
  Result<void> send(const Message& message);
  std::size_t queued() const { return queue_.size(); }
  bool closed() const { return broken_; }

 private:
  /// Outlives the Channel for as long as a callback runs.
  struct Callbacks {
    Listener listener;
    bool alive = true;  // false: the Channel is destroyed
  };
  enum class Received : std::uint8_t { kOne, kNothing, kEnd };

  void on_ready(std::uint32_t readiness) override;
  void read_all();
  Received read_one(Callbacks& callbacks);
  void hand_over(ByteView datagram, Callbacks& callbacks);
  void write_queued();
  void break_off();
  void close();

  runtime::EventLoop& loop_;
  int fd_;
  bool broken_ = false;  // nothing can be sent any more; on_closed is yet to come or was called
  std::shared_ptr<Callbacks> callbacks_;
  std::deque<std::string> queue_;
  std::size_t queued_bytes_ = 0;
  std::unique_ptr<char[]> buffer_;
};

}  // namespace hf::guardian
