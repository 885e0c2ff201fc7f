"""clang-format on all, clang-tidy on the files that suspend. Results are remembered by content, so a rerun is quick."""
import json
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from pathlib import Path

from tree import ROOT, SRC, Verdicts, at, closure, code, files, text

TIDY, FORMAT = "clang-tidy-19", "clang-format-19"
DATABASE = ROOT / "build" / "dev" / "compile_commands.json"
SUSPENDS = re.compile(r"\bco_(?:await|return|yield)\b")


def check_coroutines():
    sources = coroutine_sources()
    commands, problem = compile_commands(sources)
    if problem:
        yield problem
        return
    verdicts = Verdicts("tidy", text(ROOT / ".clang-tidy"), tool_version(TIDY))
    said = set()
    todo = [(path, key) for path in sources if not verdicts.good(key := verdicts.key(path, commands[path]))]
    with ThreadPoolExecutor(cpu_count() or 2) as pool:
        for (path, key), found in zip(todo, pool.map(lambda job: tidy(job[0]), todo)):
            yield from sorted(set(found) - said)
            said.update(found)
            if not found:
                verdicts.remember(key)


def coroutine_sources():
    """Sources that suspend themselves, and one that reaches each header which does (a header is seen through a source)."""
    sources = [path for path in files(".cc", below=SRC) if not path.name.endswith("_fuzz.cc")]
    chosen = [path for path in sources if SUSPENDS.search(code(path))]
    covered = {header for path in chosen for header in closure(path)}
    for header in files(".h", below=SRC):
        if SUSPENDS.search(code(header)) and header not in covered:
            user = next((path for path in sources if header in closure(path)), None)
            if user:
                chosen.append(user)
                covered |= closure(user)
    return sorted(chosen)


def compile_commands(sources):
    """What the dev preset compiles each source with; it is configured anew when it does not know them all."""
    for attempt in (1, 2):
        known = {}
        if DATABASE.is_file():
            known = {ROOT / entry["file"]: entry["command"] for entry in json.loads(DATABASE.read_text())}
        unknown = [path for path in sources if path not in known]
        if not unknown:
            return known, None
        if attempt == 1:
            ended = subprocess.run(["cmake", "--preset", "dev"], cwd=ROOT, capture_output=True, text=True)
            if ended.returncode != 0:
                return {}, f"cmake --preset dev failed: {ended.stderr.strip()[-400:]}"
    return {}, at(unknown[0], 1, "is in no target: its room is missing from CMakeLists.txt")


def tidy(path):
    command = [TIDY, "-p", DATABASE.parent, "--quiet", "--warnings-as-errors=*", path]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    found = re.findall(r"^(.*?:\d+):\d+: (?:error|warning): (.*)$", ended.stdout, re.M)
    if ended.returncode != 0 and not found:
        return [at(path, 1, f"clang-tidy failed: {(ended.stderr or ended.stdout).strip()[-400:]}")]
    return sorted({f"{where.replace(str(ROOT) + '/', '')}: {what}" for where, what in found})


def tool_version(tool):
    return subprocess.run([tool, "--version"], capture_output=True, text=True, check=True).stdout


def check_format():
    every, cores = files(".h", ".cc", below=SRC), cpu_count() or 2
    with ThreadPoolExecutor(cores) as pool:  # a few processes for all files: starting one costs more than it does
        for said in pool.map(unformatted, [every[part::4 * cores] for part in range(4 * cores)]):
            for name, places in sorted(said.items()):
                yield f"{name}: clang-format would change {places} places"


def unformatted(paths):
    """{file:line of the first place: places} that clang-format would change."""
    ended = subprocess.run([FORMAT, "--dry-run", "-Werror", *paths], cwd=ROOT, capture_output=True, text=True)
    found = {}
    for name, line in re.findall(r"^(.*?):(\d+):\d+: error: .*\[-Wclang-format-violations\]$", ended.stderr, re.M):
        found.setdefault(name, []).append(line)
    if ended.returncode != 0 and not found:
        return {f"clang-format failed: {ended.stderr.strip()[-400:]}": 0}
    return {f"{name.replace(f'{ROOT}/', '')}:{lines[0]}": len(lines) for name, lines in found.items()}
