#include "runtime/aside.h"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "base/assert.h"

namespace hf::runtime {

struct Aside::Shared {
  std::mutex mutex;
  std::condition_variable changed;
  std::function<void()> work;
  std::function<void()> done;
  Aside* owner = nullptr;  // nullptr: gone
  EventLoop* loop = nullptr;
};

Aside::Aside(EventLoop& loop) : shared_(std::make_shared<Shared>()) {
  shared_->owner = this;
  shared_->loop = &loop;
  std::thread([shared = shared_] { serve(shared); }).detach();
}

Aside::~Aside() {
  const std::lock_guard lock(shared_->mutex);
  shared_->owner = nullptr;
  shared_->changed.notify_all();
}

void Aside::run(std::function<void()> work, std::function<void()> done) {
  HF_ASSERT(!busy_);
  busy_ = true;
  const std::lock_guard lock(shared_->mutex);
  shared_->work = std::move(work);
  shared_->done = std::move(done);
  shared_->changed.notify_all();
}

void Aside::serve(const std::shared_ptr<Shared>& shared) {
  std::unique_lock lock(shared->mutex);
  for (;;) {
    shared->changed.wait(lock, [&shared] { return shared->work != nullptr || shared->owner == nullptr; });
    if (shared->owner == nullptr) return;
    std::function<void()> work = std::exchange(shared->work, nullptr);
    lock.unlock();
    work();
    work = nullptr;
    lock.lock();
    if (shared->owner == nullptr) return;
    shared->loop->post([shared] {
      if (shared->owner == nullptr) return;  // written by this thread alone
      shared->owner->busy_ = false;
      const std::function<void()> done = std::exchange(shared->done, nullptr);
      done();
    });
  }
}

}  // namespace hf::runtime
