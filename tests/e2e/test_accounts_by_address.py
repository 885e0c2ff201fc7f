"""The servers pick an account by Holdfast's address, not by the client's: who the client is must never become who Holdfast is.

The client comes from 127.0.0.2, Holdfast from 127.0.0.1. What the servers take for another account is refused, unless both may do the same.
"""
import itertools

import pytest

from harness import mariadb
from harness.holdfast import gateway_for
from harness.processes import eventually
from harness.session import Session, failed
from harness.wire import ServerError

BOTH = "grant select on test.open_to_all to {}"
MORE = {"a table": "grant all on test.pay to {}", "a column": "grant select (a), insert (a) on test.pay to {}",
        "a routine": "grant execute on procedure test.pays to {}", "a schema": "grant all on test.* to {}", "everything": "grant all on *.* to {}",
        "a role": "grant paymaster to {}"}
SECRETS = itertools.count()
CLIENT, GATEWAY = "shop@'127.0.0.2'", "shop@'127.0.0.1'"
NAMES = ("shop@'%'", CLIENT, GATEWAY, "plain@'%'", "witness@'%'", "''@'127.0.0.1'", "holdfast@'127.0.0.1'")


@pytest.fixture(scope="module")
def gateway(cluster):
    cluster.recover()
    cluster.primary.query("create or replace table test.pay (a int)", "create or replace table test.open_to_all (a int)",
                          "create or replace procedure test.pays() sql security definer insert into test.pay values (7)",
                          "create or replace role paymaster", "grant all on test.* to paymaster")
    with gateway_for(cluster, shards=2, hold_timeout="3s", users="servers") as running:
        yield running
    cluster.primary.query("drop role paymaster", "drop table test.pay, test.open_to_all", "drop procedure test.pays")


@pytest.fixture
def root(cluster, gateway):
    """Runs statements on the primary; what they did to accounts is undone in the end."""
    def run(*statements):
        found = cluster.primary.query(*statements)
        cluster.settle()
        return found

    run(*(f"drop user if exists {name}" for name in NAMES), "delete from test.pay")
    yield run
    run(*(f"drop user if exists {name}" for name in NAMES), *mariadb.MONITOR_GRANTS)


def make(root, name, password="same", *rights):
    root(f"create user {name} identified by '{password}'", *(right.format(name) for right in (BOTH, *rights)))


def log_in(gateway, source="127.0.0.2", user="shop", password="same", schema=None):
    return Session(gateway.port(), user, password, schema, source=source)


def read_by_now(gateway, root):
    """The gateway reads the accounts after this: who has a password that nobody had before can log in."""
    secret = f"secret {next(SECRETS)}"
    root(f"create or replace user witness@'%' identified by '{secret}'")
    eventually(lambda: not failed(login(gateway, "witness", secret)), "the accounts to be read", 5, 0.1)


def login(gateway, user, password):
    try:
        with log_in(gateway, user=user, password=password):
            return "in"
    except ServerError as refused:
        return "error", refused.code


def did(gateway, *statements):
    """What the client from 127.0.0.2 is told; a refused login is the answer to all."""
    try:
        with log_in(gateway) as session:
            return [session.one(statement) for statement in statements]
    except ServerError as refused:
        return [("error", refused.code)] * len(statements)


@pytest.mark.parametrize("monitor", ["reads-all", "no-schema-rights", "no-table-rights", "no-roles"])
@pytest.mark.parametrize("more", MORE)
def test_an_account_with_other_rights_is_not_the_clients(gateway, root, more, monitor):
    unread = {"no-schema-rights": "db", "no-table-rights": "tables_priv", "no-roles": "roles_mapping"}.get(monitor)
    if unread is not None:
        root(f"revoke select on mysql.{unread} from holdfast@'%'")
    make(root, CLIENT)
    make(root, GATEWAY, "same", MORE[more], *(["set default role paymaster for {}"] if more == "a role" else []))
    read_by_now(gateway, root)
    for _ in range(4):  # on both shards
        answers = did(gateway, "select a from test.pay", "/*master*/ select a from test.pay", "insert into test.pay (a) values (1)", "call test.pays()")
        assert all(failed(answer) for answer in answers), answers
    assert root("select count(*) from test.pay") == ((0,),)


