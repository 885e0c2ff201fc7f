"""What drivers and frameworks send when they connect, by a wire-level client: afterwards reads are split, writes work, settings are as direct.

The statements are those of the drivers' public sources and of what they show in a server's log; values that depend on a configuration stand
for the usual ones. A tuple is a statement that goes through the binary protocol (PDO without emulation).
"""
import pytest

from harness.holdfast import gateway_for
from harness.routes import drop_answering_table, make_answering_table
from harness.session import MODERN, Session, failed
from harness.side_by_side import make_passers_table, pass_by, ping, reset, schema
from harness.wire import DEFAULT_CAPABILITIES, FOUND_ROWS, MULTI_STATEMENTS

REPLICAS = {"2", "3"}
TRACK = "session_track_system_variables"
STRICT = "sql_mode=CONCAT(@@sql_mode,',STRICT_TRANS_TABLES')"

# name: (capabilities, charset of the login, what is sent)
CONNECTS = {
    "connector-j-2": (MODERN, 45, [
        "set autocommit=1, session_track_schema=1, sql_mode = concat(@@sql_mode,',STRICT_TRANS_TABLES')",
        "SELECT @@max_allowed_packet,@@system_time_zone,@@time_zone,@@auto_increment_increment"]),
    "connector-j-2-batches": (MODERN, 45, [
        "set autocommit=1, session_track_schema=1, session_track_system_variables='auto_increment_increment' , sql_mode = concat(@@sql_mode,',STRICT_TRANS_TABLES')",
        "SELECT @@max_allowed_packet,@@system_time_zone,@@time_zone,@@auto_increment_increment",
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", ping()]),
    "connector-j-2-old-server": (DEFAULT_CAPABILITIES, 33, [
        "set autocommit=1, sql_mode = concat(@@sql_mode,',STRICT_TRANS_TABLES')",
        "SHOW VARIABLES WHERE Variable_name in ('max_allowed_packet','system_time_zone','time_zone','auto_increment_increment')"]),
    "connector-j-3.0": (MODERN, 45, [
        f"set autocommit=1,{TRACK} = CONCAT(@@global.{TRACK},',auto_increment_increment')", "SELECT @@max_allowed_packet, @@wait_timeout"]),
    "connector-j-3": (MODERN, 45, [
        f"set autocommit=1,{STRICT},{TRACK} = CONCAT(@@global.{TRACK},',tx_isolation')",
        "SELECT @@max_allowed_packet, @@wait_timeout, @@time_zone"]),
    "connector-j-3.5": (MODERN, 45, [
        f"set {STRICT},{TRACK} = CONCAT(@@global.{TRACK},',transaction_isolation'),NAMES utf8mb4",
        f"set {STRICT},{TRACK} = CONCAT(@@global.{TRACK},',tx_isolation'),NAMES utf8mb4"]),
    "connector-j-3-zone": (MODERN, 45, [
        f"set autocommit=1,{STRICT},{TRACK} = CONCAT(@@global.{TRACK},',tx_isolation,auto_increment_increment'),time_zone='+02:00',tx_isolation='READ-COMMITTED'", ping()]),
    "mysql-connector-j-8": (DEFAULT_CAPABILITIES, 45, [
        "/* mysql-connector-j-8.0.33 (Revision: 7d6b0800528b6b25c68b52dc10d6c1c8429c100c) */SELECT  @@session.auto_increment_increment AS auto_increment_increment, "
        "@@character_set_client AS character_set_client, @@character_set_connection AS character_set_connection, @@character_set_results AS character_set_results, "
        "@@character_set_server AS character_set_server, @@collation_server AS collation_server, @@collation_connection AS collation_connection, "
        "@@init_connect AS init_connect, @@interactive_timeout AS interactive_timeout, @@license AS license, @@lower_case_table_names AS lower_case_table_names, "
        "@@max_allowed_packet AS max_allowed_packet, @@net_write_timeout AS net_write_timeout, @@performance_schema AS performance_schema, @@sql_mode AS sql_mode, "
        "@@system_time_zone AS system_time_zone, @@time_zone AS time_zone, @@tx_isolation AS transaction_isolation, @@wait_timeout AS wait_timeout",
        "SHOW WARNINGS", "SET character_set_results = NULL", "SET autocommit=1", "SET sql_mode='STRICT_TRANS_TABLES'"]),
    "connector-odbc": (DEFAULT_CAPABILITIES, 45, [
        "SET NAMES utf8mb4", "SET SESSION SQL_MODE=CONCAT(@@SQL_MODE,',ANSI_QUOTES')", "SET AUTOCOMMIT=1",
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
        "SET SQL_SELECT_LIMIT=DEFAULT", "SELECT @@tx_isolation"]),
    "mysql-connector-odbc": (DEFAULT_CAPABILITIES | FOUND_ROWS, 33, [
        "SET NAMES utf8", "SET SQL_AUTO_IS_NULL = 0", "SET character_set_results = NULL", "set @@sql_select_limit=DEFAULT", "set autocommit=1"]),
    "rails-5": (DEFAULT_CAPABILITIES | FOUND_ROWS, 45, [
        "SET NAMES utf8mb4,  @@SESSION.sql_mode = CONCAT(CONCAT(@@sql_mode, ',STRICT_ALL_TABLES'), ',NO_AUTO_VALUE_ON_ZERO'),  @@SESSION.sql_auto_is_null = 0, "
        "@@SESSION.wait_timeout = 2147483"]),
    "rails-7": (DEFAULT_CAPABILITIES | FOUND_ROWS, 45, [
        "SET  @@SESSION.sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO'),  @@SESSION.sql_auto_is_null = 0, @@SESSION.wait_timeout = 2147483",
        "SELECT VERSION()", ping()]),
    "rails-not-strict": (DEFAULT_CAPABILITIES | FOUND_ROWS, 45, [
        "SET NAMES utf8mb4 COLLATE utf8mb4_unicode_ci,  @@SESSION.sql_mode = REPLACE(REPLACE(REPLACE(@@sql_mode, 'STRICT_TRANS_TABLES', ''), 'STRICT_ALL_TABLES', ''), "
        "'TRADITIONAL', ''),  @@SESSION.sql_auto_is_null = 0, @@SESSION.wait_timeout = 2147483", reset()]),
    "django": (DEFAULT_CAPABILITIES | FOUND_ROWS, 45, [
        "SET NAMES utf8mb4", "SET autocommit=0", "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", "SET autocommit=1"]),
    "django-old": (DEFAULT_CAPABILITIES | FOUND_ROWS, 33, [
        "SET NAMES utf8", "set autocommit=0", "SET SQL_AUTO_IS_NULL = 0, TX_ISOLATION = 'read-committed'", "SELECT VERSION()", "set autocommit=1"]),
    "django-features": (DEFAULT_CAPABILITIES | FOUND_ROWS, 45, [
        "\n            SELECT VERSION(),\n                   @@sql_mode,\n                   @@default_storage_engine,\n                   @@sql_auto_is_null,\n"
        "                   @@lower_case_table_names,\n                   CONVERT_TZ('2001-01-01 01:00:00', 'UTC', 'UTC') IS NOT NULL\n        ",
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"]),
    "laravel": (DEFAULT_CAPABILITIES, 45, [
        "use `test`;", ("set names 'utf8mb4' collate 'utf8mb4_unicode_ci'",),
        ("set session sql_mode='ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'",)]),
    "laravel-zone": (DEFAULT_CAPABILITIES, 45, [
        "use `test`;", ("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",), ("set names 'utf8mb4' collate 'utf8mb4_unicode_ci'",),
        ('set time_zone="+00:00"',),
        ("set session sql_mode='NO_ENGINE_SUBSTITUTION'",)]),
    "laravel-11": (DEFAULT_CAPABILITIES, 45, [
        "use `test`;", "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SET NAMES 'utf8mb4' COLLATE 'utf8mb4_unicode_ci', "
        "SESSION sql_mode='ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION';"]),
    "hibernate": (MODERN, 45, [
        f"set autocommit=1,{STRICT},{TRACK} = CONCAT(@@global.{TRACK},',tx_isolation')", "set autocommit=0", "select @@session.tx_read_only",
        "rollback", "set autocommit=1",
        "SET SESSION TRANSACTION READ ONLY", "SET SESSION TRANSACTION READ WRITE", "select version()", schema("test"), ping()]),
    "go-sql-driver": (DEFAULT_CAPABILITIES & ~MULTI_STATEMENTS, 45, ["SET NAMES utf8mb4", ping()]),
    "go-sql-driver-parameters": (DEFAULT_CAPABILITIES | FOUND_ROWS, 45, [
        "SELECT @@max_allowed_packet", "SET NAMES utf8mb4 COLLATE utf8mb4_unicode_ci", "SET time_zone='%2B00:00'".replace("%2B", "+"),
        "SET sql_mode='TRADITIONAL', tx_isolation='READ-COMMITTED', autocommit=1", ping()]),
    "mysqlclient": (DEFAULT_CAPABILITIES, 45, ["SET NAMES utf8mb4", "set autocommit=0", "rollback", "set autocommit=1"]),
    "node-and-others": (DEFAULT_CAPABILITIES, 224, ["SET time_zone = '+00:00'", "SELECT 1",
                                                    "set session sql_mode = (select concat(@@sql_mode, ',PIPES_AS_CONCAT'))"])}

SETTINGS = ("select @@sql_mode, @@autocommit, @@time_zone, @@tx_isolation, @@sql_auto_is_null, @@wait_timeout, @@character_set_client, @@character_set_results, "
            "@@collation_connection, @@sql_select_limit, database(), @@session_track_schema")
WISH = f"select @@{TRACK}"


@pytest.fixture(scope="module")
def gateway(cluster):
    cluster.recover()
    cluster.primary.query("create or replace table test.orders (id int auto_increment primary key, what varchar(20))")
    make_passers_table(cluster)
    make_answering_table(cluster)
    with gateway_for(cluster, shards=1, max_server_connections=3, hold_timeout="1s") as running:
        yield running
    drop_answering_table(cluster)
    cluster.primary.query("drop table test.orders, test.passers_by")


def connected(port, name):
    """A session behind the driver's statements, and what it was answered."""
    capabilities, charset, steps = CONNECTS[name]
    session = Session(port, capabilities=capabilities, charset=charset)
    answers = [step(session) if callable(step) else session.binary(*step) if isinstance(step, tuple) else session.ask(step) for step in steps]
    return session, answers


@pytest.mark.parametrize("name", CONNECTS)
def test_a_drivers_settings_are_as_direct(gateway, cluster, name):
    """The answers while it connects, and the settings on whatever server, while others pass by."""
    ours, our_answers = connected(gateway.port(), name)
    direct, direct_answers = connected(cluster.primary.port, name)
    with ours, direct:
        assert our_answers == direct_answers
        for question in ("", "/*master*/ ", "", ""):
            assert ours.ask(question + SETTINGS) == direct.ask(question + SETTINGS)
            pass_by(gateway)
        assert ours.binary(SETTINGS) == direct.binary(SETTINGS)
        assert ours.ask(WISH) == direct.ask(WISH)


@pytest.mark.gateway
@pytest.mark.parametrize("how", ["text", "binary"])
@pytest.mark.parametrize("name", CONNECTS)
def test_reads_after_a_drivers_connect_reach_replicas(gateway, name, how):
    """Of twelve sessions, or twelve reads of one; writes work and reads are split again behind them."""
    sql = "select id from answering where id > 0"

    def ask(session):
        return session.binary(sql)[0][0][0] if how == "binary" else session.value(sql)
    session, _ = connected(gateway.port(), name)
    with session:
        assert {ask(session) for _ in range(12)} & REPLICAS, "every read went to the primary"
        assert not failed(session.one("insert into orders (what) values ('text')"))
        assert not failed(session.binary("insert into orders (what) values (?)", "binary")[0])
        session.run("begin", "update orders set what = 'changed' where id = 1", "commit")
        assert {ask(session) for _ in range(12)} & REPLICAS, "every read went to the primary after a write"


@pytest.mark.gateway
@pytest.mark.parametrize("name", CONNECTS)
def test_a_drivers_idle_sessions_share_connections(gateway, cluster, name):
    """Not pinned: eight idle sessions of a driver, three places on each server, and every one of them reads and writes."""
    sessions = [connected(gateway.port(), name)[0] for _ in range(8)]
    for session in sessions:
        assert not failed(session.one("insert into orders (what) values ('shared')"))
        assert session.value("select count(*) > 0 from answering") == "1"
        assert not failed(session.binary("select id from answering where id > ?", 0)[0])
    for session in sessions:
        session.close()
