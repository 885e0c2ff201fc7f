"""Server-side prepared statements: the binary protocol, on the wire and through libmariadb."""
import json
import subprocess
import threading

import pytest

from harness import wire as w
from harness.clients import c_client
from harness.processes import eventually

REPLICAS = {b"2", b"3"}


@pytest.fixture
def wire(gateway):
    with w.Wire("127.0.0.1", gateway.port(), "app", "app-secret", "test") as wire:
        yield wire


def integer(row):
    """The value of a binary row with one BIGINT or INT column."""
    return int.from_bytes(row[2:], "little")


@pytest.mark.gateway
def test_prepared_reads_of_several_clients_use_all_replicas(gateway):
    """Prepared reads are spread over the replicas as text is; a statement is prepared wherever it is executed."""
    seen = set()
    for _ in range(12):
        with w.Wire("127.0.0.1", gateway.port(), "app", "app-secret", "test") as wire:
            statement = wire.prepare("select @@server_id + ?")
            rows = {wire.execute(statement, [0])[0]["rows"][0] for _ in range(5)}
            seen |= rows
    assert len(seen) == 2


@pytest.mark.gateway
def test_in_a_transaction_the_same_statement_runs_on_the_primary(wire):
    statement = wire.prepare("select @@server_id")
    outside = wire.execute(statement)[0]["rows"]
    wire.query("begin")
    inside = wire.execute(statement)[0]["rows"]
    wire.query("commit")
    assert integer(inside[0]) == 1 and integer(outside[0]) in (2, 3)


def test_an_insert_runs_once_per_execution(wire, table):
    statement = wire.prepare(f"insert into {table} (v) values (?)")
    for number in range(50):
        reply = wire.execute(statement, [f"value {number}"])
        assert reply[0]["affected"] == 1 and reply[0]["insert_id"] == number + 1
    count = wire.query(f"/*master*/ select count(*), count(distinct v) from {table}")
    assert count[0]["rows"] == [(b"50", b"50")]


def test_statement_ids_are_the_sessions_own(gateway):
    """Two clients prepare different statements over shared server connections and execute them in turns."""
    with w.Wire("127.0.0.1", gateway.port(), "app", "app-secret", "test") as one, \
            w.Wire("127.0.0.1", gateway.port(), "app", "app-secret", "test") as two:
        first = [one.prepare(f"select {i} + ?") for i in range(20)]
        second = [two.prepare(f"select {i} * ?") for i in range(20)]
        assert len({s["id"] for s in first}) == 20
        for i in range(20):
            assert integer(one.execute(first[i], [100])[0]["rows"][0]) == i + 100
            assert integer(two.execute(second[i], [100])[0]["rows"][0]) == i * 100
        one.close_statement(first[3])
        assert one.execute(first[3], [1])[0]["code"] == 1243
        assert integer(one.execute(first[4], [1])[0]["rows"][0]) == 5


def test_types_bound_once_hold_for_later_executions(wire):
    """new_params_bound = 0: the server must still know the types of the first execution, wherever it runs."""
    statement = wire.prepare("select ?")
    for number in range(1, 12):
        if number == 1:
            reply = wire.execute(statement, [number])
        else:
            payload = statement["id"].to_bytes(4, "little") + b"\0" + (1).to_bytes(4, "little") + b"\0\0"
            wire.command(w.COM_STMT_EXECUTE, payload + number.to_bytes(8, "little"))
            reply = wire._results(wire._binary_row)
        assert integer(reply[0]["rows"][0]) == number


def test_long_data_and_reset(wire):
    statement = wire.prepare("select length(?), sha1(?)")
    for piece in (b"a" * 100_000, b"b" * 100_000):
        wire.send_long_data(statement, 0, piece)
    reply = wire.execute(statement, [(252, 0, b""), "x"])
    assert int.from_bytes(reply[0]["rows"][0][2:6], "little") == 200_000
    wire.send_long_data(statement, 0, b"forgotten")
    assert wire.reset_statement(statement)[0]["kind"] == "ok"
    reply = wire.execute(statement, ["abc", "x"])
    assert int.from_bytes(reply[0]["rows"][0][2:6], "little") == 3


def test_values_beyond_one_packet(wire):
    """An execution in two packets: its reply is numbered on from them."""
    statement = wire.prepare("select length(?)")
    for size in (16_777_215 - 20, 16_777_215, 20_000_000, 10):
        assert int.from_bytes(wire.execute(statement, ["x" * size])[0]["rows"][0][2:6], "little") == size


