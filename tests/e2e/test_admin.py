"""What operators and their tools see and do: status, drain, reload, events, explain, metrics, health, access, config errors."""
import base64
import json
import os
import socket
import threading
import time

import pytest

from harness import processes
from harness.gateway_user import write_secret
from harness.processes import eventually
from harness.prometheus import parse
from harness.routes import run, server_id, value

pytestmark = pytest.mark.gateway


def ids_of_reads(gateway, count=8):
    with gateway.connect("read") as connection:
        return {server_id(connection) for _ in range(count)}


# -- status -----------------------------------------------------------------------------------------------------------

def test_status_names_roles_health_and_reasons(gateway):
    status = gateway.status()
    assert status["node"] == "gw-test" and status["shards"] == 2 and status["pid"] == gateway.child.pid
    orders = next(service for service in status["services"] if service["name"] == "orders")
    assert orders["protocol"] == "mysql" and orders["primary"] == "db1"
    servers = {server["name"]: server for server in orders["servers"]}
    assert [servers[name]["role"] for name in ("db1", "db2", "db3")] == ["primary", "replica", "replica"]
    for server in servers.values():
        assert server["health"] == "up" and server["reason"] and not server["drained"]
        assert "MariaDB" in server["version"]
    assert servers["db2"]["reader"] and servers["db3"]["reader"] and servers["db2"]["lag_ms"] is not None
    assert {listener["route"] for listener in orders["listeners"]} == {"split", "read", "write"}
    assert all(listener["open"] for listener in orders["listeners"])


def test_a_tcp_service_shows_nothing_of_mysql(gateway):
    plain = next(service for service in gateway.status()["services"] if service["name"] == "plain")
    assert plain["protocol"] == "tcp" and plain["servers"][0]["health"] == "up"
    assert not {"primary", "epoch", "reads_on_primary", "pins", "account_connections", "latency"} & plain.keys()
    assert all("route" not in listener for listener in plain["listeners"])
    assert not {"role", "lag_ms", "version"} & plain["servers"][0].keys()
    assert "in_flight" in plain["servers"][0]["counters"] and "statements" not in plain["counters"]
    metrics = gateway.metrics()
    of_plain = {name for name, labels in metrics.samples if ("service", "plain") in labels}
    assert {"holdfast_service_clients", "holdfast_server_in_flight", "holdfast_server_health"} <= of_plain
    of_mysql = {name for name in of_plain if any(word in name for word in ("statement", "primary", "pin", "epoch", "reads", "lag"))}
    assert not of_mysql, "series of MySQL's"


def test_status_by_http_equals_status_by_socket(gateway):
    by_http, by_socket = gateway.http_json("/api/v1/status"), gateway.status()
    assert by_http.keys() == by_socket.keys()
    assert [s["name"] for s in by_http["services"]] == [s["name"] for s in by_socket["services"]] == ["orders", "plain"]


def test_status_for_people_names_every_server(gateway):
    shown = gateway.cli("status")
    assert shown.returncode == 0
    for word in ("orders", "plain", "db1", "db2", "db3", "primary", "replica"):
        assert word in shown.stdout, f"{word} is not in\n{shown.stdout}"


def test_status_shows_a_dead_replica_and_why(gateway, repaired):
    repaired.server(3).kill9()
    down = eventually(lambda: gateway.server("db3")["health"] == "down" and gateway.server("db3"), "db3 to be shown down")
    assert not down["reader"] and down["reason"]


def test_counters_count(gateway, table):
    before = gateway.service()["counters"]
    with gateway.connect() as connection:
        for number in range(20):
            value(connection, f"select {number}")
        for number in range(7):
            run(connection, f"insert into {table} (v) values ('{number}')")
    after = gateway.service()["counters"]
    grown = {name: after[name] - before[name] for name in before}
    assert grown["clients_accepted"] == 1
    assert grown["reads_on_replicas"] >= 20 and grown["writes"] >= 7 and grown["statements"] >= 27
    assert grown["bytes_from_clients"] > 27 * 10 and grown["bytes_to_clients"] > 27 * 10


