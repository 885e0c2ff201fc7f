// LiveClients: the clients that one service has on one shard, as what can be cut: found by the local address that they
// connected to when that address leaves this node.
//
// Owner: ServiceShard. Thread: the shard's.
// Invariants:
//   1. A client is in the list from its construction to its destruction; entering and leaving cost no allocation.
//   2. cut() ends nobody's coroutine at once: sessions are resumed by the loop and find their streams broken.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"
#include "net/stream.h"

namespace hf::service {

class LiveClients;

/// A session, for as long as it lives.
class LiveClient {
 public:
  LiveClient(const LiveClient&) = delete;
  LiveClient& operator=(const LiveClient&) = delete;

  /// Closes the client's connection, and that to a server where the client's work must not go on.
  virtual void cut(const Error& reason) = 0;
  virtual const net::Stream& client_stream() const = 0;

 protected:
  explicit LiveClient(LiveClients& list);
  ~LiveClient();

 private:
  friend class LiveClients;
  LiveClients& list_;
  LiveClient* previous_ = nullptr;
  LiveClient* next_ = nullptr;
};

class LiveClients {
 public:
  LiveClients() = default;
  LiveClients(const LiveClients&) = delete;
  LiveClients& operator=(const LiveClients&) = delete;
  ~LiveClients();

  /// Cuts everybody who connected to this address of ours ("198.18.0.100", as net::Address::host() writes it), whatever
  /// the port. One system call per client, here only. Returns how many.
  std::size_t cut(const std::string& local_ip, const Error& reason);
  std::size_t size() const { return count_; }

 private:
  friend class LiveClient;
  LiveClient* first_ = nullptr;
  std::size_t count_ = 0;
};

}  // namespace hf::service
