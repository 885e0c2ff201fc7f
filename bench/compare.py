#!/usr/bin/python3
"""Compares Holdfast with HAProxy and with no proxy at all, on real MariaDB: ./bench/compare.py [--cells 'ps-*'].

Starts everything itself on loopback and stops it again. Prints Markdown; README.md beside this file says how to read it.
"""
import argparse
import fnmatch
import json
import os
import platform
import subprocess
import sys
from statistics import median

import pymysql

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "tests")]
from harness import processes  # noqa: E402
from harness.mariadb import Cluster  # noqa: E402
from rig import contestants, load, meters, report  # noqa: E402

PROXY_CORE, OTHER_CORE = {0}, {1}
IDLE_CLIENTS = 1000


class Bench:
    def __init__(self, options, cluster):
        self.options, self.cluster = options, cluster
        self.running = {name: contestants.ALL[name](cluster) for name in options.contestants}
        self.limited = {}  # (name, server connections): a contestant of its own, for the cells that limit it
        self.results, self.failures, self.steal = {}, [], []

    def pin(self):
        if not self.options.pinned:
            return
        for contestant in (*self.running.values(), *self.limited.values()):
            if contestant.pid:
                meters.pin(contestant.pid, PROXY_CORE)
        for server in self.cluster.servers:
            meters.pin(server.child.pid, OTHER_CORE)

    def close(self):
        for contestant in (*self.running.values(), *self.limited.values()):
            contestant.close()

    def contestant(self, name, cell):
        kind = contestants.ALL[name]
        if cell.server_connections is None or not issubclass(kind, contestants.SHARING):
            return self.running[name]
        key = (name, cell.server_connections)
        if key not in self.limited:
            self.limited[key] = kind(self.cluster, cell.server_connections)
            self.pin()
        return self.limited[key]

    def one_run(self, cell, name):
        contestant = self.contestant(name, cell)
        port = contestant.port_for(cell.writes)
        stolen, ticks = meters.machine_ticks()
        before = meters.cpu_nanoseconds(contestant.pid) if contestant.pid else 0
        figures = load.measure(cell, port, self.options.seconds, OTHER_CORE if self.options.pinned else None)
        spent = meters.cpu_nanoseconds(contestant.pid) - before if contestant.pid else None
        stolen_after, ticks_after = meters.machine_ticks()
        self.steal.append((stolen_after - stolen) / max(1, ticks_after - ticks))
        return {"cpu_us": spent / 1000 / figures.queries if contestant.pid else None, "qps": figures.per_second,
                "p95_ms": figures.p95_ms}

    def paired_rounds(self):
        names = list(self.running)
        for turn in range(self.options.rounds):
            for cell in self.options.cells:
                first = turn % len(names)  # nobody is always the first, or always after the same one
                for name in names[first:] + names[:first]:
                    rounds = self.results.setdefault(cell.name, {}).setdefault(name, {})
                    try:
                        rounds[turn] = self.one_run(cell, name)
                    except (load.LoadFailed, subprocess.TimeoutExpired) as failure:
                        self.failures.append(f"{cell.name}, {name}, round {turn + 1}: {failure}")
            progress(f"round {turn + 1} of {self.options.rounds} done")

    def syscalls(self):
        """Per query, in a run of its own: counting costs time."""
        rows, method = {cell.name: {} for cell in self.options.cells}, "nothing"
        for name in self.running:
            if not self.running[name].pid:
                continue
            for cell in self.options.cells:
                contestant = self.contestant(name, cell)
                port = contestant.port_for(cell.writes)
                try:
                    with meters.SyscallCounter(contestant.pid) as counter:
                        figures = load.measure(cell, port, min(2, self.options.seconds), None)
                    rows[cell.name][name] = f"{counter.count / figures.queries:.2f}"
                    method = counter.method
                except (load.LoadFailed, RuntimeError, subprocess.TimeoutExpired) as failure:
                    self.failures.append(f"system calls, {cell.name}, {name}: {failure}")
            progress(f"system calls of {name} counted")
        return report.single_table("System calls per query", f"Counted with {method}, connection set-up included.", rows)