# -- drain, resume ------------------------------------------------------------------------------------------------------

def test_drain_takes_a_replica_out_and_resume_brings_it_back(gateway):
    try:
        drained = gateway.cli("drain", "db2")
        assert drained.returncode == 0, drained.stderr
        assert eventually(lambda: ids_of_reads(gateway) == {3}, "reads to leave the drained replica")
        server = gateway.server("db2")
        assert server["drained"] and not server["reader"] and "drain" in server["reason"]
        assert gateway.cli("drain", "db2").returncode == 0, "draining twice is no error"
        eventually(lambda: gateway.server("db2")["counters"]["in_flight"] == 0, "its statements to end")
    finally:
        assert gateway.cli("resume", "db2").returncode == 0
    eventually(lambda: ids_of_reads(gateway) == {2, 3}, "reads to return")


def test_drain_lets_a_running_statement_end(gateway, cluster):
    """A read on both replicas; one is drained meanwhile; both answers arrive."""
    answers = []

    def slow_read():
        with gateway.connect("read") as connection:
            answers.append(value(connection, "select sleep(2) + @@server_id"))
    readers = [threading.Thread(target=slow_read) for _ in range(4)]
    for reader in readers:
        reader.start()
    running = "select count(*) from information_schema.processlist where info like 'select sleep(2)%'"
    try:
        eventually(lambda: cluster.server(2).query(running)[0][0] > 0, "a slow read on db2")
        assert gateway.cli("drain", "db2").returncode == 0
        for reader in readers:
            reader.join(20)
    finally:
        gateway.cli("resume", "db2")
    assert len(answers) == 4 and 2 in answers


def test_unknown_servers_are_refused_with_the_known_names(gateway):
    refused = gateway.cli("drain", "db9")
    assert refused.returncode not in (0, 2) and "db9" in refused.stderr and "db2" in refused.stderr


def with_token(make_gateway):
    """A gateway whose HTTP asks for a token, and the headers that give it."""
    gateway = make_gateway(start=False)
    write_secret(gateway.folder, "token", "a-long-token")
    gateway.write_config(admin_extra='token_file = "token"')
    gateway.start()
    return gateway, {"Authorization": "Bearer a-long-token"}


def test_drain_by_http(make_gateway):
    gateway, headers = with_token(make_gateway)

    def drained():
        servers = gateway.status()["services"][0]["servers"]
        return next(server for server in servers if server["name"] == "db3")["drained"]
    assert gateway.http("/api/v1/servers/orders/db3/drain", method="POST", body=b"", headers=headers)[0] == 200
    eventually(drained, "db3 to be drained")
    assert gateway.http("/api/v1/servers/orders/db3/resume", method="POST", body=b"", headers=headers)[0] == 200
    assert not drained()
    assert gateway.http("/api/v1/servers/orders/db3/drain", headers=headers)[0] == 405, "a GET must not command"
    code, _, text = gateway.http("/api/v1/servers/orders/db9/drain", method="POST", body=b"", headers=headers)
    assert code == 404 and "db2" in text


# -- events -------------------------------------------------------------------------------------------------------------

def test_events_tell_what_happened(gateway, repaired):
    since = gateway.status()["last_event"]
    repaired.server(2).kill9()
    eventually(lambda: gateway.server("db2")["health"] == "down", "db2 to be seen down")
    repaired.server(2).start()
    repaired.wait_all_replicating()
    eventually(lambda: gateway.server("db2")["reader"], "db2 to be a reader again", 20)
    page = gateway.http_json(f"/api/v1/events?since={since}")
    names = [event["event"] for event in page["events"] if event["fields"].get("server") == "db2"]
    assert names.index("server_down") < names.index("server_up")
    for event in page["events"]:
        assert event["id"].startswith("HF-") and event["level"] in ("info", "warning", "error") and event["time"]
    sequences = [event["sequence"] for event in page["events"]]
    assert sequences == sorted(set(sequences)) and min(sequences) > since
    assert gateway.http_json(f"/api/v1/events?since={page['next']}")["events"] == [] or page["next"] >= sequences[-1]


