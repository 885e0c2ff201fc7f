#include "app/cli_sessions.h"

#include <gtest/gtest.h>

namespace hf::app {
namespace {

using nlohmann::json;

json session(bool pinned, const char* reason) {
  return {{"service", "orders"},
          {"id", 1073741825},
          {"account", "app@%"},
          {"client", "198.18.0.7:5000"},
          {"server", "db1"},
          {"pinned", pinned},
          {"running", false},
          {"reason", reason},
          {"because", "so it is"},
          {"shape", pinned ? json("set @x = ?") : json(nullptr)},
          {"since", "2026-11-21T21:23:07.123456Z"}};
}

json page(json sessions) {
  return {{"total", sessions.size()}, {"left_out", 0}, {"silent_shards", 0}, {"sessions", sessions}};
}

TEST(CliSessions, TellsWhoWhereWhyAndSinceWhen) {
  const std::string text =
      render_sessions(page(json::array({session(true, "user-variable"), session(false, "transaction")})));
  EXPECT_EQ(text,
            "sessions that are pinned or have a server connection: 2\n"
            "\norders 1073741825: app@% from 198.18.0.7:5000, on db1 since 2026-11-21T21:23:07.123456Z\n"
            "  pinned   user-variable: so it is\n"
            "  by       set @x = ?\n"
            "\norders 1073741825: app@% from 198.18.0.7:5000, on db1 since 2026-11-21T21:23:07.123456Z\n"
            "  kept     transaction: so it is\n");
}

TEST(CliSessions, TellsWhatRunsAndWhatIsLeftOut) {
  json running = session(false, "statement");
  running["running"] = true;
  json all = page(json::array({running}));
  all["total"] = 9;
  all["left_out"] = 8;
  all["silent_shards"] = 1;
  const std::string text = render_sessions(all);
  EXPECT_NE(text.find("connection: 9\n"), std::string::npos);
  EXPECT_NE(text.find("Z, running a statement\n  running  statement: so it is\n"), std::string::npos);
  EXPECT_NE(text.find("\n8 more are not shown (see --limit)\n"), std::string::npos);
  EXPECT_NE(text.find("\nINCOMPLETE: shards that did not answer in time: 1\n"), std::string::npos);
}

TEST(CliSessions, BearsAnAnswerOfAnotherVersion) {
  for (const char* text : {"null", "[]", "3", R"({"sessions":[3,null,{}],"total":"x"})"}) {
    EXPECT_NE(render_sessions(json::parse(text)).find("sessions"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace hf::app
