// Three ways to be wrong. HF_ASSERT: a programming error, checked in debug builds. HF_BUG: log and take the safe path.
// HF_CHECK: a broken invariant that makes going on dangerous; aborts loudly, a restart is cheap.
#pragma once

namespace hf {

[[noreturn]] void check_failed(const char* file, int line, const char* expression);

/// Counts and reports a bug that was survived. Returns how many there were so far in this process.
unsigned long bug_found(const char* file, int line, const char* what);

/// Who takes such lines, from any thread; each without its end. Nobody: standard error, which may block.
struct LastWords {
  void (*survived)(const char* line) = nullptr;  // returns at once
  void (*dying)(const char* line) = nullptr;     // returns soon; the process aborts then
};
void set_last_words(LastWords words);

}  // namespace hf

#define HF_CHECK(condition)                               \
  do {                                                    \
    if (!(condition)) [[unlikely]]                        \
      ::hf::check_failed(__FILE__, __LINE__, #condition); \
  } while (false)

#ifdef NDEBUG
#define HF_ASSERT(condition) \
  do { (void)sizeof(condition); } while (false)
#else
#define HF_ASSERT(condition) HF_CHECK(condition)
#endif

#define HF_BUG(what) ::hf::bug_found(__FILE__, __LINE__, what)
