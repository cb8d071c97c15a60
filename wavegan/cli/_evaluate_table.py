"""Print the results of `wavegan evaluate`: tables keep every column at any terminal width."""

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
"""Width in characters where there is no terminal."""
FEW = 4
"""Up to this many systems and floors are columns, with metrics as rows."""
LEVEL = 0.05
FLOORS = {
    "reference": "reference: each reference against itself, the best value of a metric",
    "griffin_lim": "griffin_lim: Griffin-Lim ({iterations} iterations) from each reference's mel",
    "re_encoded": "re_encoded: each reference through Ogg Vorbis at {kbit_per_s} kbit/s",
}


def console() -> Screen:
    """A screen on stdout, wide enough for a table where it is not a terminal."""
    return Screen(width=WIDE)


def print_evaluation(found: "Evaluation") -> None:
    """Print means with intervals, floors, a legend, and comparisons."""
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
    """Print set metrics, with their deviation over parts."""
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
        f"ones; embedding {embedding['name']}, {embedding['dimensions']} dimensions of the first "
        f"{embedding['seconds']:.2f} s at {embedding['sample_rate']} Hz.",
        soft_wrap=True,
    )
    screen.print(found.settings["note"], soft_wrap=True)


def print_grid(
    screen: Screen, names: Sequence[str], heads: Sequence[str], cells: Sequence[Sequence[Text]]
) -> None:
    """Print a table: a few names are columns, many names are rows.

    A table wider than the screen is transposed; one that is still too wide is split.
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
    """Widths of the column of names, then of the others, each with its gap."""
    own = [max(len(head), *(line[n].cell_len for line in cells)) for n, head in enumerate(columns)]
    return [width + 2 for width in (max(map(len, rows)), *own)]


def _pieces(widths: Sequence[int], room: int) -> list[tuple[int, int]]:
    """Split the columns into pieces that fit the screen: [first, last) of each."""
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
    """By metric, the systems with the best mean; empty if there is only one system."""
    best: dict[str, set[str]] = {}
    for key, column in found.columns.items():
        means = {row.name: row.means[key].mean for row in found.systems}
        known = [mean for mean in means.values() if math.isfinite(mean)]
        wanted = (max if column.higher_is_better else min)(known) if len(means) > 1 and known else 0
        several = len(means) > 1
        best[key] = {name for name, mean in means.items() if several and mean == wanted}
    return best


def _digits(means: Sequence[float]) -> int:
    """Number of decimals that shows three digits of the largest mean."""
    largest = max((abs(mean) for mean in means if math.isfinite(mean)), default=0.0)
    return 0 if largest >= 1000 else 1 if largest >= 100 else 2 if largest >= 2 else 3


def _interval(interval: "Interval", digits: int, clips: int) -> str:
    """The mean, half of its interval, and the number of clips if it is not all of them."""
    if not interval.n:
        return "-"
    some = f" (n {interval.n})" if interval.n != clips else ""
    # a single clip has no meaningful interval
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
        lines.append("Each estimate was first scaled to its reference's level.")
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
    """Print differences by metric, and whether this many clips can show one at all."""
    screen.print(
        f"\n{comparison.system} against {comparison.against}: differences on the shared clips, "
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
            f"With {pairs} clips and {len(lines)} metrics p cannot be below "
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
