"""Save and open bundles: `config.json` + `model.safetensors`, everything that inference needs.

The configuration holds every field of the mel front-end and every option of the generator, so a
bundle opens without its recipe.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import Tensor

from wavegan import atomic, bounded_network, checksums, file_kinds, plugins
from wavegan.bundle_card import card
from wavegan.bundle_config import Config, Model, at_step, context
from wavegan.bundle_place import bundle_folder, is_bundle, is_of_others, locate, no_model_error
from wavegan.errors import UserError
from wavegan.generators.base import Generator
from wavegan.interop.base import recognise
from wavegan.layers.weight_norm import fold_weight_norm
from wavegan.own_settings import own_settings
from wavegan.run_folder import (
    CONFIG,
    WEIGHTS,
    best_step,
    checkpoints,
    first_whole,
)
from wavegan.weights import load_strictly, read_weights

if TYPE_CHECKING:
    from wavegan.recipe import Recipe

__all__ = [
    "CONFIG",
    "WEIGHTS",
    "Config",
    "Model",
    "assemble",
    "at_step",
    "best_step",
    "build",
    "checkpoints",
    "config_of",
    "context",
    "describe",
    "load",
    "load_strictly",
    "locate",
    "read",
    "read_weights",
    "save",
]

DISCRIMINATOR = "training/discriminator.safetensors"

Result = TypeVar("Result")


def describe(recipe: "Recipe", *, trust_code: bool = False) -> Config:
    """The configuration of the model that a recipe describes.

    Args:
        recipe: a resolved recipe with known labels.
        trust_code: as in `build`, for its task.

    Raises:
        UserError: its front-end or its task is invalid, or two fields contradict each other.
    """
    task: Any = plugins.find("tasks", recipe.task.name, own=trust_code)
    labels = recipe.data.labels
    return Config(
        mel=recipe.front_end(),
        generator=recipe.generator.model_dump(mode="json"),
        channels=recipe.audio.channels,
        peak=recipe.data.peak,
        task=recipe.task.name,
        labels=() if labels is None or isinstance(labels, str) else tuple(labels),
        segment=None if task.reconstructs else recipe.data.segment,
        sample_rate=recipe.sample_rate(),
    )


def build(
    config: Config,
    *,
    trust_code: bool = False,
    weights: Mapping[str, Tensor] | None = None,
    most: int = bounded_network.BYTES,
) -> Generator:
    """Construct the generator that `config` describes, with fresh weights.

    Args:
        config: a bundle's configuration.
        weights: the weights that it will load, if known; it may not be much larger than they are.
        most: bytes that it may take if `weights` is None.
        trust_code: allow a generator class outside wavegan; its module is imported.

    Raises:
        UserError: an option does not fit, or a class outside wavegan is not trusted.
    """
    options = {key: value for key, value in config.generator.items() if key != "name"}
    sizes = {"channels": config.channels, "segment": config.segment}
    bounded_network.check_options({**sizes, **options}, "generator")
    try:
        with bounded_network.within(weights, most):
            generator: Generator = plugins.build(
                "generators",
                config.generator["name"],
                options,
                where="generator",
                context=context(config),
                own=trust_code,
            )
    except bounded_network.UnfitError as error:
        raise UserError(f"generator: {error}") from None
    return generator


def save(folder: Path, config: Config, weights: Mapping[str, Tensor]) -> None:
    """Write a bundle into an existing folder (use `atomic.folder` to write it atomically).

    The checksums are written last. If you add files, call `checksums.write` again.
    """
    (folder / CONFIG).write_text(config.to_json(), encoding="utf-8")
    plain = {key: value.detach().contiguous() for key, value in weights.items()}
    atomic.tensors(folder / WEIGHTS, plain)
    (folder / "README.md").write_text(card(config), encoding="utf-8")
    checksums.write(folder)


@own_settings()
def load(
    path: str | Path, *, fold: bool = True, trust_code: bool = False
) -> tuple[Config, Generator]:
    """Open a model: a bundle, a checkpoint, a run, or weights of another project.

    Args:
        path: see `read`.
        fold: fold weight norm into plain weights, for inference.
        trust_code: as in `build`.

    Raises:
        UserError: there is no usable model, or its weights do not fit the configuration; names the
            first missing or unknown keys.
    """

    def loaded(model: Model) -> tuple[Config, Generator]:
        with torch.random.fork_rng(devices=[]):  # the constructor draws initial weights
            generator = assemble(model, trust_code=trust_code)
        if fold:
            fold_weight_norm(generator.eval())
        return model.config, generator

    return _open(Path(path), loaded)


def assemble(model: Model, *, trust_code: bool = False) -> Generator:
    """Build the generator of a model that was read; weight norm is kept as in the file.

    Args:
        model: the model.
        trust_code: as in `build`.

    Raises:
        UserError: the configuration contradicts itself, or the weights do not fit it.
    """
    try:
        generator = build(model.config, trust_code=trust_code, weights=model.weights)
    except UserError as error:
        raise UserError(f"{model.described_in}: {error}") from None
    load_strictly(generator, model.weights, model.source)
    return generator


@own_settings()
def read(path: str | Path, *, discriminators: bool = False) -> Model:
    """Read a model without building it.

    Args:
        path: a bundle, a checkpoint, a run (its best checkpoint by validation, else its last one;
            damaged ones are skipped with a warning), or a folder or file of another project (see
            `wavegan.interop`).
        discriminators: also read the weights of its discriminators, if it has any.

    Raises:
        UserError: there is no model (names what was looked for and what was found), or its files
            are damaged.
    """
    return _open(Path(path), lambda model: model, discriminators)


def _open(path: Path, use: Callable[[Model], Result], discriminators: bool = False) -> Result:
    """The result of `use` for a model; its files are checked against their checksums meanwhile."""
    names = (CONFIG, WEIGHTS, *((DISCRIMINATOR,) if discriminators else ()))

    def opened(folder: Path) -> Result:
        with checksums.meanwhile(folder, names):
            return use(_model(folder, discriminators))

    with _system_errors(path):
        folder = path.parent if path.name in (CONFIG, WEIGHTS) else path
        if not is_bundle(folder):
            of_run = first_whole(folder, opened)
            if of_run is not None:
                return of_run
        elif not is_of_others(folder / CONFIG):
            return _opened_bundle(folder, opened)
        foreign = recognise(path, discriminators=discriminators)
    if foreign is None:
        raise no_model_error(path)
    return use(foreign)


@contextmanager
def _system_errors(path: Path) -> Iterator[None]:
    """Turn an OSError into a UserError that names the file."""
    try:
        yield
    except OSError as error:
        raise UserError(f"{error.filename or path}: {error.strerror or error}") from None


def _model(folder: Path, discriminators: bool) -> Model:
    config = Config.read(folder / CONFIG)
    found = _discriminators(folder / DISCRIMINATOR) if discriminators else {}
    return Model(config, read_weights(folder / WEIGHTS), folder / WEIGHTS, folder / CONFIG, found)


def _discriminators(file: Path) -> dict[str, dict[str, Tensor]]:
    """The weights of each discriminator by its name; empty if there is no file."""
    found: dict[str, dict[str, Tensor]] = {}
    for key, value in read_weights(file).items() if file.is_file() else ():
        parts = key.split(".", 2)
        if len(parts) != 3:
            raise UserError(
                f"{file}: {key!r} is not a weight of a named discriminator (members.NAME.KEY)"
            )
        found.setdefault(parts[1], {})[parts[2]] = value
    return found


def _opened_bundle(folder: Path, opened: Callable[[Path], Result]) -> Result:
    """The result of `opened` for a bundle.

    Raises:
        UserError: names the first file that differs from what was written, or what the weights
            file is instead of weights.
    """
    try:
        return opened(folder)
    except checksums.DamageError:
        file = folder / WEIGHTS
        reason = file_kinds.no_weights_reason(file) if file.is_file() else None
        if reason is None:
            raise
        raise UserError(f"{file}: {reason}") from None


def config_of(path: str | Path) -> Config:
    """A model's configuration. Its weights are read only if it is another project's.

    Args:
        path: as in `read`.

    Raises:
        UserError: as `read` does.
    """
    with _system_errors(Path(path)):
        folder = bundle_folder(Path(path))
        if folder is not None:
            return Config.read(folder / CONFIG)
    return read(path).config
