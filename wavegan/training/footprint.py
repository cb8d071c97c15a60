"""Compute the disk space of a run from its networks and recipe."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from torch import nn

from wavegan.recipe import Recipe
from wavegan.training.parts import Parts

BEST = 1
"""The best checkpoint is kept in addition to the last ones."""
MOMENTS = 2
"""AdamW's moments per weight."""
DEPTH = 2
"""Bytes per sample of a preview."""


@dataclass(frozen=True)
class Footprint:
    """Bytes on the disk.

    Attributes:
        checkpoint: the last checkpoint.
        older: each of the others, without the optimizer of the discriminators.
        discriminators: part of the last one for the discriminators and their optimizer.
        checkpoints: number of checkpoints kept: the last ones and the best.
        previews: all previews of the run.
    """

    checkpoint: int
    older: int
    discriminators: int
    checkpoints: int
    previews: int

    @property
    def total(self) -> int:
        """Total at the end of the run."""
        return self.checkpoint + self.older * (self.checkpoints - 1) + self.previews

    @property
    def peak(self) -> int:
        """Total while one more checkpoint is written."""
        return self.total + self.checkpoint

    def with_last(self, count: int) -> int:
        """Total with another `training.keep_last`."""
        return replace(self, checkpoints=min(self.checkpoints, count + BEST)).total


def footprint(
    recipe: Recipe, parts: Parts, networks: Mapping[str, nn.Module], held_out: Sequence[float]
) -> Footprint:
    """The disk space of a run.

    Args:
        recipe: resolved.
        parts: built from the recipe.
        networks: the trained networks, by name.
        held_out: seconds of each held-out clip, in order.
    """
    generator, discriminator = networks["generator"], networks.get("discriminator")
    # the generator is stored twice: raw for training, averaged for inference
    own = 2 * _weights(generator) + _optimizer(generator)
    weights, optimizer = (
        (_weights(discriminator), _optimizer(discriminator)) if discriminator else (0, 0)
    )
    return Footprint(
        checkpoint=own + weights + optimizer,
        older=own + weights,
        discriminators=weights + optimizer,
        checkpoints=min(recipe.training.keep_last + BEST, max(1, _saves(recipe))),
        previews=_previews(recipe, parts, held_out),
    )


def _weights(network: nn.Module) -> int:
    return sum(value.numel() * value.element_size() for value in network.state_dict().values())


def _optimizer(network: nn.Module) -> int:
    learnt = (p for p in network.parameters() if p.requires_grad)
    return MOMENTS * sum(p.numel() * p.element_size() for p in learnt)


def _saves(recipe: Recipe) -> int:
    """Maximum number of checkpoints written."""
    return len(_steps(recipe, recipe.training.checkpoint_every, recipe.training.validate_every))


def _steps(recipe: Recipe, *intervals: int) -> set[int]:
    """The steps at any of the intervals, and the last one."""
    steps = recipe.training.steps
    return {steps}.union(*(range(every, steps, every) for every in intervals))


def _previews(recipe: Recipe, parts: Parts, held_out: Sequence[float]) -> int:
    """Bytes of all previews, written at each validation and checkpoint."""
    data, count, rate = recipe.data, recipe.training.previews, parts.config.sample_rate
    samples = count * data.segment
    if parts.terms.task.reconstructs:  # each with its original
        clips = held_out[: min(count, recipe.training.validation_clips)]
        samples = 2 * round(sum(min(s, data.validation_seconds) for s in clips) * rate)
    return samples * parts.config.channels * DEPTH * _saves(recipe)
