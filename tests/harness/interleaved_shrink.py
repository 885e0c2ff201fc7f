"""Makes a failing trial of the interleaved test small: the shortest part of its events found in some time that still shows the difference.

First the session is tried alone, then with one other, then what comes before the difference; then ever smaller pieces go. What is
tried is always a trial of its own, with fresh tables and a fresh gateway, so what is left is a script that anybody can run.
"""
import time
from dataclasses import dataclass, replace

from .interleaved_client import ADMINISTRATOR


@dataclass(frozen=True)
class Finding:
    trial: object        # the small one
    difference: object   # in the small one
    of: int              # events there were
    runs: int
    again: bool          # whether it showed again when the trial was repeated

    def __str__(self):
        trial, difference = self.trial, self.difference
        lines = [f"seed {trial.seed}: shards {trial.shards}, max_server_connections {trial.limit}"
                 + (f", globals {', '.join(trial.globals)}" if trial.globals else "") + (", free threads" if trial.threads else ""),
                 f"  {difference.where}: {difference.text}"]
        if not self.again:
            return "\n".join(lines + [f"  seen once, not again; {self.of} events"])
        lines.append(f"  smallest script found, {len(trial.events)} of {self.of} events after {self.runs} runs (session: step):")
        lines += [f"    {'>' if event == difference.event else ' '} {number}: {step!r}" for event, (number, step) in enumerate(trial.events)]
        return "\n".join(lines)


class Shrinker:
    def __init__(self, oracle, trial, difference, seconds):
        self._oracle, self._whole, self._sought = oracle, trial, difference
        self._deadline = time.monotonic() + seconds
        self._runs, self._shown = 0, difference

    def shrink(self):
        places = self._beginning()
        if places is None:
            return Finding(self._whole, self._sought, len(self._whole.events), self._runs, False)
        places = self._without_sessions(places)
        size = max(1, len(places) // 2)
        while size and not self._late():
            places = self._without_pieces(places, size)
            size //= 2
        return Finding(self._part(places), self._shown, len(self._whole.events), self._runs, True)

    def _beginning(self):
        """Places that show the difference again; None if it does not. Free threads are left aside where one step at a time shows it, too."""
        whole = list(range(len(self._whole.events)))
        if self._sought.event >= 0:
            whole = whole[:self._sought.event + 1]
        free, self._whole = self._whole, replace(self._whole, threads=False)
        if self._sought.session >= 0:
            others = sorted({self._whole.events[place][0] for place in whole} - {self._sought.session, ADMINISTRATOR})
            for company in [()] + [(other,) for other in others]:
                places = [place for place in whole if self._whole.events[place][0] in (self._sought.session, ADMINISTRATOR, *company)]
                if not self._late() and self._shows(places):
                    return places
        if self._shows(whole):
            return whole
        self._whole = free
        return whole if self._shows(whole) or self._shows(whole) else None

    def _late(self):
        return time.monotonic() > self._deadline

    def _part(self, places):
        return self._whole.with_events(self._whole.events[place] for place in places)

    def _shows(self, places):
        """Whether these events show the difference; the last that did is what is told of them."""
        self._runs += 1
        for found in self._oracle.examine(self._part(places)):
            if found.where == self._sought.where and found.session == self._sought.session and (
                    found.event < 0 or places[found.event] == self._sought.event):
                self._shown = found
                return True
        return False

    def _without_sessions(self, places):
        numbers = sorted({self._whole.events[place][0] for place in places} - {self._sought.session})
        size = len(numbers)
        while size and not self._late():
            for start in range(0, len(numbers), size):
                gone = set(numbers[start:start + size])
                fewer = [place for place in places if self._whole.events[place][0] not in gone]
                if len(fewer) < len(places) and not self._late() and self._shows(fewer):
                    places = fewer
            numbers = [number for number in numbers if any(self._whole.events[place][0] == number for place in places)]
            size = min(size // 2, len(numbers))
        return places

    def _without_pieces(self, places, size):
        start = 0
        while start < len(places) and not self._late():
            fewer = places[:start] + places[start + size:]
            if self._sought.event not in places[start:start + size] and self._shows(fewer):
                places = fewer
            else:
                start += size
        return places
