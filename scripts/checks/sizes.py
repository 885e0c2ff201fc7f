"""Finds long functions, by the syntax tree in Python, by braces in C++, and wide lines."""
import ast
import re

from tree import SRC, at, code, files, line_of, text

NOT_A_FUNCTION = re.compile(r"\b(namespace|class|struct|enum|union|if|for|while|switch|catch|do|else|try)\b")
MOST_LINES = 60  # of a function below src/
MOST_COLUMNS = 120  # of a line below src/

# What is long because it is a table: by file and name. One that is short by now is to be taken out.
TABLES = {
    ("config/example.cc", "example_file"): "the example file, as it is printed",
    ("config/print_test.cc", "PrintTest.AVipIsPrintedWithWhatItsDefaultsCameTo"): "a file, and the one that it comes to",
    ("policy/session/ledger_ties_test.cc", "Ledger.RowsFoundAreWhatWasSentOnlyForAPlainSelect"): "a statement a line",
    ("policy/session/model_test.cc", "texts"): "a statement a line",
    ("policy/sql/findings.cc", "Findings::see_word"): "a switch, with a case or two for each word",
}


def check_functions(tables=None):
    tables = TABLES if tables is None else tables
    long = {(str(path.relative_to(SRC)), name): (path, line, length)
            for path in files(".h", ".cc", below=SRC) for line, name, length in long_functions(path, MOST_LINES)}
    for key, (path, line, length) in long.items():
        if key not in tables:
            yield at(path, line, f"{key[1]} has {length} lines, more than {MOST_LINES}: which part of it has a name of its own?")
    for file, name in tables:
        if (file, name) not in long:
            yield f"scripts/checks/sizes.py: {name} in {file} is no long table: take it out"


def check_columns():
    for path in files(".h", ".cc", below=SRC):
        for line, columns in wide_lines(text(path)):
            yield at(path, line, f"{columns} columns, more than {MOST_COLUMNS}; a table stands between \"clang-format off\" and \"on\"")


def wide_lines(content):
    """[(line, columns)] of the lines that are too wide, outside of what clang-format is to leave alone."""
    found, off = [], False
    for number, line in enumerate(content.splitlines(), 1):
        mark = re.search(r"//\s*clang-format (off|on)\b", line)
        off = mark.group(1) == "off" if mark else off
        if not off and len(line) > MOST_COLUMNS:
            found.append((number, len(line)))
    return found


def long_functions(path, limit):
    """[(line, name, lines)] of the functions longer than `limit`."""
    every = python_functions(path) if path.suffix == ".py" else cpp_functions(code(path))
    return [found for found in every if found[2] > limit]


def python_functions(path):
    for node in ast.walk(ast.parse(text(path))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.lineno, node.name, node.end_lineno - node.lineno + 1


def cpp_functions(content):
    """Outermost brace blocks that follow a parameter list. Lambdas inside count towards the function they are in."""
    content = without_directives(content)
    depth, inside, start, head, parentheses = 0, None, 0, 0, 0
    for match in re.finditer(r"[{};()]", content):
        mark = match.group(0)
        if mark in "()":
            parentheses += 1 if mark == "(" else -1
            continue
        if parentheses > 0:  # a default argument, or a lambda that is one: not the body
            continue
        if mark == "{":
            opening = content[head:match.start()]
            if inside is None and is_value(opening):
                depth += 1
                continue  # of a member, in a constructor's list: the body comes behind it
            if inside is None and "(" in opening and not NOT_A_FUNCTION.search(opening.split("(")[0]):
                inside, start = depth, head + re.match(r"(?:\s|(?:public|protected|private)\s*:)*", opening).end()
            depth += 1
        elif mark == "}":
            depth -= 1
            if inside is None and content[match.end():].lstrip().startswith((",", "{")):
                continue
            if inside == depth:
                first = line_of(content, start)
                yield first, name_of(content[start:]), line_of(content, match.start()) - first + 1
                inside = None
        head = match.end()


def without_directives(content):
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda line: re.sub(r"[^\n]", " ", line.group(0)), content, flags=re.M)


def is_value(opening):
    """Whether a brace opens a member's first value: "Shard(int id) : id_{id}, name_{}" has no blank before it, a body has."""
    return re.search(r"\)\s*(?:noexcept\s*)?:[^:].*\w$", opening, re.S) is not None


def name_of(function):
    test = re.match(r"(?:TYPED_)?TEST(?:_[FP])?\(\s*(\w+)\s*,\s*(\w+)", function)
    if test:
        return f"{test.group(1)}.{test.group(2)}"
    name = re.search(r"([\w:~]+)\s*\(", function)
    return name.group(1) if name else "a function"
