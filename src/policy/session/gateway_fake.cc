#include "policy/session/gateway_fake.h"

#include <cstdlib>
#include <limits>

namespace hf::policy::session::model {

void Gateway::log_in(std::size_t i, Door door, std::string charset) {
  Client& client = clients_[i];
  leave(client);
  client = Client{};
  client.door = door;
  client.charset = std::move(charset);
  begin(client, "main");
}

void Gateway::leave(Client& client) {
  if (client.held != nullptr) give_up_held(client);
  client.prepared.clear();
}

Outcome Gateway::run(std::size_t i, const Command& command, Loss loss) {
  Client& client = clients_[i];
  Outcome out;
  const sql::Statement statement = verdict_of(client, command);
  if (answer_is_lost(client, statement, text_of(client, command))) {
    out.lost = true;
    out.seen = "error 2013";
    remember_error(client, 2013);
    return out;
  }
  const bool leaves = leaves_read_only_transaction(statement, route_facts(client));
  if (leaves) leave_transaction(client);
  Attempt attempt;
  const bool keeps_list = names_no_table(client, command, statement);
  for (int round = 0; round < 6; ++round) {
    attempt.only_here = make_ready(client, statement, text_of(client, command));
    RouteFacts facts = route_facts(client);
    facts.keeps_list = keeps_list;
    Routed routed = route(statement, facts);
    if (forced_primary_ && (facts.ties & tie::kHard) == 0) routed.place = Place::kPrimary;
    attempt.repeatable = routed.repeatable;
    attempt.reroutable = routed.reroutable;
    if (once(client, command, statement, routed, keeps_list, &attempt, &loss, &out)) break;
  }
  out.rolled_back = out.rolled_back || (leaves && (out.skipped || out.lost));
  if (out.skipped) remember_error(client, 1105);
  if (out.lost) remember_error(client, 2013);
  forced_primary_ = false;
  return out;
}

std::string Gateway::prepare(std::size_t i, int slot, const std::string& text) {
  Client& client = clients_[i];
  const sql::Statement verdict = sql::classify(text, context(client));
  sql::Statement nothing_asked;
  nothing_asked.kind = sql::Kind::kEmpty;
  nothing_asked.effects = sql::effect::kReadsDiagnostics;
  Sent sent;
  sent.keeps_list = true;
  RouteFacts facts = route_facts(client);
  facts.keeps_list = true;
  sql::Statement command;
  command.kind = sql::Kind::kSelect;
  command.route = verdict.route == sql::Route::kReader ? sql::Route::kReader : sql::Route::kPrimary;
  const Routed routed = route(command, facts);
  const bool held = uses_held(client, routed);
  leave_list(client, held, command, sent);
  const std::uint32_t ties = held ? std::exchange(client.ties, 0) : 0;
  ConnectionPtr connection = held ? std::move(client.held) : take_or_open(client, routed.place);
  const bool fits = connection != nullptr && ((ties & tie::kHard) != 0 || restore(client, *connection, {}));
  if (!fits) {
    remember_error(client, 1105);
    return "skipped";
  }
  const Reply reply = connection->server->prepare(text);
  if (!reply.facts.failed) {
    client.prepared[slot] = {{text, client.facts.settings}, verdict};
    const auto gone = connection->facts.prepared.add(client.prepared[slot].meaning, reply.statement_id);
    if (gone) connection->server->close_statement(*gone);
  } else {
    client.prepared.erase(slot);
  }
  if (reply.facts.failed) {
    client.last.row_count = -1;
    client.facts.last_had_rows = true;
    client.last.list.reset();
  }
  const Learnt learnt = learn(client.facts, connection->facts, nothing_asked, sent, reply.facts, ties, table_);
  if (learnt.ties == 0) {
    give_back(client, std::move(connection));
  } else {
    hold(client, std::move(connection), learnt.ties);
  }
  return reply.facts.failed ? reply.shown() : "prepared";
}

void Gateway::reset(std::size_t i) {
  Client& client = clients_[i];
  client.prepared.clear();
  if (client.held != nullptr && client.facts.found_rows.on == client.held->facts.serial) ask(client);
  const std::string schema = client.facts.settings->schema();
  if (client.held != nullptr) give_up_held(client);
  const Remembered found = client.facts.found_rows;
  client.facts = {};
  client.facts.found_rows = found;
  client.last = {};
  begin(client, schema);
}

void Gateway::set_option(std::size_t i, bool multi) {
  Client& client = clients_[i];
  client.multi = multi;
  if (client.held == nullptr) return;
  client.held->server->set_option(multi);
  client.held->facts.multi_statements = multi;
}

void Gateway::press(int server) {
  for (Client& client : clients_) {
    if (soft(client) && client.held->server->server() == server) release_soft(client);
  }
}

Outcome Gateway::cut_held(std::size_t i) {
  Client& client = clients_[i];
  Outcome out;
  if (client.held == nullptr) return out;
  const std::uint32_t hard = client.ties & tie::kHard;
  out.ended = hard != 0;
  note_forgotten(client, client.held->facts.serial, &out);
  client.held.reset();
  client.ties = 0;
  return out;
}

void Gateway::check_idle() {
  for (const auto& pool : idle_) {
    for (const ConnectionPtr& each : pool) {
      const std::string left = each->server->left_behind();
      if (!left.empty()) trouble = "an idle connection still has" + left;
      check_facts(*each);
    }
  }
}

// ---- a session

void Gateway::begin(Client& client, const std::string& schema) {
  Settings settings;
  for (const auto& [name, value] : cluster.globals[kPrimary]) {
    if (kind_of_variable(name) == VariableKind::kSetting) settings.set_variable(name, value);
  }
  for (const char* name : {"character_set_client", "character_set_results", "character_set_connection"}) settings.set_variable(name, client.charset);
  settings.set_variable("collation_connection", client.charset == "latin1" ? "latin1_swedish_ci" : "utf8mb4_general_ci");
  client.start = table_.intern(settings);
  settings.set_schema(schema);
  client.facts.settings = table_.intern(std::move(settings));
  client.facts.status = {};
  client.facts.status.autocommit = client.facts.settings->variable("autocommit") != "OFF";
  client.facts.status.ansi_quotes = client.facts.settings->variable("sql_mode").find("ANSI") != ByteView::npos;
}

sql::Context Gateway::context(const Client& client) {
  sql::Context context;
  context.charset = sql::charset_from_name(client.facts.settings->variable("character_set_client"));
  context.flavor = sql::Flavor::kMariaDb;
  context.ansi_quotes = client.facts.status.ansi_quotes;
  return context;
}

sql::Statement Gateway::verdict_of(const Client& client, const Command& command) {
  if (command.prepared >= 0) return client.prepared.at(command.prepared).verdict;
  if (!command.init_db) return sql::classify(command.text, context(client));
  sql::Statement use;
  use.kind = sql::Kind::kUse;
  use.route = sql::Route::kAny;
  return use;
}

ByteView Gateway::text_of(const Client& client, const Command& command) {
  return command.prepared >= 0 ? ByteView(client.prepared.at(command.prepared).meaning.text) : ByteView(command.text);
}

bool Gateway::names_no_table(const Client& client, const Command& command, const sql::Statement& statement) {
  return statement.kind == sql::Kind::kSelect && text_of(client, command).find("FROM") == ByteView::npos;
}

RouteFacts Gateway::route_facts(const Client& client) {
  RouteFacts facts;
  facts.door = client.door;
  facts.status = client.facts.status;
  facts.holds = client.held != nullptr;
  facts.ties = facts.holds ? client.ties : 0;
  facts.held_is_primary = facts.holds && on_primary(*client.held);
  return facts;
}

// ---- connections

ConnectionPtr Gateway::take(Client& client, int server) {
  auto& pool = idle_[server];
  const std::string& schema = client.facts.settings->schema();
  const bool has_schema = !schema.empty() && cluster.schemas.contains(schema);
  std::size_t found = pool.size();
  for (std::size_t i = pool.size(); i-- > 0;) {
    if (pool[i]->has_schema != has_schema) continue;
    if (pool[i]->facts.settings == client.facts.settings && pool[i]->facts.tracking) {
      found = i;
      break;
    }
    if (found == pool.size()) found = i;
  }
  if (found == pool.size()) return nullptr;
  ConnectionPtr connection = std::move(pool[found]);
  pool.erase(pool.begin() + static_cast<std::ptrdiff_t>(found));
  return connection;
}

std::size_t Gateway::open_to(int server) const {
  std::size_t sum = idle_[server].size() + lent_[server];
  for (const Client& client : clients_) sum += client.held != nullptr && client.held->server->server() == server ? 1 : 0;
  return sum;
}

ConnectionPtr Gateway::take_or_open(Client& client, Place place, bool beyond) {
  const int server = place == Place::kReader ? kReplica : kPrimary;
  if (ConnectionPtr idle = take(client, server)) return idle;
  if (open_to(server) >= most_) {
    press(server);
    if (ConnectionPtr idle = take(client, server)) return idle;
    if (open_to(server) >= most_ && !idle_[server].empty()) idle_[server].erase(idle_[server].begin());
    if (open_to(server) >= most_ && !beyond) return nullptr;
  }
  auto connection = std::make_unique<Connection>();
  connection->facts.serial = next_serial_++;
  const std::string& schema = client.facts.settings->schema();
  const std::string entered = cluster.schemas.contains(schema) ? schema : std::string();
  connection->server = std::make_unique<ServerConnection>(cluster, server, client.charset, entered);
  connection->has_schema = !entered.empty();
  return connection;
}

Reply Gateway::statement_of_ours(Connection& connection, const std::string& text) {
  const std::size_t limit = text.find("LIMIT ");
  if (text != count_statement(1) && !text.starts_with("SELECT SQL_CALC_FOUND_ROWS 1 FROM (")) return connection.server->query(text);
  connection.server->count(limit == std::string::npos ? 1 : std::stoll(text.substr(limit + 6)));
  return {};
}

void Gateway::run_steps(Connection& connection, const std::vector<Step>& steps, int* error) {
  *error = 0;
  for (const Step& step : steps) {
    Reply reply;
    switch (step.kind) {
      case Step::Kind::kReset: reply = connection.server->reset(); break;
      case Step::Kind::kSchema: reply = connection.server->init_db(step.text); break;
      case Step::Kind::kStatement: reply = statement_of_ours(connection, step.text); break;
      case Step::Kind::kOption: reply = connection.server->set_option(step.text[0] == '\0'); break;
    }
    if (reply.facts.failed && *error == 0) *error = reply.facts.error_code;
    if (reply.facts.failed && reply.facts.error_code != 1049) trouble = "a step of ours was refused: " + step.text + ": " + reply.shown();
  }
}

bool Gateway::restore(Client& client, Connection& connection, Needs needs) {
  needs.multi_statements = client.multi;
  if (needs.insert_id && client.held != nullptr && client.facts.insert_id.on == client.held->facts.serial) ask(client);
  const std::vector<Step> steps = before(client.facts, connection.facts, needs, false);
  if (steps.empty()) return true;
  int error = 0;
  run_steps(connection, steps, &error);
  if (error == 0) {
    restored(client.facts, connection.facts, needs);
    if (client.facts.last_had_rows) client.last.row_count = -1;
    return true;
  }
  // The schema is gone: without it, as a server would.
  connection.facts.settings = nullptr;
  connection.facts.stains |= stain::kOdd;
  left_warnings(connection.facts);  // the refusal
  client.facts.diagnostics_on = 0;
  const SettingsPtr whole = client.facts.settings;
  Settings bare = *whole;
  bare.set_schema(connection.server->schema());
  client.facts.settings = table_.intern(std::move(bare));
  run_steps(connection, before(client.facts, connection.facts, needs, false), &error);
  if (error == 0) restored(client.facts, connection.facts, needs);
  client.facts.settings = whole;
  return error == 0;
}

void Gateway::give_back(Client& client, ConnectionPtr connection) {
  ConnectionFacts& facts = connection->facts;
  if (facts.must_close || facts.told_kill) return;
  connection->has_schema = !connection->server->schema().empty();
  if (!facts.clean()) {
    if (facts.settings == nullptr) return;
    Settings start = *client.start;
    start.set_schema(facts.settings->schema());
    int error = 0;
    run_steps(*connection, reset_steps(start), &error);
    if (error != 0) return;
    session::reset(facts, table_.intern(std::move(start)));
  }
  idle_[connection->server->server()].push_back(std::move(connection));
}

void Gateway::check_facts(const Connection& connection) {
  const ConnectionFacts& facts = connection.facts;
  if (facts.settings == nullptr) return;
  if (facts.settings->schema() != connection.server->schema()) {
    trouble = "a connection is in schema '" + connection.server->schema() + "' and its facts say '" + facts.settings->schema() + "'";
  }
  for (const auto& [name, value] : facts.settings->variables()) {
    if (connection.server->variables().at(name) != value) trouble = "a connection has " + name + "=" + connection.server->variables().at(name) + ", its facts " + value;
  }
  const Values& variables = connection.server->variables();
  if (facts.tracking && (variables.at("session_track_system_variables") != "*" || variables.at("session_track_state_change") != "ON" || variables.at("session_track_schema") != "ON")) {
    trouble = "a connection is not tracked as its facts say";
  }
  if (variables.at("timestamp") != "now") trouble = "an idle connection has a clock of its own";
  if (facts.insert_id && *facts.insert_id != static_cast<std::uint64_t>(connection.server->last_insert_id())) trouble = "a connection's LAST_INSERT_ID() is not as its facts say";
  if (facts.multi_statements != connection.server->multi_statements()) trouble = "a connection's multi-statements are not as its facts say";
}

// ---- what is held

std::vector<std::int64_t> Gateway::ask_numbers(Connection& connection, const std::string& question) {
  std::vector<std::int64_t> out;
  const Reply reply = connection.server->query(question);
  for (Reader row(reply.rows.at(0)); !row.done(); row.eat(",")) {
    const bool negative = row.eat("-");
    out.push_back(negative ? -row.number() : row.number());
  }
  return out;
}

void Gateway::remember_list(Client& client, Connection& connection) {
  if (client.last.list || !client.facts.has_list || client.facts.diagnostics_on != connection.facts.serial) return;
  const std::vector<std::int64_t> counts = ask_numbers(connection, "SELECT @@warning_count");
  client.last.list.emplace();
  for (const std::string& code : connection.server->query("SHOW WARNINGS").rows) client.last.list->conditions.push_back({"Error", code, ""});
  client.last.list->warnings = client.last.list->errors = static_cast<std::uint64_t>(counts[0]);
}

void Gateway::ask(Client& client, std::optional<std::uint64_t> leave) {
  SessionFacts& facts = client.facts;
  const ConnectionSerial serial = client.held->facts.serial;
  if (facts.insert_id.on != serial && facts.found_rows.on != serial && facts.diagnostics_on != serial) return;
  std::string question = "SELECT LAST_INSERT_ID(),FOUND_ROWS(),ROW_COUNT()";
  if (leave) question += ",LAST_INSERT_ID(" + std::to_string(*leave) + ")";
  const std::vector<std::int64_t> told = ask_numbers(*client.held, question);
  if (facts.insert_id.on == serial) {
    facts.insert_id = {static_cast<std::uint64_t>(told[0]), 0};
    client.held->facts.insert_id = facts.insert_id.value;
  }
  if (leave) client.held->facts.insert_id = leave;
  if (facts.found_rows.on == serial) facts.found_rows = {static_cast<std::uint64_t>(told[1]), 0};
  client.held->facts.found_rows = 1;
  if (facts.diagnostics_on != serial) return;
  if (!client.last.row_count) client.last.row_count = told[2];
  remember_list(client, *client.held);
}

std::uint64_t Gateway::insert_id_of_heir(const Client& client) const {
  const auto self = static_cast<std::size_t>(&client - clients_.data());
  return clients_[(self + 1) % clients_.size()].facts.insert_id.value;
}

void Gateway::release_soft(Client& client) {
  ask(client, insert_id_of_heir(client));
  forget_connection(client.facts, client.held->facts.serial);
  client.ties = 0;
  give_back(client, std::move(client.held));
}

void Gateway::give_up_held(Client& client) {
  forget_connection(client.facts, client.held->facts.serial);
  if (hard(client)) client.held->facts.stains |= stain::kState;
  client.ties = 0;
  give_back(client, std::move(client.held));
}

void Gateway::hold(Client& client, ConnectionPtr connection, std::uint32_t ties) {
  if (client.held != nullptr && soft(client)) release_soft(client);
  if (client.held != nullptr) give_up_held(client);
  client.held = std::move(connection);
  client.ties = ties;
}

void Gateway::note_forgotten(Client& client, ConnectionSerial serial, Outcome* out) {
  lose_connection(client.facts, client.last, serial);
  out->forgot_id = out->forgot_id || (client.facts.lost & lost::kInsertId) != 0;
  out->forgot_found = out->forgot_found || (client.facts.lost & lost::kFoundRows) != 0;
  out->forgot_list = out->forgot_list || (client.facts.lost & lost::kList) != 0;
}

// ---- questions about the statement before

bool Gateway::make_ready(Client& client, const sql::Statement& statement, ByteView text) {
  if (!asks_about_last(statement)) return false;
  if (may_pin(statement)) move_list(client);
  const bool counted_here = !client.facts.found_rows.known() || (client.held != nullptr && client.held->facts.found_rows == client.facts.found_rows.value);
  const bool counted_elsewhere = !counted_here && text.find("FOUND_ROWS") != ByteView::npos;
  const bool knows = client.held != nullptr && (client.ties & (tie::kDiagnostics | tie::kHard)) != 0;
  if (!knows || counted_elsewhere) {
    if (knows) ask(client);
    recreate(client);
    return false;
  }
  if (client.last.row_count == 0) client.held->server->query("SET " + std::string(tracking_assignments()));
  return !hard(client);
}

bool Gateway::answer_is_lost(Client& client, const sql::Statement& statement, ByteView text) {
  const std::uint8_t asked = asks_for_lost(client.facts, statement, text.find("FOUND_ROWS") != ByteView::npos);
  client.facts.lost &= static_cast<std::uint8_t>(~asked);
  return asked != 0;
}

void Gateway::answer_from_memory(const Client& client, const sql::Statement& statement, ByteView text, Reply* reply) {
  if (!asks_about_last(statement) || reply->facts.failed) return;
  const auto answer = remembered_answer(client.last, text, context(client), std::numeric_limits<std::size_t>::max());
  if (!answer) return;
  std::vector<std::string> rows;
  for (const Condition& each : answer->rows) rows.push_back(each.code);
  if (!answer->whole) {
    rows.emplace_back();
    Reader said(reply->rows.at(0));
    for (const std::optional<std::int64_t>& value : answer->values) {
      const std::string theirs = said.eat("-") ? "-" + said.name() : said.name();
      said.eat(",");
      rows[0] += (rows[0].empty() ? "" : ",") + (value ? std::to_string(*value) : theirs);
    }
  }
  reply->rows = std::move(rows);
}

void Gateway::recreate(Client& client) {
  if (client.held == nullptr) {
    ConnectionPtr connection = take_or_open(client, client.door == Door::kRead ? Place::kReader : Place::kPrimary);
    if (connection == nullptr || !restore(client, *connection, {})) return;
    hold(client, std::move(connection), 0);
  }
  if (!client.facts.found_rows.known()) trouble = "FOUND_ROWS() is asked for where it is not";
  const bool whole = !hard(client);
  if (whole) complete(&client.last, client.facts);
  const bool signals = whole && !client.last.list->conditions.empty();
  statement_of_ours(*client.held, count_statement(client.facts.found_rows.value));
  if (signals) client.held->server->signal(std::atoi(client.last.list->conditions.back().code.c_str()));
  if (whole && !client.facts.last_had_rows) statement_of_ours(*client.held, "SET " + std::string(tracking_assignments()));
  client.held->facts.found_rows = client.facts.found_rows.value;
  client.held->facts.has_list = signals;
  if (!whole) return;
  client.ties |= tie::kDiagnostics;
  client.facts.diagnostics_on = client.held->facts.serial;
}

void Gateway::move_list(Client& client) {
  const bool needed = client.held != nullptr && !hard(client) && (client.ties & tie::kDiagnostics) != 0 && !on_primary(*client.held) &&
                      !client.last_text.empty() && client.door == Door::kSplit;
  if (!needed) return;
  ConnectionPtr primary = take_or_open(client, Place::kPrimary);
  if (primary == nullptr || !restore(client, *primary, {})) return;
  primary->server->query(client.last_text);
  const bool found_there = client.facts.found_rows.on == client.held->facts.serial;
  const ConnectionSerial serial = primary->facts.serial;
  client.ties &= ~tie::kDiagnostics;
  primary->facts.found_rows.reset();
  give_up_held(client);
  if (found_there) client.facts.found_rows = {0, serial};
  client.facts.diagnostics_on = serial;
  hold(client, std::move(primary), tie::kDiagnostics);
}

void Gateway::leave_transaction(Client& client) {
  client.held->server->query("COMMIT");
  client.facts.status.in_transaction = client.facts.status.read_only_transaction = false;
  client.ties &= ~(tie::kTransaction | tie::kDiagnostics);
  if (client.ties == 0) give_up_held(client);
}

// ---- one attempt

bool Gateway::uses_held(const Client& client, const Routed& routed) {
  return client.held != nullptr && (routed.place == Place::kHeld || (routed.place == Place::kPrimary && on_primary(*client.held)) ||
                                    (routed.place == Place::kReader && client.door == Door::kRead));
}

void Gateway::remember_error(Client& client, int code) {
  client.last = {-1, ConditionList{{{"Error", std::to_string(code), ""}}, 1, 1}};
  client.facts.last_had_rows = true;
  client.facts.lost &= static_cast<std::uint8_t>(~lost::kList);
}

void Gateway::leave_list(Client& client, bool uses_held, const sql::Statement& statement, const Sent& sent) {
  if (client.held == nullptr || uses_held || (client.ties & tie::kDiagnostics) == 0) return;
  const bool keeps_list = client.facts.has_list && leaves_list(statement, sent);
  if (keeps_list || client.facts.found_rows.on == client.held->facts.serial) ask(client);
  client.ties &= ~tie::kDiagnostics;
  client.facts.diagnostics_on = 0;
  if (client.ties == 0) give_up_held(client);
}

bool Gateway::ensure_copy(Client& client, Connection& connection, const PreparedText& statement, std::uint32_t* id, Outcome* out) {
  if (const PreparedCache::Copy* copy = connection.facts.prepared.find(statement.meaning)) {
    *id = copy->id;
    return true;
  }
  const SettingsPtr now = client.facts.settings;
  const bool elsewhere = !same_meaning(*statement.meaning.parsed_under, *now);
  if (elsewhere) {
    client.facts.settings = statement.meaning.parsed_under;
    const bool there = restore(client, connection, {});
    client.facts.settings = now;
    if (!there) return false;
  }
  const Reply reply = connection.server->prepare(statement.meaning.text);
  if (elsewhere && !restore(client, connection, {})) return false;
  if (reply.facts.failed) {
    out->seen = reply.shown();
    remember_error(client, reply.facts.error_code);
    return false;
  }
  const auto gone = connection.facts.prepared.add(statement.meaning, reply.statement_id);
  if (gone) connection.server->close_statement(*gone);
  *id = reply.statement_id;
  return true;
}

bool Gateway::once(Client& client, const Command& command, const sql::Statement& statement, Routed routed, bool keeps_list, Attempt* attempt, Loss* loss,
                   Outcome* out) {
  const bool held = uses_held(client, routed);
  Sent sent;
  sent.keeps_list = keeps_list;
  leave_list(client, held, statement, sent);
  ConnectionPtr connection;
  std::uint32_t ties = 0;
  if (held) {
    ties = std::exchange(client.ties, 0);
    connection = std::move(client.held);
  } else {
    connection = take_or_open(client, routed.place == Place::kHeld ? Place::kPrimary : routed.place);
  }
  if (connection == nullptr) {
    out->skipped = true;
    return true;
  }
  const int server = connection->server->server();
  ++lent_[server];
  const bool done = on_connection(client, std::move(connection), command, statement, keeps_list, ties, attempt, loss, out);
  --lent_[server];
  return done;
}

bool Gateway::on_connection(Client& client, ConnectionPtr connection, const Command& command, const sql::Statement& statement, bool keeps_list,
                            std::uint32_t ties, Attempt* attempt, Loss* loss, Outcome* out) {
  const Needs needs = needs_of(statement);
  const bool bound = (ties & tie::kHard) != 0;
  if (!bound || needs.tracking || needs.found_rows || needs.insert_id || !connection->facts.tracking) {
    if (!restore(client, *connection, needs)) {
      trouble = "a connection could not be made to fit";
      return true;
    }
  }
  std::uint32_t copy = 0;
  if (command.prepared >= 0 && !ensure_copy(client, *connection, client.prepared.at(command.prepared), &copy, out)) {
    if ((ties & tie::kHard) == 0) give_back(client, std::move(connection));
    else hold(client, std::move(connection), ties);
    return true;
  }
  attempt->at_primary = on_primary(*connection);
  attempt->ties = ties;
  const Loss now = std::exchange(*loss, Loss::kNone);
  if (now != Loss::kNone) return lose(client, std::move(connection), command, copy, now, attempt, out);
  Reply reply = execute(*connection, command, copy);
  answer_from_memory(client, statement, text_of(client, command), &reply);
  if (reply.facts.failed && reply.read_only) {
    const Next next = after_refusal(*attempt, {1290, true, false}, statement);
    if (next != Next::kReport) {
      if ((ties & tie::kSoft) != 0) forget_connection(client.facts, connection->facts.serial);
      give_back(client, std::move(connection));
      forced_primary_ = true;
      return false;
    }
  }
  // A replica says that it is read-only before it looks at the transaction; the primary would have said 1792.
  const bool in_read_only = reply.facts.failed && reply.read_only && client.door != Door::kRead && client.facts.status.read_only_transaction;
  out->seen = in_read_only ? "error 1792" : reply.shown();
  settle(client, std::move(connection), command, statement, keeps_list, reply, ties);
  if (in_read_only) remember_error(client, 1792);
  return true;
}

Reply Gateway::execute(Connection& connection, const Command& command, std::uint32_t copy) {
  if (command.prepared >= 0) return connection.server->execute(copy);
  if (command.init_db) return connection.server->init_db(command.text);
  return connection.server->query(command.text);
}

bool Gateway::lose(Client& client, ConnectionPtr connection, const Command& command, std::uint32_t copy, Loss loss, Attempt* attempt, Outcome* out) {
  const bool ran = loss == Loss::kAfter;
  if (ran) execute(*connection, command, copy);
  if (ran && out->executed && !attempt->repeatable) trouble = "a statement that may have run was sent again";
  attempt->sent = loss != Loss::kEarlier;
  const bool transaction = (attempt->ties & tie::kTransaction) != 0;
  note_forgotten(client, connection->facts.serial, out);
  connection.reset();
  const Next next = after_loss(*attempt);
  out->executed = out->executed || ran;
  if (attempt->sent) ++attempt->lost_before;
  if (next == Next::kAgain || next == Next::kOtherReader) return false;
  out->lost = true;
  out->seen = "error 2013";
  out->ended = next == Next::kReportAndEnd;
  out->rolled_back = transaction;
  if (transaction) client.facts.status.in_transaction = client.facts.status.read_only_transaction = false;
  return true;
}

// ---- what a statement leaves

void Gateway::settle(Client& client, ConnectionPtr connection, const Command& command, const sql::Statement& statement, bool keeps_list, const Reply& reply,
                     std::uint32_t ties) {
  Sent sent;
  sent.keeps_list = keeps_list;
  Learnt learnt = learn(client.facts, connection->facts, statement, sent, reply.facts, ties, table_);
  settle_questions(client, *connection, learnt, statement, sent, reply, text_of(client, command));
  const bool strayed = learnt.pin != PinReason::kNone && (ties & tie::kHard) == 0 && client.door == Door::kSplit && !on_primary(*connection) &&
                       statement.route == sql::Route::kReader;
  if (strayed) {  // where no place is to be had the session stays, and its writes are refused: not compared
    if (leaves_list(statement, sent)) remember_list(client, *connection);
    std::uint32_t copy = 0;
    Outcome unseen;
    ConnectionPtr primary = take_or_open(client, Place::kPrimary, true);
    bool fits = restore(client, *primary, needs_of(statement));
    if (fits && command.prepared >= 0) fits = ensure_copy(client, *primary, client.prepared.at(command.prepared), &copy, &unseen);
    if (fits) {
      const Reply again = execute(*primary, command, copy);
      learnt = learn(client.facts, primary->facts, statement, sent, again.facts, 0, table_);
      give_back(client, std::move(connection));
      connection = std::move(primary);
    }
  }
  if ((learnt.ties & tie::kDiagnostics) != 0 && command.prepared < 0 && !command.init_db && !statement.has(sql::effect::kReadsDiagnostics)) {
    client.last_text = statement.route == sql::Route::kReader ? command.text : std::string();
  }
  if (learnt.ties == 0) return give_back(client, std::move(connection));
  hold(client, std::move(connection), learnt.ties);
}

void Gateway::settle_questions(Client& client, Connection& connection, const Learnt& learnt, const sql::Statement& statement, const Sent& sent,
                               const Reply& reply, ByteView text) {
  const bool asks = learnt.ask_collation || learnt.ask_tracking;
  if (learnt.unsettled) {
    const Reply told = connection.server->query("SET @@session.session_track_schema=1");
    learn_values(client.facts, connection.facts, told.facts, table_);
  }
  pass_on(&client.last, statement, sent, reply.facts, learnt.unsettled || asks);
  if (!asks) return;
  connection.facts.found_rows.reset();
  if (client.facts.found_rows.on == connection.facts.serial) {
    client.facts.found_rows = {static_cast<std::uint64_t>(ask_numbers(connection, "SELECT FOUND_ROWS()")[0]), 0};
  }
  if (learnt.ask_tracking) remember_list(client, connection);
  std::vector<std::string> names = {"character_set_client", "character_set_connection", "character_set_results", "collation_connection"};
  if (learnt.ask_tracking) names = names_to_ask(client.facts, statement, text, context(client));
  ReplyFacts told;
  for (const std::string& name : names) {
    const auto at = connection.server->variables().find(name);
    if (at != connection.server->variables().end()) told.variables.emplace_back(name, at->second);
  }
  if (learnt.ask_tracking) {
    learn_wish(client.facts, connection.facts, told, table_);
  } else {
    learn_values(client.facts, connection.facts, told, table_);
  }
}

}  // namespace hf::policy::session::model
