"""The large numbers: ./scripts/test long [JOB...]. Not in "all": they may run for hours, in the background.

A job is a test that takes a count, and where it can a first seed, from the environment. It is run in slices, one after the
other, and after each a line says which seeds have passed and about how long the rest takes. A slice that fails ends its job,
and its line is the command that runs it again. Logs are in build/test-logs/long/<job>.log.

HF_LONG_SEED is the first seed of all jobs; by default every day begins elsewhere.
"""
import os
import sys
import time
from dataclasses import dataclass

from results import Outcome, tail
from running import ROOT, Stopped, run

PYTEST = ("/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider")
SLICE_SECONDS = 3 * 3600


@dataclass(frozen=True)
class Job:
    """`count` is the variable that takes a number of runs, `seed` the one that takes the first seed ("": it has none); a slice
    uses seeds below its first one plus `stride`."""
    name: str
    total: int
    slice: int
    command: tuple
    count: str
    seed: str = ""
    stride: int = 1_000_000
    preset: str = "release"      # what is built first, and
    target: str = "holdfast"     # which of its programs


def unit_test(program, filter):
    return {"command": (f"build/dev/{program}", f"--gtest_filter={filter}"), "preset": "dev", "target": program}


def e2e_test(*words):
    return {"command": (*PYTEST, *words)}


JOBS = (
    Job("vrrp", 100_000, 2_000, count="HF_VRRP_RUNS", seed="HF_VRRP_SEED", stride=2_000,
        **unit_test("policy_test", "VrrpSimulation.*")),
    Job("vrrp-groups", 100_000, 2_000, count="HF_VRRP_RUNS", seed="HF_VRRP_SEED", stride=2_000,
        **unit_test("policy_test", "VrrpGroupSimulation.*")),
    Job("sessions", 1_000_000, 50_000, count="HF_SESSION_SCRIPTS", seed="HF_SESSION_SEED", stride=1, **unit_test("policy_test", "SessionModel.*")),
    Job("configurations", 50_000, 5_000, count="HF_CONFIG_DRAWS", seed="HF_CONFIG_SEED", stride=1, **unit_test("config_test", "PrintProperty.*")),
    Job("differential", 5_000, 500, count="HOLDFAST_DIFF_SCRIPTS", seed="HOLDFAST_SEED", stride=10_000,
        **e2e_test("tests/e2e/test_differential.py", "-k", "generated")),
    Job("interleaved", 3_600, 600, count="HOLDFAST_INTERLEAVED_SECONDS", seed="HOLDFAST_INTERLEAVED_SEED", stride=1,
        **e2e_test("tests/field/test_interleaved.py")),
    Job("reloads", 5_000, 1_000, count="HF_RELOADS", seed="HF_RELOADS_SEED", stride=1, **e2e_test("tests/e2e/test_reload_load.py")),
    Job("failover", 50, 5, count="HF_VIP_TRIALS", **e2e_test("tests/vip/test_vip_faults.py")),
)


def run_jobs(names, logs, build):
    """{"long <job>": Outcome}. `build(stage, preset, pattern)` as in stages.py."""
    unknown = [name for name in names if name not in [job.name for job in JOBS]]
    if unknown:
        print(f"test: no long job {unknown[0]}; there are {', '.join(job.name for job in JOBS)}", file=sys.stderr)
        return {"long": Outcome(failed=1)}
    first = int(os.environ.get("HF_LONG_SEED") or int(time.time()) // 86400 * 1_000_000)
    outcomes = {}
    try:
        for job in JOBS:
            if not names or job.name in names:
                outcomes[f"long {job.name}"] = Outcome(failed=1)  # until it has passed
                outcomes[f"long {job.name}"] = run_job(job, first, logs, build)
    except (KeyboardInterrupt, Stopped):
        print("long: interrupted", flush=True)
    return outcomes


def run_job(job, first, logs, build):
    _, failure = build("long", job.preset, job.target)
    if failure:
        print(failure.report)
        return failure
    log, began, done, total = logs / f"{job.name}.log", time.monotonic(), 0, Outcome()
    environment = {"HOLDFAST": str(ROOT / "build" / "release" / "holdfast")}
    print(f"== long {job.name}: {job.total} runs" + (f", the first seed is {first}" if job.seed else ""), flush=True)
    while done < job.total:
        count = min(job.slice, job.total - done)
        seed = first + done // job.slice * job.stride
        settings = {job.count: str(count)} | ({job.seed: str(seed)} if job.seed else {})
        code = run(job.command, log, SLICE_SECONDS, environment | settings)
        if code != 0:
            again = " ".join([f"{name}={value}" for name, value in settings.items()] + list(job.command))
            print(f"{tail(log, 60)}\nFAILED long {job.name} after {done} of {job.total}: {again}", flush=True)
            return total + Outcome(failed=1)
        done += count
        total += Outcome(passed=1)
        seconds = time.monotonic() - began
        print(f"long {job.name}: {done} of {job.total} passed" + (f", the last from seed {seed}" if job.seed else "") +
              f", {seconds:.0f} s, about {seconds / done * (job.total - done):.0f} s left", flush=True)
    return total
