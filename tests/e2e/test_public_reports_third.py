"""More public reports of users of other proxies, tried on ours: each test names project and number of its report.

What is expected is what a direct connection answers, while other clients run over the same few server connections.
"""
import struct
import subprocess
import threading

import pytest

from harness.holdfast import direct_mode, gateway_for
from harness.ports import LOOPBACK
from harness.processes import eventually
from harness.session import Session
from harness.side_by_side import (PASSERS_TABLE, change_user, close, execute, fetch, long_data, make_passers_table, pass_by, ping, prepare, reset_statement,
                                  same, schema, shown, statements)
from harness.wire import COM_STATISTICS, COM_STMT_EXECUTE, DEFAULT_CAPABILITIES, MULTI_RESULTS, PS_MULTI_RESULTS, ServerError

KEEPER, KEEPER_PASSWORD = "keeper", "k"
FRESH = ["truncate test.shelf", "truncate test.made", "insert into test.shelf (v, n) values ('a', 1), ('b', 2), ('c', 3), ('d', 4)"]
SCHEMAS = ("test_latin", "test-1")
READ = "select id from shelf where id = 1"


@pytest.fixture(scope="module")
def gateway(cluster):
    cluster.recover()
    cluster.primary.query("create or replace table test.shelf (id int auto_increment primary key, v varchar(40), n int)",
                          "create or replace table test.made (id int auto_increment primary key, k int unique, v varchar(40))",
                          "create or replace schema test_latin character set latin1", "create or replace schema `test-1`",
                          f"create or replace user {KEEPER} identified by '{KEEPER_PASSWORD}'", f"grant all on *.* to {KEEPER}")
    make_passers_table(cluster)
    with gateway_for(cluster, shards=2, max_server_connections=2, hold_timeout="3s", users="servers", tcp=False) as running:
        yield running
    cluster.primary.query("drop table test.shelf, test.made, test.passers_by", *(f"drop schema `{name}`" for name in SCHEMAS), f"drop user {KEEPER}")


def crowd(gateway):
    """Two clients at once, as many as there are connections to a server: whatever does not tie its connection loses it to them."""
    with Session(gateway.port()) as one, Session(gateway.port()) as other:
        for session in (one, other):
            session.run(f"insert into {PASSERS_TABLE} (v) values (null), (null)", f"select sql_calc_found_rows v from {PASSERS_TABLE} limit 2",
                        f"/*master*/ select '7 apples' + v from {PASSERS_TABLE} limit 4")


@pytest.fixture
def both(gateway, cluster):
    """both(steps): the same answers here and there."""
    def compared(steps, meanwhile=crowd, **options):
        return same(gateway, cluster, steps, FRESH, meanwhile=meanwhile, **options)
    return compared


def load(sql, data):
    """LOAD DATA LOCAL INFILE, or a text that has one."""
    return shown(lambda session: session.did(session.query, sql, data), f"{sql} of {data!r}")


# -- transactions ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["rollback to sa_savepoint_1", "release savepoint sa_savepoint_1"])
@pytest.mark.parametrize("between", ["insert into made (k) values (1)", "select 1", "set time_zone = '+01:00'"], ids=["write", "read", "set"])
def test_vitess_6754_a_savepoint_is_the_first_of_its_transaction(both, between, end):
    """vitessio/vitess#6754, sysown/proxysql#948: autocommit is off, SAVEPOINT comes first. The server's status shows no transaction yet."""
    both(["set autocommit = 0", "savepoint sa_savepoint_1", between, end, "select k from made", "rollback"])


ONCE = {"text": ["set @@tx_read_only = 1"], "prepared": [("set @@tx_read_only = 1",)], "read-between": ["set @@tx_read_only = on", "select @@tx_read_only"],
        "isolation-before": ["set @@tx_isolation = 'SERIALIZABLE'", "set @@tx_read_only = 1"]}


@pytest.mark.parametrize("steps", ONCE.values(), ids=ONCE)
def test_vitess_19318_a_variable_without_a_scope_is_for_the_next_transaction(both, steps):
    """vitessio/vitess#19318: SET @@tx_read_only, which is SET TRANSACTION in other words, unlike SET tx_read_only and SET @@session.tx_read_only."""
    both(steps + ["begin", "insert into made (k) values (1)", "commit", "insert into made (k) values (2)", "/*master*/ select k from made"])


