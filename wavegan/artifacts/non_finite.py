"""Detect samples that are not finite."""

import torch
from torch import Tensor

from wavegan.artifacts.base import Artifact, Finding
from wavegan.counted import counted


class NonFinite(Artifact):
    """NaN or infinity, which only float files can contain."""

    def __call__(self, audio: Tensor, sample_rate: int) -> list[Finding]:
        """At most one finding; `strength` is the number of samples."""
        bad = ~torch.isfinite(audio)
        count = int(bad.sum())
        if not count:
            return []
        places = torch.nonzero(bad.any(0))[:, 0]
        nan, start = int(torch.isnan(audio).sum()), int(places[0]) / sample_rate
        return [
            Finding(
                "non_finite",
                "NaN or infinity",
                f"{counted(nan, 'sample is', 'samples are')} NaN, {count - nan} infinite",
                "training diverged, or half precision overflowed: use an earlier checkpoint, and "
                "run the model in float32; players render such files as silence or as a bang",
                start,
                (int(places[-1]) + 1) / sample_rate,
                float(count),
                "samples",
            )
        ]

    def look(self, wave: Tensor, sample_rate: int) -> list[Finding]:
        """No findings: all samples are finite here."""
        return []
