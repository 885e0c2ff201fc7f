"""The protocol's corners: LOAD DATA LOCAL, several statements and results, big packets, compression, odd clients."""
import subprocess
import hashlib
import random
import socket
import struct

import pytest

from harness import wire as w
from harness.processes import eventually
from harness.routes import error_of, rows, run, value

KIB, MIB = 1024, 1024 * 1024


@pytest.fixture
def wire(gateway):
    with w.Wire("127.0.0.1", gateway.port(), "app", "app-secret", "test") as wire:
        yield wire


# -- LOAD DATA LOCAL INFILE -------------------------------------------------------------------------------------------

def test_load_data_local_infile(gateway, table, tmp_path):
    file = tmp_path / "rows.csv"
    file.write_text("".join(f"{i},text {i}\n" for i in range(1, 5001)))
    with gateway.connect(local_infile=True) as connection:
        loaded = run(connection, f"load data local infile '{file}' into table {table} fields terminated by ','")
        assert loaded == 5000
        assert value(connection, f"/*master*/ select count(*) from {table}") == 5000
        assert value(connection, f"/*master*/ select v from {table} where id = 4321") == "text 4321"
        assert value(connection, "select 1") == 1


def test_load_data_local_of_many_megabytes_and_of_nothing(wire, table):
    line = b"%d,%s\n"
    data = b"".join(line % (i, b"x" * 90) for i in range(1, 120_001))
    load = f"load data local infile 'ignored' into table {table} fields terminated by ','"
    reply = wire.query(load, local_data=data)
    assert reply[0]["kind"] == "ok" and reply[0]["affected"] == 120_000, reply
    assert wire.query(load, local_data=b"")[0]["affected"] == 0
    assert wire.ping()[0]["kind"] == "ok"


def test_load_data_local_that_fails_keeps_the_session_usable(wire, cluster):
    direct = w.Wire("127.0.0.1", cluster.primary.port, "app", "app-secret", "test")
    load = "load data local infile 'x' into table no_such_table"
    assert wire.query(load, local_data=b"1\n") == direct.query(load, local_data=b"1\n")
    assert w.first_value(wire.query("select 1")) == "1"
    direct.close()


# -- several statements, several results -------------------------------------------------------------------------------

def test_multi_statements_give_all_results_in_order(wire, table):
    reply = wire.query(f"select 1; insert into {table} (v) values ('a'), ('b'); select v from {table}; update {table} set v='c'")
    assert [one["kind"] for one in reply] == ["rows", "ok", "rows", "ok"]
    assert reply[1]["affected"] == 2 and reply[1]["insert_id"] == 1
    assert reply[2]["rows"] == [(b"a",), (b"b",)]
    assert reply[3]["info"].endswith(b"Rows matched: 2  Changed: 2  Warnings: 0")


def test_multi_statements_stop_at_the_first_error(wire, table):
    reply = wire.query(f"select 1; selekt; insert into {table} (v) values ('never')")
    assert [one["kind"] for one in reply] == ["rows", "error"]
    assert w.first_value(wire.query(f"/*master*/ select count(*) from {table}")) == "0"


def test_multi_statements_are_refused_without_the_capability(gateway):
    capabilities = w.DEFAULT_CAPABILITIES & ~w.MULTI_STATEMENTS
    with w.Wire("127.0.0.1", gateway.port(), "app", "app-secret", "test", capabilities=capabilities) as wire:
        assert wire.query("select 1; select 2")[0]["code"] == 1064
        assert wire.set_option(0)[0]["kind"] == "eof"
        assert len(wire.query("select 1; select 2")) == 2
        assert wire.set_option(1)[0]["kind"] == "eof"
        assert wire.query("select 1; select 2")[0]["code"] == 1064


def test_a_state_change_inside_multi_statements_holds(wire):
    wire.query("set time_zone = '+05:00'; use information_schema; set @v = 3")
    for _ in range(4):
        assert wire.query("select @@time_zone, database()")[0]["rows"] == [(b"+05:00", b"information_schema")]
        assert wire.query("select @v")[0]["rows"] == [(b"3",)]


