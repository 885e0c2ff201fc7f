"""Headers: each compiles alone under the project's warnings, and opens with what it is for.

Most headers need no compiler of their own: where x.cc includes "x.h" before anything else, the release preset
has compiled x.h alone already. That it comes first is checked here; the other headers are compiled.
"""
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count

from tree import CXX, ROOT, SRC, WARNINGS, Verdicts, at, files, includes, room, text


def check_self_contained():
    version = subprocess.run([CXX, "--version"], capture_output=True, text=True, check=True).stdout
    verdicts = Verdicts("headers", version, WARNINGS)
    own = [path for path in files(".h", below=SRC) if path.with_suffix(".cc").is_file()]
    for path in own:
        first = next(iter(includes(path.with_suffix(".cc"))), (1, "", False))
        if first[1] != str(path.relative_to(SRC)):
            yield at(path.with_suffix(".cc"), first[0], f'includes "{path.relative_to(SRC)}" first: so the header is compiled alone')
    todo = [(path, key) for path in files(".h", below=SRC) if path not in own and not verdicts.good(key := verdicts.key(path))]
    with ThreadPoolExecutor(cpu_count() or 2) as pool:
        for (path, key), problem in zip(todo, pool.map(lambda job: compile_alone(job[0]), todo)):
            if problem:
                yield at(path, 1, f"does not compile alone:\n    {problem}")
            else:
                verdicts.remember(key)


def compile_alone(header):
    # Included twice: the guard is tried as well. Unused functions of a header are no fault of a file with nothing else.
    stub = f'#include "{header.relative_to(SRC)}"\n' * 2
    command = [CXX, "-std=c++20", "-fsyntax-only", *WARNINGS, "-Wno-unused-function", "-I", SRC, "-x", "c++", "-"]
    ended = subprocess.run(command, cwd=ROOT, input=stub, capture_output=True, text=True)
    errors = [line for line in ended.stderr.splitlines() if "error" in line]
    return "" if ended.returncode == 0 else "\n    ".join(errors[:4] or ended.stderr.splitlines()[:4])


def check_openings():
    for path in files(".h", below=SRC):
        content = text(path)
        if not re.match(r"//\s*\S", content):
            yield at(path, 1, "opens without a comment that says what it is for, who owns it, on which thread")
        if "#pragma once" not in content:
            yield at(path, 1, "has no #pragma once")
        if not re.search(r"^namespace hf\b", content, re.M):
            yield at(path, 1, f"is not in namespace hf (here: hf::{room(path)})")