def test_events_on_the_command_line(gateway):
    shown = gateway.cli("events", "--json")
    assert shown.returncode == 0
    assert "started" in shown.stdout
    text = shown.stdout.strip()
    events = json.loads(text) if text[0] in "[{" and "\n{" not in text else [json.loads(line) for line in text.splitlines()]
    assert events


# -- explain --------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("sql, route", [
    ("select * from t where a = 1", "reader"), ("insert into t values (1)", "primary"),
    ("select * from t for update", "primary"), ("/* holdfast: primary */ select 1", "primary"),
    ("set names utf8mb4", "any"), ("select unknown_function(1)", "primary")])
def test_explain_says_where_and_why(gateway, sql, route):
    by_cli = gateway.cli_json("explain", "orders", sql)
    assert by_cli["route"] == route and len(by_cli["reason"]) > 10
    assert by_cli["servers"] == (["db1"] if route == "primary" else by_cli["servers"])
    by_http = gateway.http_json("/api/v1/explain", method="POST", body=json.dumps({"service": "orders", "sql": sql}).encode(),
                                headers={"Content-Type": "application/json"})
    assert by_http["route"] == by_cli["route"] and by_http["reason"] == by_cli["reason"]


def test_explain_hides_literals_in_the_shape_and_knows_no_other_service(gateway):
    assert "secret" not in gateway.cli_json("explain", "orders", "select 'secret', 5")["shape"]
    assert gateway.cli("explain", "nothing", "select 1").returncode not in (0, 2)


# -- metrics, health --------------------------------------------------------------------------------------------------------

def test_metrics_are_prometheus_text(gateway):
    with gateway.connect() as connection:
        for number in range(30):
            value(connection, f"select {number}")
    code, headers, text = gateway.http("/metrics")
    assert code == 200 and headers["Content-Type"].startswith("text/plain") and "version=0.0.4" in headers["Content-Type"]
    metrics = parse(text)
    assert metrics.get("holdfast_service_statements_total", service="orders") >= 30
    assert metrics.get("holdfast_server_health", service="orders", server="db1") == 1
    assert metrics.get("holdfast_server_primary", service="orders") == 1
    assert metrics.get("holdfast_ready") == 1
    histogram = [name for name, kind in metrics.types.items() if kind == "histogram"]
    assert histogram and metrics.get(histogram[0] + "_count", service="orders") >= 30
    assert set(metrics.helps) == set(metrics.types)


def test_counters_never_fall(gateway):
    first = gateway.metrics()
    with gateway.connect() as connection:
        value(connection, "select 1")
    second = gateway.metrics()
    for (name, labels), before in first.samples.items():
        if first.types.get(name) == "counter":
            assert second.samples[name, labels] >= before, name


def test_health_and_readiness(gateway):
    assert gateway.http("/healthz")[::2] == (200, "ok\n")
    assert gateway.http("/readyz")[::2] == (200, "ok\n")
    assert gateway.http("/nothing")[0] == 404
    assert gateway.http("/healthz", method="DELETE")[0] == 405


def test_not_ready_while_no_server_can_serve(make_gateway, repaired):
    gateway = make_gateway(hold_timeout="2s")
    for server in repaired.servers:
        server.stop()
    try:
        code, _, text = eventually(lambda: gateway.http("/readyz")[0] == 503 and gateway.http("/readyz"), "/readyz to answer 503")
        assert text.strip()
        assert gateway.http("/healthz")[0] == 200
    finally:
        for server in repaired.servers:
            server.cont()
    eventually(lambda: gateway.http("/readyz")[0] == 200, "/readyz to recover")


