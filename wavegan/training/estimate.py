"""What a run would take: time, memory and disk, beside what this machine has."""

import shutil
from pathlib import Path
from typing import Any

import torch

from wavegan import bundle
from wavegan.data.segments import Segments
from wavegan.recipe import Recipe
from wavegan.training.footprint import Footprint
from wavegan.training.measure import kinds, measure
from wavegan.training.step import Step


def of(
    recipe: Recipe,
    step: Step,
    segments: Segments,
    sizes: Footprint,
    run: Path,
    device: torch.device,
    processes: int,
) -> dict[str, Any]:
    """Run a few steps, and say what all of them would take.

    Args:
        recipe: resolved.
        step: networks and optimizers, on the device; they learn a little.
        segments: where crops come from.
        sizes: what a run writes.
        run: its folder, which need not be there; where it has checkpoints only the steps from the
            last one on are counted.
        device: where to compute.
        processes: how many train together; time and memory are of one of them.

    Returns:
        `time`: `seconds` of training, without validations, checkpoints and reading; `steps` that
        this is for, `step_seconds`, on which `device`; `measured_crops` of `crops` in a step: fewer
        if it was scaled, 0 if a step of one crop took too long, so that `seconds` is a lower bound.
        `memory` in bytes: `needed` (None: unknown; scaled from one crop it is an upper bound), of
        that `networks` with their gradients and optimizers; `available`.
        `disk` in bytes: `needed`, of that `previews`; of `checkpoints` the last has `checkpoint`
        (of that `discriminators`), each other one `older_checkpoint`; `peak` while one more is
        written; `needed_keep_last_1`; `free` where the run would be.
    """
    training = recipe.training
    left = training.steps - max(bundle.checkpoints(run), default=0)
    crops = max(1, training.batch_size // processes)
    chosen = kinds(step, training.steps, training.adversarial_from)
    found = measure(step, chosen, segments, crops, device)
    return {
        "time": {
            "seconds": found.seconds * left,
            "steps": left,
            "step_seconds": found.seconds,
            "device": str(device),
            "crops": crops,
            "measured_crops": found.crops,
        },
        "memory": {
            "needed": found.memory,
            "networks": found.networks,
            "available": found.available,
        },
        "disk": {
            "needed": sizes.total,
            "peak": sizes.peak,
            "previews": sizes.previews,
            "checkpoints": sizes.checkpoints,
            "checkpoint": sizes.checkpoint,
            "older_checkpoint": sizes.older,
            "discriminators": sizes.judges,
            "needed_keep_last_1": sizes.with_last(1),
            "free": shutil.disk_usage(_there(run)).free,
        },
    }


def _there(folder: Path) -> Path:
    """The nearest folder above that is there."""
    folder = folder.absolute()
    return next(each for each in (folder, *folder.parents) if each.is_dir())