def test_vitess_8984_a_duplicate_key_does_not_end_the_transaction(both):
    """vitessio/vitess#8984."""
    both(["begin", "insert into made (k) values (1)", "insert into made (k) values (1)", "select k from made", "insert into made (k) values (2)",
          "select @@in_transaction", "rollback", "/*master*/ select k from made"])


def test_shardingsphere_13656_and_2356_autocommit_off_by_any_spelling(both):
    """apache/shardingsphere#13656, #2356, #5531: SET autocommit=0 begins transactions, USE and SET inside leave them open."""
    both(["SET @@SESSION.AUTOCOMMIT = OFF", "update shelf set n = 77 where id = 1", "use test_latin", "set names latin1", "rollback",
          "select n from test.shelf where id = 1",
          "set autocommit = 1", "update test.shelf set n = 78 where id = 1", ("set autocommit = ?", 0), "update test.shelf set n = 79 where id = 1",
          "set autocommit = 1",
          "rollback", "/*master*/ select n from test.shelf where id = 1"])


def test_vitess_7070_an_insert_into_a_table_that_the_session_has_locked(both):
    """vitessio/vitess#7070, #5402: LOCK TABLES, INSERT, UNLOCK TABLES of a dump."""
    both(["lock tables made write", "insert into made (k) values (1)", READ, "select k from made", "unlock tables", READ], meanwhile=lambda gateway: None)


XA = {"names": "set names latin1 collate latin1_german1_ci", "variable": "set @@time_zone = '+02:00'", "nothing": "do 1"}


@pytest.mark.parametrize("change", XA.values(), ids=XA)
def test_proxysql_3891_what_fails_in_a_prepared_branch_does_not_cost_the_branch(both, cluster, change):
    """sysown/proxysql#3891: error 1399 of a statement that is not the client's. Counting rows anew is refused while a branch is prepared."""
    try:
        both(["xa start 'b'", "insert into made (k) values (1)", "xa end 'b'", "xa prepare 'b'", change, "selekt", "xa rollback 'b'",
              "/*master*/ select k from made"])
    finally:
        if cluster.primary.query("xa recover"):
            cluster.primary.query("xa rollback 'b'")


# -- settings ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("charset, then", [("utf16", "set @@time_zone = '+02:00'"), ("ucs2", "insert into made (k) values (7)"), ("utf32", "set names latin1"),
                                           ("utf16le", READ)], ids=["variable", "insert", "names", "read"])
def test_dble_389_results_in_a_character_set_of_wide_letters(both, charset, then):
    """actiontech/dble#389, boostorg/mysql#126: character_set_results = utf16 is allowed. It is the character set of our own questions, too."""
    both([f"set character_set_results = {charset}", then, "select 'a'", "select last_insert_id(), row_count()", "set character_set_results = utf8mb4", READ,
          "select @@time_zone, last_insert_id()"])


LIMIT_0 = "set sql_select_limit = 0"
NO_LIMIT = "set sql_select_limit = default"
LIMITED = {"insert-id": ["insert into made (k) values (2), (3)", LIMIT_0, "select 1", NO_LIMIT, "select last_insert_id()"],
           "count": [LIMIT_0, "insert into made (k) values (2), (3)", NO_LIMIT, "select last_insert_id()"],
           "warnings": [LIMIT_0, "insert ignore into made (k) values (2), ('x'), (2)", "set sql_select_limit = 5", "select @@warning_count"],
           "variable": [LIMIT_0, "set @@time_zone = '+05:00'", NO_LIMIT, "select @@time_zone"],
           "collation": [LIMIT_0, "set names latin1 collate latin1_bin", NO_LIMIT, "select @@collation_connection"],
           "collation-in-a-transaction": ["begin", "insert into made (k) values (1)", LIMIT_0, "set names latin1 collate latin1_bin", NO_LIMIT,
                                          "select k from made", "commit"],
           "collation-of-a-pinned-session": ["set @x = 1", LIMIT_0, "set character_set_connection = latin1", NO_LIMIT, "select @x"]}


@pytest.mark.parametrize("steps", LIMITED.values(), ids=LIMITED)
def test_vitess_11616_a_limit_of_rows_is_not_for_our_own_questions(both, steps):
    """vitessio/vitess#11616: sql_select_limit of a session, as `mysql --safe-updates` and ODBC set it; 0 is what asks for columns only."""
    both(steps)


