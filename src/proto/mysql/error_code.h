// The server's own errors, as we have to say them ourselves: code, SQLSTATE and text as MariaDB 10.11 words them, so
// that client libraries and people recognise them.
//
// Owner: plain values. Thread: any.
// Invariants:
//   1. Each code appears once, with one SQLSTATE.
//   2. Text of ours never names a password or a backend's address; the caller decides what context to add.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "proto/mysql/capabilities.h"

namespace hf::proto::mysql {

/// An ERR packet that owns its text.
struct ErrorReply {
  std::uint16_t code = 0;
  std::string sqlstate{};
  std::string message{};

  /// Payload of the ERR packet; `capabilities` 0 = before the login.
  std::string encode(Capabilities capabilities) const;
};

inline constexpr std::uint16_t kErConCount = 1040;
inline constexpr std::uint16_t kErBadHost = 1042;
inline constexpr std::uint16_t kErHandshake = 1043;
inline constexpr std::uint16_t kErDbaccessDenied = 1044;
inline constexpr std::uint16_t kErAccessDenied = 1045;
inline constexpr std::uint16_t kErUnknownCommand = 1047;
inline constexpr std::uint16_t kErNoDb = 1046;
inline constexpr std::uint16_t kErBadDb = 1049;
inline constexpr std::uint16_t kErServerShutdown = 1053;
inline constexpr std::uint16_t kErNoSuchThread = 1094;
inline constexpr std::uint16_t kErUnknown = 1105;
inline constexpr std::uint16_t kErHostNotPrivileged = 1130;
inline constexpr std::uint16_t kErAbortedConnection = 1152;
inline constexpr std::uint16_t kErPacketTooLarge = 1153;
inline constexpr std::uint16_t kErPacketsOutOfOrder = 1156;
inline constexpr std::uint16_t kErNetRead = 1158;
inline constexpr std::uint16_t kErNetReadTimeout = 1159;
inline constexpr std::uint16_t kErNetWrite = 1160;
inline constexpr std::uint16_t kErNetWriteTimeout = 1161;
inline constexpr std::uint16_t kErTooManyUserConnections = 1203;
inline constexpr std::uint16_t kErUserLimitReached = 1226;
inline constexpr std::uint16_t kErSpecificAccessDenied = 1227;
inline constexpr std::uint16_t kErUnknownStatement = 1243;
inline constexpr std::uint16_t kErNotSupportedAuthMode = 1251;
inline constexpr std::uint16_t kErOptionPreventsStatement = 1290;
inline constexpr std::uint16_t kErQueryInterrupted = 1317;
inline constexpr std::uint16_t kErMaxPreparedStatements = 1461;
inline constexpr std::uint16_t kErAccessDeniedNoPassword = 1698;
inline constexpr std::uint16_t kErReadOnlyTransaction = 1792;
inline constexpr std::uint16_t kErMalformedPacket = 1835;
inline constexpr std::uint16_t kErReadOnlyMode = 1836;
inline constexpr std::uint16_t kErConnectionKilled = 1927;
inline constexpr std::uint16_t kErLostConnection = 2013;  // a client library's code, for outcomes that we cannot know

enum class UsingPassword : bool { kNo, kYes };

ErrorReply too_many_connections();
ErrorReply bad_host();
ErrorReply bad_handshake();
ErrorReply database_access_denied(ByteView user, ByteView host, ByteView database);
ErrorReply access_denied(ByteView user, ByteView host, UsingPassword using_password);
ErrorReply unknown_command();
ErrorReply unknown_database(ByteView database);
ErrorReply server_shutdown();
ErrorReply unknown_thread_id(std::uint64_t id);
ErrorReply host_not_allowed(ByteView host);
ErrorReply aborted_connection(std::uint64_t id, ByteView database, ByteView user, ByteView reason);
ErrorReply packet_too_large();
ErrorReply packets_out_of_order();
ErrorReply net_read_error();
ErrorReply net_read_timeout();
ErrorReply net_write_error();
ErrorReply net_write_timeout();
ErrorReply user_limit_reached(ByteView user, ByteView resource, std::uint64_t current_value);
ErrorReply privilege_needed(ByteView privileges);
/// `caller`: the command that named it, such as "mysqld_stmt_execute".
ErrorReply unknown_statement(std::uint32_t id, ByteView caller);
ErrorReply auth_mode_not_supported();
/// `option`: such as "--read-only".
ErrorReply option_prevents_statement(ByteView option);
ErrorReply query_interrupted();
ErrorReply read_only_transaction();
ErrorReply read_only_mode();
ErrorReply connection_killed();
ErrorReply lost_connection();
ErrorReply malformed_packet();
/// A server's error, to be said once more; with its code's SQLSTATE where it said none.
ErrorReply said_by_server(std::uint16_t code, ByteView sqlstate, ByteView message);
ErrorReply said_by_server(const PeerSaid& said);
/// Anything of our own: ER_UNKNOWN_ERROR with our words, at most 511 bytes of them as from a server.
ErrorReply own_error(ByteView message);
/// As a server has said it, or in our own words.
ErrorReply reply_of(const Error& error);

}  // namespace hf::proto::mysql
