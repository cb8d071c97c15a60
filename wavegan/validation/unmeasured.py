"""No validation: where nothing is held out there is nothing to measure, only clips to listen to."""

from dataclasses import dataclass
from pathlib import Path

from torch import nn

from wavegan.validation.base import Validation


@dataclass(frozen=True)
class Unmeasured(Validation):
    """Previews of training clips, and no figures.

    Attributes:
        shown: makes the previews.
        best: the metric that decided, were there any.
    """

    shown: Validation
    best: str

    def __call__(
        self, generator: nn.Module, discriminator: nn.Module | None, previews: Path
    ) -> dict[str, float]:
        """Write the previews; nothing is measured."""
        self.preview(generator, previews)
        return {}

    def preview(self, generator: nn.Module, previews: Path) -> None:
        """Training clips beside what is made of them."""
        self.shown.preview(generator, previews)
