// The planned release: priority 0 at once, the addresses when the successor is heard; and what a backup makes of it.
#include <gtest/gtest.h>

#include <algorithm>

#include "policy/vrrp/scripted_router.h"

namespace hf::policy::vrrp {
namespace {

using namespace scripted;  // NOLINT(google-build-using-namespace): the words of the tables

constexpr Nanos kLimit = Nanos(1s) + 10ms + 20ms + 50ms;  // of level1()

Config fast() {
  Config config = level1();
  config.advert_interval = 100ms;
  return config;
}

const Input kPlanned[] = {Stop{}, OperatorCommand::kRelease, SyncOrder::kYield, SyncOrder::kFault,
                          TrackChanged{.weight_sum = 0, .release = true, .serving = true}};

// ── a backup that was at fault until a moment ago ──
TEST(VrrpHandOver, a_master_heard_at_fault_may_release_before_it_is_heard_again) {
  Router router(fast());
  router.give(Start{}).give(TrackChanged{.weight_sum = 0, .release = true, .serving = false});
  ASSERT_EQ(router.mode(), Mode::kFault);
  router.give(advert(200)).wait(90ms).give(TrackChanged{}).give(advert(0));
  ASSERT_EQ(router.mode(), Mode::kBackup);
  router.run(skew_time(ProtocolVersion::kV3, 100, 1s));
  EXPECT_EQ(router.mode(), Mode::kMaster);
  EXPECT_EQ(router.count(kProbeAddresses), 0) << "it answers on purpose";
}
TEST(VrrpHandOver, a_master_heard_at_fault_long_ago_is_forgotten) {
  Router router(fast());
  router.give(Start{}).give(TrackChanged{.weight_sum = 0, .release = true, .serving = false});
  router.give(advert(200)).wait(5s).give(TrackChanged{}).give(advert(0));
  router.run(master_down_interval(ProtocolVersion::kV3, 100, 100ms));
  EXPECT_EQ(router.mode(), Mode::kBackup) << "it probes first";
  EXPECT_EQ(router.count(kProbeAddresses), 1);
}

// ── the node that releases ──
TEST(VrrpHandOver, each_planned_release_says_so_at_once_and_keeps_the_addresses) {
  for (const Input& release : kPlanned) {
    Router router(level1());
    router.master().give(release);
    EXPECT_EQ(router.kinds(), (Kinds{kSendAdvertisement, kReportTransition}));
    EXPECT_EQ(router.sent(), 0);
    EXPECT_NE(router.mode(), Mode::kMaster) << "the new mode holds at once";
    EXPECT_TRUE(router.hands_over());
    EXPECT_TRUE(router.holds());
  }
}
TEST(VrrpHandOver, ends_with_the_first_advert_of_another_node_in_every_mode_and_on_any_path) {
  for (const Input& release : kPlanned) {
    for (const std::uint8_t priority : {std::uint8_t{1}, std::uint8_t{100}, std::uint8_t{255}}) {
      Router router(level1());
      Advertisement successor = advert(priority);
      successor.path = 3;
      router.master().give(release).wait(60ms).give(successor);
      EXPECT_EQ(router.kinds(), (Kinds{kRemoveAddresses, kSendAdvertisement}));
      EXPECT_EQ(router.sent(), 0) << "so that the successor announces again";
      EXPECT_FALSE(router.holds());
    }
  }
}
TEST(VrrpHandOver, does_not_end_with_a_release_an_advert_of_its_own_or_one_that_is_refused) {
  Router router(level1());
  router.master().give(Stop{});
  router.give(advert(0)).give(advert(100, kUs)).give(advert(200, kBelow, 0s));
  EXPECT_TRUE(router.holds());
}
TEST(VrrpHandOver, ends_at_the_limit_when_nobody_is_heard_and_the_timer_runs_after_stop) {
  Router router(level1());
  router.master().give(Stop{});
  EXPECT_EQ(router.mode(), Mode::kInitialize);
  EXPECT_TRUE(router.run(kLimit - Nanos(1)).holds());
  EXPECT_EQ(router.count(kRemoveAddresses) + router.count(kSendAdvertisement) + router.count(kAnnounce), 0);
  router.run(Nanos(1));
  EXPECT_EQ(router.kinds(), (Kinds{kRemoveAddresses, kSendAdvertisement}));
  EXPECT_EQ(router.sent(), 0) << "for a backup that missed the first one";
  EXPECT_FALSE(router.holds());
  EXPECT_TRUE(router.idle());
}
TEST(VrrpHandOver, the_limit_covers_the_skew_time_of_the_lowest_backup) {
  Config config = fast();
  EXPECT_EQ(hand_over_limit(config), Nanos(101ms) + 20ms + 50ms);
  config.version = ProtocolVersion::kV2;
  config.advert_interval = 5s;
  EXPECT_EQ(hand_over_limit(config), Nanos(1010ms) + 20ms + 50ms) << "version 2: a share of a second";
  for (const Nanos interval : {Nanos(10ms), Nanos(1s), Nanos(40950ms)}) {
    config.version = ProtocolVersion::kV3;
    config.advert_interval = interval;
    EXPECT_GT(hand_over_limit(config), skew_time(config.version, 1, interval) + config.probe_wait);
  }
}
TEST(VrrpHandOver, refreshes_the_lease_while_it_lasts_and_not_after) {
  Config config = level1();
  config.advert_interval = 5s;
  Router router(config);
  router.give(Start{}).run(20s).give(OperatorCommand::kRelease).run(hand_over_limit(config) - Nanos(1));
  EXPECT_GE(router.count(kRefreshAddresses), 10) << "every 500 ms";
  EXPECT_EQ(router.run(5s).count(kRefreshAddresses), 0);
}
TEST(VrrpHandOver, sends_no_adverts_and_answers_nothing_as_master) {
  Router router(level1());
  router.master().give(OperatorCommand::kRelease).give(ConflictSeen{});
  EXPECT_TRUE(router.kinds().empty());
  router.give(advert(0));
  EXPECT_TRUE(router.kinds().empty());
  router.run(kLimit - Nanos(1));
  EXPECT_EQ(router.count(kSendAdvertisement) + router.count(kAnnounce), 0);
}
TEST(VrrpHandOver, ends_at_once_when_the_interface_goes_down) {
  for (const Input& release : kPlanned) {
    Router router(level1());
    router.master().give(release).give(InterfaceChanged{false});
    EXPECT_EQ(router.count(kRemoveAddresses), 1);
    EXPECT_FALSE(router.holds());
  }
}
TEST(VrrpHandOver, ends_before_anything_else_when_the_node_slept_past_it) {
  Router router(level1());
  router.master().give(OperatorCommand::kRelease).wait(kLimit).give(OperatorCommand::kResume);
  EXPECT_EQ(router.kinds(), (Kinds{kRemoveAddresses, kSendAdvertisement, kReportTransition}));
  Config config = level1();
  config.advert_interval = 5s;
  Router lease(config);
  lease.give(Start{}).run(20s).give(OperatorCommand::kRelease).wait(config.lease).give(Timer{});
  EXPECT_EQ(lease.kinds(), (Kinds{kRemoveAddresses, kSendAdvertisement})) << "no refresh after the lease ran out";
}
TEST(VrrpHandOver, is_not_for_a_node_where_nobody_answers_any_more) {
  Router router(level1());
  router.master().give(TrackChanged{.weight_sum = 0, .release = true, .serving = false});
  EXPECT_EQ(router.kinds(), (Kinds{kRemoveAddresses, kSendAdvertisement, kReportTransition}));
  EXPECT_FALSE(router.holds());
  Router later(level1());
  later.master().give(SyncOrder::kFault);
  EXPECT_TRUE(later.hands_over());
  later.give(TrackChanged{.weight_sum = 0, .release = true, .serving = false});
  EXPECT_EQ(later.kinds(), (Kinds{kRemoveAddresses, kSendAdvertisement})) << "it dies while handing over";
  Router stopped(level1());
  stopped.master().give(TrackChanged{.weight_sum = -10, .release = false, .serving = false}).give(Stop{});
  EXPECT_EQ(stopped.kinds(), (Kinds{kRemoveAddresses, kSendAdvertisement, kReportTransition}));
}
TEST(VrrpHandOver, is_not_for_losses_and_not_where_the_configuration_says_no) {
  const Input losses[] = {advert(200), InterfaceChanged{false}};
  for (const Input& loss : losses) {
    Router router(level1());
    router.master().give(loss);
    EXPECT_EQ(router.kinds().front(), kRemoveAddresses);
    EXPECT_FALSE(router.holds());
  }
  Config config = level1();
  config.hand_over = false;
  for (const Input& release : kPlanned) {
    Router router(config);
    router.master().give(release);
    EXPECT_EQ(router.kinds(), (Kinds{kRemoveAddresses, kSendAdvertisement, kReportTransition}));
  }
  EXPECT_FALSE(rfc().hand_over);
}
TEST(VrrpHandOver, a_node_that_is_master_again_in_time_just_keeps_the_addresses) {
  Config owner = level1(255);
  Router router(owner);
  router.master().give(OperatorCommand::kRelease).wait(10ms).give(OperatorCommand::kResume);
  EXPECT_EQ(router.kinds(), (Kinds{kReportTransition, kProbeAddresses}));
  router.run(20ms);
  EXPECT_EQ(router.mode(), Mode::kMaster);
  EXPECT_EQ(router.count(kAddAddresses) + router.count(kRemoveAddresses), 0);
  EXPECT_GE(router.count(kRefreshAddresses), 1);
  EXPECT_EQ(router.run(kLimit + 1s).count(kRemoveAddresses), 0) << "the old limit means nothing any more";
}
TEST(VrrpHandOver, a_node_that_resumes_and_then_hears_its_successor_lets_go_and_listens) {
  Router router(level1());
  router.master().give(OperatorCommand::kRelease).give(OperatorCommand::kResume).give(advert(200));
  EXPECT_FALSE(router.holds());
  EXPECT_EQ(router.mode(), Mode::kBackup);
  EXPECT_EQ(router.state().master, kBelow);
}
TEST(VrrpHandOver, stop_and_start_in_the_middle_keep_what_is_there) {
  Router router(level1());
  router.master().give(Stop{}).wait(10ms).give(Start{.interface_up = true, .addresses_present = true});
  EXPECT_EQ(router.count(kRemoveAddresses), 0);
  EXPECT_TRUE(router.hands_over());
  EXPECT_EQ(router.run(kLimit).count(kRemoveAddresses), 1);
  Router down(level1());
  down.master().give(Stop{}).give(Start{.interface_up = false, .addresses_present = true});
  EXPECT_EQ(down.count(kRemoveAddresses), 1);
  EXPECT_FALSE(down.holds());
}
TEST(VrrpHandOver, a_stop_during_it_does_not_make_it_longer) {
  Router router(level1());
  router.master().give(OperatorCommand::kRelease).run(600ms).give(Stop{}).run(kLimit - 600ms);
  EXPECT_FALSE(router.holds());
}

// ── the backup that takes over ──
TEST(VrrpReleaseHeard, of_our_master_needs_no_probe) {
  Router router(level1());
  router.give(Start{}).give(advert(200)).give(advert(0));
  router.run(skew_time(ProtocolVersion::kV3, 100, 1s));
  EXPECT_EQ(router.mode(), Mode::kMaster);
  EXPECT_EQ(router.count(kProbeAddresses), 0);
}
TEST(VrrpReleaseHeard, the_advert_that_ends_the_hand_over_comes_after_the_addresses) {
  Router router(level1());
  router.give(Start{}).give(advert(200)).give(advert(0)).run(1s);
  EXPECT_EQ(router.kinds(), (Kinds{kAddAddresses, kAnnounce, kSendAdvertisement, kReportTransition}));
}
TEST(VrrpReleaseHeard, twice_from_the_same_master_changes_nothing) {
  Router router(level1());
  router.give(Start{}).give(advert(200)).give(advert(0)).wait(100ms).give(advert(0));
  router.run(skew_time(ProtocolVersion::kV3, 100, 1s) - 100ms);
  EXPECT_EQ(router.mode(), Mode::kMaster);
}
TEST(VrrpReleaseHeard, of_a_stranger_before_any_master_was_heard_still_needs_a_probe) {
  Router router(level1());
  router.give(Start{}).give(advert(0)).run(skew_time(ProtocolVersion::kV3, 100, 1s));
  EXPECT_EQ(router.count(kProbeAddresses), 1);
}
TEST(VrrpReleaseHeard, and_then_another_master_heard_means_the_usual_rules) {
  Router router(level1());
  router.give(Start{}).give(advert(200)).give(advert(0)).give(advert(150, kAbove));
  EXPECT_EQ(router.down(), master_down_interval(ProtocolVersion::kV3, 100, 1s));
  router.run(router.down());
  EXPECT_EQ(router.count(kProbeAddresses), 1);
  Router lower(level1());  // may be preempted, but falls silent
  lower.give(Start{}).give(advert(200)).run(3500ms).give(advert(0)).wait(10ms).give(advert(50, kAbove));
  EXPECT_FALSE(lower.state().released_to_us);
}
TEST(VrrpReleaseHeard, while_a_probe_waits_stops_the_probe_for_its_answer_is_meant) {
  Router router(level1());
  router.give(Start{}).give(advert(200));
  router.wait(router.timer()).give(Timer{});
  ASSERT_EQ(router.count(kProbeAddresses), 1);
  router.give(advert(0)).give(ProbeResult{.answered = true});
  EXPECT_EQ(router.count(kWarn), 0);
  EXPECT_EQ(router.run(skew_time(ProtocolVersion::kV3, 100, 1s)).mode(), Mode::kMaster);
}
TEST(VrrpReleaseHeard, within_start_delay_is_too_old_when_that_ends) {
  Config config = level1();
  config.start_delay = 30s;
  Router router(config);
  router.give(Start{}).give(advert(200)).give(advert(0)).run(30s);
  EXPECT_EQ(router.count(kProbeAddresses), 1);
}
TEST(VrrpReleaseHeard, skew_time_is_of_the_interval_the_release_tells) {
  Router router(level1());  // preempts, so it has not learnt the lower master's interval
  router.give(Start{}).wait(2s).give(advert(50, kBelow, 100ms)).give(advert(0, kBelow, 100ms));
  EXPECT_EQ(router.timer(), skew_time(ProtocolVersion::kV3, 100, 100ms));
}

// ── asking again ──
TEST(VrrpAskAgain, an_answered_probe_is_repeated_after_one_advert_interval) {
  Router router(level1());
  router.give(Start{});
  router.wait(router.timer()).give(Timer{}).give(ProbeResult{.answered = true});
  EXPECT_EQ(router.timer(), Nanos(1s));
  router.wait(1s).give(Timer{});
  EXPECT_EQ(router.kinds(), Kinds{kProbeAddresses});
}
TEST(VrrpAskAgain, but_not_sooner_than_probe_again_says) {
  Config config = fast();
  config.advert_interval = 10ms;
  for (const Nanos least : {Nanos(100ms), Nanos(250ms)}) {
    config.probe_again = least;
    Router router(config);
    router.give(Start{});
    router.wait(router.timer()).give(Timer{}).give(ConflictSeen{});
    EXPECT_EQ(router.timer(), least);
  }
}
TEST(VrrpAskAgain, a_long_interval_that_a_peer_claimed_does_not_make_it_longer) {
  Router router(fast());
  router.give(Start{}).give(advert(200, kBelow, 40s));
  router.wait(router.timer()).give(Timer{}).give(ProbeResult{.answered = true});
  EXPECT_EQ(router.timer(), Nanos(100ms));
}
TEST(VrrpAskAgain, a_master_that_is_heard_in_between_is_listened_to) {
  Router router(level1());
  router.give(Start{});
  router.wait(router.timer()).give(Timer{}).give(ProbeResult{.answered = true}).give(advert(200));
  EXPECT_EQ(router.down(), master_down_interval(ProtocolVersion::kV3, 100, 1s));
}

// ── for the status page ──
TEST(VrrpStatus, names_every_fault_that_holds_the_gravest_first) {
  Router router(level1());
  EXPECT_TRUE(fault_reasons(router.give(Start{}).state()).empty());
  router.give(OperatorCommand::kRelease)
      .give(SyncOrder::kFault)
      .give(TrackChanged{0, true})
      .give(InterfaceChanged{false});
  EXPECT_EQ(fault_reasons(router.state()), (std::vector<Reason>{Reason::kInterfaceDown, Reason::kTrackRelease,
                                                                Reason::kOperatorRelease, Reason::kSyncGroup}));
  for (const Reason reason : fault_reasons(router.state())) EXPECT_FALSE(to_string(reason).empty());
}
TEST(VrrpStatus, tells_whether_the_addresses_are_here) {
  Router router(level1());
  EXPECT_FALSE(router.give(Start{}).holds());
  EXPECT_TRUE(router.run(10s).holds());
  EXPECT_FALSE(router.hands_over());
  EXPECT_TRUE(router.give(Stop{}).holds());
  EXPECT_FALSE(router.run(10s).holds());
}

}  // namespace
}  // namespace hf::policy::vrrp
