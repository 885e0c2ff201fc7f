"""Client sessions that read and write without pause and keep an exact account of what they were told.

Every written row has a unique id. A session records an id as `acknowledged` when the server said OK, as `unknown` when the
connection broke after the statement was sent. Reads have a known answer.

Invariants, checked by Audit.verify on every server:
  1. An acknowledged id is there exactly once.
  2. An unknown id is there at most once, and the rows of one transaction are there together or not at all.
  3. Nothing else is there.
"""
import itertools
import random
import threading
import time

from .routes import run, value
from .wire import Wire

FIXED_ROWS = 200


def prepare(cluster):
    """The tables of the load: hf_fixed with known rows, hf_audit empty (without a unique key: it must show doubles)."""
    cluster.primary.query(
        "use test", "create or replace table test.hf_fixed (id int primary key, v varchar(64))",
        f"insert into test.hf_fixed select seq, md5(seq) from seq_1_to_{FIXED_ROWS}",
        "create or replace table test.hf_audit (id bigint, batch bigint, key (id))")
    cluster.settle()
    return dict(cluster.primary.query("select id, v from test.hf_fixed"))


class Load:
    """`clients` sessions until stop(). Counters and lists may be read at any time."""

    def __init__(self, gateway, fixed, clients, seed=1, write_share=0.25, most_failures=200):
        self.gateway, self.fixed, self.write_share = gateway, fixed, write_share
        self.most_failures = most_failures
        self.reads = self.writes = 0
        self.slowest = 0.0
        self.failures, self.acknowledged, self.unknown, self.batches = [], [], [], {}
        self._ids = itertools.count(1)
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._session, args=(number, random.Random(seed * 100_003 + number)), daemon=True)
                         for number in range(clients)]

    def start(self):
        for thread in self._threads:
            thread.start()
        return self

    def stop(self, seconds=90):
        self._stop.set()
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        stuck = [thread.name for thread in self._threads if thread.is_alive()]
        assert not stuck, f"{len(stuck)} sessions hang: {stuck[:5]}"

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self._stop.set()

    def _session(self, number, dice):
        prepared = number % 5 == 0
        while not self._stop.is_set():
            try:
                self._prepared_session(dice) if prepared else self._text_session(dice)
            except Exception as failure:
                with self._lock:
                    self.failures.append(f"session {number}: {type(failure).__name__} {failure}")
                if len(self.failures) > self.most_failures:
                    return
                self._stop.wait(0.05)  # nobody listens for the moment: do not spin

    def _timed(self, action, *arguments):
        began = time.monotonic()
        try:
            return action(*arguments)
        finally:
            self.slowest = max(self.slowest, time.monotonic() - began)

    def _text_session(self, dice):
        with self.gateway.connect() as connection:
            for _ in range(dice.randint(20, 200)):
                if self._stop.is_set():
                    return
                draw = dice.random()
                if draw < self.write_share * 0.6:
                    self._write(connection, 1)
                elif draw < self.write_share:
                    self._write(connection, dice.randint(2, 4))
                else:
                    row = dice.randint(1, FIXED_ROWS)
                    seen = self._timed(value, connection, f"select v from hf_fixed where id = {row}")
                    assert seen == self.fixed[row], f"wrong answer for {row}: {seen!r}"
                    self.reads += 1

    def _prepared_session(self, dice):
        with Wire("127.0.0.1", self.gateway.port(), "app", "app-secret", "test") as wire:
            statement = wire.prepare("select v from hf_fixed where id = ?")
            for _ in range(dice.randint(20, 200)):
                if self._stop.is_set():
                    return
                row = dice.randint(1, FIXED_ROWS)
                reply = self._timed(wire.execute, statement, [row])
                assert reply[0]["kind"] == "rows", f"prepared read: {reply[0]}"
                assert reply[0]["rows"][0][3:].decode() == self.fixed[row], f"wrong answer for {row}: {reply[0]['rows']}"
                self.reads += 1

    def _write(self, connection, rows):
        with self._lock:
            ids = [next(self._ids) for _ in range(rows)]
            for one in ids:
                self.batches[one] = ids[0]
        try:
            if rows == 1:
                self._timed(run, connection, f"insert into hf_audit values ({ids[0]}, {ids[0]})")
            else:
                self._timed(run, connection, "begin", *(f"insert into hf_audit values ({one}, {ids[0]})" for one in ids), "commit")
        except Exception:
            with self._lock:
                self.unknown += ids
            raise
        with self._lock:
            self.acknowledged += ids
        self.writes += 1


def verify(load, cluster):
    """Compares the account of the load with the tables of all servers (invariants above)."""
    cluster.wait_all_replicating()
    acknowledged, unknown = set(load.acknowledged), set(load.unknown)
    for server in cluster.servers:
        found = server.query("select id, batch from test.hf_audit")
        ids = [row[0] for row in found]
        doubles = len(ids) - len(set(ids))
        assert doubles == 0, f"{server.name}: {doubles} rows written twice"
        present = set(ids)
        lost = acknowledged - present
        assert not lost, f"{server.name}: {len(lost)} acknowledged rows lost, such as {sorted(lost)[:5]}"
        foreign = present - acknowledged - unknown
        assert not foreign, f"{server.name}: rows nobody wrote: {sorted(foreign)[:5]}"
        for one in unknown & present:
            whole = {other for other in unknown if load.batches[other] == load.batches[one]}
            assert whole <= present, f"{server.name}: half a transaction: {sorted(whole & present)} of {sorted(whole)}"
