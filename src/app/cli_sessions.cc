#include "app/cli_sessions.h"

#include <fmt/core.h>

#include "app/cli_request.h"

namespace hf::app {

using nlohmann::json;

namespace {

std::string render(const json& session) {
  const char* state =
      flag_of(session, "pinned") ? "pinned" : (text_of(session, "reason") == "statement" ? "running" : "kept");
  std::string out =
      fmt::format("\n{} {}: {} from {}, on {} since {}{}\n", text_of(session, "service"), text_of(session, "id"),
                  text_of(session, "account"), text_of(session, "client"), text_of(session, "server"),
                  text_of(session, "since"), flag_of(session, "running") ? ", running a statement" : "");
  out += fmt::format("  {:<8} {}: {}\n", state, text_of(session, "reason"), text_of(session, "because"));
  if (text_of(session, "shape") != "-") out += fmt::format("  {:<8} {}\n", "by", text_of(session, "shape"));
  return out;
}

}  // namespace

std::string render_sessions(const json& page) {
  std::string out = fmt::format("sessions that are pinned or have a server connection: {}\n", text_of(page, "total"));
  const json sessions = list_of(page, "sessions");
  for (const json& session : sessions) out += render(session);
  const std::string left_out = text_of(page, "left_out");
  if (left_out != "0" && left_out != "-") out += fmt::format("\n{} more are not shown (see --limit)\n", left_out);
  const std::string silent = text_of(page, "silent_shards");
  if (silent != "0" && silent != "-") {
    out += fmt::format("\nINCOMPLETE: shards that did not answer in time: {}\n", silent);
  }
  return out;
}

}  // namespace hf::app
