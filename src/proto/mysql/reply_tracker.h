// Follows one server reply by its packet headers, so that the bytes can go to the client as they are. The hot path:
// rows are never buffered or copied, and a step covers as many packets as the input holds.
//
// Owner: one per server connection, reused for each command. Thread: the owner's.
//
//   start ─► Response ─► Definitions ─► DefinitionsEof ─► Rows ─► Done
//              ▲  │ OK: Done            (no kClientDeprecateEof)   │
//              └──┴── MORE_RESULTS: back to Response ──────────────┘
//   Response is an OK, an ERR, a request for a local file, or a column count. An ERR anywhere: Done.
//   COM_STMT_PREPARE: PrepareOk ─► Definitions (parameters) ─► Definitions (columns) ─► Done
//   COM_STMT_FETCH: Rows.  COM_FIELD_LIST: FieldList.  COM_STATISTICS: Text.  COM_BINLOG_DUMP: Stream.
//
// Invariants:
//   1. The `packet`s of all kForward and kPacket steps, in order, are exactly the bytes the server sent.
//   2. How the bytes are cut between calls changes neither that nor the final state, only the number of steps.
//   3. After done() nothing more is consumed: further bytes are the next reply's.
//   4. What it holds is at most one control packet (under 16 MiB, usually a few bytes); it allocates only for one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "proto/mysql/capabilities.h"
#include "proto/mysql/command.h"
#include "proto/mysql/packet.h"

namespace hf::proto::mysql {

class ReplyTracker {
 public:
  enum class Action : std::uint8_t {
    kForward,  // `packet` goes to the client unchanged: whole packets, a part of one, or many
    // `packet` is one whole packet, header and payload, that the caller may want to read or rewrite: every OK, ERR,
    // every EOF or OK-as-EOF that ends rows, the OK of COM_STMT_PREPARE. Send it (or your version of it) on
    kPacket,
    kStashed,  // the input was kept, nothing to send: a control packet is cut, more bytes are needed
  };
  struct Step {
    std::size_t consumed = 0;  // bytes at the front of the input that are done with
    Action action = Action::kForward;
    // what goes to the client; the input's first `consumed` bytes, or bytes stashed earlier. Good until the next call
    // and while the input lives
    ByteView packet{};
  };

  /// A new reply is due. `capabilities`: as negotiated with the server. `first_sequence`: the id after the request's
  /// last packet, 1 unless the request was 16 MiB or more. A command without a reply is done at once. COM_CHANGE_USER
  /// is a login, not tracked.
  void start(Command command, Capabilities capabilities, std::uint8_t first_sequence = 1);

  /// Takes bytes from the front of `input`, at most to the end of this reply. Loop while input is left and not done();
  /// consumes nothing only when input is empty or done(). An Error (kProtocol) names what was wrong; the connection is
  /// unusable then.
  Result<Step> next(ByteView input);

  bool done() const { return state_ == State::kDone; }
  /// A byte of the reply has arrived: the server has at least seen the command.
  bool begun() const { return begun_; }
  Command command() const { return command_; }
  /// The id that an ERR must have which ends the reply where it is now, if what was handed out so far went to the
  /// client; nothing in the middle of a packet, where nothing but its rest can follow.
  std::optional<std::uint8_t> next_sequence() const {
    if (piece_left_ > 0 || continuation_) return std::nullopt;
    return expected_;
  }

  /// The server asked for a file of the client's (its request was forwarded). The caller streams the client's packets,
  /// up to and including the empty one, then resumes; the reply goes on. `next_sequence`: the id after the client's
  /// last packet, if known.
  bool wants_local_infile() const { return wants_local_infile_; }
  void resume_after_local_infile(std::optional<std::uint8_t> next_sequence = std::nullopt);

  /// Of the last OK or EOF. Zero before any.
  std::uint64_t affected_rows() const { return affected_rows_; }
  std::uint64_t insert_id() const { return insert_id_; }
  StatusFlags status() const { return status_; }
  /// The most that any result of it had: of several statements the last leaves the list of one before, if it opens no
  /// table.
  std::uint16_t warnings() const { return warnings_; }
  /// The reply ended with an ERR packet.
  bool failed() const { return error_code_ != 0; }
  std::uint16_t error_code() const { return error_code_; }
  const std::string& sqlstate() const { return sqlstate_; }
  const std::string& message() const { return message_; }
  /// Rows of all result sets; result sets and OKs that are complete.
  std::uint64_t rows() const { return rows_; }
  std::uint64_t results() const { return results_; }
  /// The last of them is rows, or was to be, and no lone OK.
  bool last_is_rows() const { return last_is_rows_; }
  /// Of COM_STMT_PREPARE.
  std::uint32_t statement_id() const { return statement_id_; }
  std::uint16_t statement_columns() const { return statement_columns_; }
  std::uint16_t statement_parameters() const { return statement_parameters_; }

 private:
  enum class State : std::uint8_t {
    kDone,
    kResponse,
    kDefinitions,
    kDefinitionsEof,
    kRows,
    kPrepareOk,
    kFieldList,
    kText,
    kStream,
  };
  enum class Head : std::uint8_t {
    kShort,  // `need` bytes are needed to say more
    kPass,   // header and what follows can go on unseen
    kWhole,  // a control packet, complete
    kBad,
  };
  struct Peek {
    Head head = Head::kShort;
    std::size_t length = 0;
    std::size_t need = 0;
  };

  Peek peek(ByteView left) const;
  bool is_control(std::uint8_t first, std::size_t length) const;
  bool is_terminator(ByteView payload) const;
  bool is_reported(ByteView payload) const;
  Result<Step> next_from_stash(ByteView input);
  Error fault(ByteView left) const;

  void begin_piece(std::size_t length);
  void end_piece();
  void end_packet();
  Result<void> take_control(std::uint8_t sequence, ByteView payload);
  Result<void> take_response(ByteView payload);
  Result<void> take_column_count(ByteView payload);
  Result<void> take_prepare_ok(ByteView payload);
  Result<void> take_definitions_eof(ByteView payload);
  Result<void> take_error(ByteView payload);
  Result<void> take_end(ByteView payload);
  void definitions_done();
  void finish_result();
  bool may_have_rows() const;
  bool deprecates_eof() const { return has(capabilities_, kClientDeprecateEof); }

  Capabilities capabilities_ = 0;
  Command command_ = Command::kSleep;
  State state_ = State::kDone;
  bool begun_ = false;
  bool any_sequence_ = false;  // the next id is not known
  bool first_packet_ = false;
  bool piece_full_ = false;    // the piece being passed is kMaxPiece long: another follows
  bool continuation_ = false;  // the next piece continues a packet
  bool wants_local_infile_ = false;
  bool lent_ = false;  // the stash was handed out and is cleared by the next call
  std::uint8_t expected_ = 0;
  std::size_t piece_left_ = 0;  // payload bytes of the current piece still to pass
  std::uint64_t definitions_left_ = 0;
  std::uint16_t columns_after_parameters_ = 0;
  std::string stash_;

  std::uint64_t affected_rows_ = 0;
  std::uint64_t insert_id_ = 0;
  std::uint64_t rows_ = 0;
  std::uint64_t results_ = 0;
  bool last_is_rows_ = false;
  std::uint16_t warnings_ = 0;
  StatusFlags status_ = 0;
  std::uint16_t error_code_ = 0;
  std::string sqlstate_;
  std::string message_;
  std::uint32_t statement_id_ = 0;
  std::uint16_t statement_columns_ = 0;
  std::uint16_t statement_parameters_ = 0;
};

}  // namespace hf::proto::mysql
