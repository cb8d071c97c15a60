"""Find the front-end that made a mel, from the mel and its recording."""

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from wavegan.diagnosis.mel_search import (
    CLOSE,
    STRANGE,
    explains,
    matching,
    nearness,
    presets,
    search,
)
from wavegan.diagnosis.mel_trials import Recording, Trial
from wavegan.errors import UserError
from wavegan.mel.front_end import Mel

Kind = Literal["match", "differs", "level", "statistics", "close", "none"]


@dataclass(frozen=True)
class FrontEndDiagnosis:
    """The front-end of a mel, as far as it was found.

    Attributes:
        kind: "match": a preset; "differs": a preset with other fields; "level": a preset on audio
            at another level; "statistics": normalized by statistics; "close": a preset with small
            differences; "none".
        matches: all presets that match.
        best: the nearest front-end.
        nearest: unchanged presets, nearest first.
        headline: the result in a line.
    """

    kind: Kind
    matches: tuple[str, ...]
    best: Trial | None
    nearest: tuple[Trial, ...]
    headline: str

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "verdict": self.headline,
            "kind": self.kind,
            "matches": list(self.matches),
            "best": None if self.best is None else _plain(self.best),
            "nearest": [_plain(trial) for trial in self.nearest],
        }


@dataclass(frozen=True)
class Fit:
    """Whether a mel fits a model.

    Attributes:
        fits: whether the model's own front-end made it.
        obstacles: what prevents `Mel.convert`, if another front-end made it; None if that one is
            not known.
        headline: the result in a line.
    """

    fits: bool
    obstacles: tuple[str, ...] | None
    headline: str


def diagnose(mel: Tensor, wave: NDArray[np.float32], rate: int) -> FrontEndDiagnosis:
    """Find the front-end that made `mel` from `wave`.

    All presets are tried, with the recording resampled to their rate. If none fits, the nearest
    are tried with other fields, levels and statistics.

    Args:
        mel: (n_mels, L) or (L, n_mels).
        wave: (T,) in [-1, 1], the audio of the mel from the first sample on.
        rate: its sample rate, Hz.

    Raises:
        UserError: a mel or wave with a wrong shape, empty, or with values that are not finite.
    """
    _check(mel, wave)
    recording = Recording(mel.float(), wave, rate)
    tried = presets(recording)
    matches = matching(tried, recording)
    if matches:
        names = tuple(trial.preset for trial in matches)
        return FrontEndDiagnosis("match", names, matches[0], tuple(tried), _named(matches))
    best = search(recording, tried)
    if best is not None and explains(best, recording):
        kind: Kind = "statistics" if best.statistics else "differs" if best.changes else "level"
        return FrontEndDiagnosis(kind, (), best, tuple(tried), _described(best, recording))
    near = tried[0] if tried else best
    if near is not None and near.cost == 0 and near.mean <= CLOSE:
        names = tuple(t.preset for t in tried if t.mean <= 2 * near.mean + 1e-3)
        return FrontEndDiagnosis("close", names, near, tuple(tried), _approximate(near, names))
    return FrontEndDiagnosis("none", (), best, tuple(tried), _unknown(best, recording))


def fit(
    mel: Tensor, wave: NDArray[np.float32], rate: int, own: Mel, found: FrontEndDiagnosis
) -> Fit:
    """Compare a mel with the front-end of a model.

    Args:
        mel: see `diagnose`.
        wave: see `diagnose`.
        rate: see `diagnose`.
        own: front-end of the model.
        found: the result of `diagnose`.
    """
    recording = Recording(mel.float(), wave, rate)
    trials = [recording.trial("the model", {}, layout, own) for layout in recording.layouts()]
    near = min((trial for trial in trials if trial is not None), key=nearness, default=None)
    if near is not None and near.cost == 0 and explains(near, recording):
        text = f"this model's front-end made it: max difference {near.worst:.1e}{_framing(near)}"
        return Fit(True, (), text)
    if near is not None and found.kind in ("close", "none") and near.mean <= CLOSE:
        return Fit(True, (), f"this model's front-end, nearly: mean difference {near.mean:.1e}")
    if found.best is None or found.kind not in ("match", "differs", "statistics"):
        return Fit(False, None, "this model's front-end did not make it")
    obstacles = tuple(found.best.whole.differences(own))
    reason = "; ".join(obstacles) or "Mel.convert converts it exactly"
    return Fit(False, obstacles, f"this model takes other mels: {reason}")


