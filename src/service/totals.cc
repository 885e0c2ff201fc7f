#include "service/totals.h"

#include <algorithm>

#include "base/assert.h"

namespace hf::service {

void CounterTotals::add(const CounterWords& words, std::uint64_t value) {
  const auto known = std::ranges::find(totals_, words.name, [](const Total& total) { return total.words.name; });
  if (known == totals_.end()) {
    totals_.push_back({words, value});
  } else {
    known->value += value;
  }
}

void LabelledTotals::add(std::string_view label_value, std::string_view note,
                         std::initializer_list<std::uint64_t> values) {
  HF_CHECK(values.size() == columns.size());
  auto row = std::ranges::find(rows, label_value, &Row::label);
  if (row == rows.end()) {
    row = rows.insert(rows.end(), {std::string(label_value), note, std::vector<std::uint64_t>(columns.size())});
  }
  std::ranges::transform(row->values, values, row->values.begin(), std::plus<>());
}

std::uint64_t LabelledTotals::sum(std::size_t column) const {
  std::uint64_t sum = 0;
  for (const Row& row : rows) sum += row.values[column];
  return sum;
}

void LabelledTotals::bound() {
  if (most_rows == 0) return;
  std::ranges::sort(rows, [](const Row& a, const Row& b) {
    return std::pair(b.values.front(), a.label) < std::pair(a.values.front(), b.label);
  });
  if (rows.size() <= most_rows) return;
  Row others{std::string(kOtherRows), {}, std::vector<std::uint64_t>(columns.size())};
  for (std::size_t i = most_rows; i < rows.size(); ++i) {
    std::ranges::transform(others.values, rows[i].values, others.values.begin(), std::plus<>());
  }
  rows.resize(most_rows);
  rows.push_back(std::move(others));
}

LabelledTotals& ServiceTotals::table(const LabelledTotals& empty) {
  const auto known = std::ranges::find(labelled, empty.name, &LabelledTotals::name);
  return known != labelled.end() ? *known : labelled.emplace_back(empty);
}

void ShardCounters::add_to(ServiceTotals& totals) const { totals.counters.add(service, kServiceCounters); }

void ShardCounters::add_server_to(std::size_t slot, CounterTotals& totals) const {
  const ServerCounters* server = servers.find(slot);
  if (server != nullptr) totals.add(*server, kServerCounters);
}

ServiceTotals sum_up(const AllShardCounters& shards) {
  ServiceTotals totals;
  for (const std::shared_ptr<ShardCounters>& shard : shards) shard->add_to(totals);
  for (LabelledTotals& table : totals.labelled) table.bound();
  return totals;
}

CounterTotals sum_up_server(const AllShardCounters& shards, std::size_t slot) {
  CounterTotals totals;
  for (const std::shared_ptr<ShardCounters>& shard : shards) shard->add_server_to(slot, totals);
  return totals;
}

}  // namespace hf::service
