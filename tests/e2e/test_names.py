"""Servers by name: a name that moves is followed, one that cannot be looked up keeps its address, and a name server that is silent
stops nobody: clients are served, the admin side answers, a reload ends in bounded time."""
import contextlib
import signal
import threading
import time

import pytest

from harness.names import NamedGateway
from harness.processes import eventually, signal_child

pytestmark = pytest.mark.gateway

RELOAD_SECONDS = 8  # five for the names, the rest for a busy machine


class Knocking:
    """Clients that come one after the other; each is to reach somebody."""

    def __init__(self, gateway):
        self.gateway, self.seen, self.refused, self._stop = gateway, [], [], threading.Event()
        self._thread = threading.Thread(target=self._knock, daemon=True)

    def _knock(self):
        while not self._stop.is_set():
            try:
                name = self.gateway.greeting()
                self.seen.append(name) if name else self.refused.append("closed without a greeting")
            except OSError as failure:
                self.refused.append(repr(failure))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(20)


@contextlib.contextmanager
def reloading(gateway):
    """A reload that is on its way while the body runs; then the command's end and how long it took."""
    outcome, began = [], time.monotonic()

    def run():
        outcome.append(gateway.cli("reload", seconds=40))
        outcome.append(time.monotonic() - began)
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield outcome
    thread.join(45)
    assert len(outcome) == 2


def test_a_server_that_moves_is_followed_and_nobody_is_refused():
    with NamedGateway({"db1.test": "127.0.1.1"}, ["db1.test", "127.0.1.3"]) as gateway:
        gateway.start()
        with gateway.connect() as old, Knocking(gateway) as knocking:
            stream = old.makefile("rw", encoding="utf-8")
            stream.readline()
            eventually(lambda: {"one", "three"} <= set(knocking.seen), "clients at both servers", 10)
            gateway.names["db1.test"] = "127.0.1.2"
            eventually(lambda: "two" in knocking.seen, "clients at the new address", 15)
            seen = len(knocking.seen)
            eventually(lambda: len(knocking.seen) > seen + 20, "more clients", 15)
            assert "one" not in knocking.seen[seen:]
            stream.write("still here\n")
            stream.flush()
            assert stream.readline() == "still here\n", "a relay goes on to its own end"
        assert not knocking.refused
        assert len(gateway.told("name_moved")) == 1, gateway.told("name_moved")
        assert "127.0.1.1" in gateway.told("name_moved")[0] and "127.0.1.2" in gateway.told("name_moved")[0]


def test_a_name_that_vanishes_or_meets_silence_keeps_its_address():
    with NamedGateway({"db1.test": "127.0.1.1"}, ["db1.test"]) as gateway:
        gateway.start()
        with Knocking(gateway) as knocking:
            del gateway.names["db1.test"]
            eventually(lambda: any("there is no such name" in line for line in gateway.told("name_unresolved")), "the event", 15)
            gateway.name_server.silent = True
            eventually(lambda: any("no name server answered" in line for line in gateway.told("name_unresolved")), "the event of silence", 30)
            assert "127.0.1.1" in gateway.told("name_unresolved")[-1]
            gateway.names["db1.test"], gateway.name_server.silent = "127.0.1.1", False
            asked = len(gateway.name_server.asked)
            eventually(lambda: len(gateway.name_server.asked) > asked + 4, "look-ups as before", 40)
        assert not knocking.refused and set(knocking.seen) == {"one"}
        assert not gateway.told("name_moved")


def test_a_silent_name_server_during_a_reload_stops_nobody():
    with NamedGateway({"db1.test": "127.0.1.1"}, ["db1.test"]) as gateway:
        gateway.start()
        generation = gateway.status()["config"]["generation"]
        gateway.name_server.silent = True
        gateway.write_config(["db1.test", "new.test"])
        with Knocking(gateway) as knocking:
            with reloading(gateway) as outcome:
                answers = []
                while not outcome:
                    began = time.monotonic()
                    gateway.status()
                    answers.append(time.monotonic() - began)
            done, took = outcome
            assert len(knocking.seen) > 5
        assert done.returncode == 1, done.stdout + done.stderr
        assert "cannot resolve 'new.test': no name server answered" in done.stdout + done.stderr
        assert took < RELOAD_SECONDS
        assert len(answers) > 3 and max(answers) < took / 2, answers
        assert not knocking.refused
        assert gateway.status()["config"]["generation"] == generation
        assert gateway.told("config_rejected")


def test_a_reload_with_known_names_takes_part_while_the_name_server_is_silent():
    with NamedGateway({"db1.test": "127.0.1.1"}, ["db1.test"]) as gateway:
        gateway.start()
        gateway.name_server.silent = True
        gateway.write_config(["db1.test", "127.0.1.3"])
        done = gateway.cli("reload", seconds=40)
        assert done.returncode == 0, done.stdout + done.stderr
        eventually(lambda: {gateway.greeting() for _ in range(4)} == {"one", "three"}, "both servers", 10)
        assert gateway.told("name_unresolved")


def test_reloads_that_meet_each_other_and_signals_are_all_answered():
    with NamedGateway({"db1.test": "127.0.1.1"}, ["db1.test"]) as gateway:
        gateway.start()
        gateway.name_server.silent = True
        with reloading(gateway) as first, reloading(gateway) as second:
            for _ in range(20):
                signal_child(gateway.child, signal.SIGHUP)
            gateway.name_server.silent = False
        assert first[0].returncode == 0 and second[0].returncode == 0
        eventually(lambda: any("SIGHUP" in line for line in gateway.told("admin_command")), "the reload of the signal", 30)
        reloads = len(gateway.told("config_reloaded"))
        assert 3 <= reloads <= 23
        assert gateway.greeting() == "one"


def test_a_stop_during_a_reload_is_a_stop():
    with NamedGateway({"db1.test": "127.0.1.1"}, ["db1.test"]) as gateway:
        gateway.start()
        gateway.name_server.silent = True
        gateway.write_config(["db1.test", "new.test"])
        asked = len(gateway.name_server.asked)
        with reloading(gateway) as outcome:
            eventually(lambda: "new.test" in gateway.name_server.asked[asked:], "the look-up", 10)
            signal_child(gateway.child, signal.SIGHUP)
            gateway.stop()
        assert outcome[0].returncode != 0


def test_a_start_without_a_name_server_ends_and_says_why():
    with NamedGateway({}, ["db1.test"]) as gateway:
        gateway.name_server.silent = True
        gateway.launch()
        assert gateway.child.wait(20) == 1
        assert "server 's1': cannot resolve 'db1.test': no name server answered" in gateway.log_text()


def test_a_stop_during_a_start_is_a_stop():
    with NamedGateway({}, ["db1.test"]) as gateway:
        gateway.name_server.silent = True
        gateway.launch()
        eventually(lambda: gateway.name_server.asked, "the look-up", 15)
        gateway.stop()


def test_names_of_the_hosts_file_are_found():
    with NamedGateway({}, ["in-hosts.test"]) as gateway:
        gateway.start()
        assert gateway.greeting() == "three"
        assert "in-hosts.test" not in gateway.name_server.asked
