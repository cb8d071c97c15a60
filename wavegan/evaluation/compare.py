"""Compare systems with their references: pair, measure and summarise clips and floors."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from wavegan.audio.opening import shown
from wavegan.data.pairs import LeftOut
from wavegan.errors import UserError
from wavegan.evaluation import alignment, levels, notes
from wavegan.evaluation.against import Comparison, differences
from wavegan.evaluation.alignment import Align
from wavegan.evaluation.baselines import baselines as all_floors
from wavegan.evaluation.plan import EvaluationPlan, System, plan
from wavegan.evaluation.result import Evaluation, SystemScores, counts
from wavegan.evaluation.scoring import ClipScore, Job
from wavegan.evaluation.selection import Column, choose
from wavegan.evaluation.workers import score_all
from wavegan.machine import machine, versions
from wavegan.mel.front_end import Mel
from wavegan.statistics import bootstrap

__all__ = ["System", "compare"]

Note = Callable[[str], None]
Progress = Callable[[int, int], None]


def compare(
    reference: Path,
    systems: Mapping[str, Path | System],
    *,
    metrics: Sequence[str] | None = None,
    match_gain: bool = False,
    floors: bool = True,
    against: str | None = None,
    align: Align = "auto",
    mel: Mel | None = None,
    only: Sequence[str] | None = None,
    count: int | None = None,
    processes: int | None = None,
    note: Note = lambda _: None,
    progress: Progress = lambda _done, _all: None,
) -> Evaluation:
    """Measure systems on the clips of a folder.

    Args:
        reference: folder of the real clips (or a single one).
        systems: by name, folders of made ones; clips pair by name (`pairing.pair`).
        metrics: keys, `package.module:Class`, or `+key` to add to the default ones; None is the
            default ones.
        match_gain: give each estimate its reference's level first.
        floors: also measure Griffin-Lim and a codec on the same references; the references
            themselves are always measured.
        against: the name of a system to compare each other one with.
        align: how clips of different lengths are aligned (`alignment.align`).
        mel: what Griffin-Lim starts from; None is a front-end for the rate.
        only: names of clips to measure.
        count: how many clips to measure, evenly spread over the names.
        processes: how many to use; None is as many as are worth starting.
        note: called with each line for the user.
        progress: called with (done, all) clips.

    Raises:
        UserError: no usable clips to compare, or an unknown metric or system.
        RunError: a process died.
    """
    given = {n: s if isinstance(s, System) else System(s) for n, s in systems.items()}
    _check(given, against)
    columns = choose(metrics, note)
    wanted = all_floors(mel)
    if not floors:
        wanted = {"reference": wanted["reference"]}
    found = plan(reference, given, wanted, only, count)
    notes.pairing(found, note)
    options = (tuple(columns), found.baselines, match_gain, align)
    system_rows, floor_rows = _measured(found, options, processes, progress)
    notes.outcome(found, (*system_rows, *floor_rows), note)
    _refuse_nothing(system_rows)
    settings = {
        "reference": str(reference),
        "systems": {name: _origin(system) for name, system in given.items()},
        "match_gain": levels.RULE if match_gain else False,
        "lengths": {**_rule(align), **counts(system_rows)},
        **_settings(found, floor_rows, columns),
    }
    compared = _comparisons(system_rows, against, columns)
    return Evaluation(columns, system_rows, floor_rows, compared, settings)


def _check(systems: Mapping[str, System], against: str | None) -> None:
    if not systems:
        raise UserError("no system to compare with the references: give a folder of made clips")
    if against is not None and against not in systems:
        raise UserError(f"against: no system {against!r}; known: {', '.join(systems)}")
    if against is not None and len(systems) < 2:
        raise UserError("against: give a second system to compare with it")


def _measured(
    found: EvaluationPlan, options: Sequence[Any], processes: int | None, progress: Progress
) -> tuple[tuple[SystemScores, ...], tuple[SystemScores, ...]]:
    """Measure systems and floors: one row for each."""
    batches: list[list[Job]] = [
        *map(found.system_jobs, found.systems),
        *map(found.baseline_jobs, found.baselines),
    ]
    scores = iter(
        score_all(
            [job for batch in batches for job in batch],
            options,
            processes=processes,
            seconds=found.seconds,
            progress=progress,
        )
    )
    dealt = iter([[next(scores) for _ in batch] for batch in batches])
    keys = options[0]
    systems = tuple(_row(name, keys, next(dealt), found.left_out(name)) for name in found.systems)
    # floors only on clips that a system was measured on: means over the same clips
    names = {clip.name for row in systems for clip in row.files}
    made = {
        name: _row(name, keys, [clip for clip in next(dealt) if clip.name in names])
        for name in found.baselines
    }
    skipped = {
        name: SystemScores(name, keys, (), reason=why) for name, why in found.skipped.items()
    }
    return systems, tuple({**made, **skipped}.values())


def _row(
    name: str, keys: tuple[str, ...], scores: Sequence[ClipScore], left_out: Sequence[LeftOut] = ()
) -> SystemScores:
    failed = tuple(LeftOut(name, score.name, score.error) for score in scores if score.error)
    good = tuple(score for score in scores if not score.error)
    return SystemScores(name, keys, good, (*left_out, *failed))


def _refuse_nothing(rows: Sequence[SystemScores]) -> None:
    """Raise if no clip of a system could be measured."""
    for row in rows:
        if not row.files:
            entry = row.left_out[-1]
            raise UserError(
                f"{row.name}: no clip could be measured: {shown(entry.file)}: {entry.reason}"
            )


def _comparisons(
    rows: Sequence[SystemScores], against: str | None, columns: Mapping[str, Column]
) -> tuple[Comparison, ...]:
    if against is None:
        return ()
    values = {row.name: {key: row.values(key) for key in columns} for row in rows}
    better = {key: column.higher_is_better for key, column in columns.items()}
    return tuple(
        Comparison(name, against, differences(values[name], values[against], better))
        for name in values
        if name != against
    )


def _origin(system: System) -> dict[str, Any]:
    return {"folder": str(system.estimate), **(system.origin or {})}


def _rule(align: Align) -> dict[str, Any]:
    rest = round(1000 * alignment.REST)
    rules = {
        "auto": f"cut at the end if they differ by {rest} ms at most, else shifted or refused",
        "always": "shifted to where the clips agree, then cut to the overlap",
        "never": "cut at the end to the shorter one",
    }
    return {
        "rule": rules[align],
        "least_correlation": alignment.CONVINCING,
        "least_overlap": alignment.WITHIN,
    }


def _settings(
    found: EvaluationPlan, floors: Sequence[SystemScores], columns: Mapping[str, Column]
) -> dict[str, Any]:
    made = {name: floor.settings(found.sample_rate) for name, floor in found.baselines.items()}
    for row in floors:
        rates = [score.kilobits for score in row.files if score.kilobits is not None]
        if rates:
            made[row.name]["kbit_per_s"] = round(fmean(rates), 1)
    return {
        "metrics": {key: column.to_dict() for key, column in columns.items()},
        "floors": {**made, **{name: {"skipped": why} for name, why in found.skipped.items()}},
        "intervals": {
            "method": "percentile bootstrap over clips",
            "level": 0.95,
            "resamples": bootstrap.RESAMPLES,
            "seed": bootstrap.SEED,
        },
        "versions": versions(),
        "machine": machine(),
    }
