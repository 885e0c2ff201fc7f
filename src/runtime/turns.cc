#include "runtime/turns.h"

namespace hf::runtime {

Task<Result<Turns::Turn>> Turns::take(Turns* self, Deadline patience) {
  while (self->taken_ && !self->closed_) {
    const Result<void> waited = co_await self->ended_.wait(patience);
    if (!waited.ok()) co_return waited.error();
  }
  if (self->closed_) co_return Error{ErrorCode::kClosed, "no turn is given any more"};
  self->taken_ = true;
  co_return Turn(*self);
}

void Turns::close() {
  closed_ = true;
  ended_.notify_all();
}

void Turns::end() {
  taken_ = false;
  ended_.notify_all();
}

}  // namespace hf::runtime
