#include "runtime/scope.h"

namespace hf::runtime {

void Scope::link(Root::promise_type& root) {
  root.next = first_;
  if (first_ != nullptr) first_->previous = &root;
  first_ = &root;
  ++count_;
}

void Scope::unlink(Root::promise_type& root) {
  if (root.previous != nullptr) root.previous->next = root.next;
  if (root.next != nullptr) root.next->previous = root.previous;
  if (first_ == &root) first_ = root.next;
  --count_;
}

void Scope::ended() {
  if (count_ == 0) emptied_.notify_all();
}

void Scope::cancel() {
  for (Root::promise_type* root = first_; root != nullptr; root = root->next) {
    root->own_context.cancelled = true;
    Leaf* leaf = root->own_context.waiting;
    if (leaf != nullptr) leaf->cancel();  // queues the resumption, so the list stays as it is
  }
}

Task<Result<void>> Scope::idle(Deadline deadline) {
  while (count_ > 0) {
    const Result<void> waited = co_await emptied_.wait(deadline);
    if (!waited.ok() && count_ > 0) { co_return Error{waited.error().code, "still running: " + names()}; }
  }
  co_return Result<void>{};
}

Task<Result<void>> Scope::close(Deadline deadline) {
  cancel();
  Result<void> result = co_await idle(deadline);
  co_return result;
}

Task<void> Scope::join() {
  TaskContext& self = co_await this_context();
  bool cancelled = false;
  while (count_ > 0) {
    if (std::exchange(self.cancelled, false)) {
      cancelled = true;
      cancel();
    }
    const Result<void> waited = co_await emptied_.wait(Deadline::never());
    (void)waited;  // cancelled while waiting: the next turn hands it on
  }
  if (cancelled) self.cancelled = true;
}

std::string Scope::names() const {
  std::string names;
  std::size_t shown = 0;
  for (Root::promise_type* root = first_; root != nullptr && shown < 8; root = root->next, ++shown) {
    if (shown > 0) names += ", ";
    names += root->name;
  }
  if (count_ > shown) names += " and " + std::to_string(count_ - shown) + " more";
  return names;
}

}  // namespace hf::runtime
