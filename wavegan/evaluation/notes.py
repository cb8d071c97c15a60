"""Notes for the user: which files were left out, and how clips were changed."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median

from wavegan.audio.opening import shown
from wavegan.counted import counted
from wavegan.data.pairs import LeftOut
from wavegan.evaluation.plan import EvaluationPlan
from wavegan.evaluation.result import SystemScores
from wavegan.evaluation.scoring import About, Silent

SHOWN = 5
"""Names in a note; further ones are counted."""

_SILENT: Mapping[Silent, str] = {
    "estimate": "",
    "reference": "the reference is ",
    "both": "it and the reference are ",
}
Note = Callable[[str], None]


def pairing(found: EvaluationPlan, note: Note) -> None:
    """Report files without a partner, and pairs whose names differ."""
    for name, each in found.pairings.items():
        if each.by_suffix:
            first = each.pairs[0]
            example = f"{shown(first.estimate.name)} with {shown(first.reference.name)}"
            note(f"{name}: names are paired without the suffix that vocoders append: {example}")
        left_out(found.left_out(name), note)
    for name, reason in found.skipped.items():
        note(f"floor {name}: not made: {reason}")


def outcome(found: EvaluationPlan, rows: Sequence[SystemScores], note: Note) -> None:
    """Report what happened to the clips of each row."""
    for row in rows:
        known = set(found.left_out(row.name)) if row.name in found.systems else set()
        left_out((entry for entry in row.left_out if entry not in known), note)
        _shifts(row, note)
        _silence(row, row.name in found.systems, note)
        _conversions(row, note)
        _of_clips([row], ("the estimate's file", "a metric"), row.name, note)
    # all rows have the same references
    _of_clips(rows, ("the reference's file",), "references", note)
    measured = {row.name: len(row.files) for row in rows if row.name in found.systems}
    if len(set(measured.values())) > 1:
        each = ", ".join(f"{name} {count}" for name, count in measured.items())
        note(f"the systems' means are over different clips: {each}")


def left_out(entries: Iterable[LeftOut], note: Note) -> None:
    """Report files by reason: the first few by name, the number of the others."""
    groups: dict[tuple[str, str], list[str]] = {}
    for entry in entries:
        groups.setdefault((entry.system, entry.reason), []).append(shown(entry.file))
    for (system, reason), files in groups.items():
        note(f"{system}: left out: {_listed(files)}: {reason}")


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more}"


def _shifts(row: SystemScores, note: Note) -> None:
    moved = [f"{shown(s.name)} by {s.shift:+.3f} s" for s in row.files if s.shift]
    if moved:
        note(f"{row.name}: estimates were shifted to their references: {_listed(moved)}")
    lags = [score.lag for score in row.files if score.lag]
    if lags:
        verb = "is" if len(lags) == 1 else "are"
        note(
            f"{row.name}: {len(lags)} of {counted(len(row.files), 'clip')} {verb} late (negative: "
            f"early), by {median(lags):+.3f} s in the median. This makes their figures worse; "
            "--align always shifts them"
        )


def _silence(row: SystemScores, is_system: bool, note: Note) -> None:
    """Report silent clips; of a floor, those with a reference that is not silent."""
    for which, who in _SILENT.items() if is_system else [("estimate", "")]:
        silent = [shown(score.name) for score in row.files if score.silent == which]
        if silent:
            note(f"{row.name}: {who}silent, and measured anyway: {_listed(silent)}")


def _conversions(row: SystemScores, note: Note) -> None:
    resampled = [shown(score.name) for score in row.files if score.resampled]
    if resampled:
        note(f"{row.name}: resampled to the reference's rate: {_listed(resampled)}")
    mixed = [shown(score.name) for score in row.files if score.mixed]
    if mixed:
        note(f"{row.name}: mixed to mono, as one of the pair was mono: {_listed(mixed)}")


def _of_clips(rows: Sequence[SystemScores], about: tuple[About, ...], who: str, note: Note) -> None:
    """Report the notes of metrics or file readers on single clips."""
    said: dict[str, dict[str, None]] = {}
    for score in (score for row in rows for score in row.files):
        for each in score.notes:
            if each.about in about:
                said.setdefault(each.text, {})[shown(score.name)] = None
    for text, names in said.items():
        note(f"{who}: {_listed(list(names))}: {text}")
