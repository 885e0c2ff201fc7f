"""Real drivers. Each runs one small program of e2e/clients that fulfils the same contract and prints what it saw:
connect, select, insert with insert id, prepared statement with types and NULL, transaction, unicode, a blob of 5 MiB,
an error with its code and state, and that the session is alive after the error."""
import os
import random
import subprocess

import pytest

from harness.clients import SOURCES, c_client, node_modules

BLOB_SIZE = 5 * 1024 * 1024
EXPECTED = {
    "select": "2", "insert": "2 1", "prepared": "9007199254740993|12.50|ä€😀|NULL|2024-02-29 12:34:56", "transaction": "kept",
    "unicode": "ä€😀", "blob": f"{BLOB_SIZE} same", "error": "1146 42S02", "after": "alive"}


def source(name):
    return os.path.join(SOURCES, name)


DRIVERS = {
    "mariadb_cli": lambda: ([source("driver_cli.sh")], []),
    "libmariadb": lambda: ([c_client("driver")], []),
    "pymysql": lambda: ([source("driver_python.py")], ["pymysql"]),
    "mysqlclient": lambda: ([source("driver_python.py")], ["MySQLdb"]),
    "perl_dbd_mysql": lambda: ([source("driver_perl.pl")], ["mysql"]),
    "perl_dbd_mariadb": lambda: ([source("driver_perl.pl")], ["MariaDB"]),
    "php_mysqli": lambda: (["php", source("driver_mysqli.php")], []),
    "php_pdo_native": lambda: (["php", source("driver_pdo.php")], ["native"]),
    "php_pdo_emulated": lambda: (["php", source("driver_pdo.php")], ["emulated"]),
    "node_mysql2": lambda: (["node", source("driver_node.js")], ["mysql2"]),
    "node_mariadb": lambda: (["node", source("driver_node.js")], ["mariadb"]),
}


@pytest.fixture(scope="module")
def blob_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("blob") / "blob"
    path.write_bytes(random.Random(5).randbytes(BLOB_SIZE))
    return path


@pytest.mark.parametrize("name", DRIVERS)
def test_driver(gateway, cluster, blob_file, name):
    table = f"hf_driver_{name}"
    cluster.primary.query(
        f"create or replace table test.{table} (id int auto_increment primary key, i bigint, d decimal(10,2), t varchar(100),"
        " n varchar(10), w datetime, b longblob) charset utf8mb4")
    cluster.settle()
    command, further = DRIVERS[name]()
    environment = dict(os.environ)
    if name.startswith("node_"):
        environment["NODE_PATH"] = node_modules()
    done = subprocess.run([*command, "127.0.0.1", str(gateway.port()), table, str(blob_file), *further], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, encoding="utf-8", timeout=120, env=environment)
    assert done.returncode == 0, f"{done.stdout[-2000:]}{done.stderr[-2000:]}"
    seen = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    assert seen == EXPECTED
    cluster.primary.query(f"drop table test.{table}")


@pytest.mark.parametrize("plugin", ["mysql_native_password", "ed25519", pytest.param("caching_sha2_password", marks=pytest.mark.gateway)])
def test_short_sessions_of_the_cli(gateway, plugin):
    """Connect, ask, leave: 30 times in a row through the command line client with every login plugin."""
    user, password = ("app_ed", "app-ed-secret") if plugin == "ed25519" else ("app", "app-secret")
    wanted = [f"--default-auth={plugin}"] if plugin == "caching_sha2_password" else []
    for number in range(30):
        done = subprocess.run(["mariadb", "--no-defaults", *wanted, "-h127.0.0.1", f"-P{gateway.port()}", f"-u{user}", f"-p{password}", "-NB",
                               "-e", f"select {number}, current_user()", "test"], capture_output=True, text=True, timeout=20)
        assert done.stdout == f"{number}\t{user}@%\n", done.stderr
