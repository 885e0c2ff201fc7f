// What the server of the model does with tables, and its expressions.
#include <algorithm>
#include <cstdlib>

#include "policy/session/server_fake.h"

namespace hf::policy::session::model {

// ---- reads

int ServerConnection::show(Reader& text, Reply& reply) {
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

int ServerConnection::select(Reader& text, Reply& reply) {
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
    if (table == "main.v_fail") {
      (void)fail_behind_a_change();
      return std::exchange(error_, 0);
    }
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

int ServerConnection::select_rows(Reader& text, bool counts, Reply& reply) {
  const std::string name = text.name();
  if (name == "main.v_twice") {  // a subquery with two rows, found at work
    found_ = 0;
    return 1242;
  }
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
  for (std::int64_t i = skip; i < all && i < skip + most; ++i) {
    list.push_back(std::to_string(at->second.rows[static_cast<std::size_t>(i)]));
  }
  const auto sent = static_cast<std::int64_t>(list.size());
  rows(reply, list);
  found_ = counts ? all : std::min(all, sent == 0 ? std::min(all, skip) : skip + sent);
  return 0;
}

// ---- writes

int ServerConnection::write(const std::string& part, Reader& text, Reply& reply) {
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

int ServerConnection::insert(Reader& text, Table& table, Reply& reply) {
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
    if (text.eat("main.f_fail")) {
      (void)fail_behind_a_change();
      return std::exchange(error_, 0);
    }
    id = text.eat("FOUND_ROWS()") ? 1000 + found_ : text.number();
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

int ServerConnection::call(Reader& text, Reply& reply) {
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

Value ServerConnection::variable(const std::string& name) {
  const auto at = vars_.find(name);
  if (at == vars_.end()) {
    if (name == "warning_count") return std::to_string(warnings_.size());
    if (name == "identity" || name == "last_insert_id") return std::to_string(insert_id_);
    error_ = 1193;
    return {};
  }
  return at->second;
}

Value ServerConnection::expression(Reader& text) {
  if (text.eat("'")) return text.quoted('\'');
  if (text.eat("\"")) return string_or_name(text.quoted('"'));
  if (text.eat("@@global.")) return cluster_->globals[server_].at(text.name());
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

Value ServerConnection::string_or_name(std::string value) {
  if (bound_ != nullptr ? bound_->ansi : ansi()) {
    error_ = 1054;
    return {};
  }
  return value;
}

Value ServerConnection::call_function(const std::string& name, Reader& text) {
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

Value ServerConnection::call_stateful(const std::string& name, const std::string& argument) {
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
  if (name == "main.f_fail") return fail_behind_a_change();
  if (name == "main.f_id") return std::to_string(insert_id_);
  error_ = 1305;
  return {};
}

Value ServerConnection::fail_behind_a_change() {
  users_["u"] = "88";
  state_changed();
  error_ = 1146;  // of a table that its code asks for
  return {};
}

}  // namespace hf::policy::session::model
