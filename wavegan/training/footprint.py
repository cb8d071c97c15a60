"""What a run writes to the disk, by its networks and recipe."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
        checkpoint: one checkpoint.
        judges: what of it is the discriminators and their optimizer.
        checkpoints: how many are kept: the last ones and the best.
        previews: all clips to listen to, from the first to the last step.
    """

    checkpoint: int
    judges: int
    checkpoints: int
    previews: int

    @property
    def total(self) -> int:
        """All of it, at the end of the run."""
        return self.checkpoint * self.checkpoints + self.previews

    def with_last(self, count: int) -> int:
        """All of it with another `training.keep_last`."""
        return self.checkpoint * (count + BEST) + self.previews


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
    judges = _trained(networks, "discriminator")
    # the generator is there twice: as it trains, and as it is used
    generator = _trained(networks, "generator") + _weights(networks["generator"])
    kept = min(recipe.training.keep_last + BEST, max(1, _saves(recipe)))
    return Footprint(generator + judges, judges, kept, _previews(recipe, parts, held_out))


def _trained(networks: Mapping[str, nn.Module], name: str) -> int:
    """Bytes of a network and of its optimizer."""
    if name not in networks:
        return 0
    network = networks[name]
    learnt = (p for p in network.parameters() if p.requires_grad)
    return _weights(network) + MOMENTS * sum(p.numel() * p.element_size() for p in learnt)


def _weights(network: nn.Module) -> int:
    return sum(value.numel() * value.element_size() for value in network.state_dict().values())


def _saves(recipe: Recipe) -> int:
    """Steps at which a checkpoint may be written."""
    return len(_steps(recipe, recipe.training.checkpoint_every, recipe.training.validate_every))


def _steps(recipe: Recipe, *intervals: int) -> set[int]:
    """Steps at one of several intervals, and the last one."""
    steps = recipe.training.steps
    return {steps}.union(*(range(every, steps, every) for every in intervals))


def _previews(recipe: Recipe, parts: Parts, held_out: Sequence[float]) -> int:
    """Bytes of the clips to listen to, written at each validation and checkpoint."""
    data, count, rate = recipe.data, recipe.training.previews, parts.config.mel.audio_rate
    samples = count * data.segment
    if parts.step["task"].reconstructs:  # each beside its original
        clips = held_out[: min(count, recipe.training.validation_clips)]
        samples = 2 * round(sum(min(s, data.validation_seconds) for s in clips) * rate)
    return samples * data.channels * DEPTH * _saves(recipe)
