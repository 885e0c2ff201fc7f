"""One session of the interleaved differential test: performs steps on a Wire and returns what the client saw of each.

A step is a tuple that survives JSON:
    ("connect", {"user", "schema", "capabilities", "charset"})   ("quit",)   ("cut",)      a clean end, an end without COM_QUIT
    ("query", sql)   ("prepared", sql, values)                   the latter prepares, executes and closes
    ("direct", sql, values)   ("pipeline", [sql, …])            prepare and execute, or several texts, sent without waiting
    ("bytes", hex)   ("padded", size, sql)                       a text that is no UTF-8; a text behind a comment of that size
    ("prepare", handle, sql)   ("execute", handle, values)   ("close", handle)   ("reset_statement", handle)
    ("long_data", handle, parameter, size)   ("open_cursor", handle, values)   ("fetch", handle, rows)
    ("init_db", schema)   ("reset",)   ("change_user", user, schema, collation)   ("set_option", number)   ("ping",)
    ("field_list", table)   ("pause", seconds)                   a pause is left out on the direct side
    ("root", sql)   ("everywhere", sql)                          by the administrator, on the primary or on every server

Steps of the session ADMINISTRATOR happen to all: each session alone sees them at the same places of its script.

Invariants:
  1. perform() never raises for what a server or gateway does: a lost connection, silence and broken packets are observations.
  2. A step whose handle or connection is missing does nothing and says so, so any part of a script is a script.
"""
import socket

from . import wire as protocol
from .wire import ServerError, Wire

SILENCE = 40  # seconds without an answer; longer than any wait that a server or gateway is configured for
NOTICED = 1.5  # seconds after which a gateway knows a global that was changed behind its back; it looks every second
CURSOR_READ_ONLY = 1
CLASSIC = protocol.DEFAULT_CAPABILITIES
MODERN = CLASSIC | protocol.DEPRECATE_EOF | protocol.SESSION_TRACK
CAPABILITIES = {
    "classic": CLASSIC, "modern": MODERN, "found-rows": CLASSIC | protocol.FOUND_ROWS, "ignore-space": CLASSIC | protocol.IGNORE_SPACE,
    "interactive": MODERN | protocol.INTERACTIVE, "single": CLASSIC & ~protocol.MULTI_STATEMENTS,
    "deprecate-eof": CLASSIC | protocol.DEPRECATE_EOF, "tracking": CLASSIC | protocol.SESSION_TRACK,
}
PASSWORDS = {"app": "app-secret", "app_two": "two-secret", "boss": "boss-secret"}
ADMINISTRATOR = -1
MISSING = [{"kind": "no such handle"}]


class Client:
    """administrator: .one(sql) and .everywhere(sql), for root's steps. pause: how to pass time, None on the direct side."""

    def __init__(self, port, administrator, pause=None):
        self._port, self._administrator, self._pause = port, administrator, pause
        self._wire, self._handles = None, {}
        self.tracks = False  # asked for session tracking

    def perform(self, step):
        kind, arguments = step[0], step[1:]
        if kind == "connect":
            return self._connect(*arguments)
        if kind == "root":
            return self._administrator.one(*arguments)
        if kind == "everywhere":
            found = self._administrator.everywhere(*arguments)
            if self._pause:
                self._pause(NOTICED)
            return found
        if kind == "pause":
            if self._pause:
                self._pause(*arguments)
            return []
        if self._wire is None:
            return [{"kind": "not connected"}]
        try:
            return getattr(self, "_" + kind)(*arguments)
        except socket.timeout:
            return self._lost("silence")
        except (OSError, ConnectionError):
            return self._lost("closed")
        except (ValueError, IndexError, KeyError) as failure:
            return self._lost(f"broken packet: {failure}")

    def leave(self):
        if self._wire is not None:
            self._quit()

    def _lost(self, how):
        self._wire.socket.close()
        self._wire, self._handles = None, {}
        return [{"kind": how}]

    def _connect(self, login):
        if self._wire is not None:
            return [{"kind": "connected already"}]
        try:
            self._wire = Wire("127.0.0.1", self._port, login["user"], PASSWORDS[login["user"]], login["schema"],
                              capabilities=CAPABILITIES[login["capabilities"]], charset=login["charset"], seconds=SILENCE)
        except ServerError as refused:
            return [{"kind": "refused", "code": refused.code, "state": refused.state, "text": refused.text}]
        except OSError as failure:
            return [{"kind": "no login", "why": type(failure).__name__}]
        self.tracks = bool(self._wire.capabilities & protocol.SESSION_TRACK)
        if self._pause is None:  # a server may begin with the FOUND_ROWS() of an earlier connection; a gateway begins with 1, as most do
            self._wire.query("select 1")
            self._wire.query("do 0")
        return [{"kind": "greeting", **self._wire.greeting}, self._wire.login]

    def _quit(self):
        self._wire.close()
        self._wire, self._handles = None, {}
        return []

    def _cut(self):
        self._wire.socket.close()
        self._wire, self._handles = None, {}
        return []

    # -- commands -----------------------------------------------------------------------------------------------------

    def _query(self, sql):
        return self._wire.query(sql, local_data=b"501\tone\n502\ttwo\n")

    def _prepared(self, sql, values):
        statement = self._wire.prepare(sql)
        if statement["kind"] == "error":
            return [statement]
        replies = [statement] + self._wire.execute(statement, values)
        self._wire.close_statement(statement)
        return replies

    def _direct(self, sql, values):
        statement, replies = self._wire.prepare_and_execute(sql, values)
        if statement["kind"] == "prepared":
            self._wire.close_statement(statement)
        return [statement] + replies

    def _pipeline(self, texts):
        return self._wire.pipeline(texts)

    def _bytes(self, text):
        return self._wire.query(bytes.fromhex(text))

    def _padded(self, size, sql):
        return self._wire.query("/*" + "x" * size + "*/ " + sql)

    def _prepare(self, handle, sql):
        statement = self._wire.prepare(sql)
        if statement["kind"] == "prepared":
            self._handles[handle] = statement
        return [statement]

    def _on(self, handle, act):
        statement = self._handles.get(handle)
        return MISSING if statement is None else act(statement) or []

    def _execute(self, handle, values):
        return self._on(handle, lambda statement: self._wire.execute(statement, values))

    def _open_cursor(self, handle, values):
        return self._on(handle, lambda statement: self._wire.execute(statement, values, CURSOR_READ_ONLY))

    def _fetch(self, handle, rows):
        return self._on(handle, lambda statement: list(self._wire.fetch(statement, rows)))

    def _long_data(self, handle, parameter, size):
        return self._on(handle, lambda statement: self._wire.send_long_data(statement, parameter, b"d" * size))

    def _execute_long(self, handle, values):
        """As execute, but the parameter None was sent as long data."""
        values = [(252, 0, b"") if value is None else value for value in values]
        return self._on(handle, lambda statement: self._wire.execute(statement, values))

    def _reset_statement(self, handle):
        return self._on(handle, self._wire.reset_statement)

    def _close(self, handle):
        found = self._on(handle, self._wire.close_statement)
        self._handles.pop(handle, None)
        return found

    def _init_db(self, schema):
        return self._wire.init_db(schema)

    def _reset(self):
        return self._wire.reset_connection()

    def _change_user(self, user, schema, collation):
        return self._wire.change_user(user, PASSWORDS[user], schema, collation)

    def _set_option(self, number):
        return self._wire.set_option(number)

    def _ping(self):
        return self._wire.ping()

    def _field_list(self, table):
        return self._wire.field_list(table)
