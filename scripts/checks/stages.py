"""Runs the test stages, counts their results, ends with one line: "N passed, N failed".

Called by scripts/test. "all" runs in three steps: the program is built; then everything that computes, stage by stage, each on all
cores; then what needs real servers and networks, in two lanes: that of the virtual addresses mostly waits, and comes first where it
does not. Invariants:
  1. A stage that cannot build, or that finds nothing to run, counts as one failure.
  2. The log of everything that ran is below build/test-logs/<stage>/; that of a failure is shown as well.
  3. The last line of the output is the sum over all stages, and the exit code agrees with it.
"""
import os
import re
import signal
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import long  # noqa: E402
from results import Outcome, read_junit, read_summary_line, tail  # noqa: E402
from running import POLITE, ROOT, YIELDING, Stopped, at_once, run, run_all  # noqa: E402

LOGS = ROOT / "build" / "test-logs"
CORES = os.cpu_count() or 2
TSAN_ROOMS = ("runtime", "net", "upstream", "service")  # the rooms that cross threads
FUZZ_SECONDS = int(os.environ.get("HF_FUZZ_SECONDS", "10"))
FEWER_SCRIPTS = "2000"  # of the sessions' model, where the unit stage runs them all
CXX = "clang++-19"
ONE_BUILD = threading.Lock()  # of the release, which two lanes want


def build(stage, preset, pattern):
    """Configures and builds the preset's targets whose name matches; returns (names, Outcome of a failure or None)."""
    folder, logs = ROOT / "build" / preset, LOGS / stage
    log = logs / "build.log"
    if run(["cmake", "--preset", preset], log, 300) != 0:
        return [], Outcome(failed=1, report=f"cmake --preset {preset} failed:\n{tail(log, 30)}")
    listing = logs / "targets.log"
    run(["ninja", "-C", folder, "-t", "targets", "all"], listing, 60)
    names = sorted(set(re.findall(rf"^({pattern}): CXX_EXECUTABLE_LINKER", listing.read_text(), re.M)))
    if not names:
        return [], Outcome(failed=1, report=f"preset {preset} has no target that matches {pattern}")
    if run(["ninja", "-C", folder, "-k", "0", *names], log, 3600, nice=YIELDING) != 0:
        errors = [line for line in log.read_text(errors="replace").splitlines() if "error" in line or "FAILED" in line]
        return [], Outcome(failed=1, report="\n".join(["the build failed:", *errors[:20], "", tail(log, 30)]))
    return names, None


def unit_programs(stage, preset, pattern=r"\w+_test", env=None):
    names, failure = build(stage, preset, pattern)
    if failure:
        return failure
    jobs = []
    for name in names:
        xml = LOGS / stage / f"{name}.xml"
        xml.unlink(missing_ok=True)
        command = [ROOT / "build" / preset / name, f"--gtest_output=xml:{xml}", "--gtest_brief=0", "--gtest_color=no"]
        jobs.append((name, command, LOGS / stage / f"{name}.log", 600))
    total = Outcome()
    for name, code in run_all(jobs, CORES, env, POLITE):
        total += read_junit(LOGS / stage / f"{name}.xml", LOGS / stage / f"{name}.log", code, name)
    return total


def stage_lint():
    log = LOGS / "lint" / "lint.log"
    code = run(["/usr/bin/python3", ROOT / "scripts" / "lint"], log, 1800, nice=YIELDING)
    return read_summary_line(log, code, "lint")


def stage_lint_quick():
    log = LOGS / "lint" / "lint-quick.log"
    code = run(["/usr/bin/python3", ROOT / "scripts" / "lint", "--quick"], log, 600)
    return read_summary_line(log, code, "lint")


def stage_unit():
    return unit_programs("unit", "dev")


def stage_asan():
    return unit_programs("asan", "asan", env={
        "ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1:check_initialization_order=1",
        "HF_SESSION_SCRIPTS": FEWER_SCRIPTS, "UBSAN_OPTIONS": "print_stacktrace=1", "ASAN_SYMBOLIZER_PATH": "/usr/bin/llvm-symbolizer-19"})


def stage_tsan():
    return unit_programs("tsan", "tsan", rf"(?:{'|'.join(TSAN_ROOMS)})_test", env={
        "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1:external_symbolizer_path=/usr/bin/llvm-symbolizer-19"})


def stage_gcc():
    return unit_programs("gcc", "gcc-pure", env={"HF_SESSION_SCRIPTS": FEWER_SCRIPTS})


def stage_fuzz():
    names, failure = build("fuzz", "asan", r"\w+_fuzz")  # one build for both: the libraries carry the fuzzers' instruments
    if failure:
        return failure
    jobs = []
    for name in names:
        grown, seeds = ROOT / "build" / "fuzz" / "corpus" / name, ROOT / "tests" / "corpus" / name
        grown.mkdir(parents=True, exist_ok=True)
        command = [ROOT / "build" / "asan" / name, f"-max_total_time={FUZZ_SECONDS}", "-timeout=10", "-rss_limit_mb=2048",
                   f"-artifact_prefix={LOGS / 'fuzz' / name}-", grown, seeds]  # only into the first folder does it write
        jobs.append((name, command, LOGS / "fuzz" / f"{name}.log", FUZZ_SECONDS + 120))
    total = Outcome()
    for name, code in run_all(jobs, CORES, {"ASAN_SYMBOLIZER_PATH": "/usr/bin/llvm-symbolizer-19"}, POLITE):
        ok = code == 0
        total += Outcome(passed=int(ok), failed=int(not ok),
                         report="" if ok else f"{name} found an input, or broke:\n{tail(LOGS / 'fuzz' / f'{name}.log', 40)}")
    return total


