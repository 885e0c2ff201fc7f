"""The names of code in the documents exist: files, members, functions. Whoever moves or renames one is told where it is written.

Documents are docs/*.md, CONTRIBUTING.md and every README.md; a name is what stands in `backticks`, outside of blocks.
  1. A path with an extension of ours (`run.cc`, `src/vip/settings.h`) or a folder (`proto/arp/`, `tests/vip`) is the end of the path of one
     that is there: anywhere, but for a room's README in that room, or whole from src/ or from the root. `*`, `…`, `<word>` and a file's
     stem `x` stand for any name. What begins with / is on the operator's machine, build/ is made.
  2. `A::b`: b is declared in A, be that a class or a namespace.
  3. `name()`: a function of ours. Names in capitals are SQL's.
  4. In documents about the code (architecture, life-of-…, the rooms' READMEs) also a bare `Name`, `kName`, `HF_NAME` and `some_name`: it
     stands in the code, or is the name of a file. Elsewhere bare words are keys, settings, metrics.
  5. Names right behind a file (`lend.cc` `borrow`, `restore`) stand in that file or in the one of the other extension beside it.
"""
import re
from fnmatch import fnmatchcase

from tree import ROOT, SRC, at, code, files, text

EXTENSIONS = r"\.(?:h|cc|py|sh|md|lua|js|cmake|toml|sql|service)"
PATH = re.compile(rf"[\w.*<>…/-]*[\w*>…]{EXTENSIONS}")
FOLDER = re.compile(r"[\w.*<>…-]+(?:/[\w.*<>…-]+)*/?")
QUALIFIED = re.compile(r"(?<![\w:.])[A-Za-z_]\w*(?:::~?[A-Za-z_]\w*)+")
CALL = re.compile(r"([a-z_][a-z0-9_]*)\([^()]*\)")
BARE = re.compile(r"[A-Z][A-Z]?[a-z]\w*|k[A-Z]\w*|HF_\w+|[a-z][a-z0-9]*(?:_[a-z0-9]+)+")
FOREIGN = {"std", "boost", "testing", "fmt", "nlohmann", "CLI"}
ABOUT_CODE = re.compile(r"docs/(?:architecture|life-of-[\w-]+)\.md|src/.*README\.md")
MADE = ("build/",)


def documents():
    yield ROOT / "CONTRIBUTING.md"
    yield from files(".md", below=ROOT / "docs")
    yield from files("README.md")


def check_docs_names():
    catalogue = Catalogue([name_of(path) for path in files()],
                          {name_of(path): (code(path), text(path)) for path in files(".h", ".cc", below=SRC)},
                          [text(path) for path in files(".py")])
    for path in documents():
        for line, what in complaints(name_of(path), text(path), catalogue):
            yield at(path, line, what)


def name_of(path):
    return str(path.relative_to(ROOT))


# -- what documents say ---------------------------------------------------------------------------------------------------

def spans(markdown):
    """[(line, text, what stands between it and the one before: "blank", "comma" or, if more, None)]"""
    prose = re.sub(r"^ *```.*?^ *```", lambda block: re.sub(r"[^\n]", " ", block.group(0)), markdown, flags=re.M | re.S)
    end = 0
    for match in re.finditer(r"`([^`]+)`", prose):
        between = prose[end:match.start()]
        joint = {"": "blank", ",": "comma"}.get(between.strip()) if end else None
        yield prose.count("\n", 0, match.start()) + 1, re.sub(r"\s+", " ", match.group(1)), joint
        end = match.end()


