// classify() and ShapeCache on typical statements: nanoseconds per statement. Run by hand; not part of the tests.
//   clang++-19 -std=c++20 -O2 -DNDEBUG -Isrc src/policy/sql/classifier_bench.cc <library> && ./a.out
#include <chrono>
#include <cstdio>

#include "base/random.h"
#include "policy/sql/classifier.h"
#include "policy/sql/shape_cache.h"

namespace {

using hf::policy::sql::Context;

constexpr std::string_view kStatements[] = {
    "SELECT 1",
    "SELECT c FROM sbtest1 WHERE id=4711",
    "SELECT SUM(k) FROM sbtest1 WHERE id BETWEEN 5012 AND 5111",
    "SELECT `u`.`id`, `u`.`name`, `u`.`email` FROM `users` AS `u` WHERE `u`.`id` = 42 AND `u`.`deleted_at` IS NULL "
    "LIMIT 1",
    "SELECT o.id, o.total, c.name FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.created_at > NOW() - "
    "INTERVAL 7 DAY",
    "UPDATE sbtest1 SET k=k+1, c='08566691963-88624912351-16662227201' WHERE id=5012",
    "INSERT INTO sbtest1 (id, k, c, pad) VALUES (5012, 77, '68487932199-96439406143', '67847967377-48000963322')",
    "SET NAMES utf8mb4, SESSION sql_mode='STRICT_TRANS_TABLES'",
};

template <typename Run>
double nanos_per_run(Run run) {
  double best = 1e9;
  for (int round = 0; round < 7; ++round) {
    constexpr int kRuns = 200'000;
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < kRuns; ++i) run();
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
    best = std::min(best, took.count() / kRuns);
  }
  return best;
}

}  // namespace

int main() {
  hf::Random random(1);
  hf::policy::sql::ShapeCache cache(1024, random);
  const Context context;
  std::uint64_t sink = 0;
  std::printf("%5s %9s %9s  %s\n", "bytes", "direct ns", "cached ns", "statement");
  for (const std::string_view sql : kStatements) {
    const double direct = nanos_per_run([&] { sink += hf::policy::sql::classify(sql, context).effects; });
    const double cached = nanos_per_run([&] { sink += cache.lookup_or_classify(sql, context).effects; });
    std::printf("%5zu %9.0f %9.0f  %.60s\n", sql.size(), direct, cached, sql.data());
  }
  return sink == 1 ? 1 : 0;
}
