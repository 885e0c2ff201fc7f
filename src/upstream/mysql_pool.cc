#include "upstream/mysql_pool.h"

#include <algorithm>

namespace hf::upstream {

using runtime::Task;

namespace {

constexpr Nanos kWaitStep = 20ms;            // between looks at places that other shards gave up
constexpr std::size_t kLooked = 64;          // idle connections looked at for a fitting state

/// A place counted in the limit, given back unless kept.
class Place {
 public:
  Place(ServerLimit& limit, std::size_t& connecting) : limit_(limit), connecting_(connecting) { ++connecting_; }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    --connecting_;
    if (!kept_) limit_.open.fetch_sub(1, std::memory_order_relaxed);
  }
  void keep() { kept_ = true; }

 private:
  ServerLimit& limit_;
  std::size_t& connecting_;
  bool kept_ = false;
};

}  // namespace

MysqlPool::~MysqlPool() {
  idle_.clear();
  HF_CHECK(all_.empty() && connecting_ == 0);
}

MysqlConnectionPtr MysqlPool::take(std::uint64_t key, std::uint32_t state) {
  constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  std::size_t found = kNone;
  std::size_t looked = 0;
  for (std::size_t i = idle_.size(); i-- > 0 && looked < kLooked;) {
    const MysqlConnection& candidate = *idle_[i];
    if (candidate.key != key || !candidate.usable()) continue;  // trim() removes the unusable
    ++looked;
    if (candidate.state == state && !candidate.dirty && !candidate.untracked) {
      found = i;
      break;
    }
    if (found == kNone) found = i;
  }
  if (found == kNone) return nullptr;
  MysqlConnectionPtr connection = std::move(idle_[found]);
  idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(found));
  return connection;
}

bool MysqlPool::reserve(ServerLimit& limit, std::uint32_t most) {
  if (limit.open.fetch_add(1, std::memory_order_relaxed) < most) return true;
  limit.open.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

Task<Result<MysqlConnectionPtr>> MysqlPool::open(ServiceViewPtr view, const MysqlLogin& login, std::uint64_t key,
                                                 MysqlRefusal* refusal, Deadline place_deadline) {
  const ServerView& server = view->servers[slot_];
  limit_ = server.limit;
  ServerLimit& limit = *server.limit;
  const std::uint32_t most = std::max(1U, view->service->mysql.max_server_connections);
  bool waiting = false;
  while (!reserve(limit, most)) {
    if (!idle_.empty()) {
      close_oldest_idle();
      continue;
    }
    if (place_deadline.passed(loop_.now())) {
      if (waiting) limit.waiting.fetch_sub(1, std::memory_order_relaxed);
      co_return Error{ErrorCode::kOverload, "all " + std::to_string(most) + " connections to server '" + server.name +
                                                "' (max_server_connections) are in use"};
    }
    if (!waiting) {
      waiting = true;
      limit.waiting.fetch_add(1, std::memory_order_relaxed);
    }
    if (ask_) ask_();
    const Result<void> waited = co_await freed_.wait(loop_.deadline_in(kWaitStep).earlier(place_deadline));
    if (!waited.ok() && waited.error().code == ErrorCode::kCancelled) {
      limit.waiting.fetch_sub(1, std::memory_order_relaxed);
      co_return waited.error();
    }
    MysqlConnectionPtr returned = take(key, 0);
    if (returned != nullptr) {
      limit.waiting.fetch_sub(1, std::memory_order_relaxed);
      co_return std::move(returned);
    }
  }
  if (waiting) limit.waiting.fetch_sub(1, std::memory_order_relaxed);

  Place place(limit, connecting_);
  const Deadline connect_deadline = loop_.deadline_in(view->service->connect_timeout);
  Result<MysqlConnectionPtr> opened = co_await connect_mysql(loop_, server.address, login, refusal, connect_deadline);
  if (!opened.ok()) co_return Error{opened.error().code, "server '" + server.name + "': " + opened.error().context};
  place.keep();
  MysqlConnection& connection = **opened;
  connection.slot = slot_;
  connection.key = key;
  connection.pool = this;
  connection.pool_index = all_.size();
  all_.push_back(&connection);
  co_return opened;
}

void MysqlPool::give(MysqlConnectionPtr connection) {
  if (!connection->usable() || limit_ == nullptr) return;
  const bool wanted_elsewhere = limit_->waiting.load(std::memory_order_relaxed) > freed_.waiting();
  if (wanted_elsewhere && freed_.waiting() == 0) return;  // its end frees a place for another shard
  connection->idle_since = loop_.now();
  idle_.push_back(std::move(connection));
  freed_.notify_one();
}

void MysqlPool::forget(MysqlConnection& connection) {
  MysqlConnection* last = all_.back();
  all_[connection.pool_index] = last;
  last->pool_index = connection.pool_index;
  all_.pop_back();
  connection.pool = nullptr;
  limit_->open.fetch_sub(1, std::memory_order_relaxed);
  freed_.notify_one();
}

void MysqlPool::close_oldest_idle() { idle_.erase(idle_.begin()); }

void MysqlPool::cut(const Error& reason) {
  idle_.clear();
  const std::vector<MysqlConnection*> lent = all_;
  for (MysqlConnection* connection : lent) connection->stream->abort(reason);
}

void MysqlPool::trim(TimePoint since) {
  std::erase_if(idle_, [&](const MysqlConnectionPtr& connection) {
    return connection->idle_since < since || !connection->usable();
  });
  const bool wanted = limit_ != nullptr && limit_->waiting.load(std::memory_order_relaxed) > freed_.waiting();
  if (wanted && !idle_.empty()) close_oldest_idle();
}

}  // namespace hf::upstream
