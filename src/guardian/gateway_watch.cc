#include "guardian/gateway_watch.h"

#include <utility>

namespace hf::guardian {

void GatewayWatch::started(TimePoint now) {
  alive_ = true;
  ended_ = false;
  ready_ = was_ready_ = stalled_ = killed_ = false;
  stuck_since_.reset();
  heard_ = started_ = now;
  reason_ = "it is starting";
}

void GatewayWatch::ended(std::string reason) {
  alive_ = ready_ = false;
  ended_ = true;
  stuck_since_.reset();
  reason_ = std::move(reason);
}

void GatewayWatch::beat(const Beat& beat, TimePoint now) {
  heard_ = now;
  stalled_ = beat.stalled >= silence_;
}

void GatewayWatch::ready(bool ready) {
  ready_ = ready;
  was_ready_ = was_ready_ || ready;
  if (!ready) reason_ = "it is stopping";
}

bool GatewayWatch::silent(TimePoint now) const {
  if (!was_ready_) return now - started_ >= kStartPatience;  // reading accounts and names may take its time
  return stalled_ || now - heard_ >= silence_;
}

GatewayWatch::Verdict GatewayWatch::look(TimePoint now) {
  if (!alive_) return Verdict::kSame;
  if (!silent(now)) return std::exchange(stuck_since_, std::nullopt) ? Verdict::kRecovered : Verdict::kSame;
  if (!stuck_since_) {
    stuck_since_ = now;
    return Verdict::kBecameStuck;
  }
  if (killed_ || now - *stuck_since_ < kill_after_) return Verdict::kSame;
  killed_ = true;
  return Verdict::kKill;
}

Deadline GatewayWatch::next_look(TimePoint now) const {
  if (!alive_ || killed_) return Deadline::never();
  if (stuck_since_) return Deadline{*stuck_since_ + kill_after_}.earlier(Deadline{now + silence_});
  return was_ready_ ? Deadline{heard_ + silence_} : Deadline{started_ + kStartPatience};
}

vip::GatewayCondition GatewayWatch::condition() const {
  if (alive_ && ready_ && !stuck_since_) return {true, ""};
  if (stuck_since_) return {false, "it is stuck"};
  return {.serving = false, .reason = reason_, .in_order = !ended_};
}

}  // namespace hf::guardian
