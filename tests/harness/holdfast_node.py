"""One Holdfast with virtual addresses on one host of a lab, and a cluster of them with a probe.

    with VipCluster("ab") as cluster:            # a has priority 100, b 90; a is master when this returns
        cluster["a"].kill9_all()
        cluster.probe.wait_answered_by("b")

Unless told otherwise a node serves `echo`, a tcp service on <VIP>:7000 and on the host's own address, whose one server is a line
server on the host's loopback that tells the host's name. So a client of the VIP sees which node answered, through the gateway.

Invariants:
  1. stop() asserts a clean end: exit code 0 after SIGTERM, no bug or sanitizer report in the log, no address left behind.
  2. Everything of a node is below one folder that belongs to the user that the gateway becomes.
"""
import json
import os
import shutil
import signal
import subprocess
import tempfile
import urllib.request

from . import processes
from .gateway_user import USER, give
from .holdfast import BAD_LOG_MARKS, program
from .lab import LINKS, Lab
from .line_server import LineServer
from .vip_probe import TCP_PORT, VIP, VipProbe

PRIORITIES = {"a": 100, "b": 90, "c": 80}
HTTP_PORT = 9400  # every namespace has a loopback of its own


def vip_text(name="db", addresses=(VIP,), router_id=51, priority=100, interface="eth1", advert_interval="100ms", extra=""):
    """One [[vip]]; extra: lines of it, as text. Sub-tables go last."""
    listed = ", ".join(f'"{one}/{64 if ":" in one else 24}"' for one in addresses)
    interval = f'advert_interval = "{advert_interval}"' if advert_interval else ""
    return f"""
[[vip]]
name = "{name}"
interface = "{interface}"
addresses = [{listed}]
router_id = {router_id}
priority = {priority}
{interval}
{extra}
"""


