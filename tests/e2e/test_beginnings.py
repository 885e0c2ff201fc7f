"""What a session begins with: the account's, the servers' and its own, and never what the connection was left with."""
import pytest

from harness.holdfast import gateway_for
from harness.processes import eventually
from harness.session import Session
from harness.side_by_side import make_passers_table, same
from harness.wire import Wire, first_value

NAMES = ("test ünï", "test Ã¼nÃ¯")  # the second is the first one's UTF-8 read as latin1


@pytest.fixture(scope="module")
def gateway(cluster):
    cluster.recover()
    for name in NAMES:
        cluster.primary.query(f"create schema if not exists `{name}`", f"create or replace table `{name}`.x (name varchar(40)) charset utf8mb4", f"insert into `{name}`.x values ('{name}')",
                              f"grant all on `{name}`.* to app@'%'")
    make_passers_table(cluster)
    cluster.settle()
    with gateway_for(cluster, shards=1, max_server_connections=2, hold_timeout="3s", users="servers") as running:
        yield running
    cluster.primary.query(*(f"drop schema `{name}`" for name in NAMES), *(f"revoke all on `{name}`.* from app@'%'" for name in NAMES), "drop table test.passers_by")


def speak_latin1(gateway):
    with Session(gateway.port()) as session:
        session.run("set names latin1", "/*master*/ select v from passers_by limit 1", "select v from passers_by limit 1")


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_whose_name_is_not_ascii(gateway, cluster, name):
    steps = ["select database()", "select name from x", "/*master*/ select name from x", f"use `{name}`", "select name from x", "set names latin1", "/*master*/ select database()",
             "select hex(name) from x", "/*master*/ select hex(database())", "set names utf8mb4", "select database()"]
    same(gateway, cluster, steps, database=name, meanwhile=speak_latin1)


@pytest.mark.parametrize("name, limit", [("few", "max_user_connections 50"), ("brief", "max_statement_time 0.5")])
def test_an_account_with_a_limit_begins_with_its_own_settings(gateway, cluster, accounts, name, limit):
    accounts.make(name, "select on test.*", options=f"with {limit}")
    ask = "select @@time_zone, @@sql_mode, @@max_statement_time"
    expected = {}
    for port in (cluster.primary.port, gateway.port()):
        seen = []
        for _ in range(3):
            with Wire("127.0.0.1", port, name, name, "test") as wire:
                seen.append(wire.query(ask)[0]["rows"])
                wire.query("set time_zone='+05:00', sql_mode='ANSI_QUOTES', max_statement_time=3")
                wire.query("select v from passers_by limit 1")
                wire.query("/*master*/ select v from passers_by limit 1")
            with Wire("127.0.0.1", port, name, name, "test") as wire:
                wire.query("set max_statement_time=7")
                wire.reset_connection()
                seen.append(wire.query(ask)[0]["rows"])
        expected[port] = seen
    direct, ours = expected.values()
    assert direct == ours


def test_a_changed_packet_limit_is_the_next_sessions(gateway, cluster, server_globals):
    def limits():
        seen = set()
        for text in ("select @@max_allowed_packet", "/*master*/ select @@max_allowed_packet") * 4:
            with Wire("127.0.0.1", gateway.port(), "app", "app-secret", "test") as wire:
                seen.add(first_value(wire.query(text)))
        return seen
    assert limits() == {"134217728"}
    server_globals.set(max_allowed_packet=33554432)
    eventually(lambda: limits() == {"33554432"}, "new sessions to have the new limit", 5)


def test_a_reset_leaves_the_profiles_also_behind_an_xa_branch(gateway, cluster, accounts):
    accounts.make("profiles", "all on test.*")

    def look(port):
        with Wire("127.0.0.1", port, "profiles", "profiles", "test") as wire:
            for sql in ("set profiling = 1", "xa commit 'none'", "xa start 'b'", "select v from passers_by limit 1", "xa end 'b'", "xa commit 'b' one phase"):
                wire.query(sql)
            wire.reset_connection()
            return [row[2] for row in wire.query("show profiles")[0]["rows"] if b"passers_by" in row[2] or row[2].startswith(b"xa ")]

    assert look(gateway.port()) == look(cluster.primary.port) != []


def test_a_reset_stays_in_the_schema_and_loses_its_character_set(gateway, cluster, accounts):
    """A server's COM_RESET_CONNECTION, and a COM_CHANGE_USER that it refuses, leave @@collation_database the global one until the next USE."""
    accounts.make("resets", "all on test_cp.*")
    cluster.primary.query("create or replace schema test_cp character set cp1250", "create table test_cp.t (v int)")
    cluster.settle()
    ask = "select database(), @@collation_database, @@character_set_database"

    def look(port):
        seen = []
        with Wire("127.0.0.1", port, "resets", "resets", "test_cp") as wire:
            for step in (None, wire.reset_connection, lambda: wire.query("insert into t values (1)"), lambda: wire.query("select v from nosuch"), lambda: speak_latin1(gateway),
                         lambda: wire.query("set @u = 1"), wire.reset_connection, lambda: wire.query("set collation_database = default"), wire.reset_connection,
                         lambda: wire.query("use test_cp"), lambda: wire.change_user("resets", "wrong", "test_cp"), lambda: wire.change_user("resets", "resets", "test_cp")):
                if step is not None:
                    step()
                seen += [wire.query(ask)[0]["rows"][0], wire.query("/*master*/ " + ask)[0]["rows"][0]]
        return seen

    direct = look(cluster.primary.port)
    assert len({row[1] for row in direct}) == 2, "or this shows nothing"
    assert look(gateway.port()) == direct
    cluster.primary.query("drop schema test_cp")
