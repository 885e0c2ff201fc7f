"""SmallGateway: a Holdfast in front of one TCP service that echoes, for tests about the program itself: no database is needed."""
import os
import shutil
import socket
import subprocess
import tempfile
import threading

from . import gateway_user, processes
from .holdfast import BAD_LOG_MARKS, Holdfast
from .holdfast import program
from .ports import free_ports


class EchoServer:
    """Sends back what it gets, each client in a thread of its own."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._echo, args=(connection,), daemon=True).start()

    @staticmethod
    def _echo(connection):
        with connection:
            try:
                while data := connection.recv(65536):
                    connection.sendall(data)
            except OSError:
                pass

    def close(self):
        if self._listener.fileno() < 0:
            return
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


class SmallGateway:
    """One `holdfast run`. `before`: what stands in front of it on its command line (prlimit, strace, sh -c 'umask 0; exec "$@"')."""

    def __init__(self, admin_extra="", service_extra="", log="", interval="100ms", unix=False, notify=""):
        self.folder = tempfile.mkdtemp(prefix="hf-small-")
        gateway_user.give(self.folder)
        os.chmod(self.folder, 0o755)
        self.config = os.path.join(self.folder, "holdfast.toml")
        self.log = os.path.join(self.folder, "holdfast.log")
        self.admin_socket = os.path.join(self.folder, "run", "admin.sock")
        self.unix_socket = os.path.join(self.folder, "plain.sock")
        self.server = EchoServer()
        self.port, self.http_port = free_ports(2)
        self.child = None
        listen = f'"127.0.0.1:{self.port}"' + (f', {{ unix = "{self.unix_socket}" }}' if unix else "")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(f"""
[node]
name = "small"
shards = 2
state_dir = "{self.folder}"
user = "{gateway_user.USER}"

[admin]
http = "127.0.0.1:{self.http_port}"
socket = "{self.admin_socket}"
{admin_extra}

{log}

[[service]]
name = "plain"
protocol = "tcp"
listen = [{listen}]
{service_extra}
  [service.check]
  interval = "{interval}"
  timeout = "500ms"
  rise = 1
  fall = 2
  [[service.server]]
  name = "plain1"
  address = "127.0.0.1:{self.server.port}"

{notify}
""")

    def replace(self, before, after):
        """In the configuration's text, where it stands once."""
        with open(self.config, encoding="utf-8") as file:
            text = file.read()
        assert text.count(before) == 1, f"{before}: {text.count(before)} times"
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(text.replace(before, after))

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None and self.child is not None and self.child.poll() is None:
                self.stop()
        finally:
            self._remove()

    def command(self, before=()):
        return [*before, program(), "run", "--config", self.config]

    def start(self, before=(), seconds=20):
        self.child = processes.start(self.command(before), self.log, cwd=self.folder)
        return self.wait_ready(seconds)

    def start_with_stderr(self, stderr):
        """The log goes to the given descriptor."""
        self.child = subprocess.Popen(["/usr/bin/setpriv", "--pdeathsig", "KILL", "--", *self.command()], stdin=subprocess.DEVNULL,
                                      stdout=subprocess.DEVNULL, stderr=stderr, cwd=self.folder)
        return self.wait_ready()

    def wait_ready(self, seconds=20):
        def ready():
            assert self.child.poll() is None, f"holdfast ended with {self.child.returncode}:\n{processes.tail(self.log)}"
            return self.http("/readyz")[0] == 200
        processes.eventually(ready, "/readyz to answer 200", seconds, 0.02, (OSError,))
        return self

    def stop(self, seconds=20):
        code = processes.stop(self.child, seconds)
        assert code == 0, f"holdfast ended with {code}:\n{processes.tail(self.log)}"
        for line in self.log_text().splitlines():
            assert not any(mark in line for mark in BAD_LOG_MARKS), line

    def _remove(self):
        if self.child is not None:
            processes.signal_child(self.child, 9)
            self.child.wait(10)
        self.server.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log_text(self):
        if not os.path.exists(self.log):
            return ""
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def connect(self, seconds=5):
        return socket.create_connection(("127.0.0.1", self.port), timeout=seconds)

    def knock(self, sent=b"", seconds=5):
        """A connection to the admin's HTTP address that has sent this much."""
        connection = socket.create_connection(("127.0.0.1", self.http_port), timeout=seconds)
        connection.sendall(sent)
        return connection

    def events(self, name, since=0):
        return [event for event in self.http_json(f"/api/v1/events?limit=1000&since={since}")["events"] if event["event"] == name]

    cli, cli_json, status = Holdfast.cli, Holdfast.cli_json, Holdfast.status
    http, http_json, service, server_status, metrics = Holdfast.http, Holdfast.http_json, Holdfast.service, Holdfast.server, Holdfast.metrics
