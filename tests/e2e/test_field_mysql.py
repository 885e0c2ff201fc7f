"""What users of other proxies complained of, kinds A to D, G, K and M: what a session knows, over connections that others use, too.

Each test is named after the row of the field cases that it stands for; the further parameters are other members of the same kind. What is
expected is what a direct connection to the primary (on the `read` address: to a replica) answers.
"""
import select

import MySQLdb
import pytest

from harness.holdfast import gateway_for
from harness.processes import eventually
from harness.routes import drop_answering_table, make_answering_table
from harness.server_globals import ServerGlobals
from harness.session import LOST, MODERN, Session, login_error
from harness.side_by_side import (change_user, close, direct_port, execute, fetch, long_data, make_passers_table, ping, prepare, reset,
                                  reset_statement, same, schema, shown)
from harness.wire import FOUND_ROWS, IGNORE_SPACE, INTERACTIVE, MULTI_STATEMENTS

ROUTES = ("split", "read", "write")
NO_BACKSLASH_ESCAPES, AUTOCOMMIT = 0x200, 2  # status flags


@pytest.fixture(scope="module")
def gateway(cluster):
    """One shard, few connections: whoever passes by uses the very connections that the test's session uses."""
    cluster.recover()
    cluster.primary.query(
        "create or replace schema test_other",
        "create or replace table test.place (id int primary key, v varchar(20), w int) engine=innodb",
        "create or replace table test_other.place (id int primary key, v varchar(20), w int) engine=innodb",
        "insert into test.place select seq, 'here', 1 from test.seq_1_to_100",
        "insert into test_other.place select seq, 'there', 2 from test.seq_1_to_50",
        "create or replace table test.ids (id int auto_increment primary key, who int, parent int, unique (who))",
        "create or replace table test_other.ids (id int auto_increment primary key, who int, parent int, unique (who))")
    make_passers_table(cluster)
    with gateway_for(cluster, shards=1, max_server_connections=2, hold_timeout="3s", mysql_extra='users_from = "servers"') as running:
        yield running
    cluster.primary.query("drop schema test_other", "drop table test.place, test.ids, test.passers_by")


@pytest.fixture(scope="module")
def answering(cluster):
    make_answering_table(cluster)
    yield
    drop_answering_table(cluster)


@pytest.fixture
def started(cluster):
    """started(…): a gateway that is started now, after globals were set."""
    running = []

    def start(**settings):
        settings = {"shards": 1, "max_server_connections": 2, "hold_timeout": "3s", **settings}
        running.append(gateway_for(cluster, **settings))
        return running[-1]
    yield start
    for one in running:
        one.__exit__(None, None, None)


# -- A: a prepared statement means what it meant when it was prepared, wherever it runs --------------------------------------------

CHANGES = {"set": "set session group_concat_max_len=100000", "use": "use test_other", "names": "set names latin1",
           "time-zone": "set time_zone='+03:00'", "init-db": schema("test_other"), "character-set": "set character set latin1",
           "sql-mode": "set sql_mode='ANSI_QUOTES'", "set-option": shown(lambda s: s.set_option(1)[0]["kind"], "COM_SET_OPTION"),
           "schema-and-back": "use information_schema"}


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_row_1_ps_after_set(gateway, cluster, change, route):
    steps = [prepare("p", "select v, w from place where id = ?"), execute("p", 1)]
    for _ in range(3):
        steps += [change, execute("p", 1), execute("p", 2), "use test", execute("p", 3)]
    answers = same(gateway, cluster, steps, route=route)
    assert answers[3] == [[("here", "1")]]


PREPARED_KINDS = {"show": "show columns from place", "aggregate": "select count(*), max(w) from place where id > ?",
                  "join": "select a.v from place a join place b using (id) where id = ?", "schema": "select database(), ?",
                  "describe": "explain select v from place where id = ?", "variable": "select @@group_concat_max_len + ?"}


@pytest.mark.parametrize("sql", PREPARED_KINDS.values(), ids=PREPARED_KINDS)
def test_row_1_ps_of_several_kinds_after_set(gateway, cluster, sql):
    values = (1,) if "?" in sql else ()
    same(gateway, cluster, [prepare("p", sql), execute("p", *values), "set session group_concat_max_len=200000", execute("p", *values),
                            "use test_other", execute("p", *values), "set names latin1", execute("p", *values)])


def test_row_1_several_statements_after_set(gateway, cluster):
    """Some executed before the change, some only prepared, one closed, reads and writes in turn."""
    steps = [prepare("one", "select v from place where id = ?"), prepare("two", "select w from place where id = ?"),
             prepare("three", "update place set w = w where id = ?"), prepare("four", "select ? + 4"), execute("one", 1),
             "set time_zone='+05:00'", execute("two", 2), close("one"), execute("three", 3), "set names latin1", execute("four", 4),
             execute("two", 5), reset_statement("two"), "use test_other", execute("two", 6), execute("three", 7), execute("one", 1)]
    answers = same(gateway, cluster, steps)
    assert answers[-1] == [("error", 1243)]


