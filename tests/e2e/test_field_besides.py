"""What felt wrong besides, and the further points found since: new accounts, what pins, endings, tracking, hand-overs, few places.

Named after the sentence that reported it; what is expected is what a direct connection answers.
"""
import pytest

from harness.holdfast import gateway_for
from harness.processes import eventually
from harness.routes import drop_answering_table, make_answering_table
from harness.session import LOST, MODERN, Session, failed, login_error
from harness.side_by_side import change_user, make_passers_table, reset, same, schema, shown
from harness.wire import in_fixed_order

gateway_only = pytest.mark.gateway
REPLICAS = {"2", "3"}
INSERT = "insert into ledger (who) values (1)"
READ = "select count(*) from place"


@pytest.fixture(scope="module")
def gateway(cluster):
    cluster.recover()
    cluster.primary.query("create or replace table test.place (id int primary key, w int)",
                          "insert into test.place select seq, 1 from test.seq_1_to_100",
                          "create or replace table test.ledger (id int auto_increment primary key, who int)")
    make_passers_table(cluster)
    make_answering_table(cluster)
    with gateway_for(cluster, shards=1, hold_timeout="3s", users="servers") as running:
        yield running
    drop_answering_table(cluster)
    cluster.primary.query("drop table test.place, test.ledger, test.passers_by")


# -- besides: accounts made a moment ago -------------------------------------------------------------------------------------------

NEW_ACCOUNTS = {
    "create": (["create or replace user fresh@'%' identified by 'one'", "grant select on test.* to fresh@'%'"], "one", None),
    "create-by-grant": (["drop user if exists fresh@'%'", "grant select on test.* to fresh@'%' identified by 'one'"], "one", None),
    "create-in-two-texts": (["drop user if exists fresh@'%'; create user fresh@'%' identified by 'one'"], "one", None),
    "set-password": (["create or replace user fresh@'%' identified by 'zero'", "set password for fresh@'%' = password('two')"], "two", "zero"),
    "alter": (["create or replace user fresh@'%' identified by 'zero'", "alter user fresh@'%' identified by 'three'"], "three", "zero"),
    "drop": (["create or replace user fresh@'%' identified by 'zero'", "drop user fresh@'%'"], None, "zero"),
    "rename": (["create or replace user unripe@'%' identified by 'four'", "drop user if exists fresh@'%'", "rename user unripe@'%' to fresh@'%'"],
               "four", None),
    "lock": (["create or replace user fresh@'%' identified by 'zero'", "alter user fresh@'%' account lock"], None, "zero"),
    "unlock": (["create or replace user fresh@'%' identified by 'five' account lock", "alter user fresh@'%' account unlock"], "five", None),
    "prepared": ([("create or replace user fresh@'%' identified by 'six'",)], "six", None)}


@pytest.fixture
def no_fresh_account(cluster):
    cluster.primary.query("drop user if exists fresh@'%'", "drop user if exists unripe@'%'")
    yield
    cluster.primary.query("drop user if exists fresh@'%'", "drop user if exists unripe@'%'")


@pytest.mark.parametrize("known_before", [False, True])
@pytest.mark.parametrize("name", NEW_ACCOUNTS)
def test_an_account_made_through_the_gateway_logs_in_at_once(gateway, cluster, administrator, no_fresh_account, name, known_before):
    statements, good, bad = NEW_ACCOUNTS[name]
    if known_before and name != "create-by-grant":
        cluster.primary.query("create or replace user fresh@'%' identified by 'before'")
        login_error(gateway.port(), "fresh", "before", None)
    with administrator() as session:
        for statement in statements:
            session.binary(*statement) if isinstance(statement, tuple) else session.run(statement)
    for port in (gateway.port(), gateway.port("read"), gateway.port("write")):
        cluster.settle()
        if good:
            assert login_error(port, "fresh", good, None) is None
        if bad:
            assert login_error(port, "fresh", bad, None) == login_error(cluster.primary.port, "fresh", bad, None)


