"""Run a step without learning, to find which of its scalars are not finite for given clips."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from wavegan.data.batch import collate
from wavegan.data.segments import Item
from wavegan.training import random_state
from wavegan.training.finite import finite_or_nan
from wavegan.training.skips import causes_first
from wavegan.training.step import LearningNetwork, Step


@dataclass
class _NotLearning(LearningNetwork):
    """A network that computes its gradient and does not learn."""

    def update(self, loss: Tensor) -> Tensor:
        """The norm of the gradient, NaN if the loss is not finite."""
        parameters = [p for p in self.network.parameters() if p.requires_grad]
        found = torch.autograd.grad(loss, parameters, allow_unused=True)
        norm = nn.utils.get_total_norm([each for each in found if each is not None])
        return finite_or_nan(norm, loss.detach())


def probe(
    step: Step, items: Sequence[Item], device: torch.device, *, adversarial: bool
) -> list[str]:
    """The names of a step's scalars that are not finite for these clips, causes first.

    All terms are computed, but nothing is learned, and random generators keep their state. Nothing
    is averaged over processes, so a single process may call it.

    Args:
        step: the training step.
        items: clips to try.
        device: where the networks are.
        adversarial: whether to include D.
    """
    batch = collate(items).to(device)
    watched = replace(
        step,
        generator=_watched(step.generator),
        discriminator=_watched(step.discriminator) if step.discriminator else None,
        n_critic=1,
    )
    with _as_found(step), random_state.preserve_rng(device):
        logs = watched(batch.audio, 0, adversarial=adversarial, conditions=batch.conditions)
    return broken(list(logs), torch.stack([v.float() for v in logs.values()]).tolist())


def broken(names: Sequence[str], values: Sequence[float]) -> list[str]:
    """The names of values that are not finite, causes first."""
    return causes_first(n for n, v in zip(names, values, strict=True) if not math.isfinite(v))


def _watched(learning: LearningNetwork) -> _NotLearning:
    return _NotLearning(learning.network, learning.optimizer, learning.clip)


@contextmanager
def _as_found(step: Step) -> Iterator[None]:
    """Keep networks from updating their statistics inside the block."""
    networks = [each.network for each in (step.generator, step.discriminator) if each]
    training = [network.training for network in networks]
    for network in networks:
        network.eval()
    try:
        yield
    finally:
        for network, mode in zip(networks, training, strict=True):
            network.train(mode)