@pytest.mark.parametrize("end", [reset(), change_user()], ids=["reset", "change-user"])
def test_row_1_statements_end_with_what_ends_them(gateway, cluster, end):
    steps = [prepare("p", "select v from place where id = ?"), execute("p", 1), "set time_zone='+03:00'", end, execute("p", 1),
             prepare("q", "select w from place where id = ?"), execute("q", 1), "set time_zone='+04:00'", execute("q", 1)]
    assert same(gateway, cluster, steps)[4] == [("error", 1243)]


@pytest.mark.gateway
def test_row_1_ps_after_set_on_a_busy_gateway(gateway, cluster):
    """Four other sessions read over the same pool: the copy is found on whatever connection comes."""
    others = [Session(gateway.port()) for _ in range(4)]
    with Session(gateway.port()) as session:
        statement = session.prepare("select v from place where id = ?")
        for turn in range(20):
            for other in others:
                other.run("select count(*) from place", f"set group_concat_max_len = {5000 + turn}")
            session.run(("use test_other", "use test", f"set group_concat_max_len = {2000 + turn}")[turn % 3])
            assert session.executed(statement, 1) == [[("here",)]], turn
    for other in others:
        other.close()


PARSED_UNDER = {
    "schema": ("use test_other", "select v, database() from place where id = ?", "use test"),
    "init-db": ("use test", "select v, database() from place where id = ?", schema("test_other")),
    "ansi-quotes": ("set sql_mode=''", 'select "text", ?', "set sql_mode='ANSI_QUOTES'"),
    "no-backslash": ("set sql_mode=''", r"select 'a\'b', ?", "set sql_mode='NO_BACKSLASH_ESCAPES'"),
    "pipes": ("set sql_mode='PIPES_AS_CONCAT'", "select 'a' || 'b', ?", "set sql_mode=''"),
    "collation": ("set collation_connection=utf8mb4_bin", "select 'a' = 'A', ?", "set collation_connection=utf8mb4_general_ci"),
    "charset": ("set names utf8mb4", "select hex('ä'), ?", "set names latin1"),
    "time-zone-of-now": ("set time_zone='+01:00'", "select @@time_zone, ?", "set time_zone='+02:00'"),
    "not-precedence": ("set sql_mode='HIGH_NOT_PRECEDENCE'", "select not 1 between -5 and 5, ?", "set sql_mode=''")}


@pytest.mark.parametrize("route", ["split", "read", "write"])
@pytest.mark.parametrize("before, sql, after", PARSED_UNDER.values(), ids=PARSED_UNDER)
def test_row_2_ps_other_schema(gateway, cluster, before, sql, after, route):
    """What counts is the schema, sql_mode and charset of its preparation, not those of now."""
    steps = [before, prepare("p", sql), execute("p", 1), after, execute("p", 1), execute("p", 2), before, execute("p", 1), after,
             "select @@sql_mode, @@collation_connection, database()", execute("p", 3),
             "select @@sql_mode, @@collation_connection, database()"]
    same(gateway, cluster, steps, route=route)


WRITES = {"insert": ("insert into ids (who) values (?)", 1), "update": ("update place set v = 'moved' where id = ?", 60),
          "delete": ("delete from place where id = ?", 61), "insert-select": ("insert into ids (who) select w + ? from place limit 1", 1)}


@pytest.mark.parametrize("sql, number", WRITES.values(), ids=WRITES)
def test_row_2_a_prepared_write_stays_in_its_schema(gateway, cluster, sql, number):
    before = ["truncate test.ids", "truncate test_other.ids"] + [
        "replace into test.place select seq, 'here', 1 from test.seq_50_to_70",
        "replace into test_other.place select seq, 'there', 2 from test.seq_50_to_70"]
    look = "/*master*/ select (select count(*) from {0}.ids), (select count(*) from {0}.place), (select count(*) from {0}.place where v='moved')"
    same(gateway, cluster, [prepare("p", sql), "use test_other", execute("p", number), "set names latin1", execute("p", number + 2),
                            look.format("test"), look.format("test_other")], before)
    cluster.primary.query(*before)


# -- B: LAST_INSERT_ID() is the session's own --------------------------------------------------------------------------------------