def complaints(document, markdown, catalogue):
    room = re.match(r"src/\w+/", document)
    inside = room.group(0) if room else ""
    about_code = ABOUT_CODE.fullmatch(document)
    behind = None  # the file that names right behind belong to
    for line, span, joint in spans(markdown):
        if is_path(span, catalogue.top_folders):
            behind = span if re.search(r"\.(?:h|cc)$", span) else None
            if not catalogue.has_path(span, inside):
                yield line, f"`{span}`: there is no such {'folder' if span.endswith('/') else 'file'}"
            continue
        follows = behind is not None and (joint == "blank" or (joint == "comma" and "::" not in span))
        behind = behind if follows else None
        qualified = QUALIFIED.findall(span)
        for name in qualified:
            missing = catalogue.missing_member(name)
            if missing:
                yield line, f"`{name}`: {missing}"
        call = CALL.fullmatch(span)
        if call and call.group(1) not in catalogue.functions:
            yield line, f"`{span}`: no function of ours has that name"
        if about_code and BARE.fullmatch(span) and span not in catalogue.words:
            yield line, f"`{span}`: that stands nowhere in the code"
        name = last_name(span)
        if follows and name and not catalogue.in_file(behind, inside, name):
            yield line, f"`{span}`: that does not stand in {behind}, behind which it is written"


def last_name(span):
    match = re.fullmatch(r"(?:[A-Za-z_]\w*::)*([A-Za-z_]\w*)(?:\([^()]*\))?", span)
    return match.group(1) if match else None


def is_path(span, top_folders):
    if span.startswith(("/", "-") + MADE) or " " in span or "::" in span:
        return False
    span = span.removeprefix("./")
    if PATH.fullmatch(span):
        return True
    return "/" in span and FOLDER.fullmatch(span) is not None and (span.endswith("/") or span.split("/")[0] in top_folders)


# -- what there is --------------------------------------------------------------------------------------------------------

class Catalogue:
    def __init__(self, paths, sources, scripts):
        """`sources`: {path: (the C++ without comments and literals, the whole text)}"""
        self.paths = set(paths)
        for path in paths:
            self.paths.update(path[:i + 1] for i, letter in enumerate(path) if letter == "/")
        self.top_folders = {whole.split("/")[0] for path in paths for whole in (path, path.removeprefix("src/")) if "/" in whole}
        self.sources = sources
        self.members, self.functions, self.words = set(), set(), set()
        for path, (bare, whole) in sources.items():
            self.members.update(members_of(bare))
            self.functions.update(re.findall(r"\b(\w+)\s*\(", bare))
            self.words.update(re.findall(r"[A-Za-z_]\w*", bare))
            for literal in re.findall(r'"((?:\\.|[^"\\\n])*)"', whole):
                self.words.update(re.findall(r"[A-Za-z_]\w*", literal))
        self.scopes = {scope for scope, _ in self.members}
        self.words.update(path.rsplit("/", 1)[-1].split(".")[0] for path in paths)
        for script in scripts:
            self.functions.update(re.findall(r"^\s*def (\w+)\(", script, re.M))

    def has_path(self, span, inside):
        return next(self.found(span, inside), None) is not None

    def found(self, span, inside):
        pattern = re.sub(r"<[\w-]+>|…", "*", span.removeprefix("./"))
        pattern = re.sub(r"(?<![\w.*-])x(?=[._])", "*", pattern)
        wanted = [pattern] if pattern.endswith("/") else [pattern, pattern + "/"]
        return (path for path in self.paths if any(fits(path, each, inside) for each in wanted))

    def missing_member(self, name):
        """Why it does not exist, or nothing."""
        parts = name.split("::")
        if parts[0] in FOREIGN:
            return None
        for scope, member in zip(parts, parts[1:]):
            if scope not in self.scopes:
                return f"there is no class or namespace {scope}"
            if (scope, member) not in self.members:
                return f"{scope} has no {member}"
        return None

    def in_file(self, span, inside, name):
        stems = {path.rsplit(".", 1)[0] for path in self.found(span, inside)}
        there = [bare for path, (bare, _) in self.sources.items() if path.rsplit(".", 1)[0] in stems]
        return not there or any(re.search(rf"\b{re.escape(name)}\b", bare) for bare in there)


