"""A strict reader of the Prometheus text format 0.0.4: raises ValueError on anything the format does not allow."""
import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"'
SAMPLE = re.compile(rf"^({NAME})(?:\{{((?:{LABEL}(?:,(?!\}}))?)*),?\}})? (\S+)(?: (-?\d+))?$")
TYPES = {"counter", "gauge", "histogram", "summary", "untyped"}


class Metrics:
    """samples: {(name, frozenset of label pairs): value}; types: {family: type}."""

    def __init__(self):
        self.samples, self.types, self.helps = {}, {}, {}

    def get(self, name, **labels):
        """The sum of all samples of that name that carry these labels; None if there is no such sample."""
        wanted = set(labels.items())
        found = [value for (sample, have), value in self.samples.items() if sample == name and wanted <= have]
        return sum(found) if found else None

    def names(self):
        return {name for name, _ in self.samples}


def family_of(name, types):
    for suffix in ("_bucket", "_sum", "_count"):
        if name.endswith(suffix) and types.get(name[:-len(suffix)]) in ("histogram", "summary"):
            return name[:-len(suffix)]
    return name


def parse(text):
    if not text.endswith("\n"):
        raise ValueError("the last line has no line feed")
    metrics, finished, current = Metrics(), set(), None
    for number, line in enumerate(text.splitlines(), 1):
        if not line:
            continue
        if line.startswith("#"):
            current = _comment(metrics, line, number, current, finished)
            continue
        matched = SAMPLE.match(line)
        if not matched:
            raise ValueError(f"line {number} is no sample: {line!r}")
        name, labels, value = matched.group(1), matched.group(2) or "", matched.group(5)
        family = family_of(name, metrics.types)
        if family != current:
            if family in finished:
                raise ValueError(f"line {number}: the samples of {family} are not together")
            finished.add(current)
            current = family
        key = (name, frozenset((k, v) for k, v in re.findall(LABEL, labels)))
        if key in metrics.samples:
            raise ValueError(f"line {number}: {line!r} appears twice")
        metrics.samples[key] = float(value)
    _check_histograms(metrics)
    return metrics


def _comment(metrics, line, number, current, finished):
    words = line.split(" ", 3)
    if len(words) < 3 or words[1] not in ("HELP", "TYPE"):
        return current
    table = metrics.helps if words[1] == "HELP" else metrics.types
    if words[2] in table:
        raise ValueError(f"line {number}: a second {words[1]} of {words[2]}")
    if words[1] == "TYPE" and (len(words) < 4 or words[3] not in TYPES):
        raise ValueError(f"line {number}: unknown type: {line!r}")
    table[words[2]] = words[3] if len(words) > 3 else ""
    if words[2] != current:
        if words[2] in finished:
            raise ValueError(f"line {number}: {words[2]} is described after its samples")
        finished.add(current)
    return words[2]


def _check_histograms(metrics):
    """Buckets never fall, and the last one, +Inf, equals the count."""
    series = {}
    for (name, labels), value in metrics.samples.items():
        family = family_of(name, metrics.types)
        if metrics.types.get(family) == "histogram" and name == family + "_bucket":
            bound = dict(labels)["le"]
            rest = frozenset(pair for pair in labels if pair[0] != "le")
            series.setdefault((family, rest), []).append((float(bound), value))
    for (family, rest), buckets in series.items():
        buckets.sort()
        values = [value for _, value in buckets]
        if values != sorted(values):
            raise ValueError(f"the buckets of {family} {dict(rest)} fall")
        if buckets[-1][0] != float("inf") or metrics.samples.get((family + "_count", rest)) != values[-1]:
            raise ValueError(f"{family} {dict(rest)}: no +Inf bucket equal to the count")
