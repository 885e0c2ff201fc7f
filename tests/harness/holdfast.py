"""The program under test: writes its configuration, starts it, talks to its admin side, stops it and checks the exit.

    with Holdfast(cluster) as gateway:
        connection = gateway.connect()            # PyMySQL on the splitting listener
        gateway.status()                          # `holdfast status --json`

The environment variable HOLDFAST names the program (default: build/release/holdfast of this tree). HOLDFAST=direct puts
`Direct` in its place: the same interface straight onto the servers. It is how the tests themselves are checked: whatever
a test demands of the gateway, except routing, a direct connection must fulfil too.

Invariants:
  1. stop() asserts that the program ended by itself, with exit code 0, after SIGTERM.
  2. A sanitizer report or a survived bug in the log fails the test that owns the program.
"""
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

import pymysql

from . import gateway_user, mariadb, processes
from .ports import LOOPBACK, free_ports

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BAD_LOG_MARKS = ("AddressSanitizer", "ThreadSanitizer", "LeakSanitizer", "runtime error:", "invariant broken",
                 "bug survived", "bug_survived", "terminate called")


def program():
    return os.environ.get("HOLDFAST") or os.path.join(TREE, "build", "release", "holdfast")


SECRETS = {"monitor.password": mariadb.MONITOR_PASSWORD, "app.password": mariadb.APP_PASSWORD,
           "app_ed.password": mariadb.APP_ED_PASSWORD}  # the files that mysql_service() names


def mysql_service(listen, servers, users="listed", max_server_connections=100, hold_timeout="10s", interval="100ms", timeout="500ms",
                  rise=1, fall=2, service_extra="", mysql_extra="", balance="round-robin", max_replica_lag="10s"):
    """The service `orders` as text; listen: the elements of its list, as they stand in the file."""
    if users == "servers":
        accounts = 'users_from = "servers"'
    else:
        accounts = ('users = [ { name = "app", password_file = "app.password" },'
                    ' { name = "app_ed", password_file = "app_ed.password" } ]')
    addresses = "".join(f"  {one},\n" for one in listen)
    listing = "\n".join(f'  [[service.server]]\n  name = "{server.name}"\n  address = "{server.address}"' for server in servers)
    return f"""
[[service]]
name = "orders"
protocol = "mysql"
listen = [
{addresses}]
balance = "{balance}"
{service_extra}
  [service.mysql]
  monitor = {{ user = "{mariadb.MONITOR_USER}", password_file = "monitor.password" }}
  {accounts}
  max_server_connections = {max_server_connections}
  max_replica_lag = "{max_replica_lag}"
  hold_timeout = "{hold_timeout}"
  {mysql_extra}
  [service.check]
  interval = "{interval}"
  timeout = "{timeout}"
  rise = {rise}
  fall = {fall}
{listing}
"""


def direct_mode():
    return os.environ.get("HOLDFAST") == "direct"


class Clients:
    """What Holdfast and Direct share: three MySQL addresses and connections to them."""

    host = LOOPBACK
    split_port = read_port = write_port = 0
    unix_socket = ""

    def connect(self, route="split", user=mariadb.APP_USER, password=mariadb.APP_PASSWORD, database=mariadb.SCHEMA,
                **options):
        """A PyMySQL connection, autocommit unless told otherwise."""
        options.setdefault("autocommit", True)
        options.setdefault("charset", "utf8mb4")
        options.setdefault("connect_timeout", 10)
        options.setdefault("read_timeout", 60)
        if route == "unix":
            options["unix_socket"] = self.unix_socket
        else:
            options["host"], options["port"] = self.host, self.port(route)
        return pymysql.connect(user=user, password=password, database=database, **options)

    def port(self, route="split"):
        return {"split": self.split_port, "read": self.read_port, "write": self.write_port}[route]


class Direct(Clients):
    """No gateway: the primary, and a replica for the read listener."""

    def __init__(self, cluster, **_ignored):
        self.cluster = cluster
        self.split_port = self.write_port = cluster.primary.port
        self.read_port = cluster.replicas[0].port
        self.unix_socket = cluster.primary.socket

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


