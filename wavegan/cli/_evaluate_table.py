"""What `wavegan evaluate` prints: tables that lose no column, whatever the terminal's width."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from wavegan.cli._screen import Screen

if TYPE_CHECKING:
    from wavegan.evaluation.against import Comparison, Difference
    from wavegan.evaluation.result import Evaluation
    from wavegan.evaluation.set_result import MeanOverParts, SetEvaluation
    from wavegan.statistics.bootstrap import Interval

WIDE = 160
"""Columns where there is no terminal."""
FEW = 4
"""So many systems and floors stand side by side, with metrics as rows, which reads best."""
LEVEL = 0.05
FLOORS = {
    "reference": "reference: each reference against itself, the best a metric says",
    "griffin_lim": "griffin_lim: Griffin-Lim ({iterations} iterations) from each reference's mel",
    "re_encoded": "re_encoded: each reference through Ogg Vorbis at {kbit_per_s} kbit/s",
}


def console() -> Screen:
    """Stdout, wide enough for a table where it is no terminal."""
    return Screen(width=WIDE)


def print_evaluation(found: "Evaluation") -> None:
    """Means with intervals, the floors below, what they are of, and comparisons."""
    rows = [*found.systems, *(row for row in found.baselines if row.files)]
    heads = {key: column.label for key, column in found.columns.items()}
    digits = {key: _digits([row.means[key].mean for row in rows]) for key in heads}
    best = _best(found)
    cells = [
        [
            *(
                Text(
                    _interval(row.means[key], digits[key], len(row.files)),
                    "bold" if row in found.systems and row.name in best[key] else "",
                )
                for key in heads
            ),
            Text(str(len(row.files))),
            Text(str(len(row.left_out))),
        ]
        for row in rows
    ]
    screen = console()
    print_grid(screen, [row.name for row in rows], [*heads.values(), "clips", "left out"], cells)
    for line in _legend(found):
        screen.print(line, soft_wrap=True)
    for comparison in found.comparisons:
        _print_comparison(screen, comparison, heads)


def print_sets(found: "SetEvaluation") -> None:
    """Set metrics, with their deviation over parts."""
    rows = [*found.systems, found.baseline]
    heads = {key: f"{key} {'↑' if up else '↓'}" for key, up in found.higher_is_better.items()}
    digits = {key: _digits([row.figures[key].mean for row in rows]) for key in heads}
    cells = [
        [*(Text(_figure(row.figures[key], digits[key])) for key in heads), Text(str(row.clips))]
        for row in rows
    ]
    screen = console()
    print_grid(screen, [row.name for row in rows], [*heads.values(), "clips"], cells)
    clips, embedding = found.settings["clips"], found.settings["embedding"]
    screen.print(
        f"N: parts of {clips['part']} clips against {clips['reference']} of {clips['real']} real "
        f"ones; embedding {embedding['name']}, {embedding['dimensions']} numbers of the first "
        f"{embedding['seconds']:.2f} s at {embedding['sample_rate']} Hz.",
        soft_wrap=True,
    )
    screen.print(found.settings["note"], soft_wrap=True)


def print_grid(
    screen: Screen, names: Sequence[str], heads: Sequence[str], cells: Sequence[Sequence[Text]]
) -> None:
    """Print a table with few names as its columns, one with many as its rows.

    Where that is wider than the screen it is turned; where it is still wider it comes in pieces.
    """
    upright = (names, heads, cells)
    turned = (heads, names, [list(column) for column in zip(*cells, strict=True)])
    choices = (turned, upright) if len(names) <= FEW else (upright, turned)
    for choice in choices:
        if sum(_widths(*choice)) <= screen.width:
            _print_table(screen, *choice)
            return
    rows, columns, values = turned
    for first, last in _pieces(_widths(*turned), screen.width):
        _print_table(screen, rows, columns[first:last], [line[first:last] for line in values])


def _widths(
    rows: Sequence[str], columns: Sequence[str], cells: Sequence[Sequence[Text]]
) -> list[int]:
    """Of the column of names, then of each other, with the gap beside it."""
    own = [max(len(head), *(line[n].cell_len for line in cells)) for n, head in enumerate(columns)]
    return [width + 2 for width in (max(map(len, rows)), *own)]


def _pieces(widths: Sequence[int], room: int) -> list[tuple[int, int]]:
    """Which columns fit side by side, beside the names: [first, last) of each piece."""
    pieces, first, used = [], 0, widths[0]
    for place, width in enumerate(widths[1:]):
        if place > first and used + width > room:
            pieces.append((first, place))
            first, used = place, widths[0]
        used += width
    return [*pieces, (first, len(widths) - 1)]


def _print_table(
    screen: Screen, rows: Sequence[str], columns: Sequence[str], cells: Sequence[Sequence[Text]]
) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("", overflow="fold")
    for head in columns:
        table.add_column(head, justify="right", overflow="fold")
    for name, line in zip(rows, cells, strict=True):
        table.add_row(name, *line)
    screen.print(table)


def _best(found: "Evaluation") -> dict[str, set[str]]:
    """By metric, the systems with the best mean; none where there is one system only."""
    best: dict[str, set[str]] = {}
    for key, column in found.columns.items():
        means = {row.name: row.means[key].mean for row in found.systems}
        known = [mean for mean in means.values() if math.isfinite(mean)]
        wanted = (max if column.higher_is_better else min)(known) if len(means) > 1 and known else 0
        several = len(means) > 1
        best[key] = {name for name, mean in means.items() if several and mean == wanted}
    return best


def _digits(means: Sequence[float]) -> int:
    """Decimals that show three digits of the largest."""
    largest = max((abs(mean) for mean in means if math.isfinite(mean)), default=0.0)
    return 0 if largest >= 1000 else 1 if largest >= 100 else 2 if largest >= 2 else 3


def _interval(interval: "Interval", digits: int, clips: int) -> str:
    """The mean, half of its interval, and of how many clips where it is not of all."""
    if not interval.n:
        return "-"
    some = f" (n {interval.n})" if interval.n != clips else ""
    # the interval of a single clip says nothing
    half = (interval.high - interval.low) / 2
    around = f" ±{half:.{digits}f}" if interval.n > 1 else ""
    return f"{interval.mean:.{digits}f}{around}{some}"


def _figure(figure: "MeanOverParts", digits: int) -> str:
    if not math.isfinite(figure.mean):
        return "-"
    text = f"{figure.mean:.{digits}f}"
    return text if figure.deviation is None else f"{text} ±{figure.deviation:.{digits}f}"


def _legend(found: "Evaluation") -> list[str]:
    lines = ["±: half of the 95 % interval of the mean over clips (bootstrap)."]
    if found.settings["match_gain"]:
        lines.append("Each estimate was given its reference's level first.")
    for row in found.baselines:
        settings = found.settings["floors"][row.name]
        if row.reason:
            lines.append(f"{row.name}: not made: {row.reason}")
        elif row.files:
            lines.append(FLOORS[row.name].format(**settings))
    for name, made in found.settings["systems"].items():
        if "times_real_time" in made:
            speed, threads = made["times_real_time"], made["threads"]
            lines.append(f"{name}: {speed:.1f} × real time on {made['device']}, {threads} threads")
    return lines


def _print_comparison(screen: Screen, comparison: "Comparison", heads: Mapping[str, str]) -> None:
    """Differences metric by metric, and what so many clips can show at all."""
    screen.print(
        f"\n{comparison.system} against {comparison.against}: differences on the clips of both, "
        "with their 95 % intervals",
        soft_wrap=True,
    )
    lines = {heads[key]: each for key, each in comparison.metrics.items()}
    cells = [
        [Text(each) for each in (_difference(d), str(d.difference.n), _p(d.p_holm), d.verdict)]
        for d in lines.values()
    ]
    _print_table(screen, list(lines), ["difference", "clips", "p (Holm)", ""], cells)
    blind = [d for d in comparison.metrics.values() if d.smallest >= LEVEL and d.difference.n]
    if blind:
        pairs = max(d.difference.n for d in blind)
        screen.print(
            f"With {pairs} clips and {len(lines)} metrics p cannot be under "
            f"{min(d.smallest for d in blind):.2g}: no difference can be shown. Give more clips, "
            "or fewer --metrics.",
            soft_wrap=True,
        )


def _difference(found: "Difference") -> str:
    interval = found.difference
    if not interval.n:
        return "-"
    digits = _digits([interval.mean])
    low, high = (f"{end:+.{digits}f}" for end in (interval.low, interval.high))
    return f"{interval.mean:+.{digits}f} [{low}, {high}]"


def _p(p: float) -> str:
    return "-" if math.isnan(p) else "< 0.001" if p < 0.001 else f"{p:.3f}"
