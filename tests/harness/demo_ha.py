#!/usr/bin/python3
"""A story on the screen: two Holdfast nodes with one virtual address in front of three MariaDB servers, and a client that writes and
reads through that address without stop while nodes are killed; each gap is shown in milliseconds. Needs root.

usage: demo_ha.py [--once]     --once: tell the story, print a verdict, end (exit code 0 or 1)
                               without: then keep everything running until Ctrl-C, so that you can try it yourself

The network is a lab of namespaces: hosts a and b run Holdfast, host d the three servers, the client has a host of its own.
"""
import os
import sys
import time
from contextlib import ExitStack

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from harness import load, mariadb  # noqa: E402  (needs the path above)
from harness.holdfast import SECRETS, mysql_service, program  # noqa: E402
from harness.holdfast_node import HTTP_PORT, HoldfastNode  # noqa: E402
from harness.lab import Lab  # noqa: E402
from harness.processes import eventually  # noqa: E402
from harness.steady_clients import ANSWER_SECONDS, CONNECT_SECONDS, SteadyClients  # noqa: E402
from harness.story import perform  # noqa: E402
from harness.vip_probe import VIP  # noqa: E402

PORT = 3306
PRIORITIES = {"a": 110, "b": 100}
MOST_GAP = 3.0     # seconds: a machine with other work may be late, but nobody may be gone for longer
SHOWN_GAP = 0.05   # seconds: while you try it yourself, gaps from here on are shown


class Scene:
    """The lab, its servers and the two nodes; `with` ends everything."""

    def __init__(self, story):
        self.story, self.nodes, self.gaps = story, {}, []
        self._stack = ExitStack()

    def __enter__(self):
        try:
            self._set_up()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_):
        self._stack.close()

    def _set_up(self):
        self.story.say("making a network: hosts a, b and d and a client behind one switch, a and b also by a second wire ...")
        self.lab = self._stack.enter_context(Lab(["a", "b", "d"]))
        self.story.say("starting three MariaDB servers on host d: db1 primary, db2 and db3 replicas ...")
        self.cluster = self._stack.enter_context(mariadb.Cluster(place=self.lab["d"]))
        for name, priority in PRIORITIES.items():
            self.story.say(f"starting holdfast on host {name}, priority {priority} ...")
            peer = self.lab["b" if name == "a" else "a"]
            node = self.nodes[name] = HoldfastNode(self.lab[name], start=False, **settings(self.cluster, priority, peer))
            self._stack.callback(node.close)
            node.start()
            self.wait_holder("a")
            self.wait_ready(name)

    def holder(self):
        """The one node that has the address."""
        return eventually(lambda: len(self.lab.holders(VIP)) == 1 and self.lab.holders(VIP), f"one node to hold {VIP}")[0]

    def wait_holder(self, name, after="the start"):
        eventually(lambda: self.lab.holders(VIP) == [name], f"{name}, and nobody else, to hold {VIP} after {after}", 10)

    def wait_ready(self, name):
        """Until a node that started is one that the address can move to as planned: a backup that listens to the master."""
        node = self.nodes[name]
        node.wait_takes_part()
        before = node.vip()
        eventually(lambda: node.state() == "master" or heard(node.vip()) > heard(before), f"{name} to hear the master", 10)

    def watch_clients(self):
        """New clients with an empty table, at work."""
        clients = SteadyClients(self.lab, VIP, PORT, load.prepare(self.cluster))
        clients.__enter__()
        self._stack.callback(clients.__exit__)
        clients.wait_served()
        return clients


def settings(cluster, priority, peer):
    return {
        "priority": priority, "files": {"heartbeat.key": "key of the demo\n", **{name: text + "\n" for name, text in SECRETS.items()}},
        "vip_extra": f"""
heartbeat_key_file = "{{folder}}/heartbeat.key"
heartbeat = [ {{ interface = "eth2", peers = ["{peer.heartbeat_address}"] }} ]
track = [ {{ service = "orders", needs = "primary" }} ]
""",
        "services": mysql_service([f'"{VIP}:{PORT}"', f'"{{address}}:{PORT}"'], cluster.servers),
    }


def heard(vip):
    return sum(path["received"] for path in vip["paths"])


def tell(scene, clients):
    scene.story.say(f"the client connects to {VIP}:{PORT} and waits at most {CONNECT_SECONDS * 1000:.0f} ms for a connection and "
                    f"{ANSWER_SECONDS * 1000:.0f} ms for an answer")
    a, b = scene.nodes["a"], scene.nodes["b"]
    strike(scene, clients, "nothing happens", lambda: None, "a")
    strike(scene, clients, "planned: holdfast vip release db on a", a.release, "b")
    strike(scene, clients, "holdfast vip resume db on a", a.resume, "b")
    scene.wait_ready("a")
    strike(scene, clients, "kill -9 of the gateway of b", b.kill9_gateway, "a")
    scene.wait_ready("b")
    scene.story.say("b has a new gateway, started by its guardian, and is backup")
    strike(scene, clients, "kill -9 of everything on a, cables pulled", a.crash_host, "b")
    strike(scene, clients, "a returns", a.revive_host, "b")
    scene.wait_ready("a")
    strike(scene, clients, "graceful stop of holdfast on b", b.terminate, "a")
    b.wait_end()
    strike(scene, clients, "holdfast on b starts again", b.start, "a")
    scene.wait_ready("b")


