// ClientEnd: packets from and to one client.
//
// Owner: the session. Thread: the shard's.
// Invariants:
//   1. Bytes of the next command wait in `inbox`; they are taken off by offset, not moved for each packet.
//   2. `request` is the payload of the command at hand, command byte first; it is good until the next read.
//   3. What we write ourselves is bounded: room() waits while more than kQueueLimit is unsent.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "net/listener.h"
#include "policy/session/facts.h"
#include "proto/mysql/capabilities.h"
#include "proto/mysql/error_code.h"
#include "proto/mysql/packet.h"
#include "runtime/task.h"
#include "service/service_shard.h"

namespace hf::service::mysql {

inline constexpr std::size_t kQueueLimit = 256 * 1024;  // unsent bytes to one end, beyond which its source is not read
inline constexpr std::size_t kQueueLow = 64 * 1024;
inline constexpr Nanos kWritePatience = 60s;  // MariaDB's net_write_timeout

class ClientEnd {
 public:
  ClientEnd(ServiceShard& service, net::Accepted&& accepted);
  ClientEnd(const ClientEnd&) = delete;
  ClientEnd& operator=(const ClientEnd&) = delete;

  net::Stream& stream() { return *stream_; }
  const net::Stream& stream() const { return *stream_; }
  const std::string& host() const { return host_; }
  /// With the port, where there is one.
  std::string name() const;
  bool broken() const { return stream_->broken(); }

  /// The next packet, into request(). Errors: kTimeout, kOverload (too large), kProtocol (out of order), those of the
  /// stream.
  runtime::Task<Result<void>> read_packet(std::uint8_t sequence, Deadline deadline);
  const std::string& request() const { return request_; }
  ByteView argument() const { return ByteView(request_).substr(request_.empty() ? 0 : 1); }
  /// The command at hand is done with.
  void drop_request();
  /// Nothing of a next command has arrived.
  bool quiet() const { return inbox_.size() == inbox_at_ && !packets_.in_packet(); }
  bool in_packet() const { return packets_.in_packet(); }
  void limit_packets(std::size_t most) { packets_.set_max_packet(most); }
  /// Unread bytes, for whoever takes the connection over.
  std::string take_inbox();
  void put_back(ByteView bytes);

  /// Changes of the session that the client asked to hear of and that its next OK will tell.
  std::string& untold_changes() { return untold_changes_; }

  void write(ByteView bytes);
  void send_payload(ByteView payload);
  void send_error(const proto::mysql::ErrorReply& error);
  /// The latest error of send_error(), once; null: none. No server connection knows of it.
  std::unique_ptr<proto::mysql::ErrorReply> take_error() { return std::move(error_); }
  void send_ok(proto::mysql::StatusFlags status);
  /// The end of a login into a schema, told as far as `wish` goes.
  void send_ok(proto::mysql::StatusFlags status, ByteView schema, const policy::session::TrackingWish& wish);
  /// Nothing to wait for: room() would say yes at once.
  bool has_room() const { return stream_->queued() <= kQueueLimit && !broken(); }
  /// Waits until the client has taken enough. False: it has not, or is gone.
  runtime::Task<bool> room();

  std::uint8_t sequence() const { return sequence_; }
  void set_sequence(std::uint8_t sequence) { sequence_ = sequence; }
  /// The next packet of our own is the first of the reply to the request at hand.
  void begin_reply() { sequence_ = reply_sequence_; }
  proto::mysql::Capabilities capabilities() const { return capabilities_; }
  void set_capabilities(proto::mysql::Capabilities capabilities) { capabilities_ = capabilities; }
  bool has(proto::mysql::Capabilities capability) const { return proto::mysql::has(capabilities_, capability); }

 private:
  Result<bool> take_packet(ByteView bytes, std::size_t* consumed);

  ServiceShard& service_;
  std::unique_ptr<net::Stream> stream_;
  std::string host_;
  std::uint16_t port_ = 0;  // 0: a Unix socket
  proto::mysql::PacketAssembler packets_;
  std::string inbox_;
  std::size_t inbox_at_ = 0;
  std::string request_;
  std::uint8_t sequence_ = 0;  // of the next packet to the client, for packets of our own
  std::uint8_t reply_sequence_ = 0;
  std::string untold_changes_;
  std::unique_ptr<proto::mysql::ErrorReply> error_;
  proto::mysql::Capabilities capabilities_ = 0;
};

}  // namespace hf::service::mysql
