"""What was reported of the admin side, the log and the descriptors, each as a kind of fault."""
import fcntl
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time

import pytest

from harness import processes
from harness.gateway_user import give, write_secret
from harness.processes import eventually
from harness.routes import value
from harness.small_gateway import SmallGateway

pytestmark = pytest.mark.gateway

NOBODY = 65534
COMMANDS = ["/api/v1/servers/plain/plain1/drain", "/api/v1/servers/plain/plain1/resume", "/api/v1/reload", "/api/v1/vips/db/release"]


@pytest.fixture(scope="module")
def small():
    with SmallGateway() as gateway:
        yield gateway.start()


def as_user(uid, *arguments, groups=None, **options):
    """Runs a command as another user of this machine."""
    rights = ["--clear-groups"] if groups is None else [f"--groups={','.join(map(str, groups))}"]
    return subprocess.run(["/usr/bin/setpriv", f"--reuid={uid}", f"--regid={uid}", *rights, "--", *arguments], capture_output=True,
                          text=True, timeout=30, stdin=subprocess.DEVNULL, check=False, **options)


# -- the admin socket is never anybody else's ---------------------------------------------------------------------------

KNOCKER = """
import socket, sys
path, tries, folder = sys.argv[1], 0, None
print("knocking", flush=True)
while True:
    with socket.socket(socket.AF_UNIX) as s:
        try:
            s.connect(path)
        except OSError:
            continue
        s.sendall(b"POST /api/v1/servers/plain/plain1/drain HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 0\\r\\n\\r\\n")
        print("connected", s.recv(400), flush=True)
        break
"""


def end_traced(trace, config):
    """strace's end is not the end of what it watched: its first line names that process."""
    if not os.path.exists(trace):
        return
    with open(trace, encoding="utf-8") as file:
        pid = int(file.readline().split()[0] or 0)
    try:
        with open(f"/proc/{pid}/cmdline", encoding="utf-8") as file:
            if config in file.read():
                os.kill(pid, signal.SIGKILL)
    except OSError:
        pass


def test_no_moment_of_the_start_lets_a_stranger_in():
    """Each system call that makes the socket or changes its mode is stretched, so that a window of any length is seen."""
    calls = "bind,listen,chmod,fchmod,fchmodat"
    with SmallGateway() as gateway:
        trace = os.path.join(gateway.folder, "trace")
        knocker = subprocess.Popen(["/usr/bin/setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--", sys.executable, "-S", "-c",
                                    KNOCKER, gateway.admin_socket], stdout=subprocess.PIPE, text=True)
        try:
            assert knocker.stdout.readline() == "knocking\n"
            gateway.start(["/bin/sh", "-c", 'umask 0; exec "$@"', "sh", "/usr/bin/strace", "-f", "-qq", "-o", trace,
                           "-e", f"trace={calls}", "-e", f"inject={calls}:delay_exit=150000"], seconds=60)
            with open(trace, encoding="utf-8") as file:
                assert f'sun_path="{gateway.admin_socket}"' in file.read(), "the trace shows how the socket is made"
            assert knocker.poll() is None, f"a stranger got in: {knocker.stdout.read()}"
            assert os.stat(gateway.admin_socket).st_mode & 0o777 == 0o600
            assert os.stat(os.path.dirname(gateway.admin_socket)).st_mode & 0o777 == 0o755
            os.kill(gateway.status()["pid"], signal.SIGTERM)
            assert gateway.child.wait(30) == 0
        finally:
            knocker.kill()
            knocker.wait(10)
            end_traced(trace, gateway.config)


def test_a_service_socket_is_everybodys_whatever_the_umask():
    with SmallGateway(unix=True) as gateway:
        gateway.start(["/bin/sh", "-c", 'umask 077; exec "$@"', "sh"])
        assert os.stat(gateway.unix_socket).st_mode & 0o777 == 0o777
        assert as_user(NOBODY, sys.executable, "-c", "import socket,sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])",
                       gateway.unix_socket).returncode == 0


