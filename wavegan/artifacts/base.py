"""What a detector of artifacts is: a clip in, findings out."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

NEAR_SECONDS = 0.05
"""Two findings are one if their times overlap, or miss each other by less: most detectors look at
frames of about this length."""
NEAR_SHARE = 0.03
"""The same for frequencies, as a share: band edges of one and the same filter come out so near."""


@dataclass(frozen=True)
class Finding:
    """Something wrong with a clip, or worth knowing about it.

    Attributes:
        artifact: the detector's name.
        what: its kind in a few words, such as "tonal line".
        text: what was found, with its numbers, in one line.
        cause: what most likely caused it, and what to do about it.
        start: where it begins, seconds.
        end: where it ends, seconds.
        strength: how strong it is, in `unit`; larger is worse.
        unit: of the strength: "dB", "samples", "LU", ….
        low: lowest frequency concerned, Hz; None where it is not about frequencies.
        high: highest frequency concerned, Hz.
        minor: worth knowing, but also true of many good clips: no fault by itself.
        stage: which upsampling leaves such a pattern, where one does; `cause` begins with it.
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
        """Whether both are about the same: kind, frequencies and times."""
        if (self.artifact, self.what) != (other.artifact, other.what):
            return False
        near = NEAR_SECONDS
        apart = self.start > other.end + near or other.start > self.end + near
        return not apart and _near(self.low, other.low) and _near(self.high, other.high)

    def to_dict(self) -> dict[str, Any]:
        """For JSON; the stage is told in the cause."""
        return {key: value for key, value in asdict(self).items() if key != "stage"}


def _near(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= NEAR_SHARE * max(one, other)


class Artifact(ABC):
    """Base of the detectors, each of one kind of fault.

    A detector looks at one channel; what several channels have alike is found once. One that
    compares channels, or needs to see what is not finite, is called itself.
    """

    def __call__(self, audio: Tensor, sample_rate: int) -> list[Finding]:
        """Look at a clip `(C, T)` in about [-1, 1] at `sample_rate` Hz."""
        waves = list(mended(audio))
        found: list[Finding] = []
        for number, wave in enumerate(waves):
            if not any(torch.equal(wave, other) for other in waves[:number]):
                found = merged([*found, *self.look(wave, sample_rate)])
        return found

    @abstractmethod
    def look(self, wave: Tensor, sample_rate: int) -> list[Finding]:
        """Look at one channel `(T,)`, all of it finite."""

    def against(self, audio: Tensor, reference: Tensor, sample_rate: int) -> list[Finding]:
        """What a clip has that its original has not; both `(C, T)` at `sample_rate` Hz."""
        known = self(reference, sample_rate)
        return [
            finding
            for finding in self(audio, sample_rate)
            if not any(finding.is_like(other) for other in known)
        ]


def mended(audio: Tensor) -> Tensor:
    """A clip `(C, T)` with straight lines in place of what is not finite."""
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
    """Those that are about the same as one: the strongest, over the time of all of them."""
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
