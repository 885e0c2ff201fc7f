"""Sync groups end on one node and stay there, whatever the priorities and the order of start: between two of ours, and beside
keepalived, which has sync groups of its own."""
import time

import pytest

from harness.holdfast_node import vip_text
from harness.keepalived import Keepalived, instance_text
from harness.processes import eventually
from harness.vip_probe import VIP

pytestmark = pytest.mark.gateway

SECOND = "198.18.0.101"
BOTH = (VIP, SECOND)
CROSSED = {"a": (110, 100), "b": (100, 110)}
EQUAL = {"a": (100, 100), "b": (100, 100)}
ORDERED = {"a": (110, 110), "b": (100, 100)}


def members(priorities, preempt):
    extra = f'sync_group = "pair"\npreempt = {str(preempt).lower()}'
    return [vip_text("one", (VIP,), 51, priorities[0], extra=extra), vip_text("two", (SECOND,), 52, priorities[1], extra=extra)]


def a_group(vips, priorities, preempt=True, **settings):
    per_node = {name: {"vips": members(priorities[name], preempt)} for name in priorities}
    return vips(vips=BOTH, master=None, start=False, per_node=per_node, **settings)


def settle(cluster, holder, seconds=10):
    for vip in BOTH:
        cluster.settle_address(holder, seconds, vip)


def changes(cluster):
    return {name: [vip["transitions_total"] for vip in node.status()["vips"]] for name, node in cluster.nodes.items()}


def assert_still(cluster, holder, seconds=3.0):
    """Nothing moves for so long, which is ten times what the fault that these tests are about needs."""
    before, since = changes(cluster), cluster.probe.now()
    time.sleep(seconds)
    assert changes(cluster) == before
    for vip in BOTH:
        assert cluster.probe.holders(vip) == [holder]
        assert cluster.probe.unheld(since, vip=vip) == 0.0 and cluster.probe.overlap(since, vip=vip) == 0.0


@pytest.mark.parametrize("preempt", [True, False], ids=["preempt", "no preempt"])
@pytest.mark.parametrize("priorities", [CROSSED, EQUAL], ids=["crossed", "equal"])
@pytest.mark.parametrize("order", ["ab", "ba"])
def test_the_node_that_has_the_group_keeps_it(vips, order, priorities, preempt):
    cluster = a_group(vips, priorities, preempt)
    first, second = order
    cluster[first].start()
    settle(cluster, first)
    cluster[second].start()
    eventually(lambda: [vip["state"] for vip in cluster[second].status()["vips"]] == ["backup"] * 2, "the other to be backup")
    assert_still(cluster, first)


def test_a_node_that_comes_back_takes_a_group_only_where_it_is_higher_as_a_whole(vips):
    cluster = a_group(vips, CROSSED)
    for name in "ab":
        cluster[name].start()
        settle(cluster, "a")
    cluster["a"].stop()
    settle(cluster, "b")
    cluster["a"].start()
    assert_still(cluster, "b")
    for name in "ab":
        cluster[name].write_config(vips=members(ORDERED[name], True))
        cluster[name].cli_ok("reload")
    settle(cluster, "a")
    assert_still(cluster, "a")


@pytest.mark.parametrize("priorities", [CROSSED, EQUAL, ORDERED], ids=["crossed", "equal", "ordered"])
def test_two_nodes_that_could_not_hear_each_other_agree(vips, priorities):
    cluster = a_group(vips, priorities)
    for name in "ab":
        cluster[name].start()
        settle(cluster, "a")
    with cluster.lab.partition("a", "b"):
        eventually(lambda: all(cluster.lab[name].holds(vip) for name in "ab" for vip in BOTH), "both to hold both")
    winner = "a" if priorities is ORDERED else "b"  # of equal ones the higher address
    settle(cluster, winner)
    assert_still(cluster, winner)


def test_a_group_that_is_moved_to_and_fro_is_damped_and_says_so(vips):
    cluster = a_group(vips, ORDERED)
    for name in "ab":
        cluster[name].start()
        settle(cluster, "a")
    b = cluster["b"]
    for _ in range(2):
        b.cli_ok("vip", "prefer", "one")
        settle(cluster, "b")
        b.cli_ok("vip", "resume", "one")
        settle(cluster, "a")
    assert "vip_damped" in [event["event"] for event in b.events()]
    assert 0 < b.vip("one")["damped_ms"] <= 5000 and "damped" in b.cli_ok("status")
    cluster["a"].crash_host()
    settle(cluster, "b", 3)  # from nobody it takes at once


@pytest.fixture
def beside_keepalived(vips):
    """Ours on a, keepalived with a sync group on b, the first of the two named first."""
    others = []

    def make(ours, theirs, first):
        instances = [instance_text("one", (VIP,), 51, theirs[0], 0.1), instance_text("two", (SECOND,), 52, theirs[1], 0.1)]
        group = "vrrp_sync_group pair {\n group {\n one\n two\n }\n}"
        cluster = a_group(vips, {"a": ours}, only="a")
        others.append(Keepalived(cluster.lab["b"], version=3, instances=instances, before=group, start=False))
        one, other = (cluster["a"], others[-1]) if first == "a" else (others[-1], cluster["a"])
        one.start()
        settle(cluster, first, 15)
        other.start()
        return cluster, others[-1]
    yield make
    for other in others:
        other.close()


@pytest.mark.parametrize("first", ["a", "b"])
def test_beside_keepalived_crossed_priorities_leave_the_group_where_it_is(beside_keepalived, first):
    cluster, _ = beside_keepalived((110, 100), (90, 110), first)
    assert_still(cluster, first)


def test_beside_keepalived_the_higher_has_all_and_each_takes_over_from_the_other(beside_keepalived):
    cluster, keepalived = beside_keepalived((100, 100), (110, 110), "a")
    settle(cluster, "b", 15)
    assert_still(cluster, "b")
    keepalived.stop()
    settle(cluster, "a")
    keepalived.start()
    settle(cluster, "b", 15)
    cluster["a"].stop()
    settle(cluster, "b")
