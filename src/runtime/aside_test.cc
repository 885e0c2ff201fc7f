#include "runtime/aside.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include <unistd.h>

#include "runtime/stepped_loop_fake.h"

namespace hf::runtime {
namespace {

/// A read that does not return before the test says so.
struct Hang {
  Hang() { EXPECT_EQ(::pipe(ends), 0); }
  ~Hang() { ::close(ends[1]); }  // the reader sees the end; its own end is left to it
  std::function<void()> read() const {
    return [fd = ends[0]] {
      char byte = 0;
      [[maybe_unused]] const ssize_t n = ::read(fd, &byte, 1);
    };
  }
  void end() const { EXPECT_EQ(::write(ends[1], "x", 1), 1); }
  int ends[2] = {-1, -1};
};

TEST(Aside, TheLoopGoesOnWhileAFunctionHangs) {
  const Hang hang;
  SteppedLoop loop;
  Aside aside(*loop);
  bool done = false;
  aside.run(hang.read(), [&done] { done = true; });
  for (int i = 0; i < 5; ++i) loop.turn();
  EXPECT_TRUE(aside.busy());
  EXPECT_FALSE(done);
  hang.end();
  EXPECT_TRUE(loop.run_until([&done] { return done; }));
  EXPECT_FALSE(aside.busy());
}

TEST(Aside, RunsOneAfterTheOtherAndMayBeUsedFromWithinDone) {
  SteppedLoop loop;
  Aside aside(*loop);
  std::vector<int> said;
  const auto result = std::make_shared<int>(0);
  aside.run([result] { *result = 1; },
            [&] {
              said.push_back(*result);
              aside.run([result] { *result = 2; }, [&] { said.push_back(*result); });
            });
  EXPECT_TRUE(loop.run_until([&said] { return said.size() == 2; }));
  EXPECT_EQ(said, (std::vector<int>{1, 2}));
}

TEST(Aside, OneThatIsGoneTellsNothingAndWaitsForNobody) {
  const Hang hang;
  SteppedLoop loop;
  bool done = false;
  {
    Aside aside(*loop);
    aside.run(hang.read(), [&done] { done = true; });
  }
  hang.end();
  for (int i = 0; i < 5; ++i) loop.turn();
  EXPECT_FALSE(done);
}

}  // namespace
}  // namespace hf::runtime
