"""The rooms of src/ and their order. An include names the same room or one below; the lowest three are pure."""
import re

from tree import SRC, at, code, files, includes, is_test, line_of, room

ORDER = ("base", "proto", "policy", "runtime", "net", "config", "cluster", "upstream", "check", "service", "vip", "notify", "topology",
         "guardian", "admin", "app")
RANK = {name: rank for rank, name in enumerate(ORDER)}
STRANGERS = {"proto": {"policy"}, "policy": {"proto"}}  # neighbours that do not know each other
PURE = ("base", "proto", "policy")

# What would bring an fd, a clock, a thread, a coroutine or a log into a pure room.
IMPURE_HEADER = re.compile(
    r"(sys/|netinet/|arpa/|net/|linux/|netpacket/)|"
    r"(unistd|fcntl|poll|netdb|ifaddrs|pthread|semaphore|signal|termios|dirent|syslog|spawn|sched)\.h$|"
    r"(thread|mutex|shared_mutex|condition_variable|future|semaphore|latch|barrier|stop_token|coroutine)$|"
    r"(csignal|boost/asio|uv\.h)")
IMPURE_OUTSIDE_TESTS = re.compile(r"(fstream|iostream|filesystem)$")
IMPURE_CODE = re.compile(
    r"::now\s*\(|\bco_(?:await|return|yield)\b|\bclock_gettime\s*\(|\bgettimeofday\s*\(|\bgetenv\s*\(|\brandom_device\b|"
    r"(?<![\w.>])(?:time|rand|srand|sleep|usleep|fopen|open|socket|system|fork)\s*\(\s*(?=[)\w\"&])")
PLAIN_DATA = {"sys/types.h", "sys/un.h"}  # types alone, no calls


def check_layers():
    for path in files(".h", ".cc", below=SRC):
        home = room(path)
        if home not in RANK:
            yield at(path, 1, f"src/{home}/ is not one of the rooms: {', '.join(reversed(ORDER))}")
            continue
        for line, name, quoted in includes(path):
            if quoted:
                yield from check_include(path, home, line, name)
            elif name.split("/")[0] in RANK and (SRC / name).is_file():
                yield at(path, line, f'<{name}> is ours: write it as "{name}"')


def check_include(path, home, line, name):
    target = name.split("/")[0]
    if not (SRC / name).is_file():
        yield at(path, line, f'"{name}" is not below src/: includes are written from src/, and what is not ours in <>')
    elif target not in RANK:
        yield at(path, line, f'"{name}" is in no known room')
    elif RANK[target] > RANK[home]:
        yield at(path, line, f"{home} may not include {target}: arrows point down only ({' > '.join(reversed(ORDER))})")
    elif target in STRANGERS.get(home, ()):
        yield at(path, line, f"{home} and {target} do not know each other: both stand on base alone")


# The guardian holds rights and must never be late: it knows no configuration, no service and no client's protocol. Its virtual routers
# are vip/router; the steward, which reads the configuration, is a process of its own.
GUARDIAN_MAY_INCLUDE = ("base/", "runtime/", "net/", "policy/vrrp/", "proto/vrrp/", "proto/arp/", "proto/netlink/",
                        "proto/heartbeat/", "guardian/", "vip/router/", "vip/events.h", "vip/gateway_condition.h", "vip/news.h",
                        "vip/report.h", "vip/script_port.h", "vip/settings.h", "vip/standing_order.h",
                        "vip/verdict.h")


def check_guardian():
    inside = [*files(".h", ".cc", below=SRC / "guardian"), *files(".h", ".cc", below=SRC / "vip" / "router")]
    for path in inside:
        if is_test(path) or path.is_relative_to(SRC / "guardian" / "steward"):
            continue
        for line, name, quoted in includes(path):
            if quoted and (not name.startswith(GUARDIAN_MAY_INCLUDE) or name.startswith("guardian/steward/")):
                yield at(path, line, f'the guardian may not know "{name}": it parses no client\'s byte and waits for nothing')


# What knows a protocol's files: its own, the pure rooms, the one table and the sections of the configuration.
PROTOCOL_FILE = re.compile(r"(?:^|/)(?:mysql|tcp)(?:/|_|\.)")
MAY_KNOW_PROTOCOLS = re.compile(r"(?:proto|policy|config/section)/|app/protocols\.cc$")
PROTOCOL_GUESTS = {
    "app/explain.cc": "the table's row for MySQL: what would be done with a statement",
    "app/event_catalogue.cc": "one list of what all rooms may tell of",
    "upstream/session_defaults.h": "what a MySQL session begins with",
}


def check_protocols():
    """One table knows which protocols there are; who else asks would have to be found for the next one."""
    for path in files(".h", ".cc", below=SRC):
        name = str(path.relative_to(SRC))
        if is_test(path) or re.search(r"_(fake|fixture)\.", name):
            continue
        if not name.startswith("config/section/") and name != "app/protocols.cc":
            for match in re.finditer(r"\bProtocol::k\w+", code(path)):
                yield at(path, line_of(code(path), match.start()), f"{match.group(0)}: what a protocol brings stands in app/protocols.cc")
        foreign = [(line, target) for line, target, quoted in includes(path) if quoted and is_foreign_protocol(name, target)]
        reason = PROTOCOL_GUESTS.get(name)
        if reason is not None and not foreign:
            yield at(path, 1, "includes no protocol's file any more: take it out of PROTOCOL_GUESTS (scripts/checks/layering.py)")
        for line, target in foreign:
            yield ("warning: " if reason else "") + at(path, line, f'knows "{target}": {reason or "what a protocol brings comes by app/protocols.cc"}')


def is_foreign_protocol(name, target):
    """Whether a file takes a protocol's file that it has no business with."""
    return bool(PROTOCOL_FILE.search(target) and not PROTOCOL_FILE.search(name) and not MAY_KNOW_PROTOCOLS.match(name))


def check_pure():
    for pure in PURE:
        for path in files(".h", ".cc", below=SRC / pure):
            if path.name.endswith("_bench.cc"):
                continue  # it measures, so it needs a clock
            for line, name, _ in includes(path):
                if name in PLAIN_DATA:
                    continue
                if IMPURE_HEADER.match(name) or (IMPURE_OUTSIDE_TESTS.match(name) and not is_test(path)):
                    yield at(path, line, f"<{name}> in {pure}, a pure room: time, randomness and I/O are passed in")
            for match in IMPURE_CODE.finditer(without_macros(code(path))):
                if is_test(path) and match.group(0).startswith("getenv"):
                    continue
                yield at(path, line_of(code(path), match.start()),
                         f"{match.group(0).strip()}… in {pure}, a pure room: no fd, no clock, no thread, no coroutine")


def without_macros(content):
    """A macro does nothing where it is defined, only where it is used."""
    return re.sub(r"^[ \t]*#[ \t]*define(?:[^\n]*\\\n)*[^\n]*", lambda m: re.sub(r"[^\n]", " ", m.group(0)), content, flags=re.M)