def idle_memory(cluster, names, failures):
    """A fresh process each: memory is rarely given back."""
    rows = {}
    for server in cluster.servers:
        server.query(f"set global max_connections={IDLE_CLIENTS * 2}")
    for name in names:
        if name == "direct":
            continue
        contestant = contestants.ALL[name](cluster)
        clients = None
        try:
            load.IdleClients(contestant.port_for(writes=False), 1).close()  # whatever is made once, is made
            before = meters.anonymous_bytes(contestant.pid)
            clients = load.IdleClients(contestant.port_for(writes=False), IDLE_CLIENTS)
            after = meters.anonymous_bytes(contestant.pid)
            rows[name] = {"start, KiB": f"{before / 1024:.0f}", f"with {IDLE_CLIENTS} idle clients, KiB": f"{after / 1024:.0f}",
                          "bytes per client": f"{(after - before) / IDLE_CLIENTS:.0f}"}
        except (pymysql.err.MySQLError, OSError) as failure:
            failures.append(f"memory, {name}: {failure}")
        finally:
            if clients:
                clients.close()
            contestant.close()
        progress(f"memory of {name} measured")
    return report.single_table("Memory of the proxy (anonymous PSS), clients idle after one query each", "", rows)


def progress(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def first_line(*command):
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return (ended.stdout or ended.stderr).splitlines()[0] if ended.returncode == 0 else "unknown"


def heading(options, steal):
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo", encoding="utf-8") if "model name" in line), "")
    pinned = "proxy on core 0, servers and clients on core 1" if options.pinned else "nothing pinned"
    return [f"{os.cpu_count()} CPUs ({cpu}), Linux {platform.release()}; {first_line('/usr/sbin/mariadbd', '--version')}; "
            f"{first_line(contestants.HAPROXY, '-v')}; {first_line('sysbench', '--version')}.", "",
            f"{options.rounds} rounds of {options.seconds} s, {pinned}, {load.ROWS} rows; steal {100 * median(steal):.1f} % in the "
            f"median, {100 * max(steal):.1f} % at most. **Bold**: ratio to {contestants.BASELINE} in the same round, median "
            "(smallest–largest).", ""]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    known = [cell.name for cell in load.every_cell()]
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=3, help="of one run")
    parser.add_argument("--cells", default="*", help=f"patterns with commas between; there are {', '.join(known)}")
    parser.add_argument("--contestants", help="names with commas between; default: all that are built")
    parser.add_argument("--unpinned", dest="pinned", action="store_false", help="let everything float over all cores")
    parser.add_argument("--only", choices=("rounds", "syscalls", "memory"), help="one part alone")
    parser.add_argument("--out", help="write the Markdown here as well")
    parser.add_argument("--json", help="write every sample here")
    options = parser.parse_args()
    patterns = options.cells.split(",")
    options.cells = [cell for cell in load.every_cell() if any(fnmatch.fnmatch(cell.name, p) for p in patterns)]
    options.contestants = options.contestants.split(",") if options.contestants else contestants.available()
    for name in options.contestants:
        if name not in contestants.ALL:
            parser.error(f"no contestant {name}; there are {', '.join(contestants.ALL)}")
    if not options.cells or options.rounds < 1 or options.seconds < 1:
        parser.error("nothing to measure: no such cell, or no rounds")
    if options.pinned and not (PROXY_CORE | OTHER_CORE) <= os.sched_getaffinity(0):
        parser.error("pinning needs cores 0 and 1; try --unpinned")
    return options


def compare(options, cluster):
    lines, failures, results = [], [], {}
    load.prepare(cluster.primary.port)
    cluster.wait_replicated()
    bench = Bench(options, cluster)
    try:
        bench.pin()
        if options.only in (None, "rounds"):
            bench.paired_rounds()
            results = bench.results
            lines += heading(options, bench.steal) + report.tables(results, options.contestants, contestants.BASELINE)
        if options.only in (None, "syscalls"):
            lines += bench.syscalls()
        failures = bench.failures
    finally:
        bench.close()
    if options.only in (None, "memory"):
        lines += idle_memory(cluster, options.contestants, failures)
    if failures:
        lines += ["### Runs that failed", "", *[f"- {failure}" for failure in failures], ""]
    return "\n".join(lines), results, failures


def main():
    options = arguments()
    processes.end_on_signals()
    with Cluster(size=2) as cluster:
        text, results, failures = compare(options, cluster)
    print(text)
    if options.out:
        with open(options.out, "w", encoding="utf-8") as file:
            file.write(text)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(results, file, indent=1)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
