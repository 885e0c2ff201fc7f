"""Three real MariaDB servers, on loopback or on a host of a lab: one primary and two replicas.

    with Cluster() as cluster:
        cluster.primary.query("insert into test.t values (1)")
        cluster.wait_replicated()
        cluster.replicas[0].kill9()

GTID replication in strict mode, row binlog, semisynchronous AFTER_SYNC, log_slave_updates; replicas are read_only.
The data is thrown away afterwards: commits reach the operating system (they survive kill -9), not the disk.

Accounts (made once on the primary, replicated):
  root@localhost     the harness itself, Unix socket, no password
  holdfast@%         the monitor account, least privilege, see MONITOR_GRANTS
  repl@%             replication
  app@%              the application, mysql_native_password, everything on `test%`.*
  app_ed@%           the same by ed25519

Invariants:
  1. All servers listen on 127.0.0.1, or on the address of the lab's host that they were given, and in the cluster's own folder only.
  2. close() stops every server by process id and removes the folder; it runs also when a test fails or is interrupted.
"""
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time

import pymysql

from . import processes
from .ports import LOOPBACK, free_ports

MONITOR_USER, MONITOR_PASSWORD = "holdfast", "monitor-secret"
REPLICATION_USER, REPLICATION_PASSWORD = "repl", "repl-secret"
APP_USER, APP_PASSWORD = "app", "app-secret"
APP_ED_USER, APP_ED_PASSWORD = "app_ed", "app-ed-secret"
SCHEMA = "test"
MEMORY_FOLDER = "/dev/shm"
FIRST_PORT_OF_A_HOST = 3306  # a lab's host is all ours, and its outgoing connections begin at 10000

# What the monitor account needs, and why. Nothing else: no SUPER, no PROCESS, no write of any kind.
MONITOR_GRANTS = (
    # SHOW ALL SLAVES STATUS: are the replication threads running, from which primary, how far behind.
    f"GRANT REPLICA MONITOR ON *.* TO {MONITOR_USER}@'%'",
    # SHOW MASTER STATUS / SHOW BINARY LOGS: the position a primary has written.
    f"GRANT BINLOG MONITOR ON *.* TO {MONITOR_USER}@'%'",
    # users_from = "servers": the accounts and their password verifiers.
    f"GRANT SELECT ON mysql.global_priv TO {MONITOR_USER}@'%'",
    # ... and what else a login of theirs begins with: rights in schemas, roles.
    f"GRANT SELECT ON mysql.db TO {MONITOR_USER}@'%'",
    f"GRANT SELECT ON mysql.roles_mapping TO {MONITOR_USER}@'%'",
    # ... and whether accounts of one name may do the same.
    *(f"GRANT SELECT ON mysql.{table} TO {MONITOR_USER}@'%'" for table in ("tables_priv", "columns_priv", "procs_priv", "proxies_priv")),
)

SERVER_OPTIONS = """
[mariadbd]
skip-name-resolve=ON
skip-networking=OFF
log-bin=binlog
binlog-format=ROW
log-slave-updates=ON
gtid-strict-mode=ON
sync-binlog=0
rpl-semi-sync-slave-enabled=ON
rpl-semi-sync-master-wait-point=AFTER_SYNC
slave-net-timeout=10
innodb-buffer-pool-size=64M
innodb-log-file-size=64M
innodb-flush-log-at-trx-commit=2
innodb-flush-method=nosync
innodb-fast-shutdown=2
key-buffer-size=1M
aria-pagecache-buffer-size=8M
performance-schema=OFF
max-connections=1000
max-allowed-packet=128M
thread-handling=one-thread-per-connection
character-set-server=utf8mb4
collation-server=utf8mb4_general_ci
log-bin-trust-function-creators=ON
plugin-load-add=auth_ed25519
local-infile=ON
expire-logs-days=0
"""