def test_an_account_with_the_same_rights_serves(gateway, root):
    for name in (CLIENT, GATEWAY):
        make(root, name, "same", *(MORE[more] for more in ("a table", "a column", "a routine", "a role")))
    read_by_now(gateway, root)
    for _ in range(4):
        answers = did(gateway, "select count(*) from test.open_to_all", "insert into test.pay (a) values (1)", "call test.pays()")
        assert not any(failed(answer) for answer in answers), answers
    root("revoke insert on test.pay from shop@'127.0.0.2'")
    read_by_now(gateway, root)
    assert all(failed(answer) for answer in did(gateway, "insert into test.pay (a) values (2)") * 4)
    assert root("select count(*) from test.pay where a = 2") == ((0,),)


@pytest.mark.parametrize("how", ["created", "renamed", "seen-by-nobody-yet"])
def test_an_account_that_appears_behind_the_login(gateway, root, how):
    make(root, "shop@'%'")
    read_by_now(gateway, root)
    with log_in(gateway) as early:
        if how == "renamed":
            make(root, "plain@'127.0.0.1'", "same", MORE["everything"])
            root(f"rename user plain@'127.0.0.1' to {GATEWAY}")
        else:
            make(root, GATEWAY, "same", MORE["everything"])
        if how != "seen-by-nobody-yet":
            read_by_now(gateway, root)
        assert failed(early.one("insert into test.pay values (1)"))
    assert all(failed(answer) for answer in did(gateway, "insert into test.pay values (1)") + did(gateway, "insert into test.pay values (1)"))
    assert root("select count(*) from test.pay") == ((0,),)


def test_an_account_without_a_name(gateway, root):
    make(root, "shop@'%'")
    make(root, "holdfast@'127.0.0.1'", mariadb.MONITOR_PASSWORD)  # the monitor would be taken for it, too
    root(*(grant.replace("@'%'", "@'127.0.0.1'") for grant in mariadb.MONITOR_GRANTS))
    read_by_now(gateway, root)
    make(root, "''@'127.0.0.1'", "same", MORE["everything"])
    assert all(failed(answer) for answer in did(gateway, "insert into test.pay values (1)") * 4)
    assert root("select count(*) from test.pay") == ((0,),)


@pytest.mark.parametrize("how", ["statement", "query", "prepared", "command"])
def test_who_may_kill_others_is_the_client_and_not_holdfast(gateway, root, how):
    make(root, CLIENT)
    make(root, GATEWAY, "same", MORE["everything"])
    make(root, "plain@'%'", "plain")
    read_by_now(gateway, root)
    with log_in(gateway, user="plain", password="plain") as victim:
        number = victim.greeting["thread"]
        acts = {"statement": lambda one: one.one(f"kill {number}"), "query": lambda one: one.one(f"kill query {number}"),
                "prepared": lambda one: one.binary("kill ?", number)[0], "command": lambda one: one.did(one.kill, number)}
        for _ in range(4):
            try:
                with log_in(gateway) as weak:
                    assert failed(acts[how](weak))
            except ServerError as refused:
                assert refused.code == 1045
        assert victim.value("select 1") == "1"


@pytest.mark.parametrize("start", ["", "set names latin1", "set names koi8r"])
def test_a_name_beyond_ascii_is_known_in_every_character_set(cluster, root, server_globals, start):
    make(root, "`jürgen`@'%'", "pass")
    server_globals.set(init_connect=f"'{start}'")
    try:
        with gateway_for(cluster, shards=1, hold_timeout="3s", users="servers") as own, Session(own.port(), "jürgen", "pass", None) as session:
            for text in ("select count(*) from test.open_to_all", "/*master*/ select count(*) from test.open_to_all"):
                assert session.value(text) == "0"
    finally:
        root("drop user `jürgen`@'%'")
