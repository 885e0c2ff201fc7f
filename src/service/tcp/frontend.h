// Frontend: TCP's part of one service on one shard. A client gets one server for as long as both are there.
//
// Owner: ServiceShard. Thread: the shard's.
#pragma once

#include "service/frontend.h"

namespace hf::service::tcp {

/// Its own, and one to a server.
inline constexpr std::uint32_t kDescriptorsPerClient = 2;

FrontendMaker make_frontends();

class Frontend final : public service::Frontend {
 public:
  explicit Frontend(ServiceShard& service) : service_(service) {}

  std::shared_ptr<ShardCounters> shard_counters() const override { return counters_; }
  std::uint32_t descriptors_per_client() const override { return kDescriptorsPerClient; }
  /// Picks a server, connects (another one when that fails), relays. Bounds: connect_timeout per server, client_timeout
  /// without a byte either way, those of relay().
  runtime::Task<void> serve(net::Accepted accepted, const config::Listen& listen, Admission admission) override;
  void view_changed() override {}
  void server_added(upstream::ServerSlot /*slot*/) override {}
  void server_lost(upstream::ServerSlot /*slot*/, const Error& /*reason*/) override {}  // relays find out by themselves
  bool uses(upstream::ServerSlot /*slot*/) const override { return false; }
  void tick() override {}
  void drain() override {}  // a relay is never between two pieces of work
  runtime::Task<Result<void>> close() override;

 private:
  ServiceShard& service_;
  std::shared_ptr<ShardCounters> counters_ = std::make_shared<ShardCounters>();
};

}  // namespace hf::service::tcp
