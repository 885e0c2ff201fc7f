// A machine for tests: host "gw-a", two CPUs, and just the secret files and variables that the test puts there.
//
// Owner: the test; must outlive the contexts it gives.
#pragma once

#include <map>
#include <string>

#include "config/file/load_context.h"

namespace hf::config::file {

struct FakeMachine {
  std::map<std::string, SecretFile> files = {
      {"/etc/holdfast/monitor.password", {"watch\n", false}},
      {"/etc/holdfast/app.password", {"tiger\r\n", false}},
      {"/etc/holdfast/repl.password", {"repl\n", false}},
      {"/etc/holdfast/heartbeat.key", {"beat\n", false}},
  };
  std::map<std::string, std::string> environment = {{"REPORT_PASSWORD", "lion"},
                                                    {"LONG_PASSWORD", "a lion that roars"}};

  LoadContext context() {
    LoadContext context;
    context.host_name = "gw-a";
    context.shards = 2;
    context.environment = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = environment.find(name);
      if (found == environment.end()) return std::nullopt;
      return found->second;
    };
    context.read_secret = [this](const std::string& path) -> Result<SecretFile> {
      const auto found = files.find(path);
      if (found == files.end()) return Error{ErrorCode::kNotFound, "there is no such file"};
      return found->second;
    };
    return context;
  }
};

}  // namespace hf::config::file
