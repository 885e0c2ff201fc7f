// What loading a configuration needs from the machine and the program: passed in, so that tests and the fuzzer touch no
// machine at all.
//
// Owner: the caller of load_file/load_text. Thread: the caller's.
// Invariants:
//   1. An empty function means "there is nothing there": every lookup fails with kNotFound.
//   2. host_name is not empty and shards is at least 1 (load_text takes "localhost" and 1 where they are not).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/event.h"
#include "base/result.h"

namespace hf::config::file {

struct SecretFile {
  std::string text;                 // the whole file, at most kLargestSecret bytes
  bool readable_by_others = false;  // any user of the machine may read it
};

constexpr std::size_t kLargestSecret = 4096;

/// The ordinary user who is to run the file.
struct Runner {
  std::string user{};
  std::uint16_t first_port = 1024;  // the lowest that he may listen on
  bool must_have_all = false;       // what he has no right to is an error, not a warning
};

/// The machine that a file is checked on: what the file names may be missing there.
struct Machine {
  std::function<bool(const std::string& name)> has_interface;
  std::function<bool(const std::string& name)> has_user;
  std::function<Result<void>(const std::string& path)> can_run;  // the error says why nobody can
};

struct LoadContext {
  std::string node_name;     // the name of this node, overriding node.name; empty: node.name, then host_name
  std::string host_name;     // default of node.name
  std::uint32_t shards = 1;  // default of node.shards: the CPUs this process may use
  std::function<std::optional<std::string>(const std::string& name)> environment;
  std::function<Result<SecretFile>(const std::string& path)> read_secret;
  EventTypes events{};               // that the program tells of, for keys that choose among them; empty: not known
  std::optional<Runner> runner{};    // nothing: root, or nobody asks
  std::optional<Machine> machine{};  // every function is there; nothing: nobody asks what is there
};

/// The real machine: its host name, the CPUs of this process's affinity mask, getenv, regular files.
LoadContext system_context();

/// Reads a secret from a regular file. kNotFound, kAccessDenied, kInvalidArgument (not a regular file, too large),
/// kSystem.
Result<SecretFile> read_secret_file(const std::string& path);

}  // namespace hf::config::file
