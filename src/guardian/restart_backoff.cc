#include "guardian/restart_backoff.h"

#include <algorithm>
#include <utility>

namespace hf::guardian {

Nanos RestartBackoff::next_delay(TimePoint now) {
  if (alive_since_ && now - *alive_since_ >= kGoodLife) {
    next_ = Nanos{0};
    failures_ = 0;
  }
  alive_since_.reset();
  ++failures_;
  return std::exchange(next_, std::clamp(2 * next_, kFirstDelay, kLongestDelay));
}

}  // namespace hf::guardian
