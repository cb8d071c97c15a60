"""Base class of artifact detectors: a clip in, findings out."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

NEAR_SECONDS = 0.05
"""Two findings are merged if their times overlap or are closer than this, about the frame length of
most detectors."""
NEAR_SHARE = 0.03
"""The same for frequencies, as a share: measured edges of the same filter differ by less."""


@dataclass(frozen=True)
class Finding:
    """A fault of a clip, or a notable property.

    Attributes:
        artifact: the detector's name.
        what: its kind in a few words, such as "tonal line".
        text: a description with numbers, in one line.
        cause: the most likely cause, and what to do about it.
        start: start time, seconds.
        end: end time, seconds.
        strength: strength in `unit`; larger is worse.
        unit: unit of the strength: "dB", "samples", "LU", ….
        low: lowest frequency, Hz; None if it has no frequency.
        high: highest frequency, Hz.
        minor: not a fault by itself, as many good clips have it.
        stage: the upsampling stage that causes such a pattern, if any; `cause` begins with it.
    """

    artifact: str
    what: str
    text: str
    cause: str
    start: float
    end: float
    strength: float
    unit: str
    low: float | None = None
    high: float | None = None
    minor: bool = False
    stage: str = ""

    def is_like(self, other: "Finding") -> bool:
        """Whether both describe the same: kind, frequencies and times."""
        if (self.artifact, self.what) != (other.artifact, other.what):
            return False
        near = NEAR_SECONDS
        apart = self.start > other.end + near or other.start > self.end + near
        return not apart and _near(self.low, other.low) and _near(self.high, other.high)

    def to_dict(self) -> dict[str, Any]:
        """For JSON; the stage is part of the cause."""
        return {key: value for key, value in asdict(self).items() if key != "stage"}


def _near(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= NEAR_SHARE * max(one, other)


class Artifact(ABC):
    """Base class of the detectors, each for one kind of fault.

    A detector analyses each channel; a fault of several channels is reported once. Detectors that
    compare channels, or need samples that are not finite, override `__call__`.
    """

    def __call__(self, audio: Tensor, sample_rate: int) -> list[Finding]:
        """Analyse a clip `(C, T)` in about [-1, 1] at `sample_rate` Hz."""
        waves = list(interpolate_non_finite(audio))
        found: list[Finding] = []
        for number, wave in enumerate(waves):
            if not any(torch.equal(wave, other) for other in waves[:number]):
                found = merged([*found, *self.look(wave, sample_rate)])
        return found

    @abstractmethod
    def look(self, wave: Tensor, sample_rate: int) -> list[Finding]:
        """Analyse one channel `(T,)` of finite samples."""

    def against(self, audio: Tensor, reference: Tensor, sample_rate: int) -> list[Finding]:
        """Findings of a clip that its original does not have; both `(C, T)` at `sample_rate` Hz."""
        known = self(reference, sample_rate)
        return [
            finding
            for finding in self(audio, sample_rate)
            if not any(finding.is_like(other) for other in known)
        ]


def interpolate_non_finite(audio: Tensor) -> Tensor:
    """A clip `(C, T)` with samples that are not finite replaced by linear interpolation."""
    audio = audio.detach().float()
    good = audio.isfinite()
    if bool(good.all()):
        return audio
    values, flags = audio.numpy().copy(), good.numpy()
    for wave, known in zip(values, flags, strict=True):
        places = np.flatnonzero(known)
        wave[~known] = np.interp(np.flatnonzero(~known), places, wave[known]) if len(places) else 0
    return torch.from_numpy(values)


def merged(findings: Iterable[Finding]) -> list[Finding]:
    """Merge findings that describe the same: the strongest one, with the time of all."""
    kept: list[Finding] = []
    for finding in findings:
        for place, other in enumerate(kept):
            if finding.is_like(other):
                strongest = max(other, finding, key=lambda found: found.strength)
                times = (min(other.start, finding.start), max(other.end, finding.end))
                kept[place] = replace(strongest, start=times[0], end=times[1])
                break
        else:
            kept.append(finding)
    return kept
