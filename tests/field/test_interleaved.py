"""Eight sessions at once over two or three connections per server: each sees what it would see alone on one direct connection.

The harness is in harness/interleaved*.py. HOLDFAST_INTERLEAVED_SECONDS says for how long (else: 25 trials), HOLDFAST_INTERLEAVED_SEED
where to begin, HOLDFAST_INTERLEAVED_FEATURES (a list with commas) restricts what scripts are made of, HOLDFAST_INTERLEAVED_FINDINGS ends
the run at that many kinds of difference (3).
"""
import os
import sys
import threading

import pytest

from harness.holdfast import Direct, gateway_for
from harness.interleaved import Oracle
from harness.interleaved_client import Client
from harness.interleaved_drivers import CONNECTS
from harness.interleaved_generator import generate, wanted_features
from harness.interleaved_run import run
from harness.interleaved_world import World
from harness.mariadb import Cluster
from harness.wire import Wire, first_value

SEED = int(os.environ.get("HOLDFAST_INTERLEAVED_SEED", "1"))
SECONDS = float(os.environ.get("HOLDFAST_INTERLEAVED_SECONDS", "0"))
TRIALS = 25  # where no time is given
FINDINGS = int(os.environ.get("HOLDFAST_INTERLEAVED_FINDINGS", "3"))


@pytest.fixture(scope="module")
def world():
    """Servers of our own: the trials change their globals."""
    with Cluster(in_memory=True) as cluster, World(cluster) as made:
        yield made


def test_sessions_at_once_see_what_each_would_see_alone(world):
    """A difference that does not show again, of a trial that is run again as it was, is the clock's: told, and held against nobody."""
    oracle = Oracle(world, gateway_for)
    findings, trials = run(oracle, SEED, SECONDS or 900, FINDINGS, wanted_features(), print, most_trials=sys.maxsize if SECONDS else TRIALS)
    print(f"{trials} trials from seed {SEED}, {oracle.steps} steps through the gateway, {len(findings)} kinds of difference")
    lasting = [finding for finding in findings if finding.again]
    assert not lasting, f"{len(lasting)} kinds of difference in {trials} trials:\n" + "\n".join(map(str, lasting))


class Careless:
    """Makes clients that share two connections and never reset them: what a gateway must not be."""

    def __init__(self):
        self._lock, self._shared, self._made, self._left = threading.Lock(), {}, 0, 0

    def __call__(self, port, administrator, pause):
        careless = self
        careless._made += 1
        place = careless._made % 2

        class OneOfMany(Client):
            def perform(self, step):
                if step[0] in ("quit", "cut"):
                    return []
                with careless._lock:
                    if step[0] == "connect":
                        first = super().perform(step)
                        if self._wire is not None:
                            self._wire = careless._shared.setdefault(place, self._wire)
                        return first
                    return super().perform(step)

            def leave(self):
                careless.left()
        return OneOfMany(port, administrator, pause)

    def left(self):
        """The last one to leave closes the connections, and what they hold."""
        with self._lock:
            self._left += 1
            if self._left == self._made:
                for wire in self._shared.values():
                    wire.close()


def test_the_comparison_notices_connections_that_are_shared_as_they_are(world):
    for seed in range(3):
        found = Oracle(world, Direct, Careless()).examine(generate(seed, ["ids", "settings", "state", "schema", "reads"]))
        assert len({one.session for one in found}) >= 2, f"seed {seed}: {found}"


def pins(status):
    """All that a status says under names with "pinned" in them, added up."""
    if isinstance(status, list):
        return sum(map(pins, status))
    if not isinstance(status, dict):
        return 0
    return sum(value if "pinned" in name and isinstance(value, int) else pins(value) for name, value in status.items())


@pytest.mark.gateway
@pytest.mark.parametrize("driver", sorted(CONNECTS))
def test_reads_reach_replicas_after_a_drivers_connect_statements(world, driver):
    world.restore()
    world.make([0])
    world.settle()
    with gateway_for(world.cluster, users="servers", tcp=False) as gateway:
        with Wire("127.0.0.1", gateway.split_port, "app", "app-secret", "test_s00a") as wire:
            for text in CONNECTS[driver]:
                wire.query(text.format(schema="test_s00a"))
            servers = {first_value(wire.query("select @@server_id from t where id = 1")) for _ in range(12)}
            assert servers == {"2", "3"}, f"reads after the connect statements of {driver} went to servers {sorted(servers)}"
            assert pins(gateway.status()) == 0, f"the connect statements of {driver} pin the session"
