#include "service/mysql/frontend.h"

#include "service/mysql/events.h"
#include "service/mysql/service_changes.h"
#include "service/mysql/session.h"
#include "service/shard.h"

namespace hf::service::mysql {

using runtime::Task;

namespace {
constexpr Nanos kClosePatience = 5s;
}

FrontendMaker make_frontends(std::shared_ptr<ServiceChanges> changes) {
  return [changes = std::move(changes)](ServiceShard& service) { return std::make_unique<Frontend>(service, changes); };
}

FrontendMaker make_frontends() { return make_frontends(std::make_shared<ServiceChanges>()); }

Frontend::Frontend(ServiceShard& service, std::shared_ptr<ServiceChanges> changes)
    : service_(service), changes_(std::move(changes)), state_(service.shard()) {}

Frontend::~Frontend() = default;

Frontend* Frontend::of(ServiceShard* service) {
  return service == nullptr ? nullptr : dynamic_cast<Frontend*>(&service->frontend());
}

upstream::RefreshPtr Frontend::refresh(upstream::mysql::Subject subject) {
  return service_.control().refresh(service_.name(), static_cast<std::uint32_t>(subject));
}

bool Frontend::on_other_shards(upstream::ServerSlot slot, const std::function<void(Frontend&)>& what) {
  bool any = false;
  for (Shard* peer : service_.shard().peers()) {
    if (peer == &service_.shard()) continue;
    any = true;
    peer->post([peer, name = service_.name(), slot, what] {
      Frontend* there = of(peer->find(name));
      if (there != nullptr && slot < there->pools_.size()) what(*there);
    });
  }
  return any;
}

Task<void> Frontend::serve(net::Accepted accepted, const config::Listen& listen, Admission admission) {
  return run_session(*this, std::move(accepted), listen.mysql.route, admission);
}

void Frontend::view_changed() {
  view_ = std::static_pointer_cast<const upstream::mysql::View>(service_.view());
  if (!view_->primary || state_.statements_held == 0) return;
  service_.control().event(events::WritesReleased{.service = service_.name(),
                                                  .held = std::exchange(state_.statements_held, 0),
                                                  .waited = service_.loop().now() - state_.first_held_at});
}

void Frontend::server_added(upstream::ServerSlot slot) {
  restart(statements_on(slot), kStatementCounters);
  if (slot < pools_.size()) {
    pools_[slot]->move_to_another_server();
    return;
  }
  pools_.push_back(std::make_unique<upstream::mysql::Pool>(service_.loop(), slot));
  pools_.back()->on_pressure([this, slot] { state_.ask_to_give_back(slot); });
}

void Frontend::server_lost(upstream::ServerSlot slot, const Error& reason) {
  pools_[slot]->cut(reason);
  state_.tell_holders(slot);
}

void Frontend::tick() {
  const config::Mysql& config = service_.config().mysql;
  const TimePoint since = service_.loop().now() - config.pool_idle_timeout;
  for (const std::unique_ptr<upstream::mysql::Pool>& pool : pools_) {
    pool->trim(since, {config.max_connection_age, std::chrono::seconds(view_->defaults->wait_timeout)});
    service_.server(pool->slot()).counters.connections_open.set(pool->open_connections());
    counters().connection_resets.add(pool->take_resets());
  }
  tally_accounts();
}

/// Only when connections have come or gone since.
void Frontend::tally_accounts() {
  std::uint64_t changes = 0;
  for (const std::unique_ptr<upstream::mysql::Pool>& pool : pools_) changes += pool->changes();
  if (changes == tallied_changes_) return;
  AccountConnections accounts;
  for (const std::unique_ptr<upstream::mysql::Pool>& pool : pools_) {
    for (const upstream::mysql::Connection* connection : pool->all()) ++accounts[connection->account];
  }
  if (counters_->accounts.publish(accounts)) tallied_changes_ = changes;
}

Task<Result<void>> Frontend::close() {
  for (const std::unique_ptr<upstream::mysql::Pool>& pool : pools_) {
    Result<void> quiet = co_await pool->close(service_.loop().deadline_in(kClosePatience));
    HF_CO_RETURN_IF_ERROR(quiet);
  }
  co_return Result<void>{};
}

}  // namespace hf::service::mysql
