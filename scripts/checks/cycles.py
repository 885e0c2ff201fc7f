"""Includes between units make no circle. A unit is x.h with x.cc: where two know each other, neither can be read alone.

What goes round all the same is written down here as the arrow that would have to go, with the reason why it stays. Without these arrows
there is no circle; one that is in none any more is to be taken out.
"""
import re

from tree import SRC, at, files, includes, is_test

# (from, to): patterns of units.
KNOWN = {
    (r"config/file/network_values", r"config/file/values"): "the second half of one table of kinds uses the words of the first",
    (r"config/section/track", r"config/section/vip"): "a track's weight is judged by its VIP's priority",
    (r"service/mysql/frontend", r"service/mysql/session"): "it makes the sessions that work for it",
    (r"service/mysql/session", r"service/mysql/(?:handlers/handlers|holdings|login)"): "the script runs its parts, which take the session",
    (r"service/mysql/shard_state", r"service/mysql/session"): "it tells the sessions that it lists",
    (r"service/service_shard", r"service/shard"): "a part of a service uses the loop and the peers of the shard that owns it",
    (r"upstream/mysql[_/]connection", r"upstream/mysql[_/]pool"): "a connection that ends leaves its pool",
    (r"guardian/messages", r"guardian/(?:archive|message_fields)"): "messages are written and read by what describes their fields",
    (r"guardian/steward/script_child", r"guardian/steward/script_runner"): "a child takes what the runner was asked for",
}


def check_cycles(known=None):
    known = KNOWN if known is None else known
    arrows = arrows_of(path for path in files(".h", ".cc", below=SRC) if not is_test(path) and not re.search(r"_(fake|fixture)\.", path.name))
    yield from complaints(arrows, known)


def complaints(arrows, known):
    """`arrows`: {unit: {unit: (path, line) of the include}}"""
    used, left = set(), {unit: dict(targets) for unit, targets in arrows.items()}
    for circle in circles(arrows):
        for unit in circle:
            for target in circle & arrows[unit].keys():
                reason = next((key for key in known if re.fullmatch(key[0], unit) and re.fullmatch(key[1], target)), None)
                if reason is not None:
                    used.add(reason)
                    del left[unit][target]
    for circle in circles(left):
        first = min(circle)
        path, line = next(place for target, place in left[first].items() if target in circle)
        yield at(path, line, f"the units {', '.join(sorted(circle))} include each other")
    for pair in known.keys() - used:
        yield f"scripts/checks/cycles.py: {pair[0]} to {pair[1]} is in no circle: take it out"


def arrows_of(paths):
    arrows = {}
    for path in paths:
        targets = arrows.setdefault(unit_of(path), {})
        for line, name, quoted in includes(path):
            target = SRC / name
            if quoted and target.is_file() and unit_of(target) != unit_of(path):
                targets.setdefault(unit_of(target), (path, line))
    return arrows


def unit_of(path):
    return str(path.relative_to(SRC).with_suffix(""))


def circles(arrows):
    """The sets of more than one unit, each of which reaches all the others (Tarjan)."""
    number, lowest, stack, found = {}, {}, [], []

    def visit(unit):
        number[unit] = lowest[unit] = len(number)
        stack.append(unit)
        for target in arrows.get(unit, ()):
            if target not in number:
                visit(target)
                lowest[unit] = min(lowest[unit], lowest[target])
            elif target in stack:
                lowest[unit] = min(lowest[unit], number[target])
        if lowest[unit] == number[unit]:
            circle = set()
            while unit not in circle:
                circle.add(stack.pop())
            if len(circle) > 1:
                found.append(circle)

    for unit in arrows:
        if unit not in number:
            visit(unit)
    return found
