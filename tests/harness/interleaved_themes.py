"""What the scripts of the interleaved test are made of: each theme is a function that returns a few steps of one session.

A theme names a kind of state that a session owns, or a kind of statement that changes or asks for it. These leave nothing that must
tie a server connection to the session for long; those that do are in interleaved_pinning.py. HOLDFAST_INTERLEAVED_FEATURES restricts
by the names in SHARED. The steps are described in interleaved_client.py, the objects they use in interleaved_world.py, the pen `s` in
interleaved_generator.py.
"""
import re

from .interleaved_words import CONTEXTUAL, DIAGNOSTICS, EFFECTS, LAST_IDS, SETTINGS, STATE


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


def counted_writes(s):
    """Writes that read what the statement before has counted, and reads that fail between them. (A ROW_COUNT() of changed rows may be refused.)"""
    t = s.table("t")
    counts = s.pick([f"select sql_calc_found_rows id from {t} order by id limit 2", f"select id from {t} limit 3", f"select count(*) from {t}", "select 1", "show tables", f"select id from {t} where id > 900"])
    fails = s.pick(["select nosuch", "select exp(1000)", "select (select id from t)", f"select id, exp(id * 300) from {t} order by id", "select abs()", "select id from t a join t b", "select nextval(nosuch)",
                    f"select id from {t} union select 1, 2", "selekt"])
    acts = s.pick([f"insert into {t} (v, n) values ('counted', found_rows())", f"update {t} set n = found_rows() where id = 2", f"insert into {t} (v, n) select 'counted', found_rows()", "do found_rows()",
                   f"delete from {t} where id = found_rows() + 100", f"replace into {t} (id, v, n) values (3, 'counted', found_rows())", f"create table {s.a}.counted_{s.handle()} select found_rows() as n"])
    return [s.ask(counts)] + ([s.ask(fails)] if s.chance(0.4) else []) + [s.ask(acts), s.ask("select found_rows()"), s.ask(f"select id, v, n from {t} order by id")]


def diagnostics(s):
    t = s.table("t")
    first = s.pick([s.ask("select 1 / 0, cast('x' as signed)"), s.ask(f"update {t} set n = 5 where id < 3"), s.ask("select * from nosuch"), s.ask("select cast('abc' as decimal), 'x' + 1"),
                    s.ask(f"insert ignore into {t} (id, v) values (1, 'there')"), s.ask(f"delete from {t} where id = 6"), s.ask("drop table if exists nosuch"),
                    s.ask("drop temporary table if exists nosuch"), s.ask("signal sqlstate '01000' set message_text = 'own warning'"), s.ask("selekt"),
                    s.ask("create table if not exists t (a int)"), s.ask("select 'a' < 1 from t"), ("prepared", "select cast(? as signed), cast(? as date)", ["1x", "2024-99-01"]),
                    s.ask("do 1/0"), s.ask(f"update {t} set n = 5 where id < 3"), s.ask("kill query 0"), s.ask("explain extended select 1")])
    between = [s.pick([("ping",), ("init_db", s.a), s.ask("set @@sql_warnings = 0"), ("prepare", s.handle(), "select 1"), s.ask("select 1"), s.ask("get diagnostics @n = number"),
                       s.ask("execute immediate 'do 1'"), s.ask("execute immediate 'select nosuch'")])] if s.chance(0.25) else []
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
                          f"select {s.a}.adds()", "select last_insert_id()", f"insert into {s.a}.c (w) values ({s.a}.last_id())", f"call {s.a}.several(1)",
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
    chosen = [s.pick(parts) for _ in range(s.random.randint(2, 4))]
    while chosen[0] in ("select row_count()", "show warnings"):  # a known limit
        chosen[0] = s.pick(parts)
    if not any(re.search(r"from t\b|update|insert", part) for part in chosen):  # what follows knows whose list of warnings it is, else a known limit
        chosen.append("select v from t order by id limit 1")
    return [("query", "; ".join(chosen))] + (questions(s) if s.chance(0.6) else [])


