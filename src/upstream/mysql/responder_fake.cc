#include "upstream/mysql/responder_fake.h"

namespace hf::upstream::mysql {

namespace reply {

proto::mysql::testing::ReplyWriter writer(const ServerTurn& turn) {
  return proto::mysql::testing::ReplyWriter(turn.capabilities);
}

ServerReply ok(proto::mysql::OkPacket packet, std::string session_state) {
  return [packet, session_state = std::move(session_state)](const ServerTurn& turn) {
    proto::mysql::OkPacket ok = packet;
    ok.status |= turn.status;
    ok.session_state = session_state;
    if (!session_state.empty()) ok.status |= proto::mysql::kStatusSessionStateChanged;
    return writer(turn).raw(proto::mysql::encode_ok(ok, turn.capabilities)).bytes();
  };
}

ServerReply error(std::uint16_t code, std::string message) {
  return
      [code, message = std::move(message)](const ServerTurn& turn) { return writer(turn).err(code, message).bytes(); };
}

ServerReply bytes(std::string packets) {
  return [packets = std::move(packets)](const ServerTurn& /*turn*/) { return packets; };
}

ServerReply silence() { return bytes({}); }

ServerReply rows(std::vector<Row> rows, std::uint16_t warnings, proto::mysql::StatusFlags extra) {
  return [rows = std::move(rows), warnings, extra](const ServerTurn& turn) {
    const std::size_t columns = rows.empty() ? 1 : rows[0].size();
    const auto status = static_cast<proto::mysql::StatusFlags>(turn.status | extra);
    proto::mysql::testing::ReplyWriter out = writer(turn);
    out.column_count(columns).definitions(columns).definitions_eof(status);
    for (const Row& row : rows) {
      std::string payload;
      for (const std::optional<std::string>& value : row) {
        if (value) {
          proto::mysql::append_lenenc_string(payload, *value);
        } else {
          payload.push_back('\xFB');
        }
      }
      out.raw(payload);
    }
    return out.end(status, warnings).bytes();
  };
}

}  // namespace reply

ResponderFake::ResponderFake(runtime::EventLoop& loop, proto::mysql::Capabilities capabilities, ServerFault* fault)
    : loop_(loop), capabilities_(capabilities), fault_(fault), reads_again_(loop), scope_(loop) {
  const int fd =
      net::Listener::bind(net::Address::from_ip("127.0.0.1", 0).value(), net::PortSharing::kExclusive).value();
  address_ = net::Address::local_of(fd).value();
  listener_ = std::make_unique<net::Listener>(loop, fd, net::SocketOptions{});
  scope_.spawn("responder accept", accept, this);
}

ResponderFake::~ResponderFake() {
  stop();
  while (!scope_.empty()) loop_.turn(Deadline{TimePoint{0}});
}

void ResponderFake::on_command(proto::mysql::Command command, ServerReply reply, std::size_t times) {
  on_payload(std::string(1, static_cast<char>(command)), std::move(reply), times);
}

std::vector<std::string> ResponderFake::texts() const {
  std::vector<std::string> all;
  for (const Heard& each : heard_) {
    if (each.command[0] == '\x03') all.push_back(each.command.substr(1));
  }
  return all;
}

std::size_t ResponderFake::count(std::string_view part) const {
  return static_cast<std::size_t>(std::count_if(
      heard_.begin(), heard_.end(), [&](const Heard& each) { return each.command.find(part) != std::string::npos; }));
}

void ResponderFake::cut() {
  cut_if([](const Connection&) { return true; });
}

void ResponderFake::cut_thread(std::uint32_t id) {
  cut_if([id](const Connection& each) { return each.thread_id == id; });
}

void ResponderFake::stop() {
  listener_->close();
  scope_.cancel();
}

void ResponderFake::say(ByteView bytes) {
  for (const Connection* each : connections_) each->stream->write(bytes);
}

void ResponderFake::say_to(std::uint32_t thread_id, ByteView bytes) {
  for (const Connection* each : connections_) {
    if (each->thread_id == thread_id) each->stream->write(bytes);
  }
}

runtime::Task<void> ResponderFake::accept(ResponderFake* self) {
  for (;;) {
    Result<net::Accepted> accepted = co_await self->listener_->accept();
    if (!accepted.ok()) co_return;
    self->scope_.spawn("responder connection", serve, self, std::move(*accepted));
  }
}

runtime::Task<void> ResponderFake::serve(ResponderFake* self, net::Accepted accepted) {
  Connection connection;
  connection.stream = accepted.stream.get();
  connection.thread_id = kFirstThread + static_cast<std::uint32_t>(++self->accepted_);
  self->connections_.push_back(&connection);
  co_await talk(self, &connection);
  std::erase(self->connections_, &connection);
}

runtime::Task<void> ResponderFake::talk(ResponderFake* self, Connection* connection) {
  proto::mysql::Greeting greeting = fake_greeting();
  greeting.connection_id = connection->thread_id;
  greeting.capabilities = self->capabilities_;
  const bool greeted =
      self->say(*connection, proto::mysql::testing::packet(0, proto::mysql::encode_greeting(greeting)));
  if (!greeted) co_return;
  std::optional<std::string> payload = co_await read(self, connection);
  if (!payload) co_return;
  const Result<proto::mysql::HandshakeResponse> response = proto::mysql::decode_handshake_response(*payload);
  if (!response.ok()) co_return;
  self->logins_.push_back(*payload);
  connection->capabilities = response->capabilities & self->capabilities_;
  if (self->login_turns_.empty()) {
    const bool let_in = self->say(*connection, self->login_answer_ ? *self->login_answer_ : ok_packet(2));
    if (!let_in || self->login_answer_) co_return;
  } else {
    const bool let_in = co_await take_turns(self, connection);
    if (!let_in) co_return;
  }
  for (;;) {
    payload = co_await read(self, connection);
    if (!payload || payload->empty()) co_return;
    self->heard_.push_back({connection->thread_id, *payload});
    const auto command = static_cast<proto::mysql::Command>(byte_at(*payload, 0));
    if (command == proto::mysql::Command::kQuit) co_return;
    if (proto::mysql::has_no_reply(command)) continue;
    const std::string answer = self->answer(*connection, *payload);
    if (self->piece_ > 0) {
      co_await say_in_pieces(self, connection, &answer);
      continue;
    }
    const bool said = self->say(*connection, answer);
    if (!said) co_return;
    const bool wants_file = !connection->struck && answer.size() > proto::mysql::kPacketHeader &&
                            byte_at(answer, proto::mysql::kPacketHeader) == proto::mysql::kLocalInfileHeader;
    if (!wants_file) continue;
    for (payload = co_await read(self, connection); payload && !payload->empty();
         payload = co_await read(self, connection)) {
      self->files_ += *payload;
    }
    if (!payload) co_return;
    const bool thanked = self->say(*connection, ok_packet(static_cast<std::uint8_t>(connection->sequence + 1)));
    if (!thanked) co_return;
  }
}

runtime::Task<std::optional<std::string>> ResponderFake::read(ResponderFake* self, Connection* connection) {
  proto::mysql::PacketAssembler packets(std::size_t{64} << 20);
  std::string& input = connection->input;
  bool first = true;
  for (;;) {
    if (input.size() >= proto::mysql::kPacketHeader || !first) {
      if (first) packets.expect_sequence(byte_at(input, 3));
      first = false;
      Result<proto::mysql::PacketAssembler::Step> step = packets.next(input);
      if (!step.ok()) co_return std::nullopt;
      std::optional<std::string> payload;
      if (step->payload) payload = std::string(*step->payload);
      connection->sequence = step->sequence;
      input.erase(0, step->consumed);
      if (payload) co_return payload;
    }
    while (!self->reads_) {
      const Result<void> told = co_await self->reads_again_.wait(Deadline::never());
      if (!told.ok()) co_return std::nullopt;
    }
    Result<ByteView> bytes = co_await connection->stream->recv(Deadline::never());
    if (!bytes.ok() || bytes->empty()) co_return std::nullopt;
    input.append(*bytes);
  }
}

runtime::Task<bool> ResponderFake::take_turns(ResponderFake* self, Connection* connection) {
  const std::vector<std::string> turns = self->login_turns_;
  for (std::size_t i = 0; i < turns.size(); ++i) {
    const auto sequence = static_cast<std::uint8_t>(connection->sequence + 1);
    const bool said = self->say(*connection, proto::mysql::testing::packet(sequence, turns[i]));
    if (!said || i + 1 == turns.size()) co_return said && !proto::mysql::is_err(turns[i]);
    std::optional<std::string> answer = co_await read(self, connection);
    if (!answer) co_return false;
    self->logins_.push_back(std::move(*answer));
  }
  co_return false;
}

runtime::Task<void> ResponderFake::say_in_pieces(ResponderFake* self, Connection* connection,
                                                 const std::string* bytes) {
  for (std::size_t at = 0; at < bytes->size(); at += self->piece_) {
    connection->stream->write(ByteView(*bytes).substr(at, self->piece_));
    const Result<void> next_turn = co_await runtime::sleep_until(Deadline{self->loop_.now()});
    if (!next_turn.ok()) co_return;
  }
}

std::string ResponderFake::ok_packet(std::uint8_t sequence) {
  return proto::mysql::testing::packet(
      sequence, proto::mysql::encode_ok({.status = proto::mysql::kStatusAutocommit}, kFakeCapabilities));
}

std::string ResponderFake::answer(Connection& connection, ByteView payload) {
  follow_transaction(connection, payload);
  const ServerTurn turn{connection.capabilities, connection.status, connection.thread_id, payload};
  for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule) {
    if (rule->times == 0 || !payload.starts_with(rule->begins)) continue;
    --rule->times;
    return rule->reply(turn);
  }
  proto::mysql::testing::ReplyWriter out(turn.capabilities, static_cast<std::uint8_t>(connection.sequence + 1));
  switch (static_cast<proto::mysql::Command>(byte_at(payload, 0))) {
    case proto::mysql::Command::kStmtPrepare: {
      const auto parameters = static_cast<std::uint16_t>(std::count(payload.begin(), payload.end(), '?'));
      return out.prepare_ok(++connection.prepared, payload.substr(1).starts_with("SELECT") ? 1 : 0, parameters).bytes();
    }
    case proto::mysql::Command::kSetOption: return out.end(turn.status).bytes();
    case proto::mysql::Command::kStatistics: return out.raw("Uptime: 1").bytes();
    default:
      if (payload.starts_with("\x03KILL CONNECTION ")) {
        cut_thread(static_cast<std::uint32_t>(std::stoul(std::string(payload.substr(17)))));
      }
      return out.ok(turn.status).bytes();
  }
}

