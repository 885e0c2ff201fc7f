// The first byte of a client's request.
//
// Owner: nobody, constants. Thread: any.
// Invariants:
//   1. A byte from a client may be cast to Command without check: values outside the list are legal and unnamed.
#pragma once

#include <cstdint>
#include <string_view>

namespace hf::proto::mysql {

enum class Command : std::uint8_t {
  kSleep = 0x00,
  kQuit = 0x01,
  kInitDb = 0x02,
  kQuery = 0x03,
  kFieldList = 0x04,
  kCreateDb = 0x05,
  kDropDb = 0x06,
  kRefresh = 0x07,
  kShutdown = 0x08,
  kStatistics = 0x09,
  kProcessInfo = 0x0a,
  kConnect = 0x0b,
  kProcessKill = 0x0c,
  kDebug = 0x0d,
  kPing = 0x0e,
  kTime = 0x0f,
  kDelayedInsert = 0x10,
  kChangeUser = 0x11,
  kBinlogDump = 0x12,
  kTableDump = 0x13,
  kConnectOut = 0x14,
  kRegisterSlave = 0x15,
  kStmtPrepare = 0x16,
  kStmtExecute = 0x17,
  kStmtSendLongData = 0x18,
  kStmtClose = 0x19,
  kStmtReset = 0x1a,
  kSetOption = 0x1b,
  kStmtFetch = 0x1c,
  kDaemon = 0x1d,
  kBinlogDumpGtid = 0x1e,  // MySQL only; COM_UNIMPLEMENTED in MariaDB
  kResetConnection = 0x1f,
  kStmtBulkExecute = 0xfa,  // MariaDB only, like the next three
  kSlaveWorker = 0xfb,
  kSlaveIo = 0xfc,
  kSlaveSql = 0xfd,
};

/// "COM_QUERY"; "COM_UNKNOWN" for a byte the protocol does not define.
std::string_view to_string(Command command);

/// COM_QUIT, COM_STMT_SEND_LONG_DATA and COM_STMT_CLOSE: the server says nothing.
bool has_no_reply(Command command);

}  // namespace hf::proto::mysql
