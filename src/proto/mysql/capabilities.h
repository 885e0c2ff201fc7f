// Capability bits that client and server agree on, and the status bits that close every reply.
//
// Owner: nobody, constants. Thread: any.
// Source: MariaDB knowledge base "Connection", "OK_Packet"; MySQL internals "Capabilities Flags".
// Invariants:
//   1. Bits 0-31 travel in the classic capability fields, bits 32-63 in MariaDB's field behind them.
//   2. The MariaDB field is meaningful only where kClientLongPassword (CLIENT_MYSQL) is NOT set: MariaDB's server and
//      clients leave that bit unset to say so. mariadb_extended() masks accordingly.
#pragma once

#include <cstdint>

namespace hf::proto::mysql {

using Capabilities = std::uint64_t;

inline constexpr Capabilities kClientLongPassword = 1ULL << 0;  // CLIENT_MYSQL: unset = the MariaDB dialect
inline constexpr Capabilities kClientMysql = kClientLongPassword;
inline constexpr Capabilities kClientFoundRows = 1ULL << 1;
inline constexpr Capabilities kClientLongFlag = 1ULL << 2;
inline constexpr Capabilities kClientConnectWithDb = 1ULL << 3;
inline constexpr Capabilities kClientNoSchema = 1ULL << 4;
inline constexpr Capabilities kClientCompress = 1ULL << 5;
inline constexpr Capabilities kClientOdbc = 1ULL << 6;
inline constexpr Capabilities kClientLocalFiles = 1ULL << 7;
inline constexpr Capabilities kClientIgnoreSpace = 1ULL << 8;
inline constexpr Capabilities kClientProtocol41 = 1ULL << 9;
inline constexpr Capabilities kClientInteractive = 1ULL << 10;
inline constexpr Capabilities kClientSsl = 1ULL << 11;
inline constexpr Capabilities kClientIgnoreSigpipe = 1ULL << 12;
inline constexpr Capabilities kClientTransactions = 1ULL << 13;
inline constexpr Capabilities kClientReserved = 1ULL << 14;
inline constexpr Capabilities kClientSecureConnection = 1ULL << 15;
inline constexpr Capabilities kClientMultiStatements = 1ULL << 16;
inline constexpr Capabilities kClientMultiResults = 1ULL << 17;
inline constexpr Capabilities kClientPsMultiResults = 1ULL << 18;
inline constexpr Capabilities kClientPluginAuth = 1ULL << 19;
inline constexpr Capabilities kClientConnectAttrs = 1ULL << 20;
inline constexpr Capabilities kClientPluginAuthLenencData = 1ULL << 21;
inline constexpr Capabilities kClientCanHandleExpiredPasswords = 1ULL << 22;
inline constexpr Capabilities kClientSessionTrack = 1ULL << 23;
inline constexpr Capabilities kClientDeprecateEof = 1ULL << 24;
inline constexpr Capabilities kClientOptionalResultsetMetadata = 1ULL << 25;  // MySQL 8 only
inline constexpr Capabilities kClientZstdCompression = 1ULL << 26;            // MySQL 8 only
inline constexpr Capabilities kClientQueryAttributes = 1ULL << 27;            // MySQL 8 only
inline constexpr Capabilities kClientProgressObsolete = 1ULL << 29;  // MariaDB before 10.2; MySQL: CAPABILITY_EXTENSION
inline constexpr Capabilities kClientSslVerifyServerCert = 1ULL << 30;
inline constexpr Capabilities kClientRememberOptions = 1ULL << 31;

// MariaDB's own, from bit 32 up.
inline constexpr Capabilities kMariaDbProgress = 1ULL << 32;
inline constexpr Capabilities kMariaDbComMulti = 1ULL << 33;
inline constexpr Capabilities kMariaDbStmtBulkOperations = 1ULL << 34;
inline constexpr Capabilities kMariaDbExtendedMetadata = 1ULL << 35;
inline constexpr Capabilities kMariaDbCacheMetadata = 1ULL << 36;
inline constexpr Capabilities kMariaDbBulkUnitResults = 1ULL << 37;

constexpr bool has(Capabilities set, Capabilities all_of) { return (set & all_of) == all_of; }

/// `caps` without the bits above 31 unless the MariaDB dialect is spoken (kClientMysql unset).
constexpr Capabilities mariadb_extended(Capabilities caps) {
  return (caps & kClientMysql) != 0 ? caps & 0xFFFF'FFFFULL : caps;
}

/// Collation id of utf8mb4_general_ci: MariaDB's own choice for utf8mb4, known to every server that knows that charset.
inline constexpr std::uint8_t kUtf8mb4GeneralCi = 45;

/// The longest packet that any server allows (max_allowed_packet), in bytes.
inline constexpr std::uint32_t kLongestPacket = 1U << 30;

/// The server's status word in OK and EOF packets.
using StatusFlags = std::uint16_t;

inline constexpr StatusFlags kStatusInTransaction = 1U << 0;
inline constexpr StatusFlags kStatusAutocommit = 1U << 1;
inline constexpr StatusFlags kStatusMoreResults = 1U << 3;
inline constexpr StatusFlags kStatusNoGoodIndexUsed = 1U << 4;
inline constexpr StatusFlags kStatusNoIndexUsed = 1U << 5;
inline constexpr StatusFlags kStatusCursorExists = 1U << 6;
inline constexpr StatusFlags kStatusLastRowSent = 1U << 7;
inline constexpr StatusFlags kStatusDatabaseDropped = 1U << 8;
inline constexpr StatusFlags kStatusNoBackslashEscapes = 1U << 9;
inline constexpr StatusFlags kStatusMetadataChanged = 1U << 10;
inline constexpr StatusFlags kStatusQueryWasSlow = 1U << 11;
inline constexpr StatusFlags kStatusPsOutParams = 1U << 12;
inline constexpr StatusFlags kStatusInTransactionReadOnly = 1U << 13;
inline constexpr StatusFlags kStatusSessionStateChanged = 1U << 14;
inline constexpr StatusFlags kStatusAnsiQuotes = 1U << 15;  // MariaDB only

}  // namespace hf::proto::mysql
