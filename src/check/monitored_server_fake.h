// MonitoredServerFake: a MariaDB server as the watcher's monitor sees it, for tests: takes logins, answers the queries
// of a look with what the test has set, and can be held at any point of the conversation.
//
// Owner: the test. Thread: that of its loop.
// Invariants:
//   1. Listens on a free port of the loopback; every answer is one step, counted over all connections.
//   2. While it is held no answer goes out; release() sends all that wait.
//   3. The destructor ends all connections.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/listener.h"
#include "proto/mysql/command.h"
#include "proto/mysql/handshake.h"
#include "proto/mysql/packet.h"
#include "proto/mysql/response.h"
#include "proto/mysql/text_result.h"
#include "runtime/scope.h"
#include "runtime/signal.h"

namespace hf::check {

class MonitoredServerFake {
 public:
  using Row = std::vector<std::optional<std::string>>;

  explicit MonitoredServerFake(runtime::EventLoop& loop) : loop_(loop), released_(loop), scope_(loop) {
    const int fd =
        net::Listener::bind(net::Address::from_ip("127.0.0.1", 0).value(), net::PortSharing::kExclusive).value();
    address_ = net::Address::local_of(fd).value();
    listener_ = std::make_unique<net::Listener>(loop, fd, net::SocketOptions{});
    set("@@version", {"server_id", "version", "read_only", "gtid_binlog_pos", "gtid_current_pos", "semisync"},
        {{"1", "10.11.6-MariaDB", "0", "", "", "0"}});
    set("SLAVES STATUS", {"Slave_IO_Running"}, {});
    set("GLOBAL STATUS", {"Variable_name", "Value"}, {{"Threads_running", "1"}});
    scope_.spawn("fake accept", accept, this);
  }
  MonitoredServerFake(const MonitoredServerFake&) = delete;
  MonitoredServerFake& operator=(const MonitoredServerFake&) = delete;
  ~MonitoredServerFake() {
    listener_->close();
    scope_.cancel();
    while (!scope_.empty()) loop_.turn(Deadline{TimePoint{0}});
  }

  const net::Address& address() const { return address_; }
  /// What a query whose text contains `part` is answered with; the longest such part counts.
  void set(const std::string& part, std::vector<std::string> columns, std::vector<Row> rows) {
    proto::mysql::TextResult result;
    result.columns = std::move(columns);
    result.rows = std::move(rows);
    answers_[part] = std::move(result);
  }
  void refuse(const std::string& part, std::uint16_t code, std::string message) {
    proto::mysql::TextResult result;
    result.error = proto::mysql::TextError{code, "42000", std::move(message)};
    answers_[part] = std::move(result);
  }
  /// Logins from now on are refused.
  void refuse_logins(bool refused, std::uint16_t code = 1045) {
    refuses_logins_ = refused;
    refusal_ = code;
  }

  /// Holds the answer number `step` (the first is 0, the greeting) and all behind it.
  void hold_at(std::size_t step) { hold_from_ = step; }
  void release() {
    hold_from_ = std::numeric_limits<std::size_t>::max();
    released_.notify_all();
  }
  /// New connections are refused by the kernel.
  void stop_listening() { listener_->close(); }
  /// Closes all connections, as a server does with idle ones.
  void cut() {
    for (net::Stream* stream : streams_) stream->abort({ErrorCode::kReset, "the fake was cut"});
  }
  /// How many connections wait to be answered.
  std::size_t held() const { return held_; }

  std::size_t steps() const { return steps_; }
  std::size_t accepted() const { return accepted_; }
  std::size_t open() const { return open_; }
  /// Users of the logins, in order.
  const std::vector<std::string>& logins() const { return logins_; }
  std::size_t asked(const std::string& part) const {
    std::size_t count = 0;
    for (const std::string& query : queries_) count += query.find(part) != std::string::npos ? 1 : 0;
    return count;
  }

 private:
  static runtime::Task<void> accept(MonitoredServerFake* self) {
    for (;;) {
      Result<net::Accepted> accepted = co_await self->listener_->accept();
      if (!accepted.ok()) co_return;
      ++self->accepted_;
      self->scope_.spawn("fake connection", serve, self, std::move(*accepted));
    }
  }

  static runtime::Task<void> serve(MonitoredServerFake* self, net::Accepted accepted) {
    ++self->open_;
    self->streams_.push_back(accepted.stream.get());
    co_await talk(self, accepted.stream.get());
    std::erase(self->streams_, accepted.stream.get());
    --self->open_;
  }

