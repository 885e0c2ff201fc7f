"""Where statements go, and that a session stays one session although its statements run on several servers."""
import threading

import pytest

from harness.holdfast import gateway_for
from harness.processes import eventually
from harness.routes import error_of, rows, run, server_id, value
from harness.wire import Wire, first_value

gateway_only = pytest.mark.gateway
REPLICAS = {2, 3}


@pytest.fixture
def connection(gateway):
    with gateway.connect() as connection:
        yield connection


@gateway_only
@pytest.mark.parametrize("statement", [
    "select @@server_id", "SELECT/* comment */@@server_id", "(select @@server_id)", "-- note\nselect @@server_id",
    "with x as (select @@server_id as id) select id from x", "/* holdfast: replica */ select @@server_id",
    "select @@server_id -- FOR UPDATE", "select @@server_id from dual where 'for update' <> ''", " \n\tselect @@server_id",
    "select if(1, @@server_id, 0)", "/*!select*/ @@server_id"])
def test_reads_go_to_a_replica(connection, statement):
    assert value(connection, statement) in REPLICAS


@gateway_only
@pytest.mark.parametrize("statement", [
    "select @@server_id from dual for update", "select @@server_id from (select 1) t lock in share mode",
    "/* holdfast: primary */ select @@server_id", "/*master*/ select @@server_id", "/*MASTER*/select @@server_id",
    "/*!99999 x */ select @@server_id for update",
    "select @@server_id + 0 * ifnull(last_insert_id(), 0)", "select @@server_id + 0 * get_lock('a', 0)",
    "select @@server_id + 0 * is_free_lock('a')", "select @@server_id + 0 * connection_id()", "select @@global.server_id",
    "select variable_value from information_schema.global_variables where variable_name = 'server_id'"])
def test_these_go_to_the_primary(connection, statement):
    assert int(value(connection, statement)) == 1


@gateway_only
def test_a_transaction_stays_whole_on_the_primary(connection, table):
    run(connection, "begin")
    assert server_id(connection) == 1
    run(connection, f"insert into {table} (v) values ('a')")
    assert server_id(connection) == 1
    assert value(connection, f"select v from {table}") == "a"
    run(connection, "commit")
    assert server_id(connection) in REPLICAS


def test_a_transaction_sees_its_own_writes_and_rollback_undoes(connection, table):
    run(connection, "start transaction", f"insert into {table} (v) values ('a'), ('b')")
    assert value(connection, f"select count(*) from {table}") == 2
    run(connection, "savepoint s", f"delete from {table}", "rollback to s")
    assert value(connection, f"select count(*) from {table}") == 2
    run(connection, "rollback")
    assert value(connection, f"/* holdfast: primary */ select count(*) from {table}") == 0


def test_autocommit_off_is_a_transaction(gateway, table):
    with gateway.connect(autocommit=False) as one, gateway.connect() as other:
        run(one, f"insert into {table} (v) values ('a')")
        assert value(one, f"select count(*) from {table}") == 1
        assert value(other, f"/* holdfast: primary */ select count(*) from {table}") == 0
        one.commit()
        assert value(other, f"/* holdfast: primary */ select count(*) from {table}") == 1
        run(one, f"insert into {table} (v) values ('b')")
        one.rollback()
        assert value(one, f"select count(*) from {table}") == 1


def test_a_client_that_leaves_in_a_transaction_rolls_it_back(gateway, table):
    with gateway.connect() as leaving:
        run(leaving, "begin", f"insert into {table} (v) values ('a')")
    with gateway.connect() as other:
        run(other, "set innodb_lock_wait_timeout = 5")
        eventually(lambda: value(other, f"/*master*/ select count(*) from {table}") == 0, "the rollback")
        run(other, f"insert into {table} (id, v) values (1, 'b')")


@gateway_only
def test_a_read_only_transaction_runs_on_one_replica(connection):
    run(connection, "start transaction read only")
    seen = {server_id(connection) for _ in range(10)}
    run(connection, "commit")
    assert len(seen) == 1 and seen <= REPLICAS


