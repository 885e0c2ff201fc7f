#include "policy/session/variable.h"

#include <gtest/gtest.h>

namespace hf::policy::session {
namespace {

TEST(Variable, MovesOrDoesNot) {
  for (const char* name : {"sql_mode", "time_zone", "autocommit", "character_set_client", "wait_timeout",
                           "system_versioning_asof", "not_heard_of"}) {
    EXPECT_EQ(kind_of_variable(name), VariableKind::kSetting) << name;
  }
  for (const char* name :
       {"last_gtid", "in_transaction", "warning_count", "error_count", "max_allowed_packet", "proxy_user"}) {
    EXPECT_EQ(kind_of_variable(name), VariableKind::kMoment) << name;
  }
  for (const char* name : {"timestamp", "insert_id", "last_insert_id", "identity", "rand_seed1", "sql_log_bin",
                           "profiling", "gtid_seq_no", "pseudo_thread_id"}) {
    EXPECT_EQ(kind_of_variable(name), VariableKind::kTied) << name;
  }
  for (const char* name : {"session_track_system_variables", "session_track_schema", "session_track_state_change"}) {
    EXPECT_EQ(kind_of_variable(name), VariableKind::kTracking) << name;
  }
}

TEST(Variable, ThatIsAPointOfTimeTies) {
  EXPECT_TRUE(ties("system_versioning_asof", "2021-01-01 00:00:00.000000"));
  EXPECT_FALSE(ties("system_versioning_asof", "DEFAULT"));
  EXPECT_FALSE(ties("time_zone", "+05:00"));
}

TEST(Variable, HasOneOtherNameAtMost) {
  EXPECT_EQ(other_name("storage_engine"), "default_storage_engine");
  EXPECT_EQ(other_name("default_storage_engine"), "storage_engine");
  EXPECT_EQ(other_name("tx_read_only"), "transaction_read_only");
  EXPECT_EQ(other_name("sql_mode"), "");
  for (const Alias& each : aliases()) {
    EXPECT_EQ(other_name(each.name), each.other);
    EXPECT_EQ(other_name(each.other), each.name);
    EXPECT_EQ(kind_of_variable(each.name), kind_of_variable(each.other));
  }
}

TEST(Variable, OfWhichAnotherOneIsSetIsNoneItself) {
  ByteView before;
  for (const Follower& each : followers()) {
    EXPECT_LE(before, each.name) << "sorted";
    before = each.name;
    EXPECT_TRUE(is_follower(each.name));
    EXPECT_FALSE(is_follower(each.setter)) << "they could not be set in any order";
    EXPECT_EQ(other_name(each.name), "");
  }
  EXPECT_FALSE(is_follower("sql_mode"));
  EXPECT_EQ(value_of_follower("max_join_size", "18446744073709551615"), "ON");
  EXPECT_EQ(value_of_follower("max_join_size", "10"), "OFF");
  EXPECT_EQ(value_of_follower("old", "ON"), std::nullopt);
}

}  // namespace
}  // namespace hf::policy::session
