// The machine against the clauses of RFC 5798 (and RFC 3768 where version 2 differs), then what goes beyond them.
#include <gtest/gtest.h>

#include "base/random.h"
#include "policy/vrrp/scripted_router.h"

namespace hf::policy::vrrp {
namespace {

using namespace scripted;  // NOLINT(google-build-using-namespace): the words of the tables

// ── RFC 5798 6.1, timers ──
TEST(VrrpRfc5798_6_1, skew_and_master_down_follow_the_masters_interval) {
  EXPECT_EQ(skew_time(ProtocolVersion::kV3, 90, 100ms), Nanos(100ms) * 166 / 256);
  EXPECT_EQ(master_down_interval(ProtocolVersion::kV3, 90, 100ms), Nanos(300ms) + Nanos(100ms) * 166 / 256);
  EXPECT_EQ(skew_time(ProtocolVersion::kV3, 255, 1s), Nanos(1s) / 256);
}
TEST(VrrpRfc3768_6_1, skew_of_version_2_is_a_share_of_a_second_whatever_the_interval) {
  EXPECT_EQ(skew_time(ProtocolVersion::kV2, 90, 5s), Nanos(1s) * 166 / 256);
  EXPECT_EQ(master_down_interval(ProtocolVersion::kV2, 90, 5s), Nanos(15s) + Nanos(1s) * 166 / 256);
}

// ── RFC 5798 6.4.1, Initialize ──
TEST(VrrpRfc5798_6_4_1, line_105_the_owner_advertises_announces_and_is_master_at_once) {
  Router router(rfc(255));
  router.give(Start{});
  EXPECT_EQ(router.kinds(), (Kinds{kSendAdvertisement, kAddAddresses, kAnnounce, kReportTransition}));
  EXPECT_EQ(router.sent(), 255);
  EXPECT_EQ(router.mode(), Mode::kMaster);
  EXPECT_EQ(router.state().timers.advert.at.nanos, Nanos(2s).count());
}
TEST(VrrpRfc5798_6_4_1, line_140_anybody_else_waits_master_down_as_backup) {
  Router router(rfc());
  router.give(Start{});
  EXPECT_EQ(router.kinds(), Kinds{kReportTransition});
  EXPECT_EQ(router.mode(), Mode::kBackup);
  EXPECT_EQ(router.timer(), Nanos(3s) + Nanos(1s) * 156 / 256);
}
TEST(VrrpRfc5798_6_4_1, nothing_but_startup_leaves_initialize) {
  Router router(rfc());
  router.give(advert(0)).give(Timer{}).give(advert(200)).give(ConflictSeen{}).give(Stop{});
  EXPECT_EQ(router.mode(), Mode::kInitialize);
  EXPECT_TRUE(router.kinds().empty());
  EXPECT_TRUE(router.idle());
}

// ── RFC 5798 6.4.2, Backup ──
TEST(VrrpRfc5798_6_4_2, line_330_shutdown_cancels_the_timer_and_is_silent) {
  Router router(rfc());
  router.give(Start{}).give(Stop{});
  EXPECT_EQ(router.mode(), Mode::kInitialize);
  EXPECT_EQ(router.kinds(), Kinds{kReportTransition});
  EXPECT_TRUE(router.idle());
}
TEST(VrrpRfc5798_6_4_2, line_345_master_down_makes_it_master) {
  Router router(rfc());
  router.give(Start{});
  router.wait(router.timer() - Nanos(1)).give(Timer{});
  EXPECT_EQ(router.mode(), Mode::kBackup) << "a timer that comes early does nothing";
  router.wait(Nanos(1)).give(Timer{});
  EXPECT_EQ(router.kinds(), (Kinds{kSendAdvertisement, kAddAddresses, kAnnounce, kReportTransition}));
  EXPECT_TRUE(router.reported(Reason::kMasterDown));
}
TEST(VrrpRfc5798_6_4_2, line_420_priority_zero_sets_the_timer_to_skew_time) {
  Router router(rfc());
  router.give(Start{}).give(advert(200, kBelow, 400ms)).give(advert(0, kBelow, 400ms));
  EXPECT_EQ(router.timer(), Nanos(400ms) * 156 / 256);
  router.run(1s);
  EXPECT_TRUE(router.reported(Reason::kMasterReleased));
}
TEST(VrrpRfc5798_6_4_2, line_430_equal_or_higher_priority_teaches_the_interval_and_resets_the_timer) {
  for (const std::uint8_t priority : {std::uint8_t{100}, std::uint8_t{101}, std::uint8_t{255}}) {
    Router router(rfc());
    router.give(Start{}).wait(2s).give(advert(priority, kBelow, 200ms));
    EXPECT_EQ(router.down(), master_down_interval(ProtocolVersion::kV3, 100, 200ms));
  }
}
TEST(VrrpRfc5798_6_4_2, line_430_without_preempt_a_lower_priority_resets_it_too) {
  Config config = rfc();
  config.preempt = false;
  Router router(config);
  router.give(Start{}).wait(2s).give(advert(1));
  EXPECT_EQ(router.down(), master_down_interval(ProtocolVersion::kV3, 100, 1s));
}
TEST(VrrpRfc5798_6_4_2, line_450_with_preempt_a_lower_priority_is_discarded) {
  Router router(rfc());
  const Nanos all = router.give(Start{}).timer();
  router.wait(2s).give(advert(99, kAbove, 2s));
  EXPECT_EQ(router.down(), all - 2s);
  router.run(2s);
  EXPECT_TRUE(router.reported(Reason::kPreempted));
}

// ── RFC 5798 6.4.3, Master ──
TEST(VrrpRfc5798_6_4_3, line_655_shutdown_sends_priority_zero) {
  Router router(rfc());
  router.master().give(Stop{});
  EXPECT_EQ(router.kinds(), (Kinds{kRemoveAddresses, kSendAdvertisement, kReportTransition}));
  EXPECT_EQ(router.sent(), 0);
  EXPECT_EQ(router.mode(), Mode::kInitialize);
  EXPECT_TRUE(router.idle());
}
TEST(VrrpRfc5798_6_4_3, line_670_the_advert_timer_sends_and_starts_anew) {
  Router router(rfc());
  router.master().run(10s);
  EXPECT_EQ(router.count(kSendAdvertisement), 10);
  EXPECT_EQ(router.sent(), 100);
}
TEST(VrrpRfc5798_6_4_3, line_705_priority_zero_is_answered_by_an_advert_at_once) {
  Router router(rfc());
  router.master().give(advert(0));
  EXPECT_EQ(router.kinds(), Kinds{kSendAdvertisement});
  EXPECT_EQ(router.sent(), 100);
  EXPECT_EQ(router.mode(), Mode::kMaster);
}
TEST(VrrpRfc5798_6_4_3, line_725_higher_priority_or_equal_with_higher_address_makes_it_backup) {
  for (const Advertisement& better : {advert(101, kBelow, 300ms), advert(100, kAbove, 300ms)}) {
    Router router(rfc());
    router.master().give(better);
    EXPECT_EQ(router.mode(), Mode::kBackup);
    EXPECT_EQ(router.kinds(), (Kinds{kRemoveAddresses, kReportTransition}));
    EXPECT_EQ(router.timer(), master_down_interval(ProtocolVersion::kV3, 100, 300ms));
  }
}
TEST(VrrpRfc5798_6_4_3, line_750_lower_priority_or_equal_with_lower_address_is_discarded) {
  for (const Advertisement& worse : {advert(99, kAbove), advert(100, kBelow), advert(100, kUs)}) {
    Router router(rfc());
    router.master().give(worse);
    EXPECT_EQ(router.mode(), Mode::kMaster);
    EXPECT_TRUE(router.kinds().empty());
  }
}

// ── RFC 3768 7.1 ──
TEST(VrrpRfc3768_7_1, a_different_interval_or_address_list_is_dropped_when_strict) {
  Config config = rfc();
  config.version = ProtocolVersion::kV2;
  Router router(config);
  const Nanos all = router.give(Start{}).timer();
  router.wait(1s).give(advert(200, kBelow, 2s));
  EXPECT_TRUE(router.reported(Reason::kIntervalMismatch));
  Advertisement other = advert(200);
  other.addresses = {kVirtual, kUs};
  router.give(other);
  EXPECT_TRUE(router.reported(Reason::kAddressesMismatch));
  EXPECT_EQ(router.down(), all - 1s);
  other.priority = 255;
  router.give(other);
  EXPECT_GT(router.down(), all - 1s) << "the owner's list counts";
}
TEST(VrrpMismatch, otherwise_it_is_reported_once_in_ten_seconds_and_obeyed) {
  Config config = level1();
  config.version = ProtocolVersion::kV2;
  Router router(config);
  router.give(Start{}).wait(1s).give(advert(200, kBelow, 2s));
  EXPECT_EQ(router.count(kWarn), 1);
  EXPECT_EQ(router.down(), master_down_interval(ProtocolVersion::kV2, 100, 2s));
  EXPECT_EQ(router.wait(1s).give(advert(200, kBelow, 2s)).count(kWarn), 0);
  EXPECT_EQ(router.wait(9s).give(advert(200, kBelow, 2s)).count(kWarn), 1);
}

// ── beyond the RFC ──
TEST(VrrpForeignRouter, adverts_without_an_address_in_common_are_of_somebody_else_and_not_obeyed) {
  Advertisement theirs = advert(200);
  theirs.addresses = {kBelow};
  for (const ProtocolVersion version : {ProtocolVersion::kV2, ProtocolVersion::kV3}) {
    Config config = level1();
    config.version = version;
    Router router(config);
    const Nanos all = router.give(Start{}).timer();
    router.wait(1s).give(theirs);
    EXPECT_EQ(router.down(), all - 1s);
    router.run(10s).give(theirs);
    EXPECT_EQ(router.mode(), Mode::kMaster);
    EXPECT_TRUE(router.kinds().empty());
    theirs.addresses.push_back(kVirtual);  // one in common: the same router, configured otherwise
    EXPECT_EQ(router.give(theirs).mode(), Mode::kBackup);
    theirs.addresses.pop_back();
  }
  theirs.addresses.clear();
  EXPECT_FALSE(is_of_another_router(level1(), theirs.addresses)) << "nothing is known of it";
}
TEST(VrrpCannotSend, a_master_that_nobody_can_hear_gives_way_to_any_that_it_hears) {
  Router router(level1());
  router.master().give(CannotSend{}).run(5s);
  EXPECT_EQ(router.mode(), Mode::kMaster) << "nobody else is there to serve";
  router.give(advert(50));
  EXPECT_EQ(router.mode(), Mode::kBackup);
  EXPECT_TRUE(router.reported(Reason::kCannotSend));
}
TEST(VrrpCannotSend, and_does_not_take_the_addresses_back_again_and_again) {
  Router router(level1());
  router.master().give(CannotSend{});
  int losses = 0;
  for (int i = 0; i < 600; ++i) {  // a minute of adverts that the lower one sends all the time
    const bool was_master = router.mode() == Mode::kMaster;
    losses += router.run(100ms).give(advert(50, kBelow, 100ms)).mode() == Mode::kBackup && was_master ? 1 : 0;
  }
  EXPECT_LE(losses, 5);
  router.give(CannotSend{false}).run(301s);
  EXPECT_EQ(router.give(advert(50)).mode(), Mode::kMaster) << "it is heard again";
}
TEST(VrrpStaleAddresses, go_at_once_wherever_they_are_not_held_and_the_master_is_asked_to_announce) {
  Router router(level1());
  EXPECT_TRUE(router.give(StaleAddresses{}).kinds().empty()) << "not started yet: Start tells";
  router.give(Start{}).give(advert(200)).give(StaleAddresses{});
  EXPECT_EQ(router.kinds(), (Kinds{kRemoveAddresses, kSendAdvertisement, kWarn}));
  EXPECT_EQ(router.sent(), 0);
  EXPECT_EQ(router.give(StaleAddresses{}).kinds(), (Kinds{kRemoveAddresses, kSendAdvertisement})) << "told lately";
  EXPECT_EQ(router.give(InterfaceChanged{false}).give(StaleAddresses{}).count(kRemoveAddresses), 1) << "at fault, too";
  Router master(level1());
  EXPECT_TRUE(master.master().give(StaleAddresses{}).kinds().empty()) << "they are held";
}
TEST(VrrpDuplicateMaster, the_last_word_of_the_one_that_was_preempted_is_none) {
  Router router(level1());
  router.give(Start{});
  for (int i = 0; i < 5; ++i) router.run(1s).give(advert(50));
  ASSERT_EQ(router.mode(), Mode::kMaster);
  EXPECT_EQ(router.wait(50ms).give(advert(50)).count(kWarn), 0);
  EXPECT_EQ(router.wait(50ms).give(advert(60, kAbove)).count(kWarn), 1) << "a third one";
  Router alone(level1());
  EXPECT_EQ(alone.master().give(advert(50)).count(kWarn), 1);
}
TEST(VrrpDuplicateMaster, the_loser_lets_go_first_and_then_tells_the_winner) {
  Router router(level1());
  router.master().give(advert(200));
  EXPECT_EQ(router.kinds(), (Kinds{kRemoveAddresses, kSendAdvertisement, kReportTransition}));
  EXPECT_EQ(router.sent(), 100);
}
TEST(VrrpDuplicateMaster, the_winner_answers_and_announces_again_within_a_bounded_rate) {
  Router router(level1());
  router.master().run(2500ms);
  router.give(advert(50));
  EXPECT_TRUE(router.reported(Reason::kDuplicateMaster));
  EXPECT_EQ(router.count(kAnnounce), 1);
  EXPECT_EQ(router.sent(), 100);
  router.give(advert(50)).give(advert(50));
  EXPECT_EQ(router.count(kAnnounce) + router.count(kSendAdvertisement), 0) << "a flood is not answered one for one";
  router.run(1s);
  EXPECT_EQ(router.count(kAnnounce), 1) << "but the last word is an announcement";
}
TEST(VrrpDuplicateMaster, a_release_heard_as_master_makes_it_announce_again) {
  Router router(level1());
  router.master().run(2500ms);
  EXPECT_EQ(router.give(advert(0)).kinds(), (Kinds{kSendAdvertisement, kAnnounce}));
}
TEST(VrrpHeartbeat, an_advert_on_any_path_keeps_a_backup_quiet) {
  Router router(level1());
  router.give(Start{});
  for (int i = 0; i < 20; ++i) {
    Advertisement beat = advert(200);
    beat.path = 2;
    router.run(1s).give(beat);
  }
  EXPECT_EQ(router.mode(), Mode::kBackup);
}
TEST(VrrpRelease, of_somebody_else_than_the_master_means_nothing) {
  Router router(level1());
  router.give(Start{}).give(advert(200, kAbove));
  const Nanos before = router.timer();
  router.give(advert(0, kBelow));
  EXPECT_EQ(router.timer(), before);
}
TEST(VrrpLease, is_refreshed_while_master_and_never_otherwise) {
  Router router(level1());
  router.give(Start{}).run(3500ms);
  EXPECT_EQ(router.count(kRefreshAddresses), 0);
  router.master().run(5s);
  EXPECT_EQ(router.count(kRefreshAddresses), 10);
  router.give(advert(200)).run(3s);
  EXPECT_EQ(router.count(kRefreshAddresses), 0);
}
TEST(VrrpStall, a_master_that_slept_past_the_others_patience_yields_before_it_refreshes) {
  Router router(level1());
  const Nanos due = router.master().timer();
  router.wait(3s).give(Timer{});
  EXPECT_EQ(router.kinds(), (Kinds{kRemoveAddresses, kSendAdvertisement, kReportTransition}));
  EXPECT_EQ(router.sent(), 0) << "so that whoever took over announces again";
  EXPECT_TRUE(router.reported(Reason::kStalled));
  EXPECT_EQ(router.late(), 3s - due);
}
TEST(VrrpStall, a_master_whose_lease_ran_out_yields_too) {
  Config config = level1();
  config.lease = 1s;
  config.refresh_interval = 500ms;
  Router router(config);
  router.master().wait(1500ms).give(Timer{});
  EXPECT_EQ(router.mode(), Mode::kBackup);
  EXPECT_EQ(router.count(kRefreshAddresses), 0);
}
TEST(VrrpStall, a_backup_that_slept_listens_once_more_before_it_takes_over) {
  Router router(level1());
  const Nanos due = router.give(Start{}).timer();
  router.wait(20s).give(Timer{});
  EXPECT_EQ(router.mode(), Mode::kBackup);
  EXPECT_TRUE(router.reported(Reason::kStalled));
  EXPECT_EQ(router.late(), 20s - due);
  router.wait(20s).give(Timer{}).run(20ms);
  EXPECT_EQ(router.mode(), Mode::kMaster) << "but not for ever";
}
TEST(VrrpProbe, an_unanswered_probe_comes_before_the_take_over) {
  Router router(level1());
  router.give(Start{});
  router.wait(router.timer()).give(Timer{});
  EXPECT_EQ(router.kinds(), Kinds{kProbeAddresses});
  EXPECT_EQ(router.timer(), Nanos(20ms));
  EXPECT_EQ(router.wait(20ms).give(Timer{}).mode(), Mode::kMaster);
}
TEST(VrrpProbe, an_address_that_somebody_answers_for_is_not_taken) {
  Router router(level1());
  router.give(Start{});
  for (int i = 0; i < 30; ++i) {
    router.wait(router.timer()).give(Timer{});
    ASSERT_EQ(router.count(kProbeAddresses), 1);
    router.give(ProbeResult{.answered = true});
    ASSERT_EQ(router.mode(), Mode::kBackup);
  }
  router.wait(router.timer()).give(Timer{}).give(ProbeResult{.answered = false});
  EXPECT_EQ(router.mode(), Mode::kMaster);
}
TEST(VrrpProbe, patience_ends_where_the_configuration_says_so) {
  Config config = level1();
  config.on_probe_answer = OnProbeAnswer::kTakeAfter;
  config.conflict_patience = 5s;
  Router router(config);
  router.give(Start{});
  for (int i = 0; i < 2; ++i) router.wait(router.timer()).give(Timer{}).give(ConflictSeen{});
  EXPECT_EQ(router.mode(), Mode::kBackup);
  router.wait(5s).give(Timer{}).run(4s);
  EXPECT_EQ(router.mode(), Mode::kMaster);
}
TEST(VrrpProbe, a_live_master_of_lower_priority_is_preempted_without_a_probe) {
  Router router(level1());
  router.give(Start{}).wait(3s).give(advert(50)).run(1s);
  EXPECT_EQ(router.mode(), Mode::kMaster);
  EXPECT_EQ(router.count(kProbeAddresses), 0);
}
TEST(VrrpRfc5227_2_4, a_held_address_is_defended_once_in_ten_seconds) {
  Router router(level1());
  router.master().run(2s).give(ConflictSeen{});
  EXPECT_EQ(router.count(kAnnounce), 1);
  router.give(ConflictSeen{});
  EXPECT_EQ(router.count(kAnnounce), 0);
  EXPECT_EQ(router.mode(), Mode::kMaster);
}
TEST(VrrpRfc5227_2_4, or_given_up_at_the_second_conflict_and_taken_again_later) {
  Config config = level1();
  config.on_held_conflict = OnHeldConflict::kRelease;
  Router router(config);
  router.master().give(ConflictSeen{}).run(2s).give(ConflictSeen{});
  EXPECT_EQ(router.mode(), Mode::kFault);
  EXPECT_EQ(router.sent(), 0);
  EXPECT_EQ(router.run(29s).mode(), Mode::kFault);
  EXPECT_EQ(router.run(6s).mode(), Mode::kMaster);
}
TEST(VrrpPreemptDelay, leaves_a_lower_master_alone_for_so_long_but_not_silence) {
  Config config = level1();
  config.preempt_delay = 10s;
  Router router(config);
  router.give(Start{});
  for (int i = 0; i < 10; ++i) router.run(1s).give(advert(50));
  EXPECT_EQ(router.mode(), Mode::kBackup);
  for (int i = 0; i < 5; ++i) router.run(1s).give(advert(50));
  EXPECT_EQ(router.mode(), Mode::kMaster);
  Router silent(config);
  EXPECT_EQ(silent.give(Start{}).run(4s).mode(), Mode::kMaster);
}
TEST(VrrpStart, listens_for_start_delay_first_even_as_the_owner) {
  Config config = rfc(255);
  config.start_delay = 30s;
  Router router(config);
  router.give(Start{}).give(advert(0)).run(29s);
  EXPECT_EQ(router.mode(), Mode::kBackup);
  EXPECT_EQ(router.run(1s).mode(), Mode::kMaster);
}
TEST(VrrpStart, addresses_of_an_earlier_life_are_removed_and_released) {
  Router router(level1());
  router.give(Start{.interface_up = true, .addresses_present = true});
  EXPECT_EQ(router.kinds(), (Kinds{kRemoveAddresses, kSendAdvertisement, kWarn, kReportTransition}));
  EXPECT_EQ(router.sent(), 0);
}
TEST(VrrpFault, each_cause_releases_and_the_last_one_to_go_ends_it) {
  Router router(level1());
  router.master().give(InterfaceChanged{false});
  EXPECT_EQ(router.kinds(), (Kinds{kRemoveAddresses, kSendAdvertisement, kReportTransition}));
  EXPECT_EQ(router.sent(), 0);
  router.give(TrackChanged{0, true}).give(OperatorCommand::kRelease).give(InterfaceChanged{true}).give(TrackChanged{});
  EXPECT_EQ(router.mode(), Mode::kFault);
  EXPECT_TRUE(router.idle());
  EXPECT_EQ(router.give(OperatorCommand::kResume).mode(), Mode::kBackup);
}
TEST(VrrpTrack, weights_add_up_within_1_and_254_and_a_change_is_told_at_once) {
  Router router(level1());
  router.master().run(500ms).give(TrackChanged{-20, false});
  EXPECT_EQ(router.sent(), 80);
  EXPECT_EQ(router.run(1s).give(TrackChanged{-5000, false}).run(1s).sent(), 1);
  EXPECT_EQ(router.give(TrackChanged{5000, false}).run(1s).sent(), 254);
  Router owner(level1(255));
  EXPECT_EQ(owner.master().give(TrackChanged{-50, false}).run(1s).sent(), 255);
}
TEST(VrrpOperator, prefer_takes_over_at_once_whatever_the_configuration_says) {
  Config config = level1();
  config.preempt = false;
  Router router(config);
  router.give(Start{}).give(advert(200)).give(OperatorCommand::kPrefer);
  EXPECT_EQ(router.mode(), Mode::kMaster);
  EXPECT_EQ(router.sent(), 254);
  EXPECT_EQ(router.run(1s).give(OperatorCommand::kResume).run(1s).sent(), 100);
}
TEST(VrrpDamping, a_node_that_keeps_losing_does_not_preempt_but_still_takes_over_from_nobody) {
  Router router(level1());
  router.master();
  for (int i = 0; i < 3; ++i) {
    router.give(InterfaceChanged{false}).give(InterfaceChanged{true});
    if (i < 2) router.run(4s);
  }
  for (int i = 0; i < 9; ++i) router.run(1s).give(advert(50));  // damped for 10 s after the third loss
  EXPECT_EQ(router.mode(), Mode::kBackup);
  EXPECT_EQ(router.run(4s).mode(), Mode::kMaster);
}
TEST(VrrpHostile, an_interval_of_nothing_is_refused_and_a_tiny_one_does_not_make_timers_spin) {
  Router router(level1());
  router.give(Start{}).give(advert(200, kBelow, 0s));
  EXPECT_TRUE(router.reported(Reason::kBadAdvertisement));
  router.give(advert(200, kBelow, Nanos(1)));
  EXPECT_GE(router.down(), Nanos(30ms));
}

TEST(VrrpValidate, names_what_is_wrong) {
  const auto error = [](auto change) {
    Config config = level1();
    change(config);
    const Result<void> result = validate(config);
    return result.ok() ? std::string() : std::move(result).error().context;
  };
  EXPECT_EQ(error([](Config&) {}), "");
  EXPECT_NE(error([](Config& c) { c.priority = 0; }).find("priority"), std::string::npos);
  EXPECT_NE(error([](Config& c) { c.addresses.clear(); }).find("addresses"), std::string::npos);
  EXPECT_NE(error([](Config& c) { c.advert_interval = 15ms; }).find("10ms"), std::string::npos);
  EXPECT_NE(error([](Config& c) { c.advert_interval = 41s; }).find("40.95s"), std::string::npos);
  EXPECT_NE(error([](Config& c) { c.version = ProtocolVersion::kV2, c.advert_interval = 500ms; }).find("version 2"),
            std::string::npos);
  EXPECT_NE(error([](Config& c) { c.refresh_interval = c.lease; }).find("refresh_interval"), std::string::npos);
  EXPECT_NE(error([](Config& c) { c.start_delay = Nanos(-1); }).find("below 0"), std::string::npos);
}

/// Any inputs at any time: the invariants of action.h and machine.h hold.
TEST(VrrpProperty, addresses_are_refreshed_only_while_held_and_held_only_by_a_master_or_in_a_hand_over) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Random random(seed);
    Config config = level1(static_cast<std::uint8_t>(1 + random.below(255)));
    config.on_held_conflict = random.below(2) == 0 ? OnHeldConflict::kRelease : OnHeldConflict::kDefend;
    State state;
    TimePoint now;
    bool held = false;
    for (int i = 0; i < 400; ++i) {
      now = now + Nanos(static_cast<std::int64_t>(random.below(random.below(4) == 0 ? 4'000'000'000 : 300'000'000)));
      const Config before = config;
      const Input inputs[] = {
          Start{},
          Timer{},
          Timer{},
          Timer{},
          Timer{},
          ConflictSeen{},
          Stop{},
          LeaseNotRenewed{2s},
          Reconfigured{before},
          advert(static_cast<std::uint8_t>(random.next()), kAbove, Nanos(static_cast<std::int64_t>(random.next()))),
          InterfaceChanged{random.below(3) != 0},
          ProbeResult{random.below(2) == 0},
          TrackChanged{static_cast<int>(random.below(600)) - 300, random.below(5) == 0, random.below(3) != 0},
          static_cast<OperatorCommand>(random.below(3)),
          static_cast<SyncOrder>(random.below(5)),
          GroupStanding{static_cast<std::uint8_t>(1 + random.below(255)), random.below(4) == 0, Nanos(1s)}};
      const Input& input = inputs[random.below(std::size(inputs))];
      if (std::holds_alternative<Reconfigured>(input)) {
        config.priority = static_cast<std::uint8_t>(1 + random.below(255));
        config.advert_interval = Nanos(10ms) * (1 + random.below(200));
        config.lease = random.below(2) == 0 ? 1s : 5s;
      }
      Step done = step(config, std::move(state), now, input);
      state = std::move(done.state);
      for (const Action& action : done.actions) {
        if (action.kind == kRefreshAddresses) { ASSERT_TRUE(held); }
        if (action.kind == kAddAddresses) { ASSERT_FALSE(std::exchange(held, true)); }
        if (action.kind == kRemoveAddresses) { ASSERT_TRUE(std::exchange(held, false)); }
      }
      ASSERT_EQ(held, holding(state));
      ASSERT_FALSE(state.mode == Mode::kMaster && handing_over(state));
      ASSERT_TRUE(!handing_over(state) || now < state.armed.at) << "an end must come";
      ASSERT_TRUE(state.armed.is_never() || now < state.armed.at) << "a timer in the past would spin";
      if (state.mode == Mode::kBackup || state.mode == Mode::kMaster) {
        ASSERT_FALSE(state.armed.is_never()) << "seed " << seed << " turn " << i;
      }
    }
  }
}

}  // namespace
}  // namespace hf::policy::vrrp
