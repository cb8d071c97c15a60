"""Write a plan as torch's own `.pt2`, and open one."""

from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from wavegan.export.plan import Arrays, Plan, Run
from wavegan.export.tracing import quiet, traced


def write(plan: Plan, file: Path) -> None:
    """Trace the network of a plan and write it.

    Raises:
        Exception: torch cannot trace the network; of many classes.
    """
    with quiet():
        torch.export.save(traced(plan), file)


def opened(file: Path) -> Run:
    """A `.pt2` file as a function, on the CPU."""
    with quiet():
        network = torch.export.load(file).module()

    def run(inputs: Arrays) -> list[NDArray[Any]]:
        with torch.no_grad():
            made = network(*(torch.from_numpy(value) for value in inputs.values()))
        return [each.numpy() for each in ((made,) if isinstance(made, Tensor) else made)]

    return run


def engine() -> str:
    """What runs the file, with its version."""
    return f"torch.export of torch {torch.__version__}"
