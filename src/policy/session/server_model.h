// The table of docs/mysql-service.md as an executable model: one connection to a MariaDB 10.11 server, for tests. It understands the SQL
// of a small grammar (model_test.cc) and what the ledger itself sends, keeps everything that a session may leave behind, and tells as
// little of it as a real server does.
//
// Owner: a test. Thread: any.
//
// What session tracking does not tell, as tried on a real server:
//   - SET NAMES, SET CHARACTER SET, SET character_set_connection: the collation. Setting the list of tracked variables: everything that
//     was changed before it and not told yet, and whatever is not in the new list.
//   - SET STATEMENT tells the value that lasted for the statement; the true one comes with the next OK that has a change.
//   - An ERR tells nothing; what had changed comes with the next OK that has a change. SET timestamp = DEFAULT tells the old value.
//   - SELECT @u := 1, GET_LOCK, NEXTVAL, HANDLER, LOCK TABLES, SET TRANSACTION: no sign.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "policy/session/ledger.h"

namespace hf::policy::session::model {

using Value = std::optional<std::string>;  // nothing: NULL
using Values = std::map<std::string, std::string>;

struct Table {
  std::vector<std::int64_t> rows;
  std::int64_t next = 1;
};

/// What all connections share: two servers, of which the second replicates the first at once and writes nothing itself.
struct Cluster {
  Values globals[2];
  std::set<std::string> schemas = {"main", "a", "b"};
  std::map<std::string, Table> tables;
  std::map<std::string, std::int64_t> sequences;
  std::map<std::string, const void*> locks;  // GET_LOCK

  Cluster() {
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
                  {"session_track_system_variables", TrackingWish{}.system_variables},
                  {"session_track_schema", "ON"},
                  {"session_track_state_change", "OFF"},
                  {"session_track_transaction_info", "OFF"}};
    globals[1] = globals[0];
    globals[1]["time_zone"] = "+09:00";
    globals[1]["group_concat_max_len"] = "99";
  }
};

struct Reply {
  ReplyFacts facts;
  std::vector<std::string> rows;
  std::uint32_t statement_id = 0;  // of a prepare
  bool read_only = false;          // refused for that

  /// What a client sees.
  std::string shown() const {
    if (facts.failed) return "error " + std::to_string(facts.error_code);
    std::string out = facts.result_set ? "rows" : "ok";
    for (const std::string& row : rows) out += " " + row;
    if (facts.affected_rows > 0) out += " affected " + std::to_string(facts.affected_rows);
    if (facts.warnings > 0) out += " warnings " + std::to_string(facts.warnings);
    return out;
  }
};

/// Reads a text of the grammar from its front.
class Reader {
 public:
  explicit Reader(ByteView text) : left_(text) {}

  bool done() {
    skip();
    return left_.empty();
  }
  bool eat(ByteView token) {
    skip();
    if (!left_.starts_with(token)) return false;
    left_.remove_prefix(token.size());
    return true;
  }
  /// Letters, digits, '_' and '.'.
  std::string name() {
    skip();
    std::size_t n = 0;
    while (n < left_.size() && (is_name(left_[n]))) ++n;
    std::string out(left_.substr(0, n));
    left_.remove_prefix(n);
    return out;
  }
  std::int64_t number() { return std::strtoll(name().c_str(), nullptr, 10); }
  /// Between quotes that double themselves; the opening one is eaten already.
  std::string quoted(char quote) {
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
  char peek() {
    skip();
    return left_.empty() ? '\0' : left_.front();
  }
  ByteView rest() const { return left_; }

 private:
  static bool is_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.'; }
  void skip() {
    while (!left_.empty() && left_.front() == ' ') left_.remove_prefix(1);
  }
  ByteView left_;
};

class ServerConnection {
 public:
  ServerConnection(Cluster& cluster, int server, std::string charset, std::string schema)
      : cluster_(&cluster), server_(server), charset_(std::move(charset)), schema_(std::move(schema)) {
    login();
  }
  ServerConnection(const ServerConnection&) = delete;
  ServerConnection& operator=(const ServerConnection&) = delete;
  ~ServerConnection() { drop_state(); }

  int server() const { return server_; }

  Status status() const {
    Status out;
    out.autocommit = vars_.at("autocommit") == "ON";
    out.in_transaction = in_transaction_ || xa_;
    out.read_only_transaction = in_transaction_ && read_only_;
    out.ansi_quotes = ansi();
    return out;
  }

