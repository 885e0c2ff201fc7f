#include "admin/metrics.h"

#include <gtest/gtest.h>

#include <set>
#include <sstream>

namespace hf::admin {
namespace {

using service::CounterKind;

constexpr service::LabelledTotals::Column kPins[] = {
    {"now", {"pinned_sessions", CounterKind::kGauge, "Now, by reason."}, true},
    {"so_far", {"pins", CounterKind::kCounter, "So far, by reason."}, false},
};

VipStatus example_vip() {
  VipStatus vip;
  vip.report.name = "db";
  vip.report.mode = vip::Mode::kMaster;
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
  service::LabelledTotals& pins =
      service.totals.table({.name = "pins", .label = "reason", .note_key = "because", .columns = kPins, .rows = {}});
  pins.add("user-lock", "it has a lock", {2, 7});
  pins.add("xa", "it has a branch", {0, 0});
  service.name = "or\"de\\rs\n";
  service.primary = {3, "db1", "it alone is writable", false};
  service.totals.counters.add({"statements", CounterKind::kCounter, "Statements."}, 42);
  service.totals.counters.add({"clients", CounterKind::kGauge, "Clients."}, 4);
  LatencyHistogram histogram;
  histogram.record(3us);
  histogram.record(5ms);
  histogram.record(1000s);
  service.totals.latency = {"statement_seconds", "Time.", histogram.snapshot()};
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
  ServiceStatus mail;  // of another protocol
  mail.name = "mail";
  mail.servers.emplace_back().name = "m1";
  mail.servers[0].counters.add({"in_flight", CounterKind::kGauge, "Sessions."}, 9);
  mail.totals.counters.add({"clients", CounterKind::kGauge, "Clients."}, 6);
  status.services = {service, mail};
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

TEST(Prometheus, CountersWithALabelHaveASampleForEachOfItsValues) {
  const std::string text = render_prometheus(example());
  for (const char* line : {R"(holdfast_service_pinned_sessions{service="or\"de\\rs\n",reason="user-lock"} 2)",
                           R"(holdfast_service_pins_total{service="or\"de\\rs\n",reason="user-lock"} 7)",
                           R"(holdfast_service_pinned_sessions{service="or\"de\\rs\n",reason="xa"} 0)"}) {
    EXPECT_TRUE(has_line(text, line)) << line;
  }
}

TEST(Prometheus, AServiceHasSamplesOnlyOfWhatItsProtocolCounts) {
  const std::string text = render_prometheus(example());
  EXPECT_TRUE(has_line(text, R"(holdfast_service_clients{service="or\"de\\rs\n"} 4)"));
  EXPECT_TRUE(has_line(text, R"(holdfast_service_clients{service="mail"} 6)"));
  EXPECT_TRUE(has_line(text, R"(holdfast_server_in_flight{service="mail",server="m1"} 9)"));
  EXPECT_TRUE(has_line(text, R"(holdfast_server_health{service="mail",server="m1"} -1)"));
  for (const char* name : {"service_statements_total", "service_pins_total", "service_epoch", "service_has_primary",
                           "server_primary", "service_statement_seconds_count"}) {
    EXPECT_EQ(text.find("\nholdfast_" + std::string(name) + R"({service="mail")"), std::string::npos) << name;
    EXPECT_NE(text.find("\nholdfast_" + std::string(name) + R"({service="or)"), std::string::npos) << name;
  }
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
