#include "policy/session/server_fake.h"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace hf::policy::session::model {

Cluster::Cluster() {
  globals[0] = {{"autocommit", "ON"},
                {"sql_mode", "STRICT"},
                {"time_zone", "SYSTEM"},
                {"group_concat_max_len", "1024"},
                {"timestamp", "now"},
                {"profiling", "OFF"},
                {"character_set_client", "latin1"},
                {"character_set_results", "latin1"},
                {"character_set_connection", "latin1"},
                {"collation_connection", "latin1_swedish_ci"},
                {"collation_database", "latin1_general_ci"},
                {"session_track_system_variables", TrackingWish{}.system_variables},
                {"session_track_schema", "ON"},
                {"session_track_state_change", "OFF"},
                {"session_track_transaction_info", "OFF"}};
  globals[1] = globals[0];
  globals[1]["time_zone"] = "+09:00";
  globals[1]["group_concat_max_len"] = "99";
}

/// What a schema was created with: no two have the same.
std::string collation_of(const std::string& schema) {
  return schema == "main" ? "latin1_swedish_ci" : "utf8mb4_" + schema;
}

std::string Reply::shown() const {
  if (facts.failed) return "error " + std::to_string(facts.error_code);
  std::string out = facts.result_set ? "rows" : "ok";
  for (const std::string& row : rows) out += " " + row;
  if (facts.affected_rows > 0) out += " affected " + std::to_string(facts.affected_rows);
  if (facts.warnings > 0) out += " warnings " + std::to_string(facts.warnings);
  return out;
}

bool Reader::done() {
  skip();
  return left_.empty();
}

bool Reader::eat(ByteView token) {
  skip();
  if (!left_.starts_with(token)) return false;
  left_.remove_prefix(token.size());
  return true;
}

std::string Reader::name() {
  skip();
  std::size_t n = 0;
  while (n < left_.size() && (is_name(left_[n]))) ++n;
  std::string out(left_.substr(0, n));
  left_.remove_prefix(n);
  return out;
}

std::string Reader::quoted(char quote) {
  std::string out;
  for (; !left_.empty(); left_.remove_prefix(1)) {
    if (left_.front() == quote) {
      left_.remove_prefix(1);
      if (left_.empty() || left_.front() != quote) return out;
    }
    out += left_.front();
  }
  return out;
}

char Reader::peek() {
  skip();
  return left_.empty() ? '\0' : left_.front();
}

void Reader::skip() {
  while (!left_.empty() && left_.front() == ' ') left_.remove_prefix(1);
}

ServerConnection::ServerConnection(Cluster& cluster, int server, std::string charset, std::string schema)
    : cluster_(&cluster), server_(server), charset_(std::move(charset)), schema_(std::move(schema)) {
  login();
  schema_collation_ = vars_.at("collation_database");
  if (!schema_.empty()) enter(schema_);
  settle_in();
}

Status ServerConnection::status() const {
  Status out;
  out.autocommit = vars_.at("autocommit") == "ON";
  out.in_transaction = in_transaction_ || xa_;
  out.read_only_transaction = in_transaction_ && read_only_;
  out.ansi_quotes = ansi();
  return out;
}

Reply ServerConnection::query(ByteView text) {
  std::vector<std::string> parts = split(text);
  Reply reply;
  if (parts.size() > 1 && !multi_) return fail(reply, 1064);
  for (const std::string& part : parts) {
    ++reply.facts.results;
    begin_part(part);
    const int error = run(part, reply);
    if (error != 0) return fail(reply, error);
    end_part(reply);
  }
  return reply;
}

Reply ServerConnection::init_db(const std::string& name) {
  Reply reply;
  if (!cluster_->schemas.contains(name)) return fail(reply, 1049);
  enter(name);
  row_count_ = 0;
  end_part(reply);
  reply.facts.warnings = 0;  // the list stays, and is not this command's
  return reply;
}

Reply ServerConnection::set_option(bool multi) {
  multi_ = multi;
  return {};
}

Reply ServerConnection::reset() {
  drop_state();
  login();
  settle_in();
  Reply reply;
  reply.facts.status = status();
  return reply;
}

void ServerConnection::drop_what_a_reset_keeps() {
  role_.clear();
  profile_.clear();
  recording_ = false;
}

Reply ServerConnection::prepare(const std::string& text) {
  Reply reply;
  if (text.find('"') != std::string::npos && ansi()) return fail(reply, 1054);
  reply.statement_id = next_id_++;
  prepared_[reply.statement_id] = {text, schema_, vars_.at("collation_connection"), ansi()};
  return reply;
}

