"""Checkpoints: a bundle that inference opens, beside all that exact resuming needs.

`RUN/checkpoints/STEP/` holds the bundle and a folder `training/` with the raw generator, the
discriminator, `state.pt` (G's optimizer, random states, position) and D's optimizer, twice as large
as D. It appears whole or not at all; once it is there, older ones lose D's optimizer.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from wavegan import atomic, bundle, tensor_file
from wavegan.errors import UserError
from wavegan.training.adaptive import Strength

RandomState = dict[str, Tensor]
FOLDER, STATE = "training", "state.pt"
JUDGE = "discriminator"
JUDGE_STATE = f"{JUDGE}_optimizer.pt"


@dataclass
class Progress:
    """Where a run stands.

    Attributes:
        step: steps done; also the sampler's position, as every crop is a function of it.
        best_step: the step with the lowest value of validation's main metric so far, or None.
        best_value: that value.
        data: fingerprint of the training files.
        world: number of processes.
        augment: how strongly D's clips are augmented, where that is adaptive.
    """

    step: int = 0
    best_step: int | None = None
    best_value: float = float("inf")
    data: str = ""
    world: int = 1
    augment: Strength = field(default_factory=Strength)


@dataclass
class Players:
    """All that learns, by name, and the averaged generator where one is kept."""

    networks: Mapping[str, nn.Module]
    optimizers: Mapping[str, Optimizer]
    ema: nn.Module | None = None
    progress: Progress = field(default_factory=Progress)

    def inference_weights(self) -> dict[str, Tensor]:
        """The weights to vocode with: averaged if kept."""
        module = (
            self.networks["generator"] if self.ema is None else self.ema.get_submodule("module")
        )
        return _on_cpu(module)


def save(run: Path, players: Players, config: bundle.Config, random: list[RandomState]) -> Path:
    """Write the checkpoint of the current step; returns its folder.

    Args:
        run: the run's folder.
        players: networks, optimizers and progress.
        config: the bundle's configuration.
        random: the random state of every process, in rank order.
    """
    target = run / "checkpoints" / f"{players.progress.step:08d}"
    with atomic.folder(target) as folder:
        bundle.save(folder, config, players.inference_weights())
        training = folder / FOLDER
        training.mkdir()
        for name, network in players.networks.items():
            atomic.tensors(training / f"{name}.safetensors", _on_cpu(network))
        optimizers = dict(players.optimizers)
        if judge := optimizers.pop(JUDGE, None):
            torch.save(judge.state_dict(), training / JUDGE_STATE)
        state: dict[str, Any] = {
            "progress": asdict(players.progress),
            "random": random,
            "optimizers": {name: o.state_dict() for name, o in optimizers.items()},
        }
        if players.ema is not None:
            state["ema_updates"] = players.ema.get_buffer("n_averaged")
        torch.save(state, training / STATE)
    return target


def restore(checkpoint: Path, players: Players) -> tuple[list[RandomState], bool]:
    """Load a checkpoint into the players.

    What a recipe says of an optimizer holds, not what the checkpoint remembers of it.

    Returns:
        The random state of every process, and whether all optimizers were there: an older
        checkpoint is without D's, which then starts anew.

    Raises:
        UserError: a file is missing, damaged, or of another network.
    """
    training = checkpoint / FOLDER
    state = _load(training / STATE)
    for name, network in players.networks.items():
        file = training / f"{name}.safetensors"
        bundle.load_strictly(network, bundle.read_weights(file), file)
    if players.ema is not None:
        file = checkpoint / bundle.WEIGHTS
        bundle.load_strictly(players.ema.get_submodule("module"), bundle.read_weights(file), file)
        players.ema.get_buffer("n_averaged").copy_(state["ema_updates"])
    saved = state["optimizers"]
    if (training / JUDGE_STATE).is_file():
        saved[JUDGE] = _load(training / JUDGE_STATE)
    for name in saved.keys() & players.optimizers.keys():
        _restore_optimizer(players.optimizers[name], saved[name])
    progress = state["progress"]
    strength = Strength(**progress.pop("augment", {}))
    players.progress = Progress(augment=strength, **progress)
    random: list[RandomState] = state["random"]
    return random, saved.keys() >= players.optimizers.keys()


def _load(file: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = tensor_file.load(file)
    except FileNotFoundError:
        folder = file.parent.parent
        raise UserError(
            f"{folder}: no {FOLDER}/{file.name} here, so it cannot be resumed"
        ) from None
    except (RuntimeError, EOFError, OSError, ValueError, IndexError, UnpicklingError) as error:
        raise UserError(f"{file}: damaged ({' '.join(str(error).split())})") from None
    return content


def _restore_optimizer(optimizer: Optimizer, saved: dict[str, Any]) -> None:
    settings = [
        {key: value for key, value in group.items() if key != "params"}
        for group in optimizer.param_groups
    ]
    optimizer.load_state_dict(saved)
    for group, own in zip(optimizer.param_groups, settings, strict=True):
        group.update(own)


def mark_best(run: Path, progress: Progress, metric: str) -> None:
    """Note which checkpoint is the best by a metric, so that the run's path stands for it."""
    content = {"step": progress.best_step, metric: progress.best_value}
    atomic.text(run / "checkpoints" / "best.json", json.dumps(content) + "\n")


def prune(run: Path, keep_last: int, best: int | None) -> None:
    """Delete all but the last `keep_last` checkpoints and the best one.

    D's optimizer stays in the last one alone. Call it after `save`: the last one is whole by then.
    """
    found = bundle.checkpoints(run)
    kept = sorted(found)[-keep_last:]
    for step in sorted(found)[:-1]:
        if step in kept or step == best:
            (found[step] / FOLDER / JUDGE_STATE).unlink(missing_ok=True)
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
    # safetensors refuses tensors that share memory; a copy each is cheap beside the disk
    return {
        key: value.detach().to("cpu", copy=True).contiguous()
        for key, value in module.state_dict().items()
    }
