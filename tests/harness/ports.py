"""Free TCP ports on loopback.

Ports come from below the kernel's ephemeral range, so that an outgoing connection of some other program cannot take a
port between the moment it is chosen here and the moment its server binds it. A process hands out each port once.
"""
import os
import random
import socket

LOOPBACK = "127.0.0.1"


class PortBook:
    """Hands out ports; remembers what it gave. One per process is enough (see `free_ports`)."""

    FIRST, LAST = 20000, 31999

    def __init__(self, seed=None):
        self._random = random.Random(os.getpid() if seed is None else seed)
        self._given = set()

    def take(self, count):
        ports = []
        while len(ports) < count:
            port = self._random.randint(self.FIRST, self.LAST)
            if port in self._given or not can_bind(port):
                continue
            self._given.add(port)
            ports.append(port)
        return ports


def can_bind(port, host=LOOPBACK):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((host, port))
            return True
        except OSError:
            return False


_book = PortBook()


def free_ports(count):
    return _book.take(count)


def free_port():
    return free_ports(1)[0]
