"""What a validation is, and what it may read."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor, nn

from wavegan.conditions import Conditions
from wavegan.data.segments import Segments
from wavegan.progress.alarm import Alarm


class Validation(ABC):
    """How good a generator is, and clips to listen to.

    Attributes:
        best: the metric by which checkpoints are compared; lower is better.
    """

    best: str

    @abstractmethod
    def __call__(
        self, generator: nn.Module, discriminator: nn.Module | None, previews: Path
    ) -> dict[str, float]:
        """Measure the generator that inference would get; write previews into a folder."""

    @abstractmethod
    def preview(self, generator: nn.Module, previews: Path) -> None:
        """Write previews alone, at a checkpoint that is not measured."""

    def alarms(
        self, step: int, values: Mapping[str, float], past: Sequence[Mapping[str, float]]
    ) -> list[Alarm]:
        """What the values of this step, and those before them, say is wrong."""
        return []


@dataclass(frozen=True)
class HeldOut:
    """A clip to validate with.

    Attributes:
        name: to call it by.
        audio: `(C, T)`.
        conditions: what is known beside it, without a batch dimension.
    """

    name: str
    audio: Tensor
    conditions: Conditions = field(default_factory=dict)


@dataclass(frozen=True)
class ValidationData:
    """What a task's validation may read; functions read files when they are called.

    Attributes:
        clips: the whole clips that are held out; where none are, training clips to listen to.
        measured: whether any are held out, so that there is something to measure.
        train: training crops.
        held_out: held-out crops, or None where there are none.
        sample_rate: of all of them, Hz.
        labels: names of the labels, in order; empty: none.
        count: how many clips are generated or measured (`training.validation_clips`).
        previews: how many are written to listen to.
        seed: the run's.
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
