#include "service/mysql/session.h"

#include <algorithm>

#include "policy/sql/classifier.h"
#include "policy/sql/shape_cache.h"
#include "proto/mysql/response.h"
#include "service/mysql/handlers/handlers.h"
#include "service/mysql/holdings.h"
#include "service/mysql/login.h"
#include "service/mysql/shard_state.h"

namespace hf::service::mysql {

namespace wire = proto::mysql;
namespace sql = policy::sql;
namespace tie = policy::session::tie;
using runtime::Task;
using wire::Command;

namespace {

policy::session::Door door_of(config::ListenRoute route) {
  switch (route) {
    case config::ListenRoute::kRead: return policy::session::Door::kRead;
    case config::ListenRoute::kWrite: return policy::session::Door::kWrite;
    case config::ListenRoute::kSplit: break;
  }
  return policy::session::Door::kSplit;
}

}  // namespace

bool mentions(ByteView text, ByteView lower_case_word) {
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + ('a' - 'A')) : a) == b; };
  return std::search(text.begin(), text.end(), lower_case_word.begin(), lower_case_word.end(), same) != text.end();
}

std::string account_name(const Identity& identity) { return identity.credentials.user + "@" + identity.host_pattern; }

/// Beside Session::run, so that the compiler makes one frame of both: a client has them as long as it is here.
Task<void> run_session(Frontend& frontend, net::Accepted accepted, config::ListenRoute route, Admission admission) {
  {
    Session session(frontend, std::move(accepted), route);
    co_await session.run(admission);
  }
  frontend.service().client_gone();
}

Session::Session(Frontend& frontend, net::Accepted&& accepted, config::ListenRoute route)
    : LiveClient(frontend.service().live_clients()),
      frontend_(frontend),
      door_(door_of(route)),
      client_(frontend.service(), std::move(accepted)) {
  id_ = shard_state().enter(*this);
}

Session::~Session() { shard_state().leave(id_); }

Task<void> Session::run(Admission admission) {
  if (admission != Admission::kWelcome) {
    client_.send_error(admission == Admission::kAddress ? wire::host_not_allowed(client_.host())
                                                        : wire::too_many_connections());
    client_.stream().close();
    co_return;
  }
  service().counters().clients.add();
  const bool logged_in = co_await log_in(*this);
  if (logged_in) {
    for (;;) {
      const bool more = co_await read_command();
      if (!more) break;
      const TimePoint arrived = loop().now();
      const bool go_on = co_await run_command(
          client_.request().empty() ? Command::kSleep : static_cast<Command>(byte_at(client_.request(), 0)));
      frontend_.latency().record(loop().now() - arrived);
      client_.drop_request();
      if (!go_on || client_.broken()) break;
    }
  }
  give_up_held(*this);
  client_.stream().close();
  service().counters().clients.subtract();
}

/// How long the client may be idle: as the service says, or as the client itself has said (SET wait_timeout).
Nanos Session::most_idle() const {
  const Nanos most = service().config().client_timeout;
  if (facts_.settings == nullptr || identity_.defaults == nullptr) return most;
  const std::uint32_t own = facts_.settings->reading().wait_timeout;
  const upstream::mysql::SessionDefaults& defaults = *identity_.defaults;
  const bool chosen = own != 0 && own != defaults.wait_timeout && own != defaults.interactive_timeout;
  return chosen ? std::min<Nanos>(most, std::chrono::seconds(own)) : most;
}

/// The next command. False: the session is over.
Task<bool> Session::read_command() {
  const Deadline patience = loop().deadline_in(most_idle());
  for (;;) {
    if (orders_.killed) co_return false;
    if (holdings_.held != nullptr && !holdings_.held->usable()) {
      if (holdings_.hard()) co_return false;  // what the client believes to have is gone: it must hear so now
      lose_held(*this);
    }
    if (orders_.ending && !holdings_.hard() && client_.quiet()) co_return false;
    watch_held(this);
    Result<void> read = co_await client_.read_packet(0, patience);
    watch_held(nullptr);
    if (read.ok()) co_return true;
    switch (read.error().code) {
      case ErrorCode::kTimeout: break;
      case ErrorCode::kOverload: client_.send_error(wire::packet_too_large()); co_return false;
      case ErrorCode::kProtocol: client_.send_error(wire::packets_out_of_order()); co_return false;
      default: co_return false;
    }
    if (patience.passed(loop().now())) co_return false;
    if (client_.in_packet()) continue;
    if (std::exchange(orders_.give_back, false) && holdings_.soft()) co_await release_soft(*this);
  }
}

Task<bool> Session::run_command(Command command) {
  frontend_.counters().statements.add();
  if (command == Command::kQuit) co_return false;
  const bool room = client_.has_room() || co_await client_.room();
  if (!room) co_return false;
  orders_.interrupted = false;
  orders_.in_command = true;
  const bool go_on = co_await handlers::handle(*this, command);
  orders_.in_command = false;
  if (const std::unique_ptr<wire::ErrorReply> error = client_.take_error()) remember_error(*this, *error);
  co_return go_on;
}

Deadline Session::hold_deadline() { return loop().deadline_in(service().config().mysql.hold_timeout); }

bool Session::on_primary(const Connection& connection) const {
  const upstream::mysql::View& now = *view();
  return now.primary && *now.primary == connection.slot;
}

policy::session::RouteFacts Session::route_facts() {
  policy::session::RouteFacts facts;
  facts.door = door_;
  facts.status = facts_.status;
  facts.holds = holdings_.held != nullptr;
  facts.ties = facts.holds ? holdings_.ties : 0;
  facts.held_is_primary = facts.holds && on_primary(*holdings_.held);
  return facts;
}

