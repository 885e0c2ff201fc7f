"""What must not move an address, or must not be lost: reloads, restarts of the helpers beside the guardian, changes of the
interface by somebody else."""
import os
import signal
import time

import pytest

from harness.holdfast_node import vip_text
from harness.processes import eventually
from harness.vip_probe import VIP

pytestmark = pytest.mark.gateway

SECOND = "198.18.0.101"


def pair(priority):
    extra = 'sync_group = "pair"'
    return [vip_text("one", (VIP,), 51, priority, extra=extra), vip_text("two", (SECOND,), 52, priority, extra=extra)]


def a_pair(vips):
    cluster = vips(vips=(VIP, SECOND), master=None, per_node={"a": {"vips": pair(100)}, "b": {"vips": pair(90)}})
    cluster.settle("a", vip=VIP)
    cluster.settle("a", vip=SECOND)
    return cluster


def changes(node):
    return [len(vip["transitions"]) for vip in node.status()["vips"]]


def test_a_reload_does_not_move_a_sync_group(vips):
    cluster = a_pair(vips)
    since, before = cluster.probe.now(), changes(cluster["a"])
    cluster["a"].cli_ok("reload")
    time.sleep(1.0)
    assert changes(cluster["a"]) == before
    assert cluster.probe.unheld(since, vip=VIP) == 0.0 and cluster.probe.holders(SECOND) == ["a"]


def test_a_steward_that_dies_does_not_move_a_sync_group(vips):
    cluster = a_pair(vips)
    a, before = cluster["a"], changes(cluster["a"])
    old = a.status()["guardian"]["steward_pid"]
    a.signal(signal.SIGKILL, old)
    eventually(lambda: a.status()["guardian"]["steward_pid"] not in (0, old), "a new steward")
    time.sleep(1.0)
    assert changes(a) == before


def test_a_member_that_leaves_or_joins_a_sync_group_does_not_move_the_others(vips):
    """The second node, whose file still has the pair, takes the one that this one gives up, and has to give it back."""
    cluster = a_pair(vips)
    a, since = cluster["a"], cluster.probe.now()
    a.write_config(vips=pair(100)[:1])
    a.cli_ok("reload")
    cluster.settle("b", vip=SECOND)
    a.write_config(vips=pair(100))
    a.cli_ok("reload")
    cluster.settle("a", vip=SECOND)
    assert cluster.probe.unheld(since, vip=VIP) == 0.0


def test_reloads_in_quick_succession_leave_one_of_each(vips):
    cluster = vips("a")
    a = cluster["a"]
    for router_id in (61, 62, 63):
        a.write_config(vips=[vip_text(router_id=router_id)])
        a.cli_ok("reload")
    eventually(lambda: [(vip["router_id"], vip["state"]) for vip in a.status()["vips"]] == [(63, "master")], "the last alone to be master")


def test_a_shorter_interval_is_no_stall(vips):
    cluster = vips("a", advert_interval="2s")
    a, since, before = cluster["a"], cluster.probe.now(), len(cluster["a"].vip()["transitions"])
    time.sleep(1.0)
    a.write_config(advert_interval="50ms")
    a.cli_ok("reload")
    time.sleep(1.0)
    assert len(a.vip()["transitions"]) == before and cluster.probe.unheld(since) == 0.0


def test_a_new_vip_knows_what_is_tracked_already(vips):
    extra = 'track = [ { service = "echo", weight = "release" } ]'
    cluster = vips("a", vips=(VIP, SECOND), master=None)
    a = cluster["a"]
    cluster.settle("a", vip=VIP)
    a.line_server.kill()
    eventually(lambda: a.status()["services"][0]["servers"][0]["health"] == "down", "the service to be seen down")
    a.write_config(vips=[vip_text(), vip_text("two", (SECOND,), 52, 100, extra=extra)])
    a.cli_ok("reload")
    eventually(lambda: len(a.status()["vips"]) == 2, "the second to be there")
    time.sleep(1.5)
    assert a.state("two") == "fault", "its service has no server"


def test_the_event_of_a_stuck_gateway_is_in_the_log_of_the_next(vips):
    cluster = vips("a", node_extra='gateway_silence = "500ms"\ngateway_kill = "1s"')
    a = cluster["a"]
    a.freeze_gateway()
    a.revive_gateway()
    eventually(lambda: "HF-6011" in a.log_text(), "the event")
    a.wait_takes_part()


def test_a_signal_for_a_gateway_that_starts_is_kept_for_it(vips):
    cluster = vips("a")
    a = cluster["a"]
    before = a.status()["guardian"]["gateway_restarts"]
    a.kill9_gateway()
    for _ in range(100):
        os.kill(a.guardian_pid(), signal.SIGUSR1)
        time.sleep(0.003)
    a.revive_gateway()
    a.wait_takes_part()
    assert a.status()["guardian"]["gateway_restarts"] == before + 1


def test_another_own_address_lets_go_in_order(vips):
    cluster = vips()
    a = cluster["a"]
    a.host.run("ip", "addr", "add", "198.18.0.77/24", "dev", "eth1")
    a.host.run("sysctl", "-qw", "net.ipv4.conf.eth1.promote_secondaries=1")
    a.host.run("ip", "addr", "del", "198.18.0.1/24", "dev", "eth1")
    eventually(lambda: a.vip()["own_address"] == "198.18.0.77", "the new address to be found")
    time.sleep(0.5)
    refused = [event for event in a.events() if event["event"] == "vip_kernel_refused"]
    assert not refused, refused
    cluster.probe.wait_answered_by("b")


def test_an_address_that_somebody_takes_off_comes_back(vips):
    cluster = vips("a")
    a = cluster["a"]
    for _ in range(3):
        a.host.remove_address(VIP)
        eventually(lambda: a.host.holds(VIP), "it to be back", 1.5)
    assert a.state() == "master"


def test_another_mac_is_announced(vips):
    cluster = vips("a")
    a = cluster["a"]
    a.host.run("ip", "link", "set", "eth1", "address", "02:00:00:00:77:77")
    cluster.lab.forget_neighbours()
    cluster.settle("a")
    time.sleep(11)  # announce_refresh comes in it: of the old address it would take the clients' way away
    assert "77:77" in cluster.lab.client.run("ip", "neigh", "show", VIP)


@pytest.mark.parametrize("end", ["stop", "kill9_all"])
def test_an_operators_release_survives_a_restart_until_it_is_resumed(vips, end):
    """opnsense/core#5930, ClusterLabs/crmsh#2147: it was taken back a second after the start, and maintenance is restarts."""
    cluster = vips(vip_extra="preempt = true")
    a = cluster["a"]
    a.release()
    cluster.settle("b")
    kept = os.path.join(a.folder, "vip_orders")
    eventually(lambda: os.path.exists(kept), "the order to be kept", 5)
    since = cluster.probe.now()
    for _ in range(2):
        getattr(a, end)()
        a.start()
        assert ("operator", "released by command") in [(one["source"], one["reason"]) for one in a.vip()["contributions"]]
    assert a.state() == "fault" and cluster.probe.holders() == ["b"] and cluster.probe.unheld(since) == 0.0
    a.resume()
    cluster.settle("a")
    eventually(lambda: not os.path.exists(kept), "the order to be forgotten", 5)
    getattr(a, end)()
    a.start()
    cluster.settle("a", 15)
