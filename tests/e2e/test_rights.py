"""What the program may do, by who started it and what its file asks for: root is given up before a client is served."""
import os
import pwd
import shutil
import socket
import subprocess

from harness.gateway_user import USER, give, write_secret
from harness.ports import free_ports
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


def test_as_an_ordinary_user_it_stays_that_user():
    with SmallGateway() as gateway:
        gateway.start(before=["/usr/bin/setpriv", "--reuid", USER, "--regid", USER, "--clear-groups", "--"])
        fields = standing(gateway.child.pid)
        assert fields["Uid"] == [str(pwd.getpwnam(USER).pw_uid)] * 4 and int(fields["CapEff"][0], 16) == 0
        assert echoes(gateway)
