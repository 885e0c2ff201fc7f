#include "app/cli_status.h"

#include <gtest/gtest.h>

#include <vector>

#include "admin/status.h"

namespace hf::app {
namespace {

using admin::StatusSnapshot;
using admin::VipStatus;
using nlohmann::json;
using vip::Mode;

StatusSnapshot example() {
  StatusSnapshot status;
  status.version = "0.1.0";
  status.node = "gw-a";
  status.guardian.emplace();
  status.guardian->pid = 10;
  status.guardian->gateway_pid = 11;
  status.guardian->connected = true;
  status.guardian->realtime = true;
  VipStatus& vip = status.vips.emplace_back();
  vip.report.name = "db";
  vip.report.interface = "eth1";
  vip.report.router_id = 51;
  vip.report.addresses = {"198.18.0.100/24", "198.18.0.101/24"};
  vip.report.mode = Mode::kMaster;
  vip.report.holding = true;
  vip.report.since_wall_micros = 1'700'000'000'123'456;
  vip.report.reason = "the master gave the addresses up";
  vip.report.master = vip.report.own_address = "198.18.0.1";
  vip.report.base_priority = 100;
  vip.report.priority = vip.report.master_priority = 80;
  vip.report.contributions = {{"track", -20, false, "script /x: exit 1"}};
  vip.report.transitions = {{1'700'000'000'000'000, Mode::kInitialize, Mode::kBackup, "started"}};
  vip.report.paths = {{"eth1", 34, 120, 110, 0}, {"heartbeat eth2", -1, 50, 0, 3}};
  vip.report.arbiters = {{"arp 198.18.0.254", false}};
  vip.report.refused = {{"auth-data", 4}};
  vip.tracks = {{"script /x", false, "-20", "exit 1", 0}, {"service orders: primary", true, "release", "db1", 0}};
  return status;
}

/// As the operator sees it: through the very JSON that the gateway writes.
std::string shown(const StatusSnapshot& status) { return render_status(json::parse(admin::status_json(status))); }

TEST(CliStatus, TellsAVipsStateWhyAndSinceWhen) {
  const std::string text = shown(example());
  for (const char* line :
       {"vip db: master since 2023-11-14 22:13:20.123 UTC, holding the addresses\n",
        "  because    the master gave the addresses up\n", "  addresses  198.18.0.100/24, 198.18.0.101/24\n",
        "  on         eth1, router id 51, VRRP version 3\n", "  master     198.18.0.1 (this node), priority 80\n",
        "  priority   80 = 100 - 20 (track: script /x: exit 1)\n", "  track      script /x is BAD (-20): exit 1\n",
        "  track      service orders: primary is good (release): db1\n",
        "  arbiter    arp 198.18.0.254 is OUT OF REACH\n",
        "  path       eth1: a peer was heard 34 ms ago; 120 sent, 110 received, 0 not sent\n",
        "  path       heartbeat eth2: a peer was heard never; 50 sent, 0 received, 3 not sent\n",
        "  refused    4 auth-data\n", "  2023-11-14 22:13:20.000 UTC  initialize -> backup: started\n",
        "guardian pid 10, gateway pid 11, steward pid -; real-time yes, memory locked no; gateway restarted 0 "
        "times\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "is not in\n" << text;
  }
  EXPECT_EQ(text.find("GONE"), std::string::npos);
}

TEST(CliStatus, TellsWhoElseIsMasterAndWhatForbidsIt) {
  StatusSnapshot status = example();
  vip::RouterReport& report = status.vips[0].report;
  report.mode = Mode::kFault;
  report.holding = false;
  report.master = "198.18.0.2";
  report.contributions = {{"interface eth1", 0, true, "no carrier"}};
  EXPECT_NE(shown(status).find("  master     198.18.0.2, priority 80\n"), std::string::npos);
  EXPECT_NE(shown(status).find("  forbidden  interface eth1: no carrier\n"), std::string::npos);
  EXPECT_EQ(shown(status).find("holding"), std::string::npos);
  report.master.clear();
  report.own_address.clear();
  EXPECT_NE(shown(status).find("  master     not known\n"), std::string::npos);
}

TEST(CliStatus, SaysForHowLongAVipThatMovedTooOftenPreemptsNobody) {
  StatusSnapshot status = example();
  EXPECT_EQ(shown(status).find("  damped"), std::string::npos);
  status.vips[0].report.damped_ms = 4200;
  EXPECT_NE(shown(status).find("  damped     moved too often: it preempts nobody for another 4200 ms\n"),
            std::string::npos);
}

TEST(CliStatus, SaysThatTheGuardianIsGone) {
  StatusSnapshot status = example();
  status.guardian->connected = false;
  status.guardian->report_age = 3200ms;
  EXPECT_NE(
      shown(status).find("THE GUARDIAN IS GONE: what follows of virtual addresses is its last word, 3200.0 ms old\n"),
      std::string::npos);
}

TEST(CliStatus, WithoutVipsShowsServicesOnly) {
  StatusSnapshot status;
  status.services.emplace_back().name = "orders";
  const std::string text = shown(status);
  EXPECT_EQ(text.find("vip"), std::string::npos);
  EXPECT_EQ(text.find("guardian"), std::string::npos);
  EXPECT_NE(text.find("\nservice orders"), std::string::npos);
}

TEST(CliStatus, ShowsAPrimaryWithRolesAndRoutesWhereAServiceHasThem) {
  StatusSnapshot status;
  admin::ServiceStatus& orders = status.services.emplace_back();
  orders.name = "orders";
  orders.protocol = "mysql";
  orders.primary = {3, "db1", "it alone is writable", false};
  orders.listeners = {{"127.0.0.1:3306", "read", true, ""}};
  admin::ServerStatus& server = orders.servers.emplace_back();
  server.name = "db1";
  server.role = "primary";
  server.health = "up";
  admin::ServiceStatus& mail = status.services.emplace_back();
  mail.name = "mail";
  mail.protocol = "tcp";
  mail.listeners = {{"127.0.0.1:25", "", true, ""}, {"127.0.0.1:26", "", false, "Address already in use"}};
  mail.servers = status.services.front().servers;
  mail.servers[0].role.clear();
  const std::string text = shown(status);
  EXPECT_NE(
      text.find("\nservice orders (mysql), primary db1: it alone is writable\n  listens on 127.0.0.1:3306 read\n"),
      std::string::npos)
      << text;
  EXPECT_NE(text.find(" role       health  reader    lag ms  reason\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\nservice mail (tcp)\n  listens on 127.0.0.1:25\n  listens on 127.0.0.1:26: NOT OPEN: Address "
                      "already in use\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("  server       address                health  reader  reason\n"), std::string::npos) << text;
}

TEST(CliPriority, IsShownAsItIsComposed) {
  const auto priority = [](int effective, bool preferred, std::vector<int> points) {
    json vip{
        {"priority", effective}, {"base_priority", 100}, {"preferred", preferred}, {"contributions", json::array()}};
    for (const int each : points) {
      vip["contributions"].push_back({{"source", "track"}, {"points", each}, {"reason", "r"}});
    }
    return render_priority(vip);
  };
  EXPECT_EQ(priority(100, false, {}), "100");
  EXPECT_EQ(priority(100, false, {0}), "100");
  EXPECT_EQ(priority(85, false, {-20, 5}), "85 = 100 - 20 (track: r) + 5 (track: r)");
  EXPECT_EQ(priority(1, false, {-253}), "1, the least there is; 100 - 253 (track: r)");
  EXPECT_EQ(priority(254, true, {-20}), "254, preferred by the operator (100 as configured)");
}

TEST(CliStatus, BearsAnAnswerOfAnotherVersion) {
  for (const char* text : {"null", "[]", "3", R"({"vips":[3,{}],"guardian":3,"services":[null]})",
                           R"({"vips":[{"contributions":[3,{"points":"x"}],"paths":[null],"refused":[],"since":7,)"
                           R"("addresses":[1]}],"guardian":{}})"}) {
    EXPECT_NE(render_status(json::parse(text)).find("holdfast"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace hf::app