FRESH_IDS = ["truncate test.ids", "insert into test.ids (id, who) values (10, 100)"]
ASK_ID = "select last_insert_id()"
ID_SCRIPTS = {
    "explicit": ["insert into ids (id, who) values (5000, 2)", ASK_ID],
    "explicit-prepared": [("insert into ids (id, who) values (?, 3)", 5001), (ASK_ID,), ASK_ID],
    "nothing-inserted": [ASK_ID, "select @@last_insert_id, @@identity"],
    "ignored": ["insert ignore into ids (who) values (100)", ASK_ID],
    "explicit-after-own": ["insert into ids (who) values (1)", "insert into ids (id, who) values (5000, 2)", ASK_ID],
    "on-duplicate-key": ["insert into ids (who) values (100) on duplicate key update parent = 1", ASK_ID],
    "on-duplicate-key-own-id": ["insert into ids (who) values (100) on duplicate key update id = last_insert_id(id)", ASK_ID],
    "replace": ["replace into ids (id, who) values (5000, 100)", ASK_ID],
    "failing-second-row": ["insert into ids (who) values (1), (100)", ASK_ID, "insert into ids (who) values (last_insert_id())",
                           "/*master*/ select who from ids order by id"],
    "failing-prepared": [("insert into ids (who) values (1), (?)", 100), ASK_ID],
    "insert-select": ["insert into ids (who) select w from place where id < 2", ASK_ID],
    "update": ["update ids set parent = 5", ASK_ID],
    "expression": ["update ids set parent = last_insert_id(77)", ASK_ID],
    "set": ["set last_insert_id = 99", ASK_ID, ("select last_insert_id() + ?", 1)],
    "hidden-view": ["select * from id_view", "insert into ids (id, who) values (6000, 6)", "select * from id_view",
                    "/*master*/ select * from id_view"],
    "hidden-trigger": ["insert into id_log (a) values (1)", "/*master*/ select a, seen from id_log", "insert into ids (who) values (1)",
                       "insert into id_log (a) values (2)", "/*master*/ select a, seen from id_log"],
    "hidden-function": ["select id_function()", "insert into ids (who) values (1)", "select id_function()"],
    "auto-is-null": ["set sql_auto_is_null=1", "insert into ids (id, who) values (5000, 2)", "/*master*/ select id from ids where id is null"],
    "after-reset": ["insert into ids (who) values (1)", reset(), ASK_ID, "insert into ids (id, who) values (5000, 2)", ASK_ID],
    "after-change-user": ["insert into ids (who) values (1)", change_user(), ASK_ID]}


@pytest.fixture(scope="module")
def id_readers(gateway, cluster):
    cluster.primary.query(
        "create or replace view test.id_view as select last_insert_id() as a",
        "create or replace table test.id_log (a int, seen bigint)",
        "create or replace trigger test.id_trigger before insert on test.id_log for each row set new.seen = last_insert_id()",
        "create or replace function test.id_function() returns bigint no sql return last_insert_id()")
    cluster.settle()
    yield
    cluster.primary.query("drop view test.id_view", "drop table test.id_log", "drop function test.id_function")


@pytest.mark.parametrize("steps", ID_SCRIPTS.values(), ids=ID_SCRIPTS)
def test_row_4_insert_id_explicit(gateway, cluster, id_readers, steps):
    same(gateway, cluster, steps, FRESH_IDS + ["truncate test.id_log"])


RETURNING = {
    "insert": ["insert into ids (who) values (7) returning id", ASK_ID, "insert into ids (who, parent) values (8, last_insert_id())",
               "/*master*/ select who, parent from ids order by id"],
    "several-rows": ["insert into ids (who) values (7), (8), (9) returning id, who", ASK_ID, ("select last_insert_id() + ?", 0)],
    "prepared": [("insert into ids (who) values (?) returning id", 7), ASK_ID, ("insert into ids (who, parent) values (?, last_insert_id())", 8),
                 "/*master*/ select who, parent from ids order by id"],
    "replace": ["replace into ids (who) values (100) returning id", ASK_ID],
    "explicit": ["insert into ids (id, who) values (900, 7) returning id", ASK_ID],
    "select": ["insert into ids (who) select w from place where id = 1 returning id", ASK_ID],
    "delete": ["insert into ids (who) values (7)", "delete from ids where who = 7 returning id", ASK_ID],
    "then-explicit": ["insert into ids (who) values (7) returning id", "insert into ids (id, who) values (901, 8)", ASK_ID],
    "on-duplicate-key": ["insert into ids (who) values (100) on duplicate key update parent = 3 returning id", ASK_ID],
    "multi": ["insert into ids (who) values (7) returning id; select 1", ASK_ID]}


@pytest.mark.parametrize("steps", RETURNING.values(), ids=RETURNING)
def test_row_6_insert_returning(gateway, cluster, steps):
    same(gateway, cluster, steps, FRESH_IDS)


