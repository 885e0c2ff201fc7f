// Connections of the gateway over model servers: lent, held, given back, and asked about the statement before.
#include <cstdlib>
#include <limits>

#include "policy/session/gateway_fake.h"

namespace hf::policy::session::model {

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
  for (const Client& client : clients_) {
    sum += client.held != nullptr && client.held->server->server() == server ? 1 : 0;
  }
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
  if (text != count_statement(1) && !text.starts_with("SELECT SQL_CALC_FOUND_ROWS 1 FROM (")) {
    return connection.server->query(text);
  }
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
    if (reply.facts.failed && reply.facts.error_code != 1049) {
      trouble = "a step of ours was refused: " + step.text + ": " + reply.shown();
    }
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
    const SettingsPtr start = table_.reset_in_schema(client.start, facts.settings->schema());
    int error = 0;
    run_steps(*connection, reset_steps(*start), &error);
    if (error != 0) return;
    session::reset(facts, start);
  }
  idle_[connection->server->server()].push_back(std::move(connection));
}

void Gateway::check_facts(const Connection& connection) {
  const ConnectionFacts& facts = connection.facts;
  if (facts.settings == nullptr) return;
  if (facts.settings->schema() != connection.server->schema()) {
    trouble = "a connection is in schema '" + connection.server->schema() + "' and its facts say '" +
              facts.settings->schema() + "'";
  }
  for (const auto& [name, value] : facts.settings->variables()) {
    if (connection.server->variables().at(name) !=
        (value == "@@global." + name ? cluster.globals[connection.server->server()].at(name) : value)) {
      trouble = "a connection has " + name + "=" + connection.server->variables().at(name) + ", its facts " + value;
    }
  }
  const Values& variables = connection.server->variables();
  if (facts.tracking &&
      (variables.at("session_track_system_variables") != "*" || variables.at("session_track_state_change") != "ON" ||
       variables.at("session_track_schema") != "ON")) {
    trouble = "a connection is not tracked as its facts say";
  }
  if (variables.at("timestamp") != "now") trouble = "an idle connection has a clock of its own";
  if (facts.insert_id && *facts.insert_id != static_cast<std::uint64_t>(connection.server->last_insert_id())) {
    trouble = "a connection's LAST_INSERT_ID() is not as its facts say";
  }
  if (facts.multi_statements != connection.server->multi_statements()) {
    trouble = "a connection's multi-statements are not as its facts say";
  }
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
  for (const std::string& code : connection.server->query("SHOW WARNINGS").rows) {
    client.last.list->conditions.push_back({"Error", code, ""});
  }
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
  const bool acts = acts_on_last(statement);
  if (!asks_about_last(statement) && !acts) return false;
  if (may_pin(statement)) move_list(client);
  if (acts && soft(client) && !on_primary(*client.held)) release_soft(client);
  const bool counted_here = !client.facts.found_rows.known() ||
                            (client.held != nullptr && client.held->facts.found_rows == client.facts.found_rows.value);
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
  if (whole && !client.facts.last_had_rows) {
    statement_of_ours(*client.held, "SET " + std::string(tracking_assignments()));
  }
  client.held->facts.found_rows = client.facts.found_rows.value;
  client.held->facts.has_list = signals;
  if (!whole) return;
  client.ties |= tie::kDiagnostics;
  client.facts.diagnostics_on = client.held->facts.serial;
}

void Gateway::move_list(Client& client) {
  const bool needed = client.held != nullptr && !hard(client) && (client.ties & tie::kDiagnostics) != 0 &&
                      !on_primary(*client.held) && !client.last_text.empty() && client.door == Door::kSplit;
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
  ask(client);
  client.held->server->query("COMMIT");
  client.facts.status.in_transaction = client.facts.status.read_only_transaction = false;
  client.ties &= ~(tie::kTransaction | tie::kDiagnostics);
  if (client.ties == 0) give_up_held(client);
}

}  // namespace hf::policy::session::model
