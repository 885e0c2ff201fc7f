"""The operator's acceptance steps: balanced reads, one write address, a crashed replica nobody notices, its return."""
import threading
from collections import Counter

import pytest

from harness.processes import eventually
from harness.routes import rows, run, server_id, value

pytestmark = pytest.mark.gateway

PRIMARY, REPLICAS = {1}, {2, 3}


def ids_seen(gateway, route, connections=12):
    seen = Counter()
    for _ in range(connections):
        with gateway.connect(route) as connection:
            seen[int(rows(connection, "show variables like 'server_id'")[0][1])] += 1
    return seen


def test_step_1_the_read_listener_alternates_over_the_replicas(gateway):
    seen = ids_seen(gateway, "read")
    assert set(seen) == REPLICAS
    assert abs(seen[2] - seen[3]) <= 2, seen


def test_reads_of_one_connection_alternate_too(gateway):
    for route in ("read", "split"):
        with gateway.connect(route) as connection:
            seen = Counter(server_id(connection) for _ in range(20))
        assert set(seen) == REPLICAS and min(seen.values()) >= 5, (route, seen)


def test_step_2_the_write_listener_always_reaches_the_primary(gateway):
    assert set(ids_seen(gateway, "write")) == PRIMARY


def test_the_splitting_listener_writes_on_the_primary_and_reads_from_replicas(gateway, table, cluster):
    with gateway.connect() as connection:
        assert run(connection, f"insert into {table} (v) values (@@server_id)") == 1
        cluster.settle()
        assert value(connection, f"select v from {table}") == "1"
        assert server_id(connection) in REPLICAS
    for server in cluster.servers:
        assert server.query(f"select v from test.{table}") == (("1",),)


def test_steps_3_and_4_a_killed_replica_is_not_noticed(gateway, repaired, table):
    """Clients read and write without pause while a replica dies by kill -9: no error, and the other one answers."""
    stop, failures, answers = threading.Event(), [], Counter()

    def client(number):
        try:
            with gateway.connect("read" if number % 2 else "split") as connection:
                while not stop.is_set():
                    answers[server_id(connection)] += 1
                    if number % 2 == 0:
                        run(connection, f"insert into {table} (v) values ('{number}')")
        except Exception as failure:
            failures.append(failure)
    clients = [threading.Thread(target=client, args=(number,)) for number in range(8)]
    for one in clients:
        one.start()
    try:
        eventually(lambda: answers[3] > 20, "reads on the replica that will die")
        repaired.server(3).kill9()
        answers.clear()
        eventually(lambda: answers[2] > 200 or failures, "reads on the replica that is left")
    finally:
        stop.set()
        for one in clients:
            one.join()
    assert failures == []
    assert set(ids_seen(gateway, "read")) == {2}
    assert set(ids_seen(gateway, "write")) == PRIMARY


def test_steps_5_and_6_a_replica_that_came_back_gets_reads_again(gateway, repaired):
    repaired.server(2).kill9()
    eventually(lambda: set(ids_seen(gateway, "read")) == {3}, "reads to leave the dead replica")
    repaired.server(2).start()
    repaired.wait_all_replicating()
    eventually(lambda: set(ids_seen(gateway, "read")) == REPLICAS, "reads to return", 15)


def test_without_replicas_the_primary_answers_reads(gateway, repaired):
    for replica in repaired.replicas:
        replica.kill9()
    eventually(lambda: set(ids_seen(gateway, "split", 4)) == PRIMARY, "reads to fall back to the primary")
    with gateway.connect("split") as connection:
        assert value(connection, "select 1") == 1


def test_a_replica_whose_replication_stopped_gets_no_reads(gateway, repaired):
    repaired.server(2).query("stop slave sql_thread")
    eventually(lambda: set(ids_seen(gateway, "read", 6)) == {3}, "reads to leave the stopped replica")
    repaired.server(2).query("start slave")
    eventually(lambda: set(ids_seen(gateway, "read", 6)) == REPLICAS, "reads to return")


def test_a_replica_that_follows_nobody_gets_no_reads(gateway, repaired):
    """A rebooted server without replication must not serve stale rows."""
    replica = repaired.server(3)
    replica.query("stop slave", "reset slave all")
    try:
        eventually(lambda: set(ids_seen(gateway, "read", 6)) == {2}, "reads to leave the lone server")
    finally:
        replica.follow(repaired.primary)


def test_a_second_writable_server_gets_no_writes(gateway, repaired):
    repaired.server(2).query("set global read_only=0")
    try:
        for _ in range(5):
            assert set(ids_seen(gateway, "write", 4)) == PRIMARY
        eventually(lambda: "two_writable_servers" in gateway.log_text(), "the event two_writable_servers", 10)
    finally:
        repaired.server(2).query("set global read_only=1")


def test_writes_are_held_while_the_primary_restarts(gateway, repaired, table):
    """No primary for a moment: a statement waits (bounded by hold_timeout) instead of failing."""
    with gateway.connect("write") as warm:
        value(warm, "select 1")
    done, failures = [], []

    def write():
        try:
            with gateway.connect() as connection:
                run(connection, f"insert into {table} (v) values ('held')")
                done.append(1)
        except Exception as failure:
            failures.append(failure)
    repaired.primary.kill9()
    eventually(lambda: gateway.server("db1").get("health") != "up", "the primary to be seen down")
    writer = threading.Thread(target=write)
    writer.start()
    repaired.primary.start()
    writer.join(30)
    repaired.primary.query("set global rpl_semi_sync_master_enabled=1")
    assert failures == [] and done == [1]


def test_the_plain_tcp_service_relays(gateway, cluster):
    with gateway.connect() as connection:
        assert value(connection, "select 1") == 1
    gateway_tcp = gateway.tcp_port
    import pymysql
    with pymysql.connect(host="127.0.0.1", port=gateway_tcp, user="app", password="app-secret") as connection:
        assert server_id(connection) == 1
        blob = "x" * 3_000_000
        assert value(connection, "select %s", blob) == blob


def test_a_write_is_never_repeated_after_the_primary_changed(gateway, repaired, table):
    """What the session remembers of its last statement must not run again elsewhere when that statement was a write."""
    first, second = repaired.server(1), repaired.server(2)
    with gateway.connect() as connection:
        run(connection, f"insert into {table} (v) values ('once')")
        repaired.settle()
        second.query("stop slave", "reset slave all", "set global read_only=0")
        first.query("set global read_only=1")
        repaired.server(3).query("stop slave")
        repaired.server(3).follow(second)
        try:
            eventually(lambda: set(ids_seen(gateway, "write", 2)) == {2}, "writes to reach the new primary", 15, ignore=(Exception,))
            assert value(connection, "select @x := 5") == 5
            assert second.query(f"select count(*) from test.{table} where v = 'once'")[0][0] == 1
        finally:
            repaired.server(3).query("stop slave")
            second.query("set global read_only=1")
            first.query("set global read_only=0")
            second.follow(first)
            repaired.server(3).follow(first)
            repaired.wait_all_replicating()
    eventually(lambda: set(ids_seen(gateway, "write", 2)) == PRIMARY, "writes to return", 15, ignore=(Exception,))


def test_questions_about_the_last_statement_need_no_schema(gateway):
    with gateway.connect(database=None) as connection:
        for _ in range(3):
            value(connection, "select count(*) from information_schema.character_sets")
            assert rows(connection, "show warnings") == ()
            value(connection, "select seq from test.seq_1_to_7")
            assert value(connection, "select found_rows()") == 7
            value(connection, "select 1 from test.seq_1_to_3")
            assert value(connection, "select row_count()") == -1
