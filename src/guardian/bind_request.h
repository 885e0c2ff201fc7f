// BindRequest: how a gateway without capabilities gets to listen on a port below net.ipv4.ip_unprivileged_port_start.
// It makes the socket itself, sends it to the guardian over a Unix socket of type SOCK_SEQPACKET, the guardian binds
// it.
//
//   gateway ── sockaddr, with the socket as SCM_RIGHTS ──► guardian      gateway ◄── BindAnswer ── guardian
//
// Owner: plain values; the gateway holds its end of the socket. Thread: the control thread.
// Invariants:
//   1. The socket is the gateway's all along, made under its user. SO_REUSEPORT demands one user for all sockets of a
//      port, so the gateway's own and those bound by the guardian may share one, and it cannot join a port of root's.
//   2. One question at a time; an answer that comes too late is thrown away, not taken for the next one's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "net/address.h"
#include "net/listener.h"

namespace hf::guardian {

struct BindRequest {
  std::uint32_t number = 0;  // handed back in the answer
  net::Address address{};
};
struct BindAnswer {
  std::uint32_t number = 0;
  bool bound = false;
  ErrorCode code = ErrorCode::kSystem;  // of the refusal, as is the reason
  std::string reason{};
};

inline constexpr std::size_t kLongestBindMessage = 512;

/// At most kLongestBindMessage bytes; long reasons are cut short.
std::string encode(const BindRequest& request);
std::string encode(const BindAnswer& answer);
/// nullopt: not such a message. A request's address is IPv4 or IPv6 and of the right length.
std::optional<BindRequest> decode_bind_request(std::string_view bytes);
std::optional<BindAnswer> decode_bind_answer(std::string_view bytes);

/// Both ends, blocking neither; the second is for the gateway.
Result<std::pair<int, int>> make_bind_sockets();

/// A listening socket as net::Listener::bind gives, bound by the guardian. Waits at most a second for it. Errors:
/// kTimeout, kClosed (no guardian at the other end), kUnsupported (not TCP), and what the guardian's bind came to.
Result<int> bind_by_guardian(int broker_fd, const net::Address& address, net::PortSharing sharing,
                             net::Presence presence = net::Presence::kMustBeLocal);

}  // namespace hf::guardian
