#include "policy/session/gateway_fake.h"

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
  for (int round = 0; round < 6; ++round) {
    attempt.only_here = make_ready(client, statement, text_of(client, command));
    const RouteFacts facts = route_facts(client);
    Routed routed = route(statement, facts);
    if (forced_primary_ && (facts.ties & tie::kHard) == 0) routed.place = Place::kPrimary;
    attempt.repeatable = routed.repeatable;
    attempt.reroutable = routed.reroutable;
    if (once(client, command, statement, routed, &attempt, &loss, &out)) break;
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
  nothing_asked.tableless = true;
  sql::Statement command;
  command.kind = sql::Kind::kSelect;
  command.tableless = true;
  command.route = verdict.route == sql::Route::kReader ? sql::Route::kReader : sql::Route::kPrimary;
  const Routed routed = route(command, route_facts(client));
  const bool held = uses_held(client, routed);
  leave_list(client, held, command);
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
  const Learnt learnt = learn(client.facts, connection->facts, nothing_asked, reply.facts, ties, table_);
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
  client.facts.settings = table_.reset_in_schema(client.start, schema);
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
  for (const char* name : {"character_set_client", "character_set_results", "character_set_connection"}) {
    settings.set_variable(name, client.charset);
  }
  settings.set_variable("collation_connection",
                        client.charset == "latin1" ? "latin1_swedish_ci" : "utf8mb4_general_ci");
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
  use.tableless = true;
  use.route = sql::Route::kAny;
  return use;
}