class Server:
    """One mariadbd. Methods may be called from any thread."""

    def __init__(self, name, server_id, port, folder, place=None):
        self.name, self.server_id, self.port, self.folder = name, server_id, port, folder
        self.host = place.address if place else LOOPBACK
        self._spawn = place.start if place else processes.start
        self.socket = os.path.join(folder, "sql.sock")
        self.log = os.path.join(folder, "error.log")
        self.child = None
        self.source = None   # the server it replicates from
        self.starts_read_only = False
        self._lock = threading.Lock()

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    # -- process ------------------------------------------------------------------------------------------------------

    def start(self, wait=True):
        options = os.path.join(self.folder, "my.cnf")
        with open(options, "w", encoding="utf-8") as file:
            file.write(SERVER_OPTIONS)
        arguments = [
            "/usr/sbin/mariadbd", f"--defaults-file={options}", f"--datadir={self.folder}/data",
            f"--bind-address={self.host}", f"--port={self.port}", f"--socket={self.socket}", f"--pid-file={self.folder}/pid",
            f"--tmpdir={self.folder}/tmp", f"--server-id={self.server_id}", f"--report-host={self.host}",
            f"--report-port={self.port}", f"--read-only={'ON' if self.starts_read_only else 'OFF'}",
        ]
        if os.geteuid() == 0:
            arguments.append("--user=root")
        with self._lock:
            assert self.child is None or self.child.poll() is not None, f"{self.name} runs already"
            self.child = self._spawn(arguments, self.log)
        if wait:
            self.wait_ready()
            self.repair_replication()

    def repair_replication(self):
        """A kill -9 in the wrong moment leaves master.info or relay-log.info half written, and the server cannot replicate any more
        (error 1201). What counts, the GTID position, is in a table: the files are thrown away, as an administrator would."""
        if self.source is None:
            return
        self._count_what_is_in_the_binlog()
        status = self.replication()
        if status and status["Slave_IO_Running"] != "No":
            return
        try:
            self.query("start slave")
            return
        except pymysql.err.MySQLError as failure:
            if failure.args[0] not in (1200, 1201, 1872):
                raise
        self.kill9()
        for name in os.listdir(f"{self.folder}/data"):
            if name in ("master.info", "relay-log.info") or "relay-bin" in name:
                os.unlink(f"{self.folder}/data/{name}")
        source, self.source = self.source, None
        self.start()
        self.follow(source)

    def _count_what_is_in_the_binlog(self):
        """A kill -9 behind a DDL statement that is in the binary log, but not yet in gtid_slave_pos: it would be run again, which the
        strict mode refuses (error 1950). The binary log is right."""
        def ahead():
            logged, applied = self.query("select @@gtid_binlog_pos, @@gtid_slave_pos")[0]
            return logged if logged and applied and int(logged.rsplit("-", 1)[1]) > int(applied.rsplit("-", 1)[1]) else None
        if ahead():
            self.query("stop slave")  # now nothing is on its way any more: look again
            position = ahead()
            if position:
                self.query(f"set global gtid_slave_pos='{position}'")
            self.query("start slave")

    def wait_ready(self, seconds=30):
        def ready():
            if self.child.poll() is not None:
                raise RuntimeError(f"{self.name} ended with {self.child.returncode}:\n{processes.tail(self.log)}")
            return self.query("select 1")
        processes.eventually(ready, f"{self.name} to accept connections", seconds, 0.02, (pymysql.err.OperationalError,))

    def kill9(self):
        """The machine is gone: no goodbye to anybody."""
        processes.signal_child(self.child, signal.SIGKILL)
        if self.child is not None:
            self.child.wait(10)

    def stop(self):
        """SIGSTOP: the process is there, its sockets are open, nothing answers."""
        processes.signal_child(self.child, signal.SIGSTOP)

    def cont(self):
        processes.signal_child(self.child, signal.SIGCONT)

    def shut_down(self, seconds=20):
        return processes.stop(self.child, seconds)

    def restart(self):
        self.shut_down()
        self.start()

    def running(self):
        return self.child is not None and self.child.poll() is None

    # -- SQL ----------------------------------------------------------------------------------------------------------

    def connect_root(self, **options):
        return pymysql.connect(unix_socket=self.socket, user="root", autocommit=True, charset="utf8mb4",
                               connect_timeout=5, read_timeout=options.pop("read_timeout", 30), **options)

    def query(self, *statements):
        """Runs statements as root on a fresh connection; rows (tuples) of the last one."""
        connection = self.connect_root()
        try:
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
                return cursor.fetchall()
        finally:
            connection.close()

    def status(self, name):
        rows = self.query(f"show global status like '{name}'")
        return rows[0][1] if rows else None

    def replication(self):
        """The replication status as a dictionary, None on a server that follows nobody."""
        connection = self.connect_root(cursorclass=pymysql.cursors.DictCursor)
        try:
            with connection.cursor() as cursor:
                cursor.execute("show all slaves status")
                return cursor.fetchone()
        finally:
            connection.close()

    def replication_problem(self):
        status = self.replication() or {}
        return {name: status[name] for name in status if name.endswith(("_Running", "_Error", "_Pos"))}

    def follow(self, source):
        self.source = source
        self.query(
            f"change master to master_host='{source.host}', master_port={source.port}, master_user='{REPLICATION_USER}',"
            f" master_password='{REPLICATION_PASSWORD}', master_use_gtid=slave_pos,"
            " master_connect_retry=1, master_heartbeat_period=1", "start slave")

    def replicates(self):
        status = self.replication()
        return bool(status) and status["Slave_IO_Running"] == "Yes" and status["Slave_SQL_Running"] == "Yes"


