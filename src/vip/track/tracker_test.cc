#include "vip/track/tracker.h"

#include <gtest/gtest.h>

#include <map>

#include "runtime/stepped_loop_fake.h"

namespace hf::vip::track {
namespace {

config::Track service_track(const std::string& service, config::Weight weight) {
  config::Track track;
  track.kind = config::TrackKind::kService;
  track.target = service;
  track.weight = weight;
  return track;
}

config::Track script_track(const std::string& id, const std::string& program, config::Weight weight) {
  config::Track track;
  track.kind = config::TrackKind::kScript;
  track.script = {.id = id, .command = {program}, .user = "nobody", .timeout = 1s};
  track.weight = weight;
  return track;
}

constexpr config::Weight kRelease{.release = true, .points = 0};
constexpr config::Weight kTwenty{.release = false, .points = -20};

class TrackerTest : public testing::Test {
 protected:
  config::Vip vip(const std::string& name, std::vector<config::Track> tracks) {
    config::Vip out;
    out.name = name;
    out.tracks = std::move(tracks);
    return out;
  }
  const Verdict& verdict(std::size_t i = 0) { return tracker_.verdicts().verdicts.at(i); }
  void answer(std::size_t call, std::int32_t code) {
    answers_.at(call).second(ScriptDone{.started = true, .exit_code = code, .output = "said so\n"});
  }

  runtime::SteppedLoop loop_;
  std::map<std::string, ServiceFact> facts_;
  std::vector<std::pair<std::string, ScriptAnswer>> answers_;
  std::vector<Event> events_;
  int changed_ = 0;
  std::int64_t wall_ = 1'000'000;
  Tracker tracker_{*loop_,
                   {.service_facts = [this](const std::string& name) -> std::optional<ServiceFact> {
                      const auto at = facts_.find(name);
                      return at == facts_.end() ? std::nullopt : std::optional(at->second);
                    },
                    .run_script = [this](const ScriptCall& call,
                                         ScriptAnswer done) { answers_.emplace_back(call.script, std::move(done)); },
                    .changed = [this] { ++changed_; },
                    .event = [this](Event event) { events_.push_back(std::move(event)); },
                    .wall_micros = [this] { return wall_; }}};
};

TEST_F(TrackerTest, EveryVipHasAVerdictInTheOrderOfTheFile) {
  facts_["orders"] = {.usable = 1};
  config::Track interface;
  interface.kind = config::TrackKind::kInterface;
  interface.target = "eth2";
  tracker_.configure({vip("b", {interface}), vip("a", {service_track("orders", kRelease)})});
  ASSERT_EQ(tracker_.verdicts().verdicts.size(), 2U);
  EXPECT_EQ(verdict(0), (Verdict{.router = "b"}));
  EXPECT_EQ(verdict(1), (Verdict{.router = "a"}));
  EXPECT_EQ(changed_, 1);
  EXPECT_TRUE(tracker_.report()[0].tracks.empty()) << "interfaces are the guardian's";
}

TEST_F(TrackerTest, AServiceIsJudgedWhenItsFactsChange) {
  tracker_.configure({vip("db", {service_track("orders", kRelease)})});
  EXPECT_TRUE(verdict().release) << "not known yet";
  EXPECT_EQ(verdict().reason, "service orders: not known yet");
  facts_["orders"] = {.usable = 2};
  tracker_.service_changed("mail");
  EXPECT_TRUE(verdict().release);
  tracker_.service_changed("orders");
  EXPECT_FALSE(verdict().release);
  EXPECT_TRUE(events_.empty()) << "a first good result is no news";

  facts_["orders"] = {.usable = 0, .reason = "all down"};
  wall_ = 2'000'000;
  tracker_.service_changed("orders");
  tracker_.service_changed("orders");
  EXPECT_TRUE(verdict().release);
  ASSERT_EQ(events_.size(), 1U);
  EXPECT_EQ(events_[0].id(), EventId::kTrackFailed);
  EXPECT_EQ(events_[0].field("vip"), "db");
  EXPECT_EQ(events_[0].field("track"), "service orders");
  EXPECT_EQ(events_[0].field("reason"), "0 usable servers, 1 needed: all down");
  EXPECT_EQ(events_[0].field("weight"), "release");
  EXPECT_EQ(unknown_field(events_[0]), "");
  EXPECT_EQ(tracker_.report().at(0).tracks.at(0), (TrackReport{.track = "service orders",
                                                               .known = true,
                                                               .bad = true,
                                                               .weight = kRelease,
                                                               .points = 0,
                                                               .release = true,
                                                               .since_wall_micros = 2'000'000,
                                                               .reason = "0 usable servers, 1 needed: all down"}));
  facts_["orders"] = {.usable = 1};
  tracker_.service_changed("orders");
  ASSERT_EQ(events_.size(), 2U);
  EXPECT_EQ(events_[1].id(), EventId::kTrackRecovered);
  EXPECT_EQ(changed_, 4);
}

TEST_F(TrackerTest, PointsAddUpOverKinds) {
  facts_["orders"] = {.usable = 0};
  tracker_.configure({vip("db", {service_track("orders", kTwenty),
                                 script_track("db/track/2", "/bin/check", {.release = false, .points = -7})})});
  EXPECT_EQ(verdict().points, -20) << "a script that has not answered is good for points";
  answer(0, 1);
  EXPECT_EQ(verdict().points, -27);
  EXPECT_EQ(tracker_.report()[0].tracks[1].reason, "exit code 1: said so");
  EXPECT_EQ(tracker_.report()[0].verdict.points, -27);
}

TEST_F(TrackerTest, AReloadKeepsTheStateOfWhatStayedTheSame) {
  tracker_.configure(
      {vip("db", {script_track("db/track/1", "/bin/a", kRelease), script_track("db/track/2", "/bin/b", kRelease)})});
  answer(0, 1);
  answer(1, 0);
  const int before = changed_;
  // The first is gone, the second has moved up, a third is new.
  tracker_.configure(
      {vip("db", {script_track("db/track/1", "/bin/b", kRelease), script_track("db/track/2", "/bin/c", kRelease)})});
  EXPECT_EQ(changed_, before + 1);
  EXPECT_FALSE(verdict().release) << "b is good, and a new check does not take a serving node out";
  ASSERT_EQ(answers_.size(), 3U) << "b was not started anew";
  answer(2, 1);
  EXPECT_TRUE(verdict().release);
  answers_[0].second(ScriptDone{});  // a's late answer concerns nobody
}

TEST_F(TrackerTest, AChangedWeightCountsAtOnce) {
  facts_["orders"] = {.usable = 0};
  tracker_.configure({vip("db", {service_track("orders", kTwenty)})});
  tracker_.configure({vip("db", {service_track("orders", kRelease)})});
  EXPECT_TRUE(verdict().release);
  EXPECT_EQ(verdict().points, 0);
  EXPECT_EQ(events_.size(), 1U) << "it was bad before";
}

TEST_F(TrackerTest, AnUnchangedReloadSaysNothing) {
  const std::vector<config::Vip> vips{vip("db", {script_track("db/track/1", "/bin/a", kTwenty)})};
  tracker_.configure(vips);
  answer(0, 0);
  const int before = changed_;
  tracker_.configure(vips);
  EXPECT_EQ(changed_, before);
  tracker_.configure({});
  EXPECT_TRUE(tracker_.verdicts().verdicts.empty());
}

}  // namespace
}  // namespace hf::vip::track
