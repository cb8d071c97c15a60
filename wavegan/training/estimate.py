"""Estimate the time, memory and disk space of a run, and what this machine has."""

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
    """Run a few steps, and estimate what the whole run takes.

    Args:
        recipe: resolved.
        step: networks and optimizers, on the device; they learn a little.
        segments: the training crops.
        sizes: what a run writes.
        run: the run's folder, which may not exist; if it has checkpoints, only the steps after the
            last one are counted.
        device: where to compute.
        processes: number of training processes; time and memory are those of one.

    Returns:
        `time`: `seconds` of training, without validation, checkpoints and reading, for the
        remaining `steps`; `step_seconds`; `device`; `crops` of a step; `measured_crops`: less than
        `crops` if the time was scaled, 0 if a step of one crop took too long (`seconds` is then a
        lower bound).
        `memory` in bytes: `needed` (None: unknown; scaled from one crop: an upper bound);
        `networks`: its part for weights, gradients and optimizers; `available`.
        `disk` in bytes: `needed`; `previews`: its part for clips; `checkpoints`: their number;
        `checkpoint`: size of the last one, and `discriminators`: its part for them;
        `older_checkpoint`: size of each other one; `peak` while one more is written;
        `needed_keep_last_1`; `free` at the run's path.
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
            "discriminators": sizes.discriminators,
            "needed_keep_last_1": sizes.with_last(1),
            "free": shutil.disk_usage(_there(run)).free,
        },
    }


def _there(folder: Path) -> Path:
    """The nearest parent folder that exists."""
    folder = folder.absolute()
    return next(each for each in (folder, *folder.parents) if each.is_dir())
