#include "service/mysql/session_words_fake.h"

#include "policy/session/ledger.h"

namespace hf::service::mysql::testing {

ReplyReader::ReplyReader(wire::Capabilities capabilities, wire::Command command)
    : capabilities_(capabilities), command_(command) {
  if (command == wire::Command::kStmtFetch) begin_rows();
  if (wire::has_no_reply(command)) state_ = State::kDone;
}

std::string ReplyReader::error_words(ByteView payload) {
  const Result<wire::ErrPacket> err = wire::decode_err(payload);
  return err.ok() ? "error " + std::to_string(err->code) + " " + std::string(err->message) : "a broken error";
}

void ReplyReader::take(const std::string& payload) {
  const std::uint8_t head = byte_at(payload, 0);
  if (head == wire::kErrHeader) {
    if (state_ == State::kResponse && !words_.empty()) words_ += " | ";
    return end(error_words(payload), payload);
  }
  switch (state_) {
    case State::kResponse: return take_response(payload, head);
    case State::kSkipped:
      if (--skipped_ == 0) state_ = behind_skipped_;
      return;
    case State::kRows:
      if (head == wire::kEofHeader && payload.size() < wire::kMaxPiece) return end({}, payload);
      words_ += " " + value(payload);
      return;
    case State::kDone: words_ += " and a packet behind the end";
  }
}

void ReplyReader::take_response(const std::string& payload, std::uint8_t head) {
  if (!words_.empty()) words_ += " | ";
  const bool ok = head == wire::kOkHeader || head == wire::kEofHeader;
  if (ok && command_ == wire::Command::kStmtPrepare) {
    words_ += "prepared " + std::to_string(load_le(payload, 1, 4));
    return skip(definitions(load_le(payload, 5, 2)) + definitions(load_le(payload, 7, 2)), State::kDone);
  }
  if (ok) return end("ok", payload);
  if (head == wire::kLocalInfileHeader || command_ == wire::Command::kStatistics) {
    words_ += head == wire::kLocalInfileHeader ? "file " + payload.substr(1) : payload;
    state_ = State::kDone;
    return;
  }
  begin_rows();
  skip(definitions(head), State::kRows);
}

void ReplyReader::begin_rows() {
  words_ += "rows";
  state_ = State::kRows;
}

void ReplyReader::skip(std::size_t packets, State then) {
  skipped_ = packets;
  behind_skipped_ = then;
  state_ = packets > 0 ? State::kSkipped : then;
}

std::size_t ReplyReader::definitions(std::uint64_t columns) const {
  const bool eof = columns > 0 && !wire::has(capabilities_, wire::kClientDeprecateEof);
  return columns + (eof ? 1 : 0);
}

void ReplyReader::end(const std::string& what, const std::string& payload) {
  if (!what.empty() && !words_.empty() && !words_.ends_with(" ")) words_ += " ";
  words_ += what;
  last_ = payload;
  const bool more = !wire::is_err(payload) && wire::has(status_of(payload), wire::kStatusMoreResults);
  state_ = more ? State::kResponse : State::kDone;
}

wire::StatusFlags ReplyReader::status_of(const std::string& payload) const {
  if (wire::is_eof(payload) && !wire::has(capabilities_, wire::kClientDeprecateEof)) {
    return wire::decode_eof(payload, capabilities_)->status;
  }
  return wire::decode_ok(payload, capabilities_)->status;
}

std::string ReplyReader::value(const std::string& row) {
  if (row.size() > 250) return "(" + std::to_string(row.size()) + ")";
  return byte_at(row, 0) == 0xFB ? "NULL" : row.substr(1, byte_at(row, 0));
}

std::string changes(std::initializer_list<wire::SessionStateEntry> entries) {
  std::string state;
  for (const wire::SessionStateEntry& entry : entries) wire::append_session_change(state, entry);
  return state;
}

wire::SessionStateEntry variable(ByteView name, ByteView value) {
  return {wire::SessionChange::kSystemVariable, 0, name, value};
}

wire::SessionStateEntry schema(ByteView name) { return {wire::SessionChange::kSchema, 1, {}, name}; }

wire::SessionStateEntry something() { return {wire::SessionChange::kStateChange, 2, {}, "1"}; }

std::string shown(const Answer& answer) {
  ReplyReader reader(answer.capabilities, answer.command);
  std::string joined;
  for (const Packet& packet : answer.packets()) {
    joined += packet.payload;
    if (packet.payload.size() < wire::kMaxPiece) reader.take(std::exchange(joined, std::string()));
  }
  if (answer.complete) return reader.words();
  return reader.words().empty() ? "gone" : reader.words() + " gone";
}

std::string shown(const ResponderFake::Heard& heard) {
  std::string argument = heard.command.substr(1);
  const std::string tracking(policy::session::tracking_assignments());
  if (const std::size_t at = argument.find(tracking); at != std::string::npos) {
    argument.replace(at, tracking.size(), "tracking");
  }
  switch (static_cast<Command>(byte_at(heard.command, 0))) {
    case Command::kQuery: return argument;
    case Command::kInitDb: return "use " + argument;
    case Command::kResetConnection: return "reset";
    case Command::kQuit: return "quit";
    case Command::kStmtPrepare: return "prepare " + argument;
    case Command::kStmtExecute: return "execute " + std::to_string(load_le(argument, 0, 4));
    case Command::kStmtClose: return "close " + std::to_string(load_le(argument, 0, 4));
    default: return std::string(wire::to_string(static_cast<Command>(byte_at(heard.command, 0))));
  }
}

std::string shown(const ResponderFake& server) {
  std::string all;
  for (const ResponderFake::Heard& each : server.heard()) all += (all.empty() ? "" : " | ") + shown(each);
  return all;
}

std::size_t once(const Stage& stage) {
  const bool refused = stage.fault().code == 1290 || stage.fault().code == 1053;
  return refused ? 2 : 1;
}

std::string shown_now(ResponderFake& server) {
  std::string all = shown(server);
  server.forget_heard();
  return all;
}

}  // namespace hf::service::mysql::testing
