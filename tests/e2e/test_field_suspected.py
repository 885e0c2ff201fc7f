"""What an adversary suspected on the MySQL path and had not proven; each was tried, and stays as a test where it is a fault or where it holds.

A primary that is full (1040) is among the tests of row 26, a trigger's traces in those of number 19.
"""
import threading
import time

import pytest

from harness.holdfast import gateway_for
from harness.processes import eventually
from harness.routes import drop_answering_table, make_answering_table
from harness.server_globals import ServerGlobals
from harness.session import Session, failed, short
from harness.side_by_side import execute, fetch, make_passers_table, prepare, reset_statement, same, schema, shown
from harness.wire import COM_QUERY, COM_STMT_EXECUTE

gateway_only = pytest.mark.gateway


@pytest.fixture(scope="module")
def gateway(cluster):
    cluster.recover()
    cluster.primary.query("create or replace schema test_other", "create or replace table test.place (id int primary key, w int)",
                          "insert into test.place select seq, 1 from test.seq_1_to_200", "create or replace table test_other.place like test.place")
    make_passers_table(cluster)
    make_answering_table(cluster)
    with gateway_for(cluster, shards=1, max_server_connections=3, hold_timeout="3s") as running:
        yield running
    drop_answering_table(cluster)
    cluster.primary.query("drop schema test_other", "drop table test.place, test.passers_by")


# -- a cursor between two fetches --------------------------------------------------------------------------------------------------

BETWEEN = {"use": "use test_other", "init-db": schema("test_other"), "set": "set time_zone='+01:00'", "names": "set names latin1",
           "read": "select 1",
           "write": "update place set w = w where id = 1", "prepared": ("select w from place where id = ?", 1), "error": "select * from nosuch",
           "other-statement": prepare("q", "select 5"), "reset": reset_statement("p"), "sql-mode": "set sql_mode='ANSI_QUOTES'",
           "user-variable": "set @a = 1", "begin": "begin"}


@pytest.mark.parametrize("route", ["split", "read", "write"])
@pytest.mark.parametrize("between", BETWEEN.values(), ids=BETWEEN)
def test_a_cursor_survives_what_comes_between_two_fetches(gateway, cluster, between, route):
    same(gateway, cluster, [prepare("p", "select id from place where id > ? order by id"), execute("p", 10, cursor_type=1), fetch("p", 5), between,
                            fetch("p", 5), "select 7", fetch("p", 400), fetch("p", 1)], route=route)


# -- a client that says it will write no more --------------------------------------------------------------------------------------

HALF_CLOSED = {"read": (COM_QUERY, b"select id, sleep(0.4) from place where id = 1"),
               "write": (COM_QUERY, b"update place set w = w + sleep(0.4) where id = 2"),
               "many-rows": (COM_QUERY, b"select a.id from place a, place b"), "quick": (COM_QUERY, b"select 1")}


@pytest.mark.parametrize("route", ["split", "read", "write"])
@pytest.mark.parametrize("name", list(HALF_CLOSED) + ["binary"])
def test_a_client_that_half_closes_gets_its_answer(gateway, cluster, name, route):
    if route == "read" and name == "write":
        route = "split"
    session = Session(gateway.port(route))
    if name == "binary":
        statement = session.prepare("select id, sleep(0.4) from place where id = ?")
        session.command(COM_STMT_EXECUTE, statement["id"].to_bytes(4, "little") + b"\0\1\0\0\0\0\1\3\0\1\0\0\0")
        reader = session._binary_row
    else:
        session.command(*HALF_CLOSED[name])
        reader = session._text_row
    session.socket.shutdown(1)
    try:
        answer = short(session._results(reader)[0])
    finally:
        session.socket.close()
    assert not failed(answer) and (answer[0] == "ok" or len(answer) == (40_000 if name == "many-rows" else 1)), answer


# -- a KILL whose target has passed its connection on ------------------------------------------------------------------------------

@gateway_only
@pytest.mark.parametrize("kind", ["query ", "connection "])
def test_a_kill_hits_the_session_that_it_names_and_nobody_else(cluster, gateway, kind):
    """The victim's short statements and those of bystanders share two connections; the killer never rests."""
    with gateway_for(cluster, shards=1, max_server_connections=2, hold_timeout="10s") as own:
        stop, hurt, answered = threading.Event(), [], [0]

        def bystander(number):
            with Session(own.port()) as session:
                while not stop.is_set():
                    for sql in ("/*master*/ select id, sleep(0.001) from place where id = 5", f"update place set w = w + 1 where id = {number}"):
                        answer = session.one(sql)
                        if failed(answer) or (isinstance(answer, list) and answer != [("5", "0")]):
                            hurt.append((sql, answer))
                            return
                    answered[0] += 1

        def victim(box):
            while not stop.is_set():
                try:
                    with Session(own.port()) as session:
                        box[0] = session.greeting["thread"]
                        for _ in range(50):
                            if failed(session.one("/*master*/ select id, sleep(0.0005) from place where id = 6")) or stop.is_set():
                                break
                except OSError:
                    pass
        box = [0]
        threads = [threading.Thread(target=bystander, args=(20 + number,)) for number in range(3)] + [threading.Thread(target=victim, args=(box,))]
        for thread in threads:
            thread.start()
        until = time.monotonic() + 2.5
        with Session(own.port()) as killer:
            while time.monotonic() < until and not hurt:
                killer.ask(f"kill {kind}{box[0]}")
        stop.set()
        for thread in threads:
            thread.join()
        assert hurt == [] and answered[0] > 10


