// AdminModel: what the admin interface may ask of the running program and tell it to do. Implemented in app/, where the
// control thread is; a fake for tests is in admin_model_fake.h.
//
// Owner: app/. Thread: the control thread's; every call returns without waiting, but for sessions(), which asks the
// shards, and reload(), which has names looked up. Invariants:
//   1. Commands are idempotent: draining a drained server succeeds.
//   2. Unknown names are kNotFound with a context that names what is known.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "admin/access.h"
#include "admin/status.h"
#include "base/event_log.h"
#include "base/result.h"
#include "policy/vrrp/input.h"
#include "runtime/task.h"
#include "service/held_sessions.h"

namespace hf::admin {

/// Who gave a command: goes into the audit event.
struct Caller {
  std::string peer;     // "127.0.0.1:52114", "unix (uid 0)"
  std::string account;  // user of the basic account, "token", or empty
};

struct ReloadOutcome {
  bool accepted = false;
  std::vector<std::string> changes;        // when accepted: what was done
  std::vector<std::string> needs_restart;  // when accepted: what was not
  std::vector<std::string> errors;         // when not: all of them, "file:line:col: what, why, remedy"
};

/// What would happen to a statement right now.
struct Explanation {
  std::string kind;                  // "select", "update", …
  std::string route;                 // "reader", "primary", "any"
  std::string reason;                // a sentence
  std::string hint;                  // "primary", "replica" or empty
  std::string shape;                 // literals replaced by ?
  std::vector<std::string> effects;  // on the session: "user-variable", "temporary-table", …
  std::vector<std::string> servers;  // names it could run on now
};

/// The shards' answers, put together.
struct SessionPage {
  service::HeldSessions sessions;
  std::uint32_t silent_shards = 0;  // did not answer in time: theirs are missing
};

using VipOrder = policy::vrrp::OperatorCommand;

class AdminModel {
 public:
  virtual ~AdminModel() = default;

  virtual StatusSnapshot status() const = 0;
  virtual Readiness readiness() const = 0;
  virtual EventPage events_since(std::uint64_t since, std::size_t limit) const = 0;
  virtual Result<Explanation> explain(std::string_view service, std::string_view sql) const = 0;

  /// MySQL sessions that are pinned or have a server connection, of one service or, where it is empty, of all; `most`
  /// of them.
  virtual runtime::Task<Result<SessionPage>> sessions(std::string service, std::size_t most) = 0;

  virtual Result<void> drain(std::string_view service, std::string_view server, const Caller& caller) = 0;
  virtual Result<void> resume(std::string_view service, std::string_view server, const Caller& caller) = 0;
  /// The order is on its way to the guardian; status() and HF-6050 tell what it comes to. kUnreachable: there is no
  /// guardian. kOverload: it does not take orders at the moment.
  virtual Result<void> vip_command(std::string_view vip, VipOrder order, const Caller& caller) = 0;
  virtual runtime::Task<Result<ReloadOutcome>> reload(Caller caller) = 0;
  /// A request was refused for its credentials or origin: count and report it (with some restraint).
  virtual void refused(const Caller& caller, std::string_view path, std::string_view reason) = 0;
  /// All `places` of a door were taken and a connection gave way to a new one.
  virtual void crowded(Transport door, std::size_t places) = 0;
};

}  // namespace hf::admin
