"""Runs commands with a log, a time limit and no standard input. A command that overstays is ended with all its children."""
import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TIMED_OUT = 124


def run(command, log, seconds, env=None):
    """Appends output to `log` (started anew by the first run of this process) and returns the exit code."""
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


def run_all(jobs, parallel, env=None):
    """jobs: (name, command, log, seconds). Returns [(name, exit code)] in the same order."""
    with ThreadPoolExecutor(parallel) as pool:
        try:
            codes = list(pool.map(lambda job: run(job[1], job[2], job[3], env), jobs))
        except BaseException:  # interrupted: the threads of the pool wait for children that must not go on
            pool.shutdown(wait=False, cancel_futures=True)
            for child in list(_alive):
                end_group(child)
            raise
        return [(job[0], code) for job, code in zip(jobs, codes)]


def end_group(child):
    for sign, patience in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
        try:
            os.killpg(child.pid, sign)
            child.wait(patience)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue


_started = set()  # logs that this process has begun
_alive = set()    # children that run now
