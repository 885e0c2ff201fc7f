// LatencyHistogram: latencies from 1 µs to 134 s in fixed log-linear buckets, eight to every doubling (error below 12.5
// %). Recorded by one shard without a lock, read and merged by the control thread.
//
// Owner: one shard per histogram. Thread: record() on the shard's, snapshot() on any.
// Invariants:
//   1. One writer: relaxed loads and stores, no lock prefix. A snapshot taken meanwhile may lack the latest records.
//   2. Bucket bounds are inclusive and every power of two in µs is a bound, so `le` lines for Prometheus are exact.
//   3. What is above the last bound is counted in a bucket of its own.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace hf {

/// The shape that recorder and snapshot share.
struct LatencyBuckets {
  static constexpr std::size_t kPerDoubling = 8;
  static constexpr std::size_t kDoublings = 27;                                            // 2^27 µs = 134 s
  static constexpr std::size_t kBounded = kPerDoubling + (kDoublings - 3) * kPerDoubling;  // 1, 2, … 8, 9, … µs
  static constexpr std::size_t kCount = kBounded + 1;                                      // and one for the rest

  static std::size_t index(Nanos latency) {
    const std::int64_t nanos = std::max<std::int64_t>(latency.count(), 1);
    const std::uint64_t below = (static_cast<std::uint64_t>(nanos) + 999) / 1000 - 1;  // whole µs, rounded up, minus 1
    if (below < kPerDoubling) return static_cast<std::size_t>(below);
    const auto doubling = static_cast<std::size_t>(std::bit_width(below)) - 1;  // at least 3
    if (doubling >= kDoublings) return kBounded;
    const auto part = static_cast<std::size_t>(below >> (doubling - 3)) & (kPerDoubling - 1);
    return kPerDoubling + (doubling - 3) * kPerDoubling + part;
  }

  /// The largest latency that bucket `index` (below kBounded) takes.
  static Micros upper_bound(std::size_t index) {
    if (index < kPerDoubling) return Micros{static_cast<std::int64_t>(index) + 1};
    const std::size_t doubling = (index - kPerDoubling) / kPerDoubling;
    const std::size_t part = (index - kPerDoubling) % kPerDoubling;
    return Micros{static_cast<std::int64_t>((kPerDoubling + part + 1) << doubling)};
  }
};

struct LatencySnapshot {
  std::array<std::uint64_t, LatencyBuckets::kCount> counts{};
  std::uint64_t count = 0;
  Nanos sum{0};

  void merge(const LatencySnapshot& other) {
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
    count += other.count;
    sum += other.sum;
  }

  /// How many took at most `bound`, which is one of the buckets' bounds.
  std::uint64_t at_most(Micros bound) const {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < LatencyBuckets::kBounded && LatencyBuckets::upper_bound(i) <= bound; ++i) {
      total += counts[i];
    }
    return total;
  }

  /// The upper bound of the bucket that holds the given share (0.99) of all; 0 when nothing was recorded.
  Micros quantile(double share) const {
    if (count == 0) return Micros{0};
    const double wanted = std::clamp(share, 0.0, 1.0) * static_cast<double>(count);
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < LatencyBuckets::kBounded; ++i) {
      total += counts[i];
      if (total > 0 && static_cast<double>(total) >= wanted) return LatencyBuckets::upper_bound(i);
    }
    return LatencyBuckets::upper_bound(LatencyBuckets::kBounded - 1);
  }
};

class LatencyHistogram {
 public:
  void record(Nanos latency) {
    add(counts_[LatencyBuckets::index(latency)], 1);
    add(sum_nanos_, static_cast<std::uint64_t>(std::max<std::int64_t>(latency.count(), 0)));
  }

  LatencySnapshot snapshot() const {
    LatencySnapshot out;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      out.counts[i] = counts_[i].load(std::memory_order_relaxed);
      out.count += out.counts[i];
    }
    out.sum = Nanos{static_cast<std::int64_t>(sum_nanos_.load(std::memory_order_relaxed))};
    return out;
  }

 private:
  static void add(std::atomic<std::uint64_t>& counter, std::uint64_t n) {
    counter.store(counter.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }

  std::array<std::atomic<std::uint64_t>, LatencyBuckets::kCount> counts_{};
  std::atomic<std::uint64_t> sum_nanos_{0};
};

}  // namespace hf
