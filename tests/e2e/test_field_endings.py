"""What users of other proxies complained of, kind L: connections that end in good order. Servers of our own: nobody else ends any there.

Each test is named after the row of the field cases that it stands for.
"""
import pytest

from harness.holdfast import gateway_for
from harness.mariadb import Cluster
from harness.processes import eventually
from harness.session import Session
from harness.side_by_side import change_user, reset

gateway_only = pytest.mark.gateway
INSERT = "insert into ledger (who) values (1)"
READ = "select count(*) from place"


@pytest.fixture(scope="module")
def cluster():
    with Cluster(in_memory=True) as own:
        own.primary.query("create table test.place (id int primary key, w int)", "insert into test.place select seq, 1 from test.seq_1_to_100",
                          "create table test.ledger (id int auto_increment primary key, who int)")
        own.settle()
        yield own


CLEAN = {"read": [READ], "insert": [INSERT], "pinned": ["set @a = 1"], "temporary": ["create temporary table scratch (a int)"],
         "transaction": ["begin", INSERT, "commit"], "prepared": [("select count(*) from place where id > ?", 1),
                                                                  ("insert into ledger (who) values (?)", 1)],
         "error": ["select * from nosuch", "insert into nosuch values (1)"], "reset": [INSERT, "set @a = 1", reset(), READ],
         "change-user": ["set @a = 1", change_user(), READ],
         "settings": ["set time_zone='+01:00'", READ, "use information_schema", READ + " limit 1"]}


def aborted(cluster):
    return {server.name: (server.status("Aborted_clients"), server.status("Aborted_connects")) for server in cluster.servers}


@pytest.mark.parametrize("steps", CLEAN.values(), ids=CLEAN)
def test_row_30_aborted_clients(cluster, steps):
    """Five clients end cleanly, then the gateway: no server counts a connection as aborted."""
    before = aborted(cluster)
    with gateway_for(cluster, shards=1, tcp=False) as running:
        for _ in range(5):
            with Session(running.port()) as session:
                for step in steps:
                    if callable(step):
                        step(session)
                    else:
                        session.binary(*step) if isinstance(step, tuple) else session.ask(step)
    eventually(lambda: not any(server.query("select 1 from information_schema.processlist where user = 'app' and command <> 'Sleep'")
                               for server in cluster.servers), "the clients to be gone")
    assert aborted(cluster) == before


@gateway_only
@pytest.mark.parametrize("why", ["idle", "room", "drain"])
def test_row_30_aborted_clients_by_the_pool_itself(cluster, why):
    """Connections that the pool ends: idle too long, making room for another login charset, a drained server."""
    before = aborted(cluster)
    extra = 'pool_idle_timeout = "1s"' if why == "idle" else 'pool_idle_timeout = "60s"'
    with gateway_for(cluster, shards=1, tcp=False, max_server_connections=2, mysql_extra=extra) as running:
        for charset in (45, 8, 9, 33, 28):
            with Session(running.port(), charset=charset) as session:
                session.run(READ, INSERT, "/*master*/ select 1")
        if why == "drain":
            for server in ("db2", "db3"):
                assert running.cli("drain", server).returncode == 0
        if why == "idle":
            mine = "select 1 from information_schema.processlist where user = 'app'"
            eventually(lambda: not any(server.query(mine) for server in cluster.servers), "idle connections to be closed")
            assert aborted(cluster) == before
    assert aborted(cluster) == before
