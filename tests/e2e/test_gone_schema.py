"""Kind I of what users of other proxies complained of: a session's default schema is dropped, and perhaps made again.

A direct connection keeps the name; a connection of the gateway's cannot be given it, and runs without.
"""
import pytest

from harness.holdfast import gateway_for
from harness.session import Session
from harness.side_by_side import change_user, make_passers_table, reset, same, schema, shown

MAKE = ["create or replace database test_gone", "create table test_gone.x (a int)", "insert into test_gone.x values (1)"]


@pytest.fixture(scope="module")
def gateway(cluster):
    cluster.recover()
    cluster.primary.query("create or replace table test.place (id int primary key, v varchar(20), w int) engine=innodb",
                          "insert into test.place select seq, 'here', 1 from test.seq_1_to_100")
    make_passers_table(cluster)
    with gateway_for(cluster, shards=1, max_server_connections=2, hold_timeout="3s", mysql_extra='users_from = "servers"') as running:
        yield running
    cluster.primary.query("drop table test.place, test.passers_by")


DROPPED = {"update": ["update test.place set w = w where id = 1"], "create": ["create database test_gone", "select * from x"],
           "use": ["use test", "select v from place where id = 1"], "init-db": [schema("test"), "select v from place where id = 1"],
           "ask": ["select database()", "select v from test.place where id = 1", "/*master*/ select v from test.place where id = 1"],
           "needs-it": ["select * from x", "insert into x values (2)", "show tables", "create table y (a int)"],
           "prepared": [("select v from test.place where id = ?", 1), ("update test.place set w = w where id = ?", 1), ("select * from x",)],
           "back-again": [("back",), "select * from x", "insert into x values (3)"], "nosuch": ["use test_nosuch", "select database()"],
           "settings": ["set time_zone='+03:00'", "select @@time_zone", "set names latin1", "select @@character_set_client"],
           "reset": [reset(), "select v from test.place where id = 1", "select database()"],
           "change-user": [change_user("test"), "select v from place where id = 1"],
           "transaction": ["begin", "update test.place set w = w where id = 1", "commit"], "drop-own": ["drop database if exists test_gone"]}


# What a connection of the gateway's cannot have: the name of a schema that is gone. See "Known limits" in docs/mysql-service.md.
ASKS_FOR_THE_NAME = {"ask", "needs-it", "prepared", "nosuch", "reset"}


@pytest.mark.parametrize("name, by", [(name, by) for name in DROPPED for by in ("another", "itself") if by == "itself" or name not in ASKS_FOR_THE_NAME])
def test_row_25_schema_dropped(gateway, cluster, name, by):
    steps = DROPPED[name]
    gone = shown(lambda _: cluster.primary.query("drop database test_gone"), "drop by another") if by == "another" else "drop database test_gone"
    steps = [shown(lambda _: cluster.primary.query(*MAKE), "make again") if step == ("back",) else step for step in steps]
    same(gateway, cluster, ["use test_gone", "select * from x", gone] + steps, MAKE)
    cluster.primary.query("drop database if exists test_gone")


def test_row_25_a_schema_that_another_dropped_is_named_in_errors(gateway, cluster):
    cluster.primary.query("create or replace database test_gone", "create table test_gone.x (a int)")
    cluster.settle()
    with Session(gateway.port(), database="test_gone") as session:
        session.run("select * from x")
        cluster.primary.query("drop database test_gone")
        cluster.settle()
        for sql in ("select * from x", "/*master*/ select * from x", "insert into x values (2)", "show tables", "create table y (a int)"):
            answer = session.query(sql)[0]
            assert answer["code"] in (1049, 1146) and "test_gone" in answer["text"], (sql, answer)
        assert session.binary("insert into x values (?)", 1)[0] in (("error", 1049), ("error", 1146))
        assert session.value("select database()") in ("test_gone", None)
        session.run("use test", "select v from place where id = 1")


def test_row_25_on_the_read_address(gateway, cluster):
    make = ["create or replace database test_gone", "create table test_gone.x (a int)"]
    gone = shown(lambda _: (cluster.primary.query("drop database test_gone"), cluster.settle()), "drop by another")
    same(gateway, cluster, ["use test_gone", "select * from x", gone, "select v from test.place where id = 1", "use test",
                            "select v from place where id = 1"], make, route="read")


# What ties the session to the connection that it has by then, which never was in the schema.
TYING = {"variable": "set @own = 1", "transaction": "begin", "temporary": "create temporary table test.own (a int)",
         "prepared": "prepare own from 'select 1'", "lock": "lock tables test.place write"}


@pytest.mark.parametrize("made_by", ["another", "itself"])
@pytest.mark.parametrize("tying", TYING)
def test_a_session_that_is_tied_without_its_schema_enters_it_once_it_is_there_again(gateway, cluster, tying, made_by):
    gone = shown(lambda _: cluster.primary.query("drop database test_gone"), "drop by another")
    made = shown(lambda _: cluster.primary.query(*MAKE), "make again")
    ties = [TYING[tying]] + (["unlock tables", "set @own = 2"] if tying == "lock" else [])
    again = [made] if made_by == "another" else MAKE[:1] + MAKE[1:]
    steps = ["use test_gone", gone] + ties + again + ["select * from x", "insert into x values (2)", ("select a from x where a = ?", 2),
                                                      "select database()", "use test", "select v from place where id = 1"]
    same(gateway, cluster, steps, MAKE)


@pytest.mark.parametrize("tying", TYING)
def test_a_session_that_is_tied_without_its_schema_goes_on(gateway, cluster, tying):
    gone = shown(lambda _: cluster.primary.query("drop database test_gone"), "drop by another")
    ties = [TYING[tying]] + (["unlock tables", "set @own = 2"] if tying == "lock" else [])
    same(gateway, cluster, ["use test_gone", gone] + ties + ["select v from test.place where id = 1", ("select v from test.place where id = ?", 2),
                            "select cast('x' as int)", "show warnings", "set time_zone = '+03:00'", "select @@time_zone", "use test",
                            "select v from place where id = 1"], MAKE)
    with Session(gateway.port()) as session:
        cluster.primary.query(*MAKE)
        session.run("use test_gone", "/*master*/ select * from x")
        cluster.primary.query("drop database test_gone")
        session.run(TYING[tying], *ties[1:])
        for sql in ("select * from x", "insert into x values (2)"):
            answer = session.query(sql)[0]
            assert answer["code"] in (1049, 1146) and "test_gone" in answer["text"], (sql, answer)


def test_a_statement_without_its_schema_waits_for_nobody(cluster):
    """The primary's refusal of a login into the schema says nothing against the primary: no write is held."""
    cluster.primary.query(*MAKE)
    cluster.settle()
    with gateway_for(cluster, shards=1) as own, Session(own.port(), database="test_gone") as session:
        session.run("select * from x")  # on a replica: the primary has no connection in the schema yet
        cluster.primary.query("drop database test_gone")
        assert session.one("create table test.own (a int)") == ("ok", 0, 0)
        session.run("drop table test.own")
        assert "writes_held" not in own.log_text()
