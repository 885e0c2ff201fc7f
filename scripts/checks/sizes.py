"""Finds long functions: by the syntax tree in Python, by braces in C++."""
import ast
import re

from tree import code, line_of, text

NOT_A_FUNCTION = re.compile(r"\b(namespace|class|struct|enum|union|if|for|while|switch|catch|do|else|try)\b")


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
    depth, inside, start, head = 0, None, 0, 0
    for match in re.finditer(r"[{};]", content):
        mark = match.group(0)
        if mark == "{":
            opening = content[head:match.start()]
            if inside is None and "(" in opening and not NOT_A_FUNCTION.search(opening.split("(")[0]):
                inside, start = depth, head + len(opening) - len(opening.lstrip())
            depth += 1
        elif mark == "}":
            depth -= 1
            if inside == depth:
                name = re.search(r"([\w:~]+)\s*\(", content[start:])
                first = line_of(content, start)
                yield first, name.group(1) if name else "a function", line_of(content, match.start()) - first + 1
                inside = None
        head = match.end()
