#include "base/latency_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/random.h"

namespace hf {
namespace {

using Buckets = LatencyBuckets;

TEST(LatencyHistogram, EveryLatencyLiesWithinTheBoundsOfItsBucket) {
  Random random(2);
  for (int i = 0; i < 200000; ++i) {
    const Nanos latency{static_cast<std::int64_t>(1 + (random.next() >> (24 + random.below(38))))};
    const std::size_t index = Buckets::index(latency);
    if (index == Buckets::kBounded) {
      ASSERT_GT(latency, Nanos{Buckets::upper_bound(Buckets::kBounded - 1)});
      continue;
    }
    ASSERT_LE(latency, Nanos{Buckets::upper_bound(index)});
    if (index > 0) { ASSERT_GT(latency, Nanos{Buckets::upper_bound(index - 1)}); }
  }
}

TEST(LatencyHistogram, BoundsRiseAndHoldEveryPowerOfTwo) {
  std::vector<std::int64_t> bounds;
  for (std::size_t i = 0; i < Buckets::kBounded; ++i) bounds.push_back(Buckets::upper_bound(i).count());
  EXPECT_TRUE(std::ranges::is_sorted(bounds));
  EXPECT_EQ(bounds.front(), 1);
  EXPECT_EQ(bounds.back(), std::int64_t{1} << Buckets::kDoublings);
  EXPECT_GE(Nanos{Buckets::upper_bound(Buckets::kBounded - 1)}, Nanos{100s});
  for (std::size_t d = 0; d <= Buckets::kDoublings; ++d) {
    EXPECT_TRUE(std::ranges::binary_search(bounds, std::int64_t{1} << d)) << d;
  }
}

TEST(LatencyHistogram, CountsSumsAndQuantilesWithinTheirError) {
  LatencyHistogram histogram;
  for (int i = 1; i <= 1000; ++i) histogram.record(Micros{i});
  const LatencySnapshot snapshot = histogram.snapshot();
  EXPECT_EQ(snapshot.count, 1000U);
  EXPECT_EQ(snapshot.sum, Nanos{Micros{500500}});
  EXPECT_EQ(snapshot.at_most(Micros{512}), 512U);
  EXPECT_EQ(snapshot.at_most(Micros{1024}), 1000U);
  for (const auto& [share, exact] : {std::pair{0.5, 500}, std::pair{0.95, 950}, std::pair{0.99, 990}}) {
    EXPECT_GE(snapshot.quantile(share).count(), exact);
    EXPECT_LE(static_cast<double>(snapshot.quantile(share).count()), exact * 1.125 + 1);
  }
  EXPECT_EQ(LatencySnapshot{}.quantile(0.5), Micros{0});
}

TEST(LatencyHistogram, MergingEqualsRecordingInOne) {
  Random random(8);
  LatencyHistogram a;
  LatencyHistogram b;
  LatencyHistogram all;
  for (int i = 0; i < 5000; ++i) {
    const Nanos latency{static_cast<std::int64_t>(random.below(200'000'000'000))};
    (i % 2 == 0 ? a : b).record(latency);
    all.record(latency);
  }
  LatencySnapshot merged = a.snapshot();
  merged.merge(b.snapshot());
  EXPECT_EQ(merged.counts, all.snapshot().counts);
  EXPECT_EQ(merged.count, all.snapshot().count);
  EXPECT_EQ(merged.sum, all.snapshot().sum);
  EXPECT_GT(merged.counts[Buckets::kBounded], 0U) << "above 134 s";
}

}  // namespace
}  // namespace hf
