"""Reloads without pause under load: MySQL sessions and TCP relays notice nothing, and the program does not fall over. Nor does a star of
processes without a virtual address, in whose file protocols, pools, names and receivers of notices change all the time.

HF_RELOADS says how many (default 50), HF_RELOADS_SEED in which order; both are printed, and how far it is every 100."""
import os
import random
import re
import signal
import threading
import time

import pytest

from harness import load, mariadb, processes
from harness.processes import eventually
from harness.routes import value
from harness.session import LOST, Session

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


SHUTDOWN = 1053
TOLD = "#!/bin/sh\ncat > /dev/null\n"
PLAIN_AS_MYSQL = f"""  [service.mysql]
  monitor = {{ user = "{mariadb.MONITOR_USER}", password_file = "monitor.password" }}
  users_from = "servers"
"""


class Strangers:
    """Clients of the service that changes its protocol: each session is cut with it, and the next one finds the other."""

    def __init__(self, gateway, clients):
        self.answers, self.wrong, self._stop = 0, [], threading.Event()
        self._threads = [threading.Thread(target=self._sessions, args=(gateway,), daemon=True) for _ in range(clients)]

    def _sessions(self, gateway):
        while not self._stop.is_set():
            try:
                with Session(gateway.tcp_port, seconds=20) as session:
                    for number in range(20):
                        answer = session.one(f"select {number}")
                        if answer == LOST:
                            break
                        if answer == [(str(number),)]:
                            self.answers += 1
                        else:
                            self.wrong.append(answer)
            except OSError:
                self._stop.wait(0.01)  # cut, or not open at the moment
            except Exception as failure:
                if getattr(failure, "code", 0) != SHUTDOWN:  # that may be said by the protocol that ends
                    self.wrong.append(repr(failure))

    __enter__, __exit__ = Relays.__enter__, Relays.__exit__


def star(gateway, dice):
    """The next file of the star. What is always in it: a command, so that guardian and steward stand beside the gateway."""
    text = gateway.config_text(**gateway.settings)
    if dice.random() < 0.3:
        head, plain = text.split('name = "plain"')
        text = head + 'name = "plain"' + plain.replace('"tcp"', '"mysql"', 1).replace("  [service.check]", PLAIN_AS_MYSQL + "  [service.check]", 1)
    text = text.replace("max_server_connections = 100", f"max_server_connections = {dice.choice((20, 40, 100))}")
    if dice.random() < 0.4:
        text = re.sub(rf'address = "127\.0\.0\.1:({gateway.cluster.primary.port})"', r'address = "localhost:\1"', text)
    receivers = {"fifo": f"{gateway.folder}/fifo", "command": f"{gateway.folder}/told.sh", "webhook": "http://127.0.0.1:9/"}
    for kind, target in receivers.items():
        if dice.random() < 0.5:
            text += f'\n[[notify]]\nname = "{kind}"\n{kind} = "{target}"\nlevel = "info"\n'
    with open(gateway.config, "w", encoding="utf-8") as file:
        file.write(text)


def test_a_star_bears_reloads_that_change_protocols_pools_names_and_receivers(make_gateway, repaired):
    cluster, dice = repaired, random.Random(SEED)
    print(f"{RELOADS} reloads, HF_RELOADS_SEED={SEED}", flush=True)
    fixed = load.prepare(cluster)
    gateway = make_gateway(users="servers", interval="20ms", timeout="2s", fall=3, extra='\n[[notify]]\ncommand = "/bin/true"\nlevel = "error"\n')
    script = os.path.join(gateway.folder, "told.sh")
    with open(script, "w", encoding="utf-8") as file:
        file.write(TOLD)
    os.chmod(script, 0o755)
    with load.Load(gateway, fixed, 8, seed=SEED) as clients, Strangers(gateway, 3) as strangers:
        eventually(lambda: clients.reads > 100 and strangers.answers > 100, "the load to run", 30)
        for number in range(1, RELOADS + 1):
            star(gateway, dice)
            reload_and_wait(gateway, number + 1)
            assert clients.failures == [] and strangers.wrong == [], f"after reload {number}"
            time.sleep(dice.random() * 0.02)
        answered = strangers.answers
        eventually(lambda: strangers.answers > answered + 100, "the service to answer in its last protocol", 30)
        clients.stop()
    assert clients.failures == [] and clients.unknown == [] and strangers.wrong == []
    load.verify(clients, cluster)
