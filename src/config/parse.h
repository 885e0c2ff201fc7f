// From the text of the TOML file to a Config, or to everything that is wrong with it at once.
//
// Owner: the caller. Thread: any; load_file and load_text keep nothing between calls.
// Invariants:
//   1. config is set exactly when errors is empty; warnings never stop a configuration.
//   2. errors and warnings are in the order of the file (line, then column).
//   3. Nothing is read but the file itself, the secret files it names and the environment variables it names,
//      and secrets only for the values of this node; nothing else of the machine is asked unless the context has one.
//   4. Any bytes may come in: the worst answer is an error.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/file/diagnostic.h"
#include "config/file/load_context.h"

namespace hf::config {

using file::Diagnostic;
using file::LoadContext;
using file::Machine;
using file::Runner;
using file::SecretFile;
using file::system_context;
using file::to_string;

struct LoadResult {
  ConfigPtr config;
  std::vector<Diagnostic> errors;
  std::vector<Diagnostic> warnings;
  Endpoint admin_socket;  // as far as it could be read, also from a file with errors

  bool ok() const { return config != nullptr; }
};

/// Loads a file of at most 1 MiB. Relative paths in it are relative to its folder. A file that cannot be read is an
/// error at 1:1.
LoadResult load_file(const std::string& path, const LoadContext& context);

/// Loads a text; `file` is the name in the complaints, and its folder the base of relative paths.
LoadResult load_text(std::string_view text, const std::string& file, const LoadContext& context);

/// One complaint a line, errors first, warnings marked "warning: ".
std::string to_string(const LoadResult& result);

}  // namespace hf::config
