"""Runs trial after trial for some time and gathers what differs, one finding for each kind of difference.

In tests/:
    HOLDFAST=… /usr/bin/python3 -m harness.interleaved_run --seconds 3600 --findings 20 [--seed N] [--only REGULAR_EXPRESSION]

HOLDFAST_INTERLEAVED_FEATURES restricts what the scripts are made of, --only which sorts of difference are told.
"""
import argparse
import re
import sys
import time
from dataclasses import replace

from . import processes
from .holdfast import gateway_for
from .interleaved import Oracle
from .interleaved_generator import generate, wanted_features
from .interleaved_shrink import Shrinker
from .interleaved_world import World
from .mariadb import Cluster

SHRINK_SECONDS = 25


def run(oracle, seed, seconds, most_findings, features, tell=lambda text: None, only="", most_trials=sys.maxsize):
    """(findings, trials): ends after `seconds`, or `most_trials`, or with `most_findings` sorts of difference. only: a pattern that they match."""
    deadline, findings, known, trials = time.monotonic() + seconds, [], set(), 0
    while len(findings) < most_findings and trials < most_trials and (trials == 0 or time.monotonic() < deadline):
        trial = generate(seed + trials, features)
        trials += 1
        differences = oracle.examine(trial)
        tell(f"seed {trial.seed}: {len(trial.sessions())} sessions, {len(trial.events)} steps, {len(differences)} differences")
        fresh = [one for one in differences if one.where not in known and re.search(only, one.where)]
        if not fresh:
            continue
        first, began = fresh[0], list(oracle.began)
        known.add(first.where)
        if first.event >= 0:
            trial, first = trial.in_order(began), replace(first, event=began.index(first.event))
        if first.session >= 0:
            oracle.check_steady(trial, first.session)
        findings.append(Shrinker(oracle, trial, first, SHRINK_SECONDS).shrink())
        tell(str(findings[-1]))
    return findings, trials


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--findings", type=int, default=10)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    processes.end_on_signals()
    with Cluster(in_memory=True) as cluster, World(cluster) as world:
        oracle = Oracle(world, gateway_for)
        findings, trials = run(oracle, options.seed, options.seconds, options.findings, wanted_features(),
                               lambda text: print(text, flush=True), options.only)
    print(f"{trials} trials from seed {options.seed}, {oracle.steps} steps through the gateway, {len(findings)} kinds of difference")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
