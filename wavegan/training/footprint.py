"""What a run writes to the disk, by its networks and recipe."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from torch import nn

from wavegan.recipe import Recipe
from wavegan.training.parts import Parts

BEST = 1
"""The best checkpoint is kept beside the last ones."""
MOMENTS = 2
"""Tensors as large as the weights that AdamW keeps."""
DEPTH = 2
"""Bytes of a sample of a preview."""


@dataclass(frozen=True)
class Footprint:
    """Bytes on the disk.

    Attributes:
        checkpoint: the last checkpoint.
        older: each of the others, which are without the optimizer of the discriminators.
        judges: what of the last one is the discriminators and their optimizer.
        checkpoints: how many are kept: the last ones and the best.
        previews: all clips to listen to, from the first to the last step.
    """

    checkpoint: int
    older: int
    judges: int
    checkpoints: int
    previews: int

    @property
    def total(self) -> int:
        """All of it, at the end of the run."""
        return self.checkpoint + self.older * (self.checkpoints - 1) + self.previews

    @property
    def peak(self) -> int:
        """All of it while one more checkpoint is written."""
        return self.total + self.checkpoint

    def with_last(self, count: int) -> int:
        """All of it with another `training.keep_last`."""
        return replace(self, checkpoints=min(self.checkpoints, count + BEST)).total


def footprint(
    recipe: Recipe, parts: Parts, networks: Mapping[str, nn.Module], held_out: Sequence[float]
) -> Footprint:
    """What a run comes to write.

    Args:
        recipe: resolved.
        parts: what it describes.
        networks: those that train, by name.
        held_out: seconds of the clips that are held out, in their order.
    """
    generator, discriminator = networks["generator"], networks.get("discriminator")
    # the generator is there twice: as it trains, and as it is used
    own = 2 * _weights(generator) + _optimizer(generator)
    weights, optimizer = (
        (_weights(discriminator), _optimizer(discriminator)) if discriminator else (0, 0)
    )
    return Footprint(
        checkpoint=own + weights + optimizer,
        older=own + weights,
        judges=weights + optimizer,
        checkpoints=min(recipe.training.keep_last + BEST, max(1, _saves(recipe))),
        previews=_previews(recipe, parts, held_out),
    )


def _weights(network: nn.Module) -> int:
    return sum(value.numel() * value.element_size() for value in network.state_dict().values())


def _optimizer(network: nn.Module) -> int:
    learnt = (p for p in network.parameters() if p.requires_grad)
    return MOMENTS * sum(p.numel() * p.element_size() for p in learnt)


def _saves(recipe: Recipe) -> int:
    """Steps at which a checkpoint may be written."""
    return len(_steps(recipe, recipe.training.checkpoint_every, recipe.training.validate_every))


def _steps(recipe: Recipe, *intervals: int) -> set[int]:
    """Steps at one of several intervals, and the last one."""
    steps = recipe.training.steps
    return {steps}.union(*(range(every, steps, every) for every in intervals))


def _previews(recipe: Recipe, parts: Parts, held_out: Sequence[float]) -> int:
    """Bytes of the clips to listen to, written at each validation and checkpoint."""
    data, count, rate = recipe.data, recipe.training.previews, parts.config.sample_rate
    samples = count * data.segment
    if parts.terms.task.reconstructs:  # each beside its original
        clips = held_out[: min(count, recipe.training.validation_clips)]
        samples = 2 * round(sum(min(s, data.validation_seconds) for s in clips) * rate)
    return samples * parts.config.channels * DEPTH * _saves(recipe)
