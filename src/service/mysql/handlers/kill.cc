// KILL of a connection id that we gave out: translated to the server and thread that work for that client.
#include "proto/mysql/response.h"
#include "runtime/signal.h"
#include "service/mysql/handlers/handlers.h"
#include "service/mysql/holdings.h"
#include "service/mysql/lend.h"
#include "service/mysql/shard_state.h"
#include "service/mysql/start.h"
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
  std::uint32_t account = 0;
  std::optional<Session::Backend> backend;
  runtime::Signal arrived;
};

/// `account`: only a session of this account is aimed at.
void look(Shard& shard, const std::string& service, std::uint32_t id, std::uint32_t account, Found& found) {
  ServiceShard* there = shard.find(service);
  Session* session = there == nullptr ? nullptr : there->mysql().find(id);
  found.exists = session != nullptr;
  if (session == nullptr) return;
  found.account = session->account();
  if (found.account == account) found.backend = session->backend(true);
}

Shard* shard_by_id(Shard& self, std::uint32_t id) {
  if (self.id() == id) return &self;
  for (Shard* peer : self.peers()) {
    if (peer->id() == id) return peer;
  }
  return nullptr;
}

/// Asks the shard that the target lives on. False: cancelled.
Task<bool> find_target(Session& session, Shard* shard, std::uint32_t target, std::shared_ptr<Found> found) {
  Shard& self = session.service().shard();
  const std::string service = session.service().name();
  const std::uint32_t account = session.account();
  if (shard == &self) {
    look(self, service, target, account, *found);
    co_return true;
  }
  shard->post([shard, &self, service, target, account, found] {
    auto there = std::make_shared<Found>(self.loop());
    look(*shard, service, target, account, *there);
    self.post([found, there] {
      found->exists = there->exists;
      found->account = there->account;
      found->backend = there->backend;
      found->arrived.notify_all();
    });
  });
  const Result<void> waited = co_await found->arrived.wait(session.loop().deadline_in(kPeerTimeout));
  co_return waited.ok() || waited.error().code != ErrorCode::kCancelled;
}

}  // namespace

Task<Result<void>> kill_thread(Session& session, upstream::ServerSlot slot, std::uint32_t thread_id, KillWhat what, wire::ErrorReply* refusal) {
  const upstream::ServiceViewPtr view = session.service().view();
  upstream::MysqlPool& pool = session.service().server(slot).pool;
  const upstream::MysqlLogin login = login_for_server(session);
  ConnectionPtr side = pool.take(pool_key(session, !login.schema.empty()), session.facts().settings, ages_of(*view));
  if (side == nullptr) {
    const Deadline deadline = session.loop().deadline_in(view->service->connect_timeout);
    Result<ConnectionPtr> opened = co_await pool.open(view, login, pool_key(session, !login.schema.empty()), nullptr, deadline);
    HF_CO_RETURN_IF_ERROR(opened);
    side = std::move(*opened);
  }
  std::vector<policy::session::Step> steps;
  steps.push_back({policy::session::Step::Kind::kStatement,
                   std::string(what == KillWhat::kQuery ? "KILL QUERY " : "KILL CONNECTION ") + std::to_string(thread_id)});
  upstream::MysqlRefusal said;
  Result<void> killed = co_await upstream::run_steps(*side, std::move(steps), &said, session.loop().deadline_in(view->service->connect_timeout));
  if (refusal != nullptr && said.code != 0) *refusal = wire::said_by_server(said.code, said.sqlstate, said.message);
  give_back(session, std::move(side));
  co_return killed;
}

Task<bool> on_kill(Session& session, std::uint64_t id, KillWhat what) {
  const auto target = static_cast<std::uint32_t>(id);
  ClientEnd& client = session.client();
  if (target == session.id()) {
    client.send_error(what == KillWhat::kQuery ? wire::query_interrupted() : wire::connection_killed());
    co_return what == KillWhat::kQuery;
  }
  Shard* shard = shard_by_id(session.service().shard(), ShardState::shard_of(id));
  if (shard == nullptr) {
    client.send_error(wire::unknown_thread_id(id));
    co_return true;
  }
  auto found = std::make_shared<Found>(session.loop());
  const bool asked = co_await find_target(session, shard, target, found);
  if (!asked) co_return false;
  if (!found->exists) {
    client.send_error(wire::unknown_thread_id(id));
    co_return true;
  }
  if (found->account != session.account()) {
    client.send_error({kErKillDenied, "HY000", "You are not owner of thread " + std::to_string(id)});
    co_return true;
  }
  if (found->backend) {
    wire::ErrorReply refusal;
    const Result<void> killed = co_await kill_thread(session, found->backend->slot, found->backend->thread_id, what, &refusal);
    if (!killed.ok()) {
      client.send_error(refusal.code != 0 ? refusal : wire::own_error(killed.error().context));
      co_return true;
    }
  }
  if (what == KillWhat::kConnection) {
    shard->post([shard, service = session.service().name(), target] {
      ServiceShard* there = shard->find(service);
      Session* session_there = there == nullptr ? nullptr : there->mysql().find(target);
      if (session_there != nullptr) session_there->kill();
    });
  }
  client.send_ok(session.status_flags());
  co_return true;
}

}  // namespace hf::service::mysql
