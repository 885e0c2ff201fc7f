// Transport: what moves a Stream's bytes: a socket, a simulation, or another transport over one of these. Nothing in it
// waits.
//
// Owner: its Stream, or the transport over it. Thread: the loop's.
// Invariants:
//   1. Edge-triggered: who was told kWouldBlock hears of the next change by the Stream's on_ready().
//   2. After close() or release() nothing is called but the destructor.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "net/address.h"
#include "runtime/poller.h"

namespace hf::net {

/// What a non-blocking read or write came to.
struct IoResult {
  enum class Kind : std::uint8_t { kDone, kWouldBlock, kEndOfStream, kBroken };
  Kind kind = Kind::kWouldBlock;
  bool more = false;  // kDone of a read: there may be more, without another readiness
  std::size_t bytes = 0;
  int error_number = 0;  // kBroken

  static IoResult done(std::size_t bytes, bool more = false) { return {Kind::kDone, more, bytes, 0}; }
  static IoResult would_block() { return {}; }
  static IoResult end_of_stream() { return {Kind::kEndOfStream, false, 0, 0}; }
  static IoResult broken(int error_number) { return {Kind::kBroken, false, 0, error_number}; }
};

/// The process at the other end of a Unix socket when it connected.
struct PeerCredentials {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
};

/// What is left of a connection when its descriptor is given up.
struct Released {
  int fd = -1;         // connected, non-blocking, watched by nobody
  std::string unread;  // came from the peer and was not received yet; stands before what the descriptor has
  std::string unsent;  // was written and has not been taken by the kernel
};

class Transport {
 public:
  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;

  virtual IoResult try_read(std::span<char> into) = 0;
  /// May take less than all of it; kDone of nothing is not an answer.
  virtual IoResult try_write(ByteView bytes) = 0;
  /// Ends our half.
  virtual void shut_write() = 0;
  /// What close() has not sent by then is forgotten and the peer told by a reset.
  virtual void drop_unsent() {}
  /// Ends everything; `handler` is not told of anything any more. Called once.
  virtual void close(runtime::Poller& poller, runtime::IoHandler& handler) = 0;
  /// Instead of close(): gives the descriptor up. kUnsupported, and nothing has changed: there is none, or more belongs
  /// to the connection than its bytes.
  virtual Result<Released> release(runtime::Poller& poller, runtime::IoHandler& handler);
  /// Our side's address of the connection, asked of the kernel. kUnsupported where there is none.
  virtual Result<Address> local_address() const;
  /// Who made the connection to our Unix socket, as the kernel knows it. kUnsupported for everything else.
  virtual Result<PeerCredentials> peer_credentials() const;
};

}  // namespace hf::net
