#include "topology/mysql/defaults_loader.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <limits>

namespace hf::topology::mysql {

using upstream::mysql::SessionDefaults;

namespace {

/// What changes the meaning of statements and may be set by any account for its session. In both spellings where MySQL
/// has another.
constexpr std::string_view kVariables[] = {
    "alter_algorithm",
    "auto_increment_increment",
    "auto_increment_offset",
    "autocommit",
    "big_tables",
    "block_encryption_mode",
    "character_set_client",
    "character_set_collations",
    "character_set_connection",
    "character_set_filesystem",
    "character_set_results",
    "character_set_server",
    "check_constraint_checks",
    "collation_connection",
    "collation_server",
    "completion_type",
    "default_regex_flags",
    "default_storage_engine",
    "default_tmp_storage_engine",
    "default_week_format",
    "div_precision_increment",
    "explicit_defaults_for_timestamp",
    "foreign_key_checks",
    "group_concat_max_len",
    "idle_readonly_transaction_timeout",
    "idle_transaction_timeout",
    "idle_write_transaction_timeout",
    "innodb_lock_wait_timeout",
    "innodb_strict_mode",
    "interactive_timeout",
    "keep_files_on_create",
    "lc_messages",
    "lc_time_names",
    "lock_wait_timeout",
    "low_priority_updates",
    "max_error_count",
    "max_execution_time",
    "max_heap_table_size",
    "max_join_size",
    "max_recursive_iterations",
    "max_sort_length",
    "max_sp_recursion_depth",
    "max_statement_time",
    "net_read_timeout",
    "net_write_timeout",
    "note_verbosity",
    "old_mode",
    "old_passwords",
    "session_track_schema",
    "session_track_state_change",
    "session_track_system_variables",
    "session_track_transaction_info",
    "sql_auto_is_null",
    "sql_big_selects",
    "sql_buffer_result",
    "sql_if_exists",
    "sql_mode",
    "sql_notes",
    "sql_quote_show_create",
    "sql_safe_updates",
    "sql_select_limit",
    "sql_warnings",
    "standard_compliant_cte",
    "system_versioning_alter_history",
    "system_versioning_asof",
    "time_zone",
    "transaction_isolation",
    "transaction_read_only",
    "tx_isolation",
    "tx_read_only",
    "unique_checks",
    "updatable_views_with_limit",
    "wait_timeout",
};
/// Read with them and kept apart: nobody can set these for a session.
constexpr std::string_view kOthers[] = {"init_connect", "max_allowed_packet", "max_prepared_stmt_count"};

std::string lower(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lowered;
}

template <typename Number>
void take_number(Number& number, const std::string& text) {
  const unsigned long long value = std::strtoull(text.c_str(), nullptr, 10);
  number = static_cast<Number>(std::min<unsigned long long>(value, std::numeric_limits<Number>::max()));
}

bool lists(std::string_view list, std::string_view word) {
  for (std::size_t at = 0; at <= list.size();) {
    const std::size_t comma = std::min(list.find(',', at), list.size());
    if (list.substr(at, comma - at) == word) return true;
    at = comma + 1;
  }
  return false;
}

void take_status(SessionDefaults& defaults) {
  namespace wire = proto::mysql;
  const std::string_view autocommit = defaults.find("autocommit").value_or("ON");
  const std::string_view sql_mode = defaults.find("sql_mode").value_or("");
  defaults.status = 0;
  if (autocommit != "OFF" && autocommit != "0") defaults.status |= wire::kStatusAutocommit;
  if (lists(sql_mode, "NO_BACKSLASH_ESCAPES")) defaults.status |= wire::kStatusNoBackslashEscapes;
  if (lists(sql_mode, "ANSI_QUOTES")) defaults.status |= wire::kStatusAnsiQuotes;
}

}  // namespace

std::string defaults_query() {
  std::string query = "SHOW GLOBAL VARIABLES WHERE Variable_name IN (";
  const auto append = [&query](std::string_view name) {
    if (query.back() != '(') query += ',';
    query += '\'';
    query += name;
    query += '\'';
  };
  for (const std::string_view name : kVariables) append(name);
  for (const std::string_view name : kOthers) append(name);
  return query + ')';
}

SessionDefaults parse_defaults(const proto::mysql::TextResult& rows) {
  SessionDefaults defaults;
  for (const auto& row : rows.rows) {
    if (row.size() < 2 || !row[0]) continue;
    const std::string name = lower(*row[0]);
    const std::string value = row[1].value_or("");
    if (name == "init_connect") defaults.init_connect = value;
    if (name == "max_allowed_packet") take_number(defaults.max_allowed_packet, value);
    if (name == "max_prepared_stmt_count") take_number(defaults.max_prepared_stmt_count, value);
    if (name == "wait_timeout") take_number(defaults.wait_timeout, value);
    if (name == "interactive_timeout") take_number(defaults.interactive_timeout, value);
    if (std::find(std::begin(kVariables), std::end(kVariables), name) != std::end(kVariables)) {
      defaults.variables.emplace_back(name, value);
    }
  }
  std::sort(defaults.variables.begin(), defaults.variables.end());
  take_status(defaults);
  return defaults;
}

std::string content_of(const SessionDefaults& defaults) {
  std::string content = std::to_string(defaults.init_connect.size()) + ':' + defaults.init_connect + '\n';
  for (const std::uint64_t number :
       {defaults.max_allowed_packet, std::uint64_t{defaults.wait_timeout}, std::uint64_t{defaults.interactive_timeout},
        std::uint64_t{defaults.max_prepared_stmt_count}, std::uint64_t{defaults.status}}) {
    content += std::to_string(number) + '\n';
  }
  for (const auto& [name, value] : defaults.variables) {
    content += name + '=' + std::to_string(value.size()) + ':' + value + '\n';
  }
  return content;
}

}  // namespace hf::topology::mysql
