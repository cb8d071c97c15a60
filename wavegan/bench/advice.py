"""Which precision, threads and batch to use, and why: a function of the figures alone."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from wavegan.counted import counted

EXACT = "float32"
LISTEN = "may sound different: listen first"
NEAR = 0.95
"""Share of the highest speed from which settings count as equally fast: runs differ by as much."""
WORTH = 1.2
"""Ratio from which several processes of one thread are recommended."""
MORE = 1.2
"""Ratio from which a setting takes more memory than another."""


class Figure(NamedTuple):
    """What the advice needs of a row.

    Attributes:
        precision: the precision that the model computes in.
        threads: number of threads.
        batch: items per call.
        seconds: length of each item.
        speed: seconds of audio per second.
        memory: peak memory in bytes, if it was measured.
    """

    precision: str
    threads: int
    batch: int
    seconds: float
    speed: float
    memory: int | None = None


class Advice(NamedTuple):
    """The setting to use.

    Attributes:
        precision: float32, bfloat16 or float16.
        threads: number of threads.
        batch: items per call.
        text: one line with the reason.
    """

    precision: str
    threads: int
    batch: int
    text: str


def advice(
    figures: Sequence[Figure], trusted: Collection[str] = (), warning: str = LISTEN
) -> Advice | None:
    """The setting to use; None without figures.

    Speeds are compared at one length, the one with the most figures. Of the settings that are
    equally fast, the one with the smallest batch, the fewest threads and the most exact precision
    is best: it needs the least memory and leaves cores to others.

    Args:
        figures: all that was measured.
        trusted: half precisions that sound the same as float32. Others are only mentioned, unless
            nothing else was measured.
        warning: what is said about those.
    """
    if not figures:
        return None
    lengths = Counter(figure.seconds for figure in figures)
    length = max(lengths, key=lambda seconds: (lengths[seconds], seconds))
    same = [figure for figure in figures if figure.seconds == length]
    safe = [each for each in same if each.precision in (EXACT, *trusted)]
    safe = safe or same
    fastest = max(figure.speed for figure in safe)
    best = min(
        (figure for figure in safe if figure.speed >= NEAR * fastest),
        key=lambda f: (f.batch, f.threads, f.precision != EXACT, -f.speed),
    )
    text = f"use {_named(best)}: {best.speed:.3g} × real time on {length:.3g} s"
    mentioned = _unsafe(best, [each for each in same if each not in safe], warning)
    reasons = [reason for reason in (*_reasons(best, safe), mentioned) if reason]
    return Advice(*best[:3], "; ".join([text, *reasons]))


def _named(figure: Figure) -> str:
    threads = counted(figure.threads, "thread")
    return f"{figure.precision}, {threads}, batch {figure.batch}"


def _reasons(best: Figure, figures: Sequence[Figure]) -> list[str]:
    """Comparisons with the settings that differ from the best in one thing."""
    precision = _rival(best, figures, lambda f: f.precision)
    threads = _rival(best, figures, lambda f: f.threads)
    batch = _rival(best, figures, lambda f: f.batch)
    return [
        "" if precision is None else _against(best, precision, precision.precision),
        "" if threads is None else _against(best, threads, counted(threads.threads, "thread")),
        "" if batch is None else _against(best, batch, f"batch {batch.batch}"),
        _processes(figures),
    ]


def _rival(
    best: Figure, figures: Sequence[Figure], field: Callable[[Figure], object]
) -> Figure | None:
    """The fastest setting that differs from the best in this field only."""
    fields: list[Callable[[Figure], object]] = [
        lambda f: f.precision,
        lambda f: f.threads,
        lambda f: f.batch,
    ]
    others = [
        figure
        for figure in figures
        if field(figure) != field(best) and sum(each(figure) != each(best) for each in fields) == 1
    ]
    return max(others, key=lambda figure: figure.speed, default=None)


def _against(best: Figure, other: Figure, name: str) -> str:
    ratio = best.speed / other.speed
    if ratio > 1 / NEAR:
        return f"{ratio:.2g} × as fast as {name}"
    memory = ""
    if best.memory and other.memory and other.memory > MORE * best.memory:
        memory = f", with {other.memory / best.memory:.2g} × the memory"
    return f"no faster with {name}{memory}"


def _unsafe(best: Figure, others: Sequence[Figure], warning: str) -> str:
    """The fastest of the others, if it is faster."""
    fastest = max(others, key=lambda figure: figure.speed, default=best)
    if fastest.speed * NEAR <= best.speed:
        return ""
    return f"{_named(fastest)} is {fastest.speed / best.speed:.2g} × as fast, but {warning}"


def _processes(figures: Sequence[Figure]) -> str:
    """Whether several processes of one thread make more of many files than one of many threads."""
    single = max((f for f in figures if f.threads == 1), key=lambda f: f.speed, default=None)
    several = max((f for f in figures if f.threads > 1), key=lambda f: f.speed, default=None)
    if single is None or several is None:
        return ""
    together = several.threads * single.speed
    if together < WORTH * several.speed:
        return ""
    return (
        f"for many files, {several.threads} processes of 1 thread each "
        f"({single.precision}, batch {single.batch}) reach up to {together:.3g} × together"
    )
