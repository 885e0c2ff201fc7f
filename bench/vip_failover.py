#!/usr/bin/python3
"""How long a virtual address is not answered when something dies, Holdfast beside keepalived: ./bench/vip_failover.py [--trials 20]

Everything runs in network namespaces of its own, as root. Prints Markdown; README.md beside this file says how to read it.
"""
import argparse
import fnmatch
import json
import os
import platform
import subprocess
import sys
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "tests")]
from harness import processes  # noqa: E402
from harness.holdfast import program  # noqa: E402
from harness.lab import require_root  # noqa: E402
from harness.vip_faults import FAULTS, current_holder, spread, trial  # noqa: E402
from rig import vip_contestants  # noqa: E402

TABLES = (("outage", "Without an answer, ms", "A UDP question every 2 ms to the address; an answer counts within 20 ms."),
          ("service", "Without service, ms", "A TCP connection every 5 ms to the service on the address, and one line read."),
          ("takeover", "Until the other node answers, ms", "From the fault. Longer than the outage where the victim goes on answering."),
          ("stale", "Until the victim has lost the address, ms", "\"never\": still there 2 s after the other node answers."),
          ("overlap", "Two nodes held the address, ms", "The longest time without a break, watched until 2 s after the other node answers."),
          ("after", "Without an answer once the fault is over, ms", "From then until one node holds the address and answers."))


class Load:
    """Busy loops, two for each core, at nice 0."""

    def __init__(self):
        self._loops = []

    def __enter__(self):
        for _ in range(2 * (os.cpu_count() or 2)):
            self._loops.append(subprocess.Popen(["/usr/bin/setpriv", "--pdeathsig", "KILL", "--", "/bin/sh", "-c",
                                                 "while :; do :; done"]))
        return self

    def __exit__(self, *_):
        for loop in self._loops:
            loop.kill()
            loop.wait()


def progress(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def strike(name, options, failures):
    """{fault: [Figures, …]} of one contestant. A trial that fails ends this cluster; the next fault gets a fresh one."""
    results = {}
    for fault in options.faults:
        found = []
        try:
            with vip_contestants.ALL[name]() as cluster:
                if not vip_contestants.can(cluster, fault):
                    continue
                for _ in range(options.trials):
                    found.append(trial(cluster, fault, phase=1.0, settles=60.0))
        except (AssertionError, OSError, RuntimeError) as failure:
            failures.append(f"{name}, {fault.name}, trial {len(found) + 1}: {str(failure).splitlines()[0]}")
        if found:
            results[fault.name] = found
        progress(f"{name}: {fault.name}: {spread([one.outage for one in found]) if found else 'nothing'} ms")
    return results


def soak(name, seconds):
    """The quiet pair under full load: what moves although nothing is wrong."""
    with vip_contestants.ALL[name]() as cluster, Load():
        probe = cluster.probe
        since, first = probe.now(), current_holder(cluster)
        while probe.now() < since + seconds:
            time.sleep(min(5.0, seconds))
            probe.samples(probe.now())  # reads what was recorded so far
        takeovers = sum(began > since for spans in probe.holding().values() for began, _ in spans)
        answers = probe.answers(since)
        return {"seconds": f"{probe.now() - since:.0f}", "takeovers": str(takeovers),
                "longest without an answer, ms": f"{probe.outage(since) * 1000:.0f}",
                "unanswered of questions": f"{answers[None]} of {sum(answers.values())}",
                "two holders, ms": f"{probe.overlap(since) * 1000:.0f}", "holder": f"{first}, {'/'.join(probe.holders())}"}


def tables(results, contestants):
    lines = []
    for key, title, note in TABLES:
        lines += [f"### {title}", "", note, "", f"| fault | {' | '.join(contestants)} |", "|---" * (len(contestants) + 1) + "|"]
        for fault in FAULTS:
            cells = [results[name].get(fault) for name in contestants]
            if any(cells):
                shown = [spread([getattr(one, key) for one in found]) if found else "–" for found in cells]
                lines.append(f"| {fault} | {' | '.join(shown)} |")
        lines.append("")
    return lines


def soak_table(rows):
    columns = list(next(iter(rows.values())))
    lines = ["### Nothing is wrong, but every core is busy", "", f"| | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    lines += [f"| {name} | {' | '.join(row.values())} |" for name, row in rows.items()]
    return [*lines, ""]


def first_line(*command):
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return ((ended.stdout or ended.stderr).splitlines() or ["unknown"])[0]


def heading(options):
    trials = "" if options.soak else f" {options.trials} trials each, median (smallest-largest)."
    return [f"{os.cpu_count()} CPUs, Linux {platform.release()}; {first_line('/usr/sbin/keepalived', '--version')}.{trials}", ""]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--faults", default="*", help=f"patterns with commas between; there are {', '.join(FAULTS)}")
    parser.add_argument("--contestants", default="*", help=f"patterns; there are {', '.join(vip_contestants.ALL)}")
    parser.add_argument("--soak", type=int, metavar="SECONDS", help="instead: no fault but full load, and count what moves")
    parser.add_argument("--out", help="write the Markdown here as well")
    parser.add_argument("--json", help="write every trial here")
    options = parser.parse_args()
    chosen = options.contestants.split(",")
    options.contestants = [name for name in vip_contestants.ALL if any(fnmatch.fnmatch(name, one) for one in chosen)]
    if not os.path.exists(program()) and "holdfast" in options.contestants:
        progress(f"{program()} is missing: without Holdfast")
        options.contestants.remove("holdfast")
    chosen = options.faults.split(",")
    options.faults = [fault for fault in FAULTS.values() if any(fnmatch.fnmatch(fault.name, one) for one in chosen)]
    if not options.contestants or not options.faults or options.trials < 1:
        parser.error("nothing to measure: no such contestant or fault, or no trials")
    return options


def main():
    options, failures, results = arguments(), [], {}
    require_root()
    processes.end_on_signals()
    lines = heading(options)
    if options.soak:
        rows = {}
        for name in options.contestants:
            progress(f"{name}: {options.soak} s under load")
            try:
                rows[name] = soak(name, options.soak)
            except (AssertionError, OSError, RuntimeError) as failure:
                failures.append(f"{name}, soak: {str(failure).splitlines()[0]}")
        lines += soak_table(rows) if rows else []
    else:
        results = {name: strike(name, options, failures) for name in options.contestants}
        lines += tables(results, options.contestants)
    if failures:
        lines += ["### Trials that failed", "", *[f"- {failure}" for failure in failures], ""]
    text = "\n".join(lines)
    print(text)
    if options.out:
        with open(options.out, "w", encoding="utf-8") as file:
            file.write(text)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({name: {fault: [one._asdict() for one in found] for fault, found in faults.items()}
                       for name, faults in results.items()}, file, indent=1)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
