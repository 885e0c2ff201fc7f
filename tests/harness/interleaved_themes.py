"""What the scripts of the interleaved test are made of: each theme is a function that returns a few steps of one session.

A theme names a kind of state that a session owns, or a kind of statement that changes or asks for it. SHARED themes leave nothing
that must tie a server connection to the session for long; PINNING themes do. HOLDFAST_INTERLEAVED_FEATURES restricts by these names.
The steps are described in interleaved_client.py, the objects they use in interleaved_world.py.
"""
from .interleaved_world import HARMLESS_GLOBALS

LAST_IDS = ["last_insert_id()", "@@last_insert_id", "@@identity", "last_insert_id(), row_count()", "@@insert_id"]
DIAGNOSTICS = ["select row_count()", "select found_rows()", "show warnings", "show errors", "show count(*) warnings", "show count(*) errors",
               "select @@warning_count, @@error_count", "select @@warning_count", "select found_rows(), row_count(), last_insert_id()",
               "show warnings limit 1", "select row_count() as r, @@error_count"]
STATE = ["database()", "schema()", "@@sql_mode", "@@time_zone", "@@autocommit", "@@character_set_client", "@@character_set_connection",
         "@@collation_connection", "@@character_set_results", "@@sql_select_limit", "@@group_concat_max_len", "@@lc_time_names",
         "@@tx_isolation", "@@tx_read_only", "@@foreign_key_checks", "@@unique_checks", "@@sql_auto_is_null", "@@completion_type",
         "@@collation_database", "@@character_set_database", "@@character_set_server", "@@collation_server", "@@div_precision_increment",
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
            "sql_safe_updates = 0", "max_statement_time = 20", "old_mode = 'NO_PROGRESS_INFO'", "collation_server = latin1_bin", "collation_database = latin1_bin",
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
              ("select last_insert_id(), ?", [1]), ("select ? + 1, row_count()", [1]), ("show warnings", []), ("select found_rows()", []),
              ("select database(), schema()", []), ("select cast(? as date)", ["2024-02-31"])]


def questions(s):
    """One question about what the session has, as text or prepared."""
    draw = s.random.random()
    if draw < 0.3:
        return [s.ask(s.pick(DIAGNOSTICS))]
    if draw < 0.5:
        return [s.ask("select " + s.pick(LAST_IDS))]
    if draw < 0.75:
        return [s.ask("select " + ", ".join(s.random.sample(STATE, s.random.randint(1, 6))))]
    return [s.ask("select " + s.pick(EFFECTS))]


def state(s):
    found = [s.ask("select " + ", ".join(s.random.sample(STATE, s.random.randint(2, 12))))]
    if s.chance(0.5):
        found.append(s.ask("select " + s.pick(EFFECTS)))
    if s.chance(0.1):
        found.append(s.ask(s.pick(["show variables like 'character\\_set\\_%'", "show variables like 'sql_mode'", "show session variables like 'tx%'"])))
    return found


def settings(s):
    found = [s.ask("set " + s.pick(SETTINGS))]
    return found + (state(s) if s.chance(0.6) else [])


def schema(s):
    return s.move() + [s.ask(s.pick(["select v from t order by id", "select database()", "select count(*) from t", "show tables", "insert into t (v) values ('here')",
                                     "select v from t where id = 2", "select @@collation_database", "describe t"]))]


def prepared(s):
    handle = s.handle()
    sql, values = s.pick(CONTEXTUAL)
    found = [("prepare", handle, sql)]
    if s.chance(0.7):
        found.append(("execute", handle, values))
    for _ in range(s.random.randint(1, 3)):
        found += s.change_context()
        found.append(("execute", handle, values))
        if s.chance(0.2):
            found += questions(s)
    if s.chance(0.4):
        found.append(("close", handle))
    else:
        s.open.append((handle, values))
    return found


