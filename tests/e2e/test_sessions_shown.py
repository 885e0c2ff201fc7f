"""What sessions over shared connections cost is seen: the list, the status, the metrics and the event say which session is pinned and why."""
from pathlib import Path

import pytest

from harness.processes import eventually
from harness.routes import run, value
from harness.wire import Wire

pytestmark = pytest.mark.gateway

PINS = {  # what a session does that must be seen: the reason, the statement, its shape (None: only that no literal is in it)
    "user-variable": ("set @x = 'swordfish'", "set @x = ?"),
    "user-lock": ("select get_lock('swordfish', 1)", "select get_lock(?, ...)"),
    "temporary-table": ("create temporary table test.pinning (v varchar(20) default 'swordfish')", None),
    "prepared-text": ("prepare p from 'select ''swordfish'''", "prepare p from ?"),
    "connection-id": ("select connection_id(), 'swordfish'", None),
    "handler": ("handler {table} open", "handler {table} open"),
    "unknown-state": ("begin not atomic select 'swordfish'; end", None),
}


def sessions(gateway, reason=None):
    page = gateway.http_json("/api/v1/sessions?service=orders")
    assert page["silent_shards"] == 0
    return [each for each in page["sessions"] if reason in (None, each["reason"])]


def the_one(gateway, reason):
    """The only session that is listed; a client has its reply before the session is done with it."""
    return eventually(lambda: [each["reason"] for each in sessions(gateway)] == [reason] and sessions(gateway), f"one session, {reason}")[0]


def pins(gateway, reason):
    """(now, so far) as the status says."""
    found = next((each for each in gateway.service()["pins"] if each["reason"] == reason), {"now": 0, "so_far": 0})
    return found["now"], found["so_far"]


def pins_in_metrics(gateway, reason):
    metrics, labels = gateway.metrics(), {"service": "orders", "reason": reason}
    return metrics.get("holdfast_service_pinned_sessions", **labels), metrics.get("holdfast_service_pins_total", **labels)


def counter(gateway, name):
    value_there = gateway.service()["counters"][name]
    assert gateway.metrics().get(f"holdfast_service_{name}_total", service="orders") >= value_there
    return value_there


@pytest.mark.parametrize("reason", PINS)
def test_a_pin_is_seen_with_its_reason(gateway, table, reason):
    statement, shape = (each and each.format(table=f"test.{table}") for each in PINS[reason])
    eventually(lambda: not sessions(gateway), "earlier sessions to be gone")
    before = pins(gateway, reason)
    with gateway.connect() as connection:
        run(connection, statement)
        seen = the_one(gateway, reason)
        assert seen["pinned"] and not seen["running"]
        assert seen["service"] == "orders" and seen["server"] == "db1" and seen["account"] == "app@%"
        host, port = connection._sock.getsockname()
        assert seen["client"] == f"{host}:{port}" and seen["id"] == connection.thread_id()
        assert seen["shape"] == shape or (shape is None and seen["shape"] and "swordfish" not in seen["shape"])
        assert pins(gateway, reason) == pins_in_metrics(gateway, reason) == (before[0] + 1, before[1] + 1)
        for command in (("sessions",), ("sessions", "orders"), ("status", "--sessions"), ("status", "--sessions", "orders")):
            told = gateway.cli(*command)
            assert told.returncode == 0, told.stderr
            assert f"pinned   {reason}: {seen['because']}" in told.stdout and f"by       {seen['shape']}" in told.stdout
            assert str(seen["id"]) in told.stdout and "swordfish" not in told.stdout
    eventually(lambda: pins(gateway, reason) == (before[0], before[1] + 1), "the pin to end with its session")
    assert pins_in_metrics(gateway, reason) == (before[0], before[1] + 1)
    assert sessions(gateway, reason) == []


def test_the_words_are_those_of_the_manual(gateway):
    eventually(lambda: not sessions(gateway), "earlier sessions to be gone")
    manual = (Path(__file__).parents[2] / "docs" / "mysql-service.md").read_text(encoding="utf-8")
    with gateway.connect() as connection:
        run(connection, "set @x = 1")
        seen = the_one(gateway, "user-variable")
    assert f"| `{seen['reason']}` | {seen['because']} |" in manual


def test_an_event_tells_of_a_pin_once_in_a_while(make_gateway):
    gateway = make_gateway(shards=1)
    for _ in range(5):
        with gateway.connect() as connection:
            run(connection, "set @x = 'swordfish'")

    def told():
        return [each["fields"] for each in gateway.http_json("/api/v1/events?since=0")["events"] if each["id"] == "HF-5008"]
    eventually(told, "the event")
    [event] = told()
    assert event["reason"] == "user-variable" and event["shape"] == "set @x = ?" and event["account"] == "app@%"
    assert event["service"] == "orders" and event["server"] == "db1" and "count" not in event
    assert gateway.service()["pins"][0]["so_far"] == 5
    with gateway.connect() as connection:  # another reason is news, however soon it comes
        run(connection, "select get_lock('swordfish', 1)")
        eventually(lambda: [each["reason"] for each in told()] == ["user-variable", "user-lock"], "the other event")


