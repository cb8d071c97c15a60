"""Open a model with the class that its task names."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from wavegan import bundle, plugins
from wavegan.errors import UserError
from wavegan.generators.base import Generator
from wavegan.own_settings import own_settings

if TYPE_CHECKING:
    import torch

    from wavegan.tasks.base import Task

Base = TypeVar("Base", bound=Generator)


@own_settings()
def load(
    path: str | Path,
    device: "str | torch.device" = "cpu",
    *,
    trust_code: bool = False,
    **options: Any,
) -> Any:
    """Open a model of any task.

    >>> model = wavegan.load("runs/my-voice")  # doctest: +SKIP

    Args:
        path: a run (its best checkpoint is used), a checkpoint, a bundle, or another project's
            model.
        device: device to compute on.
        trust_code: allow the model to name classes outside wavegan; their modules are imported
            and run. No other code of a model ever runs.
        options: more arguments of that class's `from_pretrained`, such as `precision`.

    Returns:
        An object of the class that the task names: `Vocoder`, `Synthesizer`, or your own class.

    Raises:
        UserError: there is no usable model, a class is not trusted, or no class opens it.
    """
    task = _task(path, bundle.config_of(path), trust_code)
    module, _, name = task.opened_by.partition(":")
    try:
        cls = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise UserError(
            f"{path}: the class {task.opened_by} that opens its task cannot be imported: {error}"
        ) from None
    return cls.from_pretrained(path, device, trust_code=trust_code, **options)


def network(
    path: str | Path, base: type[Base], *, trust_code: bool = False
) -> tuple[bundle.Config, Base]:
    """The configuration and generator of a model whose generator has the given base class.

    Args:
        path: see `load`.
        base: base class of the generators that the opening class can run.
        trust_code: see `load`.

    Raises:
        UserError: there is no usable model, or the generator has another base class. The message
            names the class and the command that open it.
    """
    config, generator = bundle.load(path, trust_code=trust_code)
    # the task's class is not needed here: a user's need not be trusted, ours need not be imported
    if not plugins.is_own(config.task) and config.task not in plugins.names("tasks"):
        _task(path, config, trust_code)
    if not isinstance(generator, base):
        raise UserError(
            f"{path}: it is a model for the task {config.task}, and its generator is not a "
            f"{base.__name__}{_instead(path, config, trust_code)}"
        )
    return config, generator


def _task(path: str | Path, config: bundle.Config, trust_code: bool) -> "type[Task]":
    try:
        return plugins.find("tasks", config.task, own=trust_code)
    except UserError as error:
        raise UserError(f"{path}: task: {error}") from None


def _instead(path: str | Path, config: bundle.Config, trust_code: bool) -> str:
    try:
        task = _task(path, config, trust_code)
    except UserError:
        return ""
    command = f", or wavegan {task.command}" if task.command else ""
    return f": use {task.opened_by.partition(':')[2]}{command}"
