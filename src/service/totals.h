// Totals: what a service has counted on all its shards, as values with their words. Neither knows a protocol, nor does
// who shows them.
//
// Owner: whoever asked. Thread: any.
// Invariant: no two counters of one CounterTotals have the same name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/latency_histogram.h"
#include "service/counters.h"

namespace hf::service {

class CounterTotals {
 public:
  struct Total {
    CounterWords words;
    std::uint64_t value = 0;
  };

  void add(const CounterWords& words, std::uint64_t value);
  template <typename Counters, std::size_t kRows>
  void add(const Counters& counters, const CounterRow<Counters> (&rows)[kRows]) {
    for (const CounterRow<Counters>& row : rows) add(row.words, (counters.*row.counter).get());
  }
  /// In the order of the tables.
  const std::vector<Total>& all() const { return totals_; }

 private:
  std::vector<Total> totals_;
};

/// Counters that come once for each value of a label.
struct LabelledTotals {
  struct Column {
    std::string_view key;  // JSON's
    CounterWords words;    // as Prometheus has them, with the label
    bool summed = false;   // JSON has the sum over all rows among the plain counters
  };
  struct Row {
    std::string label;
    std::string_view note;              // said in JSON of this value of the label; empty: nothing
    std::vector<std::uint64_t> values;  // by column
  };

  std::string_view name;  // JSON's: a list of its rows, without those that are all zeros
  std::string_view label;
  std::string_view note_key;  // JSON's; empty: rows have no notes
  std::span<const Column> columns;
  // 0: all; else those with the most in the first column, and then all others as one, "other"
  std::size_t most_rows = 0;
  std::vector<Row> rows;

  void add(std::string_view label_value, std::string_view note, std::initializer_list<std::uint64_t> values);
  std::uint64_t sum(std::size_t column) const;
  /// Makes most_rows true.
  void bound();
};
inline constexpr std::string_view kOtherRows = "other";

/// Times that clients waited.
struct LatencyTotals {
  std::string_view name;  // "holdfast_service_<name>", a histogram in seconds
  std::string_view help;
  LatencySnapshot snapshot;
};

struct ServiceTotals {
  CounterTotals counters;
  std::vector<LabelledTotals> labelled;
  std::optional<LatencyTotals> latency;

  /// The one of that name; made like `empty` when there is none yet.
  LabelledTotals& table(const LabelledTotals& empty);
};

using AllShardCounters = std::vector<std::shared_ptr<ShardCounters>>;

ServiceTotals sum_up(const AllShardCounters& shards);
CounterTotals sum_up_server(const AllShardCounters& shards, std::size_t slot);

}  // namespace hf::service
