#include "runtime/frame_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "runtime/scope.h"
#include "runtime/sim_poller.h"

namespace hf::runtime {
namespace {

#if !__has_feature(address_sanitizer)  // nothing is pooled there, so that use after free is seen

class FramePoolTest : public ::testing::Test {
 protected:
  void SetUp() override { FramePool::trim(); }
  ~FramePoolTest() override { FramePool::trim(); }
};

TEST_F(FramePoolTest, TheLastReleasedFrameOfASizeIsTheNextOne) {
  void* first = FramePool::allocate(200);
  void* second = FramePool::allocate(200);
  FramePool::release(first, 200);
  FramePool::release(second, 200);
  EXPECT_EQ(FramePool::allocate(200), second);
  EXPECT_EQ(FramePool::allocate(200), first);
  FramePool::release(first, 200);
  FramePool::release(second, 200);
}

TEST_F(FramePoolTest, SizesOfOneGrainShareAListAndOthersDoNot) {
  void* frame = FramePool::allocate(FramePool::kGrain + 1);
  FramePool::release(frame, FramePool::kGrain + 1);
  void* smaller = FramePool::allocate(FramePool::kGrain);
  EXPECT_NE(smaller, frame);
  void* same_grain = FramePool::allocate(2 * FramePool::kGrain);
  EXPECT_EQ(same_grain, frame);
  FramePool::release(smaller, FramePool::kGrain);
  FramePool::release(same_grain, 2 * FramePool::kGrain);
}

TEST_F(FramePoolTest, AThreadDoesNotGetAnotherThreadsFrames) {
  void* frame = FramePool::allocate(300);
  FramePool::release(frame, 300);
  void* elsewhere = nullptr;
  std::thread other([&] {
    elsewhere = FramePool::allocate(300);
    FramePool::release(elsewhere, 300);
    FramePool::trim();
  });
  other.join();
  void* again = FramePool::allocate(300);
  EXPECT_EQ(again, frame);
  FramePool::release(again, 300);
}

Task<Result<int>> child(int value) { co_return value; }

Task<void> parent(int rounds, int* sum, std::vector<void*>* seen) {
  for (int i = 0; i < rounds; ++i) {
    const Result<int> one = co_await child(1);
    *sum += *one;
    void* probe = FramePool::allocate(64);  // any size: the pool must not grow with the rounds
    seen->push_back(probe);
    FramePool::release(probe, 64);
  }
}

TEST_F(FramePoolTest, AwaitingAgainAndAgainUsesTheSameMemory) {
  EventLoop loop(std::make_unique<SimPoller>());
  int sum = 0;
  std::vector<void*> seen;
  {
    Scope scope(loop);
    scope.spawn("parent", parent, 1000, &sum, &seen);
    EXPECT_TRUE(scope.empty());
  }
  EXPECT_EQ(sum, 1000);
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(std::unique(seen.begin(), seen.end()) - seen.begin(), 1);
}

#endif

TEST(FramePool, EverySizeIsUsableToItsLastByte) {
  std::vector<std::pair<void*, std::size_t>> frames;
  for (std::size_t size = 1; size <= FramePool::kLargest + 200; size += 13) {
    void* frame = FramePool::allocate(size);
    ASSERT_NE(frame, nullptr);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(frame) % alignof(std::max_align_t), 0U);
    std::memset(frame, static_cast<int>(size & 0xFF), size);
    frames.emplace_back(frame, size);
  }
  for (const auto& [frame, size] : frames) {
    EXPECT_EQ(static_cast<unsigned char*>(frame)[size - 1], size & 0xFF);
    FramePool::release(frame, size);
  }
  FramePool::trim();
}

}  // namespace
}  // namespace hf::runtime
