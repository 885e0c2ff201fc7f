"""The load: sysbench on one small table, and clients that sit idle."""
import os
import re
import resource
import subprocess
from dataclasses import dataclass

import pymysql

from harness.ports import LOOPBACK
from rig.contestants import ACCOUNT

ROWS = 10_000
HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


@dataclass(frozen=True)
class Cell:
    """One row of the table: what is asked, how, by how many clients."""
    name: str
    script: str
    prepared: bool
    threads: int
    writes: bool
    server_connections: int | None = None  # the most that a proxy which shares connections may have to a server


def every_cell():
    cells = []
    for short, script, writes in (("ps", "oltp_point_select", False), ("rw", "oltp_read_write", True)):
        for mode in ("text", "prepared"):
            for threads in (1, 16, 64):
                cells.append(Cell(f"{short}-{mode}-{threads}", script, mode == "prepared", threads, writes))
    cells.append(Cell("connect-8", own_script("connect_per_query"), False, 8, False))
    cells.append(Cell("connect-driver-8", own_script("connect_as_drivers_do"), False, 8, False))
    cells.append(Cell("ps-set-16", own_script("prepared_and_set"), True, 16, False))
    cells.append(Cell("insert-64-over-8", own_script("insert_autocommit"), False, 64, True, server_connections=8))
    return cells


def own_script(name):
    return os.path.join(HERE, name + ".lua")


@dataclass
class Figures:
    queries: int
    per_second: float
    p95_ms: float


class LoadFailed(Exception):
    pass


def sysbench(cell, port, seconds, action="run", cores=None):
    user, password, schema = ACCOUNT
    command = ["taskset", "-c", ",".join(map(str, cores))] if cores else []
    command += ["sysbench", cell.script, f"--mysql-host={LOOPBACK}", f"--mysql-port={port}", f"--mysql-user={user}",
                f"--mysql-password={password}", f"--mysql-db={schema}", f"--table-size={ROWS}", f"--threads={cell.threads}",
                f"--time={seconds}", "--rand-type=uniform", "--percentile=95", "--report-interval=0"]
    if not cell.prepared:
        command.append("--db-ps-mode=disable")
    if not cell.script.endswith(".lua"):
        command.append("--tables=1")
    ended = subprocess.run([*command, action], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds + 90)
    if ended.returncode != 0 or "FATAL" in ended.stdout:
        fatal = re.search(r"FATAL: (.*)", ended.stdout + ended.stderr)
        raise LoadFailed(fatal.group(1) if fatal else f"sysbench ended with {ended.returncode}")
    return ended.stdout


def prepare(port):
    for script in ("oltp_point_select", own_script("insert_autocommit")):
        sysbench(Cell("prepare", script, False, 1, True), port, 1, "prepare")


def measure(cell, port, seconds, cores):
    text = sysbench(cell, port, seconds, cores=cores)
    queries = re.search(r"^\s+queries:\s+(\d+)\s+\(([\d.]+) per sec", text, re.M)
    p95 = re.search(r"^\s+95th percentile:\s+([\d.]+)", text, re.M)
    if not queries or not p95 or int(queries.group(1)) == 0:
        raise LoadFailed("sysbench counted no queries")
    return Figures(int(queries.group(1)), float(queries.group(2)), float(p95.group(1)))


class IdleClients:
    """Connections that have asked once and now hold still."""

    def __init__(self, port, count):
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        user, password, schema = ACCOUNT
        self._open = []
        for _ in range(count):
            connection = pymysql.connect(host=LOOPBACK, port=port, user=user, password=password, database=schema, autocommit=True)
            self._open.append(connection)
            with connection.cursor() as cursor:
                cursor.execute("SELECT c FROM sbtest1 WHERE id=1")
                cursor.fetchall()

    def close(self):
        for connection in self._open:
            connection.close()