def again(s):
    """A statement prepared long ago."""
    if not s.open:
        return prepared(s)
    handle, values = s.pick(s.open)
    return [("execute", handle, values)] + (questions(s) if s.chance(0.4) else [])


def ids(s):
    """What LAST_INSERT_ID() is afterwards differs from what the OK packet says."""
    t = s.table("t")
    u = s.table("u")
    c = s.table("c")
    number = s.random.randint(1000, 9000)
    insert = s.pick([
        f"insert into {t} (v) values ('made')", f"insert into {t} (v) values ('one'), ('two'), ('three')", f"insert into {t} (id, v) values ({number}, 'given')",
        f"insert into {t} (id, v) values (null, 'made'), ({number}, 'given')", f"insert into {t} (v) values ('back') returning id",
        f"insert into {t} (v) values ('back'), ('twice') returning id, v", f"insert into {u} (k, v) values (10, 'again') on duplicate key update v = 'updated'",
        f"insert into {u} (k, v) values ({number}, 'fresh') on duplicate key update v = 'updated'",
        f"insert into {u} (k, v) values (20, 'again') on duplicate key update id = last_insert_id(id), v = 'kept'",
        f"insert ignore into {u} (k, v) values (10, 'ignored')", f"insert ignore into {u} (k, v) values (10, 'ignored'), ({number}, 'fresh')",
        f"insert into {u} (k, v) values (10, 'fails')", f"insert into {u} (k, v) values ({number}, 'first'), (10, 'fails')", f"replace into {u} (k, v) values (10, 'replaced')",
        f"insert into {u} (k, v) values ({-number}, 'refused by a trigger')", f"insert into {c} (parent) values (last_insert_id())",
        f"insert into {c} (w) select v from {t} where id < 3 order by id", f"insert into {t} (id, v) values (0, 'zero')", f"insert into {t} (nothing) values (1)",
        f"update {t} set n = last_insert_id(n + 100) where id = 1", f"select last_insert_id({number})", f"set last_insert_id = {number}", f"set @@identity = {number}",
        f"insert into {t} (v) values ('long text that does not fit into thirty characters at all')", f"insert into {t} set v = 'set'", f"delete from {t} where id > 5 returning id"])
    found = [s.ask(insert)]
    for _ in range(s.random.randint(1, 3)):
        found.append(s.ask(s.pick(["select " + s.pick(LAST_IDS), "select last_insert_id()", f"insert into {c} (parent, w) values (last_insert_id(), 'child')",
                                   f"select v from {t} where id = last_insert_id()", f"update {t} set n = last_insert_id() where id = 2", f"select id, v from {t} order by id"])))
    return found


def found_rows(s):
    t = s.table("t")
    limit = s.pick(["limit 3", "limit 2, 1", "limit 1 offset 4", "limit 0", "limit 100", "limit 2 offset 50", ""])
    calc = s.pick(["sql_calc_found_rows ", "sql_calc_found_rows ", ""])
    step = s.pick([
        s.ask(f"select {calc}id from {t} order by id {limit}"), ("prepared", f"select {calc}id, v from {t} where id <= ? order by id {limit}", [6]),
        s.ask(f"(select {calc}id from {t}) union all (select 99) order by 1 {limit}"), s.ask(f"select {calc}* from {t} where v = 'none' {limit}"),
        s.ask(f"select count(*) from {t}"), s.ask("show tables like 'nosuch'"), s.ask("show tables"), s.ask(f"update {t} set n = n + 1 where id < 4"),
        s.ask(f"select {calc}n, count(*) from {t} group by n order by n {limit}")])
    between = []
    if s.chance(0.2):
        between = [s.pick([("ping",), s.ask("set @@sql_warnings = 0"), s.ask("do 1"), ("init_db", s.a), s.ask("select nothing from nowhere"), s.ask("show warnings")])]
    return [step] + between + [s.ask(s.pick(["select found_rows()", "select found_rows(), row_count()", "select found_rows() + 0 as f"])) for _ in range(s.random.randint(1, 2))]


