"""What the interleaved differential test does not compare: the whole list, and nothing of the kind stands anywhere else.

`normal(observation, tracks)` returns the observation without what may honestly differ between one connection and a gateway in front
of three servers. tracks: the client asked for session tracking. Everything else a client can see (rows, columns, flags, counters, warnings, errors, tracked changes) is compared.

KNOWN_LIMITS names what no gateway can see from outside; scripts do not contain it.
"""
import re

from .interleaved_rows import values_of
from .wire import Cursor

QUERY_WAS_SLOW = 0x800           # times: depends on the clock
STATE_CHANGED = 0x4000           # "tracked changes follow", said also to clients that did not ask for them
NUMBERS_OF_CONNECTIONS = ("connection_id()", "@@pseudo_thread_id")
NUMBERS_OF_SERVERS = ("@@server_id", "@@hostname", "@@port", "@@last_gtid")
TIMES = ("Duration",)            # SHOW PROFILES
MASKED_COLUMNS = frozenset(NUMBERS_OF_CONNECTIONS + NUMBERS_OF_SERVERS + TIMES)
SYSTEM_VARIABLE = 0              # the type of such a change
MASKED_VARIABLES = (b"last_gtid", b"pseudo_thread_id")  # in the changes that a client tracks
MASKED_FIELDS = ("thread", "nonce", "capabilities", "extended", "plugin")  # of the greeting; what is left of it is compared
HANDLES = ("id",)                # of a prepared statement: a number that only names it
HANDLE_IN_A_TEXT = re.compile(r"(The statement|prepared statement handler) \(\d+\)")
HANDLE_IN_A_ROW = re.compile(HANDLE_IN_A_TEXT.pattern.encode())  # SHOW ERRORS
SYSTEM_VARIABLE = 0              # a type of change

KNOWN_LIMITS = (
    "GET_LOCK, NEXTVAL in views and functions that a plain SELECT calls: the server gives no sign of them",
    "ROW_COUNT(), FOUND_ROWS(), warnings as the first act of a stored routine or behind a view",
    "SHOW STATUS, SHOW SESSION STATUS, SHOW PROCESSLIST, performance_schema: they speak of one server connection",
    "a statement prepared before ALTER TABLE and executed after it: charset and collation are those of now",
    "a default schema that somebody else has dropped",
    "CONNECTION_ID() behind a view or in a trigger",
    "what init_connect changed, told to a client that tracks changes by the first OK after its login",
    "which OK tells of a variable that a stored function, or a statement that failed, has changed",
    "COM_RESET_CONNECTION of a login with collation id 0: the server gives it the charset of an earlier connection",
)


def normal(observation, tracks):
    if isinstance(observation, list):
        return [normal(one, tracks) for one in observation]
    if not isinstance(observation, dict):
        return observation
    kept = {}
    for name, value in observation.items():
        if name == "status":
            value &= ~(QUERY_WAS_SLOW if tracks else QUERY_WAS_SLOW | STATE_CHANGED)
        elif name in ("middle", "end"):
            value = normal(value, False)  # an EOF cannot say what has changed, so the gateway does not say that something has
        elif name == "session":
            value = changes(value)
        elif name == "rows":
            value = masked_rows(value, observation["columns"])
        elif name in MASKED_FIELDS and observation.get("kind") == "greeting":
            continue
        elif name in HANDLES and observation.get("kind") == "prepared":
            continue
        elif name == "text":
            value = HANDLE_IN_A_TEXT.sub(r"\1 (masked)", value)
        elif name not in ("columns", "params"):
            value = normal(value, tracks)
        kept[name] = value
    return kept


def masked_rows(rows, columns):
    places = [place for place, column in enumerate(columns) if column["name"] in MASKED_COLUMNS]
    return [masked_row(row if isinstance(row, tuple) else values_of(row, columns), places) for row in rows]


def masked_row(row, places):
    return tuple("masked" if place in places or (value and HANDLE_IN_A_ROW.search(value)) else value for place, value in enumerate(row))


def told_in_time(step, observation):
    """The observation of a step without the variables that somebody else's statement changed: that is told by one OK or another."""
    text = step[1] if len(step) > 1 and isinstance(step[1], str) else ""
    if text.lower().startswith("set "):
        return observation
    if isinstance(observation, list):
        return [told_in_time(step, one) for one in observation]
    if not isinstance(observation, dict):
        return observation
    kept = {name: told_in_time(step, value) for name, value in observation.items() if name in ("end", "middle")}
    if "session" in observation:
        kept["session"] = [change for change in observation["session"] if change[0] != SYSTEM_VARIABLE]
    return {**observation, **kept}


def changes(session):
    """The tracked changes of an OK packet as a list of (type, data)."""
    found, cursor = [], Cursor(session)
    while cursor.left():
        kind, data = cursor.integer(1), cursor.string()
        if kind == SYSTEM_VARIABLE:
            inner = Cursor(data)
            name, value = inner.string(), inner.string()
            data = (name, b"masked" if name in MASKED_VARIABLES else value)
        found.append((kind, data))
    return sorted(found, key=repr)
