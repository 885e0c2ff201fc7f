"""What session tracking does not tell, and what is asked of the last statement after its connection was given up: as on a direct connection,
while other clients run over the same few server connections."""
import threading

import pytest

from harness.holdfast import gateway_for
from harness.session import Session, failed
from harness.side_by_side import change_user, close, execute, make_passers_table, prepare, reset, same
from harness.wire import DEFAULT_CAPABILITIES, DEPRECATE_EOF, SESSION_TRACK, Wire

ASK = "select @@time_zone, @@sql_mode, @@group_concat_max_len"
ASK_PRIMARY = "/*master*/ " + ASK
WARNED = "insert ignore into narrow values (1000), (2000), ('x')"
READ = "select sql_calc_found_rows id from narrow_ids order by id limit 2"


@pytest.fixture(scope="module")
def gateway(cluster):
    cluster.recover()
    cluster.primary.query("create or replace table test.narrow (a tinyint)", "create or replace table test.narrow_ids (id int primary key, n int)",
                          "insert into test.narrow_ids values (1,1),(2,2),(3,3),(4,4)",
                          "create or replace function test.moves_and_fails() returns int no sql begin set time_zone = '+10:00'; signal sqlstate '45000'; return 1; end")
    cluster.primary.query("create or replace function test.sets_tenant() returns int no sql begin set @tenant = 3; return 1; end",
                          "create or replace function test.tenant() returns int no sql return @tenant",
                          "create or replace view test.sets_tenant as select test.sets_tenant() as s", "create or replace view test.shows_tenant as select test.tenant() as s")
    make_passers_table(cluster)
    with gateway_for(cluster, shards=1, max_server_connections=2, hold_timeout="3s", users="servers") as running:
        yield running
    cluster.primary.query("drop view test.sets_tenant, test.shows_tenant", "drop function test.sets_tenant", "drop function test.tenant", "drop function test.moves_and_fails", "drop table test.narrow, test.narrow_ids, test.passers_by")