@pytest.mark.parametrize("ask", ["select last_insert_id()", ("select last_insert_id()",), "select last_insert_id(), found_rows()"], ids=str)
def test_the_id_goes_with_a_read_that_is_run_again_on_the_primary(gateway, cluster, ask):
    """The question before has tied the session to a replica, which alone knows the id by then."""
    steps = [prepare("elsewhere", "select not 1 between -5 and 5"), "insert into ids (who) values (3)", ("select sql_calc_found_rows id from place where id > ? limit 1", 1), "select last_insert_id(), found_rows()",
             "use test_other", execute("elsewhere"), ask, "select last_insert_id()"]
    same(gateway, cluster, steps, ["truncate test.ids", "insert into test.ids (who) values (1), (2)"], meanwhile=lambda _: None)
    same(gateway, cluster, steps, ["truncate test.ids", "insert into test.ids (who) values (1), (2)"])


# -- C: questions about the last statement, text and binary in every mix -----------------------------------------------------------

FOUND, COUNTED = "select found_rows()", "select sql_calc_found_rows id from place where id <= 30 order by id limit 3"
FOUND_SCRIPTS = {
    "binary-text": [(COUNTED,), FOUND], "text-binary": [COUNTED, (FOUND,)], "binary-binary": [(COUNTED,), (FOUND,)], "text-text": [COUNTED, FOUND],
    "parameter": [("select sql_calc_found_rows id from place where id <= ? order by id limit 3", 30), FOUND,
                  ("select sql_calc_found_rows id from place where id <= ? limit 2", 44), (FOUND,)],
    "prepared-long-ago": [prepare("f", FOUND), prepare("c", COUNTED), execute("c"), execute("f"), "select id from place limit 7", execute("f"),
                          execute("c"), FOUND, execute("c"), "select 1", execute("f")],
    "offset": [("select sql_calc_found_rows id from place limit 5 offset 50",), FOUND],
    "limit-0": [("select sql_calc_found_rows id from place limit 0",), (FOUND,)],
    "union": [("(select sql_calc_found_rows id from place limit 2) union all (select id from place limit 3) limit 1",), FOUND],
    "group": [("select sql_calc_found_rows w, count(*) from place group by w, id limit 1",), FOUND],
    "asked-twice": [(COUNTED,), FOUND, FOUND], "in-expression": [(COUNTED,), ("select found_rows() + ?", 100)],
    "after-set": [(COUNTED,), "set time_zone='+01:00'", FOUND], "after-ping": [(COUNTED,), ping(), FOUND],
    "row-count": [("update place set w = w + 1 where id <= ?", 5), "select row_count()", ("update place set w = w - 1 where id <= ?", 5),
                  ("select row_count()",)],
    "row-count-of-a-read": [("select id from place limit 2",), "select row_count()"],
    "warnings": [("select cast(? as int)", "7 apples"), "show warnings", "select @@warning_count", "show count(*) warnings"],
    "warnings-prepared": [("select cast(v as int) from place where id = 1",), ("show warnings",)],
    "errors": [prepare("bad", "select 1 from nosuch"), "show errors", "select @@error_count"]}


@pytest.mark.parametrize("steps", FOUND_SCRIPTS.values(), ids=FOUND_SCRIPTS)
def test_row_7_found_rows_prepared(gateway, cluster, steps):
    same(gateway, cluster, steps)


@pytest.mark.parametrize("name", ["binary-text", "text-binary", "binary-binary", "prepared-long-ago", "offset", "warnings"])
def test_row_7_found_rows_prepared_on_the_read_address(gateway, cluster, name):
    same(gateway, cluster, FOUND_SCRIPTS[name], route="read")


LIMITS = {"limit-2-1": "select id from place order by id limit 2,1", "offset": "select id from place order by id limit 1 offset 20",
          "past-the-end": "select id from place limit 5 offset 200", "last-page": "select id from place order by id limit 10 offset 95",
          "union": "(select id from place limit 2) union all (select id from place limit 3) limit 3, 1", "limit-0": "select id from place limit 0",
          "in-derived": "select * from (select id from place limit 5, 3) x", "into-group": "select w from place group by id order by id limit 4, 2",
          "fetch-first": "select id from place order by id offset 3 rows fetch first 2 rows only", "show": "show tables like 'nosuch'",
          "show-columns": "show columns from place", "show-databases": "show databases like 'nosuch'", "describe": "describe place",
          "show-status": "show status like 'nosuch'"}


@pytest.mark.parametrize("sql", LIMITS.values(), ids=LIMITS)
def test_limit_2_1_then_found_rows(gateway, cluster, sql):
    """Without SQL_CALC_FOUND_ROWS: the rows counted, which are not the rows sent."""
    same(gateway, cluster, ["select id from place limit 9", sql, FOUND, "select row_count()", (sql,), FOUND, sql, (FOUND,)])


