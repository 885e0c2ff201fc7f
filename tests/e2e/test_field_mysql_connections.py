"""What users of other proxies complained of, kinds E, F, J and O: the life of connections and accounts.

Each test is named after the row of the field cases that it stands for; what is expected is what a direct connection answers.
"""
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.accounts import Accounts
from harness.holdfast import direct_mode, gateway_for
from harness.processes import eventually
from harness.routes import drop_answering_table, make_answering_table
from harness.server_globals import ServerGlobals
from harness.session import LOST, MODERN, Session, failed, login_error
from harness.side_by_side import make_passers_table
from harness.wire import COM_STATISTICS, ServerError

gateway_only = pytest.mark.gateway
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
    with gateway_for(cluster, tcp=False, shards=1, hold_timeout="3s", users="servers") as running:
        yield running
    drop_answering_table(cluster)
    cluster.primary.query("drop table test.place, test.ledger, test.passers_by")


def seconds(action):
    """(seconds, value) of an action."""
    began = time.monotonic()
    value = action()
    return time.monotonic() - began, value


def served(port, name, password, database="test"):
    """What a new login may do: the error of the login, or the answers to a write, a read and a question about its rights."""
    try:
        with Session(port, name, password, database) as session:
            return [session.one(sql) for sql in ("insert into test.ledger (who) values (7)", "select count(*) > 0 from test.place",
                                                 "update test.ledger set who = who where id = 0", "select current_role()", "show grants")]
    except ServerError as refused:
        return refused.code


def shape(outcome):
    """Insert ids differ."""
    return outcome if isinstance(outcome, int) else [one[:2] if isinstance(one, tuple) else one for one in outcome]


# -- E: rights are those of now, and an open session outlives its password ---------------------------------------------------------

WRITER = ("select, insert, update on test.*",)
CHANGES = {  # grants, what is done to the account
    "schema": (WRITER, ["revoke all privileges, grant option from {who}"]),
    "schema-partly": (WRITER, ["revoke insert on test.* from {who}"]),
    "global": (("select, insert, update on *.*",), ["revoke all privileges, grant option from {who}"]),
    "global-partly": (("select, insert, update on *.*",), ["revoke insert on *.* from {who}"]),
    "table": (("select on test.*", "insert, update on test.ledger"), ["revoke insert on test.ledger from {who}"]),
    "more": (("select on test.*",), ["grant insert, update on test.* to {who}"]),
    "more-global": (("select on test.*",), ["grant insert, update on *.* to {who}"]),
    "locked": (WRITER, ["alter user {who} account lock"]),
    "dropped": (WRITER, ["drop user {who}"]),
    "made-again-with-less": (WRITER, ["drop user {who}", "create user {who} identified by 'clerk'", "grant select on test.* to {who}"]),
    "password": (WRITER, ["set password for {who} = password('changed')"]),
    "renamed": (WRITER, ["rename user {who} to renamed_clerk@'%'"]),
    "host": (WRITER, ["rename user {who} to clerk@'198.18.0.7'"])}
ROLES = {
    "role-loses-a-right": ["revoke insert on test.* from clerks"], "role-revoked": ["revoke clerks from {who}"],
    "default-role-unset": ["set default role none for {who}"], "role-dropped": ["drop role clerks"],
    "role-gains-a-right": ["grant delete, drop on test.* to clerks"]}


@pytest.fixture
def clerk(accounts, cluster):
    """clerk(grants): warms every pool with sessions of clerk@'%' that have left."""
    def make(grants, role=None):
        cluster.primary.query("drop user if exists renamed_clerk@'%', clerk@'198.18.0.7'", "drop role if exists clerks")
        accounts.make("clerk", *grants)
        if role:
            cluster.primary.query("create role clerks", f"grant {role} to clerks", "grant clerks to clerk@'%'",
                                  "set default role clerks for clerk@'%'",
                                  "grant clerks to field_root@'%' with admin option")
            cluster.settle()
        for _ in range(10):  # a shard that had no connection of before would tell nothing
            served(accounts._gateway.port(), "clerk", "clerk")
            served(accounts._gateway.port("read"), "clerk", "clerk")
    yield make
    cluster.primary.query("drop user if exists renamed_clerk@'%', clerk@'198.18.0.7'", "drop role if exists clerks")


