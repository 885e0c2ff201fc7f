"""Listeners at a reload: an address that stays is never refused to anybody, whatever else changes around it; one that is given up is free at
once; one that could not be opened is tried again."""
import os
import signal
import socket
import threading
import time

import pytest

from harness import processes
from harness.holdfast import Holdfast, program
from harness.ports import free_ports
from harness.processes import eventually
from harness.routes import server_id, value

pytestmark = pytest.mark.gateway

FLIPS = 12


@pytest.fixture
def gateway(cluster):
    with Holdfast(cluster) as started:
        yield started


def rewrite(gateway, *replacements):
    """The file with other words in it; what is replaced must be there."""
    with open(gateway.config, encoding="utf-8") as file:
        text = file.read()
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new)
    with open(gateway.config, "w", encoding="utf-8") as file:
        file.write(text)


def reload(gateway):
    done = gateway.cli("reload")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class Knocking:
    """Somebody who connects to a port again and again, and is to be let in each time."""

    def __init__(self, port):
        self.port, self.refused, self.count, self._stop = port, [], 0, threading.Event()
        self._threads = [threading.Thread(target=self._knock, daemon=True) for _ in range(3)]

    def _knock(self):
        while not self._stop.is_set():
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=10) as client:
                    assert client.recv(4), "closed without a greeting"
                self.count += 1
            except (OSError, AssertionError) as failure:
                self.refused.append(repr(failure))

    def __enter__(self):
        for one in self._threads:
            one.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for one in self._threads:
            one.join(30)


def test_a_route_changes_on_its_address_and_nobody_is_refused(gateway, cluster):
    listed = f'{{ address = "127.0.0.1:{gateway.read_port}", route = "%s" }}'
    with Knocking(gateway.read_port) as knocking:
        for flip in range(FLIPS):
            before, after = ("read", "write") if flip % 2 == 0 else ("write", "read")
            rewrite(gateway, (listed % before, listed % after))
            assert "failed" not in reload(gateway)
            with gateway.connect("read") as connection:
                assert (server_id(connection) == 1) == (after == "write")
    assert not knocking.refused and knocking.count > FLIPS


def test_an_address_goes_to_another_service_and_nobody_is_refused(gateway):
    """To one of another name, and of another protocol with the same name; the clients of before stay."""
    with gateway.connect() as old, Knocking(gateway.split_port) as knocking:
        names = ["orders", "sales"]
        for flip in range(FLIPS):
            rewrite(gateway, (f'name = "{names[flip % 2]}"', f'name = "{names[1 - flip % 2]}"'))
            assert "failed" not in reload(gateway)
            with gateway.connect() as connection:
                assert value(connection, "select 7") == 7
        del old
    assert not knocking.refused and knocking.count > FLIPS
    assert {one["open"] for service in gateway.status()["services"] for one in service["listeners"]} == {True}


def test_two_services_exchange_their_addresses(gateway):
    with Knocking(gateway.split_port) as knocking, Knocking(gateway.tcp_port) as other:
        for _ in range(FLIPS):
            rewrite(gateway, (f"127.0.0.1:{gateway.split_port}", "one"), (f"127.0.0.1:{gateway.tcp_port}", f"127.0.0.1:{gateway.split_port}"),
                    ("one", f"127.0.0.1:{gateway.tcp_port}"))
            assert "failed" not in reload(gateway)
    assert not knocking.refused and not other.refused and min(knocking.count, other.count) > FLIPS


def test_a_service_of_the_same_name_speaks_another_protocol(gateway):
    plain = f'name = "plain"\nprotocol = "tcp"\nlisten = ["127.0.0.1:{gateway.tcp_port}"]\n'
    mysql = ('name = "plain"\nprotocol = "mysql"\nlisten = ["127.0.0.1:%d"]\n  [service.mysql]\n  users = [ { name = "app", password_file = "app.password" } ]\n'
             '  monitor = { user = "holdfast_monitor", password_file = "monitor.password" }\n' % gateway.tcp_port)
    with open(gateway.config, encoding="utf-8") as file:
        monitor = file.read().split('monitor = { user = "')[1].split('"')[0]
    mysql = mysql.replace("holdfast_monitor", monitor)
    with Knocking(gateway.tcp_port) as knocking:
        for flip in range(FLIPS):
            rewrite(gateway, (plain, mysql) if flip % 2 == 0 else (mysql, plain))
            assert "failed" not in reload(gateway)
            assert gateway.service("plain")["protocol"] == ("mysql" if flip % 2 == 0 else "tcp")
    assert not knocking.refused and knocking.count > FLIPS


