"""A small MySQL client that hides nothing: every field of every packet is a value that tests compare.

    with Wire(host, port, user, password, "test") as wire:
        reply = wire.query("select 1 as a")         # Reply: a list of results in the order of the wire
        statement = wire.prepare("select ?")
        reply = wire.execute(statement, [42])

Blocking sockets, one connection per object, no thread safety. Written from the public protocol description.
"""
import hashlib
import socket
import struct

from . import ed25519

LONG_PASSWORD, FOUND_ROWS, LONG_FLAG, CONNECT_WITH_DB = 1, 2, 4, 8
COMPRESS, LOCAL_FILES, IGNORE_SPACE, PROTOCOL_41, INTERACTIVE, SSL = 32, 128, 256, 512, 1024, 2048
TRANSACTIONS, SECURE_CONNECTION = 8192, 32768
MULTI_STATEMENTS, MULTI_RESULTS, PS_MULTI_RESULTS, PLUGIN_AUTH = 1 << 16, 1 << 17, 1 << 18, 1 << 19
CONNECT_ATTRS, SESSION_TRACK, DEPRECATE_EOF = 1 << 20, 1 << 23, 1 << 24
EXTENDED_STMT_BULK = 4  # of MariaDB's extended ones

DEFAULT_CAPABILITIES = (LONG_PASSWORD | LONG_FLAG | LOCAL_FILES | PROTOCOL_41 | TRANSACTIONS | SECURE_CONNECTION |
                        MULTI_STATEMENTS | MULTI_RESULTS | PS_MULTI_RESULTS | PLUGIN_AUTH)

STATUS_MORE_RESULTS, STATUS_CURSOR_EXISTS, STATUS_LAST_ROW_SENT = 8, 64, 128
(COM_QUIT, COM_INIT_DB, COM_QUERY, COM_FIELD_LIST, COM_STATISTICS, COM_PROCESS_KILL, COM_PING, COM_CHANGE_USER,
 COM_STMT_PREPARE, COM_STMT_EXECUTE, COM_STMT_SEND_LONG_DATA, COM_STMT_CLOSE, COM_STMT_RESET, COM_SET_OPTION,
 COM_STMT_FETCH, COM_RESET_CONNECTION, COM_STMT_BULK_EXECUTE) = (1, 2, 3, 4, 9, 12, 14, 17, 22, 23, 24, 25, 26, 27, 28, 31, 250)


def in_fixed_order(session_state):
    """The changes of an OK packet, sorted: the order in which a server tells them differs from process to process."""
    entries = []
    while session_state:
        end = 2 + session_state[1]
        if session_state[1] > 250:  # longer than any change of a test: leave the rest as it is
            end = len(session_state)
        entries.append(session_state[:end])
        session_state = session_state[end:]
    return b"".join(sorted(entries))


class ServerError(Exception):
    """An ERR packet outside a reply: at login, or on a dead session."""

    def __init__(self, error):
        super().__init__(f"{error['code']} ({error['state']}): {error['text']}")
        self.code, self.state, self.text = error["code"], error["state"], error["text"]


