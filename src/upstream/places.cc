#include "upstream/places.h"

#include <algorithm>

namespace hf::upstream {

// --- Places: everything of these has the mutex -----------------------------------------------------------------------

Places::~Places() { HF_CHECK(desks_.empty() && queue_.first == nullptr); }

void Places::Queue::push(PlaceWait& wait) {
  wait.previous_ = last;
  wait.next_ = nullptr;
  (last != nullptr ? last->next_ : first) = &wait;
  last = &wait;
}

void Places::Queue::remove(PlaceWait& wait) {
  (wait.previous_ != nullptr ? wait.previous_->next_ : first) = wait.next_;
  (wait.next_ != nullptr ? wait.next_->previous_ : last) = wait.previous_;
  wait.previous_ = nullptr;
  wait.next_ = nullptr;
}

void Places::count() {
  waiting_.store(queued_, std::memory_order_relaxed);
  wanted_.store(queued_ > 0 || taken_ > most_, std::memory_order_relaxed);
}

void Places::wake(PlaceDesk& desk, const PlaceDesk* self) {
  if (&desk == self || desk.posted_) return;
  desk.posted_ = true;
  desk.loop_.post([link = desk.link_] {
    if (link->desk != nullptr) link->desk->woken();
  });
}

void Places::wake_all(const PlaceDesk* self) {
  for (PlaceDesk* desk : desks_) wake(*desk, self);
}

void Places::grant_free(const PlaceDesk* self) {
  while (taken_ < most_ && queue_.first != nullptr) {
    PlaceWait& wait = *queue_.first;
    queue_.remove(wait);
    --queued_;
    ++taken_;
    wait.state_ = PlaceWait::State::kGranted;
    wait.desk_.granted_.push(wait);
    wake(wait.desk_, self);
  }
  count();
}

void Places::give_back(const PlaceDesk* self) {
  HF_ASSERT(taken_ > 0);
  --taken_;
  grant_free(self);
}

void Places::set_most(std::uint32_t most) {
  const std::lock_guard lock(mutex_);
  most_ = std::max(1U, most);
  grant_free(nullptr);
  if (taken_ > most_) wake_all(nullptr);
}

std::uint32_t Places::most() const {
  const std::lock_guard lock(mutex_);
  return most_;
}

std::uint32_t Places::taken() const {
  const std::lock_guard lock(mutex_);
  return taken_;
}

PlaceUse Places::use() const {
  const std::lock_guard lock(mutex_);
  PlaceUse all;
  for (const PlaceDesk* desk : desks_) {
    all.idle += desk->said_.idle;
    all.kept += desk->said_.kept;
  }
  return all;
}

// --- PlaceDesk -------------------------------------------------------------------------------------------------------

PlaceDesk::PlaceDesk(runtime::EventLoop& loop, std::shared_ptr<Places> places, PlaceHolder& holder)
    : loop_(loop), places_(std::move(places)), holder_(holder), link_(std::make_shared<Link>(this)) {
  const std::lock_guard lock(places_->mutex_);
  places_->desks_.push_back(this);
}

PlaceDesk::~PlaceDesk() {
  HF_CHECK(first_ == nullptr);
  link_->desk = nullptr;
  const std::lock_guard lock(places_->mutex_);
  std::erase(places_->desks_, this);
}

bool PlaceDesk::take() {
  const std::lock_guard lock(places_->mutex_);
  if (places_->taken_ >= places_->most_) return false;
  ++places_->taken_;
  return true;
}

void PlaceDesk::give() {
  {
    const std::lock_guard lock(places_->mutex_);
    places_->give_back(this);
  }
  collect();
}

PlaceWait* PlaceDesk::heir(std::uint64_t kind, PlaceWait* wish) {
  PlaceWait* wait = first(kind, [](const PlaceWait& /*any*/) { return true; });
  const bool in_turn = wish != nullptr && wait != nullptr && wish->since_ - wait->since_ <= Places::kOvertake;
  if (in_turn && hand_to(*wish)) return wish;
  return wait != nullptr && hand_to(*wait) ? wait : nullptr;
}

/// False: its wait is over, or somebody has waited for too much longer.
bool PlaceDesk::hand_to(PlaceWait& wait) {
  {
    const std::lock_guard lock(places_->mutex_);
    const PlaceWait* head = places_->queue_.first;
    const bool too_many = places_->taken_ > places_->most_;
    const bool overtaken = head != nullptr && wait.since_ - head->since_ > Places::kOvertake;
    if (too_many || overtaken || wait.state_ == PlaceWait::State::kOut) return false;
    if (wait.state_ == PlaceWait::State::kGranted) {
      granted_.remove(wait);
      places_->give_back(this);
    } else {
      places_->queue_.remove(wait);
      --places_->queued_;
      places_->count();
    }
    wait.state_ = PlaceWait::State::kOut;
  }
  wait.outcome_ = PlaceWait::Outcome::kHandedOver;
  wait.end();
  collect();
  return true;
}

/// Ends the waits that were granted a place.
void PlaceDesk::collect() {
  for (;;) {
    PlaceWait* wait = nullptr;
    {
      const std::lock_guard lock(places_->mutex_);
      wait = granted_.first;
      if (wait == nullptr) return;
      granted_.remove(*wait);
      wait->state_ = PlaceWait::State::kOut;
    }
    wait->end();
  }
}

/// Posted by another thread: something was granted here, or somebody wants a place.
void PlaceDesk::woken() {
  {
    const std::lock_guard lock(places_->mutex_);
    posted_ = false;
  }
  collect();
  step();
}

/// Gives way as far as it can: what is idle at once, the rest by asking, again in a step if somebody still waits then.
void PlaceDesk::step() {
  while (places_->wanted() && holder_.close_idle()) {}
  if (places_->waiting() == 0) return;
  if (next_ask_ <= loop_.now()) {
    next_ask_ = loop_.now() + Places::kStep;
    holder_.ask();
    const PlaceUse use = holder_.use();
    const std::lock_guard lock(places_->mutex_);
    said_ = use;
  }
  if (places_->waiting() > 0 && !armed()) loop_.arm(*this, next_ask_);
}

// --- PlaceWait -------------------------------------------------------------------------------------------------------

void PlaceWait::start() {
  since_ = desk_.loop_.now();
  previous_here_ = desk_.last_;
  (desk_.last_ != nullptr ? desk_.last_->next_here_ : desk_.first_) = this;
  desk_.last_ = this;
  if (!deadline_.is_never()) desk_.loop_.arm(*this, deadline_.at);
  Places& places = *desk_.places_;
  {
    const std::lock_guard lock(places.mutex_);
    const bool first = places.queued_ == 0;
    state_ = State::kQueued;
    places.queue_.push(*this);
    ++places.queued_;
    places.grant_free(&desk_);  // one may have come back since await_ready
    if (first && state_ == State::kQueued) places.wake_all(&desk_);
  }
  desk_.collect();
  desk_.step();
}

/// Out of every list of the mutex's; the task goes on later in this turn.
void PlaceWait::end() {
  (previous_here_ != nullptr ? previous_here_->next_here_ : desk_.first_) = next_here_;
  (next_here_ != nullptr ? next_here_->previous_here_ : desk_.last_) = previous_here_;
  disarm();
  resume_later();
}

void PlaceWait::cancel() {
  Places& places = *desk_.places_;
  {
    const std::lock_guard lock(places.mutex_);
    if (state_ == State::kGranted) {
      desk_.granted_.remove(*this);
      places.give_back(&desk_);
    } else {
      places.queue_.remove(*this);
      --places.queued_;
      places.count();
    }
    state_ = State::kOut;
  }
  error_ = ErrorCode::kCancelled;
  end();
  desk_.collect();
}

void PlaceWait::on_timer() {
  Places& places = *desk_.places_;
  {
    const std::lock_guard lock(places.mutex_);
    if (state_ == State::kGranted) {
      desk_.granted_.remove(*this);  // it was in time: the news of it is on the way
    } else {
      places.queue_.remove(*this);
      --places.queued_;
      places.count();
      error_ = ErrorCode::kTimeout;
    }
    state_ = State::kOut;
  }
  end();
}

Result<PlaceWait::Outcome> PlaceWait::await_resume() const {
  if (!error_) return outcome_;
  return Error{*error_,
               *error_ == ErrorCode::kTimeout ? "no place came free in time" : "the wait for a place was cancelled"};
}

}  // namespace hf::upstream
