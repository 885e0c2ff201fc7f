#include "proto/mysql/error_code.h"

#include <gtest/gtest.h>

#include <set>

#include "base/sqlstate.h"
#include "proto/mysql/response.h"
#include "proto/mysql/test_bytes.h"

namespace hf::proto::mysql {
namespace {

TEST(ErrorCode, AccessDeniedReadsAsTheServersOwn) {
  const ErrorReply reply = access_denied("app", "127.0.0.1", UsingPassword::kYes);
  EXPECT_EQ(reply.code, 1045);
  EXPECT_EQ(reply.sqlstate, "28000");
  EXPECT_EQ(reply.message, "Access denied for user 'app'@'127.0.0.1' (using password: YES)");
  EXPECT_EQ(access_denied("", "h", UsingPassword::kNo).message, "Access denied for user ''@'h' (using password: NO)");
}

TEST(ErrorCode, UnknownCommandIsByteForByteTheServers) {
  EXPECT_EQ(unknown_command().encode(kClientProtocol41),
            testing::unhex("ff1704233038533031556e6b6e6f776e20636f6d6d616e64"));  // MariaDB 10.11.19
}

TEST(ErrorCode, UnknownStatementIsTheServersText) {
  EXPECT_EQ(unknown_statement(4242, "mysqld_stmt_reset").message,
            "Unknown prepared statement handler (4242) given to mysqld_stmt_reset");
}

TEST(ErrorCode, BeforeTheLoginThereIsNoSqlstate) {
  EXPECT_EQ(too_many_connections().encode(0), "\xFF\x10\x04Too many connections");
}

TEST(ErrorCode, EveryReplyHasItsOwnCodeAFiveLetterStateAndText) {
  const ErrorReply replies[] = {too_many_connections(),
                                bad_host(),
                                bad_handshake(),
                                database_access_denied("u", "h", "d"),
                                access_denied("u", "h", UsingPassword::kNo),
                                unknown_command(),
                                unknown_database("d"),
                                server_shutdown(),
                                unknown_thread_id(1),
                                host_not_allowed("h"),
                                aborted_connection(1, "d", "u", "r"),
                                packet_too_large(),
                                packets_out_of_order(),
                                net_read_error(),
                                net_read_timeout(),
                                net_write_error(),
                                net_write_timeout(),
                                user_limit_reached("u", "max_user_connections", 3),
                                privilege_needed("SUPER"),
                                unknown_statement(1, "x"),
                                auth_mode_not_supported(),
                                option_prevents_statement("--read-only"),
                                query_interrupted(),
                                read_only_transaction(),
                                read_only_mode(),
                                connection_killed(),
                                lost_connection(),
                                malformed_packet(),
                                own_error("no primary")};
  std::set<std::uint16_t> codes;
  for (const ErrorReply& reply : replies) {
    EXPECT_TRUE(codes.insert(reply.code).second) << reply.code;
    EXPECT_EQ(reply.sqlstate.size(), 5U);
    EXPECT_EQ(reply.sqlstate, sqlstate_of(reply.code));
    EXPECT_FALSE(reply.message.empty());
    const std::string payload = reply.encode(kClientProtocol41);
    const Result<ErrPacket> err = decode_err(payload);
    ASSERT_TRUE(err.ok());
    EXPECT_EQ(err->code, reply.code);
    EXPECT_EQ(err->message, reply.message);
  }
}

TEST(ErrorCode, AServersErrorKeepsItsSqlstate) {
  EXPECT_EQ(said_by_server(1644, "12345", "m").sqlstate, "12345");
  EXPECT_EQ(said_by_server(1231, "", "m").sqlstate, "42000") << "it said none";
}

TEST(ErrorCode, HostileNamesAreClipped) {
  EXPECT_LT(access_denied(std::string(100'000, 'u'), "h", UsingPassword::kNo).message.size(), 512U);
  EXPECT_EQ(own_error(std::string(100'000, 'x')).message.size(), 511U);
}

}  // namespace
}  // namespace hf::proto::mysql
