"""What an adversary found on the data path, numbers 1 to 5, 10, 12, 13 and 19: accounts, statements that run twice or elsewhere, leaks.

Each test is named after its number; the further parameters are other members of its kind. Numbers 21 to 26 are in test_field_logins.py, bounds
under load, numbers 6 to 9, 14 and 15, in test_field_bounds.py; numbers 3, 13, 18 and 20 in test_field_mysql.py, too (rows 2, 19, 20, 22).
"""
import threading

import MySQLdb
import pytest

from harness.holdfast import direct_mode, gateway_for
from harness.processes import eventually
from harness.server_globals import ServerGlobals
from harness.session import LOST, Session, failed, login_error
from harness.side_by_side import make_passers_table, reset, same, schema
from harness.wire import ServerError

gateway_only = pytest.mark.gateway
ROUTES = ("split", "read", "write")
STRONG = {"shop": ("127.0.0.2", "weak"), "stall": ("127.0.0.%", ""),
          "kiosk": ("127.0.0.0/255.255.255.0", "weak"), "till": ("127.0.0.2", "strong"), "desk": ("127.0.0.%", "strong")}  # name: a weaker account's host, password


@pytest.fixture(scope="module")
def gateway(cluster):
    """The accounts exist before it starts. One shard: the next client has the connections of the last."""
    cluster.recover()
    cluster.primary.query("create or replace schema test_other", "create or replace table test.place (id int primary key, v varchar(40))",
                          "create or replace table test_other.place (id int primary key, v varchar(40))",
                          "insert into test.place select seq, 'here' from test.seq_1_to_50",
                          "insert into test_other.place select seq, 'there' from test.seq_1_to_50",
                          "create or replace table test.payroll (name varchar(20) primary key, salary int)",
                          "insert into test.payroll values ('owner', 9000)",
                          "create or replace table test.t1 (a int)", "insert into test.t1 values (5)", "create or replace table test.t2 (a int)",
                          "create or replace user reloader@'%' identified by 'reloader'", "grant reload on *.* to reloader@'%'",
                          "grant all on `test%`.* to reloader@'%'")
    for name, (host, password) in STRONG.items():
        cluster.primary.query(f"create or replace user {name}@'127.0.0.1' identified by 'strong'", f"grant all on test.* to {name}@'127.0.0.1'",
                              f"create or replace user {name}@'{host}' identified by '{password}'")
    make_passers_table(cluster)
    with gateway_for(cluster, shards=1, hold_timeout="3s", users="servers") as running:
        yield running
    for name, (host, _) in STRONG.items():
        cluster.primary.query(f"drop user {name}@'127.0.0.1', {name}@'{host}'")
    cluster.primary.query("drop user reloader@'%'", "drop schema test_other",
                          "drop table test.place, test.payroll, test.t1, test.t2, test.passers_by")


# -- 1: an account is a name and a host and a secret -------------------------------------------------------------------------------

@pytest.fixture
def payroll(cluster, gateway):
    cluster.primary.query("update test.payroll set salary = 9000")
    cluster.settle()


def as_owner(port, name):
    return Session(port, name, "strong", source="127.0.0.1")


def as_other(port, name, **options):
    return Session(port, name, STRONG[name][1], source="127.0.0.2", **options)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("name", STRONG)
def test_number_1_two_accounts_of_one_name_share_nothing(gateway, cluster, payroll, name, route):
    for _ in range(4):
        with as_owner(gateway.port(route), name) as owner:
            assert owner.value("select salary from payroll") == "9000"
            owner.ask("update payroll set salary = 9000")
    for database in (None, "test"):
        try:
            with as_other(gateway.port(route), name, database=database) as attacker:
                answers = [attacker.one("select salary from test.payroll"), attacker.binary("select salary from test.payroll")[0],
                           attacker.one("/*master*/ select salary from test.payroll"), attacker.one("update test.payroll set salary = 1"),
                           attacker.binary("update test.payroll set salary = ?", 1)[0], attacker.one("show columns from test.payroll"),
                           attacker.did(attacker.init_db, "test"), attacker.one("show tables from test")]
                assert all(failed(answer) or answer == [] for answer in answers), answers
                assert attacker.value("select current_user()") != f"{name}@127.0.0.1"
        except ServerError as refused:
            assert refused.code in (1044, 1045)
    assert cluster.primary.query("select salary from test.payroll") == ((9000,),)


