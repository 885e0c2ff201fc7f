"""The faults of a fail-over trial and what one trial measures: the same for Holdfast and for its peers.

    figures = trial(cluster, FAULTS["kill -9 of everything"])

A cluster has .lab, .probe, .nodes; a node has .host and the methods that the faults name (see HoldfastNode, PeerNode).
The victim is the node that holds the address; after the trial it is whole again, as a backup.

Invariant: a trial ends only when exactly one node holds the address and the victim takes part again.
"""
import math
import random
import time
from collections import namedtuple
from statistics import median

from .processes import DeadlineExceeded, eventually

Fault = namedtuple("Fault", "name inflict mend asks")  # asks: the method of a node that the fault needs; "" for none

# Times in seconds; None: it did not happen while the trial watched. outage: UDP to the address; service: TCP through what serves
# there; takeover: to the first answer of the successor; stale: the victim still held the address so long; overlap: two held it;
# after: the longest time without an answer once the fault was over, until one node held the address and answered.
Figures = namedtuple("Figures", "victim successor outage service takeover stale overlap after")
RECORDED = 0.15  # the fate of a question is known after so long


def _start_again(_lab, node, _kept):
    node.kill9_all()
    node.start()


def _start_after_end(_lab, node, _kept):
    node.wait_end()
    node.start()


def _cut(_lab, node):
    node.host.cable("pulled")


def _uncut(_lab, node, _kept):
    node.host.cable("in")


FAULTS = {fault.name: fault for fault in (
    Fault("graceful stop", lambda lab, node: node.terminate(), _start_after_end, "terminate"),
    Fault("planned release", lambda lab, node: node.release(), lambda lab, node, kept: node.resume(), "release"),
    Fault("kill -9 of the gateway", lambda lab, node: node.kill9_gateway(), lambda lab, node, kept: node.revive_gateway(),
          "kill9_gateway"),
    Fault("kill -9 of the guardian", lambda lab, node: node.kill9_guardian(), _start_again, "kill9_guardian"),
    Fault("kill -9 of everything", lambda lab, node: node.kill9_all(), _start_again, "kill9_all"),
    Fault("freeze of the gateway", lambda lab, node: node.freeze_gateway(), lambda lab, node, kept: node.thaw(kept),
          "freeze_gateway"),
    Fault("freeze of the guardian", lambda lab, node: node.freeze_guardian(), lambda lab, node, kept: node.thaw(kept),
          "freeze_guardian"),
    Fault("freeze of everything", lambda lab, node: node.freeze(), lambda lab, node, kept: node.thaw(kept), "freeze"),
    Fault("host crash", lambda lab, node: node.crash_host(), lambda lab, node, kept: node.revive_host(), "crash_host"),
    Fault("cable pulled", _cut, _uncut, ""),
    Fault("link down", lambda lab, node: node.host.link("down"), lambda lab, node, kept: node.host.link("up"), ""),
    Fault("silent switch", lambda lab, node: lab.silence(node.name), lambda lab, node, kept: kept.undo(), ""),
)}


def current_holder(cluster, seconds=15):
    """The node that holds the address alone and answers."""
    def alone():
        holders = cluster.probe.holders()
        return holders[0] if len(holders) == 1 and cluster.probe.answered_by() == holders[0] else None
    return eventually(alone, "one node to hold the address and answer", seconds)


def trial(cluster, fault, seconds=8.0, watch=2.0, phase=0.2, settles=15.0):
    """Strikes the holder; returns Figures.

    watch: an address that the victim still holds so long after the other answers counts as staying; phase: the strike comes at any
    moment of so many seconds, so that it meets every moment between two advertisements; settles: by when all must be well again.
    """
    probe = cluster.probe
    victim = current_holder(cluster)
    node = cluster.nodes[victim]
    time.sleep(0.1 + random.uniform(0.0, phase))
    since = probe.now()
    kept = fault.inflict(cluster.lab, node)

    def successor():
        who = probe.answered_by()
        return who if who not in (None, victim) else None
    try:
        heir = eventually(successor, f"another node than {victim} to answer after {fault.name}", seconds)
        probe.wait_answered_by(heir, seconds, kind="tcp")
        _watch_stale(probe, victim, probe.now() + watch)
    except DeadlineExceeded as failure:
        raise AssertionError(f"{fault.name}: {failure}; holders: {probe.holding()}") from None
    end = probe.now()
    time.sleep(RECORDED)
    held_until = probe.held_until(victim)
    stale = None if held_until is None else max(0.0, held_until - since)
    mended = probe.now()
    fault.mend(cluster.lab, node, kept)
    node.wait_takes_part()
    current_holder(cluster, settles)
    return Figures(victim, heir, probe.outage(since, end), probe.outage(since, end, kind="tcp"), probe.takeover(since, heir), stale,
                   probe.overlap(since, end), probe.outage(mended))


def _watch_stale(probe, victim, until):
    """Returns when the victim lost the address, or at `until`."""
    try:
        eventually(lambda: victim not in probe.holders(), "the address to go", max(0.0, until - probe.now()))
    except DeadlineExceeded:
        pass  # it stays: that is a result


def spread(seconds):
    """"median (min-max)" in ms of times, some of which may be None: "never"."""
    numbers = sorted(math.inf if one is None else one * 1000 for one in seconds)
    return f"{shown(median(numbers))} ({shown(numbers[0])}-{shown(numbers[-1])})"


def shown(milliseconds):
    return "never" if math.isinf(milliseconds) else f"{milliseconds:.0f}"
