"""Checks for NaN and infinity: of loss and gradient before a step, of all state before saving."""

from collections.abc import Iterator
from typing import Protocol, cast

import torch
from torch import Tensor
from torch.optim import Optimizer

from wavegan.training.checkpoint import TrainState


class _Fused(Protocol):
    """An optimizer whose kernel does not change weights and state if `found_inf` is 1."""

    found_inf: Tensor


def finite_or_nan(norm: Tensor, loss: Tensor) -> Tensor:
    """The norm of a gradient, or NaN if its loss is not finite."""
    return torch.where(torch.isfinite(loss), norm, torch.nan)


def step_if_finite(optimizer: Optimizer, norm: Tensor) -> None:
    """Step an optimizer if the norm of all gradients is finite; else change nothing.

    A fused optimizer decides on the device, without synchronization.
    """
    bad = ~torch.isfinite(norm)
    if getattr(optimizer, "_step_supports_amp_scaling", False):
        cast(_Fused, optimizer).found_inf = bad.float()
        optimizer.step()
    elif not bool(bad):
        optimizer.step()


def not_finite(train_state: TrainState) -> str | None:
    """The name of the first tensor of a checkpoint that is not finite, or None.

    Checks weights, averages and optimizer moments, with one synchronization per device.
    """
    by_device: dict[torch.device, list[tuple[str, Tensor]]] = {}
    for name, value in _kept(train_state):
        if value.is_floating_point():
            by_device.setdefault(value.device, []).append((name, value))
    for tensors in by_device.values():
        sound = torch.stack([value.isfinite().all() for _, value in tensors]).tolist()
        if not all(sound):
            return tensors[sound.index(False)][0]
    return None


def _kept(train_state: TrainState) -> Iterator[tuple[str, Tensor]]:
    """All tensors of a checkpoint, weights first."""
    for owner, network in train_state.networks.items():
        yield from ((f"{owner}: {name}", value) for name, value in network.state_dict().items())
    if train_state.ema is not None:
        averaged = train_state.ema.get_submodule("module").state_dict()
        yield from ((f"averaged generator: {name}", value) for name, value in averaged.items())
    for owner, optimizer in train_state.optimizers.items():
        for number, moments in enumerate(optimizer.state.values()):
            tensors = ((n, v) for n, v in moments.items() if isinstance(v, Tensor))
            yield from ((f"optimizer of {owner}: {name} {number}", v) for name, v in tensors)
