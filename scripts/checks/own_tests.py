"""The checks' own tests, *_test.py beside them: a check that no longer finds anything looks like a tree without faults."""
import unittest
from pathlib import Path


def check_own_tests():
    suite = unittest.defaultTestLoader.discover(str(Path(__file__).resolve().parent), "*_test.py")
    outcome = unittest.TestResult()
    suite.run(outcome)
    for test, trace in outcome.failures + outcome.errors:
        yield f"{test.id()}: {trace.strip().splitlines()[-1]}"
    if outcome.testsRun == 0:
        yield "scripts/checks: no test was found"
