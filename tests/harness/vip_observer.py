"""The program behind VipProbe: asks virtual addresses from the client's namespace and watches who holds them.

usage: vip_observer.py ORDER.json    (see VipProbe, which writes the order and reads the records)

One process with a real-time priority does everything, so that its records stay true on a loaded machine:
  - every few ms a UDP datagram to each address; a responder on every node answers with the node's name (bound to the address
    with IP_FREEBIND, so it answers exactly where the address is),
  - every few ms a new TCP connection to each address, which reads one line,
  - netlink in every node: addresses that come and go,
  - ARP and VRRP as the client hears them.

Records, one a line, times of CLOCK_MONOTONIC (one clock for all namespaces):
  udp|tcp VIP SENT ANSWERED NODE      ANSWERED and NODE are "-" when no answer came in time
  twice VIP SENT NODE                 a second answer to one datagram
  address TIME NODE + ADDRESS VALID   added or refreshed, VALID seconds (4294967295: for ever);   "-" instead of "+": removed
  listing TIME NODE                   the dump of NODE's addresses at the start is complete
  arp TIME OPERATION MAC ADDRESS      OPERATION 1 or 2, sender's addresses
  vrrp TIME SOURCE HEX                the first 8 bytes of an advertisement
  lost TIME NODE                      netlink overran: holders of NODE are not known exactly
"""
import gc
import heapq
import json
import os
import select
import signal
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness.lab import enter_namespace  # noqa: E402  (needs the path above)

IP_FREEBIND, IPV6_FREEBIND = 15, 78
NETLINK_ROUTE, RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR, NLMSG_DONE = 0, 20, 21, 22, 3
GROUPS_OF_ADDRESSES = 0x10 | 0x100  # RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR
IFA_ADDRESS, IFA_LOCAL, IFA_CACHEINFO = 1, 2, 6
ETH_P_ARP, VRRP = 0x0806, 112
FLUSH_EVERY = 0.02


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


