// MysqlServerFake: a server for tests that plays a script to every connection it accepts: expect a packet, send bytes, close, hang.
// It understands nothing; the test writes the bytes and looks at what came in.
//
// Owner: the test. Thread: that of its loop.
// Invariants: 1. Listens on a free port of the loopback. 2. A connection whose script is over stays open until the client closes it.
// 3. The destructor ends all connections.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "net/listener.h"
#include "proto/mysql/handshake.h"
#include "proto/mysql/packet.h"
#include "proto/mysql/response.h"
#include "runtime/scope.h"
#include "runtime/signal.h"

namespace hf::upstream {

struct ServerStep {
  enum class Kind : std::uint8_t { kSend,
                                   kExpect,
                                   kClose,
                                   kHang };
  Kind kind = Kind::kHang;
  std::string bytes{};
};
using ServerScript = std::vector<ServerStep>;

inline ServerStep send_step(std::string bytes) { return {ServerStep::Kind::kSend, std::move(bytes)}; }
inline ServerStep packet_step(std::uint8_t sequence, ByteView payload) {
  std::string packet;
  proto::mysql::append_packet(packet, sequence, payload);
  return send_step(std::move(packet));
}
inline ServerStep expect_step() { return {ServerStep::Kind::kExpect}; }
inline ServerStep close_step() { return {ServerStep::Kind::kClose}; }
inline ServerStep hang_step() { return {ServerStep::Kind::kHang}; }

inline constexpr proto::mysql::Capabilities kFakeCapabilities =
    proto::mysql::kClientLongFlag | proto::mysql::kClientConnectWithDb | proto::mysql::kClientProtocol41 |
    proto::mysql::kClientTransactions | proto::mysql::kClientSecureConnection | proto::mysql::kClientMultiResults |
    proto::mysql::kClientPluginAuth | proto::mysql::kClientConnectAttrs | proto::mysql::kClientPluginAuthLenencData |
    proto::mysql::kClientSessionTrack | proto::mysql::kClientDeprecateEof | proto::mysql::kClientSsl |
    proto::mysql::kClientCompress;

inline proto::mysql::Greeting fake_greeting() {
  proto::mysql::Greeting greeting;
  greeting.server_version = "5.5.5-10.11.6-MariaDB";
  greeting.connection_id = 77;
  greeting.nonce = "abcdefghijklmnopqrst";
  greeting.capabilities = kFakeCapabilities;
  greeting.charset = 45;
  greeting.auth_plugin = std::string(proto::mysql::kNativePasswordPlugin);
  return greeting;
}

inline ServerStep ok_step(std::uint8_t sequence) {
  return packet_step(sequence, proto::mysql::encode_ok({.status = proto::mysql::kStatusAutocommit}, kFakeCapabilities));
}

/// Greets, takes any login, says OK.
inline ServerScript login_script() {
  return {packet_step(0, proto::mysql::encode_greeting(fake_greeting())), expect_step(), ok_step(2)};
}

class MysqlServerFake {
 public:
  MysqlServerFake(runtime::EventLoop& loop, ServerScript script) : loop_(loop), script_(std::move(script)), scope_(loop) {
    const int fd = net::Listener::bind(net::Address::from_ip("127.0.0.1", 0).value(), net::PortSharing::kExclusive).value();
    address_ = net::Address::local_of(fd).value();
    listener_ = std::make_unique<net::Listener>(loop, fd, net::SocketOptions{});
    scope_.spawn("fake accept", accept, this);
  }
  MysqlServerFake(const MysqlServerFake&) = delete;
  MysqlServerFake& operator=(const MysqlServerFake&) = delete;
  ~MysqlServerFake() {
    listener_->close();
    scope_.cancel();
    while (!scope_.empty()) loop_.turn(Deadline{TimePoint{0}});
  }

  const net::Address& address() const { return address_; }
  /// Bytes go out in pieces of this, one per turn; 0: each step at once.
  void set_piece(std::size_t piece) { piece_ = piece; }
  /// Payloads of what clients sent to expect steps, in the order of arrival.
  const std::vector<std::string>& received() const { return received_; }
  std::size_t accepted() const { return accepted_; }
  std::size_t open() const { return open_; }
  /// Steps begun, over all connections.
  std::size_t steps_begun() const { return steps_begun_; }
  /// The server dies: all connections are closed.
  void cut() {
    for (net::Stream* stream : streams_) stream->abort({ErrorCode::kReset, "the fake was cut"});
  }

 private:
  static runtime::Task<void> accept(MysqlServerFake* self) {
    for (;;) {
      Result<net::Accepted> accepted = co_await self->listener_->accept();
      if (!accepted.ok()) co_return;
      ++self->accepted_;
      self->scope_.spawn("fake connection", serve, self, std::move(*accepted));
    }
  }

  static runtime::Task<void> serve(MysqlServerFake* self, net::Accepted accepted) {
    net::Stream* stream = accepted.stream.get();
    ++self->open_;
    self->streams_.push_back(stream);
    co_await play(self, stream);
    std::erase(self->streams_, stream);
    --self->open_;
  }

  static runtime::Task<void> play(MysqlServerFake* self, net::Stream* stream) {
    std::string input;
    for (std::size_t i = 0; i < self->script_.size(); ++i) {
      const ServerStep& step = self->script_[i];
      ++self->steps_begun_;
      if (step.kind == ServerStep::Kind::kClose) co_return;
      if (step.kind == ServerStep::Kind::kHang) break;
      if (step.kind == ServerStep::Kind::kSend) {
        const bool sent = co_await send(self, stream, &step.bytes);
        if (!sent) co_return;
        continue;
      }
      while (input.size() < proto::mysql::kPacketHeader || input.size() < packet_size(input)) {
        Result<ByteView> bytes = co_await stream->recv(Deadline::never());
        if (!bytes.ok() || bytes->empty()) co_return;
        input.append(*bytes);
      }
      self->received_.push_back(input.substr(proto::mysql::kPacketHeader, packet_size(input) - proto::mysql::kPacketHeader));
      input.erase(0, packet_size(input));
    }
    for (;;) {
      Result<ByteView> bytes = co_await stream->recv(Deadline::never());
      if (!bytes.ok() || bytes->empty()) co_return;
    }
  }

  static runtime::Task<bool> send(MysqlServerFake* self, net::Stream* stream, const std::string* bytes) {
    if (self->piece_ == 0) {
      stream->write(*bytes);
      co_return !stream->broken();
    }
    for (std::size_t at = 0; at < bytes->size(); at += self->piece_) {
      stream->write(ByteView(*bytes).substr(at, self->piece_));
      const Result<void> next_turn = co_await runtime::sleep_until(Deadline{self->loop_.now()});
      if (!next_turn.ok() || stream->broken()) co_return false;
    }
    co_return true;
  }

  static std::size_t packet_size(ByteView input) {
    return proto::mysql::kPacketHeader + proto::mysql::load_packet_header(input).length;
  }

  runtime::EventLoop& loop_;
  ServerScript script_;
  net::Address address_;
  std::unique_ptr<net::Listener> listener_;
  std::size_t piece_ = 0;
  std::vector<std::string> received_;
  std::vector<net::Stream*> streams_;
  std::size_t accepted_ = 0;
  std::size_t open_ = 0;
  std::size_t steps_begun_ = 0;
  runtime::Scope scope_;
};

}  // namespace hf::upstream