def _check(mel: Tensor, wave: NDArray[np.float32]) -> None:
    if mel.ndim != 2 or not mel.numel():
        raise UserError(f"mel has shape {tuple(mel.shape)}: give (n_mels, L) or (L, n_mels)")
    if wave.ndim != 1 or not len(wave):
        raise UserError(f"wave has shape {wave.shape}: give (T,)")
    if not bool(mel.isfinite().all()) or not np.isfinite(wave).all():
        raise UserError("mel or wave has values that are not finite: check both files")


def _named(matches: list[Trial]) -> str:
    groups: dict[Mel, list[Trial]] = {}
    for trial in matches:
        groups.setdefault(trial.spec, []).append(trial)
    names = [" = ".join(t.preset for t in group) for group in groups.values()]
    worst = max(trial.worst for trial in matches)
    rounding = " in bands with only rounding noise" if worst > 0.05 else ""
    text = f"{' or '.join(names)}: max difference {worst:.1e}{rounding}{_framing(matches[0])}"
    if len(groups) > 1:
        specs = [spec.to_dict() for spec in groups]
        differ = [
            key
            for key in specs[0]
            if key != "precision" and len({str(spec[key]) for spec in specs}) > 1
        ]
        text += f"; they differ in {', '.join(differ)}, which makes no difference here"
    return text


def _described(trial: Trial, recording: Recording) -> str:
    parts = []
    if trial.changes:
        base = Mel.preset(trial.preset).to_dict()
        parts.append(", ".join(f"{k} {_shown(v)} instead of {_shown(base[k])}"
                               for k, v in trial.changes.items()))  # fmt: skip
    if trial.level != 1:
        peak = float(np.abs(recording.wave).max()) * trial.level
        integers = math.isclose(trial.level, 32768, rel_tol=1e-3)
        louder = f"{trial.level:.4g} times as loud as the file (a peak of {peak:.3g})"
        parts.append("audio as 16-bit integers" if integers else f"audio {louder}")
    if trial.statistics is not None:
        parts.append(_of_statistics(trial.statistics))
    return (
        f"no preset matches unchanged; {trial.preset} with {'; with '.join(parts)} matches: "
        f"max difference {trial.worst:.1e}{_framing(trial)}"
    )


def _of_statistics(pairs: tuple[tuple[float, float], ...]) -> str:
    columns: list[tuple[float, ...]] = list(zip(*pairs, strict=True))
    texts = []
    for name, values in zip(("mean", "scale"), columns, strict=True):
        low, high = min(values), max(values)
        one = math.isclose(low, high, rel_tol=1e-2, abs_tol=2e-3)
        texts.append(f"{name} {sum(values) / len(values):.4g}" if one else
                     f"{name} {low:.3g} to {high:.3g} by band")  # fmt: skip
    return f"statistics applied: {', '.join(texts)}"


def _approximate(near: Trial, names: tuple[str, ...]) -> str:
    return (
        f"{' or '.join(names)}, nearly: mean difference {near.mean:.1e}, max {near.worst:.1e}"
        f"{_framing(near)}; typical of resampling or rounding to 16 bits, so epsilon and floor "
        "are uncertain"
    )


def _unknown(near: Trial | None, recording: Recording) -> str:
    if near is None:
        return f"no preset matches: {_misshapen(recording)}: check that both are of one recording"
    other = f" with other {', '.join(near.changes)}" if near.changes else ""
    distance = f"nearest {near.preset}{other}, mean difference {near.mean:.2g}"
    if near.unlike > STRANGE:
        return f"no preset matches ({distance}): check that both are of one recording"
    return f"no preset matches ({distance}), not even with two fields changed"


def _misshapen(recording: Recording) -> str:
    shape = " x ".join(map(str, recording.given.shape))
    seconds = len(recording.wave) / recording.rate
    made = {}
    for name in Mel.preset_names():
        spec = Mel.preset(name)
        made[name] = spec.n_mels, spec.frames(recording.samples(spec.sample_rate))
    given = sorted(recording.given.shape)
    name = min(made, key=lambda name: math.dist(sorted(made[name]), given))
    return (
        f"none makes {shape} values of {seconds:.2f} s of audio (nearest: {name}, "
        f"{made[name][0]} bands x {made[name][1]} frames)"
    )


def _framing(trial: Trial) -> str:
    given, expected = trial.frames
    if given == expected:
        return ""
    return f" ({given} frames instead of {expected})"


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else "none" if value is None else str(value)


def _plain(trial: Trial) -> dict[str, Any]:
    return {
        "preset": trial.preset,
        "changes": trial.changes,
        "layout": trial.layout,
        "frames": {"given": trial.frames[0], "made": trial.frames[1]},
        "max_difference": trial.worst,
        "mean_difference": trial.mean,
        "level": trial.level,
        "statistics": trial.statistics,
        "mel": trial.spec.to_dict(),
    }