class Cluster:
    """A primary and its replicas. `servers` is [db1, db2, db3] in the order of their server ids 1, 2, 3.

    place: a host of a lab that the servers run on, at its address from port 3306 up; None: loopback, any free ports.
    in_memory: the data lies in the machine's memory where it has a file system for that (some 250 MB): DDL is ten times as fast.
    """

    def __init__(self, size=3, keep=False, place=None, in_memory=False):
        memory = MEMORY_FOLDER if in_memory and os.access(MEMORY_FOLDER, os.W_OK) else None
        self.folder = tempfile.mkdtemp(prefix="hf-cluster-", dir=memory)
        self._keep = keep or os.environ.get("HOLDFAST_KEEP") == "1"
        ports = range(FIRST_PORT_OF_A_HOST, FIRST_PORT_OF_A_HOST + size) if place else free_ports(size)
        self.servers = []
        for index, port in enumerate(ports, 1):
            folder = os.path.join(self.folder, f"db{index}")
            os.makedirs(os.path.join(folder, "tmp"))
            self.servers.append(Server(f"db{index}", index, port, folder, place))
        self._cleanup = processes.Cleanup()
        self._cleanup.add(self._remove)
        self._settlers = {}
        try:
            self._start_all()
        except BaseException:
            self.close()
            raise

    primary = property(lambda self: self.servers[0])
    replicas = property(lambda self: self.servers[1:])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._cleanup.run()

    def server(self, server_id):
        return self.servers[int(server_id) - 1]

    # -- replication --------------------------------------------------------------------------------------------------

    def wait_replicated(self, seconds=20):
        """Returns when every running replica has applied all that the primary has written."""
        position = self.primary.query("select @@gtid_binlog_pos")[0][0]
        for replica in self.replicas:
            if not replica.running():
                continue
            reached = replica.query(f"select master_gtid_wait('{position}', {seconds})")[0][0]
            if reached != 0:
                raise processes.DeadlineExceeded(f"{replica.name} did not reach {position}: {replica.replication_problem()}")

    def settle(self):
        """As wait_replicated, over connections that stay open: cheap enough to call between statements."""
        try:
            position = self._ask(self.primary, "select @@gtid_binlog_pos")
            for replica in self.replicas:
                reached = self._ask(replica, f"select master_gtid_wait('{position}', 10)")
                assert reached == 0, f"{replica.name} did not reach {position}: {replica.replication_problem()}"
        except pymysql.err.MySQLError:
            self._settlers.clear()  # a server was restarted since: use new connections
            self.wait_replicated()

    def _ask(self, server, statement):
        connection = self._settlers.get(server.name)
        if connection is None:
            connection = self._settlers[server.name] = server.connect_root()
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone()[0]

    def wait_all_replicating(self, seconds=30):
        for replica in self.replicas:
            processes.eventually(replica.replicates, f"{replica.name} to replicate", seconds, 0.05,
                                 (pymysql.err.MySQLError,))
        self.wait_replicated()

    def recover(self):
        """Whatever a test left behind: every server runs and replicates again."""
        for server in self.servers:
            server.cont()
            if not server.running():
                server.start()
        for replica in self.replicas:
            if not replica.replicates():
                replica.source = replica.source or self.primary
                replica.repair_replication()
            if not replica.replicates():
                replica.query("stop slave", "start slave")
        self.primary.query("set global read_only=0")
        self.wait_all_replicating()

    # -- making and removing ------------------------------------------------------------------------------------------

    def _start_all(self):
        template = os.path.join(self.folder, "template")
        install_template(template)
        for server in self.servers:
            shutil.copytree(template, os.path.join(server.folder, "data"))
            server.start(wait=False)
        shutil.rmtree(template)
        for server in self.servers:
            server.wait_ready()
        self._make_accounts()
        for replica in self.replicas:
            replica.query("set global gtid_slave_pos=''", "set global read_only=1")
            replica.follow(self.primary)
            replica.starts_read_only = True
        if self.replicas:
            self.primary.query("set global rpl_semi_sync_master_enabled=1")
        self.wait_all_replicating()
        if self.replicas:
            processes.eventually(lambda: self.primary.status("Rpl_semi_sync_master_status") == "ON",
                                 "semisynchronous replication to be on")

    def _make_accounts(self):
        everything = "grant all on `test%`.* to"
        self.primary.query(
            f"create user {REPLICATION_USER}@'%' identified by '{REPLICATION_PASSWORD}'",
            f"grant replication replica on *.* to {REPLICATION_USER}@'%'",
            f"create user {MONITOR_USER}@'%' identified by '{MONITOR_PASSWORD}'",
            *MONITOR_GRANTS,
            f"create user {APP_USER}@'%' identified via mysql_native_password using password('{APP_PASSWORD}')",
            f"{everything} {APP_USER}@'%'",
            f"create user {APP_ED_USER}@'%' identified via ed25519 using password('{APP_ED_PASSWORD}')",
            f"{everything} {APP_ED_USER}@'%'",
            f"create database if not exists {SCHEMA}")

    def _remove(self):
        for connection in self._settlers.values():
            try:
                connection.close()
            except Exception:  # the server may be gone
                pass
        for server in self.servers:
            processes.signal_child(server.child, signal.SIGKILL)  # the data is thrown away
        for server in self.servers:
            if server.child is not None:
                server.child.wait(10)
        if self._keep:
            print(f"kept: {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)


def install_template(folder):
    """An empty data folder, made once and copied for each server."""
    command = ["/usr/bin/mariadb-install-db", "--no-defaults", f"--datadir={folder}", "--skip-test-db",
               "--auth-root-authentication-method=normal", "--skip-name-resolve", "--innodb-log-file-size=64M",
               "--innodb-flush-method=nosync"]
    if os.geteuid() == 0:
        command.append("--user=root")
    made = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    if made.returncode != 0:
        raise RuntimeError(f"mariadb-install-db failed:\n{made.stdout}{made.stderr}")


def main():
    """Starts a cluster, reports how long it took, stops it: a check of the harness itself."""
    began = time.monotonic()
    with Cluster() as cluster:
        print(f"ready after {time.monotonic() - began:.1f} s:", [s.address for s in cluster.servers])
        cluster.primary.query("create table test.t (id int primary key)", "insert into test.t values (1)")
        cluster.wait_replicated()
        print("replicated:", [r.query("select * from test.t") for r in cluster.replicas])
    print(f"ended after {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    main()