@pytest.mark.parametrize("before", ["select seq from test.seq_1_to_3", "select sql_calc_found_rows seq from test.seq_1_to_9 limit 1", "do 1", "insert into test.ids (who) values (1)"])
def test_a_question_that_was_prepared_without_a_schema(gateway, cluster, before):
    """It runs on a connection without a schema, which entered the session's behind the copy."""
    steps = [prepare("asks", "select ? + 1, database(), found_rows()"), schema("test"), before, execute("asks", 1), execute("asks", 1), "use test", before, execute("asks", 1)]
    same(gateway, cluster, steps, ["truncate test.ids"], database=None)


def test_what_was_prepared_without_a_schema_has_none_wherever_it_runs(gateway, cluster):
    """Entering no schema for it is a change without a name, so that it is run again on the primary."""
    asks = [execute("asks"), execute("asks")]
    steps = [prepare("asks", "select database(), schema()"), schema("test"), *asks, schema("test_other"), *asks, "select database()", *asks]
    same(gateway, cluster, steps, database=None, meanwhile=lambda _: None)


# -- D: a read that leaves state behind (and number 19, stored code) ---------------------------------------------------------------

@pytest.fixture(scope="module")
def stateful_views(gateway, cluster):
    """Views over functions that set something, and views that show it."""
    functions = {
        "variable": ("begin set @tenant = 42; return 1; end", "@tenant"),
        "insert_id": ("return last_insert_id(44)", "last_insert_id()"),
        "setting": ("begin set session lc_time_names = 'de_DE'; return 1; end", "@@lc_time_names = 'de_DE'"),
        "temporary": ("begin create or replace temporary table test.left_over (a int); return 1; end", "1")}
    for name, (body, shows) in functions.items():
        cluster.primary.query(f"create or replace function test.sets_{name}() returns int modifies sql data {body}",
                              f"create or replace function test.shows_{name}() returns varchar(100) reads sql data return {shows}",
                              f"create or replace view test.sets_{name}_view as select test.sets_{name}() as a",
                              f"create or replace view test.shows_{name}_view as select test.shows_{name}() as a")
    cluster.settle()
    yield
    for name in functions:
        cluster.primary.query(f"drop view test.sets_{name}_view, test.shows_{name}_view", f"drop function test.sets_{name}",
                              f"drop function test.shows_{name}")


LEFT_BY_A_READ = {"variable": "select a from shows_variable_view", "variable-asked-for": "select @tenant",
                  "insert_id": "select a from shows_insert_id_view", "setting": "select a from shows_setting_view",
                  "setting-asked-for": "select @@lc_time_names", "temporary": "select * from left_over"}


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("how", ["text", "binary"])
@pytest.mark.parametrize("left", LEFT_BY_A_READ)
def test_row_10_view_variable(gateway, cluster, stateful_views, left, how, route):
    """Six clients read the view that sets and leave; six others must see what a fresh login sees."""
    sets, shows = f"select a from sets_{left.split('-')[0]}_view", LEFT_BY_A_READ[left]
    with Session(direct_port(cluster, route)) as fresh:
        expected = fresh.one(shows)
    for _ in range(6):
        with Session(gateway.port(route)) as leaves:
            answer = leaves.one(sets) if how == "text" else leaves.binary(sets)[0]
            assert isinstance(answer, list), answer
    seen = []
    for _ in range(6):
        with Session(gateway.port(route)) as looks:
            seen.append(looks.one(shows))
    assert seen == [expected] * 6


# -- G: a session starts as the servers say, not as we assume ----------------------------------------------------------------------

def statuses(port):
    """The status flags that a client is told before it has asked anything, and those after a reset and a change of user."""
    with Session(port) as session:
        told = {"greeting": session.greeting["status"], "login": session.login["status"]}
        told["ping"] = session.ping()[0]["status"]
        told["reset"] = session.reset_connection()[0]["status"]
        told["change of user"] = session.change_user("app", "app-secret", "test")[0]["status"]
        told["schema"] = session.init_db("test")[0]["status"]
    return told


ODD_STARTS = {"no-backslash": {"sql_mode": "'NO_BACKSLASH_ESCAPES'"}, "autocommit": {"autocommit": 0}, "ansi": {"sql_mode": "'ANSI'"},
              "both": {"sql_mode": "'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'", "autocommit": 0}}


@pytest.mark.parametrize("odd", ODD_STARTS.values(), ids=ODD_STARTS)
def test_row_19_20_the_login_shows_the_servers_status(cluster, server_globals, started, odd):
    server_globals.set(**odd)
    gateway = started()
    for route in ROUTES:
        assert statuses(gateway.port(route)) == statuses(direct_port(cluster, route)), route


def test_row_19_first_escape(server_globals, started, gateway):
    """What a client library escapes before the first statement must not be an injection."""
    server_globals.set(sql_mode="'NO_BACKSLASH_ESCAPES'")
    for port in (started().port(), started().port("read")):
        client = MySQLdb._mysql.connect(host="127.0.0.1", port=port, user="app", passwd="app-secret", db="test")  # sends nothing by itself
        escaped = client.escape_string(b"x' or 1=1 -- ").decode()
        client.query(f"select id from place where '{escaped}' = 'nothing'")
        assert client.store_result().num_rows() == 0
        client.close()