class HoldfastNode:
    """settings: vips (texts, instead of one made of the other settings), priority, addresses, vip_extra, node_extra, extra,
    services (text, in the place of `echo`)."""

    def __init__(self, host, start=True, **settings):
        self.host, self.name = host, host.name
        self.settings = {"priority": PRIORITIES[host.name], **settings}
        self.folder = tempfile.mkdtemp(prefix=f"hf-node-{host.name}-")
        self.config, self.log = os.path.join(self.folder, "holdfast.toml"), os.path.join(self.folder, "holdfast.log")
        self.admin_socket = os.path.join(self.folder, "admin.sock")
        self._orphans = []
        self.child, self.known_gateway = None, None  # the gateway's id is asked for before a fault, not in it
        self.line_server = LineServer(host, os.path.join(self.folder, "line.log"))
        self._cleanup = processes.Cleanup()
        self._cleanup.add(self._remove_folder)
        self._cleanup.add(self.line_server.kill)
        self.write_config()
        if "services" not in self.settings:
            self.line_server.start()
        if start:
            self.start()

    # -- configuration ------------------------------------------------------------------------------------------------

    def write_file(self, name, text, mode=0o600):
        """A file in the node's folder, which belongs to the gateway's user; its path."""
        path = os.path.join(self.folder, name)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)
        give(path)
        return path

    def start_named(self, name):
        """A process of this name in the host's namespace, which does nothing."""
        path = shutil.copy("/usr/bin/sleep", os.path.join(self.folder, name))
        child = self.host.start([path, "600"], os.path.join(self.folder, "named.log"))
        self._cleanup.add(processes.signal_child, child, signal.SIGKILL)
        return child

    def write_config(self, **changes):
        """Writes the file anew with some settings changed. Texts may use {folder}, {name} and {address}."""
        self.settings.update(changes)
        settings = self.settings
        for name, text in settings.get("files", {}).items():
            self.write_file(name, text, 0o755 if text.startswith("#!") else 0o600)
        vips = settings.get("vips") or [vip_text(
            addresses=settings.get("addresses", (VIP,)), priority=settings["priority"],
            advert_interval=settings.get("advert_interval", "100ms"), extra=settings.get("vip_extra", ""))]
        text = self._base() + "".join(vips) + settings.get("extra", "")
        for word, value in (("folder", self.folder), ("name", self.name), ("address", self.host.address),
                            ("heartbeat_address", self.host.heartbeat_address)):
            text = text.replace("{" + word + "}", value)
        self.write_file("holdfast.toml", text)
        self._own()

    def _base(self):
        return f"""
[node]
name = "{self.name}"
shards = 1
state_dir = "{self.folder}"
user = "{USER}"
{self.settings.get("node_extra", "")}

[admin]
http = "127.0.0.1:{HTTP_PORT}"
socket = "{self.admin_socket}"
""" + (self.settings.get("services") or self._echo())

    def _echo(self):
        shared = self.settings.get("addresses", (VIP,))
        listen = ", ".join(f'"[{one}]:{TCP_PORT}"' if ":" in one else f'"{one}:{TCP_PORT}"'
                           for one in (*shared, self.host.address) if not one.startswith("fe80"))
        return f"""
[[service]]
name = "echo"
protocol = "tcp"
listen = [{listen}]
  [service.check]
  interval = "100ms"
  timeout = "500ms"
  rise = 1
  fall = 2
  [[service.server]]
  name = "line"
  address = "127.0.0.1:{self.line_server.port}"
"""

    def _own(self):
        for folder, _, names in os.walk(self.folder):
            for path in (folder, *(os.path.join(folder, name) for name in names)):
                give(path)

    # -- process ------------------------------------------------------------------------------------------------------

    def start(self, seconds=20):
        if not os.path.exists(program()):
            raise FileNotFoundError(f"{program()} is missing: ./scripts/build release, or set HOLDFAST")
        self.child = self.host.start([os.path.abspath(program()), "run", "--config", self.config], self.log, cwd=self.folder)
        self._cleanup.add(self.kill9_all)

        def ready():
            if self.child.poll() is not None:
                raise RuntimeError(f"holdfast of {self.name} ended with {self.child.returncode}:\n{processes.tail(self.log)}")
            status = self.status()
            if status["guardian"]["pid"] != self.child.pid:
                return False  # the gateway of an earlier guardian still answers
            return all(vip["state"] != "initialize" and "gateway" not in [one["source"] for one in vip["contributions"]]
                       for vip in status["vips"])
        try:
            processes.eventually(ready, f"the VIPs of {self.name} to take part", seconds, 0.02,
                                 (OSError, AssertionError, json.JSONDecodeError, KeyError, TypeError))
        except processes.DeadlineExceeded as failure:
            raise AssertionError(f"{failure}\nlog:\n{processes.tail(self.log)}") from None
        self.known_gateway = self.gateway_pid()
        return self

    def running(self):
        return self.child is not None and self.child.poll() is None

    def terminate(self):
        """Asks it to end, without waiting."""
        processes.signal_child(self.child, signal.SIGTERM)

    def stop(self, seconds=20):
        assert self.running(), f"holdfast of {self.name} ended early:\n{processes.tail(self.log)}"
        self.terminate()
        self.wait_end(seconds)

    def wait_end(self, seconds=20):
        """After terminate(): the end that invariant 1 wants."""
        code = processes.stop(self.child, seconds)
        assert code == 0, f"holdfast of {self.name} ended with {code} instead of 0:\n{processes.tail(self.log)}"
        self.assert_clean_log()
        for address in self.settings.get("addresses", (VIP,)):
            assert not self.host.holds(address), f"{self.name} ended in order and left {address} behind"

    def gateway_pid(self):
        return self.status()["guardian"]["gateway_pid"]

    def guardian_pid(self):
        return self.child.pid

    def pids(self):
        """Guardian first, then its children and theirs."""
        if not self.running():
            return []
        found, todo = [], [self.child.pid]
        while todo:
            pid = todo.pop(0)
            found.append(pid)
            todo += children_of(pid)
        return found

    def signal(self, number, *pids):
        for pid in pids:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def kill9_all(self):
        """Guardian, gateway and steward at once, and what a killed guardian left (as a service manager does)."""
        self.signal(signal.SIGKILL, *self.pids(), *(pid for pid in self._orphans if self._is_ours(pid)))
        self._orphans = []
        if self.child is not None:
            self.child.wait(10)

    def freeze(self):
        """Everything of it stands still. Returns the ids, for thaw()."""
        return self._freeze(self.pids())

    def thaw(self, pids):
        self.signal(signal.SIGCONT, *pids)

    def _is_ours(self, pid):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                return self.config.encode() in file.read()
        except FileNotFoundError:
            return False

    def kill9_guardian(self):
        self._orphans = self.pids()[1:]
        self.signal(signal.SIGKILL, self.guardian_pid())
        self.child.wait(10)

    def kill9_gateway(self):
        self.signal(signal.SIGKILL, self.known_gateway)

    def revive_gateway(self):
        """The guardian does that itself: waits for it."""
        old = self.known_gateway
        processes.eventually(lambda: self.gateway_pid() not in (0, None, old), f"a new gateway on {self.name}", 15, 0.05,
                             (OSError, AssertionError, KeyError, TypeError))

    def freeze_gateway(self):
        return self._freeze([self.known_gateway])

    def freeze_guardian(self):
        return self._freeze([self.guardian_pid()])

    def _freeze(self, pids):
        self.signal(signal.SIGSTOP, *pids)
        return pids

    def release(self):
        self.cli_ok("vip", "release", "db")

    def resume(self):
        self.cli_ok("vip", "resume", "db")

    def wait_takes_part(self, seconds=15):
        """Until its VIPs are masters or backups, and remembers who its gateway is."""
        processes.eventually(lambda: self._takes_part(), f"{self.name} to take part", seconds, 0.02,
                             (OSError, AssertionError, json.JSONDecodeError, KeyError, TypeError))

    def _takes_part(self):
        status = self.status()
        self.known_gateway = status["guardian"]["gateway_pid"]
        return self.known_gateway and all(vip["state"] in ("master", "backup") for vip in status["vips"])

    def revive_host(self):
        for link in LINKS:
            self.host.cable("in", link)
        self.start()

    def crash_host(self):
        """As if the host had lost its power: processes, address and carrier are gone at one moment."""
        self.host.cable("pulled")
        self.kill9_all()
        for link in LINKS:
            self.host.cable("pulled", link)
        for address in self.settings.get("addresses", (VIP,)):
            self.host.remove_address(address)

    def log_text(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def assert_clean_log(self):
        for line in self.log_text().splitlines():
            for mark in BAD_LOG_MARKS:
                assert mark not in line, f"{mark} in the log of {self.name}:\n{processes.tail(self.log, 120)}"

    def close(self):
        if self.child is not None:
            self.thaw(self.pids())
        self._cleanup.run()

    def _remove_folder(self):
        if os.environ.get("HOLDFAST_KEEP") == "1":
            print(f"kept: {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    # -- admin side ---------------------------------------------------------------------------------------------------

    def cli(self, *arguments, seconds=20):
        return subprocess.run([os.path.abspath(program()), *arguments, "--config", self.config], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=seconds, cwd=self.folder)

    def cli_ok(self, *arguments):
        done = self.cli(*arguments)
        assert done.returncode == 0, f"{arguments}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def status(self):
        return json.loads(self.cli_ok("status", "--json"))

    def vip(self, name="db"):
        for vip in self.status()["vips"]:
            if vip["name"] == name:
                return vip
        raise AssertionError(f"no VIP {name} in the status of {self.name}")

    def state(self, name="db"):
        return self.vip(name)["state"]

    def events(self):
        """Every event that is remembered, oldest first."""
        return json.loads(self.http("/api/v1/events?since=0&limit=1000"))["events"]

    def metrics_text(self):
        return self.http("/metrics")

    def http(self, path):
        """The text of an answer of the admin listener, which is on the host's own loopback."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

        def fetch():
            with opener.open(f"http://127.0.0.1:{HTTP_PORT}{path}", timeout=10) as answer:
                return answer.read().decode()
        return self.host.within(fetch)


def children_of(pid):
    """Of all its threads."""
    found = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
                found += [int(word) for word in file.read().split()]
    except FileNotFoundError:
        pass
    return found


class VipCluster:
    """A lab, its probe, and a node on each host. settings go to every node, per_node[name] to one.

    only: the hosts that run Holdfast (None: all); start: whether nodes are started; master: who must have the address before
    the cluster is handed out (None: do not wait).
    """

    def __init__(self, names="ab", vips=(VIP,), per_node=None, groups=("224.0.0.18",), master="a", only=None, start=True,
                 **settings):
        self.names, self.vips, self.master = tuple(names), tuple(vips), master
        self.nodes = {}
        self._cleanup = processes.Cleanup()
        self.lab = Lab(self.names)
        self._cleanup.add(self.lab.close)
        try:
            self.probe = VipProbe(self.lab, self.vips, groups=groups)
            self.probe.__enter__()
            self._cleanup.add(self.probe.close)
            for name in only or self.names:
                self.add(name, start, **{"addresses": self.vips, **settings, **(per_node or {}).get(name, {})})
            if master:
                self.settle(master)
        except BaseException:
            self.close()
            raise

    def add(self, name, start=True, **settings):
        node = HoldfastNode(self.lab[name], start=False, **settings)
        self._cleanup.add(node.close)
        self.nodes[name] = node
        return node.start() if start else node

    def __getitem__(self, name):
        return self.nodes[name]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._cleanup.run()

    def settle_address(self, holder, seconds=10, vip=None):
        """The same without a gateway, for a host that runs something else."""
        self.probe.wait_holder(holder, seconds, vip)
        self.probe.wait_answered_by(holder, seconds, vip)

    def settle(self, holder, seconds=10, vip=None):
        """Until exactly this node holds the address, and clients are answered by it and through its gateway."""
        self.settle_address(holder, seconds, vip)
        self.probe.wait_answered_by(holder, seconds, vip, kind="tcp")
