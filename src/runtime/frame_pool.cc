#include "runtime/frame_pool.h"

#include <array>
#include <new>

namespace hf::runtime {
namespace {

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool kPooling = false;
#else
constexpr bool kPooling = true;
#endif
#else
constexpr bool kPooling = true;
#endif

struct FreeFrame {
  FreeFrame* next;
};

constexpr std::size_t kClasses = FramePool::kLargest / FramePool::kGrain;
thread_local std::array<FreeFrame*, kClasses> free_frames{};

constexpr std::size_t class_of(std::size_t size) { return (size + FramePool::kGrain - 1) / FramePool::kGrain - 1; }

}  // namespace

void* FramePool::allocate(std::size_t size) {
  if (!kPooling || size == 0 || size > kLargest) return ::operator new(size);
  FreeFrame*& head = free_frames[class_of(size)];
  if (head == nullptr) return ::operator new((class_of(size) + 1) * kGrain);
  FreeFrame* frame = head;
  head = frame->next;
  return frame;
}

void FramePool::release(void* frame, std::size_t size) noexcept {
  if (!kPooling || size == 0 || size > kLargest) {
    ::operator delete(frame);
    return;
  }
  FreeFrame*& head = free_frames[class_of(size)];
  head = new (frame) FreeFrame{head};
}

void FramePool::trim() noexcept {
  for (FreeFrame*& head : free_frames) {
    while (head != nullptr) {
      FreeFrame* next = head->next;
      ::operator delete(head);
      head = next;
    }
  }
}

}  // namespace hf::runtime
