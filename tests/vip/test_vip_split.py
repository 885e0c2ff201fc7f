"""Nodes that cannot hear each other, and what they leave behind: split brain, its prevention, its end. docs/vip.md states the
bounds that are asserted here, with room for a loaded machine."""
import socket
import threading
import time

import pytest

from harness.processes import eventually
from harness.vip_probe import VIP

pytestmark = pytest.mark.gateway

LEASE_ENDS = 1.8      # valid_lft 1, at most 0.5 s of the kernel's, and room
AFTER_HEAL = 1.0      # docs/vip.md: no black hole
HEARTBEATS = {"a": {"vip_extra": 'heartbeat = [ { interface = "eth2", peers = ["198.18.1.2"] } ]'},
              "b": {"vip_extra": 'heartbeat = [ { interface = "eth2", peers = ["198.18.1.1"] } ]'}}
KEYED = 'heartbeat_key_file = "{folder}/heartbeat.key"\n'
SLACK = 0.3  # of a loaded machine
ARBITER = 'arbiters = [ { arp = "198.18.0.9" } ]'


def assert_one_after_heal(cluster, healed):
    """Clients are answered within a second after the network is whole, by the one node that holds the address."""
    time.sleep(AFTER_HEAL)
    probe = cluster.probe
    holders = probe.holders()
    assert len(holders) == 1, f"{holders} hold the address {AFTER_HEAL} s after the network is whole"
    assert probe.answered_by() == holders[0], f"{holders[0]} holds the address, the client hears {probe.answered_by()}"
    time.sleep(1.0)
    assert probe.holders() == holders and probe.overlap(healed + AFTER_HEAL) == 0.0
    assert probe.outage(healed + AFTER_HEAL) == 0.0


# -- adverts are lost -------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("direction", ["out", "in", "both"])
@pytest.mark.parametrize("where", ["switch", "host"])
def test_lost_adverts_alone_do_not_make_two_holders(vips, direction, where):
    """The backup hears no advertisement, asks for the address, is answered and waits."""
    cluster = vips()
    since = cluster.probe.now()
    drop = cluster.lab.drop("a", direction, "vrrp") if where == "switch" else cluster.lab.drop_in_host("a", direction, "vrrp")
    time.sleep(2.0)
    assert cluster.probe.overlap(since) < 0.5 and cluster.probe.outage(since) < 0.3
    drop.undo()
    healed = cluster.probe.now()
    assert_one_after_heal(cluster, healed)


@pytest.mark.parametrize("direction", ["out", "in", "both"])
def test_a_healed_partition_leaves_no_black_hole(vips, direction):
    """Nothing passes between the nodes, the client sees both: two nodes alone cannot know better. Then it ends."""
    cluster = vips()
    partition = cluster.lab.partition("a", "b", "all", direction)
    time.sleep(2.0)
    partition.undo()
    healed = cluster.probe.now()
    assert_one_after_heal(cluster, healed)


def test_a_master_that_can_send_nothing_gives_way_to_one_that_can(vips):
    """Its own packet filter refuses adverts, and nobody hears its answers to a probe, so the other takes over: of the two, only that
    one can tell. The higher priority would keep both for ever."""
    cluster = vips(vip_extra="preempt = true")
    a, b = cluster["a"], cluster["b"]
    filtered = cluster.lab.drop_in_host("a", "out", "vrrp")
    eventually(lambda: a.vip()["paths"][0]["problem"], "the master to see that it cannot send", 5)
    assert "Operation not permitted" in a.vip()["paths"][0]["problem"] and a.state() == "master"
    with cluster.lab.drop("a", "out", "arp"):
        eventually(lambda: b.state() == "master", "the other to take over", 5)
        eventually(lambda: cluster.probe.holders() == ["b"], "the one that cannot send to give way", 2)
    assert a.vip()["transitions"][-1]["reason"] == "another master was heard, and this node can send nothing"
    since = cluster.probe.now()
    time.sleep(3.0)  # it tries to take them back, and is damped
    assert cluster.probe.overlap(since) < 1.0
    filtered.undo()
    cluster.settle("a", 30)


