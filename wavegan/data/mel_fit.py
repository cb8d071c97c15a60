"""Check whether given mels fit the model, by comparing them with the mels of their own audio.

A TTS model's predictions are smoother than the mel of the recording and differ from it locally, but
they have the same scale: about the same mean and nearly the same spread. A very different spread or
mean shows another front-end, even if the values alone look plausible.
"""

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import torch
from torch import Tensor

from wavegan.counted import counted
from wavegan.data import clips as reading
from wavegan.data.manifest import Clip, printable
from wavegan.data.mels import Mels
from wavegan.mel.front_end import Mel
from wavegan.mel.spectrogram import MelSpectrogram
from wavegan.mel.texture import natural
from wavegan.mel.value_range import describe as describe_front_end
from wavegan.mel.value_range import suspicious

LOOKED_AT, SECONDS = 8, 10
"""Number of clips that are compared, spread over the data, and how much of each."""
ALIKE, SPREAD, SHIFT = 0.5, 1.6, 1.5
"""Least correlation; largest ratio of the spreads (or its inverse); largest difference of the
means, in nepers."""
_NEAR = 0.12
_KINDS = (
    (1 / math.log(10), "log10 mels"),
    (math.log(10), "natural-log mels"),
    (20 / math.log(10), "decibels"),
)
_INTEGERS = math.log(32768)


@dataclass(frozen=True)
class Fit:
    """Comparison of a given mel with the mel of its audio, in natural logarithms.

    Attributes:
        path: path of the given mel.
        difference: mean absolute difference.
        correlation: correlation of the values after subtracting each band's mean.
        spread: ratio of the standard deviations, given mel to audio's mel.
        shift: difference of the means, given mel minus audio's mel.
        mean: mean of the audio's mel.
        suspicion: warning from the given mel's values alone, or None.
    """

    path: str
    difference: float
    correlation: float
    spread: float
    shift: float
    mean: float
    suspicion: str | None

    @property
    def fits(self) -> bool:
        """Whether it has the same scale and the same content."""
        same = self.correlation > ALIKE and 1 / SPREAD < self.spread < SPREAD
        return same and abs(self.shift) < SHIFT

    @property
    def close(self) -> bool:
        """Whether it is so similar that `suspicion` does not count."""
        return self.fits and self.difference < 1 and self.correlation > 0.7


def compare(mels: Mels, clips: Sequence[Clip], root: Path) -> list[Fit]:
    """Compare some of the mels with their audio.

    Args:
        mels: the mels of all clips.
        clips: the clips.
        root: the folder of their audio.
    """
    chosen = clips[:: max(1, math.ceil(len(clips) / LOOKED_AT))]
    front_end = MelSpectrogram(mels.mel)

    def one(clip: Clip) -> Fit | None:
        return _compared(clip, root, mels, front_end)

    with ThreadPoolExecutor(2, thread_name_prefix="mels") as pool:
        return [fit for fit in pool.map(one, chosen) if fit is not None]


def difference(fits: Sequence[Fit]) -> float | None:
    """The median of the mean differences, in nepers; None if nothing was compared."""
    return round(median(fit.difference for fit in fits), 3) if fits else None


def describe(fits: Sequence[Fit]) -> str:
    """The differences of one or more comparisons in one line."""
    return (
        f"mels compared with those of their own audio ({counted(len(fits), 'clip')}, in natural "
        f"logarithms): mean difference {difference(fits):.2f}, correlation "
        f"{median(fit.correlation for fit in fits):.2f}; predictions are "
        "smoother"
    )


def doubts(fits: Sequence[Fit], mels: Mels) -> list[str]:
    """A warning if more than a few mels are not from this front-end; it names one of them."""
    odd = [fit for fit in fits if not fit.fits or (fit.suspicion and not fit.close)]
    if not odd or 5 * len(odd) < len(fits):
        return []
    fit = next((each for each in odd if each.suspicion), odd[0])
    reason = fit.suspicion or _by_comparison(fit, mels.mel)
    return [
        f"warning: {printable(str(mels.root / fit.path))}: {reason} ({len(odd)} of {len(fits)} "
        "checked mels)"
    ]


def _compared(clip: Clip, root: Path, mels: Mels, front_end: MelSpectrogram) -> Fit | None:
    spec = mels.mel
    samples = min(reading.length(clip, spec.sample_rate), SECONDS * spec.sample_rate)
    audio = reading.crop(clip, root, spec.sample_rate, start=0, frames=samples)[0]
    given, own = mels.first(clip.path, samples), front_end(audio)
    frames = min(given.shape[-1], own.shape[-1])
    pair = [natural(each[:, :frames], spec) for each in (given, own)]
    spreads, means = ([float(f(each)) for each in pair] for f in (torch.std, torch.mean))
    if min(spreads) < 1e-3 or frames < 2:
        return None  # silence has no scale
    return Fit(
        path=mels.of[clip.path].path,
        difference=float((pair[0] - pair[1]).abs().mean()),
        correlation=_correlation(*pair),
        spread=spreads[0] / spreads[1],
        shift=means[0] - means[1],
        mean=means[1],
        suspicion=suspicious(given, spec),
    )


def _correlation(one: Tensor, other: Tensor) -> float:
    pair = torch.stack([each - each.mean(1, keepdim=True) for each in (one, other)]).flatten(1)
    return float(torch.corrcoef(pair)[0, 1].nan_to_num())


def _by_comparison(fit: Fit, spec: Mel) -> str:
    """The warning for a mel that does not match the mel of its audio."""
    what = f"compared with the mel of its own audio (front-end: {describe_front_end(spec)}) it "
    if fit.correlation <= ALIKE:
        return (
            f"{what}is not similar (correlation {fit.correlation:.2f}): check that it is from the "
            "same recording and aligned to it; see `wavegan doctor mel`"
        )
    return (
        f"{what}has {fit.spread:.2g} times the spread and its mean differs by {fit.shift:+.1f}: it "
        f"looks like {_named(fit)}: convert with Mel.convert, or see `wavegan doctor mel`"
    )


def _named(fit: Fit) -> str:
    """The kind of mel with this spread and mean."""
    for ratio, kind in _KINDS:
        moved = fit.shift - (ratio - 1) * fit.mean  # decibels may have any reference
        if abs(fit.spread / ratio - 1) < _NEAR and (abs(moved) < SHIFT or ratio > 8):
            return kind
    if not 1 / SPREAD < fit.spread < SPREAD:
        return "normalised mels (mean taken off, divided by a scale)"
    return "mels of audio " + (
        "in integers" if abs(fit.shift - _INTEGERS) < 1 else "at another level"
    )
