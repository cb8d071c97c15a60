"""What a recipe describes, built: every constructor's refusal comes before a file is read."""

from dataclasses import dataclass
from typing import Any

from torch import nn

from wavegan import bundle, plugins
from wavegan.discriminators.base import Ensemble
from wavegan.errors import UserError
from wavegan.recipe import Plugin, Recipe, Term


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
    given = bundle.context(mel, recipe.data.channels)

    def make(kind: str, plugin: Plugin, where: str) -> Any:
        return plugins.build(kind, plugin.name, plugin.options, where=where, context=given)

    def weighted(kind: str, terms: dict[str, Term]) -> dict[str, tuple[float, Any]]:
        return {
            name: (term.weight, make(kind, term, f"{kind}.{name}")) for name, term in terms.items()
        }

    config = bundle.Config(
        mel=mel,
        generator=recipe.generator.model_dump(mode="json"),
        channels=recipe.data.channels,
        peak=recipe.data.peak,
        task=recipe.task.name,
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
    task = make("tasks", recipe.task, "task")
    if recipe.data.mels is not None and not task.takes_mels:
        raise UserError(f"data.mels is set, but the task {recipe.task.name} takes no mels")
    matching = recipe.feature_matching
    return Parts(
        config=config,
        generator=bundle.build(config),
        discriminator=Ensemble(members, _weights(recipe)) if members else None,
        step={
            "task": task,
            "objective": make("objectives", recipe.objective, "objective"),
            "losses": weighted("losses", recipe.losses),
            "penalties": weighted("penalties", recipe.penalties),
            "matching": (matching.weight, matching.normalize) if matching else (0.0, "hifigan"),
        },
    )


def _weights(recipe: Recipe) -> dict[str, float]:
    return {name: plugin.weight for name, plugin in recipe.discriminators.items()}
