"""The list of warnings behind whatever may leave it, replace it or take it away, of a session that shares its connections.

What a statement does to the list depends on whether it opens a table, which no reply tells; policy/sql knows it from the text.
"""
import pytest

from harness.holdfast import gateway_for
from harness.side_by_side import make_passers_table, prepare, same

LEAVES = ("help 'nothing'", "values (1)", "select 1", "select 1 from dual", "select trim('x' from 'xax')", "select extract(day from now()) > 0", "select 'from'",
          "explain select 1", "explain extended select 1", "with c as (select 1 as a) select 1", "do 1", "set @a = 1", "set names utf8mb4", "set role none",
          "show grants", "show privileges", "show create database test", "show profiles",
          "show warnings", "show count(*) warnings", "begin", "commit", "savepoint a", "use test", "prepare p from 'select 1'", "prepare p from 'do 1'", "get diagnostics @n = number",
          "unlock tables", "xa recover", "show create procedure test.answers_nothing", "kill query 999999999",
          "execute immediate 'do 1'", "execute immediate 'use test'", "execute immediate 'select 1'", "execute immediate 'show warnings'")
TAKES = ("select id from kept_by limit 1", "select 1 from (select 1) q", "with c as (select 1) select * from c", "explain select id from kept_by", "explain kept_by",
         "set @a = (select count(*) from kept_by)", "do (select count(*) from kept_by)", "show tables like 'nothing'", "show variables like 'nothing'", "show engines",
         "show create table kept_by", "checksum table kept_by", "values ((select count(*) from kept_by))", "select trim((select 'x' from kept_by limit 1) from 'xax')",
         "insert into kept_by (v) values (1)", "update kept_by set v = 2 where 0", "create temporary table of_list (a int)", "select nosuch", "lock tables kept_by read", "prepare p from 'select id from kept_by'",
         "prepare p from 'show tables'", "execute immediate 'select id from kept_by limit 1'", "execute immediate 'show tables'")
WARNS = {"on a replica": "select 'x' || id from kept_by limit 1", "on the primary": "insert into kept_by (v) values ('x')"}


@pytest.fixture(scope="module")
def gateway(cluster):
    cluster.recover()
    cluster.primary.query("set sql_mode = ''", "create or replace table test.kept_by (id int primary key auto_increment, v int)", "insert into test.kept_by (v) values (1), (2)",
                          "create or replace procedure test.answers_nothing() do 1")
    make_passers_table(cluster)
    with gateway_for(cluster, shards=1, max_server_connections=2, hold_timeout="3s", users="servers") as running:
        yield running
    cluster.primary.query("drop table test.kept_by, test.passers_by", "drop procedure test.answers_nothing")


@pytest.mark.parametrize("where", WARNS)
@pytest.mark.parametrize("between", LEAVES + TAKES)
def test_the_list_behind(gateway, cluster, between, where):
    steps = ["set sql_mode = ''", WARNS[where], between, "select @@warning_count", "show warnings", WARNS[where], (between,), "show warnings"]
    same(gateway, cluster, steps, before=["truncate test.kept_by", "insert into test.kept_by (v) values (1), (2)"])


@pytest.mark.parametrize("first", ["select id from kept_by", "do 1", "select nosuch", "insert into kept_by (v) values (3), (4)", WARNS["on a replica"]])
def test_the_count_of_rows_behind_get_diagnostics(gateway, cluster, first):
    again = ["truncate test.kept_by", "insert into test.kept_by (v) values (1), (2)"]
    same(gateway, cluster, [first, "get diagnostics @n = number", "select row_count(), @n", first, "get diagnostics @n = row_count", "select @n, row_count()"], before=again)


def test_the_list_behind_a_prepare(gateway, cluster):
    same(gateway, cluster, ["set sql_mode = ''", WARNS["on a replica"], prepare("p", "select id from kept_by"), "show warnings", prepare("q", "select nosuch"), "show warnings"])
