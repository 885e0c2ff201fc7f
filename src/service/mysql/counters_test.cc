#include "service/mysql/counters.h"

#include <gtest/gtest.h>

#include "service/totals.h"

namespace hf::service::mysql {
namespace {

using policy::session::PinReason;

const LabelledTotals& table_of(const ServiceTotals& totals, std::string_view name) {
  for (const LabelledTotals& table : totals.labelled) {
    if (table.name == name) return table;
  }
  ADD_FAILURE() << name;
  static const LabelledTotals kNone;
  return kNone;
}

TEST(MysqlCounters, PinsAreSummedOverShardsByReason) {
  const auto one = std::make_shared<ShardCounters>();
  const auto two = std::make_shared<ShardCounters>();
  const auto variable = static_cast<std::size_t>(PinReason::kUserVariable);
  one->pins.now[variable].add();
  one->pins.made[variable].add(3);
  two->pins.now[static_cast<std::size_t>(PinReason::kXa)].add();
  two->pins.made[variable].add(4);
  const ServiceTotals totals = sum_up({one, two});
  const LabelledTotals& pins = table_of(totals, "pins");
  ASSERT_EQ(pins.rows.size(), policy::session::kPinReasons - 1)
      << "a row for each reason, also where nothing was counted";
  EXPECT_EQ(pins.rows[variable - 1].label, "user-variable");
  EXPECT_EQ(pins.rows[variable - 1].values, (std::vector<std::uint64_t>{1, 7}));
  EXPECT_EQ(pins.sum(0), 2U);
}

TEST(MysqlCounters, TheTwentyBusiestAccountsAreNamedAndTheOthersAreOne) {
  const auto shard = std::make_shared<ShardCounters>();
  AccountConnections all{{"big@10.%", 1000}, {"small@%", 1}};
  for (std::uint64_t i = 1; i <= 20; ++i) all["app" + std::to_string(i) + "@%"] = i;
  ASSERT_TRUE(shard->accounts.publish(all));
  const ServiceTotals totals = sum_up({shard});
  const LabelledTotals& accounts = table_of(totals, "account_connections");
  ASSERT_EQ(accounts.rows.size(), 21U);
  EXPECT_EQ(accounts.rows.front().label, "big@10.%");
  EXPECT_EQ(accounts.rows.back().label, "other");
  EXPECT_EQ(accounts.rows.back().values.front(), 2U) << "app1 and small";
}

TEST(MysqlCounters, AServerHasWhatAnyProtocolCountsAndWhatStatementsDid) {
  const auto shard = std::make_shared<ShardCounters>();
  shard->servers.make(1).bytes_to_server.add(7);
  shard->statements.make(1).lost.add(2);
  const CounterTotals totals = sum_up_server({shard}, 1);
  EXPECT_EQ(totals.all().size(), std::size(kServerCounters) + std::size(kStatementCounters));
  EXPECT_EQ(totals.all().back().words.name, "connections_lost");
  EXPECT_EQ(totals.all().back().value, 2U);
}

}  // namespace
}  // namespace hf::service::mysql
