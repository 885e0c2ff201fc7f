#include "upstream/mysql/pool.h"

#include <algorithm>

namespace hf::upstream::mysql {

using runtime::Task;

namespace {

constexpr Nanos kResetPatience = 10s;               // a reset rolls back what was open
constexpr Nanos kClosePatience = 1s;                // for resets under way when the pool closes
constexpr std::size_t kLooked = 64;               // idle connections looked at for a fitting state
constexpr std::uint64_t kNoKey = ~std::uint64_t{0};  // of a wait that no connection suits

/// A place that we hold, given back unless kept.
class Place {
 public:
  Place(PlaceDesk& desk, std::size_t& connecting) : desk_(desk), connecting_(connecting) { ++connecting_; }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    --connecting_;
    if (!kept_) desk_.give();
  }
  void keep() { kept_ = true; }

 private:
  PlaceDesk& desk_;
  std::size_t& connecting_;
  bool kept_ = false;
};

}  // namespace

/// Somebody who waits for a place or for a connection of the key that is its kind.
struct Pool::Waiting final : PlaceWait {
  using PlaceWait::PlaceWait;
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting() {
    if (promise != nullptr) *promise = nullptr;
  }

  ConnectionPtr handed;
  std::uint64_t insert_id = 0;
  Waiting** promise = nullptr;  // where a Return has this
};

Nanos PoolAges::longest_idle() const { return std::max<Nanos>(server_wait_timeout - 1s, server_wait_timeout * 4 / 5); }

Pool::~Pool() {
  idle_.clear();
  HF_CHECK(all_.empty() && connecting_ == 0 && !taken_beside_);
}

bool Pool::lendable(const Connection& connection, const PoolAges& ages) const {
  if (!connection.usable()) return false;
  if (ages.max_packet != 0 && connection.max_packet != 0 && connection.max_packet != ages.max_packet) return false;
  if (ages.connection > Nanos::zero() && loop_.now() - connection.opened_at > ages.connection) return false;
  return ages.server_wait_timeout == Nanos::zero() || loop_.now() - connection.idle_since <= ages.longest_idle();
}

ConnectionPtr Pool::take(std::uint64_t key, const policy::session::SettingsPtr& settings, const PoolAges& ages, std::uint64_t entered) {
  constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  std::size_t found = kNone;
  bool found_fits = false;
  std::size_t looked = 0;
  for (std::size_t i = idle_.size(); i-- > 0 && looked < kLooked;) {
    const Connection& candidate = *idle_[i];
    if (candidate.key != key || !lendable(candidate, ages)) continue;  // trim() removes those that are not
    ++looked;
    const bool fits = candidate.facts.settings == settings && candidate.facts.tracking;
    const bool all = fits && candidate.schema_entered >= entered;
    if (all || found == kNone || (fits && !found_fits)) found = i;
    found_fits = found_fits || fits;
    if (all) break;
  }
  if (found == kNone) return nullptr;
  ConnectionPtr connection = std::move(idle_[found]);
  idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(found));
  connection->at_rest = false;
  connection->lent_at = loop_.now();
  return connection;
}

Error Pool::all_in_use(const ServerView& server) const {
  const Places& places = desk_->places();
  const PlaceUse use = places.use();
  const std::uint32_t most = places.most();
  const std::uint32_t at_work = most - std::min(most, use.idle + use.kept);
  return Error{ErrorCode::kOverload,
               "all " + std::to_string(most) + " connections to server '" + server.name + "' (max_server_connections) are in use: " +
                   std::to_string(at_work) + " at work, " + std::to_string(use.kept) + " kept by sessions between statements, " +
                   std::to_string(use.idle) + " idle"};
}

/// The desk is there from the first time that a place is needed.
void Pool::sit_down(const ServerView& server) {
  if (desk_ != nullptr) return;
  PlaceHolder& holder = *this;
  desk_ = std::make_unique<PlaceDesk>(loop_, server.places, holder);
}

Task<Result<ConnectionPtr>> Pool::open(ServiceViewPtr view, const Login& login, std::uint64_t key,
                                       Deadline place_deadline, std::uint64_t insert_id) {
  const ServerView& server = view->servers[slot_];
  sit_down(server);
  Waiting waiting(*desk_, key, place_deadline);
  waiting.insert_id = insert_id;
  const Result<PlaceWait::Outcome> waited = co_await waiting;
  if (!waited.ok()) co_return waited.error().code == ErrorCode::kCancelled ? waited.error() : all_in_use(server);
  if (*waited == PlaceWait::Outcome::kHandedOver) {
    waiting.handed->at_rest = false;
    waiting.handed->lent_at = loop_.now();
    co_return std::move(waiting.handed);
  }

  Place place(*desk_, connecting_);
  const Deadline connect_deadline = loop_.deadline_in(view->service->connect_timeout);
  Result<ConnectionPtr> opened = co_await connect(loop_, server.address, login, connect_deadline);
  if (!opened.ok()) co_return std::move(opened).error().in("server '" + server.name + "'");
  place.keep();
  count(**opened, key);
  co_return opened;
}

Task<Result<ConnectionPtr>> Pool::adopt(ServiceViewPtr view, ConnectionPtr connection, std::uint64_t key,
                                        Deadline place_deadline) {
  const ServerView& server = view->servers[slot_];
  sit_down(server);
  Waiting waiting(*desk_, kNoKey, place_deadline);
  const Result<PlaceWait::Outcome> waited = co_await waiting;
  if (!waited.ok()) co_return waited.error().code == ErrorCode::kCancelled ? waited.error() : all_in_use(server);
  count(*connection, key);
  co_return std::move(connection);
}

