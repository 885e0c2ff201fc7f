"""Sessions at once over few server connections see exactly what each would see alone on one direct connection.

    with World(cluster) as world: Oracle(world, gateway_for).examine(generate(seed, features))

All sessions' scripts run through the gateway, interleaved as the trial says, then each of them alone on a connection to the
primary, over tables made anew in between. Every observation is compared, then every row of every table, then the servers'
count of connections that ended without a goodbye. Before a step the replicas have applied what the primary has committed, so
nothing is about replication delay. What is not compared is listed in interleaved_normal.py.

Invariants:
  1. A difference is reported only if the session alone, once more, gives the same as before: what is no function of the script is
     a fault of the script (Unsteady).
  2. One step at a time: the next step begins when the last has ended, or has been waiting for a server connection for PATIENCE.
     So a seed gives the same run again, as far as clocks allow. A trial with `threads` lets every session run freely.
  3. The administrator changes the servers' globals when no session waits, be it later than the trial says; alone, each session
     meets the change after those of its steps that it came after.
"""
import queue
import re
import threading
import time
from dataclasses import dataclass, field

from .interleaved_client import ADMINISTRATOR, Client
from .interleaved_compare import differences
from .interleaved_normal import Teller, normal
from .interleaved_world import ReplicationBroken

PATIENCE = 0.06
HOLD_TIMEOUT = "15s"  # nobody is without a connection for longer than the others take to their ends
TRIAL_SECONDS = 60    # what has not been performed by then is left out, and that is a difference
CONSEQUENCES = ([{"kind": "not connected"}], [{"kind": "no such handle"}])  # of a difference that has been told


MAY_TIE = re.compile(r"@\w|:=|temporary|_lock|lock tables|prepare|execute|handler|nextval|lastval|next value|role|call|_v\b|\(\)|profil|timestamp|connection_id|"
                     r"read only|read_only|fetch|;|change_user|xa |autocommit", re.IGNORECASE)


def is_refused_on_a_replica(direct, gateway, before):
    """1290, or 1792 in a read-only transaction, of a session that something nameless ties to a replica: a known limit, and what follows is its
    consequence. before: its steps."""
    refused = [any(one.get("code") in (1290, 1792) for one in side if isinstance(one, dict)) for side in (direct, gateway)]
    return refused == [False, True] and any(MAY_TIE.search(repr(step)) for step in before)


class Unsteady(AssertionError):
    """The same script, alone on a direct connection, gave two different results."""


@dataclass(frozen=True)
class Difference:
    event: int      # place in the trial's events; -1: of no single step
    session: int
    where: str      # what sort of difference: one is told of each sort
    text: str


@dataclass
class Round:
    """One interleaved run: what its threads share."""
    deadline: float
    began: list = field(default_factory=list)  # events in the order in which they began
    seen: dict = field(default_factory=dict)   # event: what the client saw
    failure: Exception = None                  # of the harness or of replication: nobody goes on


class Seat:
    """The thread in which one session of the interleaved run performs its steps, until the deadline."""

    def __init__(self, client, settle, shared):
        self._client, self._settle, self._round = client, settle, shared
        self._orders, self.idle = queue.Queue(), threading.Event()
        self._pending, self._lock = 0, threading.Lock()
        self.idle.set()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def order(self, event, step):
        with self._lock:
            self._pending += 1
            self.idle.clear()
        self._orders.put((event, step))

    def leave(self):
        """When all steps have been performed; what it held is free for those who wait."""
        self._orders.put((None, None))

    def join(self):
        self._thread.join()

    def _run(self):
        while True:
            event, step = self._orders.get()
            if event is None:
                self._client.leave()
                return
            if self._round.failure is None and time.monotonic() < self._round.deadline:
                try:
                    self._perform(event, step)
                except Exception as failure:  # told to the one who waits
                    self._round.failure = failure
            with self._lock:
                self._pending -= 1
                if not self._pending:
                    self.idle.set()

    def _perform(self, event, step):
        self._settle()
        self._round.began.append(event)
        observation = self._client.perform(step)
        self._round.seen[event] = normal(observation, self._client.tracks)