@pytest.mark.parametrize("name", STRONG)
def test_number_1_change_user_into_the_weaker_account(gateway, payroll, name):
    """COM_CHANGE_USER from the weaker account's address gets that account or none."""
    with as_owner(gateway.port(), name) as owner:
        owner.run("select salary from payroll")
    with Session(gateway.port(), source="127.0.0.2") as session:
        session.change_user(name, STRONG[name][1], "")
        assert failed(session.one("select salary from test.payroll"))


@pytest.mark.parametrize("how", ["statement", "query", "command"])
@pytest.mark.parametrize("state", ["idle", "pinned"])
@pytest.mark.parametrize("name", STRONG)
def test_number_1_the_weaker_account_kills_nobody(gateway, payroll, name, state, how):
    with as_owner(gateway.port(), name) as owner:
        ids = [owner.greeting["thread"]] + ([int(owner.value("select connection_id()"))] if state == "pinned" else [])
        for number in ids:
            try:
                with as_other(gateway.port(), name, database=None) as attacker:
                    answer = (attacker.did(attacker.kill, number) if how == "command" else
                              attacker.one(f"kill {'query ' if how == 'query' else ''}{number}"))
                    assert failed(answer), answer
            except ServerError as refused:
                assert refused.code == 1045
        assert owner.value("select salary from payroll") == "9000"


@pytest.mark.parametrize("change", ["password", "made-again"])
def test_number_1_another_secret_is_another_account(gateway, cluster, accounts, change):
    """Whoever knows the new password only gets no connection that was opened with the old one, and the other way round."""
    accounts.make("turncoat", "all on test.*", password="old")
    for _ in range(3):
        with Session(gateway.port(), "turncoat", "old") as session:
            session.run("select salary from payroll", "update payroll set salary = 9000")
    if change == "password":
        cluster.primary.query("set password for turncoat@'%' = password('new')")
    else:
        cluster.primary.query("drop user turncoat@'%'", "create user turncoat@'%' identified by 'new'")
    cluster.settle()
    eventually(lambda: login_error(gateway.port(), "turncoat", "new", None) is None, "the new password to be known", 5, 0.05)
    assert login_error(gateway.port(), "turncoat", "old", None) == 1045
    with Session(gateway.port(), "turncoat", "new", None) as session:
        allowed = change == "password"
        assert failed(session.one("select salary from test.payroll")) != allowed
        assert failed(session.one("update test.payroll set salary = 9000")) != allowed


# -- 2: a connection has a name of its own, not the server's thread id -------------------------------------------------------------

def thread_of_server(server):
    return server.query("select connection_id()")[0][0]


def threads_of_app(server):
    return {row[0] for row in server.query("select id from information_schema.processlist where user = 'app'")}


