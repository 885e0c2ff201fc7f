#include "runtime/sim_poller.h"

#include <algorithm>

namespace hf::runtime {

void SimPoller::schedule(TimePoint at, std::function<void()> happening) {
  happenings_.push(Happening{std::max(at, now_), order_++, std::move(happening)});
}

void SimPoller::wait(Deadline until) {
  if (!happenings_.empty()) until = until.earlier(Deadline{happenings_.top().at});
  if (!until.is_never()) now_ = std::max(now_, until.at);
}

void SimPoller::dispatch() {
  while (!happenings_.empty() && happenings_.top().at <= now_) {
    const std::function<void()> run = happenings_.top().run;
    happenings_.pop();
    run();
  }
}

}  // namespace hf::runtime
