#include "app/protocols.h"

#include "app/explain.h"
#include "base/assert.h"
#include "service/mysql/frontend.h"
#include "service/mysql/session_list.h"
#include "service/tcp/frontend.h"
#include "topology/mysql/judge.h"
#include "topology/tcp/judge.h"

namespace hf::app {

namespace {

constexpr Protocol kTcp{
    .name = "tcp",
    .descriptors_per_client = service::tcp::kDescriptorsPerClient,
    .pooled_per_server = [](const config::Service& /*service*/) -> std::size_t { return 0; },
    .frontends = service::tcp::make_frontends,
    .judge = topology::tcp::make_judge,
    .has_routes = false,
    .explain = nullptr,
    .list_sessions = nullptr,
};

constexpr Protocol kMysql{
    .name = "mysql",
    .descriptors_per_client = service::mysql::kDescriptorsPerClient,
    .pooled_per_server = [](const config::Service& service) -> std::size_t {
      return service.mysql.max_server_connections;
    },
    .frontends = service::mysql::make_frontends,
    .judge = topology::mysql::make_judge,
    .has_routes = true,
    .explain = explain_mysql,
    .list_sessions = service::mysql::list_sessions,
};

}  // namespace

const Protocol& protocol_of(const config::Service& service) {
  switch (service.protocol) {
    case config::Protocol::kTcp: return kTcp;
    case config::Protocol::kMysql: return kMysql;
  }
  HF_CHECK(false);
  return kTcp;
}

}  // namespace hf::app
