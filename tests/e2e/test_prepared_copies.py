"""Copies of prepared statements on the servers: whose cursor, types and long data they have. Compared with a direct connection."""
import struct

import pytest

from harness import wire as w
from harness.session import MODERN, Session, short
from harness.side_by_side import close, execute, fetch, long_data, make_passers_table, prepare, reset_statement, same, shown, statements

ROWS = "select id, v from copies_rows where id > ? order by id"
INSERT = "insert into copies_kept (b, c) values (?, ?)"
CURSOR = {"cursor_type": 1}
OTHERS = 140  # more than the copies that a connection keeps for convenience
SENDS_TYPES = 128  # of COM_STMT_BULK_EXECUTE
BULK_CLIENT = {"capabilities": MODERN, "extended": w.EXTENDED_STMT_BULK}
BIGINT, INT, VARCHAR = bytes([8, 0]), bytes([3, 0]), bytes([253, 0])


@pytest.fixture(autouse=True, scope="module")
def tables(cluster):
    make_passers_table(cluster)
    cluster.primary.query("create or replace table test.copies_rows (id int primary key, v int)",
                          "insert into test.copies_rows select seq, seq * 10 from test.seq_1_to_9",
                          "create or replace table test.copies_kept (a int unique, b varchar(100), c longtext)")
    cluster.settle()
    yield
    cluster.primary.query("drop table test.copies_rows", "drop table test.copies_kept", "drop table if exists test.copies_ids", "drop table if exists test.copies_gone")


# Steps besides those of side_by_side.

def rows_of(name, count):
    """The rows themselves, not how many they are."""
    def step(session):
        rows, end = session.fetch(statements(session)[name], count)
        return ("error", end["code"]) if rows is None else ([row.hex() for row in rows], end["status"])
    return shown(step, f"rows of {name}")


def malformed(name, body=b"", cursor_type=0):
    """COM_STMT_EXECUTE with this behind its fixed part."""
    def step(session):
        session.command(w.COM_STMT_EXECUTE, struct.pack("<IBI", statements(session)[name]["id"], cursor_type, 1) + body)
        return [short(result) for result in session._results(session._binary_row)]
    return shown(step, f"execute {name} {body!r}")


def cut_short(name):
    def step(session):
        session.command(w.COM_STMT_EXECUTE, struct.pack("<IB", statements(session)[name]["id"], 0))
        return [short(result) for result in session._results(session._binary_row)]
    return shown(step, f"execute {name}, cut short")


def bulk(name, flags, body):
    def step(session):
        session.command(w.COM_STMT_BULK_EXECUTE, struct.pack("<IH", statements(session)[name]["id"], flags) + body)
        return [short(result) for result in session._results(session._binary_row)]
    return shown(step, f"bulk {name} {flags} {body!r}")


def bulk_row(number, text, size=8):
    """Two values that are there: an integer of so many bytes, and a short text."""
    return b"\0" + number.to_bytes(size, "little") + b"\0" + bytes([len(text)]) + text


def others(session):
    for number in range(OTHERS):
        assert session.binary(f"select {number}") == [[(str(number),)]]


FRESH = ["truncate test.copies_kept"]
KEPT = "/*master*/ select b, c from copies_kept order by b"
EMPTY = "delete from copies_kept"


# Cursors.

BESIDES = {
    "a cursor of the other": [execute("b", 0, **CURSOR), rows_of("b", 2)],
    "an execution of the other": [execute("b", 0)],
    "an execution with another value": [execute("b", 5)],
    "a cursor of the other and its close": [execute("b", 5, **CURSOR), close("b")],
    "a cursor of the other and its reset": [execute("b", 5, **CURSOR), rows_of("b", 1), reset_statement("b"), rows_of("b", 1)],
    "a close alone": [close("b")],
    "a reset alone": [reset_statement("b")],
    "malformed values of the other": [malformed("b")],
    "long data of the other": [long_data("b", 0, b"3"), execute("b", (252, 0, b""), **CURSOR), rows_of("b", 1)],
    "long data that is refused": [long_data("b", 9, b"3"), execute("b", 0), execute("b", 0), reset_statement("b"), execute("b", 7)],
    "the same text prepared again": [prepare("c", ROWS), execute("c", 7), close("c")],
    "and the other way round": [execute("b", 4, **CURSOR), rows_of("b", 1), close("a"), rows_of("b", 1), prepare("a", ROWS), execute("a", 2, **CURSOR)],
}


