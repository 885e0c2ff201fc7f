#include "service/mysql/test_client_fake.h"

#include <algorithm>
#include <utility>

namespace hf::service::mysql::testing {

std::string command(Command number, ByteView argument) { return static_cast<char>(number) + std::string(argument); }

std::string query(ByteView text) { return command(Command::kQuery, text); }

std::string on_statement(Command number, std::uint32_t id, ByteView rest) {
  std::string payload(1, static_cast<char>(number));
  append_le(payload, id, 4);
  return payload += rest;
}

std::string execute(std::uint32_t id, std::uint8_t flags, ByteView parameters) {
  std::string rest(1, static_cast<char>(flags));
  append_le(rest, 1, 4);
  return on_statement(Command::kStmtExecute, id, rest += parameters);
}

std::vector<Packet> packets_of(ByteView bytes) {
  std::vector<Packet> packets;
  while (bytes.size() >= proto::mysql::kPacketHeader) {
    const proto::mysql::PacketHeader header = proto::mysql::load_packet_header(bytes);
    packets.push_back({header.sequence, std::string(bytes.substr(proto::mysql::kPacketHeader, header.length))});
    bytes.remove_prefix(std::min(bytes.size(), proto::mysql::kPacketHeader + header.length));
  }
  return packets;
}

std::uint16_t Answer::error_code() const {
  return failed() ? proto::mysql::decode_err(last()).value().code : std::uint16_t{0};
}

std::string Answer::message() const {
  return failed() ? std::string(proto::mysql::decode_err(last()).value().message) : std::string();
}

std::string Answer::last() const {
  const std::vector<Packet> all = packets();
  return all.empty() ? std::string() : all.back().payload;
}

proto::mysql::StatusFlags Answer::status() const {
  const std::string payload = last();
  const Result<proto::mysql::OkPacket> packet = proto::mysql::decode_ok(payload, capabilities);
  return ok() && packet.ok() ? packet->status : proto::mysql::StatusFlags{0};
}

void TestClient::start_login(net::Address address, ClientLogin login) {
  scope_.spawn("log in", log_in, this, address, std::move(login));
}

void TestClient::start_raw(net::Address address) { scope_.spawn("connect", connect_raw, this, address); }

TestClient::~TestClient() {
  leave();
  scope_.cancel();
  while (!scope_.empty()) loop_.turn(Deadline{TimePoint{0}});
}

void TestClient::send(ByteView payload) {
  const auto number = static_cast<Command>(byte_at(payload, 0));
  std::string packets;
  const std::uint8_t next = proto::mysql::append_packet(packets, 0, payload);
  if (!proto::mysql::has_no_reply(number)) expect(number, next);
  send_bytes(packets);
}

void TestClient::send_bytes(ByteView bytes) {
  if (stream_ != nullptr && !gone_) stream_->write(bytes);
}

void TestClient::leave() {
  if (stream_ != nullptr) stream_->abort({ErrorCode::kCancelled, "the client leaves"});
  gone_ = left_ = true;
}

void TestClient::set_reading(bool reads) {
  reads_ = reads;
  if (reads) reads_again_.notify_all();
}

void TestClient::expect(Command number, std::uint8_t sequence) {
  answers_.push_back({number, capabilities_, {}, false});
  if (at_ + 1 == answers_.size()) tracker_.start(number, capabilities_, sequence);
}

runtime::Task<void> TestClient::log_in(TestClient* self, net::Address address, ClientLogin client) {
  upstream::mysql::Login login;
  login.credentials.user = client.user;
  login.credentials.password = client.password;
  login.capabilities = client.capabilities;
  login.charset = client.charset;
  login.schema = client.schema;
  Result<upstream::mysql::ConnectionPtr> connected =
      co_await upstream::mysql::connect(self->loop_, address, login, self->loop_.deadline_in(20s));
  if (!connected.ok() || self->gone_) {
    if (!connected.ok() && connected.error().said != nullptr) self->refusal_ = *connected.error().said;
    self->gone_ = true;
    co_return;
  }
  self->connection_ = std::move(*connected);
  self->capabilities_ = self->connection_->capabilities;
  self->stream_ = self->connection_->stream.get();
  self->connected_ = true;
  co_await read(self);
}

runtime::Task<void> TestClient::connect_raw(TestClient* self, net::Address address) {
  Result<std::unique_ptr<net::Stream>> connected =
      co_await net::connect(self->loop_, address, {}, self->loop_.deadline_in(20s));
  if (!connected.ok() || self->gone_) {
    self->gone_ = true;
    co_return;
  }
  self->raw_ = std::move(*connected);
  self->stream_ = self->raw_.get();
  self->connected_ = true;
  co_await read(self);
}

runtime::Task<void> TestClient::read(TestClient* self) {
  for (;;) {
    while (!self->reads_) {
      const Result<void> waited = co_await self->reads_again_.wait(Deadline::never());
      if (!waited.ok()) self->reads_ = true;
    }
    const Result<ByteView> bytes = co_await self->stream_->recv(Deadline::never());
    if (!bytes.ok() || bytes->empty()) break;
    self->take(*bytes);
  }
  self->gone_ = true;
}

void TestClient::take(ByteView input) {
  while (!input.empty()) {
    if (answered()) {
      loose_ += input;
      return;
    }
    Answer& answer = answers_[at_];
    Result<proto::mysql::ReplyTracker::Step> step = tracker_.next(input);
    if (!step.ok()) {
      fault_ = step.error().context;
      stream_->abort(step.error());
      return;
    }
    answer.bytes += input.substr(0, step->consumed);
    input.remove_prefix(step->consumed);
    if (tracker_.wants_local_infile()) send_file(answer);
    if (!tracker_.done()) continue;
    answer.complete = true;
    if (++at_ < answers_.size()) tracker_.start(answers_[at_].command, capabilities_);
  }
}

void TestClient::send_file(const Answer& answer) {
  auto sequence = static_cast<std::uint8_t>(answer.packets().back().sequence + 1);
  std::string packets;
  if (!file_.empty()) sequence = proto::mysql::append_packet(packets, sequence, file_);
  sequence = proto::mysql::append_packet(packets, sequence, {});
  send_bytes(packets);
  tracker_.resume_after_local_infile(sequence);
}

}  // namespace hf::service::mysql::testing
