"""Limit the size of a recipe's networks: by the machine, or by the weights of a run."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch

from wavegan import bundle
from wavegan.bounded_network import BYTES, bytes_for
from wavegan.recipe import Recipe
from wavegan.training.checkpoint import FOLDER
from wavegan.training.memory import Memory
from wavegan.training.parts import Parts, build, check


def makers(
    run: Path | None, trust_code: bool, model: bundle.Model | None
) -> tuple[Callable[[Recipe], None], Callable[[Recipe], Parts]]:
    """Functions that check a recipe and build its networks, with limits on their sizes.

    Args:
        run: the run to resume, or None.
        trust_code: as in `parts.build`.
        model: the model to start from, or None.
    """
    weights = None if model is None else model.weights
    most = allowed(run, trusted=trust_code)
    return (
        partial(check, trust_code=trust_code, most=most, weights=weights),
        partial(build, trust_code=trust_code, most=most, weights=weights),
    )


def allowed(run: Path | None, *, trusted: bool) -> int:
    """Bytes that each network may use while it is built.

    Args:
        run: the run to resume, or None.
        trusted: whether the user trusts the recipe: then the machine's memory is the limit.
            Otherwise the sizes of the run's weights are.
    """
    if trusted:
        return max(BYTES, Memory(torch.device("cpu")).total)
    found = bundle.checkpoints(run) if run is not None else {}
    if not found:
        return BYTES
    files = (found[max(found)] / FOLDER).glob("*.safetensors")
    return max(BYTES, bytes_for(sum(file.stat().st_size for file in files)))
