"""Random trials of the interleaved test: seeded, plain data.

A trial says what the servers and the gateway are set to, and lists events `(session, step)` in the order in which they are
performed. Eight sessions are at work at any time; when one has left, the next takes its slot, and with it what the pool was left with.
Any part of the events is a trial again, which is what the shrinking rests on.
"""
import os
import random
from dataclasses import dataclass, field, replace

from .interleaved_client import ADMINISTRATOR
from .interleaved_drivers import CONNECTS
from .interleaved_pinning import OF_BOSS, OF_LIFE, PINNING
from .interleaved_themes import SHARED, questions
from .interleaved_words import SETTINGS
from .interleaved_world import schemas

SLOTS = 8
ROOMY = 12  # server connections where every session holds one for long
GLOBALS = {
    "no_backslash_escapes": ["sql_mode='NO_BACKSLASH_ESCAPES'"], "ansi_quotes": ["sql_mode='ANSI_QUOTES,PIPES_AS_CONCAT'"], "autocommit": ["autocommit=0"],
    "init_connect": ["init_connect='set session time_zone=\\'+09:00\\', @ic = 7'"], "time_zone": ["time_zone='+03:00'"], "sql_select_limit": ["sql_select_limit=2"],
    "completion_type": ["completion_type=1"], "completion_release": ["completion_type=2"], "character_set_server": ["character_set_server=latin1", "collation_server=latin1_german1_ci"],
    "tx_isolation": ["tx_isolation='READ-COMMITTED'"], "sql_auto_is_null": ["sql_auto_is_null=1"], "group_concat_max_len": ["group_concat_max_len=8"],
    "lc_time_names": ["lc_time_names='de_DE'"], "max_allowed_packet": ["max_allowed_packet=1048576"], "wait_timeout": ["wait_timeout=2", "interactive_timeout=2"],
    "tracking": ["session_track_system_variables='*'", "session_track_state_change=1"], "tx_read_only": ["tx_read_only=1"],
    "init_connect_mode": ["init_connect='set sql_mode=concat(@@sql_mode, \\',ANSI_QUOTES\\'), names latin1'"],
    "old_settings": ["div_precision_increment=9", "foreign_key_checks=0", "auto_increment_increment=2", "default_week_format=6", "max_error_count=1"],
}
MOVING = ["time_zone='+03:00'", "time_zone='SYSTEM'", "group_concat_max_len=12", "lc_time_names='fr_FR'", "sql_mode='ANSI_QUOTES'", "sql_mode=default",
          "div_precision_increment=6", "tx_isolation='READ-COMMITTED'", "default_week_format=4", "max_error_count=2", "sql_auto_is_null=1", "sql_select_limit=4",
          "init_connect='set time_zone=\\'+11:00\\''", "sql_safe_updates=1"]
ALL_FEATURES = (*SHARED, *PINNING, *OF_BOSS, "drivers", "moving_globals", *(f"global:{name}" for name in GLOBALS))


def wanted_features():
    """The names in HOLDFAST_INTERLEAVED_FEATURES, or all of them."""
    names = [name for name in os.environ.get("HOLDFAST_INTERLEAVED_FEATURES", "").split(",") if name]
    unknown = [name for name in names if name not in ALL_FEATURES]
    assert not unknown, f"no feature {unknown}; there are {', '.join(ALL_FEATURES)}"
    return names or list(ALL_FEATURES)


@dataclass(frozen=True)
class Trial:
    seed: int
    shards: int
    limit: int             # max_server_connections
    globals: tuple         # "name=value" on every server
    threads: bool          # every session as fast as it can, instead of one step at a time
    events: tuple = field(repr=False)  # (session, step)

    def with_events(self, events):
        return replace(self, events=tuple(events))

    def in_order(self, places):
        """The same events as they were really begun: a step that waits lets others pass."""
        return self.with_events(self.events[place] for place in places)

    def sessions(self):
        return sorted({number for number, _ in self.events} - {ADMINISTRATOR})

    def of(self, number):
        """The session's steps, and the administrator's where they happened."""
        return tuple(step for owner, step in self.events if owner in (number, ADMINISTRATOR))