@pytest.mark.parametrize("besides", BESIDES)
def test_two_statements_of_one_text_have_a_cursor_each(gateway, cluster, besides):
    answers = same(gateway, cluster, [prepare("a", ROWS), prepare("b", ROWS), execute("a", 0, **CURSOR), rows_of("a", 1), *BESIDES[besides],
                                      rows_of("a", 1), rows_of("a", 20), rows_of("a", 1), execute("a", 6), close("a")])
    assert answers[3][0] and answers[-5][0]


AGAIN = {
    "with a cursor": [execute("a", 3, **CURSOR), rows_of("a", 1)],
    "without one": [execute("a", 3), rows_of("a", 1)],
    "with malformed values": [malformed("a"), rows_of("a", 1), malformed("a", cursor_type=1), rows_of("a", 1)],
    "cut short": [cut_short("a"), rows_of("a", 1)],
    "in bulk": [bulk("a", SENDS_TYPES, BIGINT + bulk_row(1, b"x")), rows_of("a", 1)],
    "with long data that is refused": [long_data("a", 9, b"3"), execute("a", 0, **CURSOR), rows_of("a", 1), execute("a", 0), rows_of("a", 1)],
    "with long data that is refused, to its last row": [long_data("a", 9, b"3"), execute("a", 0), rows_of("a", 20), execute("a", 0), reset_statement("a"), execute("a", 7)],
    "with long data that is refused, and its reset": [long_data("a", 9, b"3"), execute("a", 0), rows_of("a", 1), reset_statement("a"), rows_of("a", 1), execute("a", 7)],
    "with long data": [long_data("a", 0, b"5"), execute("a", (252, 0, b""), **CURSOR), rows_of("a", 1)],
    "with long data, cut short first": [long_data("a", 0, b"0"), cut_short("a"), long_data("a", 0, b"6"), execute("a", (252, 0, b""), **CURSOR), rows_of("a", 1)],
    "with long data that its last row ends": [long_data("a", 0, b"8"), rows_of("a", 20), execute("a", (253, 0, b"\x013"))],
    "after a commit": ["begin", "insert into copies_kept (b) values ('x')", "commit", rows_of("a", 1), EMPTY],
    "after an error": ["select nothing from nowhere", rows_of("a", 1), "show warnings", rows_of("a", 1)],
}


@pytest.mark.parametrize("again", AGAIN)
def test_a_statement_with_a_cursor_is_executed_again(gateway, cluster, again):
    same(gateway, cluster, [prepare("a", ROWS), execute("a", 0, **CURSOR), rows_of("a", 1), *AGAIN[again], rows_of("a", 20), rows_of("a", 1), execute("a", 6), execute("a", 7, **CURSOR),
                            rows_of("a", 5)], before=FRESH, **BULK_CLIENT)


def test_a_cursor_outlives_whatever_is_prepared_besides(gateway, cluster):
    same(gateway, cluster, [prepare("a", ROWS), execute("a", 0, **CURSOR), rows_of("a", 1), shown(others, "others"), rows_of("a", 1), rows_of("a", 20)])


def test_more_cursors_than_copies_are_kept_for_convenience(gateway, cluster):
    def open_all(session):
        for number in range(OTHERS):
            statement = session.prepare(f"select id + {number} from copies_rows order by id")
            statements(session)[number] = statement
            assert session.executed(statement, **CURSOR) == [[]]

    def fetch_all(session):
        return [len(session.fetch(statements(session)[number], 2)[0] or ()) for number in range(OTHERS)]
    answers = same(gateway, cluster, [open_all, fetch_all, shown(others, "others"), fetch_all])
    assert answers[1] == answers[3] == [2] * OTHERS


@pytest.mark.gateway
def test_nobody_later_finds_a_cursor_that_was_left_open(gateway, cluster):
    for _ in range(3):
        with Session(gateway.port()) as session:
            statement = session.prepare(ROWS)
            assert session.executed(statement, 0, **CURSOR) == [[]]
            assert len(session.fetch(statement, 1)[0]) == 1
        with Session(gateway.port()) as session:
            statement = session.prepare(ROWS)
            assert session.fetch(statement, 1)[1]["code"] == 1421
            assert len(session.executed(statement, 0)[0]) == 9