@pytest.mark.gateway
@pytest.mark.parametrize("how", ["text", "binary", "after-reset", "after-change-user"])
def test_row_19_the_first_statement_is_read_by_the_servers_rules(cluster, server_globals, started, answering, how):
    r"""With NO_BACKSLASH_ESCAPES the string ends at \' and a locking read follows: it belongs to the primary."""
    server_globals.set(sql_mode="'NO_BACKSLASH_ESCAPES'")
    sql = r"select 'a\', id from answering for update -- '"
    gateway = started()
    for _ in range(4):
        with Session(gateway.port()) as session:
            if how.startswith("after"):
                session.run("set sql_mode = ''")
                assert (reset() if how == "after-reset" else change_user())(session) in (("ok", 0, 0), "ok")
            answer = session.binary(sql) if how == "binary" else session.ask(sql)
            assert answer == [[("a\\", "1")]]


LOOK = "/*master*/ select w from place where id = 1"
AUTOCOMMIT_SCRIPTS = {
    "read-first": ["select v from place where id = 1", "update place set w = w + 1 where id = 1", LOOK, "rollback", LOOK],
    "write-first": ["update place set w = w + 1 where id = 1", "rollback", LOOK, "update place set w = w + 1 where id = 1", "commit", LOOK],
    "prepared": [("select v from place where id = ?", 1), ("update place set w = w + 1 where id = ?", 1), "rollback", LOOK],
    "reset": ["set autocommit = 1", reset(), "select v from place where id = 1", "update place set w = w + 1 where id = 1", "rollback", LOOK],
    "change-user": [change_user(), "select @@autocommit", "update place set w = w + 1 where id = 1", change_user(), LOOK],
    "set-on": ["set autocommit = 1", "update place set w = w + 1 where id = 1", "rollback", LOOK],
    "read-only": ["start transaction read only", "select w from place where id = 1", "commit", "update place set w = 5 where id = 1", "rollback",
                  LOOK]}


@pytest.mark.parametrize("steps", AUTOCOMMIT_SCRIPTS.values(), ids=AUTOCOMMIT_SCRIPTS)
def test_row_20_and_number_18_global_autocommit(gateway, cluster, server_globals, started, steps):
    server_globals.set(autocommit=0)
    same(started(), cluster, steps, ["update test.place set w = 1 where id = 1"])


@pytest.mark.gateway
def test_row_20_globals_that_change_later_are_noticed(server_globals, started):
    gateway = started()
    with Session(gateway.port()) as session:
        assert session.greeting["status"] & AUTOCOMMIT
    server_globals.set(autocommit=0, sql_mode="'NO_BACKSLASH_ESCAPES'")

    def noticed():
        with Session(gateway.port()) as session:
            return session.greeting["status"] & (AUTOCOMMIT | NO_BACKSLASH_ESCAPES) == NO_BACKSLASH_ESCAPES
    eventually(noticed, "the greeting to have the new status", 5)


ASK_STATE = "select @@time_zone, @@lc_time_names, @@sql_mode, @@character_set_client, @@sql_select_limit"
INIT_CONNECTS = {"time-zone": "set session time_zone='+09:00'", "several": "set time_zone='+09:00', lc_time_names='de_DE', sql_mode='ANSI_QUOTES'",
                 "limit": "set time_zone='+09:00', sql_select_limit=4", "names": "set names latin1", "user-variable": "set @ic = 7", "autocommit": "set autocommit = 0"}


@pytest.mark.parametrize("route", ["split", "write"])
@pytest.mark.parametrize("text", INIT_CONNECTS.values(), ids=INIT_CONNECTS)
def test_row_22_and_number_20_init_connect(gateway, cluster, server_globals, started, text, route):
    """Twice read and left, then a session that sets something: what init_connect gave is there until the client itself resets."""
    server_globals.set(init_connect='"' + text + '"')
    ask = "select @ic" if "@ic" in text else "select @@autocommit" if "autocommit" in text else ASK_STATE
    one = started()
    for steps in ([ask, ask], ["set group_concat_max_len=5000"] + [ask] * 8 + ["select id from place limit 1", (ask,)],
                  ["update place set w = w where id = 1", ask, reset(), ask, ask, change_user(), ask, ask]):
        same(one, cluster, steps, route=route)


