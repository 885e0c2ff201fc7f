"""Debian's keepalived on one host of a lab, with a configuration of its own. The VRRP part only.

    node = Keepalived(lab["a"], priority=110, version=3, advert_interval=0.1)

Everything is in a folder of its own (configuration, pid files, log); it never forks away from us. Whether it is master is
read from the addresses of its host, not from its words.
"""
import os
import shutil
import signal
import tempfile

from . import processes
from .vip_probe import VIP

PROGRAM = "/usr/sbin/keepalived"


def instance_text(name="db", vips=(VIP,), router_id=51, priority=100, advert_interval=1, interface="eth1", unicast=None,
                  preempt=True, password=None, auth_type="PASS", track="", extra=""):
    """One vrrp_instance. unicast: (own address, peers); track: lines of track_script, track_process, …"""
    lines = ["state BACKUP", f"interface {interface}", f"virtual_router_id {router_id}", f"priority {priority}",
             f"advert_int {advert_interval}"]
    if not preempt:
        lines.append("nopreempt")
    if password:
        lines.append(f"authentication {{\n auth_type {auth_type}\n auth_pass {password}\n}}")
    if unicast:
        own, peers = unicast
        lines.append(f"unicast_src_ip {own}\nunicast_peer {{\n " + "\n ".join(peers) + "\n}")
    lines.append("virtual_ipaddress {\n " + "\n ".join(f"{vip}/{64 if ':' in vip else 24}" for vip in vips) + "\n}")
    return f"vrrp_instance {name} {{\n" + "\n".join(lines) + f"\n{track}\n{extra}\n}}\n"


class Keepalived:
    """instances: texts from instance_text(); without them one is made of `settings`."""

    def __init__(self, host, version=2, instances=None, globals_extra="", before="", start=True, **settings):
        self.host = host
        self.folder = tempfile.mkdtemp(prefix="hf-keepalived-")
        self.log = os.path.join(self.folder, "log")
        self.config = os.path.join(self.folder, "keepalived.conf")
        self.child = None
        text = f"global_defs {{\n vrrp_version {version}\n script_user root\n enable_script_security\n{globals_extra}\n}}\n{before}\n"
        text += "".join(instances) if instances else instance_text(**settings)
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(text)
        self._cleanup = processes.Cleanup()
        self._cleanup.add(shutil.rmtree, self.folder, True)
        if start:
            self.start()

    def start(self):
        for name in ("pid", "vrrp.pid"):
            if os.path.exists(os.path.join(self.folder, name)):
                os.remove(os.path.join(self.folder, name))
        command = [PROGRAM, "--dont-fork", "--log-console", "--log-detail", "--vrrp", "--use-file", self.config,
                   "--pid", os.path.join(self.folder, "pid"), "--vrrp_pid", os.path.join(self.folder, "vrrp.pid")]
        said_before = len(self.log_text()) if os.path.exists(self.log) else 0
        self.child = self.host.start(command, self.log)
        self._cleanup.add(self.kill9)

        def running():
            if self.child.poll() is not None:
                raise RuntimeError(f"keepalived ended with {self.child.returncode}:\n{processes.tail(self.log)}")
            return self.vrrp_pid() and "Entering BACKUP STATE" in self.log_text()[said_before:]
        processes.eventually(running, "keepalived to be a backup", 10, ignore=(OSError, ValueError))
        return self

    def vrrp_pid(self):
        """The child that speaks VRRP."""
        with open(os.path.join(self.folder, "vrrp.pid"), encoding="ascii") as file:
            pid = int(file.read())
        with open(f"/proc/{pid}/comm", encoding="ascii") as file:
            if file.read().strip() != "keepalived":
                raise ValueError(f"{pid} is not ours any more")
        return pid

    def pids(self):
        """Parent first."""
        pids = [] if self.child is None or self.child.poll() is not None else [self.child.pid]
        try:
            pids.append(self.vrrp_pid())
        except (OSError, ValueError):
            pass
        return pids

    def signal_all(self, number):
        for pid in self.pids():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def kill9(self):
        """All of it, at once."""
        self.signal_all(signal.SIGKILL)
        if self.child is not None:
            self.child.wait(10)

    def freeze(self):
        self.signal_all(signal.SIGSTOP)

    def thaw(self):
        self.signal_all(signal.SIGCONT)

    def terminate(self):
        """Asks it to end, without waiting."""
        processes.signal_child(self.child, signal.SIGTERM)

    def stop(self):
        processes.stop(self.child, 10)

    def holds(self, vip=VIP):
        return self.host.holds(vip)

    def log_text(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def close(self):
        self.thaw()
        self._cleanup.run()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