def test_a_read_only_transaction_has_one_snapshot(connection, table, cluster):
    run(connection, "start transaction read only")
    before = value(connection, f"select count(*) from {table}")
    cluster.primary.query(f"insert into test.{table} (v) values ('later')")
    cluster.settle()
    assert value(connection, f"select count(*) from {table}") == before
    assert error_of(run, connection, f"insert into {table} (v) values ('x')")[0] == 1792
    run(connection, "commit")
    assert value(connection, f"select count(*) from {table}") == before + 1


def test_temporary_tables_stay_visible(connection):
    run(connection, "create temporary table scratch (a int)", "insert into scratch values (1), (2)")
    for _ in range(6):
        assert value(connection, "select sum(a) from scratch") == 3
    run(connection, "drop temporary table scratch")
    assert error_of(run, connection, "select * from scratch")[0] == 1146


def test_user_variables_follow_the_session(connection):
    run(connection, "set @a = 41", "set @b := 'text'")
    for _ in range(6):
        assert rows(connection, "select @a + 1, @b") == ((42, "text"),)
    assert value(connection, "select @c := 7") == 7
    assert value(connection, "select @c") == 7
    run(connection, "select 5 into @d")
    assert value(connection, "select @d") == 5


def test_lock_tables_holds_until_unlocked(gateway, table):
    with gateway.connect() as holder, gateway.connect() as other:
        run(holder, f"lock tables {table} write")
        run(other, "set lock_wait_timeout = 1")
        assert error_of(run, other, f"insert into {table} (v) values ('blocked')")[0] == 1205
        run(holder, f"insert into {table} (v) values ('mine')")
        assert value(holder, f"select count(*) from {table}") == 1
        run(holder, "unlock tables")
        assert run(other, f"insert into {table} (v) values ('free')") == 1


def test_user_locks_exclude_and_are_freed_when_the_client_leaves(gateway):
    with gateway.connect() as other:
        with gateway.connect() as holder:
            assert value(holder, "select get_lock('hf', 5)") == 1
            assert value(holder, "select 1") == 1
            assert value(other, "select get_lock('hf', 0)") == 0
            assert value(holder, "select is_used_lock('hf') = connection_id()") == 1
        eventually(lambda: value(other, "select get_lock('hf', 0)") == 1, "the lock of a client that left")
        assert value(other, "select release_lock('hf')") == 1


def test_last_insert_id(connection, table):
    run(connection, f"insert into {table} (v) values ('a'), ('b')")
    assert connection.insert_id() == 1
    assert value(connection, "select last_insert_id()") == 1
    assert value(connection, "select 1") == 1
    assert value(connection, "select last_insert_id()") == 1
    assert value(connection, "select @@identity") == 1
    run(connection, f"insert into {table} (v) values (last_insert_id())")
    assert rows(connection, f"/*master*/ select id, v from {table} order by id") == ((1, "a"), (2, "b"), (3, "1"))
    run(connection, "set last_insert_id = 77")
    assert value(connection, "select last_insert_id()") == 77


def test_last_insert_id_of_two_interleaved_clients(gateway, table):
    with gateway.connect() as one, gateway.connect() as two:
        for turn in range(10):
            run(one, f"insert into {table} (v) values ('one')")
            run(two, f"insert into {table} (v) values ('two')")
            first, second = value(one, "select last_insert_id()"), value(two, "select last_insert_id()")
            assert second == first + 1 == 2 * turn + 2


MAKES_AN_ID = {"insert": "insert into {0} (v) values ('a')", "analyze": "analyze insert into {0} (v) values ('a')",
               "create-select": "create or replace table {0}_made (id int auto_increment primary key) select 'a' as v"}


