"""What an adversary found on the data path, numbers 21, 22, 24 and 26: logins, preparations that fail, names of users, reasons in errors.

Each test is named after its number; the further parameters are other members of its kind.
"""
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.holdfast import Holdfast, gateway_for
from harness.processes import eventually
from harness.server_globals import ServerGlobals
from harness.session import Session, login_error
from harness.side_by_side import change_user, execute, make_passers_table, prepare, reset, same, shown
from harness.wire import DEFAULT_CAPABILITIES, ServerError, decode_greeting, login_packet

gateway_only = pytest.mark.gateway


@pytest.fixture(scope="module")
def gateway(cluster):
    cluster.recover()
    cluster.primary.query("create or replace schema test_other", "create or replace table test.place (id int primary key, v varchar(40))",
                          "insert into test.place select seq, 'here' from test.seq_1_to_50", "create or replace table test.t1 (a int)",
                          "insert into test.t1 values (5)", "create or replace table test.t2 (a int)",
                          "create or replace user clerk@'%' identified by 'clerk'", "grant select on test.* to clerk@'%'")
    make_passers_table(cluster)
    with gateway_for(cluster, shards=1, hold_timeout="3s", users="servers") as running:
        yield running
    cluster.primary.query("drop user clerk@'%'", "drop schema test_other", "drop table test.place, test.t1, test.t2, test.passers_by")


# -- 21: a login that only the client can prove ------------------------------------------------------------------------------------

PROXIED = {
    "reset": [reset(), "select 1", "select current_user()", "update place set v = 'here' where id = 1"],
    "reset-twice": [reset(), reset(), "select v from place where id = 1"],
    "clears": ["set @a = 1, time_zone = '+01:00'", "create temporary table scratch (a int)", reset(), "select @a, @@time_zone",
               "select * from scratch"],
    "in-transaction": ["begin", "update place set v = 'undone' where id = 2", reset(), "/*master*/ select v from place where id = 2"],
    "lock": ["select get_lock('proxied', 0)", reset(), "select is_free_lock('proxied')"],
    "prepared": [prepare("p", "select v from place where id = ?"), execute("p", 1), reset(), execute("p", 1), prepare("q", "select ?"),
                 execute("q", 7)],
    "schema": ["use test_other", reset(), "select database()", "select v from test.place where id = 1"],
    "change-user-to-itself": [shown(lambda s: s.change_user("app_ed", "app-ed-secret", "test")[0]["kind"], "change user"), "select current_user()",
                              reset(), "select 1"],
    "change-user-and-back": [change_user(), "select current_user()",
                             shown(lambda s: s.change_user("app_ed", "app-ed-secret", "test")[0]["kind"], "change user"),
                             "select current_user(), database()", reset(), "select current_user()"],
    "after-error": ["select * from nosuch", reset(), "insert into nosuch values (1)", reset(), "select 1"],
    "names": ["set names latin1", reset(), "select @@character_set_client, @@collation_connection"]}


@pytest.mark.parametrize("route", ["split", "write"])
@pytest.mark.parametrize("steps", PROXIED.values(), ids=PROXIED)
def test_number_21_reset_of_a_proxied_login(gateway, cluster, steps, route):
    same(gateway, cluster, steps, route=route, user="app_ed", password="app-ed-secret")


@pytest.mark.parametrize("how", ["statement", "query", "command"])
def test_number_21_a_proxied_administrator_kills_others(gateway, cluster, accounts, how):
    accounts.make("edadm", "all on *.*")
    cluster.primary.query("alter user edadm@'%' identified via ed25519 using password('by ed25519')")
    accounts.known("edadm", "by ed25519")
    with Session(gateway.port(), "edadm", "by ed25519") as administrator, Session(gateway.port()) as victim, Session(gateway.port()) as bystander:
        victim.one("begin")
        administrator.one("select sql_calc_found_rows id from place limit 1")
        number = victim.greeting["thread"]
        killed = administrator.did(administrator.kill, number) if how == "command" else administrator.one(f"kill {'query ' if how == 'query' else ''}{number}")
        assert killed[0] == "ok"
        assert administrator.value("select found_rows()") == "50"
        assert (victim.one("select 1")[0] == "lost") == (how != "query")
        assert bystander.value("select 1") == "1"


