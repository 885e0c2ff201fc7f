// Where a secret was read from, kept beside it, so that a configuration can be printed without its secrets.
//
// Owner: plain values. Thread: any.
// Invariants:
//   1. At most one of the two is set; none for a secret that did not come from a file or a variable.
//   2. Two sources are always equal: what counts is the secret, and a reload has nothing to do when only its place is
//      another.
#pragma once

#include <string>

namespace hf::config::file {

struct SecretSource {
  std::string file;      // its path
  std::string variable;  // its name in the environment
  bool empty() const { return file.empty() && variable.empty(); }
  friend bool operator==(const SecretSource&, const SecretSource&) { return true; }
};

}  // namespace hf::config::file
