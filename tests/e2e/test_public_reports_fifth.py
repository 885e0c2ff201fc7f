"""More reports of users of other proxies and databases, each named after its project and number: counts, lists, long texts, dumps."""
import subprocess

import pytest

from harness.holdfast import gateway_for
from harness.session import Session
from harness.side_by_side import change_user, make_passers_table, prepare, same

ROWS = "(1, 1), (2, 2), (3, 3), (4, 4), (5, 5)"
STATUS = "select table_name, engine, auto_increment, create_options from information_schema.tables where table_schema = 'test' and table_name = 'reported'"  # SHOW has times
SCRIPTS = {
    # Entity Framework saves by texts like these, the second one in a transaction
    "pomelo-1822": ["update reported set n = 7 where id < 3; select row_count()", ("select 1",), "begin", "update reported set n = 8 where id = 1; select row_count()",
                    "insert into reported (n) values (9); select id from reported where row_count() = 1 and id = last_insert_id()", "commit",
                    "select row_count(); update reported set n = 10 where id < 4; select row_count()", "select row_count()"],
    "mycat-1040": ["update reported set n = 7 where id < 3", "select row_count()", "update reported set n = 7 where id < 3", ("select row_count()",), "select row_count()"],
    "matrixone-24768": ["insert into reported (n) values (1), (2)", "select row_count()", "select id from reported limit 1", "select row_count()", "create table if not exists reported_too (a int)",
                        "select row_count()", "drop table reported_too", "select row_count()", "delete from reported where id > 5", "select row_count(), row_count()", "replace into reported values (1, 5)",
                        "insert into reported (n) values (row_count())", "select n from reported where id > 5"],
    "proxysql-2101": [("select sql_calc_found_rows id, n from reported limit 0, 2",), ("select found_rows() cnt",), ("select sql_calc_found_rows id, n from reported limit 0, 2",), "select found_rows() cnt",
                      "select sql_calc_found_rows id, n from reported limit 0, 2", ("select found_rows() cnt",)],
    "mysqljs-857": ["insert into reported (n) values (7)", "select sql_calc_found_rows id from reported where id < 5 limit 1", "select found_rows() as count", "select count(*) as count from reported",
                    "update reported set n = 3", "select sql_calc_found_rows id from reported where id < 5 limit 1", "select found_rows() as count"],
    "mysqlclient-70": ["drop table if exists atest; drop table if exists btest", "show warnings", "drop table if exists atest; select 1", "show warnings", "select 1/0; select 2", "show warnings"],
    "proxysql-3606": ["select count(1) from reported where n = 'abc'", "select 1", "show warnings", "select count(1) from reported where n = 'abc'", "show count(*) warnings", "select 1"],
    "tidb-69692": ["begin", "insert into reported (n) values (7)", "set @kept = 1", prepare("p", "select 1"), change_user("test_missing"), "select @kept, @@in_transaction, database(), current_user()",
                   "select count(*) from reported", "insert into reported (n) values (8)"],
    "tidb-64682": ["begin", "insert into reported (n) values (7)", "rollback", STATUS, "alter table reported auto_increment = 500", STATUS,
                   "select auto_increment from information_schema.tables where table_schema = database() and table_name = 'reported'", "show create table reported"],
    "proxysql-872": [f"insert into reported (n) values {', '.join(['(5)'] * 30000)}", "select row_count(), last_insert_id()",
                     f"select id from reported where id in ({', '.join(map(str, range(30000)))}) order by id limit 3", "select found_rows()", f"select /* {'x' * 100000} */ last_insert_id()"],
    "found-rows-in-a-report": ["select sql_calc_found_rows id from reported limit 2", "insert into reported (n) values (found_rows())", "select n from reported order by id desc limit 1",
                               "select sql_calc_found_rows id from reported limit 2", "insert into reported (n) select found_rows() from reported where id = 1", "select n from reported order by id desc limit 1"],
}


@pytest.fixture(scope="module")
def gateway(cluster):
    cluster.recover()
    make_passers_table(cluster)
    with gateway_for(cluster, shards=1, max_server_connections=2, hold_timeout="3s", users="servers") as running:
        yield running
    cluster.primary.query("drop table test.passers_by", "drop table if exists test.reported")


@pytest.mark.parametrize("report", SCRIPTS)
def test_a_report(gateway, cluster, report):
    same(gateway, cluster, SCRIPTS[report], before=["create or replace table test.reported (id int auto_increment primary key, n int)", f"insert into test.reported values {ROWS}"])


@pytest.mark.gateway
def test_a_dump_and_its_restore(gateway, cluster, accounts):
    """proxysql-1413. Rows beyond what one text may hold, a view, a routine."""
    cluster.primary.query("create or replace schema test_dumped", "create or replace table test_dumped.big (id int auto_increment primary key, v varchar(200), b blob)",
                          "insert into test_dumped.big (v, b) select repeat(char(97 + seq % 26), 150), unhex(md5(seq)) from test.seq_1_to_20000",
                          "create or replace view test_dumped.few as select id from test_dumped.big where id < 10",
                          "create or replace procedure test_dumped.counts() select count(*) from test_dumped.big", "create or replace schema test_restored")
    cluster.settle()
    accounts.make("dumper", "all on *.*")
    where = ["--protocol=tcp", "--host=127.0.0.1", f"--port={gateway.port()}", "--user=dumper", "--password=dumper"]
    options = ["--skip-lock-tables", "--routines", "--no-tablespaces"]
    dumps = [subprocess.run(["mariadb-dump", *where, *options, extra, "test_dumped"], capture_output=True, timeout=120) for extra in ("--quick", "--single-transaction")]
    assert not [dump.stderr for dump in dumps if dump.returncode]
    through = [dump.stdout for dump in dumps]
    assert max(map(len, through[0].split(b";\n"))) > 500_000
    for dump in through:
        subprocess.run(["mariadb", *where, "test_restored"], input=dump.replace(b"`test_dumped`.", b"`test_restored`.").replace(b"test_dumped.big", b"test_restored.big"), timeout=120, check=True)
        cluster.settle()
        sums = cluster.primary.query("checksum table test_dumped.big, test_restored.big")
        assert sums[0][1] == sums[1][1]
        with Session(gateway.port(), "dumper", "dumper", "test_restored") as session:
            assert session.value("select count(*) from few") == "9" and session.value("call counts()") == "20000"
    cluster.primary.query("drop schema test_dumped", "drop schema test_restored")
