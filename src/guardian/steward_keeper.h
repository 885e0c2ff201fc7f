// StewardKeeper: the steward beside a process: started, started anew when it ends, and told of reloads.
//
// Owner: Children in the guardian; app::OwnSteward where there is none. Thread: that of its loop.
// Invariants:
//   1. One that ends, or could not be started, is started anew after its RestartBackoff, until keep_ended().
//   2. Each reads the file before it hears of a script: it runs only what it has read itself.
#pragma once

#include <functional>
#include <string>

#include <sys/types.h>

#include "guardian/role_process.h"
#include "runtime/call_timer.h"
#include "runtime/event_loop.h"

namespace hf::guardian {

class StewardKeeper {
 public:
  struct Options {
    std::string program = "/proc/self/exe";
    std::string config_file{};
  };
  struct Listener {
    std::function<void(Message)> message;  // SettingsLoaded, SettingsFailed, ScriptDone
    std::function<void(Error)> malformed;
    std::function<void(const std::string& how)> ended;  // after keep_ended() too
  };

  StewardKeeper(runtime::EventLoop& loop, Options options, Listener listener);
  StewardKeeper(const StewardKeeper&) = delete;
  StewardKeeper& operator=(const StewardKeeper&) = delete;

  /// The first one. After an error there is none and comes none.
  Result<void> start();
  /// As start(), and tried again later when it fails.
  void bring_up();
  /// It reads the file anew; one that starts does so anyway.
  Result<void> load_settings();
  /// kUnreachable: none runs at the moment. Else as Channel::send.
  Result<void> send(const Message& message);
  /// From now on none is started any more.
  void keep_ended();
  void signal(int number) { process_.signal(number); }

  bool runs() const { return process_.runs(); }
  /// 0: none runs.
  pid_t pid() const { return process_.pid(); }

 private:
  void ended(const std::string& how);

  runtime::EventLoop& loop_;
  Listener listener_;
  RoleProcess process_;
  bool ending_ = false;
  runtime::CallTimer timer_;  // the next start
};

}  // namespace hf::guardian
