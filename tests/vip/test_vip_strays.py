"""Addresses that are where they should not be, or not where they should: put there, taken off, or written otherwise by somebody
else than Holdfast."""
import time

import pytest

from harness.holdfast_node import PRIORITIES, vip_text
from harness.processes import eventually
from harness.vip_probe import VIP

pytestmark = pytest.mark.gateway

AT_ONCE = 0.05  # seconds, of a loaded machine; bench/vip_failover.py measures


def events_named(node, name):
    return [event for event in node.events() if event["event"] == name]


@pytest.mark.parametrize("prefix", [32, 24, 16])
def test_a_copy_that_was_left_with_another_prefix_goes_at_the_start(vips, prefix):
    """acassen/keepalived PR #353: it was said to be removed, stayed, and answered for ever."""
    cluster = vips(start=False, master=None)
    a, b = cluster["a"], cluster["b"]
    a.start()
    cluster.settle("a")
    b.host.run("ip", "address", "add", f"{VIP}/{prefix}", "dev", "eth1")
    b.start()
    eventually(lambda: events_named(b, "vip_stale_addresses"), "the copy to be told", 5)
    cluster.settle("a")
    assert cluster.lab.holders(VIP) == ["a"]


@pytest.mark.parametrize("prefix", [32, 24])
def test_a_copy_that_somebody_puts_on_the_backup_goes_at_once_and_is_told(vips, prefix):
    """acassen/keepalived#534: both answered for ever, and the backup said nothing."""
    cluster = vips()
    a, b = cluster["a"], cluster["b"]
    since = cluster.probe.now()
    for _ in range(5):
        b.host.run("ip", "address", "add", f"{VIP}/{prefix}", "dev", "eth1")
        eventually(lambda: cluster.probe.holders() == ["a"] and not b.host.holds(VIP), "the copy to go", 5, 0.005)
        time.sleep(0.1)
    assert events_named(b, "vip_stale_addresses")
    cluster.settle("a")
    assert cluster.probe.overlap(since) < AT_ONCE
    assert a.state() == "master" and b.state() == "backup"


def test_a_node_whose_address_was_released_keeps_no_copy(vips):
    cluster = vips()
    a = cluster["a"]
    a.release()
    cluster.settle("b")
    a.host.run("ip", "address", "add", f"{VIP}/32", "dev", "eth1")
    eventually(lambda: not a.host.holds(VIP), "the copy to go from a node in fault", 5, 0.005)
    cluster.settle("b")


def test_an_address_that_somebody_takes_off_is_back_at_once(vips):
    cluster = vips()
    a = cluster["a"]
    for way in (("address", "del", f"{VIP}/24", "dev", "eth1"), ("address", "flush", "to", VIP, "dev", "eth1")):
        since = cluster.probe.now()
        a.host.run("ip", *way, check=False)  # a flush does not come to its end
        eventually(lambda: a.host.holds(VIP), "it back", 5, 0.005)
        time.sleep(0.2)
        assert cluster.probe.unheld(since) < AT_ONCE
    told = events_named(a, "vip_address_put_back")
    assert told and told[-1]["fields"]["addresses"] == VIP
    assert a.vip()["transitions"][-1]["to"] == "master"


def test_a_released_address_takes_no_other_of_its_subnet_along(vips):
    """acassen/keepalived#442: promote_secondaries is off, the node has no address of its own in that subnet."""
    first, second = "198.18.7.100", "198.18.7.101"
    texts = {name: {"vips": [vip_text("one", (first,), 51, PRIORITIES[name]), vip_text("two", (second,), 52, PRIORITIES[name])]}
             for name in "ab"}
    cluster = vips(vips=(first, second), per_node=texts, start=False, master=None)
    for node in cluster.nodes.values():
        node.host.run("sysctl", "-qw", "net.ipv4.conf.eth1.promote_secondaries=0")
        node.start()
    a, b = cluster["a"], cluster["b"]
    for vip in (first, second):
        cluster.probe.wait_holder("a", 10, vip)
    since = cluster.probe.now()
    a.cli_ok("vip", "release", "one")
    cluster.probe.wait_holder("b", 10, first)
    time.sleep(0.3)
    assert cluster.probe.unheld(since, vip=second) < AT_ONCE and a.state("two") == "master"


def test_an_address_moves_between_virtual_addresses_by_reload_without_a_gap(vips):
    """In either order of the file, and back."""
    extra = "198.18.0.101"
    cluster = vips("a", vips=(VIP, extra), per_node={"a": {"vips": [vip_text("one", (VIP, extra), 51), vip_text("two", ("198.18.0.102",), 52)]}})
    a = cluster["a"]
    eventually(lambda: a.host.holds(extra) and a.host.holds("198.18.0.102"), "all of them", 10)
    since = cluster.probe.now()
    for one, two in (((VIP,), ("198.18.0.102", extra)), ((VIP, extra), ("198.18.0.102",))):
        a.write_config(vips=[vip_text("one", one, 51), vip_text("two", two, 52)])
        a.cli_ok("reload")
        time.sleep(0.5)
    assert cluster.probe.unheld(since, vip=extra) == 0.0


def test_a_virtual_address_that_is_renamed_stays(vips):
    cluster = vips("a")
    a = cluster["a"]
    since = cluster.probe.now()
    a.write_config(vips=[vip_text("database", priority=100)])
    a.cli_ok("reload")
    eventually(lambda: [vip["name"] for vip in a.status()["vips"]] == ["database"], "the new name", 5)
    time.sleep(0.3)
    assert a.state("database") == "master" and cluster.probe.unheld(since) == 0.0 and cluster.probe.outage(since) == 0.0
