// Listener: a bound, listening socket of one shard. TCP listeners of several shards share an address by SO_REUSEPORT; a
// Unix socket is bound once and its file descriptor is shared.
//
// Invariants:
//   1. Out of file descriptors or memory, or of places in its budget, accepting pauses for a moment and goes on; it
//      never spins and never ends. A client that has no place stays in the kernel's queue.
//   2. Nobody can connect to a Unix socket before its file has the mode that was asked for.
#pragma once

#include <memory>

#include "base/result.h"
#include "net/accept_budget.h"
#include "net/address.h"
#include "net/socket_transport.h"
#include "runtime/event_loop.h"
#include "runtime/task.h"

namespace hf::net {

struct Accepted {
  std::unique_ptr<Stream> stream;
  Address peer;
};

/// Whether other sockets, of this or another process of the same user, may be bound to the same port.
enum class PortSharing : std::uint8_t { kExclusive, kShared };

/// Whether an address must be this machine's at the moment. A virtual address may be on another node now and come here
/// later.
enum class Presence : std::uint8_t { kMustBeLocal, kMayBeAbsent };

/// Who may connect to a Unix socket: the mode of its file. Without meaning for TCP.
enum class SocketMode : std::uint16_t { kOwner = 0600, kEverybody = 0777 };

class Listener final : private runtime::IoHandler {
 public:
  /// Binds and listens. kShared lets every shard have a socket of its own on the address. A stale Unix socket file is
  /// replaced, one that somebody answers on is not (kExists). Nobody can connect to a Unix socket before its file has
  /// `mode`, whatever the process's umask is. kMayBeAbsent (TCP): succeeds also while nobody or another node has the
  /// address, so a typo in it is not noticed.
  static Result<int> bind(const Address& address, PortSharing sharing, Presence presence = Presence::kMustBeLocal,
                          SocketMode mode = SocketMode::kOwner);

  // The steps of bind(), for a socket that somebody with more rights binds:
  /// A socket of the address's family with all options set, not bound yet.
  static Result<int> make_socket(const Address& address, PortSharing sharing, Presence presence);
  static Result<void> bind_socket(int fd, const Address& address, SocketMode mode = SocketMode::kOwner);
  static Result<void> start_listening(int fd, const Address& address);

  /// What clients may take of the process's descriptors, and how many each takes.
  struct Share {
    AcceptBudget* budget = nullptr;  // nullptr: as many as there are
    std::uint32_t descriptors = 1;
  };

  /// Takes `fd` over.
  Listener(runtime::EventLoop& loop, int fd, const SocketOptions& options, Share share);
  Listener(runtime::EventLoop& loop, int fd, const SocketOptions& options)
      : Listener(loop, fd, options, Share{nullptr, 1}) {}
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener();

  /// The next client. Errors: kExhausted (no descriptors, or clients have their share of them) and kOutOfMemory: try
  /// again later, the caller reports it once; kCancelled; kClosed, also when somebody who shares the socket has shut it
  /// down.
  runtime::Task<Result<Accepted>> accept();
  /// Stops listening; a waiting accept ends with kClosed.
  void close();
  /// Instead of close(): gives the socket up as it listens. Who waits in its queue is for its next owner.
  int release();

 private:
  class Wait;
  void on_ready(std::uint32_t readiness) override;

  Result<AcceptPlace> take_place();

  runtime::EventLoop& loop_;
  int fd_;
  Share share_;
  Wait* waiting_ = nullptr;
  bool ready_ = true;
};

}  // namespace hf::net
