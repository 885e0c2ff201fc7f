"""The gateway's connections to servers: who waits for one gets one, on whichever shard it is kept, and each ends properly."""
import threading

import pytest

from harness.processes import eventually
from harness.routes import run, value


def open_connections(gateway):
    return sum(server["counters"]["connections"] for server in gateway.service()["servers"])


@pytest.mark.gateway
def test_what_sessions_keep_for_convenience_goes_to_whoever_waits_on_any_shard(make_gateway, table):
    """Six sessions on two shards share two connections: each INSERT leaves its connection with the session until it is wanted."""
    gateway = make_gateway(shards=2, max_server_connections=2, hold_timeout="5s")
    clients = [gateway.connect() for _ in range(6)]
    try:
        for _ in range(10):
            for client in clients:
                assert run(client, f"insert into {table} (v) values ('x')") == 1
        assert value(clients[0], f"/*master*/ select count(*) from {table}") == 60
    finally:
        for client in clients:
            client.close()


@pytest.mark.gateway
def test_many_at_once_wait_their_turn_over_two_shards(make_gateway, table):
    gateway = make_gateway(shards=2, max_server_connections=2, hold_timeout="10s")
    failures = []

    def work():
        try:
            with gateway.connect() as client:
                for _ in range(20):
                    run(client, f"insert into {table} (v) values ('x')")
        except Exception as failure:  # told below, in the test's own thread
            failures.append(failure)

    threads = [threading.Thread(target=work) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures
    assert gateway.cluster.primary.query(f"select count(*) from test.{table}")[0][0] == 480


@pytest.mark.gateway
def test_a_reload_changes_the_limit_for_those_who_wait(make_gateway, table):
    gateway = make_gateway(shards=2, max_server_connections=1, hold_timeout="20s")
    with gateway.connect() as first, gateway.connect() as second:
        run(first, "begin")
        run(first, f"insert into {table} (v) values ('x')")
        waiting = threading.Thread(target=run, args=(second, f"insert into {table} (v) values ('y')"))
        waiting.start()
        gateway.write_config(max_server_connections=2)
        assert gateway.cli("reload").returncode == 0
        waiting.join(10)
        assert not waiting.is_alive()
        run(first, "commit")


@pytest.mark.gateway
def test_connections_that_the_gateway_ends_are_no_aborted_clients(make_gateway, cluster, table):
    before = [int(server.status("Aborted_clients")) for server in cluster.servers]
    gateway = make_gateway(max_server_connections=4, mysql_extra='pool_idle_timeout = "1s"')
    for number in range(5):
        with gateway.connect() as client:
            assert value(client, f"select {number}") == number
            run(client, f"insert into {table} (v) values ('x')")
    with gateway.connect("read") as client:
        value(client, "select 1")
    eventually(lambda: open_connections(gateway) == 0, "idle connections to end", 20)
    with gateway.connect() as client:
        value(client, "select 1")
    gateway.stop()
    for server in cluster.servers:
        eventually(lambda server=server: server.query("select count(*) from information_schema.processlist where user in ('app', 'holdfast')")[0][0] == 0,
                   f"the connections to {server.name} to be gone", 20)
    assert [int(server.status("Aborted_clients")) for server in cluster.servers] == before