# -- who may command ----------------------------------------------------------------------------------------------------

POSTER = """
import sys, urllib.error, urllib.request
try:
    answer = urllib.request.build_opener(urllib.request.ProxyHandler({})).open(urllib.request.Request(sys.argv[1], data=b"", method="POST"), timeout=10)
    print(answer.status, answer.read().decode())
except urllib.error.HTTPError as failure:
    print(failure.code, failure.read().decode())
"""


@pytest.mark.parametrize("command", COMMANDS)
def test_without_a_credential_http_on_loopback_commands_nothing(small, command):
    code, text = as_user(NOBODY, sys.executable, "-c", POSTER, f"http://127.0.0.1:{small.http_port}{command}").stdout.split(" ", 1)
    assert code == "403"
    message = json.loads(text)["error"]["message"]
    assert "Unix socket" in message and "admin.token_file" in message, message
    assert small.http(command, method="POST", body=b"")[0] == 403, "nor does root, who cannot be told apart there"
    assert not small.server_status("plain1", "plain")["drained"]
    refused = eventually(lambda: small.events("admin_refused"), "the refusal to be an event")
    assert refused[-1]["fields"]["reason"] == message


def test_without_a_credential_http_still_shows(small):
    for path in ("/api/v1/status", "/api/v1/events", "/metrics", "/healthz", "/readyz"):
        assert small.http(path)[0] == 200, path
    assert small.http("/api/v1/explain?service=plain", method="POST", body=b"select 1")[0] == 404, "asked, and no MySQL service"


def test_the_command_line_commands_by_the_socket(small):
    since = small.status()["last_event"]
    assert small.cli("drain", "plain/plain1").returncode == 0
    assert small.server_status("plain1", "plain")["drained"]
    assert small.cli("resume", "plain/plain1").returncode == 0
    commands = small.events("admin_command", since)
    assert [event["fields"]["client"] for event in commands] == [f"unix (uid {os.getuid()})"] * 2


def test_with_a_token_http_commands():
    with SmallGateway(admin_extra='token_file = "token"') as gateway:
        write_secret(gateway.folder, "token", "a-long-token")
        gateway.start()
        headers = {"Authorization": "Bearer a-long-token"}
        assert gateway.http(COMMANDS[0], method="POST", body=b"")[0] == 401
        assert gateway.http(COMMANDS[0], method="POST", body=b"", headers=headers)[0] == 200
        assert gateway.http(COMMANDS[1], method="POST", body=b"", headers=headers)[0] == 200


def test_a_group_that_the_socket_is_given_to_may_command(small):
    program = processes_program()
    os.chmod(small.config, 0o644)
    before = os.stat(small.admin_socket)
    try:
        os.chown(small.admin_socket, -1, 4)
        os.chmod(small.admin_socket, 0o660)
        assert as_user(1000, program, "reload", "--config", small.config, groups=[4]).returncode == 0
        stranger = as_user(1000, program, "reload", "--config", small.config)
        assert stranger.returncode == 1 and "the file's mode" in stranger.stderr, stranger.stderr
        os.chmod(small.admin_socket, 0o666)
        assert as_user(NOBODY, program, "status", "--config", small.config).returncode == 0
    finally:
        os.chown(small.admin_socket, before.st_uid, before.st_gid)
        os.chmod(small.admin_socket, 0o600)


