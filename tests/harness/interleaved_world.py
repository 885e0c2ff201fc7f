"""What the sessions of an interleaved test stand on: accounts, schemas with something hidden in them, globals of the servers.

Each session has two schemas, `…a` and `…b`, made anew before it runs; table t is in both, with different rows, so that a statement
that runs in the wrong one shows. `a` also holds tables, a sequence, views, functions, triggers and procedures that read and write
session state unseen.

Invariants:
  1. The administrator's connections are opened while the globals are the servers' own, and keep those values.
  2. After close() the globals are as they were.
"""
import threading

from .wire import Wire

ACCOUNTS = (
    "create role if not exists test_role",
    "create database if not exists hf_role", "create or replace table hf_role.t (id int primary key)", "insert into hf_role.t values (1)",
    "grant select on hf_role.* to test_role", "grant test_role to app@'%'",
    "create user if not exists app_two@'%' identified via mysql_native_password using password('two-secret')",
    "grant all on `test%`.* to app_two@'%'",
    "create user if not exists boss@'%' identified via mysql_native_password using password('boss-secret')",
    "grant all on *.* to boss@'%'",
)
# A lock that a fault left behind fails soon. Without the cache of threads: a cached one hands FOUND_ROWS() and, to a login with collation
# id 0, its collation on to the next connection, so that a direct connection is not the same twice.
LASTING_GLOBALS = ("innodb_lock_wait_timeout=4", "lock_wait_timeout=8", "thread_cache_size=0")
HARMLESS_GLOBALS = ("max_connect_errors", "delayed_insert_limit", "slow_launch_time", "binlog_cache_size", "max_connections",
                    "stored_program_cache", "log_bin_trust_function_creators", "binlog_stmt_cache_size")  # for `boss` to set

IN_A = (
    "create table t (id int auto_increment primary key, v varchar(30), n int)",
    "insert into t (v, n) values ('a1', 1), ('a2', 2), ('a3', 0), ('a4', 1), ('a5', 2), ('a6', 0), ('a7', 1)",
    "create table c (id int auto_increment primary key, parent int, w varchar(30))",
    "create table u (id int auto_increment primary key, k int unique, v varchar(30))",
    "insert into u (k, v) values (10, 'ten'), (20, 'twenty')",
    "create table ld (id int auto_increment primary key, b longblob)",
    "create sequence s start with 10 increment by 5",
    "create function sets() returns int no sql begin set @tenant = 3; return 1; end",
    "create function tenant() returns int no sql return @tenant",
    "create function last_id() returns bigint no sql return last_insert_id()",
    "create function sets_zone() returns int no sql begin set time_zone = '+07:00'; return 1; end",
    "create function adds() returns int modifies sql data begin insert into c (w) values ('by function'); return last_insert_id(); end",
    "create view login_v as select sets() as s",
    "create view mine_v as select id, v from t where id = tenant()",
    "create view last_v as select last_id() as l",
    "create trigger c_before before insert on c for each row set new.parent = coalesce(new.parent, @tenant, -1)",
    "create trigger u_before before insert on u for each row begin set @seen = new.k;"
    " if new.k < 0 then signal sqlstate '45000' set message_text = 'negative'; end if; end",
    "create trigger u_after after insert on u for each row insert into c (w) values (new.v)",
    "create procedure several(a int) begin select a as first; select id, v from t where id <= a order by id; select last_insert_id() as l; end",
    "create procedure zone_and_error() begin set time_zone = '+05:00'; signal sqlstate '45000' set message_text = 'after the set'; end",
    "create procedure inserts(x varchar(30)) begin insert into t (v) values (x); end",
    "create procedure gives(in a int, out b int) begin set b = a * 2; end",
)
IN_B = (
    "create table t (id int auto_increment primary key, v varchar(30), n int)",
    "insert into t (v, n) values ('b1', 5), ('b2', 5), ('b3', 5)",
    "create view login_v as select 1 as s",
)


def schemas(number):
    return f"test_s{number:02}a", f"test_s{number:02}b"


class ReplicationBroken(Exception):
    """A replica does not apply any more what the primary writes."""


