#include "admin/api.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "admin/admin_model_fake.h"
#include "base/events.h"
#include "runtime/stepped_loop_fake.h"

namespace hf::admin {
namespace {

using Json = nlohmann::json;

class ApiTest : public ::testing::Test {
 protected:
  HttpResponse ask(std::string method, std::string_view target, std::string body = {},
                   std::vector<HttpHeader> headers = {}) {
    HttpRequest request;
    request.method = std::move(method);
    request.target = parse_target(target).value();
    request.headers = std::move(headers);
    request.headers.push_back({"Host", "127.0.0.1:9400"});
    request.body = std::move(body);
    HttpResponse response;
    scope.spawn("ask", answer, &api, std::move(request), visitor, &response);
    EXPECT_TRUE(scope.empty());
    return response;
  }
  static runtime::Task<void> answer(Api* api, HttpRequest request, Visitor visitor, HttpResponse* response) {
    *response = co_await api->handle(std::move(request), std::move(visitor));
  }
  static Json json(const HttpResponse& response) { return Json::parse(response.body); }

  runtime::SteppedLoop loop;
  runtime::Scope scope{*loop};
  AdminModelFake model;
  Api api{model, Credentials{}};
  const Visitor over_http{Transport::kTcp, "127.0.0.1:5000", false};
  Visitor visitor{Transport::kUnixSocket, "unix (uid 0)", true};
};

TEST_F(ApiTest, StatusShowsServicesServersAndCounters) {
  model.snapshot.version = "0.1.0";
  model.snapshot.uptime = 90s;
  ServiceStatus service;
  service.name = "orders";
  service.protocol = "mysql";
  service.primary = {3, "db1", "it alone is writable", false};
  service.listeners.push_back({"127.0.0.1:3306", "split", true, ""});
  ServerStatus server;
  server.name = "db2";
  static constexpr service::LabelledTotals::Column kColumns[] = {
      {"now", {"pinned_sessions", service::CounterKind::kGauge, "Now."}, true},
      {"so_far", {"pins", service::CounterKind::kCounter, "So far."}, false},
  };
  service::LabelledTotals& pins =
      service.totals.table({.name = "pins", .label = "reason", .note_key = "because", .columns = kColumns, .rows = {}});
  pins.add("temporary-table", "it has made temporary tables", {1, 4});
  pins.add("xa", "it has a branch", {0, 0});
  server.role = "replica";
  server.health = "up";
  server.reader = true;
  server.lag = 1200ms;
  server.weight = 2;
  server.effective_weight = 150;
  server.reason = "replica of db1, 1200ms behind";
  server.counters.add({"in_flight", service::CounterKind::kGauge, "Now."}, 7);
  service.servers.push_back(server);
  ServerStatus strange;
  strange.reason = "server said \xff\xfe";
  service.servers.push_back(strange);
  model.snapshot.services.push_back(service);

  const HttpResponse response = ask("GET", "/api/v1/status");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "application/json");
  const Json body = json(response);
  EXPECT_EQ(body["uptime_seconds"], 90.0);
  const Json& shown = body["services"][0];
  EXPECT_EQ(shown["primary"], "db1");
  EXPECT_EQ(shown["epoch"], 3);
  EXPECT_EQ(shown["listeners"][0]["route"], "split");
  EXPECT_EQ(shown["servers"][0]["role"], "replica");
  EXPECT_EQ(shown["servers"][0]["lag_ms"], 1200.0);
  EXPECT_EQ(shown["servers"][0]["effective_weight"], 1.5);
  EXPECT_EQ(shown["servers"][0]["counters"]["in_flight"], 7);
  EXPECT_EQ(shown["counters"]["pinned_sessions"], 1);
  EXPECT_EQ(
      shown["pins"],
      Json::parse(R"([{"reason":"temporary-table","because":"it has made temporary tables","now":1,"so_far":4}])"));
  EXPECT_TRUE(shown["servers"][1]["lag_ms"].is_null());
  EXPECT_TRUE(shown["servers"][1]["role"].is_null());
  EXPECT_FALSE(shown.contains("latency"));
}

TEST_F(ApiTest, AServiceWithoutAPrimaryShowsNeitherRolesNorRoutesNorWhatOtherProtocolsCount) {
  ServiceStatus mail;
  mail.name = "mail";
  mail.protocol = "tcp";
  mail.listeners.push_back({"127.0.0.1:25", "", true, ""});
  mail.servers.emplace_back().name = "m1";
  mail.totals.counters.add({"clients", service::CounterKind::kGauge, "Now."}, 2);
  model.snapshot.services.push_back(mail);
  const Json shown = json(ask("GET", "/api/v1/status"))["services"][0];
  std::vector<std::string> keys;
  for (const auto& [key, value] : shown.items()) keys.push_back(key);
  std::ranges::sort(keys);
  EXPECT_EQ(keys, (std::vector<std::string>{"balance", "counters", "listeners", "name", "protocol", "servers"}));
  EXPECT_EQ(shown["counters"], Json::parse(R"({"clients":2})"));
  EXPECT_FALSE(shown["listeners"][0].contains("route"));
  for (const char* key : {"role", "lag_ms", "version"}) EXPECT_FALSE(shown["servers"][0].contains(key)) << key;
}

TEST_F(ApiTest, SessionsAreListedWithTheReasonAndACountOfTheRest) {
  service::HeldSession pinned;
  pinned.service = "orders";
  pinned.id = 1U << 30 | 7;
  pinned.account = "app@%";
  pinned.client = "198.18.0.7:52114";
  pinned.server = "db1";
  pinned.grip = service::Grip::kPinned;
  pinned.reason = policy::session::words_of(policy::session::PinReason::kUserLock);
  pinned.shape = "select get_lock(?, ?)";
  pinned.since_wall_micros = 1'700'000'000'123'456;
  service::HeldSession runs;
  runs.reason = policy::session::words_of_ties(0);
  runs.running = true;
  model.session_page.sessions = {{pinned, runs, runs}, 5};
  model.session_page.silent_shards = 1;
  const HttpResponse response = ask("GET", "/api/v1/sessions?service=orders&limit=2");
  EXPECT_EQ(response.status, 200);
  const Json body = json(response);
  EXPECT_EQ(body["total"], 5);
  EXPECT_EQ(body["left_out"], 3);
  EXPECT_EQ(body["silent_shards"], 1);
  ASSERT_EQ(body["sessions"].size(), 2U);
  EXPECT_EQ(body["sessions"][0],
            Json::parse(R"json({"service":"orders","id":1073741831,"account":"app@%","client":"198.18.0.7:52114",
    "server":"db1","pinned":true,"running":false,"reason":"user-lock",
    "because":"it uses named locks (`GET_LOCK` and its family)",
    "shape":"select get_lock(?, ?)","since":"2023-11-14T22:13:20.123456Z"})json"));
  EXPECT_EQ(body["sessions"][1]["reason"], "statement");
  EXPECT_EQ(body["sessions"][1]["running"], true);
  EXPECT_TRUE(body["sessions"][1]["server"].is_null());
  EXPECT_TRUE(body["sessions"][1]["shape"].is_null());
}

TEST_F(ApiTest, SessionsOfAnUnknownServiceOrAStrangeNumberAreRefused) {
  EXPECT_EQ(ask("GET", "/api/v1/sessions?service=nobody").status, 404);
  EXPECT_EQ(ask("GET", "/api/v1/sessions?limit=many").status, 400);
  EXPECT_EQ(ask("POST", "/api/v1/sessions").status, 405);
  visitor = over_http;
  api.set_credentials(Credentials{"s3cret", "", ""});
  EXPECT_EQ(ask("GET", "/api/v1/sessions").status, 401);
}

TEST_F(ApiTest, StatusShowsVirtualAddresses) {
  VipStatus& vip = model.snapshot.vips.emplace_back();
  vip.report.name = "db";
  vip.report.addresses = {"198.18.0.100/24"};
  vip.report.mode = vip::Mode::kFault;
  vip.report.since_wall_micros = 1'700'000'000'123'456;
  vip.report.reason = "the interface is down";
  vip.report.base_priority = 100;
  vip.report.priority = 80;
  vip.report.contributions = {{"track", -20, false, "script /x: exit 1"}, {"interface eth1", 0, true, "no carrier"}};
  vip.report.transitions = {{1, vip::Mode::kMaster, vip::Mode::kFault, "the interface is down"}};
  vip.report.paths = {{"eth1", -1, 5, 0, 2}, {"eth2", 30, 5, 4, 0}};
  vip.report.arbiters = {{"arp 198.18.0.1", true}};
  vip.report.refused = {{"checksum", 3}};
  vip.tracks = {{"service orders: primary", true, "release", "db1 is primary", 0}};
  const Json shown = json(ask("GET", "/api/v1/status"))["vips"][0];
  EXPECT_EQ(shown["name"], "db");
  EXPECT_EQ(shown["state"], "fault");
  EXPECT_EQ(shown["holding"], false);
  EXPECT_EQ(shown["since"], "2023-11-14T22:13:20.123456Z");
  EXPECT_EQ(shown["priority"], 80);
  EXPECT_EQ(shown["base_priority"], 100);
  EXPECT_TRUE(shown["master"].is_null());
  EXPECT_TRUE(shown["master_priority"].is_null());
  EXPECT_EQ(shown["contributions"][0]["points"], -20);
  EXPECT_EQ(shown["contributions"][1]["release"], true);
  EXPECT_EQ(shown["transitions"][0]["from"], "master");
  EXPECT_EQ(shown["transitions"][0]["to"], "fault");
  EXPECT_TRUE(shown["paths"][0]["heard_ms"].is_null());
  EXPECT_EQ(shown["paths"][0]["send_failures"], 2);
  EXPECT_EQ(shown["paths"][1]["heard_ms"], 30);
  EXPECT_EQ(shown["arbiters"][0]["reached"], true);
  EXPECT_EQ(shown["refused"]["checksum"], 3);
  EXPECT_EQ(shown["tracks"][0]["weight"], "release");
  EXPECT_TRUE(shown["tracks"][0]["since"].is_null());
}

TEST_F(ApiTest, StatusShowsTheGuardianOrNull) {
  EXPECT_TRUE(json(ask("GET", "/api/v1/status"))["guardian"].is_null());
  EXPECT_TRUE(json(ask("GET", "/api/v1/status"))["vips"].empty());
  GuardianStatus& guardian = model.snapshot.guardian.emplace();
  guardian.pid = 10;
  guardian.gateway_pid = 11;
  guardian.realtime = true;
  guardian.connected = true;
  guardian.report_age = 250ms;
  guardian.longest_delay = 2ms;
  const Json shown = json(ask("GET", "/api/v1/status"))["guardian"];
  EXPECT_EQ(shown["pid"], 10);
  EXPECT_EQ(shown["gateway_pid"], 11);
  EXPECT_TRUE(shown["steward_pid"].is_null());
  EXPECT_EQ(shown["realtime"], true);
  EXPECT_EQ(shown["memory_locked"], false);
  EXPECT_EQ(shown["connected"], true);
  EXPECT_EQ(shown["report_age_ms"], 250.0);
  EXPECT_EQ(shown["longest_delay_ms"], 2.0);
  EXPECT_EQ(shown["gateway_restarts"], 0);
}

TEST_F(ApiTest, EventsComeInPages) {
  for (int i = 0; i < 5; ++i) {
    model.log.append(hf::events::BugSurvived{.where = "shard " + std::to_string(i), .what = "nothing"});
  }
  const Json first = json(ask("GET", "/api/v1/events?since=0&limit=3"));
  ASSERT_EQ(first["events"].size(), 3U);
  EXPECT_EQ(first["events"][0]["level"], "error");
  EXPECT_EQ(first["events"][0]["id"], "HF-4006");
  EXPECT_EQ(first["events"][0]["event"], "bug_survived");
  EXPECT_EQ(first["events"][0]["fields"]["where"], "shard 0");
  EXPECT_EQ(first["next"], 3);
  EXPECT_EQ(json(ask("GET", "/api/v1/events?since=3"))["events"].size(), 2U);
  EXPECT_EQ(ask("GET", "/api/v1/events?since=-1").status, 400);
  EXPECT_EQ(ask("GET", "/api/v1/events?since=1x").status, 400);
}

TEST_F(ApiTest, DrainAndResumeReachTheModelWithTheCaller) {
  EXPECT_EQ(ask("POST", "/api/v1/servers/orders/db2/drain").status, 200);
  EXPECT_EQ(ask("POST", "/api/v1/servers/orders/db2/resume").status, 200);
  EXPECT_EQ(model.commands, (std::vector<std::string>{"drain db2 by @unix (uid 0)", "resume db2 by @unix (uid 0)"}));
  const HttpResponse unknown = ask("POST", "/api/v1/servers/nope/db2/drain");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(json(unknown)["error"]["message"], "no service \"nope\"");
  EXPECT_EQ(ask("POST", "/api/v1/servers/orders/db2/explode").status, 404);
}

TEST_F(ApiTest, OrdersForAVipReachTheModelWithTheCaller) {
  for (const char* order : {"release", "prefer", "resume"}) {
    const HttpResponse response = ask("POST", std::string("/api/v1/vips/db/") + order);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(json(response)["ordered"], order);
    EXPECT_EQ(model.commands.back(), std::string(order) + " db by @unix (uid 0)");
  }
  const HttpResponse unknown = ask("POST", "/api/v1/vips/nope/release");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(json(unknown)["error"]["message"], "no vip 'nope'; there is db");
  EXPECT_EQ(ask("POST", "/api/v1/vips/db/explode").status, 404);
  model.guardian = false;
  EXPECT_EQ(ask("POST", "/api/v1/vips/db/release").status, 503);
  EXPECT_EQ(model.commands.size(), 3U);
}

TEST_F(ApiTest, OnlyPostChangesAnything) {
  for (const char* path : {"/api/v1/reload", "/api/v1/servers/orders/db2/drain", "/api/v1/servers/orders/db2/resume",
                           "/api/v1/vips/db/release"}) {
    const HttpResponse response = ask("GET", path);
    EXPECT_EQ(response.status, 405) << path;
    EXPECT_EQ(response.headers[0].value, "POST");
  }
  for (const char* path : {"/api/v1/status", "/api/v1/events", "/metrics", "/healthz", "/readyz"}) {
    EXPECT_EQ(ask("POST", path).status, 405) << path;
    EXPECT_EQ(ask("HEAD", path).status, path == std::string("/readyz") ? 503 : 200) << path;
  }
  EXPECT_TRUE(model.commands.empty());
}

const char* const kCommands[] = {
    "/api/v1/reload",          "/api/v1/servers/orders/db2/drain", "/api/v1/servers/orders/db2/resume",
    "/api/v1/vips/db/release", "/api/v1/vips/db/prefer",           "/api/v1/vips/db/resume"};

TEST_F(ApiTest, WithoutCredentialsHttpShowsAndDoesNotCommand) {
  visitor = over_http;
  for (const char* path : kCommands) {
    const HttpResponse response = ask("POST", path);
    EXPECT_EQ(response.status, 403) << path;
    const std::string why = json(response)["error"]["message"];
    EXPECT_NE(why.find("Unix socket"), std::string::npos) << why;
    EXPECT_NE(why.find("admin.token_file"), std::string::npos) << why;
  }
  EXPECT_TRUE(model.commands.empty());
  EXPECT_EQ(model.refusals.size(), std::size(kCommands));
  model.snapshot.readiness = {true, ""};
  for (const char* path : {"/api/v1/status", "/api/v1/events", "/metrics", "/healthz", "/readyz",
                           "/api/v1/explain?service=orders&sql=select+1"}) {
    EXPECT_EQ(ask("GET", path).status, 200) << path;
  }
  EXPECT_EQ(ask("POST", "/api/v1/explain?service=orders", "select 3").status, 200) << "a question changes nothing";
}

TEST_F(ApiTest, WithACredentialHttpCommands) {
  api.set_credentials(Credentials{"s3cret", "", ""});
  visitor = over_http;
  for (const char* path : kCommands) {
    EXPECT_EQ(ask("POST", path, "", {{"Authorization", "Bearer s3cret"}}).status, 200) << path;
  }
  EXPECT_EQ(model.commands.size(), std::size(kCommands));
}

TEST_F(ApiTest, AStrangerOnTheUnixSocketGetsTheProbesOnly) {
  visitor = {Transport::kUnixSocket, "unix (uid 65534)", false};
  for (const char* path : kCommands) EXPECT_EQ(ask("POST", path).status, 403) << path;
  const HttpResponse shown = ask("GET", "/api/v1/status");
  EXPECT_EQ(shown.status, 403);
  EXPECT_NE(shown.body.find("not for unix (uid 65534)"), std::string::npos) << shown.body;
  EXPECT_EQ(ask("GET", "/healthz").status, 200);
  EXPECT_TRUE(model.commands.empty());
}

TEST_F(ApiTest, ReloadTellsWhatChangedOrAllThatIsWrong) {
  EXPECT_EQ(json(ask("POST", "/api/v1/reload"))["changes"][0], "server db4 added");
  model.reload_outcome =
      ReloadOutcome{.accepted = false, .changes = {}, .needs_restart = {}, .errors = {"f:1:2: bad", "f:3:4: worse"}};
  const HttpResponse rejected = ask("POST", "/api/v1/reload");
  EXPECT_EQ(rejected.status, 422);
  EXPECT_EQ(json(rejected)["errors"].size(), 2U);
}

TEST_F(ApiTest, ExplainTakesQueryJsonOrText) {
  EXPECT_EQ(json(ask("GET", "/api/v1/explain?service=orders&sql=select+1"))["shape"], "select 1");
  const Json by_json = json(ask("POST", "/api/v1/explain", R"({"service":"orders","sql":"select 2"})",
                                {{"Content-Type", "application/json"}}));
  EXPECT_EQ(by_json["shape"], "select 2");
  EXPECT_EQ(by_json["servers"], (Json{"db2", "db3"}));
  EXPECT_TRUE(by_json["hint"].is_null());
  EXPECT_EQ(json(ask("POST", "/api/v1/explain?service=orders", "select 3"))["shape"], "select 3");
  EXPECT_EQ(ask("GET", "/api/v1/explain?service=orders").status, 400);
  EXPECT_EQ(ask("GET", "/api/v1/explain?service=x&sql=y").status, 404);
}

TEST_F(ApiTest, HostileJsonIsRefusedWithoutHarm) {
  const std::vector<HttpHeader> type = {{"Content-Type", "application/json"}};
  for (const std::string& body : {std::string("{"), std::string("[]"), std::string(R"({"service":1,"sql":"x"})"),
                                  std::string(1 << 20, '['), std::string("{\"sql\":\"\xff\"}")}) {
    EXPECT_EQ(ask("POST", "/api/v1/explain", body, type).status, 400) << body.substr(0, 40);
  }
}

TEST_F(ApiTest, ReadyzTellsTheReason) {
  model.snapshot.readiness = {false, "orders: no primary"};
  EXPECT_EQ(ask("GET", "/readyz").status, 503);
  EXPECT_EQ(ask("GET", "/readyz").body, "orders: no primary\n");
  model.snapshot.readiness = {true, ""};
  EXPECT_EQ(ask("GET", "/readyz").status, 200);
  EXPECT_EQ(ask("GET", "/healthz").body, "ok\n");
}

TEST_F(ApiTest, MetricsAreInTheTextFormat) {
  const HttpResponse response = ask("GET", "/metrics");
  EXPECT_EQ(response.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_NE(response.body.find("holdfast_uptime_seconds 0\n"), std::string::npos);
}

TEST_F(ApiTest, UnknownPathsAreNotFound) {
  EXPECT_EQ(ask("GET", "/").status, 404);
  EXPECT_EQ(ask("GET", "/api/v1/statuses").status, 404);
  EXPECT_EQ(ask("GET", "/api/v1/status/x").status, 404);
}

TEST_F(ApiTest, WithATokenEverythingButTheProbesAsksForIt) {
  visitor = over_http;
  api.set_credentials(Credentials{"s3cret", "", ""});
  for (const char* path : {"/api/v1/status", "/metrics", "/api/v1/events", "/nowhere"}) {
    EXPECT_EQ(ask("GET", path).status, 401) << path;
  }
  EXPECT_EQ(ask("POST", "/api/v1/reload").status, 401);
  EXPECT_EQ(model.refusals.size(), 5U);
  EXPECT_EQ(model.refusals.back(), "127.0.0.1:5000 /api/v1/reload: credentials are missing");
  EXPECT_EQ(ask("GET", "/healthz").status, 200);
  EXPECT_TRUE(model.commands.empty());
  EXPECT_EQ(ask("POST", "/api/v1/reload", "", {{"Authorization", "Bearer s3cret"}}).status, 200);
  EXPECT_EQ(model.commands, (std::vector<std::string>{"reload by token@127.0.0.1:5000"}));
}

TEST_F(ApiTest, AForeignPageCannotDrain) {
  visitor = over_http;
  EXPECT_EQ(ask("POST", "/api/v1/servers/orders/db2/drain", "", {{"Origin", "http://evil.example"}}).status, 403);
  EXPECT_TRUE(model.commands.empty());
}

}  // namespace
}  // namespace hf::admin