sql::Context Session::sql_context() {
  sql::Context context;
  const policy::session::Settings::Reading reading =
      facts_.settings != nullptr
          ? facts_.settings->reading()
          : policy::session::Settings::Reading{.ignore_space = client_.has(wire::kClientIgnoreSpace)};
  context.charset = reading.charset;
  context.flavor = view()->mariadb ? sql::Flavor::kMariaDb : sql::Flavor::kUnknown;
  context.ansi_quotes = facts_.status.ansi_quotes;
  context.no_backslash_escapes = facts_.status.no_backslash_escapes;
  context.ignore_space = reading.ignore_space;
  return context;
}

sql::Statement Session::classify(ByteView text) {
  constexpr std::size_t kMostRemembered = 64 * 1024;
  constexpr std::size_t kMostClassified = 1024 * 1024;  // the longest row lists that mysqldump writes; at worst 6 ms
  if (text.size() <= kMostClassified) {
    sql::Statement verdict = text.size() <= kMostRemembered
                                 ? shard_state().shapes().lookup_or_classify(text, sql_context())
                                 : sql::classify(text, sql_context());
    // With sql_auto_is_null, "id IS NULL" asks for the last insert id.
    const bool plain_set = verdict.kind == sql::Kind::kSet && !verdict.has(sql::effect::kComputedValue);
    if (facts_.settings != nullptr && facts_.settings->reading().null_is_last_id && !plain_set &&
        mentions(text, "null")) {
      verdict.effects |= sql::effect::kReadsLastInsertId;
      if (verdict.route == sql::Route::kReader) verdict.route = sql::Route::kPrimary;
    }
    const bool own_tables =
        facts_.settings != nullptr && facts_.settings->reading().in_system_schema && !verdict.tableless;
    if (own_tables && verdict.route == sql::Route::kReader) verdict.route = sql::Route::kPrimary;
    return verdict;
  }
  // What stands behind the beginning is not believed to be anything.
  sql::Statement statement = sql::classify(text.substr(0, kMostClassified), sql_context());
  statement.route = sql::Route::kPrimary;
  statement.effects |= sql::effect::kUnterminated | sql::effect::kUnknownState;
  statement.tableless = false;
  return statement;
}

wire::StatusFlags Session::status_flags() const {
  wire::StatusFlags flags = 0;
  if (facts_.status.autocommit) flags |= wire::kStatusAutocommit;
  if (facts_.status.in_transaction) flags |= wire::kStatusInTransaction;
  if (facts_.status.read_only_transaction) flags |= wire::kStatusInTransactionReadOnly;
  if (facts_.status.no_backslash_escapes) flags |= wire::kStatusNoBackslashEscapes;
  if (facts_.status.ansi_quotes) flags |= wire::kStatusAnsiQuotes;
  return flags;
}

/// Between commands the end of the held connection is seen when it comes.
void Session::watch_held(net::PeerWatcher* watcher) {
  if (holdings_.held != nullptr) holdings_.held->stream->watch_peer(watcher);
}

/// The client sends no more while a statement runs for it (see Exchange::relay), or the held connection has ended
/// between commands.
void Session::peer_closed() {
  if (running_.connection == nullptr) {
    client_.stream().wake_reader();
    return;
  }
  // told at each event from then on
  if (!running_.read || !client_.quiet() || std::exchange(running_.client_half_closed, true)) return;
  running_.connection->stream->wake_reader();
}

void Session::give_back(upstream::ServerSlot slot) {
  if (!holdings_.soft() || holdings_.held->slot != slot || running_.connection != nullptr) return;
  orders_.give_back = true;
  client_.stream().wake_reader();
}

void Session::look_at_held(upstream::ServerSlot slot) {
  if (holdings_.held != nullptr && holdings_.held->slot == slot && running_.connection == nullptr) {
    client_.stream().wake_reader();
  }
}

void Session::end_when_idle() {
  orders_.ending = true;
  if (running_.connection == nullptr) client_.stream().wake_reader();
}

std::optional<Session::Backend> Session::kill() {
  orders_.killed = true;
  client_.stream().abort({ErrorCode::kReset, "killed"});
  if (orders_.waiting != nullptr && orders_.waiting->waiting != nullptr) orders_.waiting->waiting->cancel();
  const bool untold = running_.connection != nullptr && !running_.connection->facts.told_kill;
  return untold ? aim_at_backend() : std::nullopt;
}

std::optional<Session::Backend> Session::interrupt() {
  if (!orders_.in_command) return std::nullopt;
  if (running_.connection != nullptr) return aim_at_backend();
  orders_.interrupted = true;
  if (orders_.waiting != nullptr && orders_.waiting->waiting != nullptr) orders_.waiting->waiting->cancel();
  return std::nullopt;
}

/// The address that the client came in on leaves this node. What a rollback will undo in any case is ended on the
/// server now, for it may wait for a lock while it holds others; what may take effect runs on, as when a client dies.
void Session::cut(const Error& reason) {
  orders_.killed = true;
  if (running_.connection != nullptr && (running_.read || running_.undone_by_rollback)) {
    running_.client_left = true;
    running_.connection->stream->abort(reason);
  }
  client_.stream().cut(reason);
}

std::optional<Session::Backend> Session::aim_at_backend() {
  Connection* connection = running_.connection != nullptr ? running_.connection : holdings_.held.get();
  if (connection == nullptr) return std::nullopt;
  connection->facts.told_kill = true;
  running_.killed = running_.connection != nullptr;
  return Backend{connection->slot, connection->thread_id};
}

}  // namespace hf::service::mysql
