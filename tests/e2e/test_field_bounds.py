"""What an adversary found on the data path, numbers 6 to 9, 14 and 15: what one client can make the gateway hold, do, or stop doing for others.

Limits are wide enough for a busy machine and far below what an unbounded gateway does.
"""
import os
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout

import pytest

from harness.holdfast import gateway_for
from harness.mariadb import APP_ED_PASSWORD, APP_ED_USER
from harness.processes import DeadlineExceeded, eventually
from harness.server_globals import ServerGlobals
from harness.session import LOST, Session, failed, login_error
from harness.wire import (COM_CHANGE_USER, COM_QUERY, COM_STMT_EXECUTE, COM_STMT_PREPARE, DEFAULT_CAPABILITIES, Wire,
                          decode_greeting, login_packet, native_proof)

pytestmark = pytest.mark.gateway
MIB = 1 << 20


@pytest.fixture(scope="module")
def gateway(cluster):
    cluster.recover()
    cluster.primary.query("create or replace table test.place (id int primary key, w int)",
                          "insert into test.place select seq, 1 from test.seq_1_to_50")
    cluster.settle()
    with gateway_for(cluster, shards=1, hold_timeout="20s", max_server_connections=20, users="servers") as running:
        yield running
    cluster.primary.query("drop table test.place")


