// What a shard does when views come: slots whose server went, and slots that are given to another.
#include <gtest/gtest.h>

#include "service/shard.h"
#include "service/tcp/frontend.h"

namespace hf::service {
namespace {

class ServiceShardTest : public ::testing::Test {
 protected:
  ServiceShardTest() { config_->services.emplace_back().name = "mail"; }
  /// A view with one server under this lease; nullptr: it was taken out.
  upstream::ServiceViewPtr view_with(std::shared_ptr<const upstream::SlotLease> lease) {
    auto view = std::make_shared<upstream::ServiceView>();
    view->config = config_;
    view->service = config_->services.data();
    upstream::ServerView& server = view->servers.emplace_back();
    server.present = lease != nullptr;
    server.lease = std::move(lease);
    return view;
  }
  ServiceShard& start(upstream::ServiceViewPtr view) { return shard_.add(shared_, std::move(view)); }
  ~ServiceShardTest() override {
    bool closed = false;
    shard_.close_all(Nanos::zero(), [&] { closed = true; });
    for (int i = 0; i < 2000 && !closed; ++i) shard_.loop().turn(shard_.loop().deadline_in(5ms));
    EXPECT_TRUE(closed);
    shard_.loop().turn(shard_.loop().deadline_in(5ms));
  }

  Control control_{[](const std::string&, upstream::ServerSlot, const std::string&) {}, [](Event) {}};
  std::shared_ptr<config::Config> config_ = std::make_shared<config::Config>();
  std::shared_ptr<ServiceShared> shared_ = std::make_shared<ServiceShared>("mail", tcp::make_frontends());
  Shard shard_{0, control_, 1};
};

std::shared_ptr<const upstream::SlotLease> lease(std::uint64_t number) {
  return std::make_shared<const upstream::SlotLease>(upstream::SlotLease{number});
}

TEST_F(ServiceShardTest, ASlotsLeaseIsGivenBackWhenNothingRefersToTheServerAnyMore) {
  const auto first = lease(1);
  ServiceShard& service = start(view_with(first));
  EXPECT_GT(first.use_count(), 1);
  ++service.server(0).in_flight;  // a TCP session, say
  service.apply(view_with(nullptr));
  service.tick();
  EXPECT_EQ(first.use_count(), 2);  // the shard's own, while the session lasts
  --service.server(0).in_flight;
  service.tick();
  EXPECT_EQ(first.use_count(), 1);
}

TEST_F(ServiceShardTest, AServerThatIsConfiguredKeepsItsSlotHoweverIdle) {
  const auto first = lease(1);
  ServiceShard& service = start(view_with(first));
  for (int i = 0; i < 3; ++i) service.tick();
  EXPECT_NE(service.server(0).lease, nullptr);
}

TEST_F(ServiceShardTest, CountersBeginAnewForAnotherServerInASlotAndGoOnForTheSame) {
  const auto first = lease(1);
  ServiceShard& service = start(view_with(first));
  service.server(0).counters.connections_total.add(7);
  service.apply(view_with(nullptr));
  service.tick();
  service.apply(view_with(first));  // it comes back
  EXPECT_EQ(service.server(0).counters.connections_total.get(), 7U);
  service.apply(view_with(nullptr));
  service.tick();
  service.apply(view_with(lease(2)));
  EXPECT_EQ(service.server(0).counters.connections_total.get(), 0U);
}

TEST(ShardCountersDeathTest, NoSlotBeyondTheLastIsWritten) {
  ShardCounters counters;
  counters.servers.make(kMostServers - 1);
  EXPECT_DEATH(counters.servers.make(kMostServers), "slot < kMostServers");
}

TEST(ShardDeathTest, AnIdThatConnectionIdsHaveNoRoomForIsNotTaken) {
  EXPECT_DEATH(Shard(kMostShards, Control{}, 1), "id < kMostShards");
}

}  // namespace
}  // namespace hf::service
