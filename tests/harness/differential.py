"""Runs the same script of commands directly and through the gateway and compares everything a client can see.

A script is a list of steps. In a file of e2e/scripts each line is one step:
    select 1                          COM_QUERY (`\\n` in the text is a line break)
    !prepared SQL |> [1, null]        prepare, execute with these values, execute again, close
    !init_db NAME   !reset   !change_user SCHEMA   !field_list TABLE   !ping
    # comment                         ignored, as are empty lines
Scripts run in the schema test_diff, which is dropped and made anew before each side, so both sides start alike.
"""
import json
import re

from .wire import DEFAULT_CAPABILITIES, DEPRECATE_EOF, SESSION_TRACK, Wire

SCHEMA = "test_diff"
QUERY_WAS_SLOW = 0x800  # depends on the clock
METADATA_CHANGED = 0x400  # said of a prepared copy that is older than the session's own would be
NOT_COMPARED = QUERY_WAS_SLOW | METADATA_CHANGED
WRITES = re.compile(r"^\s*(/\*.*?\*/\s*)*(select|show|desc|describe|explain|set|use|help)\b", re.IGNORECASE | re.DOTALL)
CAPABILITIES = {"classic": DEFAULT_CAPABILITIES, "modern": DEFAULT_CAPABILITIES | DEPRECATE_EOF | SESSION_TRACK}


def parse_script(text):
    steps = []
    for line in text.splitlines():
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if not line.startswith("!"):
            steps.append(("query", line.replace("\\n", "\n")))
            continue
        word, _, rest = line[1:].partition(" ")
        if word == "prepared":
            sql, _, values = rest.partition("|>")
            steps.append(("prepared", sql.strip(), json.loads(values or "[]")))
        else:
            steps.append((word, rest.strip()) if rest else (word,))
    return steps


def perform(wire, step):
    """The replies of one step, as plain values."""
    kind = step[0]
    if kind == "query":
        replies = wire.query(step[1], local_data=b"1\tone\n2\ttwo\n")
        last = replies[-1]
        if warnings_of(last) and not re.match(r"\s*(show|get)\b", step[1], re.IGNORECASE):
            replies = replies + wire.query("show warnings")
        return replies
    if kind == "prepared":
        return perform_prepared(wire, step[1], step[2])
    if kind == "change_user":
        return wire.change_user("app", "app-secret", step[1] if len(step) > 1 else "")
    return {"init_db": wire.init_db, "reset": wire.reset_connection, "field_list": wire.field_list,
            "ping": wire.ping}[kind](*step[1:])


def perform_prepared(wire, sql, values):
    statement = wire.prepare(sql)
    if statement["kind"] == "error":
        return [statement]
    shown = {name: value for name, value in statement.items() if name != "id"}
    replies = [shown] + wire.execute(statement, values) + wire.execute(statement, values)
    wire.close_statement(statement)
    return replies


def warnings_of(reply):
    if reply["kind"] == "rows":
        return reply["end"].get("warnings", 0)
    return reply.get("warnings", 0)


def masked(value):
    """The reply without what may honestly differ."""
    if isinstance(value, dict):
        return {name: (inner & ~NOT_COMPARED if name == "status" else masked(inner)) for name, inner in value.items()}
    if isinstance(value, list):
        return [masked(inner) for inner in value]
    return value


def run_script(cluster, port, steps, capabilities, settle):
    """All replies of a script on a fresh session. `settle`: called before a step that may read what was just written."""
    cluster.primary.query(f"drop database if exists {SCHEMA}", f"create database {SCHEMA}")
    cluster.settle()
    replies, wrote = [], False
    with Wire("127.0.0.1", port, "app", "app-secret", SCHEMA, capabilities=capabilities) as wire:
        for step in steps:
            if wrote and settle:
                settle()
            replies.append(masked(perform(wire, step)))
            wrote = may_have_written(step)
    return replies


def may_have_written(step):
    kind, *operands = step
    if kind != "query":
        return kind == "prepared"
    return not WRITES.match(operands[0]) or ";" in operands[0] or "autocommit" in operands[0]  # SET autocommit = 1 commits


def differences(left, right, path=""):
    """Paths and values where two replies differ, at most a few."""
    if isinstance(left, dict) and isinstance(right, dict) and left.keys() == right.keys():
        found = []
        for name in left:
            found += differences(left[name], right[name], f"{path}.{name}")
        return found
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        found = []
        for index, (one, other) in enumerate(zip(left, right)):
            found += differences(one, other, f"{path}[{index}]")
        return found
    return [] if left == right else [f"{path}: direct {left!r:.300}, gateway {right!r:.300}"]


def compare(cluster, gateway_port, steps, capabilities):
    """Runs both sides; a list of readable differences, empty when the gateway is indistinguishable."""
    direct = run_script(cluster, cluster.primary.port, steps, capabilities, None)
    through = run_script(cluster, gateway_port, steps, capabilities, cluster.settle)
    found = []
    for number, (step, one, other) in enumerate(zip(steps, direct, through)):
        for difference in differences(one, other)[:4]:
            found.append(f"step {number} {step!r:.300}: {difference}")
    return found