class Observer:
    def __init__(self, order):
        self.order, self.epoll, self.handlers = order, select.epoll(), {}
        self.out = open(order["records"], "a", encoding="ascii")
        self.udp_wait, self.tcp_wait = order["udp_wait"], order["tcp_wait"]
        self.asked, self.expiry, self.sequence = {}, [], 0
        self.running = True

    def record(self, *words):
        self.out.write(" ".join(words) + "\n")

    def watch(self, sock, handler, events=select.EPOLLIN):
        sock.setblocking(False)
        self.handlers[sock.fileno()] = (sock, handler)
        self.epoll.register(sock.fileno(), events)

    # -- nodes --------------------------------------------------------------------------------------------------------

    def open_node(self, name):
        for vip in self.order["vips"]:
            responder = socket.socket(family_of(vip["address"]), socket.SOCK_DGRAM)
            if family_of(vip["address"]) == socket.AF_INET:
                responder.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
            else:
                responder.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
            responder.bind((vip["address"], self.order["udp_port"]))
            self.watch(responder, lambda sock, _events, tail=name.encode(): self.respond(sock, tail))
        netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_ROUTE)
        netlink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        netlink.bind((0, GROUPS_OF_ADDRESSES))
        self.watch(netlink, lambda sock, _events: self.hear_netlink(sock, name))
        netlink.send(struct.pack("=IHHIIBBBBI", 24, RTM_GETADDR, 0x301, 1, 0, 0, 0, 0, 0, 0))

    def respond(self, sock, tail):
        try:
            while True:
                question, sender = sock.recvfrom(64)
                sock.sendto(question[:8] + tail, sender)
        except OSError:
            pass

    def hear_netlink(self, sock, name):
        now = f"{time.monotonic():.6f}"
        try:
            while True:
                self.read_netlink(sock.recv(65536), now, name)
        except BlockingIOError:
            pass
        except OSError:
            self.record("lost", now, name)

    def read_netlink(self, data, now, name):
        offset = 0
        while offset + 16 <= len(data):
            length, kind = struct.unpack_from("=IH", data, offset)
            if length < 16:
                return
            if kind == NLMSG_DONE:
                self.record("listing", now, name)
            elif kind in (RTM_NEWADDR, RTM_DELADDR):
                address, valid = read_address(data[offset:offset + length])
                self.record("address", now, name, "+" if kind == RTM_NEWADDR else "-", address, str(valid))
            offset += (length + 3) & ~3

    # -- the client ---------------------------------------------------------------------------------------------------

    def open_client(self):
        for vip in self.order["vips"]:
            vip["socket"] = socket.socket(family_of(vip["address"]), socket.SOCK_DGRAM)
            self.watch(vip["socket"], lambda sock, _events: self.hear_answer(sock))
        arp = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ARP))
        self.watch(arp, lambda sock, _events: self.hear_arp(sock))
        vrrp = socket.socket(socket.AF_INET, socket.SOCK_RAW, VRRP)
        index = socket.if_nametoindex("eth1")
        for group in self.order["groups"]:
            vrrp.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                            struct.pack("=4s4si", socket.inet_aton(group), b"\0" * 4, index))
        self.watch(vrrp, lambda sock, _events: self.hear_vrrp(sock, 20))
        vrrp6 = socket.socket(socket.AF_INET6, socket.SOCK_RAW, VRRP)
        vrrp6.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP,
                         socket.inet_pton(socket.AF_INET6, "ff02::12") + struct.pack("=i", index))
        self.watch(vrrp6, lambda sock, _events: self.hear_vrrp(sock, 0))

    def ask_udp(self, now):
        for vip in self.order["vips"]:
            self.sequence += 1
            self.asked[self.sequence] = (vip["address"], now)
            heapq.heappush(self.expiry, (now + self.udp_wait, "udp", self.sequence))
            try:
                vip["socket"].sendto(struct.pack("=Q", self.sequence), (vip["address"], self.order["udp_port"]))
            except OSError:
                pass  # no neighbour: counts as unanswered

    def hear_answer(self, sock):
        try:
            while True:
                self.take_answer(sock.recv(64))
        except OSError:
            pass

    def take_answer(self, answer):
        sequence, now, node = struct.unpack("=Q", answer[:8])[0], time.monotonic(), answer[8:].decode()
        address, sent = self.asked.get(sequence, (None, 0.0))
        if address is None:
            return
        if sent < 0:
            self.record("twice", address, f"{-sent:.6f}", node)
            return
        self.asked[sequence] = (address, -sent)
        self.record("udp", address, f"{sent:.6f}", f"{now:.6f}", node)

    def ask_tcp(self, now):
        for vip in self.order["vips"]:
            sock = socket.socket(family_of(vip["address"]), socket.SOCK_STREAM)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.setblocking(False)
            try:
                sock.connect((vip["address"], self.order["tcp_port"]))
            except BlockingIOError:
                pass
            except OSError:
                self.record("tcp", vip["address"], f"{now:.6f}", "-", "-")
                sock.close()
                continue
            key = sock.fileno()
            self.watch(sock, lambda s, _events, a=vip["address"], t=now: self.hear_line(s, a, t))
            heapq.heappush(self.expiry, (now + self.tcp_wait, "tcp", (key, id(sock), vip["address"], now)))

    def hear_line(self, sock, address, sent):
        try:
            line = sock.recv(64)
        except BlockingIOError:
            return
        except OSError:
            line = b""
        node = line.split(b"\n")[0].decode(errors="replace") if line.endswith(b"\n") else ""
        self.record("tcp", address, f"{sent:.6f}", f"{time.monotonic():.6f}" if node else "-", node or "-")
        self.forget(sock)

    def forget(self, sock):
        self.handlers.pop(sock.fileno(), None)
        sock.close()

    def expire(self, now):
        while self.expiry and self.expiry[0][0] <= now:
            _, kind, what = heapq.heappop(self.expiry)
            if kind == "udp":
                address, sent = self.asked.pop(what)
                if sent > 0:
                    self.record("udp", address, f"{sent:.6f}", "-", "-")
                continue
            key, identity, address, sent = what
            sock = self.handlers.get(key, (None,))[0]
            if sock is not None and id(sock) == identity:
                self.record("tcp", address, f"{sent:.6f}", "-", "-")
                self.forget(sock)

    def hear_arp(self, sock):
        try:
            while True:
                frame = sock.recv(128)
                operation, mac, address = struct.unpack_from("!H6s4s", frame, 20)
                self.record("arp", f"{time.monotonic():.6f}", str(operation), mac.hex(":"), socket.inet_ntoa(address))
        except (OSError, struct.error):
            pass

    def hear_vrrp(self, sock, header):
        try:
            while True:
                packet, sender = sock.recvfrom(512)
                self.record("vrrp", f"{time.monotonic():.6f}", sender[0].split("%")[0], packet[header:header + 8].hex() or "-")
        except OSError:
            pass

    # -- loop ---------------------------------------------------------------------------------------------------------

    def run(self):
        next_udp = next_tcp = next_flush = time.monotonic()
        udp_every, tcp_every = self.order["udp_every"], self.order["tcp_every"]
        while self.running:
            now = time.monotonic()
            if udp_every and now >= next_udp:
                self.ask_udp(now)
                next_udp = max(next_udp + udp_every, now)
            if tcp_every and now >= next_tcp:
                self.ask_tcp(now)
                next_tcp = max(next_tcp + tcp_every, now)
            self.expire(now)
            if now >= next_flush:
                self.out.flush()
                next_flush = now + FLUSH_EVERY
            due = min(next_udp if udp_every else next_flush, next_tcp if tcp_every else next_flush, next_flush)
            for descriptor, events in self.epoll.poll(max(0.0, due - time.monotonic())):
                sock, handler = self.handlers.get(descriptor, (None, None))
                if sock is not None:
                    handler(sock, events)
        self.out.close()


def read_address(message):
    """(address, seconds it is valid for) of an RTM_NEWADDR or RTM_DELADDR."""
    family, found, valid = message[16], {}, 0xFFFFFFFF
    offset = 24
    while offset + 4 <= len(message):
        length, kind = struct.unpack_from("=HH", message, offset)
        if length < 4:
            break
        found[kind] = message[offset + 4:offset + length]
        offset += (length + 3) & ~3
    raw = found.get(IFA_LOCAL) or found.get(IFA_ADDRESS, b"\0" * 4)
    if IFA_CACHEINFO in found:
        valid = struct.unpack_from("=I", found[IFA_CACHEINFO], 4)[0]
    return socket.inet_ntop(socket.AF_INET6 if family == socket.AF_INET6 else socket.AF_INET, raw), valid


def become_punctual():
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(40))
    except PermissionError:
        os.setpriority(os.PRIO_PROCESS, 0, -20)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        order = json.load(file)
    observer = Observer(order)

    def end(*_):
        observer.running = False
    signal.signal(signal.SIGTERM, end)
    for name, namespace in order["nodes"].items():
        enter_namespace(namespace)
        observer.open_node(name)
    enter_namespace(order["client"])
    observer.open_client()
    become_punctual()
    observer.run()


if __name__ == "__main__":
    main()