def stage_canary():
    """The compiler must not fail the coroutine idioms that this project lives by, at any level of optimisation."""
    folder, total = ROOT / "build" / "canary", Outcome()
    folder.mkdir(parents=True, exist_ok=True)
    for name, flags in (("O0", ["-O0"]), ("O2", ["-O2"]), ("asan", ["-O1", "-g1", "-fsanitize=address,undefined"])):
        program, log = folder / f"canary-{name}", LOGS / "canary" / f"{name}.log"
        source = ROOT / "tools" / "compiler_canary" / "canary.cc"
        warnings = ["-Wall", "-Wextra", "-Werror"]
        code = run([CXX, "-std=c++20", *warnings, *flags, "-fuse-ld=lld", source, "-o", program], log, 240, nice=YIELDING)
        if code != 0:
            total += Outcome(failed=1, report=f"the canary does not compile with {name}:\n{tail(log, 30)}")
            continue
        total += read_summary_line(log, run([program], log, 60), f"canary {name}")
    return total


def stage_release():
    """The program as users get it."""
    log = LOGS / "release" / "build.log"
    with ONE_BUILD:
        built = run([ROOT / "scripts" / "build", "release"], log, 3600)
    if built != 0:
        return Outcome(failed=1, report=f"the release build failed:\n{tail(log, 40)}")
    return Outcome(passed=1)


def stage_e2e():
    return real_servers("e2e")


def stage_vip():
    """Virtual addresses, in network namespaces."""
    return real_servers("vip", 0)  # it measures times, beside what yields to it


def stage_field():
    """The interleaved comparison of sessions."""
    return real_servers("field")


def real_servers(stage, nice=POLITE):
    built = stage_release()
    if built.failed:
        return built
    program, tests = ROOT / "build" / "release" / "holdfast", ROOT / "tests" / stage
    for needed in (program, tests):
        if not needed.exists():
            return Outcome(failed=1, report=f"there is no {needed.relative_to(ROOT)}")
    xml, log = LOGS / stage / "pytest.xml", LOGS / stage / "pytest.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    xml.unlink(missing_ok=True)
    command = ["/usr/bin/python3", "-m", "pytest", tests, "-q", "-p", "no:cacheprovider", f"--junitxml={xml}"]
    code = run(command, log, 2400, {"HOLDFAST": str(program)}, nice)
    return read_junit(xml, log, code, "pytest")


STAGES = {"release": stage_release, "lint": stage_lint, "lint-quick": stage_lint_quick, "unit": stage_unit, "asan": stage_asan,
          "tsan": stage_tsan, "gcc": stage_gcc, "fuzz": stage_fuzz, "canary": stage_canary, "e2e": stage_e2e, "vip": stage_vip,
          "field": stage_field}
# Groups in steps, each of lanes that run at once. Nothing is in two steps.
COMPUTING = ["lint", "unit", "asan", "fuzz", "tsan", "gcc", "canary"]
GROUPS = {"quick": [[["lint-quick", "unit"]]],  # without what takes minutes
          "all": [[["release"]], [COMPUTING], [["e2e", "field"], ["vip"]]]}


def run_stage(name):
    print(f"== {name}", flush=True)
    began = time.monotonic()
    try:
        outcome = STAGES[name]()
    except Stopped:
        outcome = Outcome(failed=1, report="interrupted")
    except Exception as error:  # a broken stage is a failure, not the end of the run
        outcome = Outcome(failed=1, report=f"the stage itself broke: {type(error).__name__}: {error}")
    if outcome.passed + outcome.failed == 0:
        outcome = Outcome(failed=1, skipped=outcome.skipped, report="nothing ran: that cannot be right")
    verdict = "FAILED" if outcome.failed else "ok"
    skipped = f", {outcome.skipped} skipped" if outcome.skipped else ""
    closing = (f"== {name}: {verdict}, {outcome.passed} passed, {outcome.failed} failed{skipped}, "
               f"{time.monotonic() - began:.0f} s")
    print("\n".join(part for part in (outcome.report, closing) if part), flush=True)  # at once: another lane prints too
    return outcome


def run_lane(names, outcomes):
    for name in names:
        outcomes[name] = run_stage(name)


def interrupt(number, _frame):
    raise KeyboardInterrupt(f"signal {number}")


def run_stages(steps):
    """{stage: Outcome}, also of what an interrupted run had begun."""
    outcomes = {}
    try:
        for lanes in steps:
            at_once([lambda lane=lane: run_lane(lane, outcomes) for lane in lanes], len(lanes))
    except KeyboardInterrupt:
        outcomes["(interrupted)"] = Outcome(failed=1)
    return outcomes


def main(arguments):
    wanted = arguments[0] if arguments else "all"
    signal.signal(signal.SIGTERM, interrupt)
    if wanted == "long":
        outcomes = long.run_jobs(arguments[1:], LOGS / "long", build)
    elif wanted in GROUPS or wanted in STAGES:
        outcomes = run_stages(GROUPS.get(wanted, [[[wanted]]]))
    else:
        print(f"test: no stage {wanted}; there are {', '.join([*GROUPS, *STAGES, 'long'])}", file=sys.stderr)
        print("0 passed, 1 failed")
        return 2
    failures = [name for name, outcome in outcomes.items() if outcome.failed]
    if failures:
        for name in failures:  # once more, in few lines: whoever sees only the end of a long output finds them
            print("\n".join([f"failed: {name}", *re.findall(r"^FAILED (.*)", outcomes[name].report, re.M)[:40]]))
        print(f"logs are in {LOGS.relative_to(ROOT)}/")
    passed = sum(outcome.passed for outcome in outcomes.values())
    failed = sum(outcome.failed for outcome in outcomes.values())
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
