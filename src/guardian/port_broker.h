// PortBroker: binds sockets to ports that the gateway has no right to. The gateway makes a TCP socket and sends it here
// with an address (link/bind_request.h); it is bound and the answer sent; the socket goes on living in the gateway.
//
// Owner: the guardian, one per gateway it starts. Thread: that of its loop.
// Invariants:
//   1. Only a TCP socket over IPv4 or IPv6 that is neither bound, connected nor listening is bound, and nothing else is
//      done to it. Whatever else the gateway sends is closed and refused in words.
//   2. Never waits; at most kMostPerTurn questions a turn; an answer that does not fit into the socket is dropped.
//   3. Because the socket was made under the gateway's user, it can share a port (SO_REUSEPORT) with sockets of that
//      user only.
#pragma once

#include <functional>
#include <memory>

#include "guardian/bind_request.h"
#include "runtime/event_loop.h"

namespace hf::guardian {

class PortBroker final : private runtime::IoHandler {
 public:
  static constexpr int kMostPerTurn = 64;

  /// Takes `fd` over, the guardian's end of make_bind_sockets().
  static Result<std::unique_ptr<PortBroker>> open(runtime::EventLoop& loop, int fd);
  PortBroker(const PortBroker&) = delete;
  PortBroker& operator=(const PortBroker&) = delete;
  ~PortBroker();

  bool closed() const { return fd_ < 0; }

 private:
  class Question;
  PortBroker(runtime::EventLoop& loop, int fd) : loop_(loop), fd_(fd) {}
  void on_ready(std::uint32_t readiness) override;
  bool answer_one();
  void close();

  runtime::EventLoop& loop_;
  int fd_;
};

}  // namespace hf::guardian
