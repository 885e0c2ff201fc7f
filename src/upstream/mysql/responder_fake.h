// ResponderFake: a server for tests that answers commands by a table: what the command begins with, and the bytes of
// the reply. Everybody may log in; what no rule names is answered with OK, in or out of the transaction that BEGIN and
// COMMIT make, and KILL CONNECTION ends a connection. One step of it, counted over all its connections, can be made to
// fail.
//
// Owner: the test. Thread: that of its loop.
// Invariants: 1. Listens on a free port of the loopback. 2. Each thing that it says (greeting, login's answer, reply)
// is one step.
// 3. The destructor ends all connections.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "proto/mysql/command.h"
#include "proto/mysql/test_bytes.h"
#include "runtime/signal.h"
#include "upstream/mysql/server_fake.h"

namespace hf::upstream::mysql {

/// What goes wrong, and at which step. Shared by the servers of one test.
struct ServerFault {
  enum class Kind : std::uint8_t {
    kNone,
    kClose,    // instead of the step
    kError,    // an ERR instead
    kGarbage,  // a packet out of order instead
    kTruncated
  };  // half of it, then the end
  Kind kind = Kind::kNone;
  std::size_t at = 0;  // the first is 1
  std::uint16_t code = 1105;
  std::string message = "a fault";
  std::size_t steps = 0;  // so far

  bool strikes() { return ++steps == at && kind != Kind::kNone; }
};

/// One command, and the connection it came on.
struct ServerTurn {
  proto::mysql::Capabilities capabilities = 0;
  proto::mysql::StatusFlags status = proto::mysql::kStatusAutocommit;
  std::uint32_t thread_id = 0;
  ByteView command;  // the payload
};
/// The whole reply as packets, the first of which has number 1. Empty: the server says nothing, and waits for the next
/// command.
using ServerReply = std::function<std::string(const ServerTurn&)>;

namespace reply {

proto::mysql::testing::ReplyWriter writer(const ServerTurn& turn);

/// An OK with these numbers; its status is added to the connection's.
ServerReply ok(proto::mysql::OkPacket packet = {}, std::string session_state = {});
ServerReply error(std::uint16_t code, std::string message);
ServerReply bytes(std::string packets);
ServerReply silence();

using Row = std::vector<std::optional<std::string>>;
/// A text result set with as many columns as the first row; `extra` is added to the status at its end.
ServerReply rows(std::vector<Row> rows, std::uint16_t warnings = 0, proto::mysql::StatusFlags extra = 0);

}  // namespace reply

class ResponderFake {
 public:
  static constexpr std::uint32_t kFirstThread = 100;
  static constexpr std::uint32_t kFirstPrepared = 501;  // on each connection

  struct Heard {
    std::uint32_t thread_id = 0;
    std::string command;
  };

  ResponderFake(runtime::EventLoop& loop, proto::mysql::Capabilities capabilities, ServerFault* fault = nullptr);
  ResponderFake(const ResponderFake&) = delete;
  ResponderFake& operator=(const ResponderFake&) = delete;
  ~ResponderFake();

  const net::Address& address() const { return address_; }

  /// COM_QUERY whose text begins so. Later rules go before earlier ones. `times`: how often the rule holds.
  void on(std::string_view text, ServerReply reply, std::size_t times = SIZE_MAX) {
    on_payload('\x03' + std::string(text), std::move(reply), times);
  }
  void on_command(proto::mysql::Command command, ServerReply reply, std::size_t times = SIZE_MAX);
  void on_payload(std::string begins, ServerReply reply, std::size_t times = SIZE_MAX) {
    rules_.push_back({std::move(begins), std::move(reply), times});
  }
  /// What the answer to a login is, instead of OK. Its packets begin with number 2.
  void on_login(std::optional<std::string> packets) { login_answer_ = std::move(packets); }
  /// A login in turns: each payload is said, and an answer to it (kept with the logins) read, before the last, which is
  /// the verdict.
  void on_login_turns(std::vector<std::string> payloads) { login_turns_ = std::move(payloads); }

  /// Replies go out in pieces of this, one per turn; 0: each at once.
  void set_piece(std::size_t piece) { piece_ = piece; }

  /// What arrives is not read until the server is told to go on.
  void set_reading(bool reads) {
    reads_ = reads;
    if (reads) reads_again_.notify_all();
  }

  /// Commands, in the order of arrival; logins are apart.
  const std::vector<Heard>& heard() const { return heard_; }
  const std::vector<std::string>& logins() const { return logins_; }
  /// Contents of the local files that replies of 0xFB asked for.
  const std::string& files() const { return files_; }
  /// The texts of COM_QUERY.
  std::vector<std::string> texts() const;
  bool heard(std::string_view part) const { return count(part) > 0; }
  std::size_t count(std::string_view part) const;
  void forget_heard() { heard_.clear(); }

  std::size_t accepted() const { return accepted_; }
  std::size_t open() const { return connections_.size(); }
  /// The server dies, or one connection of it ends.
  void cut();
  void cut_thread(std::uint32_t id);
  /// Nobody can connect any more, and everybody is cut.
  void stop();
  /// Something that the server says of its own accord, on every connection.
  void say(ByteView bytes);
  void say_to(std::uint32_t thread_id, ByteView bytes);

 private:
  struct Rule {
    std::string begins;
    ServerReply reply;
    std::size_t times;
  };
  struct Connection {
    net::Stream* stream = nullptr;
    std::uint32_t thread_id = 0;
    proto::mysql::Capabilities capabilities = 0;
    proto::mysql::StatusFlags status = proto::mysql::kStatusAutocommit;
    std::uint32_t prepared = kFirstPrepared - 1;
    std::string input;
    std::uint8_t sequence = 0;  // of the packet read last
    bool struck = false;        // by the fault, at the latest step
  };

  template <typename Which>
  void cut_if(Which which) {
    for (Connection* each : connections_) {
      if (which(*each)) each->stream->abort({ErrorCode::kReset, "the fake was cut"});
    }
  }

  static runtime::Task<void> accept(ResponderFake* self);
  static runtime::Task<void> serve(ResponderFake* self, net::Accepted accepted);
  static runtime::Task<void> talk(ResponderFake* self, Connection* connection);
  static runtime::Task<std::optional<std::string>> read(ResponderFake* self, Connection* connection);

  /// The turns of a login. Whether the verdict is not an error.
  static runtime::Task<bool> take_turns(ResponderFake* self, Connection* connection);
  static runtime::Task<void> say_in_pieces(ResponderFake* self, Connection* connection, const std::string* bytes);
  static std::string ok_packet(std::uint8_t sequence);
  std::string answer(Connection& connection, ByteView payload);
  static void follow_transaction(Connection& connection, ByteView payload);

  /// One step. False: the connection ends.
  bool say(Connection& connection, const std::string& packets);

  runtime::EventLoop& loop_;
  proto::mysql::Capabilities capabilities_;
  ServerFault* fault_;
  net::Address address_;
  std::unique_ptr<net::Listener> listener_;
  std::vector<Rule> rules_;
  std::optional<std::string> login_answer_;
  std::vector<std::string> login_turns_;
  std::vector<Heard> heard_;
  std::vector<std::string> logins_;
  std::string files_;
  std::vector<Connection*> connections_;
  std::size_t accepted_ = 0;
  std::size_t piece_ = 0;
  bool reads_ = true;
  runtime::Signal reads_again_;
  runtime::Scope scope_;
};

}  // namespace hf::upstream::mysql
