"""Base class of validations, and the data they may read."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor, nn

from wavegan.conditions import Conditions
from wavegan.data.segments import Segments
from wavegan.progress.alarm import Alarm


class Validation(ABC):
    """Measures a generator and writes preview clips.

    Attributes:
        best: name of the metric that compares checkpoints; lower is better.
    """

    best: str

    @abstractmethod
    def __call__(
        self, generator: nn.Module, discriminator: nn.Module | None, previews: Path
    ) -> dict[str, float]:
        """Measure the generator with the weights of inference; write previews into a folder."""

    @abstractmethod
    def preview(self, generator: nn.Module, previews: Path) -> None:
        """Write previews only, at a checkpoint that is not measured."""

    def alarms(
        self, step: int, values: Mapping[str, float], past: Sequence[Mapping[str, float]]
    ) -> list[Alarm]:
        """The alarms that the values of this step and of earlier ones raise."""
        return []


@dataclass(frozen=True)
class HeldOut:
    """A clip for validation.

    Attributes:
        name: its name in file names and messages.
        audio: `(C, T)`.
        conditions: further inputs, without a batch dimension.
    """

    name: str
    audio: Tensor
    conditions: Conditions = field(default_factory=dict)


@dataclass(frozen=True)
class ValidationData:
    """Data for a task's validation. Functions read files when they are called.

    Attributes:
        clips: whole held-out clips, or training clips for previews if none are held out.
        measured: whether any clips are held out to be measured.
        train: training crops.
        held_out: held-out crops; None if there are none.
        sample_rate: sample rate of all clips, Hz.
        labels: names of the labels, in order; empty if there are none.
        count: number of clips to generate or measure (`training.validation_clips`).
        previews: number of preview clips to write.
        seed: seed of the run.
    """

    clips: Callable[[], Sequence[HeldOut]]
    measured: bool
    train: Segments
    held_out: Segments | None
    sample_rate: int
    labels: tuple[str, ...]
    count: int
    previews: int
    seed: int
