"""Themes of the interleaved test that tie a server connection to the session, and those of one account or one sort of trial.

PINNING: user variables, temporary tables, locks and the like. OF_BOSS: for the account with all rights. OF_LIFE: for servers that end
idle connections after two seconds. See interleaved_themes.py.
"""
from .interleaved_world import HARMLESS_GLOBALS


def variables(s):
    return [s.ask(s.pick(["set @u = 5", "select @u := 6", "select @u", "select @u, @w", "set @w = concat(@u, 'x')", "select id, @u from t order by id", "set @u = (select max(id) from t)",
                          "select v into @w from t where id = 2", "insert into t (v, n) values (@w, @u)", "select @tenant", "set @tenant = 2", "select id from mine_v", "select @ic",
                          "select @u := @u + 1 from t order by id"])) for _ in range(s.random.randint(1, 4))]


def temporary(s):
    return [s.ask(s.pick(["create temporary table if not exists tmp (id int auto_increment primary key, a int)", "insert into tmp (a) values (4), (5)", "select * from tmp order by 1",
                          "drop temporary table if exists tmp", "select count(*) from tmp", "create temporary table t (id int, v varchar(9))", "drop temporary table t",
                          "select v from t order by id", "select last_insert_id()", "create or replace temporary table tmp select 1 as a, 2 as b"])) for _ in range(s.random.randint(2, 5))]


def locks(s):
    return [s.ask(s.pick([f"select get_lock('{s.a}', 0)", f"select release_lock('{s.a}')", f"select is_used_lock('{s.a}') = connection_id()", f"select is_free_lock('{s.a}')",
                          "select release_all_locks()", f"do get_lock('{s.b}', 0)"])), ("root", f"select is_free_lock('{s.a}'), is_free_lock('{s.b}')")]


def text_prepare(s):
    return [s.ask(s.pick(["prepare p from 'select v, ? as a from t where id = 2'", "execute p using @u", "execute p using 3", "deallocate prepare p", "execute immediate 'select 1 as one'",
                          "prepare p from 'insert into t (v) values (?)'", "execute p", "prepare q from 'set @u = ?'", "execute q using 9", "select last_insert_id()",
                          f"execute immediate 'use {s.a}'", "execute immediate 'set time_zone = \\'+03:30\\''", "select @@time_zone", "show warnings",
                          immediate(s), immediate(s), immediate(s)])) for _ in range(s.random.randint(2, 5))]


def immediate(s):
    return f"""execute immediate '{s.pick(["do 1", "commit", "begin", "select 1/0", "select nosuch", f"insert into {s.a}.t (v) values (7)", "select found_rows()", "select last_insert_id()", "set names latin1",
                                           f"select sql_calc_found_rows id from {s.a}.t limit 1", f"select count(*) from {s.a}.u", "show tables", "set transaction read only", "select @@sql_mode"])}'"""


def handler(s):
    return [s.ask(s.pick(["handler t open", "handler t read first", "handler t read next", "handler t close", "handler t open as h", "handler h read `primary` = (2)", "handler h read next limit 2",
                          "handler h close", "insert into t (v) values ('for the handler')", "select v from t where id = 1"])) for _ in range(s.random.randint(2, 5))]


def lock_tables(s):
    return [s.ask(s.pick(["lock tables t write", "lock tables t read", "lock tables t write, c write", f"lock tables {s.a}.t read"])),
            s.ask(s.pick(["insert into t (v) values ('locked')", "select v from t order by id", "select * from c", "select * from nosuch"])), s.ask("select count(*) from u"),
            s.ask(s.pick(["unlock tables", "unlock tables", "begin", "lock tables c write"])), s.ask("select @@in_transaction"), s.ask("unlock tables"), s.ask("select count(*) from u")]


def multi_locks(s):
    """A text that takes something and fails at its end."""
    first = s.pick([f"lock tables {s.a}.t write", f"lock tables {s.a}.t read", f"handler {s.a}.t open as hh", "set transaction read only", "set @left = 4",
                    f"do get_lock('{s.a}', 0)", "create temporary table tmp_left (a int)", "prepare left_p from 'select 1'", "begin", "set transaction isolation level serializable",
                    f"select nextval({s.a}.s)", "savepoint x"])
    last = s.pick(["select * from nosuch", "selekt", f"insert into {s.a}.u (k) values (10)", "select 1"])
    found = [("query", f"{first}; {last}"), s.ask(s.pick([f"update {s.a}.c set parent = 1", f"insert into {s.a}.c (w) values ('after')", f"select count(*) from {s.a}.u", f"select lastval({s.a}.s)"])),
             s.ask(s.pick(["handler hh read first", "select @left", "execute left_p", "select * from tmp_left", "select @@in_transaction", f"insert into {s.a}.t (v) values ('mine')"]))]
    return found + ([s.ask("unlock tables"), s.ask("rollback")] if s.chance(0.6) else [])


