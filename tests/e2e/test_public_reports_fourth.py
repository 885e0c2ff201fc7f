"""The edges of packets and of logins: what a direct connection answers, bytes and numbers included, is what the gateway must answer."""
import socket
import struct
import time

import pytest

from harness.accounts import Accounts
from harness.holdfast import gateway_for
from harness.ports import LOOPBACK
from harness.session import Session, login_error
from harness.wire import (COM_PING, COM_QUERY, COM_RESET_CONNECTION, COM_SET_OPTION, COM_STMT_EXECUTE, COM_STMT_FETCH, COM_STMT_PREPARE, COM_STMT_RESET,
                          COM_PROCESS_KILL, CONNECT_ATTRS, DEFAULT_CAPABILITIES, ServerError, decode_error, decode_greeting, login_packet, native_proof)

pytestmark = pytest.mark.gateway

FULL = 0xFFFFFF
SMALL = 1 << 20
COM_CHANGE_USER, COM_REFRESH = 17, 7


@pytest.fixture(scope="module")
def gateway(cluster):
    cluster.recover()
    with gateway_for(cluster, users="servers", tcp=False) as running:
        yield running


@pytest.fixture(scope="module")
def root(cluster, gateway):
    """An account that may do everything, and schemas for it."""
    with Accounts(cluster, gateway) as made:
        made.make("fourth_root", "all on *.*")
        cluster.primary.query("grant all on *.* to fourth_root with grant option")
        yield "fourth_root"


@pytest.fixture
def alike(cluster, gateway):
    """alike(act): the same from act(port) here and there. What it was."""
    def compared(act, ours=gateway):
        direct = act(cluster.primary.port)
        assert act(ours.port()) == direct
        return direct
    return compared


def packet(sequence, payload):
    return len(payload).to_bytes(3, "little") + bytes([sequence]) + payload


def pieces(payload, sequence=0):
    """One logical packet."""
    out = b""
    while True:
        out += packet(sequence, payload[:FULL])
        sequence = (sequence + 1) & 255
        if len(payload) < FULL:
            return out
        payload = payload[FULL:]


def answer_to(session, data, wait=2.0):
    """(sequence id, what came) of what is answered to raw bytes, and then "closed" or "open"."""
    try:
        session.socket.sendall(data)
    except OSError:  # it has answered, and reads no more
        pass
    session.socket.settimeout(wait)
    found = []
    try:
        while True:
            header = session._exactly(4)
            payload = session._exactly(int.from_bytes(header[:3], "little"))
            error = decode_error(payload) if payload[:1] == b"\xff" else None
            found.append((header[3], (error["code"], error["state"]) if error else payload[0]))
            if not error:
                return found
            session.socket.settimeout(0.3)
    except TimeoutError:
        return found + ["open"]
    except OSError:
        return found + ["closed"]


# -- a local file in packets of the largest size --------------------------------------------------------------------------------------


FILES = {"full": [FULL], "full and rest": [FULL, b"Zend\n"], "two full": [FULL, FULL], "one logical packet": [b"a" * FULL + b"Zend\n"]}


@pytest.mark.parametrize("parts", FILES.values(), ids=FILES)
def test_an_empty_piece_behind_a_full_one_ends_no_local_file(alike, table, parts):
    """Lines count that begin with Z only."""
    def load(port):
        with Session(port, seconds=20) as session:
            session.run(f"truncate {table}")
            session.command(COM_QUERY, f"load data local infile 'f' into table {table} lines starting by 'Z' (v)".encode())
            assert session.read()[:1] == b"\xfb"
            for part in parts:
                session.write(b"a" * part if isinstance(part, int) else part)
            session.write(b"")
            loaded = session.read()
            assert loaded[:1] == b"\0", loaded
            return session.sequence, session.ask(f"/*master*/ select v from {table}")
    alike(load)


# -- packets that are too large or out of order ---------------------------------------------------------------------------------------


@pytest.fixture
def narrow(make_gateway, server_globals):
    """A gateway in front of servers whose max_allowed_packet is SMALL, or as it is told."""
    def made(size=SMALL):
        server_globals.set(max_allowed_packet=size)
        return make_gateway(tcp=False)
    return made


def command_of(command, size):
    """A SELECT of a constant as long as it takes, as text or to be prepared."""
    return bytes([command]) + b"select '" + b"x" * (size - 10) + b"'"


def test_a_packet_that_reaches_the_limit_is_refused_with_its_own_sequence_id(narrow, cluster, alike):
    gateway = narrow()
    sizes = (SMALL - 1, SMALL, SMALL + 1, FULL, FULL + 5)

    def act(port):
        found = []
        for command in (COM_QUERY, COM_STMT_PREPARE):
            for size in sizes:
                with Session(port) as session:
                    session.ask("select 1 union select 2")  # its last packet had a higher id
                    found.append((command, size, answer_to(session, pieces(command_of(command, size)))))
        return found
    for command, size, answer in alike(act, gateway):
        assert size < SMALL or answer == [(1, (1153, "08S01")), "closed"], (command, size)


