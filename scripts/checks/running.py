"""Runs commands with a log, a time limit and no standard input. A command that overstays is ended with all its children.

Stages may run at once: what computes is polite (its niceness, which the kernel's grouping by session would hide, is told to
the group as well), so that what waits for real time finds a processor whenever it wants one.
"""
import os
import signal
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TIMED_OUT = 124
POLITE = 5     # programs of tests that own their time
YIELDING = 19  # compilers
_NICELY = '[ ! -w /proc/self/autogroup ] || echo "$0" >/proc/self/autogroup; exec nice -n "$0" "$@"'


class Stopped(Exception):
    """The run was interrupted: nothing begins any more."""


def run(command, log, seconds, env=None, nice=0):
    """Appends output to `log` (started anew by the first run of this process) and returns the exit code."""
    if _interrupted.is_set():
        raise Stopped
    if nice:
        command = ["/bin/sh", "-c", _NICELY, nice, *command]
    log.parent.mkdir(parents=True, exist_ok=True)
    mode = "ab" if log in _started else "wb"
    _started.add(log)
    with open(log, mode) as out:
        child = subprocess.Popen([str(word) for word in command], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out,
                                 stderr=subprocess.STDOUT, start_new_session=True, env={**os.environ, **(env or {})})
        _alive.add(child)
        try:
            return child.wait(seconds)
        except subprocess.TimeoutExpired:
            end_group(child)
            out.write(f"\nended after {seconds} s: {' '.join(map(str, command))}\n".encode())
            return TIMED_OUT
        except BaseException:
            end_group(child)
            raise
        finally:
            _alive.discard(child)


def run_all(jobs, parallel, env=None, nice=0):
    """jobs: (name, command, log, seconds). Returns [(name, exit code)] in the same order."""
    codes = at_once([lambda job=job: run(job[1], job[2], job[3], env, nice) for job in jobs], parallel)
    return [(job[0], code) for job, code in zip(jobs, codes)]


def at_once(actions, parallel):
    """The values of the actions, in their order. Interrupted, it ends every child of this process first."""
    with ThreadPoolExecutor(max(1, parallel)) as pool:
        try:
            return list(pool.map(lambda action: action(), actions))
        except BaseException:  # the threads of the pool wait for children that must not go on
            _interrupted.set()
            pool.shutdown(wait=False, cancel_futures=True)
            for child in list(_alive):
                end_group(child)
            raise


def end_group(child):
    for sign, patience in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
        try:
            os.killpg(child.pid, sign)
            child.wait(patience)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue


_interrupted = threading.Event()
_started = set()  # logs that this process has begun
_alive = set()    # children that run now