def test_the_peer_is_asked_for_when_the_mode_was_different_as_it_connected(small):
    """Connected while everybody may, asked after that was taken back: the kernel's door alone would let it through."""
    os.chmod(small.admin_socket, 0o666)
    held = subprocess.Popen(["/usr/bin/setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--", sys.executable, "-c", """
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
print("connected", flush=True)
sys.stdin.readline()
s.sendall(b"POST /api/v1/servers/plain/plain1/drain HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n")
while data := s.recv(4000): print(data.decode(), flush=True)
""", small.admin_socket], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert held.stdout.readline() == "connected\n"
    finally:
        os.chmod(small.admin_socket, 0o600)
    answer = held.communicate("go\n", timeout=10)[0]
    assert answer.startswith("HTTP/1.1 403") and f"uid {NOBODY}" in answer, answer
    assert not small.server_status("plain1", "plain")["drained"]


def processes_program():
    from harness.holdfast import program
    return os.path.abspath(program())


# -- a crowd at one door ------------------------------------------------------------------------------------------------

def knocks(small, count, sent):
    return [small.knock(sent) for _ in range(count)]


def close_all(connections):
    for connection in connections:
        connection.close()


@pytest.mark.parametrize("sent", [b"", b"G", b"GET /metrics HTTP/1.1\r\nHost: x\r\n", b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
                                  b"POST /api/v1/explain?service=plain HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nselect"],
                         ids=["nothing", "a byte", "half a request", "idle after a request", "half a body"])
def test_whoever_holds_connections_locks_nobody_out(small, sent):
    since = small.status()["last_event"]
    before = small.metrics()
    crowd = knocks(small, 200, sent)
    try:
        for _ in range(5):
            assert small.cli("status", seconds=5).returncode == 0
            for path in ("/readyz", "/metrics", "/api/v1/status"):
                assert small.http(path, seconds=5)[0] == 200, path
        metrics = small.metrics()
        assert metrics.get("holdfast_admin_connections", door="http") <= 64
        gave_way = metrics.get("holdfast_admin_gave_way_total", door="http") - before.get("holdfast_admin_gave_way_total", door="http")
        assert gave_way >= 200 - 64
        assert eventually(lambda: small.events("admin_crowded", since), "the crowd to be an event")[0]["fields"]["door"] == "http"
        if sent and not sent.endswith(b"\r\n\r\n"):
            told = eventually(lambda: crowd[0].recv(4096), "the first to be told", ignore=(BlockingIOError,))
            assert told.startswith(b"HTTP/1.1 503") and b"connections of this address are taken" in told, told
    finally:
        close_all(crowd)


def test_a_crowd_that_takes_no_answers_locks_nobody_out(small):
    crowd = [small.knock() for _ in range(100)]
    try:
        for connection in crowd:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 200)
        assert small.http("/readyz", seconds=5)[0] == 200
        assert small.cli("status", seconds=5).returncode == 0
    finally:
        close_all(crowd)


def test_one_byte_now_and_then_is_no_request(small):
    """Each byte would begin the time anew if it were counted from the last one."""
    began = time.monotonic()
    with small.knock() as drip:
        drip.settimeout(0.5)
        answer = b""
        for byte in b"GET /" + b"a" * 1000:
            try:
                drip.sendall(bytes([byte]))
                answer = drip.recv(4096)
                break
            except TimeoutError:
                assert time.monotonic() - began < 20, "the request is waited for without end"
        assert answer.startswith(b"HTTP/1.1 408"), answer
    assert small.metrics().get("holdfast_admin_too_slow_total", door="http") >= 1


# -- what a stranger can repeat -----------------------------------------------------------------------------------------

def flood(small, request, seconds):
    """One connection that asks again and again for so long; the number of answers."""
    answers, end = 0, time.monotonic() + seconds
    with small.knock() as connection:
        while time.monotonic() < end:
            connection.sendall(request * 20)
            wanted, got = 20, b""
            while wanted > 0:
                got = got[-16:] + connection.recv(65536)
                found = got.count(b"HTTP/1.1 ")
                wanted, got = wanted - found, got.replace(b"HTTP/1.1 ", b"")
                answers += found
    return answers