Task<Result<ConnectionPtr>> Pool::open_beside(ServiceViewPtr view, const Login& login, Deadline turn_deadline) {
  const ServerView& server = view->servers[slot_];
  if (taken_beside_) {
    const Result<void> waited = co_await turn_beside_.wait(turn_deadline);
    if (!waited.ok()) {
      const bool late = waited.error().code == ErrorCode::kTimeout;
      co_return Error{late ? ErrorCode::kOverload : waited.error().code, "server '" + server.name + "': earlier KILLs are not done yet"};
    }
  }
  taken_beside_ = true;
  const Deadline deadline = loop_.deadline_in(view->service->connect_timeout);
  Result<ConnectionPtr> opened = co_await connect(loop_, server.address, login, deadline);
  if (!opened.ok()) {
    end_turn_beside();
    co_return std::move(opened).error().in("server '" + server.name + "'");
  }
  beside_ = opened->get();
  beside_->slot = slot_;
  beside_->pool = this;
  beside_->beside = true;
  beside_->lent_at = loop_.now();
  co_return opened;
}

/// It is the next one's, or free.
void Pool::end_turn_beside() {
  beside_ = nullptr;
  taken_beside_ = turn_beside_.notify_one();
}

void Pool::count(Connection& connection, std::uint64_t key) {
  connection.slot = slot_;
  connection.key = key;
  connection.pool = this;
  connection.pool_index = all_.size();
  connection.at_rest = false;
  connection.lent_at = loop_.now();
  ++changes_;
  all_.push_back(&connection);
}

void Pool::give(ConnectionPtr connection) {
  connection->at_rest = true;
  if (!connection->usable() || desk_ == nullptr || connection->beside) return;
  if (connection->facts.clean()) return give_clean(std::move(connection));
  const bool resettable = !connection->facts.must_close && !connection->facts.told_kill && connection->reset_to != nullptr && !closing_;
  if (resettable) resets_.spawn("reset of a server connection", reset, this, std::move(connection));
}

Task<void> Pool::reset(Pool* self, ConnectionPtr connection) {
  const policy::session::SettingsPtr start = connection->reset_to;
  const Result<void> done = co_await run_steps(*connection, policy::session::reset_steps(*start), self->loop_.deadline_in(kResetPatience));
  if (!done.ok()) co_return;  // closed
  ++self->resets_done_;
  policy::session::reset(connection->facts, start);
  self->give_clean(std::move(connection));
}

Task<Result<void>> Pool::close(Deadline deadline) {
  closing_ = true;
  const Result<void> finished = co_await resets_.idle(loop_.deadline_in(kClosePatience).earlier(deadline));
  (void)finished;  // those that are left are cut, which their server counts as aborted
  Result<void> ended = co_await resets_.close(deadline);
  co_return ended;
}

Pool::Return::Return(Pool& pool, const Connection& connection, std::uint64_t key) : pool_(pool), connection_(&connection), key_(key) {
  const auto unpromised = [](const PlaceWait& wait) { return static_cast<const Waiting&>(wait).promise == nullptr; };
  heir_ = pool.wanted() ? static_cast<Waiting*>(pool.desk_->first(key, unpromised)) : nullptr;
  if (heir_ != nullptr) {
    heir_->promise = &heir_;
    insert_id_ = heir_->insert_id;
  }
  pool.returns_.push_back(this);
}

Pool::Return::~Return() {
  if (heir_ != nullptr) heir_->promise = nullptr;
  std::erase(pool_.returns_, this);
}

void Pool::give_clean(ConnectionPtr connection) {
  if (!connection->usable()) return;
  if (!wanted()) {
    connection->idle_since = loop_.now();
    idle_.push_back(std::move(connection));
    return;
  }
  const auto promised = std::find_if(returns_.begin(), returns_.end(), [&](const Return* each) { return each->connection_ == connection.get() && each->key_ == connection->key; });
  PlaceWait* heir = desk_->heir(connection->key, promised != returns_.end() ? (*promised)->heir_ : nullptr);
  if (heir == nullptr) return;  // its end frees a place for whoever is first in the queue
  static_cast<Waiting*>(heir)->handed = std::move(connection);
}

void Pool::forget(Connection& connection) {
  if (connection.beside) return end_turn_beside();
  Connection* last = all_.back();
  all_[connection.pool_index] = last;
  last->pool_index = connection.pool_index;
  all_.pop_back();
  connection.pool = nullptr;
  ++changes_;
  desk_->give();
}

bool Pool::close_idle() {
  if (idle_.empty()) return false;
  const ConnectionPtr oldest = std::move(idle_.front());
  idle_.erase(idle_.begin());
  return true;
}

void Pool::ask() {
  if (ask_) ask_();
}

PlaceUse Pool::use() const {
  const auto at_rest = std::count_if(all_.begin(), all_.end(), [](const Connection* each) { return each->at_rest; });
  const auto idle = static_cast<std::uint32_t>(idle_.size());
  return {idle, static_cast<std::uint32_t>(at_rest) - idle};
}

void Pool::cut(const Error& reason) {
  idle_.clear();
  if (beside_ != nullptr) beside_->stream->abort(reason);
  const std::vector<Connection*> lent = all_;
  for (Connection* connection : lent) connection->stream->abort(reason);
}

std::size_t Pool::close_idle_of(std::uint32_t account, std::uint32_t (*account_of)(std::uint64_t key)) {
  return std::erase_if(idle_, [&](const ConnectionPtr& connection) { return account_of(connection->key) == account; });
}

void Pool::close_copies() {
  for (const ConnectionPtr& connection : idle_) mysql::close_copies(*connection);
}

void Pool::trim(TimePoint since, const PoolAges& ages) {
  std::erase_if(idle_, [&](const ConnectionPtr& connection) {
    return connection->idle_since < since || !lendable(*connection, ages);
  });
}

}  // namespace hf::upstream::mysql
