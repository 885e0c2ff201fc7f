"""A Holdfast whose servers have names: a network of its own, a resolv.conf and a hosts file of its own, and a name server in it.

    with NamedGateway({"db1.test": "127.0.1.1"}) as gateway:
        gateway.start()
        gateway.names["db1.test"] = "127.0.1.2"   # from now on; gateway.silent = True: no answer at all
        gateway.greeting()                        # whom a client reaches

Servers say who they are and echo. They listen on 127.0.1.N, each address a server of its own.

Invariants:
  1. Needs root, and says so. Nothing is asked outside of the namespace: there is no way out of it.
  2. The admin socket is in the file system, so that the command line reaches the gateway from here.
"""
import itertools
import os
import select
import shutil
import socket
import struct
import tempfile
import threading

from . import gateway_user, lab, processes
from .holdfast import BAD_LOG_MARKS, Holdfast, program

NAME_SERVER = "127.0.0.53"
PORT = 4000  # of every server; the network is our own
FRONT = 4001
_gateways = itertools.count(1001)  # labs count from 1


class NameServer:
    """Answers A questions over UDP from a table, one thread. A name that is not in it is NXDOMAIN."""

    def __init__(self, within):
        self.table, self.life, self.silent, self.asked = {}, 1, False, []
        self._socket = within(self._bind)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @staticmethod
    def _bind():
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.bind((NAME_SERVER, 53))
        return made

    def _serve(self):
        while not self._stopped.is_set():
            if not select.select([self._socket], [], [], 0.2)[0]:
                continue
            question, peer = self._socket.recvfrom(2048)
            answer = self._answer(question)
            if answer is not None and not self.silent:
                self._socket.sendto(answer, peer)

    def _answer(self, question):
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode())
            at += question[at] + 1
        kind, = struct.unpack("!H", question[at + 1:at + 3])
        name = ".".join(labels)
        self.asked.append(name)
        address, asked = self.table.get(name), question[12:at + 5]
        records = b""
        if address is not None and kind == 1:
            records = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, self.life, 4) + socket.inet_aton(address)
        code = 0 if address is not None else 3
        return question[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, 1 if records else 0, 0, 0) + asked + records

    def close(self):
        self._stopped.set()
        self._thread.join(5)
        self._socket.close()


class SayingServer:
    """Says its name, then echoes."""

    def __init__(self, within, address, name):
        self.name = name
        self._listener = within(lambda: socket.create_server((address, PORT), backlog=128))
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection:
            try:
                connection.sendall(self.name.encode() + b"\n")
                while data := connection.recv(65536):
                    connection.sendall(data)
            except OSError:
                pass

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


class NamedGateway:
    """`hosts`: the servers' host names (or numbers) in the order of the file. `names`: what the name server knows."""

    def __init__(self, names, hosts, interval="1s"):
        lab.require_root()
        lab.remove_leftovers()
        self.prefix = f"hf{os.getpid()}-{next(_gateways)}"
        self.namespace = f"{self.prefix}-names"
        self.folder = tempfile.mkdtemp(prefix="hf-names-")
        os.chmod(self.folder, 0o755)
        gateway_user.give(self.folder)
        self.config, self.log = os.path.join(self.folder, "holdfast.toml"), os.path.join(self.folder, "holdfast.log")
        self.admin_socket = os.path.join(self.folder, "admin.sock")
        self.interval, self.child = interval, None
        self._cleanup = processes.Cleanup()
        self._cleanup.add(shutil.rmtree, self.folder, True)
        try:
            lab.sh("ip", "netns", "add", self.namespace)
            self._cleanup.add(lab.remove_namespaces, self.prefix)
            lab.sh("ip", "-n", self.namespace, "link", "set", "lo", "up")
            self.name_server = NameServer(self.within)
            self._cleanup.add(self.name_server.close)
            self.names = self.name_server.table
            self.names.update(names)
            for number, name in enumerate(("one", "two", "three"), 1):
                self._cleanup.add(SayingServer(self.within, f"127.0.1.{number}", name).close)
            self._write("resolv.conf", f"nameserver {NAME_SERVER}\n")
            self._write("hosts", "127.0.0.1 localhost\n127.0.1.3 in-hosts.test\n")
            self.write_config(hosts)
        except BaseException:
            self._cleanup.run()
            raise

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None and self.child is not None and self.child.poll() is None:
                self.stop()
        finally:
            processes.signal_child(self.child, 9)
            self._cleanup.run()

    def within(self, action):
        return lab.within_namespace(self.namespace, action)

    def _write(self, name, text):
        """In place: a mount of the file shows it."""
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text)

    def write_config(self, hosts):
        servers = "".join(f'  [[service.server]]\n  name = "s{number}"\n  address = "{host}:{PORT}"\n' for number, host in enumerate(hosts, 1))
        self._write("holdfast.toml", f"""
[node]
name = "named"
shards = 1
state_dir = "{self.folder}"
user = "{gateway_user.USER}"

[admin]
socket = "{self.admin_socket}"

[[service]]
name = "plain"
protocol = "tcp"
listen = ["127.0.0.1:{FRONT}"]
resolve_interval = "{self.interval}"
  [service.check]
  interval = "100ms"
  timeout = "500ms"
  rise = 1
  fall = 2
{servers}""")

    def launch(self):
        """The program in its network, with its files in the place of the machine's."""
        mounts = " && ".join(f"mount --bind {self.folder}/{name} /etc/{name}" for name in ("resolv.conf", "hosts"))
        self.child = processes.start(["/usr/bin/nsenter", f"--net={lab.NETNS}/{self.namespace}", "--", "/usr/bin/unshare", "-m", "--", "/bin/sh", "-c",
                                      f'{mounts} && exec "$@"', "sh", program(), "run", "--config", self.config], self.log, cwd=self.folder)

    def start(self, seconds=20):
        self.launch()

        def ready():
            assert self.child.poll() is None, f"holdfast ended with {self.child.returncode}:\n{processes.tail(self.log)}"
            done = self.cli("status", "--json")
            return done.returncode == 0 and '"ready":true' in done.stdout.replace(" ", "")
        processes.eventually(ready, "the gateway to be ready", seconds, 0.05)
        return self

    def stop(self, seconds=20):
        code = processes.stop(self.child, seconds)
        assert code == 0, f"holdfast ended with {code}:\n{processes.tail(self.log)}"
        assert not any(mark in self.log_text() for mark in BAD_LOG_MARKS), processes.tail(self.log)

    def log_text(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def told(self, event):
        return [line for line in self.log_text().splitlines() if event in line]

    def connect(self, seconds=5):
        return self.within(lambda: socket.create_connection(("127.0.0.1", FRONT), timeout=seconds))

    def greeting(self, seconds=5):
        with self.connect(seconds) as client:
            return client.makefile("r", encoding="utf-8").readline().strip()

    cli, cli_json, status = Holdfast.cli, Holdfast.cli_json, Holdfast.status