@gateway_only
@pytest.mark.parametrize("where", ["primary", "replica"])
def test_number_2_thread_ids_start_again_with_the_server(gateway, repaired, make_gateway, where):
    """A copy on thread 150 died with the server; the new connection has thread 150 again and another statement of the same id."""
    server = repaired.primary if where == "primary" else repaired.replicas[0]
    running = make_gateway(shards=1, hold_timeout="10s", servers=[server] if where == "primary" else [repaired.primary, server])
    repaired.primary.query("create or replace table test.pw (v varchar(20))")
    repaired.settle()
    keep, first, other = (("begin", "insert into pw values (?)", "delete from pw where v <> ?") if where == "primary" else
                          ("start transaction read only", "select concat('first ', ?)", "select concat('other ', ?)"))
    while thread_of_server(server) < 120:
        pass
    sessions, threads = [], set()
    for number in range(6):  # each on a connection of its own, with ids between them that the new server may use up as it likes
        session = Session(running.port())
        session.run(keep)
        statement = session.prepare(first)
        assert not failed(session.executed(statement, "before")[0])
        thread, = threads_of_app(server) - threads
        threads.add(thread)
        sessions.append((session, statement, thread))
        for _ in range(8):
            thread_of_server(server)
    for session, _, _ in sessions:
        session.run("commit")
    server.kill9()
    server.start()
    if where == "primary":
        server.query("set global rpl_semi_sync_master_enabled = 0")
    eventually(lambda: running.server(server.name)["health"] == "up", "the server to be up again")
    if where == "replica":
        eventually(lambda: running.server(server.name)["reader"], "the replica to serve reads again")
    answers, met = [], 0
    for number, (session, statement, thread) in enumerate(sessions):
        while thread_of_server(server) < thread - 1:
            pass
        session.run(keep)
        session.prepare(other)
        met += thread in threads_of_app(server)
        answers.append(session.executed(statement, f"after {number}")[0])
    for session, _, _ in sessions:
        session.run("commit")
        session.close()
    assert met > 0, "no connection got its old thread id again: the test has shown nothing"
    if where == "primary":
        assert [answer[:2] for answer in answers] == [("ok", 1)] * len(sessions)
        assert repaired.primary.query("select count(*) from test.pw") == ((2 * len(sessions),),)
        server.query("set global rpl_semi_sync_master_enabled = 1")
    else:
        assert answers == [[(f"first after {number}",)] for number in range(len(sessions))]
    repaired.primary.query("drop table test.pw")


# -- 3: a statement that is prepared again means what it meant ---------------------------------------------------------------------

LATER = {"insert": ("insert into place (id, v) values (?, 'new')", 501), "update": ("update place set v = 'changed' where id = ?", 2),
         "delete": ("delete from place where id = ?", 3), "replace": ("replace into place (id, v) values (?, 'new')", 502),
         "select": ("select v from place where id = ?", 4), "locking-select": ("select v from place where id = ? for update", 5)}


@gateway_only
@pytest.mark.parametrize("turn", ["use test_other", schema("test_other")], ids=["use", "init-db"])
@pytest.mark.parametrize("sql, number", LATER.values(), ids=LATER)
def test_number_3_prepared_again_after_its_connection_was_lost(gateway, cluster, accounts, sql, number, turn):
    accounts.make("preparer", "all on `test%`.*")
    before = cluster.primary.query("select id, v from test_other.place order by id")
    with accounts.session("preparer") as session:
        statement = session.prepare(sql)
        session.executed(statement, number)
        turn(session) if callable(turn) else session.run(turn)
        for server in cluster.servers:
            server.query("kill connection user preparer")
        answers = [session.executed(statement, number + 100), session.executed(statement, number + 200), session.executed(statement, number)]
    for answer in answers:  # an honest error, or what it meant
        assert answer in ([LOST], [("error", 2013)], [("error", 1062)]) or answer[0] in ([], [("here",)],
                                                                                         [("changed",)]) or answer[0][0] == "ok", answers
    assert cluster.primary.query("select id, v from test_other.place order by id") == before
    cluster.primary.query("replace into test.place select seq, 'here' from test.seq_1_to_50", "delete from test.place where id > 50")
    cluster.settle()


# -- 4: nothing runs twice across a switchover -------------------------------------------------------------------------------