def test_an_execution_that_reaches_the_limit_is_refused(narrow, alike):
    gateway = narrow()

    def act(port):
        found = []
        for size in (SMALL - 1, SMALL, SMALL + 1):
            with Session(port) as session:
                statement = session.prepare("select length(?)")
                head = session.execute_payload(statement, [b""])
                payload = bytes([COM_STMT_EXECUTE]) + session.execute_payload(statement, [b"y" * (size - len(head) - 4)])
                assert len(payload) == size
                found.append(answer_to(session, pieces(payload)))
        return found
    assert alike(act, gateway)[1] == [(1, (1153, "08S01")), "closed"]


def test_the_piece_that_reaches_the_limit_has_the_sequence_id(narrow, alike):
    gateway = narrow(17 << 20)

    def act(port):
        with Session(port) as session:
            return answer_to(session, pieces(command_of(COM_QUERY, 17 << 20)))
    assert alike(act, gateway) == [(2, (1153, "08S01")), "closed"]


@pytest.mark.parametrize("sequence", [1, 5])
def test_a_command_out_of_order(alike, sequence):
    def act(port):
        with Session(port) as session:
            session.ask("select 1")
            return answer_to(session, packet(sequence, b"\x03select 1"))
    assert alike(act) == [(0, (1156, "08S01")), "closed"]


# -- packets that are no commands -----------------------------------------------------------------------------------------------------


BROKEN = {"empty": b"", "execute of nothing": bytes([COM_STMT_EXECUTE]), "execute cut in its id": bytes([COM_STMT_EXECUTE, 1, 0]),
          "execute without a statement": bytes([COM_STMT_EXECUTE]) + struct.pack("<I", 77777), "option of nothing": bytes([COM_SET_OPTION]),
          "option cut": bytes([COM_SET_OPTION, 0]), "option unknown": bytes([COM_SET_OPTION, 2, 0]), "kill of nobody": bytes([COM_PROCESS_KILL]),
          "fetch of nothing": bytes([COM_STMT_FETCH]), "fetch cut": bytes([COM_STMT_FETCH, 7, 7]), "reset cut": bytes([COM_STMT_RESET, 7, 7])}


@pytest.mark.parametrize("payload", BROKEN.values(), ids=BROKEN)
def test_a_broken_command_is_refused_and_the_session_goes_on(alike, payload):
    def act(port):
        with Session(port) as session:
            session.run("do 1")
            session.command(COM_RESET_CONNECTION)  # a buffer of few bytes
            session.read()
            first = answer_to(session, packet(0, payload), 0.5)
            return first, answer_to(session, packet(0, bytes([COM_PING])), 0.5)
    alike(act)


# -- what is no login -----------------------------------------------------------------------------------------------------------------


class Raw:
    """A connection before its login."""

    def __init__(self, port):
        self.socket = socket.create_connection((LOOPBACK, port), 10)
        self.input = b""
        header = self._exactly(4)
        self.greeting = decode_greeting(self._exactly(int.from_bytes(header[:3], "little")))

    def _exactly(self, count):
        while len(self.input) < count:
            data = self.socket.recv(1 << 16)
            if not data:
                raise ConnectionError("closed")
            self.input += data
        value, self.input = self.input[:count], self.input[count:]
        return value


LOGINS = {"no attributes": lambda whole: (1, whole), "attributes of length 0": lambda whole: (1, whole + b"\0"),
          "attributes cut": lambda whole: (1, whole + b"\x20abc"), "an attribute cut": lambda whole: (1, whole + b"\x04\x09abc"),
          "short": lambda whole: (1, whole[:20]), "cut in the name": lambda whole: (1, whole[:34]), "empty": lambda whole: (1, b""),
          "out of order": lambda whole: (0, whole + b"\0"), "too late": lambda whole: (2, whole + b"\0")}


@pytest.mark.parametrize("change", LOGINS.values(), ids=LOGINS)
@pytest.mark.parametrize("password", ["fourth_root", "wrong"])
def test_a_broken_login_is_refused(alike, root, change, password):
    def act(port):
        raw = Raw(port)
        sequence, payload = change(login_packet(raw.greeting, root, password, None, DEFAULT_CAPABILITIES | CONNECT_ATTRS))
        found = answer_to(raw, packet(sequence, payload))
        raw.socket.close()
        return found
    alike(act)


