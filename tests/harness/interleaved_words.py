"""The words of the interleaved test's scripts: settings, questions, and statements whose meaning depends on the session's state."""

LAST_IDS = ["last_insert_id()", "@@last_insert_id", "@@identity", "last_insert_id(), row_count()", "@@insert_id"]
DIAGNOSTICS = ["select row_count()", "select found_rows()", "show warnings", "show errors", "show count(*) warnings", "show count(*) errors",
               "select @@warning_count, @@error_count", "select @@warning_count", "select found_rows(), row_count(), last_insert_id()",
               "show warnings limit 1", "select row_count() as r, @@error_count"]
STATE = ["database()", "schema()", "@@sql_mode", "@@time_zone", "@@autocommit", "@@character_set_client", "@@character_set_connection",
         "@@collation_connection", "@@character_set_results", "@@sql_select_limit", "@@group_concat_max_len", "@@lc_time_names",
         "@@tx_isolation", "@@tx_read_only", "@@foreign_key_checks", "@@unique_checks", "@@sql_auto_is_null", "@@completion_type",
         "@@character_set_server", "@@collation_server", "@@collation_database", "@@character_set_database", "@@div_precision_increment",
         "@@wait_timeout", "@@interactive_timeout", "@@session_track_system_variables", "@@session_track_schema",
         "@@session_track_state_change", "@@session_track_transaction_info", "@@profiling", "@@max_statement_time", "@@insert_id",
         "@@timestamp > 1600000000", "@@in_transaction", "@@sql_big_selects", "@@default_storage_engine", "@@max_error_count", "@@sql_warnings",
         "@@lock_wait_timeout", "@@net_write_timeout", "@@sort_buffer_size", "@@old_mode", "@@default_week_format", "@@sql_safe_updates",
         "current_user()", "user()", "current_role()", "@@last_insert_id"]
EFFECTS = ["'a\\\\b' as e", "'x' || 'y' as p", "date_format('2024-03-05', '%M %W') as d", "'a' = 'A' as c", "1/7 as q", "charset('x') as c, collation('x') as o",
           "not 1 between -5 and 5 as h", "week('2024-01-07') as w", "hex('ä') as x", "from_unixtime(0) as z", "group_concat(v order by id) as g from t",
           "v, database() from t where id = 1", "v, @@server_id is not null from t order by id", "count(*) from t where id is null",
           "cast('2024-02-31' as date) as k", "now() > '2020-01-01' as n", "count(*), min(v) from t", "'ß' = 'ss' as s"]
SETTINGS = ["sql_mode = ''", "sql_mode = 'ANSI_QUOTES'", "sql_mode = 'NO_BACKSLASH_ESCAPES'", "sql_mode = 'PIPES_AS_CONCAT'", "sql_mode = 'ANSI'",
            "sql_mode = 'TRADITIONAL'", "sql_mode = 'HIGH_NOT_PRECEDENCE,IGNORE_SPACE'", "sql_mode = default", "sql_mode = concat(@@sql_mode, ',ANSI_QUOTES')",
            "sql_mode = 'NO_AUTO_VALUE_ON_ZERO'", "sql_mode = 'ORACLE'", "names latin1", "names utf8mb4", "names utf8mb4 collate utf8mb4_bin",
            "names utf8mb4 collate utf8mb4_german2_ci", "names default", "names cp1250", "character set latin1", "character set utf8mb4", "character set default",
            "character_set_results = null", "character_set_results = latin1", "collation_connection = utf8mb4_unicode_ci", "character_set_connection = latin2",
            "character_set_client = latin1", "time_zone = '+02:00'", "time_zone = '-11:30'", "time_zone = 'nowhere'", "time_zone = default", "sql_select_limit = 3",
            "sql_select_limit = default", "group_concat_max_len = 10", "group_concat_max_len = default", "div_precision_increment = 8", "lc_time_names = 'fr_FR'",
            "lc_time_names = default", "default_week_format = 3", "foreign_key_checks = 0", "unique_checks = 0", "tx_isolation = 'READ-COMMITTED'",
            "session transaction isolation level serializable", "session transaction read only", "session transaction read write", "sql_auto_is_null = 1",
            "sql_auto_is_null = 0", "max_error_count = 1", "max_error_count = default", "lc_messages = 'de_DE'", "lc_messages = default", "sql_safe_updates = 1",
            "sql_safe_updates = 0", "max_statement_time = 20", "old_mode = 'NO_PROGRESS_INFO'", "collation_server = latin1_bin", "collation_database = latin1_bin", "collation_database = default",
            "sql_mode = 'ANSI_QUOTES', time_zone = '+01:00', names latin1", "@@session.sql_mode = 'ANSI', @@session.no_such_variable = 1", "autocommit = 1",
            "sql_mode = (select 'ANSI_QUOTES')", "time_zone = concat('+0', 3, ':00')", "session_track_system_variables = 'sql_mode,time_zone'",
            "session_track_system_variables = '*'", "session_track_system_variables = default", "session_track_schema = 0", "session_track_schema = 1",
            "session_track_state_change = 1", "session_track_state_change = 0", "session_track_transaction_info = 'CHARACTERISTICS'",
            "session_track_transaction_info = 'STATE'", "session_track_transaction_info = 'OFF'", "completion_type = 0", "net_write_timeout = 77",
            "sort_buffer_size = 1048576", "sql_warnings = 1", "innodb_lock_wait_timeout = 9", "wait_timeout = 3000", "interactive_timeout = 3100",
            "default_storage_engine = 'Aria'", "default_storage_engine = default", "auto_increment_increment = 3", "auto_increment_increment = default",
            "sql_big_selects = 1", "optimizer_switch = 'mrr=on'", "eq_range_index_dive_limit = 7", "character_set_filesystem = latin1"]
# A statement whose meaning, or whose result, depends on the state in which it is prepared or executed.
CONTEXTUAL = [("select v, database() from t where id = ?", [1]), ("select v, n from t where id <= ? order by id", [3]), ("select \"v\" from t where id = 1", []),
              ("select 'a\\\\b', ?", [7]), ("select 'x' || 'y', ?", ["é"]), ("select collation('x'), charset('x'), hex('ä'), hex(?)", ["ä"]), ("select count (*) from t", []),
              ("select not 1 between -5 and 5", []), ("insert into t (v) values (?)", ["put"]), ("update t set n = n + 1 where id = ?", [2]),
              ("select @@sql_mode, @@time_zone, ?", [1]), ("select count(*) from t where v = ?", ["A1"]), ("select from_unixtime(?)", [0]),
              ("select v from t order by id limit ?", [2]), ("select sql_calc_found_rows id from t where id > ? order by id limit 1", [1]),
              ("select 1 / ?", [7]), ("select group_concat(v order by id) from t where id > ?", [0]), ("select date_format(?, '%M')", ["2024-05-01"]),
              ("delete from t where id = ?", [77]), ("insert into t (v) values (?) returning id, v", ["back"]), ("insert into c (w) values (?)", ["child"]),
              ("select last_insert_id(), ?", [1]), ("select ? + 1, found_rows()", [1]), ("show warnings", []), ("select found_rows()", []),
              ("select database(), schema()", []), ("select cast(? as date)", ["2024-02-31"])]
