// System variables by what their SET or their value means to a session that may move between servers.
#include "policy/sql/name_table.h"
#include "policy/sql/words.h"

namespace hf::policy::sql {
namespace {

// Session variables that clients may set and that mean the same on every server. Left out on purpose: what steers
// replication or the binary log (sql_log_bin, binlog_*, gtid_*, server_id, skip_*), what fakes state (insert_id,
// last_insert_id, timestamp, rand_seed*, pseudo_*), what keeps state on the connection (profiling, optimizer_trace),
// session_track_* (we use it ourselves), debug*, wsrep_*.
constexpr std::string_view kReplayable =
    "alter_algorithm analyze_max_length analyze_sample_percentage autocommit auto_increment_increment "
    "auto_increment_offset big_tables block_encryption_mode bulk_insert_buffer_size character_set_client "
    "character_set_connection character_set_database character_set_filesystem character_set_results "
    "character_set_server check_constraint_checks collation_connection collation_database collation_server "
    "column_compression_threshold column_compression_zlib_level column_compression_zlib_strategy "
    "column_compression_zlib_wrap completion_type cte_max_recursion_depth deadlock_search_depth_long "
    "deadlock_search_depth_short deadlock_timeout_long deadlock_timeout_short default_collation_for_utf8mb4 "
    "default_regex_flags default_storage_engine default_table_encryption default_tmp_storage_engine "
    "default_week_format div_precision_increment end_markers_in_json eq_range_index_dive_limit "
    "expensive_subquery_limit explain_format explicit_defaults_for_timestamp foreign_key_checks group_concat_max_len "
    "histogram_generation_max_mem_size histogram_size histogram_type idle_readonly_transaction_timeout "
    "idle_transaction_timeout idle_write_transaction_timeout in_predicate_conversion_threshold "
    "information_schema_stats_expiry innodb_compression_default innodb_ft_enable_stopword innodb_lock_wait_timeout "
    "innodb_parallel_read_threads innodb_snapshot_isolation innodb_strict_mode innodb_table_locks interactive_timeout "
    "internal_tmp_disk_storage_engine internal_tmp_mem_storage_engine join_buffer_size join_buffer_space_limit "
    "join_cache_level lc_messages lc_time_names lock_wait_timeout log_queries_not_using_indexes "
    "log_slow_admin_statements log_slow_disabled_statements log_slow_filter log_slow_max_warnings "
    "log_slow_min_examined_row_limit log_slow_query log_slow_query_time log_slow_rate_limit log_slow_verbosity "
    "long_query_time low_priority_updates max_error_count max_execution_time max_heap_table_size max_join_size "
    "max_length_for_sort_data max_points_in_geometry max_recursive_iterations max_rowid_filter_size max_seeks_for_key "
    "max_session_mem_used max_sort_length max_sp_recursion_depth max_statement_time min_examined_row_limit "
    "mrr_buffer_size myisam_repair_threads myisam_sort_buffer_size myisam_stats_method net_read_timeout "
    "net_retry_count net_write_timeout new note_verbosity old_alter_table old_mode old_passwords "
    "optimizer_adjust_secondary_key_costs optimizer_extra_pruning_depth optimizer_join_limit_pref_ratio "
    "optimizer_max_sel_arg_weight optimizer_max_sel_args optimizer_prune_level optimizer_search_depth "
    "optimizer_selectivity_sampling_limit optimizer_switch optimizer_use_condition_selectivity parser_max_mem_size "
    "preload_buffer_size print_identified_with_as_hex progress_report_time query_alloc_block_size "
    "query_cache_strip_comments query_cache_type query_cache_wlock_invalidate query_prealloc_size "
    "range_alloc_block_size range_optimizer_max_mem_size read_buffer_size read_rnd_buffer_size rowid_merge_buff_size "
    "secondary_engine_cost_threshold set_operations_buffer_size show_create_table_skip_secondary_engine "
    "show_create_table_verbosity show_gipk_in_create_table_and_information_schema show_old_temporals slow_query_log "
    "sort_buffer_size sql_auto_is_null sql_big_selects sql_buffer_result sql_generate_invisible_primary_key "
    "sql_if_exists sql_mode sql_notes sql_quote_show_create sql_require_primary_key sql_safe_updates sql_select_limit "
    "sql_warnings standard_compliant_cte storage_engine system_versioning_alter_history system_versioning_asof "
    "tcp_nodelay time_zone tmp_disk_table_size tmp_memory_table_size tmp_table_size transaction_alloc_block_size "
    "transaction_isolation transaction_prealloc_size transaction_read_only tx_isolation tx_read_only unique_checks "
    "updatable_views_with_limit use_secondary_engine use_stat_tables wait_timeout windowing_use_high_precision "
    "xa_detach_on_prepare";

constexpr std::string_view kScopes = "global session local persist persist_only";
constexpr std::string_view kLastInsertIds = "last_insert_id identity";
constexpr std::string_view kDiagnostics = "warning_count error_count";
constexpr std::string_view kConnectionIds = "pseudo_thread_id";
constexpr std::string_view kServerLocals =
    "read_only super_read_only innodb_read_only offline_mode last_gtid gtid_binlog_pos gtid_binlog_state "
    "gtid_current_pos gtid_slave_pos gtid_executed gtid_purged gtid_owned gtid_next init_rpl_role";

constexpr std::string_view kTracking =
    "session_track_gtids session_track_schema session_track_state_change session_track_system_variables "
    "session_track_transaction_info";
// The same on all servers of a set, or asked to learn who answers.
constexpr std::string_view kShared =
    "version version_comment version_compile_machine version_compile_os version_source_revision version_ssl_library "
    "license protocol_version system_time_zone lower_case_table_names character_set_system server_id hostname port "
    "have_ssl have_openssl have_compress have_profiling large_files_support max_allowed_packet net_buffer_length "
    "in_transaction proxy_user external_user max_user_connections init_connect";

struct Group {
  std::string_view names;
  Variable variable;
};
constexpr Group kGroups[] = {
    {kReplayable, Variable::kReplayable},      {kScopes, Variable::kScope},
    {kLastInsertIds, Variable::kLastInsertId}, {kDiagnostics, Variable::kDiagnostics},
    {kConnectionIds, Variable::kConnectionId}, {kServerLocals, Variable::kServerLocal},
    {kTracking, Variable::kTracking},          {kShared, Variable::kShared},
};

consteval std::size_t variable_count() {
  std::size_t count = 0;
  for (const Group& group : kGroups) count += count_names(group.names);
  return count;
}

using VariableTable = NameTable<Variable, variable_count()>;

consteval VariableTable make_variables() {
  std::array<VariableTable::Item, variable_count()> items{};
  std::size_t n = 0;
  for (const Group& group : kGroups) {
    std::string_view rest = group.names;
    for (std::size_t left = count_names(group.names); left > 0; --left) items[n++] = {take_name(rest), group.variable};
  }
  return VariableTable(items);
}

constinit const VariableTable kVariables = make_variables();
static_assert(!make_variables().has_duplicate());

}  // namespace

Variable find_variable(ByteView name) {
  const Variable* variable = kVariables.find(name);
  return variable != nullptr ? *variable : Variable::kOther;
}

}  // namespace hf::policy::sql
