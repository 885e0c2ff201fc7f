// Pool: one shard's connections to one server. Idle ones are lent out again to sessions of the same key, most recently
// used first; those whose session state already fits come before others.
//
// Owner: the shard's part of a service. Thread: the shard's.
// Invariants:
//   1. Connections of all shards to a server never exceed the limit: a place is taken before connecting (places.h). But for one of each
//      pool, beside the places, for what must not wait for those whom it is to end (open_beside).
//   2. Whoever has to wait for a place waits until its deadline, in order of arrival over all shards, and meanwhile takes a
//      connection of its key that is returned here; idle connections of other keys, here and in other shards, make room.
//   3. A connection is either idle here or lent; both are known, so that all can be cut when the server is found dead.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "runtime/scope.h"
#include "runtime/signal.h"
#include "upstream/mysql/connection.h"
#include "upstream/places.h"
#include "upstream/service_view.h"

namespace hf::upstream::mysql {

/// What a connection must not exceed, or have from another time, to be lent; zero: no limit.
struct PoolAges {
  Nanos connection{0};           // since its login
  Nanos server_wait_timeout{0};  // the server's own: a connection idle for nearly as long may be gone before a statement arrives
  std::uint64_t max_packet = 0;  // max_allowed_packet: a connection keeps that of its login for good; 0: any

  /// The longest idle time: a second less than the server's patience, four fifths of it when that is more.
  Nanos longest_idle() const;
};

class Pool final : private PlaceHolder {
 public:
  Pool(runtime::EventLoop& loop, ServerSlot slot) : slot_(slot), loop_(loop), turn_beside_(loop), resets_(loop) {}
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool();

  /// Called when somebody, on whichever shard, waits for a place and nothing is idle here: asks the sessions to give back the
  /// connections that they keep only for convenience. At most once per Places::kStep, however many wait.
  void on_pressure(std::function<void()> ask) { ask_ = std::move(ask); }

  /// An idle connection of this key, within `ages`, or nullptr. Preferred, not promised: `settings`, and among those one that entered its
  /// schema at the moment `entered` or later.
  ConnectionPtr take(std::uint64_t key, const policy::session::SettingsPtr& settings, const PoolAges& ages = {}, std::uint64_t entered = 0);
  /// Opens another one, waiting for a place if need be; whoever waited may get one of the key that came back meanwhile, in whatever
  /// state its facts say. `insert_id`: what LAST_INSERT_ID() is for who opens. Errors: kOverload when no place came free in time, else
  /// those of connect().
  runtime::Task<Result<ConnectionPtr>> open(ServiceViewPtr view, const Login& login, std::uint64_t key,
                                            Deadline place_deadline, std::uint64_t insert_id = 0);
  class Return;
  /// Counts a connection as one of ours that connect() opened without a place (a login that its client may never finish must not
  /// take one), waiting for a place if need be. Errors: kOverload, kCancelled; the connection has ended then.
  runtime::Task<Result<ConnectionPtr>> adopt(ServiceViewPtr view, ConnectionPtr connection, std::uint64_t key,
                                             Deadline place_deadline);
  /// A connection that takes no place: for a KILL, which must not wait for a place that only its victim can give back. There is one at a
  /// time; who comes meanwhile waits, in order of arrival, until `turn_deadline`. Errors: kOverload, kCancelled, those of connect().
  runtime::Task<Result<ConnectionPtr>> open_beside(ServiceViewPtr view, const Login& login, Deadline turn_deadline);
  /// Takes a connection back that is between statements, which it need not say itself (at_rest). One that a session has stained is
  /// reset first, while nobody waits for it; one that cannot be reset is closed, as is one that is not usable or whose place is
  /// wanted elsewhere.
  void give(ConnectionPtr connection);

  /// Ends the resets under way; nothing is given from then on that needs one.
  runtime::Task<Result<void>> close(Deadline deadline);

  /// The slot is another server's from now on; nothing is open to the one before.
  void move_to_another_server() { desk_.reset(); }
  /// The server is dead: closes idle connections, breaks the lent ones with `reason`.
  void cut(const Error& reason);
  /// Closes the idle connections of one account; `account_of` tells it from a key. Returns how many.
  std::size_t close_idle_of(std::uint32_t account, std::uint32_t (*account_of)(std::uint64_t key));
  bool close_idle() override;
  /// Closes what idle connections have prepared: copies for convenience.
  void close_copies();
  /// Closes what has been idle since before `since`, and what is beyond `ages`.
  void trim(TimePoint since, const PoolAges& ages = {});

  /// Whether a connection that a session keeps for convenience is better given back now: somebody waits for it.
  bool wanted() const { return desk_ != nullptr && desk_->places().wanted(); }

  std::size_t idle() const { return idle_.size(); }
  std::size_t lent() const { return all_.size() - idle_.size(); }
  std::size_t open_connections() const { return all_.size(); }
  const std::vector<Connection*>& all() const { return all_; }
  /// Grows whenever a connection comes or goes.
  std::uint64_t changes() const { return changes_; }
  /// Resets that made a connection clean since this was asked last.
  std::uint64_t take_resets() { return std::exchange(resets_done_, 0); }
  ServerSlot slot() const { return slot_; }

 private:
  friend struct Connection;
  struct Waiting;

  void sit_down(const ServerView& server);
  void count(Connection& connection, std::uint64_t key);
  void forget(Connection& connection);
  void end_turn_beside();
  static runtime::Task<void> reset(Pool* self, ConnectionPtr connection);
  void give_clean(ConnectionPtr connection);
  bool lendable(const Connection& connection, const PoolAges& ages) const;
  Error all_in_use(const ServerView& server) const;

  void ask() override;
  PlaceUse use() const override;

  ServerSlot slot_;
  runtime::EventLoop& loop_;
  std::unique_ptr<PlaceDesk> desk_;        // from the first open
  std::vector<ConnectionPtr> idle_;   // most recently used last
  std::vector<Connection*> all_;
  std::size_t connecting_ = 0;
  bool taken_beside_ = false;              // … by one that connects, or by this one:
  Connection* beside_ = nullptr;
  runtime::Signal turn_beside_;            // whom it wakes has the turn
  std::vector<Return*> returns_;
  std::uint64_t changes_ = 0;
  std::uint64_t resets_done_ = 0;
  std::function<void()> ask_;
  bool closing_ = false;
  runtime::Scope resets_;
};

/// While this lives, `connection` is about to be given, under that key: who waits for one of the key, and is promised none, is promised this
/// one. A promise binds nobody: whoever is served otherwise meanwhile does not get it.
class Pool::Return {
 public:
  Return(Pool& pool, const Connection& connection, std::uint64_t key);
  Return(const Return&) = delete;
  Return& operator=(const Return&) = delete;
  ~Return();

  /// The `insert_id` of who it is promised to; nothing when that is nobody.
  std::optional<std::uint64_t> insert_id_of_heir() const { return insert_id_; }

 private:
  friend class Pool;

  Pool& pool_;
  const Connection* connection_;
  std::uint64_t key_;
  Waiting* heir_ = nullptr;  // null again when it has ended
  std::optional<std::uint64_t> insert_id_;
};

}  // namespace hf::upstream::mysql
