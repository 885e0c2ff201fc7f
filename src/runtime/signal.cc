#include "runtime/signal.h"

namespace hf::runtime {

void Signal::Waiter::enlist() {
  previous_ = signal_.last_;
  if (previous_ != nullptr) {
    previous_->next_ = this;
  } else {
    signal_.first_ = this;
  }
  signal_.last_ = this;
  ++signal_.count_;
  if (!deadline_.is_never()) signal_.loop_.arm(*this, deadline_.at);
}

void Signal::Waiter::finish(ErrorCode code) {
  if (previous_ != nullptr) previous_->next_ = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
  if (signal_.first_ == this) signal_.first_ = next_;
  if (signal_.last_ == this) signal_.last_ = previous_;
  --signal_.count_;
  disarm();
  code_ = code;
  resume_later();
}

void Signal::Waiter::cancel() { finish(ErrorCode::kCancelled); }
void Signal::Waiter::on_timer() { finish(ErrorCode::kTimeout); }

Result<void> Signal::Waiter::await_resume() const {
  if (code_ == ErrorCode::kSystem) return {};
  return Error{code_, code_ == ErrorCode::kTimeout ? "the wait timed out" : "the wait was cancelled"};
}

bool Signal::notify_one() {
  if (first_ == nullptr) return false;
  first_->finish(ErrorCode::kSystem);
  return true;
}

void Signal::notify_all() {
  while (first_ != nullptr) first_->finish(ErrorCode::kSystem);
}

void SleepUntil::start() {
  if (!deadline_.is_never()) context()->loop->arm(*this, deadline_.at);
}

void SleepUntil::cancel() {
  cancelled_ = true;
  disarm();
  resume_later();
}

void SleepUntil::on_timer() { resume_later(); }

Result<void> SleepUntil::await_resume() const {
  if (!cancelled_) return {};
  return Error{ErrorCode::kCancelled, "sleep cancelled"};
}

}  // namespace hf::runtime