def test_refusals_fill_neither_the_log_nor_the_events():
    with SmallGateway(admin_extra='token_file = "token"') as gateway:
        write_secret(gateway.folder, "token", "a-long-token")
        gateway.start()
        answers = flood(gateway, b"GET /" + b"A" * 14000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 2.5)
        assert answers > 1000
        def counted():
            events = json.loads(gateway.http("/api/v1/events?limit=1000", headers={"Authorization": "Bearer a-long-token"})[2])["events"]
            assert events[0]["event"] in ("config_loaded", "descriptors_scarce"), "the first event is still there"
            return sum(int(event["fields"].get("count", 1)) for event in events if event["event"] == "admin_refused")
        eventually(lambda: counted() == answers, f"all {answers} refusals to be accounted for", 5)
        log = gateway.log_text()
        assert len(log) < 20_000 and log.count("HF-1041") <= 5, f"{len(log)} bytes for {answers} refusals"
        assert "(14001 bytes)" in log


def test_a_path_cannot_write_lines_of_its_own(small):
    """Line ends and commands to the terminal, in all their spellings, on the log's way and on the command line's."""
    hostile = "/a%0Ab%0Dc%C2%85d%E2%80%A8e%E2%80%A9f%1B%5B31mg%C2%9B31mh%E2%80%AEi"
    assert small.http(hostile, method="POST", body=b"", headers={"Origin": "http://evil.example"})[0] == 403

    def line():
        return [line for line in small.log_text().split("\n") if "\\u2028" in line]
    shown = eventually(line, "the refusal in the log", 5)[-1]
    for text in (shown, small.cli("events").stdout):
        assert not any(character in text for character in "\x85\u2028\u2029\x1b\x9b\u202e")
    assert r"a\nb\u000dc\u0085d\u2028e\u2029f\u001b[31mg\u009b31mh\u202ei" in shown, shown


# -- a log that nobody takes --------------------------------------------------------------------------------------------

class FullPipe:
    """Standard error of a gateway: a pipe of one page, with a reader that reads when told."""

    def __init__(self):
        self.reading, self.writing = os.pipe()
        fcntl.fcntl(self.writing, fcntl.F_SETPIPE_SZ, 4096)
        self.text = b""

    def fill(self):
        os.set_blocking(self.writing, False)
        try:
            while True:
                os.write(self.writing, b"x" * 64)
        except BlockingIOError:
            pass
        os.set_blocking(self.writing, True)

    def read_until(self, word, seconds=20):
        end = time.monotonic() + seconds
        while word not in self.text:
            assert time.monotonic() < end, f"waited for {word}; last: {self.text[-300:]}"
            if select.select([self.reading], [], [], 0.1)[0]:
                self.text += os.read(self.reading, 65536)
        return self.text.decode(errors="replace")

    def close(self):
        os.close(self.reading)
        os.close(self.writing)


@pytest.fixture
def pipe():
    made = FullPipe()
    yield made
    made.close()