class World:
    """May be used from any thread."""

    def __init__(self, cluster):
        self.cluster = cluster
        self._lock = threading.RLock()
        cluster.primary.query(*ACCOUNTS)
        cluster.wait_replicated()
        self._roots = [Wire(None, 0, "root", "", "mysql", unix_socket=server.socket, seconds=30) for server in cluster.servers]
        self._before = {}
        self._settled, self._broken = None, ""
        self._harmless = {name: self.one(f"select @@global.{name}")[0]["rows"][0][0].decode() for name in HARMLESS_GLOBALS}
        for setting in LASTING_GLOBALS:
            self._set_everywhere(setting)
        self._lasting, self._before = self._before, {}
        self.one("set @@session.lock_wait_timeout=2, @@session.innodb_lock_wait_timeout=2")

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.close()

    def close(self):
        self.restore()
        self._before = self._lasting
        self.restore()
        for root in self._roots:
            root.close()

    # -- the administrator's steps ------------------------------------------------------------------------------------

    def one(self, sql):
        """On the primary. The text may hold several statements."""
        with self._lock:
            return self._roots[0].query(sql)

    def everywhere(self, sql):
        """`set global name=value`, taken back by restore()."""
        with self._lock:
            for root in self._roots:
                self._remember(sql.split("=", 1)[0].split()[-1], root)
            return [root.query(sql) for root in self._roots][0]

    def _checked(self, sql):
        reply = self.one(sql)
        assert reply[-1]["kind"] != "error", f"{sql}: {reply[-1]}"
        return reply

    # -- globals ------------------------------------------------------------------------------------------------------

    def use_globals(self, settings):
        """Sets `name=value` globals on every server; restore() takes them back."""
        for setting in settings:
            self._set_everywhere(setting)

    def _set_everywhere(self, setting):
        name = setting.split("=", 1)[0]
        for root in self._roots:
            self._remember(name, root)
            reply = root.query(f"set global {setting}")
            assert reply[0]["kind"] == "ok", f"set global {setting}: {reply}"

    def _remember(self, name, root):
        if (name, root) not in self._before:
            self._before[name, root] = root.query(f"select @@global.{name}")[0]["rows"][0][0]

    def restore(self):
        for (name, root), value in reversed(self._before.items()):
            text = value.decode()
            quoted = text if text.lstrip("-").replace(".", "", 1).isdigit() else f"'{text}'"
            root.query(f"set global {name}={quoted}")
        self._before = {}

    def take_back_harmless(self):
        """What sessions of `boss` set is as it was, on the primary."""
        self.one(";".join(f"set global {name}={value}" for name, value in self._harmless.items()))

    # -- schemas ------------------------------------------------------------------------------------------------------

    def make(self, numbers):
        """Fresh schemas of these sessions."""
        with self._lock:
            self._finish_xa()
            for number in numbers:
                a, b = schemas(number)
                for sql in (f"drop database if exists {a}", f"drop database if exists {b}", f"create database {a} character set utf8mb4",
                            f"create database {b} character set latin1", f"use {a}", *IN_A, f"use {b}", *IN_B, "use mysql"):
                    self._checked(sql)

    def _finish_xa(self):
        for row in self.one("xa recover")[0]["rows"]:
            self.one(f"xa rollback '{row[3].decode()}'")

    def audit(self, number):
        """Every row of every table of a session, as the administrator sees them."""
        with self._lock:
            found = {}
            for schema in schemas(number):
                tables = self.one("select table_name from information_schema.tables where table_type in ('BASE TABLE', 'SEQUENCE')"
                                  f" and table_schema = '{schema}' order by 1")[0]["rows"]
                for (name,) in tables:
                    order = "1" if name != b"ld" else "1, 2"
                    columns = "id, md5(b)" if name == b"ld" else "*"
                    reply = self.one(f"select {columns} from {schema}.`{name.decode()}` order by {order}")[0]
                    found[f"{schema}.{name.decode()}"] = reply.get("rows", reply)
            return found

    # -- replication --------------------------------------------------------------------------------------------------

    def settle(self):
        """Returns when every replica has applied all that the primary has committed."""
        with self._lock:
            if self._broken:
                raise ReplicationBroken(self._broken)
            position = self._roots[0].query("select @@gtid_binlog_pos")[0]["rows"][0][0].decode()
            if position == self._settled:
                return
            for replica in self._roots[1:]:
                replica.command(3, f"select master_gtid_wait('{position}', 10)".encode())
            for server, replica in zip(self.cluster.replicas, self._roots[1:]):
                reached = replica._results(replica._text_row)[0]["rows"][0][0]
                if reached != b"0":
                    self._broken = f"{server.name} did not reach {position}: {server.replication_problem()}"
            if self._broken:
                raise ReplicationBroken(self._broken)
            self._settled = position

    def repair_replication(self):
        """After something has been written on a replica: what it has of its own is forgotten, and it goes on where it stopped."""
        with self._lock:
            for root in self._roots[1:]:
                root.query("set global slave_exec_mode='IDEMPOTENT'; stop slave; reset master; start slave")
            self._broken = ""
            self.settle()
            for root in self._roots[1:]:
                root.query("set global slave_exec_mode='STRICT'")

    def aborted_on_primary(self):
        return self._aborted(self._roots[0])

    def aborted_clients(self):
        return sum(self._aborted(root) for root in self._roots)

    @staticmethod
    def _aborted(root):
        return int(root.query("show global status like 'Aborted_clients'")[0]["rows"][0][1])