@gateway_only
@pytest.mark.parametrize("makes", MAKES_AN_ID.values(), ids=MAKES_AN_ID)
def test_last_insert_id_is_nobody_elses(cluster, table, makes):
    """Over one connection, openly and by a view."""
    cluster.primary.query(f"create or replace view test.{table}_id as select last_insert_id() as id")
    with gateway_for(cluster, shards=1, max_server_connections=1) as own, own.connect("write") as one, own.connect("write") as two:
        for asked in (f"select id from {table}_id", "select last_insert_id()"):
            run(one, makes.format(table))
            assert value(two, asked) == 0
            assert value(one, "select last_insert_id()") > 0
            assert value(two, asked) == 0
        run(two, f"insert into {table} (id, v) values (1000, 'b')")
        assert value(two, "select @@identity") == 0
        assert value(one, "select @@identity") > 0
    cluster.primary.query(f"drop view test.{table}_id", f"drop table if exists test.{table}_made")


def test_found_rows_and_row_count(connection, table, cluster):
    run(connection, f"insert into {table} (v) values ('a'), ('b'), ('c')")
    cluster.settle()
    assert value(connection, "select row_count()") == 3
    assert len(rows(connection, f"select sql_calc_found_rows * from {table} limit 1")) == 1
    assert value(connection, "select found_rows()") == 3
    run(connection, f"select * from {table} limit 2")
    assert value(connection, "select found_rows()") == 2


def test_show_warnings_belongs_to_the_last_statement(gateway, connection, table):
    """A statement that uses no table leaves the list as it was; one that does starts a new list."""
    with gateway.connect() as noise:
        for _ in range(5):
            assert value(connection, "select 1/0") is None
            value(noise, "select cast('nonsense' as int)")
            assert rows(connection, "show warnings") == (("Warning", 1365, "Division by 0"),)
            assert value(connection, "show count(*) warnings") == 1
            assert rows(noise, "show warnings")[0][1] == 1292
            assert value(connection, "select @@warning_count") == 1
            value(connection, "select 1")
            assert rows(connection, "show warnings") == (("Warning", 1365, "Division by 0"),)
            value(connection, f"select count(*) from {table}")
            assert rows(connection, "show warnings") == ()
    assert error_of(run, connection, "selekt")[0] == 1064
    assert rows(connection, "show errors")[0][1] == 1064


SESSION_SETTINGS = [
    ("sql_mode", "'ANSI_QUOTES'", "ANSI_QUOTES"), ("time_zone", "'+03:00'", "+03:00"),
    ("character_set_results", "latin1", "latin1"), ("collation_connection", "utf8mb4_bin", "utf8mb4_bin"),
    ("sql_select_limit", "7", 7), ("group_concat_max_len", "2048", 2048), ("max_statement_time", "30", 30),
    ("tx_isolation", "'READ-COMMITTED'", "READ-COMMITTED"), ("lc_time_names", "'de_DE'", "de_DE"),
    ("foreign_key_checks", "0", 0), ("unique_checks", "0", 0), ("wait_timeout", "1234", 1234),
    ("net_write_timeout", "77", 77), ("sql_auto_is_null", "1", 1), ("optimizer_switch", "'mrr=on'", None),
    ("join_buffer_size", "131072", 131072), ("autocommit", "0", 0), ("sql_big_selects", "0", 0)]


@pytest.mark.parametrize("name, setting, expected", SESSION_SETTINGS, ids=[s[0] for s in SESSION_SETTINGS])
def test_a_session_setting_holds_on_every_server(gateway, name, setting, expected):
    with gateway.connect() as connection, gateway.connect() as other:
        before = value(other, f"select @@{name}")
        run(connection, f"set session {name} = {setting}")
        for comment in ("", "", "/* holdfast: primary */", "/* holdfast: replica */", ""):
            now = value(connection, f"{comment} select @@{name}")
            if expected is None:
                assert "mrr=on" in now
            else:
                assert now == expected, (name, comment)
            assert value(other, f"{comment} select @@{name}") == before, "the setting leaked to another session"
        run(connection, "commit", f"set session {name} = default")