BIG = {"allowed-after": ["set max_join_size = 10", "set sql_big_selects = 1"],
       "client": ["set sql_safe_updates = 1, sql_select_limit = 1000, max_join_size = 10", "set sql_big_selects = 1"],
       "back": ["set sql_big_selects = 0", "set max_join_size = 10", "set max_join_size = default"], "forbidden": ["set max_join_size = 10"]}


@pytest.mark.parametrize("steps", BIG.values(), ids=BIG)
def test_joomla_284_max_join_size_sets_sql_big_selects(both, steps):
    """joomla-framework/database#284: each of the two sets the other, so it counts which came last."""
    both(steps + ["select count(*) from shelf a, shelf b, shelf c", "select @@sql_big_selects, @@max_join_size", "/*master*/ select @@sql_big_selects"])


ALIASES = [("storage_engine", "default_storage_engine", "innodb", "myisam", "aria"), ("tmp_table_size", "tmp_memory_table_size", 2000000, 3000000, 4000000),
           ("min_examined_row_limit", "log_slow_min_examined_row_limit", 4, 5, 6), ("slow_query_log", "log_slow_query", 0, 1, 0),
           ("long_query_time", "log_slow_query_time", 3, 4, 7), ("alter_algorithm", "old_alter_table", "'COPY'", "'INPLACE'", "'NOCOPY'")]


@pytest.mark.parametrize("one, other, first, second, third", ALIASES, ids=[names[0] for names in ALIASES])
def test_jira_43_two_names_of_one_variable(both, one, other, first, second, third):
    """teamatldocker/jira#43 (storage_engine), sysown/proxysql#1813 (long_query_time): two names, one value, the last one counts."""
    ask = f"select @@{one}, @@{other}"
    steps = [f"set session {one} = {first}", f"set session {other} = {second}", ask, "/*master*/ " + ask, f"set session {one} = {third}", ask,
             "/*master*/ " + ask]
    both(steps, user=KEEPER, password=KEEPER_PASSWORD)


def test_jira_43_a_table_is_made_in_the_engine_that_was_set_last(both):
    """teamatldocker/jira#43."""
    both(["set storage_engine = innodb", "set default_storage_engine = myisam", "create or replace table engines (a int)",
          "/*master*/ select engine from information_schema.tables where table_schema = 'test' and table_name = 'engines'", "drop table engines"])


ASK_DATABASE = "select @@character_set_database, @@collation_database"
OF_SCHEMA = {"use-again": ["set character_set_database = latin1", ASK_DATABASE, "use test"],
             "there-and-back": ["set collation_database = utf8mb3_bin", "use test_latin", ASK_DATABASE, "use test"],
             "command": ["set collation_database = latin1_bin", schema("test_latin")]}


@pytest.mark.parametrize("steps", OF_SCHEMA.values(), ids=OF_SCHEMA)
def test_proxysql_3829_the_character_set_of_the_schema_comes_with_the_schema(both, steps):
    """sysown/proxysql#3829, #2324: USE sets character_set_database, whatever was set before."""
    both(steps + [ASK_DATABASE, "/*master*/ " + ASK_DATABASE])


def test_mariadb_792_a_point_of_time_is_kept_when_the_time_zone_changes(both):
    """MariaDB/server#792: system_versioning_asof is a point of time, shown and set in the session's time zone."""
    ask = "select @@system_versioning_asof"
    both(["set time_zone = '+05:00'", "set system_versioning_asof = '2021-01-01 00:00:00'", ask, "/*master*/ " + ask, "set time_zone = '+00:00'", ask,
          "/*master*/ " + ask, (ask,)])


@pytest.mark.gateway
def test_proxysql_2084_a_global_variable_that_was_set_is_what_the_next_client_has(gateway, cluster):
    """sysown/proxysql#2084: SET GLOBAL through us, then a new session."""
    before = cluster.primary.query("select @@global.group_concat_max_len")[0][0]
    try:
        found = []
        for value in ("5000", "6000", "7000"):
            with Session(gateway.port(), KEEPER, KEEPER_PASSWORD) as keeper:
                keeper.run(f"set global group_concat_max_len = {value}")
            with Session(gateway.port()) as next_one:
                found.append(next_one.value("select @@group_concat_max_len"))
        assert found == ["5000", "6000", "7000"]
    finally:
        cluster.primary.query(f"set global group_concat_max_len = {before}")


