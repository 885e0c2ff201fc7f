"""A small network in namespaces: a switch, some hosts, a client; nothing in it can reach anything else.

    with Lab(["a", "b"]) as lab:
        lab["a"].run("ip", "address")             # in the namespace of host a
        lab["a"].start([program, …], log)         # a child that cannot outlive the test run
        with lab.drop("a", "out", "vrrp"): …      # the switch loses what host a says in protocol 112

Every host has eth1 in the bridge br1 (198.18.0.0/24, fd00:18::/64) and eth2 in the bridge br2 (198.18.1.0/24). The bridges
are in a namespace of their own, so a cable can be pulled (no carrier) and a switch can be silent (carrier stays).

Invariants:
  1. Names carry the id of this process; a lab whose process is gone is removed when the next one is made.
  2. No namespace has a route out of it. close() ends every process in the lab's namespaces and removes them all.
  3. Needs root, and says so: a test of addresses that was skipped has proven nothing.
"""
import ctypes
import errno
import itertools
import os
import re
import signal
import socket
import struct
import subprocess
import threading

from . import processes

CLIENT = "client"
NETNS = "/run/netns"
LINKS = ("eth1", "eth2")
_NUMBERS = {"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, CLIENT: 9}
_labs = itertools.count(1)
_libc = ctypes.CDLL(None, use_errno=True)


def require_root():
    assert os.geteuid() == 0, "these tests make network namespaces and need root: run them as root (they touch no interface " \
                              "of this machine)"


def sh(*command, text=None, check=True, seconds=20):
    """Runs a command to its end; its output."""
    done = subprocess.run([str(word) for word in command], input=text, stdin=None if text is not None else subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=seconds)
    assert not check or done.returncode == 0, f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def enter_namespace(name):
    """The calling thread goes there for good."""
    fd = os.open(f"{NETNS}/{name}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        if _libc.setns(fd, 0x40000000) != 0:
            raise OSError(ctypes.get_errno(), f"setns {name}")
    finally:
        os.close(fd)


def within_namespace(name, action):
    """Runs action() in a thread inside the namespace; a socket made there stays there. Returns its value."""
    result = []

    def body():
        try:
            enter_namespace(name)
            result.append((action(), None))
        except Exception as failure:  # handed to the caller
            result.append((None, failure))
    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    value, failure = result[0]
    if failure is not None:
        raise failure
    return value


class Host:
    """One namespace with eth1 and eth2."""

    def __init__(self, lab, name):
        self.lab, self.name, self.number = lab, name, _NUMBERS[name]
        self.namespace = f"{lab.prefix}-{name}"
        self.address, self.heartbeat_address = f"198.18.0.{self.number}", f"198.18.1.{self.number}"
        self.address6, self.link_local = f"fd00:18::{self.number}", f"fe80::{self.number}"

    def __repr__(self):
        return f"Host({self.name})"

    def prefix(self, *command):
        return ["/usr/bin/nsenter", f"--net={NETNS}/{self.namespace}", "--", *map(str, command)]

    def run(self, *command, **options):
        return sh(*self.prefix(*command), **options)

    def start(self, command, log, **options):
        """A child in this namespace (its pid is the program's own: nsenter executes it in its place)."""
        return processes.start(self.prefix(*command), log, **options)

    def within(self, action):
        return within_namespace(self.namespace, action)

    def listen(self, address, port):
        """A listening TCP socket in this namespace."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return self.within(lambda: socket.create_server((address, port), family=family))

    # -- links --------------------------------------------------------------------------------------------------------

    def port(self, link="eth1"):
        """The switch's side of a link."""
        return f"{self.name}{link[-1]}"

    def link(self, state, link="eth1"):
        """state: "up" or "down", on the host's side. Down takes the link-local address away, up brings it back."""
        sh("ip", "-n", self.namespace, "link", "set", link, state)
        if state == "up" and link == "eth1":
            sh("ip", "-n", self.namespace, "address", "replace", f"{self.link_local}/64", "dev", link, "nodad")

    def make_link(self, link="eth2"):
        """The second interface again, after somebody deleted it: with its address and its place in the switch."""
        sh("ip", "-n", self.lab.switch, "-batch", "-", text=f"""\
link add {self.port(link)} type veth peer name {link} netns {self.namespace}
link set {self.port(link)} master br{link[-1]} up
""")
        self.run("ip", "address", "add", f"{self.heartbeat_address}/24", "dev", link)
        self.run("ip", "link", "set", link, "up")

    def cable(self, state, link="eth1"):
        """state: "in" or "pulled": the carrier of the host's interface goes."""
        sh("ip", "-n", self.lab.switch, "link", "set", self.port(link), "up" if state == "in" else "down")

    def mac(self, link="eth1"):
        return sh("ip", "-n", self.namespace, "-o", "link", "show", link).split("link/ether ")[1].split()[0]

    # -- addresses ----------------------------------------------------------------------------------------------------

    def addresses(self):
        """Every address of the host, without its prefix length: asks the kernel now."""
        listing = sh("ip", "-n", self.namespace, "-o", "address")
        return re.findall(r"inet6? ([0-9a-f.:]+)/", listing)

    def holds(self, address):
        return address in self.addresses()

    def remove_address(self, address):
        """As a reboot would."""
        for line in sh("ip", "-n", self.namespace, "-o", "address").splitlines():
            found = re.search(r"^\d+: (\S+) +inet6? ([0-9a-f.:]+/\d+)", line)
            if found and found.group(2).split("/")[0] == address:
                sh("ip", "-n", self.namespace, "address", "del", found.group(2), "dev", found.group(1).split("@")[0], check=False)

    def claim(self, address, link="eth1"):
        """Says by gratuitous ARP that it has this address."""
        mac, raw = bytes.fromhex(self.mac(link).replace(":", "")), socket.inet_aton(address)
        frame = b"\xff" * 6 + mac + struct.pack("!HHHBBH", 0x0806, 1, 0x0800, 6, 4, 1) + mac + raw + b"\0" * 6 + raw

        def send():
            with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
                sock.bind((link, 0x0806))
                sock.send(frame)
        self.within(send)

    def pids(self):
        listing = sh("ip", "netns", "pids", self.namespace, check=False)
        return [int(word) for word in listing.split()]


class Drop:
    """Packets that the switch or a host loses until undo()."""

    def __init__(self, namespace, family, table):
        self._namespace, self._table = namespace, (family, table)

    def undo(self):
        if self._table:
            sh("ip", "netns", "exec", self._namespace, "nft", "delete", "table", *self._table)
            self._table = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.undo()


MATCHES = {  # what: nft matches, any of which is dropped
    "all": [""],
    "vrrp": ["ip protocol 112", "ip protocol 51", "ip6 nexthdr 112"],
    "arp": ["ether type arp", "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert }"],
    "heartbeat": ["udp dport 694"],
}


class Lab:
    def __init__(self, hosts=("a", "b")):
        require_root()
        remove_leftovers()
        self.prefix = f"hf{os.getpid()}-{next(_labs)}"
        self.switch = f"{self.prefix}-switch"
        self.hosts = {name: Host(self, name) for name in (*hosts, CLIENT)}
        self._tables = itertools.count(1)
        self._cleanup = processes.Cleanup()
        self._cleanup.add(remove_namespaces, self.prefix)
        try:
            self._build()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __getitem__(self, name):
        return self.hosts[name]

    @property
    def client(self):
        return self.hosts[CLIENT]

    @property
    def nodes(self):
        """Every host but the client."""
        return [host for name, host in self.hosts.items() if name != CLIENT]

    def close(self):
        self._cleanup.run()

    def _build(self):
        sh("ip", "netns", "add", self.switch)
        lines = ["link set lo up"]
        for link in LINKS:
            lines += [f"link add br{link[-1]} type bridge stp_state 0 forward_delay 0 mcast_snooping 0", f"link set br{link[-1]} up"]
        sh("ip", "-n", self.switch, "-batch", "-", text="\n".join(lines) + "\n")
        for host in self.hosts.values():
            self._build_host(host)

    def _build_host(self, host):
        sh("ip", "netns", "add", host.namespace)
        host.run("sysctl", "-qw", *[f"net.ipv6.conf.{which}.{setting}" for which in ("all", "default")
                                    for setting in ("accept_dad=0", "dad_transmits=0", "keep_addr_on_down=1", "accept_ra=0")],
                 "net.ipv4.ip_local_port_range=10000 65000", "net.ipv4.conf.all.rp_filter=0")
        host.run("ip", "link", "set", "lo", "up")
        for link in LINKS:
            sh("ip", "-n", self.switch, "-batch", "-", text=f"""\
link add {host.port(link)} type veth peer name {link} netns {host.namespace}
link set {host.port(link)} master br{link[-1]} up
""")
        sh("ip", "-n", host.namespace, "-batch", "-", text=f"""\
link set eth1 address 02:18:00:00:01:{host.number:02x} addrgenmode none
link set eth2 address 02:18:00:00:02:{host.number:02x} addrgenmode none
address add {host.address}/24 dev eth1
address add {host.heartbeat_address}/24 dev eth2
address add {host.address6}/64 dev eth1 nodad
address add {host.link_local}/64 dev eth1 nodad
link set eth1 up
link set eth2 up
""")

    # -- faults -------------------------------------------------------------------------------------------------------

    def drop(self, host, direction, what, link="eth1"):
        """The switch loses packets of a host. direction: "in" (to the host), "out" or "both"; what: a key of MATCHES."""
        port = self[host].port(link)
        rules = {"in": f'oifname "{port}"', "out": f'iifname "{port}"'}
        chains = ""
        for side, hook in (("out", "prerouting"), ("in", "postrouting")):
            if direction in (side, "both"):
                body = "\n".join(f"{rules[side]} {match} counter drop" for match in MATCHES[what])
                chains += f"chain {side} {{ type filter hook {hook} priority 0;\n{body}\n}}\n"
        return self._install(self.switch, "bridge", chains)

    def partition(self, one, other, what="all", direction="both", link="eth1"):
        """The switch loses packets between two hosts; the others (the client) see both. direction "out": from `one` only."""
        ports, lines = (self[one].port(link), self[other].port(link)), []
        for side, (source, target) in (("out", ports), ("in", ports[::-1])):
            if direction in (side, "both"):
                lines += [f'iifname "{source}" oifname "{target}" {match} counter drop' for match in MATCHES[what]]
        body = "\n".join(lines)
        return self._install(self.switch, "bridge", f"chain between {{ type filter hook forward priority 0;\n{body}\n}}\n")

    def drop_in_host(self, host, direction, what):
        """The host itself filters, as an operator's firewall does: what it sends fails with EPERM. Not for ARP or "all"."""
        chains = ""
        for side, hook in (("in", "input"), ("out", "output")):
            if direction in (side, "both"):
                body = "\n".join(f"{match} counter drop" for match in MATCHES[what])
                chains += f"chain {side} {{ type filter hook {hook} priority 0;\n{body}\n}}\n"
        return self._install(self[host].namespace, "inet", chains)

    def _install(self, namespace, family, chains):
        table = f"drop{next(self._tables)}"
        sh("ip", "netns", "exec", namespace, "nft", "-f", "-", text=f"table {family} {table} {{\n{chains}}}\n")
        return Drop(namespace, family, table)

    def silence(self, host, link="eth1"):
        """The switch loses everything of this host; its carrier stays."""
        return self.drop(host, "both", "all", link)

    def holders(self, address):
        """The nodes that have the address now."""
        return [host.name for host in self.nodes if host.holds(address)]

    def forget_neighbours(self):
        """The client asks anew who has an address."""
        self.client.run("ip", "neighbour", "flush", "all", check=False)


def namespaces():
    try:
        return os.listdir(NETNS)
    except FileNotFoundError:
        return []


def remove_namespaces(prefix):
    """Ends what still runs in the namespaces of one lab, and removes them."""
    for name in namespaces():
        if not name.startswith(prefix + "-"):
            continue
        for pid in sh("ip", "netns", "pids", name, check=False).split():
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass
        sh("ip", "netns", "del", name, check=False)


def remove_leftovers():
    """Labs whose process is gone (invariant 1)."""
    for prefix in {found.group(0) for found in map(re.compile(r"hf(\d+)-\d+(?=-)").match, namespaces()) if found}:
        pid = int(prefix[2:].split("-")[0])
        try:
            os.kill(pid, 0)
        except OSError as failure:
            if failure.errno == errno.ESRCH:
                remove_namespaces(prefix)