def test_a_cursor_is_fetched_piece_by_piece(wire):
    statement = wire.prepare("select seq from seq_1_to_1000")
    reply = wire.execute(statement, cursor_type=1)
    assert reply[0]["kind"] == "rows" and reply[0]["rows"] == []
    total, end = [], {"status": 0}
    while not end["status"] & w.STATUS_LAST_ROW_SENT:
        rows, end = wire.fetch(statement, 300)
        total += [integer(row) for row in rows]
        assert w.first_value(wire.query("select 7")) == "7"  # other work between the pieces
    assert total == list(range(1, 1001))


def test_a_prepared_statement_follows_the_schema_of_its_preparation(wire, table):
    wire.query(f"insert into {table} (v) values ('here')")
    statement = wire.prepare(f"select v from {table} for update")
    wire.query("use information_schema")
    assert wire.execute(statement)[0]["rows"][0].endswith(b"here")


def test_a_prepared_call_with_results(wire, cluster):
    wire.query("create or replace procedure hf_pr(x int) begin select x; select x + 1; end")
    statement = wire.prepare("call hf_pr(?)")
    reply = wire.execute(statement, [5])
    assert [r["kind"] for r in reply] == ["rows", "rows", "ok"]
    assert integer(reply[0]["rows"][0]) == 5 and integer(reply[1]["rows"][0]) == 6
    wire.query("drop procedure hf_pr")


def test_errors_of_preparation_read_as_direct(wire, cluster):
    with w.Wire("127.0.0.1", cluster.primary.port, "app", "app-secret", "test") as direct:
        for text in ("selekt ?", "select * from missing where a = ?", "", "select ?; select ?", "use test", "create table ("):
            ours, theirs = wire.prepare(text), direct.prepare(text)
            ours.pop("id", None), theirs.pop("id", None)
            assert ours == theirs, text
        unknown = {"id": 12345}
        assert wire.execute(unknown) == direct.execute(unknown)
        assert wire.reset_statement(unknown) == direct.reset_statement(unknown)


def test_a_table_change_between_executions(wire, table, cluster):
    statement = wire.prepare(f"select * from {table}")
    assert len(wire.execute(statement)[0]["columns"]) == 2
    cluster.primary.query(f"alter table test.{table} add column extra int default 9")
    cluster.settle()
    assert len(wire.execute(statement)[0]["columns"]) == 3


def test_settings_hold_for_prepared_reads(wire):
    wire.query("set time_zone = '+07:00'")
    statement = wire.prepare("select @@time_zone")
    for _ in range(6):
        assert wire.execute(statement)[0]["rows"][0].endswith(b"+07:00")


@pytest.mark.gateway
def test_prepared_reads_survive_the_death_of_a_replica(gateway, repaired):
    stop, failures, done = threading.Event(), [], []

    def client():
        try:
            with w.Wire("127.0.0.1", gateway.port(), "app", "app-secret", "test") as wire:
                statement = wire.prepare("select ? + 0")
                number = 0
                while not stop.is_set():
                    number += 1
                    reply = wire.execute(statement, [number])
                    assert reply[0]["kind"] == "rows" and integer(reply[0]["rows"][0]) == number, reply
                    done.append(1)
        except Exception as failure:
            failures.append(failure)
    clients = [threading.Thread(target=client) for _ in range(6)]
    for one in clients:
        one.start()
    try:
        eventually(lambda: len(done) > 300, "executions")
        repaired.server(2).kill9()
        reached = len(done)
        eventually(lambda: len(done) > reached + 1000 or failures, "executions on the other replica")
    finally:
        stop.set()
        for one in clients:
            one.join()
    assert failures == []


@pytest.mark.gateway
def test_thousands_of_statements_do_not_exhaust_the_servers(gateway, cluster):
    """max_prepared_stmt_count is 16382 per server: clients that close what they prepared leave nothing behind."""
    for _ in range(20):
        with w.Wire("127.0.0.1", gateway.port(), "app", "app-secret", "test") as wire:
            for number in range(100):
                statement = wire.prepare(f"select {number} + ?")
                wire.execute(statement, [1])
                wire.close_statement(statement)
    for server in cluster.servers:
        assert int(server.status("Prepared_stmt_count")) < 2500


@pytest.mark.parametrize("scenario", ["types", "bulk", "cursor", "long_data", "multi_result", "metadata"])
def test_libmariadb_sees_the_same_as_directly(gateway, cluster, scenario):
    """A C program runs a scenario and prints all it saw as JSON lines: the same lines through the gateway."""
    def output(port):
        done = subprocess.run([c_client("prepared"), "127.0.0.1", str(port), "app", "app-secret", "test", scenario],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"{done.stdout}{done.stderr}"
        return [json.loads(line) for line in done.stdout.splitlines()]
    theirs = output(cluster.primary.port)
    assert len(theirs) > 1
    assert output(gateway.port()) == theirs
