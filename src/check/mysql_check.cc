#include "check/mysql_check.h"

#include <cstdlib>

#include "proto/mysql/error_code.h"
#include "proto/mysql/handshake.h"

namespace hf::check {

namespace mysql = proto::mysql;
using policy::replica_set::ReplicationThread;
using policy::replica_set::ServerObservation;
using runtime::Task;

namespace {

std::string text(const mysql::TextResult& result, std::size_t row, ByteView column) {
  const std::optional<ByteView> value = result.value(row, column);
  return value ? std::string(*value) : std::string();
}

std::uint32_t number(const mysql::TextResult& result, std::size_t row, ByteView column) {
  return static_cast<std::uint32_t>(std::strtoul(text(result, row, column).c_str(), nullptr, 10));
}

ReplicationThread io_thread(const std::string& state) {
  if (state == "Yes") return ReplicationThread::kRunning;
  if (state == "Connecting" || state == "Preparing") return ReplicationThread::kConnecting;
  return ReplicationThread::kStopped;
}

void take_replication(const mysql::TextResult& status, ServerObservation& seen) {
  seen.is_replica = !status.rows.empty();
  if (!seen.is_replica) return;
  seen.io_thread = io_thread(text(status, 0, "Slave_IO_Running"));
  seen.sql_running = text(status, 0, "Slave_SQL_Running") == "Yes";
  seen.source_host = text(status, 0, "Master_Host");
  seen.source_port = static_cast<std::uint16_t>(number(status, 0, "Master_Port"));
  seen.source_server_id = number(status, 0, "Master_Server_Id");
  seen.gtid_io_pos = text(status, 0, "Gtid_IO_Pos");
  const std::string behind = text(status, 0, "Seconds_Behind_Master");
  if (!behind.empty()) seen.behind_source = Seconds(std::strtoll(behind.c_str(), nullptr, 10));
  seen.replication_error = text(status, 0, "Last_SQL_Error");
  if (seen.replication_error.empty()) seen.replication_error = text(status, 0, "Last_IO_Error");
}

void take_status(const mysql::TextResult& status, ServerObservation& seen) {
  for (const std::vector<std::optional<std::string>>& row : status.rows) {
    if (row.size() < 2 || !row[0] || !row[1]) continue;
    const std::string& name = *row[0];
    const std::string& value = *row[1];
    if (name == "Threads_running") {
      seen.threads_running = static_cast<std::uint32_t>(std::strtoul(value.c_str(), nullptr, 10));
    }
    if (name == "Rpl_semi_sync_master_status") seen.semisync.primary_active = value == "ON";
    if (name == "Rpl_semi_sync_master_clients") {
      seen.semisync.primary_clients = static_cast<std::uint32_t>(std::strtoul(value.c_str(), nullptr, 10));
    }
    if (name == "Rpl_semi_sync_slave_status") seen.semisync.replica_active = value == "ON";
  }
}

constexpr ByteView kMariaDbFacts =
    "SELECT @@global.server_id AS server_id, @@version AS version, @@global.read_only AS read_only,"
    " @@global.gtid_binlog_pos AS gtid_binlog_pos, @@global.gtid_current_pos AS gtid_current_pos,"
    " @@global.rpl_semi_sync_master_enabled AS semisync";
constexpr ByteView kMySqlFacts =
    "SELECT @@global.server_id AS server_id, @@version AS version, @@global.read_only AS read_only";
/// The servers' globals and their init_connect are for their clients: rows that are left out, those of an old snapshot,
/// or names in another character set would mislead us.
constexpr ByteView kOwnSettings =
    "SET SESSION autocommit=1,sql_select_limit=18446744073709551615,sql_big_selects=1,sql_mode='',NAMES utf8mb4";
constexpr ByteView kStatus =
    "SHOW GLOBAL STATUS WHERE Variable_name IN ('Threads_running','Rpl_semi_sync_master_status',"
    "'Rpl_semi_sync_master_clients','Rpl_semi_sync_slave_status')";

}  // namespace

bool MysqlCheck::set_monitor(upstream::mysql::Credentials monitor) {
  if (monitor == monitor_) return false;
  monitor_ = std::move(monitor);
  ++monitor_version_;
  return true;
}

Task<Result<void>> MysqlCheck::ensure_connected(Deadline deadline) {
  if (connection_ != nullptr && connection_->usable() && connection_version_ == monitor_version_) {
    co_return Result<void>{};
  }
  connection_.reset();
  const std::uint64_t version = monitor_version_;  // a reload may change it while we connect
  upstream::mysql::Login login;
  login.credentials = monitor_;
  login.capabilities =
      mysql::kClientProtocol41 | mysql::kClientSecureConnection | mysql::kClientPluginAuth | mysql::kClientLongFlag;
  Result<upstream::mysql::ConnectionPtr> opened = co_await upstream::mysql::connect(loop_, address_, login, deadline);
  if (!opened.ok() && opened.error().peer_code() == mysql::kErConCount) opened.error().code = ErrorCode::kOverload;
  HF_CO_RETURN_IF_ERROR(opened);
  connection_ = std::move(*opened);
  connection_version_ = version;
  greeting_ = {connection_->server_version, connection_->server_capabilities, connection_->server_charset,
               connection_->status};
  const Result<mysql::TextResult> set = co_await ask_here(std::string(kOwnSettings), deadline);
  if (!set.ok() && set.error().code != ErrorCode::kRefused) co_return set.error();
  co_return Result<void>{};
}

Task<Result<mysql::TextResult>> MysqlCheck::ask(std::string sql, Deadline deadline) {
  Result<void> connected = co_await ensure_connected(deadline);
  if (!connected.ok() && connected.error().code == ErrorCode::kRefused) {
    connected.error().code = ErrorCode::kUnreachable;
  }
  HF_CO_RETURN_IF_ERROR(connected);
  Result<mysql::TextResult> result = co_await ask_here(std::move(sql), deadline);
  co_return result;
}

Task<Result<mysql::TextResult>> MysqlCheck::ask_here(std::string sql, Deadline deadline) {
  if (connection_ == nullptr) co_return Error{ErrorCode::kClosed, "not connected"};
  Result<mysql::TextResult> result = co_await upstream::mysql::query(*connection_, std::move(sql), deadline);
  if (!result.ok()) {
    // we stop: the server need not count a client that was lost
    if (result.error().code == ErrorCode::kCancelled) connection_->leave();
    connection_.reset();
    co_return std::move(result).error();
  }
  if (result->error) {
    co_return refused_by_peer(ErrorCode::kRefused,
                              "the server said " + std::to_string(result->error->code) + ": " + result->error->message,
                              {result->error->code, result->error->sqlstate, result->error->message});
  }
  co_return result;
}

Task<Result<void>> MysqlCheck::look(Deadline deadline) {
  Result<void> connected = co_await ensure_connected(deadline);
  HF_CO_RETURN_IF_ERROR(connected);
  Result<ServerObservation> seen = co_await observe(deadline);
  if (!seen.ok()) connection_.reset();
  HF_CO_RETURN_IF_ERROR(seen);
  observation_ = std::move(*seen);
  co_return Result<void>{};
}

Task<Result<ServerObservation>> MysqlCheck::observe(Deadline deadline) {
  const bool mariadb = mysql::is_mariadb(greeting_.version);
  ServerObservation seen;
  Result<mysql::TextResult> facts = co_await ask_here(std::string(mariadb ? kMariaDbFacts : kMySqlFacts), deadline);
  HF_CO_RETURN_IF_ERROR(facts);
  if (facts->rows.size() != 1) co_return Error{ErrorCode::kProtocol, "the server's facts are not one row"};
  seen.server_id = number(*facts, 0, "server_id");
  seen.version = text(*facts, 0, "version");
  const std::string read_only = text(*facts, 0, "read_only");
  seen.read_only = read_only != "0" && read_only != "OFF";
  seen.gtid_binlog_pos = text(*facts, 0, "gtid_binlog_pos");
  seen.gtid_current_pos = text(*facts, 0, "gtid_current_pos");
  seen.semisync.primary_enabled = text(*facts, 0, "semisync") == "1";

  Result<mysql::TextResult> replication =
      co_await ask_here(mariadb ? "SHOW ALL SLAVES STATUS" : "SHOW SLAVE STATUS", deadline);
  HF_CO_RETURN_IF_ERROR(replication);
  take_replication(*replication, seen);
  Result<mysql::TextResult> status = co_await ask_here(std::string(kStatus), deadline);
  HF_CO_RETURN_IF_ERROR(status);
  take_status(*status, seen);
  seen.capabilities = greeting_.capabilities;
  seen.observed_at = loop_.now();
  co_return std::move(seen);
}

}  // namespace hf::check
