"""Starting from a model: its network and front-end become the recipe's, its weights the start."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor, nn

from wavegan import bundle, plugins
from wavegan.errors import UserError
from wavegan.mel.front_end import Mel
from wavegan.recipe import Recipe, load, recipes
from wavegan.recipe_sections import Audio, Plugin
from wavegan.training.checkpoint import FOLDER
from wavegan.training.parts import Parts

LONGEST = 8
"""Values of a list that a note still shows."""

Note = Callable[[str], None]


def adopt(recipe: Recipe, note: Note) -> tuple[Recipe, bundle.Model | None]:
    """Make a recipe that of the model it starts from.

    The weights fit no other network and mean nothing behind another front-end, so the model's
    `generator` and `mel` replace the recipe's; a note says what that changes.

    Args:
        recipe: resolved; without `training.init_from` it is returned as it is.
        note: is told what changed.

    Returns:
        The recipe to train, and the model with the weights of its discriminators.

    Raises:
        UserError: nothing usable there, or a model of another kind than the recipe's.
    """
    source = recipe.training.init_from
    if source is None:
        return recipe, None
    model = bundle.read(source, discriminators=True)
    _check_kind(recipe, model.config, source)
    changes = _changes(recipe, model.config)
    if changes:
        note(f"generator and mel are those of {source}: {'; '.join(changes)}")
    values = {
        "generator": Plugin(**model.config.generator),
        **_audio_of(model.config),
    }
    return recipe.model_copy(update=values), model


def keep_level(recipe: Recipe, model: bundle.Model | None, note: Note) -> Recipe:
    """Settle the level of the audio: with given mels it stays as recorded, as theirs does."""
    peak, trained = recipe.data.peak, model.config.peak if model else recipe.data.peak
    where = recipe.training.init_from
    if recipe.data.mels is None:
        if peak != trained:
            note(
                f"data.peak is {_shown(peak)}, but {where} was trained with {_shown(trained)}: "
                "set it alike unless the other level is wanted"
            )
        return recipe
    if peak is None:
        return recipe
    note(
        f"data.peak {peak} is set to null: the given mels have the level of the recordings, so "
        "these are not rescaled"
    )
    if model and trained is not None:
        note(
            f"{where} was trained on audio scaled to the peak {trained}: where recordings are "
            "quieter, it has to learn their level first"
        )
    return recipe.model_copy(update={"data": recipe.data.model_copy(update={"peak": None})})


def load_weights(parts: Parts, model: bundle.Model, note: Note) -> None:
    """Load a model's weights into fresh networks: G, and each discriminator that fits.

    Of our own checkpoints G is the one that trained, not its average.

    Raises:
        UserError: the generator's weights do not fit its configuration, or it makes other sounds.
    """
    _check_sounds(model, parts.config)
    raw = model.source.parent / FOLDER / "generator.safetensors"
    source = raw if raw.is_file() else model.source
    weights = bundle.read_weights(raw) if raw.is_file() else model.weights
    bundle.load_strictly(parts.generator, _with_norm(parts.generator, weights), source)
    if parts.discriminator is None:
        return
    if not model.discriminators:
        note(f"{model.source} comes without discriminators, so D starts fresh")
        return
    for name, member in parts.discriminator.members.items():
        reason = _load_member(member, name, model.discriminators)
        if reason:
            note(f"the discriminator {name} starts fresh: {reason}")


def _check_sounds(model: bundle.Model, ours: bundle.Config) -> None:
    """Refuse a generator of sounds whose labels or length are not the run's."""
    theirs = model.config
    for field, yours, wanted in (
        ("data.labels", list(ours.labels), list(theirs.labels)),
        ("data.segment", ours.segment, theirs.segment),
        ("audio.channels", ours.channels, theirs.channels),
    ):
        if yours != wanted:
            raise UserError(
                f"{field} is {_shown(yours)}, but {model.source} was trained with "
                f"{_shown(wanted)}: set it alike, or start without training.init_from"
            )


def _load_member(
    member: nn.Module, name: str, found: Mapping[str, Mapping[str, Tensor]]
) -> str | None:
    """Load one discriminator wholly or not at all; returns why not."""
    if name not in found:
        return f"the model has none of that name, only {', '.join(sorted(found))}"
    # a strict load that fails has already copied what fits
    fresh = {key: value.clone() for key, value in member.state_dict().items()}
    try:
        member.load_state_dict(_with_norm(member, found[name]), strict=True)
    except RuntimeError as error:
        member.load_state_dict(fresh)
        return f"the model's does not fit ({' '.join(str(error).split(':', 1)[1].split())[:160]})"
    return None


def _with_norm(network: nn.Module, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights whose norm was folded for inference, split into direction and gain again.

    So they train, and are saved and resumed, as those of a network that was never folded.
    """
    split = dict(weights)
    for name, child in network.named_modules():
        for weight, chain in getattr(child, "parametrizations", {}).items():
            if f"{name}.{weight}" in weights and hasattr(chain, "original1"):
                values = chain[0].right_inverse(split.pop(f"{name}.{weight}"))
                prefix = f"{name}.parametrizations.{weight}"
                split |= {f"{prefix}.original{i}": value for i, value in enumerate(values)}
    return split


def _check_kind(recipe: Recipe, config: bundle.Config, source: str) -> None:
    ours, theirs = recipe.generator.name, config.generator["name"]
    if config.task != recipe.task.name:
        raise UserError(
            f"training.init_from: {source} is a model for the task {config.task}, the recipe's is "
            f"{recipe.task.name}: choose a recipe for {config.task}"
        )
    if ours != theirs:
        fitting = [name for name in recipes() if load(name).generator.name == theirs]
        choose = f"choose one of {', '.join(fitting)}" if fitting else "no packaged recipe has it"
        raise UserError(
            f"training.init_from: the generator of {source} is {theirs}, the recipe's is {ours}: "
            f"{choose}"
        )


def _changes(recipe: Recipe, config: bundle.Config) -> list[str]:
    """What the model's generator and front-end have otherwise than the recipe's."""
    # it is the recipe's own, and the model's has the same name
    cls = plugins.find("generators", recipe.generator.name, own=True)
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(cls).parameters.items()
        if parameter.default is not parameter.empty
    }
    sections = {
        "generator": (defaults | recipe.generator.options, defaults | dict(config.generator)),
        "mel": (_fields(recipe.front_end()), _fields(config.mel)),
    }
    return [
        f"{section}.{field} {_shown(new.get(field))} (recipe: {_shown(old.get(field))})"
        for section, (old, new) in sections.items()
        for field in dict.fromkeys((*old, *new))
        if field != "name" and _plain(old.get(field)) != _plain(new.get(field))
    ]


def _audio_of(config: bundle.Config) -> dict[str, Any]:
    """The recipe's sections `audio` and `mel` for a model."""
    rate = None if config.mel else config.sample_rate
    return {
        "audio": Audio(sample_rate=rate, channels=config.channels),
        "mel": _fields(config.mel) or None,
    }


def _fields(mel: Mel | None) -> dict[str, Any]:
    return mel.to_dict() if mel else {}


def _plain(value: Any) -> Any:
    """The value as JSON has it: without tuples."""
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple) and len(value) > LONGEST:
        return f"{len(value)} values"
    if isinstance(value, float):
        return f"{value:g}"
    return "null" if value is None else str(_plain(value))
