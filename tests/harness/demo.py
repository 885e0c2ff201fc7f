#!/usr/bin/python3
"""A short story on the screen: three MariaDB servers, Holdfast in front, clients at work, a replica that dies and returns.

usage: demo.py [--once]     --once: tell the story, print a verdict, end (exit code 0 or 1)
                            without: keep everything running until Ctrl-C, so that you can try it yourself
"""
import os
import sys
import time
from collections import Counter

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from harness import load, mariadb  # noqa: E402  (needs the path above)
from harness.holdfast import Holdfast  # noqa: E402
from harness.processes import eventually  # noqa: E402
from harness.routes import run, server_id  # noqa: E402
from harness.story import perform  # noqa: E402

CLIENTS = 20


def reads_by_server(gateway, route, count=12):
    with gateway.connect(route) as connection:
        return Counter(f"db{server_id(connection)}" for _ in range(count))


def shown(counts):
    return ", ".join(f"{name}: {counts[name]}" for name in sorted(counts))


def tell(story, cluster, gateway):
    reads = reads_by_server(gateway, "split")
    story.check(set(reads) == {"db2", "db3"}, f"12 reads on the splitting address were answered by {shown(reads)}")
    writes = reads_by_server(gateway, "write")
    story.check(set(writes) == {"db1"}, f"12 statements on the write address were answered by {shown(writes)}")

    cluster.primary.query("create or replace table test.demo (id int auto_increment primary key, made_on int)")
    cluster.settle()
    with gateway.connect() as connection:
        for _ in range(5):
            run(connection, "insert into demo (made_on) values (@@server_id)")
    cluster.settle()
    made_on = {row[0] for row in cluster.replicas[0].query("select distinct made_on from test.demo")}
    story.check(made_on == {1}, "5 rows written through the splitting address were made on db1 and are on the replicas")

    fixed = load.prepare(cluster)
    with load.Load(gateway, fixed, CLIENTS) as clients:
        eventually(lambda: clients.reads > 500, "clients to work", 20)
        story.say(f"{CLIENTS} clients read and write without pause: {clients.reads} reads, {clients.writes} writes so far")
        story.say("kill -9 of replica db3 ...")
        cluster.servers[2].kill9()
        work(story, clients, "without db3")
        reads = reads_by_server(gateway, "read")
        story.check(set(reads) == {"db2"}, f"reads are answered by {shown(reads)}")
        story.say("db3 starts again ...")
        cluster.servers[2].start()
        eventually(cluster.servers[2].replicates, "db3 to replicate", 30, 0.05, (Exception,))
        eventually(lambda: "db3" in reads_by_server(gateway, "read"), "db3 to get reads", 30)
        reads = reads_by_server(gateway, "read")
        story.check(set(reads) == {"db2", "db3"}, f"reads are answered by {shown(reads)} again")
        work(story, clients, "with all servers")
        clients.stop()
    story.check(not clients.failures, f"{clients.reads} reads and {clients.writes} writes: {len(clients.failures)} errors, "
                                      f"slowest {clients.slowest * 1000:.0f} ms")
    for failure in clients.failures[:5]:
        story.say(f"      {failure}")
    try:
        load.verify(clients, cluster)
        story.check(True, f"{len(clients.acknowledged)} acknowledged rows are on all three servers exactly once")
    except AssertionError as failure:
        story.check(False, str(failure))


def work(story, clients, when):
    reads, writes = clients.reads, clients.writes
    eventually(lambda: clients.reads > reads + 1000 and clients.writes > writes + 50 or clients.failures, "the clients to go on", 30)
    story.say(f"{when}: {clients.reads - reads} more reads, {clients.writes - writes} more writes, {len(clients.failures)} errors")


def how_to_connect(gateway):
    login = f"-h 127.0.0.1 -u {mariadb.APP_USER} -p{mariadb.APP_PASSWORD} {mariadb.SCHEMA}"
    print(f"""
Everything keeps running until Ctrl-C. Try it:
  reads and writes  mariadb -P {gateway.split_port} {login}
  reads only        mariadb -P {gateway.read_port} {login}
  the primary only  mariadb -P {gateway.write_port} {login}
  state             curl http://127.0.0.1:{gateway.http_port}/api/v1/status
  metrics           curl http://127.0.0.1:{gateway.http_port}/metrics
  configuration     {gateway.config}
  log               {gateway.log}
  servers           {', '.join(f'{s.name} {s.address} (pid {s.child.pid})' for s in gateway.cluster.servers)}
""", flush=True)


def on_loopback(story, once):
    story.say("starting three MariaDB servers: db1 primary, db2 and db3 replicas ...")
    with mariadb.Cluster() as cluster:
        story.say("starting holdfast ...")
        with Holdfast(cluster) as gateway:
            tell(story, cluster, gateway)
            if not once:
                how_to_connect(gateway)
                while gateway.running():
                    time.sleep(0.5)
                story.check(False, "holdfast ended by itself")
        story.check(True, "holdfast ended cleanly")


if __name__ == "__main__":
    sys.exit(perform(__doc__, on_loopback))