BLOCK = "begin not atomic insert into twice (tag, part) values ('{0}', 'first'); do sleep(2); insert into twice (tag, part) values ('{0}', 'second'); end"
RUNS = {
    "call": lambda s: s.ask("call twice_in_parts('call')"), "binary-call": lambda s: s.binary("call twice_in_parts(?)", "binary-call"),
    "block": lambda s: s.ask(BLOCK.format("block")), "binary-block": lambda s: s.binary(BLOCK.format("binary-block")),
    "execute-immediate": lambda s: s.ask("execute immediate 'call twice_in_parts(''execute-immediate'')'"),
    "multi": lambda s: s.ask("insert into twice (tag, part) values ('multi', 'first'); do sleep(2); insert into twice (tag, part) values ('multi', 'second')"),
    "call-with-result": lambda s: s.ask("call twice_with_result('call-with-result')"),
    "prepared-text": lambda s: s.ask("prepare p from 'call twice_in_parts(?)'; set @tag = 'prepared-text'; execute p using @tag")}


@pytest.fixture(scope="module")
def across_a_switchover(cluster, gateway):
    """Each kind is under way when the primary becomes a replica, as in a planned switchover. Its answer and the parts that ran, by kind."""
    insert = "insert into test.twice (tag, part) values (tag, '{0}')"
    cluster.primary.query(
        "create or replace table test.twice (n int auto_increment primary key, tag varchar(50), part varchar(10))",
        f"create or replace procedure test.twice_in_parts(tag varchar(50)) sql security invoker begin {insert.format('first')}; do sleep(2); {insert.format('second')}; end",
        f"create or replace procedure test.twice_with_result(tag varchar(50)) sql security invoker begin select 1; {insert.format('first')}; do sleep(2); {insert.format('second')}; end")
    cluster.settle()
    answers = {}

    def run(kind):
        with Session(gateway.port()) as session:
            answers[kind] = RUNS[kind](session)
    threads = [threading.Thread(target=run, args=(kind,)) for kind in RUNS]
    for thread in threads:
        thread.start()
    first, second, third = cluster.servers
    eventually(lambda: first.query("select count(*) from test.twice where part = 'first'")[0][0] >= 6, "the statements to be under way")
    if not direct_mode():
        switch_over(cluster, second)
    for thread in threads:
        thread.join(30)
    parts = {kind: [] for kind in RUNS}
    now = first if direct_mode() else second
    for tag, part in now.query("select tag, part from test.twice"):
        parts[tag].append(part)
    if not direct_mode():
        switch_over(cluster, first)
        eventually(lambda: gateway.server("db1")["role"] == "primary", "the gateway to see the old primary again")
    yield {kind: (answers.get(kind), sorted(parts[kind])) for kind in RUNS}
    cluster.primary.query("drop procedure test.twice_in_parts", "drop procedure test.twice_with_result", "drop table test.twice")


def switch_over(cluster, new):
    """As an operator does: the old primary read-only, the new one up to date, then writable, the others follow it."""
    old = next(server for server in cluster.servers if server.query("select @@read_only")[0][0] == 0)
    old.query("set global read_only = 1", "set global rpl_semi_sync_master_enabled = 0")
    position = old.query("select @@gtid_binlog_pos")[0][0]
    assert new.query(f"select master_gtid_wait('{position}', 10)") == ((0,),)
    new.query("stop slave", "reset slave all", "set global read_only = 0")
    new.source = None
    for server in cluster.servers:
        if server is not new:
            server.query("stop slave")
            server.follow(new)
            eventually(server.replicates, f"{server.name} to follow {new.name}")
    if new is cluster.primary:
        new.query("set global rpl_semi_sync_master_enabled = 1")


@pytest.mark.parametrize("kind", RUNS)
def test_number_4_nothing_runs_twice_across_a_switchover(across_a_switchover, kind):
    answer, parts = across_a_switchover[kind]
    assert answer is not None and parts.count("first") <= 1 and parts.count("second") <= 1, (answer, parts)
    if not failed(answer[-1]):
        assert parts == ["first", "second"], (answer, parts)


# -- 5: what the first parts of a text did, although a later one failed ------------------------------------------------------------