SET_FORMS = {
    "matrixone-27180-in-order": ["set @mode = 'ANSI_QUOTES'", "set @@session.sql_mode = @mode, @mode = 'PIPES_AS_CONCAT'", "select @@sql_mode, @mode"],
    "proxysql-1967-back-by-a-user-variable": ["set @OLD_TIME_ZONE=@@TIME_ZONE", "set time_zone = '+05:00'", "set TIME_ZONE=@OLD_TIME_ZONE",
                                              "select @@time_zone"],
    "proxysql-2033-timestamp": ["set timestamp = 1563768000", "select now()", ("select now()",), "set timestamp = default", "select now() > '2025-01-01'"],
    "proxysql-3317-one-of-several-is-unknown": ["set sql_mode=(select concat(@@sql_mode,',PIPES_AS_CONCAT')), inexisting_variable='+00:00'",
                                                "select @@sql_mode"],
    "proxysql-916-rails": ["SET @@SESSION.sql_mode = '', @@SESSION.auto_increment_increment = 2, @@SESSION.auto_increment_offset = 2, @@SESSION.max_statement_time = 300, "
                           "@@SESSION.sql_auto_is_null = 0, @@SESSION.wait_timeout = 2147483", "insert into made (k) values (1), (2)",
                           "select @@sql_mode, @@wait_timeout"],
    "proxysql-4956-without-a-scope": ["set @@innodb_lock_wait_timeout = 1", "select @@innodb_lock_wait_timeout",
                                      "/*master*/ select @@innodb_lock_wait_timeout"],
    "proxysql-4019-sums": ["set session sort_buffer_size = (1024*1024*4)", "select @@sort_buffer_size",
                           "set sort_buffer_size = @@global.sort_buffer_size + 1024", "select @@sort_buffer_size"],
    "proxysql-1683-names-and-null": ["set names utf8;SET character_set_results=NULL", "select @@character_set_client, @@character_set_results",
                                     "select '\u00e4'"],
    "proxysql-1821-and-1860-names-binary": ["set names binary", "select collation('a'), '\u00e4'", "insert into made (k, v) values (1, '\u00e4')",
                                            "set names utf8mb4", "select hex(v) from made"],
    "proxysql-2130-several-statements": ["set time_zone='+01:00'; set NAMES 'utf8mb4'; SET SESSION sql_mode='ANSI'; select @@time_zone",
                                         "select @@time_zone, @@sql_mode"],
    "vitess-21150-a-value-that-is-refused": ["set @@default_week_format = 'not-a-number'", "select 1", "set @@default_week_format = 1",
                                             "select week('2020-01-05')"],
    "vitess-9019-the-same-mode": ["set sql_mode = concat(@@sql_mode, ',', @@sql_mode)", "select @@sql_mode"],
    "proxysql-3608-use-of-odd-names": ["use `test-1`", "select database()", schema("test-1"), "/*master*/ select database()", "use test_latin",
                                       "select database()"]}


@pytest.mark.parametrize("steps", SET_FORMS.values(), ids=SET_FORMS)
def test_a_report_on_set(both, steps):
    """Each is named after its report: matrixorigin/matrixone, sysown/proxysql, vitessio/vitess."""
    both(steps)


# -- what the statement before left ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before, after", [("utf8mb4", "latin1"), ("latin1", "utf8mb4")])
@pytest.mark.parametrize("text", ["insert ignore into made (k) values ('\u00e4')", "select * from `nosuch_\u00e4`"], ids=["warning", "error"])
def test_proxysql_1751_warnings_are_told_in_the_character_set_of_now(both, before, after, text):
    """sysown/proxysql#1751: the list that was noted when its connection was given up is in the letters of then."""
    both([f"set names {before}", text, f"set names {after}", "show warnings", "show errors"])


@pytest.mark.parametrize("data", [b"", b"1\n2\n"], ids=["nothing", "rows"])
def test_proxysql_833_load_data_local_and_its_count(both, data):
    """sysown/proxysql#833, vitessio/vitess#6174: no rows were loaded, so ROW_COUNT() is 0."""
    both([READ, load("load data local infile 'x' into table made (k)", data), "select row_count()", "select last_insert_id()"])


OUT = {"out": ("out b int", "set b = 7"), "after-an-update": ("out b int", "update shelf set n = n + 1 where id < 3; set b = 1"),
       "inout": ("inout b int", "insert into made (k) values (b); set b = b + 1")}


