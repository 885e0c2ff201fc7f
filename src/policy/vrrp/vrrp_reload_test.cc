// What comes from outside while a machine runs: other settings, another address of its own, a lease that was not
// renewed.
#include "policy/vrrp/scripted_router.h"

namespace hf::policy::vrrp {
namespace {

using namespace scripted;  // NOLINT(google-build-using-namespace)

Config with_lease(Nanos lease) {
  Config config = level1();
  config.lease = lease;
  config.refresh_interval = lease / 2;
  return config;
}

TEST(VrrpReconfigured, a_master_tells_of_it_and_renews_its_lease_at_once) {
  Router router(level1());
  router.master().wait(100ms);
  Config next = with_lease(10s);
  next.priority = 90;
  router.reconfigure(next);
  EXPECT_EQ(router.kinds(), (Kinds{kSendAdvertisement, kRefreshAddresses}));
  EXPECT_EQ(router.sent(), 90);
  EXPECT_EQ(router.timer(), Nanos(1s));
}
TEST(VrrpReconfigured, a_shorter_interval_is_no_stall) {
  Config slow = level1();
  slow.advert_interval = 10s;
  Router router(slow);
  router.give(Start{}).run(45s);
  ASSERT_EQ(router.mode(), Mode::kMaster);
  router.run(5s).reconfigure(level1());
  EXPECT_EQ(router.mode(), Mode::kMaster);
  EXPECT_EQ(router.run(5s).count(kSendAdvertisement), 5);
  EXPECT_EQ(router.mode(), Mode::kMaster);
}
TEST(VrrpReconfigured, a_shorter_lease_is_none_either) {
  Router router(with_lease(20s));
  router.master().run(3s).reconfigure(with_lease(2s));
  EXPECT_EQ(router.mode(), Mode::kMaster);
  EXPECT_EQ(router.run(5s).count(kRefreshAddresses), 5);
}
TEST(VrrpReconfigured, the_time_until_then_is_judged_by_the_old_limits) {
  Config patient = with_lease(60s);
  patient.advert_interval = 10s;
  Router router(level1());
  router.master().wait(3s).reconfigure(patient);
  EXPECT_EQ(router.mode(), Mode::kBackup);
  EXPECT_TRUE(router.reported(Reason::kStalled));
  EXPECT_EQ(router.count(kRefreshAddresses), 0);
}
TEST(VrrpReconfigured, announcing_every_so_often_begins_where_it_was_off) {
  Config silent = level1();
  silent.announce_refresh = Nanos{0};
  Router router(silent);
  router.master().reconfigure(level1());
  EXPECT_EQ(router.run(10s).count(kAnnounce), 1);
}
TEST(VrrpReconfigured, a_backup_goes_on_listening) {
  Router router(level1());
  router.give(Start{}).give(advert(200)).wait(1s);
  const Nanos down = router.down();
  router.reconfigure(level1(150));
  EXPECT_EQ(router.kinds(), Kinds{});
  EXPECT_EQ(router.down(), down);
}
TEST(VrrpReconfigured, a_shorter_lease_does_not_end_a_hand_over) {
  Router router(with_lease(10s));
  router.master().wait(100ms).give(Stop{});
  ASSERT_TRUE(router.hands_over());
  router.reconfigure(with_lease(1s));
  EXPECT_TRUE(router.hands_over());
  EXPECT_EQ(router.kinds(), Kinds{kRefreshAddresses});
}

TEST(VrrpLeaseNotRenewed, a_master_without_its_addresses_yields_at_once_even_where_no_stall_is_looked_for) {
  for (const Config& config : {level1(), rfc()}) {
    Router router(config);
    router.master().give(LeaseNotRenewed{2500ms});
    EXPECT_EQ(router.mode(), Mode::kBackup);
    EXPECT_EQ(router.kinds(), (Kinds{kRemoveAddresses, kSendAdvertisement, kReportTransition}));
    EXPECT_EQ(router.sent(), 0);
    EXPECT_TRUE(router.reported(Reason::kStalled));
    EXPECT_EQ(router.late(), Nanos(2s));
  }
}
TEST(VrrpLeaseNotRenewed, ends_a_hand_over) {
  Router router(level1());
  router.master().give(Stop{}).give(LeaseNotRenewed{2500ms});
  EXPECT_EQ(router.kinds(), (Kinds{kRemoveAddresses, kSendAdvertisement}));
  EXPECT_FALSE(router.holds());
}
TEST(VrrpLeaseNotRenewed, means_nothing_to_who_holds_nothing) {
  Router router(level1());
  router.give(Start{}).give(LeaseNotRenewed{2500ms});
  EXPECT_EQ(router.mode(), Mode::kBackup);
  EXPECT_EQ(router.kinds(), Kinds{});
}

TEST(VrrpOwnAddress, another_one_changes_the_tie_break) {
  Router router(level1());
  router.master().give(advert(100, kBelow));
  EXPECT_EQ(router.mode(), Mode::kMaster);
  router.give(OwnAddress{IpAddress::v4(198, 17, 0, 9)}).give(advert(100, kBelow));
  EXPECT_EQ(router.mode(), Mode::kBackup);
}

}  // namespace
}  // namespace hf::policy::vrrp
