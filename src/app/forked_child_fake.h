// ForkedChild: runs a piece of a test in a process of its own, for what cannot be taken back: rights given up, filters
// installed.
//
// Owner: the test. Thread: the test's, the only one there is.
// Invariant: the child never returns into the test; what it found wrong comes back as text.
#pragma once

#include <string>

#include <sys/wait.h>
#include <unistd.h>

namespace hf::app {

struct ChildEnd {
  std::string wrong;  // what `work` returned; empty: all was well
  int killed_by = 0;  // the signal, if one ended it
  friend bool operator==(const ChildEnd&, const ChildEnd&) = default;
};

/// `work` returns what is wrong, or nothing.
template <typename Work>
ChildEnd in_child(Work work) {
  int ends[2] = {-1, -1};
  if (::pipe(ends) != 0) return {"no pipe", 0};
  const pid_t child = ::fork();
  if (child < 0) return {"no fork", 0};
  if (child == 0) {
    const std::string wrong = work();
    (void)!::write(ends[1], wrong.data(), wrong.size());
    ::_exit(0);
  }
  ::close(ends[1]);
  ChildEnd end;
  char buffer[4096];
  for (ssize_t n = 0; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
    end.wrong.append(buffer, static_cast<std::size_t>(n));
  }
  ::close(ends[0]);
  int status = 0;
  if (::waitpid(child, &status, 0) == child && WIFSIGNALED(status)) end.killed_by = WTERMSIG(status);
  return end;
}

}  // namespace hf::app
