#!/usr/bin/python3
"""Two nodes with a virtual address, and everything that goes wrong in a rack, one thing after the other: ./bench/vip_soak.py [--minutes 30]

Links flap, heartbeat interfaces are made anew, addresses are taken off and put where they do not belong, files are reloaded, the
reader of the logs stops, processes freeze; on one of the nodes they are killed, too, so that the processes of the other live from
the beginning to the end and show what they cost. Clients ask all the time. After each trouble exactly one node must hold the
address and answer within the bound for it, and nobody else may. Everything runs in network namespaces of its own, as root.

Prints Markdown. Exit code 1: a bound was not kept.
"""
import argparse
import os
import random
import signal
import subprocess
import sys
import time
from collections import defaultdict

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "tests")]
from harness import processes  # noqa: E402
from harness.gateway_user import give  # noqa: E402
from harness.holdfast_node import VipCluster  # noqa: E402
from harness.lab import require_root  # noqa: E402
from harness.vip_faults import FAULTS  # noqa: E402
from harness.vip_probe import VIP  # noqa: E402

SETTLES = 20.0  # seconds: damping and a start are in them
HEARTBEAT = {name: {"vip_extra": f'heartbeat = [ {{ interface = "eth2", peers = ["{peer}"] }} ]\npreempt = {{preempt}}'}
             for name, peer in (("a", "198.18.1.2"), ("b", "198.18.1.1"))}
KILLS = ("kill -9 of the gateway", "kill -9 of the guardian", "kill -9 of everything", "host crash", "graceful stop")
STRIKES = tuple(name for name in FAULTS if name not in KILLS)
OWNERS = ("guardian", "gateway", "steward")


class StalledReader:
    """Takes a node's log from a pipe, and stops doing so now and then."""

    def __init__(self, node):
        self.pipe = os.path.join(node.folder, "log.pipe")
        os.mkfifo(self.pipe)
        give(self.pipe)
        self.keeper = os.open(self.pipe, os.O_RDWR)  # the pipe always has a reader's end
        with open(os.path.join(node.folder, "log.read"), "wb") as file:
            self.child = subprocess.Popen(["/usr/bin/setpriv", "--pdeathsig", "KILL", "--", "/bin/cat", self.pipe], stdout=file)

    def stop(self):
        self.child.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.child.send_signal(signal.SIGCONT)

    def close(self):
        self.go_on()
        self.child.kill()
        self.child.wait()
        os.close(self.keeper)


def remake_heartbeat_link(node):
    host, link = node.host, "eth2"
    host.run("ip", "link", "del", link)
    time.sleep(random.uniform(0.0, 1.0))
    host.make_link(link)


def flap(node):
    for _ in range(random.randint(2, 12)):
        node.host.link("down")
        time.sleep(random.uniform(0.0, 0.1))
        node.host.link("up")
        time.sleep(random.uniform(0.0, 0.1))


def take_off(node):
    for _ in range(5):
        node.host.run("ip", "address", "del", f"{VIP}/24", "dev", "eth1", check=False)
        time.sleep(0.05)


def put_where_it_does_not_belong(node):
    node.host.run("ip", "address", "add", f"{VIP}/{random.choice((24, 32))}", "dev", "eth1", check=False)


def reload(node):
    extra = HEARTBEAT[node.name]["vip_extra"].replace("{preempt}", random.choice(("true", "false")))
    node.write_config(priority=random.choice((80, 90, 100, 110)), vip_extra=extra)
    node.cli("reload")


TROUBLES = {
    "link flaps": flap,
    "heartbeat interface made anew": remake_heartbeat_link,
    "address taken off": take_off,
    "address put on by somebody": put_where_it_does_not_belong,
    "reload": reload,
}


def cost(node):
    """{owner: (KiB resident, descriptors)} of the three processes."""
    guardian = node.status()["guardian"]
    found = {}
    for owner, key in zip(OWNERS, ("pid", "gateway_pid", "steward_pid")):
        pid = guardian[key]
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            resident = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024
        found[owner] = (resident, len(os.listdir(f"/proc/{pid}/fd")))
    return found


def settled(cluster):
    """One node holds the address and answers, and keeps it for a second: who."""
    def alone():
        holders = cluster.probe.holders()
        return holders[0] if len(holders) == 1 and cluster.probe.answered_by() == holders[0] else None
    holder = processes.eventually(alone, "one node to hold the address and answer", SETTLES)
    for node in cluster.nodes.values():
        node.wait_takes_part(SETTLES)
    return holder


def strike(cluster, name):
    """One trouble; (longest time without an answer, with two holders), in seconds."""
    node = cluster[random.choice("ab")]
    if name in KILLS:
        node = cluster["a"]
    since = cluster.probe.now()
    if name in TROUBLES:
        TROUBLES[name](node)
    else:
        fault = FAULTS[name]
        kept = fault.inflict(cluster.lab, node)
        time.sleep(random.uniform(0.5, 3.0))
        fault.mend(cluster.lab, node, kept)
    settled(cluster)
    time.sleep(0.2)
    return cluster.probe.outage(since), cluster.probe.overlap(since)


def soak(minutes, seed):
    random.seed(seed)
    found, failures, costs = defaultdict(list), [], []
    settings = {name: {"vip_extra": one["vip_extra"].replace("{preempt}", "true"),
                       "extra": '\n[log]\nfile = "{folder}/log.pipe"\n'} for name, one in HEARTBEAT.items()}
    with VipCluster("ab", per_node=settings, start=False, master=None) as cluster:
        readers = {name: StalledReader(node) for name, node in cluster.nodes.items()}
        try:
            for node in cluster.nodes.values():
                node.start()
            settled(cluster)
            end = time.monotonic() + minutes * 60
            last_cost = 0.0
            while time.monotonic() < end:
                if time.monotonic() - last_cost > 60:
                    costs.append(cost(cluster["b"]))
                    last_cost = time.monotonic()
                for reader in readers.values():
                    random.choice((reader.stop, reader.go_on))()
                name = random.choice((*TROUBLES, *TROUBLES, *STRIKES, *KILLS))
                try:
                    found[name].append(strike(cluster, name))
                except (AssertionError, OSError, KeyError, TypeError) as failure:
                    failures.append(f"{name}: {str(failure).splitlines()[0]}")
                    print(f"soak: {failures[-1]}", file=sys.stderr, flush=True)
            for reader in readers.values():
                reader.go_on()
            settled(cluster)
            costs.append(cost(cluster["b"]))
        finally:
            for reader in readers.values():
                reader.close()
    return found, failures, costs


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    require_root()
    found, failures, costs = soak(options.minutes, options.seed)
    print(f"Seed {options.seed}, {options.minutes:g} minutes, {sum(map(len, found.values()))} troubles.\n")
    print("| trouble | times | without an answer, ms (median, longest) | two holders, ms (longest) |\n|---|---|---|---|")
    for name in sorted(found):
        outages, overlaps = zip(*found[name])
        print(f"| {name} | {len(outages)} | {sorted(outages)[len(outages) // 2] * 1000:.0f}, {max(outages) * 1000:.0f} "
              f"| {max(overlaps) * 1000:.0f} |")
    print("\n| process of node b | resident KiB: after a minute, at the end | descriptors: the same |\n|---|---|---|")
    for owner in OWNERS:
        first, last = costs[min(1, len(costs) - 1)][owner], costs[-1][owner]
        print(f"| {owner} | {first[0]}, {last[0]} | {first[1]}, {last[1]} |")
    for failure in failures:
        print(f"\nNot kept: {failure}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
