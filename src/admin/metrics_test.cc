#include "admin/metrics.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>

namespace hf::admin {
namespace {

using policy::session::PinReason;

VipStatus example_vip() {
  VipStatus vip;
  vip.report.name = "db";
  vip.report.mode = vip::link::Mode::kMaster;
  vip.report.holding = true;
  vip.report.priority = 80;
  vip.report.transitions_total = 5;
  vip.report.became_master_total = 3;
  vip.report.conflicts_total = 1;
  vip.report.paths = {{"eth1", 40, 100, 90, 7}, {"heartbeat eth2", -1, 50, 0, 0}};
  vip.report.refused = {{"auth-data", 4}};
  vip.report.arbiters = {{"arp 198.18.0.1", true}, {"tcp 198.18.0.9:22", false}};
  vip.tracks = {{"script /x \"y\"", false, "-20", "exit 1", 0}, {"script /x \"y\"", true, "-10", "", 0}};
  return vip;
}

StatusSnapshot example() {
  StatusSnapshot status;
  status.version = "0.1.0";
  status.node = "gw-a";
  ServiceStatus service;
  service.protocol = "mysql";
  service.pins.now[static_cast<std::size_t>(PinReason::kUserLock)] = 2;
  service.pins.made[static_cast<std::size_t>(PinReason::kUserLock)] = 7;
  service.accounts = {{"app@%", 5}, {"other", 3}};
  service.name = "or\"de\\rs\n";
  service.primary = "db1";
  service.counters.statements = 42;
  service.latency.emplace();
  LatencyHistogram histogram;
  histogram.record(3us);
  histogram.record(5ms);
  histogram.record(1000s);
  service.latency = histogram.snapshot();
  ServerStatus up;
  up.name = "db1";
  up.role = "primary";
  up.health = "up";
  up.lag = 1500ms;
  up.effective_weight = 50;
  ServerStatus down;
  down.name = "db2";
  down.health = "down";
  service.servers = {up, down};
  status.services = {service, ServiceStatus{}};
  status.guardian = GuardianStatus{};
  status.guardian->realtime = true;
  status.guardian->gateway_restarts = 2;
  status.guardian->longest_delay = 1500us;
  status.vips = {example_vip(), VipStatus{}};
  return status;
}

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST(Metrics, EveryCounterOfTheShardsHasOneRow) {
  std::set<std::string_view> names;
  for (const auto& row : service_metrics()) EXPECT_TRUE(names.insert(row.name).second) << row.name;
  EXPECT_EQ(names.size() * sizeof(std::uint64_t), sizeof(ServiceTotals));
  names.clear();
  for (const auto& row : server_metrics()) EXPECT_TRUE(names.insert(row.name).second) << row.name;
  EXPECT_EQ(names.size() * sizeof(std::uint64_t), sizeof(ServerTotals));
  static_assert(sizeof(ServiceTotals) == sizeof(service::ServiceCounters));
  static_assert(sizeof(ServerTotals) == sizeof(service::ServerCounters));
}

TEST(Metrics, TotalsAreTheSumsOverShards) {
  service::ServiceCounters one;
  service::ServiceCounters two;
  one.writes.add(3);
  two.writes.add(4);
  two.bytes_to_clients.add(9);
  ServiceTotals totals;
  totals.add(one);
  totals.add(two);
  EXPECT_EQ(totals.writes, 7U);
  EXPECT_EQ(totals.bytes_to_clients, 9U);
  EXPECT_EQ(totals.clients, 0U);
  service::ServerCounters server;
  server.lost.add(2);
  ServerTotals sum;
  sum.add(server);
  sum.add(server);
  EXPECT_EQ(sum.lost, 4U);
}

TEST(Prometheus, RendersLabelsEscapedAndValues) {
  const std::string text = render_prometheus(example());
  EXPECT_TRUE(has_line(text, R"(holdfast_service_statements_total{service="or\"de\\rs\n"} 42)"));
  EXPECT_TRUE(has_line(text, R"(holdfast_server_health{service="or\"de\\rs\n",server="db2"} 0)"));
  EXPECT_TRUE(has_line(text, R"(holdfast_server_lag_seconds{service="or\"de\\rs\n",server="db1"} 1.5)"));
  EXPECT_TRUE(has_line(text, R"(holdfast_server_effective_weight{service="or\"de\\rs\n",server="db1"} 0.5)"));
  EXPECT_EQ(text.find("lag_seconds{service=\"or\\\"de\\\\rs\\n\",server=\"db2\""), std::string::npos)
      << "unknown lag is absent";
  EXPECT_TRUE(has_line(text, R"(holdfast_build_info{version="0.1.0",node="gw-a"} 1)"));
}

TEST(Prometheus, PinsAreCountedByReasonAndConnectionsByAccount) {
  const std::string text = render_prometheus(example());
  for (const char* line :
       {R"(holdfast_service_pinned_sessions{service="or\"de\\rs\n",reason="user-lock"} 2)",
        R"(holdfast_service_pins_total{service="or\"de\\rs\n",reason="user-lock"} 7)",
        R"(holdfast_service_pinned_sessions{service="or\"de\\rs\n",reason="xa"} 0)",
        R"(holdfast_service_account_connections{service="or\"de\\rs\n",account="app@%"} 5)",
        R"(holdfast_service_account_connections{service="or\"de\\rs\n",account="other"} 3)"}) {
    EXPECT_TRUE(has_line(text, line)) << line;
  }
  EXPECT_EQ(text.find("reason=\"none\""), std::string::npos);
  EXPECT_FALSE(has_line(text, R"(holdfast_service_pinned_sessions{service="",reason="xa"} 0)")) << "a TCP service has no sessions to pin";
}