@pytest.mark.parametrize("parameters, body", OUT.values(), ids=OUT)
def test_proxysql_2827_and_3833_out_parameters_of_a_prepared_call(both, parameters, body):
    """sysown/proxysql#2827, #3833, #4167: the values, and the counts afterwards."""
    both([f"create or replace procedure gives({parameters}) begin {body}; end", prepare("p", "call gives(?)"), execute("p", 4), "select row_count()",
          "select last_insert_id(), row_count()",
          "set @b = 5", "call gives(@b)", "select row_count()", "select @b", close("p"), "drop procedure gives"])


@pytest.mark.parametrize("lacks", [MULTI_RESULTS, PS_MULTI_RESULTS], ids=["several", "prepared-several"])
def test_proxysql_4637_results_that_the_client_cannot_take(both, lacks):
    """sysown/proxysql#4637: the servers are told of a client that takes one result only (1312), or no OUT parameters."""
    both(["create or replace procedure gives(out b int) begin select 1; set b = 3; end", "call gives(@b)", ("call gives(?)", 0), "drop procedure gives"],
         capabilities=DEFAULT_CAPABILITIES & ~lacks)


MADE = {"analyze-insert": "analyze insert into made (k) values (1), (2)", "analyze-replace": "analyze format=json replace into made (k) values (1), (2)",
        "create-select": "create or replace table copied (id int auto_increment primary key) auto_increment = 50 select 5 as n union select 6"}


@pytest.mark.parametrize("text", MADE.values(), ids=MADE)
def test_proxysql_1048_and_1421_ids_that_no_insert_has_made(both, text):
    """sysown/proxysql#1048, #1421, #4621: ANALYZE INSERT inserts and answers with a plan, CREATE TABLE … SELECT fills the table."""
    run_it = shown(lambda session: len(session.ask(text)), text)
    both(["insert into made (k) values (100)", run_it, "select last_insert_id()", "insert into made (k) values (last_insert_id() + 1000)",
          "/*master*/ select k from made order by k",
          "drop table if exists copied"])


STATES = {"no-table": "insert into nosuch values (1)", "duplicate": "insert into made (k) values (1), (1)", "syntax": "selekt",
          "mine": "signal sqlstate '45123' set message_text = 'mine'",
          "warning": "insert ignore into made (k) values ('x')", "warning-of-mine": "signal sqlstate '01123' set message_text = 'mine'"}


@pytest.mark.parametrize("text", STATES.values(), ids=STATES)
def test_proxysql_1001_the_sqlstate_of_the_last_error(both, text):
    """sysown/proxysql#1001: SQLSTATE 23000 is what programs ask for, in GET DIAGNOSTICS as well."""
    both([text, "get diagnostics condition 1 @state = returned_sqlstate, @code = mysql_errno, @text = message_text", "select @state, @code, @text"])


def statistics(session):
    session.command(COM_STATISTICS)
    return len(session.read()) > 0


COMMANDS = {"statistics": shown(statistics, "COM_STATISTICS"), "set-option": shown(lambda session: session.did(session.set_option, 0), "COM_SET_OPTION"),
            "field-list": shown(lambda session: len(session.field_list("shelf")[0]["columns"]), "COM_FIELD_LIST"), "statement-reset": reset_statement("p"),
            "refused-prepare": prepare("q", "selekt"), "prepare": prepare("q", "select 1"), "long-data": long_data("p", 0, b"x"), "ping": ping(),
            "schema": schema("test"),
            "refused-schema": schema("nosuch")}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_vitess_5570_and_proxysql_1122_commands_before_the_question(both, command):
    """vitessio/vitess#5570, apache/shardingsphere#14192 (COM_STATISTICS), sysown/proxysql#1122 (COM_SET_OPTION): what they leave of the statement before."""
    both([prepare("p", "select ?"), "update shelf set n = n + 1 where id < 4", command, "select row_count()", "insert ignore into made (k) values ('x')",
          command, "show warnings",
          "insert into made (k) values (5)", command, "select last_insert_id()", "select sql_calc_found_rows id from shelf limit 1", command,
          "select found_rows()"])


COUNTED = {"with-ties": "select n from shelf order by n fetch first 1 rows with ties", "rows-only": "select n from shelf order by n fetch next 2 rows only",
           "offset-rows": "select id from shelf order by id offset 2 rows", "intersect": "select id from shelf intersect select 1",
           "rollup": "select v, count(*) from shelf group by v with rollup limit 1"}


