"""Statements that read what the statement before left and do something with it run where writes go, whatever holds the answer."""
import threading

import pytest

from harness.accounts import Accounts
from harness.holdfast import gateway_for
from harness.session import LOST, Session
from harness.side_by_side import ping, same, schema

FRESH = ("truncate test.acts", "insert into test.acts (v, n) values ('a', 1), ('b', 2), ('c', 3), ('d', 4)", "truncate test.acted")
COUNTED = "select sql_calc_found_rows id from acts limit 1"
WARNED = "select cast('x' as int) from acts limit 1"
ACTED = "/*master*/ select v from acted order by id"


@pytest.fixture(scope="module")
def gateway(cluster):
    cluster.recover()
    cluster.primary.query("create or replace table test.acts (id int auto_increment primary key, v varchar(5), n int unique)", "create or replace table test.acted (id int auto_increment primary key, v int)",
                          "create or replace function test.act(x int) returns int modifies sql data begin insert into acted (v) values (x); return x; end",
                          "create or replace procedure test.acts_twice(x int) insert into acted (v) values (x), (x + 1)", "create or replace event test.acts_daily on schedule every 1 day do set @x = 1")
    cluster.settle()
    with gateway_for(cluster, shards=1, max_server_connections=2, hold_timeout="3s", users="servers", tcp=False) as running:
        yield running
    cluster.primary.query("drop event test.acts_daily", "drop procedure test.acts_twice", "drop function test.act", "drop table test.acts, test.acted")


READS = {"counted": [COUNTED], "warned": [WARNED], "prepared": [(WARNED + " offset ?", 0)], "failed": ["select nosuch"], "read-only": ["start transaction read only", WARNED, "commit"]}
BETWEEN = {"set": "set names utf8mb4", "use": "use test", "command": schema("test"), "ping": ping(), "nothing": "do 1"}
QUESTIONS = ["select @x := found_rows()", "get diagnostics @n = number", "select @@warning_count into @w", "select row_count(), connection_id() > 0", "select act(found_rows())", "select act(@@warning_count)",
             "with q as (select found_rows() as x) select act(x) from q", "select @@error_count from acts where id = 1 for update"]


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("read", READS)
def test_a_question_that_does_more_ties_nobody_to_a_replica(gateway, cluster, read, question):
    for between in BETWEEN.values():
        same(gateway, cluster, [*READS[read], between, question, ACTED, "insert into acts (n) values (77)", "/*master*/ select count(*) from acts"], before=FRESH, meanwhile=lambda _: None)


@pytest.mark.gateway
def test_nothing_is_written_on_a_replica_by_an_account_that_may(gateway, cluster):
    with Accounts(cluster, gateway) as made:
        made.make("acts_anywhere", "all on *.*")
        with Session(gateway.split_port, "acts_anywhere", "acts_anywhere") as session:
            for read in READS.values():
                for question in ("select act(found_rows())", "select act(@@error_count)", "with q as (select act(found_rows()) as x) select x from q"):
                    for step in read:
                        session.binary(*step) if isinstance(step, tuple) else session.ask(step)
                    session.ask("set names utf8mb4")
                    session.ask(question)
        cluster.settle()
        counts = {server.query("select count(*) from test.acted")[0][0] for server in cluster.servers}
        assert len(counts) == 1 and counts != {0}


FAILS = ["insert into acts (v, n) values ('x', 1)", "update acts set v = 'too long'", "insert into acts (v, n) values ('y', 9), ('x', 1)", "call acts_twice('x')", "select act(1, 2)"]
STORES = ["insert into acted (v) values (row_count())", "call acts_twice(row_count())", "set @b = row_count()", "get diagnostics @b = row_count", ("insert into acted (v) values (row_count())",)]


@pytest.mark.parametrize("store", STORES, ids=str)
def test_the_count_behind_a_statement_that_fails(gateway, cluster, store):
    for fails in FAILS:
        for begin in ("do 1", "begin", "set autocommit = 0"):
            same(gateway, cluster, [begin, fails, store, "select @b", ACTED, "commit"], before=FRESH, meanwhile=lambda _: None)


def test_events_and_the_tables_of_a_system_schema_are_the_primarys(gateway, cluster):
    same(gateway, cluster, ["show events like 'acts%'", "show create event acts_daily", "select status from information_schema.events where event_name = 'acts_daily'", "use information_schema",
                            "select status from events where event_name = 'acts_daily'", "begin", "insert into test.acts (n) values (11), (12)", "rollback",
                            "select auto_increment from tables where table_schema = 'test' and table_name = 'acts'", "select variable_value from global_variables where variable_name = 'read_only'"],
         before=FRESH, meanwhile=lambda _: None)


@pytest.mark.gateway
def test_a_limit_of_the_sessions_own_does_not_make_a_count_wrong(gateway, cluster):
    cluster.primary.query(*FRESH)
    cluster.settle()
    with Session(gateway.split_port) as session:
        session.run("set max_join_size = 20", "select id from acts limit 3")
        assert session.one("insert into acted (v) select found_rows()") in (("error", 1105), ("ok", 1, 1))
        assert session.value(ACTED) in ([], "3")
        session.run("select id from acts limit 3")
        assert session.value("select found_rows()") == "3"


@pytest.mark.gateway
@pytest.mark.parametrize("statement", ["insert into acts (n) values (100), (1)", "set @@time_zone = '+01:00'", "set names latin1"])
def test_a_kill_of_a_query_ends_no_session(gateway, statement):
    """It may come while the gateway asks something of its own behind the statement."""
    with Session(gateway.split_port) as session, Session(gateway.split_port) as other:
        session.run("create temporary table mine (a int)")
        stop = threading.Event()

        def kill():
            while not stop.is_set():
                other.one(f"kill query {session.greeting['thread']}")
        killer = threading.Thread(target=kill)
        killer.start()
        try:
            answers = [session.ask(statement)[-1] for _ in range(400)]
        finally:
            stop.set()
            killer.join()
        assert LOST not in answers
        session.ask("do 1")  # what is still on its way may hit this one
        assert session.value("select count(*) from mine") == "0"
