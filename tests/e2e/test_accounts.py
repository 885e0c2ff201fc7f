"""Logins: the same answers a direct connection gives, both plugins, accounts from the servers, change of user."""
import subprocess
import MySQLdb
import pymysql
import pytest

from harness import mariadb
from harness.processes import eventually
from harness.holdfast import Direct
from harness.routes import error_of, rows, run, value
from harness.wire import SESSION_TRACK, SSL, COMPRESS, ServerError, Wire


def refusal(port, user, password, database):
    """(code, text) of a refused login through the C library, which knows every plugin a server may ask for."""
    options = {"db": database} if database else {}
    with pytest.raises(MySQLdb.Error) as caught:
        MySQLdb.connect(host="127.0.0.1", port=port, user=user, passwd=password, charset="utf8mb4", **options)
    return caught.value.args


@pytest.fixture(params=["listed", "servers"])
def login_gateway(request, cluster, gateway, make_gateway):
    from harness.holdfast import direct_mode
    if request.param == "listed" or direct_mode():
        return gateway
    return make_gateway(users="servers")


def test_native_password(login_gateway):
    with login_gateway.connect() as connection:
        assert value(connection, "select current_user()") == "app@%"


def test_ed25519(login_gateway):
    """PyMySQL needs a further package for ed25519, the C library does it alone."""
    connection = MySQLdb.connect(host="127.0.0.1", port=login_gateway.port(), user=mariadb.APP_ED_USER,
                                 passwd=mariadb.APP_ED_PASSWORD, db="test")
    cursor = connection.cursor()
    cursor.execute("select current_user(), database()")
    assert cursor.fetchone() == ("app_ed@%", "test")
    cursor.execute("create temporary table mine (a int)")  # reaches the primary
    connection.close()


@pytest.mark.parametrize("user, password, database", [
    ("app", "wrong", "test"), ("app", "", "test"), ("app", "wrong", None), ("nobody", "secret", "test"),
    ("nobody", "", None), ("app", "app-secret", "test_missing"), ("app", "app-secret", "mysql"),
    ("a" * 80, "x", None), ("ünïcode", "x", None)])
def test_a_refused_login_reads_as_a_direct_one(login_gateway, cluster, user, password, database):
    assert refusal(login_gateway.port(), user, password, database) == \
        refusal(cluster.primary.port, user, password, database)


def test_a_refused_login_has_the_same_sqlstate(login_gateway, cluster):
    def answer(port):
        with pytest.raises(ServerError) as caught:
            Wire("127.0.0.1", port, "app", "wrong", "test")
        return caught.value.code, caught.value.state, caught.value.text
    assert answer(login_gateway.port()) == answer(cluster.primary.port)


def test_a_refused_ed25519_login_reads_as_a_direct_one(login_gateway, cluster):
    assert refusal(login_gateway.port(), mariadb.APP_ED_USER, "wrong", None) == \
        refusal(cluster.primary.port, mariadb.APP_ED_USER, "wrong", None)


def test_a_unix_socket_listener(gateway, cluster):
    with gateway.connect("unix") as connection:
        assert value(connection, "select 1") == 1
    arguments = {"user": "nobody", "password": "x", "database": None}
    assert error_of(gateway.connect, "unix", **arguments) == error_of(Direct(cluster).connect, "unix", **arguments)


def test_default_schema(gateway):
    with gateway.connect(database=None) as connection:
        assert value(connection, "select database()") is None
        run(connection, "use test")
        assert value(connection, "select database()") == "test"
        connection.select_db("information_schema")
        assert value(connection, "select database()") == "information_schema"
        assert error_of(connection.select_db, "test_nowhere")[0] == 1049
        assert value(connection, "select database()") == "information_schema"


def test_the_greeting_looks_like_the_servers(gateway, cluster):
    with Wire("127.0.0.1", gateway.port(), "app", "app-secret") as ours, \
            Wire("127.0.0.1", cluster.primary.port, "app", "app-secret") as theirs:
        assert ours.greeting["version"] == theirs.greeting["version"]
        assert ours.greeting["protocol"] == 10
        assert ours.greeting["status"] == theirs.greeting["status"]
        assert ours.login == theirs.login
        missing = theirs.greeting["capabilities"] & ~ours.greeting["capabilities"] & ~(COMPRESS | SSL)
        assert missing == 0, f"capabilities not offered: {missing:#x}"
        assert not ours.greeting["capabilities"] & ~theirs.greeting["capabilities"] & ~SESSION_TRACK


def test_change_user(gateway):
    with Wire("127.0.0.1", gateway.port(), "app", "app-secret", "test") as wire:
        wire.query("set @kept = 1")
        wire.query("create temporary table test.gone (a int)")
        assert wire.change_user("app", "app-secret", "test")[0]["kind"] == "ok"
        assert wire.query("select @kept, database()")[0]["rows"] == [(None, b"test")]
        assert wire.query("select * from test.gone")[0]["code"] == 1146


def test_change_user_to_another_schema_and_back(gateway):
    with Wire("127.0.0.1", gateway.port(), "app", "app-secret", "test") as wire:
        assert wire.change_user("app", "app-secret", "")[0]["kind"] == "ok"
        assert wire.query("select database()")[0]["rows"] == [(None,)]
        assert wire.change_user("app", "app-secret", "information_schema")[0]["kind"] == "ok"
        assert wire.query("select database()")[0]["rows"] == [(b"information_schema",)]


