"""Who is told when an address moves: scripts, a FIFO, a Unix socket, a webhook, mail. None of them may hold the move up."""
import json
import os
import socket
import threading

import pytest

from harness.gateway_user import USER, give
from harness.processes import eventually

pytestmark = pytest.mark.gateway

SCRIPT = '#!/bin/sh\necho "$(id -un) $* $(env | grep ^HOLDFAST_ | sort | tr \'\\n\' \' \')" >> "$(dirname "$0")/told"\n'


class Receiver:
    """A TCP or Unix server in a host's namespace that keeps what it is sent; answer(text so far) -> bytes to send back."""

    def __init__(self, listener, greeting=b"", answer=None):
        self.listener, self.greeting, self.answer, self.texts = listener, greeting, answer, []
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        text = bytearray()
        self.texts.append(text)
        with connection:
            try:
                if self.greeting:  # sending nothing to a peer that is done already is an error
                    connection.sendall(self.greeting)
                while piece := connection.recv(4096):
                    text += piece
                    reply = self.answer(bytes(text)) if self.answer else None
                    if reply:
                        connection.sendall(reply)
            except OSError:
                pass

    def lines(self):
        return [line for text in self.texts for line in text.decode().splitlines()]

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)  # wakes accept
        self.listener.close()


def move(cluster):
    cluster["a"].cli_ok("vip", "release", "db")
    cluster.settle("b")


def test_scripts_are_run_for_each_state_as_the_gateways_user(vips):
    hooks = "\n".join(f'on_{state} = "{{folder}}/notify.sh {state}"' for state in ("master", "backup", "fault", "stop", "change"))
    cluster = vips(vip_extra=hooks, files={"notify.sh": SCRIPT})
    move(cluster)

    def told(name):
        with open(os.path.join(cluster[name].folder, "told"), encoding="utf-8") as file:
            return file.read().splitlines()
    eventually(lambda: any(line.startswith(f"{USER} master") for line in told("b")), "b's on_master", ignore=(OSError,))
    eventually(lambda: any(line.startswith(f"{USER} fault") for line in told("a")), "a's on_fault", ignore=(OSError,))
    assert all(line.startswith(USER + " ") and "HOLDFAST_VIP=db" in line for line in told("a") + told("b"))
    assert any(line.startswith(f"{USER} change") for line in told("b"))
    cluster["b"].stop()
    eventually(lambda: any(line.startswith(f"{USER} stop") for line in told("b")), "b's on_stop")


def test_a_script_that_hangs_delays_nothing(vips):
    cluster = vips(vip_extra='on_master = "/bin/sleep 30"\non_fault = "/bin/sleep 30"\nnotify_timeout = "1s"')
    since = cluster.probe.now()
    move(cluster)
    assert cluster.probe.outage(since) < 0.5


def test_a_fifo_gets_a_json_line_for_each_change(vips):
    cluster = vips(extra='\n[[notify]]\nfifo = "{folder}/changes"\n', master=None)
    for node in cluster.nodes.values():
        if not os.path.exists(os.path.join(node.folder, "changes")):
            os.mkfifo(os.path.join(node.folder, "changes"))
            give(os.path.join(node.folder, "changes"))
    cluster.settle("a")
    reader = os.open(os.path.join(cluster["b"].folder, "changes"), os.O_RDONLY | os.O_NONBLOCK)
    try:
        move(cluster)
        text = bytearray()

        def complete():
            text.extend(os.read(reader, 65536))
            return any(one["vip"] == "db" and "MASTER" in one.values() for one in map(json.loads, text.decode().splitlines()))
        eventually(complete, "a line of JSON that says MASTER", 10, ignore=(BlockingIOError, json.JSONDecodeError))
    finally:
        os.close(reader)


def test_a_webhook_is_posted_to_and_a_dead_one_delays_nothing(vips):
    extra = ('\n[[notify]]\nwebhook = "http://{address}:7300/hook"\ntoken_file = "{folder}/token"\n'
             '\n[[notify]]\nwebhook = "http://{address}:7301/nobody"\n')
    cluster = vips(extra=extra, files={"token": "s3cret\n"})
    node = cluster["b"]
    receiver = Receiver(node.host.listen(node.host.address, 7300),
                        answer=lambda text: b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
                        if whole_request(text) else None)
    try:
        since = cluster.probe.now()
        move(cluster)
        assert cluster.probe.outage(since) < 0.5
        eventually(lambda: "MASTER" in told_by(receiver), "the news that b is master")
        head = bytes(receiver.texts[-1]).split(b"\r\n\r\n", 1)[0]
        assert head.startswith(b"POST /hook HTTP/1.1") and b"bearer s3cret" in head.lower()
        states = told_by(receiver)
        assert states.index("BACKUP") < states.index("MASTER"), "in the order of the changes"
    finally:
        receiver.close()


def told_by(receiver):
    """The states of db in the requests that came, in order."""
    bodies = [json.loads(bytes(text).split(b"\r\n\r\n", 1)[1]) for text in receiver.texts if whole_request(bytes(text))]
    return [body["state"] for body in bodies if body["vip"] == "db"]


def whole_request(text):
    head, found, body = text.partition(b"\r\n\r\n")
    if not found:
        return False
    length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0)
    return len(body) >= length


def test_a_mail_is_sent(vips):
    extra = '\n[[notify]]\nsmtp = "{address}:7302"\nfrom = "holdfast@example.org"\nto = ["ops@example.org"]\n'
    cluster = vips(extra=extra)
    node = cluster["b"]
    receiver = Receiver(node.host.listen(node.host.address, 7302), b"220 mail.example.org ESMTP\r\n", smtp_answer)
    try:
        move(cluster)
        eventually(lambda: any(line == "." for line in receiver.lines()), "a mail")
        said = receiver.lines()
        assert "RCPT TO:<ops@example.org>" in said and any(line.startswith("Subject:") and "db" in line for line in said)
    finally:
        receiver.close()


def smtp_answer(text):
    """What a patient mail server says to the last line (one command at a time: no pipelining is offered)."""
    if not text.endswith(b"\r\n"):
        return None
    last = text.split(b"\r\n")[-2]
    in_data = b"\r\nDATA\r\n" in text
    if in_data and last not in (b"DATA", b".", b"QUIT"):
        return None
    return {b"DATA": b"354 go on\r\n", b"QUIT": b"221 bye\r\n"}.get(last, b"250 fine\r\n")


def test_a_unix_socket_gets_the_same_lines(vips):
    cluster = vips(extra='\n[[notify]]\nsocket = "{folder}/changes.sock"\n')
    path = os.path.join(cluster["b"].folder, "changes.sock")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    give(path)
    listener.listen()
    receiver = Receiver(listener)
    try:
        move(cluster)
        eventually(lambda: any(json.loads(line)["vip"] == "db" for line in receiver.lines()), "a line", ignore=(json.JSONDecodeError,))
    finally:
        receiver.close()