def diagnostics(s):
    t = s.table("t")
    first = s.pick([s.ask("select 1 / 0, cast('x' as signed)"), s.ask(f"update {t} set n = 5 where id < 3"), s.ask("select * from nosuch"), s.ask("select cast('abc' as decimal), 'x' + 1"),
                    s.ask(f"insert ignore into {t} (id, v) values (1, 'there')"), s.ask(f"delete from {t} where id = 6"), s.ask("drop table if exists nosuch"),
                    s.ask("drop temporary table if exists nosuch"), s.ask("signal sqlstate '01000' set message_text = 'own warning'"), s.ask("selekt"),
                    s.ask("create table if not exists t (a int)"), s.ask("select 'a' < 1 from t"), ("prepared", "select cast(? as signed), cast(? as date)", ["1x", "2024-99-01"]),
                    s.ask("do 1/0"), s.ask(f"update {t} set n = 5 where id < 3"), s.ask("kill query 0"), s.ask("explain extended select 1")])
    between = [s.pick([("ping",), ("init_db", s.a), s.ask("set @@sql_warnings = 0"), ("prepare", s.handle(), "select 1"), s.ask("select 1")])] if s.chance(0.25) else []
    return [first] + between + [s.ask(s.pick(DIAGNOSTICS)) for _ in range(s.random.randint(1, 3))]


def reads(s):
    t = s.table("t")
    return [s.pick([s.ask(f"select id, v, n from {t} order by id"), ("prepared", f"select v from {t} where id = ?", [s.random.randint(1, 9)]), s.ask(f"select count(*), sum(n) from {t}"),
                    s.ask(f"select a.id, b.v from {t} a join {t} b on a.id = b.id + 1 order by a.id"), s.ask(f"select v from {t} where id = 3 for update"),
                    s.ask(f"show columns from {t}"), s.ask("show create table t"), s.ask("show full tables"), s.ask(f"with w as (select id from {t}) select count(*) from w"),
                    s.ask(f"/* holdfast: primary */ select v from {t} where id = 1"), s.ask("values (1, 2), (3, 4)"), ("field_list", "t"),
                    ("query", f"select v from {t} order by id; select count(*) from {t}")])]


def writes(s):
    t = s.table("t")
    return [s.ask(s.pick([f"update {t} set n = coalesce(n, 0) + 1 where id = 1", f"delete from {t} where id = 7", f"insert into {t} (v, n) values ('w', 9)", f"update {t} set v = 'new' where id > 3",
                          f"update {t} set n = n where id = 1", f"delete from {t} where id = 999", f"replace into {t} (id, v) values (1, 'replaced')", f"alter table {t} comment = 'c'",
                          f"create table if not exists {s.a}.extra (a int primary key)", f"insert into {s.a}.extra values (1)", f"drop table if exists {s.a}.extra", f"truncate {s.a}.log",
                          f"analyze table {t}", f"update {t} set n = n + 1 order by id limit 2"])), s.ask(s.pick([f"select id, v, n from {t} order by id", f"select count(*) from {t}", "select row_count()"]))]


def sequences(s):
    q = s.table("s")
    return [s.ask(s.pick([f"select nextval({q})", f"select next value for {q}", f"select lastval({q})", f"select previous value for {q}", f"select setval({q}, 200)", f"select lastval({q})",
                          f"insert into {s.a}.t (id, v) values (nextval({q}) + 1000, 'sequence')", "select nextval(nosuch)", f"do nextval({q})", f"select lastval({q}), 1",
                          f"alter sequence {q} restart 500", f"select nextval({q}), lastval({q})"])) for _ in range(s.random.randint(1, 4))]