def strike(scene, clients, what, action, heir):
    """Does it and says how long the clients stood still around it."""
    lost, unknown = clients.interruptions, len(clients.unknown)
    scene.story.say(f"{what} ...")
    clients.begin()
    action()
    scene.wait_holder(heir, what)
    clients.wait_served()
    gaps = clients.gaps()
    scene.gaps.append((what, gaps))
    scene.story.check(max(gaps) <= MOST_GAP, f"{heir} has the address; {gaps}; {clients.interruptions - lost} "
                                             f"connections lost or refused, {len(clients.unknown) - unknown} inserts in doubt")


def audit(scene, clients):
    clients.stop()
    story = scene.story
    story.check(not clients.wrong, f"{clients.reads} reads, {len(clients.wrong)} wrong answers" + "".join(f": {one}" for one in clients.wrong[:1]))
    try:
        load.verify(clients, scene.cluster)
        story.check(True, f"{len(clients.acknowledged)} acknowledged rows are on all three servers exactly once "
                          f"({len(clients.unknown)} inserts in doubt are there at most once)")
    except AssertionError as failure:
        story.check(False, str(failure))


def one_holder(scene):
    holders = scene.lab.holders(VIP)
    scene.story.check(len(holders) == 1, f"exactly one node has {VIP}: {', '.join(holders) or 'nobody'}")


def summary(gaps):
    width = max(len(what) for what, _ in gaps)
    print(f"\n  {'the longest gap in ms between two':{width}}  writes   reads")
    for what, gap in gaps:
        print(f"  {what:{width}}  {gap.write * 1000:6.0f}  {gap.read * 1000:6.0f}")
    print(flush=True)


def how_to_look(scene):
    a, client = scene.nodes["a"], scene.lab.client.namespace
    configs = "\n".join(f"  {node.name}: log {node.log}\n     CONFIG {node.config}, guardian {node.guardian_pid()}, gateway "
                        f"{node.known_gateway}, namespace {node.host.namespace}" for node in scene.nodes.values())
    print(f"""Everything keeps running until Ctrl-C: clients are at work, and every gap from {SHOWN_GAP * 1000:.0f} ms on is shown here. Try it:
  as a client    ip netns exec {client} mariadb -h {VIP} -P {PORT} -u {mariadb.APP_USER} -p{mariadb.APP_PASSWORD} {mariadb.SCHEMA}
  state of a     {program()} status --config {a.config}
  metrics of a   ip netns exec {a.host.namespace} curl -s http://127.0.0.1:{HTTP_PORT}/metrics
  addresses      ip -n {a.host.namespace} -brief address
  planned move   {program()} vip release db --config CONFIG       (and resume)
  faults         kill -9 PID, kill -STOP PID; ip -n {scene.lab.switch} link set a1 down   (a's cable to the clients; up again: ... up)
{configs}
  servers: {', '.join(f'{server.name} {server.address} (pid {server.child.pid})' for server in scene.cluster.servers)}, host d
""", flush=True)


def keep_running(scene):
    """Until Ctrl-C; a node that was killed is started again, as systemd would. Then the audit of what happened meanwhile."""
    clients = scene.watch_clients()
    how_to_look(scene)
    clients.begin()
    try:
        while True:
            time.sleep(0.2)
            longest = max(clients.gaps())
            if longest >= SHOWN_GAP and clients.served_now():
                scene.story.say(f"{clients.gaps()}; the address is on {', '.join(scene.lab.holders(VIP)) or 'no node'}")
                clients.begin()
            for node in scene.nodes.values():
                if not node.running():
                    scene.story.say(f"holdfast on {node.name} has ended; it is started again")
                    node.start()
    except KeyboardInterrupt:
        scene.story.say("stopped")
    audit(scene, clients)


def in_a_lab(story, once):
    with Scene(story) as scene:
        clients = scene.watch_clients()
        story.say(f"{1 + len(clients.readers)} clients write and read without pause through {VIP}, which is on host {scene.holder()}")
        tell(scene, clients)
        one_holder(scene)
        audit(scene, clients)
        summary(scene.gaps)
        if not once:
            keep_running(scene)
            return  # what state it was left in is yours to know
        last = scene.holder()
        for name in sorted(scene.nodes, key=lambda name: name == last):  # the backup first: the address has nowhere to go then
            scene.nodes[name].stop()
        story.check(not scene.lab.holders(VIP), "both nodes ended in order and left no address behind")


if __name__ == "__main__":
    sys.exit(perform(__doc__, in_a_lab))