FIRST_PARTS = {
    "lock-write": "lock tables t1 write", "lock-read": "lock tables t1 read", "ftwrl": "flush tables with read lock",
    "export": "flush tables t1 for export",
    "read-only": "set transaction read only", "isolation": "set transaction isolation level serializable", "handler": "handler t1 open as hh",
    "backup-lock": "backup lock t1", "backup-stage": "backup stage start; backup stage block_ddl", "begin": "begin; insert into t2 values (77)",
    "xa": "xa start 'x'",
    "temporary": "create temporary table t2 (z int)", "prepare": "prepare p from 'select 5'", "lock": "select get_lock('left', 0)",
    "variable": "set @left = 1",
    "setting": "set sql_mode = 'ANSI_QUOTES'", "schema": "use test_other", "autocommit": "set autocommit = 0; insert into t2 values (78)",
    "savepoint": "begin; savepoint s", "role": "set role none"}
LAST_PARTS = ["select * from nosuch", "insert into nosuch values (1)", "selekt"]
AFTERWARDS = ["insert into t2 values (1)", "select count(*) from t1", "/*master*/ select a from t1", "update t1 set a = 5", "handler hh read first",
              "execute p",
              "select @left", "select is_used_lock('left') is null", "select database(), @@sql_mode, @@autocommit, @@in_transaction", "xa end 'x'",
              "alter table t1 comment 'x'"]
ENDS = {"quit": lambda s: s.close(), "gone": lambda s: s.socket.close(), "reset": reset(),
        "change-user": lambda s: s.change_user("reloader", "reloader", "test")}


def after_a_failing_text(port, text, end):
    """What the next client of the account is answered after another one's text failed and it ended."""
    one = Session(port, "reloader", "reloader")
    first = one.ask(text)
    one.ask("update t1 set a = 5 where a = 0")
    ENDS[end](one)
    with Session(port, "reloader", "reloader") as other:
        answers = [first] + [other.ask(sql) for sql in AFTERWARDS]
    one.socket.close()
    return answers


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("part", FIRST_PARTS.values(), ids=FIRST_PARTS)
def test_number_5_a_text_that_failed_at_its_end_leaves_nothing(gateway, cluster, server_globals, part, end):
    server_globals.set(lock_wait_timeout=1)
    for last in LAST_PARTS if end == "quit" else LAST_PARTS[:1]:
        text = f"{part}; {last}"
        direct = after_a_failing_text(cluster.primary.port, text, end)
        assert after_a_failing_text(gateway.port(), text, end) == direct, text


# -- 10: a read that is killed, or kills its server --------------------------------------------------------------------------------

def running(server, mark):
    return [row[0] for row in server.query(f"select id from information_schema.processlist where info like '%{mark}%sleep(20)%' and command in ('Query', 'Execute')"
                                           " and user <> 'root'")]


@pytest.mark.parametrize("kind", ["connection", "query", "hard connection"])
@pytest.mark.parametrize("how", ["text", "binary"])
@pytest.mark.parametrize("route", ROUTES)
def test_number_10_a_killed_read_ends(gateway, cluster, route, how, kind):
    """An administrator kills it wherever it shows up: at most once more on another replica, never on the primary."""
    mark, answers, kills = f"hf10 {route} {how} {kind}", [], []
    with Session(gateway.port(route)) as session:
        sql = f"/* {mark} */ select id, sleep(20) from place where id = 1"
        reader = threading.Thread(target=lambda: answers.append(session.binary(sql) if how == "binary" else session.ask(sql)))
        reader.start()
        while reader.is_alive() and len(kills) < 6:
            for server in cluster.servers:
                for thread in running(server, mark):
                    try:
                        server.query(f"kill {kind} {thread}")
                        kills.append(server.name)
                    except Exception:  # it ended between the look and the kill
                        pass
            reader.join(0.02)
        reader.join(25)
    names = sorted(set(kills))
    if direct_mode():
        return
    assert len(kills) <= (1 if route == "write" or kind == "query" else 2), kills
    assert route == "write" or "db1" not in names, kills
    assert answers[0] == [LOST] or failed(answers[0][0]) or answers[0] == [[("1", "1")]], answers


