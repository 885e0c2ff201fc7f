"""The commands that scripts and tests call, and the packages that bring them: what a test calls must be installed by us.

A command is found where it is called by name: in shell scripts, in the lists and calls of Python, in what C++ tests hand to a
shell. BRINGS says which package it comes from; the package is one of scripts/packages.sh, or of those without which there is
no Debian. A program that only helps where it happens to be (perf) is asked for with shutil.which or `command -v` and stands
in OPTIONAL.
"""
import ast
import re
import subprocess

import shell
from tree import ROOT, SRC, at, files, is_test, line_of, text

# What debootstrap's smallest variant installs.
BASE = {"apt", "bash", "coreutils", "dash", "debianutils", "diffutils", "dpkg", "findutils", "grep", "gzip", "hostname", "login",
        "mawk", "mount", "passwd", "perl-base", "sed", "tar", "util-linux"}

BRINGS = {package: names.split() for package, names in {
    "apt": "apt-config apt-get",
    "bash": "bash",
    "clang-19": "clang++-19",
    "clang-format-19": "clang-format-19",
    "clang-tidy-19": "clang-tidy-19",
    "cmake": "cmake",
    "coreutils": "basename cat chmod chown chroot cp cut date dirname env head id kill ln ls mkdir mktemp mv nice nohup nproc od "
                 "readlink realpath rm seq sha1sum sha256sum sleep sort stat tail tee test timeout touch tr true uname wc",
    "curl": "curl",
    "dash": "sh",
    "debootstrap": "debootstrap",
    "dpkg": "dpkg-query",
    "findutils": "find xargs",
    "frr": "vtysh",
    "g++": "cc g++",
    "git": "git",
    "grep": "grep",
    "iproute2": "ip ss tc",
    "iputils-ping": "ping",
    "keepalived": "keepalived",
    "libmariadb-dev": "mariadb_config",
    "llvm-19": "llvm-symbolizer-19",
    "mariadb-client": "mariadb mariadb-admin mariadb-binlog mariadb-dump",
    "mariadb-server": "mariadb-install-db mariadbd",
    "mawk": "awk",
    "mount": "mount umount",
    "nftables": "nft",
    "ninja-build": "ninja",
    "nodejs": "node",
    "npm": "npm",
    "php-cli": "php",
    "procps": "pgrep ps sysctl",
    "python3": "python3",
    "sed": "sed",
    "strace": "strace",
    "sysbench": "sysbench",
    "haproxy": "haproxy",
    "e2fsprogs": "mkfs.ext4",
    "util-linux": "chrt flock fsfreeze nsenter prlimit setpriv setsid taskset unshare",
}.items()}
PACKAGE_OF = {name: package for package, names in BRINGS.items() for name in names}
OPTIONAL = {"perf", "sudo"}

PROGRAM_FOLDERS = re.compile(r"/(?:usr/)?s?bin/([\w.+-]+)")
PYTHON_CALLS = {"run", "sh", "start", "system", "popen", "Popen", "call", "check_call", "check_output", "prefix"}
CPP_CALLS = re.compile(r"\b(run|system|popen|shell|execl|execlp)\s*\(")
SQL = {"begin", "select", "set", "insert", "update", "use", "commit"}
CPP_LITERAL = re.compile(r'"((?:\\.|[^"\\\n])*)"')


def check_commands():
    installed = packages()
    for path in files():
        for line, name in commands_of(path):
            base = name.rsplit("/", 1)[-1]
            package = PACKAGE_OF.get(base)
            if base in OPTIONAL or base.isupper() or base in SQL:  # run("SELECT …") of tests
                continue
            if package is None:
                yield at(path, line, f"calls {base}: say in scripts/checks/commands.py which package brings it")
            elif package not in BASE and package not in installed:
                yield at(path, line, f"calls {base}, and scripts/packages.sh does not name {package}, which brings it")


def packages():
    arrays = re.findall(r"^(HF_\w+_PACKAGES)=\(", text(ROOT / "scripts" / "packages.sh"), re.M)
    script = ". scripts/packages.sh; " + "; ".join(f'printf "%s\\n" "${{{array}[@]}}"' for array in arrays)
    return set(subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split())


