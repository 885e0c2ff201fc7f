// What all commands that talk to the running gateway share: finding its socket, one request, how a refusal is shown.
//
// Owner: the CLI. Thread: main's; blocking, with the timeout of admin_client.h.
// Invariants: 1. With --json the answer goes to stdout as JSON and nothing else does; complaints go to stderr. 2.
// Nothing that came from the gateway reaches the terminal but through printable().
#pragma once

#include <functional>
#include <string>

#include <nlohmann/json.hpp>

#include "base/result.h"

namespace hf::app {

inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;

struct AskOptions {
  std::string config = "/etc/holdfast/holdfast.toml";
  bool as_json = false;
};

struct Answer {
  int status = 0;
  std::string text;     // as it came
  nlohmann::json body;  // discarded where `text` is no JSON

  bool good() const { return status < 400; }
};

/// `target` is percent-encoded. The error says what is wrong with the file, or how to reach the gateway.
Result<Answer> request(const std::string& config, const std::string& method, const std::string& target);

/// To stderr. Returns kFailed.
int complain(const Error& error);
int complain(const Answer& refusal);
void print_json(const nlohmann::json& body);
/// To stdout, with nothing in it that a terminal would obey: what is shown may come from servers and clients.
void print_text(const std::string& text);

/// Asks the running gateway and hands its JSON to `show`, or prints it as it is. Returns the exit code.
int ask(const AskOptions& options, const std::string& method, const std::string& target,
        const std::function<int(const nlohmann::json&)>& show);

/// The member as text; "-" where there is none or it is null.
std::string text_of(const nlohmann::json& object, const char* key);
/// The member where it is an array, else an empty array.
nlohmann::json list_of(const nlohmann::json& object, const char* key);
/// The member where it is a boolean, else false.
bool flag_of(const nlohmann::json& object, const char* key);

}  // namespace hf::app
