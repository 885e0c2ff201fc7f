"""The house style as far as a few patterns can see it: names, words, sizes, folders that explain themselves."""
import ast
import os
import re
import subprocess
import tomllib

from sizes import long_functions
from tree import ROOT, SRC, at, code, files, is_test, line_of, room, text

VAGUE_NAMES = re.compile(r"(^|_)(utils?|common|managers?|helpers?|misc)($|_)")
TEXT_SUFFIXES = (".h", ".cc", ".py", ".sh", ".lua", ".js", ".mjs", ".css", ".html", ".md", ".toml", ".txt", ".cmake", ".json",
                 ".service", ".yml", ".cfg")
FOLDERS_WITH_README = ("bench", "tests", "tools", "packaging", "web")


def check_readmes():
    folders = sorted({SRC / room(path) for path in files(".h", ".cc", below=SRC)})
    folders += [ROOT / name for name in FOLDERS_WITH_README if files(below=ROOT / name)]
    for folder in folders:
        readme = folder / "README.md"
        if not readme.is_file():
            yield f"{folder.relative_to(ROOT)}/README.md is missing: is for, is not for, may include, start reading at"
        elif len(text(readme).split()) < 25:
            yield at(readme, 1, "says too little: is for, is not for, may include, start reading at")


def check_names():
    for path in files(".h", ".cc", below=SRC):
        if not re.fullmatch(r"[a-z0-9_]+\.(h|cc)", path.name):
            yield at(path, 1, "file names are snake_case")
        if VAGUE_NAMES.search(path.stem):
            yield at(path, 1, "a file is named after the noun it holds")
        if re.search(r"_(fake|fixture)_", path.stem) and not is_test(path):
            yield at(path, 1, "what tests stand on ends with _fake or _fixture: this would be part of the program")
        for match in re.finditer(r"^[ \t]*#[ \t]*define[ \t]+(\w+)", code(path), re.M):
            if not match.group(1).startswith("HF_") and path.suffix == ".h":
                yield at(path, line_of(code(path), match.start()), f"macro {match.group(1)}: ours begin with HF_")


def machine_paths():
    """Where this checkout lives must not show in it. A parent that every machine has tells nothing."""
    yield re.escape(str(ROOT)) + r"(?![\w-])"
    if len(ROOT.parent.parts) > 1 and str(ROOT.parent) not in ("/tmp", "/opt", "/srv", "/src", "/root", "/home", "/var/tmp"):
        yield r"(?<![\w.$}])" + re.escape(str(ROOT.parent)) + "/"
    yield r"(?<![\w.])/home/[a-z]\w*/"
    yield r"(?<![\w.])/root" r"/"


def check_words():
    rules = [(re.compile(r"\b(?:TO" r"DO|FIX" r"ME)\b"), "do it now or leave the words out")]
    rules += [(re.compile(pattern), "a path of one machine") for pattern in machine_paths()]
    private = ROOT / ".git" / "info" / "unwanted-words"  # one regular expression a line, known to this checkout only
    if private.is_file():
        rules += [(re.compile(line, re.I), "an unwanted word") for line in private.read_text().splitlines() if line.strip()]
    for path in everything_written():
        for pattern, why in rules:
            for match in pattern.finditer(text(path)):
                yield at(path, line_of(text(path), match.start()), f"{match.group(0)}: {why}")


def everything_written():
    for path in files():
        scripts = path.parent.name in ("scripts", ".ci") or path.name.startswith(".clang")
        if path.name.endswith(TEXT_SUFFIXES) or scripts:
            yield path


def check_language():
    for path in files(".h", ".cc", below=SRC):
        if is_test(path):
            continue
        rules = [(r"\bthrow\b(?!\s*\()", "we throw nothing: return a Result")]
        if room(path) != "runtime":
            rules.append((r"\bthread_local\b", "no thread_local outside runtime/"))
        for pattern, why in rules:
            for match in re.finditer(pattern, code(path)):
                yield at(path, line_of(code(path), match.start()), f"{match.group(0)}: {why}")


def check_tests():
    for path in files("_test.cc", below=SRC):
        for match in re.finditer(r"\bthis_thread\s*::\s*sleep_|(?<![\w.>:])u?sleep\s*\(|\bnanosleep\b|\b(?:system|steady)_clock::now", code(path)):
            yield at(path, line_of(code(path), match.start()), f"{match.group(0)}: unit tests own their time")


def check_dependencies():
    document = ROOT / "docs" / "dependencies.md"
    listed = text(document) if document.is_file() else ""
    script = '. scripts/packages.sh; printf "%s\\n" "${HF_BUILD_PACKAGES[@]}" "${HF_TEST_PACKAGES[@]}"'
    packages = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    for package in packages:
        if not re.search(rf"`{re.escape(package)}`", listed):
            yield f"docs/dependencies.md: {package} is missing: what for, why this one, what else was considered"


def check_scripts():
    for path in files():
        head = text(path)[:80].splitlines()[:1] if path.suffix in ("", ".sh", ".py") else []
        try:
            if path.suffix == ".toml":
                tomllib.loads(text(path))
            elif path.suffix == ".py" or (head and "python" in head[0]):
                ast.parse(text(path))
            elif path.suffix == ".sh" or (head and re.match(r"#!.*\b(ba|da)?sh$", head[0])):
                subprocess.run(["bash", "-n", path], check=True, capture_output=True, text=True)
        except (SyntaxError, tomllib.TOMLDecodeError) as error:
            yield at(path, getattr(error, "lineno", 1) or 1, str(error))
        except subprocess.CalledProcessError as error:
            yield at(path, 1, error.stderr.strip())
        if head and head[0].startswith("#!") and not os.access(path, os.X_OK):
            yield at(path, 1, "begins with #! but cannot be executed")


def check_sizes():
    for path in files(".h", ".cc", ".py", ".js", ".mjs", ".lua", ".sh"):
        count = text(path).count("\n")
        if count > 600:
            yield "warning: " + at(path, 1, f"{count} lines: past 600 something wants out")
        if path.suffix in (".h", ".cc", ".py"):
            for line, name, length in long_functions(path, 100):
                yield "warning: " + at(path, line, f"{name} has {length} lines: past 100 something wants out")