  static runtime::Task<void> talk(MonitoredServerFake* self, net::Stream* stream) {
    namespace mysql = proto::mysql;
    std::string greeting = packet(0, mysql::encode_greeting(self->greeting()));
    bool going = co_await self->answer(stream, std::move(greeting));
    std::string input;
    mysql::Capabilities capabilities = 0;
    for (bool first = true; going; first = false) {
      while (input.size() < mysql::kPacketHeader || input.size() < packet_size(input)) {
        Result<ByteView> bytes = co_await stream->recv(Deadline::never());
        if (!bytes.ok() || bytes->empty()) co_return;
        input.append(*bytes);
      }
      const std::string payload = input.substr(mysql::kPacketHeader, packet_size(input) - mysql::kPacketHeader);
      input.erase(0, packet_size(input));
      std::string reply;
      if (first) {
        const Result<mysql::HandshakeResponse> login = mysql::decode_handshake_response(payload);
        if (!login.ok()) co_return;
        capabilities = login->capabilities;
        self->logins_.emplace_back(login->user);
        reply =
            self->refuses_logins_
                ? packet(2, mysql::encode_err({.code = self->refusal_, .sqlstate = "28000", .message = "Access denied"},
                                              capabilities))
                : packet(2, mysql::encode_ok({.status = mysql::kStatusAutocommit}, capabilities));
      } else {
        self->queries_.push_back(payload.substr(1));
        reply = self->reply_to(payload.substr(1), capabilities);
      }
      going = co_await self->answer(stream, std::move(reply));
    }
  }

  runtime::Task<bool> answer(net::Stream* stream, std::string bytes) {
    const std::size_t step = steps_++;
    while (step >= hold_from_) {
      ++held_;
      const Result<void> released = co_await released_.wait(Deadline::never());
      --held_;
      if (!released.ok()) co_return false;
    }
    stream->write(bytes);
    co_return !stream->broken();
  }

  static proto::mysql::Greeting greeting() {
    namespace mysql = proto::mysql;
    mysql::Greeting greeting;
    greeting.server_version = "5.5.5-10.11.6-MariaDB";
    greeting.connection_id = 77;
    greeting.nonce = "abcdefghijklmnopqrst";
    greeting.capabilities = mysql::kClientLongFlag | mysql::kClientProtocol41 | mysql::kClientTransactions |
                            mysql::kClientSecureConnection | mysql::kClientPluginAuth |
                            mysql::kClientPluginAuthLenencData;
    greeting.charset = 45;
    greeting.auth_plugin = std::string(mysql::kNativePasswordPlugin);
    return greeting;
  }

  std::string reply_to(const std::string& query, proto::mysql::Capabilities capabilities) const {
    namespace mysql = proto::mysql;
    const std::pair<const std::string, mysql::TextResult>* best = nullptr;
    for (const auto& each : answers_) {
      if (query.find(each.first) != std::string::npos && (best == nullptr || each.first.size() > best->first.size())) {
        best = &each;
      }
    }
    std::string bytes;
    if (best == nullptr || best->second.error) {
      const mysql::TextError error =
          best == nullptr ? mysql::TextError{1064, "42000", "no such query here"} : *best->second.error;
      mysql::append_packet(
          bytes, 1,
          mysql::encode_err({.code = error.code, .sqlstate = error.sqlstate, .message = error.message}, capabilities));
      return bytes;
    }
    std::string payload;
    mysql::append_lenenc(payload, best->second.columns.size());
    std::uint8_t next = mysql::append_packet(bytes, 1, payload);
    for (const std::string& column : best->second.columns) next = mysql::append_packet(bytes, next, definition(column));
    next = mysql::append_packet(bytes, next,
                                mysql::encode_eof({.warnings = 0, .status = mysql::kStatusAutocommit}, capabilities));
    for (const Row& row : best->second.rows) {
      payload.clear();
      for (const std::optional<std::string>& cell : row) {
        if (cell) {
          mysql::append_lenenc(payload, cell->size());
          payload += *cell;
        } else {
          payload += '\xfb';
        }
      }
      next = mysql::append_packet(bytes, next, payload);
    }
    mysql::append_packet(bytes, next,
                         mysql::encode_eof({.warnings = 0, .status = mysql::kStatusAutocommit}, capabilities));
    return bytes;
  }

  static std::string definition(const std::string& name) {
    std::string payload;
    for (const std::string& part : {std::string("def"), std::string(), std::string(), std::string(), name, name}) {
      proto::mysql::append_lenenc(payload, part.size());
      payload += part;
    }
    return payload + std::string("\x0c\x2d\x00\x00\x04\x00\x00\xfd\x00\x00\x00\x00\x00", 13);
  }

  static std::string packet(std::uint8_t sequence, ByteView payload) {
    std::string bytes;
    proto::mysql::append_packet(bytes, sequence, payload);
    return bytes;
  }
  static std::size_t packet_size(ByteView input) {
    return proto::mysql::kPacketHeader + proto::mysql::load_packet_header(input).length;
  }

  runtime::EventLoop& loop_;
  net::Address address_;
  std::unique_ptr<net::Listener> listener_;
  std::map<std::string, proto::mysql::TextResult> answers_;
  std::vector<net::Stream*> streams_;
  std::vector<std::string> logins_;
  std::vector<std::string> queries_;
  bool refuses_logins_ = false;
  std::uint16_t refusal_ = 0;
  std::size_t hold_from_ = std::numeric_limits<std::size_t>::max();
  std::size_t held_ = 0;
  std::size_t steps_ = 0;
  std::size_t accepted_ = 0;
  std::size_t open_ = 0;
  runtime::Signal released_;
  runtime::Scope scope_;
};

}  // namespace hf::check
