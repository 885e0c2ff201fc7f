"""A new login has the account as it is now: it shares no connection with whoever logged in before the account was changed."""
import pymysql
import pytest

from harness.processes import eventually
from harness.routes import error_of, run, value
from harness.session import Session
from harness.side_by_side import perform, schema

pytestmark = pytest.mark.gateway

@pytest.fixture
def changing(make_gateway, cluster):
    """A gateway that takes the accounts from the servers, a schema with one row, and an account without any right."""
    cluster.primary.query("create or replace user changing@'%' identified by 'pw'", "create database if not exists other",
                          "create or replace table other.t (id int primary key)", "insert into other.t values (1)")
    cluster.settle()
    yield make_gateway(users="servers")
    cluster.primary.query("drop user if exists changing@'%'", "drop role if exists changing_role", "drop database if exists other")


def grant(cluster, *statements):
    cluster.primary.query(*statements)
    cluster.settle()


def login(gateway, database=None, route="split"):
    return gateway.connect(route, user="changing", password="pw", database=database)


def logs_in(gateway, database=None):
    try:
        login(gateway, database).close()
        return True
    except pymysql.err.MySQLError:
        return False


def use_all_connections(gateway, database):
    """Leaves connections of the account behind, on every shard and server that one login after the other reaches."""
    for _ in range(12):
        for route in ("split", "read", "write"):
            with login(gateway, database, route) as connection:
                assert value(connection, "select count(*) from other.t") == 1


def test_a_revoked_global_right_is_gone_for_the_next_login(changing, cluster):
    grant(cluster, "grant select, process on *.* to changing@'%'")
    eventually(lambda: "accounts_changed" in changing.log_text(), "the gateway to have seen the grant", 10, 0.1)
    assert logs_in(changing, "other")
    use_all_connections(changing, "other")
    grant(cluster, "revoke select, process on *.* from changing@'%'", "grant usage on *.* to changing@'%'")

    def refused():
        for route in ("split", "read", "write"):
            try:
                with login(changing, "other", route) as connection:
                    value(connection, "select count(*) from other.t")
                    return False
            except pymysql.err.MySQLError as failure:
                assert failure.args[0] in (1044, 1142), failure
        return True
    eventually(refused, "new logins to have the rights of now", 10, 0.2)
    for _ in range(30):
        assert refused()


def test_a_revoked_schema_is_gone_for_the_next_login(changing, cluster):
    grant(cluster, "grant select on other.* to changing@'%'")
    eventually(lambda: logs_in(changing, "other"), "the login")
    use_all_connections(changing, "other")
    grant(cluster, "revoke select on other.* from changing@'%'")
    eventually(lambda: not logs_in(changing, "other"), "new logins to be refused as directly", 10, 0.2)
    for _ in range(30):
        assert error_of(login, changing, "other")[0] == 1044


@pytest.mark.parametrize("enters", ["use other", schema("other")], ids=["text", "command"])
def test_with_use_a_session_has_its_rights_of_now(changing, cluster, enters):
    """A server looks at the rights in a schema when it is entered: so does every connection of the session's."""
    grant(cluster, "create or replace table other.kept (a int)", "grant select, insert on other.* to changing@'%'", "grant insert on other.kept to changing@'%'")
    eventually(lambda: logs_in(changing, "other"), "the login")
    reads = ["select count(*) from t", "/*master*/ select count(*) from t"]
    with Session(changing.port(), user="changing", password="pw", database="other") as session:
        assert all(answer == [[("1",)]] for answer in perform(session, reads * 3))
        grant(cluster, "revoke select, insert on other.* from changing@'%'")
        for _ in range(4):
            perform(session, [enters])
            assert perform(session, reads) == [[("error", 1142)]] * 2
            assert perform(session, ["insert into t values (50)", "insert into kept values (1)"]) == [[("error", 1142)], [("ok", 1, 0)]]


def test_a_role_that_was_taken_away_is_gone_for_the_next_login(changing, cluster):
    grant(cluster, "create role changing_role", "grant select on other.* to changing_role", "grant changing_role to changing@'%'",
          "set default role changing_role for changing@'%'")
    eventually(lambda: logs_in(changing, "other"), "the login")
    use_all_connections(changing, "other")
    grant(cluster, "revoke select on other.* from changing_role")
    eventually(lambda: not logs_in(changing, "other"), "new logins to be refused as directly", 10, 0.2)
    grant(cluster, "grant select on other.* to changing_role")
    eventually(lambda: logs_in(changing, "other"), "the right to be back", 10, 0.2)


def test_with_the_fewest_rights_the_monitor_is_quiet_and_logins_work(changing, cluster):
    grant(cluster, "grant select on other.* to changing@'%'")
    eventually(lambda: logs_in(changing, "other"), "the login")
    with login(changing, "other") as connection:
        run(connection, "select 1")
    assert "monitor_login_failed" not in changing.log_text()
