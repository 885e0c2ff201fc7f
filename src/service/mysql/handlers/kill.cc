// KILL of a connection id that we gave out: translated to the server and thread that work for that client.
#include "proto/mysql/response.h"
#include "runtime/signal.h"
#include "service/mysql/handlers/handlers.h"
#include "service/mysql/holdings.h"
#include "service/mysql/lend.h"
#include "service/mysql/run.h"
#include "service/mysql/shard_state.h"
#include "service/mysql/start.h"
#include "service/mysql/unreported.h"
#include "service/shard.h"

namespace hf::service::mysql::handlers {

namespace wire = proto::mysql;
namespace sql = policy::sql;
using runtime::Task;

namespace {

constexpr Nanos kPeerTimeout = 2s;
constexpr std::uint16_t kErKillDenied = 1095;

/// The right to end other people's sessions, held by the account itself. SUPER has it in it but in MariaDB 11 and
/// later.
constexpr const char* kMayKillOthers =
    "SELECT 1 FROM information_schema.user_privileges WHERE (privilege_type IN ('CONNECTION ADMIN','CONNECTION_ADMIN') "
    "OR privilege_type='SUPER' AND VERSION()<11) AND BINARY "
    "grantee=CONCAT(CHAR(39),LEFT(CURRENT_USER(),CHAR_LENGTH(CURRENT_USER())-LOCATE('@',REVERSE(CURRENT_USER()))),CHAR("
    "39),'@',CHAR(39),SUBSTRING_INDEX(CURRENT_USER(),'@',-1),CHAR(39)) LIMIT 1";

/// What is asked of the target's shard, in this order.
enum class Ask : std::uint8_t {
  kWho,  // it is
  kAim,  // a KILL, or KILL QUERY, at what works for it
  kEnd
};  // the session

struct Target {
  Shard* shard = nullptr;
  std::uint32_t id = 0;
  KillWhat what = KillWhat::kConnection;
};

/// What the target's shard answers.
struct Found {
  explicit Found(runtime::EventLoop& loop) : arrived(loop) {}
  bool exists = false;
  std::string account;  // name and host: one name with two hosts is two accounts
  std::optional<Session::Backend> backend;
  runtime::Signal arrived;
};

void look(const std::string& service, Target target, Ask ask, Found& found) {
  Frontend* there = Frontend::of(target.shard->find(service));
  Session* session = there == nullptr ? nullptr : there->state().find(target.id);
  found.exists = session != nullptr;
  if (session == nullptr) return;
  switch (ask) {
    case Ask::kWho: found.account = account_name(session->identity()); break;
    case Ask::kAim:
      found.backend = target.what == KillWhat::kQuery ? session->interrupt() : session->aim_at_backend();
      break;
    case Ask::kEnd: found.backend = session->kill(); break;
  }
}

Shard* shard_by_id(Shard& self, std::uint32_t id) {
  if (self.id() == id) return &self;
  for (Shard* peer : self.peers()) {
    if (peer->id() == id) return peer;
  }
  return nullptr;
}

/// Asks the shard that the target lives on. nullptr: cancelled.
Task<std::shared_ptr<Found>> ask_target(Session& session, Target target, Ask ask) {
  Shard& self = session.service().shard();
  const std::string service = session.service().name();
  auto found = std::make_shared<Found>(session.loop());
  if (target.shard == &self) {
    look(service, target, ask, *found);
    co_return found;
  }
  target.shard->post([&self, service, target, ask, found] {
    auto there = std::make_shared<Found>(self.loop());
    look(service, target, ask, *there);
    self.post([found, there] {
      found->exists = there->exists;
      found->account = there->account;
      found->backend = there->backend;
      found->arrived.notify_all();
    });
  });
  const Result<void> waited = co_await found->arrived.wait(session.loop().deadline_in(kPeerTimeout));
  if (!waited.ok() && waited.error().code == ErrorCode::kCancelled) found = nullptr;
  co_return found;
}

/// A connection of the account's beside what the session does.
Task<Result<ConnectionPtr>> open_beside(Session& session, upstream::ServerSlot slot) {
  const upstream::mysql::ViewPtr view = session.view();
  const upstream::mysql::Login login = login_for_server(session);
  const Deadline turn = session.loop().deadline_in(view->service->connect_timeout);
  Result<ConnectionPtr> opened = co_await session.frontend().pool(slot).open_beside(view, login, turn);
  if (opened.ok()) {
    Result<void> same = co_await check_account(session, opened->get());
    HF_CO_RETURN_IF_ERROR(same);
  }
  co_return opened;
}

/// The connection to that server that the session keeps, where nothing runs on it.
Connection* idle_held(Session& session, upstream::ServerSlot slot) {
  Connection* held = session.holdings().held.get();
  const bool idle = held != nullptr && held->slot == slot && held->usable() && session.running().connection == nullptr;
  return idle ? held : nullptr;
}

/// Whether the session's account may end those of others; false also where nobody can tell.
Task<bool> may_kill_others(Session& session) {
  const std::optional<upstream::ServerSlot> primary = session.view()->primary;
  if (!primary) co_return false;
  // whose secret only the client has
  Connection* own = session.identity().proxied ? idle_held(session, *primary) : nullptr;
  ConnectionPtr side;
  if (own != nullptr) {
    co_await ask_for_counts(session, own);
    co_await remember_list(session, own);
  } else {
    Result<ConnectionPtr> opened = co_await open_beside(session, *primary);
    if (!opened.ok()) co_return false;
    side = std::move(*opened);
  }
  const Deadline deadline = session.loop().deadline_in(session.service().config().connect_timeout);
  const Result<wire::TextResult> rights =
      co_await upstream::mysql::query(own != nullptr ? *own : *side, kMayKillOthers, deadline);
  co_return rights.ok() && !rights->error && !rights->rows.empty();
}

/// The KILL of what works for the target. False: the client has been told why not.
Task<bool> kill_backend(Session& session, Session::Backend backend, KillWhat what) {
  const Result<void> killed = co_await kill_thread(session, backend.slot, backend.thread_id, what);
  // What it was aimed at may have ended meanwhile: its connection is closed then.
  if (killed.ok() || killed.error().peer_code() == wire::kErNoSuchThread) co_return true;
  session.client().send_error(wire::reply_of(killed.error()));
  co_return false;
}

/// Aims at the target and ends it. False: cancelled.
Task<bool> end_target(Session& session, Target target) {
  std::shared_ptr<Found> found = co_await ask_target(session, target, Ask::kAim);
  if (found == nullptr) co_return false;
  if (found->backend) {
    const bool done = co_await kill_backend(session, *found->backend, target.what);
    if (!done) co_return true;
  }
  if (target.what == KillWhat::kConnection) {
    found = co_await ask_target(session, target, Ask::kEnd);
    if (found == nullptr) co_return false;
    if (found->backend) {  // it had gone on to another one
      const Result<void> killed =
          co_await kill_thread(session, found->backend->slot, found->backend->thread_id, target.what);
      (void)killed;  // the session has ended all the same
    }
  }
  if (session.holdings().soft()) co_await release_soft(session);
  remember_row_count(session, 0);
  session.client().send_ok(session.status_flags());
  co_return true;
}

}  // namespace

Task<Result<void>> kill_thread(Session& session, upstream::ServerSlot slot, std::uint32_t thread_id, KillWhat what) {
  const upstream::mysql::ViewPtr view = session.view();
  upstream::mysql::Pool& pool = session.frontend().pool(slot);
  const upstream::mysql::Login login = login_for_server(session);
  ConnectionPtr side = pool.take(pool_key(session, !login.schema.empty()), session.facts().settings, terms_of(*view));
  // another login may be one too many, when a KILL is needed most
  Connection* own = side == nullptr ? idle_held(session, slot) : nullptr;
  if (side == nullptr && own == nullptr) {
    Result<ConnectionPtr> opened = co_await open_beside(session, slot);
    // what was said there was not said of the KILL
    if (!opened.ok()) co_return Error{opened.error().code, std::move(opened.error().context)};
    side = std::move(*opened);
  }
  std::vector<policy::session::Step> steps;
  steps.push_back(
      {policy::session::Step::Kind::kStatement,
       std::string(what == KillWhat::kQuery ? "KILL QUERY " : "KILL CONNECTION ") + std::to_string(thread_id)});
  Result<void> killed = co_await upstream::mysql::run_steps(own != nullptr ? *own : *side, std::move(steps),
                                                            session.loop().deadline_in(view->service->connect_timeout));
  if (side != nullptr) give_back(session, std::move(side));
  co_return killed;
}

std::optional<KillOrder> kill_of_ours(const sql::Statement& statement, std::optional<std::uint64_t> bound) {
  const bool names_session =
      statement.kind == sql::Kind::kKill &&
      (statement.kill_scope == sql::KillScope::kConnection || statement.kill_scope == sql::KillScope::kQuery);
  if (!names_session) return std::nullopt;
  std::optional<std::uint64_t> id;
  if (statement.kill_target == sql::KillTarget::kNumber) id = statement.kill_id;
  if (statement.kill_target == sql::KillTarget::kPlaceholder) id = bound;
  if (!id || !ShardState::is_ours(*id)) return std::nullopt;
  return KillOrder{*id, statement.kill_scope == sql::KillScope::kQuery ? KillWhat::kQuery : KillWhat::kConnection};
}

Task<bool> on_kill(Session& session, KillOrder order) {
  Target target{shard_by_id(session.service().shard(), ShardState::shard_of(order.id)),
                static_cast<std::uint32_t>(order.id), order.what};
  ClientEnd& client = session.client();
  if (target.id == session.id()) {
    client.send_error(order.what == KillWhat::kQuery ? wire::query_interrupted() : wire::connection_killed());
    co_return order.what == KillWhat::kQuery;
  }
  if (target.shard == nullptr) {
    client.send_error(wire::unknown_thread_id(order.id));
    co_return true;
  }
  const std::shared_ptr<Found> found = co_await ask_target(session, target, Ask::kWho);
  if (found == nullptr) co_return false;
  if (!found->exists) {
    client.send_error(wire::unknown_thread_id(order.id));
    co_return true;
  }
  bool may = found->account == account_name(session.identity());
  if (!may) may = co_await may_kill_others(session);
  if (!may) {
    client.send_error({kErKillDenied, "HY000", "You are not owner of thread " + std::to_string(order.id)});
    co_return true;
  }
  const bool go_on = co_await end_target(session, target);
  co_return go_on;
}

/// COM_PROCESS_KILL: an id of ours, or a server's own (CONNECTION_ID() tells it), as the text would have it.
Task<bool> on_process_kill(Session& session) {
  const std::uint64_t id = leading_number(session.client().argument(), 4);
  Request request;
  request.command = wire::Command::kProcessKill;
  request.verdict = session.classify("KILL " + std::to_string(id));
  const std::optional<KillOrder> kill = kill_of_ours(request.verdict);
  if (kill) co_return co_await on_kill(session, *kill);
  const bool go_on = co_await run(session, std::move(request));
  co_return go_on;
}

}  // namespace hf::service::mysql::handlers