@pytest.mark.parametrize("flag", [0, w.FOUND_ROWS, w.IGNORE_SPACE, w.INTERACTIVE, w.DEPRECATE_EOF, w.SESSION_TRACK,
                                  w.DEPRECATE_EOF | w.SESSION_TRACK, w.FOUND_ROWS | w.DEPRECATE_EOF])
def test_client_capabilities_mean_what_they_mean_directly(gateway, cluster, table, flag):
    """The same conversation, direct and through the gateway, must give the same packets for every set of flags."""
    def conversation(port):
        with w.Wire("127.0.0.1", port, "app", "app-secret", "test", capabilities=w.DEFAULT_CAPABILITIES | flag) as wire:
            replies = [wire.query(f"truncate {table}"), wire.query(f"insert into {table} (v) values ('a'), ('b')"),
                       wire.query(f"update {table} set v = 'a'"), wire.query("/*master*/ select count (*) from dual"),
                       wire.query("set names utf8mb4"), wire.query("use test"), wire.init_db("test"),
                       wire.query(f"/*master*/ select * from {table}"), wire.query("begin"), wire.query("commit")]
            statement = wire.prepare(f"select * from {table} where id > ? for update")
            statement["id"] = wire.prepare(f"select * from {table} where id > ? for update")["id"]
            replies.append(wire.execute(statement, [0]))
            return replies
    assert conversation(gateway.port()) == conversation(cluster.primary.port)


def test_field_list_statistics_ping_and_unknown_commands(wire, cluster, table):
    with w.Wire("127.0.0.1", cluster.primary.port, "app", "app-secret", "test") as direct:
        assert wire.field_list(table) == direct.field_list(table)
        assert wire.field_list("missing") == direct.field_list("missing")
        assert wire.ping() == direct.ping()
        for connection in (wire, direct):
            connection.command(w.COM_STATISTICS)
            assert connection.read().startswith(b"Uptime: ")
        for code in (5, 11, 29, 99, 200):
            answers = []
            for connection in (wire, direct):
                connection.command(code)
                answers.append(w.decode_error(connection.read()))
            assert answers[0] == answers[1], code
        assert w.first_value(wire.query("select 1")) == "1"


def test_empty_and_blank_queries_read_as_direct(wire, cluster):
    with w.Wire("127.0.0.1", cluster.primary.port, "app", "app-secret", "test") as direct:
        for text in ("", " ", ";", "-- x", "/* only a comment */", "\0", "select 1;", "select 1;;", "select 'a", "/* open"):
            assert wire.query(text) == direct.query(text), repr(text)


