"""FOUND_ROWS(), ROW_COUNT() and their like inside statements that write or set: what the statement before left, wherever that ran."""
import pytest

from harness.holdfast import gateway_for
from harness.side_by_side import make_passers_table, same

BEFORE = {"counted by a replica": "select sql_calc_found_rows id from counted limit 2", "counted by the primary": "/*master*/ select sql_calc_found_rows id from counted limit 2",
          "rows": "select id from counted limit 3", "changed": "update counted set n = 1 where id < 5", "warned": "select '7 apples' + 0 from counted limit 1", "failed": "select nosuch",
          "nothing": "do 1"}
READS = ("found_rows()", "row_count()", "@@warning_count", "@@error_count", "last_insert_id() + found_rows()")
WRITES = ("insert into counted (n) values ({})", "insert into counted (n) select {}", "replace into counted (id, n) values (3, {})", "update counted set n = {} where id = 2",
          "delete from counted where id = {}", "set @it = {}", "do {}", "create table made_of_counts select {} as n", "call test.keeps_count({})", "select {} into @it",
          "select n, {} as it from counted where id = 1", "begin not atomic insert into counted (n) values ({}); end")


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
    steps = ["set sql_mode = ''"]
    for before in BEFORE.values():
        steps += [before, write.format(read), "select @it", "/*master*/ select id, n from counted order by id", "/*master*/ select n from made_of_counts", "drop table if exists made_of_counts",
                  before, (write.format(read),), "/*master*/ select id, n from counted order by id"]
    same(gateway, cluster, steps, before=["truncate test.counted", "insert into test.counted (n) values (1), (2), (3), (4), (5), (6), (7)", "drop table if exists test.made_of_counts"])
