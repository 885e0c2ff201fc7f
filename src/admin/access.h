// check_access(): may this request be served? Who asks, what it would do, and requests that a browser was tricked into.
//
// Thread: any (pure).
// Invariants:
//   1. What changes something needs the Unix socket or a credential. Whoever can merely reach the HTTP address is shown
//   things, no more: on loopback that is every user of the machine.
//   2. The Unix socket is guarded by its file's mode, and once more by who the peer is (may_use_socket).
//   3. Secrets are compared in time that does not depend on where they differ.
//   4. A request that changes anything is refused when a page of another origin made a browser send it. Without
//      credentials the Host must be an address or "localhost": a foreign name that was made to resolve to us does not
//      pass.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "admin/http_message.h"

namespace hf::admin {

/// What an endpoint does for whoever asks.
enum class Effect : std::uint8_t {
  kOpen,   // tells nothing secret: nobody is asked for anything
  kShows,  // tells, and changes nothing
  kChanges
};  // commands

enum class Transport : std::uint8_t { kTcp, kUnixSocket };

/// Who sent a request.
struct Visitor {
  Transport transport = Transport::kTcp;
  std::string peer;      // "127.0.0.1:52114", "unix (uid 0)": for the audit trail and the refusal
  bool trusted = false;  // on the Unix socket: what may_use_socket() said
};

/// The process at the other end of a Unix socket, as the kernel knows it.
struct SocketPeer {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
};

/// The file of a Unix socket as it is now: an operator may have changed it.
struct SocketFile {
  uid_t owner = 0;
  gid_t group = 0;
  mode_t mode = 0;
};

/// Root, `own_uid` (ours), and whomever the file's mode lets write: its owner, its group, everybody.
bool may_use_socket(const SocketPeer& peer, const SocketFile& file, uid_t own_uid);

/// Empty token and user: no credentials are configured (only allowed by the configuration on loopback).
struct Credentials {
  std::string token;
  std::string user;
  std::string password;

  bool any() const { return !token.empty() || !user.empty(); }
};

struct Granted {
  std::string account;  // "token", the user's name, or empty
};
struct Refused {
  HttpResponse response;  // 400, 401 or 403
  std::string reason;
};
using Access = std::variant<Granted, Refused>;

/// kOpen is granted to everybody.
Access check_access(const HttpRequest& request, const Credentials& credentials, const Visitor& visitor, Effect effect);

/// Equal, in time that depends on the length of `given` only.
bool equal_in_constant_time(std::string_view given, std::string_view secret);

}  // namespace hf::admin
