// The gateway over model servers, for tests: sessions, pools, hand-overs, losses, as src/service/mysql does it with
// sockets. Every decision is the ledger's, the route's and the retry's.
//
// Owner: a test. Thread: any.
//
// Not compared, for nobody can give it back (docs/mysql-service.md): DATABASE() of a schema that was dropped, and what
// its absence leaves.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "policy/session/last_statement.h"
#include "policy/session/retry.h"
#include "policy/session/route.h"
#include "policy/session/server_fake.h"
#include "policy/sql/classifier.h"

namespace hf::policy::session::model {

constexpr int kPrimary = 0;
constexpr int kReplica = 1;

struct Connection {
  ConnectionFacts facts;
  std::unique_ptr<ServerConnection> server;
  bool has_schema = false;  // pool key
};
using ConnectionPtr = std::unique_ptr<Connection>;

struct PreparedText {
  StatementMeaning meaning;
  sql::Statement verdict;
};

struct Client {
  Door door = Door::kSplit;
  std::string charset;
  SessionFacts facts;
  SettingsPtr start;  // without a schema
  ConnectionPtr held;
  std::uint32_t ties = 0;
  std::string last_text;
  bool multi = false;
  std::map<int, PreparedText> prepared;
  LastStatement last;
};

/// How the server is lost under a statement.
enum class Loss : std::uint8_t {
  kNone,
  kBefore,  // it has not run
  kAfter,   // it has
  kEarlier
};  // its end had arrived before the statement was written

struct Outcome {
  std::string seen;        // what the client saw
  bool skipped = false;    // no connection could be had: it did not run
  bool lost = false;       // 2013
  bool executed = false;   // a lost one had run
  bool ended = false;      // and the session is over
  bool forgot_id = false;  // … or goes on without what only the lost connection knew
  bool forgot_found = false;
  bool forgot_list = false;
  bool rolled_back = false;
};

/// One statement, by text or prepared.
struct Command {
  std::string text;
  int prepared = -1;
  bool init_db = false;
};

class Gateway {
 public:
  Gateway(std::size_t most, std::size_t clients) : most_(most), clients_(clients) {}

  Cluster cluster;
  std::string trouble;  // a broken promise; empty: none

  Client& client(std::size_t i) { return clients_[i]; }

  void log_in(std::size_t i, Door door, std::string charset);

  void leave(Client& client);

  Outcome run(std::size_t i, const Command& command, Loss loss);

  std::string prepare(std::size_t i, int slot, const std::string& text);

  /// COM_RESET_CONNECTION of the client.
  void reset(std::size_t i);

  void set_option(std::size_t i, bool multi);

  /// Somebody waits for a place at this server.
  void press(int server);
  /// Idle connections of a server end.
  void cut_idle(int server) { idle_[server].clear(); }
  /// The connection that the session keeps ends between two commands. What the session loses by it.
  Outcome cut_held(std::size_t i);

  /// Whatever is idle may be lent to anybody: nothing of a session is left on it, and it is what its facts say.
  void check_idle();

 private:
  // ---- a session

  void begin(Client& client, const std::string& schema);
  static sql::Context context(const Client& client);
  static sql::Statement verdict_of(const Client& client, const Command& command);
  static ByteView text_of(const Client& client, const Command& command);
  static bool hard(const Client& client) { return client.held != nullptr && (client.ties & tie::kHard) != 0; }
  static bool soft(const Client& client) { return client.held != nullptr && (client.ties & ~tie::kSoft) == 0; }
  static bool on_primary(const Connection& connection) { return connection.server->server() == kPrimary; }

  static RouteFacts route_facts(const Client& client);

  // ---- connections

  ConnectionPtr take(Client& client, int server);
  std::size_t open_to(int server) const;

  /// nullptr: all places are taken by sessions that need theirs.
  /// `beyond`: more than the limit if need be.
  ConnectionPtr take_or_open(Client& client, Place place, bool beyond = false);

  /// The server of the model has no tables to count: it takes the number out of count_statement().
  static Reply statement_of_ours(Connection& connection, const std::string& text);
  void run_steps(Connection& connection, const std::vector<Step>& steps, int* error);

  /// False: it could not be made to fit (and is gone).
  bool restore(Client& client, Connection& connection, Needs needs);
  void give_back(Client& client, ConnectionPtr connection);
  void check_facts(const Connection& connection);

  // ---- what is held

  /// The numbers of a row.
  static std::vector<std::int64_t> ask_numbers(Connection& connection, const std::string& question);
  static void remember_list(Client& client, Connection& connection);
  /// `leave`: what LAST_INSERT_ID() is to be from then on.
  static void ask(Client& client, std::optional<std::uint64_t> leave = {});
  /// Whom a connection of this one's is lent to next, as it may guess.
  std::uint64_t insert_id_of_heir(const Client& client) const;
  void release_soft(Client& client);
  void give_up_held(Client& client);
  void hold(Client& client, ConnectionPtr connection, std::uint32_t ties);
  static void note_forgotten(Client& client, ConnectionSerial serial, Outcome* out);

  // ---- questions about the statement before

  /// Whether what the session keeps is alone in knowing the answer.
  bool make_ready(Client& client, const sql::Statement& statement, ByteView text);
  static bool answer_is_lost(Client& client, const sql::Statement& statement, ByteView text);
  static void answer_from_memory(const Client& client, const sql::Statement& statement, ByteView text, Reply* reply);
  void recreate(Client& client);
  void move_list(Client& client);
  void leave_transaction(Client& client);

  // ---- one attempt

  static bool uses_held(const Client& client, const Routed& routed);
  /// An error that no server knows of.
  static void remember_error(Client& client, int code);
  /// A statement that goes elsewhere leaves the list of warnings behind, but not the count of rows.
  void leave_list(Client& client, bool uses_held, const sql::Statement& statement);
  bool ensure_copy(Client& client, Connection& connection, const PreparedText& statement, std::uint32_t* id,
                   Outcome* out);

  /// True: done, the outcome is known.
  bool once(Client& client, const Command& command, const sql::Statement& statement, Routed routed, Attempt* attempt,
            Loss* loss, Outcome* out);
  bool on_connection(Client& client, ConnectionPtr connection, const Command& command, const sql::Statement& statement,
                     std::uint32_t ties, Attempt* attempt, Loss* loss, Outcome* out);
  Reply execute(Connection& connection, const Command& command, std::uint32_t copy);
  bool lose(Client& client, ConnectionPtr connection, const Command& command, std::uint32_t copy, Loss loss,
            Attempt* attempt, Outcome* out);

  // ---- what a statement leaves

  void settle(Client& client, ConnectionPtr connection, const Command& command, const sql::Statement& statement,
              const Reply& reply, std::uint32_t ties);
  /// Of reads in texts; those that are prepared do not fail at work here.
  void settle_doubt(Client& client, Connection& connection, const DoubtedCount& doubt, const sql::Statement& statement,
                    ByteView text);
  void settle_questions(Client& client, Connection& connection, Learnt& learnt, const sql::Statement& statement,
                        const Reply& reply, ByteView text);

  std::size_t most_;
  std::vector<Client> clients_;
  std::vector<ConnectionPtr> idle_[2];
  std::size_t lent_[2] = {0, 0};
  ConnectionSerial next_serial_ = 1;
  SettingsTable table_;
  bool forced_primary_ = false;
};

}  // namespace hf::policy::session::model