def assert_rights_of_now(gateway, cluster, at_once):
    cluster.settle()
    expected = shape(served(cluster.primary.port, "clerk", "clerk"))
    if not at_once:  # on either shard
        eventually(lambda: all(shape(served(gateway.port(), "clerk", "clerk")) == expected for _ in range(6)),
                   f"new logins to be served as direct: {expected}", 6, 0.1)
    if isinstance(expected, int):  # a refusal takes its time: all of them at once
        with ThreadPoolExecutor(6) as logins:
            answers = list(logins.map(lambda route: served(gateway.port(route), "clerk", "clerk"), ["split", "read", "write"] * 2))
        assert answers == [expected] * 6
        return
    for _ in range(6):
        assert shape(served(gateway.port(), "clerk", "clerk")) == expected
        assert shape(served(gateway.port("read"), "clerk", "clerk"))[1] == expected[1]


@pytest.mark.parametrize("how", ["behind-its-back", "through-the-gateway"])
@pytest.mark.parametrize("change", CHANGES)
def test_row_13_revoke_schema(gateway, cluster, clerk, administrator, change, how):
    grants, statements = CHANGES[change]
    clerk(grants)
    statements = [statement.replace("{who}", "clerk@'%'") for statement in statements]
    if how == "through-the-gateway":
        with administrator() as session:
            session.run(*statements)
    else:
        cluster.primary.query(*statements)
    assert_rights_of_now(gateway, cluster, how == "through-the-gateway")


@pytest.mark.parametrize("how", ["behind-its-back", "through-the-gateway"])
@pytest.mark.parametrize("change", ROLES)
def test_row_13_revoke_from_a_role(gateway, cluster, clerk, administrator, change, how):
    clerk(("select on test.*",), role="insert, update on test.*")
    statements = [statement.replace("{who}", "clerk@'%'") for statement in ROLES[change]]
    if how == "through-the-gateway":
        with administrator() as session:
            session.run(*statements)
    else:
        cluster.primary.query(*statements)
    assert_rights_of_now(gateway, cluster, how == "through-the-gateway")