def test_high_priorities_make_no_black_hole_either(vips):
    """keepalived 254 to 250: the client hears nothing for seconds after each partition."""
    cluster = vips(per_node={"a": {"priority": 254}, "b": {"priority": 250}})
    for _ in range(3):
        with cluster.lab.partition("a", "b"):
            eventually(lambda: len(cluster.probe.holders()) == 2, "both to hold the address", 5)
        assert_one_after_heal(cluster, cluster.probe.now())


def test_a_heartbeat_on_another_path_keeps_the_backup_quiet(vips):
    cluster = vips(per_node=HEARTBEATS)
    since = cluster.probe.now()
    with cluster.lab.partition("a", "b"):
        time.sleep(2.0)
        assert cluster.probe.holders() == ["a"] and cluster["b"].state() == "backup"
    paths = {one["path"]: one for one in cluster["b"].vip()["paths"]}
    assert any("eth2" in name and one["received"] > 0 for name, one in paths.items()), paths
    assert cluster.probe.overlap(since) == 0.0 and cluster.probe.outage(since) == 0.0


def test_a_heartbeat_does_not_hide_a_death(vips):
    cluster = vips(per_node=HEARTBEATS)
    since = cluster.probe.now()
    cluster["a"].crash_host()
    cluster.settle("b")
    assert cluster.probe.outage(since) < 2.0


def test_heartbeats_with_a_key_and_with_another_key(vips):
    def keyed(name, key):
        return {"vip_extra": KEYED + HEARTBEATS[name]["vip_extra"], "files": {"heartbeat.key": key + "\n"}}
    same = vips(per_node={"a": keyed("a", "k" * 32), "b": keyed("b", "k" * 32)})
    with same.lab.partition("a", "b"):
        time.sleep(1.5)
        assert same.probe.holders() == ["a"]
    other = vips(per_node={"a": keyed("a", "k" * 32), "b": keyed("b", "x" * 32)})
    with other.lab.partition("a", "b"):
        eventually(lambda: other.probe.holders() == ["a", "b"], "b to disbelieve heartbeats with another key", 5)


# -- arbiters ---------------------------------------------------------------------------------------------------------

def test_a_node_that_reaches_no_arbiter_lets_go_and_the_other_takes_over(vips):
    cluster = vips(vip_extra=ARBITER)
    assert cluster["a"].vip()["arbiters"][0]["reached"]
    since = cluster.probe.now()
    with cluster.lab.silence("a"):
        cluster.settle("b")
        eventually(lambda: cluster["a"].state() == "fault", "a to let go")
        assert cluster.probe.overlap(since) < 0.4 + SLACK  # A of docs/vip.md; b needs Master_Down_Interval of it
    assert_one_after_heal(cluster, cluster.probe.now())
    eventually(lambda: cluster["a"].state() == "backup", "a to be a backup again")


def test_a_backup_that_reaches_no_arbiter_takes_nothing(vips):
    cluster = vips(vip_extra=ARBITER)
    since = cluster.probe.now()
    with cluster.lab.silence("b"):
        time.sleep(2.0)
        assert cluster.probe.holders() == ["a"] and cluster["b"].state() == "fault"
    assert_one_after_heal(cluster, cluster.probe.now())
    assert cluster.probe.overlap(since) == 0.0 and cluster.probe.outage(since) == 0.0


@pytest.mark.parametrize("arbiter", ['{ icmp = "198.18.0.9" }', '{ tcp = "198.18.0.9:7200" }', '{ udp = "198.18.0.9:7200" }'])
def test_every_kind_of_arbiter(vips, arbiter):
    cluster = vips("a", vip_extra=f"arbiters = [ {arbiter} ]\n", master=None)
    client, node = cluster.lab.client, cluster["a"]
    if "udp" in arbiter:
        eventually(lambda: node.state() == "fault", "nobody answers yet: no arbiter")
        echo = UdpEcho(client, "198.18.0.9", 7200)
        cluster.settle("a")
        echo.close()
        cluster.probe.wait_holder("")
        eventually(lambda: node.state() == "fault" and not node.vip()["arbiters"][0]["reached"], "the status to say why")
        return
    cluster.settle("a")  # tcp: nobody listens, but the host says so
    with cluster.lab.silence("client"):
        cluster.probe.wait_holder("")
        eventually(lambda: node.state() == "fault" and not node.vip()["arbiters"][0]["reached"], "the status to say why")
    cluster.settle("a")


