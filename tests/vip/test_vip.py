"""Virtual addresses in namespaces: who holds them, why, what moves them, what an operator sees. Bounds on time are generous:
bench/vip_failover.py measures, tests/e2e/test_vip_faults.py strikes."""
import os
import pwd
import signal
import time

import pytest

from harness import processes
from harness.gateway_user import USER
from harness.holdfast_node import vip_text
from harness.processes import eventually
from harness.prometheus import parse
from harness.vip_probe import FOREVER, VIP

pytestmark = pytest.mark.gateway

SECOND, V6 = "198.18.0.101", "fd00:18::100"
HAND_OVER = 0.02  # seconds that both may hold it while one gives it to the other


def breakable(weight):
    """A track script that fails while the file `broken` is in the node's folder."""
    return f'track = [ {{ script = "/usr/bin/test ! -e {{folder}}/broken", interval = "100ms", weight = {weight} }} ]\n'


def reasons(node, vip="db"):
    return [(one["from"], one["to"], one["reason"]) for one in node.vip(vip)["transitions"]]


def events_named(node, name):
    return [event for event in node.events() if event["event"] == name]


# -- the quiet state --------------------------------------------------------------------------------------------------

def test_one_node_holds_the_address_and_the_other_knows_who(vips):
    cluster = vips()
    a, b = cluster["a"].status(), cluster["b"].status()
    held, waiting = a["vips"][0], b["vips"][0]
    assert held["state"] == "master" and held["holding"] and held["priority"] == 100
    assert waiting["state"] == "backup" and not waiting["holding"] and waiting["priority"] == 90
    assert held["master"] == waiting["master"] == "198.18.0.1"
    assert held["since"] and held["reason"] and held["transitions"][-1]["to"] == "master"
    guardian = a["guardian"]
    assert guardian["pid"] == cluster["a"].child.pid and guardian["gateway_restarts"] == 0
    assert len({guardian["pid"], guardian["gateway_pid"], guardian["steward_pid"]}) == 3
    assert cluster.probe.overlap() == 0.0


def test_the_address_is_a_lease_in_the_kernel(vips):
    cluster = vips("a")
    since = cluster.probe.now()
    time.sleep(3.0)  # three leases long: it must be there all the time
    assert cluster.probe.longest_lease() <= 1, "an address that never runs out outlives the node"
    assert cluster.probe.unheld(since) == 0.0 and cluster.probe.outage(since) == 0.0
    assert cluster.probe.longest_lease() != FOREVER


def test_the_gateway_has_no_rights_and_the_guardian_keeps_few(vips):
    node = vips("a")["a"]
    pids = node.status()["guardian"]
    gateway, guardian = proc_status(pids["gateway_pid"]), proc_status(pids["pid"])
    assert set(gateway["Uid"].split()) == {str(pwd.getpwnam(USER).pw_uid)} and set(gateway["Gid"].split()) != {"0"}
    assert [int(gateway[which], 16) for which in ("CapEff", "CapPrm", "CapInh", "CapAmb", "CapBnd")] == [0] * 5
    assert gateway["NoNewPrivs"] == "1" and gateway["Seccomp"] == "2"
    net_admin, net_raw, sys_admin, sys_ptrace = 12, 13, 21, 19
    rights = int(guardian["CapEff"], 16)
    assert rights >> net_admin & 1 and rights >> net_raw & 1
    assert not rights >> sys_admin & 1 and not rights >> sys_ptrace & 1