STARTS = {"sql_select_limit": ({"sql_select_limit": 3}, ["select id from place"]), "auto-is-null": ({"sql_auto_is_null": 1}, [
              "insert into ids (who) values (1)", "select count(*) from ids where id is null",
              "/*master*/ select count(*) from ids where id is null"]),
          "ignore-space": ({"sql_mode": "'IGNORE_SPACE'"}, ["select count (*) from place"]),
          "limit-and-init_connect": ({"sql_select_limit": 4, "init_connect": '"set lc_time_names=\'de_DE\'"'}, ["select id from place"]),
          "time-zone": ({"time_zone": "'+08:00'"}, ["select @@time_zone", "set time_zone='+01:00'", "select @@time_zone", reset(),
                                                    "select @@time_zone"]),
          "ansi": ({"sql_mode": "'ANSI_QUOTES'"}, ['select "v" from place where id = 1', 'select "v" from "place" where "id" = 1'])}


@pytest.mark.parametrize("values, steps", STARTS.values(), ids=STARTS)
def test_row_22_other_globals_at_a_sessions_start(gateway, cluster, server_globals, started, values, steps):
    server_globals.set(**values)
    same(started(), cluster, steps + [ASK_STATE, "set group_concat_max_len=5000", ASK_STATE] + steps, FRESH_IDS)


FLAGS = {"ignore-space": (IGNORE_SPACE, "select count (*), @@sql_mode from place"), "interactive": (INTERACTIVE, "select @@wait_timeout"),
         "found-rows": (FOUND_ROWS, "update place set w = w where id < 4"),
         "no-multi-statements": (-MULTI_STATEMENTS, "select 1; select 2")}


@pytest.mark.parametrize("flag, sql", FLAGS.values(), ids=FLAGS)
def test_row_22_the_flags_of_the_handshake_hold(started, cluster, server_globals, flag, sql):
    server_globals.set(interactive_timeout=1234)
    gateway = started()
    capabilities = MODERN | flag if flag > 0 else MODERN & ~-flag
    steps = [sql, "set group_concat_max_len=6000", sql, "set names latin1", sql, (sql,), reset(), sql, "set time_zone='+03:00'", sql]
    same(gateway, cluster, steps, capabilities=capabilities)


@pytest.mark.parametrize("sets", ["set session wait_timeout=1", ("set @@wait_timeout=1",)], ids=str)
def test_a_session_that_is_idle_longer_than_it_has_chosen_is_ended(gateway, cluster, sets):
    idle = shown(lambda session: bool(select.select([session.socket], [], [], 5)[0]), "nothing, until the server ends it")
    answers = same(gateway, cluster, [sets, "select 1", idle, "select 2"])
    assert answers[-1] == [LOST]


# -- K: what belongs to one server is asked of the primary -------------------------------------------------------------------------

OF_THE_SERVER = {
    "global": "select @@global.max_connections", "unscoped": "select @@max_connections", "show": "show variables like 'max_connections'",
    "show-global": "show global variables where variable_name = 'max_connections'",
    "global-variables": "select variable_value from information_schema.global_variables where variable_name = 'MAX_CONNECTIONS'",
    "session-variables": "select variable_value from information_schema.session_variables where variable_name = 'MAX_CONNECTIONS'",
    "system-variables": "select global_value from information_schema.system_variables where variable_name = 'MAX_CONNECTIONS'",
    "expression": "select concat('limit ', @@global.max_connections + 1) from place where id = 1",
    "status": "show global status like 'rpl_semi_sync_master_clients'", "session-status": "show status like 'rpl_semi_sync_master_status'",
    "status-table": "select variable_value from information_schema.global_status where variable_name = 'RPL_SEMI_SYNC_MASTER_CLIENTS'",
    "replicas": "select count(*) from information_schema.processlist where command like 'Binlog Dump%'", "slave-status": "show all slaves status",
    "port": "show variables like 'port'", "set-global-read": "select @@global.read_only, @@global.port",
    "transactions": "select count(*) from information_schema.innodb_trx where trx_mysql_thread_id = @@global.max_connections * 0 + {thread}"}


@pytest.mark.parametrize("how", ["text", "binary"])
@pytest.mark.parametrize("sql", OF_THE_SERVER.values(), ids=OF_THE_SERVER)
def test_row_28_set_global(gateway, cluster, server_globals, administrator, sql, how):
    server_globals.set(max_connections=400)
    with cluster.primary.connect_root() as other:
        with other.cursor() as cursor:
            cursor.execute("begin")
            cursor.execute("update test.place set w = w + 1 where id = 99")
        sql = sql.replace("{thread}", str(other.thread_id()))
        if "innodb_trx" in sql:  # made anew only when nobody has read it for 100 ms
            eventually(lambda: int(cluster.primary.query(sql)[0][0]) == 1, "the table of transactions has this one", pause=0.2)
        ask = (sql,) if how == "binary" else sql
        same(gateway, cluster, ["set global max_connections = 333"] + [ask] * 4, ["set global max_connections = 400"], user=administrator,
             password=administrator)


