"""What the interleaved differential test does not compare: the whole list, and nothing of the kind stands anywhere else.

`normal(observation, tracks)` returns the observation without what may honestly differ between one connection and a gateway in front
of three servers. tracks: the client asked for session tracking. Everything else a client can see (rows, columns, flags, counters, warnings, errors, tracked changes) is compared.

KNOWN_LIMITS names what no gateway can see from outside; scripts do not contain it.
"""
import re

from .interleaved_rows import values_of
from .wire import Cursor

QUERY_WAS_SLOW = 0x800           # times: depends on the clock
ANSI_QUOTES = 0x8000
STATE_CHANGED = 0x4000           # "tracked changes follow", said also to clients that did not ask for them
NUMBERS_OF_CONNECTIONS = ("connection_id()", "@@pseudo_thread_id")
NUMBERS_OF_SERVERS = ("@@server_id", "@@hostname", "@@port", "@@last_gtid")
TIMES = ("Duration",)            # SHOW PROFILES
PROFILES = 5                     # of the 15 that a server keeps: each of ours takes the place of one
MASKED_COLUMNS = frozenset(NUMBERS_OF_CONNECTIONS + NUMBERS_OF_SERVERS + TIMES)
MASKED_VARIABLES = (b"last_gtid", b"pseudo_thread_id")  # in the changes that a client tracks
MASKED_FIELDS = ("thread", "nonce", "capabilities", "extended", "plugin")  # of the greeting; what is left of it is compared
OWN_STATEMENT = re.compile("SELECT @@character_set_client,|session_track_|counted|'sql_select_limit'|SELECT FOUND_ROWS\\(\\) LIMIT 1|SELECT @@warning_count,@@error_count LIMIT 1|SHOW WARNINGS LIMIT \\d+|SET @@session\\."
                           "|SELECT LAST_INSERT_ID\\(\\)(,FOUND_ROWS\\(\\),ROW_COUNT\\(\\))? LIMIT 1|FROM information_schema.COLLATION|CONVERT\\(CURRENT_USER|SHOW SESSION VARIABLES WHERE")
HANDLES = ("id",)                # of a prepared statement: a number that only names it
HANDLE_IN_A_TEXT = re.compile(r"(The statement|prepared statement handler) \(\d+\)")
OWN_IN_A_ROW = re.compile(rb"\(\d+\) ha(t keinen ge\S+ffneten|s no open) [Cc]ursor")
OWN_ERRORS = (1243, 1421)         # which the gateway itself makes, in English
HANDLE_IN_A_ROW = re.compile(HANDLE_IN_A_TEXT.pattern.encode())  # SHOW ERRORS
SHOWS = re.compile(r"\s*(show|desc|describe)\b")
LIST = re.compile(r"\bshow (warnings|errors|count)|@@(warning|error)_count")
SHOWS_SCHEMA_CHARSET = re.compile(r"_database|(character|collation).*%")
COUNT = re.compile(r"^\s*select (found_rows|row_count)\(\).*;")
CANNOT_BE = re.compile(r"\b(count|sum|max|min)\(.*\bwhere id is null\b")
NULL_IS_ID = re.compile(r"\bsql_auto_is_null\s*=\s*(1|on)\b")
MAKES_ID = re.compile(r"\binsert into [\w.`]+ \(v\)")
COUNTS = re.compile(r"^\s*(select|with|values)\b(?!.*found_rows\(\))")
HOMELESS = re.compile(r"\bdrop (database|schema)\b")
ENTERS = re.compile(r"\b(use|init_db|change_user|connect)\b")
PROGRAM = re.compile(r"/\*m?!|\bcall\b|\bexecute\b(?! immediate '[^'\\]*'$)|not atomic|\b(sets|tenant|last_id|sets_zone|adds)\(\)|`\(")
TABLE = re.compile(r"\b(from|into|update|table)\b")
SYSTEM_VARIABLE, SCHEMA, STATE = 0, 1, 2  # types of change; what others are there is a known limit
STATE_STEP = re.compile(r"\b(set(?! statement)|use|init_db|temporary|prepare)\b")
WRITES = re.compile(r"\b(insert|update)\b")  # SET in another sense; and a change that rows could not tell comes with a later OK
SCHEMA_STEP = re.compile(r"\b(use|init_db|change_user|connect|reset|database|schema)\b")
CHARSET_STEP = re.compile(r"\b(names|character set|charset)\b")
CHARSET_VARIABLE = re.compile(r"^(character_set|collation)_")

