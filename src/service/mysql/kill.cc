// KILL of a connection id that we gave out: translated to the server and thread that work for that client.
#include "proto/mysql/response.h"
#include "runtime/signal.h"
#include "service/mysql/session.h"
#include "service/mysql/shard_state.h"
#include "service/shard.h"

namespace hf::service::mysql {

namespace wire = proto::mysql;
using runtime::Task;

namespace {

constexpr Nanos kPeerTimeout = 2s;
constexpr std::uint16_t kErKillDenied = 1095;

/// What the target's shard answers.
struct Found {
  explicit Found(runtime::EventLoop& loop) : arrived(loop) {}
  bool exists = false;
  std::string user;
  std::optional<Session::Backend> backend;
  runtime::Signal arrived;
};

void look(Shard& shard, const std::string& service, std::uint32_t id, Found& found) {
  ServiceShard* there = shard.find(service);
  Session* session = there == nullptr ? nullptr : there->mysql().find(id);
  found.exists = session != nullptr;
  if (session == nullptr) return;
  found.user = session->user();
  found.backend = session->backend();
}

Shard* shard_by_id(Shard& self, std::uint32_t id) {
  if (self.id() == id) return &self;
  for (Shard* peer : self.peers()) {
    if (peer->id() == id) return peer;
  }
  return nullptr;
}

}  // namespace

/// KILL over another connection of the same account.
Task<Result<void>> Session::kill_thread(upstream::ServerSlot slot, std::uint32_t thread_id, bool query_only) {
  const upstream::ServiceViewPtr view = service_.view();
  upstream::MysqlPool& pool = service_.server(slot).pool;
  refusal_ = {};
  ConnectionPtr side = pool.take(pool_key(), state_number_);
  if (side == nullptr) {
    const upstream::MysqlLogin login = login_for_server();
    const Deadline deadline = service_.loop().deadline_in(view->service->connect_timeout);
    Result<ConnectionPtr> opened = co_await pool.open(view, login, pool_key(), nullptr, deadline);
    HF_CO_RETURN_IF_ERROR(opened);
    side = std::move(*opened);
  }
  const std::string statement = std::string(query_only ? "KILL QUERY " : "KILL CONNECTION ") + std::to_string(thread_id);
  Result<void> killed = co_await send_aside(side.get(), wire::Command::kQuery, statement);
  pool.give(std::move(side));
  co_return killed;
}

/// The client has left while a statement runs for it. A read serves nobody any more: the server is told to stop. A write runs on.
void Session::peer_closed() {
  if (working_ == nullptr || !working_on_read_ || !inbox_.empty()) return;
  client_left_ = true;
  working_->stream->abort({ErrorCode::kClosed, "the client went away"});
}

Task<bool> Session::on_kill(std::uint64_t id, bool query_only) {
  const auto target = static_cast<std::uint32_t>(id);
  if (target == id_) {
    send_error(query_only ? wire::query_interrupted() : wire::connection_killed());
    co_return query_only;
  }
  Shard& self = service_.shard();
  Shard* shard = shard_by_id(self, ShardState::shard_of(id));
  if (shard == nullptr) {
    send_error(wire::unknown_thread_id(id));
    co_return true;
  }
  auto found = std::make_shared<Found>(service_.loop());
  const std::string service = service_.name();
  if (shard == &self) {
    look(self, service, target, *found);
  } else {
    shard->post([shard, &self, service, target, found] {
      auto there = std::make_shared<Found>(self.loop());
      look(*shard, service, target, *there);
      self.post([found, there] {
        found->exists = there->exists;
        found->user = there->user;
        found->backend = there->backend;
        found->arrived.notify_all();
      });
    });
    const Result<void> waited = co_await found->arrived.wait(service_.loop().deadline_in(kPeerTimeout));
    if (!waited.ok() && waited.error().code == ErrorCode::kCancelled) co_return false;
  }
  if (!found->exists) {
    send_error(wire::unknown_thread_id(id));
    co_return true;
  }
  if (found->user != credentials_.user) {
    send_error({kErKillDenied, "HY000", "You are not owner of thread " + std::to_string(id)});
    co_return true;
  }
  if (found->backend) {
    const Result<void> killed = co_await kill_thread(found->backend->slot, found->backend->thread_id, query_only);
    if (!killed.ok() && refusal_.code != 0) {
      send_error(refusal_);
      co_return true;
    }
    if (!killed.ok()) {
      send_error(wire::own_error(killed.error().context));
      co_return true;
    }
  }
  if (!query_only) {
    shard->post([shard, service, target] {
      ServiceShard* there = shard->find(service);
      Session* session = there == nullptr ? nullptr : there->mysql().find(target);
      if (session != nullptr) session->kill();
    });
  }
  send_ok();
  co_return true;
}

}  // namespace hf::service::mysql
