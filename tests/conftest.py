"""Shared by all tests: the harness can be imported, a signal ends the run in order."""
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from harness import processes  # noqa: E402  (needs the path above)


def pytest_configure(config):
    config.addinivalue_line("markers", "gateway: needs the gateway itself; left out with HOLDFAST=direct")
    processes.end_on_signals()


def pytest_collection_modifyitems(config, items):
    """HOLDFAST=direct checks the tests against a plain server: those about the gateway itself are deselected."""
    from harness.holdfast import direct_mode
    if direct_mode():
        kept = [item for item in items if item.get_closest_marker("gateway") is None]
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows the end of the gateway's log, or of the logs of all nodes."""
    outcome = yield
    report = outcome.get_result()
    if report.when != "call" or not report.failed:
        return
    for value in getattr(item, "funcargs", {}).values():
        log = getattr(value, "log", None)
        if isinstance(log, str) and hasattr(value, "split_port"):
            report.sections.append(("gateway log", processes.tail(log, 40)))
        for name, path in getattr(value, "node_logs", {}).items():
            report.sections.append((f"log of node {name}", processes.tail(path, 40)))
