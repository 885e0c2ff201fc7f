// COM_RESET_CONNECTION: the session begins anew, in the same schema.
#include "proto/mysql/response.h"
#include "service/mysql/handlers/handlers.h"
#include "service/mysql/holdings.h"
#include "service/mysql/lend.h"
#include "service/mysql/run.h"
#include "service/mysql/start.h"

namespace hf::service::mysql::handlers {

namespace wire = proto::mysql;
namespace sql = policy::sql;
namespace tie = policy::session::tie;
using runtime::Task;
using wire::Command;

namespace {

/// The server resets the connection that the session keeps, and it stays.
Task<bool> reset_in_place(Session& session, std::uint32_t ties) {
  Request request;
  request.command = Command::kResetConnection;
  request.verdict.kind = sql::Kind::kEmpty;
  request.verdict.route = sql::Route::kAny;
  request.place = policy::session::Place::kHeld;
  const bool go_on = co_await run(session, std::move(request));
  Holdings& holdings = session.holdings();
  if (holdings.held == nullptr) co_return go_on;
  holdings.held->facts.settings = nullptr;
  holdings.held->facts.stains = 0;
  holdings.held->facts.tracking = false;
  holdings.held->facts.insert_id = 0;
  holdings.held->facts.prepared.clear();
  holdings.ties = ties;
  co_return go_on;
}

}  // namespace

Task<bool> on_reset_connection(Session& session) {
  Holdings& holdings = session.holdings();
  policy::session::SessionFacts& facts = session.facts();
  session.prepared().clear();
  session.client().untold_changes().clear();
  // FOUND_ROWS() survives a reset, as on a connection of one's own.
  if (holdings.held != nullptr && facts.found_rows.on == holdings.held->facts.serial) co_await ask_held(session);
  // Nobody but the client could log in there again; or a reset leaves what no other connection has: a role, profiles.
  const bool outlives =
      holdings.hard() && holdings.held->facts.outlives_reset && !holdings.held->facts.in_xa && holdings.held->usable();
  const bool stays = session.identity().proxied || outlives;
  if (!stays && holdings.hard()) {
    // Locks and transactions end before the client hears that they have.
    ConnectionPtr held = std::move(holdings.held);
    const policy::session::SettingsPtr start =
        held->facts.settings == nullptr ? nullptr : start_behind_reset(session, held->facts.settings->schema());
    policy::session::forget_connection(facts, held->facts.serial);
    give_up_held(session);
    holdings.ties = 0;
    held->facts.stains |= policy::session::stain::kState;
    if (start != nullptr && !session.identity().limited && session.identity().defaults->init_connect.empty()) {
      const Deadline deadline = session.loop().deadline_in(session.service().config().connect_timeout);
      const Result<void> done =
          co_await upstream::mysql::run_steps(*held, policy::session::reset_steps(*start), deadline);
      if (done.ok()) policy::session::reset(held->facts, start);
      if (done.ok()) session.frontend().counters().connection_resets.add();
      if (!done.ok() && done.error().code == ErrorCode::kCancelled) co_return false;
    }
    if (held->facts.clean()) give_back(session, std::move(held));
  } else if (!stays) {
    give_up_held(session);
  }
  const policy::session::Remembered found = facts.found_rows;
  facts.insert_id = {};
  facts.diagnostics_on = 0;
  holdings.last = {};
  facts.last_had_rows = false;
  reset_settings(session);
  facts.found_rows = found;
  if (stays) {
    const bool go_on = co_await reset_in_place(session, session.identity().proxied ? tie::kLogin : tie::kPinned);
    co_return go_on;
  }
  session.client().send_ok(session.status_flags());
  co_return true;
}

}  // namespace hf::service::mysql::handlers
