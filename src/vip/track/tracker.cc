#include "vip/track/tracker.h"

#include <algorithm>

#include "vip/events.h"
#include "vip/track/file_track.h"
#include "vip/track/process_track.h"
#include "vip/track/script_track.h"

namespace hf::vip::track {
namespace {

/// What makes a tracked thing the same one after a reload. Weight, interval, rise, fall and timeout may change; so may
/// a script's id, which counts the tracks of the file.
bool same_thing(const config::Track& a, const config::Track& b) {
  return a.kind == b.kind && a.target == b.target && a.script.command == b.script.command &&
         a.script.user == b.script.user && a.needs == b.needs;
}

bool watched_here(const config::Track& track) { return track.kind != config::TrackKind::kInterface; }

}  // namespace

/// One tracked thing of one VIP.
struct Tracker::Item {
  std::string vip;
  config::Track track;
  TrackState state;  // result: as of the last change that was told
  std::int64_t since_wall_micros = 0;
  std::unique_ptr<TrackSource> source;
};

struct Tracker::Group {
  std::string vip;
  std::vector<std::unique_ptr<Item>> items;
};

Tracker::Tracker(runtime::EventLoop& loop, Ports ports) : loop_(loop), ports_(std::move(ports)) {}

Tracker::~Tracker() = default;

void Tracker::configure(const std::vector<config::Vip>& vips) {
  configuring_ = true;
  std::vector<Group> old = std::move(groups_);
  groups_.clear();
  for (const config::Vip& vip : vips) {
    const bool known =
        std::any_of(old.begin(), old.end(), [&vip](const Group& group) { return group.vip == vip.name; });
    Group& group = groups_.emplace_back(Group{.vip = vip.name, .items = {}});
    for (const config::Track& track : vip.tracks) {
      if (!watched_here(track)) continue;
      std::unique_ptr<Item> item = take_old(old, vip.name, track);
      if (item == nullptr) item = make(vip.name, track, known ? Unknown::kPasses : Unknown::kWaits);
      group.items.push_back(std::move(item));
    }
  }
  old.clear();  // what is tracked no more ends before anything new begins
  for (const Group& group : groups_) {
    for (const std::unique_ptr<Item>& item : group.items) item->source->refresh();
  }
  configuring_ = false;
  judge();
}

std::unique_ptr<Tracker::Item> Tracker::take_old(std::vector<Group>& old, const std::string& vip,
                                                 const config::Track& track) {
  for (Group& group : old) {
    if (group.vip != vip) continue;
    for (auto at = group.items.begin(); at != group.items.end(); ++at) {
      if (!same_thing((*at)->track, track)) continue;
      std::unique_ptr<Item> item = std::move(*at);
      group.items.erase(at);
      item->track = track;
      item->state.weight = track.weight;
      item->source->reconfigure(track);
      return item;
    }
  }
  return nullptr;
}

std::unique_ptr<Tracker::Item> Tracker::make(const std::string& vip, const config::Track& track, Unknown unknown) {
  auto item = std::make_unique<Item>();
  item->vip = vip;
  item->track = track;
  item->state = TrackState{.track = track_text(track), .weight = track.weight, .unknown = unknown, .result = {}};
  item->since_wall_micros = ports_.wall_micros();
  item->source = make_source(track, [this, raw = item.get()] { item_changed(*raw); });
  item->source->start();
  return item;
}

std::unique_ptr<TrackSource> Tracker::make_source(const config::Track& track, std::function<void()> changed) {
  switch (track.kind) {
    case config::TrackKind::kService:
      return std::make_unique<ServiceTrack>(ports_.service_facts, track, std::move(changed));
    case config::TrackKind::kScript:
      return std::make_unique<ScriptTrack>(loop_, ports_.run_script, track, std::move(changed));
    case config::TrackKind::kProcess: return std::make_unique<ProcessTrack>(loop_, track, std::move(changed));
    case config::TrackKind::kFile:
    case config::TrackKind::kInterface: break;  // interfaces do not come here
  }
  return std::make_unique<FileTrack>(loop_, track, std::move(changed));
}

void Tracker::service_changed(const std::string& service) {
  for (const Group& group : groups_) {
    for (const std::unique_ptr<Item>& item : group.items) {
      if (item->track.kind == config::TrackKind::kService && item->track.target == service) item->source->refresh();
    }
  }
}

void Tracker::item_changed(Item& item) {
  const TrackResult before = std::exchange(item.state.result, item.source->result());
  const TrackResult& now = item.state.result;
  if (before.known != now.known || before.bad != now.bad) item.since_wall_micros = ports_.wall_micros();
  if (before.bad != now.bad) tell_event(item);  // a first good result is no news
  judge();
}

void Tracker::tell_event(const Item& item) {
  const TrackState& state = item.state;
  if (state.result.bad) {
    ports_.event(events::TrackFailed{
        .vip = item.vip, .track = state.track, .reason = state.result.reason, .weight = weight_text(state.weight)});
  } else {
    ports_.event(events::TrackRecovered{
        .vip = item.vip, .track = state.track, .reason = state.result.reason, .weight = weight_text(state.weight)});
  }
}

void Tracker::judge() {
  if (configuring_) return;
  Verdicts next;
  for (const Group& group : groups_) {
    std::vector<TrackState> states;
    states.reserve(group.items.size());
    for (const std::unique_ptr<Item>& item : group.items) states.push_back(item->state);
    next.verdicts.push_back(sum(group.vip, states));
  }
  if (next == verdicts_) return;
  verdicts_ = std::move(next);
  ports_.changed();
}

std::vector<VipTrackReport> Tracker::report() const {
  std::vector<VipTrackReport> out;
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    VipTrackReport& vip = out.emplace_back();
    vip.vip = groups_[i].vip;
    if (i < verdicts_.verdicts.size()) vip.verdict = verdicts_.verdicts[i];
    for (const std::unique_ptr<Item>& item : groups_[i].items) {
      vip.tracks.push_back(TrackReport{.track = item->state.track,
                                       .known = item->state.result.known,
                                       .bad = item->state.result.bad,
                                       .weight = item->state.weight,
                                       .points = points(item->state),
                                       .release = releases(item->state),
                                       .since_wall_micros = item->since_wall_micros,
                                       .reason = item->state.result.reason});
    }
  }
  return out;
}

}  // namespace hf::vip::track