ByteView Gateway::text_of(const Client& client, const Command& command) {
  return command.prepared >= 0 ? ByteView(*client.prepared.at(command.prepared).meaning.text) : ByteView(command.text);
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

// ---- one attempt

bool Gateway::uses_held(const Client& client, const Routed& routed) {
  return client.held != nullptr &&
         (routed.place == Place::kHeld || (routed.place == Place::kPrimary && on_primary(*client.held)) ||
          (routed.place == Place::kReader && client.door == Door::kRead));
}

void Gateway::remember_error(Client& client, int code) {
  client.last = {-1, ConditionList{{{"Error", std::to_string(code), ""}}, 1, 1}};
  client.facts.last_had_rows = true;
  client.facts.lost &= static_cast<std::uint8_t>(~lost::kList);
}

void Gateway::leave_list(Client& client, bool uses_held, const sql::Statement& statement) {
  if (client.held == nullptr || uses_held || (client.ties & tie::kDiagnostics) == 0) return;
  const bool keeps_list = client.facts.has_list && leaves_list(statement);
  if (keeps_list || client.facts.found_rows.on == client.held->facts.serial) ask(client);
  client.ties &= ~tie::kDiagnostics;
  client.facts.diagnostics_on = 0;
  if (client.ties == 0) give_up_held(client);
}

bool Gateway::ensure_copy(Client& client, Connection& connection, const PreparedText& statement, std::uint32_t* id,
                          Outcome* out) {
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
  const Reply reply = connection.server->prepare(*statement.meaning.text);
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

bool Gateway::once(Client& client, const Command& command, const sql::Statement& statement, Routed routed,
                   Attempt* attempt, Loss* loss, Outcome* out) {
  const bool held = uses_held(client, routed);
  leave_list(client, held, statement);
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
  const bool done = on_connection(client, std::move(connection), command, statement, ties, attempt, loss, out);
  --lent_[server];
  return done;
}

bool Gateway::on_connection(Client& client, ConnectionPtr connection, const Command& command,
                            const sql::Statement& statement, std::uint32_t ties, Attempt* attempt, Loss* loss,
                            Outcome* out) {
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
  const bool in_read_only =
      reply.facts.failed && reply.read_only && client.door != Door::kRead && client.facts.status.read_only_transaction;
  out->seen = in_read_only ? "error 1792" : reply.shown();
  settle(client, std::move(connection), command, statement, reply, ties);
  if (in_read_only) remember_error(client, 1792);
  return true;
}

Reply Gateway::execute(Connection& connection, const Command& command, std::uint32_t copy) {
  if (command.prepared >= 0) return connection.server->execute(copy);
  if (command.init_db) return connection.server->init_db(command.text);
  return connection.server->query(command.text);
}

bool Gateway::lose(Client& client, ConnectionPtr connection, const Command& command, std::uint32_t copy, Loss loss,
                   Attempt* attempt, Outcome* out) {
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

void Gateway::settle(Client& client, ConnectionPtr connection, const Command& command, const sql::Statement& statement,
                     const Reply& reply, std::uint32_t ties) {
  Learnt learnt = learn(client.facts, connection->facts, statement, reply.facts, ties, table_);
  settle_questions(client, *connection, learnt, statement, reply, text_of(client, command));
  const bool strayed = learnt.pin != PinReason::kNone && (ties & tie::kHard) == 0 && client.door == Door::kSplit &&
                       !on_primary(*connection) && statement.route == sql::Route::kReader;
  if (strayed) {  // where no place is to be had the session stays, and its writes are refused: not compared
    if (leaves_list(statement)) remember_list(client, *connection);
    std::uint32_t copy = 0;
    Outcome unseen;
    ConnectionPtr primary = take_or_open(client, Place::kPrimary, true);
    bool fits = restore(client, *primary, needs_of(statement));
    if (fits && command.prepared >= 0) {
      fits = ensure_copy(client, *primary, client.prepared.at(command.prepared), &copy, &unseen);
    }
    if (fits) {
      const Reply again = execute(*primary, command, copy);
      learnt = learn(client.facts, primary->facts, statement, again.facts, 0, table_);
      settle_questions(client, *primary, learnt, statement, again, text_of(client, command));
      give_back(client, std::move(connection));
      connection = std::move(primary);
    }
  }
  if ((learnt.ties & tie::kDiagnostics) != 0 && command.prepared < 0 && !command.init_db &&
      !statement.has(sql::effect::kReadsDiagnostics)) {
    client.last_text = statement.route == sql::Route::kReader ? command.text : std::string();
  }
  if (learnt.ties == 0) return give_back(client, std::move(connection));
  hold(client, std::move(connection), learnt.ties);
}

void Gateway::settle_doubt(Client& client, Connection& connection, const DoubtedCount& doubt,
                           const sql::Statement& statement, ByteView text) {
  const auto count = [&connection] {
    return static_cast<std::uint64_t>(ask_numbers(connection, "SELECT FOUND_ROWS()")[0]);
  };
  connection.facts.found_rows.reset();
  const std::uint64_t there = count();
  const bool again =
      statement.route == sql::Route::kReader && !statement.has(sql::effect::kUserVariable | sql::effect::kUnknownState);
  if (settle_count(client.facts, doubt, there) || !again) return;
  const std::uint64_t other = there == 1 ? 2 : 1;
  statement_of_ours(connection, count_statement(other));
  connection.server->query(std::string(text));
  (void)settle_count(client.facts, {doubt.own, other}, count());
}

void Gateway::settle_questions(Client& client, Connection& connection, Learnt& learnt, const sql::Statement& statement,
                               const Reply& reply, ByteView text) {
  const bool asks = learnt.ask_collation || learnt.ask_tracking;
  if (learnt.doubted_count) settle_doubt(client, connection, *learnt.doubted_count, statement, text);
  if (learnt.unsettled) {
    const bool tracking = connection.facts.tracking;
    const ReplyFacts told = connection.server->query("SET @@session.session_track_state_change=0").facts;
    learn_values(client.facts, connection.facts, told, table_);
    connection.server->query("SET @@session.session_track_state_change=1");
    connection.facts.tracking = tracking;
    const bool named = told.schema.has_value() || told.variables.size() > 1;
    if (told.state_changed && !(named && explained_by_name(statement))) learn_nameless(connection.facts, learnt);
  }
  pass_on(&client.last, statement, reply.facts, learnt.unsettled || asks);
  if (!asks) return;
  connection.facts.found_rows.reset();
  if (client.facts.found_rows.on == connection.facts.serial) {
    client.facts.found_rows = {static_cast<std::uint64_t>(ask_numbers(connection, "SELECT FOUND_ROWS()")[0]), 0};
  }
  if (learnt.ask_tracking) remember_list(client, connection);
  std::vector<std::string> names = {"character_set_client", "character_set_connection", "character_set_results",
                                    "collation_connection"};
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
