"""The interfaces that a virtual address needs, beside the one that VRRP speaks on: those of heartbeat paths, of other addresses, of
a virtual MAC. They come late, go, and are made anew; and which of them is in the way is said."""
import pytest

from harness.holdfast_node import PRIORITIES, vip_text
from harness.processes import eventually
from harness.vip_probe import VIP

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


# -- heartbeat paths --------------------------------------------------------------------------------------------------

def heartbeat(interface="eth2"):
    """A second path, of both nodes."""
    peers = {"a": "198.18.1.2", "b": "198.18.1.1"}
    return {name: {"vip_extra": f'heartbeat = [ {{ interface = "{interface}", peers = ["{peers[name]}"] }} ]'} for name in "ab"}


def second_path(node):
    return node.vip()["paths"][1]


def is_alive(node):
    path = second_path(node)
    return path["problem"] == "" and path["heard_ms"] is not None and path["heard_ms"] < 1000


def test_a_heartbeat_interface_that_is_missing_at_the_start_is_in_nobodys_way(vips):
    """acassen/keepalived#655: the address was on no node for as long as it was missing."""
    cluster = vips(per_node=heartbeat(), start=False, master=None)
    a, b = cluster["a"], cluster["b"]
    for node in (a, b):
        node.host.run("ip", "link", "del", "eth2")
        node.start()
    cluster.settle("a")
    assert second_path(a)["problem"] == "it is not there" and second_path(a)["sent"] == 0
    assert "IT DOES NOT WORK: it is not there" in a.cli_ok("status")
    assert [event["fields"]["reason"] for event in a.events() if event["event"] == "vip_path_down"] == ["it is not there"]
    since = cluster.probe.now()
    for node in (a, b):
        node.host.make_link()
    for node in (a, b):
        eventually(lambda node=node: is_alive(node), f"the second path of {node.name}", 5)
    assert [event["fields"]["path"] for event in a.events() if event["event"] == "vip_path_up"] == ["heartbeat eth2"]
    with cluster.lab.partition("a", "b"):  # what the path is there for
        eventually(lambda: second_path(b)["received"] > 30, "signs of life on the second path only", 10)
        assert cluster.probe.holders() == ["a"]
    assert cluster.probe.overlap(since) == 0.0 and cluster.probe.outage(since) == 0.0


REMAKES = {
    "deleted and made": lambda host: (host.run("ip", "link", "del", "eth2"), host.make_link()),
    "renamed and back": lambda host: [host.run("ip", "link", "set", one, "down", "name", other) and None
                                      for one, other in (("eth2", "eth7"), ("eth7", "eth2"))] + [host.link("up", "eth2")],
    "set down and up": lambda host: (host.link("down", "eth2"), host.link("up", "eth2")),
}


@pytest.mark.parametrize("how", REMAKES)
def test_a_heartbeat_path_comes_back_with_its_interface(vips, how):
    """acassen/keepalived#2190: the path stayed dead, through reloads, until a restart; a cut of eth1 then gave two holders."""
    cluster = vips(per_node=heartbeat())
    a, b = cluster["a"], cluster["b"]
    since = cluster.probe.now()
    REMAKES[how](b.host)
    for node in (a, b):
        before = second_path(node)["received"]
        eventually(lambda node=node, before=before: is_alive(node) and second_path(node)["received"] > before + 3,
                   f"the second path of {node.name} to come back", 8)
    with cluster.lab.partition("a", "b"):
        received = second_path(b)["received"]
        eventually(lambda: second_path(b)["received"] > received + 10, "signs of life on the second path", 5)
        assert cluster.probe.holders() == ["a"]
    assert cluster.probe.overlap(since) == 0.0 and cluster.probe.outage(since) == 0.0


# -- the interface of a virtual MAC -----------------------------------------------------------------------------------

def virtual_mac_device(node):
    listing = node.host.run("ip", "-o", "link", "show", "type", "macvlan").split()
    return listing[1].split("@")[0]


DAMAGE = {"deleted": ("link", "del"), "set down": ("link", "set", "down", "dev")}


@pytest.mark.parametrize("how", DAMAGE)
def test_the_interface_of_a_virtual_mac_is_made_again(vips, how):
    """acassen/keepalived#2572: the master gave up, and fell back again every five seconds; a node alone had no address."""
    cluster = vips(vip_extra="virtual_mac = true")
    a = cluster["a"]
    since = cluster.probe.now()
    a.host.run("ip", *DAMAGE[how], virtual_mac_device(a))
    eventually(lambda: a.host.holds(VIP), "the address on a again", 5)
    cluster.settle("a")
    assert a.state() == "master" and cluster.probe.holders() == ["a"]
    assert cluster.probe.outage(since) < 0.3 and a.vip()["transitions"][-1]["to"] == "master"


def test_both_families_may_use_one_router_id_with_virtual_macs(vips):
    """acassen/keepalived#2570: the second made the interface of the first anew, and the address was on no node."""
    v6 = "fd00:18::100"
    texts = {name: {"vips": [
        vip_text(priority=PRIORITIES[name], extra="virtual_mac = true"),
        vip_text(name="six", addresses=("fe80::100", v6), priority=PRIORITIES[name], extra="virtual_mac = true")]} for name in "ab"}
    cluster = vips(vips=(VIP, v6), per_node=texts)
    a, b = cluster["a"], cluster["b"]
    eventually(lambda: a.state("six") == "master" and a.host.holds(v6) and a.host.holds(VIP), "both on a", 10)
    assert b.state() == b.state("six") == "backup"
    a.cli_ok("vip", "release", "six")
    eventually(lambda: b.host.holds(v6) and not a.host.holds(v6), "one of them on b", 10)
    assert a.host.holds(VIP) and a.state() == "master"
