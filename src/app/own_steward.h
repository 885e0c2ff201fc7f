// OwnSteward: the steward of a gateway that an ordinary user has started: a child of the gateway, which runs the
// programs of the file as that user.
//
// Owner: the gateway. Thread: the control thread's.
// Invariants:
//   1. It stands from the first configuration with a program on, until close(); it ends with the gateway, however that
//      ends.
//   2. Every run_script is answered once, also when the steward is gone: see guardian::PendingScripts.
//   3. It reads the file at each configure() before it hears of a further script.
#pragma once

#include <functional>
#include <string>

#include <sys/types.h>

#include "base/event.h"
#include "config/config.h"
#include "guardian/pending_scripts.h"
#include "guardian/steward_keeper.h"
#include "runtime/event_loop.h"
#include "runtime/signal.h"
#include "runtime/task.h"

namespace hf::app {

class OwnSteward {
 public:
  OwnSteward(runtime::EventLoop& loop, guardian::StewardKeeper::Options options, std::function<void(Event)> emit);
  OwnSteward(const OwnSteward&) = delete;
  OwnSteward& operator=(const OwnSteward&) = delete;

  /// At start and at each reload. The first file that names a program starts the steward.
  void configure(const config::Config& config);
  /// `timeout` is the script's own.
  void run_script(vip::ScriptCall call, Nanos timeout, vip::ScriptAnswer answer);
  /// Ends it, with what it runs. One that is still there at the deadline is killed with this object.
  static runtime::Task<void> close(OwnSteward* self, Deadline deadline);

  /// 0: none runs.
  pid_t pid() const { return keeper_.pid(); }

 private:
  guardian::StewardKeeper::Listener listener();
  void ended(const std::string& how);

  std::function<void(Event)> emit_;
  guardian::PendingScripts scripts_;
  guardian::StewardKeeper keeper_;
  bool wanted_ = false;
  bool closing_ = false;
  runtime::Signal gone_;
};

}  // namespace hf::app
