// The table of docs/mysql-service.md as an executable model: one connection to a MariaDB 10.11 server, for tests. It
// understands the SQL of a small grammar (model_test.cc) and what the ledger itself sends, keeps everything that a
// session may leave behind, and tells as little of it as a real server does.
//
// Owner: a test. Thread: any.
//
// What session tracking does not tell, as tried on a real server:
//   - SET NAMES, SET CHARACTER SET, SET character_set_connection: the collation. Setting the list of tracked variables:
//     everything that was changed before it and not told yet, and whatever is not in the new list.
//   - SET STATEMENT tells the value that lasted for the statement; the true one comes with the next OK that has a
//     change.
//   - An ERR tells nothing; what had changed comes with the next OK that has a change. SET timestamp = DEFAULT tells
//     the old value.
//   - SELECT @u := 1, GET_LOCK, NEXTVAL, HANDLER, LOCK TABLES, SET TRANSACTION: no sign.
#pragma once

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

  Cluster();
};

struct Reply {
  ReplyFacts facts;
  std::vector<std::string> rows;
  std::uint32_t statement_id = 0;  // of a prepare
  bool read_only = false;          // refused for that

  /// What a client sees.
  std::string shown() const;
};

/// Reads a text of the grammar from its front.
class Reader {
 public:
  explicit Reader(ByteView text) : left_(text) {}

  bool done();
  bool eat(ByteView token);
  /// Letters, digits, '_' and '.'.
  std::string name();
  std::int64_t number() { return std::strtoll(name().c_str(), nullptr, 10); }
  /// Between quotes that double themselves; the opening one is eaten already.
  std::string quoted(char quote);
  char peek();
  ByteView rest() const { return left_; }

 private:
  static bool is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
  }
  void skip();
  ByteView left_;
};

class ServerConnection {
 public:
  ServerConnection(Cluster& cluster, int server, std::string charset, std::string schema);
  ServerConnection(const ServerConnection&) = delete;
  ServerConnection& operator=(const ServerConnection&) = delete;
  ~ServerConnection() { drop_state(); }

  int server() const { return server_; }

  Status status() const;
  Reply query(ByteView text);
  Reply init_db(const std::string& name);
  Reply set_option(bool multi);

  /// COM_RESET_CONNECTION. Kept: schema (not its collation), role, profile, FOUND_ROWS, multi-statements, the
  /// handshake's charset.
  Reply reset();
  /// Role and profile: the gateway gives up a connection that has them (docs/mysql-service.md).
  void drop_what_a_reset_keeps();
  Reply prepare(const std::string& text);
  /// What a statement is bound to when it is parsed is as it was then.
  Reply execute(std::uint32_t id);
  void close_statement(std::uint32_t id) { prepared_.erase(id); }

  /// What the gateway counts rows again with.
  void count(std::int64_t rows);
  /// SIGNAL: an error, or a warning, of this code.
  void signal(int code);
  /// On the connection of a session that has lost, with one of the gateway's, what only that one knew.
  void forget(bool insert_id, bool found, bool list);
  std::int64_t last_insert_id() const { return insert_id_; }
  /// FOUND_ROWS() is as there.
  void count_as(const ServerConnection& other) { found_ = other.found_; }
  std::int64_t found_rows() const { return found_; }
  std::int64_t row_count() const { return row_count_; }
  const Values& variables() const { return vars_; }
  const std::string& schema() const { return schema_; }
  bool one_shot() const { return one_shot_read_only_; }
  bool multi_statements() const { return multi_; }
  std::size_t warnings() const { return warnings_.size(); }

  /// What a session may have left here that another one could see; empty: nothing. Variables and schema apart.
  std::string left_behind() const;

 private:
  struct Prepared {
    std::string text;
    std::string schema;
    std::string collation;
    bool ansi = false;
  };

  // ---- life

  void login();
  void settle_in();
  void drop_state();

  // ---- one statement

  static std::vector<std::string> split(ByteView text);
  static bool names_table(ByteView part);
  void begin_part(ByteView part);

  /// The OK: what has changed is told, if anything has.
  void end_part(Reply& reply);
  Reply& fail(Reply& reply, int code);
  bool ansi() const { return vars_.at("sql_mode").find("ANSI") != std::string::npos; }

  int run(const std::string& part, Reply& reply);
  int nothing();
  void rows(Reply& reply, std::vector<std::string> rows);

  // ---- transactions and locks

  int run_transaction(const std::string& part);
  void commit();
  void undo();
  /// A statement that touches data outside a transaction is one.
  int enter_transaction(bool writes);
  int run_state(Reader& text);

  // ---- SET

  /// The server says that something changed, without a name. Something has changed. Where that is tracked, the mark of
  /// it waits for the next OK that tells a change, as names do.
  void state_changed();

  void set_variable(const std::string& name, const std::string& value);
  bool tracked(const std::string& name) const;
  void enter(const std::string& name);
  void set_names(const std::string& charset, const std::string& collation);
  static std::string usual_collation(const std::string& charset) {
    return charset == "latin1" ? "latin1_swedish_ci" : charset + "_general_ci";
  }

  /// One assignment to a session variable, as the server takes it. The error, or 0.
  int assign(const std::string& name, const Value& value, bool to_default);

  /// Nothing is set if one of them cannot be.
  int set(Reader& text);
  int set_one(Reader& text);
  int set_statement_for(Reader& text, Reply& reply);

  // ---- reads

  int show(Reader& text, Reply& reply);
  int select(Reader& text, Reply& reply);
  int select_rows(Reader& text, bool counts, Reply& reply);

  // ---- writes

  int write(const std::string& part, Reader& text, Reply& reply);
  int insert(Reader& text, Table& table, Reply& reply);
  int call(Reader& text, Reply& reply);

  // ---- expressions

  Value variable(const std::string& name);
  Value expression(Reader& text);
  Value string_or_name(std::string value);
  Value call_function(const std::string& name, Reader& text);
  Value call_stateful(const std::string& name, const std::string& argument);
  /// Stored code that sets @u and then asks for a table that is not there.
  Value fail_behind_a_change();

  Cluster* cluster_;
  int server_;
  std::string charset_;
  std::string schema_;
  std::string schema_collation_;  // what collation_database goes back to
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
  bool marked_ = false;            // "something has changed", not told yet
  Values told_;                    // what is told instead of the value
  Values over_;                    // SET STATEMENT: what goes back
  std::optional<std::string> new_schema_;
  bool changed_ = false;
};

}  // namespace hf::policy::session::model
