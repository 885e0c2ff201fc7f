// check_access(): may this request be served? Credentials, and requests that a browser was tricked into.
//
// Thread: any (pure).
// Invariants:
//   1. The Unix socket is guarded by its file mode; nothing more is asked there.
//   2. Secrets are compared in time that does not depend on where they differ.
//   3. A request that changes anything is refused when a page of another origin made a browser send it. Without
//   credentials
//      the Host must be an address or "localhost": a foreign name that was made to resolve to us does not pass.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "admin/http_message.h"

namespace hf::admin {

enum class Transport : std::uint8_t { kTcp,
                                      kUnixSocket };

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

Access check_access(const HttpRequest& request, const Credentials& credentials, Transport transport);

/// Equal, in time that depends on the length of `given` only.
bool equal_in_constant_time(std::string_view given, std::string_view secret);

}  // namespace hf::admin