SCRIPTS = {
    "set-without-a-scope": ["set @@time_zone = '+05:00'", ASK, ASK_PRIMARY, "set @@sql_mode := 'ANSI', time_zone = '+06:00'", ASK, ASK_PRIMARY, reset(), ASK],
    "prepared": [("set @@time_zone = '+05:00'",), (ASK,), ASK_PRIMARY, ("set @@group_concat_max_len = ?", 77), ASK, (ASK,), ASK_PRIMARY],
    "with-others": ["set names latin1, @@group_concat_max_len = 99", ASK, "select @@character_set_client", "set @@sort_buffer_size = 2000000",
                    "select @@sort_buffer_size", "/*master*/ select @@sort_buffer_size"],
    "refused": ["set @@time_zone = '+05:00', @@sql_mode = 'nonsense'", ASK, ASK_PRIMARY, "set @@nonsense = 1", ASK],
    "change-of-user": ["set @@time_zone = '+05:00'", change_user(), ASK, ASK_PRIMARY],
    "list-of-several": [WARNED, "show warnings", WARNED, "show warnings limit 1, 1", "show count(*) warnings", "select @@warning_count, @@error_count", ("show warnings",)],
    "note": ["drop table if exists test_nosuch", "show warnings", ("show warnings limit 1",), "show errors"],
    "list-behind-a-set": [WARNED, "set group_concat_max_len = 55", "show warnings", "selekt", "set @@time_zone = '+01:00'", "show errors", "set names latin1", "show errors"],
    "counts-together": ["select id from narrow_ids limit 1", "update narrow_ids set n = n + 1 where id < 4", "select row_count(), found_rows(), last_insert_id()", "select row_count()",
                        "update narrow_ids set n = n + 1", ("select row_count() as changed, @@error_count",)],
    "count-behind-set-names": ["update narrow_ids set n = n + 1 where id = 1", "set names cp1250", ("select last_insert_id(), row_count()",)],
    "failed-inside-a-block": ["begin not atomic set time_zone = '+08:00'; select * from nosuch; end", ASK, ASK_PRIMARY, ("begin not atomic set time_zone = '+09:00'; selekt; end",), ASK],
    "failed-inside-a-function": ["select test.moves_and_fails()", ASK, ASK_PRIMARY, "do test.moves_and_fails()", ASK, "select id from narrow_ids where id = test.moves_and_fails()", ASK],
    "list-behind-the-end-of-a-read-only-transaction": ["start transaction read only", READ, ("select * from nosuch",), ("begin",), "show errors", "rollback", "start transaction read only", "selekt",
                                                       "begin", "select @@error_count", "rollback"],
    "list-behind-several": ["selekt", "set last_insert_id = 12; use test", "show errors", "selekt", "do 1; commit", "select @@error_count", "select cast('x' as signed); select 1", "show warnings"],
    "list-behind-a-long-text": ["selekt", f"/*{'x' * 300000}*/ set time_zone = '+05:30'", "show errors", ASK_PRIMARY],
    "list-behind-a-transaction": ["select * from nosuch", "begin", "show warnings", "select row_count(), @@error_count", "commit", "show warnings"],
    "few-rows-at-once": ["set @@sql_select_limit = 1, @@time_zone = '+03:00'", "select @@sql_select_limit, @@time_zone", ASK_PRIMARY, "drop table if exists test_a, test_b", "show warnings", reset(), ASK],
    "schema-charset": ["set collation_database = latin1_bin", "select @@collation_database", "use test", "select @@collation_database, @@character_set_database", "set @@character_set_database = koi8r",
                       "select @@collation_database", "/*master*/ select @@collation_database", "use test", ("select @@collation_database",)],
    "analyze-ends-it": ["start transaction read only", ("analyze table narrow_ids",), "select @@in_transaction", "insert into narrow_ids values (50, 1)", "delete from narrow_ids where id = 50"],
    "counts-of-commands": ["insert into narrow_ids values (51, 1), (52, 1)", prepare("c", "select id from narrow_ids"), close("c"), "select row_count()", "delete from narrow_ids where id > 50", "select row_count()"],
    "list-behind-odd-sets": ["select cast('x' as signed)", "set role none", "show warnings", "selekt", "set timestamp = default", "show errors", "xa start 'odd'", "show count(*) errors", "xa end 'odd'", "xa rollback 'odd'"],
    "counted-errors": [READ, "show count(*) errors", "select found_rows()"],
    "next-transaction": ["set transaction read only", "unlock tables", "insert into narrow_ids values (60, 1)", "rollback", "insert into narrow_ids values (60, 1)", "delete from narrow_ids where id = 60"],
    "found-rows-behind-a-list": [("select sql_calc_found_rows id from narrow_ids where id > ? order by id limit 1", 1), "set session transaction read only", prepare("refused", "insert into narrow_ids values (?, 1)"),
                                 "set sql_mode = (select 'ANSI_QUOTES')", ("select found_rows(), row_count()",), "set session transaction read write"],
    "found-rows": [READ, ("show tables like 'nosuch'",), "select found_rows()", READ, "select nothing from nowhere", "select found_rows()", READ, "select found_rows() + 0 as f",
                   "select id from narrow_ids limit 1 offset 1", "select found_rows()"],
    "forgotten-with-the-user": [WARNED, "selekt", change_user(), "show warnings", "select 1", "use test", "select row_count(), last_insert_id()"],
    "forgotten-by-a-reset": [WARNED, reset(), "show warnings", "select @@warning_count, @@error_count"],
    "errors-of-the-gateway": [change_user("test_nosuch"), "select row_count() as r, @@error_count", "show warnings", "show errors", "select 1 from narrow", "show warnings",
                              prepare("c", "select 1"), execute("c"), close("c"), "show warnings"],
    "cursor": [prepare("c", "select id from narrow_ids where id > ?"), execute("c", 0, cursor_type=1), close("c"), "select found_rows()"]}


@pytest.mark.parametrize("schema", [None, "test", "information_schema"])
@pytest.mark.parametrize("old", [True, False], ids=["eof", "ok"])
def test_a_function_behind_a_view_sets_a_user_variable_whatever_the_schema(gateway, cluster, old, schema):
    """It enters its own schema and comes back, which an EOF hints at just as it does at the variable."""
    def answers(port):
        with Wire("127.0.0.1", port, "app", "app-secret", schema, capabilities=DEFAULT_CAPABILITIES if old else DEFAULT_CAPABILITIES | DEPRECATE_EOF | SESSION_TRACK) as session:
            return [session.query(sql)[0]["rows"] for sql in ("select * from test.sets_tenant", "select * from test.shows_tenant")]
    assert answers(gateway.split_port) == answers(cluster.primary.port)
    for _ in range(3):  # nobody else gets to see it
        with Session(gateway.split_port) as other:
            assert other.ask("select * from test.shows_tenant") == [[(None,)]]


def test_warnings_of_our_own_are_not_the_sessions(cluster, gateway):
    """A connection that was opened for the statement has been told a deprecated variable."""
    steps = ["/*!99999 insert into narrow values (1) */ select 1", "show warnings", "select found_rows()"]
    with Session(cluster.primary.port) as direct:
        expected = [direct.ask(step) for step in steps]
    with gateway_for(cluster, shards=1, users="servers", tcp=False) as fresh, Session(fresh.port()) as session:
        assert [session.ask(step) for step in steps] == expected


@pytest.mark.parametrize("steps", SCRIPTS.values(), ids=SCRIPTS)
def test_a_script(gateway, cluster, steps):
    same(gateway, cluster, steps)