class Cursor:
    """Reads the fields of one packet."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def left(self):
        return len(self.data) - self.at

    def bytes(self, count):
        if count > self.left():
            raise ValueError(f"packet too short: {self.data[:64]!r}")
        self.at += count
        return self.data[self.at - count:self.at]

    def integer(self, count):
        return int.from_bytes(self.bytes(count), "little")

    def lenenc(self):
        first = self.integer(1)
        if first < 0xFB:
            return first
        return {0xFB: lambda: None, 0xFC: lambda: self.integer(2), 0xFD: lambda: self.integer(3),
                0xFE: lambda: self.integer(8)}[first]()

    def string(self):
        length = self.lenenc()
        return None if length is None else self.bytes(length)

    def until_nul(self):
        end = self.data.index(0, self.at)
        value = self.data[self.at:end]
        self.at = end + 1
        return value

    def rest(self):
        return self.bytes(self.left())


def lenenc(value):
    if value < 0xFB:
        return bytes([value])
    if value < 1 << 16:
        return b"\xfc" + value.to_bytes(2, "little")
    if value < 1 << 24:
        return b"\xfd" + value.to_bytes(3, "little")
    return b"\xfe" + value.to_bytes(8, "little")


def native_proof(password, nonce):
    if not password:
        return b""
    once = hashlib.sha1(password.encode()).digest()
    mixed = hashlib.sha1(nonce[:20] + hashlib.sha1(once).digest()).digest()
    return bytes(a ^ b for a, b in zip(once, mixed))


def login_packet(greeting, user, password, database, capabilities, charset=45, plugin="mysql_native_password", proof=None, extended=0):
    """HandshakeResponse41 for a decoded greeting. A proof of one's own goes with another plugin; MariaDB's extended capabilities are read
    of a client that is not MySQL's."""
    if extended:
        capabilities &= ~LONG_PASSWORD
    if database is not None:
        capabilities |= CONNECT_WITH_DB
    if proof is None:
        proof = native_proof(password, greeting["nonce"])
    packet = struct.pack("<IIB19xI", capabilities, 1 << 30, charset, extended) + user.encode() + b"\0"
    packet += bytes([len(proof)]) + proof
    if database is not None:
        packet += database.encode() + b"\0"
    if capabilities & PLUGIN_AUTH:
        packet += plugin.encode() + b"\0"
    return packet


def decode_greeting(data):
    cursor = Cursor(data)
    if data[:1] == b"\xff":
        raise ServerError(decode_error(data, sqlstate=data[3:4] == b"#"))
    greeting = {"protocol": cursor.integer(1), "version": cursor.until_nul().decode(), "thread": cursor.integer(4)}
    nonce = cursor.bytes(8)
    cursor.integer(1)
    capabilities = cursor.integer(2)
    greeting["charset"], greeting["status"] = cursor.integer(1), cursor.integer(2)
    capabilities |= cursor.integer(2) << 16
    length = cursor.integer(1)
    cursor.bytes(6)
    greeting["extended"] = cursor.integer(4)
    nonce += cursor.bytes(max(13, length - 8))
    greeting["plugin"] = cursor.until_nul().decode() if capabilities & PLUGIN_AUTH else ""
    greeting["nonce"], greeting["capabilities"] = nonce[:20], capabilities
    return greeting


def decode_error(data, sqlstate=True):
    code = int.from_bytes(data[1:3], "little")
    if sqlstate and data[3:4] == b"#":
        return {"kind": "error", "code": code, "state": data[4:9].decode(), "text": data[9:].decode(errors="replace")}
    return {"kind": "error", "code": code, "state": "", "text": data[3:].decode(errors="replace")}


def decode_ok(data, capabilities):
    cursor = Cursor(data)
    cursor.integer(1)
    ok = {"kind": "ok", "affected": cursor.lenenc(), "insert_id": cursor.lenenc(), "status": cursor.integer(2),
          "warnings": cursor.integer(2)}
    if capabilities & SESSION_TRACK:
        ok["info"] = cursor.string() if cursor.left() else b""
        ok["session"] = in_fixed_order(cursor.string()) if cursor.left() and ok["status"] & 0x4000 else b""
    else:
        ok["info"] = cursor.rest()
    return ok


def decode_eof(data):
    return {"kind": "eof", "warnings": int.from_bytes(data[1:3], "little"), "status": int.from_bytes(data[3:5], "little")}


def decode_column(data):
    cursor = Cursor(data)
    names = [cursor.string().decode(errors="replace") for _ in range(6)]
    column = dict(zip(("catalog", "schema", "table", "org_table", "name", "org_name"), names))
    column["fixed"] = cursor.lenenc()
    column["charset"], column["length"], column["type"] = cursor.integer(2), cursor.integer(4), cursor.integer(1)
    column["flags"], column["decimals"] = cursor.integer(2), cursor.integer(1)
    column["rest"] = cursor.rest()
    return column


