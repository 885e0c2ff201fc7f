"""KILL with every place taken, of statements that wait, in every form that names an id; each as on a direct connection."""
import itertools
import threading
import time
from contextlib import ExitStack

import pytest

from harness.accounts import Accounts
from harness.holdfast import gateway_for
from harness.processes import eventually
from harness.session import LOST, Session
from harness.wire import lenenc

PROMPT = 2.0  # seconds in which a KILL is done; waiting for a place would take three
INTERRUPTED, NOT_OWNER, NO_SUCH_THREAD = ("error", 1317), ("error", 1095), ("error", 1094)
OK = ("ok", 0, 0)


@pytest.fixture(scope="module")
def gateway(cluster):
    cluster.recover()
    cluster.primary.query("create or replace table test.kills (id int primary key, v int)")
    with gateway_for(cluster, shards=2, max_server_connections=2, hold_timeout="3s", users="servers", tcp=False) as running:
        yield running
    cluster.primary.query("drop table test.kills")


def fill(cluster):
    cluster.primary.query("delete from test.kills", "insert into test.kills values (1, 0), (2, 0), (3, 0)")
    cluster.settle()


@pytest.fixture
def both(gateway, cluster):
    """both(script): the same answers of a script, here and there. It makes its sessions by what it is given; they end with it."""
    def compared(script):
        def fresh(port):
            fill(cluster)
            with ExitStack() as sessions:
                return script(lambda *login: sessions.enter_context(Session(port, *login)))
        direct = fresh(cluster.primary.port)
        assert fresh(gateway.port()) == direct
        return direct
    return compared


class Asked:
    """A statement that runs while others do something else."""

    def __init__(self, ask, *arguments):
        self._answer = None
        self._thread = threading.Thread(target=self._ask, args=(ask, *arguments), daemon=True)
        self._thread.start()

    def _ask(self, ask, *arguments):
        self._answer = ask(*arguments)

    def done(self):
        return not self._thread.is_alive()

    def wait(self, seconds):
        self._thread.join(seconds)

    def answer(self, seconds=20):
        self._thread.join(seconds)
        assert self.done(), "no answer"
        return self._answer


def promptly(action, *arguments):
    began = time.monotonic()
    answer = action(*arguments)
    took = time.monotonic() - began
    assert took < PROMPT, f"{answer} after {took:.1f} s"
    return answer


def interrupt(kill, asked):
    """The answers of kill(), which is repeated until the statement has ended: where it comes first it finds an idle session, and does nothing."""
    began, answers = time.monotonic(), []
    while not answers or not asked.done():
        assert time.monotonic() - began < PROMPT, f"not interrupted by {len(answers)} kills"
        answers.append(promptly(kill))
        asked.wait(0.05)
    return answers


def shown_id(session):
    """What a driver knows of its connection."""
    return session.greeting["thread"]


def alive(session):
    try:
        return session.did(session.ping) == OK
    except OSError:
        return False


def lock_row(session, row=1):
    session.run("begin", f"update kills set v = v + 1 where id = {row}")


# -- every place is taken ----------------------------------------------------------------------------------------------------------

def test_a_lock_chain_is_broken_by_killing_its_head(both):
    def script(connect):
        head, next_one, killer = connect(), connect(), connect()
        lock_row(head)
        next_one.run("begin")
        waits = Asked(next_one.one, "update kills set v = v + 1 where id = 1")
        killed = promptly(killer.one, f"kill {shown_id(head)}")
        return killed, promptly(waits.answer), head.one("select 1") in (LOST, ("error", 1927)), alive(next_one)
    assert both(script) == (OK, ("ok", 1, 0), True, True)


def test_a_running_statement_is_interrupted_with_every_place_taken(both):
    def script(connect):
        head, victim, killer = connect(), connect(), connect()
        lock_row(head)
        victim.run("begin", "update kills set v = 7 where id = 2")
        waits = Asked(victim.one, "update kills set v = v + 1 where id = 1")
        killed = set(interrupt(lambda: killer.one(f"kill query {shown_id(victim)}"), waits))
        return killed, waits.answer(), victim.value("select v from kills where id = 2"), victim.one("commit")
    assert both(script) == ({OK}, INTERRUPTED, "7", OK)


def test_the_killer_may_hold_a_place_itself(both):
    def script(connect):
        head, killer = connect(), connect()
        lock_row(head)
        lock_row(killer, 2)
        killed = promptly(killer.one, f"kill {shown_id(head)}")
        return killed, promptly(killer.one, "update kills set v = 5 where id = 1"), killer.one("commit"), alive(head)
    assert both(script) == (OK, ("ok", 1, 0), OK, False)


def test_reads_that_fill_the_replicas_are_killed(both):
    def script(connect):
        killer, readers = connect(), [connect() for _ in range(4)]
        running = [Asked(reader.one, "select sleep(9) + id from kills where id = 1") for reader in readers]
        killed = [promptly(killer.one, f"kill {shown_id(reader)}") for reader in readers]
        ends = [promptly(each.answer) for each in running]
        return killed, [end in (LOST, ("error", 1927), ("error", 1317), ("error", 2013)) for end in ends]
    assert both(script) == ([OK] * 4, [True] * 4)