# -- 22: a failed preparation keeps nothing ----------------------------------------------------------------------------------------

def prepare_and_close(sql):
    def act(session):
        statement = session.prepare(sql)
        session.close_statement(statement)
        session.did(session.ping)
    return act


FAILED_PREPARES = {"insert": lambda s: s.prepare("insert into nosuch values (?)"), "select": lambda s: s.prepare("select * from nosuch"),
                   "syntax": lambda s: s.prepare("selekt ?"), "not-supported": lambda s: s.prepare("lock tables t1 write; select 1"),
                   "empty": lambda s: s.prepare(""),
                   "several": lambda s: [s.prepare(f"update nosuch set a = {n}") for n in range(5)],
                   "closed": prepare_and_close("update t1 set a = ?"),
                   "closed-read": prepare_and_close("select a from t1 where a = ?"),
                   "failed-and-closed": lambda s: (s.prepare("insert into nosuch values (?)"), prepare_and_close("insert into t1 values (?)")(s)),
                   "no-rights": lambda s: s.prepare("delete from mysql.user"), "unknown-column": lambda s: s.prepare("update t1 set nosuch = ?")}


@gateway_only
@pytest.mark.parametrize("act", FAILED_PREPARES.values(), ids=FAILED_PREPARES)
def test_number_22_a_failed_prepare_keeps_no_connection(gateway, cluster, act):
    with gateway_for(cluster, shards=1, max_server_connections=3, hold_timeout="400ms") as own:
        sessions = [Session(own.port()) for _ in range(6)]
        for session in sessions:
            act(session)
        with Session(own.port()) as other:
            assert other.one("update t1 set a = 5")[0] == "ok"
            assert other.value("select count(*) from place") == "50"
            assert other.one("begin")[0] == "ok"
        for session in sessions:
            session.close()


# -- 24: who exists is nobody's business -------------------------------------------------------------------------------------------

def login_conversation(port, name, plugin, proof):
    """The packets of a login that goes wrong, without the nonces; the user's own name blanked."""
    heard = []
    with socket.create_connection(("127.0.0.1", port), 10) as raw:
        data = raw.recv(4096)
        greeting = decode_greeting(data[4:])
        packet = login_packet(greeting, name, "", None, DEFAULT_CAPABILITIES, plugin=plugin, proof=proof)
        raw.sendall(len(packet).to_bytes(3, "little") + b"\1" + packet)
        sequence = 3
        while True:
            data = raw.recv(4096)
            if not data:
                return heard
            body = data[4:]
            if body[:1] == b"\xfe":
                heard.append(("switch", body[1:].split(b"\0")[0]))
                answer = bytes(64 if b"ed25519" in body[:20] else 20 if b"native" in body[:30] else 32)
                raw.sendall(len(answer).to_bytes(3, "little") + bytes([sequence]) + answer)
                sequence += 2
            else:
                heard.append((body[:3], body[3:].replace(name.encode(), b"NAME")))
                if body[:1] == b"\xff":
                    return heard


@pytest.fixture(scope="module")
def both_sources(cluster, gateway):
    """Accounts of the file and of the servers together."""
    with gateway_for(cluster, shards=1, mysql_extra='users_from = "servers"') as own:
        yield own


@gateway_only
@pytest.mark.parametrize("proof", [b"", bytes(20), bytes(32), bytes(64)], ids=["none", "20", "32", "64"])
@pytest.mark.parametrize("plugin", ["mysql_native_password", "caching_sha2_password", "client_ed25519", "sha256_password", "mysql_clear_password",
                                    "nosuch", ""])
def test_number_24_user_names_cannot_be_enumerated(both_sources, plugin, proof):
    names = ("app", "app_ed", "nobody", "clerk", "no_such_user_at_all")
    with ThreadPoolExecutor(len(names)) as all_at_once:  # a refusal takes its time
        answers = list(all_at_once.map(lambda name: login_conversation(both_sources.port(), name, plugin, proof), names))
    assert all(answer == answers[0] for answer in answers), list(zip(names, answers))