def hidden(s):
    """User variables and settings that views, functions and triggers set and read."""
    return [s.ask(s.pick([f"select s from {s.a}.login_v", f"select id, v from {s.a}.mine_v", f"select {s.a}.tenant()", f"select {s.a}.sets()", f"select id, v from {s.a}.mine_v",
                          f"insert into {s.a}.c (w) values ('whose')", f"insert into {s.a}.u (k, v) values (-1, 'refused')", f"select {s.a}.sets_zone()", "select @@time_zone",
                          f"select parent, w from {s.a}.c order by id", f"insert into {s.a}.u (k, v) values (10, 'duplicate')", f"select count(*) from {s.a}.t where {s.a}.sets() = 1",
                          f"insert into {s.a}.c (w) values ('mine')", f"update {s.a}.t set n = {s.a}.sets() where id = 1", "select from_unixtime(0)"]))
            for _ in range(s.random.randint(1, 4))]


def hidden_ids(s):
    """LAST_INSERT_ID() read and made by functions and views."""
    return [s.ask(s.pick([f"insert into {s.a}.t (v) values ('made')", f"insert into {s.a}.u (k, v) values ({s.random.randint(100, 999)}, 'by trigger')", f"select {s.a}.last_id()",
                          f"select l from {s.a}.last_v", f"select {s.a}.adds()", "select last_insert_id()", f"insert into {s.a}.c (w) values ({s.a}.last_id())", f"call {s.a}.several(1)",
                          f"insert into {s.a}.t (v) values ({s.a}.adds())", f"select v from {s.a}.t where id = {s.a}.last_id()"])) for _ in range(s.random.randint(2, 4))]


def routines(s):
    return [s.ask(s.pick([f"call {s.a}.several(2)", f"call {s.a}.zone_and_error()", f"call {s.a}.inserts('by call')", f"call {s.a}.nosuch()", f"call {s.a}.gives(4, @out)",
                          "begin not atomic declare x int default 2; select x; select v from t where id = x; end", f"call {s.a}.several(0)", "select @@time_zone",
                          "begin not atomic set time_zone = '+08:00'; select * from nosuch; end"])), s.ask(s.pick(["select @@time_zone", "select last_insert_id()", "select row_count()", "select 1"]))]


def multi(s):
    """Several statements in one text; any of them may fail, what stands before it has happened."""
    parts = ["set time_zone = '+04:00'", f"insert into {s.a}.t (v) values ('multi')", "select * from nosuch", "select last_insert_id()", f"use {s.b}", f"use {s.a}", "select database()",
             "set sql_mode = 'ANSI_QUOTES'", "select v from t order by id limit 1", "select sql_calc_found_rows id from t order by id limit 2", "select found_rows()", "selekt",
             f"update {s.a}.t set n = 4 where id < 4", "select row_count()", "select @@time_zone, @@sql_mode", "set names latin1", "show warnings", f"call {s.a}.several(1)", "do 1/0",
             f"insert into {s.a}.u (k) values (10)", "commit", f"insert into {s.a}.t (v) values ('r') returning id", "set last_insert_id = 12"]
    return [("query", "; ".join(s.pick(parts) for _ in range(s.random.randint(2, 4))))] + (questions(s) if s.chance(0.6) else [])


def transactions(s):
    found = [s.ask(s.pick(["begin", "start transaction", "start transaction with consistent snapshot", "set autocommit = 0", "start transaction read write",
                           "begin work", "set transaction isolation level serializable", "begin"]))]
    middle = [lambda: s.ask("insert into t (v) values ('in transaction')"), lambda: s.ask("select id, v from t order by id"), lambda: s.ask("update t set n = 8 where id = 2"),
              lambda: s.ask("savepoint one"), lambda: s.ask("rollback to one"), lambda: s.ask("release savepoint one"), lambda: s.ask("select * from nosuch"),
              lambda: s.ask("select last_insert_id()"), lambda: s.ask("select row_count()"), lambda: s.ask("select @@in_transaction"), lambda: ("ping",),
              lambda: s.ask("set time_zone = '+06:00'"), lambda: s.ask("create table if not exists extra (a int primary key)"),
              lambda: ("prepared", "insert into t (v, n) values (?, ?)", ["p", 3])]
    found += [s.pick(middle)() for _ in range(s.random.randint(0, 4))]
    found.append(s.ask(s.pick(["commit", "rollback", "commit", "rollback", "commit and chain", "rollback and no chain", "begin"])))
    if found[-1][1] in ("commit and chain", "begin"):
        found += [s.ask("insert into t (v) values ('chained')"), s.ask("commit")]
    if found[0][1] == "set autocommit = 0":
        found += [s.ask("select @@in_transaction, @@autocommit"), s.ask("set autocommit = 1")]
    return found


