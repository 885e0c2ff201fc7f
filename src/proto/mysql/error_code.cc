#include "proto/mysql/error_code.h"

#include <initializer_list>

#include "base/sqlstate.h"
#include "proto/mysql/response.h"

namespace hf::proto::mysql {

namespace {

std::string join(std::initializer_list<ByteView> parts) {
  std::string text;
  for (const ByteView part : parts) text.append(part);
  return text;
}

/// A name in a message, as long as the server would print it.
ByteView clip(ByteView name, std::size_t most) { return name.substr(0, most); }

ErrorReply reply(std::uint16_t code, std::string message) {
  return {code, std::string(sqlstate_of(code)), std::move(message)};
}

constexpr std::size_t kNameMax = 192;
constexpr std::size_t kHostMax = 64;

}  // namespace

std::string ErrorReply::encode(Capabilities capabilities) const {
  return encode_err({.code = code, .sqlstate = sqlstate, .message = message}, capabilities);
}

ErrorReply too_many_connections() { return reply(kErConCount, "Too many connections"); }
ErrorReply bad_host() { return reply(kErBadHost, "Can't get hostname for your address"); }
ErrorReply bad_handshake() { return reply(kErHandshake, "Bad handshake"); }

ErrorReply database_access_denied(ByteView user, ByteView host, ByteView database) {
  return reply(kErDbaccessDenied, join({"Access denied for user '", clip(user, kNameMax), "'@'", clip(host, kNameMax),
                                        "' to database '", clip(database, kNameMax), "'"}));
}

ErrorReply access_denied(ByteView user, ByteView host, UsingPassword using_password) {
  return reply(kErAccessDenied,
               join({"Access denied for user '", clip(user, kNameMax), "'@'", clip(host, kNameMax),
                     "' (using password: ", using_password == UsingPassword::kYes ? "YES" : "NO", ")"}));
}

ErrorReply unknown_command() { return reply(kErUnknownCommand, "Unknown command"); }

ErrorReply unknown_database(ByteView database) {
  return reply(kErBadDb, join({"Unknown database '", clip(database, kNameMax), "'"}));
}

ErrorReply server_shutdown() { return reply(kErServerShutdown, "Server shutdown in progress"); }

ErrorReply unknown_thread_id(std::uint64_t id) {
  return reply(kErNoSuchThread, "Unknown thread id: " + std::to_string(id));
}

ErrorReply host_not_allowed(ByteView host) {
  return reply(kErHostNotPrivileged,
               join({"Host '", clip(host, kHostMax), "' is not allowed to connect to this MariaDB server"}));
}

ErrorReply aborted_connection(std::uint64_t id, ByteView database, ByteView user, ByteView reason) {
  return reply(kErAbortedConnection,
               join({"Aborted connection ", std::to_string(id), " to db: '", clip(database, kNameMax), "' user: '",
                     clip(user, 48), "' (", clip(reason, 256), ")"}));
}

ErrorReply packet_too_large() {
  return reply(kErPacketTooLarge, "Got a packet bigger than 'max_allowed_packet' bytes");
}
ErrorReply packets_out_of_order() { return reply(kErPacketsOutOfOrder, "Got packets out of order"); }
ErrorReply net_read_error() { return reply(kErNetRead, "Got an error reading communication packets"); }
ErrorReply net_read_timeout() { return reply(kErNetReadTimeout, "Got timeout reading communication packets"); }
ErrorReply net_write_error() { return reply(kErNetWrite, "Got an error writing communication packets"); }
ErrorReply net_write_timeout() { return reply(kErNetWriteTimeout, "Got timeout writing communication packets"); }

ErrorReply user_limit_reached(ByteView user, ByteView resource, std::uint64_t current_value) {
  return reply(kErUserLimitReached, join({"User '", clip(user, kHostMax), "' has exceeded the '", resource,
                                          "' resource (current value: ", std::to_string(current_value), ")"}));
}

ErrorReply privilege_needed(ByteView privileges) {
  return reply(kErSpecificAccessDenied, join({"Access denied; you need (at least one of) the ", clip(privileges, 128),
                                              " privilege(s) for this operation"}));
}

ErrorReply unknown_statement(std::uint32_t id, ByteView caller) {
  return reply(kErUnknownStatement,
               join({"Unknown prepared statement handler (", std::to_string(id), ") given to ", caller}));
}

ErrorReply auth_mode_not_supported() {
  return reply(
      kErNotSupportedAuthMode,
      "Client does not support authentication protocol requested by server; consider upgrading MariaDB client");
}

ErrorReply option_prevents_statement(ByteView option) {
  return reply(kErOptionPreventsStatement, join({"The MariaDB server is running with the ", option,
                                                 " option so it cannot execute this statement"}));
}

ErrorReply query_interrupted() { return reply(kErQueryInterrupted, "Query execution was interrupted"); }

ErrorReply read_only_transaction() {
  return reply(kErReadOnlyTransaction, "Cannot execute statement in a READ ONLY transaction");
}

ErrorReply read_only_mode() { return reply(kErReadOnlyMode, "Running in read-only mode"); }
ErrorReply connection_killed() { return reply(kErConnectionKilled, "Connection was killed"); }
ErrorReply lost_connection() { return reply(kErLostConnection, "Lost connection to server during query"); }
ErrorReply malformed_packet() { return reply(kErMalformedPacket, "Malformed communication packet"); }

ErrorReply said_by_server(std::uint16_t code, ByteView sqlstate, ByteView message) {
  return {code, std::string(sqlstate.empty() ? sqlstate_of(code) : sqlstate), std::string(message)};
}

ErrorReply said_by_server(const PeerSaid& said) { return said_by_server(said.code, said.sqlstate, said.words); }

ErrorReply own_error(ByteView message) { return reply(kErUnknown, std::string(clip(message, 511))); }

ErrorReply reply_of(const Error& error) {
  return error.said != nullptr ? said_by_server(*error.said) : own_error(error.context);
}

}  // namespace hf::proto::mysql
