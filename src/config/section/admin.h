// [admin]: how operators and monitoring reach this node.
//
// Owner: plain values. Thread: any (the functions are pure).
#pragma once

#include <string>

#include "config/file/address.h"
#include "config/file/forward.h"
#include "config/file/secret_source.h"
#include "config/section/account.h"

namespace hf::config::section {

struct Admin {
  file::Endpoint http;    // host empty: off
  file::Endpoint socket;  // Unix socket for the CLI; path empty: off
  std::string token;      // bearer token; empty: none
  file::SecretSource token_from = {};
  Account account;  // basic authentication; user empty: none
  friend bool operator==(const Admin&, const Admin&) = default;
};

std::span<const file::Key> keys_of_admin();

void check_admin(const Admin& admin, file::ReadResult& result);

}  // namespace hf::config::section