@gateway_only
@pytest.mark.parametrize("how", ["text", "binary"])
def test_number_10_a_read_that_kills_its_server_is_not_sent_to_all(gateway, repaired, how):
    mark, answers = f"hf10 crash {how}", []
    with Session(gateway.port()) as session:
        sql = f"/* {mark} */ select id, sleep(20) from place where id = 1"
        reader = threading.Thread(target=lambda: answers.append(session.binary(sql) if how == "binary" else session.ask(sql)))
        reader.start()
        while reader.is_alive() and repaired.primary.running() and any(replica.running() for replica in repaired.replicas):
            for server in repaired.servers:
                if server.running() and running(server, mark):
                    server.kill9()
            reader.join(0.02)
        reader.join(0.7)  # both replicas are gone: were it sent to the primary, it would show up there now
        on_primary = repaired.primary.running() and running(repaired.primary, mark)
        session.socket.close()
        reader.join(5)
    assert repaired.primary.running() and not on_primary, "the read was sent to the primary as well"


# -- 12: SET CHARACTER SET belongs to the schema it was said in --------------------------------------------------------------------

@pytest.fixture(scope="module")
def charset_schemas(cluster, gateway):
    cluster.primary.query("create or replace schema test_lat character set latin1", "create or replace schema test_uni character set utf8mb4",
                          "create table test_lat.t (v varchar(20))", "create table test_uni.t (v varchar(20))")
    cluster.settle()
    yield
    cluster.primary.query("drop schema test_lat", "drop schema test_uni")


@pytest.fixture(scope="module")
def one_place(cluster, gateway):
    """One connection to each server: whoever comes has the one that somebody else had. The servers' own charset is another, too."""
    with ServerGlobals(cluster) as changes:
        changes.set(collation_server="'latin1_swedish_ci'", collation_database="'latin1_swedish_ci'")
        with gateway_for(cluster, shards=1, hold_timeout="3s", max_server_connections=1) as own:
            yield own


def left_in_latin1(gateway):
    """Another client leaves connections to all servers in a schema of another charset."""
    with Session(gateway.port(), database="test_lat") as other:
        other.run("/*master*/ select 1", "select count(*) from t", "select count(*) from t")


CHARACTER_SETS = {"character-set": "set character set utf8mb4", "charset": "set charset utf8mb4", "default": "set character set default",
                  "quoted": "set character set 'utf8mb4'", "names-default": "set names default",
                  "with-others": "set lc_time_names='de_DE', character set utf8mb4",
                  "utf8": "set character set utf8"}
ASK_COLLATION = "select @@character_set_client, @@character_set_results, @@character_set_connection, @@collation_connection, hex('日本語')"


@pytest.mark.parametrize("how", ["text", "binary"])
@pytest.mark.parametrize("sql", CHARACTER_SETS.values(), ids=CHARACTER_SETS)
def test_number_12_set_character_set(one_place, cluster, charset_schemas, sql, how):
    insert = ("insert into t values (?)", "日本語") if how == "binary" else "insert into t values ('日本語')"
    same(one_place, cluster, ["use test_uni", sql, insert, "/*master*/ select v, hex(v) from t", ASK_COLLATION, (ASK_COLLATION,),
                              "/*master*/ " + ASK_COLLATION,
                              "use test_lat", ASK_COLLATION, "use test_uni", insert, ASK_COLLATION, "/*master*/ select hex(v) from t"],
                              ["truncate test_uni.t"],
         meanwhile=left_in_latin1)


# -- 13: escaping after a reset and a change of user -------------------------------------------------------------------------------

@pytest.mark.parametrize("when", ["login", "change-user", "ping"])
def test_number_13_a_library_escapes_as_the_server_reads(cluster, server_globals, when, gateway):
    server_globals.set(sql_mode="'NO_BACKSLASH_ESCAPES'")
    with gateway_for(cluster, shards=1) as own:
        client = MySQLdb._mysql.connect(host="127.0.0.1", port=own.port(), user="app", passwd="app-secret", db="test")
        if when == "change-user":
            client.change_user("app", "app-secret", "test")
        elif when == "ping":
            client.ping()
        assert client.escape_string(b"x' or 1=1 -- ") == b"x'' or 1=1 -- "
        client.close()