def commands_by_socket(gateway, count):
    """So many lines of the log: the audit trail is not damped."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(gateway.admin_socket)
        for number in range(count):
            command = COMMANDS[number % 2]
            connection.sendall(f"POST {command} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode())
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")


def test_a_reader_that_stalls_stops_nothing_and_is_told_what_it_missed(pipe):
    with SmallGateway() as gateway:
        pipe.fill()
        gateway.start_with_stderr(pipe.writing)
        began = time.monotonic()
        commands_by_socket(gateway, 10_000)
        assert time.monotonic() - began < 30
        assert gateway.cli("status", seconds=5).returncode == 0
        with gateway.connect() as client:
            client.sendall(b"still served")
            assert client.recv(100) == b"still served"
        lost = gateway.status()["log_lines_lost"]
        assert lost > 0 and gateway.metrics().get("holdfast_log_lines_lost_total") == lost
        text = pipe.read_until(b"HF-1031")
        lines = [line for line in text.splitlines() if " HF-" in line]
        told = sum(int(line.split("count=")[1].split()[0]) for line in lines if "HF-1031" in line)
        assert lost <= told <= gateway.status()["log_lines_lost"]
        commands = [line for line in lines if "HF-1040" in line]
        words = [line.split("command=")[1].split()[0] for line in commands]
        assert words == (["drain", "resume"] * 10_000)[:len(words)], "in order, without a gap before the one that is told of"
        assert gateway.events("log_lines_lost", gateway.status()["last_event"] - 500)
        pipe.text = b""
        gateway.cli("drain", "plain/plain1")
        pipe.read_until(b"command=drain")


def test_the_end_waits_for_a_stalled_reader_only_a_moment(pipe):
    with SmallGateway() as gateway:
        pipe.fill()
        gateway.start_with_stderr(pipe.writing)
        commands_by_socket(gateway, 100)
        began = time.monotonic()
        assert processes.stop(gateway.child, 15) == 0
        assert time.monotonic() - began < 10


def test_a_reader_that_lags_misses_nothing_at_the_end(pipe):
    with SmallGateway() as gateway:
        gateway.start_with_stderr(pipe.writing)
        commands_by_socket(gateway, 200)
        processes.signal_child(gateway.child, 15)
        text = pipe.read_until(b"HF-1003")
        assert text.count("HF-1040") == 200
        assert gateway.child.wait(10) == 0


def test_a_full_disk_keeps_lines_until_there_is_room():
    with SmallGateway(log=f'[log]\nfile = "{{disk}}/holdfast.log"') as gateway:
        disk = os.path.join(gateway.folder, "disk")
        os.mkdir(disk)
        text = open(gateway.config, encoding="utf-8").read()
        with open(gateway.config, "w", encoding="utf-8") as file:
            file.write(text.replace("{disk}", disk))
        gateway.start(["/usr/bin/unshare", "--mount", "/bin/sh", "-c",
                       f'mount -t tmpfs -o size=64k hf "{disk}" && exec "$@"', "sh"])
        inside = f"/proc/{gateway.status()['pid']}/root{disk}"
        with open(os.path.join(inside, "ballast"), "wb", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(b"x" * 4096)
            except OSError:
                pass
        commands_by_socket(gateway, 500)
        assert gateway.cli("status", seconds=5).returncode == 0
        os.unlink(os.path.join(inside, "ballast"))
        commands_by_socket(gateway, 1)

        def written():
            return open(os.path.join(inside, "holdfast.log"), encoding="utf-8").read()
        # 501 commands of some 130 bytes do not fit into 64 KiB with the rest: what fits is whole lines, in order
        lines = eventually(lambda: written().count("HF-1040") > 100 and written().splitlines(), "the lines that were kept")
        words = [line.split("command=")[1].split()[0] for line in lines if "HF-1040" in line and "client=" in line]
        assert words == (["drain", "resume"] * 500)[:len(words)]


def test_a_file_system_that_hangs_stops_nothing():
    """Opening a pipe without a reader hangs, as a file of a mount that does not answer does."""
    with SmallGateway(log='[log]\nfile = "fifo"') as gateway:
        fifo = os.path.join(gateway.folder, "fifo")
        os.mkfifo(fifo)
        give(fifo)
        reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        gateway.start()
        os.close(reader)
        processes.signal_child(gateway.child, signal.SIGUSR1)
        failed = eventually(lambda: gateway.events("log_failed"), "the failure to be an event")
        assert "fifo" in failed[0]["fields"]["reason"]
        began = time.monotonic()
        assert gateway.http("/readyz")[0] == 200 and gateway.cli("status").returncode == 0
        assert time.monotonic() - began < 3
        reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)  # the mount is back
        text = b""

        def read():
            nonlocal text
            try:
                text += os.read(reader, 65536)
            except BlockingIOError:
                pass
            return b"HF-1032" in text
        eventually(read, "the lines that waited")
        os.close(reader)


# -- descriptors --------------------------------------------------------------------------------------------------------

def limited(soft, hard):
    return ["/usr/bin/prlimit", f"--nofile={soft}:{hard}", "--"]


def test_the_soft_limit_is_raised_and_a_low_one_is_told_of():
    with SmallGateway(service_extra="max_connections = 100") as gateway:
        gateway.start(limited(64, 2000))
        assert gateway.status()["descriptors"]["limit"] == 2000
        assert gateway.events("descriptors_scarce") == []
    with SmallGateway(service_extra="max_connections = 5000") as gateway:
        gateway.start(limited(64, 2000))
        told = gateway.events("descriptors_scarce")
        assert len(told) == 1 and told[0]["fields"]["limit"] == "2000" and int(told[0]["fields"]["needed"]) > 10_000
        descriptors = gateway.status()["descriptors"]
        assert descriptors["needed"] == int(told[0]["fields"]["needed"]) and 0 < descriptors["for_clients"] < 2000
        text = open(gateway.config, encoding="utf-8").read()
        with open(gateway.config, "w", encoding="utf-8") as file:
            file.write(text.replace("max_connections = 5000", "max_connections = 100"))
        assert gateway.cli("reload").returncode == 0
        assert gateway.status()["descriptors"]["needed"] < 2000


def test_strangers_leave_descriptors_for_servers_and_the_admin_interface():
    with SmallGateway() as gateway:
        gateway.start(limited(200, 200))
        client = gateway.connect()
        client.sendall(b"first")
        assert client.recv(100) == b"first"
        strangers = [gateway.connect() for _ in range(300)]
        try:
            paused = eventually(lambda: gateway.events("accept_paused"), "accepting to pause")
            assert "kept for servers" in paused[0]["fields"]["reason"]
            for _ in range(20):
                assert gateway.http("/readyz")[0] == 200 and gateway.cli("status").returncode == 0
            assert gateway.server_status("plain1", "plain")["health"] == "up", "the check finds a descriptor"
            client.sendall(b"again")
            assert client.recv(100) == b"again"
            held = gateway.status()["descriptors"]
            assert held["held_by_clients"] <= held["for_clients"]
            for stranger in strangers[:280]:  # with its server each that stays has two descriptors of the 76
                stranger.close()
            eventually(lambda: gateway.events("accept_resumed"), "accepting to go on")
            late = gateway.connect()
            late.sendall(b"late")
            assert late.recv(100) == b"late"
            late.close()
            paused_lines = gateway.log_text().count("HF-4003")
            assert paused_lines <= 10, f"{paused_lines} lines for one crowd"
        finally:
            close_all([client, *strangers])


def test_half_open_logins_do_not_take_the_connections_to_servers(cluster, make_gateway, monkeypatch):
    """As it was reported: few descriptors, many that only connect, and connections to servers that must be made anew."""
    gateway = make_gateway(start=False, tcp=False)
    wrapper = os.path.join(gateway.folder, "limited")
    with open(os.open(wrapper, os.O_WRONLY | os.O_CREAT, 0o755), "w", encoding="utf-8") as file:
        file.write(f'#!/bin/sh\nexec /usr/bin/prlimit --nofile=150:150 -- "{processes_program()}" "$@"\n')
    monkeypatch.setenv("HOLDFAST", wrapper)
    gateway.start()
    with gateway.connect("read") as connection:
        assert value(connection, "select 1") == 1
        strangers = []
        try:
            for _ in range(200):
                stranger = socket.socket()
                stranger.setblocking(False)
                stranger.connect_ex(("127.0.0.1", gateway.read_port))
                strangers.append(stranger)
            eventually(lambda: "HF-4003" in gateway.log_text(), "accepting to pause")
            for server in cluster.servers:
                for (number,) in server.query("select id from information_schema.processlist where user = 'app'"):
                    server.query(f"kill {number}")
            end = time.monotonic() + 0.5
            while time.monotonic() < end:  # strangers do not get what the servers' connections left
                assert len(os.listdir(f"/proc/{gateway.child.pid}/fd")) <= 130
            began = time.monotonic()
            assert value(connection, "select 2") == 2
            assert time.monotonic() - began < 2, "freed descriptors go to strangers first"
        finally:
            close_all(strangers)
