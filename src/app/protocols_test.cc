// What the protocols count, seen together: names are shared only for what is the same.
#include "app/protocols.h"

#include <gtest/gtest.h>

#include <fstream>

#include "admin/metrics.h"
#include "service/mysql/counters.h"

namespace hf::app {
namespace {

admin::StatusSnapshot one_service_of_each_protocol() {
  admin::StatusSnapshot status;
  const auto mysql = std::make_shared<service::mysql::ShardCounters>();
  const auto tcp = std::make_shared<service::ShardCounters>();
  for (const auto& [name, counters] :
       {std::pair<const char*, std::shared_ptr<service::ShardCounters>>{"orders", mysql}, {"mail", tcp}}) {
    admin::ServiceStatus& service = status.services.emplace_back();
    service.name = name;
    counters->servers.make(0);
    mysql->statements.make(0);
    service.totals = service::sum_up({counters});
    service.servers.emplace_back().name = "s1";
    service.servers[0].counters = service::sum_up_server({counters}, 0);
  }
  return status;
}

TEST(Protocols, TheManualNamesNoMetricThatIsNotThere) {
  std::ifstream file(std::string(HF_SOURCE_DIR) + "/docs/mysql-service.md");
  const std::string exposed = render_prometheus(one_service_of_each_protocol());
  std::size_t named = 0;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("| `holdfast_")) continue;
    const std::string name = line.substr(3, line.find_first_of("`{", 3) - 3);
    EXPECT_NE(exposed.find("\n# TYPE " + name + " "), std::string::npos) << name;
    ++named;
  }
  EXPECT_EQ(named, 8U);
}

TEST(Protocols, ATcpServiceShowsNothingOfMysql) {
  const std::string exposed = render_prometheus(one_service_of_each_protocol());
  for (const char* name : {"service_statements_total", "service_pins_total", "service_statement_seconds_count",
                           "server_statements_total"}) {
    EXPECT_NE(exposed.find("\nholdfast_" + std::string(name) + R"({service="orders")"), std::string::npos) << name;
    EXPECT_EQ(exposed.find("\nholdfast_" + std::string(name) + R"({service="mail")"), std::string::npos) << name;
  }
  EXPECT_NE(exposed.find(R"(holdfast_server_in_flight{service="mail",server="s1"} 0)"), std::string::npos);
}

TEST(Protocols, ANameThatSeveralShareSaysTheSameForAll) {
  const admin::StatusSnapshot status = one_service_of_each_protocol();
  std::vector<service::CounterTotals::Total> known;
  for (const admin::ServiceStatus& service : status.services) {
    for (const service::CounterTotals::Total& total : service.totals.counters.all()) {
      for (const service::CounterTotals::Total& other : known) {
        if (other.words.name != total.words.name) continue;
        EXPECT_EQ(other.words.help, total.words.help) << total.words.name;
        EXPECT_EQ(other.words.kind, total.words.kind) << total.words.name;
      }
      known.push_back(total);
    }
  }
  EXPECT_GT(known.size(), 20U);
}

}  // namespace
}  // namespace hf::app