def test_a_login_larger_than_we_take_is_told_so(gateway, root):
    raw = Raw(gateway.port())
    payload = login_packet(raw.greeting, root, root, None, DEFAULT_CAPABILITIES) + b"z" * 70_000
    assert answer_to(raw, packet(1, payload)) == [(2, (1153, "08S01")), "closed"]


# -- refused logins -------------------------------------------------------------------------------------------------------------------


ACCOUNTS = {"fourth_locked": "identified by 'x' account lock", "fourth_open_locked": "account lock", "fourth_expired": "identified by 'x' password expire",
            "fourth_tls": "identified by 'x' require ssl", "fourth_x509": "identified by 'x' require x509",
            "fourth_no_login": "identified via mysql_native_password using 'invalid'", "fourth_ed_locked": "identified via ed25519 using password('x') account lock",
            "fourth_limited": "identified by 'x' with max_user_connections 1", "fourth_nobody": None}


@pytest.fixture(scope="module")
def odd_accounts(cluster, gateway):
    named = {user: options for user, options in ACCOUNTS.items() if options}
    cluster.primary.query(*(f"create or replace user {user} {options}" for user, options in named.items()),
                          "create or replace user fourth_last identified by 'x'")
    cluster.settle()
    assert login_error(gateway.port(), "fourth_last", "x", None) is None  # who is not known is asked for
    yield
    cluster.primary.query(*(f"drop user {user}" for user in named), "drop user fourth_last")


def refusal(port, user, password, database=None, **options):
    try:
        with Session(port, user, password, database, **options) as session:
            return session.ask("select current_user(), @@character_set_client, database()")
    except ServerError as refused:
        return refused.code, refused.state, refused.text


@pytest.mark.parametrize("password", ["x", "wrong", ""])
@pytest.mark.parametrize("user", ACCOUNTS)
def test_nothing_is_told_of_an_account_before_the_proof(alike, odd_accounts, user, password):
    alike(lambda port: refusal(port, user, password))


def test_a_change_into_a_locked_account(alike, odd_accounts, root):
    def act(port):
        with Session(port, root, root) as session:
            return [session.change_user("fourth_locked", password) for password in ("wrong", "x")]
    assert [reply[0]["code"] for reply in alike(act)] == [1045, 4151]


@pytest.mark.parametrize("charset", [17, 35, 54, 56, 60, 90, 159, 183])
def test_a_character_set_that_no_client_may_have(alike, root, charset):
    assert alike(lambda port: refusal(port, root, root, charset=charset))[:2] == (1231, "42000")


def test_a_refusal_at_the_login_has_the_servers_sqlstate(alike, root):
    assert alike(lambda port: refusal(port, root, root, "nosuch"))[:2] == (1049, "42000")


# -- names in other character sets ----------------------------------------------------------------------------------------------------


class In(str):
    """A text that a client writes in a character set of its own."""

    def __new__(cls, text, codec):
        made = super().__new__(cls, text)
        made.codec = codec
        return made

    def encode(self, *_, **__):
        return str.encode(self, self.codec)


@pytest.fixture(scope="module")
def names(cluster, gateway):
    users = ("jörg", "€uro")
    cluster.primary.query("create or replace schema `dö`", *(f"create or replace user `{user}` identified by 'x'" for user in users),
                          *(f"grant all on `dö`.* to `{user}`" for user in users))
    cluster.settle()
    yield
    cluster.primary.query("drop schema `dö`", *(f"drop user `{user}`" for user in users))


@pytest.mark.parametrize("charset", [5, 8, 15, 31, 47, 48, 49, 94])
@pytest.mark.parametrize("user", ["jörg", "€uro"])
def test_a_name_in_latin1(alike, names, user, charset):
    for password in ("x", "wrong"):
        for database in (None, In("dö", "cp1252")):
            alike(lambda port: refusal(port, In(user, "cp1252"), password, database, charset=charset))
    assert alike(lambda port: refusal(port, In(user, "cp1252"), "x", charset=charset))[0][0][1] == "latin1"


@pytest.mark.parametrize("charset", [33, 45, 46, 83])
def test_a_name_in_utf8(alike, names, charset):
    for password in ("x", "wrong"):
        alike(lambda port: refusal(port, "jörg", password, "dö", charset=charset))
        alike(lambda port: refusal(port, In("jörg", "cp1252"), password, charset=charset))


def test_a_change_of_user_has_a_character_set_of_its_own(alike, names):
    def change(session, user, password, database, charset):
        proof = native_proof(password, session.greeting["nonce"])
        session.command(COM_CHANGE_USER, user.encode() + b"\0" + bytes([len(proof)]) + proof + database.encode() + b"\0" + struct.pack("<H", charset) +
                        b"mysql_native_password\0")
        try:
            session._finish_login(password)
        except ServerError as refused:
            return refused.code, refused.text
        return session.ask("select hex(convert(current_user() using utf8mb4)), hex(convert(database() using utf8mb4))")

    def act(port):
        found = []
        for codec, charset in (("cp1252", 8), ("utf8", 45)):
            for password in ("x", "wrong"):
                with Session(port) as session:
                    found.append(change(session, In("jörg", codec), password, In("dö", codec), charset))
        return found
    alike(act)