def test_hostile_http_harms_nobody(gateway):
    attacks = [b"", b"\r\n\r\n", b"GET", b"GET / HTTP/9.9\r\n\r\n", b"\0" * 5000, b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
               b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000 + b"\r\n", b"POST /api/v1/reload HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
               b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n", b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n"]
    for attack in attacks:
        with socket.create_connection(("127.0.0.1", gateway.http_port), 5) as raw:
            raw.settimeout(5)
            try:
                raw.sendall(attack)
                raw.shutdown(socket.SHUT_WR)
                answer = raw.recv(65536)
                assert b"root:" not in answer
                assert not answer or not answer.startswith(b"HTTP/1.1 2"), attack[:40]
            except OSError:
                pass
    assert gateway.http("/healthz")[0] == 200


def test_a_browser_on_another_site_cannot_command(gateway):
    code, _, _ = gateway.http("/api/v1/servers/orders/db2/drain", method="POST", body=b"",
                              headers={"Origin": "http://evil.example", "Content-Type": "text/plain"})
    assert code == 403
    assert not gateway.server("db2")["drained"]


# -- access -----------------------------------------------------------------------------------------------------------------

def test_a_token_is_asked_for_when_configured(make_gateway):
    gateway, _ = with_token(make_gateway)
    code, headers, _ = gateway.http("/api/v1/status")
    assert code == 401 and "Bearer" in headers["WWW-Authenticate"]
    assert gateway.http("/metrics")[0] == 401
    assert gateway.http("/healthz")[0] == 200 and gateway.http("/readyz")[0] == 200
    for wrong in ("Bearer wrong", "Bearer ", "Basic " + base64.b64encode(b"a:b").decode(), "Bearer a-long-token2"):
        assert gateway.http("/api/v1/status", headers={"Authorization": wrong})[0] == 401, wrong
    assert gateway.http("/api/v1/status", headers={"Authorization": "Bearer a-long-token"})[0] == 200
    assert gateway.status()["node"] == "gw-test", "the Unix socket needs no token"


# -- reload, check --------------------------------------------------------------------------------------------------------------

def test_reload_adds_and_removes_a_server_without_disturbing_clients(make_gateway, cluster):
    gateway = make_gateway(servers=cluster.servers[:2])
    stop, failures, done = threading.Event(), [], []

    def client():
        try:
            with gateway.connect() as connection:
                run(connection, "set @kept = 5")
                while not stop.is_set():
                    assert value(connection, "select @kept") == 5
                    done.append(1)
        except Exception as failure:
            failures.append(failure)
    clients = [threading.Thread(target=client) for _ in range(4)]
    for one in clients:
        one.start()
    try:
        assert ids_of_reads(gateway) == {2}
        gateway.write_config(servers=cluster.servers)
        reloaded = gateway.cli_json("reload")
        assert reloaded["accepted"] and any("db3" in change for change in reloaded["changes"])
        eventually(lambda: ids_of_reads(gateway) == {2, 3}, "reads on the added replica")
        gateway.write_config(servers=[cluster.servers[0], cluster.servers[2]])
        assert gateway.cli_json("reload")["accepted"]
        eventually(lambda: ids_of_reads(gateway) == {3}, "reads to leave the removed replica")
        reached = len(done)
        eventually(lambda: len(done) > reached + 50 or failures, "the clients to go on")
    finally:
        stop.set()
        for one in clients:
            one.join()
    assert failures == []
    assert gateway.status()["config"]["generation"] == 3


def test_a_reload_with_errors_changes_nothing_and_names_all(make_gateway):
    gateway = make_gateway()
    good = open(gateway.config, encoding="utf-8").read()
    with open(gateway.config, "w", encoding="utf-8") as file:
        file.write(good.replace('balance = "round-robin"', 'balanse = "round-robin"').replace('interval = "100ms"', "interval = 100"))
    refused = gateway.cli("reload", "--json")
    assert refused.returncode == 1
    assert "balanse" in refused.stdout + refused.stderr and "interval" in refused.stdout + refused.stderr
    with gateway.connect() as connection:
        assert value(connection, "select 1") == 1
    assert gateway.status()["config"]["generation"] == 1