def commands_of(path):
    head = text(path)[:80].splitlines()[:1]
    if path.suffix == ".sh" or (head and re.match(r"#!.*\b(ba|da)?sh$", head[0])):
        return in_shell(text(path))
    if path.suffix == ".py" or (head and "python" in head[0]):
        return in_python(text(path))
    if SRC in path.parents and (is_test(path) or re.search(r"_(fake|fixture)\.(h|cc)$", path.name)):
        return in_cpp(text(path))
    return []


def in_shell(script):
    ours = shell.functions(text(ROOT / "scripts" / "packages.sh"))
    return [(line, name) for line, name in shell.commands(script, frozenset(ours)) if name not in ours]


# -- Python --------------------------------------------------------------------------------------------------------------

def in_python(source):
    tree = ast.parse(source)
    constants = {target.id: node.value.value for node in ast.walk(tree) if isinstance(node, ast.Assign)
                 for target in node.targets if isinstance(target, ast.Name) and is_text(node.value)}
    for node in ast.walk(tree):
        if is_text(node):
            yield from in_text(node)
        elif isinstance(node, ast.Call) and called(node) in PYTHON_CALLS and node.args:
            yield from first_word(node.args[0], constants)
            words = [word.value if is_text(word) else "" for word in node.args]
            if words[:3] == ["ip", "netns", "exec"]:
                yield from first_word(node.args[4], constants)
        elif isinstance(node, (ast.Assign, ast.AugAssign)) and "command" in assigned(node):
            yield from first_word(node.value, constants)
        elif isinstance(node, ast.List) and node.elts and is_text(node.elts[0]) and node.elts[0].value in PACKAGE_OF:
            yield node.lineno, node.elts[0].value  # on its way to a call


def assigned(node):
    return [getattr(target, "id", "") for target in (node.targets if isinstance(node, ast.Assign) else [node.target])]


def is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def called(call):
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def in_text(node):
    """A path of a program, or a script that a test writes."""
    path = PROGRAM_FOLDERS.fullmatch(node.value)
    if path:
        yield node.lineno, path.group(1)
    elif re.match(r"#!/bin/(ba)?sh\b", node.value):
        yield from ((node.lineno, name) for _, name in in_shell(node.value))


def first_word(node, constants):
    """The program of a command line: a list, a sum of lists, a choice of lists, or the word itself."""
    if isinstance(node, (ast.List, ast.Tuple)) and node.elts:
        first, shell_text = node.elts[0], len(node.elts) > 2 and is_text(node.elts[1]) and node.elts[1].value == "-c"
        yield from first_word(first.value if isinstance(first, ast.Starred) else first, constants)
        if shell_text and is_text(node.elts[2]):
            yield from ((node.lineno, name) for _, name in in_shell(node.elts[2].value))
    elif isinstance(node, ast.BinOp):
        yield from first_word(node.left, constants)
    elif isinstance(node, ast.Call) and ast.unparse(node.func) == "os.environ.get" and len(node.args) == 2:
        yield from first_word(node.args[1], constants)
    elif isinstance(node, ast.IfExp):
        yield from first_word(node.body, constants)
        yield from first_word(node.orelse, constants)
    else:
        word = node.value if is_text(node) else constants.get(getattr(node, "id", ""), "")
        if re.fullmatch(r"[a-z][\w.+-]*", word):
            yield node.lineno, word


# -- C++ -----------------------------------------------------------------------------------------------------------------

def in_cpp(source):
    for call in CPP_CALLS.finditer(source):
        script = first_argument(source, call.end())
        for _, name in in_shell(script):
            yield line_of(source, call.start()), name


def first_argument(source, i):
    """The literals of the first argument, joined; what stands between them is an expansion."""
    pieces, depth = [], 0
    while i < len(source):
        literal = CPP_LITERAL.match(source, i)
        if literal:
            pieces.append(literal.group(1).replace('\\"', '"').replace("\\'", "'").replace("\\n", "\n").replace("\\\\", "\\"))
            i = literal.end()
            continue
        if source[i] in "({[":
            depth += 1
        elif source[i] in ")}]":
            depth -= 1
        if depth < 0 or (depth == 0 and source[i] == ","):
            break
        if source[i] == "+" and pieces and not pieces[-1].endswith("$X"):
            pieces.append("$X")
        i += 1
    return "".join(pieces)
