// A login: the monitor and the users of a mysql service, and the account of [admin].
//
// Owner: plain values. Thread: any (the function is pure).
#pragma once

#include <string>

#include "config/file/forward.h"
#include "config/file/secret_source.h"

namespace hf::config::section {

/// `password` is the clear text read from password_file or password_env; it is never printed.
struct Account {
  std::string user;
  std::string password;
  file::SecretSource password_from = {};
  friend bool operator==(const Account&, const Account&) = default;
};

std::span<const file::Key> keys_of_account();

}  // namespace hf::config::section
