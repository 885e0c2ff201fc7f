#include "service/totals.h"

#include <gtest/gtest.h>

namespace hf::service {
namespace {

constexpr LabelledTotals::Column kColumns[] = {
    {"now", {"connections", CounterKind::kGauge, "Now."}, true},
    {"so_far", {"connections", CounterKind::kCounter, "So far."}, false},
};

std::uint64_t value_of(const CounterTotals& totals, std::string_view name) {
  for (const CounterTotals::Total& total : totals.all()) {
    if (total.words.name == name) return total.value;
  }
  ADD_FAILURE() << name << " is not there";
  return 0;
}

TEST(Totals, AreTheSumsOverShards) {
  const AllShardCounters shards{std::make_shared<ShardCounters>(), std::make_shared<ShardCounters>()};
  shards[0]->service.clients_total.add(3);
  shards[1]->service.clients_total.add(4);
  shards[1]->service.bytes_to_clients.add(9);
  const CounterTotals totals = sum_up(shards).counters;
  EXPECT_EQ(value_of(totals, "clients_accepted"), 7U);
  EXPECT_EQ(value_of(totals, "bytes_to_clients"), 9U);
  EXPECT_EQ(value_of(totals, "clients"), 0U);
  EXPECT_EQ(totals.all().size(), std::size(kServiceCounters)) << "each once";
}

TEST(Totals, OfAServerAreThoseOfTheShardsThatKnowIt) {
  const AllShardCounters shards{std::make_shared<ShardCounters>(), std::make_shared<ShardCounters>()};
  shards[0]->servers.make(2).in_flight.add(5);
  shards[1]->servers.make(3).in_flight.add(7);
  EXPECT_EQ(value_of(sum_up_server(shards, 2), "in_flight"), 5U);
  EXPECT_TRUE(sum_up_server(shards, 0).all().empty());
  EXPECT_TRUE(sum_up_server(shards, kMostServers).all().empty());
}

TEST(Totals, ATableAddsUpByLabel) {
  ServiceTotals totals;
  const LabelledTotals kind{.name = "t", .label = "l", .note_key = {}, .columns = kColumns, .rows = {}};
  totals.table(kind).add("a", "note", {1, 10});
  totals.table(kind).add("b", {}, {2, 20});
  totals.table(kind).add("a", "note", {3, 30});
  ASSERT_EQ(totals.labelled.size(), 1U);
  const LabelledTotals& table = totals.labelled[0];
  ASSERT_EQ(table.rows.size(), 2U);
  EXPECT_EQ(table.rows[0].values, (std::vector<std::uint64_t>{4, 40}));
  EXPECT_EQ(table.rows[0].note, "note");
  EXPECT_EQ(table.sum(0), 6U);
  EXPECT_EQ(table.sum(1), 60U);
}

TEST(Totals, ATableWithABoundKeepsTheRowsWithMostAndAddsUpTheRest) {
  LabelledTotals table{.name = "t", .label = "l", .note_key = {}, .columns = kColumns, .most_rows = 2, .rows = {}};
  table.add("few", {}, {2, 1});
  table.add("most", {}, {9, 1});
  table.bound();
  ASSERT_EQ(table.rows.size(), 2U);
  EXPECT_EQ(table.rows[0].label, "most");
  table.add("more", {}, {5, 1});
  table.add("one", {}, {1, 4});
  table.bound();
  ASSERT_EQ(table.rows.size(), 3U);
  EXPECT_EQ(table.rows[1].label, "more");
  EXPECT_EQ(table.rows[2].label, kOtherRows);
  EXPECT_EQ(table.rows[2].values, (std::vector<std::uint64_t>{3, 5}));
}

TEST(CountersDeathTest, ARowHasAValueForEachColumn) {
  LabelledTotals table{.name = "t", .label = "l", .note_key = {}, .columns = kColumns, .rows = {}};
  EXPECT_DEATH(table.add("a", {}, {1}), "values.size");
}

}  // namespace
}  // namespace hf::service