TEST(Metrics, TheManualNamesNoneThatIsNotThere) {
  std::ifstream file(std::string(HF_SOURCE_DIR) + "/docs/mysql-service.md");
  const std::string exposed = render_prometheus(example());
  std::size_t named = 0;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("| `holdfast_")) continue;
    const std::string name = line.substr(3, line.find_first_of("`{", 3) - 3);
    EXPECT_NE(exposed.find("\n# TYPE " + name + " "), std::string::npos) << name;
    ++named;
  }
  EXPECT_EQ(named, 8U);
}

TEST(Metrics, PinsAreSummedOverShardsByReason) {
  service::PinCounters one;
  service::PinCounters two;
  const auto variable = static_cast<std::size_t>(PinReason::kUserVariable);
  one.now[variable].add();
  one.made[variable].add(3);
  two.now[static_cast<std::size_t>(PinReason::kXa)].add();
  two.made[variable].add(4);
  PinTotals totals;
  totals.add(one);
  totals.add(two);
  EXPECT_EQ(totals.now[variable], 1U);
  EXPECT_EQ(totals.made[variable], 7U);
  EXPECT_EQ(totals.sessions(), 2U);
}

TEST(Metrics, TheBusiestAccountsAreNamedAndTheOthersAreOne) {
  service::AccountConnections all;
  for (std::uint64_t i = 1; i <= kMostAccounts; ++i) all["app" + std::to_string(i) + "@%"] = i;
  EXPECT_EQ(busiest_accounts(all).size(), kMostAccounts);
  EXPECT_EQ(busiest_accounts(all).front().account, "app20@%");
  all["big@10.%"] = 1000;
  all["small@%"] = 1;
  const std::vector<AccountStatus> shown = busiest_accounts(all);
  ASSERT_EQ(shown.size(), kMostAccounts + 1);
  EXPECT_EQ(shown.front().account, "big@10.%");
  EXPECT_EQ(shown.front().connections, 1000U);
  EXPECT_EQ(shown.back().account, "other");
  EXPECT_EQ(shown.back().connections, 2U) << "app1 and small";
}