@pytest.fixture(scope="module")
def administrator(gateway, cluster):
    """An account that may SET GLOBAL; its password is its name."""
    cluster.primary.query("create or replace user field_dba@'%' identified by 'field_dba'", "grant all on *.* to field_dba@'%'")
    eventually(lambda: login_error(gateway.port(), "field_dba", "field_dba") is None, "the account to be known")
    yield "field_dba"
    cluster.primary.query("drop user field_dba@'%'")


# -- M: what we answer ourselves the server hears of, too --------------------------------------------------------------------------

TOO_MUCH = [long_data("p", 0, b"x" * 400_000)] * 4
BLOB = (252, 0, b"")
RESETS = {
    "insert": [prepare("p", "insert into long_values values (?)"), *TOO_MUCH, execute("p", BLOB), reset_statement("p"),
               long_data("p", 0, b"y" * 1000), execute("p", BLOB), execute("p", "short")],
    "read": [prepare("p", "select length(?)"), *TOO_MUCH, execute("p", BLOB), reset_statement("p"), execute("p", "short"),
             long_data("p", 0, b"z" * 1000), execute("p", BLOB)],
    "without-reset": [prepare("p", "select length(?)"), *TOO_MUCH, execute("p", BLOB), execute("p", "short"), execute("p", "short")],
    "reset-before-execute": [prepare("p", "select length(?)"), *TOO_MUCH, reset_statement("p"), execute("p", "short")],
    "executed-before": [prepare("p", "select length(?)"), execute("p", "one"), *TOO_MUCH, execute("p", BLOB), reset_statement("p"),
                        execute("p", "two")],
    "another-parameter": [prepare("p", "select length(?), ?"), *TOO_MUCH, execute("p", BLOB, 5), reset_statement("p"), long_data("p", 0, b"a"),
                          execute("p", BLOB, 6)],
    "no-such-parameter": [prepare("p", "select ?"), long_data("p", 7, b"a"), execute("p", "short"), reset_statement("p"), execute("p", "short")],
    "cursor": [prepare("p", "select id from place order by id"), execute("p", cursor_type=1), fetch("p", 3), reset_statement("p"), fetch("p", 3),
               execute("p", cursor_type=1), fetch("p", 4)],
    "never-executed": [prepare("p", "select id from place limit 2"), reset_statement("p"), execute("p")],
    "closed": [prepare("p", "select 1"), close("p"), reset_statement("p")]}


@pytest.fixture(scope="module")
def small_packets(cluster, gateway):
    """Servers with max_allowed_packet = 1 MiB, and a gateway that has met them so."""
    cluster.primary.query("create or replace table test.long_values (v longblob)")
    with ServerGlobals(cluster) as changes:
        changes.set(max_allowed_packet=1 << 20)
        with gateway_for(cluster, shards=1, max_server_connections=2, hold_timeout="3s") as running:
            yield running
    cluster.primary.query("drop table test.long_values")


@pytest.mark.parametrize("route", ["split", "write"])
@pytest.mark.parametrize("steps", RESETS.values(), ids=RESETS)
def test_row_31_long_data_reset(small_packets, cluster, steps, route):
    same(small_packets, cluster, steps, route=route)


# -- N: the collation of a change of user ------------------------------------------------------------------------------------------

ASK_CHARSET = "select @@character_set_client, @@character_set_connection, @@character_set_results, @@collation_connection, hex('a\u00e4'), length('\u00e4')"


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("collation", [2304, 2048, 309, 1283, 0, 8, 256, 2249, 65535])
def test_row_32_change_user_collation(gateway, cluster, collation, route):
    """Ids have two bytes (all uca1400 ones are above 255); 0 is the server's default, not what was before."""
    steps = [change_user(charset=collation)] + [ASK_CHARSET] * 3 + ["set time_zone='+03:00'", ASK_CHARSET, (ASK_CHARSET,),
                                                                    "/*master*/ " + ASK_CHARSET,
                                                                   reset(), ASK_CHARSET, "/*master*/ " + ASK_CHARSET]
    same(gateway, cluster, steps, route=route, charset=28 if collation == 8 else 8)


@pytest.mark.parametrize("sql", ["set names utf8mb4 collate utf8mb4_uca1400_ai_ci", "set collation_connection=uca1400_german2_ai_ci",
                                 "set character set latin1"])
def test_row_32_two_byte_collations_set_later(gateway, cluster, sql):
    same(gateway, cluster, [sql] + [ASK_CHARSET] * 3 + ["set time_zone='+03:00'", ASK_CHARSET, (ASK_CHARSET,), "/*master*/ " + ASK_CHARSET])


@pytest.mark.parametrize("charset", [0, 8, 28, 255])
def test_row_32_the_collation_of_the_login(gateway, cluster, charset):
    same(gateway, cluster, [ASK_CHARSET] * 2 + ["set time_zone='+03:00'", ASK_CHARSET, change_user(charset=charset), ASK_CHARSET], charset=charset)
