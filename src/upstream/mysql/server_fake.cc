#include "upstream/mysql/server_fake.h"

namespace hf::upstream::mysql {

ServerStep send_step(std::string bytes) { return {ServerStep::Kind::kSend, std::move(bytes)}; }

ServerStep packet_step(std::uint8_t sequence, ByteView payload) {
  std::string packet;
  proto::mysql::append_packet(packet, sequence, payload);
  return send_step(std::move(packet));
}

ServerStep expect_step() { return {ServerStep::Kind::kExpect}; }

ServerStep close_step() { return {ServerStep::Kind::kClose}; }

ServerStep hang_step() { return {ServerStep::Kind::kHang}; }

proto::mysql::Greeting fake_greeting() {
  proto::mysql::Greeting greeting;
  greeting.server_version = "5.5.5-10.11.6-MariaDB";
  greeting.connection_id = 77;
  greeting.nonce = "abcdefghijklmnopqrst";
  greeting.capabilities = kFakeCapabilities;
  greeting.charset = 45;
  greeting.auth_plugin = std::string(proto::mysql::kNativePasswordPlugin);
  return greeting;
}

ServerStep ok_step(std::uint8_t sequence) {
  return packet_step(sequence, proto::mysql::encode_ok({.status = proto::mysql::kStatusAutocommit}, kFakeCapabilities));
}

ServerScript login_script() {
  return {packet_step(0, proto::mysql::encode_greeting(fake_greeting())), expect_step(), ok_step(2)};
}

ServerFake::ServerFake(runtime::EventLoop& loop, ServerScript script)
    : loop_(loop), script_(std::move(script)), scope_(loop) {
  const int fd =
      net::Listener::bind(net::Address::from_ip("127.0.0.1", 0).value(), net::PortSharing::kExclusive).value();
  address_ = net::Address::local_of(fd).value();
  listener_ = std::make_unique<net::Listener>(loop, fd, net::SocketOptions{});
  scope_.spawn("fake accept", accept, this);
}

ServerFake::~ServerFake() {
  listener_->close();
  scope_.cancel();
  while (!scope_.empty()) loop_.turn(Deadline{TimePoint{0}});
}

void ServerFake::cut() {
  for (net::Stream* stream : streams_) stream->abort({ErrorCode::kReset, "the fake was cut"});
}

runtime::Task<void> ServerFake::accept(ServerFake* self) {
  for (;;) {
    Result<net::Accepted> accepted = co_await self->listener_->accept();
    if (!accepted.ok()) co_return;
    ++self->accepted_;
    self->scope_.spawn("fake connection", serve, self, std::move(*accepted));
  }
}

runtime::Task<void> ServerFake::serve(ServerFake* self, net::Accepted accepted) {
  net::Stream* stream = accepted.stream.get();
  ++self->open_;
  self->streams_.push_back(stream);
  co_await play(self, stream);
  std::erase(self->streams_, stream);
  --self->open_;
}

runtime::Task<void> ServerFake::play(ServerFake* self, net::Stream* stream) {
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
    self->received_.push_back(
        input.substr(proto::mysql::kPacketHeader, packet_size(input) - proto::mysql::kPacketHeader));
    input.erase(0, packet_size(input));
  }
  for (;;) {
    Result<ByteView> bytes = co_await stream->recv(Deadline::never());
    if (!bytes.ok() || bytes->empty()) co_return;
  }
}

runtime::Task<bool> ServerFake::send(ServerFake* self, net::Stream* stream, const std::string* bytes) {
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

std::size_t ServerFake::packet_size(ByteView input) {
  return proto::mysql::kPacketHeader + proto::mysql::load_packet_header(input).length;
}

}  // namespace hf::upstream::mysql