class Session:
    """Makes the steps of one session; the themes use it as their pen."""

    def __init__(self, number, rng, themes, login):
        self.number, self.random, self._themes, self.login = number, rng, themes, login
        self.a, self.b = schemas(number)
        self.open, self._handles = [], 0

    def pick(self, choices):
        return self.random.choice(choices)

    def chance(self, probability):
        return self.random.random() < probability

    def handle(self):
        self._handles += 1
        return f"h{self._handles}"

    def ask(self, sql):
        return ("prepared", sql, []) if self.chance(0.35) else ("query", sql)

    def table(self, name):
        return name if self.chance(0.6) else f"{self.a}.{name}"

    def move(self):
        """To the other schema, or back."""
        to = self.pick([self.a, self.b, self.b, self.a, self.b, "information_schema", "hf_role"])
        return [("init_db", to) if self.chance(0.4) else self.ask(f"use {to}")]

    def change_context(self):
        draw = self.random.random()
        if draw < 0.35:
            return self.move()
        if draw < 0.85:
            return [self.ask("set " + self.pick(SETTINGS))]
        return [self.pick([("ping",), self.ask("select * from nosuch"), self.ask("insert into t (v) values ('between')"), self.ask("begin"), self.ask("commit")])]

    def script(self, length, habits):
        steps = [("connect", dict(self.login))]
        if "drivers" in habits and self.chance(0.5):
            driver = self.pick(sorted(CONNECTS))
            steps += [self.ask(text.format(schema=self.a)) if self.chance(0.3) else ("query", text.format(schema=self.a)) for text in CONNECTS[driver]]
        names = sorted(self._themes)
        chosen = self.random.sample(names, min(len(names), self.random.randint(2, 7)))
        if "profiling" in chosen or "roles" in chosen:  # they outlive a change of user, which is a known limit
            chosen = [name for name in chosen if name != "change_user"]
        weights = [self._themes[name][1] for name in chosen]
        while len(steps) < length:
            steps += self._themes[self.random.choices(chosen, weights)[0]][0](self)
            if self.chance(0.15) and "state" in habits:
                steps += questions(self)
            if "global:autocommit" in habits and self.chance(0.4):
                steps.append(("query", self.pick(["commit", "commit", "rollback"])))
            if self.chance(0.3):
                steps.append(("init_db", self.a))
        if self.chance(0.15):
            steps += [("query", "begin"), ("query", f"insert into {self.a}.t (v) values ('left behind')")]
        return steps + [("cut",) if self.chance(0.05) else ("quit",)]


def generate(seed, features):
    rng = random.Random(seed)
    shared = {name: theme for name, theme in SHARED.items() if name in features}
    pinning = {name: theme for name, theme in PINNING.items() if name in features}
    profiles = [name[7:] for name in features if name.startswith("global:")]
    profile = rng.choice(profiles) if profiles and (not shared or rng.random() < 0.5) else None
    settings = GLOBALS[profile] if profile else []
    alive = profile == "wait_timeout"
    limit = ROOMY if alive or profile == "autocommit" else rng.choice([2, 2, 3])
    pinners = SLOTS if rng.random() < 0.1 or limit == ROOMY else limit - 1
    palette = rng.sample(["classic", "modern", "classic", "modern", "found-rows", "ignore-space", "interactive", "single", "deprecate-eof", "tracking"], 2)
    if profile and profile.startswith("init_connect"):
        palette = ["classic", "found-rows", "deprecate-eof"]  # see KNOWN_LIMITS
    charsets = rng.choice([[45], [45], [8], [45, 33], [224], [0], [45, 8]])
    boss_allowed = not profile and any(name in features for name in OF_BOSS)
    if rng.random() < 0.3 and len(shared) > 4:  # few themes at a time meet one another more often
        shared = {name: shared[name] for name in rng.sample(sorted(shared), 4)}
    if not shared and not pinning:
        shared = {name: SHARED[name] for name in ("state", "reads", "writes", "settings")}
    habits = set(shared) | {"drivers" if "drivers" in features else "", f"global:{profile}"}
    slots, number, bosses = [], 0, 0
    for slot in range(SLOTS):
        scripts = []
        for _ in range(1 if alive else rng.choice([1, 2, 2, 3])):
            user = "boss" if boss_allowed and rng.random() < 0.12 and not bosses else "app_two" if rng.random() < 0.1 else "app"
            bosses += user == "boss"  # what one sets globally another would see
            themes = {**shared, **(pinning if slot < pinners or not shared else {}), **({name: theme for name, theme in OF_BOSS.items() if name in features} if user == "boss" else {})}
            themes = OF_LIFE if alive else themes
            login = {"user": user, "schema": schemas(number)[0] if rng.random() < 0.9 else None, "capabilities": rng.choice(palette), "charset": rng.choice(charsets)}
            session = Session(number, rng, themes, login)
            scripts.append([(number, step) for step in session.script(rng.randint(12, 45), habits)])
            number += 1
        slots.append([event for script in scripts for event in script])
    threads = alive or rng.random() < 0.15
    events = interleave(rng, slots)
    if "moving_globals" in features and not profile and rng.random() < (0.15 if len(features) > 3 else 1):
        threads = False
        for _ in range(rng.randint(1, 4)):
            events.insert(rng.randint(0, len(events)), (ADMINISTRATOR, ("everywhere", f"set global {rng.choice(MOVING)}")))
    return Trial(seed, rng.choice([1, 2]), limit, tuple(settings), threads, tuple(events))


def interleave(rng, slots):
    """One order of all slots' events; a slot that is chosen performs one to four of them in a row."""
    places, events = [0] * len(slots), []
    left = [slot for slot in range(len(slots)) if slots[slot]]
    while left:
        slot = rng.choice(left)
        for _ in range(rng.choice([1, 1, 1, 2, 4])):
            if places[slot] < len(slots[slot]):
                events.append(slots[slot][places[slot]])
                places[slot] += 1
        if places[slot] == len(slots[slot]):
            left.remove(slot)
    return events