class Wire:
    """One connection. `last_status` is the status word of the last OK or EOF."""

    def __init__(self, host, port, user, password, database=None, capabilities=DEFAULT_CAPABILITIES, charset=45,
                 seconds=60, unix_socket=None, source=None, extended=0):
        self.capabilities, self.sequence, self.last_status = capabilities, 0, 0
        self._input = bytearray()
        if unix_socket:
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.socket.settimeout(seconds)
            self.socket.connect(unix_socket)
        else:
            self.socket = socket.create_connection((host, port), seconds, source and (source, 0))
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self.greeting = decode_greeting(self.read())
            self.capabilities &= self.greeting["capabilities"] | LONG_PASSWORD
            self.write(login_packet(self.greeting, user, password, database, self.capabilities, charset, extended=extended))
            self.login = self._finish_login(password)
        except BaseException:
            self.socket.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        try:
            self.command(COM_QUIT)
        except OSError:
            pass
        self.socket.close()

    def leave(self, seconds=5):
        """As close(), but the other side is through with it, too: what it had of a pool is free."""
        try:
            self.command(COM_QUIT)
            self.socket.settimeout(seconds)
            while self.socket.recv(65536):
                pass
        except OSError:
            pass
        self.socket.close()

    # -- packets ------------------------------------------------------------------------------------------------------

    def read(self):
        """One logical packet; 16 MiB pieces are joined; a wrong sequence id is an error."""
        whole = b""
        while True:
            header = self._exactly(4)
            length, sequence = int.from_bytes(header[:3], "little"), header[3]
            if sequence != self.sequence:
                raise ValueError(f"sequence id {sequence} instead of {self.sequence}")
            self.sequence = (sequence + 1) & 255
            piece = self._exactly(length)
            if length < 0xFFFFFF:
                return whole + piece if whole else piece
            whole += piece

    def _exactly(self, count):
        while len(self._input) < count:
            data = self.socket.recv(1 << 16)
            if not data:
                raise ConnectionError("the server closed the connection")
            self._input += data
        value = bytes(self._input[:count])
        del self._input[:count]
        return value

    def write(self, payload):
        out = []
        while True:
            piece, payload = payload[:0xFFFFFF], payload[0xFFFFFF:]
            out.append(len(piece).to_bytes(3, "little") + bytes([self.sequence]) + piece)
            self.sequence = (self.sequence + 1) & 255
            if len(piece) < 0xFFFFFF:
                break
        self.socket.sendall(b"".join(out))

    def command(self, code, payload=b""):
        self.sequence = 0
        self.write(bytes([code]) + payload)

    def _finish_login(self, password):
        data = self.read()
        if data[:1] == b"\xfe":  # authentication switch
            cursor = Cursor(data)
            cursor.integer(1)
            plugin = cursor.until_nul().decode()
            proofs = {"mysql_native_password": native_proof, "client_ed25519": lambda word, nonce: ed25519.proof(word, nonce[:32])}
            if plugin not in proofs:
                raise NotImplementedError(f"login by {plugin}")
            self.write(proofs[plugin](password, cursor.rest()))
            data = self.read()
        if data[:1] == b"\xff":
            raise ServerError(decode_error(data))
        ok = decode_ok(data, self.capabilities)
        self.last_status = ok["status"]
        return ok

    # -- commands -----------------------------------------------------------------------------------------------------

    def query(self, sql, local_data=b""):
        """COM_QUERY. A LOAD DATA LOCAL request of the server is answered with local_data."""
        self.command(COM_QUERY, sql.encode() if isinstance(sql, str) else sql)
        return self._results(self._text_row, local_data)

    def init_db(self, name):
        self.command(COM_INIT_DB, name.encode())
        return self._results(None)

    def ping(self):
        self.command(COM_PING)
        return self._results(None)

    def reset_connection(self):
        self.command(COM_RESET_CONNECTION)
        return self._results(None)

    def kill(self, thread):
        self.command(COM_PROCESS_KILL, struct.pack("<I", thread))
        return self._results(None)

    def set_option(self, option):
        self.command(COM_SET_OPTION, struct.pack("<H", option))
        return self._results(None)

    def change_user(self, user, password, database="", charset=45):
        proof = native_proof(password, self.greeting["nonce"])
        self.command(COM_CHANGE_USER, user.encode() + b"\0" + bytes([len(proof)]) + proof + database.encode() + b"\0" +
                     struct.pack("<H", charset) + b"mysql_native_password\0")
        try:
            return [self._finish_login(password)]
        except ServerError as failure:
            return [{"kind": "error", "code": failure.code, "state": failure.state, "text": failure.text}]

    def field_list(self, table):
        self.command(COM_FIELD_LIST, table.encode() + b"\0")
        columns = []
        while True:
            data = self.read()
            if data[:1] == b"\xff":
                return [decode_error(data)]
            if self._is_end(data):
                return [{"kind": "fields", "columns": columns}]
            columns.append(decode_column(data))

    def prepare(self, sql):
        """COM_STMT_PREPARE: {"kind": "prepared", "id", "params", "columns", "warnings"} or an error."""
        self.command(COM_STMT_PREPARE, sql.encode())
        return self._prepared()

    def prepare_and_execute(self, sql, values=()):
        """COM_STMT_PREPARE and the COM_STMT_EXECUTE of what is just being prepared, sent at once: (statement, replies)."""
        self.command(COM_STMT_PREPARE, sql.encode())
        self.command(COM_STMT_EXECUTE, self.execute_payload({"id": 0xFFFFFFFF}, values))
        self.sequence = 1
        statement = self._prepared()
        self.sequence = 1
        return statement, self._results(self._binary_row)

    def pipeline(self, texts):
        """COM_QUERY after COM_QUERY without waiting; the replies of each."""
        for sql in texts:
            self.command(COM_QUERY, sql.encode())
        replies = []
        for _ in texts:
            self.sequence = 1
            replies += self._results(self._text_row)
        return replies

    def _prepared(self):
        data = self.read()
        if data[:1] == b"\xff":
            return decode_error(data)
        cursor = Cursor(data)
        cursor.integer(1)
        statement = {"kind": "prepared", "id": cursor.integer(4)}
        columns, params = cursor.integer(2), cursor.integer(2)
        cursor.integer(1)
        statement["warnings"] = cursor.integer(2)
        statement["params"] = self._definitions(params)
        statement["columns"] = self._definitions(columns)
        return statement

    def _definitions(self, count):
        found = [decode_column(self.read()) for _ in range(count)]
        if count and not self.capabilities & DEPRECATE_EOF:
            self.last_status = decode_eof(self.read())["status"]
        return found

    def execute(self, statement, values=(), cursor_type=0):
        """COM_STMT_EXECUTE. Values: None, int, float, str, bytes or (type, unsigned, raw bytes)."""
        self.command(COM_STMT_EXECUTE, self.execute_payload(statement, values, cursor_type))
        return self._results(self._binary_row)

    @staticmethod
    def execute_payload(statement, values=(), cursor_type=0):
        payload = struct.pack("<IBI", statement["id"], cursor_type, 1)
        if values:
            nulls, types, data = bytearray((len(values) + 7) // 8), b"", b""
            for index, value in enumerate(values):
                kind, flag, raw = encode_value(value)
                if value is None:
                    nulls[index // 8] |= 1 << (index % 8)
                types += bytes([kind, flag])
                data += raw
            payload += bytes(nulls) + b"\1" + types + data
        return payload

    def fetch(self, statement, count):
        """COM_STMT_FETCH: (rows, end) or (None, error)."""
        self.command(COM_STMT_FETCH, struct.pack("<II", statement["id"], count))
        rows = []
        while True:
            data = self.read()
            if data[:1] == b"\xff":
                return None, decode_error(data)
            if self._is_end(data):
                return rows, self._decode_end(data)
            rows.append(data)

    def send_long_data(self, statement, index, data):
        self.command(COM_STMT_SEND_LONG_DATA, struct.pack("<IH", statement["id"], index) + data)

    def close_statement(self, statement):
        self.command(COM_STMT_CLOSE, struct.pack("<I", statement["id"]))

    def reset_statement(self, statement):
        self.command(COM_STMT_RESET, struct.pack("<I", statement["id"]))
        return self._results(None)

    # -- replies ------------------------------------------------------------------------------------------------------

    def _results(self, read_row, local_data=b""):
        results = []
        while True:
            result = self._result(read_row, local_data)
            results.append(result)
            if result["kind"] == "error" or not self.last_status & STATUS_MORE_RESULTS:
                return results

    def _result(self, read_row, local_data):
        data = self.read()
        if data[:1] == b"\xff":
            self.last_status = 0
            return decode_error(data)
        if data[:1] == b"\x00" or (data[:1] == b"\xfe" and len(data) < 9):
            result = decode_ok(data, self.capabilities) if data[:1] == b"\x00" else decode_eof(data)
            self.last_status = result["status"]
            return result
        if data[:1] == b"\xfb":
            if local_data:
                self.write(local_data)
            self.write(b"")
            return self._result(read_row, b"")
        count = Cursor(data).lenenc()
        columns = [decode_column(self.read()) for _ in range(count)]
        result = {"kind": "rows", "columns": columns, "rows": []}
        if not self.capabilities & DEPRECATE_EOF:
            result["middle"] = decode_eof(self.read())
            if result["middle"]["status"] & STATUS_CURSOR_EXISTS:
                self.last_status = result["middle"]["status"]
                return result
        return self._rows(result, read_row)

    def _rows(self, result, read_row):
        while True:
            data = self.read()
            if data[:1] == b"\xff":
                self.last_status = 0
                result["end"] = decode_error(data)
                return result
            if self._is_end(data):
                result["end"] = self._decode_end(data)
                return result
            result["rows"].append(read_row(data, len(result["columns"])))

    def _is_end(self, data):
        return data[:1] == b"\xfe" and len(data) < (0xFFFFFF if self.capabilities & DEPRECATE_EOF else 9)

    def _decode_end(self, data):
        end = decode_ok(data, self.capabilities) if self.capabilities & DEPRECATE_EOF else decode_eof(data)
        self.last_status = end["status"]
        return end

    @staticmethod
    def _text_row(data, count):
        cursor = Cursor(data)
        return tuple(cursor.string() for _ in range(count))

    @staticmethod
    def _binary_row(data, _count):
        return data


def encode_value(value):
    """(type, unsigned flag, bytes) of a parameter in the binary protocol."""
    if value is None:
        return 6, 0, b""
    if isinstance(value, tuple):
        return value
    if isinstance(value, bool):
        return 1, 0, bytes([value])
    if isinstance(value, int):
        if value > 0x7FFFFFFFFFFFFFFF:
            return 8, 0x80, value.to_bytes(8, "little")
        return 8, 0, value.to_bytes(8, "little", signed=True)
    if isinstance(value, float):
        return 5, 0, struct.pack("<d", value)
    if isinstance(value, str):
        raw = value.encode()
        return 253, 0, lenenc(len(raw)) + raw
    return 252, 0, lenenc(len(value)) + value


def first_value(reply):
    """The only value of a one-row, one-column reply, as text."""
    assert reply[0]["kind"] == "rows", reply
    value = reply[0]["rows"][0][0]
    return None if value is None else value.decode()