# -- accounts that change through us --------------------------------------------------------------------------------------------------


OWN = {"set": "set password = password('{}')", "version comment": "/*!40101 set password = password('{}') */", "blanks": "set\n password=/**/password('{}')",
       "in a list": "set @a = 1, password = password('{}')", "behind a scope": "set autocommit = 1, password = password('{}')"}
BY_ROOT = {"set for": "set password for fourth_changing = password('{}')", "alter": "alter user fourth_changing identified by '{}'",
           "execute immediate": "execute immediate 'alter user fourth_changing identified by ''{}'''",
           "hidden words": "execute immediate concat('alter us', 'er fourth_changing identified by ''{}''')",
           "block": "begin not atomic alter user fourth_changing identified by '{}'; end", "procedure": "call test.fourth_change('{}')",
           "multi": "do 1; alter user fourth_changing identified by '{}'", "long": "select '" + "x" * 70_000 + "'; alter user fourth_changing identified by '{}'",
           "grant": "grant usage on *.* to fourth_changing identified by '{}'", "create": "create or replace user fourth_changing identified by '{}'",
           "table": "update mysql.global_priv set priv = json_set(priv, '$.authentication_string', password('{}')) where user = 'fourth_changing'; flush privileges"}


@pytest.fixture
def changing(cluster, gateway):
    cluster.primary.query("create or replace user fourth_changing identified by 'a'", "grant select on test.* to fourth_changing",
                          "create or replace procedure test.fourth_change(word text) execute immediate concat('alter us', 'er fourth_changing identified by ''', word, '''')")
    cluster.settle()
    assert login_error(gateway.port(), "fourth_changing", "wrong", None) == 1045  # and is known now
    assert login_error(gateway.port(), "fourth_changing", "a", None) is None
    yield
    cluster.primary.query("drop user fourth_changing", "drop procedure test.fourth_change")


def changes_at_once(gateway, change):
    """change(word) gives the account another password, several times, each behind the pause after a look for hidden changes."""
    words = ["a", "b", "c", "d"]
    for before, now in zip(words, words[1:]):
        time.sleep(0.35)
        change(now)
        assert login_error(gateway.port(), "fourth_changing", before, None) == 1045, now
        assert login_error(gateway.port(), "fourth_changing", now, None) is None, now


@pytest.mark.parametrize("text", OWN.values(), ids=OWN)
def test_a_password_that_is_ones_own(gateway, changing, text):
    with Session(gateway.port(), "fourth_changing", "a") as session:
        changes_at_once(gateway, lambda word: session.run(text.format(word)))


@pytest.mark.parametrize("text", BY_ROOT.values(), ids=BY_ROOT)
def test_a_password_that_somebody_else_changes(gateway, root, changing, text):
    with Session(gateway.port(), root, root) as session:
        changes_at_once(gateway, lambda word: session.run(text.format(word)))


def test_a_password_that_a_prepared_statement_changes(gateway, root, changing):
    def change(word):
        statement = session.prepare(f"alter user fourth_changing identified by '{word}'")
        assert session.executed(statement) == [("ok", 0, 0)]
    with Session(gateway.port(), root, root) as session:
        changes_at_once(gateway, change)


def test_a_password_that_a_prepared_text_changes(gateway, root, changing):
    def change(word):
        session.run(f"prepare p from concat('alter us', 'er fourth_changing identified by ''{word}''')", "execute p")
    with Session(gateway.port(), root, root) as session:
        changes_at_once(gateway, change)


def test_a_lock_that_a_prepared_procedure_call_sets(gateway, cluster, root, changing):
    def change(word):
        statement = session.prepare("call test.fourth_change(?)")
        assert session.executed(statement, word)[-1] == ("ok", 0, 0)
    with Session(gateway.port(), root, root) as session:
        changes_at_once(gateway, change)


def test_privileges_that_a_command_reads_anew(gateway, cluster, root, changing):
    """COM_REFRESH with REFRESH_GRANT, which is FLUSH PRIVILEGES."""
    def change(word):
        session.run(f"update mysql.global_priv set priv = json_set(priv, '$.authentication_string', password('{word}')) where user = 'fourth_changing'")
        session.command(COM_REFRESH, b"\1")
        assert session.read()[:1] == b"\0"
    with Session(gateway.port(), root, root) as session:
        changes_at_once(gateway, change)
