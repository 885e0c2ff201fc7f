// Pool: one shard's connections to one server, whatever they speak. Idle ones are lent out again under the same key,
// most recently used first; those that fit best come before others.
//
// A protocol has a connection that derives from Pooled, and a pool that derives from this one: it says what fits best,
// and when a connection may be given back.
//
// Owner: the shard's part of a service. Thread: the shard's.
// Invariants:
//   1. Connections of all shards to a server never exceed the limit: a place is taken before connecting (places.h).
//   2. Whoever has to wait for a place waits until its deadline, in order of arrival over all shards, and meanwhile
//      takes a connection of its key that is returned here; idle connections of other keys, here and in other shards,
//      make room.
//   3. A connection is either idle here or lent; both are known, so that all can be cut when the server is found dead.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/result.h"
#include "runtime/event_loop.h"
#include "runtime/task.h"
#include "upstream/places.h"
#include "upstream/service_view.h"

namespace hf::upstream {

/// What a connection must not exceed to be lent; zero: no limit.
struct PoolAges {
  Nanos connection{0};  // since its login
  // the server's own: a connection idle for nearly as long may be gone before a statement arrives
  Nanos server_wait_timeout{0};

  /// The longest idle time: a second less than the server's patience, four fifths of it when that is more.
  Nanos longest_idle() const;
};

/// How well an idle connection suits who asks for one.
enum class Fit : std::uint8_t {
  kNot,  // it is not lent to this one
  kPoorly,
  kWell,
  kPerfectly
};

/// Why no place came free: who has the connections.
Error all_in_use(const std::string& server, const Places& places);

template <typename Connection>
class Pool;

/// What a pool writes on its connections. One that derives from it has besides
///   bool usable() const;             it can be used: nothing is unread, nobody has gone
///   void cut(const Error& reason);   it cannot be used any more; who waits for it learns the reason
/// and, in the namespace of its `Login`, connect(loop, address, login, deadline), which makes one.
template <typename Connection>
struct Pooled {
  Pooled() = default;
  Pooled(const Pooled&) = delete;
  Pooled& operator=(const Pooled&) = delete;

  ServerSlot slot = 0;
  std::uint64_t key = 0;  // only equals may share
  /// Nothing that we asked is unanswered. True after the login and in the pool. A session that has it says so itself:
  /// true when a reply is complete, false before it asks the next.
  bool at_rest = false;
  TimePoint opened_at;
  TimePoint idle_since;
  TimePoint lent_at;                 // since when a session has it
  Pool<Connection>* pool = nullptr;  // set while the pool counts it; it is told when the connection goes
  std::size_t pool_index = 0;

 protected:
  ~Pooled() {
    if (pool != nullptr) pool->forget(pool_index);
  }
};

template <typename Connection>
class Pool : private PlaceHolder {
 public:
  using Pointer = std::unique_ptr<Connection>;

  Pool(runtime::EventLoop& loop, ServerSlot slot) : slot_(slot), loop_(loop) {}
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  /// Called when somebody, on whichever shard, waits for a place and nothing is idle here: asks the sessions to give
  /// back the connections that they keep only for convenience. At most once per Places::kStep, however many wait.
  void on_pressure(std::function<void()> ask) { ask_ = std::move(ask); }

  /// Opens another one, waiting for a place if need be; whoever waited may get one of the key that came back meanwhile,
  /// in whatever state that is. `note`: for whoever is about to give one to who opens (Return). Errors: kNoPlace when
  /// none came free in time, else those of connect().
  template <typename Login>
  runtime::Task<Result<Pointer>> open(ServiceViewPtr view, const Login& login, std::uint64_t key,
                                      Deadline place_deadline, std::uint64_t note = 0);
  /// Counts a connection as one of ours that connect() opened without a place (a login that its client may never finish
  /// must not take one), waiting for a place if need be. Errors: kNoPlace, kCancelled; the connection has ended then.
  runtime::Task<Result<Pointer>> adopt(ServiceViewPtr view, Pointer connection, std::uint64_t key,
                                       Deadline place_deadline);
  class Return;

  /// The slot is another server's from now on; nothing is open to the one before.
  void move_to_another_server() { desk_.reset(); }
  /// Closes the idle connections of one account; `account_of` tells it from a key. Returns how many.
  std::size_t close_idle_of(std::uint32_t account, std::uint32_t (*account_of)(std::uint64_t key));
  bool close_idle() override;
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
  ServerSlot slot() const { return slot_; }

 protected:
  ~Pool();

  /// The idle connection of this key, within `ages`, that suits best, or nullptr. `fit_of(connection)` tells the Fit;
  /// among equals it is the one used last.
  template <typename FitOf>
  Pointer take(std::uint64_t key, const PoolAges& ages, FitOf fit_of);
  /// Takes a connection back that is as good as any: for whoever waits for one of its key, or idle. One that is not
  /// usable is closed, as is one whose place is wanted elsewhere.
  void give(Pointer connection);
  /// The server is dead: closes idle connections, breaks the lent ones with `reason`.
  void cut(const Error& reason);

