// TestClient: a client for tests of sessions, which logs in as drivers do, sends any bytes and follows each reply
// packet by packet.
//
// Owner: the test, as a rule through a Stage. Thread: that of its loop.
// Invariant: a reply's wrong number, or a byte too many, is a fault().
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "net/socket_transport.h"
#include "proto/mysql/error_code.h"
#include "proto/mysql/reply_tracker.h"
#include "proto/mysql/session_state.h"
#include "runtime/signal.h"
#include "upstream/mysql/connection.h"
#include "upstream/mysql/responder_fake.h"

namespace hf::service::mysql::testing {

using proto::mysql::Command;

/// A client of today, and one that wants EOF packets and no news of its session.
inline constexpr proto::mysql::Capabilities kModernClient =
    upstream::mysql::kFakeCapabilities &
    ~(proto::mysql::kClientSsl | proto::mysql::kClientCompress | proto::mysql::kClientConnectWithDb);
inline constexpr proto::mysql::Capabilities kOldClient =
    kModernClient & ~(proto::mysql::kClientDeprecateEof | proto::mysql::kClientSessionTrack);

// Payloads of commands.
std::string command(Command number, ByteView argument = {});
std::string query(ByteView text);
std::string on_statement(Command number, std::uint32_t id, ByteView rest = {});
/// COM_STMT_EXECUTE: flags, one iteration, then what the parameters need.
std::string execute(std::uint32_t id, std::uint8_t flags = 0, ByteView parameters = {});

struct Packet {
  std::uint8_t sequence = 0;
  std::string payload;
  friend bool operator==(const Packet&, const Packet&) = default;
};

std::vector<Packet> packets_of(ByteView bytes);

/// What a client got for one command.
struct Answer {
  Command command = Command::kQuery;
  proto::mysql::Capabilities capabilities = 0;
  std::string bytes;
  bool complete = false;

  std::vector<Packet> packets() const { return packets_of(bytes); }
  std::string last() const;
  bool failed() const { return complete && proto::mysql::is_err(last()); }
  std::uint16_t error_code() const;
  std::string message() const;
  bool ok() const { return complete && !failed(); }
  proto::mysql::StatusFlags status() const;
  bool in_transaction() const { return (status() & proto::mysql::kStatusInTransaction) != 0; }
};

struct ClientLogin {
  std::string user = "app";
  std::string password = "secret";
  std::string schema{};
  proto::mysql::Capabilities capabilities = kModernClient;
  std::uint16_t charset = 45;
};

class TestClient {
 public:
  explicit TestClient(runtime::EventLoop& loop) : loop_(loop), reads_again_(loop), scope_(loop) {}
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;
  ~TestClient();

  void start_login(net::Address address, ClientLogin login);
  /// Without a login: everything that comes is loose().
  void start_raw(net::Address address);

  bool settled() const { return connected_ || gone_; }
  bool connected() const { return connected_; }
  bool gone() const { return gone_; }
  /// What a login was refused with.
  const PeerSaid& refusal() const { return refusal_; }
  /// The id that the greeting gave.
  std::uint32_t id() const { return connection_ != nullptr ? connection_->thread_id : 0; }
  proto::mysql::StatusFlags login_status() const {
    return connection_ != nullptr ? connection_->status : proto::mysql::StatusFlags{0};
  }
  proto::mysql::Capabilities capabilities() const { return capabilities_; }

  /// A command as one packet; its reply, if it has one, is the next answer.
  void send(ByteView payload);
  void send_bytes(ByteView bytes);
  void send_loose(std::uint8_t sequence, ByteView payload) {
    send_bytes(proto::mysql::testing::packet(sequence, payload));
  }
  /// What is sent when a server asks for a local file.
  void offer_file(std::string content) { file_ = std::move(content); }
  void leave();
  bool left() const { return left_; }

  /// A client that does not read leaves what comes in its socket.
  void set_reading(bool reads);

  const std::deque<Answer>& answers() const { return answers_; }
  bool answered() const { return at_ == answers_.size(); }
  /// Packets that no command asked for.
  std::vector<Packet> loose() const { return packets_of(loose_); }
  const std::string& fault() const { return fault_; }

 private:
  void expect(Command number, std::uint8_t sequence);
  static runtime::Task<void> log_in(TestClient* self, net::Address address, ClientLogin client);
  static runtime::Task<void> connect_raw(TestClient* self, net::Address address);
  static runtime::Task<void> read(TestClient* self);
  void take(ByteView input);
  void send_file(const Answer& answer);

  runtime::EventLoop& loop_;
  upstream::mysql::ConnectionPtr connection_;
  std::unique_ptr<net::Stream> raw_;
  net::Stream* stream_ = nullptr;
  PeerSaid refusal_;
  proto::mysql::Capabilities capabilities_ = 0;
  bool connected_ = false;
  bool gone_ = false;
  bool reads_ = true;
  runtime::Signal reads_again_;
  bool left_ = false;
  proto::mysql::ReplyTracker tracker_;
  std::deque<Answer> answers_;
  std::size_t at_ = 0;  // the answer that is being read
  std::string loose_;
  std::string file_;
  std::string fault_;
  runtime::Scope scope_;
};

}  // namespace hf::service::mysql::testing
