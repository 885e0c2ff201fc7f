"""Through the gateway a client sees exactly what it sees directly: rows, metadata, counters, warnings, errors, flags.

The hand-picked scripts are in e2e/scripts, the random ones come from harness/generator.py; HOLDFAST_SEED shifts them,
HOLDFAST_DIFF_SCRIPTS says how many are run.
"""
import glob
import os

import pytest

from harness.differential import CAPABILITIES, compare, parse_script
from harness.generator import Generator

SCRIPTS = sorted(glob.glob(os.path.join(os.path.dirname(__file__), "scripts", "*.sql")))
BATCHES, STATEMENTS = 10, 45
PER_BATCH = max(1, int(os.environ.get("HOLDFAST_DIFF_SCRIPTS", "100")) // BATCHES)
SEED = int(os.environ.get("HOLDFAST_SEED", "20240229"))


@pytest.mark.parametrize("capabilities", sorted(CAPABILITIES))
@pytest.mark.parametrize("path", SCRIPTS, ids=[os.path.basename(path)[:-4] for path in SCRIPTS])
def test_hand_picked_statements(gateway, cluster, path, capabilities):
    with open(path, encoding="utf-8") as file:
        steps = parse_script(file.read())
    found = compare(cluster, gateway.port(), steps, CAPABILITIES[capabilities])
    assert not found, f"{len(found)} differences:\n" + "\n".join(found[:30])


@pytest.mark.parametrize("batch", range(BATCHES))
def test_generated_statements(gateway, cluster, batch):
    found = []
    for number in range(PER_BATCH):
        seed = SEED + batch * 1000 + number
        capabilities = CAPABILITIES["modern" if number % 2 else "classic"]
        steps = Generator(seed).script(STATEMENTS)
        found += [f"seed {seed}: {line}" for line in compare(cluster, gateway.port(), steps, capabilities)]
    assert not found, f"{len(found)} differences:\n" + "\n".join(found[:30])