BEHIND = {"create": ([], ["create user fresh@'%' identified by 'one'"], "one"),
          "password": (["create user fresh@'%' identified by 'zero'"], ["set password for fresh@'%' = password('two')"], "two"),
          "unlock": (["create user fresh@'%' identified by 'three' account lock"], ["alter user fresh@'%' account unlock"], "three"),
          "made-again": (["create user fresh@'%' identified by 'zero'"], ["drop user fresh@'%'", "create user fresh@'%' identified by 'four'"],
                         "four"),
          "other-plugin": (["create user fresh@'%' identified via ed25519 using password('zero')"],
                           ["alter user fresh@'%' identified via mysql_native_password using password('five')"], "five"),
          "nearer-host": (["create user fresh@'%' identified by 'zero'"], ["create user fresh@'127.0.0.1' identified by 'six'"], "six")}


@pytest.mark.parametrize("name", BEHIND)
def test_an_account_made_behind_the_gateways_back_is_refused_at_most_once(gateway, cluster, no_fresh_account, name):
    before, change, password = BEHIND[name]
    if before:
        cluster.primary.query(*before)
        eventually(lambda: any(login_error(gateway.port(), "fresh", known, None) != 1045 for known in ("zero", "three")), "the account to be known",
                   4, 0.05)
    cluster.primary.query(*change)
    cluster.settle()
    try:
        answers = [login_error(gateway.port(), "fresh", password, None) for _ in range(4)]
    finally:
        cluster.primary.query("drop user if exists fresh@'127.0.0.1'")
    assert answers[1:] == [None] * 3, answers


# -- besides: what does not pin, what a session is told ----------------------------------------------------------------------------

HARMLESS = {"function": "select nosuch_function()", "procedure": "call nosuch_procedure()", "do": "do nosuch_function(1)",
            "drop-temporary": "drop temporary table if exists x", "drop-temporary-missing": "drop temporary table x",
            "execute": "execute nosuch", "deallocate": "deallocate prepare nosuch", "handler": "handler nosuch open",
            "set": "set nosuch = 1", "set-two": "set time_zone='+01:00', nosuch = 1", "text-prepare": "prepare p from 'selekt'",
            "temporary": "create temporary table nosuch.x (a int)", "lock": "lock tables nosuch write", "use": "use nosuch",
            "unlock": "unlock tables", "commit": "commit", "role": "set role nosuch", "syntax": "selekt 1"}


@gateway_only
@pytest.mark.parametrize("how", ["text", "binary"])
@pytest.mark.parametrize("sql", HARMLESS.values(), ids=HARMLESS)
def test_a_statement_that_leaves_nothing_does_not_pin(gateway, sql, how):
    with Session(gateway.port()) as session:
        session.binary(sql) if how == "binary" else session.ask(sql)
        seen = {session.value("select id from answering") for _ in range(12)}
        assert seen & REPLICAS, seen
        session.run(INSERT)


ENDINGS = {"release": ["set completion_type=2", "begin", "update place set w=1 where id=1", "commit", READ],
           "by-name": ["set session completion_type='RELEASE'", "begin", "update place set w=2 where id=1", "rollback", READ],
           "explicit": ["begin", "update place set w=1 where id=1", "commit release", READ],
           "rollback-release": ["begin", "rollback release", READ],
           "release-without-transaction": ["commit release", READ], "no-release": ["set completion_type=2", "begin", "commit no release", READ],
           "chain": ["begin", "commit and chain", "select @@in_transaction", "rollback", "select @@in_transaction"],
           "chain-by-setting": ["set completion_type=1", "begin", "commit", "select @@in_transaction", "update place set w=9 where id=3",
                                "rollback and no chain",
                                "/*master*/ select w from place where id=3"],
           "binary": ["set completion_type=2", "begin", ("commit",), READ], "multi": ["begin; commit release; select 1", READ],
           "read-only": ["set completion_type=2", "start transaction read only", READ, "commit", READ]}


