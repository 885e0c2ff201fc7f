"""Reloads without pause under load: MySQL sessions and TCP relays notice nothing, and the program does not fall over.

HF_RELOADS says how many (default 50), HF_RELOADS_SEED in which order; both are printed, and how far it is every 100."""
import os
import random
import signal
import threading
import time

import pytest

from harness import load, mariadb, processes
from harness.processes import eventually
from harness.routes import value

pytestmark = pytest.mark.gateway

RELOADS = int(os.environ.get("HF_RELOADS", "50"))
SEED = int(os.environ.get("HF_RELOADS_SEED", "0")) or random.randrange(1, 1 << 30)
OTHER_MONITOR = "holdfast_b"  # with the password of the first, so that one file serves both


def make_other_monitor(cluster):
    cluster.primary.query(f"create user if not exists {OTHER_MONITOR}@'%' identified by '{mariadb.MONITOR_PASSWORD}'",
                          *(grant.replace(f"TO {mariadb.MONITOR_USER}@", f"TO {OTHER_MONITOR}@") for grant in mariadb.MONITOR_GRANTS))
    cluster.settle()


class Relays:
    """Clients of the TCP service: one session each, without end, that counts what it gets."""

    def __init__(self, gateway, clients):
        self.failures, self.answers, self._stop = [], 0, threading.Event()
        self._threads = [threading.Thread(target=self._session, args=(gateway,), daemon=True) for _ in range(clients)]

    def _session(self, gateway):
        try:
            with mariadb.pymysql.connect(host=gateway.host, port=gateway.tcp_port, user=mariadb.APP_USER, password=mariadb.APP_PASSWORD,
                                         database=mariadb.SCHEMA, read_timeout=60) as connection:
                while not self._stop.is_set():
                    number = random.randrange(1 << 30)
                    assert value(connection, f"select {number}") == number
                    self.answers += 1
                    self._stop.wait(0.002)
        except Exception as failure:
            self.failures.append(repr(failure))

    def __enter__(self):
        for one in self._threads:
            one.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for one in self._threads:
            one.join(60)


def change(gateway, dice):
    """The next file: mostly the same as before, sometimes with another setting, another monitor, a server less or more."""
    draw = dice.random()
    if draw < 0.4:
        return
    if draw < 0.6:
        gateway.write_config(hold_timeout=f"{dice.randrange(10, 60)}s")
    elif draw < 0.7:
        gateway.write_config(interval=f"{dice.randrange(10, 100)}ms")
    elif draw < 0.8:
        gateway.write_config(servers=gateway.cluster.servers[:dice.choice((2, 3))])
    else:
        text = gateway.config_text(**gateway.settings)
        if dice.random() < 0.5:
            text = text.replace(f'user = "{mariadb.MONITOR_USER}"', f'user = "{OTHER_MONITOR}"')
        with open(gateway.config, "w", encoding="utf-8") as file:
            file.write(text)


def reload_and_wait(gateway, generation):
    processes.signal_child(gateway.child, signal.SIGHUP)

    def reloaded():
        assert gateway.running(), f"the gateway ended with {gateway.child.returncode}:\n{processes.tail(gateway.log)}"
        return gateway.http_json("/api/v1/status")["config"]["generation"] >= generation
    eventually(reloaded, f"generation {generation}", 20, 0.002, (OSError,))


def test_reloads_under_load_are_noticed_by_nobody(make_gateway, repaired):
    cluster, dice, began = repaired, random.Random(SEED), time.monotonic()
    print(f"{RELOADS} reloads, HF_RELOADS_SEED={SEED}", flush=True)
    make_other_monitor(cluster)
    fixed = load.prepare(cluster)
    gateway = make_gateway(users="servers", interval="10ms", timeout="2s", fall=3)
    with load.Load(gateway, fixed, 12, seed=SEED) as clients, Relays(gateway, 6) as relays:
        eventually(lambda: clients.reads > 100 and relays.answers > 100, "the load to run", 30)
        for number in range(1, RELOADS + 1):
            change(gateway, dice)
            reload_and_wait(gateway, number + 1)
            assert clients.failures == [] and relays.failures == [], f"after reload {number}"
            if number % 100 == 0:
                print(f"{number} reloads, {clients.reads} reads, {clients.writes} writes, {relays.answers} answers through TCP, "
                      f"{time.monotonic() - began:.0f} s", flush=True)
            time.sleep(dice.random() * 0.02)  # at any point of a look, not always at the same
        clients.stop()
    assert clients.failures == [] and relays.failures == []
    assert clients.unknown == []
    load.verify(clients, cluster)
    print(f"{RELOADS} reloads, {clients.reads} reads, {clients.writes} writes, {relays.answers} answers through TCP, "
          f"{time.monotonic() - began:.0f} s")
