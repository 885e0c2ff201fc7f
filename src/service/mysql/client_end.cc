#include "service/mysql/client_end.h"

#include "proto/mysql/response.h"
#include "proto/mysql/session_state.h"

namespace hf::service::mysql {

namespace wire = proto::mysql;
using runtime::Task;

namespace {
constexpr std::size_t kLargestLogin = 64 * 1024;
constexpr std::size_t kSmall = 64;  // capacity of a string that is not worth lending on
}  // namespace

ClientEnd::ClientEnd(ServiceShard& service, net::Accepted&& accepted)
    : service_(service),
      stream_(std::move(accepted.stream)),
      host_(accepted.peer.host()),
      port_(accepted.peer.port()),
      packets_(kLargestLogin) {}

std::string ClientEnd::name() const {
  if (port_ == 0) return host_;
  const bool brackets = host_.find(':') != std::string::npos;
  return (brackets ? "[" + host_ + "]" : host_) + ":" + std::to_string(port_);
}

/// Whether a whole packet was in `bytes`.
Result<bool> ClientEnd::take_packet(ByteView bytes, std::size_t* consumed) {
  Result<wire::PacketAssembler::Step> step = packets_.next(bytes);
  if (!step.ok()) {
    sequence_ = packets_.expected_sequence();
    return std::move(step).error();
  }
  *consumed = step->consumed;
  sequence_ = static_cast<std::uint8_t>(step->sequence + 1);
  if (!step->payload) return false;
  reply_sequence_ = sequence_;
  if (std::optional<std::string> large = packets_.take_large()) {
    request_ = std::move(*large);
    return true;
  }
  if (request_.capacity() < kSmall) request_ = service_.loop().take_buffer();
  request_.assign(*step->payload);
  return true;
}

Task<Result<void>> ClientEnd::read_packet(std::uint8_t sequence, Deadline deadline) {
  if (!packets_.in_packet()) packets_.expect_sequence(sequence);
  for (;;) {
    std::size_t consumed = 0;
    if (inbox_at_ < inbox_.size()) {
      Result<bool> whole = take_packet(ByteView(inbox_).substr(inbox_at_), &consumed);
      HF_CO_RETURN_IF_ERROR(whole);
      inbox_at_ += consumed;
      if (inbox_at_ == inbox_.size()) {
        inbox_ = std::string();
        inbox_at_ = 0;
      }
      if (*whole) co_return Result<void>{};
    }
    Result<ByteView> bytes = co_await stream_->recv(deadline);
    HF_CO_RETURN_IF_ERROR(bytes);
    if (bytes->empty()) co_return Error{ErrorCode::kClosed, "the client closed the connection"};
    service_.counters().bytes_from_clients.add(bytes->size());
    Result<bool> whole = take_packet(*bytes, &consumed);
    HF_CO_RETURN_IF_ERROR(whole);
    if (consumed < bytes->size()) put_back(bytes->substr(consumed));
    if (*whole) co_return Result<void>{};
  }
}

void ClientEnd::drop_request() {
  if (request_.capacity() > kSmall) service_.loop().give_buffer(std::move(request_));
  request_ = std::string();
}

std::string ClientEnd::take_inbox() {
  std::string taken = inbox_.substr(inbox_at_);
  inbox_ = std::string();
  inbox_at_ = 0;
  return taken;
}

void ClientEnd::put_back(ByteView bytes) {
  inbox_.assign(bytes);
  inbox_at_ = 0;
}

void ClientEnd::write(ByteView bytes) {
  stream_->write(bytes);
  service_.counters().bytes_to_clients.add(bytes.size());
}

void ClientEnd::send_payload(ByteView payload) {
  std::string packet;
  sequence_ = wire::append_packet(packet, sequence_, payload);
  write(packet);
}

void ClientEnd::send_error(const wire::ErrorReply& error) {
  send_payload(error.encode(capabilities_));
  error_ = std::make_unique<wire::ErrorReply>(error);
}

void ClientEnd::send_ok(wire::StatusFlags status) { send_ok(status, {}, {}); }

void ClientEnd::send_ok(wire::StatusFlags status, ByteView schema, const policy::session::TrackingWish& wish) {
  wire::OkPacket ok;
  ok.status = status;
  std::string session_state;
  if (!schema.empty() && has(wire::kClientSessionTrack)) {
    if (wish.schema) wire::append_session_change(session_state, {wire::SessionChange::kSchema, 1, {}, schema});
    if (wish.state_change) wire::append_session_change(session_state, {wire::SessionChange::kStateChange, 1, {}, "1"});
    ok.session_state = session_state;
    if (!session_state.empty()) ok.status |= wire::kStatusSessionStateChanged;
  }
  send_payload(wire::encode_ok(ok, capabilities_));
}

Task<bool> ClientEnd::room() {
  if (stream_->queued() <= kQueueLimit) co_return !broken();
  const Result<void> drained = co_await stream_->drained(kQueueLow, service_.loop().deadline_in(kWritePatience));
  co_return drained.ok();
}

}  // namespace hf::service::mysql