def test_a_transaction_is_kept_but_not_pinned_and_an_idle_session_is_neither(gateway):
    eventually(lambda: not sessions(gateway), "earlier sessions to be gone")
    with gateway.connect() as connection:
        value(connection, "select 1")
        eventually(lambda: not sessions(gateway), "the connection to be given back")
        run(connection, "start transaction")
        seen = the_one(gateway, "transaction")
        assert not seen["pinned"] and seen["shape"] is None
        assert "kept     transaction: " in gateway.cli("sessions", "orders").stdout
        run(connection, "commit")
        eventually(lambda: not sessions(gateway), "the connection to be given back")
    assert gateway.service()["counters"]["pinned_sessions"] == 0


def test_more_sessions_than_asked_for_are_counted(gateway):
    eventually(lambda: not sessions(gateway), "earlier sessions to be gone")
    connections = [gateway.connect() for _ in range(6)]  # on both shards
    try:
        for number, connection in enumerate(connections):
            run(connection, f"set @x{number} = 1")
        eventually(lambda: len(sessions(gateway, "user-variable")) == 6, "all six to be pinned")
        page = gateway.cli_json("sessions", "orders", "--limit", "2")
        assert page["total"] == 6 and page["left_out"] == 4
        assert [each["shape"] for each in page["sessions"]] == ["set @x0 = ?", "set @x1 = ?"], "the oldest first"
        assert "4 more are not shown" in gateway.cli("sessions", "--limit", "2").stdout
        assert gateway.service()["counters"]["pinned_sessions"] == 6
    finally:
        for connection in connections:
            connection.close()


def test_a_service_without_sessions_is_refused_by_name(gateway):
    refused = gateway.cli("sessions", "plain")
    assert refused.returncode == 1 and "no service 'plain' with sessions to show; there is orders" in refused.stderr


def test_resets_restores_and_prepares_are_counted(make_gateway):
    gateway = make_gateway(shards=1, users="servers")  # a listed account becomes another when its rights have been read
    account = ("127.0.0.1", gateway.port("write"), "app", "app-secret", "test")
    with Wire(*account) as wire:
        wire.query("set @x = 1")
        wire.reset_connection()
        eventually(lambda: counter(gateway, "connection_resets") == 1, "the reset to be counted")
        wire.query("set time_zone = '+03:00'")
        statement = wire.prepare("select ?")
        with Wire(*account) as other:
            other.query("begin")  # takes the only connection, which has the statement and the time zone
            statements, restores = counter(gateway, "restore_statements"), counter(gateway, "state_restores")
            assert counter(gateway, "statements_reprepared") == 0
            wire.execute(statement, [1])  # on one that has neither
            assert counter(gateway, "statements_reprepared") == 1
            assert counter(gateway, "state_restores") > restores and counter(gateway, "restore_statements") > statements
            statements = counter(gateway, "restore_statements")
            wire.execute(statement, [1])
            assert counter(gateway, "statements_reprepared") == 1, "it is there by now"
            assert counter(gateway, "restore_statements") == statements, "and fits"


def test_a_read_that_was_repeated_on_the_primary_is_counted(gateway, cluster):
    cluster.primary.query("create or replace function test.marks() returns int modifies sql data begin set @mark = 1; return 1; end",
                          "create or replace view test.marking as select test.marks() as v")
    cluster.settle()
    before, repeated = pins(gateway, "unnamed-change"), counter(gateway, "reads_repeated")
    with gateway.connect() as connection:
        assert value(connection, "select v from test.marking") == 1
        eventually(lambda: counter(gateway, "reads_repeated") == repeated + 1, "the repetition to be counted")
        [seen] = eventually(lambda: sessions(gateway, "unnamed-change"), "the session to be pinned")
        assert seen["server"] == "db1" and seen["shape"] == "select v from test.marking"
        assert pins(gateway, "unnamed-change") == (before[0] + 1, before[1] + 1)
    cluster.primary.query("drop view test.marking", "drop function test.marks")


def test_connections_to_servers_are_counted_by_account(gateway):
    with gateway.connect() as connection:
        run(connection, "set @x = 1")

        def counted():
            there = {each["account"]: each["connections"] for each in gateway.service()["account_connections"]}
            opened = sum(server["counters"]["connections"] for server in gateway.service()["servers"])
            return there if set(there) == {"app@%"} and there["app@%"] == opened else None
        assert eventually(counted, "the account's connections to be all there are")["app@%"] >= 1
        assert gateway.metrics().get("holdfast_service_account_connections", service="orders", account="app@%") >= 1
