"""Try front-ends on a recording and measure their difference from a mel of unknown origin.

All errors are in nepers, the unit of natural-log mels, so they are comparable.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wavegan.audio.resample import resample_array, resampled_length
from wavegan.errors import UserError
from wavegan.mel.convert import nepers, statistics
from wavegan.mel.front_end import Mel
from wavegan.mel.spectrogram import MelSpectrogram

# Seconds to analyse of long recordings.
SECONDS = 8.0
# Tolerated difference in frames: padding, trimming, rounding of lengths.
FRAMES_OFF = 2
# Float32 FFTs differ by this share of a frame's largest band.
_ROUNDING = 2e-7
# 1 - r^2 beyond which neither level nor statistics are tried.
_HOPELESS = 0.3

Changes = dict[str, Any]
Log = Literal["ln", "log10", "db"]
LOGS: tuple[Log, ...] = ("ln", "log10", "db")


@dataclass(frozen=True)
class Trial:
    """A front-end and its difference from the mel.

    Attributes:
        preset: name of the preset that it starts from.
        changes: fields that differ from the preset, by name.
        spec: the front-end.
        layout: assumed layout of the given array.
        frames: number of frames of the given mel, and of the recording.
        worst: largest difference; `excess` is the part beyond rounding.
        mean: mean difference.
        unlike: 1 - r^2 of the two, independent of units: 0 is equal up to base and scale.
        level: factor by which the audio would have to be louder; 1 if it need not.
        statistics: (mean, scale) of each band, if they make the two equal.
    """

    preset: str
    changes: Changes
    spec: Mel
    layout: str
    frames: tuple[int, int]
    worst: float
    excess: float
    mean: float
    unlike: float
    level: float = 1.0
    statistics: tuple[tuple[float, float], ...] | None = None

    @property
    def whole(self) -> Mel:
        """The front-end including the statistics that were found."""
        if self.statistics is None:
            return self.spec
        mean, scale = zip(*self.statistics, strict=True)
        return replace(self.spec, mean=mean, scale=scale)

    @property
    def cost(self) -> int:
        """Number of assumptions beyond the preset."""
        return len(self.changes) + (self.level != 1) + 2 * (self.statistics is not None)


class Recording:
    """A mel of unknown origin and its audio.

    Args:
        given: (n_mels, L) or (L, n_mels).
        wave: (T,) in [-1, 1].
        rate: its sample rate, Hz.
    """

    def __init__(self, given: Tensor, wave: NDArray[np.float32], rate: int) -> None:
        self.given, self.wave, self.rate = given, wave, rate
        self.cut = len(wave) > SECONDS * rate
        self._waves: dict[int, Tensor] = {}
        half = torch.equal(given, given.half().float())
        self.tolerance = 0.012 if half else 1e-3

    def samples(self, rate: int) -> int:
        """Number of samples of the whole audio at a rate."""
        return resampled_length(len(self.wave), self.rate, rate)

    def at(self, rate: int) -> Tensor:
        """The analysed part of the audio at a rate."""
        if rate not in self._waves:
            part = self.wave[: int(SECONDS * self.rate)] if self.cut else self.wave
            self._waves[rate] = torch.from_numpy(resample_array(part, self.rate, rate))
        return self._waves[rate]

    def layouts(self) -> list[str]:
        """Possible layouts of the given mel: 10 to 512 bands."""
        rows, columns = self.given.shape
        bands = {"frames_last": rows, "frames_first": columns}
        return [layout for layout, number in bands.items() if 10 <= number <= 512]

    def oriented(self, layout: str) -> Tensor:
        """The given mel as (n_mels, L), from the given layout."""
        return self.given if layout == "frames_last" else self.given.T

    def trial(
        self, preset: str, changes: Mapping[str, Any], layout: str, base: Mel | None = None
    ) -> Trial | None:
        """Compute a front-end's mel and compare; None if shapes or fields do not fit.

        Args:
            preset: name of the front-end to change.
            changes: changed fields by name.
            layout: assumed layout of the given array.
            base: the front-end of that name, if it is not a preset.
        """
        try:
            spec = replace(base or Mel.preset(preset), **changes)
        except UserError:
            return None
        given = self.oriented(layout)
        expected = spec.frames(self.samples(spec.sample_rate))
        if given.shape[0] != spec.n_mels or abs(given.shape[1] - expected) > FRAMES_OFF:
            return None
        lengths = (given.shape[1], expected)
        plain = Trial(preset, dict(changes), spec, layout, lengths, 0.0, 0.0, 0.0, 0.0)
        logarithm = self._logarithm(spec, given.shape[1])
        given = given[:, : logarithm.shape[1]]
        first = _compare(plain, given, logarithm)
        if first.excess <= self.tolerance or first.unlike > _HOPELESS:
            return first
        level = _level(spec, given, logarithm)
        if level is not None:
            louder = self._logarithm(spec, given.shape[1], level)
            second = _compare(replace(plain, level=level), given, louder)
            if second.excess <= self.tolerance:
                return second
        third = _with_statistics(first, given, logarithm, self.tolerance)
        log = _base(third)
        return third if log is None else self.trial(preset, {**changes, "log": log}, layout, base)

    def _logarithm(self, spec: Mel, frames: int, level: float = 1.0) -> Tensor:
        """The front-end's log mel before statistics, cut to the comparable frames."""
        made = MelSpectrogram(spec).log_mel(self.at(spec.sample_rate) * level)
        if self.cut:
            made = made[:, : max(1, made.shape[1] - spec.n_fft // spec.hop_length - 2)]
        return made[:, :frames]


def _compare(trial: Trial, given: Tensor, logarithm: Tensor) -> Trial:
    made = MelSpectrogram(trial.spec).normalize(logarithm)
    theirs, ours = _nepers(given, trial.spec), _nepers(made, trial.spec)
    error = (theirs - ours).abs()
    # A band far below the frame's loudest one is only rounding noise of the FFT.
    loudest, smaller = torch.maximum(theirs, ours).amax(0), torch.minimum(theirs, ours)
    room = torch.log1p(_ROUNDING * (loudest - smaller).clamp(max=60).exp())
    return replace(
        trial,
        worst=float(error.max()),
        excess=float((error - room).clamp(min=0).max()),
        mean=float(error.mean()),
        unlike=_unlike(theirs, ours),
    )


def _level(spec: Mel, given: Tensor, logarithm: Tensor) -> float | None:
    """The factor between two levels, if the loud parts differ by nothing else."""
    theirs, ours = _nepers(given, spec), logarithm * nepers(spec)
    offsets = (theirs - ours)[ours > ours.amax() - 4]
    if offsets.numel() < 50 or spec.clip is not None:
        return None
    middle = offsets.median()
    if (offsets - middle).abs().median() > 0.01 or not 1e-4 < abs(middle) < 20:
        return None
    return math.exp(float(middle) / spec.power)


def _with_statistics(trial: Trial, given: Tensor, logarithm: Tensor, tolerance: float) -> Trial:
    """The trial with a mean and a scale for each band, if nothing else differs."""
    x, y = (m.double() - m.double().mean(1, keepdim=True) for m in (logarithm, given))
    if x.shape[1] < 20 or float(y.square().sum(1).min()) < 1e-12:
        return trial
    slope = (x * y).sum(1) / x.square().sum(1).clamp(min=1e-12)
    if float(slope.abs().min()) < 1e-6:
        return trial
    plain = replace(trial.spec, mean=None, scale=None, clip=None)
    errors = (y / slope[:, None] - x).abs() * nepers(plain)
    worst, mean = float(errors.max()), float(errors.mean())
    if worst > tolerance:
        return trial
    means = logarithm.double().mean(1) - given.double().mean(1) / slope
    pairs = tuple(zip(means.tolist(), (1 / slope).tolist(), strict=True))
    return replace(trial, spec=plain, worst=worst, excess=worst, mean=mean, statistics=pairs)


def _base(trial: Trial) -> Log | None:
    """The logarithm if these statistics only change its base; else None."""
    means, scales = zip(*(trial.statistics or ((1.0, 1.0),)), strict=True)
    for log in LOGS:
        ratio = nepers(replace(trial.spec, log=log)) / nepers(trial.spec)
        uniform = all(abs(scale - ratio) < 1e-3 * ratio for scale in scales)
        if log != trial.spec.log and uniform and max(map(abs, means)) < 2e-3 * ratio:
            return log
    return None


def _nepers(mel: Tensor, spec: Mel) -> Tensor:
    mean, scale = (torch.tensor(column)[:, None] for column in zip(*statistics(spec), strict=True))
    return (mel.float() * scale + mean) * nepers(spec)


def _unlike(theirs: Tensor, ours: Tensor) -> float:
    pair = torch.stack([theirs.flatten(), ours.flatten()])
    r = float(torch.corrcoef(pair)[0, 1])
    return 1 - r * abs(r) if math.isfinite(r) else 2.0
