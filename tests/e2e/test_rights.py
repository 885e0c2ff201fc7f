"""What the program may do, and who runs its programs, by who started it and what its file asks for."""
import os
import pwd
import shutil
import signal
import socket
import subprocess

import pytest

from harness.gateway_user import USER, give, write_secret
from harness.holdfast import program
from harness.processes import eventually
from harness.small_gateway import SmallGateway


def standing(pid):
    """The fields of /proc/PID/status by name."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return {name: value.split() for name, value in (line.rstrip("\n").split(":", 1) for line in file)}


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


def assert_powerless(pid):
    user, fields = pwd.getpwnam(USER), standing(pid)
    assert fields["Uid"] == [str(user.pw_uid)] * 4 and fields["Gid"] == [str(user.pw_gid)] * 4
    assert all(int(fields[name][0], 16) == 0 for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"))
    assert fields["NoNewPrivs"] == ["1"]
    assert fields["Seccomp"] == ["2"]


def echoes(gateway):
    with gateway.connect() as client:
        client.sendall(b"hello")
        return client.recv(5) == b"hello"


def test_started_as_root_it_serves_as_an_ordinary_user():
    with SmallGateway(unix=True) as gateway:
        gateway.start()
        assert_powerless(gateway.child.pid)
        assert not children(gateway.child.pid), "nobody else is needed"
        assert echoes(gateway)
        assert pwd.getpwuid(os.stat(gateway.unix_socket).st_uid).pw_name == USER
        assert gateway.cli("reload").returncode == 0


def test_a_port_of_roots_is_opened_by_who_stays_root():
    with SmallGateway() as gateway:
        low = next(port for port in range(700, 1024) if is_free(port))
        gateway.replace(f"127.0.0.1:{gateway.port}", f"127.0.0.1:{low}")
        gateway.port = low
        gateway.start()
        serving = [pid for pid in children(gateway.child.pid) if standing(pid)["Uid"][0] != "0"]
        assert standing(gateway.child.pid)["Uid"][0] == "0" and len(serving) == 1
        assert_powerless(serving[0])
        assert echoes(gateway)


def is_free(port):
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def refused(gateway):
    """What `run` says that ends at once."""
    done = subprocess.run(gateway.command(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20, check=False, cwd=gateway.folder)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stderr


def test_a_user_that_is_not_there_is_named_with_the_remedy():
    with SmallGateway() as gateway:
        gateway.replace(f'user = "{USER}"', 'user = "no_such_user"')
        assert "no_such_user" in refused(gateway) and "adduser" in refused(gateway)
        gateway.replace('user = "no_such_user"', 'user = "root"')
        assert "must not be root" in refused(gateway)


def test_a_secret_that_the_user_cannot_read_is_refused_at_the_start():
    with SmallGateway(admin_extra='token_file = "token"') as gateway:
        path = write_secret(gateway.folder, "token", "a-long-token")
        shutil.chown(path, "root")
        said = refused(gateway)
        assert "token" in said and USER in said and "node.user" in said, said
        give(path)
        gateway.start()


def test_a_folder_that_the_user_cannot_write_into_is_refused_at_the_start():
    with SmallGateway() as gateway:
        shutil.chown(gateway.folder, "root")
        said = refused(gateway)
        assert gateway.folder in said and USER in said, said


# ── an ordinary user's gateway ──

AS_USER = ("/usr/bin/setpriv", "--reuid", USER, "--regid", USER, "--clear-groups", "--")


def test_as_an_ordinary_user_it_stays_that_user():
    with SmallGateway() as gateway:
        gateway.start(AS_USER)
        fields = standing(gateway.child.pid)
        assert fields["Uid"] == [str(pwd.getpwnam(USER).pw_uid)] * 4 and int(fields["CapEff"][0], 16) == 0
        assert not children(gateway.child.pid), "there is no program to run"
        assert echoes(gateway)


class Teller:
    """A gateway of an ordinary user that has a program run at each reload, which writes a line."""

    def __init__(self, lines='echo "$(id -un) $*" >> "$0.told"', keys="", notify=True):
        self.gateway = SmallGateway()
        self.program = os.path.join(self.gateway.folder, "tell")
        with open(self.program, "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\n{lines}\n")
        os.chmod(self.program, 0o755)
        self.notify = f'[[notify]]\nname = "teller"\ncommand = "{self.program}"\nevents = ["HF-1012"]\n{keys}\n'
        if notify:
            self.add_program()

    def add_program(self):
        with open(self.gateway.config, "a", encoding="utf-8") as file:
            file.write(self.notify)

    def __enter__(self):
        self.gateway.start(AS_USER)
        return self

    def __exit__(self, *raised):
        self.gateway.__exit__(*raised)

    def reload(self):
        done = self.gateway.cli("reload")
        assert done.returncode == 0, done.stderr

    def told(self):
        try:
            with open(self.program + ".told", encoding="utf-8") as file:
                return file.read().splitlines()
        except FileNotFoundError:
            return []

    def steward(self):
        """Its process, once it is there."""
        return eventually(lambda: children(self.gateway.child.pid), "a steward")[0]

    def failures(self):
        return [event["fields"]["reason"] for event in self.gateway.events("notify_failed")]


def is_alive(pid):
    """Somebody runs under this number: a zombie does not."""
    try:
        return standing(pid)["State"][0] not in ("Z", "X")
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_an_ordinary_users_programs_are_run_by_a_steward_of_his_own():
    with Teller() as teller:
        steward = teller.steward()
        assert standing(steward)["Uid"] == [str(pwd.getpwnam(USER).pw_uid)] * 4
        teller.reload()
        eventually(lambda: teller.told() == [f"{USER} EVENT HF-1012 config_reloaded info"], "the program to be run")
        assert children(teller.gateway.child.pid) == [steward]
        teller.gateway.stop()
        assert not is_alive(steward)


def test_a_reload_brings_the_first_program():
    with Teller(notify=False) as teller:
        assert not children(teller.gateway.child.pid)
        teller.add_program()
        teller.reload()
        eventually(lambda: len(teller.told()) == 1, "the program to be run for the reload that brought it")
        steward = teller.steward()
        teller.gateway.replace('events = ["HF-1012"]', 'events = ["HF-1040"]')
        teller.reload()
        eventually(lambda: teller.told()[-1].endswith("HF-1040 admin_command info"), "the steward to have read the file anew")
        assert teller.steward() == steward


def test_a_steward_that_is_killed_comes_back_and_runs_the_next_program():
    with Teller() as teller:
        first = teller.steward()
        os.kill(first, signal.SIGKILL)
        eventually(lambda: children(teller.gateway.child.pid) not in ([], [first]), "another steward")
        assert [event["fields"]["reason"] for event in teller.gateway.events("steward_restarted")] == ["killed by signal 9"]
        teller.reload()
        eventually(lambda: len(teller.told()) == 1, "the program to be run")


def test_no_steward_and_no_program_outlives_a_gateway_that_is_killed():
    with Teller('echo $$ >> "$0.told"\nexec sleep 600') as teller:
        steward = teller.steward()
        teller.reload()
        program = int(eventually(teller.told, "the program to run")[0])
        assert is_alive(steward) and is_alive(program)
        teller.gateway.child.kill()
        teller.gateway.child.wait(10)
        eventually(lambda: not is_alive(steward) and not is_alive(program), "both to end")


def test_a_program_that_hangs_stops_nothing_and_is_ended_after_its_time():
    with Teller('echo $$ >> "$0.told"\nexec sleep 600', keys='timeout = "1s"') as teller:
        teller.reload()
        program = int(eventually(teller.told, "the program to run")[0])
        assert echoes(teller.gateway)
        teller.reload()
        eventually(lambda: not is_alive(program), "it to be ended")
        eventually(lambda: len(teller.told()) == 2, "the next one to run")
        eventually(teller.failures, "the failure to be told")
        assert echoes(teller.gateway)


def test_a_gateway_is_told_to_stop_while_a_program_hangs():
    with Teller('echo $$ >> "$0.told"\nexec sleep 600', keys='timeout = "60s"') as teller:
        steward = teller.steward()
        teller.reload()
        program = int(eventually(teller.told, "the program to run")[0])
        teller.gateway.stop()
        assert not is_alive(steward) and not is_alive(program)


def test_a_program_of_another_user_is_not_run():
    with Teller(keys='user = "nobody"') as teller:
        teller.reload()
        assert eventually(teller.failures, "the failure to be told") == ["could not be started: cannot become user 'nobody' without being root"]
        assert not teller.told()


VIP = '[[vip]]\nname = "db"\ninterface = "lo"\naddresses = ["198.18.0.100/24"]\nrouter_id = 51\n'


def test_what_an_ordinary_user_has_no_right_to_is_told_by_check_and_by_run():
    with SmallGateway(notify=VIP + '[[notify]]\ncommand = "/bin/true"\nuser = "nobody"\n') as gateway:
        def check(*words, before=()):
            done = subprocess.run([*before, program(), "check", "--config", gateway.config, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  timeout=20, check=False)
            return done.returncode, done.stderr

        assert check() == (0, "")
        assert check("--as", "root") == (0, "")
        code, said = check("--as", USER)
        assert code == 1 and 'vip "db" would not be held' in said and 'the command of user "nobody" would not be run' in said and "warning" not in said
        code, warned = check(before=AS_USER)
        assert code == 0, "root may run it"
        assert warned == "".join(f"warning: {line}\n" for line in said.splitlines())
        assert check("--as", USER, before=AS_USER) == (1, said)
        gateway.start(AS_USER)
        assert warned in gateway.log_text()
        assert echoes(gateway)


def test_check_asks_the_machine_which_ports_a_user_may_have():
    with SmallGateway() as gateway:
        with open("/proc/sys/net/ipv4/ip_unprivileged_port_start", encoding="ascii") as file:
            first = int(file.read())
        if first < 2:
            pytest.skip("here everybody may have every port")
        gateway.replace(f"127.0.0.1:{gateway.port}", f"127.0.0.1:{first - 1}")
        check = [program(), "check", "--config", gateway.config, "--as", USER]
        able = ["/usr/bin/setpriv", "--reuid", USER, "--regid", USER, "--clear-groups", "--inh-caps", "+net_bind_service", "--ambient-caps", "+net_bind_service", "--"]
        done = subprocess.run([*AS_USER, *check], capture_output=True, text=True, timeout=20, check=False)
        assert done.returncode == 1 and f'user "{USER}" may have ports from {first} on' in done.stderr, done.stderr
        assert subprocess.run([*able, *check], capture_output=True, timeout=20, check=False).returncode == 0