  runtime::EventLoop& loop() const { return loop_; }
  const std::vector<Pointer>& idle_connections() const { return idle_; }

 private:
  friend struct Pooled<Connection>;
  struct Waiting;
  class Opening;
  static constexpr std::size_t kLooked = 64;                  // idle connections looked at for one that fits
  static constexpr std::uint64_t kNoKey = ~std::uint64_t{0};  // of a wait that no connection suits

  void sit_down(const ServerView& server);
  void count(Connection& connection, std::uint64_t key);
  void forget(std::size_t index);
  bool lendable(const Connection& connection, const PoolAges& ages) const;

  void ask() override;
  PlaceUse use() const override;

  ServerSlot slot_;
  runtime::EventLoop& loop_;
  std::unique_ptr<PlaceDesk> desk_;  // from the first open
  std::vector<Pointer> idle_;        // most recently used last
  std::vector<Connection*> all_;
  std::size_t connecting_ = 0;
  std::vector<Return*> returns_;
  std::uint64_t changes_ = 0;
  std::function<void()> ask_;
};

/// While this lives, `connection` is about to be given, under that key: who waits for one of the key, and is promised
/// none, is promised this one. A promise binds nobody: whoever is served otherwise meanwhile does not get it.
template <typename Connection>
class Pool<Connection>::Return {
 public:
  Return(Pool& pool, const Connection& connection, std::uint64_t key);
  Return(const Return&) = delete;
  Return& operator=(const Return&) = delete;
  ~Return();

  /// The note of who it is promised to; nothing when that is nobody.
  std::optional<std::uint64_t> note_of_heir() const { return note_; }

 private:
  friend Pool;

  Pool& pool_;
  const Connection* connection_;
  std::uint64_t key_;
  Waiting* heir_ = nullptr;  // null again when it has ended
  std::optional<std::uint64_t> note_;
};

// --- bodies ----------------------------------------------------------------------------------------------------------

/// Somebody who waits for a place or for a connection of the key that is its kind.
template <typename Connection>
struct Pool<Connection>::Waiting final : PlaceWait {
  using PlaceWait::PlaceWait;
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting() {
    if (promise != nullptr) *promise = nullptr;
  }

  Pointer handed;
  std::uint64_t note = 0;
  Waiting** promise = nullptr;  // where a Return has this
};

/// A place that we hold for a connection that is being made, given back unless there is one.
template <typename Connection>
class Pool<Connection>::Opening {
 public:
  explicit Opening(Pool& pool) : pool_(pool) { ++pool_.connecting_; }
  Opening(const Opening&) = delete;
  Opening& operator=(const Opening&) = delete;
  ~Opening() {
    --pool_.connecting_;
    if (!kept_) pool_.desk_->give();
  }
  void keep() { kept_ = true; }

 private:
  Pool& pool_;
  bool kept_ = false;
};

template <typename Connection>
Pool<Connection>::~Pool() {
  idle_.clear();
  HF_CHECK(all_.empty() && connecting_ == 0);
}

template <typename Connection>
bool Pool<Connection>::lendable(const Connection& connection, const PoolAges& ages) const {
  if (!connection.usable()) return false;
  if (ages.connection > Nanos::zero() && loop_.now() - connection.opened_at > ages.connection) return false;
  return ages.server_wait_timeout == Nanos::zero() || loop_.now() - connection.idle_since <= ages.longest_idle();
}

template <typename Connection>
template <typename FitOf>
auto Pool<Connection>::take(std::uint64_t key, const PoolAges& ages, FitOf fit_of) -> Pointer {
  std::size_t found = 0;
  Fit best = Fit::kNot;
  std::size_t looked = 0;
  for (std::size_t i = idle_.size(); i-- > 0 && looked < kLooked && best != Fit::kPerfectly;) {
    const Connection& candidate = *idle_[i];
    if (candidate.key != key || !lendable(candidate, ages)) continue;  // trim() removes those that are not
    const Fit fit = fit_of(candidate);
    if (fit == Fit::kNot) continue;
    ++looked;
    if (fit > best) found = i;
    best = std::max(best, fit);
  }
  if (best == Fit::kNot) return nullptr;
  Pointer connection = std::move(idle_[found]);
  idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(found));
  connection->at_rest = false;
  connection->lent_at = loop_.now();
  return connection;
}

/// The desk is there from the first time that a place is needed.
template <typename Connection>
void Pool<Connection>::sit_down(const ServerView& server) {
  if (desk_ != nullptr) return;
  PlaceHolder& holder = *this;
  desk_ = std::make_unique<PlaceDesk>(loop_, server.places, holder);
}

