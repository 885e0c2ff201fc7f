// Pool: one shard's connections to one MySQL or MariaDB server. Besides what any pool does (upstream/pool.h) it prefers
// a connection whose session state already fits, resets those that a session has stained, and has a way in for what
// must not wait for a place.
//
// Owner: the shard's part of a service. Thread: the shard's.
// Invariants:
//   1. What is idle here is clean: whoever takes it has nothing to undo.
//   2. Beside the places there is one connection of each pool at most, for what must not wait for those whom it is to
//      end.
#pragma once

#include <cstdint>
#include <utility>

#include "runtime/scope.h"
#include "runtime/signal.h"
#include "upstream/mysql/connection.h"
#include "upstream/pool.h"

namespace hf::upstream::mysql {

/// What a connection must not exceed, or have from another time, to be lent.
struct LendTerms {
  PoolAges ages{};
  std::uint64_t max_packet = 0;  // max_allowed_packet: a connection keeps that of its login for good; 0: any
};

/// The note of who opens is what LAST_INSERT_ID() is for it.
class Pool final : public upstream::Pool<Connection> {
 public:
  Pool(runtime::EventLoop& loop, ServerSlot slot)
      : upstream::Pool<Connection>(loop, slot), turn_beside_(loop), resets_(loop) {}
  ~Pool();

  /// An idle connection of this key, within `terms`, or nullptr. Preferred, not promised: `settings`, and among those
  /// one that entered its schema at the moment `entered` or later.
  ConnectionPtr take(std::uint64_t key, const policy::session::SettingsPtr& settings, const LendTerms& terms = {},
                     std::uint64_t entered = 0);
  /// A connection that takes no place: for a KILL, which must not wait for a place that only its victim can give back.
  /// There is one at a time; who comes meanwhile waits, in order of arrival, until `turn_deadline`. Errors: kOverload,
  /// kCancelled, those of connect().
  runtime::Task<Result<ConnectionPtr>> open_beside(ServiceViewPtr view, const Login& login, Deadline turn_deadline);
  /// Takes a connection back that is between statements, which it need not say itself (at_rest). One that a session has
  /// stained is reset first, while nobody waits for it; one that cannot be reset is closed, as is one that is not
  /// usable or whose place is wanted elsewhere.
  void give(ConnectionPtr connection);

  /// Ends the resets under way; nothing is given from then on that needs one.
  runtime::Task<Result<void>> close(Deadline deadline);

  /// The server is dead: closes idle connections, breaks the others with `reason`.
  void cut(const Error& reason);
  /// Closes what idle connections have prepared: copies for convenience.
  void close_copies();

  /// Resets that made a connection clean since this was asked last.
  std::uint64_t take_resets() { return std::exchange(resets_done_, 0); }

 private:
  friend struct Connection;

  void end_turn_beside();
  static runtime::Task<void> reset(Pool* self, ConnectionPtr connection);

  bool taken_beside_ = false;  // … by one that connects, or by this one:
  Connection* beside_ = nullptr;
  runtime::Signal turn_beside_;  // whom it wakes has the turn
  std::uint64_t resets_done_ = 0;
  bool closing_ = false;
  runtime::Scope resets_;
};

}  // namespace hf::upstream::mysql