Reply ServerConnection::execute(std::uint32_t id) {
  Reply reply;
  const auto at = prepared_.find(id);
  if (at == prepared_.end()) return fail(reply, 1243);
  const Prepared statement = at->second;
  bound_ = &statement;
  reply = query(statement.text);
  bound_ = nullptr;
  return reply;
}

void ServerConnection::count(std::int64_t rows) {
  warnings_.clear();
  found_ = rows;
  row_count_ = -1;
}

void ServerConnection::signal(int code) {
  warnings_ = {code};
  row_count_ = -1;
}

void ServerConnection::forget(bool insert_id, bool found, bool list) {
  if (insert_id) insert_id_ = 0;
  if (found) found_ = 1;
  if (list) warnings_.clear();
  if (list) row_count_ = 0;
}

std::string ServerConnection::left_behind() const {
  std::string out;
  if (!users_.empty()) out += " user-variables";
  if (!temporary_.empty()) out += " temporary-tables";
  if (!texts_.empty()) out += " prepared-text";
  if (!lastvals_.empty()) out += " lastval";
  if (!handlers_.empty()) out += " handler";
  if (locked_) out += " table-lock";
  if (in_transaction_ || xa_) out += " transaction";
  if (one_shot_read_only_) out += " next-transaction";
  if (!profile_.empty() || recording_) out += " profile";
  if (!role_.empty()) out += " role";
  for (const auto& [name, owner] : cluster_->locks) {
    if (owner == this) out += " user-lock";
  }
  return out;
}

// ---- life

void ServerConnection::login() {
  vars_ = cluster_->globals[server_];
  set_names(charset_, charset_ == "latin1" ? "latin1_swedish_ci" : "utf8mb4_general_ci");
}

/// What a login or a reset has changed is told to nobody.
void ServerConnection::settle_in() {
  pending_.clear();
  changed_ = marked_ = false;
  new_schema_.reset();
}

void ServerConnection::drop_state() {
  if (in_transaction_ || xa_) undo();
  in_transaction_ = read_only_ = one_shot_read_only_ = xa_ = locked_ = false;
  std::erase_if(cluster_->locks, [this](const auto& lock) { return lock.second == this; });
  users_.clear();
  temporary_.clear();
  texts_.clear();
  lastvals_.clear();
  handlers_.clear();
  prepared_.clear();
  insert_id_ = row_count_ = 0;
  warnings_.clear();
  recording_ = recording_ || vars_["profiling"] == "ON";
}

// ---- one statement

