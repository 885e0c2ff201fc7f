"""Who is told of events: a gateway without virtual addresses, as any user, tells a web hook, a pipe and a mailbox."""
import http.server
import json
import os
import socketserver
import subprocess
import tempfile
import threading
import time

import pytest

from harness.gateway_user import USER, give
from harness.holdfast import program
from harness.processes import eventually
from harness.small_gateway import SmallGateway

pytestmark = pytest.mark.gateway

NOBODY = 65534
NOT_ROOT = ("/usr/bin/setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--")


class Hook:
    """A web server that keeps what is posted to it; `status` is what it answers."""

    def __init__(self, status=200):
        self.bodies, self.status = [], status
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                hook.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(hook.status)
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def heard(self, number):
        return [body for body in self.bodies if body["id"] == number]


class Mailbox(socketserver.ThreadingTCPServer):
    """A mail server that takes everything."""

    daemon_threads = True

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            self.wfile.write(b"220 here\r\n")
            for line in self.rfile:
                if line.startswith(b"QUIT"):
                    return
                if not line.startswith(b"DATA"):
                    self.wfile.write(b"250 ok\r\n")
                    continue
                self.wfile.write(b"354 go on\r\n")
                letter = []
                for part in self.rfile:
                    if part == b".\r\n":
                        break
                    letter.append(part.decode())
                self.server.letters.append("".join(letter))
                self.wfile.write(b"250 taken\r\n")

    def __init__(self):
        self.letters = []
        super().__init__(("127.0.0.1", 0), self.Handler)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


@pytest.mark.parametrize("before", [(), NOT_ROOT], ids=["as it is", "as nobody"])
def test_a_web_hook_hears_of_the_events_that_it_names(before):
    with Hook() as hook, SmallGateway(notify=f'[[notify]]\nname = "hook"\nwebhook = "http://127.0.0.1:{hook.port}/told"\n'
                                             'events = ["HF-1020", "HF-20xx"]\n') as gateway:
        if before:
            os.chown(gateway.folder, NOBODY, NOBODY)
        gateway.start(before)
        listener = eventually(lambda: hook.heard("HF-1020"), "the hook to hear of the listener")[0]
        assert listener["event"] == "listener_opened" and listener["node"] == "small" and listener["level"] == "info"
        assert str(gateway.port) in json.dumps(listener)
        gateway.server.close()
        down = eventually(lambda: hook.heard("HF-2002"), "the hook to hear that the server is down")[0]
        assert (down["service"], down["server"], down["event"]) == ("plain", "plain1", "server_down")
        assert [body["sequence"] for body in hook.bodies] == list(range(1, len(hook.bodies) + 1)), "all of them, in order"
        assert {body["id"][:5] for body in hook.bodies} == {"HF-10", "HF-20"}
        assert not hook.heard("HF-1001"), "not asked for"
        logged = gateway.events("server_down")[0]
        assert logged["time"] == down["time"]


@pytest.fixture
def folder():
    """Of the gateway's user."""
    with tempfile.TemporaryDirectory(prefix="hf-notices-") as path:
        os.chmod(path, 0o755)
        give(path)
        yield path


def test_a_pipe_and_a_mailbox_hear_of_a_level(folder):
    pipe = os.path.join(folder, "told")
    os.mkfifo(pipe)
    give(pipe)
    with Mailbox() as mailbox, SmallGateway(
            notify=f'[[notify]]\nfifo = "{pipe}"\nlevel = "info"\n[[notify]]\nsmtp = "127.0.0.1:{mailbox.port}"\n'
                   'from = "holdfast@example.org"\nto = ["ops@example.org"]\nlevel = "error"\n') as gateway:
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        try:
            gateway.start()
            lines = bytearray()

            def told(name):
                try:
                    lines.extend(os.read(reader, 65536))
                except BlockingIOError:
                    pass
                return [json.loads(line) for line in bytes(lines).splitlines() if json.loads(line)["event"] == name]

            eventually(lambda: told("started"), "the pipe to hear of the start")
            gateway.server.close()
            down = eventually(lambda: told("server_down"), "the pipe to hear that the server is down")[0]
            letter = eventually(lambda: [each for each in mailbox.letters if "server_down" in each], "a mail that the server is down")[0]
            assert "Subject: [holdfast] small: HF-2002 server_down plain plain1\r\n" in letter
            assert f"reason: {down['reason']}\r\n" in letter and "What to do: " in letter
            assert not [each for each in mailbox.letters if "started" in each.split("\r\n\r\n")[0]], "not loud enough"
        finally:
            os.close(reader)