@pytest.mark.parametrize("sql", COUNTED.values(), ids=COUNTED)
def test_vitess_3904_found_rows_of_rarer_limits(both, sql):
    """vitessio/vitess#3904, dolthub/dolt#6406."""
    both([sql, "select found_rows()", (sql,), "select found_rows()"])


def test_proxysql_1090_ids_of_64_bits(both):
    """sysown/proxysql#1090."""
    both(["create or replace table wide (id bigint unsigned auto_increment primary key, n int) auto_increment = 18446744073709551000",
          "insert into wide (n) values (1)",
          "select last_insert_id()", ("select @@identity",), "insert into wide (n) values (last_insert_id() % 1000)",
          "/*master*/ select n from wide order by id", "drop table wide"])


# -- prepared statements and temporary tables --------------------------------------------------------------------------------------


def nulls_only(name):
    """An execution without types, whose only parameter is NULL."""
    def step(session):
        session.command(COM_STMT_EXECUTE, struct.pack("<IBI", statements(session)[name]["id"], 0, 1) + b"\1\0")
        return session._results(session._binary_row)[0]["kind"]
    return shown(step, f"execute {name} with NULL and no types")


def test_shardingsphere_38612_the_only_parameter_is_null(both):
    """apache/shardingsphere#38612: Connector/J sends no types then."""
    both([prepare("p", "select ifnull(?, 'none')"), execute("p", None), nulls_only("p"), execute("p", "x"), nulls_only("p"), execute("p", "y")])


def test_proxysql_4590_and_4227_cursors(both):
    """sysown/proxysql#4590 (no rows), #4227, #2812 (COM_STMT_FETCH at all), and what a COMMIT between two fetches does."""
    both([prepare("p", "select id from shelf where id > ?"), execute("p", 1000, cursor_type=1), fetch("p", 5), "begin", execute("p", 0, cursor_type=1),
          fetch("p", 1),
          "update shelf set n = 100", "commit", fetch("p", 1), READ, fetch("p", 5), fetch("p", 1), close("p"), "select 2"])


def test_proxysql_4227_a_fetch_is_no_statement_that_finds_rows(both):
    """sysown/proxysql#4227: FOUND_ROWS() after COM_STMT_FETCH is what it was before."""
    both([prepare("p", "select id from shelf where id > ?"), execute("p", 0, cursor_type=1), fetch("p", 1), "select found_rows()", fetch("p", 9),
          "select found_rows()"])


TEMPORARY = {"matrixone-27602-in-a-procedure": ["create or replace procedure makes() create or replace temporary table hidden (a int)", "call makes()",
                                                "insert into hidden values (4)",
                                                "select * from hidden", "begin", "create temporary table inside (a int)", "rollback", "select * from inside",
                                                "drop procedure makes"],
             "mxs-2250-described": ["create /*!40000 temporary */ table scratch (a int)", "describe scratch", ("select count(*) from scratch",),
                                    "alter table scratch rename scratched",
                                    "show create table scratched", "drop temporary table scratched", "select 1 from scratched"],
             "proxysql-939-myisam": ["create temporary table `upd` (`user_id` int not null, key `user_id` (`user_id`)) engine = myisam",
                                     "select count(*) from `upd`", change_user(), "select count(*) from `upd`"]}


@pytest.mark.parametrize("steps", TEMPORARY.values(), ids=TEMPORARY)
def test_a_report_on_temporary_tables(both, steps):
    """Each is named after its report: matrixorigin/matrixone, MaxScale (MXS), sysown/proxysql."""
    both(steps)


# -- programs ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.gateway
def test_proxysql_1325_whoever_has_to_set_a_new_password_is_told_so(gateway, cluster):
    """sysown/proxysql#1325: a server lets an expired password in, for SET PASSWORD alone. Here the login is refused (a known limit), with
    the server's own words and not as a wrong password."""
    cluster.primary.query("create or replace user lapsed identified by 'old' password expire", "grant select on test.* to lapsed")
    cluster.settle()
    with pytest.raises(ServerError) as refused:
        Session(gateway.port(), "lapsed", "old")
    assert refused.value.code == 1820
    cluster.primary.query("alter user lapsed identified by 'new'")
    cluster.settle()
    with Session(gateway.port(), "lapsed", "new") as session:
        assert session.value("select 1") == "1"
    cluster.primary.query("drop user lapsed")


