"""Holdfast beside routers of other houses: Debian's keepalived and FRR's vrrpd, same VRID, same group: exactly one master, and
each takes over from the other."""
import pytest

from harness.frr_vrrp import FrrVrrp
from harness.keepalived import Keepalived
from harness.processes import eventually
from harness.vip_probe import VIP

pytestmark = pytest.mark.gateway

DUMB = 'probe_wait = "0s"\n'  # FRR's address is always there, and would answer
PASSWORD = 'auth = { type = "pass", password_file = "{folder}/vrrp.password" }'
AUTHENTICATION_HEADER = PASSWORD.replace('"pass"', '"ah"')
FILES = {"vrrp.password": "99999999\n"}
# name: (settings of Holdfast on a, settings of keepalived on b, seconds that a take-over may take)
DIALECTS = {
    "v2 with a password": ({"advert_interval": "1s", "vip_extra": "version = 2\n" + PASSWORD, "files": FILES},
                           {"version": 2, "advert_interval": 1, "password": "99999999"}, 8.0),
    "v2 with an authentication header": ({"advert_interval": "1s", "vip_extra": "version = 2\n" + AUTHENTICATION_HEADER, "files": FILES},
                                         {"version": 2, "advert_interval": 1, "password": "99999999", "auth_type": "AH"}, 8.0),
    "v2 with an authentication header and a virtual MAC": (
        {"advert_interval": "1s", "vip_extra": "version = 2\nvirtual_mac = true\n" + AUTHENTICATION_HEADER, "files": FILES},
        {"version": 2, "advert_interval": 1, "password": "99999999", "auth_type": "AH"}, 8.0),
    "v3 each 100 ms": ({}, {"version": 3, "advert_interval": 0.1}, 3.0),
    "v3 unicast": ({"vip_extra": 'peers = ["198.18.0.2"]'},
                   {"version": 3, "advert_interval": 0.1, "unicast": ("198.18.0.2", ["198.18.0.1"])}, 3.0),
}


@pytest.fixture
def pair(vips):
    """pair(dialect, ours, theirs, preempt, first): Holdfast on a, keepalived on b with these priorities; `first` starts first.
    changes: what keepalived has otherwise."""
    others = []

    def make(dialect, ours, theirs, preempt, first, **changes):
        settings, peer_settings, _ = DIALECTS[dialect]
        peer_settings = {**peer_settings, **changes}
        extra = settings.get("vip_extra", "") + f"\npreempt = {str(preempt).lower()}\n"
        cluster = vips(only="a", master=None, start=first == "holdfast", priority=ours, **{**settings, "vip_extra": extra})
        if first == "holdfast":
            cluster.settle_address("a")
        others.append(Keepalived(cluster.lab["b"], priority=theirs, preempt=preempt, **peer_settings))
        if first != "holdfast":
            cluster.probe.wait_holder("b", 15)
            cluster["a"].start()
        return cluster, others[-1]
    yield make
    for other in others:
        other.close()


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("first", ["holdfast", "keepalived"])
def test_the_higher_priority_is_master_with_preempt(pair, dialect, first):
    limit = DIALECTS[dialect][2]
    cluster, _ = pair(dialect, 110, 90, True, first)
    cluster.settle_address("a", limit + 4)
    assert cluster["a"].state() == "master"


@pytest.mark.parametrize("first", ["holdfast", "keepalived"])
def test_keepalived_preempts_us_when_it_is_higher(pair, first):
    cluster, _ = pair("v3 each 100 ms", 90, 110, True, first)
    cluster.settle_address("b")
    eventually(lambda: cluster["a"].vip()["master"] == "198.18.0.2", "a to hear b")
    shown = cluster["a"].vip()
    assert shown["state"] == "backup" and shown["master_priority"] == 110


@pytest.mark.parametrize("first", ["holdfast", "keepalived"])
def test_without_preempt_the_first_stays(pair, first):
    cluster, _ = pair("v3 each 100 ms", *((90, 110) if first == "holdfast" else (110, 90)), False, first)
    holder = "a" if first == "holdfast" else "b"
    cluster.settle_address(holder)
    since = cluster.probe.now()
    eventually(lambda: cluster.probe.now() - since > 1.5, "a second and a half")
    assert cluster.probe.holders() == [holder] and cluster.probe.overlap(since) == 0.0


@pytest.mark.parametrize("dialect", DIALECTS)
def test_each_takes_over_from_the_other_when_it_stops_or_dies(pair, dialect):
    limit = DIALECTS[dialect][2]
    cluster, other = pair(dialect, 110, 90, False, "holdfast")
    a, probe = cluster["a"], cluster.probe

    since = probe.now()  # ours stops in order
    a.stop()
    cluster.settle_address("b", limit)
    assert probe.outage(since) < limit / 4 + 0.3 and probe.overlap(since) < 0.1
    a.start()
    eventually(lambda: a.state() == "backup", "a to be a backup")

    since = probe.now()  # theirs stops in order
    other.stop()
    cluster.settle_address("a", limit)
    assert probe.outage(since) < limit / 4 + 0.3 and probe.overlap(since) < 0.1
    other.start()
    assert probe.holders() == ["a"]

    since = probe.now()  # ours dies
    a.crash_host()
    cluster.settle_address("b", limit)
    assert probe.outage(since) < limit
    a.revive_host()
    eventually(lambda: a.state() == "backup", "a to be a backup")

    since = probe.now()  # theirs dies
    other.kill9()
    other.host.remove_address(VIP)
    cluster.settle_address("a", limit)
    assert probe.outage(since) < limit


