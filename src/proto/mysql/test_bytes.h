// For tests and fuzzers of this folder: bytes from hex digits, packets from payloads, and replies as a server would
// write them.
//
// Owner: the test. Thread: any.
// Invariants:
//   1. ReplyWriter numbers its packets as the protocol asks, from 1, across all results of a reply.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/random.h"
#include "proto/mysql/packet.h"
#include "proto/mysql/response.h"

namespace hf::proto::mysql::testing {

/// Blanks are allowed between the digits.
inline std::string unhex(ByteView text) {
  std::string out;
  int high = -1;
  for (const char c : text) {
    if (c == ' ' || c == '\n') continue;
    const int value = c <= '9' ? c - '0' : (c | 32) - 'a' + 10;
    if (high < 0) {
      high = value;
    } else {
      out.push_back(static_cast<char>(high * 16 + value));
      high = -1;
    }
  }
  return out;
}

inline std::string packet(std::uint8_t sequence, ByteView payload) {
  std::string out;
  append_packet(out, sequence, payload);
  return out;
}

/// Writes a server's reply, part by part.
class ReplyWriter {
 public:
  explicit ReplyWriter(Capabilities capabilities, std::uint8_t first_sequence = 1)
      : capabilities_(capabilities), sequence_(first_sequence) {}

  ReplyWriter& raw(ByteView payload) {
    sequence_ = append_packet(bytes_, sequence_, payload);
    return *this;
  }
  ReplyWriter& ok(StatusFlags status, std::uint64_t affected = 0, std::uint64_t insert_id = 0) {
    return raw(encode_ok({.affected_rows = affected, .insert_id = insert_id, .status = status}, capabilities_));
  }
  ReplyWriter& err(std::uint16_t code, ByteView message) {
    return raw(encode_err({.code = code, .sqlstate = "HY000", .message = message}, capabilities_));
  }
  ReplyWriter& progress() {
    return raw(encode_progress({.stage = 1, .max_stage = 2, .progress = 500, .info = "copy"}));
  }
  ReplyWriter& column_count(std::uint64_t columns, bool metadata_follows = true) {
    std::string payload;
    append_lenenc(payload, columns);
    if (has(capabilities_, kMariaDbCacheMetadata)) append_le(payload, metadata_follows ? 1 : 0, 1);
    return raw(payload);
  }
  ReplyWriter& definitions(std::uint64_t columns) {
    for (std::uint64_t i = 0; i < columns; ++i) raw(unhex("036465660000000131000c3f0001000000038100000000"));
    return *this;
  }
  /// The EOF behind definitions, where there is one.
  ReplyWriter& definitions_eof(StatusFlags status) {
    if (!has(capabilities_, kClientDeprecateEof)) raw(encode_eof({.warnings = 0, .status = status}, capabilities_));
    return *this;
  }
  /// What ends rows: EOF, or OK in its stead.
  ReplyWriter& end(StatusFlags status, std::uint16_t warnings = 0) {
    if (!has(capabilities_, kClientDeprecateEof)) return raw(encode_eof({warnings, status}, capabilities_));
    return raw(encode_ok({.header = kEofHeader, .status = status, .warnings = warnings}, capabilities_));
  }
  ReplyWriter& rows(std::uint64_t count, ByteView row = ByteView("\x01"
                                                                 "7",
                                                                 2)) {
    for (std::uint64_t i = 0; i < count; ++i) raw(row);
    return *this;
  }
  ReplyWriter& result_set(std::uint64_t columns, std::uint64_t row_count, StatusFlags status) {
    return column_count(columns).definitions(columns).definitions_eof(status).rows(row_count).end(status);
  }
  ReplyWriter& prepare_ok(std::uint32_t id, std::uint16_t columns, std::uint16_t parameters) {
    std::string payload(1, '\0');
    append_le(payload, id, 4);
    append_le(payload, columns, 2);
    append_le(payload, parameters, 2);
    payload.append(3, '\0');
    raw(payload);
    if (parameters > 0) definitions(parameters).definitions_eof(kStatusAutocommit);
    if (columns > 0) definitions(columns).definitions_eof(kStatusAutocommit);
    return *this;
  }

  void set_next_sequence(std::uint8_t sequence) { sequence_ = sequence; }
  const std::string& bytes() const { return bytes_; }

 private:
  Capabilities capabilities_;
  std::uint8_t sequence_;
  std::string bytes_;
};

/// What came of feeding a tracker or the like: everything that a different cut must not change.
struct Outcome {
  std::string forwarded;  // all packets of all steps, joined
  std::string reported;   // the kPacket ones
  bool done = false;
  bool failed = false;  // with an Error
  std::uint64_t rows = 0;
  std::uint64_t results = 0;
  std::uint64_t affected = 0;
  std::uint16_t error_code = 0;
  StatusFlags status = 0;
  bool infile = false;
  std::size_t consumed = 0;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

/// Feeds `bytes` in pieces of 1 to `most` bytes. The tracker has been started.
template <typename Tracker>
Outcome follow(Tracker& tracker, ByteView bytes, Random& random, std::size_t most) {
  Outcome outcome;
  while (!bytes.empty() && !tracker.done()) {
    const std::size_t cut = 1 + static_cast<std::size_t>(random.below(most));
    const std::string piece(bytes.substr(0, cut));  // a buffer of its own, so that a sanitizer sees reads past it
    const auto step = tracker.next(piece);
    if (!step.ok()) {
      outcome.failed = true;
      break;
    }
    HF_CHECK(step->consumed > 0);
    outcome.forwarded.append(step->packet);
    if (step->action == Tracker::Action::kPacket) outcome.reported.append(step->packet);
    outcome.consumed += step->consumed;
    bytes.remove_prefix(step->consumed);
  }
  outcome.done = tracker.done();
  outcome.rows = tracker.rows();
  outcome.results = tracker.results();
  outcome.affected = tracker.affected_rows();
  outcome.error_code = tracker.error_code();
  outcome.status = tracker.status();
  outcome.infile = tracker.wants_local_infile();
  return outcome;
}

}  // namespace hf::proto::mysql::testing