def odd_texts(s):
    """What a statement is depends on how its text is read: comments that are executed, quotes, escapes, character sets."""
    a = s.a
    found = [s.pick([
        ("query", f"/*!50000 insert into {a}.t (v) values ('executed comment') */"), ("query", "select /*! sql_calc_found_rows */ id from t order by id limit 2"),
        ("query", "select 'insert into t values (1)' as text"), ("query", "select 1 -- ; insert into t (v) values ('no')"), ("query", "select 1 # last_insert_id()\n+ 1"),
        ("query", "select 'it''s', \"two\"\"quotes\", 'a\\'b'"), ("query", "/* a /* b */ select found_rows() as f"), ("query", f"/*M! insert into {a}.t (v) values ('by m') */"),
        ("query", "/*!99999 insert into t (v) values ('too new') */ select 1"), ("query", "\n\t ( select v from t where id = 1 )"), ("query", "select(select last_insert_id())"),
        ("query", "select `last_insert_id`() "), ("query", "select `v` as `a``b` from `t` where id = 1"), ("query", f"with w as (select 1) select * from w; insert into {a}.t (v) values ('2nd')"),
        ("query", "select @@session . sql_mode, @@ `time_zone`"), ("query", "select last_insert_id ()"), ("query", "SELECT\u00a01"), ("query", ""), ("query", ";"), ("query", "select 1;"),
        ("query", "-- nothing"), ("query", "/* nothing */"), ("query", "select 1; ;"), ("query", "select 'a\\', last_insert_id() as '"), ("query", "select row_count/**/()"),
        ("query", "set @@sql_mode := 'ANSI_QUOTES', time_zone := '+01:00'"), ("query", "set local sql_mode = ''"), ("query", "set @@local.time_zone = '+02:00', session sql_select_limit = 2"),
        ("query", "use `" + a + "`"), ("query", "use/**/" + a), ("query", "SeLeCt Sql_Calc_Found_Rows id FROM t ORDER BY id LIMIT 1"), ("query", "select repeat('x', 300000) as big"),
        ("padded", s.pick([70000, 300000]), s.pick(["select last_insert_id()", f"insert into {a}.t (v) values ('padded')", "select found_rows()", "set time_zone = '+05:30'", "select v from t where id = 1"])),
        ("query", "explain select v from t where id = 1"), ("query", f"explain insert into {a}.t (v) values ('explained')"), ("query", "describe t v"), ("query", "help 'nothing'"),
        ("query", f"checksum table {a}.u"), ("query", f"check table {a}.t"), ("query", "values (row_count())"), ("query", "select v from t where id = 1 procedure analyse()"),
        ("query", f"insert into {a}.c (parent) select last_insert_id() from dual"), ("query", "table t"), ("query", "(select 1) union (select found_rows())"),
        ("query", "select if(last_insert_id() > 0, 'some', 'none') as made"), ("query", "select count(*) from t having found_rows() < 100"), ("query", "show session variables where variable_name = 'sql_mode'")])]
    if s.chance(0.15):  # in gbk the bytes bf 5c are one letter, so the quote behind them ends the string
        found = [("query", "set names gbk"), ("bytes", b"select '\xbf\\' as a, last_insert_id() as b -- '".hex()), ("bytes", b"select '\xbf\\' as a; insert into t (v) values ('gbk') -- '".hex()),
                 ("query", "set names utf8mb4")]
    return found + questions(s)


def at_once(s):
    """Commands that are sent without waiting for replies."""
    t = s.table("t")
    texts = [f"insert into {t} (v) values ('piped')", "select last_insert_id()", "set time_zone = '+01:30'", "select @@time_zone", "select * from nosuch", f"select v from {t} order by id", "select found_rows()",
             f"update {t} set n = 1 where id = 1", "select row_count()", f"use {s.b}", "select database()", f"use {s.a}", "set names latin1", "begin", "commit", "show warnings", "do 1/0"]
    if s.chance(0.5):
        return [("pipeline", on_the_primary_behind_a_write([s.pick(texts) for _ in range(s.random.randint(2, 5))]))]
    sql, values = s.pick(CONTEXTUAL)
    return [("direct", sql, values)] + questions(s)