def test_kills_at_once_are_all_done(both):
    def script(connect):
        victims = [connect() for _ in range(2)]
        killers = [connect() for _ in range(2)]
        for row, victim in enumerate(victims, 1):
            lock_row(victim, row)
        kills = [Asked(killer.one, f"kill {shown_id(victim)}") for killer, victim in zip(killers, victims)]
        answers = [promptly(each.answer) for each in kills]
        gone = [not alive(victim) for victim in victims]
        return answers, gone
    assert both(script) == ([OK] * 2, [True] * 2)


# -- what waits, and what is idle --------------------------------------------------------------------------------------------------

def test_a_statement_that_waits_for_a_place_is_interrupted_and_never_runs(gateway, cluster):
    fill(cluster)
    port = gateway.port()
    with Session(port) as one, Session(port) as other, Session(port) as victim, Session(port) as killer:
        lock_row(one, 1)
        lock_row(other, 2)
        waits = Asked(victim.one, "insert into kills values (77, 0)")
        assert set(interrupt(lambda: killer.one(f"kill query {shown_id(victim)}"), waits)) == {OK}
        assert waits.answer() == INTERRUPTED
        one.ask("rollback")
        other.ask("rollback")
        assert victim.value("select count(*) from kills where id = 77") == "0"
        assert victim.one("insert into kills values (78, 0)") == ("ok", 1, 0), "only one statement was interrupted"


def test_a_prepared_statement_that_waits_for_a_place_is_interrupted(gateway, cluster):
    fill(cluster)
    port = gateway.port()
    with Session(port) as one, Session(port) as other, Session(port) as victim, Session(port) as killer:
        statement = victim.prepare("insert into kills values (?, 0)")
        lock_row(one, 1)
        lock_row(other, 2)
        waits = Asked(victim.executed, statement, 79)
        assert set(interrupt(lambda: killer.one(f"kill query {shown_id(victim)}"), waits)) == {OK}
        assert waits.answer() == [INTERRUPTED]
        one.ask("rollback")
        other.ask("rollback")
        assert victim.executed(statement, 80) == [("ok", 1, 0)]
        assert victim.value("select group_concat(id) from kills where id > 70") == "80"


def test_a_session_whose_statement_waits_for_a_place_is_killed(gateway, cluster):
    fill(cluster)
    port = gateway.port()
    with Session(port) as one, Session(port) as other, Session(port) as victim, Session(port) as killer:
        lock_row(one, 1)
        lock_row(other, 2)
        waits = Asked(victim.one, "insert into kills values (81, 0)")
        assert promptly(killer.one, f"kill {shown_id(victim)}") == OK
        assert promptly(waits.answer, 1) == LOST
        one.ask("rollback")
        other.ask("rollback")
        assert one.value("select count(*) from kills where id = 81") == "0"


def test_kill_query_of_an_idle_session_does_nothing(both):
    def script(connect):
        idle, killer = connect(), connect()
        free = killer.one(f"kill query {shown_id(idle)}")
        lock_row(idle, 1)
        holding = killer.one(f"kill query {shown_id(idle)}")
        return free, holding, idle.value("select v from kills where id = 1"), idle.one("commit"), idle.value("select 1")
    assert both(script) == (OK, OK, "1", OK, "1")


def test_statements_that_end_while_they_are_killed(both):
    """Whichever comes first, a session that exists is known, and one that is killed ends."""
    def script(connect):
        answers = set()
        killer = connect()
        for _ in range(15):
            victim = connect()
            running = threading.Thread(target=victim.one, args=("select sleep(0.01) + id from kills where id = 1",), daemon=True)
            running.start()
            time.sleep(0.011)  # about when it ends; either order is right
            answers.add(killer.one(f"kill query {shown_id(victim)}"))
            running.join(20)
            answers.add(killer.one(f"kill {shown_id(victim)}"))
            answers.add(alive(victim))
            victim.socket.close()
        return answers
    assert both(script) == {OK, False}


# -- the forms of KILL -------------------------------------------------------------------------------------------------------------

def binary(kind, size):
    return lambda number: (kind, 0, number.to_bytes(size, "little"))


def digits(number):
    return 253, 0, lenenc(len(str(number))) + str(number).encode()


