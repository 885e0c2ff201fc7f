"""The source tree as the checks see it: which files there are, what they include, what they say without comments."""
import functools
import hashlib
import os
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src"
CACHE = ROOT / "build" / "lint"
CXX = "clang++-19"
WARNINGS = ["-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror"]
SKIPPED_FOLDERS = {".git", "node_modules", "__pycache__", "vendor", "third_party", ".pytest_cache"}

# A literal or a comment of C++, whichever begins first.
_TOKENS = re.compile(r'R"([^()\\ ]{0,16})\((?:.|\n)*?\)\1"|//[^\n]*|/\*(?:.|\n)*?\*/|"(?:\\.|[^"\\\n])*"'
                     r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'")


@functools.cache
def files(*suffixes, below=ROOT):
    found = []
    for folder, folders, names in os.walk(below):
        folders[:] = sorted(f for f in folders if f not in SKIPPED_FOLDERS and Path(folder, f) != ROOT / "build")
        found += [Path(folder, name) for name in sorted(names) if not suffixes or name.endswith(suffixes)]
    return tuple(found)


@functools.cache
def text(path):
    return path.read_text(encoding="utf-8", errors="replace")


@functools.cache
def code(path):
    """The C++ text with comments and the insides of literals blanked; line numbers stay. Include lines keep their names."""
    def blank(match):
        token = match.group(0)
        if token.startswith('"'):
            line_start = match.string.rfind("\n", 0, match.start()) + 1
            if match.string[line_start:match.start()].lstrip().startswith("#"):
                return token
        kept = re.sub(r"[^\n]", " ", token)
        return kept if token.startswith("/") else '"' + kept[1:-1] + '"'
    return _TOKENS.sub(blank, text(path))


@functools.cache
def includes(path):
    """[(line, name, written with quotes)]"""
    found = re.finditer(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', code(path), re.M)
    return [(line_of(code(path), m.start(2)), m.group(2), m.group(1) == '"') for m in found]


@functools.cache
def closure(path):
    """The file and every header of ours that it reaches."""
    seen, todo = {path}, [path]
    while todo:
        for _, name, quoted in includes(todo.pop()):
            target = SRC / name
            if quoted and target not in seen and target.is_file():
                seen.add(target)
                todo.append(target)
    return frozenset(seen)


def room(path):
    """The folder below src/ that a file lives in, or None."""
    return path.relative_to(SRC).parts[0] if SRC in path.parents else None


def is_test(path):
    return re.search(r"_(test|fuzz|bench)\.cc$", path.name) is not None or "testing" in path.parts


def line_of(content, offset):
    return content.count("\n", 0, offset) + 1


def at(path, line, what):
    return f"{path.relative_to(ROOT)}:{line}: {what}"


class Verdicts:
    """Remembers in build/lint/<name>/ that a file with all it includes was found good, under these conditions."""

    def __init__(self, name, *conditions):
        self._folder = CACHE / name
        self._folder.mkdir(parents=True, exist_ok=True)
        self._conditions = "\0".join(map(str, conditions))

    def key(self, path, *more):
        digest = hashlib.sha256("\0".join([self._conditions, *map(str, more)]).encode())
        for part in sorted(closure(path)):
            digest.update(f"\0{part.relative_to(ROOT)}\0".encode() + part.read_bytes())
        return digest.hexdigest()

    def good(self, key):
        return (self._folder / key).exists()

    def remember(self, key):
        (self._folder / key).touch()