@pytest.mark.parametrize("steps", ENDINGS.values(), ids=ENDINGS)
def test_set_completion_type_2_then_commit_closes(gateway, cluster, steps):
    same(gateway, cluster, steps)


def test_the_servers_completion_type_closes_too(gateway, cluster, server_globals):
    server_globals.set(completion_type=2)
    with gateway_for(cluster, shards=1) as running:
        for steps in (["begin", "update place set w=1 where id=1", "commit", READ], ["start transaction read only", READ, "commit", READ]):
            with Session(cluster.primary.port) as direct, Session(running.port()) as ours:
                assert [ours.ask(step) for step in steps] == [direct.ask(step) for step in steps]


def tracked(sql):
    """A text, and the changes of the session that came with its reply: those a client asked to be told."""
    def step(session):
        reply = session.query(sql)[-1]
        end = reply if reply["kind"] != "rows" else reply["end"]
        changes = in_fixed_order(end.get("session", b""))
        return [change for change in entries(changes)]
    return shown(step, f"tracked {sql}")


def entries(changes):
    while changes:
        yield changes[:2 + changes[1]]
        changes = changes[2 + changes[1]:]


WISH = "session_track_system_variables"
WISHES = {
    "default": [], "one": [f"set {WISH}='optimizer_use_condition_selectivity'"], "two": [f"set {WISH}='sql_mode,lc_time_names'"],
    "none": [f"set {WISH}=''"],
    "concat": [f"set {WISH}=concat(@@global.{WISH}, ',tx_isolation,sql_mode')"],
    "with-others": [f"set time_zone='+07:00', {WISH}='sql_mode', names latin1"],
    "unset": [f"set {WISH}='sql_mode'", f"set {WISH}=default"], "reset": [f"set {WISH}='sql_mode'", reset()],
    "change-user": [f"set {WISH}='sql_mode'", change_user()], "schema-off": ["set session_track_schema=0"],
    "state": ["set session_track_state_change=1"],
    "binary": [(f"set {WISH}='sql_mode,time_zone'",)], "refused": [f"set {WISH}='nosuch_variable'"]}
TRACKED = [tracked("set time_zone='+02:00'"), tracked("set sql_mode='ANSI_QUOTES'"), tracked("set lc_time_names='de_DE'"),
           tracked("set optimizer_use_condition_selectivity=3"), tracked("use information_schema"), tracked("select 1"),
           tracked("set tx_isolation='READ-COMMITTED'"), tracked("set @x = 1"), tracked("set names utf8mb4"), tracked("set autocommit=1")]


@pytest.mark.parametrize("wish", WISHES.values(), ids=WISHES)
def test_session_track_system_variables_is_the_clients_own_wish(gateway, cluster, wish):
    ask_wish = [f"select @@{WISH}, @@session_track_schema, @@session_track_state_change"]
    same(gateway, cluster, wish + ask_wish + TRACKED + ask_wish + ["select @@time_zone, @@lc_time_names, @@optimizer_use_condition_selectivity"],
         capabilities=MODERN)


def test_a_client_that_tracks_nothing_is_asked_nothing(gateway, cluster):
    same(gateway, cluster, [f"set {WISH}='sql_mode'", f"select @@{WISH}", "set sql_mode='ANSI_QUOTES'", "select @@sql_mode", READ,
                            "select @@sql_mode"])


# -- besides: commands that hand the connection over -------------------------------------------------------------------------------

HAND_OVERS = {"binlog-dump": b"\x12" + (4).to_bytes(4, "little") + bytes(2) + (77).to_bytes(4, "little"),
              "binlog-dump-named": b"\x12" + (4).to_bytes(4, "little") + bytes(2) + (77).to_bytes(4, "little") + b"binlog.000001",
              "binlog-dump-gtid": b"\x1e" + bytes(20), "register-slave": b"\x15" + (77).to_bytes(4, "little") + bytes(15),
              "table-dump": b"\x13\x04test\x05place"}