def test_a_refused_change_user_reads_as_a_direct_one(gateway, cluster):
    def answer(port, user, password, database):
        with Wire("127.0.0.1", port, "app", "app-secret", "test") as wire:
            return wire.change_user(user, password, database)
    for arguments in (("app", "wrong", "test"), ("nobody", "x", ""), ("app", "app-secret", "test_missing")):
        assert answer(gateway.port(), *arguments) == answer(cluster.primary.port, *arguments)


@pytest.mark.parametrize("charset", [15, 34, 9999])
def test_a_reset_behind_a_refused_change_user_has_the_charset_of_that(gateway, cluster, charset):
    """Numbers that nobody else of the tests uses: the gateway has not met them before."""
    def answers(port):
        with Wire("127.0.0.1", port, "app", "app-secret", "test") as wire:
            replies = [wire.change_user("app", "app-secret", "test_missing", charset), wire.reset_connection()]
            return replies + [wire.query("select @@collation_connection, @@character_set_client, @@character_set_results")]
    assert answers(gateway.port()) == answers(cluster.primary.port)


def test_reset_connection_clears_the_session(gateway):
    with Wire("127.0.0.1", gateway.port(), "app", "app-secret", "test") as wire:
        wire.query("set @kept = 1, sql_mode = 'ANSI_QUOTES', autocommit = 0")
        wire.query("create temporary table gone (a int)")
        statement = wire.prepare("select 1")
        assert wire.reset_connection()[0]["kind"] == "ok"
        reply = wire.query("select @kept, @@autocommit, @@sql_mode like '%ANSI%', database()")
        assert reply[0]["rows"] == [(None, b"1", b"0", b"test")]
        assert wire.query("select * from gone")[0]["code"] == 1146
        assert wire.execute(statement)[0]["code"] == 1243


@pytest.mark.gateway
def test_an_account_made_on_the_servers_can_log_in_soon(make_gateway, cluster):
    gateway = make_gateway(users="servers")
    cluster.primary.query("create or replace user late@'%' identified by 'late-secret'", "grant select on test.* to late@'%'")
    try:
        def logs_in():
            with gateway.connect(user="late", password="late-secret") as connection:
                return value(connection, "select current_user()") == "late@%"
        eventually(logs_in, "the new account to work", 15, 0.1, (pymysql.err.OperationalError,))
        with gateway.connect(user="late", password="late-secret") as connection:
            assert error_of(run, connection, "create table test.forbidden (a int)")[0] == 1142
        cluster.primary.query("alter user late@'%' identified by 'changed-secret'")

        def changed():
            with gateway.connect(user="late", password="changed-secret") as connection:
                return value(connection, "select 1")
        eventually(changed, "the changed password to work", 15, 0.1, (pymysql.err.OperationalError,))
        eventually(lambda: error_of(gateway.connect, user="late", password="late-secret")[0] == 1045,
                   "the old password to be refused", 15)
    finally:
        cluster.primary.query("drop user late@'%'")
    eventually(lambda: error_of(gateway.connect, user="late", password="changed-secret")[0] == 1045,
               "the dropped account to be refused", 15, 0.1, (AssertionError,))


def test_pooled_connections_never_cross_accounts(gateway):
    """Many short sessions of two accounts, each asks who it is."""
    for _ in range(10):
        with gateway.connect() as first:
            second = MySQLdb.connect(host="127.0.0.1", port=gateway.port(), user=mariadb.APP_ED_USER,
                                     passwd=mariadb.APP_ED_PASSWORD, db="test")
            cursor = second.cursor()
            assert value(first, "select current_user()") == "app@%"
            cursor.execute("select current_user()")
            assert cursor.fetchone() == ("app_ed@%",)
            assert value(first, "/* holdfast: primary */ select current_user()") == "app@%"
            cursor.execute("/* holdfast: primary */ select current_user()")
            assert cursor.fetchone() == ("app_ed@%",)
            assert "`app`@`%`" in rows(first, "show grants")[0][0]
            second.close()


@pytest.mark.gateway
def test_a_wrong_password_by_caching_sha2_is_refused(gateway):
    done = subprocess.run(["mariadb", "--no-defaults", "--default-auth=caching_sha2_password", "-h127.0.0.1", f"-P{gateway.port()}", "-uapp",
                           "-pwrong", "-e", "select 1"], capture_output=True, text=True, timeout=20)
    assert "ERROR 1045 (28000)" in done.stderr and done.stdout == ""


@pytest.mark.gateway
def test_a_client_outside_the_allowed_networks_is_refused_as_a_server_would(make_gateway):
    gateway = make_gateway(service_extra='allow = ["198.18.0.0/15", "::1"]')
    with pytest.raises(MySQLdb.Error) as refused:
        MySQLdb.connect(host="127.0.0.1", port=gateway.port(), user="app", passwd="app-secret")
    assert refused.value.args == (1130, "Host '127.0.0.1' is not allowed to connect to this MariaDB server")
    with gateway.connect("unix") as connection:
        assert value(connection, "select 1") == 1