def test_set_names_and_results_in_another_charset(gateway):
    with Wire("127.0.0.1", gateway.port(), "app", "app-secret", "test") as wire:
        wire.query("set names latin1")
        for _ in range(4):
            reply = wire.query(b"select '\xe4' as a, hex('\xe4') as b, @@character_set_client")
            assert reply[0]["rows"] == [(b"\xe4", b"E4", b"latin1")]
        wire.query("set names utf8mb4")
        for _ in range(4):
            assert wire.query("select 'ä', hex('ä')")[0]["rows"] == [("ä".encode(), b"C3A4")]


@pytest.mark.parametrize("charset", [8, 28, 13, 33, 45, 63, 224])  # latin1 gbk sjis utf8mb3 utf8mb4 binary unicode
def test_the_charset_of_the_login_holds_everywhere(gateway, cluster, charset):
    question = "select @@character_set_client, @@character_set_results, @@collation_connection"
    with Wire("127.0.0.1", gateway.port(), "app", "app-secret", "test", charset=charset) as ours, \
            Wire("127.0.0.1", cluster.primary.port, "app", "app-secret", "test", charset=charset) as theirs:
        expected = theirs.query(question)[0]["rows"]
        for comment in ("", "", "/* holdfast: primary */ "):
            assert ours.query(comment + question)[0]["rows"] == expected


def test_gbk_bytes_never_break_out_of_a_string(gateway, table):
    """0xBF5C is one gbk character: its second byte is a backslash that escapes nothing."""
    with Wire("127.0.0.1", gateway.port(), "app", "app-secret", "test", charset=28) as wire:
        reply = wire.query(b"select hex('\xbf\x5c'), 'for update'")
        assert reply[0]["rows"] == [(b"BF5C", b"for update")]
        reply = wire.query(b"insert into " + table.encode() + b" (v) values ('\xbf\x5c'); ")
        assert reply[0]["kind"] == "ok"


