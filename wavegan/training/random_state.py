"""Gather the random states of all processes for a checkpoint, and restore them."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from accelerate.utils import gather_object

from wavegan.process_group import waiting
from wavegan.training.checkpoint import RandomState


def gather() -> list[RandomState]:
    """The state of torch's generators in every process, in rank order."""
    state = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state()
    with waiting():
        states: list[RandomState] = gather_object([state])
    return states


def restore(states: list[RandomState], rank: int) -> bool:
    """Set this process's state; False if the checkpoint has none for it (more processes now)."""
    if rank >= len(states):
        return False
    torch.set_rng_state(states[rank]["cpu"])
    if "cuda" in states[rank] and torch.cuda.is_available():
        torch.cuda.set_rng_state(states[rank]["cuda"])
    return True


@contextmanager
def preserve_rng(device: torch.device) -> Iterator[None]:
    """Seed the block with 0, and restore the random state of training after it."""
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(0)
        yield
