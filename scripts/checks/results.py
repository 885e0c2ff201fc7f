"""What a stage found: counts and, of failures, what to show. Read from JUnit files or from a closing line."""
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass


@dataclass
class Outcome:
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    report: str = ""

    def __add__(self, other):
        report = "\n".join(part for part in (self.report, other.report) if part)
        return Outcome(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped, report)


def tail(log, lines):
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except OSError as error:
        return f"(no log: {error})"


def read_junit(xml, log, code, program):
    """Results of googletest or pytest. A program that died, or failed without saying in which test, is one failure more."""
    outcome = Outcome()
    try:
        cases = list(ElementTree.parse(xml).getroot().iter("testcase"))
    except (OSError, ElementTree.ParseError):
        return died(log, code, program)
    for case in cases:
        problem = next((child for child in case if child.tag in ("failure", "error")), None)
        if problem is not None:
            name = f"{case.get('classname', '')}.{case.get('name', '')}"
            text, message = problem.text or "", problem.get("message", "")
            text = text if message in text else f"{message}\n{text}"
            outcome += Outcome(failed=1, report=f"FAILED {program}: {name}\n{shorten(text, 40)}")
        elif case.find("skipped") is not None or case.get("status") == "notrun" or case.get("result") == "skipped":
            outcome += Outcome(skipped=1)
        else:
            outcome += Outcome(passed=1)
    if code != 0 and outcome.failed == 0:
        outcome += Outcome(failed=1, report=f"FAILED {program}: exit code {code} although no test failed\n{tail(log, 40)}")
    return outcome


def died(log, code, program):
    text = log.read_text(errors="replace") if log.exists() else ""
    begun = re.findall(r"^\[ RUN      \] (\S+)", text, re.M)
    passed = len(re.findall(r"^\[       OK \] ", text, re.M))
    where = f" in {begun[-1]}" if begun else ""
    return Outcome(passed=passed, failed=1, report=f"FAILED {program}: ended with code {code}{where}\n{tail(log, 60)}")


def read_summary_line(log, code, program):
    """Results of a program of ours whose last such line is "N passed, N failed"."""
    text = log.read_text(errors="replace") if log.exists() else ""
    found = re.findall(r"(\d+) passed, (\d+) failed", text)
    if not found:
        return Outcome(failed=1, report=f"FAILED {program}: ended with code {code} and no result\n{tail(log, 60)}")
    passed, failed = map(int, found[-1])
    if code != 0 and failed == 0:
        failed = 1
    return Outcome(passed, failed, 0, tail(log, 80) if failed else warnings(text))


def warnings(text):
    return "\n".join(line for line in text.splitlines() if line.startswith("warning: "))


def shorten(text, lines):
    kept = text.splitlines()
    return "\n".join(kept if len(kept) <= lines else [*kept[:lines], f"… {len(kept) - lines} lines more in the log"])
