"""The interfaces that a virtual address needs, beside the one that VRRP speaks on; and which of them is said to be in the way."""
import pytest

from harness.holdfast_node import PRIORITIES, vip_text
from harness.processes import eventually

pytestmark = pytest.mark.gateway

OTHER = "198.18.1.100"


def with_other(priority):
    """A [[vip]] with an address on eth2, too."""
    return vip_text(priority=priority).replace("]\nrouter_id", f', {{ address = "{OTHER}/24", interface = "eth2" }} ]\nrouter_id')


BOTH = {name: {"vips": [with_other(PRIORITIES[name])]} for name in "ab"}
LOSSES = {"no carrier": lambda host: host.cable("pulled", "eth2"), "set down": lambda host: host.link("down", "eth2")}
RETURNS = {"no carrier": lambda host: host.cable("in", "eth2"), "set down": lambda host: host.link("up", "eth2")}


def in_the_way(node):
    return [(one["source"], one["reason"]) for one in node.vip()["contributions"] if one["source"].startswith("interface")]


@pytest.mark.parametrize("how", LOSSES)
def test_an_address_on_another_interface_wants_that_one_to_carry(vips, how):
    """acassen/keepalived#1110: its clients had nobody, while the master went on."""
    cluster = vips(per_node=BOTH)
    a, b = cluster["a"], cluster["b"]
    eventually(lambda: a.host.holds(OTHER), "both addresses on a", 5)
    LOSSES[how](a.host)
    cluster.probe.wait_answered_by("b")
    eventually(lambda: b.host.holds(OTHER) and not a.host.holds(OTHER), "the other address to move along", 5)
    assert in_the_way(a) == [("interface eth2", f"it {'has' if how == 'no carrier' else 'is'} {how}")]
    assert a.vip()["transitions"][-1]["reason"].startswith("the interface is down: eth2: ")
    RETURNS[how](a.host)
    eventually(lambda: a.state() == "backup", "a to be well again", 15)


WAYS = {
    "it is not there": lambda host: host.run("ip", "link", "set", "eth1", "down", "name", "eth7"),
    "it is set down": lambda host: host.link("down"),
    "it has no carrier": lambda host: host.cable("pulled"),
    "it has no IPv4 address": lambda host: host.run("ip", "addr", "flush", "dev", "eth1"),
}


@pytest.mark.parametrize("why", WAYS)
def test_the_status_names_what_is_wrong_with_the_interface(vips, why):
    """acassen/keepalived#2091, #445: six causes had one sentence."""
    cluster = vips("a")
    a = cluster["a"]
    WAYS[why](a.host)
    eventually(lambda: in_the_way(a) == [("interface eth1", why)], why, 5)
