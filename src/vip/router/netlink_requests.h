// NetlinkRequests: asks the kernel over rtnetlink and waits for its answer, which it gives while it is asked.
//
// Owner: RouteSocket. Thread: that of its loop.
// Invariants:
//   1. No call waits longer than `patience` in all, nor reads more than kMostDatagrams.
//   2. Answers to other questions, and what other processes send, are skipped.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "proto/netlink/message.h"
#include "vip/router/socket.h"

namespace hf::vip::router {

class NetlinkRequests {
 public:
  static constexpr int kMostDatagrams = 65'536;
  static constexpr std::size_t kBufferSize = 64 * 1024;

  static Result<NetlinkRequests> open(Nanos patience);

  std::uint32_t next_sequence() { return ++sequence_; }
  /// Sends `request` (of the last next_sequence()) and gives the kernel's acknowledgement. Errors: it was not sent, or
  /// no answer came.
  Result<proto::netlink::Acknowledgement> ask(const std::string& request);
  /// The same for a dump: `part` takes each message. kReset: the tables changed meanwhile, ask again.
  Result<void> dump(const std::string& request, const std::function<void(const proto::netlink::Message&)>& part);

 private:
  NetlinkRequests(Socket socket, Nanos patience);
  Result<void> send(const std::string& request);
  /// The next datagram of the kernel, a loan from the buffer.
  Result<ByteView> receive(std::int64_t until_nanos);

  Socket socket_;
  Nanos patience_;
  std::uint32_t sequence_ = 0;
  std::unique_ptr<char[]> buffer_;
};

/// One datagram from a netlink socket. The view is empty where the sender is not the kernel.
/// kExhausted: events were lost (ENOBUFS, or a datagram longer than the buffer); kTimeout: nothing is there.
Result<ByteView> receive_netlink(const Socket& socket, char* buffer, std::size_t size);

}  // namespace hf::vip::router
