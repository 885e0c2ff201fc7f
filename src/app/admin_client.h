// AdminClient: one request to a running gateway over its admin socket, for the CLI. Blocking, with a timeout.
#pragma once

#include <string>

#include "base/result.h"

namespace hf::app {

struct AdminReply {
  int status = 0;
  std::string body;
};

/// `target` is already percent-encoded. kRefused/kNotFound when nobody listens; the context says how to go on.
Result<AdminReply> admin_request(const std::string& socket_path, const std::string& method, const std::string& target,
                                 const std::string& body);

std::string percent_encode(const std::string& text);

}  // namespace hf::app
