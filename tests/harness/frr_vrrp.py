"""FRR's vrrpd (with zebra) on one host of a lab: a router of another house that speaks version 3.

FRR does not add addresses: they sit on a macvlan with the virtual MAC, which vrrpd brings up (protodown off) as master. So who is
master is read from `show vrrp`, not from the addresses of the host. It speaks the checksum with the pseudo header only (8.4).
It drops its rights to the user frr, which must be able to write into the folder.
"""
import json
import os
import shutil
import signal
import tempfile

from . import processes
from .lab import sh
from .vip_probe import VIP

DAEMONS = "/usr/lib/frr"


class FrrVrrp:
    def __init__(self, host, router_id=51, priority=100, advert_ms=100, vip=VIP, preempt=True, version=3):
        self.host, self.router_id, self.interface = host, router_id, f"vrrp4-{router_id}"
        self.folder = tempfile.mkdtemp(prefix="hf-frr-")
        self.log = os.path.join(self.folder, "log")
        self.zebra = self.vrrpd = None
        self._cleanup = processes.Cleanup()
        self._cleanup.add(shutil.rmtree, self.folder, True)
        self._make_interface(vip)
        preemption = "" if preempt else f" no vrrp {router_id} preempt\n"
        with open(os.path.join(self.folder, "vrrpd.conf"), "w", encoding="ascii") as file:
            file.write(f"interface eth1\n vrrp {router_id} version {version}\n vrrp {router_id} priority {priority}\n"
                       f" vrrp {router_id} advertisement-interval {advert_ms}\n{preemption} vrrp {router_id} ip {vip}\n")
        with open(os.path.join(self.folder, "zebra.conf"), "w", encoding="ascii"):
            pass
        for entry in (self.folder, *map(lambda name: os.path.join(self.folder, name), os.listdir(self.folder))):
            shutil.chown(entry, "frr", "frr")
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def _make_interface(self, vip):
        name = self.interface
        self.host.run("sysctl", "-qw", "net.ipv4.conf.eth1.arp_ignore=1")  # the address is there as backup too: eth1 must not answer
        sh("ip", "-n", self.host.namespace, "link", "add", name, "link", "eth1", "type", "macvlan", "mode", "bridge")
        sh("ip", "-n", self.host.namespace, "-batch", "-", text=f"""\
link set {name} address 00:00:5e:00:01:{self.router_id:02x} addrgenmode none
address add {vip}/24 dev {name}
link set {name} up
""")
        self._cleanup.add(lambda: sh("ip", "-n", self.host.namespace, "link", "del", name, check=False))

    def _daemon(self, name):
        return self.host.start([f"{DAEMONS}/{name}", "-f", f"{self.folder}/{name}.conf", "-i", f"{self.folder}/{name}.pid",
                                "-z", f"{self.folder}/zserv", "--vty_socket", self.folder, "--log", "stdout", "-P", 0], self.log)

    def _start(self):
        self.zebra = self._daemon("zebra")
        self._cleanup.add(processes.signal_child, self.zebra, signal.SIGKILL)
        processes.eventually(lambda: os.path.exists(f"{self.folder}/zserv"), "zebra to listen", 10)
        self.vrrpd = self._daemon("vrrpd")
        self._cleanup.add(processes.signal_child, self.vrrpd, signal.SIGKILL)
        processes.eventually(lambda: self.state() in ("Backup", "Master"), "vrrpd to run", 10, 0.05, ignore=(Exception,))

    def state(self):
        """Initialize, Backup or Master."""
        text = sh("/usr/bin/vtysh", "--vty_socket", self.folder, "-d", "vrrpd", "-c", "show vrrp json")
        router = next(one for one in json.loads(text) if one["vrid"] == self.router_id)
        return router["v4"]["status"]

    def is_master(self):
        return self.state() == "Master"

    def terminate(self):
        """vrrpd ends in order and resigns with priority 0."""
        processes.stop(self.vrrpd, 10)

    def kill9(self):
        """And as a host that died: its interface goes too (vrrpd alone would leave the address behind)."""
        processes.signal_child(self.vrrpd, signal.SIGKILL)
        self.vrrpd.wait(10)
        sh("ip", "-n", self.host.namespace, "link", "set", self.interface, "down")

    def log_text(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def close(self):
        self._cleanup.run()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