def read_only(s):
    return [s.ask(s.pick(["start transaction read only", "start transaction read only, with consistent snapshot", "set transaction read only"])),
            s.ask("select v from t order by id"), s.ask(s.pick(["insert into t (v) values ('refused')", "select count(*) from t", "select last_insert_id()", "select * from nosuch", "analyze table t"])),
            s.ask(s.pick(["commit", "rollback", "begin", "create table if not exists extra (a int primary key)"])), s.ask(s.pick(["rollback", "commit"])),
            s.ask(s.pick(["insert into t (v) values ('allowed again')", "select @@tx_read_only, @@in_transaction"]))]


def statement_for(s):
    return [s.ask(s.pick(["set statement sql_mode = 'ANSI_QUOTES' for select \"v\" from t where id = 1", "set statement time_zone = '+09:30' for select from_unixtime(0)",
                          "set statement sql_select_limit = 1 for select v from t order by id", "set statement max_statement_time = 5 for insert into t (v) values ('limited')",
                          "set statement sql_mode = 'ANSI' for do 1", "set statement nothing = 1 for select 1", "set statement time_zone = '+01:00' for select * from nosuch",
                          "set statement group_concat_max_len = 5 for select group_concat(v order by id) from t", "set statement lc_time_names = 'de_DE' for select date_format('2024-03-05', '%W')"])),
            s.ask("select " + s.pick(["@@sql_mode", "@@time_zone", "@@sql_select_limit", "from_unixtime(0)", "'x' || 'y'"]))]


def one_shot(s):
    kind = s.pick(["insert_id", "timestamp", "timestamp", "transaction", "read_only"])
    if kind == "insert_id":
        number = s.random.randint(10000, 20000)
        return [s.ask(f"set insert_id = {number}"), s.ask(s.pick(["select 1", "select @@insert_id", "select v from t where id = 1"])), s.ask("insert into t (v) values ('numbered')"),
                s.ask("select last_insert_id()"), s.ask("insert into t (v) values ('next')"), s.ask("select id, v from t order by id")]
    if kind == "timestamp":
        return [s.ask("set timestamp = 1000000000"), s.ask("select now(), @@timestamp"), s.ask(s.pick(["select unix_timestamp()", "select v, now() from t where id = 1"])),
                s.ask("set timestamp = default"), s.ask("select now() > '2020-01-01', @@timestamp > 1600000000"), s.ask("select unix_timestamp() > 1600000000")]
    if kind == "transaction":
        return [s.ask("set transaction isolation level read committed"), s.ask(s.pick(["select @@tx_isolation", "select 1"])), s.ask("begin"), s.ask("select v from t where id = 1"), s.ask("commit")]
    return [s.ask("set transaction read only"), s.ask("insert into t (v) values ('refused')"), s.ask("select v from t where id = 1"), s.ask("insert into t (v) values ('allowed')")]


def reset(s):
    if not s.login["charset"]:
        return state(s)
    s.open.clear()
    return [("reset",)] + state(s) + questions(s)


def change_user(s):
    user = s.pick(["app", "app", "app_two"])
    collation = s.pick([45, 8, 33, 2304, 309, 0, 2048, 1283, 224, 192])
    s.login = {**s.login, "charset": collation}
    s.open.clear()
    return [("change_user", user, s.pick([s.a, s.a, s.b, "", "test_nosuch"]), collation),
            s.ask("select current_user(), database(), @@collation_connection, @@character_set_client, @@character_set_results"),
            s.ask("select collation('x'), 'a' = 'A', @@time_zone, @@sql_mode"), ("init_db", s.a)] + questions(s)


