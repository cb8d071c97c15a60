"""Validation on held-out files: distances, and clips to listen to beside their originals."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from wavegan.audio import io, made_by
from wavegan.metrics.base import Metric
from wavegan.progress.alarm import Alarm
from wavegan.tasks.base import Condition, Task
from wavegan.training import preview_files


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
    """A held-out clip: a name to call it by, its audio `(C, T)`, its mel where one was given."""

    name: str
    audio: Tensor
    mel: Tensor | None = None


@torch.no_grad()
def validate(
    task: Task,
    generator: nn.Module,
    clips: Sequence[HeldOut],
    metrics: Mapping[str, Metric],
    sample_rate: int,
    previews: Path | None = None,
    preview_count: int = 0,
) -> dict[str, float]:
    """Generate every held-out clip whole and measure it.

    Args:
        task: what to generate, as in training.
        generator: the network that inference would get.
        clips: held-out audio, each `(C, T)`.
        metrics: by name.
        sample_rate: Hz.
        previews: folder for listening previews; each generated clip lies beside its original.
        preview_count: how many clips to write there.

    Returns:
        The mean of each metric over the clips.
    """
    device = next(generator.parameters()).device
    training = generator.training
    generator.eval()
    sums = dict.fromkeys(metrics, 0.0)
    for number, clip in enumerate(clips):
        mel = None if clip.mel is None else clip.mel[None].to(device)
        made = task.generate(generator, clip.audio[None].to(device), Condition(mel))
        estimate, reference = made.estimate[0].float().cpu(), made.reference[0].cpu()
        for name, metric in metrics.items():
            sums[name] += metric(estimate, reference, sample_rate) / len(clips)
        if previews is not None and number < preview_count:
            _write_pair(previews, f"{number:02d}_{clip.name}", estimate, reference, sample_rate)
    generator.train(training)
    return sums


@dataclass(frozen=True)
class Resynthesis(Validation):
    """Held-out clips generated anew, for tasks with one right answer; arguments of `validate`."""

    task: Task
    clips: Sequence[HeldOut]
    metrics: Mapping[str, Metric]
    sample_rate: int
    preview_count: int
    best: str = "mel_distance"

    def __call__(
        self, generator: nn.Module, discriminator: nn.Module | None, previews: Path
    ) -> dict[str, float]:
        """Each metric's mean over the clips."""
        return validate(
            self.task,
            generator,
            self.clips,
            self.metrics,
            self.sample_rate,
            previews=previews,
            preview_count=self.preview_count,
        )

    def preview(self, generator: nn.Module, previews: Path) -> None:
        """The first clips beside their originals."""
        count, rate = self.preview_count, self.sample_rate
        shown = self.clips[:count]
        validate(self.task, generator, shown, {}, rate, previews=previews, preview_count=count)


def _write_pair(folder: Path, name: str, made: Tensor, original: Tensor, sample_rate: int) -> None:
    def files() -> None:
        for suffix, audio in (("generated", made), ("original", original)):
            file, tags = folder / f"{name}_{suffix}.wav", made_by.mark("train")
            io.write(file, audio.numpy(), sample_rate, tags=tags)

    preview_files.write(folder, files)