template <typename Connection>
template <typename Login>
auto Pool<Connection>::open(ServiceViewPtr view, const Login& login, std::uint64_t key, Deadline place_deadline,
                            std::uint64_t note) -> runtime::Task<Result<Pointer>> {
  const ServerView& server = view->servers[slot_];
  sit_down(server);
  Waiting waiting(*desk_, key, place_deadline);
  waiting.note = note;
  const Result<PlaceWait::Outcome> waited = co_await waiting;
  if (!waited.ok()) {
    co_return waited.error().code == ErrorCode::kCancelled ? waited.error() : all_in_use(server.name, desk_->places());
  }
  if (*waited == PlaceWait::Outcome::kHandedOver) {
    waiting.handed->at_rest = false;
    waiting.handed->lent_at = loop_.now();
    co_return std::move(waiting.handed);
  }

  Opening opening(*this);
  const Deadline connect_deadline = loop_.deadline_in(view->service->connect_timeout);
  Result<Pointer> opened = co_await connect(loop_, server.address, login, connect_deadline);
  if (!opened.ok()) co_return std::move(opened).error().in("server '" + server.name + "'");
  opening.keep();
  count(**opened, key);
  co_return opened;
}

template <typename Connection>
auto Pool<Connection>::adopt(ServiceViewPtr view, Pointer connection, std::uint64_t key, Deadline place_deadline)
    -> runtime::Task<Result<Pointer>> {
  const ServerView& server = view->servers[slot_];
  sit_down(server);
  Waiting waiting(*desk_, kNoKey, place_deadline);
  const Result<PlaceWait::Outcome> waited = co_await waiting;
  if (!waited.ok()) {
    co_return waited.error().code == ErrorCode::kCancelled ? waited.error() : all_in_use(server.name, desk_->places());
  }
  count(*connection, key);
  co_return std::move(connection);
}

template <typename Connection>
void Pool<Connection>::count(Connection& connection, std::uint64_t key) {
  connection.slot = slot_;
  connection.key = key;
  connection.pool = this;
  connection.pool_index = all_.size();
  connection.at_rest = false;
  connection.lent_at = loop_.now();
  ++changes_;
  all_.push_back(&connection);
}

template <typename Connection>
void Pool<Connection>::forget(std::size_t index) {
  all_[index] = all_.back();
  all_[index]->pool_index = index;
  all_.pop_back();
  ++changes_;
  desk_->give();
}

template <typename Connection>
void Pool<Connection>::give(Pointer connection) {
  connection->at_rest = true;
  if (!connection->usable()) return;
  if (!wanted()) {
    connection->idle_since = loop_.now();
    idle_.push_back(std::move(connection));
    return;
  }
  const auto promised = std::find_if(returns_.begin(), returns_.end(), [&](const Return* each) {
    return each->connection_ == connection.get() && each->key_ == connection->key;
  });
  PlaceWait* heir = desk_->heir(connection->key, promised != returns_.end() ? (*promised)->heir_ : nullptr);
  if (heir == nullptr) return;  // its end frees a place for whoever is first in the queue
  static_cast<Waiting*>(heir)->handed = std::move(connection);
}

template <typename Connection>
bool Pool<Connection>::close_idle() {
  if (idle_.empty()) return false;
  const Pointer oldest = std::move(idle_.front());
  idle_.erase(idle_.begin());
  return true;
}

template <typename Connection>
void Pool<Connection>::ask() {
  if (ask_) ask_();
}

template <typename Connection>
PlaceUse Pool<Connection>::use() const {
  const auto at_rest = std::count_if(all_.begin(), all_.end(), [](const Connection* each) { return each->at_rest; });
  const auto idle = static_cast<std::uint32_t>(idle_.size());
  return {idle, static_cast<std::uint32_t>(at_rest) - idle};
}

template <typename Connection>
void Pool<Connection>::cut(const Error& reason) {
  idle_.clear();
  const std::vector<Connection*> lent = all_;
  for (Connection* connection : lent) connection->cut(reason);
}

template <typename Connection>
std::size_t Pool<Connection>::close_idle_of(std::uint32_t account, std::uint32_t (*account_of)(std::uint64_t key)) {
  return std::erase_if(idle_, [&](const Pointer& connection) { return account_of(connection->key) == account; });
}

template <typename Connection>
void Pool<Connection>::trim(TimePoint since, const PoolAges& ages) {
  std::erase_if(
      idle_, [&](const Pointer& connection) { return connection->idle_since < since || !lendable(*connection, ages); });
}

template <typename Connection>
Pool<Connection>::Return::Return(Pool& pool, const Connection& connection, std::uint64_t key)
    : pool_(pool), connection_(&connection), key_(key) {
  const auto unpromised = [](const PlaceWait& wait) { return static_cast<const Waiting&>(wait).promise == nullptr; };
  heir_ = pool.wanted() ? static_cast<Waiting*>(pool.desk_->first(key, unpromised)) : nullptr;
  if (heir_ != nullptr) {
    heir_->promise = &heir_;
    note_ = heir_->note;
  }
  pool.returns_.push_back(this);
}

template <typename Connection>
Pool<Connection>::Return::~Return() {
  if (heir_ != nullptr) heir_->promise = nullptr;
  std::erase(pool_.returns_, this);
}

}  // namespace hf::upstream