def test_sighup_reloads(make_gateway, cluster):
    import signal
    gateway = make_gateway(servers=cluster.servers[:2])
    gateway.write_config(servers=cluster.servers)
    processes.signal_child(gateway.child, signal.SIGHUP)
    eventually(lambda: gateway.status()["config"]["generation"] == 2, "the reload")
    eventually(lambda: ids_of_reads(gateway) == {2, 3}, "reads on the added replica")


def test_check_reports_all_errors_at_once(make_gateway):
    gateway = make_gateway(start=False)
    assert gateway.cli("check").returncode == 0, gateway.cli("check").stderr
    with open(gateway.config, encoding="utf-8") as file:
        good = file.read()
    bad = (good.replace('balance = "round-robin"', 'balance = "sideways"').replace("rise = 1", "rise = 0", 1)
           .replace('timeout = "500ms"', "timeout = 500", 1).replace("[node]", "[node]\nshadrs = 2")
           .replace('password_file = "app.password"', 'password_file = "missing.password"'))
    with open(gateway.config, "w", encoding="utf-8") as file:
        file.write(bad)
    checked = gateway.cli("check")
    assert checked.returncode == 1
    text = checked.stdout + checked.stderr
    for word in ("sideways", "rise", "timeout", "shadrs", "shards", "missing.password"):
        assert word in text, f"{word} is not in\n{text}"
    lines = [line for line in text.splitlines() if "holdfast.toml:" in line]
    assert len(lines) >= 5 and all(line.split("holdfast.toml:")[1].split(":")[0].isdigit() for line in lines)


def test_run_refuses_a_bad_file_and_wrong_usage_has_its_own_code(make_gateway):
    gateway = make_gateway(start=False)
    with open(gateway.config, "a", encoding="utf-8") as file:
        file.write("\nnonsense = 1\n")
    assert gateway.cli("run").returncode == 1
    assert gateway.cli("no-such-command").returncode == 2
    assert gateway.cli("status").returncode == 1, "nothing runs"


# -- ends -----------------------------------------------------------------------------------------------------------------------

def test_a_stop_with_clients_connected_is_clean(make_gateway):
    gateway = make_gateway()
    clients = [gateway.connect() for _ in range(20)]
    for client in clients:
        value(client, "select 1")
    run(clients[0], "begin")
    gateway.stop(30)
    for client in clients:
        client._force_close()


def test_a_restart_takes_the_same_addresses_at_once(make_gateway):
    gateway = make_gateway()
    for _ in range(3):
        with gateway.connect() as connection:
            assert value(connection, "select 1") == 1
        gateway.stop()
        gateway.start()


def test_a_stale_unix_socket_does_not_prevent_a_start(make_gateway):
    gateway = make_gateway()
    gateway.kill9()
    assert os.path.exists(gateway.unix_socket)
    gateway.start()
    with gateway.connect("unix") as connection:
        assert value(connection, "select 1") == 1


def test_two_gateways_on_one_address_are_refused(make_gateway):
    """The second one must say so and end, not share the clients with the first."""
    first = make_gateway()
    second = make_gateway(start=False)
    with open(first.config, encoding="utf-8") as file:
        text = file.read()
    text = text.replace(str(first.http_port), str(second.http_port)).replace(first.admin_socket, second.admin_socket)
    text = text.replace(first.unix_socket, second.unix_socket).replace(first.folder, second.folder)
    with open(second.config, "w", encoding="utf-8") as file:
        file.write(text)
    refused = second.cli("run", seconds=20)
    assert refused.returncode == 1
    assert str(first.split_port) in refused.stdout + refused.stderr


def test_a_second_start_with_the_same_file_leaves_the_first_its_admin_socket(make_gateway):
    """twitter/twemproxy#358: the second one ended with an error, and had removed the first one's socket."""
    gateway = make_gateway()
    began = time.monotonic()
    refused = gateway.cli("run", seconds=20)
    assert refused.returncode == 1 and "admin interface" in refused.stderr, refused.stderr
    assert time.monotonic() - began < 5
    assert gateway.cli("status").returncode == 0