class Oracle:
    """make_gateway(cluster, **settings): a context manager with split_port, as harness.holdfast.gateway_for.
    make_client: who performs a session's steps there, as Client."""

    def __init__(self, world, make_gateway, make_client=Client):
        self.world, self._make_gateway, self._make_client = world, make_gateway, make_client
        self._alone = {}   # (globals, number, steps) -> observations of the session alone
        self._globals = None
        self.steps = 0
        self.began = []    # the events of the last trial, in the order in which they began

    # -- one side and the other ---------------------------------------------------------------------------------------

    def use_globals(self, trial):
        settings = trial.globals
        moves = any(step[0] == "everywhere" for _, step in trial.events)
        if settings != self._globals or moves:
            self.world.restore()
            self.world.use_globals(settings)
            self._globals = None if moves else settings
        self.world.take_back_harmless()

    def alone(self, trial, number):
        """What one session sees on a connection of its own: (observations, its tables afterwards, ends without goodbye)."""
        key = (trial.globals, number, repr(trial.of(number)))
        if key not in self._alone:
            self._alone[key] = self._run_alone(trial, number)
        return self._alone[key]

    def _run_alone(self, trial, number):
        world = self.world
        self.use_globals(trial)
        world.make([number])
        before = world.aborted_on_primary()
        client = Client(world.cluster.primary.port, world)
        seen = []
        for step in trial.of(number):
            observation = client.perform(step)
            seen.append(normal(observation, client.tracks))
        client.leave()
        tables = world.audit(number)
        return seen, tables, world.aborted_on_primary() - before

    def together(self, trial):
        """(the round, {session: its tables}, ends without goodbye on all servers)."""
        world = self.world
        self.use_globals(trial)
        world.make(trial.sessions())
        world.settle()
        before = world.aborted_clients()
        with self._make_gateway(world.cluster, shards=trial.shards, max_server_connections=trial.limit, users="servers",
                                hold_timeout=HOLD_TIMEOUT, tcp=False) as gateway:
            shared = self._perform(trial, gateway)
        self.steps += len(trial.events)
        self.began = shared.began
        tables = {number: world.audit(number) for number in trial.sessions()}
        return shared, tables, world.aborted_clients() - before

    def _perform(self, trial, gateway):
        seats, shared, held_back = {}, Round(time.monotonic() + TRIAL_SECONDS), []

        def order(event, patience):
            number, step = trial.events[event]
            if number not in seats:
                seats[number] = Seat(self._make_client(gateway.split_port, self.world, time.sleep), self.world.settle, shared)
            free = seats[number].idle.is_set()
            seats[number].order(event, step)
            if free and not trial.threads:
                seats[number].idle.wait(patience)

        def change_globals():
            while held_back and all(seat.idle.is_set() for seat in seats.values()):
                order(held_back.pop(0), None)

        for event, (number, _) in enumerate(trial.events):
            if number == ADMINISTRATOR:
                held_back.append(event)
            else:
                order(event, PATIENCE)
            change_globals()
        for seat in seats.values():
            seat.leave()
        for seat in seats.values():
            seat.join()
        if shared.failure is not None and not isinstance(shared.failure, ReplicationBroken):
            raise shared.failure
        return shared

    # -- the verdict --------------------------------------------------------------------------------------------------

    def examine(self, trial):
        """All differences of a trial, in the order of events."""
        shared, tables, aborted = self.together(trial)
        if shared.failure is not None:
            self.world.repair_replication()
            return [Difference(-1, -1, "replication", str(shared.failure))]
        began = set(shared.began)
        order = shared.began + [event for event in range(len(trial.events)) if event not in began]
        performed = trial.in_order(order)
        alone = {number: self.alone(performed, number) for number in performed.sessions()}
        seen, found, place = shared.seen, [], dict.fromkeys(alone, 0)
        tellers, stuck = {number: Teller() for number in alone}, set()
        missing = sum(event not in seen for event, (number, _) in enumerate(trial.events) if number != ADMINISTRATOR)
        if missing:
            found.append(Difference(-1, -1, "time", f"{missing} steps were not reached in {TRIAL_SECONDS} s"))
        for event, (number, step) in zip(order, performed.events):
            if number == ADMINISTRATOR:
                place = {one: at + 1 for one, at in place.items()}
                continue
            direct = alone[number][0][place[number]]
            place[number] += 1
            one, other = tellers[number].comparable(step, direct, seen.get(event, []))
            if event not in seen or seen[event] in CONSEQUENCES or number in stuck:
                continue
            if is_refused_on_a_replica(one, other, performed.of(number)[:place[number]]):
                stuck.add(number)
                continue
            for where, text in differences(one, other):
                found.append(Difference(event, number, f"{step[0]}: {where}", text))
        for number in set(trial.sessions()) - stuck:
            found += [Difference(-1, number, f"table {name[10:]}", f"rows of {name}: direct {rows!r:.500}, gateway {tables[number].get(name)!r:.500}")
                      for name, rows in alone[number][1].items() if tables[number].get(name) != rows]
        honest = sum(one[2] for one in alone.values())
        if aborted > honest:
            found.append(Difference(-1, -1, "aborted", f"connections ended without COM_QUIT on the servers: direct {honest}, gateway {aborted}"))
        return found

    def check_steady(self, trial, number):
        """Invariant 1."""
        before = self.alone(trial, number)
        again = self._run_alone(trial, number)
        told = [f"step {step}: {where}: {text}" for step, one, other in zip(trial.of(number), before[0], again[0]) for where, text in differences(one, other)]
        if told:
            raise Unsteady(f"seed {trial.seed}, session {number} is not the same twice on a direct connection:\n" + "\n".join(told[:10]))
