// ServerFake: a server for tests that plays a script to every connection it accepts: expect a packet, send bytes,
// close, hang. It understands nothing; the test writes the bytes and looks at what came in.
//
// Owner: the test. Thread: that of its loop.
// Invariants: 1. Listens on a free port of the loopback. 2. A connection whose script is over stays open until the
// client closes it.
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

namespace hf::upstream::mysql {

struct ServerStep {
  enum class Kind : std::uint8_t { kSend, kExpect, kClose, kHang };
  Kind kind = Kind::kHang;
  std::string bytes{};
};
using ServerScript = std::vector<ServerStep>;

ServerStep send_step(std::string bytes);
ServerStep packet_step(std::uint8_t sequence, ByteView payload);
ServerStep expect_step();
ServerStep close_step();
ServerStep hang_step();

inline constexpr proto::mysql::Capabilities kFakeCapabilities =
    proto::mysql::kClientLongFlag | proto::mysql::kClientConnectWithDb | proto::mysql::kClientProtocol41 |
    proto::mysql::kClientTransactions | proto::mysql::kClientSecureConnection | proto::mysql::kClientMultiResults |
    proto::mysql::kClientPluginAuth | proto::mysql::kClientConnectAttrs | proto::mysql::kClientPluginAuthLenencData |
    proto::mysql::kClientSessionTrack | proto::mysql::kClientDeprecateEof | proto::mysql::kClientSsl |
    proto::mysql::kClientCompress;

proto::mysql::Greeting fake_greeting();

ServerStep ok_step(std::uint8_t sequence);

/// Greets, takes any login, says OK.
ServerScript login_script();

class ServerFake {
 public:
  ServerFake(runtime::EventLoop& loop, ServerScript script);
  ServerFake(const ServerFake&) = delete;
  ServerFake& operator=(const ServerFake&) = delete;
  ~ServerFake();

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
  void cut();

 private:
  static runtime::Task<void> accept(ServerFake* self);
  static runtime::Task<void> serve(ServerFake* self, net::Accepted accepted);
  static runtime::Task<void> play(ServerFake* self, net::Stream* stream);
  static runtime::Task<bool> send(ServerFake* self, net::Stream* stream, const std::string* bytes);
  static std::size_t packet_size(ByteView input);

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

}  // namespace hf::upstream::mysql
