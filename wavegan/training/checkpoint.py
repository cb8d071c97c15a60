"""Save and restore checkpoints: a bundle for inference, and all state for exact resuming.

`RUN/checkpoints/STEP/` has the bundle and a folder `training/` with the raw generator, the
discriminator, `state.pt` (G's optimizer, random states, progress) and D's optimizer, twice as large
as D. The folder is written completely or not at all; then D's optimizer is deleted from older ones.
"""

import contextlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from wavegan import atomic, bundle, checksums, run_folder, sealed
from wavegan.checksums import DamageError
from wavegan.errors import UserError
from wavegan.run_folder import BEST, RECIPE
from wavegan.training.progress import Progress
from wavegan.training.state_file import RandomState, State, load, restore_optimizer

__all__ = [
    "DISCRIMINATOR_OPTIMIZER",
    "FOLDER",
    "STATE",
    "Progress",
    "RandomState",
    "TrainState",
    "last",
    "mark_best",
    "prune",
    "restore",
    "save",
]

FOLDER, STATE = "training", "state.pt"
DISCRIMINATOR = "discriminator"
DISCRIMINATOR_OPTIMIZER = f"{DISCRIMINATOR}_optimizer.pt"


@dataclass
class TrainState:
    """Networks and optimizers by name, the averaged generator if there is one, and progress."""

    networks: Mapping[str, nn.Module]
    optimizers: Mapping[str, Optimizer]
    ema: nn.Module | None = None
    progress: Progress = field(default_factory=Progress)

    def inference_weights(self) -> dict[str, Tensor]:
        """The generator's weights for inference: averaged if kept."""
        module = (
            self.networks["generator"] if self.ema is None else self.ema.get_submodule("module")
        )
        return _on_cpu(module)


def save(
    run: Path, train_state: TrainState, config: bundle.Config, random: list[RandomState]
) -> Path:
    """Write the checkpoint of the current step; returns its folder.

    Args:
        run: the run's folder.
        train_state: networks, optimizers and progress.
        config: the bundle's configuration.
        random: the random state of every process, in rank order.
    """
    target = run / "checkpoints" / f"{train_state.progress.step:08d}"
    with atomic.folder(target) as folder:
        bundle.save(folder, config, train_state.inference_weights())
        training = folder / FOLDER
        training.mkdir()
        for name, network in train_state.networks.items():
            atomic.tensors(training / f"{name}.safetensors", _on_cpu(network))
        optimizers = dict(train_state.optimizers)
        if optimizer := optimizers.pop(DISCRIMINATOR, None):
            torch.save(optimizer.state_dict(), training / DISCRIMINATOR_OPTIMIZER)
        state: dict[str, Any] = {
            "progress": asdict(train_state.progress),
            "random": random,
            "optimizers": {name: o.state_dict() for name, o in optimizers.items()},
        }
        if train_state.ema is not None:
            state["ema_updates"] = train_state.ema.get_buffer("n_averaged")
        torch.save(state, training / STATE)
        _keep_recipe(run, training)
        checksums.write(folder, may_go=(f"{FOLDER}/{DISCRIMINATOR_OPTIMIZER}",))
    return target


def _keep_recipe(run: Path, training: Path) -> None:
    """Copy the run's recipe, unless it was edited since training started."""
    file = run / RECIPE
    with contextlib.suppress(OSError, DamageError):
        if sealed.state(file) is sealed.Seal.WHOLE:
            shutil.copyfile(file, training / RECIPE)


def restore(checkpoint: Path, train_state: TrainState) -> tuple[list[RandomState], bool]:
    """Load a checkpoint into the networks.

    Optimizers keep the recipe's settings, not those of the checkpoint.

    Returns:
        The random state of every process, and whether all optimizers were restored: an older
        checkpoint has no optimizer of D, which then starts fresh.

    Raises:
        UserError: a file is missing, damaged, or belongs to another network.
    """
    checksums.check(checkpoint)
    training = checkpoint / FOLDER
    state = State.read(training / STATE)
    for name, network in train_state.networks.items():
        file = training / f"{name}.safetensors"
        bundle.load_strictly(network, bundle.read_weights(file), file)
    if train_state.ema is not None:
        file = checkpoint / bundle.WEIGHTS
        bundle.load_strictly(
            train_state.ema.get_submodule("module"), bundle.read_weights(file), file
        )
        if state.ema_updates is None:
            raise UserError(f"{training / STATE}: no ema_updates: it was trained without averaging")
        train_state.ema.get_buffer("n_averaged").copy_(state.ema_updates.reshape(()))
    saved = {
        name: (values, f"{training / STATE}: optimizers.{name}")
        for name, values in state.optimizers.items()
    }
    optimizer = training / DISCRIMINATOR_OPTIMIZER
    if optimizer.is_file():
        saved[DISCRIMINATOR] = (load(optimizer), str(optimizer))
    for name in saved.keys() & train_state.optimizers.keys():
        restore_optimizer(train_state.optimizers[name], *saved[name])
    train_state.progress = state.progress
    return state.random, saved.keys() >= train_state.optimizers.keys()


def mark_best(run: Path, progress: Progress, metric: str) -> None:
    """Write `best.json`: the checkpoint that opening the run's path loads.

    If that checkpoint does not exist, remove `best.json`: the path then loads the last one. If no
    best step is known, change nothing.
    """
    if progress.best_step is None:
        return
    if progress.best_step not in bundle.checkpoints(run):
        (run / "checkpoints" / BEST).unlink(missing_ok=True)
        return
    content = {"step": progress.best_step, metric: progress.best_value}
    atomic.text(run / "checkpoints" / BEST, json.dumps(content) + "\n")


def settle_best(run: Path, progress: Progress, *, other_clips: bool) -> None:
    """Forget the best checkpoint of a resumed run if validation results no longer compare.

    Args:
        run: the run's folder.
        progress: progress of the resumed run.
        other_clips: whether validation measures other clips from now on. `best.json` then says that
            there is no best step, so a later resume forgets it too, although older checkpoints have
            one.
    """
    file = run / "checkpoints" / BEST
    if other_clips:
        atomic.text(file, json.dumps({"step": None}) + "\n")
    try:
        forgotten = file.is_file() and run_folder.marked(run) is None
    except UserError:
        return  # a damaged file is replaced later
    if forgotten:
        progress.best_step, progress.best_value = None, float("inf")


def prune(run: Path, keep_last: int, best: int | None) -> None:
    """Delete all but the last `keep_last` checkpoints and the best one.

    Only the last one keeps D's optimizer. Call it after `save`, when the last one is complete.
    """
    found = bundle.checkpoints(run)
    kept = sorted(found)[-keep_last:]
    for step in sorted(found)[:-1]:
        if step in kept or step == best:
            (found[step] / FOLDER / DISCRIMINATOR_OPTIMIZER).unlink(missing_ok=True)
        else:
            shutil.rmtree(found[step])


def last(run: Path) -> Path:
    """The newest checkpoint of a run.

    Raises:
        UserError: there is none.
    """
    found = bundle.checkpoints(run)
    if not found:
        raise UserError(f"{run}: no checkpoint to resume from in {run / 'checkpoints'}")
    return found[max(found)]


def _on_cpu(module: nn.Module) -> dict[str, Tensor]:
    # safetensors refuses tensors that share memory; copies are cheap compared to the disk
    return {
        key: value.detach().to("cpu", copy=True).contiguous()
        for key, value in module.state_dict().items()
    }
