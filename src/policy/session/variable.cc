#include "policy/session/variable.h"

#include <algorithm>
#include <array>

namespace hf::policy::session {

namespace {

constexpr std::array<ByteView, 14> kMoments = {
    "last_gtid",  "in_transaction", "warning_count",        "error_count",       "pseudo_slave_mode",
    "proxy_user", "external_user",  "max_user_connections", "net_buffer_length", "max_allowed_packet",
    "hostname",   "version",        "server_id_bits",       "have_profiling"};
/// Variables that a session may set but that make sense on its own connection only.
constexpr std::array<ByteView, 20> kTied = {"timestamp",        "last_insert_id",
                                            "insert_id",        "identity",
                                            "rand_seed1",       "rand_seed2",
                                            "sql_log_bin",      "gtid_domain_id",
                                            "gtid_seq_no",      "server_id",
                                            "pseudo_thread_id", "skip_replication",
                                            "profiling",        "profiling_history_size",
                                            "optimizer_trace",  "binlog_format",
                                            "binlog_row_image", "skip_parallel_replication",
                                            "wsrep_on",         "debug_sync"};

constexpr std::array<Alias, 8> kAliases = {{{"alter_algorithm", "old_alter_table"},
                                            {"default_storage_engine", "storage_engine"},
                                            {"long_query_time", "log_slow_query_time"},
                                            {"min_examined_row_limit", "log_slow_min_examined_row_limit"},
                                            {"slow_query_log", "log_slow_query"},
                                            {"tmp_table_size", "tmp_memory_table_size"},
                                            {"transaction_isolation", "tx_isolation"},
                                            {"transaction_read_only", "tx_read_only"}}};

constexpr ByteView kMaxJoinSize = "max_join_size";
constexpr ByteView kNoMaxJoinSize = "18446744073709551615";
/// Most are single bits of another one.
constexpr std::array<Follower, 6> kFollowers = {{{"log_slow_admin_statements", "log_slow_disabled_statements"},
                                                 {"log_slow_slave_statements", "log_slow_disabled_statements"},
                                                 {"log_queries_not_using_indexes", "log_slow_filter"},
                                                 {"old", "old_mode"},
                                                 {kMaxJoinSize, "sql_big_selects"},
                                                 {"wsrep_causal_reads", "wsrep_sync_wait"}}};

template <std::size_t N>
bool contains(const std::array<ByteView, N>& names, ByteView name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

VariableKind kind_of_variable(ByteView name) {
  if (name.starts_with("session_track_")) return VariableKind::kTracking;
  if (contains(kMoments, name)) return VariableKind::kMoment;
  if (contains(kTied, name)) return VariableKind::kTied;
  return VariableKind::kSetting;
}

bool ties(ByteView name, ByteView value) { return name == "system_versioning_asof" && value != "DEFAULT"; }

std::span<const Alias> aliases() { return kAliases; }

ByteView other_name(ByteView name) {
  for (const Alias& each : kAliases) {
    if (name == each.name) return each.other;
    if (name == each.other) return each.name;
  }
  return {};
}

std::span<const Follower> followers() { return kFollowers; }

bool is_follower(ByteView name) {
  return std::any_of(kFollowers.begin(), kFollowers.end(), [name](const Follower& each) { return each.name == name; });
}

std::optional<ByteView> value_of_follower(ByteView setter, ByteView value) {
  if (setter != kMaxJoinSize) return std::nullopt;
  return value == kNoMaxJoinSize ? "ON" : "OFF";
}

}  // namespace hf::policy::session
