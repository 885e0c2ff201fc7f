"""Fixtures: one cluster per run, one gateway per module; a test that breaks servers gets them repaired afterwards."""
import pytest

from harness.accounts import Accounts
from harness.holdfast import Holdfast, gateway_for
from harness.mariadb import Cluster
from harness.server_globals import ServerGlobals


@pytest.fixture(scope="session")
def cluster():
    with Cluster() as running:
        yield running


@pytest.fixture(scope="module")
def gateway(cluster):
    """Holdfast with accounts listed in its file, in front of the healthy cluster (or Direct, see harness/holdfast.py)."""
    cluster.recover()
    with gateway_for(cluster) as running:
        yield running


@pytest.fixture
def repaired(cluster):
    """For tests that kill or freeze servers."""
    yield cluster
    cluster.recover()


@pytest.fixture
def make_gateway(cluster):
    """A gateway of one's own: make_gateway(users="servers", …)."""
    made = []

    def make(**settings):
        made.append(Holdfast(cluster, **settings))
        return made[-1]
    yield make
    for one in made:
        one.close(check=one.running())


@pytest.fixture
def server_globals(cluster):
    """Globals of the servers for the time of a test."""
    with ServerGlobals(cluster) as changes:
        yield changes


@pytest.fixture
def accounts(cluster, gateway):
    """Accounts of the servers for the time of a test, known to a gateway with users_from = "servers"."""
    with Accounts(cluster, gateway) as made:
        yield made


@pytest.fixture(scope="module")
def administrator(cluster, gateway):
    """Sessions of an account that may do everything, through the gateway."""
    with Accounts(cluster, gateway) as made:
        made.make("field_root", "all on *.*")
        cluster.primary.query("grant all on *.* to field_root@'%' with grant option")
        yield lambda: made.session("field_root")


@pytest.fixture
def table(cluster, request):
    """A fresh table test.<name of the test> (id primary key, v varchar), the same on all servers; its name."""
    name = "t_" + "".join(c if c.isalnum() else "_" for c in request.node.name)[:50].lower()
    cluster.primary.query(f"drop table if exists test.{name}",
                          f"create table test.{name} (id int auto_increment primary key, v varchar(100))")
    cluster.settle()
    yield name
    if not cluster.primary.running():  # the test failed half way; `repaired` comes after us
        cluster.recover()
    cluster.primary.query(f"drop table if exists test.{name}")
