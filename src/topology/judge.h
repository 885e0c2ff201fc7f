// Judge: what one protocol makes of the looks at a service's servers: who serves clients and as what, the protocol's
// part of the view, and what is read from servers beside the looks. Its eyes, its clock and its voice are the
// watcher's.
//
// Owner: the ServiceWatcher. Thread: the control thread's.
// Invariants:
//   1. A server's checker is its judge's own kind.
//   2. Readings run behind the server's look, never beside it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/event.h"
#include "topology/service_report.h"
#include "topology/watched_server.h"
#include "upstream/refresh.h"
#include "upstream/service_view.h"

namespace hf::topology {

/// What a judge has of its watcher.
class Bench {
 public:
  virtual runtime::EventLoop& loop() const = 0;
  virtual const config::Service& service() const = 0;
  /// Those of the configuration, in its order.
  virtual std::vector<WatchedServer*> servers() const = 0;
  virtual void event(Event event) = 0;
  /// Something has changed that the view shows.
  virtual void judge_anew() = 0;

 protected:
  ~Bench() = default;
};

class Judge {
 public:
  Judge() = default;
  Judge(const Judge&) = delete;
  Judge& operator=(const Judge&) = delete;
  virtual ~Judge() = default;

  /// How a server is looked at, and where connections to it are limited.
  virtual void meet(WatchedServer& server) = 0;
  /// The configuration has changed; every server has been met.
  virtual void configure() = 0;
  /// The view as the latest looks make it. `seen`: what is so for every protocol, filled in.
  virtual std::shared_ptr<upstream::ServiceView> judge(upstream::ServiceView seen) = 0;
  /// For people. `report`: what is so for every protocol, filled in.
  virtual void describe(ServiceReport& report) const = 0;

  /// Whether what clients begin with is known, as far as anybody can tell it.
  virtual bool ready() const { return true; }
  /// A look has succeeded.
  virtual void looked(const WatchedServer& /*server*/) {}
  /// Reads what is due from this server.
  virtual runtime::Task<void> read(WatchedServer* server);
  /// When it is to be read from for somebody who has asked.
  virtual Deadline next_reading(const WatchedServer& /*server*/) const { return Deadline::never(); }
  /// Wakes whoever can answer what was asked; answers it by what is known when nobody can.
  virtual void settle_questions() {}
  /// Reads `subject`, a number of the protocol's own, at once, or answers at once where nobody can be read from.
  /// `asked` is told the round.
  virtual void refresh(std::uint32_t /*subject*/, upstream::Refresh& asked) { asked.answered_by(0); }
};

/// Makes the judge of one service.
using JudgeMaker = std::function<std::unique_ptr<Judge>(Bench&)>;

}  // namespace hf::topology