def option(s):
    return [("set_option", s.pick([0, 1, 1, 0, 7])), ("query", "select 1; select 2"), ("query", f"insert into {s.a}.t (v) values ('o'); select last_insert_id()")]


def ping(s):
    return [("ping",)] + questions(s)


def long_data(s):
    handle, size = s.handle(), s.pick([10, 1000, 70000])
    big = s.pick([400000, 1000])
    found = [("prepare", handle, f"insert into {s.a}.ld (b) values (?)")]
    if s.chance(0.5):
        found += [("long_data", handle, 0, big)] * s.random.randint(1, 4) + [("execute_long", handle, [None])]
    if s.chance(0.7):
        found += [("long_data", handle, 0, big)] * s.random.randint(1, 4) + s.change_context() * s.random.randint(0, 1) + [("reset_statement", handle)]
    return found + [("long_data", handle, 0, size), ("execute_long", handle, [None]), s.ask("select last_insert_id()"), s.ask(f"select id, length(b), md5(b) from {s.a}.ld order by id"), ("close", handle)]


def cursors(s):
    handle = s.handle()
    found = [("prepare", handle, "select id, v from t where id > ? order by id"), ("open_cursor", handle, [0]), ("fetch", handle, 2)]
    found += s.pick([lambda: [s.ask("set time_zone = '+02:00'")], lambda: s.move(), lambda: [s.ask("insert into t (v) values ('behind the cursor')")], lambda: [s.ask("set names latin1")],
                     lambda: [], lambda: [("ping",)], lambda: [s.ask("select * from nosuch")], lambda: [("reset_statement", handle)]])()
    found += [("fetch", handle, 2), ("fetch", handle, 50), ("fetch", handle, 1)]
    return found + [s.pick([("close", handle), ("reset_statement", handle), ("execute", handle, [3])])]


def drop_schema(s):
    """The session's default schema goes away under it, and perhaps comes back."""
    found = [("init_db", s.b), s.ask("select v from t order by id"), ("query", "commit"), ("root", f"drop database {s.b}")]
    found += [s.ask(s.pick(["select database()", "select v from t order by id", f"update {s.a}.t set n = 3 where id = 1", f"select v from {s.a}.t where id = 1", f"use {s.b}",
                            "create table x (a int)", "set time_zone = '+02:00'", f"insert into {s.a}.t (v) values ('homeless')", "select 1"])) for _ in range(s.random.randint(1, 4))]
    found += s.pick([[s.ask(f"create database {s.b}")], [("root", f"create database {s.b} character set utf8mb4")], []])
    found += [s.ask(s.pick(["select database(), @@collation_database", "create table t (id int primary key, v varchar(9))", "show tables", "select v from t"]))]
    return found + [s.pick([("init_db", s.a), s.ask(f"use {s.a}")]), s.ask("select v from t where id = 1")]


def roles(s):
    return [s.ask(s.pick(["set role test_role", "set role none", "set role nosuch", "set role test_role"])), s.ask("select current_role(), current_user()"),
            s.ask("select count(*) from hf_role.t"), s.ask(s.pick(["set role none", "set role test_role", "select current_role()"])), s.ask("select count(*) from hf_role.t")]


def globals_(s):
    """For the account that may set globals: they belong to the primary."""
    name = HARMLESS_GLOBALS[s.number % len(HARMLESS_GLOBALS)]
    value = s.pick(["0", "1"]) if name == "log_bin_trust_function_creators" else s.pick(["333", "444"]) if not name.startswith("binlog") else s.pick(["8192", "65536"])
    return [s.ask(f"set global {name} = {value}"), s.ask(s.pick([f"select @@global.{name}", f"show variables like '{name}'", f"show global variables like '{name}'",
                                                                 f"select variable_value from information_schema.global_variables where variable_name = '{name}'", f"select @@{name}"])),
            s.ask(f"select @@global.{name}")]


