"""Trace the network of a plan with torch."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO

import torch

from wavegan.export.plan import Plan


def traced(plan: Plan) -> torch.export.ExportedProgram:
    """The network as a graph of torch's operators, for all lengths and batches.

    Raises:
        Exception: torch cannot trace the network; of many classes.
    """
    dynamic = torch.export.Dim.DYNAMIC
    sizes = (tuple(dict.fromkeys(port.free, dynamic) for port in plan.inputs),)
    return torch.export.export(plan.network, plan.example, dynamic_shapes=sizes, strict=False)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep torch's remarks about its own parts, and graphs that it prints, off the terminal.

    What fails is raised all the same.
    """
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), redirect_stderr(StringIO()), redirect_stdout(StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
