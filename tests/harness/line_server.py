"""A service for fail-over tests: whoever connects is told one line, the host's name. Runs in a host's namespace.

usage: line_server.py NAME ADDRESS PORT
"""
import os
import socket
import sys

from_tests = __name__ != "__main__"

if from_tests:
    from . import processes


class LineServer:
    """The server as a child in a host's namespace; it may be killed and started again."""

    def __init__(self, host, log, address="127.0.0.1", port=7100):
        self.host, self.address, self.port, self.log = host, address, port, log
        self.child = None

    def start(self):
        self.child = self.host.start([sys.executable, "-S", "-B", os.path.abspath(__file__), self.host.name, self.address,
                                      self.port], self.log)
        processes.eventually(self._answers, f"the line server of {self.host.name}", 10, ignore=(OSError,))
        return self

    def _answers(self):
        at = "127.0.0.1" if self.address in ("0.0.0.0", "127.0.0.1") else self.address
        return self.host.within(lambda: ask(at, self.port)) == self.host.name

    def kill(self):
        processes.signal_child(self.child, 9)
        if self.child is not None:
            self.child.wait(10)


def ask(address, port, seconds=2.0):
    """The line, "" when the connection ended without one."""
    with socket.create_connection((address, port), timeout=seconds) as connection:
        return connection.recv(64).split(b"\n")[0].decode()


def serve(name, address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, port), family=family, backlog=512) as server:
        try:
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(39))  # its delay is not what is measured
        except PermissionError:
            pass
        line = name.encode() + b"\n"
        while True:
            try:
                connection, _ = server.accept()
                with connection:
                    connection.send(line)
            except OSError:
                pass


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2], int(sys.argv[3]))