def handed_over(name):
    def step(session):
        session.command(HAND_OVERS[name][0], HAND_OVERS[name][1:])
        try:
            data = session.read()
            return ("error", int.from_bytes(data[1:3], "little")) if data[:1] == b"\xff" else data[:1]
        except OSError:
            return LOST
    return shown(step, name)


@pytest.mark.parametrize("route", ["read", "split", "write"])
@pytest.mark.parametrize("name", HAND_OVERS)
def test_a_refused_binlog_dump_ends_in_the_session_again(gateway, cluster, name, route):
    """Error 1227; then the session goes on, and on a read address nothing reaches the primary's write side."""
    count = "/*master*/ " + "select count(*) from ledger"
    steps = ["delete from ledger"] if route != "read" else []
    steps += [handed_over(name), "insert into ledger (id, who) values (900001, 1)", count, schema("test"), "update place set w = w where id = 1",
              ("select count(*) from place where id > ?", 50), handed_over(name), "create table should_not_be (a int)", "select 1"]
    try:
        same(gateway, cluster, steps, ["delete from test.ledger", "drop table if exists test.should_not_be"], route=route)
    finally:
        cluster.primary.query("drop table if exists test.should_not_be")


@gateway_only
@pytest.mark.parametrize("statement", [INSERT, ("insert into ledger (who) values (?)", 1), "create table should_not_be (a int)",
                                       "select 1 into @a; " + INSERT])
def test_a_read_address_never_writes_although_it_reads_from_the_primary(gateway, repaired, statement):
    """All replicas are gone: reads fall back to the primary; a write on the read address is refused as the replicas would refuse it."""
    repaired.primary.query("delete from test.ledger")
    for replica in repaired.replicas:
        replica.query("stop slave sql_thread")
    with Session(gateway.port("read")) as session:
        eventually(lambda: session.value("select id from answering") == "1", "reads to fall back to the primary")
        answer = session.binary(*statement) if isinstance(statement, tuple) else session.ask(statement)
        written = repaired.primary.query("select count(*) from test.ledger")[0][0]
        repaired.primary.query("drop table if exists test.should_not_be")
        assert answer[-1] == ("error", 1290) and written == 0, (answer, written)


# -- besides: few places, many sessions --------------------------------------------------------------------------------------------

CONVENIENT = {"insert": (INSERT, INSERT), "prepared": (("insert into ledger (who) values (?)", 1), ("insert into ledger (who) values (?)", 2)),
              "counted": ("select sql_calc_found_rows id from place limit 1", INSERT), "error": ("insert into nosuch values (1)", INSERT),
              "update": ("update place set w = w + 1 where id = 5", "update place set w = w - 1 where id = 5"), "write-read": (INSERT, READ)}


@gateway_only
@pytest.mark.parametrize("shards", [1, 2])
@pytest.mark.parametrize("first, again", CONVENIENT.values(), ids=CONVENIENT)
def test_two_shards_with_two_server_connections_never_say_1105(gateway, cluster, first, again, shards):
    """Six idle sessions have each inserted; what is kept for convenience is given back to whoever waits, on whichever shard."""
    def ask_one(session, sql):
        return (session.binary(*sql) if isinstance(sql, tuple) else session.ask(sql))[0]
    with gateway_for(cluster, shards=shards, max_server_connections=2, hold_timeout="2s") as running:
        for _ in range(8):
            sessions = [Session(running.port()) for _ in range(6)]
            for session in sessions:
                ask_one(session, first)
            answers = [ask_one(session, again) for session in sessions]
            assert not any(failed(answer) for answer in answers), answers
            for session in sessions:
                session.close()