def test_sessions_never_see_each_others_state(gateway):
    """Interleaved clients with different schema, charset, sql_mode and variables over the same pooled connections."""
    failures = []

    def client(number):
        try:
            with gateway.connect(database=None) as connection:
                schema = ("test", "information_schema", None)[number % 3]
                if schema:
                    connection.select_db(schema)
                mode = ("ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "")[number % 3]
                run(connection, f"set sql_mode = '{mode}'", f"set time_zone = '+0{number % 10}:00'")
                if number % 2:
                    run(connection, f"set @who = {number}")
                for turn in range(40):
                    comment = "" if turn % 3 else "/* holdfast: primary */"
                    seen = rows(connection, f"{comment} select database(), @@sql_mode, @@time_zone, @@character_set_client")
                    assert seen == ((schema, mode, f"+0{number % 10}:00", "utf8mb4"),), (number, turn, seen)
                    assert value(connection, "select @who") == (number if number % 2 else None)
        except Exception as failure:
            failures.append(failure)
    clients = [threading.Thread(target=client, args=(number,)) for number in range(12)]
    for one in clients:
        one.start()
    for one in clients:
        one.join()
    assert failures == []


def test_set_transaction_applies_to_the_next_one_only(connection, table):
    run(connection, "set transaction read only", "begin")
    assert error_of(run, connection, f"insert into {table} (v) values ('x')")[0] == 1792
    run(connection, "rollback", "begin", f"insert into {table} (v) values ('x')", "commit")
    assert value(connection, f"/*master*/ select count(*) from {table}") == 1


def test_text_prepared_statements(connection, table):
    run(connection, f"prepare p from 'insert into {table} (v) values (?)'", "set @v = 'x'", "execute p using @v",
        "execute p using @v", "deallocate prepare p")
    assert value(connection, f"/*master*/ select count(*) from {table}") == 2
    assert error_of(run, connection, "execute p")[0] == 1243
    assert value(connection, "execute immediate 'select 3'") == 3


def test_procedures_functions_and_out_parameters(connection, table, cluster):
    run(connection, "drop procedure if exists hf_p", "drop function if exists hf_f",
        f"create procedure hf_p(in x int, out y int) begin insert into {table} (v) values (x); set y = x + 1; select y; end",
        "create function hf_f(x int) returns int deterministic no sql return x * 2")
    cluster.settle()
    with connection.cursor() as cursor:
        cursor.execute("call hf_p(4, @y)")
        assert cursor.fetchall() == ((5,),)
        assert not cursor.nextset() or cursor.fetchall() == ()
    assert value(connection, "select @y") == 5
    assert value(connection, "select hf_f(21)") == 42
    run(connection, "drop procedure hf_p", "drop function hf_f")


def test_a_writing_function_behind_a_replica_hint_is_run_on_the_primary(connection, table, cluster):
    """The replica refuses with 1290; nothing ran, so the statement is run again where it belongs."""
    run(connection, "drop function if exists hf_w",
        f"create function hf_w() returns int modifies sql data begin insert into test.{table} (v) values ('f'); return 9; end")
    cluster.settle()
    assert value(connection, "/* holdfast: replica */ select hf_w()") == 9
    assert value(connection, "select hf_w()") == 9
    assert value(connection, f"/*master*/ select count(*) from {table}") == 2
    run(connection, "drop function hf_w")


def test_kill_query_by_both_kinds_of_id(gateway):
    """The id of the greeting and the one CONNECTION_ID() gives both name the session that must be interrupted."""
    for source in ("greeting", "function"):
        with gateway.connect() as victim, gateway.connect() as killer:
            thread = victim.thread_id() if source == "greeting" else value(victim, "select connection_id()")
            outcome = []
            sleeper = threading.Thread(target=lambda: outcome.append(sleep_or_error(victim, 30)))
            sleeper.start()

            def interrupted():
                try:
                    run(killer, f"kill query {thread}")
                except Exception as failure:
                    outcome.append(failure)
                return outcome
            eventually(interrupted, "the query to be interrupted", 10, 0.05)
            sleeper.join()
            assert outcome[0] in (1, (1317, "Query execution was interrupted")), (source, outcome)
            assert value(victim, "select 2") == 2


def test_kill_connection_by_command_and_by_statement(gateway):
    for by_command in (True, False):
        victim, killer = gateway.connect(), gateway.connect()
        assert value(victim, "select 1") == 1
        if by_command:
            killer.kill(victim.thread_id())
        else:
            run(killer, f"kill {victim.thread_id()}")

        def gone():
            try:
                return value(victim, "select 1") != 1
            except Exception:
                return True
        eventually(gone, "the killed client to lose its connection", 5)
        killer.close()


def test_kill_of_an_unknown_thread_reads_as_direct(gateway, cluster):
    with gateway.connect() as ours, cluster.primary.connect_root() as theirs:
        assert error_of(run, ours, "kill 4000000000") == error_of(run, theirs, "kill 4000000000")


def sleep_or_error(connection, seconds):
    import pymysql
    try:
        return value(connection, f"select sleep({seconds})")
    except pymysql.err.MySQLError as failure:
        return failure.args


def test_a_client_that_goes_away_ends_its_query(gateway, cluster):
    """Nobody waits for the answer any more: the server must not keep working for it."""
    with Wire("127.0.0.1", gateway.port(), "app", "app-secret", "test") as wire:
        wire.command(3, b"/* hf-orphan */ select sleep(50)")
        running = "select count(*) from information_schema.processlist where info like '/* hf-orphan%'"
        eventually(lambda: sum(s.query(running)[0][0] for s in cluster.servers) == 1, "the query to run")
        wire.socket.shutdown(2)
    eventually(lambda: sum(s.query(running)[0][0] for s in cluster.servers) == 0, "the query to end", 20, 0.1)


def test_first_value_helper_agrees_with_the_driver(gateway, connection):
    with Wire("127.0.0.1", gateway.port(), "app", "app-secret", "test") as wire:
        assert first_value(wire.query("select 'x'")) == value(connection, "select 'x'")