# -- size ---------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("size", [0xFFFFFF - 20, 0xFFFFFF, 0xFFFFFF + 1, 20 * MIB, 2 * 0xFFFFFF, 34 * MIB])
def test_packets_beyond_16_mib_pass_both_ways(wire, size):
    text = random.Random(size).randbytes(KIB).hex().encode() * (size // (2 * KIB) + 1)
    text = text[:size]
    reply = wire.query(b"select '" + text + b"' as big, 1 as small")
    assert reply[0]["kind"] == "rows", reply
    assert hashlib.sha1(reply[0]["rows"][0][0]).digest() == hashlib.sha1(text).digest()
    assert reply[0]["rows"][0][1] == b"1"
    assert w.first_value(wire.query("select 2")) == "2"


@pytest.mark.parametrize("exact", [0xFFFFFF, 2 * 0xFFFFFF])
def test_a_command_of_exactly_16_mib_minus_one_has_an_empty_last_piece(wire, exact):
    command = b"select length('%s')"
    text = b"y" * (exact - 1 - len(command) + 2)
    payload = command % text
    assert len(payload) + 1 == exact
    assert w.first_value(wire.query(payload)) == str(len(text))


def test_a_big_blob_is_stored_and_read_back(gateway, cluster):
    blob = random.Random(7).randbytes(18 * MIB)
    with gateway.connect(max_allowed_packet=64 * MIB) as connection:
        run(connection, "drop table if exists hf_big", "create table hf_big (id int primary key, b longblob)")
        with connection.cursor() as cursor:
            cursor.execute("insert into hf_big values (1, %s)", (blob,))
        cluster.settle()
        assert hashlib.sha1(value(connection, "select b from hf_big")).digest() == hashlib.sha1(blob).digest()
        run(connection, "drop table hf_big")


def test_a_packet_beyond_max_allowed_packet_harms_only_its_session(gateway, cluster):
    """A server answers 1153 and closes, often before the client has sent all: both count as the same refusal."""
    for server in cluster.servers:
        server.query("set global max_allowed_packet = 1048576")
    try:
        with w.Wire("127.0.0.1", gateway.port(), "app", "app-secret", "test") as wire:
            try:
                reply = wire.query(b"select length('" + b"z" * (3 * MIB) + b"')")[0]
                # A pooled connection keeps the limit it was opened with; a new one refuses.
                assert reply.get("kind") == "rows" or reply["code"] in (1153, 2013)
            except ConnectionError:
                pass
        with gateway.connect() as connection:
            assert value(connection, "select 1") == 1
            assert value(connection, "/* holdfast: primary */ select 1") == 1
    finally:
        for server in cluster.servers:
            server.query("set global max_allowed_packet = 134217728")


def test_many_rows_stream_through(gateway):
    import pymysql.cursors
    with gateway.connect() as connection, connection.cursor(pymysql.cursors.SSCursor) as cursor:
        cursor.execute("select seq, repeat('r', 50) from seq_1_to_300000")
        expected = 1
        for number, text in cursor:
            assert number == expected and len(text) == 50
            expected += 1
        assert expected == 300001


def test_a_slow_reader_does_not_disturb_others(gateway):
    """One client asks for 200 MB and reads nothing: the others go on, and it gets every row once it reads."""
    with w.Wire("127.0.0.1", gateway.port(), "app", "app-secret", "test") as slow:
        slow.command(w.COM_QUERY, b"select seq, repeat('s', 1000) from seq_1_to_200000")
        with gateway.connect() as connection:
            for number in range(200):
                assert value(connection, f"select {number}") == number
        result = slow._result(slow._text_row, b"")
        assert len(result["rows"]) == 200_000 and result["rows"][-1][0] == b"200000"


def test_1000_columns_and_1000_parameters(wire):
    reply = wire.query("select " + ", ".join(f"{i} as c{i}" for i in range(1000)))
    assert [c["name"] for c in reply[0]["columns"]] == [f"c{i}" for i in range(1000)]
    statement = wire.prepare("select " + ", ".join("?" * 1000))
    assert len(statement["params"]) == 1000
    reply = wire.execute(statement, [1] * 1000)
    assert reply[0]["kind"] == "rows"


# -- odd clients ---------------------------------------------------------------------------------------------------------

def test_compression_is_never_half_agreed(gateway):
    """A client that asks for compression must get it or must see that it is not offered; never garbage."""
    with w.Wire("127.0.0.1", gateway.port(), "app", "app-secret", "test",
                capabilities=w.DEFAULT_CAPABILITIES | w.COMPRESS) as wire:
        if not wire.capabilities & w.COMPRESS:
            assert w.first_value(wire.query("select 1")) == "1"
    import MySQLdb
    connection = MySQLdb.connect(host="127.0.0.1", port=gateway.port(), user="app", passwd="app-secret", compress=True)
    cursor = connection.cursor()
    cursor.execute("select repeat('c', 100000)")
    assert cursor.fetchone() == ("c" * 100000,)
    connection.close()


@pytest.mark.gateway
def test_a_client_that_insists_on_compression_is_refused(gateway):
    """It set the flag although the greeting does not offer it: an error packet or plain traffic, no hang."""
    with socket.create_connection(("127.0.0.1", gateway.port()), 10) as raw:
        raw.settimeout(10)
        greeting = w.decode_greeting(raw.recv(4096)[4:])
        assert not greeting["capabilities"] & w.COMPRESS
        packet = w.login_packet(greeting, "app", "app-secret", "test", w.DEFAULT_CAPABILITIES | w.COMPRESS)
        raw.sendall(len(packet).to_bytes(3, "little") + b"\1" + packet)
        assert raw.recv(4096)[4:5] in (b"\x00", b"\xff")


HOSTILE = [b"", b"\0", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\xff" * 4096, b"\x00\x00\x00\x01", b"\xff\xff\xff\x01" + b"A" * 70000,
           b"\x05\x00\x00\x01\x00\x00\x00\x00\x00", b"\x20\x00\x00\x07" + b"\0" * 32, struct.pack("<I", 40) + b"\x85" * 40]


@pytest.mark.gateway
@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_garbage_instead_of_a_login_harms_nobody(gateway, number):
    with socket.create_connection(("127.0.0.1", gateway.port()), 10) as raw:
        raw.settimeout(10)
        raw.recv(4096)
        raw.sendall(HOSTILE[number])
        try:
            raw.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the gateway has hung up already
        try:
            while raw.recv(65536):
                pass
        except ConnectionResetError:
            pass
    with gateway.connect() as connection:
        assert value(connection, "select 1") == 1
    assert gateway.running()


@pytest.mark.gateway
def test_random_bytes_after_login_harm_nobody(gateway):
    random_bytes = random.Random(42)
    for _ in range(60):
        with w.Wire("127.0.0.1", gateway.port(), "app", "app-secret", "test", seconds=5) as wire:
            payload = random_bytes.randbytes(random_bytes.choice((1, 3, 9, 40, 300)))
            if payload[:1] in (b"\x01", b"\x08"):
                continue
            try:
                wire.socket.sendall(len(payload).to_bytes(3, "little") + bytes([random_bytes.choice((0, 0, 1))]) + payload)
                wire.socket.shutdown(socket.SHUT_WR)
                while wire.socket.recv(65536):
                    pass
            except OSError:
                pass
    with gateway.connect() as connection:
        assert value(connection, "select 1") == 1


@pytest.mark.gateway
def test_a_thousand_logins_leave_no_client_behind(gateway):
    for _ in range(1000):
        gateway.connect().close()
    eventually(lambda: gateway.service()["counters"]["clients"] == 0, "the clients to be counted out", 5)


@pytest.mark.gateway
def test_more_clients_than_server_connections(make_gateway):
    """200 clients share 10 connections per server: they wait for each other, nobody fails."""
    gateway = make_gateway(max_server_connections=10)
    clients = [gateway.connect() for _ in range(200)]
    try:
        for turn in range(3):
            for number, client in enumerate(clients):
                assert value(client, f"select {number + turn}") == number + turn
        for server in gateway.cluster.servers:
            open_now = gateway.server(server.name)["counters"]["connections"]
            assert open_now <= 10, (server.name, open_now)
    finally:
        for client in clients:
            client.close()


def test_a_syntax_error_keeps_the_session(gateway):
    with gateway.connect() as connection:
        run(connection, "set @a = 5")
        assert error_of(run, connection, "selekt 1")[0] == 1064
        assert error_of(run, connection, "select * from nowhere.at_all")[0] in (1142, 1146)
        assert rows(connection, "select @a") == ((5,),)


@pytest.mark.gateway
def test_the_binary_log_streams_through(make_gateway, cluster, table):
    """mariadb-binlog as a replica: COM_BINLOG_DUMP on a connection of its own gives what the primary gives directly."""
    cluster.primary.query(f"insert into test.{table} (v) values ('in the log')", "flush binary logs")
    gateway = make_gateway(users="servers")
    first = cluster.primary.query("show binary logs")[0][0]

    def dump(port):
        done = subprocess.run(["mariadb-binlog", "--no-defaults", "--read-from-remote-server", "-h127.0.0.1", f"-P{port}", "-urepl",
                               "-prepl-secret", "--base64-output=decode-rows", "-v", first], capture_output=True, encoding="latin-1", timeout=60)
        assert done.returncode == 0, done.stderr
        return [line for line in done.stdout.splitlines() if not line.startswith("#") and "pseudo_thread_id" not in line]
    through = dump(gateway.port("write"))
    assert through == dump(cluster.primary.port) and len(through) > 50
