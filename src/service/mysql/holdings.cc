#include "service/mysql/holdings.h"

#include <cstdlib>
#include <optional>
#include <string>

#include "service/mysql/events.h"
#include "service/mysql/session_variables.h"
#include "service/mysql/shard_state.h"
#include "service/mysql/start.h"

namespace hf::service::mysql {

namespace tie = policy::session::tie;
namespace stain = policy::session::stain;
using policy::session::PinReason;
using runtime::Task;

namespace {

/// The connections that it may be one of, as it comes back.
std::uint64_t key_of(Session& session, const Connection& connection) {
  const policy::session::SettingsPtr& has = connection.facts.settings;
  // One that was never made to fit is what its login has made it, and stays under that key.
  return has == nullptr ? connection.key : pool_key(session, !has->schema().empty());
}

}  // namespace

void give_back(Session& session, ConnectionPtr connection) {
  const Identity& identity = session.identity();
  const policy::session::SettingsPtr& has = connection->facts.settings;
  const bool resettable =
      has != nullptr && !identity.limited && !identity.proxied && identity.defaults->init_connect.empty();
  connection->reset_to =
      resettable && !connection->facts.clean() ? start_behind_reset(session, has->schema()) : nullptr;
  connection->key = key_of(session, *connection);
  const bool of_one_login = !identity.defaults->init_connect.empty();
  if (has == nullptr && (of_one_login || !connection->facts.clean())) connection->facts.must_close = true;
  session.frontend().pool(connection->slot).give(std::move(connection));
}

namespace {

/// Empty: none, or not known.
std::string results_charset(const policy::session::SettingsPtr& settings) {
  return settings == nullptr ? std::string() : std::string(settings->variable("character_set_results"));
}

}  // namespace

void remember_error(Session& session, const proto::mysql::ErrorReply& error) {
  policy::session::LastStatement& last = session.holdings().last;
  last.row_count = -1;
  last.list = policy::session::ConditionList{
      {{"Error", std::to_string(error.code), error.message}}, 1, 1, results_charset(session.facts().settings)};
  session.facts().last_had_rows = true;
  session.facts().lost &= static_cast<std::uint8_t>(~policy::session::lost::kList);
}

void remember_row_count(Session& session, std::int64_t count) {
  session.holdings().last.row_count = count;
  session.facts().last_had_rows = count < 0;
}

Task<void> remember_list(Session& session, Connection* connection) {
  std::optional<policy::session::ConditionList>& list = session.holdings().last.list;
  if (list || !session.facts().has_list || session.facts().diagnostics_on != connection->facts.serial) co_return;
  const Deadline deadline = session.loop().deadline_in(session.service().config().connect_timeout);
  Result<proto::mysql::TextResult> counts =
      co_await upstream::mysql::query(*connection, "SELECT @@warning_count,@@error_count LIMIT 1", deadline);
  if (!counts.ok() || counts->error || counts->rows.size() != 1 || counts->rows[0].size() != 2) co_return;
  Result<proto::mysql::TextResult> shown =
      co_await upstream::mysql::query(*connection, "SHOW WARNINGS LIMIT 65535", deadline);
  if (!shown.ok() || shown->error) co_return;
  // UTF-16, UTF-32
  const bool wide = !shown->rows.empty() && shown->rows[0][0] && shown->rows[0][0]->find('\0') != std::string::npos;
  if (wide) co_return;
  list.emplace();
  for (const auto& row : shown->rows) {
    if (row.size() >= 3 && row[0] && row[1] && row[2]) list->conditions.push_back({*row[0], *row[1], *row[2]});
  }
  list->warnings = std::strtoull(counts->rows[0][0].value_or("0").c_str(), nullptr, 10);
  list->errors = std::strtoull(counts->rows[0][1].value_or("0").c_str(), nullptr, 10);
  list->charset = results_charset(connection->facts.settings);
}

Task<void> retell_list(Session& session) {
  Holdings& holdings = session.holdings();
  const std::string charset = results_charset(session.facts().settings);
  const std::string question = holdings.last.list && holdings.held != nullptr
                                   ? policy::session::messages_in(*holdings.last.list, charset)
                                   : std::string();
  if (question.empty()) co_return;
  co_await ask_held(session);
  Result<proto::mysql::TextResult> told = co_await upstream::mysql::query(
      *holdings.held, question, session.loop().deadline_in(session.service().config().connect_timeout));
  holdings.held->facts.found_rows = 1;
  policy::session::ConditionList& list = *holdings.last.list;
  if (!told.ok() || told->error || told->rows.size() != 1 || told->rows[0].size() != list.conditions.size()) co_return;
  for (std::size_t i = 0; i < list.conditions.size(); ++i) list.conditions[i].message = told->rows[0][i].value_or("");
  list.charset = charset;
}

namespace {

/// `leave`: what LAST_INSERT_ID() is to be from then on, in the same question.
Task<void> ask_and_leave(Session& session, std::optional<std::uint64_t> leave) {
  Holdings& holdings = session.holdings();
  policy::session::SessionFacts& facts = session.facts();
  const policy::session::ConnectionSerial serial = holdings.held->facts.serial;
  const bool only_here =
      facts.insert_id.on == serial || facts.found_rows.on == serial || facts.diagnostics_on == serial;
  if (!only_here || !holdings.held->usable()) co_return;
  std::string question = "SELECT LAST_INSERT_ID(),FOUND_ROWS(),ROW_COUNT()";
  if (leave) question += ",LAST_INSERT_ID(" + std::to_string(*leave) + ")";
  const Deadline patience = session.loop().deadline_in(session.service().config().connect_timeout);
  Result<proto::mysql::TextResult> asked =
      co_await upstream::mysql::query(*holdings.held, question + " LIMIT 1", patience);
  const bool answered = asked.ok() && !asked->error && asked->rows.size() == 1 && asked->rows[0].size() >= 3;
  if (!answered) {  // what it knew is lost, and whoever asks is told so; the connection itself may be needed
    policy::session::lose_connection(facts, holdings.last, serial);
    holdings.held->facts.insert_id.reset();
    co_return;
  }
  const auto number = [&](std::size_t i) {
    return asked->rows[0][i] ? std::strtoull(narrow(*asked->rows[0][i]).c_str(), nullptr, 10) : 0;
  };
  if (facts.insert_id.on == serial) {
    facts.insert_id = {number(0), 0};
    holdings.held->facts.insert_id = number(0);
  }
  if (leave) holdings.held->facts.insert_id = leave;
  if (facts.found_rows.on == serial) facts.found_rows = {number(1), 0};
  holdings.held->facts.found_rows = 1;  // the question was a SELECT
  if (facts.diagnostics_on != serial) co_return;
  // what is in it is true already, and the connection only looks like it
  policy::session::LastStatement& last = holdings.last;
  if (!last.row_count) {
    last.row_count = asked->rows[0][2] ? std::strtoll(narrow(*asked->rows[0][2]).c_str(), nullptr, 10) : 0;
  }
  co_await remember_list(session, holdings.held.get());
}

}  // namespace

Task<void> ask_held(Session& session) { co_await ask_and_leave(session, std::nullopt); }

Task<void> release_soft(Session& session) {
  Holdings& holdings = session.holdings();
  if (!holdings.soft()) co_return;
  const upstream::mysql::Pool::Return comes_back(session.frontend().pool(holdings.held->slot), *holdings.held,
                                                 key_of(session, *holdings.held));
  co_await ask_and_leave(session, comes_back.note_of_heir());  // its LAST_INSERT_ID, which it need not set then
  policy::session::forget_connection(session.facts(), holdings.held->facts.serial);
  holdings.ties = 0;
  give_back(session, std::move(holdings.held));
}

void give_up_held(Session& session) {
  Holdings& holdings = session.holdings();
  if (holdings.pin != PinReason::kNone) {
    session.frontend().pins().now[static_cast<std::size_t>(holdings.pin)].subtract();
  }
  holdings.pin = PinReason::kNone;
  holdings.pinned_by = std::string();
  if (holdings.held == nullptr) return;
  const policy::session::ConnectionSerial serial = holdings.held->facts.serial;
  policy::session::forget_connection(session.facts(), serial);
  session.prepared().forget_cursors(serial);
  if (holdings.hard()) holdings.held->facts.stains |= stain::kState;
  holdings.ties = 0;
  give_back(session, std::move(holdings.held));
}

void lose_held(Session& session) {
  Holdings& holdings = session.holdings();
  if (holdings.held == nullptr) return;
  holdings.held->facts.must_close = true;
  policy::session::lose_connection(session.facts(), session.holdings().last, holdings.held->facts.serial);
  give_up_held(session);
}

namespace {

/// The connection is held by now, and the statement that pinned is remembered.
void count_pin(Session& session, PinReason pin) {
  Holdings& holdings = session.holdings();
  holdings.pin = pin;
  holdings.pinned_at = session.loop().now();
  PinCounters& pins = session.frontend().pins();
  pins.now[static_cast<std::size_t>(pin)].add();
  pins.made[static_cast<std::size_t>(pin)].add();
  const std::optional<std::uint64_t> count = session.shard_state().pins_to_tell(pin, holdings.pinned_at);
  if (!count) return;
  ServiceShard& service = session.service();
  service.control().event(
      counted(*count, events::SessionPinned{.service = service.name(),
                                            .server = session.view()->servers[holdings.held->slot].name,
                                            .account = account_name(session.identity()),
                                            .client = session.client().name(),
                                            .reason = to_string(pin),
                                            .shape = holdings.pinned_by}));
}

}  // namespace

Task<void> hold(Session& session, ConnectionPtr connection, std::uint32_t ties, PinReason pin) {
  Holdings& holdings = session.holdings();
  if (holdings.held != nullptr) co_await release_soft(session);
  if (holdings.held != nullptr) give_up_held(session);
  connection->at_rest = true;
  holdings.held = std::move(connection);
  holdings.ties = ties;
  if (pin != PinReason::kNone && holdings.pin == PinReason::kNone) { count_pin(session, pin); }
}

}  // namespace hf::service::mysql