def resident(gateway):
    """Bytes of the gateway that are in memory."""
    with open(f"/proc/{gateway.child.pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def processor_seconds(gateway):
    with open(f"/proc/{gateway.child.pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Pings:
    """Another client that asks for a sign of life without pause; `worst` is the longest it waited."""

    def __init__(self, gateway):
        self._session, self._stop, self.worst, self.count = Session(gateway.port()), threading.Event(), 0.0, 0
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        while not self._stop.wait(0.002):
            began = time.monotonic()
            self._session.ping()
            self.worst, self.count = max(self.worst, time.monotonic() - began), self.count + 1

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()
        self._session.close()


def grown_by(gateway, action):
    """The most that memory grew while the action ran."""
    before, most, stop = resident(gateway), [0], threading.Event()

    def watch():
        while not stop.wait(0.01):
            most[0] = max(most[0], resident(gateway) - before)
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        action()
    finally:
        stop.set()
        watcher.join()
    return max(most[0], resident(gateway) - before)


# -- 6: replies of our own stop when nobody reads them -----------------------------------------------------------------------------

def command(code, payload=b""):
    body = bytes([code]) + payload
    return len(body).to_bytes(3, "little") + b"\0" + body


ANSWERED_BY_US = {"fetch": command(0x1C), "ping": command(0x0E), "execute": command(0x17, bytes(9)),
                  "reset-statement": command(0x1A, b"\x63\0\0\0"),
                  "unknown": command(0x7F), "set-option": command(0x1B, b"\x63\0"), "sleep": command(0x00), "prepare-nothing": command(0x16)}


def flood(session, packet, most):
    """Writes until `most` bytes are out, or nothing was taken for half a second. Reads nothing. The bytes taken."""
    block = packet * (65536 // len(packet))
    session.socket.setblocking(False)
    sent, last = 0, time.monotonic()
    while sent < most and time.monotonic() - last < 0.5:
        try:
            sent += session.socket.send(block[sent % len(packet):])
            last = time.monotonic()
        except BlockingIOError:
            threading.Event().wait(0.01)
        except OSError:  # it was told to go
            break
    return sent


@pytest.mark.parametrize("packet", ANSWERED_BY_US.values(), ids=ANSWERED_BY_US)
def test_number_6_replies_that_nobody_reads_are_not_queued_without_bound(gateway, packet):
    """12 MB of commands: memory stays, others are served."""
    session = Session(gateway.port())
    with Pings(gateway) as pings:
        grown = grown_by(gateway, lambda: flood(session, packet, 12_000_000))
        session.socket.close()
    assert grown < 16 * MIB, f"{grown / MIB:.0f} MiB"
    assert pings.worst < 0.4, pings.worst


def test_number_6_whoever_reads_late_gets_every_answer(gateway):
    """Nothing is lost for the client that first writes and then reads."""
    with Session(gateway.port()) as session:
        number = 20_000
        writer = threading.Thread(target=lambda: session.socket.sendall(ANSWERED_BY_US["ping"] * number))
        writer.start()
        for _ in range(number):
            session.sequence = 1
            assert session.read()[:1] == b"\0"
        writer.join()
        assert session.value("select 1") == "1"


# -- 7: one long statement ---------------------------------------------------------------------------------------------------------

# Each is over for the server at its beginning: one that ran four million statements would take as many times their memory.
LONG_TEXTS = {"select": (COM_QUERY, b"select a from "), "parentheses": (COM_QUERY, b"select ("), "strings": (COM_QUERY, b"select 'a', "),
              "comments": (COM_QUERY, b"select /* */ "), "semicolons": (COM_QUERY, b"select nosuch;"),
              "prepare": (COM_STMT_PREPARE, b"select a from "), "prepare-parameters": (COM_STMT_PREPARE, b"select ?, ")}
LONG = 60_000_000  # bytes, which the servers take


def refused_long(gateway, name):
    """The code of the servers' answer to a long statement."""
    code, piece = LONG_TEXTS[name]
    with Session(gateway.port()) as session:
        session.command(code, piece * (LONG // len(piece)))
        return int.from_bytes(session.read()[1:3], "little")


@pytest.mark.parametrize("name", LONG_TEXTS)
def test_number_7_a_long_statement_stalls_nobody(gateway, name):
    """No turn of the shard is long, others do not wait. A busy machine stalls one try of three, the gateway's own work would stall each."""
    worst = []
    while len(worst) < 3 and (not worst or worst[-1] > 0.3):
        with Pings(gateway) as pings:
            assert refused_long(gateway, name) in (1054, 1064, 1473)
        assert pings.count > 0
        worst.append(pings.worst)
    assert worst[-1] <= 0.3, worst


@pytest.mark.parametrize("name", ["select", "prepare"])
def test_number_7_a_long_statement_is_kept_once(gateway, name):
    """A text is read, and given to the server as it takes it: what is kept of it, twice for a statement that may be prepared again."""
    grown = grown_by(gateway, lambda: refused_long(gateway, name))
    assert grown < (2.8 if name == "prepare" else 1.8) * LONG, f"{grown / MIB:.0f} MiB"


@pytest.fixture(scope="module")
def small_packets(cluster, gateway):
    cluster.primary.query("create or replace table test.long_values (v longblob)")
    with ServerGlobals(cluster) as changes:
        changes.set(max_allowed_packet=MIB)
        with gateway_for(cluster, shards=1, hold_timeout="3s") as running:
            yield running
    cluster.primary.query("drop table test.long_values")


BEYOND = {"query": (COM_QUERY, b"select '" + b"x" * 3 * MIB + b"'"),
          "write": (COM_QUERY, b"insert into long_values values ('" + b"x" * 3 * MIB + b"')"),
          "prepare": (COM_STMT_PREPARE, b"select '" + b"x" * 3 * MIB + b"'"),
          "execute": (COM_STMT_EXECUTE, b"\1\0\0\0\0\1\0\0\0\0\1\xfc\0\xfd\0\0\x30" + b"x" * 3 * MIB),
          "just-beyond": (COM_QUERY, b"select '" + b"x" * MIB + b"'"), "sixteen": (COM_QUERY, b"select '" + b"x" * 17 * MIB + b"'"),
          "change-user": (COM_CHANGE_USER, b"app\0" + b"x" * 3 * MIB)}


def answer_to(port, code, payload):
    """The error code of the answer, or LOST: a server closes behind its answer, and what it had not read by then may take that away."""
    with Session(port) as session:
        if code == COM_STMT_EXECUTE:
            session.prepare("select ?")
        try:
            session.command(code, payload)
            head = session._exactly(4)
            data = session._exactly(int.from_bytes(head[:3], "little"))
            return int.from_bytes(data[1:3], "little") if data[:1] == b"\xff" else "no error"
        except OSError:
            return LOST


@pytest.mark.parametrize("name", BEYOND)
def test_number_7_a_packet_beyond_max_allowed_packet(small_packets, cluster, name):
    """Refused as the servers do; no second server gets it, and no server is taken for dead."""
    log_before = len(small_packets.log_text())
    for port in (cluster.primary.port, small_packets.port()):
        assert answer_to(port, *BEYOND[name]) in (1153, LOST), port
    log = small_packets.log_text()[log_before:]
    assert "HF-5002" not in log and "server_down" not in log, log
    with Session(small_packets.port()) as other:
        assert other.value("select count(*) from place") == "50"


# -- 8: logins that stop half way --------------------------------------------------------------------------------------------------

def half_login(port, source="127.0.0.1", plugin="client_ed25519", read_switch=True, then=b""):
    """A client that names an account whose proof only it has, and says nothing more."""
    raw = socket.create_connection(("127.0.0.1", port), 10, (source, 0))
    greeting = decode_greeting(raw.recv(4096)[4:])
    packet = login_packet(greeting, APP_ED_USER, "", None, DEFAULT_CAPABILITIES, plugin=plugin, proof=b"")
    raw.sendall(len(packet).to_bytes(3, "little") + b"\1" + packet)
    if read_switch:
        raw.settimeout(0.2)
        try:
            raw.recv(4096)
        except (TimeoutError, OSError):  # it may be told to wait, or to go
            pass
    if then:
        raw.sendall(then)
    return raw


def half_change_of_user(port):
    session = Session(port)
    proof = native_proof("", session.greeting["nonce"])
    session.command(COM_CHANGE_USER, APP_ED_USER.encode() + b"\0" + bytes([len(proof)]) + proof + b"\0\x2d\0client_ed25519\0")
    return session.socket


HALF = {"after-the-switch": half_login, "not-even-read": lambda port: half_login(port, read_switch=False),
        "native": lambda port: half_login(port, plugin="mysql_native_password"),
        "half-a-packet": lambda port: half_login(port, then=b"\x40\0\0\3half"), "change-user": half_change_of_user}


@pytest.mark.parametrize("half", HALF.values(), ids=HALF)
def test_number_8_half_logins_take_nobodys_connection(cluster, gateway, half):
    with gateway_for(cluster, shards=1, hold_timeout="2s", max_server_connections=4, users="servers") as own:
        halves = [half(own.port()) for _ in range(9)]
        try:
            began = time.monotonic()
            with Session(own.port()) as other:
                assert other.one("update place set w = w where id = 1")[0] == "ok"
                assert other.value("select count(*) from place") == "50"
            assert time.monotonic() - began < 1.5
        finally:
            for one in halves:
                one.close()


def test_number_8_half_logins_of_one_address_keep_nobody_else_out(cluster, gateway):
    """The limit is per client address, too: the real owner of the account logs in from another."""
    with gateway_for(cluster, shards=1, hold_timeout="2s", max_server_connections=6, users="servers") as own:
        halves = [half_login(own.port(), source="127.0.0.2", read_switch=False) for _ in range(30)]
        try:
            began = time.monotonic()
            with Session(own.port(), APP_ED_USER, APP_ED_PASSWORD, source="127.0.0.3") as owner:
                assert owner.value("select current_user()") == "app_ed@%"
            assert time.monotonic() - began < 2
        finally:
            for one in halves:
                one.close()


def test_number_8_logins_of_one_address_take_turns(cluster, gateway):
    """A pool that opens all its connections at once is no attack: more than are under way wait for one of them to end."""
    with gateway_for(cluster, shards=1, hold_timeout="2s", users="servers") as own, ThreadPoolExecutor(1) as pool:
        halves = [half_login(own.port(), source="127.0.0.2") for _ in range(8)]
        try:
            waits = pool.submit(lambda: Session(own.port(), APP_ED_USER, APP_ED_PASSWORD, source="127.0.0.2"))
            with pytest.raises(FutureTimeout):
                waits.result(0.5)
            halves[0].close()
            with waits.result(5) as late:
                assert late.value("select current_user()") == "app_ed@%"
        finally:
            for one in halves:
                one.close()


# -- 9: … and end in good order on the server --------------------------------------------------------------------------------------

class Tap:
    """A relay in front of a server that remembers what the gateway said on each connection, and how the server ended it."""

    def __init__(self, server):
        self.server, self.host, self.name = server, "127.0.0.1", server.name
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.conversations = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.server.port))
            conversation = {"said": b"", "heard": b"", "over": False}
            self.conversations.append(conversation)
            for source, target, key in ((client, server, "said"), (server, client, "heard")):
                threading.Thread(target=self._relay, args=(source, target, conversation, key), daemon=True).start()

    @staticmethod
    def _relay(source, target, conversation, key):
        """Until `source` has nothing more to say: a server still answers whoever has said the last and left."""
        try:
            while data := source.recv(65536):
                conversation[key] += data
                try:
                    target.sendall(data)
                except OSError:
                    pass
        except OSError:
            pass
        if key == "heard":
            conversation["over"] = True
        try:
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        self._listener.close()


BROKEN_OFF = {"after-the-switch": half_login, "not-even-read": lambda port: half_login(port, read_switch=False),
              "half-a-packet": lambda port: half_login(port, then=b"\x40\0\0\3half"), "change-user": half_change_of_user}


@pytest.mark.parametrize("half", BROKEN_OFF.values(), ids=BROKEN_OFF)
def test_number_9_a_login_that_breaks_off_is_ended_towards_the_server(cluster, gateway, half):
    """An aborted handshake counts against the gateway's host (error 1129 after max_connect_errors): the server must get a proof, and refuse it."""
    tap = Tap(cluster.primary)
    tap.starts_read_only = False
    with gateway_for(cluster, shards=1, users="servers", servers=[tap]) as own:
        eventually(lambda: login_error(own.port()) is None, "the accounts to be known", 5)
        one = half(own.port())

        def handshakes():
            return [one for one in tap.conversations if APP_ED_USER.encode() in one["said"]]
        try:
            eventually(handshakes, "a handshake with the server", 0.5)
        except DeadlineExceeded:  # the server is asked only when the client has shown that it means it: nothing to end
            pass
        one.close()
        eventually(lambda: all(one["over"] for one in handshakes()), "the handshakes to end", 12)
        for one in handshakes():
            assert b"\xff\x15\x04#28000" in one["heard"], "the handshake was dropped before the server could refuse a proof"
    tap.close()


# -- 14: many who wait for a place -------------------------------------------------------------------------------------------------

WAITERS = {"primary": b"/*master*/ select sleep(3)", "replicas": b"select id, sleep(3) from place where id = 1",
           "write": b"insert into slow values (sleep(3))"}


@pytest.mark.parametrize("sql", WAITERS.values(), ids=WAITERS)
def test_number_14_waiting_for_a_place_costs_nothing(cluster, gateway, sql):
    """2000 clients wait for 10 places: little work, and nobody else notices. A cost of waiters times sessions shows."""
    cluster.primary.query("create or replace table test.slow (a int)")
    cluster.settle()
    own = gateway_for(cluster, shards=1, hold_timeout="20s", max_server_connections=10)
    waiting = [Wire("127.0.0.1", own.port(), "app", "app-secret", "test") for _ in range(2000)]
    try:
        with Pings(own) as pings:
            for one in waiting:
                one.command(COM_QUERY, sql)
            pings.worst = 0.0
            began, used = time.monotonic(), processor_seconds(own)
            threading.Event().wait(1.5)
            share = (processor_seconds(own) - used) / (time.monotonic() - began)
    finally:
        own.kill9()  # nobody waits for 2000 statements of three seconds
        own.close(check=False)
        for one in waiting:
            one.socket.close()
        cluster.primary.query("drop table test.slow")
    assert share < 0.12, f"{share:.0%} of a processor"
    assert pings.worst < 0.3, pings.worst


# -- 15: long data -----------------------------------------------------------------------------------------------------------------

def pieces(statement_of):
    def act(session):
        for _ in range(192):
            session.send_long_data(statement_of(session), 0, b"x" * (MIB // 2))
        assert session.did(session.ping)[0] == "ok"
    return act


def kept(session, sql):
    if not hasattr(session, "kept"):
        session.kept = session.prepare(sql)
    return session.kept


def closed(session):
    if not hasattr(session, "kept"):
        session.kept = session.prepare("select length(?)")
        session.close_statement(session.kept)
    return session.kept


LONG_DATA = {"read": lambda s: kept(s, "select length(?)"), "write": lambda s: kept(s, "insert into long_values values (?)"),
             "locking": lambda s: kept(s, "select length(?) from place where id = 1 for update"), "closed": closed,
             "no-such-statement": lambda s: {"id": 4711}}


@pytest.mark.parametrize("statement_of", LONG_DATA.values(), ids=LONG_DATA)
def test_number_15_long_data_beyond_what_the_server_takes_is_not_kept(small_packets, statement_of):
    """96 MiB for a parameter of at most 1 MiB: nearly nothing is kept, and the session goes on as it would on the server."""
    with Session(small_packets.port()) as session:
        grown = grown_by(small_packets, lambda: pieces(statement_of)(session))
        assert grown < 24 * MIB, f"{grown / MIB:.0f} MiB"
        if statement_of not in (closed, LONG_DATA["no-such-statement"]):
            assert session.executed(session.kept, (252, 0, b"")) == [("error", 1105)]
            assert session.did(session.reset_statement, session.kept)[0] == "ok"
        assert session.value("select 1") == "1"


def test_number_15_texts_of_prepared_statements_are_bounded_for_the_session(small_packets):
    """200 texts of 1 MB: 64 MiB of them are kept, once each, and the session goes on."""
    with Session(small_packets.port()) as session:
        def fill():
            return [session.prepare(f"select {number}, '{'x' * 1_000_000}'")["kind"] for number in range(200)]
        answers = []
        grown = grown_by(small_packets, lambda: answers.extend(fill()))
        assert grown < 120 * MIB, f"{grown / MIB:.0f} MiB"
        assert answers.count("error") == 200 - 64 * MIB // 1_000_013, answers
        assert session.value("select 1") == "1"
        assert session.reset_connection()[0]["kind"] == "ok"
        assert session.prepare("select 1")["kind"] == "prepared"


def test_number_15_long_data_of_many_statements_is_bounded_for_the_session(small_packets):
    """96 statements of 4 MB each: a bound for the session, whatever becomes of the statements."""
    session = Session(small_packets.port())
    statements = [session.prepare("select length(?)") for _ in range(96)]

    def fill():
        try:
            for statement in statements:
                for _ in range(8):
                    session.send_long_data(statement, 0, b"x" * (MIB // 2))
            session.ping()
        except OSError:  # it may be told to go
            pass
    grown = grown_by(small_packets, fill)
    session.socket.close()
    assert grown < 160 * MIB, f"{grown / MIB:.0f} MiB"
    with Session(small_packets.port()) as other:
        assert not failed(other.one("select 1"))
