#include "policy/balance/balance.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "base/random.h"

namespace hf::policy::balance {
namespace {

TEST(WeightedRoundRobin, SpreadsTheHeavyServerSmoothly) {
  const std::vector<Candidate> candidates = {{0, 5, 0}, {1, 1, 0}, {2, 1, 0}};
  WeightedRoundRobin balance;
  std::string order;
  for (int i = 0; i < 14; ++i) order.push_back(static_cast<char>('a' + *balance.pick(candidates)));
  EXPECT_EQ(order, "aabacaaaabacaa");
}

TEST(WeightedRoundRobin, EveryServerIsWithinOneOfItsShareAtAnyTime) {
  Random random(11);
  for (int round = 0; round < 200; ++round) {
    std::vector<Candidate> candidates;
    double total = 0;
    const std::uint64_t servers = 1 + random.below(8);
    for (std::uint32_t i = 0; i < servers; ++i) {
      candidates.push_back({i * 7 % 256, static_cast<std::uint32_t>(1 + random.below(100)), 0});
      total += candidates.back().weight;
    }
    WeightedRoundRobin balance;
    std::vector<int> taken(kMostServers);
    for (int turn = 1; turn <= 500; ++turn) {
      ++taken[*balance.pick(candidates)];
      for (const Candidate& each : candidates) {
        const double fair = static_cast<double>(turn) * each.weight / total;
        // Smooth round robin keeps below its share by less than one turn; above by at most a bit more with many
        // servers.
        ASSERT_LT(std::abs(taken[each.index] - fair), servers <= 2 ? 1.0 : 2.0);
      }
    }
  }
}

TEST(WeightedRoundRobin, EqualWeightsAreFairWithinOne) {
  const std::vector<Candidate> candidates = {{0, 3, 0}, {1, 3, 0}, {2, 3, 0}, {3, 3, 0}};
  WeightedRoundRobin balance;
  std::vector<int> taken(4);
  for (int turn = 1; turn <= 101; ++turn) {
    ++taken[*balance.pick(candidates)];
    const auto [low, high] = std::minmax_element(taken.begin(), taken.end());
    ASSERT_LE(*high - *low, 1);
  }
}

TEST(Balance, NeverPicksTriedOrWeightlessServers) {
  const std::vector<Candidate> candidates = {{0, 1, 0}, {1, 0, 0}, {2, 1, 9}, {255, 1, 3}, {256, 1, 0}};
  ServerSet tried;
  tried.insert(0);
  tried.insert(255);
  WeightedRoundRobin robin;
  LeastConnections least;
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(robin.pick(candidates, tried), 2U);
    EXPECT_EQ(least.pick(candidates, tried), 2U);
  }
  tried.insert(2);
  EXPECT_EQ(robin.pick(candidates, tried), std::nullopt);
  EXPECT_EQ(least.pick(candidates, tried), std::nullopt);
  EXPECT_EQ(least.pick({}), std::nullopt);
}

TEST(LeastConnections, PicksTheLeastLoadedForItsWeight) {
  LeastConnections balance;
  const std::vector<Candidate> candidates = {{0, 1, 3}, {1, 4, 8}, {2, 1, 4}};
  EXPECT_EQ(balance.pick(candidates), 1U) << "8/4 is less than 3/1";
}

TEST(LeastConnections, EqualsTakeTurns) {
  LeastConnections balance;
  const std::vector<Candidate> candidates = {{4, 1, 2}, {5, 1, 2}, {6, 1, 7}};
  std::vector<std::uint32_t> order;
  for (int i = 0; i < 6; ++i) order.push_back(*balance.pick(candidates));
  EXPECT_EQ(order, (std::vector<std::uint32_t>{4, 5, 4, 5, 4, 5}));
}

TEST(LeastConnections, IdleServersShareByWeight) {
  LeastConnections balance;
  const std::vector<Candidate> candidates = {{0, 300, 0}, {1, 100, 0}};
  std::vector<int> taken(2);
  for (int i = 0; i < 400; ++i) ++taken[*balance.pick(candidates)];
  EXPECT_EQ(taken[0], 300);
}

TEST(LeastConnections, KeepsTheLoadPerWeightEvenUnderRandomArrivalsAndEnds) {
  Random random(3);
  LeastConnections balance;
  std::vector<Candidate> candidates = {{0, 100, 0}, {1, 200, 0}, {2, 300, 0}};
  std::vector<std::uint32_t> open;
  for (int i = 0; i < 20000; ++i) {
    if (open.size() < 120 || random.below(2) == 0) {
      const std::uint32_t index = *balance.pick(candidates);
      for (const Candidate& each : candidates) {
        ASSERT_LE(std::uint64_t{candidates[index].in_flight} * each.weight,
                  std::uint64_t{each.in_flight} * candidates[index].weight);
      }
      ++candidates[index].in_flight;
      open.push_back(index);
    } else {
      const std::size_t which = random.below(open.size());
      --candidates[open[which]].in_flight;
      open[which] = open.back();
      open.pop_back();
    }
  }
}

TEST(Balance, CreditsStayBoundedWhenTheSetOfCandidatesChangesAllTheTime) {
  Random random(5);
  WeightedRoundRobin balance;
  std::vector<Candidate> all;
  for (std::uint32_t i = 0; i < 6; ++i) all.push_back({i, 1 + i % 3, 0});
  for (int i = 0; i < 50000; ++i) {
    ServerSet tried;
    for (std::uint32_t s = 0; s < 5; ++s) {
      if (random.below(2) == 0) tried.insert(s);
    }
    ASSERT_TRUE(balance.pick(all, tried).has_value());
  }
  // Afterwards, with everybody back, the shares are right again within the debts that a bounded credit can hold.
  std::vector<int> taken(6);
  for (int i = 0; i < 1200; ++i) ++taken[*balance.pick(all)];
  for (const Candidate& each : all) EXPECT_NEAR(taken[each.index], 1200.0 * each.weight / 12, 40);
}

}  // namespace
}  // namespace hf::policy::balance
