// Frontend: MySQL's part of one service on one shard: the sessions, their connections to servers, and what they share.
//
// Owner: ServiceShard. Thread: the shard's.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "service/frontend.h"
#include "service/mysql/counters.h"
#include "service/mysql/shard_state.h"
#include "upstream/mysql/pool.h"
#include "upstream/mysql/view.h"
#include "upstream/refresh.h"

namespace hf::service::mysql {

class ServiceChanges;

/// Only the client's own: the connections to servers are the service's.
inline constexpr std::uint32_t kDescriptorsPerClient = 1;

/// For one service.
FrontendMaker make_frontends(std::shared_ptr<ServiceChanges> changes);
FrontendMaker make_frontends();

class Frontend final : public service::Frontend {
 public:
  Frontend(ServiceShard& service, std::shared_ptr<ServiceChanges> changes);
  ~Frontend() override;

  /// nullptr: the service speaks something else.
  static Frontend* of(ServiceShard* service);

  ServiceShard& service() { return service_; }
  const ServiceShard& service() const { return service_; }
  /// What statements through any shard have changed.
  ServiceChanges& changes() { return *changes_; }
  ShardState& state() { return state_; }
  const upstream::mysql::ViewPtr& view() const { return view_; }
  upstream::mysql::Pool& pool(upstream::ServerSlot slot) { return *pools_[slot]; }
  SessionCounters& counters() { return counters_->sessions; }
  StatementCounters& statements_on(upstream::ServerSlot slot) { return counters_->statements.make(slot); }
  PinCounters& pins() { return counters_->pins; }
  LatencyHistogram& latency() { return counters_->latency; }
  /// Has a subject read anew from the servers; the view that comes then has its round.
  upstream::RefreshPtr refresh(upstream::mysql::Subject subject);
  /// Posts it to every other shard that knows the server; false: there is no other.
  bool on_other_shards(upstream::ServerSlot slot, const std::function<void(Frontend&)>& what);

  std::shared_ptr<service::ShardCounters> shard_counters() const override { return counters_; }
  std::uint32_t descriptors_per_client() const override { return kDescriptorsPerClient; }
  runtime::Task<void> serve(net::Accepted accepted, const config::Listen& listen, Admission admission) override;
  void view_changed() override;
  void server_added(upstream::ServerSlot slot) override;
  void server_lost(upstream::ServerSlot slot, const Error& reason) override;
  bool uses(upstream::ServerSlot slot) const override { return pools_[slot]->open_connections() > 0; }
  void tick() override;
  void drain() override { state_.end_idle_sessions(); }
  runtime::Task<Result<void>> close() override;

 private:
  void tally_accounts();

  ServiceShard& service_;
  std::shared_ptr<ServiceChanges> changes_;
  std::shared_ptr<ShardCounters> counters_ = std::make_shared<ShardCounters>();
  upstream::mysql::ViewPtr view_;  // the service's
  ShardState state_;
  std::vector<std::unique_ptr<upstream::mysql::Pool>> pools_;  // by slot
  std::uint64_t tallied_changes_ = 0;                          // of the pools, when the accounts were published
};

}  // namespace hf::service::mysql
