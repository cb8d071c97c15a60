"""Trace the network of a plan with torch."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

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
    """Keep the exporter's remarks about its own parts off the terminal."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
