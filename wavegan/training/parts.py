"""What a recipe describes, checked before a file is read, and built once its labels are known."""

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
"""Stand for labels that are not read yet: words as well as notes."""


@dataclass
class Parts:
    """What a recipe describes, built with fresh weights on the CPU."""

    config: bundle.Config
    generator: Generator
    discriminator: Ensemble | None
    terms: Terms


@dataclass
class _Maker:
    """Builds plug-ins; what the rest of the recipe makes of a parameter is handed to all."""

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
    """Find what is wrong with a recipe, before a file is read.

    Everything is constructed, without memory for weights and with labels that stand for those of
    the data. Of classes of the user's own the options are checked alone.

    Args:
        recipe: resolved.
        trust_code: as that of `build`.
        most: likewise.
        weights: likewise.

    Raises:
        UserError: as `build` does.
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
    """Construct everything a recipe names; reads no data.

    Args:
        recipe: resolved; where its labels are to be read from the data, two stand for them.
        trust_code: let it name classes outside wavegan: a recipe that the user named may, one
            that came with a run may not unless the user says so.
        most: bytes that each network may take while it is built (`room.allowed`).
        weights: what the generator is to hold, where it is that of another model: it may not be
            much larger.

    Raises:
        UserError: a field is wrong or two contradict each other.
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
    """Check what the recipe says of each plug-in against its constructor."""
    _check_kinds(recipe, trust_code)
    _check_segment(recipe, bundle.describe(recipe, trust_code=trust_code))
    for kind, where, plugin in recipe.plugins():
        bounded_network.check_options(plugin.options, where)
        plugins.check(kind, plugin.name, plugin.options, where, own=trust_code)


def _check_segment(recipe: Recipe, config: bundle.Config) -> None:
    """A crop is a whole number of mel frames, where there is a mel."""
    segment, mel = recipe.data.segment, config.mel
    if mel is not None and segment % mel.hop_length:
        nearest = max(1, round(segment / mel.hop_length)) * mel.hop_length
        raise UserError(
            f"data.segment is {segment}, not a multiple of mel.hop_length ({mel.hop_length}): the "
            f"nearest is {nearest}"
        )


def _discriminator(recipe: Recipe, make: _Maker) -> Ensemble | None:
    members: dict[str, Discriminator] = {
        name: make("discriminators", plugin, f"discriminators.{name}")
        for name, plugin in recipe.discriminators.items()
    }
    for name, member in members.items():
        if recipe.data.segment < member.shortest:
            raise UserError(
                f"data.segment is {recipe.data.segment} and discriminators.{name} judges "
                f"{member.shortest} samples at once: give a segment of at least that"
            )
    weights = {name: plugin.weight for name, plugin in recipe.discriminators.items()}
    return Ensemble(members, weights) if members else None


def _augment(recipe: Recipe, generator: Generator) -> Augment | None:
    """What D's clips go through, if anything."""
    chosen = recipe.training.augment
    if chosen is None:
        return None
    if not isinstance(generator, LatentGenerator):
        raise UserError(
            f"training.augment is for sounds of latents; the task {recipe.task.name} compares "
            "pairs: set it to null"
        )
    if not generator.makes_waves:
        raise UserError(
            f"training.augment changes waveforms, and D sees something else of what "
            f"{recipe.generator.name} makes: set it to null"
        )
    start = 0.0 if chosen.probability == "adaptive" else chosen.probability
    return Augment(start, **chosen.changes)


def _check_kinds(recipe: Recipe, trust_code: bool) -> None:
    """Refuse a generator of another kind than the task's, or one without the mel it needs."""
    task: type[Task] = _found("tasks", recipe.task, "task", trust_code)
    generator: type[Generator] = _found("generators", recipe.generator, "generator", trust_code)
    task.check(recipe, generator)
    if recipe.mel is None and issubclass(generator, MelGenerator):
        raise UserError(
            f"mel is null, and {recipe.generator.name} takes a mel: give a front-end, such as "
            "mel=hifigan-22k (wavegan list names them)"
        )


def _found(kind: str, plugin: Plugin, where: str, trust_code: bool) -> type:
    try:
        return plugins.find(kind, plugin.name, own=trust_code)
    except UserError as error:
        raise UserError(f"{where}: {error}") from None
