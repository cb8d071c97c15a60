"""The JSON file beside an exported graph: all that a program needs to use it."""

import json
from collections.abc import Sequence
from typing import Any

import torch

import wavegan
from wavegan.export.parity import Compared
from wavegan.export.plan import Plan, Port

VERSION = 1


def facts(plan: Plan, file: str, engine: str, compared: Sequence[Compared]) -> dict[str, Any]:
    """Its content.

    Args:
        plan: what was exported.
        file: name of the graph's file.
        engine: what the graph was compared with the model in.
        compared: the comparisons.
    """
    return {
        "format": VERSION,
        "wavegan": wavegan.__version__,
        "file": file,
        "precision": "float32",
        "inputs": [_port(each) for each in plan.inputs],
        "outputs": [_port(each) for each in plan.outputs],
        **plan.facts,
        "parity": {
            "engine": engine,
            "torch": torch.__version__,
            "largest_difference": max(each.error for each in compared),
        },
    }


def text(content: dict[str, Any]) -> str:
    """The text of the file."""
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def _port(port: Port) -> dict[str, Any]:
    return {
        "name": port.name,
        "dtype": port.dtype,
        "shape": list(port.shape),
        "about": port.about,
    }
