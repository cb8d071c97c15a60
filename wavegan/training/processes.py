"""Synchronize processes: weights at the start, gradients at every step.

`DistributedDataParallel` is not used: penalties that call backward inside a turn break it.
Averaging the gradients after each backward equals one process with the whole batch.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
import torch.distributed as dist
from accelerate import Accelerator
from accelerate.utils import gather_object
from torch import Tensor, nn

from wavegan.process_group import waiting, world_size


def meet(accelerator: Accelerator) -> None:
    """Wait for all processes."""
    with waiting():
        accelerator.wait_for_everyone()


@contextmanager
def main_first(accelerator: Accelerator) -> Iterator[None]:
    """Run the block first in the main process, then in the others."""
    if not accelerator.is_main_process:
        meet(accelerator)
    yield
    if accelerator.is_main_process:
        meet(accelerator)


def mean(accelerator: Accelerator, value: Tensor) -> Tensor:
    """The mean over the processes."""
    with waiting():
        reduced: Tensor = accelerator.reduce(value, reduction="mean")
    return reduced


def together(text: str) -> str:
    """The error texts of all processes, with process numbers if there are several."""
    if world_size() == 1:
        return text
    with waiting():
        texts = gather_object([text])
    return "; ".join(f"process {rank}: {each}" for rank, each in enumerate(texts) if each)


def average_gradients(parameters: Iterable[nn.Parameter], loss: Tensor) -> Tensor:
    """Replace every gradient by its mean over the processes, in one flat bucket.

    Returns:
        The mean of the losses, from the same reduction: a value that is not finite in one process
        becomes so in all, and all processes skip the same steps.
    """
    if world_size() == 1:
        return loss.detach()
    gradients = [p.grad for p in parameters if p.grad is not None]
    flat = torch.cat([*(each.reshape(-1) for each in gradients), loss.detach().reshape(1)])
    with waiting():
        dist.all_reduce(flat)
    flat /= world_size()
    _unflatten_into(gradients, flat[:-1])
    return flat[-1]


def broadcast(module: nn.Module) -> None:
    """Give every process the first one's parameters and buffers."""
    if world_size() == 1:
        return
    with waiting(), torch.no_grad():
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
    with waiting():
        dist.all_reduce(shared, op=dist.ReduceOp.MAX)
        return int(shared.item())


def _unflatten_into(targets: list[Tensor], flat: Tensor) -> None:
    sizes = [target.numel() for target in targets]
    for target, part in zip(targets, torch.split(flat, sizes), strict=True):
        target.copy_(part.view_as(target))
