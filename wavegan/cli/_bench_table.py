"""Print the figures of `wavegan bench`."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.table import Table

from wavegan.cli._screen import Screen
from wavegan.counted import counted

if TYPE_CHECKING:
    from wavegan.bench.advice import Advice
    from wavegan.bench.result import Latency, Result, Row

WIDE = 160
"""Width in characters where there is no terminal."""
MIB = 2**20


def print_result(found: "Result", advice: "Advice | None") -> None:
    """Print the machine, both tables, notes, and the advice as the last line."""
    screen = Screen(width=WIDE)
    for line in (*_machine(found.machine), *_model(found.model)):
        screen.print(line, soft_wrap=True)
    _print_rows(screen, found)
    _print_latencies(screen, found)
    for line in _legend(found):
        screen.print(line, soft_wrap=True)
    for each in found.left_out:
        screen.print(f"left out: {each['setting']}: {each['reason']}", soft_wrap=True)
    for note in found.notes:
        screen.print(f"note: {note}", soft_wrap=True)
    if found.interrupted:
        screen.print("interrupted: these are the figures up to then", soft_wrap=True)
    if advice is not None:
        screen.print(f"advice: {advice.text}", soft_wrap=True)


def _machine(facts: Mapping[str, Any]) -> list[str]:
    load = "" if facts["load"] is None else f", load {facts['load']:.2f}"
    instructions = ", ".join(facts["instructions"]) or facts["torch_instructions"]
    gpus = "".join(f", {name}" for name in facts.get("gpus", ()))
    return [
        f"machine: {facts['processor']}{gpus}, {counted(facts['usable_cores'], 'core')} "
        f"({instructions}), torch {facts['versions']['torch']}{load}"
    ]


def _model(facts: Mapping[str, Any]) -> list[str]:
    return [
        f"model: {facts['path']}: {facts['described']}, {facts['sample_rate']} Hz; "
        f"input: {facts['input']}",
    ]


def _print_rows(screen: Screen, found: "Result") -> None:
    heads = ["threads", "batch", "seconds", "× real time", "min to max", "RTF"]
    heads += ["clips/s"] if found.sounds else []
    heads += ["GFLOP/s", "of peak", "memory MiB", "runs"]
    table = Table(box=None, pad_edge=False)
    table.add_column("precision", no_wrap=True)
    for head in heads:
        table.add_column(head, justify="right", no_wrap=True)
    for row in found.measured:
        table.add_row(_precision(row), *_cells(row, found.sounds))
    screen.print(table)


def _cells(row: "Row", sounds: bool) -> list[str]:
    setting = row.setting
    slow, fast = row.audio / max(row.took), row.audio / min(row.took)
    clips = [_three(setting.batch / row.seconds)] if sounds else []
    return [
        str(setting.threads),
        str(setting.batch),
        f"{setting.seconds or row.audio / setting.batch:g}",
        _three(row.times_real_time),
        f"{_three(slow)} to {_three(fast)}",
        _three(1 / row.times_real_time),
        *clips,
        _three(row.gflops),
        f"{row.gflops / row.peak:.0%}" if row.peak else "-",
        "-" if row.memory is None else f"{row.memory / MIB:.0f}",
        str(len(row.took)),
    ]


def _print_latencies(screen: Screen, found: "Result") -> None:
    latencies = [each for each in found.latencies if each.short]
    if not latencies:
        return
    seconds = latencies[0].short_audio
    table = Table(box=None, pad_edge=False)
    table.add_column("first audio", no_wrap=True)
    table.add_column("threads", justify="right", no_wrap=True)
    if not found.sounds:
        table.add_column("of a stream, ms", justify="right", no_wrap=True)
    what = "of a clip" if found.sounds else f"of a mel of {seconds:.2g} s"
    table.add_column(f"{what}, ms", justify="right", no_wrap=True)
    for each in latencies:
        stream = [] if found.sounds else [_milliseconds(each.stream)]
        table.add_row(
            _precision(each), str(each.engine.threads), *stream, _milliseconds(each.short)
        )
    screen.print(table)


def _legend(found: "Result") -> list[str]:
    peaks = ", ".join(
        f"{peak['precision']} with {counted(peak['threads'], 'thread')} {_three(peak['gflops'])}"
        for peak in found.peaks
        if peak["gflops"]
    )
    lines = [
        "Medians of interleaved runs. GFLOP/s count convolutions and matrix products; memory is "
        "the increase in a new process that opens the model and calls it once."
    ]
    if peaks:
        lines.append(f"peak: the fastest convolutions of this machine, GFLOP/s: {peaks}")
    return lines


def _precision(each: "Row | Latency") -> str:
    asked = each.setting.precision if hasattr(each, "setting") else each.engine.precision
    used = each.precision_used
    return used if asked == used else f"{used} ({asked})"


def _milliseconds(took: Sequence[float]) -> str:
    from statistics import median

    return _three(1000 * median(took)) if took else "-"


def _three(value: float) -> str:
    """Three digits, without an exponent."""
    digits = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 3
    return f"{value:,.{digits}f}"
