"""Bundles: `config.json` + `model.safetensors`, all that inference needs of a model.

The configuration holds every field of the mel front-end and every option of the generator, so a
bundle opens without the recipe it came from.
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
from wavegan.bundle_place import bundle_folder, is_bundle, is_foreign, locate, nothing_at
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
    """The configuration of a model that a recipe describes.

    Args:
        recipe: resolved, its labels known.
        trust_code: as in `build`, of its task.

    Raises:
        UserError: its front-end or its task is none, or two fields contradict each other.
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
        config: what a bundle says.
        weights: what it is to hold, where that is known: it may not be much larger.
        most: bytes that it may take, where they are not known.
        trust_code: let it name a class outside wavegan, whose module is then imported.

    Raises:
        UserError: an option that does not fit, or such a class that is not trusted.
    """
    options = {key: value for key, value in config.generator.items() if key != "name"}
    given = context(config)
    sizes = {"channels": config.channels, "segment": config.segment}
    bounded_network.check_options({**sizes, **options}, "generator")
    try:
        with bounded_network.within(weights, most):
            generator: Generator = plugins.build(
                "generators",
                config.generator["name"],
                options,
                where="generator",
                context=given,
                own=trust_code,
            )
    except bounded_network.UnfitError as error:
        raise UserError(f"generator: {error}") from None
    return generator


def save(folder: Path, config: Config, weights: Mapping[str, Tensor]) -> None:
    """Write a bundle into an existing folder (make it whole or not at all with `atomic.folder`).

    Its checksums come last; who adds files lists them anew with `checksums.write`.
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
        UserError: nothing usable there, or weights that do not fit the configuration; the first
            keys that are missing or unknown are named.
    """

    def loaded(model: Model) -> tuple[Config, Generator]:
        with torch.random.fork_rng(devices=[]):  # weights are drawn before those of the file come
            generator = assemble(model, trust_code=trust_code)
        if fold:
            fold_weight_norm(generator.eval())
        return model.config, generator

    return _open(Path(path), loaded)


def assemble(model: Model, *, trust_code: bool = False) -> Generator:
    """The generator of a model that was read, weight norm as it came.

    Args:
        model: what was read.
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
        path: a bundle, a checkpoint, a run (which stands for its best checkpoint by validation, or
            its last; damaged ones are passed over, with a warning), or a folder or file of another
            project (see `wavegan.interop`).
        discriminators: read the weights of its discriminators too, where there are some.

    Raises:
        UserError: says what was looked for and what was found, or what is wrong with the files.
    """
    return _open(Path(path), lambda model: model, discriminators)


def _open(path: Path, use: Callable[[Model], Result], discriminators: bool = False) -> Result:
    """What `use` makes of a model, whose files are meanwhile compared with what was written."""
    names = (CONFIG, WEIGHTS, *((DISCRIMINATOR,) if discriminators else ()))

    def opened(folder: Path) -> Result:
        with checksums.meanwhile(folder, names):
            return use(_model(folder, discriminators))

    with _told(path):
        folder = path.parent if path.name in (CONFIG, WEIGHTS) else path
        if not is_bundle(folder):
            of_run = first_whole(folder, opened)
            if of_run is not None:
                return of_run
        elif not is_foreign(folder / CONFIG):
            return _named(folder, opened)
        foreign = recognise(path, discriminators=discriminators)
    if foreign is None:
        raise nothing_at(path)
    return use(foreign)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """What the system refuses of a path, in one line with the file's name."""
    try:
        yield
    except OSError as error:
        raise UserError(f"{error.filename or path}: {error.strerror or error}") from None


def _model(folder: Path, discriminators: bool) -> Model:
    config = Config.read(folder / CONFIG)
    judges = _discriminators(folder / DISCRIMINATOR) if discriminators else {}
    return Model(config, read_weights(folder / WEIGHTS), folder / WEIGHTS, folder / CONFIG, judges)


def _discriminators(file: Path) -> dict[str, dict[str, Tensor]]:
    """Weights by the names of the discriminators that they are of; no file, no weights."""
    found: dict[str, dict[str, Tensor]] = {}
    for key, value in read_weights(file).items() if file.is_file() else ():
        parts = key.split(".", 2)
        if len(parts) != 3:
            raise UserError(f"{file}: {key!r} is no weight of a discriminator with a name")
        found.setdefault(parts[1], {})[parts[2]] = value
    return found


def _named(folder: Path, opened: Callable[[Path], Result]) -> Result:
    """What is made of a bundle.

    Raises:
        UserError: names the first file that differs from what was written; where something else
            lies in the place of weights, what it is.
    """
    try:
        return opened(folder)
    except checksums.DamageError:
        file = folder / WEIGHTS
        reason = file_kinds.instead_of_weights(file) if file.is_file() else None
        if reason is None:
            raise
        raise UserError(f"{file}: {reason}") from None


def config_of(path: str | Path) -> Config:
    """What a model says it is; weights are read where another project's say so alone.

    Args:
        path: as that of `read`.

    Raises:
        UserError: as `read` does.
    """
    with _told(Path(path)):
        folder = bundle_folder(Path(path))
        if folder is not None:
            return Config.read(folder / CONFIG)
    return read(path).config