KNOWN_LIMITS = (
    "GET_LOCK, NEXTVAL in views and functions that a plain SELECT calls: the server gives no sign of them",
    "writes of a session that something nameless ties to a replica: 1290, or 1792 where it was tied in a read-only transaction",
    "the status word of a reset after the global sql_mode has become ANSI_QUOTES",
    "SHOW PROFILES has statements of the gateway's own, and so fewer of the session's",
    "errors that the gateway itself makes are in English, whatever lc_messages",
    "what session_track_transaction_info would report",
    "the list of warnings inside of a text of several statements, and through one that may or may not read a table, as a routine",
    "ROW_COUNT() of changed rows inside an expression or a write: refused where its connection was given up",
    "FOUND_ROWS() behind an aggregate whose WHERE cannot be true: it leaves that of the statement before",
    "`id IS NULL` where sql_auto_is_null was set behind the INSERT",
    "ROW_COUNT() behind a SHOW or DESCRIBE that failed: it leaves the count of the statement before",
    "ROW_COUNT(), FOUND_ROWS(), warnings as the first act of a stored routine or of a text of several statements, or behind a view",
    "LAST_INSERT_ID() behind a view",
    "COM_CHANGE_USER: role and profiles go",
    "the collation number of a parameter that is itself a column, after SET character_set_results",
    "SHOW STATUS, SHOW SESSION STATUS, SHOW PROCESSLIST, performance_schema: they speak of one server connection",
    "a statement prepared before ALTER TABLE and executed after it: charset and collation are those of now",
    "a default schema that somebody else has dropped; @@collation_database after one's own was",
    "CONNECTION_ID() behind a view or in a trigger",
    "what init_connect changed, told to a client that tracks changes by the first OK after its login",
    "which OK tells of what a stored function, SET STATEMENT or a statement that failed has changed",
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
            value = "masked" if observation.get("code") in OWN_ERRORS else HANDLE_IN_A_TEXT.sub(r"\1 (masked)", value)
        elif name not in ("columns", "params"):
            value = normal(value, tracks)
        kept[name] = value
    return kept


def masked_rows(rows, columns):
    names = {column["name"] for column in columns}
    if {"Query_ID", "Query"} <= names:  # SHOW PROFILES: numbers too, since statements of the gateway are among them
        shown = [masked_row(row if isinstance(row, tuple) else values_of(row, columns), (0, 1)) for row in rows if not OWN_STATEMENT.search(repr(row))]
        return shown[-PROFILES:]
    places = [place for place, column in enumerate(columns) if column["name"] in MASKED_COLUMNS]
    return [masked_row(row if isinstance(row, tuple) else values_of(row, columns), places) for row in rows]


def masked_row(row, places):
    return tuple("masked" if place in places or (value and (HANDLE_IN_A_ROW.search(value) or OWN_IN_A_ROW.search(value))) else value for place, value in enumerate(row))


class Teller:
    """What one session is told, as far as it can be compared. Which OK tells of a change that the step's own text does not name (that of a
    routine, or of a statement that failed), and how often an unchanged schema is told again, is the server's affair. Counts and lists that
    KNOWN_LIMITS name are not compared."""

    def __init__(self):
        self._after_error, self._after_show, self._list_unknown, self._homeless = False, False, False, False
        self._results_set, self._count_unknown, self._read_only, self._last_id_unknown = False, False, False, False
        self._texts = {}  # of prepared statements

    def comparable(self, step, direct, gateway):
        """Both observations without what is not compared; both empty if that is everything."""
        sql, text = self._text(step), " ".join(str(part) for part in step).lower()
        after_error = self._after_error
        is_limit = self._is_limit(sql, text, direct, gateway) or (step[0] == "pipeline" and self._is_limit_of_questions(step[1][0].lower(), gateway))
        if step[0] != "prepare":
            self._after_show = bool(SHOWS.match(sql)) and failed(direct)
            self._count_unknown = bool(CANNOT_BE.search(sql)) or (self._count_unknown and not COUNTS.search(sql))
            unknown = PROGRAM.search(sql) or (self._list_unknown and not TABLE.search(sql))
            self._list_unknown = bool(unknown) and not failed(direct)
        told = any(isinstance(one, dict) and one["kind"] == "ok" and one.get("session") for one in direct)  # an OK without any change keeps it back
        self._after_error = failed(direct) or "set statement" in text or (after_error and not told)
        self._results_set = self._results_set or "character_set_results" in text
        if is_limit:
            return [], []
        told_of = tuple(kept_changes(one, text, after_error) for one in (direct, gateway))
        return tuple(map(without_parameters_charset, told_of)) if self._results_set else told_of

    def _is_limit(self, sql, text, direct, gateway):
        enters = ENTERS.search(text) and not failed(direct)
        self._homeless = HOMELESS.search(sql) is not None or (self._homeless and not enters)
        made = MAKES_ID.search(sql) and not failed(direct)
        self._last_id_unknown = bool(NULL_IS_ID.search(f"{sql} {text}")) or (self._last_id_unknown and not made)
        if self._last_id_unknown and "id is null" in f"{sql} {text}":
            return True
        self._read_only = self._read_only or "read only" in text
        if self._read_only and "is_free_lock" in text:  # a replica may have it
            return True
        schema_charset = self._homeless and SHOWS_SCHEMA_CHARSET.search(sql)
        return bool(schema_charset or (self._after_show and "row_count" in sql) or self._is_limit_of_questions(sql, gateway) or COUNT.search(sql))

    def _is_limit_of_questions(self, sql, gateway):
        """What `sql` asks of the statement before."""
        list_unknown = (self._list_unknown and not lists_something(gateway)) or ";" in sql  # lost it may be, and never another
        return bool((list_unknown and LIST.search(sql)) or (self._count_unknown and "found_rows()" in sql))

    def _text(self, step):
        if step[0] == "prepare":
            self._texts[step[1]] = step[2]
        if step[0] in ("execute", "fetch"):
            return self._texts.get(step[1], "").lower()
        if step[0] == "padded":
            return step[2].lower()
        return str(step[1]).lower() if step[0] in ("query", "prepared", "direct") else ""


def lists_something(observation):
    return any(isinstance(one, dict) and one.get("rows") and one["columns"][0]["name"] == "Level" for one in observation)


def failed(observation):
    return any(isinstance(one, dict) and "error" in (one["kind"], one.get("end", {}).get("kind")) for one in observation)


def kept_changes(observation, text, after_error):
    if isinstance(observation, list):
        return [kept_changes(one, text, after_error) for one in observation]
    if not isinstance(observation, dict):
        return observation
    kept = {name: kept_changes(value, text, after_error) if name in ("end", "middle") else value for name, value in observation.items()}
    if "session" in kept:
        kept["session"] = [change for change in kept["session"] if is_of_step(change, text, after_error)]
        if not kept["session"] and "status" in kept:
            kept["status"] &= ~STATE_CHANGED
    if text.startswith("reset") and "status" in kept:
        kept["status"] &= ~ANSI_QUOTES
    return kept


def without_parameters_charset(observation):
    return [one if not isinstance(one, dict) or "columns" not in one else
            {**one, "columns": [{**column, "charset": "masked"} if column["name"] == "?" else column for column in one["columns"]]} for one in observation]


def is_of_step(change, text, after_error):
    kind, data = change
    if kind == SCHEMA:
        of_one_text = not text.startswith("pipeline")  # which of several OKs tells again of a schema that has not changed
        return SCHEMA_STEP.search(text) is not None and of_one_text and not after_error
    if kind == SYSTEM_VARIABLE:
        name = data[0].decode()
        if data[0] in MASKED_VARIABLES:
            return False
        named = name in text or (CHARSET_STEP.search(text) and CHARSET_VARIABLE.search(name))
        return "set statement" not in text and "'set " in text and bool(named) and not after_error
    return kind == STATE and STATE_STEP.search(text) is not None and not WRITES.search(text) and not after_error


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
