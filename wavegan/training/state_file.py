"""Read `state.pt` and D's optimizer without running code in them; check all types and ranges."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from pydantic import ConfigDict, TypeAdapter, ValidationError
from torch import Tensor
from torch.optim import Optimizer

from wavegan import tensor_file
from wavegan.errors import UserError
from wavegan.json_file import shown
from wavegan.training.progress import Progress
from wavegan.typed import reason

RandomState = dict[str, Tensor]
MOMENTS = ("exp_avg", "exp_avg_sq")
Kind = TypeVar("Kind")


@dataclass(frozen=True)
class State:
    """The content of `state.pt`.

    Attributes:
        progress: the run's progress.
        random: the random state of every process, in rank order.
        optimizers: states by network, unchecked: see `restore_optimizer`.
        ema_updates: number of updates of the averaged weights, if kept.
    """

    progress: Progress
    random: list[RandomState]
    optimizers: dict[str, dict[str, Any]]
    ema_updates: Tensor | None = None

    @classmethod
    def read(cls, file: Path) -> "State":
        """Read the file.

        Raises:
            UserError: it is missing or damaged, or a field has a wrong type or value.
        """
        content = load(file)
        for name in ("progress", "random", "optimizers"):
            if name not in content:
                raise UserError(f"{file}: damaged: it has no {name}")
        state = cls(
            progress=_typed(Progress, content["progress"], file, "progress"),
            random=_typed(list[RandomState], content["random"], file, "random"),
            optimizers=_typed(dict[str, dict[str, Any]], content["optimizers"], file, "optimizers"),
            ema_updates=content.get("ema_updates"),
        )
        for number, random in enumerate(state.random):
            _check_random(random, f"{file}: random.{number}")
        updates = state.ema_updates
        if updates is not None and not (_is_number(updates) and updates >= 0):
            raise UserError(f"{file}: ema_updates: not a number of updates")
        return state


def load(file: Path) -> dict[str, Any]:
    """Load a dictionary from a torch file.

    Raises:
        UserError: it is missing, damaged, or has other content.
    """
    try:
        content = tensor_file.load(file)
    except FileNotFoundError:
        raise UserError(
            f"{file.parent.parent}: it has no {file.parent.name}/{file.name}, so it cannot be "
            "resumed: use another checkpoint"
        ) from None
    except Exception as error:  # a damaged pickle or archive may raise anything
        why = " ".join(str(error).split())[:200] or type(error).__name__
        raise UserError(f"{file}: damaged ({why})") from None
    if not isinstance(content, dict):
        raise UserError(f"{file}: damaged: it holds {shown(content)}")
    return content


def restore_optimizer(optimizer: Optimizer, saved: Mapping[str, Any], where: str) -> None:
    """Restore the state of an optimizer, but keep its settings, which come from the recipe.

    Args:
        optimizer: AdamW of the same network.
        saved: the saved `state_dict`.
        where: file and field, for messages.

    Raises:
        UserError: the state does not fit the parameters, has a wrong type, or is not finite.
    """
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    state = saved.get("state")
    if not isinstance(state, dict):
        raise UserError(f"{where}: state: it is missing")
    for number, values in state.items():
        if not isinstance(number, int) or not 0 <= number < len(parameters):
            raise UserError(f"{where}: state: it has a parameter {shown(number)}")
        _check_moments(values, parameters[number], f"{where}: state.{number}")
    optimizer.load_state_dict(
        {"state": state, "param_groups": optimizer.state_dict()["param_groups"]}
    )


def _check_moments(values: Any, parameter: Tensor, where: str) -> None:
    if not isinstance(values, dict) or values.keys() != {"step", *MOMENTS}:
        raise UserError(f"{where}: not what Adam keeps of a parameter")
    if not (_is_number(values["step"]) and values["step"] >= 0):
        raise UserError(f"{where}.step: not a number of steps")
    for name in MOMENTS:
        moment = values[name]
        if not isinstance(moment, Tensor) or moment.shape != parameter.shape:
            raise UserError(f"{where}.{name}: not of the parameter's shape")
        if not (moment.is_floating_point() and moment.layout == torch.strided):
            raise UserError(f"{where}.{name}: not plain floating-point numbers")
        if not torch.isfinite(moment).all() or (name == "exp_avg_sq" and (moment < 0).any()):
            raise UserError(f"{where}.{name}: not finite, or below 0 where squares are kept")


def _check_random(random: RandomState, where: str) -> None:
    state = random.get("cpu")
    if state is None or not random.keys() <= {"cpu", "cuda"}:
        raise UserError(f"{where}: not the random state of a process")
    for name, value in random.items():
        if value.dtype != torch.uint8 or value.dim() != 1 or value.numel() > 1 << 16:
            raise UserError(f"{where}.{name}: not a random state")
    try:
        torch.Generator().set_state(state)
    except RuntimeError as error:
        raise UserError(f"{where}.cpu: {' '.join(str(error).split())[:120]}") from None


def _is_number(value: Any) -> bool:
    """Whether it is one finite real number, as a tensor."""
    if not isinstance(value, Tensor) or value.numel() != 1 or value.layout != torch.strided:
        return False
    return not (value.is_complex() or value.is_quantized) and bool(torch.isfinite(value).all())


def _typed(kind: type[Kind], value: Any, file: Path, field: str) -> Kind:
    own = hasattr(kind, "__dataclass_fields__")  # such a class has its own configuration
    adapter: TypeAdapter[Kind] = TypeAdapter(
        kind, config=None if own else ConfigDict(strict=True, arbitrary_types_allowed=True)
    )
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join([field, *(str(part)[:60] for part in first["loc"])])
        raise UserError(f"{file}: {place}: {reason(first)} (got {shown(first['input'])})") from None