def cut_over(port):
    """What gh-ost does in the end: one session holds the locks, another waits with RENAME, a third one watches."""
    with Session(port) as locks, Session(port) as renames, Session(port) as watches:
        holder, waiter = locks.value("select connection_id()"), renames.value("select connection_id()")
        lock = f"'gh-ost.{holder}.lock'"
        seen = [locks.ask(f"select get_lock({lock}, 0)"), locks.ask("set /* gh-ost */ session lock_wait_timeout:=6"),
                locks.ask("create /* gh-ost */ table _ghost_del (id int auto_increment primary key)"),
                locks.ask("lock /* gh-ost */ tables ghost write, _ghost_del write")]
        rename = threading.Thread(target=lambda: seen.append(renames.ask("rename /* gh-ost */ table ghost to _ghost_del, _ghost_gho to ghost")))
        rename.start()
        waits = (f"select count(*) from information_schema.processlist where id = {waiter} and state like concat('%', 'metadata lock', '%')"
                 " and info like concat('%', 'rename', '%')")
        eventually(lambda: watches.value(waits) == "1", "RENAME to wait for the locks")
        seen += [watches.ask(waits), watches.ask(f"select is_used_lock({lock}) = {holder}"), locks.ask("drop /* gh-ost */ table if exists _ghost_del"),
                 locks.ask("unlock tables")]
        rename.join()
        return seen + [watches.ask("/*master*/ select count(*) from ghost"), locks.ask(f"select release_lock({lock})")]


def test_gh_ost_1449_and_1659_the_cut_over(cluster, gateway):
    """github/gh-ost#1449, #1659: the id of a connection is that of the session's own in the server's list, and locks hold."""
    answers = []
    with gateway_for(cluster, shards=2, max_server_connections=6, users="servers", tcp=False) as wide:
        for port in (cluster.primary.port, wide.port()):
            cluster.primary.query("create or replace table test.ghost (id int primary key)",
                                  "create or replace table test._ghost_gho (id int primary key, x int)",
                                  "drop table if exists test._ghost_del")
            answers.append(cut_over(port))
    cluster.primary.query("drop table test.ghost, test._ghost_del")
    assert answers[1] == answers[0]


DUMPED = ("create table aa (id int primary key, pid int, foreign key (pid) references p (id))",
          "create table p (id int primary key auto_increment, v varchar(20) character set latin1, b blob)",
          "insert into p (v, b) values ('\u00e4', x'00ff27'), ('b\\'s', null)", "insert into aa values (1, 1)",
          "create view vw as select p.id, aa.id as other from p join aa on aa.pid = p.id",
          "create trigger tr before insert on p for each row set new.v = ifnull(new.v, 'x')",
          "create procedure pr() select 'a' || 'b'", "create function fn() returns int deterministic return 4", "create sequence sq")


def program(name, port, *arguments, text=None):
    done = subprocess.run([name, "--no-defaults", f"-h{LOOPBACK}", f"-P{port}", f"-u{KEEPER}", f"-p{KEEPER_PASSWORD}", *arguments], input=text,
                          capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def dump(port, name):
    return program("mariadb-dump", port, "--routines", "--triggers", "--skip-dump-date", name)


def test_proxysql_2867_a_dump_is_restored_while_others_work(cluster, gateway):
    """sysown/proxysql#2867, launix-de/memcp#925: tables come before those that they refer to, FOREIGN_KEY_CHECKS=0 stands in a comment."""
    cluster.primary.query("create or replace schema test_dump", "use test_dump", "set foreign_key_checks = 0", *DUMPED)
    whole = dump(cluster.primary.port, "test_dump")
    stop = threading.Event()

    def others():
        while not stop.is_set() and not direct_mode():
            pass_by(gateway)
    workers = [threading.Thread(target=others) for _ in range(2)]
    for worker in workers:
        worker.start()
    try:
        cluster.settle()
        assert dump(gateway.port(), "test_dump") == whole
        cluster.primary.query("create or replace schema test_restored")
        program("mariadb", gateway.port(), "test_restored", text=whole)
    finally:
        stop.set()
        for worker in workers:
            worker.join()
    assert dump(cluster.primary.port, "test_restored").replace(b"test_restored", b"test_dump") == whole
    cluster.primary.query("drop schema test_restored", "drop schema test_dump")
