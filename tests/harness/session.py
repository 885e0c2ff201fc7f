"""A client for tests that compare answers: the wire client, its replies as short plain values, text and binary alike.

    with Session(port) as session:
        session.value("select 1")              # "1"
        session.ask("select * from nosuch")    # [("error", 1146)]
        session.binary("select ?", 7)          # [[("7",)]]: prepared, executed, closed

A result is a list of rows of texts (None for NULL), ("ok", affected, insert id), or ("error", code).
"""
import struct

from . import mariadb
from .ports import LOOPBACK
from .wire import DEFAULT_CAPABILITIES, DEPRECATE_EOF, SESSION_TRACK, Cursor, ServerError, Wire

MODERN = DEFAULT_CAPABILITIES | DEPRECATE_EOF | SESSION_TRACK
LOST = ("lost",)  # the connection ended instead of an answer
UNSIGNED = 32
INTEGERS = {1: 1, 2: 2, 13: 2, 9: 4, 3: 4, 8: 8}
FLOATS = {4: "<f", 5: "<d"}
TIMES = (7, 10, 11, 12)


class Session(Wire):
    def __init__(self, port, user=mariadb.APP_USER, password=mariadb.APP_PASSWORD, database=mariadb.SCHEMA, **options):
        super().__init__(LOOPBACK, port, user, password, database, **options)

    def __exit__(self, *_):
        self.leave()  # whoever comes next finds the connections that this one had

    def ask(self, sql):
        """All results of a text, in order."""
        return self._short(lambda: self.query(sql))

    def one(self, sql):
        """The first result of a text."""
        return self.ask(sql)[0]

    def value(self, sql):
        """The first value of the first row; an error or an OK as it is."""
        return first(self.one(sql))

    def run(self, *texts):
        """Texts that must succeed; the last result."""
        for text in texts:
            results = self.ask(text)
            assert not any(failed(result) for result in results), (text, results)
        return results[-1]

    def binary(self, sql, *values):
        """All results of a statement that is prepared, executed once and closed."""
        try:
            statement = self.prepare(sql)
        except OSError:
            return [LOST]
        if statement["kind"] == "error":
            return [("error", statement["code"])]
        results = self.executed(statement, *values)
        try:
            self.close_statement(statement)
        except OSError:  # the statement was the session's last
            pass
        return results

    def executed(self, statement, *values, **options):
        """All results of one execution of a prepared statement."""
        return self._short(lambda: self.execute(statement, values, **options))

    def did(self, action, *arguments):
        """The first result of a command: session.did(session.ping)."""
        return self._short(lambda: action(*arguments))[0]

    @staticmethod
    def _short(action):
        try:
            return [short(result) for result in action()]
        except OSError:
            return [LOST]


def short(result):
    if result["kind"] == "error":
        return ("error", result["code"])
    if result["kind"] == "ok":
        return ("ok", result["affected"], result["insert_id"])
    if result["kind"] != "rows":
        return result
    if result.get("end", {}).get("kind") == "error":
        return ("error", result["end"]["code"])
    return [texts(row, result["columns"]) for row in result["rows"]]


def texts(row, columns):
    """A row of either protocol as texts."""
    if isinstance(row, tuple):
        return tuple(None if value is None else value.decode(errors="replace") for value in row)
    return tuple(binary_values(row, columns))


def binary_values(row, columns):
    cursor = Cursor(row)
    cursor.bytes(1)
    nulls = cursor.bytes((len(columns) + 9) // 8)
    for index, column in enumerate(columns, 2):
        if nulls[index // 8] >> (index % 8) & 1:
            yield None
        elif column["type"] in INTEGERS:
            raw = cursor.bytes(INTEGERS[column["type"]])
            yield str(int.from_bytes(raw, "little", signed=not column["flags"] & UNSIGNED))
        elif column["type"] in FLOATS:
            layout = FLOATS[column["type"]]
            yield f"{struct.unpack(layout, cursor.bytes(struct.calcsize(layout)))[0]:g}"
        elif column["type"] in TIMES:
            yield cursor.bytes(cursor.integer(1)).hex()
        else:
            yield cursor.string().decode(errors="replace")


def first(result):
    return result[0][0] if isinstance(result, list) and result else result


def failed(result):
    return isinstance(result, tuple) and result[0] in ("error", "lost")


def login_error(*arguments, **options):
    """The code of a refused login; None when it was let in."""
    try:
        Session(*arguments, **options).close()
        return None
    except ServerError as refused:
        return refused.code
