"""Global variables of all servers of a cluster for the time of a test.

    with ServerGlobals(cluster) as server_globals:
        server_globals.set(sql_mode="'ANSI_QUOTES'", wait_timeout=2)   # values as they stand in SQL

Connections that exist keep what they have: make the gateway, or new sessions, afterwards.
"""


class ServerGlobals:
    def __init__(self, cluster):
        self._cluster, self._before = cluster, []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.restore()

    def set(self, **values):
        for server in self._cluster.servers:
            for name, value in values.items():
                self._before.append((server, name, server.query(f"select @@global.{name}")[0][0]))
                server.query(f"set global {name} = {value}")

    def restore(self):
        while self._before:
            server, name, value = self._before.pop()
            server.query(f"set global {name} = {literal(value)}")


def literal(value):
    if value is None:
        return "null"
    return str(value) if isinstance(value, (int, float)) else "'" + str(value).replace("\\", "\\\\").replace("'", "''") + "'"
