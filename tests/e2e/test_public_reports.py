"""Public reports of users of other proxies, tried on ours: each is named after the project and the number of its report.

What is expected is what a direct connection answers, while other clients run over the same few server connections.
"""
import pytest

from harness.holdfast import gateway_for
from harness.routes import drop_answering_table, make_answering_table
from harness.session import Session
from harness.side_by_side import change_user, close, execute, make_passers_table, prepare, reset, same, schema

gateway_only = pytest.mark.gateway
SCHEMAS = ("test_shard28", "test_shard280")


@pytest.fixture(scope="module")
def gateway(cluster):
    cluster.recover()
    for name in SCHEMAS:
        cluster.primary.query(f"create or replace schema {name}", f"create table {name}.rows_of (id int primary key, v varchar(20))",
                              f"insert into {name}.rows_of values (1234, 'of {name}'), ({len(name)}, 'only {name}')")
    cluster.primary.query("create or replace table test.bound (c1 decimal(10,1))", "insert into test.bound values (8.0), (9.5)",
                          "create or replace table test.place (id int primary key, w int)", "insert into test.place select seq, 1 from test.seq_1_to_50")
    make_passers_table(cluster)
    make_answering_table(cluster)
    with gateway_for(cluster, shards=1, max_server_connections=2, hold_timeout="3s", users="servers") as running:
        yield running
    drop_answering_table(cluster)
    cluster.primary.query(*(f"drop schema {name}" for name in SCHEMAS), "drop table test.bound, test.place, test.passers_by")


READ_SHARD = "select v from rows_of order by id"
SHARDS = [schema(SCHEMAS[0]), READ_SHARD, f"use {SCHEMAS[1]}", READ_SHARD, f"use {SCHEMAS[0]}", (READ_SHARD,), schema(SCHEMAS[1]), (READ_SHARD,),
          "/*master*/ " + READ_SHARD, f"use `{SCHEMAS[0]}`", READ_SHARD, "select database()"]
VARIABLES = ("net_read_timeout", "wait_timeout", "interactive_timeout", "net_write_timeout", "sort_buffer_size", "sql_safe_updates")
ASK_VARIABLES = "select " + ", ".join(f"@@{name}" for name in VARIABLES)
REPORTS = {
    "proxysql-1016-names-that-begin-alike": SHARDS,
    "proxysql-653-set-on-both-sides": ["set autocommit = 0", "select @@autocommit", "show variables like 'autocommit'", "select id from place limit 1",
                                       "rollback", "set @variable1 = 67", "select @variable1 + 0", "select id from place where id = @variable1 - 66"],
    "proxysql-2197-isolation-of-the-session": ["set session transaction isolation level read committed", "select @@tx_isolation", "select id from place limit 1",
                                               "select @@session.tx_isolation", ("select @@tx_isolation",), "set session transaction read only",
                                               "update place set w = 2 where id = 1", "set session transaction read write", "update place set w = 1 where id = 1"],
    "proxysql-1118-prepare-as-text": ["prepare stmt from 'select id from place order by id limit 1'", "execute stmt", "execute stmt", "deallocate prepare stmt", "execute stmt"],
    "proxysql-1062-set-as-a-prepared-statement": [("set session sql_mode=''",), "select @@sql_mode", ("set session sql_mode='ANSI_QUOTES'",), 'select "id" from place limit 1',
                                                  ("select @@sql_mode",), ("set names latin1",), "select @@character_set_client"],
    "maxscale-195-types-sent-once": [prepare("p", "select c1 from bound where c1 = ?"), execute("p", "8.0"), execute("p", "8.0"), "update place set w = 1 where id = 1",
                                     execute("p", "9.5"), execute("p", "8.0"), close("p")],
    "proxysql-752-statements-after-a-change-of-user": [prepare("p", "select id from place where id = ?"), execute("p", 1), change_user(), execute("p", 1),
                                                       prepare("q", "select id from place where id = ?"), execute("q", 2)],
    "proxysql-1182-profiling": ["set profiling = 1", "select id from place limit 1", "select count(*) > 0 from information_schema.profiling",
                                "select count(*) > 0 from information_schema.profiling where query_id = 1"],
    "proxysql-4998-reset-keeps-the-servers-settings": [ASK_VARIABLES, "set sort_buffer_size = 2000000, net_read_timeout = 77", ASK_VARIABLES, reset(), ASK_VARIABLES,
                                                       "/*master*/ " + ASK_VARIABLES],
    "mysql2-1516-reset-in-one-round-trip": ["begin", "update place set w = 5 where id = 3", "set @a = 1", reset(), "select @a", "/*master*/ select w from place where id = 3"]}


@pytest.mark.parametrize("steps", REPORTS.values(), ids=REPORTS)
def test_a_report(gateway, cluster, steps):
    same(gateway, cluster, steps)


@pytest.mark.parametrize("steps", [["select database()", "show tables", "select count(*) from place", "insert into place values (1, 1)"]],
                         ids=["proxysql-2641-and-988-no-schema"])
def test_a_session_without_a_schema(gateway, cluster, steps):
    for _ in range(4):
        same(gateway, cluster, steps, database=None)


@gateway_only
def test_proxysql_3832_variables_of_the_client_before(gateway):
    """Two connections, many clients: what one has set the next does not have."""
    with Session(gateway.port()) as fresh:
        expected = fresh.ask(ASK_VARIABLES), fresh.ask("/*master*/ " + ASK_VARIABLES)
    for _ in range(6):
        with Session(gateway.port()) as sets:
            sets.run("set net_read_timeout = 99, wait_timeout = 2147483, interactive_timeout = 28801, net_write_timeout = 98, sql_safe_updates = 1",
                     "select id from place limit 1", "/*master*/ select id from place limit 1")
        with Session(gateway.port()) as next_one:
            assert (next_one.ask(ASK_VARIABLES), next_one.ask("/*master*/ " + ASK_VARIABLES)) == expected


@gateway_only
def test_proxysql_1250_a_reset_ends_what_a_variable_began(gateway):
    """An application's pool that resets between users is not pinned for ever."""
    with Session(gateway.port()) as session:
        for _ in range(3):
            session.run("set @rownum = 0", "select @rownum := @rownum + 1")
            assert {session.value("select id from answering") for _ in range(4)} == {"1"}
            session.reset_connection()
            assert {session.value("select id from answering") for _ in range(12)} & {"2", "3"}


@gateway_only
def test_proxysql_989_a_set_per_client_opens_no_connection_per_client(gateway, cluster):
    def connections():
        return sum(int(server.status("Connections")) for server in cluster.servers)
    own = [0]
    for round_of in range(2):
        before = connections()
        for number in range(40):
            with Session(gateway.port()) as session:
                session.run(f"set sort_buffer_size = {2_000_000 + number % 3 * 100_000}", "select @@tx_isolation", "select id from place limit 1")
        own[0] = connections() - before
    assert own[0] < 20, f"{own[0]} server connections for 40 clients"