def xa(s):
    name = s.handle()
    found = [s.ask(f"xa start '{s.a}{name}'"), s.ask("insert into t (v) values ('by xa')"), s.ask(s.pick(["select last_insert_id()", "select * from nosuch", "select v from t order by id"])),
             s.ask(f"xa end '{s.a}{name}'")]
    if s.chance(0.5):
        return found + [s.ask(f"xa prepare '{s.a}{name}'"), s.ask(s.pick(["select 1", "insert into t (v) values ('no')"])), s.ask(s.pick([f"xa commit '{s.a}{name}'", f"xa rollback '{s.a}{name}'"]))]
    return found + [s.ask(s.pick([f"xa commit '{s.a}{name}' one phase", f"xa rollback '{s.a}{name}'"]))]


def profiling(s):
    return [s.ask(s.pick(["set profiling = 1", "set profiling = 0", "show profiles", "select count(*) > 0 from information_schema.profiling", "select v from t where id = 1", "show profiles"]))
            for _ in range(s.random.randint(2, 5))]


# -- one account, one sort of trial ------------------------------------------------------------------------------------


def globals_(s):
    """For the account that may set globals: they belong to the primary."""
    name = HARMLESS_GLOBALS[s.number % len(HARMLESS_GLOBALS)]
    value = s.pick(["0", "1"]) if name == "log_bin_trust_function_creators" else s.pick(["333", "444"]) if not name.startswith("binlog") else s.pick(["8192", "65536"])
    return [s.ask(f"set global {name} = {value}"), s.ask(s.pick([f"select @@global.{name}", f"show variables like '{name}'", f"show global variables like '{name}'",
                                                                 f"select variable_value from information_schema.global_variables where variable_name = '{name}'", f"select @@{name}"])),
            s.ask(f"select @@global.{name}")]


def boss_locks(s):
    """What needs more rights: locks of tables beyond LOCK TABLES."""
    return [s.ask(s.pick([f"flush tables {s.a}.t for export", f"flush tables {s.a}.t with read lock", f"backup lock {s.a}.t", f"flush tables {s.a}.t"])),
            s.ask(s.pick([f"select count(*) from {s.a}.t", f"insert into {s.a}.t (v) values ('locked')", "select * from nosuch"])), ("query", "unlock tables"), ("query", "backup unlock"),
            s.ask(f"insert into {s.a}.t (v) values ('free')"), s.ask("select last_insert_id()")]


def signs_of_life(s):
    """For servers that end idle connections soon: never idle for long, so nothing may be lost."""
    first = s.pick([s.ask("insert into t (v) values ('alive')"), s.ask("set @alive = 4"), s.ask(f"select get_lock('{s.a}', 0)"), ("prepare", "alive", "select v from t where id = ?"),
                    s.ask("select sql_calc_found_rows id from t order by id limit 1")])
    found = [first]
    for _ in range(6):
        found += [("pause", 0.5), ("ping",)]
    found += [("root", f"select is_free_lock('{s.a}')"), ("execute", "alive", [1]), s.ask(s.pick(["update t set n = 2 where id = 1", "select @alive", "insert into t (v) values ('still')", "begin"]))]
    return found + [s.ask(f"select release_lock('{s.a}'), @alive"), s.ask("commit")]


PINNING = {"variables": (variables, 4), "temporary": (temporary, 3), "locks": (locks, 2), "text_prepare": (text_prepare, 2), "handler": (handler, 2), "lock_tables": (lock_tables, 2),
           "multi_locks": (multi_locks, 3), "xa": (xa, 1), "profiling": (profiling, 1)}
OF_BOSS = {"globals": (globals_, 2), "boss_locks": (boss_locks, 1)}
OF_LIFE = {"signs_of_life": (signs_of_life, 1)}