def test_a_transaction_goes_on_where_a_statement_cannot_be_prepared_any_more(gateway, cluster):
    """The connection that the session is tied to has no copy yet, and cannot have one."""
    def drop(session):
        cluster.primary.query("drop table test.copies_gone")
    same(gateway, cluster,
         [prepare("a", "select id from copies_gone"), shown(drop, "drop"), "begin", f"{INSERT.split(' values')[0]} values ('kept', '')", execute("a"), "show warnings", execute("a"), "select row_count()",
          "select @@in_transaction", KEPT, "rollback", KEPT], before=["create or replace table test.copies_gone (id int)", *FRESH])


@pytest.mark.parametrize("before", ["do 1", "insert into copies_ids (v) values (1), (2)", "select '7 apples' + 0 from copies_rows where id = 1 for update"])
@pytest.mark.parametrize("then", ["show warnings", "select last_insert_id()", "select row_count()", "select found_rows()"])
def test_a_statement_that_cannot_be_prepared_any_more_leaves_its_error(make_gateway, cluster, before, then):
    """… where it must be prepared again, since its connection is another session's by now."""
    holders = []

    def hold(gateway):
        holders.append(Session(gateway.port()))
        holders[-1].run("begin", f"update copies_rows set v = v where id = {len(holders) + 1}")

    def drop(session):
        cluster.primary.query("drop table test.copies_gone")
    try:
        same(make_gateway(shards=1), cluster, ["/*master*/ select id from copies_rows", prepare("a", "delete from copies_gone"), shown(drop, "drop"), before, execute("a"), then],
             before=["create or replace table test.copies_gone (id int)", "create or replace table test.copies_ids (id int auto_increment primary key, v int)"], meanwhile=hold)
    finally:
        for holder in holders:
            holder.close()


def test_a_cursor_goes_on_where_its_text_cannot_be_prepared_any_more(gateway, cluster):
    def drop(session):
        cluster.primary.query("drop table test.copies_gone")
    text = "select id from copies_gone"
    same(gateway, cluster, [prepare("a", text), prepare("b", text), execute("a", **CURSOR), rows_of("a", 1), shown(drop, "drop"), execute("b"), rows_of("a", 1), rows_of("a", 9)],
         before=["create or replace table test.copies_gone as select seq as id from test.seq_1_to_5"])


# Parameter types.

TYPES = {
    "bulk, then bulk": [bulk("a", SENDS_TYPES, BIGINT + VARCHAR + bulk_row(7, b"x")), bulk("a", 0, bulk_row(8, b"y") + bulk_row(9, b"z"))],
    "bulk, then plain": [bulk("a", SENDS_TYPES, BIGINT + VARCHAR + bulk_row(7, b"x")), malformed("a", b"\0\0" + (5).to_bytes(8, "little") + b"\1p")],
    "plain, then bulk": [malformed("a", b"\0\1" + INT + VARCHAR + b"\5\0\0\0\1p"), bulk("a", 0, bulk_row(8, b"y", 4))],
    "types anew": [bulk("a", SENDS_TYPES, BIGINT + VARCHAR + bulk_row(7, b"x")), bulk("a", SENDS_TYPES, INT + VARCHAR + bulk_row(8, b"y", 4)), bulk("a", 0, bulk_row(9, b"z", 4))],
    "never any": [bulk("a", 0, bulk_row(8, b"y"))],
    "flags that nobody knows": [bulk("a", SENDS_TYPES, BIGINT + VARCHAR + bulk_row(7, b"x")), bulk("a", SENDS_TYPES + 1, INT + VARCHAR + bulk_row(8, b"y", 4)),
                                bulk("a", 0, bulk_row(9, b"z"))],
    "malformed": [bulk("a", SENDS_TYPES, BIGINT), bulk("a", SENDS_TYPES, BIGINT + VARCHAR), bulk("a", 0, b""), bulk("a", 0, bulk_row(9, b"z"))],
}


@pytest.mark.parametrize("what", TYPES)
def test_types_that_were_sent_once_hold(gateway, cluster, what):
    same(gateway, cluster, [prepare("a", INSERT), *TYPES[what], KEPT], before=FRESH, **BULK_CLIENT)


@pytest.mark.gateway
@pytest.mark.parametrize("what", TYPES)
def test_types_that_were_sent_once_hold_on_another_connection(make_gateway, cluster, what):
    holders = []

    def hold(gateway):
        """Another session keeps the connection that the last step ran on: there is one pool, and one kind of client."""
        holders.append(Session(gateway.port(), **BULK_CLIENT))
        holders[-1].run("begin", f"update copies_rows set v = v where id = {len(holders)}")
    read = "select v from copies_rows where id = 1"  # on a replica: the connection that has counted is let go
    try:
        same(make_gateway(shards=1), cluster, [prepare("a", INSERT), *(each for step in TYPES[what] for each in (step, read)), KEPT], before=FRESH, meanwhile=hold,
             **BULK_CLIENT)
    finally:
        for holder in holders:
            holder.close()