@pytest.mark.gateway
def test_a_write_never_runs_on_the_replica_that_its_session_cannot_leave(gateway, cluster):
    """An account with all rights may write in spite of read_only. A prepared SET STATEMENT once pinned such a session to the replica that had prepared it."""
    cluster.primary.query("create or replace user unbound identified by 'u'", "grant all on *.* to unbound")
    cluster.settle()
    with gateway_for(cluster, users="servers", tcp=False) as split, Session(split.split_port, "unbound", "u") as session:
        statement = session.prepare("set statement time_zone = '+09:30' for select from_unixtime(0)")
        session.execute(statement, ())
        assert session.query("insert into narrow_ids values (100, 100)")[0]["kind"] == "ok"
    assert cluster.primary.query("select n from test.narrow_ids where id = 100") == ((100,),)
    cluster.settle()
    cluster.primary.query("drop user unbound")


@pytest.mark.gateway
def test_nobody_else_sees_a_variable_that_was_set_without_a_scope(gateway, cluster):
    def ask(found):
        with Session(gateway.split_port) as other:
            found += [other.query(sql)[0]["rows"] for sql in (ASK, ASK_PRIMARY) * 4]
    before, after = [], []
    ask(before)
    with Session(gateway.split_port) as session:
        for sql in ("set @@time_zone = '+05:00'", "set @@sql_mode = ''", "set @@group_concat_max_len = 5"):
            session.query(sql)
            session.query(ASK), session.query(ASK_PRIMARY)
        threads = [threading.Thread(target=ask, args=(after,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(after) == 32 and {repr(rows) for rows in after} == {repr(rows) for rows in before}


FAILS = ["select nosuch", "selekt", "select * from nosuch", "select id from narrow_ids a join narrow_ids b", "select sum(sum(id)) from narrow_ids", "select id from narrow_ids use index (nosuch)",
         "select id from narrow_ids where match (n) against ('x')", "select id from narrow_ids union select 1, 2", "select (1, 2) + 1", "select id from narrow_ids where id = (select 1, 2)",
         "select * from (select 1)", "select * from (select 1, 1) q", "select id from narrow_ids order by 7", "select id from narrow_ids group by sum(id)", "select json_value(1)", "select abs()",
         "select test.nosuch(1)", "select nosuch(1)", "select nosuch.x from narrow_ids", "select id from narrow_ids limit -1", "select convert('a' using nosuch)", "select 'a' collate nosuch",
         "select _latin1'a' = _utf8mb4'b' collate utf8mb4_bin collate latin1_bin", "select concat('a' collate utf8mb4_bin, 'b' collate utf8mb4_general_ci)", "select default(nosuch) from narrow_ids",
         "select id into outfile '/nosuch/x' from narrow_ids", "select @@nosuch", "select @@global.nosuch.x", "select 1 from dual where nosuch", "select exp(1000)", "select (select id from narrow_ids)",
         "select id, exp(id * 300) from narrow_ids order by id", "select * from mysql.user", "select cast(1 as decimal(99,1))", "select row_number() from narrow_ids", "select id from narrow_ids having nosuch > 1",
         "select id from narrow_ids, narrow_ids", "select 1 as a, 1 as a group by b", "select interval(1)", "select * from narrow_ids where id in (select id, n from narrow_ids)", "select 1 limit 'x'",
         "select 1 union select 2 order by a.b", "with w as (select * from w) select * from w", "select * from narrow_ids for system_time as of now()", "select nextval(narrow_ids)", "select lastval(nosuch)"]


@pytest.mark.parametrize("text", FAILS)
def test_the_count_of_rows_behind_a_read_that_fails(gateway, cluster, text):
    """Some errors come before anything is counted, some behind; other clients' counts are on the connections."""
    few = "select id from narrow_ids limit 3"
    same(gateway, cluster, [step for read in (few, READ, "/*master*/ " + few) for step in (read, text, "select found_rows()", read, (text,), "select found_rows()", "/*master*/ " + text, "select found_rows()")])


@pytest.mark.parametrize("how", ["text", "prepared"])
def test_writes_with_rows_pin_nobody_who_reads_eofs(gateway, cluster, how):
    """A write has a GTID, which is a change that the server tells, by a flag alone where there is no OK behind the rows. Three over two connections."""
    text = "insert into narrow_ids values (%d, 1) returning id"
    sessions = [Session(gateway.port(), capabilities=DEFAULT_CAPABILITIES & ~DEPRECATE_EOF) for _ in range(3)]
    try:
        for turn in range(2):
            for number, session in enumerate(sessions):
                written = text % (7000 + turn * 10 + number)
                answer = session.one(written) if how == "text" else session.binary(written)[0]
                assert not failed(answer), answer
        assert [each["reason"] for each in gateway.http_json("/api/v1/sessions?service=orders")["sessions"] if each["pinned"]] == []
    finally:
        for session in sessions:
            session.close()
        cluster.primary.query("delete from test.narrow_ids where id >= 7000")
