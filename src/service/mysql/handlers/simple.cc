// Commands that need no care of their own: they go to a server as they are, or are answered from what we know.
#include "proto/mysql/response.h"
#include "service/mysql/changes_underway.h"
#include "service/mysql/handlers/handlers.h"
#include "service/mysql/holdings.h"
#include "service/mysql/run.h"

namespace hf::service::mysql::handlers {

namespace wire = proto::mysql;
namespace sql = policy::sql;
namespace effect = policy::sql::effect;
using runtime::Task;
using wire::Command;

/// A sign of life: what the session holds must live on with it.
Task<bool> on_ping(Session& session) {
  Holdings& holdings = session.holdings();
  if (holdings.soft() && !holdings.held->usable()) lose_held(session);
  if (holdings.held == nullptr) {
    remember_row_count(session, 0);
    session.client().send_ok(session.status_flags());
    co_return true;
  }
  Request request;
  request.command = Command::kPing;
  request.verdict.kind = sql::Kind::kEmpty;
  request.verdict.route = sql::Route::kAny;
  request.verdict.tableless = true;
  request.place = policy::session::Place::kHeld;
  const bool go_on = co_await run(session, std::move(request));
  co_return go_on;
}

Task<bool> on_other(Session& session, Command command) {
  Request request;
  request.command = command;
  request.verdict.kind = sql::Kind::kUnknown;
  switch (command) {
    case Command::kInitDb:
      request.verdict.kind = sql::Kind::kUse;
      request.verdict.tableless = true;
      request.verdict.route = sql::Route::kAny;
      break;
    case Command::kFieldList:
    case Command::kStatistics:
      request.verdict.kind = command == Command::kFieldList ? sql::Kind::kShow : sql::Kind::kEmpty;
      if (command == Command::kStatistics) request.verdict.effects = effect::kReadsDiagnostics;
      request.verdict.tableless = true;
      request.verdict.route = command == Command::kFieldList ? sql::Route::kReader : sql::Route::kPrimary;
      break;
    case Command::kProcessInfo:
    case Command::kDebug:
    case Command::kRefresh:
    case Command::kShutdown: request.verdict.kind = sql::Kind::kShow; break;
    case Command::kCreateDb:
    case Command::kDropDb:
      request.verdict.kind = sql::Kind::kDdl;
      request.verdict.tableless = true;
      break;
    case Command::kRegisterSlave: request.verdict.effects = effect::kUnknownState; break;
    default: session.client().send_error(wire::unknown_command()); co_return true;
  }
  const ChangesUnderway changes(session, command == Command::kRefresh ? AccountChange::kTold : AccountChange::kNone);
  const bool go_on = co_await run(session, std::move(request));
  co_return go_on;
}

/// Multi-statements on or off: compared with each connection before it runs anything for us.
Task<bool> on_set_option(Session& session) {
  ClientEnd& client = session.client();
  const std::uint64_t option = leading_number(client.argument(), 2);
  if (option > 1) {
    client.send_error(wire::unknown_command());
    co_return true;
  }
  Holdings& holdings = session.holdings();
  if (holdings.held != nullptr) {  // what the session cannot leave is told at once
    std::vector<policy::session::Step> steps;
    steps.push_back({policy::session::Step::Kind::kOption, std::string{static_cast<char>(option), '\0'}});
    const Result<void> told = co_await upstream::mysql::run_steps(
        *holdings.held, std::move(steps), session.loop().deadline_in(session.service().config().connect_timeout));
    if (told.ok()) {
      holdings.held->facts.multi_statements = option == 0;
    } else {
      holdings.held->stream->abort(told.error());  // found broken by the next statement
    }
  }
  const wire::Capabilities others = client.capabilities() & ~wire::kClientMultiStatements;
  client.set_capabilities(option == 0 ? others | wire::kClientMultiStatements : others);
  remember_row_count(session, -1);
  if (client.has(wire::kClientDeprecateEof)) {
    wire::OkPacket ok;
    ok.header = wire::kEofHeader;
    ok.status = session.status_flags();
    client.send_payload(wire::encode_ok(ok, client.capabilities()));
  } else {
    client.send_payload(wire::encode_eof({0, session.status_flags()}, client.capabilities()));
  }
  co_return true;
}

}  // namespace hf::service::mysql::handlers
