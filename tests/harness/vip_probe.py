"""Who answered a virtual address when, and who held it: what tests and benches ask about a fail-over.

    with VipProbe(lab, ["198.18.0.100"]) as probe:
        since = probe.now()
        …the fault…
        probe.wait_answered_by("b")
        probe.outage(since)                      # longest time without an answer, in seconds
        probe.overlap(since)                     # longest time that two nodes held the address

The work is done by vip_observer.py in a process of its own. Times are time.monotonic().

Invariants:
  1. An outage is the time from the last answered question to the next answered one, when at least one between them was
     not answered: a late observer is never taken for a dead service.
  2. A question counts as answered only when the answer came within its wait (20 ms UDP, 100 ms TCP).
"""
import bisect
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter, defaultdict, namedtuple

from . import processes

VIP = "198.18.0.100"
UDP_PORT, TCP_PORT = 7001, 7000
FOREVER = 0xFFFFFFFF
OBSERVER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "vip_observer.py")

Sample = namedtuple("Sample", "sent answered node")     # answered, node: None without an answer
Change = namedtuple("Change", "time node held valid")   # an address was added or refreshed (held), or removed
Advert = namedtuple("Advert", "time source version router_id priority")
Arp = namedtuple("Arp", "time operation mac")


class VipProbe:
    """Runs from __enter__ to close(); `tcp_every` 0: no TCP questions."""

    def __init__(self, lab, vips=(VIP,), tcp_port=TCP_PORT, tcp_every=0.005, udp_every=0.002, groups=("224.0.0.18",)):
        self.lab, self.vips = lab, list(vips)
        self.folder = tempfile.mkdtemp(prefix="hf-probe-")
        self.records, self.log = os.path.join(self.folder, "records"), os.path.join(self.folder, "log")
        self._order = {"client": lab.client.namespace, "nodes": {host.name: host.namespace for host in lab.nodes},
                       "vips": [{"address": vip} for vip in self.vips], "udp_port": UDP_PORT, "tcp_port": tcp_port,
                       "udp_every": udp_every, "tcp_every": tcp_every, "udp_wait": 0.02, "tcp_wait": 0.1,
                       "groups": list(groups), "records": self.records}
        self._samples, self._changes = defaultdict(list), defaultdict(list)
        self._adverts, self._arps, self._listed, self.twice, self.lost = [], defaultdict(list), set(), [], []
        self._file, self._rest = None, ""
        self.child = None
        self._cleanup = processes.Cleanup()
        self._cleanup.add(shutil.rmtree, self.folder, True)

    def __enter__(self):
        order = os.path.join(self.folder, "order.json")
        with open(order, "w", encoding="utf-8") as file:
            json.dump(self._order, file)
        self.child = processes.start([sys.executable, "-B", OBSERVER, order], self.log)
        self._cleanup.add(processes.signal_child, self.child, signal.SIGKILL)
        nodes = set(self._order["nodes"])
        try:
            processes.eventually(lambda: self._read() and self._listed == nodes, "the observer to run", 10, ignore=(OSError,))
        except processes.DeadlineExceeded as failure:
            raise AssertionError(f"{failure}\n{processes.tail(self.log)}") from None
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        processes.stop(self.child, 5)
        if self._file is not None:
            self._read()
            self._file.close()
            self._file = None
        self._cleanup.run()

    @staticmethod
    def now():
        return time.monotonic()

    # -- records ------------------------------------------------------------------------------------------------------

    def _read(self):
        if self._file is None:
            if self.child is None or not os.path.exists(self.records):
                return False
            self._file = open(self.records, encoding="ascii")
        text = self._rest + self._file.read()
        *lines, self._rest = text.split("\n")
        for line in lines:
            self._take(line.split(" "))
        assert self.child.poll() in (None, 0, -signal.SIGKILL), f"the observer broke:\n{processes.tail(self.log)}"
        return True

    def _take(self, words):
        kind = words[0]
        if kind in ("udp", "tcp"):
            _, vip, sent, answered, node = words
            answer = Sample(float(sent), None, None) if node == "-" else Sample(float(sent), float(answered), node)
            bisect.insort(self._samples[kind, vip], answer, key=lambda sample: sample.sent)
        elif kind == "address":
            _, when, node, sign, address, valid = words
            self._changes[address].append(Change(float(when), node, sign == "+", int(valid)))
        elif kind == "arp":
            self._arps[words[4]].append(Arp(float(words[1]), int(words[2]), words[3]))
        elif kind == "vrrp" and len(words[3]) == 16:
            head = bytes.fromhex(words[3])
            self._adverts.append(Advert(float(words[1]), words[2], head[0] >> 4, head[1], head[2]))
        elif kind == "listing":
            self._listed.add(words[2])
        elif kind == "twice":
            self.twice.append((words[1], float(words[2]), words[3]))
        elif kind == "lost":
            self.lost.append((float(words[1]), words[2]))

    def samples(self, since=0.0, until=None, vip=None, kind="udp"):
        """Every question sent in the time given whose fate is known, in order."""
        self._read()
        found = self._samples[kind, vip or self.vips[0]]
        first = bisect.bisect_left(found, since, key=lambda sample: sample.sent)
        last = len(found) if until is None else bisect.bisect_right(found, until, key=lambda sample: sample.sent)
        return found[first:last]

    def adverts(self, since=0.0, router_id=None):
        self._read()
        return [advert for advert in self._adverts if advert.time >= since and router_id in (None, advert.router_id)]

    def arps(self, since=0.0, vip=None):
        """ARP packets that the client heard whose sender claims the address."""
        self._read()
        return [arp for arp in self._arps[vip or self.vips[0]] if arp.time >= since]

    # -- answers ------------------------------------------------------------------------------------------------------

    def outage(self, since, until=None, vip=None, kind="udp"):
        """Seconds: the longest gap (invariant 1); 0.0 when everything was answered. A gap with no end counts up to the last
        question."""
        longest, last_good, missed = 0.0, since, False
        for sample in self.samples(since, until, vip, kind):
            if sample.node is None:
                missed = True
                longest = max(longest, sample.sent - last_good)
                continue
            if missed:
                longest = max(longest, sample.sent - last_good)
            last_good, missed = sample.sent, False
        return longest

    def takeover(self, since, node, vip=None, kind="udp"):
        """Seconds from `since` to the first question that `node` answered; None if it answered none."""
        first = next((sample for sample in self.samples(since, None, vip, kind) if sample.node == node), None)
        return None if first is None else first.sent - since

    def answers(self, since, until=None, vip=None, kind="udp"):
        """How many questions each node answered; None counts those without an answer."""
        return Counter(sample.node for sample in self.samples(since, until, vip, kind))

    def switches(self, since, until=None, vip=None, kind="udp"):
        nodes = [sample.node for sample in self.samples(since, until, vip, kind) if sample.node]
        return sum(one != other for one, other in zip(nodes, nodes[1:]))

    def answered_by(self, span=0.05, vip=None, kind="udp"):
        """The node that alone answered the questions of the last `span` seconds whose fate is known, most of them: a busy machine
        may be late for one. None if there is no such node."""
        wait = 0.02 if kind == "udp" else 0.1
        recent = self.samples(self.now() - span - wait, None, vip, kind)
        answered = [sample.node for sample in recent if sample.node]
        enough = len(recent) > 2 and 2 * len(answered) > len(recent)
        return answered[0] if enough and len(set(answered)) == 1 else None

    def wait_answered_by(self, node, seconds=10.0, vip=None, kind="udp"):
        processes.eventually(lambda: self.answered_by(vip=vip, kind=kind) == node,
                             f"{vip or self.vips[0]} to be answered by {node}", seconds)

    def wait_answered(self, seconds=10.0, vip=None, kind="udp"):
        """By anybody; the node's name."""
        return processes.eventually(lambda: self.answered_by(vip=vip, kind=kind), f"{vip or self.vips[0]} to be answered", seconds)

    # -- holders ------------------------------------------------------------------------------------------------------

    def changes(self, vip=None):
        self._read()
        return self._changes[vip or self.vips[0]]

    def holding(self, vip=None):
        """{node: [(from, to), …]}; `to` is None while it still holds the address."""
        intervals = defaultdict(list)
        for change in self.changes(vip):
            mine = intervals[change.node]
            if change.held and (not mine or mine[-1][1] is not None):
                mine.append((change.time, None))
            elif not change.held and mine and mine[-1][1] is None:
                mine[-1] = (mine[-1][0], change.time)
        return dict(intervals)

    def holders(self, vip=None):
        return sorted(node for node, spans in self.holding(vip).items() if spans and spans[-1][1] is None)

    def _profile(self, since, until, vip):
        """[(from, to, number of holders), …] from `since` to `until` or now."""
        end, moments = until or self.now(), []
        for spans in self.holding(vip).values():
            for began, ended in spans:
                began, ended = max(began, since), min(ended or end, end)
                if began < ended:
                    moments += [(began, 1), (ended, -1)]
        profile, number, last = [], 0, since
        for moment, step in sorted(moments):
            if moment > last:
                profile.append((last, moment, number))
                last = moment
            number += step
        if last < end:
            profile.append((last, end, number))
        return profile

    def overlap(self, since=0.0, until=None, vip=None):
        """Seconds: the longest time without a break that two or more nodes held the address."""
        return longest_run(self._profile(since, until, vip), lambda number: number > 1)

    def unheld(self, since=0.0, until=None, vip=None):
        """Seconds: the longest time that nobody held it."""
        return longest_run(self._profile(since, until, vip), lambda number: number == 0)

    def held_until(self, node, vip=None):
        """When the node lost the address last; None while it holds it, 0.0 if it never did."""
        spans = self.holding(vip).get(node)
        return spans[-1][1] if spans else 0.0

    def longest_lease(self, since=0.0, vip=None):
        """Seconds, the longest validity that an address was given; FOREVER means that it does not run out."""
        return max((change.valid for change in self.changes(vip) if change.held and change.time >= since), default=0)

    def wait_holder(self, node, seconds=10.0, vip=None):
        """Until exactly this node holds the address ("" for nobody)."""
        wanted = [node] if node else []
        processes.eventually(lambda: self.holders(vip) == wanted, f"{vip or self.vips[0]} to be held by {wanted}", seconds)


def longest_run(profile, wanted):
    longest, began = 0.0, None
    for start, end, number in profile:
        if not wanted(number):
            began = None
            continue
        began = start if began is None else began
        longest = max(longest, end - began)
    return longest