# -- 19: what stored code left, although its statement failed ----------------------------------------------------------------------

@pytest.fixture(scope="module")
def stored_code(cluster, gateway):
    cluster.primary.query(
        "create or replace table test.cards (card varchar(20) primary key)", "insert into test.cards values ('4111-1111')",
        "create or replace trigger test.cards_trigger before insert on test.cards for each row set @last_card = new.card",
        "create or replace procedure test.fails_late() begin set @last_card = 'from procedure'; set time_zone = '+09:00'; signal sqlstate '45000'; end",
        "create or replace function test.fails_function() returns int no sql begin set @last_card = 'from function'; signal sqlstate '45000'; return 1; end",
        "create or replace procedure test.locks_late() begin do get_lock('late lock', 0); signal sqlstate '45000'; end",
        "create or replace procedure test.temporary_late() begin create temporary table test.late_table (a int); signal sqlstate '45000'; end",
        "create or replace view test.fails_view as select test.fails_function() as a",
        "create or replace function test.shows_card() returns varchar(50) no sql return @last_card",
        "create or replace view test.card_view as select test.shows_card() as a")
    cluster.settle()
    yield
    cluster.primary.query("drop table test.cards", "drop procedure test.fails_late", "drop procedure test.locks_late",
                          "drop procedure test.temporary_late",
                          "drop function test.fails_function", "drop function test.shows_card", "drop view test.fails_view, test.card_view")


LATE_FAILURES = {"trigger": "insert into cards values ('4111-1111')", "second-row": "insert into cards values ('new'), ('4111-1111')",
                 "procedure": "call fails_late()",
                 "function": "select fails_function()", "do": "do fails_function()", "view": "select * from fails_view",
                 "lock": "call locks_late()",
                 "temporary": "call temporary_late()", "update": "update cards set card = fails_function()", "multi": "do 1; call fails_late()"}
IS_FREE = "select is_free_lock('late lock')"
ASK_LEFT = ["select @last_card", "select * from card_view", "/*master*/ select * from card_view", "select @@time_zone",
            "/*master*/ select @@time_zone",
            IS_FREE, "select * from late_table", "select date_format(from_unixtime(0), '%H')",
            "/*master*/ select hour(from_unixtime(0))"]


@pytest.mark.parametrize("how", ["text", "binary"])
@pytest.mark.parametrize("then", ["nothing", "a-read", "a-write"])
@pytest.mark.parametrize("sql", LATE_FAILURES.values(), ids=LATE_FAILURES)
def test_number_19_a_failed_statement_leaves_nothing_to_others(gateway, cluster, stored_code, sql, then, how):
    if how == "binary" and ";" in sql:
        sql = sql.split("; ")[1]

    def next_client(port):
        for _ in range(3):
            with Session(port) as one:
                answer = one.binary(sql) if how == "binary" else one.ask(sql)
                assert failed(answer[-1]) or sql.startswith("do "), answer
                if then != "nothing":
                    one.run("select 1" if then == "a-read" else "update place set v = 'here' where id = 1")
        with Session(port) as other:  # a server ends a session, and gives its locks back, some time after its client has left
            eventually(lambda: other.ask(IS_FREE) == [[("1",)]], "the lock to be free", 10)
            return [other.ask(question) for question in ASK_LEFT]
    assert next_client(gateway.port()) == next_client(cluster.primary.port)


@pytest.mark.parametrize("sql", ["call fails_late()", "insert into cards values ('4111-1111')", "select * from fails_view"])
def test_number_19_the_session_itself_still_has_what_it_left(gateway, cluster, stored_code, sql):
    same(gateway, cluster, [sql, "select @last_card", "select @@time_zone", "select 1", "/*master*/ select @@time_zone, @last_card",
                            "select @last_card"])
