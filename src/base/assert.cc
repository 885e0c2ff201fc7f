#include "base/assert.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace hf {

namespace {

std::atomic<void (*)(const char*)> survived{nullptr};
std::atomic<void (*)(const char*)> dying{nullptr};

void tell(void (*whom)(const char*), const char* format, const char* file, int line, const char* what) {
  char text[1024];
  std::snprintf(text, sizeof text, format, file, line, what);
  if (whom != nullptr) {
    whom(text);
  } else {
    std::fprintf(stderr, "%s\n", text);
  }
}

}  // namespace

void set_last_words(LastWords words) {
  survived = words.survived;
  dying = words.dying;
}

void check_failed(const char* file, int line, const char* expression) {
  tell(dying.exchange(nullptr), "holdfast: invariant broken at %s:%d: %s", file, line, expression);
  std::abort();
}

unsigned long bug_found(const char* file, int line, const char* what) {
  static std::atomic<unsigned long> count{0};
  tell(survived.load(), "holdfast: bug survived at %s:%d: %s", file, line, what);
  return count.fetch_add(1) + 1;
}

}  // namespace hf