  Reply query(ByteView text) {
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

  Reply init_db(const std::string& name) {
    Reply reply;
    if (!cluster_->schemas.contains(name)) return fail(reply, 1049);
    enter(name);
    row_count_ = 0;
    end_part(reply);
    reply.facts.warnings = 0;  // the list stays, and is not this command's
    return reply;
  }

  Reply set_option(bool multi) {
    multi_ = multi;
    return {};
  }

  /// COM_RESET_CONNECTION. Kept: schema, role, profile, FOUND_ROWS, multi-statements, the handshake's charset.
  Reply reset() {
    drop_state();
    login();
    Reply reply;
    reply.facts.status = status();
    return reply;
  }

  Reply prepare(const std::string& text) {
    Reply reply;
    warnings_.clear();
    if (text.find('"') != std::string::npos && ansi()) return fail(reply, 1054);
    reply.statement_id = next_id_++;
    prepared_[reply.statement_id] = {text, schema_, vars_.at("collation_connection"), ansi()};
    return reply;
  }
  /// What a statement is bound to when it is parsed is as it was then.
  Reply execute(std::uint32_t id) {
    Reply reply;
    const auto at = prepared_.find(id);
    if (at == prepared_.end()) return fail(reply, 1243);
    const Prepared statement = at->second;
    bound_ = &statement;
    reply = query(statement.text);
    bound_ = nullptr;
    return reply;
  }
  void close_statement(std::uint32_t id) { prepared_.erase(id); }

  /// What the gateway makes the count and ROW_COUNT() again with.
  void recreate(std::int64_t found, bool had_rows) {
    warnings_.clear();
    found_ = found;
    row_count_ = had_rows ? -1 : 0;
  }
  /// On the connection of a session that has lost, with one of the gateway's, what only that one knew.
  void forget(bool insert_id, bool found, bool list) {
    if (insert_id) insert_id_ = 0;
    if (found) found_ = 1;
    if (list) warnings_.clear();
    if (list) row_count_ = 0;
  }
  std::int64_t last_insert_id() const { return insert_id_; }
  std::int64_t found_rows() const { return found_; }
  std::int64_t row_count() const { return row_count_; }
  const Values& variables() const { return vars_; }
  const std::string& schema() const { return schema_; }
  bool one_shot() const { return one_shot_read_only_; }
  bool multi_statements() const { return multi_; }
  std::size_t warnings() const { return warnings_.size(); }

  /// What a session may have left here that another one could see; empty: nothing. Variables and schema apart.
  std::string left_behind() const {
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
    if (insert_id_ != 0) out += " last-insert-id";
    for (const auto& [name, owner] : cluster_->locks) {
      if (owner == this) out += " user-lock";
    }
    return out;
  }

 private:
  struct Prepared {
    std::string text;
    std::string schema;
    std::string collation;
    bool ansi = false;
  };

  // ---- life

  void login() {
    vars_ = cluster_->globals[server_];
    set_names(charset_, charset_ == "latin1" ? "latin1_swedish_ci" : "utf8mb4_general_ci");
    pending_.clear();
    changed_ = false;
    new_schema_.reset();
  }

  void drop_state() {
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

  static std::vector<std::string> split(ByteView text) {
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

  static bool names_table(ByteView part) {
    return part.find(" FROM ") != ByteView::npos || part.starts_with("INSERT") || part.starts_with("UPDATE") || part.starts_with("DELETE") ||
           part.starts_with("CALL") || part.starts_with("LOCK") || part.starts_with("SHOW VAR") || part.starts_with("SHOW SES");
  }

  void begin_part(ByteView part) {
    if (names_table(part)) warnings_.clear();
    changed_ = false;
    new_schema_.reset();
    part_warnings_ = 0;
    if (recording_ || vars_["profiling"] == "ON") profile_.emplace_back(part);
  }

  /// The OK: what has changed is told, if anything has.
  void end_part(Reply& reply) {
    ReplyFacts& facts = reply.facts;
    facts.status = status();
    facts.warnings = static_cast<std::uint16_t>(part_warnings_);
    if (changed_) {
      for (const std::string& name : pending_) facts.variables.emplace_back(name, told_.contains(name) ? told_[name] : vars_[name]);
      pending_.clear();
      told_.clear();
      facts.state_changed = facts.state_changed || vars_["session_track_state_change"] == "ON";
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

  Reply& fail(Reply& reply, int code) {
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

  bool ansi() const { return vars_.at("sql_mode").find("ANSI") != std::string::npos; }

  int run(const std::string& part, Reply& reply) {
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
    if (text.eat("DO ")) {
      (void)expression(text);
      return nothing();
    }
    const int transaction = run_transaction(part);
    return transaction >= 0 ? transaction : run_state(text);
  }

  int nothing() {
    row_count_ = 0;
    return 0;
  }
  void rows(Reply& reply, std::vector<std::string> rows) {
    reply.facts.result_set = true;
    reply.facts.rows += rows.size();
    reply.rows.insert(reply.rows.end(), rows.begin(), rows.end());
    row_count_ = -1;
  }

  // ---- transactions and locks

  int run_transaction(const std::string& part) {
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

  void commit() {
    undo_.clear();
    in_transaction_ = read_only_ = false;
  }
  void undo() {
    for (const auto& [name, rows] : undo_) cluster_->tables[name].rows = rows;
    undo_.clear();
  }
  /// A statement that touches data outside a transaction is one.
  int enter_transaction(bool writes) {
    if (writes && ((in_transaction_ && read_only_) || (!in_transaction_ && one_shot_read_only_))) return 1792;
    if (in_transaction_ || xa_) return 0;
    if (vars_["autocommit"] != "ON") {
      in_transaction_ = true;
      read_only_ = one_shot_read_only_;
    }
    one_shot_read_only_ = false;
    return 0;
  }

  int run_state(Reader& text) {
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

  /// The server says that something changed, without a name.
  void state_changed() { changed_ = true; }

  void set_variable(const std::string& name, const std::string& value) {
    vars_[name] = value;
    if (name == "session_track_system_variables") pending_.clear();
    if (tracked(name)) pending_.insert(name);
    changed_ = true;
  }
  bool tracked(const std::string& name) const {
    TrackingWish list;
    list.system_variables = vars_.at("session_track_system_variables");
    return list.names(name);
  }
  void enter(const std::string& name) {
    schema_ = name;
    new_schema_ = name;
    state_changed();
  }
  void set_names(const std::string& charset, const std::string& collation) {
    for (const char* name : {"character_set_client", "character_set_results", "character_set_connection"}) set_variable(name, charset);
    vars_["collation_connection"] = collation;  // not reported
  }
  static std::string usual_collation(const std::string& charset) { return charset == "latin1" ? "latin1_swedish_ci" : charset + "_general_ci"; }

  /// One assignment to a session variable, as the server takes it. The error, or 0.
  int assign(const std::string& name, const Value& value, bool to_default) {
    if (name == "last_insert_id") {
      insert_id_ = std::strtoll(value.value_or("0").c_str(), nullptr, 10);
      if (tracked(name)) pending_.insert(name);
      told_[name] = value.value_or("0");
      changed_ = true;
      return 0;
    }
    if (!vars_.contains(name)) return 1193;
    std::string wanted = to_default ? cluster_->globals[server_][name] : value.value_or("");
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

  /// Nothing is set if one of them cannot be.
  int set(Reader& text) {
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

  int set_one(Reader& text) {
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

  int set_statement_for(Reader& text, Reply& reply) {
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

  // ---- reads

  int show(Reader& text, Reply& reply) {
    if (text.eat("WARNINGS")) {
      std::vector<std::string> list;
      for (const int code : warnings_) list.push_back(std::to_string(code));
      rows(reply, list);
      return 0;
    }
    if (text.eat("PROFILES")) {
      rows(reply, profile_);
      return 0;
    }
    if (!text.eat("VARIABLES LIKE '") && !text.eat("SESSION VARIABLES WHERE Variable_name IN ('")) return 1064;
    std::vector<std::string> list;
    do {
      const std::string name = text.quoted('\'');
      const auto at = vars_.find(name);
      if (at != vars_.end()) list.push_back(name + "=" + at->second);
    } while (text.eat(",'"));
    rows(reply, list);
    found_ = static_cast<std::int64_t>(list.size());
    return 0;
  }

  int select(Reader& text, Reply& reply) {
    const bool counts = text.eat("SQL_CALC_FOUND_ROWS ");
    if (text.eat("id FROM ")) return select_rows(text, counts, reply);
    std::string row;
    do {
      row += (row.empty() ? "" : ",") + expression(text).value_or("NULL");
      if (error_ != 0) return std::exchange(error_, 0);
    } while (text.eat(","));
    if (text.eat("FROM ")) {
      const std::string table = text.name();
      const bool known = table.starts_with("main.v") || temporary_.contains(table);
      if (!known) return 1146;
      if (const int error = enter_transaction(false); error != 0) return error;
      if (table == "main.v_user") row = users_.contains("u") ? users_["u"] : "NULL";
      if (table == "main.v_id") row = std::to_string(insert_id_);
      if (table == "main.v_set") {
        users_["u"] = "77";
        row = "77";
        state_changed();
      }
    }
    rows(reply, {row});
    found_ = 1;
    return 0;
  }

  int select_rows(Reader& text, bool counts, Reply& reply) {
    const std::string name = text.name();
    const auto at = cluster_->tables.find(name);
    if (at == cluster_->tables.end()) return 1146;
    if (const int error = enter_transaction(false); error != 0) return error;
    const auto all = static_cast<std::int64_t>(at->second.rows.size());
    std::int64_t skip = 0;
    std::int64_t most = all;
    if (text.eat("LIMIT ")) {
      most = text.number();
      if (text.eat(",")) {
        skip = most;
        most = text.number();
      }
    }
    std::vector<std::string> list;
    for (std::int64_t i = skip; i < all && i < skip + most; ++i) list.push_back(std::to_string(at->second.rows[static_cast<std::size_t>(i)]));
    const auto sent = static_cast<std::int64_t>(list.size());
    rows(reply, list);
    found_ = counts ? all : std::min(all, sent == 0 ? std::min(all, skip) : skip + sent);
    return 0;
  }

  // ---- writes

  int write(const std::string& part, Reader& text, Reply& reply) {
    const std::string name = text.name();
    if (!cluster_->tables.contains(name)) return 1146;
    if (server_ != 0) return 1290;
    if (const int error = enter_transaction(true); error != 0) return error;
    Table& table = cluster_->tables[name];
    if (in_transaction_ || xa_) undo_.try_emplace(name, table.rows);
    if (part.starts_with("UPDATE")) {
      reply.facts.affected_rows = table.rows.size();
      row_count_ = static_cast<std::int64_t>(table.rows.size());
      return 0;
    }
    if (part.starts_with("DELETE")) {
      row_count_ = table.rows.empty() ? 0 : 1;
      reply.facts.affected_rows = static_cast<std::uint64_t>(row_count_);
      if (!table.rows.empty()) table.rows.pop_back();
      return 0;
    }
    return insert(text, table, reply);
  }

  int insert(Reader& text, Table& table, Reply& reply) {
    if (text.eat("SELECT id FROM ")) {  // … LIMIT 0: nothing to insert, but counted
      found_ = 0;
      return nothing();
    }
    if (text.eat("SEEN")) {  // what a trigger sees of LAST_INSERT_ID()
      table.rows.push_back(insert_id_);
      reply.facts.affected_rows = 1;
      row_count_ = 1;
      return 0;
    }
    if (text.eat("VALUES (),(1)")) {  // the second one exists already: nothing is inserted, but an id was made
      insert_id_ = table.next++;
      return 1062;
    }
    const bool explicit_id = !text.eat("VALUES ()");
    std::int64_t id = table.next;
    if (explicit_id) {
      if (!text.eat("VALUES (")) return 1064;
      id = text.number();
      text.eat(")");
    }
    if (std::find(table.rows.begin(), table.rows.end(), id) != table.rows.end()) return 1062;
    table.rows.push_back(id);
    table.next = std::max(table.next, id + 1);
    if (!explicit_id) insert_id_ = id;
    if (text.eat("RETURNING id")) {
      rows(reply, {std::to_string(id)});
      return 0;
    }
    reply.facts.affected_rows = 1;
    reply.facts.insert_id = static_cast<std::uint64_t>(id);
    row_count_ = 1;
    return 0;
  }

  int call(Reader& text, Reply& reply) {
    if (text.eat("main.p_set()")) {
      set_variable("time_zone", "+05:00");
      return nothing();
    }
    if (text.eat("main.p_fail()")) {
      set_variable("time_zone", "+06:00");
      users_["u"] = "66";
      return 1644;
    }
    if (text.eat("main.p_id()")) {
      rows(reply, {std::to_string(insert_id_)});
      found_ = 1;
      return nothing();
    }
    return 1305;
  }

  // ---- expressions

  Value variable(const std::string& name) {
    const auto at = vars_.find(name);
    if (at == vars_.end()) {
      if (name == "warning_count") return std::to_string(warnings_.size());
      if (name == "identity" || name == "last_insert_id") return std::to_string(insert_id_);
      error_ = 1193;
      return {};
    }
    return at->second;
  }

  Value expression(Reader& text) {
    if (text.eat("'")) return text.quoted('\'');
    if (text.eat("\"")) return string_or_name(text.quoted('"'));
    if (text.eat("@@session.") || text.eat("@@")) return variable(text.name());
    if (text.eat("@")) {
      const std::string name = text.name();
      if (text.eat(":=")) users_[name] = expression(text).value_or("NULL");
      const auto at = users_.find(name);
      return at == users_.end() ? Value{} : at->second;
    }
    const std::string word = text.name();
    if (!text.eat("(")) return word == "NULL" ? Value{} : word;
    Value out = call_function(word, text);
    text.eat(")");
    return out;
  }

  Value string_or_name(std::string value) {
    if (bound_ != nullptr ? bound_->ansi : ansi()) {
      error_ = 1054;
      return {};
    }
    return value;
  }

  Value call_function(const std::string& name, Reader& text) {
    if (name == "CONCAT") {
      const std::string first = expression(text).value_or("");
      text.eat(",");
      return first + expression(text).value_or("");
    }
    if (name == "LAST_INSERT_ID") {
      if (text.peek() != ')') insert_id_ = std::strtoll(expression(text).value_or("0").c_str(), nullptr, 10);
      return std::to_string(insert_id_);
    }
    if (name == "FOUND_ROWS") return std::to_string(found_);
    if (name == "ROW_COUNT") return std::to_string(row_count_);
    if (name == "DATABASE") {
      const std::string& schema = bound_ != nullptr ? bound_->schema : schema_;
      return schema.empty() ? Value{} : schema;
    }
    if (name == "CURRENT_ROLE") return role_.empty() ? Value{} : role_;
    const Value argument = expression(text);
    if (name == "COLLATION") return bound_ != nullptr ? bound_->collation : vars_["collation_connection"];
    if (name == "CAST" && text.eat("AS SIGNED")) {
      if (part_warnings_++ == 0) warnings_.clear();
      warnings_.push_back(1292);
      return "0";
    }
    return call_stateful(name, argument.value_or(""));
  }

  Value call_stateful(const std::string& name, const std::string& argument) {
    if (name == "GET_LOCK") {
      const auto [at, made] = cluster_->locks.try_emplace(argument, this);
      return at->second == this ? "1" : "0";
    }
    if (name == "RELEASE_LOCK") {
      const auto at = cluster_->locks.find(argument);
      if (at == cluster_->locks.end()) return {};
      if (at->second != this) return "0";
      cluster_->locks.erase(at);
      return "1";
    }
    if (name == "NEXTVAL") {
      error_ = server_ != 0 ? 1290 : enter_transaction(true);
      if (error_ != 0) return {};
      lastvals_[argument] = ++cluster_->sequences[argument];
      return std::to_string(lastvals_[argument]);
    }
    if (name == "LASTVAL") return lastvals_.contains(argument) ? std::to_string(lastvals_[argument]) : Value{};
    if (name == "main.f_user") return users_.contains("u") ? users_["u"] : Value{};
    if (name == "main.f_id") return std::to_string(insert_id_);
    error_ = 1305;
    return {};
  }

  Cluster* cluster_;
  int server_;
  std::string charset_;
  std::string schema_;
  bool multi_ = false;
  Values vars_;
  Values users_;
  std::set<std::string> temporary_;
  std::set<std::string> handlers_;
  Values texts_;
  std::map<std::string, std::int64_t> lastvals_;
  std::map<std::uint32_t, Prepared> prepared_;
  std::uint32_t next_id_ = 1;
  const Prepared* bound_ = nullptr;
  std::int64_t insert_id_ = 0;
  std::int64_t found_ = 1;
  std::int64_t row_count_ = 0;
  std::vector<int> warnings_;
  std::size_t part_warnings_ = 0;
  bool in_transaction_ = false;
  bool read_only_ = false;
  bool one_shot_read_only_ = false;
  bool xa_ = false;
  bool locked_ = false;
  std::map<std::string, std::vector<std::int64_t>> undo_;
  std::vector<std::string> profile_;
  bool recording_ = false;
  std::string role_;
  int error_ = 0;  // of an expression
  // session tracking
  std::set<std::string> pending_;  // changed and not told yet
  Values told_;                    // what is told instead of the value
  Values over_;                    // SET STATEMENT: what goes back
  std::optional<std::string> new_schema_;
  bool changed_ = false;
};

}  // namespace hf::policy::session::model
