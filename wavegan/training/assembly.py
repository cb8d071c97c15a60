"""What training and its plan both do: settle a recipe, fit networks, put a step together."""

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
"""Crops of which a network may take statistics before it trains, and before steps are timed."""


def settle(
    recipe: Recipe, resume: bool, note: warm_start.Note
) -> tuple[Recipe, bundle.Model | None]:
    """What the model to start from and given mels decide; a run that goes on has it settled."""
    recipe, model = (recipe, None) if resume else warm_start.adopt(recipe, note)
    return warm_start.keep_level(recipe, model, note), model


def labelled(recipe: Recipe, found: files.Files) -> Recipe:
    """Write the labels that were found into the recipe, and where; else it is the same object."""
    source = recipe.data.labels
    if not isinstance(source, str):
        return recipe
    update = {"labels": files.labels(found, source), "label_from": source}
    return recipe.model_copy(update={"data": recipe.data.model_copy(update=update)})


def fit(made: Parts, segments: Segments, count: int = FITTED) -> None:
    """Let networks take statistics of real crops, where they take any, before they train."""
    for network in (made.generator, made.discriminator):
        if isinstance(network, LatentGenerator | Discriminator):
            network.fit(files.sample(segments, count))


def adaptive(recipe: Recipe, made: Parts, clips: int, note: warm_start.Note) -> Adaptive | None:
    """What sets the strength of augmentation; augmentation is off where clips abound."""
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
    """Networks on their device, alike in all processes, with optimizers, and the step of both.

    Args:
        recipe: says how they learn.
        made: the networks and what a step computes beside them.
        device: where they compute.
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
    players = {
        name: LearningNetwork(networks[name], optimizers[name], clips[name]) for name in networks
    }
    ema = EMA(made.generator, training.ema) if training.ema else None
    step = Step(
        generator=players["generator"],
        discriminator=players.get("discriminator"),
        autocast=autocast,
        **vars(made.terms),
    )
    return TrainState(networks, optimizers, ema, Progress()), step
