// Tracker: watches what the VIPs depend on (services, scripts, processes, files) and tells what it comes to: the
// verdicts for the guardian, a breakdown for the operator, an event for each change. Tracked interfaces are not here:
// the guardian watches them itself.
//
// Owner: the gateway. Thread: the control thread's.
// Invariants:
//   1. changed is called from the loop's turn, from configure or from service_changed, when verdicts() has become
//      another one, and never else. It must not call configure.
//   2. A reload keeps the state of what stayed the same: same VIP, kind, target or command and user, needs.
//   3. Nothing here waits: scripts are run by the steward, files are read by threads of their own, /proc is walked in
//      slices.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/event.h"
#include "config/config.h"
#include "runtime/event_loop.h"
#include "vip/script_port.h"
#include "vip/track/service_track.h"
#include "vip/track/track_source.h"
#include "vip/verdict.h"

namespace hf::vip::track {

struct TrackReport {
  std::string track{};  // "service orders"
  bool known = false;
  bool bad = false;
  config::Weight weight{};
  std::int32_t points = 0;             // that it counts now
  bool release = false;                // it holds the addresses back now
  std::int64_t since_wall_micros = 0;  // of known and bad
  std::string reason{};                // the latest result in words, with a script's output

  friend bool operator==(const TrackReport&, const TrackReport&) = default;
};

struct VipTrackReport {
  std::string vip{};
  Verdict verdict{};
  std::vector<TrackReport> tracks{};

  friend bool operator==(const VipTrackReport&, const VipTrackReport&) = default;
};

class Tracker {
 public:
  struct Ports {
    ServiceFacts service_facts;
    ScriptPort run_script;
    std::function<void()> changed;
    std::function<void(Event)> event;
    std::function<std::int64_t()> wall_micros;
  };

  Tracker(runtime::EventLoop& loop, Ports ports);
  Tracker(const Tracker&) = delete;
  Tracker& operator=(const Tracker&) = delete;
  ~Tracker();

  /// At start and at each reload.
  void configure(const std::vector<config::Vip>& vips);
  /// What service_facts gives for this service may have changed.
  void service_changed(const std::string& service);

  /// One for each VIP, in the order of the file, also of those that track nothing.
  const Verdicts& verdicts() const { return verdicts_; }
  std::vector<VipTrackReport> report() const;

 private:
  struct Item;
  struct Group;

  std::unique_ptr<Item> take_old(std::vector<Group>& old, const std::string& vip, const config::Track& track);
  std::unique_ptr<Item> make(const std::string& vip, const config::Track& track, Unknown unknown);
  std::unique_ptr<TrackSource> make_source(const config::Track& track, std::function<void()> changed);
  void item_changed(Item& item);
  void tell_event(const Item& item);
  void judge();

  runtime::EventLoop& loop_;
  Ports ports_;
  std::vector<Group> groups_;
  Verdicts verdicts_;
  bool configuring_ = false;
};

}  // namespace hf::vip::track
