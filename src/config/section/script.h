// A program to run: [[vip.track]], the on_… keys of a VIP and [[notify]] have one.
//
// Owner: plain values. Thread: any (the functions are pure).
// Invariants:
//   1. While a file is read, the command is the text as one word, or a shell's three words. Afterwards a script that is
//      written has an id, a user and words, or drew a complaint; one that is not written equals Script{}.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "config/file/forward.h"

namespace hf::config::section {

/// Never through a shell unless the file says so.
struct Script {
  std::string id;                    // unique in the file: "db/track/2", "db/on_master", "notify/2"; empty: no script
  std::vector<std::string> command;  // program and arguments; with a shell: "/bin/sh", "-c", text
  std::string user;                  // resolved: never empty
  Nanos timeout = 5s;                // then it and its process group are killed
  friend bool operator==(const Script&, const Script&) = default;
};

/// What is one word so far becomes a shell's.
void hand_to_shell(Script& script);
bool runs_in_shell(const Script& script);

/// As the file has it: the text that a shell gets, or words with the quotes that they need.
std::string shell_text(const Script& script);
std::string command_line(const Script& script);

/// Where a script stands in the file, and which key would give it to a shell.
struct ScriptPlace {
  std::string place;
  std::string_view shell_key;
};

/// Splits the command, and gives the script its id, and `user` where no other is written.
void fill_in(Script& script, std::string id, const std::string& user, const ScriptPlace& at, file::ReadResult& result);

}  // namespace hf::config::section