def test_an_address_that_is_given_up_is_free_at_once(gateway):
    """From any address of the machine to one of it and back: each needs the other to be gone. A second address stays meanwhile."""
    other = free_ports(1)[0]
    rewrite(gateway, (f'"127.0.0.1:{gateway.tcp_port}"', f'"127.0.0.1:{gateway.tcp_port}", "127.0.0.1:{other}"'))
    reload(gateway)
    with Knocking(other) as knocking:
        for flip in range(FLIPS):
            ends = (f'"127.0.0.1:{gateway.tcp_port}"', f'"0.0.0.0:{gateway.tcp_port}"')
            rewrite(gateway, (ends[flip % 2], ends[1 - flip % 2]))
            assert "failed" not in reload(gateway)
            with socket.create_connection(("127.0.0.1", gateway.tcp_port), timeout=10) as client:
                assert client.recv(4)
    assert not knocking.refused and knocking.count > FLIPS
    rewrite(gateway, (f'"127.0.0.1:{gateway.tcp_port}"', f'"127.0.0.1:{free_ports(1)[0]}"'))
    reload(gateway)
    with socket.socket() as another:  # as another program would
        another.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        another.bind(("127.0.0.1", gateway.tcp_port))
        another.listen()


def test_an_address_that_could_not_be_opened_is_tried_again(gateway):
    port = free_ports(1)[0]
    with socket.create_server(("127.0.0.1", port)):
        rewrite(gateway, (f'"127.0.0.1:{gateway.tcp_port}"', f'"127.0.0.1:{gateway.tcp_port}", "127.0.0.1:{port}"'))
        assert f"127.0.0.1:{port}: Address already in use" in reload(gateway)
        assert f"listens on 127.0.0.1:{port}: NOT OPEN: " in gateway.cli("status").stdout
        assert "Address already in use" in reload(gateway), "of a file that has not changed"
    assert "failed" not in reload(gateway)
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        assert client.recv(4)
    assert "NOT OPEN" not in gateway.cli("status").stdout


def test_the_file_of_a_unix_socket_goes_with_its_service(gateway):
    assert os.path.exists(gateway.unix_socket)
    gateway.write_config(tcp=True)
    with open(gateway.config, encoding="utf-8") as file:
        text = file.read()
    begin = text.index('[[service]]\nname = "orders"')
    with open(gateway.config, "w", encoding="utf-8") as file:
        file.write(text[:begin] + text[text.index('[[service]]\nname = "plain"'):])
    reload(gateway)
    assert not os.path.exists(gateway.unix_socket)
    gateway.write_config()
    reload(gateway)
    with gateway.connect("unix") as connection:
        assert value(connection, "select 7") == 7


def test_a_reload_before_the_start_is_through(cluster):
    """A server that does not answer makes the first looks last; nobody is refused meanwhile, and the process lives."""
    silent_port = free_ports(1)[0]
    with socket.create_server(("127.0.0.1", 0), backlog=0) as silent:
        extra = f"""
[[service]]
name = "silent"
protocol = "mysql"
listen = ["127.0.0.1:{silent_port}"]
  [service.mysql]
  monitor = {{ user = "nobody", password_file = "monitor.password" }}
  users = [ {{ name = "app", password_file = "app.password" }} ]
  [service.check]
  interval = "5s"
  timeout = "4s"
  [[service.server]]
  name = "s1"
  address = "127.0.0.1:{silent.getsockname()[1]}"
"""
        with Holdfast(cluster, start=False, extra=extra) as gateway:
            gateway.child = processes.start([program(), "run", "--config", gateway.config], gateway.log, cwd=gateway.folder)
            eventually(lambda: os.path.exists(gateway.admin_socket), "the admin's socket", 10, 0.01)
            for _ in range(3):
                processes.signal_child(gateway.child, signal.SIGHUP)
                assert gateway.cli("reload").returncode == 0
            began = time.monotonic()
            with gateway.connect() as connection:  # whose servers are known
                assert value(connection, "select 7") == 7
            with socket.create_connection(("127.0.0.1", silent_port), timeout=10) as client:  # waits for two seconds in the queue
                assert client.recv(4)
            assert time.monotonic() - began < 8
            assert all(one["open"] for service in gateway.status()["services"] for one in service["listeners"])


def test_a_reload_while_it_stops_opens_nothing(cluster):
    gateway = Holdfast(cluster)
    try:
        client = gateway.connect()
        client.begin()  # what a stop waits for
        assert value(client, "select 7") == 7
        processes.signal_child(gateway.child, signal.SIGTERM)

        def refused():
            try:
                socket.create_connection(("127.0.0.1", gateway.split_port), timeout=1).close()
            except OSError:
                return True
            return False
        eventually(refused, "the listeners to be closed", 5, 0.02)
        processes.signal_child(gateway.child, signal.SIGHUP)
        refusal = gateway.cli("reload")
        assert refusal.returncode != 0 and "stopping" in refusal.stdout + refusal.stderr
        assert refused() and gateway.running()
        client.rollback()
        assert gateway.child.wait(10) == 0
        gateway.assert_clean_log()
    finally:
        gateway.close(check=False)
