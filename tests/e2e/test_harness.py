"""The harness is code too: it must notice faults, and it must leave nothing behind."""
import os
import subprocess
import sys

import pytest

from harness import differential, processes, prometheus
from harness.generator import Generator
from harness.holdfast import TREE
from harness.mariadb import MONITOR_PASSWORD, MONITOR_USER
from harness.ports import can_bind, free_ports
from harness.processes import eventually


def test_the_cluster_replicates_semisynchronously_with_gtid(cluster):
    assert cluster.primary.status("Rpl_semi_sync_master_status") == "ON"
    assert cluster.primary.status("Rpl_semi_sync_master_clients") == "2"
    for replica in cluster.replicas:
        assert replica.replication()["Using_Gtid"] == "Slave_Pos"
        assert replica.query("select @@read_only, @@gtid_strict_mode, @@log_slave_updates, @@binlog_format") == ((1, 1, 1, "ROW"),)
        assert replica.status("Rpl_semi_sync_slave_status") == "ON"
    assert cluster.primary.query("select @@read_only, @@rpl_semi_sync_master_wait_point") == ((0, "AFTER_SYNC"),)


def test_the_monitor_account_can_see_and_cannot_touch(cluster):
    import pymysql
    for server in cluster.servers:
        with pymysql.connect(host=server.host, port=server.port, user=MONITOR_USER, password=MONITOR_PASSWORD) as monitor:
            cursor = monitor.cursor()
            for allowed in ("show all slaves status", "show master status", "select @@read_only, @@gtid_current_pos",
                            "select user, host, priv from mysql.global_priv", "show global status like 'Rpl_semi%'"):
                cursor.execute(allowed)
                cursor.fetchall()
            for forbidden in ("select * from mysql.proc", "set global read_only = 0", "create database test_x", "stop slave",
                              "create table test.forbidden (a int)"):
                with pytest.raises(pymysql.err.MySQLError):
                    cursor.execute(forbidden)


@pytest.mark.parametrize("number", [15, 9])  # SIGTERM, SIGKILL
def test_nothing_outlives_the_harness(number):
    """The program that made a cluster is ended or killed: its servers are gone a moment later."""
    program = ("import sys; sys.path.insert(0, 'tests')\nfrom harness import mariadb, processes\nprocesses.end_on_signals()\n"
               "with mariadb.Cluster(size=2) as c:\n print(c.folder, *(s.child.pid for s in c.servers), flush=True)\n"
               " import time\n time.sleep(600)\n")
    with subprocess.Popen([sys.executable, "-c", program], cwd=TREE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as user:
        folder, *pids = user.stdout.readline().split()
        assert len(pids) == 2 and all(os.path.exists(f"/proc/{pid}") for pid in pids)
        os.kill(user.pid, number)
        user.wait(20)
    eventually(lambda: not any(alive(pid) for pid in pids), "the servers to be gone", 10)
    if number == 15:
        assert not os.path.exists(folder)
    else:
        subprocess.run(["rm", "-rf", folder], check=True)


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_ports_are_free_and_never_given_twice():
    ports = free_ports(50)
    assert len(set(ports)) == 50 and all(can_bind(port) for port in ports)
    assert not set(ports) & set(free_ports(50))


def test_eventually_gives_up_and_says_what_it_waited_for():
    with pytest.raises(processes.DeadlineExceeded, match="the impossible.*None"):
        eventually(lambda: None, "the impossible", 0.05)


@pytest.mark.parametrize("text", [
    "a 1", "a{b=\"c} 1\n", "1a 1\n", "# TYPE a nonsense\na 1\n", "a 1\na 1\n", "a one\n", "a 1\nb 1\na{x=\"y\"} 1\n",
    "# TYPE a histogram\na_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 1\n",
    "# TYPE a histogram\na_bucket{le=\"1\"} 1\na_sum 1\na_count 1\n"])
def test_the_metrics_reader_refuses(text):
    with pytest.raises(ValueError):
        prometheus.parse(text)


def test_the_metrics_reader_accepts():
    metrics = prometheus.parse('# HELP a An "a".\n# TYPE a counter\na{x="1",y="q\\"\\\\\\n"} 5\na{x="2"} 7\n# TYPE h histogram\n'
                               'h_bucket{le="0.5"} 1\nh_bucket{le="+Inf"} 2\nh_sum 3.5\nh_count 2\n')
    assert metrics.get("a") == 12 and metrics.get("a", x="2") == 7 and metrics.get("h_count") == 2 and metrics.get("z") is None


def test_the_differential_test_sees_small_differences():
    one = [{"kind": "rows", "columns": [{"name": "a", "length": 4}], "rows": [(b"1",)], "end": {"status": 2}}]
    assert differential.differences(one, one) == []
    for change in ({"rows": [(b"2",)]}, {"columns": [{"name": "a", "length": 5}]}, {"end": {"status": 3}}, {"rows": []}):
        assert len(differential.differences(one, [{**one[0], **change}])) == 1
    assert differential.masked({"status": 2 | differential.QUERY_WAS_SLOW}) == {"status": 2}


def test_the_generator_repeats_itself_for_a_seed():
    assert Generator(3).script(40) == Generator(3).script(40) != Generator(4).script(40)
