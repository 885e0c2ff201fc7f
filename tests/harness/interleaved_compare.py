"""Compares two observations of one step and says what sort of difference it is, so that a run tells each sort once."""
import re

NUMBER = re.compile(r"\d+")


def differences(direct, gateway):
    """[(sort, text)]: at most one of each sort; empty if the observations are equal."""
    if direct == gateway:
        return []
    if kinds(direct) != kinds(gateway):
        return [(f"{kinds(gateway)} instead of {kinds(direct)}", f"direct {direct!r:.700}, gateway {gateway!r:.700}")]
    found = {}
    for number, (one, other) in enumerate(zip(direct, gateway)):
        for sort, text in differing(one, other):
            found.setdefault(sort, f"result {number}: {text}")
    return list(found.items())


def kinds(observation):
    return ", ".join(kind_of(one) for one in observation)


def kind_of(result):
    if not isinstance(result, dict):
        return "nothing fetched" if result is None else f"{len(result)} fetched"
    if result["kind"] == "error":
        return f"error {result['code']}"
    if result.get("end", {}).get("kind") == "error":
        return f"rows, error {result['end']['code']}"
    return result["kind"]


def differing(one, other):
    if not isinstance(one, dict):
        return [("fetched rows", f"direct {one!r:.300}, gateway {other!r:.300}")] if one != other else []
    found = []
    for name in one.keys() | other.keys():
        mine, its = one.get(name), other.get(name)
        if mine == its:
            continue
        if name == "rows":
            found += rows(one, other)
        elif name in ("columns", "params"):
            found += columns(name, mine, its)
        elif isinstance(mine, dict) and isinstance(its, dict):
            found += [(f"{name}.{sort}", text) for sort, text in differing(mine, its)]
        elif name == "status":
            found.append((f"status {mine ^ its:#x}", f"status: direct {mine:#x}, gateway {its:#x}"))
        else:
            found.append((f"{one.get('kind', '')} {name}", f"{name}: direct {mine!r:.300}, gateway {its!r:.300}"))
    return found


def rows(one, other):
    if len(one["rows"]) != len(other["rows"]):
        return [(f"number of rows of {names(one)}", f"rows: direct {one['rows']!r:.300}, gateway {other['rows']!r:.300}")]
    found = {}
    for number, (mine, its) in enumerate(zip(one["rows"], other["rows"])):
        if len(mine) != len(one["columns"]) or len(its) != len(mine):
            return [("row", f"row {number}: direct {mine!r:.300}, gateway {its!r:.300}")]
        for column, value, its_value in zip(one["columns"], mine, its):
            if value != its_value:
                found.setdefault(f"value of {NUMBER.sub('N', column['name'])}", f"row {number}, {column['name']}: direct {value!r:.200}, gateway {its_value!r:.200}")
    return list(found.items())


def names(result):
    return NUMBER.sub("N", ", ".join(column["name"] for column in result["columns"]))


def columns(kind, mine, its):
    if len(mine) != len(its):
        return [(f"number of {kind}", f"{kind}: direct {mine!r:.300}, gateway {its!r:.300}")]
    found = {}
    for one, other in zip(mine, its):
        for name in one:
            if one[name] != other[name]:
                found.setdefault(f"{kind} {name}", f"{name} of {one['name']}: direct {one[name]!r}, gateway {other[name]!r}")
    return list(found.items())
