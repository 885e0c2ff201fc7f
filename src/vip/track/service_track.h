// ServiceTrack: a service of this gateway that a VIP stands for: good while enough of it is usable. And the facts it
// judges.
//
// Owner: the Tracker. Thread: the control thread's. Invariant: as TrackSource.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "vip/track/track_source.h"

namespace hf::vip::track {

struct ServiceFact {
  bool primary_writable = false;
  std::uint32_t readers = 0;
  std::uint32_t usable = 0;  // servers that may serve
  std::string reason{};      // of what is missing, in words; may be empty

  friend bool operator==(const ServiceFact&, const ServiceFact&) = default;
};

/// nullopt: not looked at yet, or no such service.
using ServiceFacts = std::function<std::optional<ServiceFact>(const std::string& service)>;

/// Pure: good or bad, with a reason.
TrackResult judge(const config::Track& track, const std::optional<ServiceFact>& fact);

class ServiceTrack final : public TrackSource {
 public:
  ServiceTrack(ServiceFacts facts, const config::Track& track, std::function<void()> changed)
      : TrackSource(std::move(changed)), facts_(std::move(facts)), track_(track) {}
  void start() override { refresh(); }
  void reconfigure(const config::Track& track) override { track_ = track; }
  void refresh() override { become(judge(track_, facts_(track_.target))); }

 private:
  ServiceFacts facts_;
  config::Track track_;
};

}  // namespace hf::vip::track
