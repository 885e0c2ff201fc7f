// A secret from where its key says: a file or an environment variable, through the LoadContext.
//
// Owner: the reader. Thread: the caller's.
// Invariants:
//   1. One newline at the end of a file ("\n" or "\r\n") is not part of the secret.
//   2. No complaint shows the secret, nor the name of a variable (some write the secret in its place).
#pragma once

#include <optional>
#include <string>

#include "config/file/diagnostic.h"
#include "config/file/load_context.h"
#include "config/file/key.h"

namespace hf::config::file {

struct Secret {
  std::string text;
  std::optional<Complaint> error;
  std::optional<Complaint> warning;
};

/// `source` is the path of a kSecretFile or the name of a kSecretVariable.
Secret read_secret(const Key& key, const std::string& source, const LoadContext& context);

}  // namespace hf::config::file
