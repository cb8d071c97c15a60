"""Check a recipe before any file is read, and build its networks and losses."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from wavegan import bounded_network, bundle, plugins
from wavegan.data.augment import Augment
from wavegan.discriminators.base import Discriminator, Ensemble
from wavegan.errors import UserError
from wavegan.generators.base import Generator, LatentGenerator, MelGenerator
from wavegan.recipe import Recipe
from wavegan.recipe_sections import Plugin, Term
from wavegan.tasks.base import Task
from wavegan.training.step import Terms

UNKNOWN_LABELS = ("60", "61")
"""Placeholders for labels that are not read yet; valid as words and as MIDI numbers."""


@dataclass
class Parts:
    """Everything built from a recipe, with fresh weights on the CPU."""

    config: bundle.Config
    generator: Generator
    discriminator: Ensemble | None
    terms: Terms


@dataclass
class _Maker:
    """Builds plug-ins; `given` has parameters that follow from other sections of the recipe."""

    given: dict[str, Any]
    trust_code: bool
    most: int

    def __call__(self, kind: str, plugin: Plugin, where: str) -> Any:
        bounded_network.check_options(plugin.options, where)
        try:
            with bounded_network.within(most=self.most):
                return plugins.build(
                    kind,
                    plugin.name,
                    plugin.options,
                    where=where,
                    context=self.given,
                    own=self.trust_code,
                )
        except bounded_network.UnfitError as error:
            raise UserError(f"{where}: {error}") from None

    def weighted(self, kind: str, terms: Mapping[str, Term]) -> dict[str, tuple[float, Any]]:
        return {
            name: (term.weight, self(kind, term, f"{kind}.{name}")) for name, term in terms.items()
        }


def check(
    recipe: Recipe,
    *,
    trust_code: bool = False,
    most: int = bounded_network.BYTES,
    weights: Mapping[str, Tensor] | None = None,
) -> None:
    """Check a recipe before any file is read.

    Everything is constructed on the device `meta`, with placeholders for labels. For the user's own
    classes only the options are checked.

    Args:
        recipe: resolved.
        trust_code: as in `build`.
        most: as in `build`.
        weights: as in `build`.

    Raises:
        UserError: as in `build`.
    """
    if recipe.own_classes():
        _check_options(recipe, trust_code)
        return
    with torch.device("meta"):
        build(recipe, trust_code=trust_code, most=most, weights=weights)


def build(
    recipe: Recipe,
    *,
    trust_code: bool = False,
    most: int = bounded_network.BYTES,
    weights: Mapping[str, Tensor] | None = None,
) -> Parts:
    """Build everything that a recipe names; reads no data.

    Args:
        recipe: resolved; labels that must be read from the data are replaced by two placeholders.
        trust_code: allow classes outside wavegan: yes for a recipe that the user named; for the
            recipe of a run only with --trust-code.
        most: bytes that each network may use while it is built (`room.allowed`).
        weights: the generator's weights from another model, if any: the generator may not be much
            larger than these.

    Raises:
        UserError: a field is wrong, or two fields contradict each other.
    """
    if isinstance(recipe.data.labels, str):
        update = {"labels": UNKNOWN_LABELS, "label_from": recipe.data.labels}
        recipe = recipe.model_copy(update={"data": recipe.data.model_copy(update=update)})
    _check_kinds(recipe, trust_code)
    config = bundle.describe(recipe, trust_code=trust_code)
    _check_segment(recipe, config)
    given = bundle.context(config) | {"segment": recipe.data.segment}
    make = _Maker(given | {"seed": recipe.training.seed}, trust_code, most)
    task = make("tasks", recipe.task, "task")
    discriminator = _discriminator(recipe, make)
    generator = bundle.build(config, trust_code=trust_code, weights=weights, most=most)
    matching = recipe.feature_matching
    return Parts(
        config=config,
        generator=generator,
        discriminator=discriminator,
        terms=Terms(
            task=task,
            objective=make("objectives", recipe.objective, "objective"),
            losses=make.weighted("losses", recipe.losses),
            penalties=make.weighted("penalties", recipe.penalties),
            matching=(matching.weight, matching.normalize) if matching else (0.0, "hifigan"),
            n_critic=recipe.training.n_critic,
            augment=_augment(recipe, generator),
        ),
    )


def _check_options(recipe: Recipe, trust_code: bool) -> None:
    """Check the options of each plug-in against its constructor."""
    _check_kinds(recipe, trust_code)
    _check_segment(recipe, bundle.describe(recipe, trust_code=trust_code))
    for kind, where, plugin in recipe.plugins():
        bounded_network.check_options(plugin.options, where)
        plugins.check(kind, plugin.name, plugin.options, where, own=trust_code)


def _check_segment(recipe: Recipe, config: bundle.Config) -> None:
    """Check that a crop is a whole number of mel frames, if there is a mel."""
    segment, mel = recipe.data.segment, config.mel
    if mel is not None and segment % mel.hop_length:
        nearest = max(1, round(segment / mel.hop_length)) * mel.hop_length
        raise UserError(
            f"data.segment is {segment}, not a multiple of mel.hop_length ({mel.hop_length}): give "
            f"{nearest}, which is the nearest"
        )


def _discriminator(recipe: Recipe, make: _Maker) -> Ensemble | None:
    members: dict[str, Discriminator] = {
        name: make("discriminators", plugin, f"discriminators.{name}")
        for name, plugin in recipe.discriminators.items()
    }
    for name, member in members.items():
        if recipe.data.segment < member.shortest:
            raise UserError(
                f"data.segment is {recipe.data.segment}, but discriminators.{name} needs "
                f"{member.shortest} samples or more: give at least that"
            )
    weights = {name: plugin.weight for name, plugin in recipe.discriminators.items()}
    return Ensemble(members, weights) if members else None


def _augment(recipe: Recipe, generator: Generator) -> Augment | None:
    """The augmentation of D's input, if any."""
    chosen = recipe.training.augment
    if chosen is None:
        return None
    if not isinstance(generator, LatentGenerator):
        raise UserError(
            f"training.augment is for sounds generated from latents, but the task "
            f"{recipe.task.name} compares pairs: set it to null"
        )
    if not generator.makes_waves:
        raise UserError(
            f"training.augment changes waveforms, but with the generator {recipe.generator.name} D "
            "gets other input: set it to null"
        )
    start = 0.0 if chosen.probability == "adaptive" else chosen.probability
    return Augment(start, **chosen.changes)


def _check_kinds(recipe: Recipe, trust_code: bool) -> None:
    """Refuse a generator that does not fit the task, or that needs a mel and has none."""
    task: type[Task] = _found("tasks", recipe.task, "task", trust_code)
    generator: type[Generator] = _found("generators", recipe.generator, "generator", trust_code)
    task.check(recipe, generator)
    if recipe.mel is None and issubclass(generator, MelGenerator):
        raise UserError(
            f"mel is null, but {recipe.generator.name} takes a mel: give a front-end, such as "
            "mel=hifigan-22k (see wavegan list mels)"
        )


def _found(kind: str, plugin: Plugin, where: str, trust_code: bool) -> type:
    try:
        return plugins.find(kind, plugin.name, own=trust_code)
    except UserError as error:
        raise UserError(f"{where}: {error}") from None
