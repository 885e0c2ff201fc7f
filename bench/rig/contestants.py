"""Who is compared: each contestant has an address for reads and one for writes, and at most one process to measure.

All of them forward to the same two servers: reads to the replica, transactions to the primary. HAProxy and the TCP
relay cannot tell them apart and have an address for each; the MySQL splitter has one address and decides itself.
"""
import os
import shutil
import socket
import tempfile

from harness import mariadb, processes
from harness.holdfast import Holdfast, program
from harness.ports import LOOPBACK, free_ports

HAPROXY = "/usr/sbin/haproxy"


class Direct:
    name, pid = "direct", None

    def __init__(self, cluster):
        self.cluster = cluster

    def port_for(self, writes):
        return self.cluster.primary.port if writes else self.cluster.replicas[0].port

    def close(self):
        pass


class HAProxy:
    """TCP mode, one thread, no checks, no log: the least HAProxy can do."""
    name = "haproxy"

    def __init__(self, cluster):
        self.read_port, self.write_port = free_ports(2)
        self.folder = tempfile.mkdtemp(prefix="hf-bench-haproxy-")
        config = os.path.join(self.folder, "haproxy.cfg")
        with open(config, "w", encoding="utf-8") as file:
            file.write("global\n  nbthread 1\n  maxconn 4000\ndefaults\n  mode tcp\n  timeout connect 5s\n"
                       "  timeout client 1h\n  timeout server 1h\n")
            for role, port, server in (("read", self.read_port, cluster.replicas[0]),
                                       ("write", self.write_port, cluster.primary)):
                file.write(f"listen {role}\n  bind {LOOPBACK}:{port}\n  server db {server.address}\n")
        self.log = os.path.join(self.folder, "log")
        self.child = processes.start([HAPROXY, "-db", "-f", config], self.log)
        self._cleanup = processes.Cleanup()
        self._cleanup.add(shutil.rmtree, self.folder, True)
        self._cleanup.add(processes.stop, self.child)
        processes.eventually(self._listens, "HAProxy to listen", 10)

    def _listens(self):
        if self.child.poll() is not None:
            raise RuntimeError(f"HAProxy ended with {self.child.returncode}:\n{processes.tail(self.log)}")
        try:
            for port in (self.read_port, self.write_port):
                socket.create_connection((LOOPBACK, port), 1).close()
            return True
        except OSError:
            return False

    @property
    def pid(self):
        return self.child.pid

    def port_for(self, writes):
        return self.write_port if writes else self.read_port

    def close(self):
        self._cleanup.run()


class _OneShard(Holdfast):
    """The gateway with one shard, as HAProxy has one thread, and checks once a second."""

    def __init__(self, cluster, server_connections=100, **settings):
        super().__init__(cluster, shards=1, interval="1s", timeout="1s", max_server_connections=server_connections, **settings)

    @property
    def pid(self):
        return self.child.pid


class HoldfastTcp(_OneShard):
    name = "holdfast tcp"

    def __init__(self, cluster):
        self.second_port = free_ports(1)[0]
        super().__init__(cluster)

    def port_for(self, writes):
        return self.tcp_port if writes else self.second_port

    def config_text(self, **settings):
        """Only the two TCP services: the MySQL service of the tests would cost checks of its own."""
        text = super().config_text(**{**settings, "tcp": False})
        head = text[:text.index("[[service]]")]
        for name, port, server in (("write", self.tcp_port, self.cluster.primary),
                                   ("read", self.second_port, self.cluster.replicas[0])):
            head += (f'[[service]]\nname = "{name}"\nprotocol = "tcp"\nlisten = ["{LOOPBACK}:{port}"]\n'
                     f'  [service.check]\n  interval = "1s"\n  timeout = "1s"\n'
                     f'  [[service.server]]\n  name = "{server.name}"\n  address = "{server.address}"\n')
        return head


class HoldfastMysql(_OneShard):
    name = "holdfast mysql"

    def __init__(self, cluster, server_connections=100):
        super().__init__(cluster, server_connections, tcp=False, balance="least-connections")

    def port_for(self, writes):
        return self.split_port  # one address for both: it decides itself


ALL = {kind.name: kind for kind in (Direct, HAProxy, HoldfastTcp, HoldfastMysql)}
SHARING = (HoldfastMysql,)  # have fewer connections to a server than clients
BASELINE = HAProxy.name
ACCOUNT = (mariadb.APP_USER, mariadb.APP_PASSWORD, mariadb.SCHEMA)


def available():
    """Without a release build the table has the peers only."""
    return [name for name in ALL if not name.startswith("holdfast") or os.path.exists(program())]