def test_authentication_headers_of_both_sides_fit_by_unicast_too(vips):
    """The digest leaves the TTL out there. Whoever comes second must hear the first: it has counted from elsewhere."""
    cluster = vips(only="a", master=None, priority=90, advert_interval="1s", files=FILES,
                   vip_extra="version = 2\npeers = [\"198.18.0.2\"]\n" + AUTHENTICATION_HEADER)
    a, probe = cluster["a"], cluster.probe
    cluster.settle_address("a", 8)
    with Keepalived(cluster.lab["b"], priority=110, preempt=False, version=2, advert_interval=1, password="99999999",
                    auth_type="AH", unicast=("198.18.0.2", ["198.18.0.1"])):
        since = probe.now()
        eventually(lambda: probe.now() - since > 4.5, "longer than keepalived waits for a master")
        assert probe.holders() == ["a"] and probe.overlap(since) == 0.0
        a.stop()
        cluster.settle_address("b", 8)
        since = probe.now()
        a.start()
        eventually(lambda: probe.now() - since > 4.5, "longer than we wait for a master")
        assert probe.holders() == ["b"] and probe.overlap(since) == 0.0
        assert a.vip()["master"] == "198.18.0.2" and a.vip()["master_priority"] == 110


@pytest.mark.parametrize("change", ["another password", "the password in the clear"])
def test_without_the_right_authentication_header_nobody_is_heard(pair, change):
    settings = {"another password": {"password": "88888888"}, "the password in the clear": {"auth_type": "PASS"}}
    cluster, other = pair("v2 with an authentication header", 90, 110, True, "holdfast", **settings[change])
    eventually(other.holds, "keepalived to be master beside us", 10, 0.05)
    assert cluster["a"].state() == "master"


def test_a_keepalived_that_leaves_its_address_behind_is_waited_for_or_not(pair):
    """kill -9 leaves keepalived's address for ever: by default we do not become a second holder."""
    cluster, other = pair("v3 each 100 ms", 90, 110, False, "keepalived")
    cluster.settle_address("b")
    since = cluster.probe.now()
    other.kill9()
    eventually(lambda: cluster.probe.now() - since > 1.5, "a second and a half")
    assert cluster.probe.holders() == ["b"] and cluster.probe.outage(since) == 0.0
    other.host.remove_address(VIP)
    cluster.settle_address("a")


FRR_VERSIONS = {3: ({}, {"advert_ms": 100}, 5), 2: ({"advert_interval": "1s"}, {"advert_ms": 1000, "version": 2}, 15)}


def beside_frr(version):
    """(settings of Holdfast, the first line of its [[vip]], settings of FRR, seconds that a take-over may take)"""
    ours, theirs, seconds = FRR_VERSIONS[version]
    return ours, f"version = {version}\n" + DUMB, theirs, seconds


@pytest.mark.parametrize("version", FRR_VERSIONS)
def test_frr_and_holdfast_take_over_from_each_other(vips, version):
    """FRR keeps the address on a macvlan all the time: who is master is its own word, and who answers."""
    ours, text, theirs, seconds = beside_frr(version)
    cluster = vips(only="a", master=None, priority=110, vip_extra="preempt = true\n" + text, **ours)
    a, probe = cluster["a"], cluster.probe
    probe.wait_answered_by("a")
    with FrrVrrp(cluster.lab["b"], priority=90, **theirs) as frr:
        assert frr.state() == "Backup"
        a.stop()
        eventually(frr.is_master, "FRR to be master", seconds, 0.05)
        probe.wait_answered_by("b")
        a.start()
        probe.wait_answered_by("a", seconds)
        eventually(lambda: frr.state() == "Backup", "FRR to be a backup", seconds, 0.05)
        a.crash_host()
        eventually(frr.is_master, "FRR to be master", seconds, 0.05)
        probe.wait_answered_by("b")


@pytest.mark.parametrize("version", FRR_VERSIONS)
def test_frr_preempts_us_when_it_is_higher(vips, version):
    ours, text, theirs, seconds = beside_frr(version)
    cluster = vips(only="a", master=None, priority=90, vip_extra=text, **ours)
    cluster.probe.wait_answered_by("a")
    with FrrVrrp(cluster.lab["b"], priority=110, **theirs) as frr:
        eventually(frr.is_master, "FRR to be master", seconds, 0.05)
        cluster.probe.wait_answered_by("b")
        eventually(lambda: cluster["a"].state() == "backup", "a to be a backup", seconds)
        frr.terminate()
        eventually(lambda: cluster["a"].state() == "master", "a to take over from FRR", seconds)


@pytest.mark.parametrize("version", [2, 3])
def test_a_strangers_adverts_with_our_router_id_are_not_obeyed(vips, version):
    """acassen/keepalived#2444: a keepalived with the same id, a higher priority and another address: ours was on no node."""
    interval = {"advert_interval": "1s" if version == 2 else "100ms", "vip_extra": f"version = {version}"}
    cluster = vips("abc", only="ab", **interval)
    a = cluster["a"]
    since = cluster.probe.now()
    with Keepalived(cluster.lab["c"], version=version, vips=("198.18.0.200",), priority=150,
                    advert_interval=1 if version == 2 else 0.1):
        eventually(lambda: cluster.lab["c"].holds("198.18.0.200"), "the stranger to hold its own", 15)
        told = eventually(lambda: [one for one in a.events() if one["event"] == "vip_foreign_router"], "the alarm", 10)
        assert told[0]["level"] == "error" and told[0]["fields"]["peer"] == "198.18.0.3"
        assert told[0]["fields"]["addresses"] == "198.18.0.200" and told[0]["fields"]["router_id"] == "51"
        assert cluster.probe.holders() == ["a"] and a.vip()["master"] == "198.18.0.1"
    assert cluster.probe.unheld(since) == 0.0
