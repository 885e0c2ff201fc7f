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
