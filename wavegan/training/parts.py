"""What a recipe describes, built: every constructor's refusal comes before a file is read."""

from dataclasses import dataclass
from typing import Any

from torch import nn

from wavegan import bundle, plugins
from wavegan.data.augment import Augment
from wavegan.discriminators.base import Ensemble
from wavegan.errors import UserError
from wavegan.generators.base import Generator, LatentGenerator
from wavegan.recipe import Plugin, Recipe, Term
from wavegan.tasks.base import Task


@dataclass
class Parts:
    """What a recipe describes, built with fresh weights on the CPU."""

    config: bundle.Config
    generator: nn.Module
    discriminator: Ensemble | None
    step: dict[str, Any]


def build(recipe: Recipe) -> Parts:
    """Construct everything a recipe names; reads no data.

    Raises:
        UserError: a field is wrong or two contradict each other.
    """
    mel = recipe.front_end()
    if recipe.data.segment % mel.hop_length:
        nearest = max(1, round(recipe.data.segment / mel.hop_length)) * mel.hop_length
        raise UserError(
            f"data.segment is {recipe.data.segment}, not a multiple of mel.hop_length "
            f"({mel.hop_length}): the nearest is {nearest}"
        )
    labels = recipe.data.labels or ()
    if labels == "folders":  # not read yet: any two will do to see whether the rest is right
        labels = ("a", "b")
    given = bundle.context(mel, recipe.data.channels, len(labels), recipe.data.segment)
    given["seed"] = recipe.training.seed

    def make(kind: str, plugin: Plugin, where: str) -> Any:
        return plugins.build(kind, plugin.name, plugin.options, where=where, context=given)

    def weighted(kind: str, terms: dict[str, Term]) -> dict[str, tuple[float, Any]]:
        return {
            name: (term.weight, make(kind, term, f"{kind}.{name}")) for name, term in terms.items()
        }

    task = make("tasks", recipe.task, "task")
    config = bundle.Config(
        mel=mel,
        generator=recipe.generator.model_dump(mode="json"),
        channels=recipe.data.channels,
        peak=recipe.data.peak,
        task=recipe.task.name,
        labels=tuple(labels),
        segment=None if task.reconstructs else recipe.data.segment,
    )
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
    if recipe.data.mels is not None and not task.takes_mels:
        raise UserError(f"data.mels is set, but the task {recipe.task.name} takes no mels")
    _check_task(recipe, task)
    generator = bundle.build(config)
    matching = recipe.feature_matching
    return Parts(
        config=config,
        generator=generator,
        discriminator=Ensemble(members, _weights(recipe)) if members else None,
        step={
            "task": task,
            "objective": make("objectives", recipe.objective, "objective"),
            "losses": weighted("losses", recipe.losses),
            "penalties": weighted("penalties", recipe.penalties),
            "matching": (matching.weight, matching.normalize) if matching else (0.0, "hifigan"),
            "n_critic": recipe.training.n_critic,
            "augment": _augment(recipe, generator),
        },
    )


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
    if type(generator).represent is not LatentGenerator.represent:
        raise UserError(
            f"training.augment changes waveforms, and D sees something else of what "
            f"{recipe.generator.name} makes: set it to null"
        )
    start = 0.0 if chosen.probability == "adaptive" else chosen.probability
    return Augment(start, **chosen.changes)


def _check_task(recipe: Recipe, task: Task) -> None:
    """Refuse what a task can make nothing of."""
    name = recipe.task.name
    if recipe.data.labels is not None and not task.takes_labels:
        raise UserError(f"data.labels is set, but the task {name} takes no labels")
    if task.reconstructs:
        return
    if recipe.losses or recipe.feature_matching:
        field = "losses" if recipe.losses else "feature_matching"
        raise UserError(
            f"{field}: the task {name} compares sets of clips, not pairs: leave {field} out"
        )
    generator = plugins.find("generators", recipe.generator.name)
    if not issubclass(generator, LatentGenerator):
        raise UserError(
            f"generator.name is {recipe.generator.name}, which takes mels: the task {name} needs "
            "one that takes latents, such as wavegan"
        )


def _weights(recipe: Recipe) -> dict[str, float]:
    return {name: plugin.weight for name, plugin in recipe.discriminators.items()}