class UdpEcho:
    """Answers every datagram until close()."""

    def __init__(self, host, address, port):
        self._sock = host.within(lambda: bound_udp(address, port))
        self._running = True
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while self._running:
            try:
                text, sender = self._sock.recvfrom(512)
                self._sock.sendto(text, sender)
            except OSError:  # the time-out, mostly
                pass

    def close(self):
        self._running = False
        self._thread.join()
        self._sock.close()


def bound_udp(address, port):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(0.1)
    sock.bind((address, port))
    return sock


# -- what the dead leave behind ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("strike", ["kill9_all", "kill9_guardian", "freeze", "freeze_guardian"])
def test_no_address_outlives_its_lease(vips, strike):
    """Nobody else is there to take it: the kernel alone removes it."""
    cluster = vips("a")
    node, since = cluster["a"], cluster.probe.now()
    kept = getattr(node, strike)()
    cluster.probe.wait_holder("", 5)
    assert cluster.probe.held_until("a") - since < LEASE_ENDS
    if strike.startswith("freeze"):
        node.thaw(kept)
        cluster.settle("a")
    else:
        time.sleep(1.0)
        assert not node.host.holds(VIP), "something of a dead node put the address back"


def test_no_process_survives_a_killed_guardian(vips):
    cluster = vips("a")
    pids = cluster["a"].pids()
    assert len(pids) >= 3
    cluster["a"].kill9_guardian()
    eventually(lambda: not [pid for pid in pids if alive(pid)], "gateway and steward to end with their guardian", 5)


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_node_can_be_started_while_the_last_gateway_still_ends(vips):
    """The gateway of a killed guardian stays until the addresses are gone; a supervisor does not wait for that."""
    cluster = vips("a")
    cluster["a"].kill9_guardian()
    cluster["a"].start()
    cluster.settle("a")


def test_a_guardian_that_starts_again_clears_up_what_it_left(vips):
    cluster = vips("a", vip_extra='lease = "30s"')
    node = cluster["a"]
    node.kill9_all()
    assert node.host.holds(VIP), "with a long lease the address must still be there"
    node.start()
    cluster.settle("a")
    assert any(event["event"] == "vip_stale_addresses" for event in node.events())
    node.stop()


def test_a_restarted_master_with_a_leftover_lets_the_backup_have_it(vips):
    cluster = vips(vip_extra='lease = "30s"')
    a, since = cluster["a"], cluster.probe.now()
    a.kill9_all()
    a.start()
    eventually(lambda: len(cluster.probe.holders()) == 1 and cluster.probe.answered_by() in ("a", "b"), "one holder")
    time.sleep(1.0)
    assert len(cluster.probe.holders()) == 1 and cluster.probe.outage(since) < 2.0


def test_a_thawed_master_does_not_disturb_its_successor(vips):
    cluster = vips()
    a, since = cluster["a"], cluster.probe.now()
    kept = a.freeze()
    cluster.settle("b")
    thawed = cluster.probe.now()
    a.thaw(kept)
    eventually(lambda: a.state() == "backup", "a to see that it is late")
    time.sleep(0.5)
    assert cluster.probe.holders() == ["b"] and cluster.probe.outage(thawed) < 0.3
    assert cluster.probe.overlap(thawed) < 0.3 and cluster.probe.overlap(since) < LEASE_ENDS


def test_a_silent_holder_of_the_address_is_found_by_asking(vips):
    """A third machine has the address on its interface and says nothing: only a question brings that to light."""
    cluster = vips()
    cluster.lab.client.run("ip", "address", "add", f"{VIP}/32", "dev", "eth1")
    eventually(lambda: [event for event in cluster["a"].events() if event["event"] == "vip_address_conflict"],
               "a to notice the other", 10)
    cluster.lab.client.run("ip", "address", "del", f"{VIP}/32", "dev", "eth1")
    assert cluster.probe.holders() == ["a"]


def test_a_foreign_claim_is_defended_and_said(vips):
    """A third machine claims the address by ARP."""
    cluster = vips()
    cluster.lab.client.claim(VIP)
    eventually(lambda: [event for event in cluster["a"].events() if event["event"] == "vip_address_conflict"],
               "a to notice the claim", 5)
    assert cluster.probe.holders() == ["a"]