TEST(Prometheus, HistogramsAreCumulativeAndEndInTheCount) {
  const std::string text = render_prometheus(example());
  const std::string name = "holdfast_service_statement_seconds";
  const std::string label = R"({service="or\"de\\rs\n")";
  EXPECT_TRUE(has_line(text, name + "_bucket" + label + R"(,le="2e-06"} 0)"));
  EXPECT_TRUE(has_line(text, name + "_bucket" + label + R"(,le="4e-06"} 1)"));
  EXPECT_TRUE(has_line(text, name + "_bucket" + label + R"(,le="0.004096"} 1)"));
  EXPECT_TRUE(has_line(text, name + "_bucket" + label + R"(,le="0.008192"} 2)"));
  EXPECT_TRUE(has_line(text, name + "_bucket" + label + R"(,le="134.217728"} 2)"));
  EXPECT_TRUE(has_line(text, name + "_bucket" + label + R"(,le="+Inf"} 3)"));
  EXPECT_TRUE(has_line(text, name + "_count" + label + "} 3"));
  EXPECT_TRUE(has_line(text, name + "_sum" + label + "} 1000.005"));
}

TEST(Prometheus, AVipHasOneStateAndAllItsCounts) {
  const std::string text = render_prometheus(example());
  for (const char* line :
       {R"(holdfast_vip_state{vip="db",state="initialize"} 0)", R"(holdfast_vip_state{vip="db",state="backup"} 0)",
        R"(holdfast_vip_state{vip="db",state="master"} 1)", R"(holdfast_vip_state{vip="db",state="fault"} 0)",
        R"(holdfast_vip_holding{vip="db"} 1)", R"(holdfast_vip_priority{vip="db"} 80)",
        R"(holdfast_vip_transitions_total{vip="db"} 5)", R"(holdfast_vip_became_master_total{vip="db"} 3)",
        R"(holdfast_vip_conflicts_total{vip="db"} 1)", R"(holdfast_vip_adverts_sent_total{vip="db",path="eth1"} 100)",
        R"(holdfast_vip_adverts_received_total{vip="db",path="eth1"} 90)",
        R"(holdfast_vip_send_failures_total{vip="db",path="eth1"} 7)",
        R"(holdfast_vip_adverts_sent_total{vip="db",path="heartbeat eth2"} 50)",
        R"(holdfast_vip_adverts_refused_total{vip="db",reason="auth-data"} 4)",
        R"(holdfast_vip_arbiter_reached{vip="db",target="arp 198.18.0.1"} 1)",
        R"(holdfast_vip_arbiter_reached{vip="db",target="tcp 198.18.0.9:22"} 0)",
        R"(holdfast_vip_track_good{vip="db",track="script /x \"y\""} 0)"}) {
    EXPECT_TRUE(has_line(text, line)) << line;
  }
  EXPECT_FALSE(has_line(text, R"(holdfast_vip_track_good{vip="db",track="script /x \"y\""} 1)")) << "a series twice";
}

TEST(Prometheus, TheGuardianHasSamplesOnlyWhereThereIsOne) {
  StatusSnapshot status = example();
  EXPECT_TRUE(has_line(render_prometheus(status), "holdfast_guardian_realtime 1"));
  EXPECT_TRUE(has_line(render_prometheus(status), "holdfast_guardian_connected 0"));
  EXPECT_TRUE(has_line(render_prometheus(status), "holdfast_guardian_delay_seconds 0.0015"));
  EXPECT_TRUE(has_line(render_prometheus(status), "holdfast_gateway_restarts_total 2"));
  status.guardian.reset();
  EXPECT_EQ(render_prometheus(status).find("\nholdfast_guardian_realtime"), std::string::npos);
  EXPECT_TRUE(has_line(render_prometheus(status), "# TYPE holdfast_guardian_realtime gauge"));
}

TEST(Prometheus, EveryFamilyIsDeclaredOnceAndItsSamplesAreTogether) {
  std::istringstream lines(render_prometheus(example()));
  std::set<std::string> families;
  std::string family;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# TYPE ")) {
      family = line.substr(7, line.find(' ', 7) - 7);
      EXPECT_TRUE(families.insert(family).second) << family;
    } else if (!line.starts_with("#")) {
      EXPECT_TRUE(line.starts_with(family)) << line;
      const std::size_t after = family.size();
      EXPECT_TRUE(line[after] == '{' || line[after] == ' ' || line[after] == '_') << line;
      EXPECT_NE(line.rfind(' '), std::string::npos);
    }
  }
  EXPECT_GT(families.size(), 30U);
}

}  // namespace
}  // namespace hf::admin