@gateway_only
@pytest.mark.parametrize("values", [{"sql_select_limit": 1}, {"autocommit": 0}, {"max_join_size": 1}, {"sql_mode": "'PAD_CHAR_TO_FULL_LENGTH'"}], ids=str)
def test_globals_for_the_servers_clients_hide_no_account(gateway, cluster, values):
    """What the gateway reads for itself is read whole, and as it is now."""
    with ServerGlobals(cluster) as changes:
        changes.set(**values)
        with gateway_for(cluster, shards=1, users="servers", tcp=False) as own:
            for name, password in (("app", "app-secret"), ("clerk", "clerk")):
                assert login_error(own.port(), name, password, None) is None, name
            cluster.primary.query("set password for clerk@'%' = password('another')")
            cluster.settle()
            try:
                eventually(lambda: login_error(own.port(), "clerk", "another", None) is None, "the new password to be known", 5, 0.1)
            finally:
                cluster.primary.query("set password for clerk@'%' = password('clerk')")
    eventually(lambda: begins_with(gateway.port()) == begins_with(cluster.primary.port), "the module's gateway to have read the old values again", 5, 0.1)


def begins_with(port):
    """What a session has of the variables above."""
    with Session(port, database=None) as session:
        return session.ask("select @@sql_select_limit, @@autocommit, @@max_join_size, @@sql_big_selects, @@sql_mode")


# -- 26: an error tells its reason -------------------------------------------------------------------------------------------------

@gateway_only
def test_number_26_reads_of_an_account_that_the_replicas_do_not_have(gateway, cluster):
    """Made on the primary only: the reads work there, or the server's words say why not."""
    cluster.primary.query("set sql_log_bin = 0", "create or replace user lonely@'%' identified by 'lonely'",
                          "grant select, insert on test.* to lonely@'%'")
    try:
        eventually(lambda: login_error(gateway.port(), "lonely", "lonely", None) is None, "the account to be known", 5, 0.05)
        with Session(gateway.port(), "lonely", "lonely", None) as session:
            assert session.ask("select count(*) from test.place") == [[("50",)]]
            assert session.binary("select count(*) from test.place where id > ?", 0) == [[("50",)]]
            assert session.one("insert into test.t2 values (1)")[0] == "ok"
        answer = refused_read(gateway.port("read"))
        assert answer is None or answer["code"] == 1045 or "db2" in answer["text"] or "db3" in answer["text"], answer
    finally:
        cluster.primary.query("set sql_log_bin = 0", "drop user lonely@'%'")


def refused_read(port):
    try:
        with Session(port, "lonely", "lonely", None) as session:
            answer = session.query("select count(*) from test.place")[0]
            return answer if answer["kind"] == "error" else None
    except ServerError as refused:
        return {"code": refused.code, "text": refused.text}


@gateway_only
def test_number_26_a_password_that_the_servers_refuse_is_told_so(cluster, gateway):
    """The file lists a password that the servers do not have: their words, at once, not that the primary is writable."""
    cluster.primary.query("create or replace user app_stale@'%' identified by 'right'")
    cluster.settle()
    own = Holdfast(cluster, start=False, shards=1, hold_timeout="2s")
    try:
        with open(own.config, encoding="utf-8") as file:
            text = file.read().replace('{ name = "app_ed", password_file = "app_ed.password" }',
                                       '{ name = "app_stale", password_file = "app_ed.password" }')
        with open(own.config, "w", encoding="utf-8") as file:
            file.write(text)
        own.start()
        try:
            with Session(own.port(), "app_stale", "app-ed-secret", None) as session:
                answers = [session.query(sql)[0] for sql in ("select 1", "update test.place set v = v where id = 1")]
        except ServerError as refused:
            answers = [{"code": refused.code, "text": refused.text}]
        for answer in answers:
            assert answer.get("code") == 1045 and "Access denied" in answer["text"], answer
    finally:
        own.close()
        cluster.primary.query("drop user app_stale@'%'")
