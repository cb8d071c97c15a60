"""What several processes must agree on: weights at the start, gradients at every step.

`DistributedDataParallel` is not used: penalties that call backward inside a turn break it.
Averaging the gradients ourselves after each backward equals one process with the whole batch.
"""

from collections.abc import Iterable

import torch
import torch.distributed as dist
from torch import Tensor, nn


def world_size() -> int:
    """Number of processes training together."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def average_gradients(parameters: Iterable[nn.Parameter], loss: Tensor) -> Tensor:
    """Replace every gradient by its mean over the processes, in one flat bucket.

    Returns:
        The mean of the losses, which goes along: what is not finite in one process is so in all,
        and all leave the same steps out.
    """
    if world_size() == 1:
        return loss.detach()
    gradients = [p.grad for p in parameters if p.grad is not None]
    flat = torch.cat([*(each.reshape(-1) for each in gradients), loss.detach().reshape(1)])
    dist.all_reduce(flat)
    flat /= world_size()
    _unflatten_into(gradients, flat[:-1])
    return flat[-1]


def broadcast(module: nn.Module) -> None:
    """Give every process the first one's parameters and buffers."""
    if world_size() == 1:
        return
    with torch.no_grad():
        for tensor in (*module.parameters(), *module.buffers()):
            dist.broadcast(tensor, src=0)


def any_process(flag: bool, device: torch.device) -> bool:
    """Whether the flag is set on at least one process; every process gets the same answer."""
    return bool(largest(int(flag), device))


def largest(value: int, device: torch.device) -> int:
    """The largest of the processes' values, each below 2^24; every process gets the same answer."""
    if world_size() == 1:
        return value
    shared = torch.tensor(float(value), device=device)
    dist.all_reduce(shared, op=dist.ReduceOp.MAX)
    return int(shared.item())


def _unflatten_into(targets: list[Tensor], flat: Tensor) -> None:
    sizes = [target.numel() for target in targets]
    for target, part in zip(targets, torch.split(flat, sizes), strict=True):
        target.copy_(part.view_as(target))