FORMS = {  # the text for an id, and the value bound to it
    "literal": (lambda number: f"kill query {number}", None),
    "long": (lambda _: "kill query ?", binary(3, 4)),
    "longlong": (lambda _: "kill query ?", binary(8, 8)),
    "digits": (lambda _: "kill query ?", digits),
    "hard": (lambda _: "kill hard query ?", int),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_query_is_killed_by_a_prepared_statement(form, both):
    text, value = FORMS[form]

    def script(connect):
        head, victim, killer = connect(), connect(), connect()
        statement = killer.prepare(text(shown_id(victim)))
        lock_row(head)
        waits = Asked(victim.one, "update kills set v = v + 1 where id = 1")
        values = [] if value is None else [value(shown_id(victim))]
        killed = interrupt(lambda: killer.executed(statement, *values), waits)
        return set(map(tuple, killed)), waits.answer(), alive(victim)
    assert both(script) == ({(OK,)}, INTERRUPTED, True)


@pytest.mark.parametrize("sql", ["kill ?", "kill connection ?", "kill hard ?"])
def test_a_prepared_kill_with_a_parameter_is_executed_again(sql, both):
    """The second execution says no types."""
    def script(connect):
        killer = connect()
        statement = killer.prepare(sql)
        found = []
        for _ in range(2):
            victim = connect()
            lock_row(victim, 1)
            found += [killer.executed(statement, shown_id(victim)), alive(victim)]
            victim.socket.close()
        victim = connect()
        payload = killer.execute_payload(statement, [shown_id(victim)])
        without_types = payload[:-8 - 3] + b"\0" + payload[-8:]
        killer.command(23, without_types)
        found += [killer._results(killer._binary_row)[0]["kind"], alive(victim)]
        victim.socket.close()
        return found
    assert both(script) == [[OK], False, [OK], False, "ok", False]


def test_a_prepared_kill_of_nobody(both):
    def script(connect):
        killer = connect()
        return [killer.binary("kill ?", number)[0] for number in (999_999, 0, None, "no number")]
    both(script)


def test_the_command_kills_by_the_shown_id_and_by_the_servers(both):
    def script(connect):
        by_shown, by_servers, killer = connect(), connect(), connect()
        lock_row(by_shown, 1)
        number = int(by_servers.value("select connection_id()"))
        by_servers.run("set @a = 1")
        return (killer.did(killer.kill, shown_id(by_shown)), alive(by_shown), killer.did(killer.kill, number), alive(by_servers),
                killer.did(killer.kill, 999_999))
    assert both(script) == (OK, False, OK, False, NO_SUCH_THREAD)


def test_what_a_kill_leaves_to_ask_for(both):
    def script(connect):
        victim, killer = connect(), connect()
        killer.run("select '7 apples' + 0")
        return killer.one(f"kill {shown_id(victim)}"), killer.value("select row_count()")
    both(script)


# -- other people's sessions -------------------------------------------------------------------------------------------------------

def test_an_account_that_may_have_no_more_connections_kills(cluster, gateway):
    """The KILL goes over the connection that the killer has: when one is needed most, there may be no other."""
    with Accounts(cluster, gateway) as made:
        made.make("kill_few", "all on test.*", options="with max_user_connections 2")
        fill(cluster)
        for _ in range(2):
            with made.session("kill_few", database="test") as victim, made.session("kill_few", database="test") as killer:
                killer.run("begin", "update kills set v = 1 where id = 2")
                long = Asked(victim.one, "update kills set v = 7 where id = 1 and sleep(5) = 0")
                eventually(lambda: cluster.primary.query("select 1 from information_schema.processlist where info like '%sleep(5)%' and user = 'kill_few'"), "the statement to run")
                assert killer.one(f"kill query {shown_id(victim)}") == OK
                assert long.answer() == INTERRUPTED
                assert killer.value("select row_count()") == "0"
                assert killer.one("rollback") == OK


@pytest.fixture
def people(cluster, gateway):
    with Accounts(cluster, gateway) as made:
        made.make("kill_clerk", "select on test.*")
        made.make("kill_admin", "connection admin on *.*", "select on test.*")
        made.make("kill_super", "super on *.*", "select on test.*")
        yield made


@pytest.mark.parametrize("name", ["kill_clerk", "kill_admin", "kill_super"])
def test_who_may_kill_a_session_of_somebody_else(name, both, people):
    def script(connect):
        idle, holding = connect(), connect()
        killer = connect(name, name)
        lock_row(holding, 1)
        answers = [killer.one(f"kill query {shown_id(idle)}")]
        answers += [killer.one(f"kill {shown_id(victim)}") for victim in (idle, holding)]
        return answers, alive(idle), alive(holding)
    found = both(script)
    assert found == (([NOT_OWNER] * 3, True, True) if name == "kill_clerk" else ([OK] * 3, False, False))


witnesses = itertools.count()


def test_sessions_of_one_user_kill_each_other_whatever_the_account(both, people, cluster):
    """A server compares the names of the users."""
    def script(connect):
        victim = connect("kill_clerk", "kill_clerk")
        cluster.primary.query("grant insert on test.* to kill_clerk@'%'")
        people.make(f"kill_witness_{next(witnesses)}")  # whom the gateway knows when it has read the accounts anew
        killer = connect("kill_clerk", "kill_clerk")
        return killer.one(f"kill {shown_id(victim)}"), alive(victim)
    assert both(script) == (OK, False)