std::vector<std::string> ServerConnection::split(ByteView text) {
  std::vector<std::string> parts(1);
  char quote = '\0';
  for (const char c : text) {
    if (quote != '\0' ? c == quote : c == '\'' || c == '"') quote = quote != '\0' ? '\0' : c;
    if (c == ';' && quote == '\0') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  for (std::string& part : parts) part.erase(0, part.find_first_not_of(' '));
  return parts;
}

bool ServerConnection::names_table(ByteView part) {
  constexpr std::array<ByteView, 10> kClearing = {"INSERT",   "UPDATE",   "DELETE", "CALL", "LOCK",
                                                  "SHOW VAR", "SHOW SES", "CREATE", "DROP", "HANDLER"};
  const auto names = [part](const char* word) { return part.find(word) != ByteView::npos; };
  const bool reads =
      names(" FROM ") || names("main.f_") || names("NEXTVAL(") || names("LASTVAL(");  // functions look into tables, too
  if (part.starts_with("SELECT") && reads) return true;
  return std::any_of(kClearing.begin(), kClearing.end(), [part](ByteView word) { return part.starts_with(word); });
}

void ServerConnection::begin_part(ByteView part) {
  if (names_table(part)) warnings_.clear();
  changed_ = false;
  new_schema_.reset();
  part_warnings_ = 0;
  if (recording_ || vars_["profiling"] == "ON") profile_.emplace_back(part);
}

void ServerConnection::end_part(Reply& reply) {
  ReplyFacts& facts = reply.facts;
  facts.status = status();
  facts.warnings = static_cast<std::uint16_t>(part_warnings_);
  if (changed_) {
    for (const std::string& name : pending_) {
      facts.variables.emplace_back(name, told_.contains(name) ? told_[name] : vars_[name]);
    }
    pending_.clear();
    told_.clear();
    facts.state_changed = facts.state_changed || marked_;
    marked_ = false;
  }
  if (new_schema_ && vars_["session_track_schema"] == "ON") facts.schema = *new_schema_;
  changed_ = false;
  new_schema_.reset();
  if (!over_.empty()) {  // SET STATEMENT: its values go back, which is told later
    for (const auto& [name, value] : over_) set_variable(name, value);
    over_.clear();
    changed_ = false;
  }
}

Reply& ServerConnection::fail(Reply& reply, int code) {
  for (const auto& [name, value] : over_) set_variable(name, value);
  over_.clear();
  reply.facts.failed = true;
  reply.facts.error_code = static_cast<std::uint16_t>(code);
  reply.facts.affected_rows = 0;
  reply.facts.insert_id = 0;
  reply.facts.warnings = 0;
  reply.facts.status.reset();
  reply.read_only = code == 1290;
  row_count_ = -1;
  warnings_ = {code};
  return reply;
}

int ServerConnection::run(const std::string& part, Reply& reply) {
  Reader text(part);
  if (text.eat("SET STATEMENT ")) return set_statement_for(text, reply);
  if (text.eat("SET ")) return set(text);
  if (text.eat("SELECT ")) return select(text, reply);
  if (text.eat("SHOW ")) return show(text, reply);
  if (text.eat("INSERT INTO ") || text.eat("UPDATE ") || text.eat("DELETE FROM ")) return write(part, text, reply);
  if (text.eat("CALL ")) return call(text, reply);
  if (text.eat("USE ")) {
    const std::string name = text.name();
    if (!cluster_->schemas.contains(name)) return 1049;
    enter(name);
    return nothing();
  }
  if (text.eat("GET DIAGNOSTICS @n = NUMBER")) {
    users_["n"] = std::to_string(warnings_.size());
    state_changed();
    return 0;
  }
  if (text.eat("DO ")) {
    (void)expression(text);
    return nothing();
  }
  const int transaction = run_transaction(part);
  return transaction >= 0 ? transaction : run_state(text);
}

int ServerConnection::nothing() {
  row_count_ = 0;
  return 0;
}

void ServerConnection::rows(Reply& reply, std::vector<std::string> rows) {
  reply.facts.result_set = true;
  reply.facts.rows += rows.size();
  reply.rows.insert(reply.rows.end(), rows.begin(), rows.end());
  row_count_ = -1;
}

// ---- transactions and locks

int ServerConnection::run_transaction(const std::string& part) {
  if (part == "BEGIN" || part == "START TRANSACTION READ ONLY") {
    if (xa_) return 1399;
    commit();
    locked_ = false;
    in_transaction_ = true;
    read_only_ = part != "BEGIN" || one_shot_read_only_;
    one_shot_read_only_ = false;
    return nothing();
  }
  if (part == "COMMIT" || part == "ROLLBACK") {
    if (xa_) return 1399;
    if (part == "ROLLBACK") undo();
    commit();
    one_shot_read_only_ = false;
    return nothing();
  }
  if (part.starts_with("XA START")) {
    if (in_transaction_ || xa_) return 1400;
    xa_ = true;
    return nothing();
  }
  if (part.starts_with("XA ROLLBACK")) {
    if (!xa_) return 1397;
    undo();
    xa_ = false;
    return nothing();
  }
  return -1;
}

void ServerConnection::commit() {
  undo_.clear();
  in_transaction_ = read_only_ = false;
}

void ServerConnection::undo() {
  for (const auto& [name, rows] : undo_) cluster_->tables[name].rows = rows;
  undo_.clear();
}

int ServerConnection::enter_transaction(bool writes) {
  if (writes && ((in_transaction_ && read_only_) || (!in_transaction_ && one_shot_read_only_))) return 1792;
  if (in_transaction_ || xa_) return 0;
  if (vars_["autocommit"] != "ON") {
    in_transaction_ = true;
    read_only_ = one_shot_read_only_;
  }
  one_shot_read_only_ = false;
  return 0;
}

int ServerConnection::run_state(Reader& text) {
  if (text.eat("CREATE TEMPORARY TABLE ")) {
    if (!temporary_.insert(text.name()).second) return 1050;
    state_changed();
    return nothing();
  }
  if (text.eat("DROP TEMPORARY TABLE ")) {
    if (temporary_.erase(text.name()) == 0) return 1051;
    state_changed();
    return nothing();
  }
  if (text.eat("LOCK TABLES ")) {
    commit();
    locked_ = true;
    one_shot_read_only_ = false;
    return nothing();
  }
  if (text.eat("UNLOCK TABLES")) {
    locked_ = false;
    return nothing();
  }
  if (text.eat("HANDLER ")) {
    const std::string name = text.name();
    if (text.eat("OPEN")) return handlers_.insert(name).second ? nothing() : 1066;
    return handlers_.erase(name) == 1 ? nothing() : 1109;
  }
  if (text.eat("PREPARE ")) {
    const std::string name = text.name();
    if (!text.eat("FROM '")) return 1064;
    texts_[name] = text.quoted('\'');
    state_changed();
    return nothing();
  }
  return 1064;
}

// ---- SET

void ServerConnection::set_variable(const std::string& name, const std::string& value) {
  vars_[name] = value;
  if (name == "session_track_system_variables") pending_.clear();
  if (tracked(name)) pending_.insert(name);
  state_changed();
}

void ServerConnection::state_changed() {
  changed_ = true;
  marked_ = marked_ || vars_["session_track_state_change"] == "ON";
}

bool ServerConnection::tracked(const std::string& name) const {
  TrackingWish list;
  list.system_variables = vars_.at("session_track_system_variables");
  return list.names(name);
}

void ServerConnection::enter(const std::string& name) {
  schema_ = name;
  new_schema_ = name;
  vars_["collation_database"] = schema_collation_ = collation_of(name);  // not reported
  state_changed();
}

void ServerConnection::set_names(const std::string& charset, const std::string& collation) {
  for (const char* name : {"character_set_client", "character_set_results", "character_set_connection"}) {
    set_variable(name, charset);
  }
  vars_["collation_connection"] = collation;  // not reported
}

int ServerConnection::assign(const std::string& name, const Value& value, bool to_default) {
  if (name == "last_insert_id") {
    insert_id_ = std::strtoll(value.value_or("0").c_str(), nullptr, 10);
    if (tracked(name)) pending_.insert(name);
    told_[name] = value.value_or("0");
    changed_ = true;
    return 0;
  }
  if (!vars_.contains(name)) return 1193;
  std::string wanted = to_default ? cluster_->globals[server_][name] : value.value_or("");
  if (name == "collation_database" && to_default) wanted = schema_collation_;
  const bool is_switch = vars_[name] == "ON" || vars_[name] == "OFF";
  if (is_switch && name != "session_track_transaction_info") wanted = wanted == "1" || wanted == "ON" ? "ON" : "OFF";
  if (name == "session_track_system_variables" && wanted.starts_with("*,")) return 1193;
  if (name == "timestamp" && to_default) {
    told_[name] = vars_[name];
    wanted = "now";
  }
  if (name == "autocommit" && wanted == "ON" && vars_[name] == "OFF") commit();
  if (name == "profiling") recording_ = wanted == "ON";
  if (name == "collation_connection") {
    vars_["character_set_connection"] = wanted.substr(0, wanted.find('_'));  // not reported
  } else if (name == "character_set_connection") {
    vars_["collation_connection"] = usual_collation(wanted);  // not reported
  }
  set_variable(name, wanted);
  return 0;
}

int ServerConnection::set(Reader& text) {
  if (text.eat("TRANSACTION READ ONLY")) {
    if (in_transaction_ || xa_) return 1568;
    one_shot_read_only_ = true;
    return nothing();
  }
  if (text.eat("ROLE ")) {
    const std::string role = text.name();
    if (role != "r" && role != "NONE") return 1959;
    role_ = role == "NONE" ? "" : role;
    state_changed();
    return nothing();
  }
  const Values before = vars_;
  do {
    const int error = set_one(text);
    if (error == 0) continue;
    if (error == 1193) vars_ = before;
    return error;
  } while (text.eat(","));
  return nothing();
}

int ServerConnection::set_one(Reader& text) {
  if (text.eat("NAMES ")) {
    const std::string charset = text.name();
    if (charset != "latin1" && charset != "utf8mb4") return 1115;
    set_names(charset, text.eat("COLLATE ") ? text.name() : usual_collation(charset));
    changed_ = true;
    return 0;
  }
  if (!text.eat("@@session.") && !text.eat("SESSION ") && text.peek() == '@') {
    text.eat("@");
    const std::string name = text.name();
    if (!text.eat("=")) return 1064;
    users_[name] = expression(text).value_or("NULL");
    state_changed();
    return 0;
  }
  const std::string name = text.name();
  if (!text.eat("=")) return 1064;
  if (text.eat("DEFAULT")) return assign(name, {}, true);
  return assign(name, expression(text), false);
}

int ServerConnection::set_statement_for(Reader& text, Reply& reply) {
  Values before;
  do {
    const std::string name = text.name();
    if (!vars_.contains(name) || !text.eat("=")) return 1193;
    before[name] = vars_[name];
    set_variable(name, expression(text).value_or(""));
  } while (text.eat(","));
  if (!text.eat("FOR ")) return 1064;
  over_ = before;
  return run(std::string(text.rest()), reply);
}

}  // namespace hf::policy::session::model
