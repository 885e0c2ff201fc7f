// Exchange: one command with one server: sent, its reply relayed packet by packet, and what its OK, EOF and ERR packets
// told collected.
//
// Owner: the session's run. Thread: the shard's.
// Invariants:
//   1. A refusal that is to be tried elsewhere is the reply's first packet, and the client has seen nothing of it.
//   2. After anything but kComplete the connection is not at rest: it is broken, or about to be dropped by the caller.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "policy/session/retry.h"
#include "service/mysql/session.h"

namespace hf::service::mysql {

/// Where a reply goes.
enum class ReplySink : std::uint8_t {
  kClient,
  kNobody,  // a command of our own, or one that is repeated unseen
};

/// One command, whatever connection it runs on.
struct Request {
  proto::mysql::Command command = proto::mysql::Command::kQuery;
  policy::sql::Statement verdict;
  PreparedStatement* prepared = nullptr;        // of COM_STMT_*
  std::optional<std::string> text;              // a COM_QUERY of our own instead of the client's request
  std::optional<policy::session::Place> place;  // decided already
  std::string gone_schema;                      // the session's, which the servers do not have any more
  // what the session remembers of it, whatever the server says
  std::optional<policy::session::RememberedAnswer> answer;
};

struct Reply {
  enum class End : std::uint8_t {
    kComplete,
    kLost,     // the server's connection broke: `failure` says how
    kRefused,  // `refusal`, of which the client has seen nothing
    kClientGone,
  };
  End end = End::kComplete;
  bool begun = false;           // the client has seen a part
  bool unsent = false;          // kLost: the server's end had arrived before a byte was written
  bool pending_change = false;  // something changed that an EOF could not tell
  std::optional<proto::mysql::ErrorReply> said_instead;  // what the client was told in the place of the server's error
  policy::session::ReplyFacts facts;
  proto::mysql::ErrorReply refusal;
  std::optional<Error> failure;
  Nanos lasted{};                  // from the request to the reply's end
  Kept kept = Kept::kNothing;      // … of its statement, by an execution that failed
  std::uint32_t statement_id = 0;  // COM_STMT_PREPARE: the server's
  std::uint16_t parameters = 0;
};

/// `attempt` tells what a refusal would mean, so that it can be kept from the client.
runtime::Task<Reply> exchange(Session& session, Connection* connection, const Request* request,
                              policy::session::Attempt attempt, ReplySink sink);

/// The statement's text, whether it came as such or was prepared.
ByteView text_of(Session& session, const Request& request);

/// Refusals that say "not executed": by a server that is read-only.
bool refused_as_read_only(std::uint16_t code, ByteView message);

}  // namespace hf::service::mysql
