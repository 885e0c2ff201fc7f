"""Servers die, freeze and return under load; clients must not notice what can be hidden, and nothing may be lost or doubled."""
import random
import time

import pytest

from harness import load
from harness.holdfast import direct_mode
from harness.processes import eventually

SESSIONS, DISRUPTIONS, BUDGET = 200, 20, 230


def disrupt(replica, how, dice):
    """Breaks one replica and returns the step that repairs it."""
    if how == "kill":
        replica.kill9()
        return replica.start
    if how == "freeze":
        replica.stop()
        return replica.cont
    replica.shut_down()
    return replica.start


@pytest.mark.gateway
def test_replicas_die_freeze_and_restart_under_200_sessions(gateway, repaired):
    """Less than 4 minutes. Zero errors, zero wrong answers, zero lost or doubled writes."""
    cluster, dice, began = repaired, random.Random(11), time.monotonic()
    fixed = load.prepare(cluster)
    with load.Load(gateway, fixed, SESSIONS) as clients:
        eventually(lambda: clients.reads > 2000, "the load to run", 30)
        for number in range(DISRUPTIONS):
            assert time.monotonic() - began < BUDGET, f"only {number} disruptions in {BUDGET} s"
            replica = dice.choice(cluster.replicas)
            how = ("kill", "freeze", "restart")[number % 3]
            repair = disrupt(replica, how, dice)
            reached = clients.reads, clients.writes
            # Noticed before it is repaired: else it is so while the next one is disrupted, and no replica is left.
            eventually(lambda: not gateway.server(replica.name)["reader"], f"the gateway to notice the {how} of {replica.name}", 30)
            eventually(lambda: clients.reads > reached[0] + 1500 and clients.writes > reached[1] + 50 or clients.failures,
                       f"work to go on after {how} of {replica.name}", 30)
            repair()
            eventually(replica.replicates, f"{replica.name} to replicate again", 30, 0.05, (Exception,))
            # A read that has lost its server is sent to another replica, never to the primary: there must be one.
            eventually(lambda: gateway.server(replica.name)["reader"], f"{replica.name} to count as a reader again", 30)
            served = gateway.server(replica.name)["counters"]["statements"]
            eventually(lambda: gateway.server(replica.name)["counters"]["statements"] > served + 500 or clients.failures, f"all shards to read from {replica.name} again", 30)
            assert clients.failures == [], f"after disruption {number} ({how} of {replica.name})"
        clients.stop()
    assert clients.failures == []
    assert clients.unknown == []
    assert clients.slowest < 8, f"a statement took {clients.slowest:.1f} s"
    load.verify(clients, cluster)
    print(f"{clients.reads} reads, {clients.writes} writes, slowest {clients.slowest:.2f} s, {time.monotonic() - began:.0f} s")


@pytest.mark.gateway
def test_the_primary_restarts_under_load(gateway, repaired):
    """Reads go on, writes wait; a write whose outcome nobody can know may fail, but nothing is lost or doubled."""
    cluster = repaired
    fixed = load.prepare(cluster)
    with load.Load(gateway, fixed, 40) as clients:
        eventually(lambda: clients.reads > 1000, "the load to run", 30)
        for _ in range(3):
            cluster.primary.kill9()
            reached = clients.reads
            eventually(lambda: clients.reads > reached + 300 or len(clients.failures) > 150, "reads to go on without a primary", 20)
            cluster.primary.start()
            cluster.primary.query("set global rpl_semi_sync_master_enabled=1")
            written = clients.writes
            eventually(lambda: clients.writes > written + 100, "writes to go on", 30)
        clients.stop()
    reads_failed = [failure for failure in clients.failures if "prepared read" in failure or "wrong answer" in failure]
    assert reads_failed == []
    assert len(clients.failures) <= 3 * 40, "each session loses at most what was under way at each crash"
    load.verify(clients, cluster)


@pytest.mark.gateway
def test_kill_9_of_the_gateway_loses_nothing(make_gateway, repaired):
    """The gateway itself dies: clients see broken connections, never a lost acknowledged or a doubled write."""
    cluster = repaired
    fixed = load.prepare(cluster)
    gateway = make_gateway()
    with load.Load(gateway, fixed, 40, most_failures=100_000) as clients:
        eventually(lambda: clients.writes > 300, "the load to run", 30)
        gateway.kill9()
        gateway.start()
        clients.failures.clear()
        written = clients.writes
        eventually(lambda: clients.writes > written + 300, "writes to go on", 30)
        clients.stop()
    load.verify(clients, cluster)


def test_the_load_itself_is_sound(gateway, cluster):
    """Without any disruption the account agrees: a check of the audit, direct or through the gateway."""
    fixed = load.prepare(cluster)
    with load.Load(gateway, fixed, 20 if direct_mode() else 50) as clients:
        eventually(lambda: clients.reads > 1500 and clients.writes > 300, "the load to run", 30)
        clients.stop()
    assert clients.failures == [] and clients.unknown == []
    load.verify(clients, cluster)
    doubled = clients.acknowledged[0]
    cluster.primary.query(f"insert into test.hf_audit values ({doubled}, {doubled})")
    with pytest.raises(AssertionError, match="written twice"):
        load.verify(clients, cluster)
    cluster.primary.query(f"delete from test.hf_audit where id = {doubled}")
    with pytest.raises(AssertionError, match="lost"):
        load.verify(clients, cluster)
