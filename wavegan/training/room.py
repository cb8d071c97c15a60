"""How large a recipe's networks may be: by the machine, or by the weights that a run has."""

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
    """What checks a recipe, and what builds its networks, none larger than it may be.

    Args:
        run: that goes on, or None.
        trust_code: as in `parts.build`.
        model: whose generator is the start, or None.
    """
    weights = None if model is None else model.weights
    most = allowed(run, trusted=trust_code)
    return (
        partial(check, trust_code=trust_code, most=most, weights=weights),
        partial(build, trust_code=trust_code, most=most, weights=weights),
    )


def allowed(run: Path | None, *, trusted: bool) -> int:
    """Bytes that each network may take while it is built.

    Args:
        run: the run's folder, where it may go on.
        trusted: whether the user named the recipe: then the machine's memory is the limit. The
            recipe of a run that came from elsewhere may ask for no more than its weights have.
    """
    if trusted:
        return max(BYTES, Memory(torch.device("cpu")).total)
    found = bundle.checkpoints(run) if run is not None else {}
    if not found:
        return BYTES
    files = (found[max(found)] / FOLDER).glob("*.safetensors")
    return max(BYTES, bytes_for(sum(file.stat().st_size for file in files)))
