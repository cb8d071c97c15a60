"""What a recipe describes, built: every constructor's refusal comes before a file is read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from wavegan import bounded_network, bundle, plugins
from wavegan.audio.mel import Mel
from wavegan.data.augment import Augment
from wavegan.discriminators.base import Ensemble
from wavegan.errors import UserError
from wavegan.generators.base import Generator, LatentGenerator
from wavegan.recipe import Recipe
from wavegan.recipe_sections import Plugin, Term
from wavegan.tasks.base import Task


@dataclass
class Parts:
    """What a recipe describes, built with fresh weights on the CPU."""

    config: bundle.Config
    generator: nn.Module
    discriminator: Ensemble | None
    step: dict[str, Any]


@dataclass
class _Maker:
    """Builds plug-ins; what the rest of the recipe makes of a parameter is handed to all."""

    given: dict[str, Any]
    own: bool
    most: int

    def __call__(self, kind: str, plugin: Plugin, where: str) -> Any:
        bounded_network.check_options(plugin.options, where)
        try:
            with bounded_network.within(most=self.most):
                return plugins.build(
                    kind, plugin.name, plugin.options, where=where, context=self.given, own=self.own
                )
        except bounded_network.UnfitError as error:
            raise UserError(f"{where}: {error}") from None

    def weighted(self, kind: str, terms: dict[str, Term]) -> dict[str, tuple[float, Any]]:
        return {
            name: (term.weight, self(kind, term, f"{kind}.{name}")) for name, term in terms.items()
        }


def build(
    recipe: Recipe,
    *,
    trust_code: bool = False,
    most: int = bounded_network.BYTES,
    weights: Mapping[str, Tensor] | None = None,
) -> Parts:
    """Construct everything a recipe names; reads no data.

    Args:
        recipe: resolved.
        trust_code: let it name classes outside wavegan: a recipe that the user named may, one
            that came with a run may not unless the user says so.
        most: bytes that each network may take while it is built (`room.allowed`).
        weights: what the generator is to hold, where it is that of another model: it may not be
            much larger.

    Raises:
        UserError: a field is wrong or two contradict each other.
    """
    mel, data = _front_end(recipe), recipe.data
    labels = data.labels or ()
    if isinstance(labels, str):  # not read yet: two that could be words as well as notes will do
        labels = ("60", "61")
    given = bundle.context(mel, data.channels, labels, data.segment)
    make = _Maker(given | {"seed": recipe.training.seed}, trust_code, most)
    task = make("tasks", recipe.task, "task")
    config = bundle.Config(
        mel=mel,
        generator=recipe.generator.model_dump(mode="json"),
        channels=data.channels,
        peak=data.peak,
        task=recipe.task.name,
        labels=tuple(labels),
        segment=None if task.reconstructs else data.segment,
    )
    judge = _discriminator(recipe, make)
    _check_task(recipe, task)
    generator = bundle.build(config, trust_code=trust_code, weights=weights, most=most)
    matching = recipe.feature_matching
    return Parts(
        config=config,
        generator=generator,
        discriminator=judge,
        step={
            "task": task,
            "objective": make("objectives", recipe.objective, "objective"),
            "losses": make.weighted("losses", recipe.losses),
            "penalties": make.weighted("penalties", recipe.penalties),
            "matching": (matching.weight, matching.normalize) if matching else (0.0, "hifigan"),
            "n_critic": recipe.training.n_critic,
            "augment": _augment(recipe, generator),
        },
    )


def _front_end(recipe: Recipe) -> Mel:
    """The mel front-end, whose hop length divides the segment."""
    mel = recipe.front_end()
    if recipe.data.segment % mel.hop_length:
        nearest = max(1, round(recipe.data.segment / mel.hop_length)) * mel.hop_length
        raise UserError(
            f"data.segment is {recipe.data.segment}, not a multiple of mel.hop_length "
            f"({mel.hop_length}): the nearest is {nearest}"
        )
    return mel


def _discriminator(recipe: Recipe, make: _Maker) -> Ensemble | None:
    members = {
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


def _check_task(recipe: Recipe, task: Task) -> None:
    """Refuse what a task can make nothing of."""
    name = recipe.task.name
    if recipe.data.mels is not None and not task.takes_mels:
        raise UserError(f"data.mels is set, but the task {name} takes no mels")
    if recipe.data.labels is not None and not task.takes_labels:
        raise UserError(f"data.labels is set, but the task {name} takes no labels")
    if task.reconstructs:
        return
    if recipe.losses or recipe.feature_matching:
        field = "losses" if recipe.losses else "feature_matching"
        raise UserError(
            f"{field}: the task {name} compares sets of clips, not pairs: leave {field} out"
        )
    generator = plugins.find("generators", recipe.generator.name, own=True)
    if not issubclass(generator, LatentGenerator):
        raise UserError(
            f"generator.name is {recipe.generator.name}, which takes mels: the task {name} needs "
            "one that takes latents, such as wavegan"
        )
