"""Clients in the lab's client namespace that write and read at one address without stop, and know how long they stood still.

    with SteadyClients(lab, VIP, 3306, load.prepare(cluster)) as clients:
        clients.wait_served()
        clients.begin()
        …the fault…
        clients.wait_served()
        clients.gaps()                       # the longest time between two answers since begin(), of writes and of reads
    load.verify(clients, cluster)            # the account of the writer: nothing acknowledged lost, nothing twice

One writer, some readers, each with one connection. A session whose connection is lost, or not answered in time, connects again at
once and goes on with the next statement; an insert that had no answer is noted as of unknown outcome and never sent again.

Invariants:
  1. A gap is the time between two good answers to the same session, whatever lay between: lost connections, refused ones, silence.
  2. `acknowledged`, `unknown` and `batches` are what load.verify asks for; they are complete once stop() has returned.
"""
import itertools
import random
import threading
import time
from collections import namedtuple

import pymysql

from . import mariadb
from .lab import enter_namespace
from .load import FIXED_ROWS
from .processes import DeadlineExceeded, eventually
from .routes import run, value

READERS = 3
CONNECT_SECONDS = 0.05  # short: the kernel itself would repeat a lost SYN after a whole second only
ANSWER_SECONDS = 0.25
PAUSE = 0.003           # between two statements of a session: a gap is known to within about this


class Gaps(namedtuple("Gaps", "write read")):
    """In seconds."""

    def __str__(self):
        return f"gap {self.write * 1000:.0f} ms in writes, {self.read * 1000:.0f} ms in reads"


class Session:
    """One connection after the other; `ask` gets a connection and returns when the answer was good."""

    def __init__(self, name, namespace, connect, ask):
        self.name, self._namespace, self._connect, self._ask = name, namespace, connect, ask
        self.answers = self.interruptions = 0
        self.last_failure = None
        self._last, self._longest = time.monotonic(), 0.0
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    def start(self):
        self._thread.start()

    def ask_to_stop(self):
        self._stop.set()

    def stopped(self, seconds):
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def begin(self):
        with self._lock:
            self._longest = 0.0

    def longest(self):
        with self._lock:
            return max(self._longest, self.idle())

    def idle(self):
        return time.monotonic() - self._last

    def _work(self):
        enter_namespace(self._namespace)
        while not self._stop.is_set():
            try:
                with self._connect() as connection:
                    while not self._stop.wait(PAUSE):
                        self._ask(connection)
                        self._answered()
            except Exception as failure:  # whatever it was: the next connection tells whether it lasts
                self.interruptions += 1
                self.last_failure = f"{type(failure).__name__} {failure}"
                self._stop.wait(PAUSE)

    def _answered(self):
        now = time.monotonic()
        with self._lock:
            self._longest, self._last = max(self._longest, now - self._last), now
        self.answers += 1


class SteadyClients:
    """fixed: the known rows, of load.prepare()."""

    def __init__(self, lab, address, port, fixed, readers=READERS):
        self.fixed, self.acknowledged, self.unknown, self.batches, self.wrong = fixed, [], [], {}, []
        self._at = {"host": address, "port": port}
        self._ids = itertools.count(1)
        namespace = lab.client.namespace
        self.writer = Session("writer", namespace, self._connect, self._insert)
        self.readers = [Session(f"reader {number}", namespace, self._connect, self._read) for number in range(1, readers + 1)]
        self._sessions = [self.writer, *self.readers]

    def __enter__(self):
        for session in self._sessions:
            session.start()
        return self

    def __exit__(self, *_):
        for session in self._sessions:
            session.ask_to_stop()

    def stop(self, seconds=10):
        self.__exit__()
        stuck = [session.name for session in self._sessions if not session.stopped(seconds)]
        assert not stuck, f"these clients hang: {', '.join(stuck)}"

    # -- what a session does ------------------------------------------------------------------------------------------

    def _connect(self):
        return pymysql.connect(**self._at, user=mariadb.APP_USER, password=mariadb.APP_PASSWORD, database=mariadb.SCHEMA,
                               autocommit=True, charset="utf8mb4", connect_timeout=CONNECT_SECONDS,
                               read_timeout=ANSWER_SECONDS, write_timeout=ANSWER_SECONDS)

    def _insert(self, connection):
        one = next(self._ids)
        self.batches[one] = one
        try:
            run(connection, f"insert into hf_audit values ({one}, {one})")
        except Exception:
            self.unknown.append(one)
            raise
        self.acknowledged.append(one)

    def _read(self, connection):
        row = random.randint(1, FIXED_ROWS)
        seen = value(connection, f"select v from hf_fixed where id = {row}")
        if seen != self.fixed[row]:
            self.wrong.append(f"row {row} was read as {seen!r}")

    # -- figures ------------------------------------------------------------------------------------------------------

    def begin(self):
        for session in self._sessions:
            session.begin()

    def gaps(self):
        """Of the readers the one that stood still longest."""
        return Gaps(self.writer.longest(), max(session.longest() for session in self.readers))

    def wait_served(self, answers=30, seconds=15):
        """Until every session has had so many more answers."""
        wanted = {session: session.answers + answers for session in self._sessions}

        def waiting():
            return [f"{session.name} ({session.last_failure})" for session in self._sessions if session.answers < wanted[session]]
        try:
            eventually(lambda: not waiting(), "the clients to be served", seconds)
        except DeadlineExceeded as failure:
            raise DeadlineExceeded(f"{failure}; not served: {', '.join(waiting())}") from None

    def served_now(self):
        """Nobody stands still at this moment."""
        return all(session.idle() < ANSWER_SECONDS / 2 for session in self._sessions)

    @property
    def reads(self):
        return sum(session.answers for session in self.readers)

    @property
    def interruptions(self):
        return sum(session.interruptions for session in self._sessions)
