#include "base/assert.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace hf {

void check_failed(const char* file, int line, const char* expression) {
  std::fprintf(stderr, "holdfast: invariant broken at %s:%d: %s\n", file, line, expression);
  std::abort();
}

unsigned long bug_found(const char* file, int line, const char* what) {
  static std::atomic<unsigned long> count{0};
  std::fprintf(stderr, "holdfast: bug survived at %s:%d: %s\n", file, line, what);
  return count.fetch_add(1) + 1;
}

}  // namespace hf