# Long data.

FAILED = {
    "a NULL for it": [execute("a", "3", None)],
    "no values": [malformed("a")],
    "cut short": [cut_short("a")],
    "bulk": [bulk("a", SENDS_TYPES, VARCHAR + VARCHAR + b"\0\1k\0\1l")],
    "bulk without it": [bulk("a", SENDS_TYPES, VARCHAR + VARCHAR + b"\0\1k\0")],
    "bulk, cut short": [bulk("a", SENDS_TYPES, VARCHAR)],
    "bulk, unknown flags": [bulk("a", 129, VARCHAR)],
    "cut short, and more of it": [cut_short("a"), long_data("a", 1, b" more"), execute("a", "3", (252, 0, b""))],
    "no such parameter": [long_data("a", 9, b"x"), execute("a", "3", "4"), bulk("a", SENDS_TYPES, VARCHAR + VARCHAR + b"\0\1k\0\1l")],
    "no such parameter, and a reset": [long_data("a", 9, b"x"), execute("a", "3", "4"), reset_statement("a")],
    "a duplicate": [f"{INSERT.replace('(b, c) values (?, ?)', '(a) values (1)')}", prepare("d", "insert into copies_kept (a, c) values (1, ?)"), long_data("d", 0, b"long"),
                    execute("d", (252, 0, b"")), EMPTY, execute("d", "short")],
}


@pytest.mark.parametrize("failed", FAILED)
def test_long_data_of_an_execution_that_failed(gateway, cluster, failed):
    same(gateway, cluster, [prepare("a", INSERT), long_data("a", 1, b"long"), *FAILED[failed], execute("a", "4", "four"), execute("a", "5", "five"), KEPT],
         before=FRESH, **BULK_CLIENT)


@pytest.mark.gateway
def test_more_long_data_than_holdfast_keeps_is_refused_in_its_own_name(gateway):
    with Session(gateway.port()) as session:
        piece = b"x" * 14_000_000
        several = [session.prepare(f"select length(?) + {number}") for number in range(20)]
        for statement in several:
            session.send_long_data(statement, 0, piece)
        answer = session.execute(several[-1], [(252, 0, b"")])[0]
        assert answer["code"] == 1105 and answer["text"].startswith("Holdfast keeps at most 268435456 bytes of mysql_send_long_data()")
        assert session.reset_statement(several[-1])[0]["kind"] == "ok"
        assert session.executed(several[0], (252, 0, b"")) == [[("14000000",)]]
        session.send_long_data(several[-1], 0, b"short")
        assert session.executed(several[-1], (252, 0, b"")) == [[("24",)]]


@pytest.mark.gateway
def test_copies_that_are_kept_for_convenience_make_room(cluster, make_gateway, server_globals):
    """Clients that close all they prepare never meet max_prepared_stmt_count, as on direct connections."""
    others = max(int(server.query("show global status like 'prepared_stmt_count'")[0][1]) for server in cluster.servers)  # of other gateways
    server_globals.set(max_prepared_stmt_count=others + 10)
    gateway = make_gateway(users="servers", shards=2, max_server_connections=3)
    for client in range(6):
        with Session(gateway.port()) as session:
            for number in range(client * 100, client * 100 + 8):
                assert session.binary(f"select {number} from copies_rows where id = ?", 1) == [[(str(number),)]]
                assert session.binary(f"update copies_rows set v = {number} where id = ?", 2)[0][0] == "ok"
            session.run("begin")
            assert session.binary(f"insert into copies_kept (b, c) values ({client}, ?)", "of a transaction")[0][0] == "ok"
            session.ask("rollback")


def test_what_was_only_prepared_leaves_no_user_variable_behind(cluster, make_gateway):
    """A server has the variable, without a value, from the prepare of the SET; it shows in the type of a column."""
    def types(port):
        with Session(port) as one, Session(port) as other:
            assert one.prepare("set @never_set = 2")["kind"] == "prepared"
            return [(column["type"], column["charset"], column["length"]) for column in other.prepare("select @never_set")["columns"]]
    gateway = make_gateway(users="servers", shards=1, max_server_connections=1)
    assert types(gateway.port()) == types(cluster.primary.port)
