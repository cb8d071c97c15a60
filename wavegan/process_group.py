"""The group of processes that train together: its size, collective sums, waiting."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.distributed as dist
from torch import Tensor

from wavegan.errors import RunError

_since: float | None = None


class ProcessLostError(RunError):
    """Another process has ended, so a collective operation cannot complete."""


def world_size() -> int:
    """Number of processes that train together."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def waits_since() -> float | None:
    """The time (`time.monotonic`) since when this process waits for others; None: it does not."""
    return _since


@contextmanager
def waiting() -> Iterator[None]:
    """Context for operations that all processes must do together.

    Raises:
        ProcessLostError: one of them has ended.
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
        raise ProcessLostError(
            f"process {dist.get_rank()} lost the connection to the others: one of them has ended; "
            "see its own message for the reason"
        ) from error
    finally:
        _since = None


def summed(values: Tensor) -> Tensor:
    """The sum of `values` over all processes, without a gradient; every process must call it."""
    if world_size() == 1:
        return values
    shared = values.detach().clone()
    with waiting():
        dist.all_reduce(shared)
    return shared