def load_data(s):
    return [("query", s.pick(["load data local infile 'x' into table t (id, v)", "load data local infile 'x' ignore into table t (id, v)", "load data local infile 'x' into table nosuch",
                              "load data local infile 'x' into table c (parent, w)"]))] + questions(s)


def signs_of_life(s):
    """For servers that end idle connections soon: never idle for long, so nothing may be lost."""
    first = s.pick([s.ask("insert into t (v) values ('alive')"), s.ask("set @alive = 4"), s.ask(f"select get_lock('{s.a}', 0)"), ("prepare", "alive", "select v from t where id = ?"),
                    s.ask("select sql_calc_found_rows id from t order by id limit 1")])
    found = [first]
    for _ in range(6):
        found += [("pause", 0.5), ("ping",)]
    found += [("root", f"select is_free_lock('{s.a}')"), ("execute", "alive", [1]), s.ask(s.pick(["update t set n = 2 where id = 1", "select @alive", "insert into t (v) values ('still')", "begin"]))]
    return found + [s.ask(f"select release_lock('{s.a}'), @alive"), s.ask("commit")]


# -- what ties a connection to the session ----------------------------------------------------------------------------


def variables(s):
    return [s.ask(s.pick(["set @u = 5", "select @u := 6", "select @u", "select @u, @w", "set @w = concat(@u, 'x')", "select id, @u from t order by id", "set @u = (select max(id) from t)",
                          "select v into @w from t where id = 2", "insert into t (v, n) values (@w, @u)", "select @tenant", "set @tenant = 2", "select id from mine_v", "select @ic",
                          "select @u := @u + 1 from t order by id"])) for _ in range(s.random.randint(1, 4))]


def temporary(s):
    return [s.ask(s.pick(["create temporary table if not exists tmp (id int auto_increment primary key, a int)", "insert into tmp (a) values (4), (5)", "select * from tmp order by 1",
                          "drop temporary table if exists tmp", "select count(*) from tmp", "create temporary table t (id int, v varchar(9))", "drop temporary table t",
                          "select v from t order by id", "select last_insert_id()", "create or replace temporary table tmp select 1 as a, 2 as b"])) for _ in range(s.random.randint(2, 5))]


def locks(s):
    return [s.ask(s.pick([f"select get_lock('{s.a}', 0)", f"select release_lock('{s.a}')", f"select is_used_lock('{s.a}') = connection_id()", f"select is_free_lock('{s.a}')",
                          "select release_all_locks()", f"do get_lock('{s.b}', 0)"])), ("root", f"select is_free_lock('{s.a}'), is_free_lock('{s.b}')")]


def text_prepare(s):
    return [s.ask(s.pick(["prepare p from 'select v, ? as a from t where id = 2'", "execute p using @u", "execute p using 3", "deallocate prepare p", "execute immediate 'select 1 as one'",
                          "prepare p from 'insert into t (v) values (?)'", "execute p", "prepare q from 'set @u = ?'", "execute q using 9", "select last_insert_id()",
                          f"execute immediate 'use {s.a}'", "execute immediate 'set time_zone = \\'+03:30\\''", "select @@time_zone"])) for _ in range(s.random.randint(2, 5))]


def handler(s):
    return [s.ask(s.pick(["handler t open", "handler t read first", "handler t read next", "handler t close", "handler t open as h", "handler h read `primary` = (2)", "handler h read next limit 2",
                          "handler h close", "insert into t (v) values ('for the handler')", "select v from t where id = 1"])) for _ in range(s.random.randint(2, 5))]


