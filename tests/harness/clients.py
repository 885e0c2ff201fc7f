"""Builds the C test clients of tests/e2e/clients with libmariadb, into build/e2e, when they are older than their source."""
import os
import subprocess

from .holdfast import TREE

SOURCES = os.path.join(TREE, "tests", "e2e", "clients")
BUILT = os.path.join(TREE, "build", "e2e")


def c_client(name):
    """The path of the built client `name` (clients/<name>.c)."""
    source, program = os.path.join(SOURCES, name + ".c"), os.path.join(BUILT, name)
    if os.path.exists(program) and os.path.getmtime(program) > os.path.getmtime(source):
        return program
    os.makedirs(BUILT, exist_ok=True)
    flags = subprocess.run(["mariadb_config", "--cflags", "--libs"], capture_output=True, text=True, check=True).stdout.split()
    fresh = f"{program}.{os.getpid()}"
    built = subprocess.run([os.environ.get("CC", "cc"), "-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", source, "-o", fresh,
                            *flags], capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    os.rename(fresh, program)
    return program


def node_modules():
    """The folder with npm's mysql2 and mariadb (clients/package.json), installed into build/npm at the first call."""
    wanted = os.path.join(SOURCES, "package.json")
    folder = os.path.join(TREE, "build", "npm")
    modules, stamp = os.path.join(folder, "node_modules"), os.path.join(folder, "package.json")
    with open(wanted, encoding="utf-8") as file:
        text = file.read()
    if os.path.isdir(modules) and os.path.exists(stamp):
        with open(stamp, encoding="utf-8") as file:
            if file.read() == text:
                return modules
    os.makedirs(folder, exist_ok=True)
    with open(stamp, "w", encoding="utf-8") as file:
        file.write(text)
    done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--no-save", "--ignore-scripts"], cwd=folder,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        os.remove(stamp)
    assert done.returncode == 0, f"npm install failed:\n{done.stdout}{done.stderr}"
    return modules
