"""Shared by training and dry runs: complete the recipe, fit networks, assemble the step."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import nn

from wavegan import bundle
from wavegan.data.segments import Segments
from wavegan.discriminators.base import Discriminator
from wavegan.generators.base import LatentGenerator
from wavegan.recipe import Recipe
from wavegan.training import files, warm_start
from wavegan.training.adaptive import Adaptive
from wavegan.training.checkpoint import Progress, TrainState
from wavegan.training.ema import EMA
from wavegan.training.parts import Parts
from wavegan.training.processes import broadcast
from wavegan.training.step import LearningNetwork, Step

FITTED, FEW = 1024, 8
"""Crops for networks' statistics before training, and before steps are timed."""


def settle(
    recipe: Recipe, resume: bool, note: warm_start.Note
) -> tuple[Recipe, bundle.Model | None]:
    """Complete a recipe from its initial model and given mels; a resumed run already has this."""
    recipe, model = (recipe, None) if resume else warm_start.adopt(recipe, note)
    return warm_start.keep_level(recipe, model, note), model


def labelled(recipe: Recipe, found: files.Files) -> Recipe:
    """Write the labels found in the data into the recipe; returns it unchanged if it has labels."""
    source = recipe.data.labels
    if not isinstance(source, str):
        return recipe
    update = {"labels": files.labels(found, source), "label_from": source}
    return recipe.model_copy(update={"data": recipe.data.model_copy(update=update)})


def fit(made: Parts, segments: Segments, count: int = FITTED) -> None:
    """Let networks that use statistics of real crops compute them before training."""
    for network in (made.generator, made.discriminator):
        if isinstance(network, LatentGenerator | Discriminator):
            network.fit(files.sample(segments, count))


def adaptive(recipe: Recipe, made: Parts, clips: int, note: warm_start.Note) -> Adaptive | None:
    """The controller of augmentation strength, or None; turns augmentation off for large data."""
    chosen = recipe.training.augment
    if chosen is None:
        return None
    if clips > chosen.max_crops:
        most = f"its max_crops {chosen.max_crops:,}"
        note(f"training.augment is off: {clips:,} crops are more than {most}")
        made.terms.augment = None
        return None
    if chosen.probability != "adaptive":
        return None
    return Adaptive(
        recipe.training.batch_size,
        target=chosen.target,
        adjustment_clips=chosen.adjustment_clips,
        most=chosen.max_probability,
    )


def assemble(
    recipe: Recipe,
    made: Parts,
    device: torch.device,
    autocast: Callable[[], AbstractContextManager[None]],
) -> tuple[TrainState, Step]:
    """Networks on their device, equal in all processes, with optimizers, and the training step.

    Args:
        recipe: the training options.
        made: the networks and the terms of a step.
        device: where to compute.
        autocast: makes the context in which networks run.
    """
    training = recipe.training
    networks: dict[str, nn.Module] = {"generator": made.generator}
    clips = {"generator": training.clip_generator, "discriminator": training.clip_discriminator}
    if made.discriminator is not None:
        networks["discriminator"] = made.discriminator
    for network in networks.values():
        broadcast(network.to(device))
    made.terms.to(device)
    options: dict[str, Any] = training.optimizer.model_dump(exclude={"discriminator_lr"})
    optimizers = {
        name: torch.optim.AdamW(network.parameters(), fused=True, **options)
        for name, network in networks.items()
    }
    learning = {
        name: LearningNetwork(networks[name], optimizers[name], clips[name]) for name in networks
    }
    ema = EMA(made.generator, training.ema) if training.ema else None
    step = Step(
        generator=learning["generator"],
        discriminator=learning.get("discriminator"),
        autocast=autocast,
        **vars(made.terms),
    )
    return TrainState(networks, optimizers, ema, Progress()), step
