#include "runtime/timer_heap.h"

#include <algorithm>

#include "base/assert.h"

namespace hf::runtime {

namespace {
constexpr std::size_t kArity = 4;
}

void Timer::disarm() {
  if (heap_ != nullptr) heap_->disarm(*this);
}

TimerHeap::~TimerHeap() {
  for (Timer* timer : heap_) timer->heap_ = nullptr;
}

void TimerHeap::place(std::size_t position, Timer* timer) {
  heap_[position] = timer;
  timer->position_ = position;
}

void TimerHeap::sift_up(std::size_t position, Timer* timer) {
  while (position > 0) {
    const std::size_t parent = (position - 1) / kArity;
    if (heap_[parent]->at_ <= timer->at_) break;
    place(position, heap_[parent]);
    position = parent;
  }
  place(position, timer);
}

void TimerHeap::sift_down(std::size_t position, Timer* timer) {
  for (;;) {
    const std::size_t first = position * kArity + 1;
    if (first >= heap_.size()) break;
    const std::size_t last = std::min(first + kArity, heap_.size());
    std::size_t best = first;
    for (std::size_t i = first + 1; i < last; ++i) {
      if (heap_[i]->at_ < heap_[best]->at_) best = i;
    }
    if (timer->at_ <= heap_[best]->at_) break;
    place(position, heap_[best]);
    position = best;
  }
  place(position, timer);
}

void TimerHeap::arm(Timer& timer, TimePoint at) {
  if (timer.heap_ != nullptr) disarm(timer);
  timer.at_ = at;
  timer.heap_ = this;
  heap_.push_back(&timer);
  sift_up(heap_.size() - 1, &timer);
}

void TimerHeap::disarm(Timer& timer) {
  if (timer.heap_ == nullptr) return;
  HF_ASSERT(timer.heap_ == this);
  timer.heap_ = nullptr;
  if (timer.position_ == static_cast<std::size_t>(-1)) {  // taken out by fire(), not fired yet
    std::replace(due_.begin(), due_.end(), &timer, static_cast<Timer*>(nullptr));
    return;
  }
  Timer* last = heap_.back();
  heap_.pop_back();
  if (last == &timer) return;
  const std::size_t position = timer.position_;
  sift_up(position, last);
  sift_down(last->position_, last);
}

void TimerHeap::fire(TimePoint now) {
  while (!heap_.empty() && heap_.front()->at_ <= now) {
    Timer* timer = heap_.front();
    disarm(*timer);
    timer->heap_ = this;
    timer->position_ = static_cast<std::size_t>(-1);
    due_.push_back(timer);
  }
  for (std::size_t i = 0; i < due_.size(); ++i) {
    Timer* timer = due_[i];
    if (timer == nullptr) continue;
    timer->heap_ = nullptr;
    timer->on_timer();
  }
  due_.clear();
}

}  // namespace hf::runtime