class Holdfast(Clients):
    """One `holdfast run` in the foreground, configured for a cluster. See `config_text` for what can be set."""

    def __init__(self, cluster, start=True, **settings):
        self.cluster = cluster
        self.settings = settings
        self.folder = tempfile.mkdtemp(prefix="hf-gateway-")
        gateway_user.give(self.folder)
        self.config = os.path.join(self.folder, "holdfast.toml")
        self.log = os.path.join(self.folder, "holdfast.log")
        self.unix_socket = os.path.join(self.folder, "mysql.sock")
        self.admin_socket = os.path.join(self.folder, "admin.sock")
        self.split_port, self.read_port, self.write_port, self.tcp_port, self.http_port = free_ports(5)
        self.child = None
        self._cleanup = processes.Cleanup()
        self._cleanup.add(self._remove)
        try:
            self._write_secrets()
            self.write_config()
            if start:
                self.start()
        except BaseException:
            self.close(check=False)
            raise

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.close(check=kind is None)

    # -- configuration ------------------------------------------------------------------------------------------------

    def write_config(self, **changes):
        self.settings.update(changes)
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(self.config_text(**self.settings))

    def config_text(self, users="listed", servers=None, shards=2, max_server_connections=100, hold_timeout="10s",
                    interval="100ms", timeout="500ms", rise=1, fall=2, admin_extra="", service_extra="", mysql_extra="",
                    tcp=True, balance="round-robin", max_replica_lag="10s", extra=""):
        """The configuration as text. `users`: "listed" (app and app_ed by password file) or "servers"."""
        listen = [f'"127.0.0.1:{self.split_port}"', f'{{ address = "127.0.0.1:{self.read_port}", route = "read" }}',
                  f'{{ address = "127.0.0.1:{self.write_port}", route = "write" }}', f'{{ unix = "{self.unix_socket}" }}']
        text = f"""
[node]
name = "gw-test"
shards = {shards}
state_dir = "{self.folder}"
user = "{gateway_user.USER}"

[admin]
http = "127.0.0.1:{self.http_port}"
socket = "{self.admin_socket}"
{admin_extra}
""" + mysql_service(listen, self.cluster.servers if servers is None else servers, users=users, hold_timeout=hold_timeout,
                    max_server_connections=max_server_connections, interval=interval, timeout=timeout, rise=rise, fall=fall,
                    service_extra=service_extra, mysql_extra=mysql_extra, balance=balance, max_replica_lag=max_replica_lag)
        if tcp:
            text += f"""
[[service]]
name = "plain"
protocol = "tcp"
listen = ["127.0.0.1:{self.tcp_port}"]
  [service.check]
  interval = "{interval}"
  timeout = "{timeout}"
  rise = {rise}
  fall = {fall}
  [[service.server]]
  name = "plain1"
  address = "{self.cluster.primary.address}"
"""
        return text + extra

    def _write_secrets(self):
        for name, secret in SECRETS.items():
            gateway_user.write_secret(self.folder, name, secret)

    # -- process ------------------------------------------------------------------------------------------------------

    def start(self, seconds=20):
        if not os.path.exists(program()):
            raise FileNotFoundError(f"{program()} is missing: ./scripts/build release, or set HOLDFAST")
        self.child = processes.start([program(), "run", "--config", self.config], self.log, cwd=self.folder)

        def ready():
            if self.child.poll() is not None:
                raise RuntimeError(f"holdfast ended with {self.child.returncode}:\n{processes.tail(self.log)}")
            return self.http("/readyz")[0] == 200
        try:
            processes.eventually(ready, "/readyz to answer 200", seconds, 0.02, (OSError,))
        except processes.DeadlineExceeded as failure:
            raise AssertionError(f"{failure}\nlog:\n{processes.tail(self.log)}") from None

    def stop(self, seconds=20):
        """SIGTERM; asserts a clean end (invariants 1 and 2)."""
        began = time.monotonic()
        assert self.child.poll() is None, f"holdfast ended early with {self.child.returncode}:\n{processes.tail(self.log)}"
        code = processes.stop(self.child, seconds)
        assert code == 0, (f"holdfast ended with {code} after {time.monotonic() - began:.1f} s instead of 0:\n"
                           f"{processes.tail(self.log)}")
        self.assert_clean_log()

    def kill9(self):
        processes.signal_child(self.child, signal.SIGKILL)
        self.child.wait(10)

    def running(self):
        return self.child is not None and self.child.poll() is None

    def close(self, check=True):
        try:
            if check and self.child is not None and self.child.returncode is None:
                self.stop()
        finally:
            self._cleanup.run()

    def _remove(self):
        processes.signal_child(self.child, signal.SIGKILL)
        if self.child is not None:
            self.child.wait(10)
        if os.environ.get("HOLDFAST_KEEP") == "1":
            print(f"kept: {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def log_text(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def assert_clean_log(self):
        for line in self.log_text().splitlines():
            for mark in BAD_LOG_MARKS:
                assert mark not in line, f"{mark} in the log:\n{processes.tail(self.log, 120)}"

    # -- admin side ---------------------------------------------------------------------------------------------------

    def cli(self, *arguments, seconds=20):
        """Runs `holdfast ARGUMENTS --config FILE`; the completed process with text output."""
        return subprocess.run([program(), *arguments, "--config", self.config], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=seconds, cwd=self.folder)

    def cli_json(self, *arguments):
        done = self.cli(*arguments, "--json")
        assert done.returncode == 0, f"{arguments}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return json.loads(done.stdout)

    def status(self):
        return self.cli_json("status")

    def http(self, path, method="GET", body=None, headers=None, seconds=10):
        """(status code, headers, text) of a request to the admin listener; HTTP errors are answers, not exceptions."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.http_port}{path}", data=body, method=method,
                                         headers=headers or {})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=seconds) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as failure:
            return failure.code, failure.headers, failure.read().decode()

    def http_json(self, path, **options):
        code, _, text = self.http(path, **options)
        assert code == 200, f"{path}: {code} {text}"
        return json.loads(text)

    def service(self, name="orders"):
        for service in self.http_json("/api/v1/status")["services"]:
            if service["name"] == name:
                return service
        raise AssertionError(f"no service {name} in the status")

    def server(self, name, service="orders"):
        for server in self.service(service)["servers"]:
            if server["name"] == name:
                return server
        raise AssertionError(f"no server {name} in the status of {service}")

    def metrics(self):
        from .prometheus import parse
        code, _, text = self.http("/metrics")
        assert code == 200
        return parse(text)


def gateway_for(cluster, **settings):
    """Holdfast in front of the cluster; in direct mode the cluster itself."""
    return Direct(cluster, **settings) if direct_mode() else Holdfast(cluster, **settings)
