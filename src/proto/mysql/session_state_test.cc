#include "proto/mysql/session_state.h"

#include <gtest/gtest.h>

#include <vector>

#include "proto/mysql/test_bytes.h"

namespace hf::proto::mysql {
namespace {

using testing::unhex;

std::vector<SessionStateEntry> read_all(ByteView state) {
  std::vector<SessionStateEntry> changes;
  SessionStateReader reader(state);
  for (;;) {
    const auto change = reader.next();
    EXPECT_TRUE(change.ok());
    if (!change.ok() || !change->has_value()) return changes;
    changes.push_back(**change);
  }
}

TEST(SessionState, OfARealServerInWireOrder) {
  // BEGIN with session_track_transaction_info = CHARACTERISTICS, then USE and SET @u, as one.
  const std::string state = unhex(
      "050908545f5f5f5f5f5f5f 0413125354415254205452414e53414354494f4e3b 0103027431 020131 "
      "000f0a6175746f636f6d6d6974034f4646");
  const std::vector<SessionStateEntry> changes = read_all(state);
  ASSERT_EQ(changes.size(), 5U);
  EXPECT_EQ(changes[0].type, SessionChange::kTransactionState);
  EXPECT_EQ(changes[0].value, "T_______");
  EXPECT_EQ(changes[1].type, SessionChange::kTransactionCharacteristics);
  EXPECT_EQ(changes[1].value, "START TRANSACTION;");
  EXPECT_EQ(changes[2].type, SessionChange::kSchema);
  EXPECT_EQ(changes[2].value, "t1");
  EXPECT_EQ(changes[3].type, SessionChange::kStateChange);
  EXPECT_EQ(changes[3].value, "1");
  EXPECT_EQ(changes[4].type, SessionChange::kSystemVariable);
  EXPECT_EQ(changes[4].name, "autocommit");
  EXPECT_EQ(changes[4].value, "OFF");

  std::string again;
  for (const SessionStateEntry& change : changes) append_session_change(again, change);
  EXPECT_EQ(again, state);
}

TEST(SessionState, MysqlWritesTheFlagAndGtidsInsideAString) {
  const std::string state = unhex("02020131 03 08 00 06 6162633a2d39 07 02 6869");
  const std::vector<SessionStateEntry> changes = read_all(state);
  ASSERT_EQ(changes.size(), 3U);
  EXPECT_EQ(changes[0].value, "1");
  EXPECT_EQ(changes[1].type, SessionChange::kGtids);
  EXPECT_EQ(changes[1].value, "abc:-9");
  EXPECT_EQ(changes[2].type, SessionChange::kOther);
  EXPECT_EQ(changes[2].raw_type, 7);
  EXPECT_EQ(changes[2].value, "hi");
  std::string again;
  append_session_change(again, changes[2]);
  EXPECT_EQ(again, unhex("07026869"));
}

TEST(SessionState, SeveralVariablesInOneEntry) {
  const std::string state = unhex("00 08 0161 0131 0162 0132");
  const std::vector<SessionStateEntry> changes = read_all(state);
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(changes[1].name, "b");
  EXPECT_EQ(changes[1].value, "2");
}

TEST(SessionState, MergedChangesAreToldOnceAsTheyWereLast) {
  const auto told = [](const std::vector<SessionStateEntry>& changes) {
    std::string state;
    for (const SessionStateEntry& change : changes) append_session_change(state, change);
    return state;
  };
  const SessionStateEntry shop{SessionChange::kSchema, 1, {}, "shop"};
  const SessionStateEntry bank{SessionChange::kSchema, 1, {}, "bank"};
  const SessionStateEntry state{SessionChange::kStateChange, 2, {}, "1"};
  const SessionStateEntry utc{SessionChange::kSystemVariable, 0, "time_zone", "UTC"};
  const SessionStateEntry gmt{SessionChange::kSystemVariable, 0, "time_zone", "GMT"};
  const SessionStateEntry mode{SessionChange::kSystemVariable, 0, "sql_mode", ""};
  EXPECT_EQ(merged_session_changes(told({shop, utc, mode, state}), told({gmt, bank, state})),
            told({mode, gmt, bank, state}));
  EXPECT_EQ(merged_session_changes("", told({shop, state})), told({shop, state}));
  EXPECT_EQ(merged_session_changes(told({utc}), ""), told({utc}));
}

TEST(SessionState, MalformedBytesAreErrorsAndEmptyIsNothing) {
  EXPECT_TRUE(read_all("").empty());
  for (const char* hex : {"00", "0005", "00020561", "01020561", "0305", "030100ff"}) {
    const std::string state = unhex(hex);
    SessionStateReader reader(state);
    EXPECT_FALSE(reader.next().ok()) << hex;
  }
}

}  // namespace
}  // namespace hf::proto::mysql