def fits(path, pattern, inside):
    """The whole path, from the root or from src/, or its end if it is in the room."""
    ends = [path, path.removeprefix("src/")]
    if "*" in pattern:
        return any(fnmatchcase(end, pattern) for end in ends) or (path.startswith(inside) and fnmatchcase(path, "*/" + pattern))
    return pattern in ends or (path.startswith(inside) and path.endswith("/" + pattern))


TYPE = re.compile(r"\b(?:class|struct|union|enum(?:\s+(?:class|struct))?)\s+([A-Za-z_][\w:]*)")
NAMESPACE = re.compile(r"\bnamespace\s+([\w:]+)\s*(?:\[\[.*\]\]\s*)?$")


def members_of(bare):
    """{(scope, member)} of classes and namespaces: what their bodies declare, and what is called A::b. The rest of it compiles."""
    found = set()
    for match in QUALIFIED.finditer(bare):
        parts = match.group(0).split("::")
        found.update(zip(parts, parts[1:]))
    scopes, start = [()], 0  # the names of each block that is open; () where nothing is declared for others
    kinds = ["file"]
    for match in re.finditer(r"[{};]", bare):
        mark, chunk = match.group(0), bare[start:match.start()]
        start = match.end()
        if scopes[-1]:
            found.update((scopes[-1][-1], name) for name in declared(chunk, kinds[-1]))
        if mark == "{":
            names, kind = opened_by(chunk, kinds[-1])
            for outer, inner in zip(scopes[-1][-1:] + names, names):
                found.add((outer, inner))
            scopes.append(names)
            kinds.append(kind)
        elif mark == "}" and len(scopes) > 1:
            scopes.pop()
            kinds.pop()
    return found


def opened_by(chunk, kind_around):
    chunk = re.sub(r"\[\[.*?\]\]|\balignas\([^)]*\)|^\s*#[^\n]*", " ", chunk, flags=re.M)
    namespace = NAMESPACE.search(chunk)
    if namespace:
        return tuple(namespace.group(1).split("::")), "namespace"
    type_ = TYPE.search(without_arguments(chunk))
    if type_ and kind_around != "code" and not re.search(r"[()=]", without_arguments(chunk)[type_.end():]):
        return tuple(type_.group(1).split("::")), "enum" if "enum" in type_.group(0) else "class"
    return (), "code"


def declared(chunk, kind):
    """Names that a piece of a body declares: up to ';', or up to the '{' of a function or an initial value."""
    chunk = re.sub(r"^[ \t]*#[^\n]*", "", chunk, flags=re.M)
    if kind == "enum":
        return re.findall(r"(?:^|,)\s*([A-Za-z_]\w*)", chunk)
    chunk = re.sub(r"\b(?:public|protected|private)\s*:", " ", chunk)
    if re.search(r"\bfriend\b", chunk) or (re.search(r"\bnamespace\b", chunk)):
        return []
    plain = without_arguments(chunk)
    type_ = TYPE.search(plain)
    if type_ and not re.search(r"[(=]", plain[:type_.start()]):
        return [type_.group(1).split("::")[0]]
    using = re.search(r"\busing\s+([\w:]+)", plain)
    if using:
        return [using.group(1).split("::")[-1]]
    function = re.search(r"(?<![\w:])(~?[A-Za-z_]\w*)\s*\(", plain)
    if function:
        return [function.group(1)]
    return re.findall(r"(?<![\w:])([A-Za-z_]\w*)\s*(?=[=,\[:]|$)", plain)


def without_arguments(chunk):
    """Insides of parentheses and templates taken out, the innermost first."""
    before = None
    while before != chunk:
        before = chunk
        chunk = re.sub(r"\((?=[^()]*[^()\s])[^()]*\)", "()", chunk)
        chunk = re.sub(r"<[^<>;=]*>", "", chunk)
    return chunk
