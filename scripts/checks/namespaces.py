"""Folder = namespace: what stands in src/a/b/ is in hf::a::b, or in a namespace within that which is no other folder's."""
import re

from tree import SRC, at, code, files, line_of

# src/base/ is what every room speaks, so its names have none of their own.
SHORTER = {"base": ("hf",)}
# What the program and the fuzzers' and benchmarks' libraries call has no namespace.
FREE = re.compile(r"(^|_)(main|fuzz|bench)\.cc$")

OPENING = re.compile(r"\bnamespace\s+((?:\w+\s*::\s*)*\w+)\s*$")
DECLARATIONS = re.compile(r"(?:\s*(?:template\s*<[^<>]*>\s*)?(?:class|struct|enum\s+class)\s+\w+(?:\s*:\s*[\w:]+)?\s*;)+\s*")


def check_namespaces():
    sources = files(".h", ".cc", below=SRC)
    places = {path.relative_to(SRC).parts[:-1] for path in sources}
    folders = {place[:depth] for place in places for depth in range(1, len(place) + 1)}
    for path in sources:
        place = path.relative_to(SRC).parts[:-1]
        for line, what in complaints(place, path.name, code(path), folders):
            yield at(path, line, what)


def complaints(place, name, content, folders):
    """[(line, what is wrong)] of a file `name` in the folder `place`, a tuple of names."""
    home = SHORTER.get(place[0], ("hf", *place))
    others = {("hf", *folder) for folder in folders}
    placed = False
    for line, namespace, body in outermost(content):
        foreign = namespace[:len(home)] != home or any(namespace[:depth] in others for depth in range(len(home) + 1, len(namespace) + 1))
        if foreign and DECLARATIONS.fullmatch(body):
            continue  # of what stands elsewhere
        placed = True
        if foreign:
            yield line, f"namespace {'::'.join(namespace)}: what stands in src/{'/'.join(place)}/ is in {'::'.join(home)}"
    if not placed and not FREE.search(name):
        yield 1, f"nothing here is in {'::'.join(home)}, as its folder says"


def outermost(content):
    """[(line, names, body)] of the namespaces that are in none."""
    content = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: re.sub(r"[^\n]", " ", m.group(0)), content, flags=re.M)
    depth, start, opened = 0, 0, None
    for match in re.finditer(r"[{};]", content):
        mark = match.group(0)
        if mark == "{":
            opening = OPENING.search(content, start, match.start())
            if depth == 0 and opening:
                opened = line_of(content, opening.start()), tuple(re.split(r"\s*::\s*", opening.group(1))), match.end()
            depth += 1
        elif mark == "}":
            depth -= 1
            if depth == 0 and opened:
                line, names, body = opened
                yield line, names, content[body:match.start()]
                opened = None
        start = match.end()
