"""Samples to Markdown. A ratio is taken within one round; tables show medians with the smallest and the largest."""
from statistics import median

FIGURES = (("cpu_us", "Proxy CPU, µs per query", "{:.1f}"), ("qps", "Queries per second", "{:.0f}"),
           ("p95_ms", "p95 latency, ms", "{:.2f}"))


def spread(values, form):
    return f"{form.format(median(values))} ({form.format(min(values))}–{form.format(max(values))})"


def paired_ratios(samples, baseline, key):
    """Rounds in which both have the figure."""
    return [samples[turn][key] / baseline[turn][key] for turn in samples
            if turn in baseline and samples[turn].get(key) is not None and baseline[turn].get(key)]


def entry(rounds, name, baseline_name, key, form):
    values = [sample[key] for sample in rounds.get(name, {}).values() if sample.get(key) is not None]
    if not values:
        return "–"
    if name == baseline_name:
        return spread(values, form)
    ratios = paired_ratios(rounds[name], rounds.get(baseline_name, {}), key)
    middle = form.format(median(values))
    if not ratios:
        return middle
    return f"{middle} · **{median(ratios):.2f}** ({min(ratios):.2f}–{max(ratios):.2f})"


def tables(results, contestants, baseline):
    """results: {cell: {contestant: {round: {cpu_us, qps, p95_ms}}}}"""
    lines = []
    for key, title, form in FIGURES:
        shown = [name for name in contestants if not (key == "cpu_us" and name == "direct")]
        shown.sort(key=lambda name: name != baseline)
        lines += [f"### {title}", "", f"| cell | {' | '.join(shown)} |", "|---" * (len(shown) + 1) + "|"]
        for cell, rounds in results.items():
            lines.append(f"| {cell} | " + " | ".join(entry(rounds, name, baseline, key, form) for name in shown) + " |")
        lines.append("")
    return lines


def single_table(title, note, rows):
    """rows: {contestant: {column: text}}"""
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    if not columns:
        return []
    lines = [f"### {title}", "", *([note, ""] if note else []), f"| | {' | '.join(columns)} |",
             "|---" * (len(columns) + 1) + "|"]
    lines += [f"| {name} | " + " | ".join(row.get(column, "–") for column in columns) + " |" for name, row in rows.items()]
    return [*lines, ""]
