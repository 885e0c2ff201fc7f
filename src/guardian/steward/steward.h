// Steward: what needs root but no real-time priority: reads the configuration file when told to, compiles the
// guardian's settings out of it, and runs the configured scripts under their users. No byte of a client comes here.
// Beside a gateway of an ordinary user it is that user's, and runs scripts as nobody else.
//
// Owner: the steward process. Thread: that of its loop.
// Invariants:
//   1. Each LoadSettings is answered by one SettingsLoaded or SettingsFailed, each RunScript by one ScriptDone. Answers
//      that cannot be sent are dropped: the guardian is gone then.
//   2. Only commands of the last file that was loaded without error are run; a request names one and adds plain words.
//   3. As root only what nobody but root can change is run: program, and the file that names it.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/result.h"
#include "config/config.h"
#include "config/parse.h"
#include "guardian/messages.h"
#include "guardian/steward/script_runner.h"
#include "runtime/event_loop.h"

namespace hf::guardian::steward {

class Steward {
 public:
  using Load = std::function<config::LoadResult()>;
  using Send = std::function<Result<void>(const Message&)>;

  /// `load` reads `config_file`, anew each time.
  Steward(runtime::EventLoop& loop, std::string config_file, Load load, Send send);

  /// LoadSettings and RunScript; others are not for us and dropped.
  void receive(const Message& message);
  std::size_t running() const { return runner_.running(); }

 private:
  void load_settings();
  void look_users_up();
  Result<ScriptUser> user_of(const config::Script& script) const;
  void run(const RunScript& request);
  Result<void> start(const RunScript& request);
  void answer(const Message& message);

  std::string config_file_;
  Load load_;
  Send send_;
  config::ConfigPtr config_;
  std::map<std::string, Result<ScriptUser>> users_;
  ScriptRunner runner_;
};

}  // namespace hf::guardian::steward
