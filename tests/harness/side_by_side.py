"""One script, once on a direct connection and once through the gateway while other clients pass by: the same answers?

    same(gateway, cluster, ["insert into t (v) values ('a')", "select last_insert_id()", ("select ?", 7)])

A step is a text (COM_QUERY), a tuple (a statement with values: prepared, executed, closed) or a function of the session, such as
those made here: prepare, execute, close, long_data, schema, fetch, reset, change_user, ping. Other clients run over the same pool between
any two steps, so that whatever they leave on its connections is seen by whoever asks; the replicas have caught up by then.
"""
from . import mariadb
from .session import Session

PASSERS_TABLE = "test.passers_by"


def prepare(name, sql):
    def step(session):
        statement = session.prepare(sql)
        statements(session)[name] = statement
        return ("error", statement["code"]) if statement["kind"] == "error" else ("prepared", len(statement["params"]))
    step.shown = f"prepare {name}: {sql}"
    return step


def execute(name, *values, **options):
    return shown(lambda session: session.executed(statements(session)[name], *values, **options), f"execute {name} {values}")


def close(name):
    return shown(lambda session: session.close_statement(statements(session)[name]), f"close {name}")


def reset_statement(name):
    return shown(lambda session: session.did(session.reset_statement, statements(session)[name]), f"reset {name}")


def long_data(name, index, data):
    return shown(lambda session: session.send_long_data(statements(session)[name], index, data), f"long data of {name}")


def fetch(name, count):
    def step(session):
        rows, end = session.fetch(statements(session)[name], count)
        return ("error", end["code"]) if rows is None else len(rows)
    return shown(step, f"fetch {count} of {name}")


def schema(name):
    return shown(lambda session: session.did(session.init_db, name), f"COM_INIT_DB {name}")


def reset():
    return shown(lambda session: session.did(session.reset_connection), "COM_RESET_CONNECTION")


def change_user(database=mariadb.SCHEMA, **options):
    return shown(lambda session: session.change_user(mariadb.APP_USER, mariadb.APP_PASSWORD, database, **options)[0]["kind"],
                 f"COM_CHANGE_USER {database} {options or ''}")


def ping():
    return shown(lambda session: session.did(session.ping), "COM_PING")


def shown(step, text):
    step.shown = text
    return step


def statements(session):
    return session.__dict__.setdefault("prepared_by_name", {})


def perform(session, steps, between=lambda: None):
    answers = []
    for step in steps:
        if callable(step):
            answers.append(step(session))
        elif isinstance(step, tuple):
            answers.append(session.binary(*step))
        else:
            answers.append(session.ask(step))
        between()
    return answers


def direct_port(cluster, route="split"):
    return cluster.replicas[0].port if route == "read" else cluster.primary.port


def make_passers_table(cluster):
    """For the clients that pass by: their ids are far from those of any test."""
    cluster.primary.query(f"create or replace table {PASSERS_TABLE} (id int auto_increment primary key, v int unique) auto_increment = 700000",
                          f"insert into {PASSERS_TABLE} (v) select seq from test.seq_1_to_20")
    cluster.settle()


def pass_by(gateway):
    """A client that leaves all it can on the connections it had: ids, counts, warnings."""
    with Session(gateway.port()) as session:
        session.run(f"insert into {PASSERS_TABLE} (v) values (null), (null), (null)",
                    f"select sql_calc_found_rows v from {PASSERS_TABLE} limit 2",
                    f"/*master*/ select sql_calc_found_rows v from {PASSERS_TABLE} limit 4",
                    f"select '7 apples' + 0 from {PASSERS_TABLE} limit 1")
        assert session.one(f"insert into {PASSERS_TABLE} (v) values (null), (1)") == ("error", 1062)


def same(gateway, cluster, steps, before=(), route="split", meanwhile=pass_by, **login):
    """Asserts the same answers. before: statements of root on the primary, run before either side; meanwhile: what others do between
    the steps. The answers."""
    def prepared():
        if before:
            cluster.primary.query(*before)
        cluster.settle()

    def between():
        cluster.settle()
        if route != "read":
            meanwhile(gateway)
    prepared()
    with Session(direct_port(cluster, route), **login) as session:
        direct = perform(session, steps)
    prepared()
    between()
    with Session(gateway.port(route), **login) as session:
        ours = perform(session, steps, between)
    found = [f"{getattr(step, 'shown', step)!r}: direct {one!r}, here {other!r}"
             for step, one, other in zip(steps, direct, ours) if one != other]
    assert not found, "\n".join(found)
    return direct
