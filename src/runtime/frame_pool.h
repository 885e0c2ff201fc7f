// Memory for coroutine frames: free lists by size, one set per thread, so that a nested co_await costs no malloc.
//
// Thread: each thread has its own lists; a frame is freed on the thread that made it (tasks never change threads).
// Invariants: 1. Frames above kLargest go to operator new. 2. Under AddressSanitizer nothing is pooled, so that use
// after free is seen.
#pragma once

#include <cstddef>

namespace hf::runtime {

class FramePool {
 public:
  static constexpr std::size_t kGrain = 64;
  static constexpr std::size_t kLargest = 4096;

  static void* allocate(std::size_t size);
  static void release(void* frame, std::size_t size) noexcept;
  /// Frees what this thread keeps for later. Called when a loop ends.
  static void trim() noexcept;
};

}  // namespace hf::runtime