# -- a trigger that writes a table without transactions, and a primary that becomes read-only ------------------------------------------


def test_a_trigger_on_a_table_without_transactions_writes_once(gateway, cluster):
    """It holds: a server becomes read-only only when the statement is over, so none is refused half way and none is sent again."""
    cluster.primary.query("create or replace table test.fired (n int auto_increment primary key, tag varchar(20))",
                          "create or replace table test.fired_log (tag varchar(20)) engine=myisam",
                          "create or replace trigger test.firing before insert on test.fired for each row"
                          " begin insert into test.fired_log values (new.tag); do sleep(0.7); end")
    cluster.settle()
    answers = []
    try:
        with Session(gateway.port()) as session:
            writer = threading.Thread(target=lambda: answers.append(session.one("insert into fired (tag) values ('once')")))
            writer.start()
            running = "select 1 from information_schema.processlist where state = 'User sleep'"  # a trigger runs as its definer
            eventually(lambda: cluster.primary.query(running), "the trigger to run")
            cluster.primary.query("set global read_only = 1")
            cluster.primary.query("set global read_only = 0")
            writer.join()
        written = cluster.primary.query("select count(*) from test.fired_log")[0][0]
        assert (answers[0][0], written) in (("ok", 1), ("error", 0), ("error", 1)), (answers, written)
    finally:
        cluster.primary.query("set global read_only = 0", "drop table test.fired, test.fired_log")


# -- a schema that its own session dropped -----------------------------------------------------------------------------------------

@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("how", ["text", "binary", "another"])
def test_a_connection_without_schema_has_none(gateway, cluster, how, again):
    """After DROP DATABASE of the current schema, also when the schema is made again: the next client has no schema, as after a login."""
    def drop(session):
        if how == "another":
            return cluster.primary.query("drop database test_gone") and None
        return session.binary("drop database test_gone") if how == "binary" else session.ask("drop database test_gone")

    def make_again(_):
        if again:
            cluster.primary.query("create database test_gone character set latin1", "create table test_gone.place (id int)")
            cluster.settle()

    def next_client(session):
        port = cluster.primary.port if session.socket.getpeername()[1] == cluster.primary.port else gateway.port()
        seen = []
        for _ in range(4):
            with Session(port, database=None) as other:
                seen.append([other.ask(sql) for sql in ("select database()", "/*master*/ select database()", "select count(*) from place",
                                                        "insert into place values (1)",
                                                        "select @@collation_database", "/*master*/ select @@collation_database", "show tables")])
        return seen
    same(gateway, cluster, ["use test_gone", "select * from x", "/*master*/ select * from x", shown(drop, "drop"), "select database()",
                            shown(make_again, "make again"), shown(next_client, "next clients"), "select database()", "select count(*) from place"],
         ["create or replace database test_gone character set latin1", "create table test_gone.x (a int)"], meanwhile=lambda _: None)
    cluster.primary.query("drop database if exists test_gone")
    cluster.settle()


# -- a charset that the handshake did not tell -------------------------------------------------------------------------------------

HIDDEN_CHARSETS = {"gbk": b"\xbf\x5c", "sjis": b"\x95\x5c", "big5": b"\xa4\x5c"}


@pytest.mark.parametrize("how", ["text", "binary"])
@pytest.mark.parametrize("charset", HIDDEN_CHARSETS)
def test_the_servers_charset_counts_not_that_of_the_handshake(cluster, gateway, charset, how):
    """The second byte of a character is a backslash, which escapes nothing: the string ends, a locking read follows. It belongs to the primary.

    init_connect gives the sessions a charset that their handshake does not name, as skip-character-set-client-handshake does."""
    with ServerGlobals(cluster) as changes:
        changes.set(init_connect=f"'set names {charset}'")
        with gateway_for(cluster, shards=1, hold_timeout="3s") as own:
            for _ in range(4):
                with Session(own.port()) as session:
                    sql = b"select '" + HIDDEN_CHARSETS[charset] + b"' as a, id from answering for update -- '"
                    answer = prepared_bytes(session, sql) if how == "binary" else short(session.query(sql)[0])
                    assert isinstance(answer, list) and answer[0][1:] == ("1",), answer


def prepared_bytes(session, sql):
    session.command(0x16, sql)
    head = session.read()
    assert head[:1] == b"\0", head
    statement = {"id": int.from_bytes(head[1:5], "little")}
    session._definitions(int.from_bytes(head[7:9], "little"))
    session._definitions(int.from_bytes(head[5:7], "little"))
    return session.executed(statement)[0]
