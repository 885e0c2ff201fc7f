"""The lab and its probe notice what they should and leave nothing behind. No Holdfast takes part."""
import os
import subprocess
import sys
import time

import pytest

from harness.keepalived import Keepalived
from harness.lab import Lab, namespaces, sh
from harness.processes import eventually
from harness.vip_faults import shown, spread
from harness.vip_probe import VIP, VipProbe

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


@pytest.fixture
def lab():
    with Lab("ab") as made:
        yield made


@pytest.fixture
def probe(lab):
    with VipProbe(lab, [VIP]) as running:
        yield running


def give(host, valid=None):
    lease = ["valid_lft", str(valid), "preferred_lft", str(valid)] if valid else []
    sh("ip", "-n", host.namespace, "address", "replace", f"{VIP}/24", "dev", "eth1", *lease)
    host.claim(VIP)


def reaches(host, address):
    return " 0% packet loss" in host.run("ping", "-q", "-c", "1", "-W", "1", address, check=False)


def test_nothing_leads_out_of_a_lab(lab):
    for host in lab.hosts.values():
        assert "default" not in host.run("ip", "route")
    assert reaches(lab.client, "198.18.0.1") and reaches(lab.client, "fd00:18::2")
    assert not reaches(lab["a"], "192.0.2.1")


def test_faults_strike_what_they_name_and_are_undone(lab):
    a = lab["a"]
    with lab.drop("a", "both", "arp"):
        lab.forget_neighbours()
        assert not reaches(lab.client, a.address)
    lab.forget_neighbours()  # the kernel asks again once a second only, as long as it remembers the question
    eventually(lambda: reaches(lab.client, a.address), "ARP to pass again")
    with lab.silence("a"):
        assert not reaches(lab.client, a.address) and "LOWER_UP" in a.run("ip", "link", "show", "eth1")
    with lab.partition("a", "b"):
        assert not reaches(lab["b"], a.address) and reaches(lab.client, a.address) and reaches(lab.client, lab["b"].address)
    a.cable("pulled")
    assert "NO-CARRIER" in a.run("ip", "link", "show", "eth1")
    a.cable("in")
    a.link("down")
    a.link("up")
    eventually(lambda: reaches(lab.client, a.address), "a to be back")
    assert a.link_local in a.addresses()


def test_the_probe_measures_a_gap_and_names_who_answered(lab, probe):
    give(lab["a"])
    probe.wait_answered_by("a")
    since = probe.now()
    time.sleep(0.3)
    assert probe.outage(since) == 0.0
    gone = probe.now()
    lab["a"].remove_address(VIP)
    time.sleep(0.2)
    give(lab["b"])
    probe.wait_answered_by("b")
    assert 0.2 <= probe.outage(since) < 0.4 and probe.outage(since) == pytest.approx(probe.takeover(gone, "b"), abs=0.05)
    assert probe.switches(since) == 1 and set(probe.answers(since)) == {"a", "b", None}
    assert 0.2 <= probe.unheld(since) < 0.4 and probe.overlap(since) == 0.0 and probe.holders() == ["b"]
    assert [one.mac for one in probe.arps(gone)][-1] == lab["b"].mac()


def test_the_probe_sees_two_holders_and_the_end_of_a_lease(lab, probe):
    give(lab["a"], valid=1)
    given = probe.now()
    give(lab["b"])
    eventually(lambda: probe.holders() == ["b"], "the lease of a to end", 3)
    assert probe.overlap(given) == pytest.approx(probe.held_until("a") - given, abs=0.05)
    assert 0.9 < probe.held_until("a") - given < 1.6 and probe.longest_lease(0.0) > 1


def test_a_busy_machine_is_not_taken_for_an_outage(lab, probe):
    give(lab["a"])
    probe.wait_answered_by("a")
    loops = [subprocess.Popen(["/bin/sh", "-c", "while :; do :; done"]) for _ in range(2 * os.cpu_count())]
    try:
        since = probe.now()
        time.sleep(2.0)
        sent = len(probe.samples(since))
        assert probe.outage(since) < 0.05 and sent > 500, f"{sent} questions in two seconds"
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def test_what_a_killed_run_left_is_removed(lab):
    text = f"import os, sys\nsys.path.insert(0, {TESTS!r})\nfrom harness.lab import Lab\nLab('a')\nos.kill(os.getpid(), 9)\n"
    killed = subprocess.Popen([sys.executable, "-B", "-c", text])
    killed.wait(20)
    left = [name for name in namespaces() if name.startswith(f"hf{killed.pid}-")]
    assert left, "the killed run had made no lab"
    with Lab("a"):
        assert not [name for name in namespaces() if name.startswith(f"hf{killed.pid}-")]
    assert any(name.startswith(lab.prefix) for name in namespaces()), "a living lab was removed"


def test_keepalived_takes_over_and_leaves_its_address_when_killed(lab, probe):
    with Keepalived(lab["a"], priority=100, version=3, advert_interval=0.1) as first:
        probe.wait_holder("a")
        with Keepalived(lab["b"], priority=90, version=3, advert_interval=0.1):
            first.kill9()
            killed = probe.now()
            probe.wait_answered_by("b")
            # A busy machine may have kept the first one silent before it was killed: the backup counts from what it last heard,
            # three intervals and its skew of (256 - 90) / 256 of one (RFC 5798, 6.1).
            heard = max(one.time for one in probe.adverts() if one.priority == 100)
            assert 0.3 < probe.takeover(heard, "b") < 1.5
            assert probe.holders() == ["a", "b"]
            assert {(one.version, one.priority) for one in probe.adverts(killed)} == {(3, 90)}


def test_the_words_for_figures():
    assert spread([0.1, None, 0.3]) == "300 (100-never)" and shown(12.4) == "12"