void ResponderFake::follow_transaction(Connection& connection, ByteView payload) {
  const ByteView text = payload.substr(1);
  const bool begins = text.starts_with("BEGIN") && text.find("NOT ATOMIC") == ByteView::npos;
  if (begins || text.starts_with("START TRANSACTION")) connection.status |= proto::mysql::kStatusInTransaction;
  if (text.starts_with("START TRANSACTION READ ONLY")) connection.status |= proto::mysql::kStatusInTransactionReadOnly;
  const bool resets = byte_at(payload, 0) == static_cast<std::uint8_t>(proto::mysql::Command::kResetConnection);
  if (resets || text.starts_with("COMMIT") || text.starts_with("ROLLBACK")) {
    connection.status &= static_cast<proto::mysql::StatusFlags>(
        ~(proto::mysql::kStatusInTransaction | proto::mysql::kStatusInTransactionReadOnly));
  }
}

bool ResponderFake::say(Connection& connection, const std::string& packets) {
  net::Stream& stream = *connection.stream;
  connection.struck = fault_ != nullptr && fault_->strikes();
  if (!connection.struck) {
    stream.write(packets);
    return !stream.broken();
  }
  const std::uint8_t sequence = packets.empty() ? 1 : byte_at(packets, 3);
  switch (fault_->kind) {
    case ServerFault::Kind::kError:
      stream.write(proto::mysql::testing::packet(
          sequence, proto::mysql::encode_err({fault_->code, "HY000", fault_->message}, kFakeCapabilities)));
      return sequence != 0 && sequence != 2;  // a refused login is the end
    case ServerFault::Kind::kGarbage:
      stream.write(proto::mysql::testing::packet(static_cast<std::uint8_t>(sequence + 7), "\x07garbage"));
      return true;
    case ServerFault::Kind::kTruncated: stream.write(ByteView(packets).substr(0, packets.size() / 2)); return false;
    case ServerFault::Kind::kNone:
    case ServerFault::Kind::kClose: break;
  }
  return false;
}

}  // namespace hf::upstream::mysql
