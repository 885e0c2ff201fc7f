#include "upstream/mysql/pool.h"

namespace hf::upstream::mysql {

using runtime::Task;

namespace {

constexpr Nanos kResetPatience = 10s;  // a reset rolls back what was open
constexpr Nanos kClosePatience = 1s;   // for resets under way when the pool closes

}  // namespace

Pool::~Pool() { HF_CHECK(!taken_beside_); }

ConnectionPtr Pool::take(std::uint64_t key, const policy::session::SettingsPtr& settings, const LendTerms& terms,
                         std::uint64_t entered) {
  const auto fit_of = [&](const Connection& idle) {
    if (terms.max_packet != 0 && idle.max_packet != 0 && idle.max_packet != terms.max_packet) return Fit::kNot;
    if (idle.facts.settings != settings || !idle.facts.tracking) return Fit::kPoorly;
    return idle.schema_entered >= entered ? Fit::kPerfectly : Fit::kWell;
  };
  return upstream::Pool<Connection>::take(key, terms.ages, fit_of);
}

Task<Result<ConnectionPtr>> Pool::open_beside(ServiceViewPtr view, const Login& login, Deadline turn_deadline) {
  const ServerView& server = view->servers[slot()];
  if (taken_beside_) {
    const Result<void> waited = co_await turn_beside_.wait(turn_deadline);
    if (!waited.ok()) {
      const bool late = waited.error().code == ErrorCode::kTimeout;
      co_return Error{late ? ErrorCode::kOverload : waited.error().code,
                      "server '" + server.name + "': earlier KILLs are not done yet"};
    }
  }
  taken_beside_ = true;
  const Deadline deadline = loop().deadline_in(view->service->connect_timeout);
  Result<ConnectionPtr> opened = co_await connect(loop(), server.address, login, deadline);
  if (!opened.ok()) {
    end_turn_beside();
    co_return std::move(opened).error().in("server '" + server.name + "'");
  }
  beside_ = opened->get();
  beside_->slot = slot();
  beside_->beside = this;
  beside_->lent_at = loop().now();
  co_return opened;
}

/// It is the next one's, or free.
void Pool::end_turn_beside() {
  beside_ = nullptr;
  taken_beside_ = turn_beside_.notify_one();
}

void Pool::give(ConnectionPtr connection) {
  connection->at_rest = true;
  if (!connection->usable() || connection->pool == nullptr) return;
  if (connection->facts.clean()) return upstream::Pool<Connection>::give(std::move(connection));
  const bool resettable =
      !connection->facts.must_close && !connection->facts.told_kill && connection->reset_to != nullptr && !closing_;
  if (resettable) resets_.spawn("reset of a server connection", reset, this, std::move(connection));
}

Task<void> Pool::reset(Pool* self, ConnectionPtr connection) {
  const policy::session::SettingsPtr start = connection->reset_to;
  const Result<void> done =
      co_await run_steps(*connection, policy::session::reset_steps(*start), self->loop().deadline_in(kResetPatience));
  if (!done.ok()) co_return;  // closed
  ++self->resets_done_;
  policy::session::reset(connection->facts, start);
  self->upstream::Pool<Connection>::give(std::move(connection));
}

Task<Result<void>> Pool::close(Deadline deadline) {
  closing_ = true;
  const Result<void> finished = co_await resets_.idle(loop().deadline_in(kClosePatience).earlier(deadline));
  (void)finished;  // those that are left are cut, which their server counts as aborted
  Result<void> ended = co_await resets_.close(deadline);
  co_return ended;
}

void Pool::cut(const Error& reason) {
  upstream::Pool<Connection>::cut(reason);
  if (beside_ != nullptr) beside_->cut(reason);
}

void Pool::close_copies() {
  for (const ConnectionPtr& connection : idle_connections()) mysql::close_copies(*connection);
}

}  // namespace hf::upstream::mysql
