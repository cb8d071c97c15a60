"""Previews without measurements, for runs that hold nothing out."""

from dataclasses import dataclass
from pathlib import Path

from torch import nn

from wavegan.validation.base import Validation


@dataclass(frozen=True)
class Unmeasured(Validation):
    """Writes previews of training clips and measures nothing.

    Attributes:
        shown: writes the previews.
        best: name of the metric that would decide.
    """

    shown: Validation
    best: str

    def __call__(
        self, generator: nn.Module, discriminator: nn.Module | None, previews: Path
    ) -> dict[str, float]:
        """Write the previews; returns no figures."""
        self.preview(generator, previews)
        return {}

    def preview(self, generator: nn.Module, previews: Path) -> None:
        """Write training clips next to their reconstructions."""
        self.shown.preview(generator, previews)
