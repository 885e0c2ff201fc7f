// Checker: looks at one server of a service, again and again: is it there, and does it do its work. A file for each
// kind of check.
//
// Owner: the service's watcher. Thread: the control thread's.
// Invariants:
//   1. There is one look at a time, and it ends by its deadline.
//   2. What is kept between looks (a connection, say) ends with rest(), or when a look fails.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "runtime/task.h"

namespace hf::check {

class Checker {
 public:
  Checker() = default;
  Checker(const Checker&) = delete;
  Checker& operator=(const Checker&) = delete;
  virtual ~Checker() = default;

  /// Errors: why the server is not well. Where it has `said` so itself it is there all the same; kOverload: it has no
  /// room for a look.
  virtual runtime::Task<Result<void>> look(Deadline deadline) = 0;
  /// Lets go of what it keeps between looks. Not while one runs.
  virtual void rest() {}
};

}  // namespace hf::check
