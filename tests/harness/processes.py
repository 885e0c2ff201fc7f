"""Child processes that cannot outlive the test run, and waiting with deadlines.

Invariants:
  1. Every child dies with this process: `setpriv --pdeathsig KILL` asks the kernel for it. That signal follows the
     *thread* that started the child, so all children are started by one thread that lives as long as the process.
  2. Children are stopped by process id only.
  3. Nothing here sleeps for a fixed time: `eventually` polls until a deadline and names what it waited for.
"""
import atexit
import os
import queue
import signal
import subprocess
import threading
import time


class _Spawner:
    """The thread that starts children (invariant 1)."""

    def __init__(self):
        self._orders = queue.Queue()
        self._thread = None
        self._lock = threading.Lock()

    def popen(self, arguments, **options):
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="spawner", daemon=True)
                self._thread.start()
        answer = queue.Queue()
        self._orders.put((arguments, options, answer))
        child, failure = answer.get()
        if failure is not None:
            raise failure
        return child

    def _run(self):
        while True:
            arguments, options, answer = self._orders.get()
            try:
                answer.put((subprocess.Popen(arguments, **options), None))
            except Exception as failure:  # handed to the caller
                answer.put((None, failure))


_spawner = _Spawner()


def start(arguments, log_path, cwd=None, environment=None):
    """Starts a long-running child; its output goes to log_path (appended)."""
    with open(log_path, "ab") as log:
        return _spawner.popen(
            ["/usr/bin/setpriv", "--pdeathsig", "KILL", "--", *map(str, arguments)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=cwd, env=environment,
            start_new_session=True)


def signal_child(child, number):
    """Sends a signal to a child of ours; a child that is gone already is no error."""
    if child is None or child.poll() is not None:
        return
    try:
        os.kill(child.pid, number)
    except ProcessLookupError:
        pass


def stop(child, seconds=10, number=signal.SIGTERM):
    """Asks a child to end, insists after `seconds`. Returns its exit status, None if there was no child."""
    if child is None:
        return None
    signal_child(child, number)
    signal_child(child, signal.SIGCONT)
    try:
        return child.wait(seconds)
    except subprocess.TimeoutExpired:
        signal_child(child, signal.SIGKILL)
        return child.wait(10)


class DeadlineExceeded(AssertionError):
    pass


def eventually(predicate, what, seconds=10.0, pause=0.01, ignore=()):
    """Polls until predicate() is true and returns its value. `ignore`: exceptions that mean "not yet"."""
    deadline = time.monotonic() + seconds
    last = None
    while True:
        try:
            value = predicate()
            if value:
                return value
            last = value
        except ignore as failure:
            last = failure
        if time.monotonic() >= deadline:
            raise DeadlineExceeded(f"waited {seconds} s for {what}; last seen: {last!r}")
        time.sleep(pause)


def tail(path, lines=60):
    try:
        with open(path, "rb") as log:
            return b"\n".join(log.read().splitlines()[-lines:]).decode(errors="replace")
    except OSError as failure:
        return f"({failure})"


def end_on_signals():
    """Turns SIGTERM and SIGHUP into KeyboardInterrupt so that `finally` and `with` blocks run."""
    def interrupt(number, _frame):
        raise KeyboardInterrupt(f"signal {number}")
    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGHUP, interrupt)


class Cleanup:
    """Runs registered steps once, in reverse order, at the latest when the process ends."""

    def __init__(self):
        self._steps = []
        atexit.register(self.run)

    def add(self, step, *arguments):
        self._steps.append((step, arguments))

    def run(self):
        while self._steps:
            step, arguments = self._steps.pop()
            step(*arguments)
        atexit.unregister(self.run)
