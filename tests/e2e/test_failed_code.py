"""Stored code that ran before its statement failed: what it left is its session's own, and nobody else's, whatever the error was.

The errors are those that mostly mean "nothing was executed": of a table that is not there, a syntax error, a procedure that is not there.
"""
import select
import struct

import pytest

from harness import wire as w
from harness.holdfast import gateway_for
from harness.processes import eventually
from harness.session import MODERN, Session
from harness.side_by_side import make_passers_table, same

SENDS_TYPES, LONG = 128, 3  # of COM_STMT_BULK_EXECUTE

CODE = [
    "create or replace schema test_code",
    "create or replace table test.made (id int auto_increment primary key, v varchar(20))",
    "create or replace function test.leaves() returns int begin declare x int; set @leak = 'secret'; do get_lock('held', 0); select count(*) into x from test.nosuch; return 1; end",
    "create or replace function test.signals() returns int begin set @leak = 'secret'; do get_lock('held', 0); signal sqlstate '42000' set mysql_errno = 1064; return 1; end",
    "create or replace function test.calls() returns int begin set @leak = 'secret'; return nosuch_function(); end",
    "create or replace view test.seen as select leaves() as f",
    "create or replace table test.watched (a int)",
    "create or replace trigger test.watches before insert on test.watched for each row begin set @leak = new.a; insert into nosuch values (1); end",
    "create or replace procedure test_code.variable() begin set @leak = 'secret'; call test.variable(); end",
    "create or replace procedure test_code.lock_it() begin do get_lock('held', 0); call test.lock_it(); end",
    "create or replace procedure test_code.transaction() begin start transaction; insert into test.made (v) values ('inside'); call test.transaction(); end",
    "create or replace procedure test_code.setting() begin set autocommit = 0; set sql_mode = 'ANSI_QUOTES'; call test.setting(); end",
    "create or replace procedure test_code.temporary() begin create temporary table test.mine (a int); call test.temporary(); end"]
FORMS = ["select {}", "values ({})", "with q as (select {} from made) select * from q", "update made set v = {}", "insert into made (v) values ({})", "do {}", "set sort_buffer_size = {}",
         "set @q = {}", "create table test.copied as select {} as a", "create temporary table test.copied as select {} as a", "show tables where {} = 1", "analyze select {}",
         "set statement sort_buffer_size = 100000 for select {}"]
FUNCTIONS = ["leaves()", "signals()", "calls()"]
CALLS = ["variable", "lock_it", "transaction", "setting", "temporary"]
FAILING = [form.format(function) for function in FUNCTIONS for form in FORMS] + ["select * from seen", "insert into watched values (7)", ("insert into watched values (?)", 7), ("select leaves() + ?", 1)] + \
          [f"call test_code.{name}()" for name in CALLS]


@pytest.fixture(scope="module")
def code(cluster):
    cluster.recover()
    cluster.primary.query("use test", *CODE)
    make_passers_table(cluster)
    cluster.settle()
    yield
    cluster.primary.query("drop schema test_code", "drop view test.seen", "drop table if exists test.made, test.mine, test.copied, test.watched, test.passers_by", "drop function test.leaves", "drop function test.signals", "drop function test.calls")


@pytest.fixture(scope="module")
def gateway(cluster, code):
    with gateway_for(cluster, shards=1, max_server_connections=3, hold_timeout="3s", tcp=False) as running:
        yield running


@pytest.fixture(scope="module")
def narrow(cluster, code):
    """One connection to each server: who comes next has that of whoever was there before."""
    with gateway_for(cluster, shards=1, max_server_connections=1, hold_timeout="3s", tcp=False) as running:
        yield running


LEFT = ["select @leak", "select @@autocommit, @@sql_mode", "select * from mine", "insert into made (v) values ('own')", "select v from made", "rollback", "/*master*/ select v from made"]


@pytest.mark.parametrize("failing", FAILING, ids=str)
def test_what_failed_code_has_left_is_the_sessions_own(gateway, cluster, failing):
    same(gateway, cluster, ["use test", "/*master*/ select 1 from made", failing, *LEFT], before=["truncate test.made", "insert into test.made (v) values ('there')"])


@pytest.mark.parametrize("failing", FAILING, ids=str)
def test_what_failed_code_has_left_is_nobody_elses(narrow, cluster, failing):
    cluster.primary.query("truncate test.made", "insert into test.made (v) values ('there')", "drop table if exists test.mine")
    cluster.settle()
    with Session(narrow.port(), database="test") as session:
        (session.binary(*failing) if isinstance(failing, tuple) else session.query(failing))
    with Session(narrow.port(), database="test") as other:
        assert other.value("/*master*/ select @leak") is None
        assert other.ask("/*master*/ select is_free_lock('held'), @@autocommit") == [[("1", "1")]]
        assert other.ask("create table test.mine (a int)") == [("ok", 0, 0)]
        assert other.ask("insert into test.mine values (5)") == [("ok", 1, 0)]
    assert cluster.primary.query("select a from test.mine") == ((5,),)
    assert cluster.primary.query("select count(*) from test.made where v = 'inside'") == ((0,),)


def test_a_read_that_goes_on_elsewhere_leaves_nothing_on_the_replica(cluster, gateway):
    """Code behind a view that says what a read-only server says: the read runs on the primary, and what was done before stays with neither."""
    said = "'The MariaDB server is running with the --read-only option so it cannot execute this statement'"
    cluster.primary.query(f"create or replace function test.refuses() returns int begin set @leak = 'secret'; if @@read_only then signal sqlstate 'HY000' set mysql_errno = 1290, message_text = {said}; end if; return 1; end",
                          "create or replace view test.refusing as select test.refuses() as f")
    cluster.settle()
    try:
        for _ in range(2):
            with Session(gateway.port(), database="test") as session:
                assert session.ask("select f from refusing") == [[("1",)]]
            for _ in range(3):
                with Session(gateway.port("read"), database="test") as other:
                    assert other.value("select @leak from seq_1_to_1") is None
    finally:
        cluster.primary.query("drop view test.refusing", "drop function test.refuses")


def test_a_bulk_execution_that_a_read_only_server_ends_is_not_run_again(cluster, gateway):
    """Each row may be committed by the time that a later one is refused."""
    cluster.primary.query("create or replace table test.bulk (id int primary key, n int)", "insert into test.bulk values (1, 0), (2, 0), (3, 0), (4, 0)")
    root = cluster.primary
    rows = b"".join(b"\x00" + number.to_bytes(4, "little") for number in (1, 2, 3, 4))
    try:
        with Session(gateway.port(), database="test", capabilities=MODERN, extended=w.EXTENDED_STMT_BULK) as session:
            statement = session.prepare("update bulk set n = n + 1 + sleep(0.5) * 0 where id = ?")
            session.command(w.COM_STMT_BULK_EXECUTE, struct.pack("<IHH", statement["id"], SENDS_TYPES, LONG) + rows)
            eventually(lambda: root.query("select 1 from test.bulk where id = 1 and n = 1"), "the first row to be committed", 5, 0.02)
            root.query("set global read_only = 1")
            select.select([session.socket], [], [], 1)  # a gateway that holds the statement lets nothing be heard
            root.query("set global read_only = 0")
            answer = session._results(session._binary_row)
        assert root.query("select max(n) from test.bulk") == ((1,),), answer
    finally:
        root.query("set global read_only = 0", "drop table test.bulk")