def test_row_13_rights_given_while_many_log_in(gateway, cluster, clerk):
    """A pooled connection that is used all the time grows old, too."""
    changes = gateway.log_text().count("accounts_changed")

    def seen(what):
        nonlocal changes
        changes = eventually(lambda: gateway.log_text().count("accounts_changed") > changes and gateway.log_text().count("accounts_changed"), what, 6, 0.1)
    clerk(WRITER)
    seen("the new account to be read")
    stop = threading.Event()

    def busy():
        while not stop.is_set():
            served(gateway.port(), "clerk", "clerk")
    threads = [threading.Thread(target=busy) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        cluster.primary.query("revoke insert on test.* from clerk@'%'")
        seen("its change to be read")  # until then a login may be served by a connection of before
        assert_rights_of_now(gateway, cluster, False)
    finally:
        stop.set()
        for thread in threads:
            thread.join()


OPEN_SESSIONS = {"inserted": INSERT, "pinned": "set @a = 1", "transaction": "begin", "prepared": ("insert into ledger (who) values (?)", 3),
                 "temporary": "create temporary table scratch (a int)", "locked": "lock tables ledger_of_lock write", "read": READ}
ROTATIONS = {"password": "set password for {who} = password('new')", "locked": "alter user {who} account lock", "dropped": "drop user {who}"}


@pytest.fixture(scope="module", params=ROTATIONS)
def after_rotation(request, cluster, gateway):
    """Sessions opened before their accounts changed, each of an account of its own, and what each is answered afterwards."""
    cluster.primary.query("create or replace table test.ledger_of_lock like test.ledger")
    with Accounts(cluster, gateway) as accounts:
        sessions = {}
        for name in OPEN_SESSIONS:
            accounts.make(f"rotating_{name}", "select, insert, create temporary tables, lock tables on test.*", wait=False)
        for name, first in OPEN_SESSIONS.items():
            accounts.known(f"rotating_{name}", f"rotating_{name}")
            sessions[name] = accounts.session(f"rotating_{name}")
            assert not failed((sessions[name].binary(*first) if isinstance(first, tuple) else sessions[name].ask(first))[0]), name
        cluster.primary.query(*(ROTATIONS[request.param].format(who=f"rotating_{name}@'%'") for name in OPEN_SESSIONS))
        for name in OPEN_SESSIONS:
            eventually(lambda: login_error(gateway.port(), f"rotating_{name}", f"rotating_{name}", None) is not None, "the old proof to be refused",
                       5, 0.1)
        outcomes = {}
        for name, session in sessions.items():
            table = "ledger_of_lock" if name == "locked" else "ledger"
            outcomes[name] = [session.one(f"insert into {table} (who) values (9)")[:2], session.did(session.ping)[:2],
                              session.one(f"insert into {table} (who) values (9)")[:2], session.one(f"select count(*) > 0 from {table}"),
                              session.did(session.ping)[:2]]
            session.close()
        yield outcomes
    cluster.primary.query("drop table if exists test.ledger_of_lock")


@pytest.mark.parametrize("name", [name for name in OPEN_SESSIONS if name != "read"])
def test_row_15_password_rotation(after_rotation, name):
    """A session that has a connection goes on with it."""
    assert after_rotation[name] == [("ok", 1), ("ok", 0), ("ok", 1), [("1",)], ("ok", 0)]


def test_row_15_a_session_that_cannot_go_on_is_closed(after_rotation):
    """Nothing of its own was kept: it goes on, or it ends; what it must not do is answer pings and refuse everything else."""
    outcome = after_rotation["read"]
    assert outcome == [("ok", 1), ("ok", 0), ("ok", 1), [("1",)], ("ok", 0)] or outcome[1:] == [LOST] * 4, outcome


# -- F: what a session keeps is kept alive, and its end is seen --------------------------------------------------------------------

def cursor_of(session):
    session.kept = session.prepare("select id from place order by id")
    return session.executed(session.kept, cursor_type=1)


def fetched(session):
    try:
        rows, end = session.fetch(session.kept, 2)
    except OSError:
        return LOST
    return len(rows) if rows is not None else end["code"]


def prepared_insert(session):
    session.kept = session.prepare("insert into ledger (who) values (?)")
    return session.executed(session.kept, 1)


def statistics(session):
    session.command(COM_STATISTICS)
    session.read()


def ping(session):
    assert session.did(session.ping) == ("ok", 0, 0)


# what is kept: how it begins, the question in the end, its answer
KEPT = {
    "lock": ("select get_lock('field job', 0)", "select is_used_lock('field job') = connection_id()", [("1",)]),
    "variable": ("set @a = 5", "select @a", [("5",)]),
    "temporary-table": ("create temporary table scratch select 5 as a", "select a from scratch", [("5",)]),
    "transaction": ("begin; insert into ledger (who) values (77)", "select count(*) > 0 from ledger where who = 77", [("1",)]),
    "read-only-transaction": ("start transaction read only; select 1", "select count(*) from place", [("100",)]),
    "table-lock": ("lock tables passers_by read", "select count(*) > 0 from passers_by", [("1",)]),
    "handler": ("handler place open", "handler place read first", [("1", "1")]),
    "text-prepare": ("prepare p from 'select 5'", "execute p", [("5",)]),
    "role": ("set role none", "select current_role()", [(None,)]),
    "cursor": (cursor_of, fetched, 2),
    "inserted-insert": (INSERT, INSERT, ("ok", 1)), "inserted-update": (INSERT, "update place set w = w where id = 1", ("ok", 0)),
    "inserted-begin": (INSERT, "begin", ("ok", 0)), "inserted-prepared": (prepared_insert, lambda s: s.executed(s.kept, 2)[0][:2], ("ok", 1)),
    "inserted-id": ("insert into ledger (id, who) values (123456, 1); insert into ledger (who) values (1)", "select last_insert_id() > 123456",
                    [("1",)]),
    "found-rows": ("select sql_calc_found_rows id from place limit 1", "select found_rows()", [("100",)]),
    "warnings": ("update place set w = '1x' where id = 1000", "insert into ledger (who) values (4)", ("ok", 1)),
    "nothing": ("select 1", INSERT, ("ok", 1))}
SIGNS = {"ping": ping, "read": lambda s: s.run("select 1"), "set": lambda s: s.run("set lc_time_names = 'de_DE'"),
         "schema": lambda s: s.did(s.init_db, "test"), "statistics": statistics, "set-option": lambda s: s.set_option(0)}


def ask(session, what):
    answer = what(session) if callable(what) else session.ask(what)[-1]
    return answer[:2] if isinstance(answer, tuple) else answer


@pytest.fixture(scope="module")
def kept_alive(cluster, gateway):
    """Servers with wait_timeout = 2 s; every session gives a sign of life each half second, for 3.5 s. Their last answers, by name."""
    cluster.primary.query("delete from test.ledger")
    with ServerGlobals(cluster) as changes:
        changes.set(wait_timeout=2)
        with gateway_for(cluster, shards=1, hold_timeout="3s") as running:
            sessions = {name: (Session(running.port()), ping, KEPT[name]) for name in KEPT}
            for sign in SIGNS:
                begin = f"select get_lock('field {sign}', 0)"
                sessions[f"lock by {sign}"] = (Session(running.port()), SIGNS[sign],
                                               (begin, f"select is_used_lock('field {sign}') = connection_id()", [("1",)]))
            for session, _, (begin, _, _) in sessions.values():
                ask(session, begin)
            outcomes, lost_at = {}, {}
            began = time.monotonic()
            while time.monotonic() - began < 3.5:
                for name, (session, sign, _) in sessions.items():
                    try:
                        sign(session)
                    except (OSError, AssertionError) as failure:
                        lost_at.setdefault(name, (time.monotonic() - began, repr(failure)))
                if cluster.primary.query("select is_free_lock('field job')")[0][0]:
                    lost_at.setdefault("lock", (time.monotonic() - began, "the lock is free"))
                threading.Event().wait(max(0.0, 0.5 - (time.monotonic() - began) % 0.5))
            for name, (session, _, (_, question, expected)) in sessions.items():
                outcomes[name] = (lost_at.get(name), ask(session, question), expected)
                session.socket.close()
            yield outcomes


@pytest.mark.parametrize("name", list(KEPT) + [f"lock by {sign}" for sign in SIGNS])
def test_row_16_ping_lock_and_row_18_idle_after_insert(kept_alive, name):
    lost, answer, expected = kept_alive[name]
    assert lost is None and answer == expected


HARD = {"lock": "select get_lock('field', 0)", "variable": "set @a = 1", "temporary": "create temporary table scratch (a int)",
        "transaction": "begin; insert into ledger (who) values (1)", "tables": "lock tables place read"}


@pytest.mark.parametrize("sql", HARD.values(), ids=HARD)
def test_row_16_a_pinned_session_ends_when_its_connection_ends(gateway, accounts, cluster, sql):
    """The client sees it at once, not at its next statement: it may believe that it holds a lock."""
    accounts.make("holder", "all on test.*")
    with accounts.session("holder") as session:
        session.run(*sql.split("; "))
        cluster.primary.query("kill connection user holder")
        session.socket.settimeout(2)
        try:
            while session.socket.recv(1000):  # at most an error packet before the end
                pass
        except ConnectionError:
            pass
        except TimeoutError:
            pytest.fail("the session lives on without what it held")


AFTER_THE_END = {"insert": INSERT, "update": "update place set w = w where id = 1", "begin": "begin",
                 "prepared": ("insert into ledger (who) values (?)", 5),
                 "create": "create temporary table scratch (a int)", "lock": "select get_lock('field', 0)", "set-variable": "set @a = 1",
                 "locking-read": "select id from place where id = 1 for update", "call": "do 1"}


@gateway_only
@pytest.mark.parametrize("route", ["split", "write"])
@pytest.mark.parametrize("sql", AFTER_THE_END.values(), ids=AFTER_THE_END)
def test_row_18_a_write_on_a_connection_whose_end_had_arrived(gateway, accounts, cluster, sql, route):
    """Kept for convenience only, ended by the server: let go silently, the statement runs on another."""
    accounts.make("softly", "all on test.*")
    with accounts.session("softly", route) as session:
        session.run(INSERT)
        cluster.primary.query("kill connection user softly")
        eventually(lambda: not cluster.primary.query("select 1 from information_schema.processlist where user = 'softly'"), "the connection to end")
        answer = session.binary(*sql) if isinstance(sql, tuple) else session.ask(sql)
        assert not failed(answer[0]), answer


@gateway_only
def test_a_write_of_an_idle_session_is_held_until_the_primary_is_back(gateway, repaired):
    """The primary is stopped in good order under sessions that have inserted. Kind O: the release is told when it happens."""
    writes = {"insert": INSERT, "update": "update place set w = w + 1 where id = 2", "begin": "begin",
              "prepared": ("insert into ledger (who) values (?)", 6)}
    sessions = {name: Session(gateway.port()) for name in writes}
    for session in sessions.values():
        session.run(INSERT)
    log_before = len(gateway.log_text())
    repaired.primary.shut_down()
    answers = {}

    def write(name):
        sql = writes[name]
        answers[name] = (sessions[name].binary(*sql) if isinstance(sql, tuple) else sessions[name].ask(sql))[0]
    threads = [threading.Thread(target=write, args=(name,)) for name in writes]
    for thread in threads:
        thread.start()
    repaired.primary.start()
    for thread in threads:
        thread.join(20)
    repaired.primary.query("set global rpl_semi_sync_master_enabled=1")
    assert {name: answer for name, answer in answers.items() if failed(answer)} == {}
    if "HF-5003" in gateway.log_text()[log_before:]:
        eventually(lambda: "HF-5004" in gateway.log_text()[log_before:], "the event that held writes are released", 2)
    for session in sessions.values():
        session.close()


# -- J: a server's answer to a login is an answer ----------------------------------------------------------------------------------

@pytest.mark.parametrize("limit", [1, 2])
def test_row_26_user_limit(gateway, accounts, limit):
    """One client at a time, each with another login charset, flags and schema: idle connections of the account give way."""
    accounts.make("few", "select, insert on test.*", options=f"with max_user_connections {limit}")
    for options in ({"charset": 45}, {"charset": 8}, {"charset": 9}, {"capabilities": MODERN}, {"database": None}, {"charset": 33}):
        def ask_all():
            with accounts.session("few", **options) as session:
                return [session.value("select /*master*/ count(*) from test.place"), session.one("insert into test.ledger (who) values (1)")[0],
                        session.value("select count(*) from test.place")]
        took, answers = seconds(ask_all)
        assert answers == ["100", "ok", "100"] and took < 2, (options, took, answers)


def first_error(session_of, sql):
    """(seconds, code) of a login or of its first statement."""
    def act():
        try:
            with session_of() as session:
                return session.one(sql)
        except ServerError as refused:
            return ("error", refused.code)
    return seconds(act)


@pytest.mark.parametrize("holds", ["begin", "set @a = 1", "set time_zone='+01:00'; begin"])
def test_row_26_the_servers_no_comes_at_once(gateway, accounts, holds):
    """An account at its limit: the server's code, at once; nobody else is disturbed; it works when the other has left."""
    accounts.make("single", "all on test.*", options="with max_user_connections 1")
    with accounts.session("single") as session:
        session.run(*holds.split("; "), INSERT)
        took, answer = first_error(lambda: accounts.session("single"), INSERT)
        assert answer == ("error", 1226) and took < 1.5, (took, answer)
        with Session(gateway.port()) as other:
            took, _ = seconds(lambda: other.run(INSERT, READ))
            assert took < 1.5
    eventually(lambda: first_error(lambda: accounts.session("single"), INSERT)[1][0] == "ok", "the account to be free again", 3)


@pytest.mark.parametrize("limit", ["max_queries_per_hour 12", "max_updates_per_hour 4"])
def test_row_26_limits_per_hour_reach_the_client(accounts, limit):
    accounts.make("hourly", "select, insert on test.*", options=f"with {limit}")
    def until_refused():
        for _ in range(30):
            took, answer = first_error(lambda: accounts.session("hourly"), "insert into test.ledger (who) values (1)")
            assert took < 1.5, answer
            if answer[0] != "ok":
                return answer
        return None
    assert until_refused() == ("error", 1226)


@pytest.mark.parametrize("limit, code", [("max_statement_time 0.2", 1969)])
def test_row_26_the_statement_time_of_the_account_survives_the_pool(accounts, limit, code):
    accounts.make("hasty", "select, insert on test.*", options=f"with {limit}")
    for hour in range(3):
        with accounts.session("hasty") as session:
            session.run(f"set time_zone='+0{hour}:00'")
            assert session.one("select sleep(1) from place limit 1") == ("error", code)
            assert session.one("/*master*/ select sleep(1) from place limit 1") == ("error", code)


def count_of(connection, status):
    with connection.cursor() as cursor:
        cursor.execute(f"show global status like '{status}'")
        return int(cursor.fetchone()[1])


def test_row_26_a_full_server_says_so(gateway, cluster, server_globals):
    """1040 of the primary: the code, at once, and not twenty attempts a second for everybody who waits (suspected list)."""
    server_globals.set(max_connections=20)
    root = cluster.primary.connect_root()  # made while there is room: even root may find none later
    filling = []
    with pytest.raises(ServerError):
        while len(filling) < 40:
            filling.append(Session(cluster.primary.port))
    before = count_of(root, "Connection_errors_max_connections")
    outcomes = []
    fresh = {"user": "app_ed", "password": "app-ed-secret"} if direct_mode() else {"charset": 9}  # nothing pooled fits

    def insert():
        outcomes.append(first_error(lambda: Session(gateway.port(), **fresh), INSERT))
    threads = [threading.Thread(target=insert) for _ in range(4)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        attempts = count_of(root, "Connection_errors_max_connections") - before
    finally:
        for session in filling:
            session.socket.close()
        eventually(lambda: count_of(root, "Threads_connected") < 15, "room on the server")
        root.close()
    assert all(answer in (("error", 1040), ("ok", 1, 0)) or answer[0] == "ok" for _, answer in outcomes) and max(t for t,
                                                                                                                 _ in outcomes) < 2, outcomes
    assert attempts <= 40


# -- O: events and texts that say what is true -------------------------------------------------------------------------------------

@gateway_only
def test_kind_o_the_reason_why_reads_fail_is_about_reads(repaired, make_gateway):
    gateway = make_gateway(shards=1, hold_timeout="300ms", mysql_extra='reads_fallback = "none"')
    with Session(gateway.port()) as session:
        stop_replicas(gateway, repaired)
        answer = session.query("select count(*) from test.answering")[0]
    assert answer["kind"] == "error" and "db1 is writable" not in answer["text"] and "was the primary" not in answer["text"], answer
    assert "db2" in answer["text"] or "replica" in answer["text"], answer


def stop_replicas(gateway, cluster):
    for replica in cluster.replicas:
        replica.query("stop slave sql_thread")
    eventually(lambda: not any(gateway.server(replica.name)["reader"] for replica in cluster.replicas), "no replica to serve reads")


@gateway_only
@pytest.mark.usefixtures("gateway")
@pytest.mark.parametrize("how", ["text", "binary"])
def test_kind_o_a_read_that_waited_is_no_held_write(repaired, make_gateway, how):
    gateway = make_gateway(shards=1, hold_timeout="5s", mysql_extra='reads_fallback = "none"')
    answers = []
    with Session(gateway.port()) as session:
        stop_replicas(gateway, repaired)
        sql = "select count(*) from test.place"
        reader = threading.Thread(target=lambda: answers.extend(session.binary(sql) if how == "binary" else session.ask(sql)))
        reader.start()
        for replica in repaired.replicas:
            replica.query("start slave")
        reader.join(10)
    assert answers == [[("100",)]]
    assert "writes_held" not in gateway.log_text()


@gateway_only
def test_kind_o_a_read_that_was_answered_tells_no_held_write(cluster, gateway, make_gateway):
    """Its schema is gone; others have been on the connections since. Nothing was written, nothing was held."""
    own = make_gateway(shards=1, hold_timeout="1s")
    cluster.primary.query("create or replace database test_gone")
    cluster.settle()
    with Session(own.port(), database="test_gone") as session, Session(own.port()) as other:
        session.run("select 1")
        cluster.primary.query("drop database test_gone")
        cluster.settle()
        other.run("set time_zone='+01:00'", *[READ] * 4)
        session.ask("select count(*) from test.place")
        session.ask("select database()")
    assert "writes_held" not in own.log_text()
