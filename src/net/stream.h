// Stream: an ordered pair of byte streams with a peer, completion-shaped. Protocol code sees recv, write and drained;
// what is below (TCP, Unix socket, simulation) is a Transport, which a conversation may change in its middle.
//
// Owner: the session. Thread: that of its loop.
// Invariants:
//   1. The view that recv returns lies in the loop's hot read buffer and is valid until the caller's next suspension.
//   2. write() never blocks and never fails visibly: what does not fit into the socket is kept, bounded by drained(),
//      and a broken stream shows in the next recv or drained.
//   3. An idle stream owns no buffer: output buffers are borrowed from the loop.
//   4. At most one recv and one drained wait at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"
#include "net/address.h"
#include "net/transport.h"
#include "runtime/event_loop.h"
#include "runtime/task.h"

namespace hf::net {

/// Somebody who wants to hear that the peer has closed its half while nobody reads.
class PeerWatcher {
 public:
  virtual void peer_closed() = 0;

 protected:
  ~PeerWatcher() = default;
};

class Stream final : public runtime::IoHandler, public runtime::Flushable {
 public:
  Stream(runtime::EventLoop& loop, std::unique_ptr<Transport> transport)
      : loop_(loop), transport_(std::move(transport)) {}
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream();

  class Recv;
  class Drained;

  /// The next bytes; an empty view is the peer's end of stream. Errors: kTimeout (the stream stays usable), kReset and
  /// the like (it is broken), kCancelled.
  Recv recv(Deadline deadline);
  /// Queues bytes, to be sent at the end of this turn; large ones go out at once.
  void write(ByteView bytes);
  /// Waits until at most `limit` bytes are queued. Errors as recv.
  Drained drained(std::size_t limit, Deadline deadline);
  std::size_t queued() const { return out_.size() - out_offset_; }
  /// Ends our half after what is queued has been sent.
  void shut_write();
  /// Told at once, from the loop's turn, when the peer closes its half and no recv waits. nullptr: nobody.
  void watch_peer(PeerWatcher* watcher) { watcher_ = watcher; }
  /// Ends a waiting recv with kTimeout; the stream stays as it is. Nothing happens when none waits.
  void wake_reader();
  /// Breaks the stream at once; a waiting recv or drained ends with `reason`. Idempotent.
  void abort(Error reason);
  /// abort(), and the kernel sends a reset instead of trying for a minute to get rid of what is unsent: for a peer that
  /// cannot be reached from here any more.
  void cut(Error reason);
  /// See Transport.
  Result<Address> local_address() const { return transport_->local_address(); }
  Result<PeerCredentials> peer_credentials() const { return transport_->peer_credentials(); }

  /// From here on the bytes go by what `over` makes of the transport so far. `read_ahead`: what recv has returned
  /// already and is for the new one to read. Nothing is queued, and nobody waits.
  using Over = std::function<std::unique_ptr<Transport>(std::unique_ptr<Transport> below, std::string read_ahead)>;
  void upgrade(const Over& over, std::string read_ahead);
  /// Gives the descriptor up, with what was not sent and what was not received; the stream is closed then. Nobody
  /// waits. kUnsupported, and nothing has changed: see Transport::release.
  Result<Released> release();

  /// Sends what is queued as far as the socket takes it, then closes. The destructor does the same.
  void close();

  /// Whether the peer has gone or bytes wait to be read: an idle connection of which this is true is not fit for reuse.
  bool readable() const { return readable_; }
  bool broken() const { return broken_ != nullptr; }
  /// The peer has ended its half: nothing comes any more behind what may wait to be read.
  bool peer_closed() const { return peer_closed_; }
  /// Whether nothing waits to be read and the peer is there. Where the last read may have left something, the socket is
  /// asked; a stream that is not idle is broken by that.
  bool idle();
  runtime::EventLoop& loop() { return loop_; }

  void on_ready(std::uint32_t readiness) final;
  void flush() final;

 private:
  friend class Recv;
  friend class Drained;
  enum class ReadStep { kData, kEnd, kError, kWait };

  ReadStep read_step(ByteView& out);
  void fail(Error reason);
  void finish_close();
  void forget_unsent();

  runtime::EventLoop& loop_;
  std::unique_ptr<Transport> transport_;
  Recv* reader_ = nullptr;
  Drained* drainer_ = nullptr;
  PeerWatcher* watcher_ = nullptr;
  std::string out_;
  std::size_t out_offset_ = 0;
  std::unique_ptr<const Error> broken_;  // a pointer: an idle client has a stream, and few streams break
  std::uint64_t read_turn_ = 0;
  std::uint16_t reads_in_turn_ = 0;
  bool readable_ = false;
  bool writable_ = true;
  bool peer_closed_ = false;
  bool shut_after_flush_ = false;
  bool closed_ = false;
};

class Stream::Recv final : public runtime::Leaf, private runtime::Timer {
 public:
  Recv(Stream& stream, Deadline deadline) : stream_(stream), deadline_(deadline) {}
  bool await_ready();
  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> handle) {
    if (handle.promise().context->cancelled) {
      step_ = ReadStep::kError;
      error_ = {ErrorCode::kCancelled, "cancelled while reading"};
      return false;
    }
    begin_wait(handle);
    start();
    return true;
  }
  Result<ByteView> await_resume();

 private:
  friend class Stream;
  void start();
  void try_now();
  void finish(Error error);
  void cancel() override;
  void on_timer() override;

  Stream& stream_;
  Deadline deadline_;
  ByteView bytes_;
  Error error_;
  ReadStep step_ = ReadStep::kWait;
};

class Stream::Drained final : public runtime::Leaf, private runtime::Timer {
 public:
  Drained(Stream& stream, std::size_t limit, Deadline deadline) : stream_(stream), limit_(limit), deadline_(deadline) {}
  bool await_ready() const { return stream_.broken() || stream_.queued() <= limit_; }
  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> handle) {
    if (handle.promise().context->cancelled) {
      error_ = Error{ErrorCode::kCancelled, "cancelled while writing"};
      return false;
    }
    begin_wait(handle);
    start();
    return true;
  }
  Result<void> await_resume();

 private:
  friend class Stream;
  void start();
  void finish(std::optional<Error> error);
  void cancel() override;
  void on_timer() override;

  Stream& stream_;
  std::size_t limit_;
  Deadline deadline_;
  std::optional<Error> error_;
};

inline Stream::Recv Stream::recv(Deadline deadline) { return Recv(*this, deadline); }
inline Stream::Drained Stream::drained(std::size_t limit, Deadline deadline) { return Drained(*this, limit, deadline); }

}  // namespace hf::net