def on_the_primary_behind_a_write(texts):
    """Nobody waits for the replicas between statements that are sent at once."""
    found = []
    for text in texts:
        written = any(before.startswith(("insert", "update")) for before in found)
        found.append(f"/* holdfast: primary */ {text}" if written and text.startswith("select v from") else text)
    return found


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
            s.ask("select v from t order by id"), s.ask(s.pick(["insert into t (v) values ('refused')", "select count(*) from t", "select last_insert_id()", "select * from nosuch", f"analyze table {s.a}.t"])),
            s.ask(s.pick(["commit", "rollback", "begin", f"create table if not exists {s.a}.extra (a int primary key)"])), s.ask(s.pick(["rollback", "commit"])),
            s.ask(s.pick(["insert into t (v) values ('allowed again')", "select @@tx_read_only, @@in_transaction"]))]


def statement_for(s):
    return [s.ask(s.pick(["set statement sql_mode = 'ANSI_QUOTES' for select \"v\" from t where id = 1", "set statement time_zone = '+09:30' for select from_unixtime(0)",
                          "set statement sql_select_limit = 1 for select v from t order by id", "set statement max_statement_time = 5 for insert into t (v) values ('limited')",
                          "set statement sql_mode = 'ANSI' for do 1", "set statement nothing = 1 for select 1",
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
    return [("set_option", s.pick([0, 1, 1, 0])), ("query", "select 1; select 2"), ("query", f"insert into {s.a}.t (v) values ('o'); select last_insert_id()")]


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
    """The session drops its default schema, which perhaps comes back."""
    found = [("init_db", s.b), s.ask("select v from t order by id"), ("query", "commit"), s.ask(f"drop database {s.b}")]
    found += [s.ask(s.pick(["select database()", "select v from t order by id", f"update {s.a}.t set n = 3 where id = 1", f"select v from {s.a}.t where id = 1", f"use {s.b}",
                            "create table x (a int)", "set time_zone = '+02:00'", f"insert into {s.a}.t (v) values ('homeless')", "select 1"])) for _ in range(s.random.randint(1, 4))]
    found += s.pick([[s.ask(f"create database {s.b}")], [("root", f"create database {s.b} character set utf8mb4")], []])
    found += [s.ask(s.pick(["select database(), @@collation_database", "create table t (id int primary key, v varchar(9))", "show tables", "select v from t"]))]
    return found + [s.pick([("init_db", s.a), s.ask(f"use {s.a}")]), s.ask("select v from t where id = 1")]


def roles(s):
    return [s.ask(s.pick(["set role test_role", "set role none", "set role nosuch", "set role test_role"])), s.ask("select current_role(), current_user()"),
            s.ask("select count(*) from hf_role.t"), s.ask(s.pick(["set role none", "set role test_role", "select current_role()"])), s.ask("select count(*) from hf_role.t")]


def load_data(s):
    return [("query", s.pick(["load data local infile 'x' into table t (id, v)", "load data local infile 'x' ignore into table t (id, v)", "load data local infile 'x' into table nosuch",
                              "load data local infile 'x' into table c (parent, w)"]))] + questions(s)


SHARED = {"state": (state, 5), "settings": (settings, 9), "schema": (schema, 4), "prepared": (prepared, 9), "again": (again, 4), "ids": (ids, 9), "found": (found_rows, 6), "counted_writes": (counted_writes, 4),
          "diagnostics": (diagnostics, 5), "reads": (reads, 5), "writes": (writes, 4), "sequences": (sequences, 3), "hidden": (hidden, 4), "hidden_ids": (hidden_ids, 2),
          "routines": (routines, 2), "multi": (multi, 4), "odd_texts": (odd_texts, 5), "at_once": (at_once, 3), "transactions": (transactions, 5), "read_only": (read_only, 2), "statement_for": (statement_for, 2),
          "one_shot": (one_shot, 3), "reset": (reset, 2), "change_user": (change_user, 2), "option": (option, 1), "ping": (ping, 2), "long_data": (long_data, 2),
          "cursors": (cursors, 2), "drop_schema": (drop_schema, 1), "roles": (roles, 1), "load_data": (load_data, 1)}
