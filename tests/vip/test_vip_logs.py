"""Whoever takes what a node writes may stop: a reader, a disk, a mount. The address does not move for it, and it is said."""
import contextlib
import ctypes
import fcntl
import os
import signal
import subprocess
import tempfile
import time

import pytest

from harness.lab import sh
from harness.processes import eventually

pytestmark = pytest.mark.gateway

LOG_TO = '\n[log]\nfile = "{folder}/place/log"\n'


class StoppedReader:
    """Starts a node whose standard error is a pipe that nobody reads before drain(), which appends to the node's log."""

    def __init__(self, node):
        path = os.path.join(node.folder, "stderr.pipe")
        os.mkfifo(path)
        self.log, self.fd = node.log, os.open(path, os.O_RDWR | os.O_NONBLOCK)
        fcntl.fcntl(self.fd, fcntl.F_SETPIPE_SZ, 4096)
        open(self.log, "ab").close()
        node.log = path
        try:
            node.start()
        finally:
            node.log = self.log

    def drain(self):
        with open(self.log, "ab") as file, contextlib.suppress(BlockingIOError):
            while True:
                file.write(os.read(self.fd, 65536))


def told(node, name):
    return [one for one in node.events() if one["event"] == name]


class Steady:
    """What may not change while something does not take lines."""

    def __init__(self, cluster):
        self.cluster, self.since = cluster, cluster.probe.now()
        self.before = {name: self.state(node) for name, node in cluster.nodes.items()}

    @staticmethod
    def state(node):
        status = node.status()
        return (status["guardian"]["gateway_pid"], status["guardian"]["gateway_restarts"],
                [len(vip["transitions"]) for vip in status["vips"]])

    def check(self):
        for name, node in self.cluster.nodes.items():
            assert self.state(node) == self.before[name], f"{name} changed: {self.state(node)} instead of {self.before[name]}"
        assert self.cluster.probe.unheld(self.since) == 0.0


def write_much(*nodes, times=60):
    """Lines for the log: reloads, as many as are not one by the time that they are read."""
    for _ in range(times):
        for node in nodes:
            node.signal(signal.SIGHUP, node.guardian_pid())
        time.sleep(0.03)


def test_standard_error_whose_reader_is_stopped_moves_nothing(vips):
    """systemd/systemd#16456: the gateways of both nodes hung in their logs, and nobody had the address for 23 s."""
    cluster = vips(start=False, master=None)
    a, b = cluster["a"], cluster["b"]
    readers = [StoppedReader(node) for node in (a, b)]
    cluster.settle("a")
    steady = Steady(cluster)
    write_much(a, b)
    for node in (a, b):
        eventually(lambda: told(node, "log_not_taken"), f"{node.name} to say that its log is not taken", 20)
    steady.check()
    assert told(a, "config_reloaded")

    def read(what):
        readers[0].drain()
        return what in a.log_text()
    eventually(lambda: read("HF-1033"), "the lines to be there once somebody reads", 10)
    assert a.status()["log_lines_lost"] == 0, "there was room for them all"
    b.stop()  # though nobody reads


@pytest.fixture
def places():
    """places(node): the folder that the log goes to, made; what is to be undone at the end is pushed to places.undo."""
    class Places:
        undo = contextlib.ExitStack()

        def __call__(self, node):
            path = os.path.join(node.folder, "place")
            os.mkdir(path)
            os.chmod(path, 0o777)
            return path
    made = Places()
    with made.undo:
        yield made


def unmount(path):
    subprocess.run(["umount", "-l", path], check=False)


def test_a_full_disk_moves_nothing_and_is_told(vips, places):
    cluster = vips(start=False, master=None, extra=LOG_TO)
    for node in cluster.nodes.values():
        path = places(node)
        sh("mount", "-t", "tmpfs", "-o", "size=8k,mode=777", "full", path)
        places.undo.callback(unmount, path)
        node.start()
    cluster.settle("a")
    steady, a = Steady(cluster), cluster["a"]
    write_much(*cluster.nodes.values())
    eventually(lambda: told(a, "log_not_taken"), "it to be said that the disk is full", 10)
    assert "No space left" in told(a, "log_not_taken")[0]["fields"]["reason"]
    steady.check()
    sh("mount", "-o", "remount,size=4m", os.path.join(a.folder, "place"))

    def log():
        with open(os.path.join(a.folder, "place", "log"), encoding="utf-8") as file:
            return file.read()
    eventually(lambda: "HF-1033" in log(), "the lines that waited to be written", 10)
    steady.check()


