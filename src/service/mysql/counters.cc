#include "service/mysql/counters.h"

#include "service/totals.h"

namespace hf::service::mysql {

namespace {

using policy::session::PinReason;

constexpr LabelledTotals::Column kPinColumns[] = {
    {"now",
     {"pinned_sessions", CounterKind::kGauge,
      "Sessions that cannot leave their server connection, now, by what pinned them."},
     true},
    {"so_far", {"pins", CounterKind::kCounter, "Sessions pinned so far, by what pinned them."}, false},
};

constexpr LabelledTotals::Column kAccountColumns[] = {
    {"connections",
     {"account_connections", CounterKind::kGauge,
      "Connections to servers, in use and idle, of the accounts that have most of them; all others together are "
      "\"other\"."},
     false},
};
constexpr std::size_t kMostAccounts = 20;

void add_pins(const PinCounters& pins, ServiceTotals& totals) {
  LabelledTotals& table =
      totals.table({.name = "pins", .label = "reason", .note_key = "because", .columns = kPinColumns, .rows = {}});
  for (std::size_t i = 1; i < policy::session::kPinReasons; ++i) {
    const policy::session::HoldReason& words = policy::session::words_of(static_cast<PinReason>(i));
    table.add(words.name, words.sentence, {pins.now[i].get(), pins.made[i].get()});
  }
}

void add_accounts(const AccountTally& accounts, ServiceTotals& totals) {
  LabelledTotals& table = totals.table({.name = "account_connections",
                                        .label = "account",
                                        .note_key = {},
                                        .columns = kAccountColumns,
                                        .most_rows = kMostAccounts,
                                        .rows = {}});
  for (const auto& [account, connections] : accounts.read()) table.add(account, {}, {connections});
}

}  // namespace

void ShardCounters::add_to(ServiceTotals& totals) const {
  service::ShardCounters::add_to(totals);
  totals.counters.add(sessions, kSessionCounters);
  add_pins(pins, totals);
  add_accounts(accounts, totals);
  if (!totals.latency) {
    totals.latency = {"statement_seconds", "Time from a statement's arrival to the end of its reply.", {}};
  }
  totals.latency->snapshot.merge(latency.snapshot());
}

void ShardCounters::add_server_to(std::size_t slot, CounterTotals& totals) const {
  service::ShardCounters::add_server_to(slot, totals);
  const StatementCounters* server = statements.find(slot);
  if (server != nullptr) totals.add(*server, kStatementCounters);
}

}  // namespace hf::service::mysql
