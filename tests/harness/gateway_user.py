"""Whom a gateway becomes that the tests start as root: an account that every Debian has, and as which no test is a stranger."""
import os
import shutil

USER = "daemon"


def give(path):
    """A folder that it must be able to write into, or a file that is not for everybody's eyes."""
    if os.geteuid() == 0:
        shutil.chown(path, USER)


def write_secret(folder, name, secret):
    """A file that it alone can read. The path."""
    path = os.path.join(folder, name)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(secret + "\n")
    give(path)
    return path
