"""What a process costs: CPU time, system calls, memory. Read from /proc and by perf or strace."""
import os
import re
import shutil
import signal
import subprocess
import tempfile

from harness import processes


def threads(pid):
    try:
        return [int(name) for name in os.listdir(f"/proc/{pid}/task")]
    except FileNotFoundError:
        return []


def pin(pid, cores):
    """Every thread; those to come inherit it from the one that starts them."""
    for thread in threads(pid):
        try:
            os.sched_setaffinity(thread, cores)
        except ProcessLookupError:
            continue


def cpu_nanoseconds(pid):
    """Time on a CPU of all threads, user and kernel, as the scheduler counts it."""
    total = 0
    for thread in threads(pid):
        try:
            with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as file:
                total += int(file.read().split()[0])
        except (FileNotFoundError, ProcessLookupError):
            continue
    return total


def anonymous_bytes(pid):
    """The process's own memory, shared pages counted in part."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return int(re.search(r"^Pss_Anon:\s+(\d+) kB", file.read(), re.M).group(1)) * 1024


def machine_ticks():
    """(busy with others' virtual machines, all) ticks of all CPUs so far."""
    with open("/proc/stat", encoding="ascii") as file:
        ticks = [int(word) for word in file.readline().split()[1:9]]
    return ticks[7], sum(ticks)


class SyscallCounter:
    """Counts the system calls of a process while the block runs: by tracepoint where perf may, else under strace.

    strace stops the process at every call, which changes how much is done per turn: compare numbers of one method only.
    """

    def __init__(self, pid):
        self.pid, self.method, self.count = pid, "perf" if perf_works() else "strace", 0

    def __enter__(self):
        handle, self._output = tempfile.mkstemp(prefix="hf-bench-calls-")
        os.close(handle)
        self._log = self._output + ".log"
        command = {"perf": ["perf", "stat", "-x", ",", "-e", "raw_syscalls:sys_enter", "-p", self.pid, "-o", self._output],
                   "strace": ["strace", "-f", "-c", "-qq", "-o", self._output, "-p", self.pid]}[self.method]
        self._child = processes.start(command, self._log)
        processes.eventually(self._attached, f"{self.method} to attach", 10)
        return self

    def _attached(self):
        if self._child.poll() is not None:
            raise RuntimeError(f"{self.method} ended at once: {processes.tail(self._log)}")
        if self.method == "strace":
            with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
                return not re.search(r"^TracerPid:\t0$", file.read(), re.M)
        try:
            return any("perf_event" in os.readlink(f"/proc/{self._child.pid}/fd/{fd}")
                       for fd in os.listdir(f"/proc/{self._child.pid}/fd"))
        except FileNotFoundError:
            return False

    def __exit__(self, *_):
        processes.stop(self._child, 10, signal.SIGINT)
        with open(self._output, encoding="utf-8") as file:
            text = file.read()
        for path in (self._output, self._log):
            os.unlink(path)
        pattern = r"^(\d+),.*raw_syscalls:sys_enter" if self.method == "perf" else r"^100\.00\s+\S+\s+\S*\s+(\d+).*total$"
        found = re.search(pattern, text, re.M)
        self.count = int(found.group(1)) if found else 0


def perf_works():
    if not shutil.which("perf"):
        return False
    tried = subprocess.run(["perf", "stat", "-e", "raw_syscalls:sys_enter", "true"], stdin=subprocess.DEVNULL,
                           capture_output=True, text=True)
    return tried.returncode == 0 and "not supported" not in tried.stderr
