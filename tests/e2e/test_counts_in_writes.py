"""FOUND_ROWS(), ROW_COUNT() and their like inside statements that write or set: what the statement before left, wherever that ran."""
import pytest

from harness.holdfast import gateway_for
from harness.session import Session
from harness.side_by_side import make_passers_table, same

BEFORE = {"counted by a replica": "select sql_calc_found_rows id from counted limit 2", "counted by the primary": "/*master*/ select sql_calc_found_rows id from counted limit 2",
          "rows": "select id from counted limit 3", "changed": "update counted set n = 1 where id < 5", "warned": "select '7 apples' + 0 from counted limit 1", "failed": "select nosuch",
          "nothing": "do 1"}
READS = ("found_rows()", "row_count()", "@@warning_count", "last_insert_id() + found_rows()")
BEGIN = ("set sql_mode = ''", "select id from counted limit 1")  # a server's first count is that of the login before
WRITES = ("insert into counted (n) values ({})", "insert into counted (n) select {}", "replace into counted (id, n) values (3, {})", "update counted set n = {} where id = 2",
          "delete from counted where id = {}", "do {}", "create table made_of_counts select {} as n", "call test.keeps_count({})", "select n, {} as it from counted where id = 1",
          "begin not atomic insert into counted (n) values ({}); end", "update counted set n = 9 where id = 3; insert into counted (n) values (found_rows())")
SETS = ("set @it = {}", "select {} into @it", "select @it := {}")
ALL = "/*master*/ select id, n from counted order by id"


FRESH = ("truncate test.counted", "insert into test.counted (n) values (1), (2), (3), (4), (5), (6), (7)", "drop table if exists test.made_of_counts")


@pytest.fixture(scope="module")
def gateway(cluster):
    cluster.recover()
    cluster.primary.query("create or replace table test.counted (id int primary key auto_increment, n int)",
                          "create or replace procedure test.keeps_count(given int) insert into test.counted (n) values (given)")
    make_passers_table(cluster)
    with gateway_for(cluster, shards=1, max_server_connections=2, hold_timeout="3s", users="servers") as running:
        yield running
    cluster.primary.query("drop table test.counted, test.passers_by", "drop table if exists test.made_of_counts", "drop procedure test.keeps_count")


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("read", READS)
def test_a_write_reads_what_the_statement_before_left(gateway, cluster, write, read):
    """For each kind of statement before a session of its own, which nothing pins."""
    text = write.format(read)
    for before in BEFORE.values():
        same(gateway, cluster, [*BEGIN, before, text, ALL, "/*master*/ select n from made_of_counts", "drop table if exists made_of_counts", before, (text,) if ";" not in text else text, ALL],
             before=FRESH)


@pytest.mark.parametrize("read", READS)
def test_a_variable_is_set_to_what_the_statement_before_left(gateway, cluster, read):
    for text in SETS:
        for before in BEFORE.values():
            same(gateway, cluster, [*BEGIN, before, text.format(read), "select @it"], before=FRESH)


def test_several_warnings_are_counted_whole(gateway, cluster):
    for text in ("set @it = @@warning_count", "select @@warning_count into @it"):
        same(gateway, cluster, ["set sql_mode = ''", "select '7 apples' + 0 from counted limit 3", text, "select @it"], before=FRESH)


@pytest.mark.gateway
def test_a_count_of_changed_rows_that_cannot_be_had_is_refused(gateway, cluster):
    """The connection that knows it is given to somebody else: the write is refused, not done with another number."""
    cluster.primary.query(*FRESH)
    with gateway_for(cluster, shards=1, max_server_connections=1, hold_timeout="3s", users="servers", tcp=False) as narrow, Session(narrow.split_port) as session:
        for text in ("insert into counted (n) values (row_count())", "set @it = row_count()", "select row_count() + 1", "get diagnostics @it = row_count"):
            session.run("update counted set n = n + 1 where id < 4")
            with Session(narrow.split_port) as other:
                other.run("/*master*/ select 1 from counted limit 1")
            assert session.one(text) == ("error", 1105), text
        session.run("set sql_mode = ''", "select '7 apples' + 0 from counted limit 3")
        assert session.binary("set @it = @@warning_count") == [("error", 1105)], "three warnings"
        session.run("update counted set n = n + 1 where id < 4")
        with Session(narrow.split_port) as other:
            other.run("/*master*/ select 1 from counted limit 1")
        assert session.value("select row_count()") == "3"
        assert session.one("insert into counted (n) values (1) /* row_count */")[0] == "ok"
