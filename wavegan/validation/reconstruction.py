"""Validate by reconstruction: measure held-out clips against their originals."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn

from wavegan.audio import io, made_by
from wavegan.conditions import Conditions
from wavegan.metrics.base import Metric
from wavegan.validation import preview_files
from wavegan.validation.base import HeldOut, Validation, ValidationData
from wavegan.validation.unmeasured import Unmeasured


class Compared(Protocol):
    """A task's output for a batch (see `tasks.base.Generated`)."""

    @property
    def estimate(self) -> Tensor:
        """`(B, C, T)`, the generator's output."""

    @property
    def reference(self) -> Tensor:
        """`(B, C, T)`, what it is compared with."""


Generate = Callable[[nn.Module, Tensor, Conditions], Compared]
"""`Task.generate`."""


@torch.no_grad()
def validate(
    generate: Generate,
    generator: nn.Module,
    clips: Sequence[HeldOut],
    metrics: Mapping[str, Metric],
    sample_rate: int,
    previews: Path | None = None,
    preview_count: int = 0,
) -> dict[str, float]:
    """Generate every held-out clip whole and measure it.

    Args:
        generate: the task's `generate`, as in training.
        generator: the network with the weights of inference.
        clips: held-out audio, each `(C, T)`.
        metrics: metrics by name.
        sample_rate: Hz.
        previews: folder for previews; each generated clip is next to its original.
        preview_count: number of clips to write there.

    Returns:
        The mean of each metric over the clips.
    """
    device = next(generator.parameters()).device
    training = generator.training
    generator.eval()
    sums = dict.fromkeys(metrics, 0.0)
    for number, clip in enumerate(clips):
        conditions = {name: value[None].to(device) for name, value in clip.conditions.items()}
        made = generate(generator, clip.audio[None].to(device), conditions)
        estimate, reference = made.estimate[0].float().cpu(), made.reference[0].cpu()
        for name, metric in metrics.items():
            sums[name] += metric(estimate, reference, sample_rate) / len(clips)
        if previews is not None and number < preview_count:
            _write_pair(previews, f"{number:02d}_{clip.name}", estimate, reference, sample_rate)
    generator.train(training)
    return sums


@dataclass(frozen=True)
class Reconstruction(Validation):
    """Reconstruct held-out clips and measure them; for the other arguments see `validate`.

    Attributes:
        best: the metric that decides.
    """

    generate: Generate
    clips: Sequence[HeldOut]
    metrics: Mapping[str, Metric]
    sample_rate: int
    preview_count: int
    best: str

    def __call__(
        self, generator: nn.Module, discriminator: nn.Module | None, previews: Path
    ) -> dict[str, float]:
        """Each metric's mean over the clips."""
        return validate(
            self.generate,
            generator,
            self.clips,
            self.metrics,
            self.sample_rate,
            previews=previews,
            preview_count=self.preview_count,
        )

    def preview(self, generator: nn.Module, previews: Path) -> None:
        """Write the first clips next to their originals."""
        count, rate = self.preview_count, self.sample_rate
        shown = self.clips[:count]
        validate(self.generate, generator, shown, {}, rate, previews, count)


def reconstruction(
    generate: Generate, data: ValidationData, metrics: Mapping[str, Metric], best: str
) -> Validation:
    """A validation that measures held-out clips, or only writes previews if none are held out.

    Args:
        generate: the task's `generate`.
        data: the data to read.
        metrics: metrics by name.
        best: the metric that decides which checkpoint is best.
    """
    made = Reconstruction(
        generate=generate,
        clips=data.clips(),
        metrics=metrics,
        sample_rate=data.sample_rate,
        preview_count=data.previews,
        best=best,
    )
    return made if data.measured else Unmeasured(made, best)


def _write_pair(folder: Path, name: str, made: Tensor, original: Tensor, sample_rate: int) -> None:
    def files() -> None:
        for suffix, audio in (("generated", made), ("original", original)):
            file, tags = folder / f"{name}_{suffix}.wav", made_by.mark("train")
            io.write(file, audio.numpy(), sample_rate, tags=tags)

    preview_files.write(folder, files)
