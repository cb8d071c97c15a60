"""Opening a model with the class that its task names."""

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
    path: str | Path, device: "str | torch.device" = "cpu", *, trust_code: bool = False
) -> Any:
    """Open a model of any task.

    >>> model = wavegan.load("runs/my-voice")  # doctest: +SKIP

    Args:
        path: a run (which stands for its best checkpoint), a checkpoint, a bundle, or another
            project's model.
        device: where to compute.
        trust_code: let the model name classes outside wavegan, whose modules are then imported and
            run. Nothing else of a model ever runs.

    Returns:
        What the model's task is opened by: a `Vocoder`, a `Synthesizer`, or a class of your own.

    Raises:
        UserError: nothing usable there, a class that is not trusted, or none that opens it.
    """
    task = _task(path, bundle.config_of(path), trust_code)
    module, _, name = task.opened_by.partition(":")
    try:
        cls = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise UserError(f"{path}: its task is opened by {task.opened_by}: {error}") from None
    return cls.from_pretrained(path, device, trust_code=trust_code)


def network(
    path: str | Path, base: type[Base], *, trust_code: bool = False
) -> tuple[bundle.Config, Base]:
    """The configuration and generator of a model whose generator has a given base.

    Args:
        path: as that of `load`.
        base: what the opening class can run.
        trust_code: as that of `load`.

    Raises:
        UserError: nothing usable there, or a generator of another base: the class and the command
            that open it are named.
    """
    config, generator = bundle.load(path, trust_code=trust_code)
    # a class of the user's is not needed here, so need not be trusted; nor is one of ours imported
    if not plugins.is_own(config.task) and config.task not in plugins.names("tasks"):
        _task(path, config, trust_code)
    if not isinstance(generator, base):
        raise UserError(
            f"{path}: a model for the task {config.task}, whose generator is no "
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