def test_a_log_file_that_does_not_open_keeps_nobody_from_starting(vips, places):
    """A FIFO that nobody reads opens as a file on a mount that hangs: not at all."""
    cluster = vips(start=False, master=None, extra=LOG_TO)
    for node in cluster.nodes.values():
        os.mkfifo(os.path.join(places(node), "log"), 0o666)
        os.chmod(os.path.join(node.folder, "place", "log"), 0o666)
        node.start()
    cluster.settle("a")
    steady, a = Steady(cluster), cluster["a"]
    write_much(a, times=20)
    assert told(a, "log_failed")
    a.signal(signal.SIGUSR1, a.guardian_pid())
    time.sleep(1.0)
    steady.check()
    with open(os.open(os.path.join(a.folder, "place", "log"), os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0) as reader:
        eventually(lambda: b"HF-10" in (reader.read(65536) or b""), "lines once somebody reads", 10)


def test_a_log_on_a_disk_that_hangs_moves_nothing(vips, places):
    """A frozen file system: who writes is in the kernel until it is thawed, and no flag or signal helps."""
    cluster = vips(start=False, master=None, extra=LOG_TO)
    for node in cluster.nodes.values():
        path, image = places(node), os.path.join(node.folder, "image")
        with open(image, "wb") as file:
            file.truncate(8 << 20)
        sh("mkfs.ext4", "-q", "-F", image)
        sh("mount", "-o", "loop", image, path)
        places.undo.callback(unmount, path)
        os.chmod(path, 0o777)
        node.start()
    cluster.settle("a")
    steady, a = Steady(cluster), cluster["a"]
    frozen = [os.path.join(node.folder, "place") for node in cluster.nodes.values()]
    with contextlib.ExitStack() as thaw:
        for path in frozen:
            sh("fsfreeze", "-f", path)
            thaw.callback(subprocess.run, ["fsfreeze", "-u", path], check=False)
        write_much(*cluster.nodes.values())
        a.signal(signal.SIGUSR1, a.guardian_pid())
        eventually(lambda: told(a, "log_not_taken"), "it to be said that the log is not taken", 20)
        steady.check()
    with open(os.path.join(a.folder, "place", "log"), encoding="utf-8") as file:
        eventually(lambda: "HF-1033" in file.read(), "the lines that waited to be written", 10)


@contextlib.contextmanager
def silent_mount(path):
    """A file system in user space whose server never answers."""
    server = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    options = f"fd={server},rootmode=40000,user_id=0,group_id=0,allow_other".encode()
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.mount(b"silent", path.encode(), b"fuse", 0, options) == 0, os.strerror(ctypes.get_errno())
    try:
        yield
    finally:
        os.close(server)  # whoever waits gets an error
        unmount(path)


def test_a_track_file_on_a_mount_that_hangs_counts_as_bad_and_holds_nobody_up(vips):
    with tempfile.TemporaryDirectory(prefix="hf-silent-", dir="/run") as folder:
        os.chmod(folder, 0o755)
        cluster = vips(vip_extra=f'preempt = true\ntrack = [ {{ file = "{folder}/flag", weight = -5, interval = "100ms" }} ]')
        a, steady = cluster["a"], Steady(cluster)

        def track():
            return next(one for one in a.vip()["tracks"] if one["track"].startswith("file"))
        eventually(lambda: track()["good"], "the file to be read", 5)
        with silent_mount(folder):
            eventually(lambda: track()["good"] is False, "the file to count as bad", 10)
            assert track()["reason"] == "its file system does not answer"
            a.cli_ok("reload")
        steady.check()
        eventually(lambda: track()["good"], "the file to be good again", 10)
