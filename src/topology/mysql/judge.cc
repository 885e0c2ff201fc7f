#include "topology/mysql/judge.h"

#include "proto/mysql/handshake.h"
#include "upstream/mysql/view.h"
#include "upstream/places.h"

namespace hf::topology::mysql {

std::unique_ptr<topology::Judge> make_judge(Bench& bench) { return std::make_unique<Judge>(bench); }

void Judge::meet(WatchedServer& server) {
  const config::Mysql& settings = bench_.service().mysql;
  upstream::mysql::Credentials monitor{settings.monitor.user, settings.monitor.password, std::nullopt};
  if (server.checker == nullptr) {
    server.places = std::make_shared<upstream::Places>(settings.max_server_connections);
    server.checker = std::make_unique<check::MysqlCheck>(bench_.loop(), server.address, std::move(monitor));
    return;
  }
  server.places->set_most(settings.max_server_connections);
  if (!check_of(server).set_monitor(std::move(monitor))) return;
  server.hurry = true;
  readings_.read_accounts_anew();  // another account may see others
}

void Judge::configure() {
  const config::Service& service = bench_.service();
  policy::replica_set::ReplicaSetConfig set{service.name,
                                            {},
                                            service.mysql.max_replica_lag,
                                            service.mysql.reads_fallback_to_primary,
                                            service.mysql.slow_start};
  for (const WatchedServer* server : bench_.servers()) {
    set.servers.push_back({server->server.name, server->address.host(), server->address.port(), server->server.weight});
  }
  if (replica_set_ == nullptr) {
    replica_set_ = std::make_unique<policy::replica_set::ReplicaSet>(std::move(set));
  } else {
    replica_set_->reconfigure(std::move(set));
  }
  readings_.configure();
}

void Judge::looked(const WatchedServer& server) {
  if (greeting_.version.empty() || primary_ == server.slot) greeting_ = check_of(server).greeting();
}

std::shared_ptr<upstream::ServiceView> Judge::judge(upstream::ServiceView seen) {
  const std::vector<WatchedServer*> servers = bench_.servers();
  std::vector<policy::replica_set::ServerInput> inputs;
  for (const WatchedServer* server : servers) {
    policy::replica_set::ServerInput input;
    input.health = server->rise_fall.health();
    input.suspected = server->rise_fall.suspected();
    input.check_reason = server->check;
    input.observation = check_of(*server).observation();
    input.admin = server->drained ? policy::replica_set::AdminState::kDrained : policy::replica_set::AdminState::kReady;
    inputs.push_back(std::move(input));
  }
  policy::replica_set::ReplicaSet::Outcome outcome = replica_set_->step({inputs, std::nullopt, bench_.loop().now()});
  for (Event& event : outcome.events) bench_.event(std::move(event));
  const policy::replica_set::ReplicaSetVerdict& verdict = verdict_.emplace(std::move(outcome.verdict));
  auto view = std::make_shared<upstream::mysql::View>(std::move(seen));
  view->epoch = verdict.epoch;
  view->no_primary_reason = verdict.reason;
  for (std::size_t i = 0; i < servers.size(); ++i) {
    upstream::ServerView& server = view->servers[servers[i]->slot];
    server.reader = verdict.servers[i].reader_eligible;
    server.weight = verdict.servers[i].effective_weight;
    server.reason = verdict.servers[i].reason;
  }
  if (verdict.primary) view->primary = servers[*verdict.primary]->slot;
  if (primary_ != view->primary) readings_.read_from(view->primary);
  primary_ = view->primary;
  view->server_version = greeting_.version;
  view->server_capabilities = greeting_.capabilities;
  if (greeting_.charset != 0) view->server_charset = greeting_.charset;
  view->mariadb = proto::mysql::is_mariadb(greeting_.version);
  readings_.fill(*view);
  return view;
}

void Judge::describe(ServiceReport& report) const {
  PrimaryReport& primary = report.primary.emplace();
  const std::vector<WatchedServer*> servers = bench_.servers();
  for (std::size_t i = 0; i < report.servers.size(); ++i) {
    const std::optional<policy::replica_set::ServerObservation>& observation = check_of(*servers[i]).observation();
    if (observation) report.servers[i].version = observation->version;
  }
  if (!verdict_) return;
  primary = {verdict_->epoch, verdict_->primary, verdict_->reason, verdict_->reads_on_primary};
  for (std::size_t i = 0; i < report.servers.size() && i < verdict_->servers.size(); ++i) {
    const auto& verdict = verdict_->servers[i];
    report.servers[i].role = policy::replica_set::to_string(verdict.role);
    report.servers[i].lag = verdict.lag;
    report.servers[i].reason = verdict.reason;
  }
}

void Judge::refresh(std::uint32_t subject, upstream::Refresh& asked) {
  switch (static_cast<upstream::mysql::Subject>(subject)) {
    case upstream::mysql::Subject::kAccounts: readings_.refresh_accounts(asked); return;
    case upstream::mysql::Subject::kDefaults: readings_.refresh_defaults(asked); return;
  }
}

}  // namespace hf::topology::mysql
