"""A second process beside one that runs: it has to have the right to an address before it touches it, and changes nothing for the
first one. One that is about to end is waited for."""
import os
import signal
import subprocess
import time

import pytest

from harness.holdfast import program
from harness.holdfast_node import vip_text
from harness.processes import eventually
from harness.vip_probe import VIP

pytestmark = pytest.mark.gateway

OTHER = "198.18.0.101"


def start_again(node, config=None):
    """`holdfast run` beside the one that runs, to its end."""
    return subprocess.run(node.host.prefix(os.path.abspath(program()), "run", "--config", config or node.config), cwd=node.folder,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)


def other_file(node, **replaced):
    """The node's file with sockets of its own and what is said replaced."""
    with open(node.config, encoding="utf-8") as file:
        text = file.read()
    for old, new in {"admin.sock": "other.sock", "127.0.0.1:9400": "127.0.0.1:9401", ":7000": ":7100", **replaced}.items():
        text = text.replace(old, new)
    return node.write_file("other.toml", text)


def changes(node):
    return [len(vip["transitions"]) for vip in node.status()["vips"]]


@pytest.mark.parametrize("name", ["a", "b"], ids=["on the master", "on the backup"])
def test_a_second_start_changes_nothing_for_the_first(vips, name):
    """acassen/keepalived#2445, twitter/twemproxy#358: the address was off the running master for 139 ms, and its admin socket was gone."""
    cluster = vips()
    node, before, since = cluster[name], changes(cluster[name]), cluster.probe.now()
    began = time.monotonic()
    done = start_again(node)
    assert done.returncode == 1 and time.monotonic() - began < 4, "at once, not after the time that a hand-over may take"
    assert f"is held by process {node.child.pid}, which runs" in done.stderr, done.stderr
    time.sleep(1.0)
    assert cluster.probe.unheld(since) == 0.0, "not for a moment"
    assert {sample.node for sample in cluster.probe.samples(since, kind="tcp") if sample.answered} == {"a"}
    assert {arp.mac for arp in cluster.probe.arps(since)} <= {cluster["a"].host.mac()}
    assert changes(node) == before and node.status()["guardian"]["gateway_pid"] == node.known_gateway


def test_an_address_in_common_is_enough_to_be_refused(vips):
    cluster = vips("a")
    a, since = cluster["a"], cluster.probe.now()
    done = start_again(a, other_file(a, **{"router_id = 51": "router_id = 99"}))
    assert done.returncode == 1 and f"address {VIP} is held by process {a.child.pid}" in done.stderr, done.stderr
    assert cluster.probe.unheld(since) == 0.0


def test_two_processes_with_different_addresses_run_side_by_side_and_a_reload_waits_for_the_other(vips):
    cluster = vips("a")
    a, since = cluster["a"], cluster.probe.now()
    config = other_file(a, **{VIP: OTHER, "router_id = 51": "router_id = 52"})
    second = a.host.start([os.path.abspath(program()), "run", "--config", config], a.log + ".second", cwd=a.folder)
    eventually(lambda: a.host.holds(OTHER), "the second process to hold its address", 15)
    a.write_config(vips=[vip_text(), vip_text("more", (OTHER,), 53)])
    a.cli_ok("reload")
    eventually(lambda: [one["fields"]["vip"] for one in a.events() if one["event"] == "vip_held_elsewhere"] == ["more"],
               "the reload to be told who has the address", 5)
    assert [vip["name"] for vip in a.status()["vips"]] == ["db"]
    os.kill(second.pid, signal.SIGTERM)
    assert second.wait(30) == 0
    eventually(lambda: a.state("more") == "master" and a.host.holds(OTHER), "the address to come to the first process", 15,
               ignore=(AssertionError,))
    assert cluster.probe.unheld(since) == 0.0


def test_a_killed_guardian_is_in_nobodys_way(vips):
    cluster = vips("a")
    for _ in range(3):
        cluster["a"].kill9_guardian()
        cluster["a"].start()
        cluster.settle("a", 15)


def test_a_start_in_the_moment_of_a_stop_waits_for_it(vips):
    """acassen/keepalived#1527: as a service manager that does not wait does it."""
    cluster = vips("a")
    a = cluster["a"]
    for _ in range(3):
        old = a.child
        a.terminate()
        a.start(40)
        assert old.wait(40) == 0
        cluster.settle("a", 15)
        assert a.cli("status").returncode == 0