def proc_status(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return {line.split(":")[0]: line.split(":", 1)[1].strip() for line in file if ":" in line}


def test_only_the_master_advertises_and_as_configured(vips):
    cluster = vips()
    since = cluster.probe.now()
    eventually(lambda: len(cluster.probe.adverts(since)) >= 10, "ten advertisements", 5)
    heard = cluster.probe.adverts(since)
    assert {(one.source, one.version, one.router_id, one.priority) for one in heard} == {("198.18.0.1", 3, 51, 100)}
    assert 0.08 < (heard[-1].time - heard[0].time) / (len(heard) - 1) < 0.15


# -- planned moves ----------------------------------------------------------------------------------------------------

def test_a_graceful_stop_hands_over_at_once(vips):
    cluster = vips()
    since = cluster.probe.now()
    cluster["a"].stop()
    cluster.settle("b")
    assert cluster.probe.outage(since) < 0.3 and cluster.probe.overlap(since) < HAND_OVER
    assert any(one.priority == 0 and one.source == "198.18.0.1" for one in cluster.probe.adverts(since))


def test_release_prefer_resume_move_it_by_hand(vips):
    cluster = vips()
    a, b, since = cluster["a"], cluster["b"], cluster.probe.now()
    a.cli_ok("vip", "release", "db")
    cluster.settle("b")
    assert a.state() == "fault" and b.state() == "master"
    assert cluster.probe.outage(since) < 0.3
    a.cli_ok("vip", "resume", "db")
    eventually(lambda: a.state() == "backup", "a to be a backup")
    assert b.state() == "master", "without preempt the address stays"
    a.cli_ok("vip", "prefer", "db")
    cluster.settle("a")
    assert b.state() == "backup" and a.vip()["preferred"]
    assert a.cli("vip", "release", "nothing").returncode != 0
    assert cluster.probe.overlap(since) < 0.5


def test_preempt_takes_it_back_and_its_absence_does_not(vips):
    cluster = vips(vip_extra="preempt = true")
    cluster["a"].stop()
    cluster.settle("b")
    since = cluster.probe.now()
    cluster["a"].start()
    cluster.settle("a")
    assert cluster.probe.outage(since) < 0.5


def test_preempt_delay_leaves_a_lower_master_alone_for_a_while(vips):
    cluster = vips(vip_extra='preempt = true\npreempt_delay = "2s"')
    cluster["a"].stop()
    cluster.settle("b")
    began = cluster.probe.now()
    cluster["a"].start()
    cluster.settle("a")
    assert cluster.probe.holding()["b"][-1][1] - began > 1.9


# -- what a node watches of itself ------------------------------------------------------------------------------------

def test_a_failing_script_releases_the_address(vips):
    cluster = vips(vip_extra=breakable('"release"'))
    a = cluster["a"]
    broken = a.write_file("broken", "", 0o644)
    cluster.settle("b")
    shown = a.vip()
    assert shown["state"] == "fault" and not shown["holding"]
    assert any(one["release"] for one in shown["contributions"]), shown["contributions"]
    os.remove(broken)
    eventually(lambda: a.state() == "backup", "a to be a backup again")
    assert cluster["b"].state() == "master"


def test_points_move_it_only_by_preemption_and_are_shown(vips):
    cluster = vips(vip_extra="preempt = true\n" + breakable(-20))
    a, since = cluster["a"], cluster.probe.now()
    broken = a.write_file("broken", "", 0o644)
    cluster.settle("b")
    shown = a.vip()
    assert shown["state"] == "backup" and shown["priority"] == 80
    assert sum(one["points"] for one in shown["contributions"]) == -20
    os.remove(broken)
    cluster.settle("a")
    assert a.vip()["priority"] == 100
    assert cluster.probe.outage(since) < 0.5


def test_a_script_that_hangs_is_killed_and_counts_as_bad(vips):
    track = 'track = [ { script = "/bin/sleep 777", interval = "200ms", timeout = "100ms" } ]\n'
    cluster = vips(per_node={"a": {"vip_extra": track}}, master="b")
    a = cluster["a"]
    assert a.state() == "fault"
    eventually(lambda: running_scripts(a) <= 1, "no pile of scripts", 5)


def running_scripts(node):
    found = 0
    for pid in node.host.pids():
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                found += b"sleep\x00777" in file.read()
        except FileNotFoundError:
            pass
    return found


def test_a_service_without_servers_releases_and_drain_does_too(vips):
    cluster = vips(vip_extra='track = [ { service = "echo" } ]\n')
    a, b = cluster["a"], cluster["b"]
    a.cli_ok("drain", "echo/line")
    cluster.settle("b")
    assert "echo" in a.vip()["reason"] or any("echo" in one["reason"] for one in a.vip()["contributions"])
    a.cli_ok("resume", "echo/line")
    eventually(lambda: a.state() == "backup", "a to be healthy again")
    b.line_server.kill()
    cluster.settle("a")
    b.line_server.start()
    eventually(lambda: b.state() == "backup", "b to be healthy again")


def test_a_tracked_interface_a_process_and_a_file(vips):
    track = ('track = [ { interface = "eth2" }, { process = "hf-tracked", interval = "100ms" },'
             ' { file = "{folder}/weight", weight = "release", interval = "100ms" } ]\n')
    cluster = vips(per_node={"a": {"vip_extra": track}}, master=None)
    a, b = cluster["a"], cluster["b"]
    cluster.settle("b")
    assert a.state() == "fault", "its process does not run yet"
    process = a.start_named("hf-tracked")
    eventually(lambda: a.state() == "backup", "a to be healthy")
    b.cli_ok("vip", "release", "db")
    cluster.settle("a")
    b.cli_ok("vip", "resume", "db")
    for strike, heal in ((lambda: a.host.cable("pulled", "eth2"), lambda: a.host.cable("in", "eth2")),
                         (lambda: a.write_file("weight", "1\n"), lambda: a.write_file("weight", "0\n"))):
        strike()
        cluster.settle("b")
        heal()
        eventually(lambda: a.state() == "backup", "a to be healthy again")
        b.cli_ok("vip", "release", "db")
        cluster.settle("a")
        b.cli_ok("vip", "resume", "db")
    processes.signal_child(process, signal.SIGKILL)
    cluster.settle("b")


def test_a_cable_or_a_link_that_goes_moves_it_and_its_return_does_not(vips):
    cluster = vips()
    a = cluster["a"]
    for strike, heal in ((lambda: a.host.link("down"), lambda: a.host.link("up")),
                         (lambda: a.host.cable("pulled"), lambda: a.host.cable("in"))):
        since = cluster.probe.now()
        strike()
        cluster.settle("b")
        assert a.state() == "fault" and cluster.probe.outage(since) < 2.0
        heal()
        eventually(lambda: a.state() == "backup", "a to take part again")
        cluster["b"].cli_ok("vip", "release", "db")
        cluster.settle("a")
        cluster["b"].cli_ok("vip", "resume", "db")


# -- the gateway dies, the guardian stays -----------------------------------------------------------------------------

def test_a_killed_gateway_moves_the_address_and_is_started_anew(vips):
    cluster = vips()
    a, since = cluster["a"], cluster.probe.now()
    a.kill9_gateway()
    cluster.settle("b")
    assert cluster.probe.outage(since) < 0.5
    a.revive_gateway()
    a.wait_takes_part()
    status = a.status()
    assert status["guardian"]["gateway_restarts"] == 1 and status["guardian"]["pid"] == a.child.pid
    assert status["vips"][0]["state"] == "backup"
    assert any(one["to"] == "fault" for one in status["vips"][0]["transitions"])


def test_points_instead_of_release_for_a_dead_gateway(vips):
    cluster = vips("a", vip_extra="preempt = true\ngateway_weight = -20")
    since = cluster.probe.now()
    cluster["a"].kill9_gateway()
    cluster["a"].revive_gateway()
    cluster.settle("a")
    assert cluster.probe.unheld(since) == 0.0, "points alone never give the address up"


# -- three nodes, several addresses -----------------------------------------------------------------------------------

def test_of_three_nodes_the_next_by_priority_takes_over(vips):
    cluster = vips("abc")
    cluster["a"].stop()
    cluster.settle("b")
    cluster["b"].crash_host()
    cluster.settle("c")
    cluster["b"].host.cable("in")
    cluster["b"].start()
    cluster["a"].start()
    assert [cluster[name].state() for name in "abc"] == ["backup", "backup", "master"]
    cluster.settle("c")


def two_vips(first, second, extra=""):
    return [vip_text("one", (VIP,), 51, first, extra=extra), vip_text("two", (SECOND,), 52, second, extra=extra)]


def test_two_addresses_one_master_each_and_all_on_the_survivor(vips):
    cluster = vips(vips=(VIP, SECOND), master=None,
                   per_node={"a": {"vips": two_vips(100, 90, "preempt = true")}, "b": {"vips": two_vips(90, 100, "preempt = true")}})
    cluster.settle("a", vip=VIP)
    cluster.settle("b", vip=SECOND)
    cluster["a"].stop()
    cluster.settle("b", vip=VIP)
    assert cluster.probe.holders(SECOND) == ["b"]
    cluster["a"].start()
    cluster.settle("a", vip=VIP)
    assert cluster.probe.holders(SECOND) == ["b"]


def test_a_sync_group_moves_as_one(vips):
    extra = 'sync_group = "pair"'

    def both(priority):
        return [vip_text("outer", (VIP,), 51, priority, extra=extra),
                vip_text("inner", ("198.18.1.100",), 52, priority, "eth2", extra=extra)]
    cluster = vips(per_node={"a": {"vips": both(100)}, "b": {"vips": both(90)}})
    a = cluster["a"]
    assert a.host.holds("198.18.1.100")
    a.host.cable("pulled", "eth2")
    cluster.settle("b")
    eventually(lambda: cluster["b"].host.holds("198.18.1.100"), "b to hold both")
    eventually(lambda: not a.host.holds("198.18.1.100"), "a to hold none")
    assert a.state("outer") == a.state("inner") == "fault"


def test_a_reload_adds_and_removes_an_address_without_moving_the_other(vips):
    cluster = vips(vips=(VIP, SECOND), addresses=(VIP,), master=None)
    cluster.settle("a", vip=VIP)
    since, shown = cluster.probe.now(), cluster["a"].vip()["since"]
    for node in (cluster["b"], cluster["a"]):
        node.write_config(addresses=(VIP, SECOND))
        node.cli_ok("reload")
    cluster.settle("a", vip=SECOND)
    for node in (cluster["b"], cluster["a"]):
        node.write_config(addresses=(VIP,))
        node.cli_ok("reload")
    cluster.probe.wait_holder("", vip=SECOND)
    assert cluster["a"].vip()["since"] == shown and cluster["a"].state() == "master"
    assert cluster.probe.unheld(since, vip=VIP) == 0.0 and cluster.probe.outage(since, vip=VIP) == 0.0


def test_a_reload_with_an_error_changes_nothing(vips):
    cluster = vips()
    a, since = cluster["a"], cluster.probe.now()
    shown = a.vip()["since"]
    a.write_config(vip_extra="router_idd = 7")
    refused = a.cli("reload")
    assert refused.returncode != 0 and "router_idd" in refused.stdout + refused.stderr
    a.write_config(vip_extra="")
    assert a.state() == "master" and a.vip()["since"] == shown and cluster.probe.unheld(since) == 0.0


# -- other ways to speak ----------------------------------------------------------------------------------------------

def test_ipv6(vips):
    cluster = vips(vips=(V6,), addresses=("fe80::100", V6), master=None)
    cluster.settle("a", vip=V6)
    since = cluster.probe.now()
    cluster["a"].stop()
    cluster.settle("b", vip=V6)
    assert cluster.probe.outage(since, vip=V6) < 0.5 and cluster.probe.overlap(since, vip=V6) < HAND_OVER
    cluster["a"].start()
    cluster["b"].crash_host()
    cluster.settle("a", vip=V6)


def test_version_2_with_a_password(vips):
    extra = 'version = 2\nauth = { type = "pass", password_file = "{folder}/vrrp.password" }'
    cluster = vips(advert_interval="1s", vip_extra=extra, files={"vrrp.password": "99999999\n"})
    since = cluster.probe.now()
    assert {one.version for one in cluster.probe.adverts()} == {2}
    cluster["a"].stop()
    cluster.settle("b")
    assert cluster.probe.outage(since) < 2.0


def test_another_password_is_refused_and_said(vips):
    extra = 'version = 2\nauth = { type = "pass", password_file = "{folder}/vrrp.password" }'
    cluster = vips(advert_interval="1s", vip_extra=extra, master=None,
                   per_node={"a": {"files": {"vrrp.password": "99999999\n"}}, "b": {"files": {"vrrp.password": "88888888\n"}}})
    eventually(lambda: cluster["b"].vip()["refused"].get("auth-data", 0) > 0, "b to refuse what a says", 10)
    assert cluster.probe.holders() == ["a"], "the probe for the address is answered: b must not take it as well"
    assert events_named(cluster["b"], "vip_peer_refused")


def test_unicast_peers(vips):
    cluster = vips(per_node={"a": {"vip_extra": 'peers = ["198.18.0.2"]'}, "b": {"vip_extra": 'peers = ["198.18.0.1"]'}})
    assert cluster["b"].state() == "backup" and not cluster.probe.adverts()
    since = cluster.probe.now()
    cluster["a"].stop()
    cluster.settle("b")
    assert cluster.probe.outage(since) < 0.5


def test_another_multicast_group(vips):
    cluster = vips(vip_extra='multicast_group = "224.0.0.222"', groups=("224.0.0.222",))
    assert cluster["b"].state() == "backup"
    assert cluster.probe.adverts()


def test_a_virtual_mac(vips):
    cluster = vips(vip_extra="virtual_mac = true")
    heard = [one for one in cluster.probe.arps() if one.mac.startswith("00:00:5e")]
    assert {one.mac for one in heard} == {"00:00:5e:00:01:33"}
    since = cluster.probe.now()
    cluster["a"].stop()
    cluster.settle("b")
    assert cluster.probe.outage(since) < 0.5
    neighbour = cluster.lab.client.run("ip", "neighbour", "show", VIP)
    assert "00:00:5e:00:01:33" in neighbour


# -- what is told -----------------------------------------------------------------------------------------------------

def test_status_metrics_and_events_tell_a_move_with_its_reason(vips):
    cluster = vips()
    a, b = cluster["a"], cluster["b"]
    a.cli_ok("vip", "release", "db")
    cluster.settle("b")
    last = a.vip()["transitions"][-1]
    assert (last["from"], last["to"]) == ("master", "fault") and last["reason"]
    assert reasons(b)[-1][:2] == ("backup", "master") and reasons(b)[-1][2]
    for node, event in ((a, "vip_set_aside"), (b, "vip_master")):
        told = events_named(node, event)
        assert told and told[-1]["fields"]["vip"] == "db", node.events()[-5:]
        assert told[-1]["fields"]["reason"]
    metrics = parse(b.metrics_text())
    assert metrics.get("holdfast_vip_state", vip="db", state="master") == 1
    assert metrics.get("holdfast_vip_holding", vip="db") == 1
    assert metrics.get("holdfast_vip_became_master_total", vip="db") == 1
    assert parse(a.metrics_text()).get("holdfast_vip_state", vip="db", state="fault") == 1
    text = a.cli_ok("status")
    assert "db" in text and "fault" in text
