"""Who is compared in a fail-over: keepalived with several settings, and Holdfast. Each is two nodes in a lab of their own with a
probe, and their nodes understand the faults of tests/harness/vip_faults.py as far as they have what a fault needs."""
import os
import shutil
import signal
import tempfile

from harness import processes
from harness.holdfast_node import VipCluster
from harness.keepalived import Keepalived
from harness.lab import Lab
from harness.line_server import LineServer
from harness.vip_probe import TCP_PORT, VIP, VipProbe

# How people watch a service with keepalived: a script that asks it.
CHECK = """#!/bin/bash
exec 3<>/dev/tcp/127.0.0.1/{port} && read -r -t 1 line <&3
"""
PRIORITIES = {"a": 100, "b": 90}


class PeerNode:
    """keepalived and a service on all addresses of the host, which a script watches (weight 0: a failure is a fault)."""

    def __init__(self, host, folder, **settings):
        self.host, self.name = host, host.name
        check = os.path.join(folder, "check.sh")
        with open(check, "w", encoding="ascii") as file:
            file.write(CHECK.format(port=TCP_PORT))
        os.chmod(check, 0o755)
        self.service = LineServer(host, os.path.join(folder, f"service-{host.name}.log"), "0.0.0.0", TCP_PORT).start()
        script = f'vrrp_script service {{\n script "{check}"\n interval 1\n timeout 1\n}}\n'
        self.router = Keepalived(host, before=script, priority=PRIORITIES[host.name], preempt=False,
                                 track="track_script {\n service\n}", start=False, **settings)

    def start(self):
        self.router.start()

    def terminate(self):
        self.router.terminate()

    def wait_end(self):
        self.router.stop()

    def kill9_all(self):
        self.router.kill9()

    def kill9_gateway(self):
        """The service, as far as keepalived has one."""
        self.service.kill()

    def revive_gateway(self):
        self.service.start()

    def kill9_guardian(self):
        """The child that speaks VRRP; its parent starts another."""
        os.kill(self.router.vrrp_pid(), signal.SIGKILL)

    def freeze(self):
        return self._freeze(self.router.pids())

    def freeze_guardian(self):
        return self._freeze([self.router.vrrp_pid()])

    def freeze_gateway(self):
        return self._freeze([self.service.child.pid])

    @staticmethod
    def _freeze(pids):
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        return pids

    @staticmethod
    def thaw(pids):
        for pid in pids:
            os.kill(pid, signal.SIGCONT)

    def crash_host(self):
        self.host.cable("pulled")
        self.router.kill9()
        self.host.remove_address(VIP)

    def revive_host(self):
        self.host.cable("in")
        self.router.start()

    def wait_takes_part(self):
        """Backup for longer than the script's interval: it says nothing of its state but in its log."""
        processes.eventually(lambda: len(self.router.pids()) == 2 and self._last_state() in ("BACKUP", "MASTER"),
                             f"keepalived of {self.host.name} to take part", 15, 0.05)

    def _last_state(self):
        words = [line.split("Entering ")[1].split()[0] for line in self.router.log_text().splitlines() if "Entering " in line]
        return words[-1] if words else ""

    def close(self):
        self.router.close()
        self.service.kill()


class PeerCluster:
    """Two hosts with keepalived."""

    def __init__(self, **settings):
        self.folder, self._cleanup = tempfile.mkdtemp(prefix="hf-peers-"), processes.Cleanup()
        self._cleanup.add(shutil.rmtree, self.folder, True)
        os.chmod(self.folder, 0o755)
        self.lab = Lab("ab")
        self._cleanup.add(self.lab.close)
        self.nodes = {}
        try:
            self.probe = VipProbe(self.lab)
            self.probe.__enter__()
            self._cleanup.add(self.probe.close)
            for name in "ab":
                self.nodes[name] = PeerNode(self.lab[name], self.folder, **settings)
                self._cleanup.add(self.nodes[name].close)
                self.nodes[name].start()
            self.probe.wait_holder("a", 15)
            self.probe.wait_answered_by("a", 15)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._cleanup.run()


ALL = {
    "keepalived v2 1 s": lambda: PeerCluster(version=2, advert_interval=1, password="99999999"),
    "keepalived v3 100 ms": lambda: PeerCluster(version=3, advert_interval=0.1),
    "keepalived v3 10 ms": lambda: PeerCluster(version=3, advert_interval=0.01),
    "holdfast": lambda: VipCluster("ab"),
}



def can(cluster, fault):
    return not fault.asks or hasattr(next(iter(cluster.nodes.values())), fault.asks)
