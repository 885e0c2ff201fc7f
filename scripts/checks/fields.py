"""Classes that do something keep few data members: one with many is several that have grown together.

A behaviour class, in a header, declares a member function of its own that is more than a line: not a constructor, a destructor or an
operator, and not only short bodies within the class. Values (settings, messages, reports) may have as many members as they have to say.
"""
import re
from dataclasses import dataclass

from docs_names import opened_by, without_arguments
from tree import SRC, at, code, files, is_test, line_of

MOST = 15

# Classes with more, by file and name, each with its reason. One that needs none any more is to be taken out.
EXCEPTIONS = {
    (r"app/gateway\.h", "Gateway"): "it joins what the process is made of, each a class of its own, and has the order in which they end",
    (r"policy/sql/findings\.h", "Findings"): "one flag for each thing that a statement was seen to do; nothing else is kept",
    (r"proto/mysql/reply_tracker\.h", "ReplyTracker"): "half of them are where it is in the bytes, half what the reply has said so far",
    (r"runtime/event_loop\.h", "EventLoop"): "the queues of a turn, each swapped with an empty one while it is worked off",
    (r"service/mysql/shard_state\.h", "ShardState"): "what the sessions of a shard share, each beside the functions that keep it",
}


@dataclass
class Class:
    name: str
    line: int
    fields: int = 0
    behaves: bool = False


def check_fields(exceptions=None):
    exceptions = EXCEPTIONS if exceptions is None else exceptions
    needed = set()
    for path in files(".h", below=SRC):
        name = str(path.relative_to(SRC))
        if is_test(path) or re.search(r"_(fake|fixture)\.h$", name):
            continue
        for found in classes_of(code(path)):
            if not found.behaves or found.fields <= MOST:
                continue
            reason = next((why for (file, owner), why in exceptions.items() if owner == found.name and re.fullmatch(file, name)), None)
            if reason is None:
                yield at(path, found.line, f"{found.name} has {found.fields} data members, more than {MOST}: which of them belong together?")
            else:
                needed.add(found.name)
                yield "warning: " + at(path, found.line, f"{found.name} has {found.fields} data members: {reason}")
    for file, owner in exceptions:
        if owner not in needed:
            yield f"scripts/checks/fields.py: {owner} in {file} needs no exception any more: take it out"


def classes_of(content):
    """Every class and struct that is defined, nested ones too; `content` is without comments and literals."""
    content = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda line: re.sub(r"[^\n]", " ", line.group(0)), content, flags=re.M)
    open_blocks, found, start, parentheses = [], [], 0, 0
    function_ended = False  # what follows with a comma is the rest of a constructor's list
    for match in re.finditer(r"[{};()]", content):
        mark = match.group(0)
        if mark in "()":
            parentheses += 1 if mark == "(" else -1
            continue
        if parentheses:
            continue
        chunk, begin, start = content[start:match.start()], start, match.end()
        inside = open_blocks[-1] if open_blocks else None
        if mark == "}":
            if open_blocks:
                open_blocks.pop()
            function_ended = function_ended and inside is None
            if isinstance(inside, str):
                function_ended = inside == "function"
            continue
        names, kind = opened_by(chunk, "code" if isinstance(inside, str) else "class") if mark == "{" else ((), "code")
        is_function = False
        if isinstance(inside, Class) and kind == "code" and not (function_ended and chunk.lstrip().startswith(",")):
            is_function = declare(inside, chunk, content, match, mark)
        elif isinstance(inside, Class) and kind == "code":
            is_function = True
        if mark == "{":
            if kind == "class":
                found.append(Class("::".join(names), line_of(content, begin + len(chunk) - len(chunk.lstrip()))))
                open_blocks.append(found[-1])
            elif isinstance(inside, str) or kind != "namespace":
                open_blocks.append("function" if is_function else "block")
            else:
                open_blocks.append(None)
        function_ended = False
    return found


def declare(owner, chunk, content, match, mark):
    """Counts what a piece of a class's body declares. Whether that is a function."""
    chunk = re.sub(r"\[\[.*?\]\]|\b(?:public|protected|private)\s*:(?!:)|\b(?:mutable|inline|virtual|explicit)\b|\balignas\([^)]*\)", " ", chunk, flags=re.S)
    plain = without_arguments(chunk).strip()
    if not plain or re.match(r"(?:using|typedef|friend|static_assert|enum|union|class\s+\w+$|struct\s+\w+$)\b", plain) or plain.startswith("class "):
        return False
    pointer = re.search(r"\(\s*\*\s*\w+\s*\)\s*\(", chunk)
    if ("(" in plain.split("=")[0] or re.search(r"\boperator\b", plain)) and not pointer:
        name = re.search(r"(~?\w+)\s*\(", plain)
        own = name and name.group(1).lstrip("~") != owner.name.split("::")[-1] and "operator" not in plain
        if own and not re.search(r"=\s*(?:default|delete)\s*$", plain):
            owner.behaves = owner.behaves or mark == ";" or spans_lines(content, match.start())
        return True
    if not re.match(r"static\b|constexpr\b", plain):
        names = re.sub(r"=[^,]*", "", plain)
        owner.fields += len([part for part in names.split(",") if part.strip()]) if not pointer else 1
    return False


def spans_lines(content, opening):
    """Whether the block that opens there holds more than a line."""
    depth = 0
    for match in re.finditer(r"[{}]", content[opening:]):
        depth += 1 if match.group(0) == "{" else -1
        if depth == 0:
            return content.count("\n", opening, opening + match.start()) > 0
    return True
