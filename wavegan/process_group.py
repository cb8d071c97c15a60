"""Processes that train together: how many there are, and waiting for them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.distributed as dist
from torch import Tensor

from wavegan.errors import RunError

_since: float | None = None


class LeftAloneError(RunError):
    """Another process is gone, so what all have to do together cannot be done."""


def world_size() -> int:
    """Number of processes training together."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def waits_since() -> float | None:
    """Since when this process waits for others, by `time.monotonic`; None: it does not."""
    return _since


@contextmanager
def waiting() -> Iterator[None]:
    """Do inside what all processes have to do together.

    Raises:
        LeftAloneError: one of them is gone.
    """
    global _since  # noqa: PLW0603  # read by the heartbeat's thread
    if world_size() == 1:
        yield
        return
    _since = time.monotonic()
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        raise LeftAloneError(
            f"process {dist.get_rank()} lost the others: one of them has ended, and its own "
            "message tells why"
        ) from error
    finally:
        _since = None


def summed(values: Tensor) -> Tensor:
    """The sum over the processes of their values, without a gradient; all have to call it."""
    if world_size() == 1:
        return values
    shared = values.detach().clone()
    with waiting():
        dist.all_reduce(shared)
    return shared
