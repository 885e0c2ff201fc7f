#include "policy/session/facts.h"

#include <gtest/gtest.h>

#include <string>

namespace hf::policy::session {
namespace {

TEST(TrackingWish, BeginsAsAServerDoes) {
  const TrackingWish wish;
  EXPECT_TRUE(wish.names("autocommit"));
  EXPECT_TRUE(wish.names("time_zone"));
  EXPECT_FALSE(wish.names("sql_mode"));
  EXPECT_FALSE(wish.names("zone"));
  EXPECT_FALSE(wish.names(""));
  EXPECT_TRUE(wish.schema);
  EXPECT_FALSE(wish.state_change);
}

TEST(TrackingWish, NamesWhatItsListNames) {
  const struct {
    const char* list;
    const char* name;
    bool named;
  } cases[] = {
      {"*", "anything", true},
      {"", "sql_mode", false},
      {"sql_mode", "sql_mode", true},
      {"SQL_Mode", "sql_mode", true},
      {"a, sql_mode ,b", "sql_mode", true},
      {"a,*", "sql_mode", true},
      {"sql_mode2", "sql_mode", false},
      {"a,b,", "c", false},
      {",", "c", false},
  };
  for (const auto& each : cases) {
    TrackingWish wish;
    wish.system_variables = each.list;
    EXPECT_EQ(wish.names(each.name), each.named) << each.list;
  }
}

TEST(TrackingWish, TakesWhatTheServerShows) {
  TrackingWish wish;
  wish.set("session_track_system_variables", "autocommit,sql_mode");
  wish.set("session_track_schema", "OFF");
  wish.set("session_track_state_change", "ON");
  wish.set("session_track_transaction_info", "STATE");
  wish.set("sql_mode", "ANSI");
  EXPECT_EQ(wish.system_variables, "autocommit,sql_mode");
  EXPECT_FALSE(wish.schema);
  EXPECT_TRUE(wish.state_change);
  EXPECT_EQ(wish.transaction_info, "STATE");
  wish.set("session_track_schema", "1");
  wish.set("session_track_state_change", "0");
  EXPECT_TRUE(wish.schema);
  EXPECT_FALSE(wish.state_change);
}

TEST(TrackingWish, IsPutOnAConnectionAsAssignments) {
  TrackingWish wish;
  wish.system_variables = "a'b";
  wish.state_change = true;
  EXPECT_EQ(wish.assignments(),
            "@@session.session_track_system_variables='a''b',@@session.session_track_schema=1,@@session.session_track_"
            "state_change=1,@@session.session_track_transaction_info='OFF'");
}

TEST(ConnectionFacts, AreCleanWithoutAnythingLeftBehind) {
  EXPECT_TRUE(ConnectionFacts{}.clean());
  ConnectionFacts facts;
  facts.stains = stain::kOdd;
  EXPECT_FALSE(facts.clean());
  facts = {};
  facts.must_close = true;
  EXPECT_FALSE(facts.clean());
  facts = {};
  facts.told_kill = true;
  EXPECT_FALSE(facts.clean());
}

}  // namespace
}  // namespace hf::policy::session
