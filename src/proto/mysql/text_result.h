// A whole text-protocol reply as a value: for our own monitor's small queries, not for clients' traffic.
//
// Owner: one TextResultReader per query, on the stack of whoever asks. Thread: the owner's.
// Invariants:
//   1. At most `max_bytes` of reply are kept; more is ErrorCode::kOverload.
//   2. One result set: a reply with several (a procedure, a multi-statement) is ErrorCode::kUnsupported.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "proto/mysql/capabilities.h"
#include "proto/mysql/packet.h"

namespace hf::proto::mysql {

struct TextError {
  std::uint16_t code = 0;
  std::string sqlstate{};
  std::string message{};
};

struct TextResult {
  std::optional<TextError> error;                             // the server said no; the rest is empty or partial
  std::vector<std::string> columns;                           // empty: an OK without rows
  std::vector<std::vector<std::optional<std::string>>> rows;  // as many values as columns; nullopt = NULL
  std::uint64_t affected_rows = 0;
  std::uint64_t insert_id = 0;
  StatusFlags status = 0;
  std::uint16_t warnings = 0;

  /// Index of the column called `name` (ASCII case ignored), as SHOW SLAVE STATUS readers need it.
  std::optional<std::size_t> column(ByteView name) const;
  /// Value at `row`, column `name`; nullopt when there is no such cell or it is NULL.
  std::optional<ByteView> value(std::size_t row, ByteView name) const;
};

class TextResultReader {
 public:
  /// `capabilities`: as negotiated with the server (not kClientMultiStatements, not kClientLocalFiles).
  TextResultReader(Capabilities capabilities, std::size_t max_bytes);

  /// Takes bytes from the front of `input`, at most to the end of the reply; returns how many.
  Result<std::size_t> feed(ByteView input);
  bool done() const { return state_ == State::kDone; }
  const TextResult& result() const { return result_; }
  TextResult take() { return std::move(result_); }

 private:
  enum class State : std::uint8_t { kResponse, kDefinitions, kDefinitionsEof, kRows, kDone };

  Result<void> packet(ByteView payload);
  Result<void> response(ByteView payload);
  Result<void> definition(ByteView payload);
  Result<void> row(ByteView payload);
  Result<void> error(ByteView payload);
  Result<void> end(ByteView payload);

  Capabilities capabilities_;
  PacketAssembler packets_;
  std::size_t bytes_left_;
  std::uint64_t definitions_left_ = 0;
  State state_ = State::kResponse;
  TextResult result_;
};

}  // namespace hf::proto::mysql