def lock_tables(s):
    return [s.ask(s.pick(["lock tables t write", "lock tables t read", "lock tables t write, c write", f"lock tables {s.a}.t read"])),
            s.ask(s.pick(["insert into t (v) values ('locked')", "select v from t order by id", "select * from c", "select * from nosuch"])), s.ask("select count(*) from u"),
            s.ask(s.pick(["unlock tables", "unlock tables", "begin", "lock tables c write"])), s.ask("select @@in_transaction"), s.ask("unlock tables"), s.ask("select count(*) from u")]


def multi_locks(s):
    """A text that takes something and fails at its end."""
    first = s.pick([f"lock tables {s.a}.t write", f"lock tables {s.a}.t read", f"handler {s.a}.t open as hh", "set transaction read only", "set @left = 4",
                    f"do get_lock('{s.a}', 0)", "create temporary table tmp_left (a int)", "prepare left_p from 'select 1'", "begin", "set transaction isolation level serializable",
                    f"select nextval({s.a}.s)", "savepoint x"])
    last = s.pick(["select * from nosuch", "selekt", f"insert into {s.a}.u (k) values (10)", "select 1"])
    found = [("query", f"{first}; {last}"), s.ask(s.pick([f"update {s.a}.c set parent = 1", f"insert into {s.a}.c (w) values ('after')", f"select count(*) from {s.a}.u", f"select lastval({s.a}.s)"])),
             s.ask(s.pick(["handler hh read first", "select @left", "execute left_p", "select * from tmp_left", "select @@in_transaction", f"insert into {s.a}.t (v) values ('mine')"]))]
    return found + ([s.ask("unlock tables"), s.ask("rollback")] if s.chance(0.6) else [])


def xa(s):
    name = s.handle()
    found = [s.ask(f"xa start '{s.a}{name}'"), s.ask("insert into t (v) values ('by xa')"), s.ask(s.pick(["select last_insert_id()", "select * from nosuch", "select v from t order by id"])),
             s.ask(f"xa end '{s.a}{name}'")]
    if s.chance(0.5):
        return found + [s.ask(f"xa prepare '{s.a}{name}'"), s.ask(s.pick(["select 1", "insert into t (v) values ('no')"])), s.ask(s.pick([f"xa commit '{s.a}{name}'", f"xa rollback '{s.a}{name}'"]))]
    return found + [s.ask(s.pick([f"xa commit '{s.a}{name}' one phase", f"xa rollback '{s.a}{name}'"]))]


def profiling(s):
    return [s.ask(s.pick(["set profiling = 1", "set profiling = 0", "show profiles", "select count(*) > 0 from information_schema.profiling", "select v from t where id = 1", "show profiles"]))
            for _ in range(s.random.randint(2, 5))]


SHARED = {"state": (state, 5), "settings": (settings, 9), "schema": (schema, 4), "prepared": (prepared, 9), "again": (again, 4), "ids": (ids, 9), "found": (found_rows, 6),
          "diagnostics": (diagnostics, 5), "reads": (reads, 5), "writes": (writes, 4), "sequences": (sequences, 3), "hidden": (hidden, 4), "hidden_ids": (hidden_ids, 2),
          "routines": (routines, 2), "multi": (multi, 4), "transactions": (transactions, 5), "read_only": (read_only, 2), "statement_for": (statement_for, 2),
          "one_shot": (one_shot, 3), "reset": (reset, 2), "change_user": (change_user, 2), "option": (option, 1), "ping": (ping, 2), "long_data": (long_data, 2),
          "cursors": (cursors, 2), "drop_schema": (drop_schema, 1), "roles": (roles, 1), "load_data": (load_data, 1)}
PINNING = {"variables": (variables, 4), "temporary": (temporary, 3), "locks": (locks, 2), "text_prepare": (text_prepare, 2), "handler": (handler, 2), "lock_tables": (lock_tables, 2),
           "multi_locks": (multi_locks, 3), "xa": (xa, 1), "profiling": (profiling, 1)}
OF_BOSS = {"globals": (globals_, 1)}
OF_LIFE = {"signs_of_life": (signs_of_life, 1)}