def test_failures_are_told_to_the_others_and_do_not_go_round():
    with Hook(status=500) as broken, Hook() as well, SmallGateway(notify="".join(
            f'[[notify]]\nname = "{name}"\nwebhook = "http://127.0.0.1:{hook.port}/{name}"\nretries = 0\n{choice}\n'
            for name, hook, choice in (("broken", broken, 'level = "info"'), ("broken-too", broken, 'events = ["HF-6111"]'),
                                       ("well", well, 'events = ["HF-6111"]')))) as gateway:
        gateway.start()

        def failures(target):
            return [event["fields"] for event in gateway.events("notify_failed") if event["fields"]["target"].startswith(target + " (")]

        eventually(lambda: [each for each in well.bodies if each["target"].startswith("broken (")], "the other to hear of the failure")
        eventually(lambda: failures("broken-too"), "the log to hear that even that could not be told")
        assert {each["notice"] for each in failures("broken-too")} == {"HF-6111"}
        eventually(lambda: "HF-1001" in {each["notice"] for each in failures("broken")}, "the failure to tell of the start")
        assert "the web hook answered 500" in failures("broken")[0]["reason"]
        quiet_since, count = time.monotonic(), -1
        while time.monotonic() - quiet_since < 1.5:  # seconds in which nothing failed any more
            assert len(broken.bodies) < 40, "failures go round"
            if (now := len(gateway.events("notify_failed"))) != count:
                quiet_since, count = time.monotonic(), now
            time.sleep(0.05)
        assert not [each for each in well.bodies if each["target"].startswith("broken-too")], "told to nobody"


def test_check_knows_which_events_there_are():
    with SmallGateway(notify='[[notify]]\ncommand = "/bin/true"\nevents = ["HF-2999"]\n') as gateway:
        checked = subprocess.run([program(), "check", "--config", gateway.config], capture_output=True, text=True, timeout=30, check=False)
        assert checked.returncode == 1
        assert 'events holds "HF-2999", there is no such event' in checked.stderr


def command_that_writes(folder):
    """A program, root's like the file that names it, and where it writes."""
    path, told = os.path.join(folder, "tell.sh"), os.path.join(folder, "told")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f'#!/bin/sh\necho "$(id -un) $1 $2 $3 $4 $HOLDFAST_FIELD_SERVER" >> {told}\n')
    os.chmod(path, 0o755)
    return path, told


def test_a_command_is_run_as_the_gateways_user_though_nobody_holds_an_address(folder):
    path, told = command_that_writes(folder)
    with SmallGateway(notify=f'[[notify]]\ncommand = "{path}"\nevents = ["HF-2002"]\n') as gateway:
        gateway.start()
        gateway.server.close()

        def lines():
            return open(told, encoding="utf-8").read().splitlines() if os.path.exists(told) else []  # noqa: SIM115
        eventually(lines, "the command to be run")
        assert lines() == [f"{USER} EVENT HF-2002 server_down error plain1"]


def test_a_command_of_a_gateway_that_is_not_root_is_run_as_whoever_started_it(folder):
    path, told = command_that_writes(folder)
    os.chown(folder, NOBODY, NOBODY)
    with SmallGateway(notify=f'[[notify]]\nname = "teller"\ncommand = "{path}"\nevents = ["HF-1001"]\n') as gateway:
        os.chown(gateway.folder, NOBODY, NOBODY)
        gateway.start(NOT_ROOT)
        eventually(lambda: os.path.exists(told), "the command to be run")
        eventually(lambda: open(told, encoding="utf-8").read() == "nobody EVENT HF-1001 started info \n", "what it wrote")  # noqa: SIM115
        assert not gateway.events("notify_failed")
