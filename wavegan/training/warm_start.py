"""Start training from a model: take over its generator, front-end and weights."""

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
"""Lists with more values are not printed in notes."""

Note = Callable[[str], None]


def adopt(recipe: Recipe, note: Note) -> tuple[Recipe, bundle.Model | None]:
    """Adapt a recipe to the model it starts from.

    The weights only fit the model's generator and only work with its front-end, so the model's
    `generator` and `mel` replace the recipe's; a note lists the changes.

    Args:
        recipe: resolved; returned unchanged without `training.init_from`.
        note: receives the changes.

    Returns:
        The recipe to train, and the model with the weights of its discriminators.

    Raises:
        UserError: there is no usable model, or its task or generator is not the recipe's.
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
    """Set `data.peak` to null if mels are given: these have the level of the recordings."""
    peak, trained = recipe.data.peak, model.config.peak if model else recipe.data.peak
    where = recipe.training.init_from
    if recipe.data.mels is None:
        if peak != trained:
            note(
                f"data.peak is {_shown(peak)}, but {where} was trained with {_shown(trained)}: set "
                "it to the same value unless you want another level"
            )
        return recipe
    if peak is None:
        return recipe
    note(
        f"data.peak {peak} is set to null: the given mels have the level of the recordings, so the "
        "recordings are not rescaled"
    )
    if model and trained is not None:
        note(
            f"{where} was trained on audio scaled to the peak {trained}: if your recordings are "
            "quieter, it must first learn their level"
        )
    return recipe.model_copy(update={"data": recipe.data.model_copy(update={"peak": None})})


def load_weights(parts: Parts, model: bundle.Model, note: Note) -> None:
    """Load a model's weights into fresh networks: G, and each discriminator that fits.

    From our own checkpoints the raw G is used, not the averaged one.

    Raises:
        UserError: the generator's weights do not fit its configuration, or its labels, length or
            channels are not those of the run.
    """
    _check_sounds(model, parts.config)
    raw = model.source.parent / FOLDER / "generator.safetensors"
    source = raw if raw.is_file() else model.source
    weights = bundle.read_weights(raw) if raw.is_file() else model.weights
    bundle.load_strictly(parts.generator, _with_norm(parts.generator, weights), source)
    if parts.discriminator is None:
        return
    if not model.discriminators:
        note(f"{model.source} has no discriminators, so D starts fresh")
        return
    for name, member in parts.discriminator.members.items():
        reason = _load_member(member, name, model.discriminators)
        if reason:
            note(f"the discriminator {name} starts fresh: {reason}")


def _check_sounds(model: bundle.Model, ours: bundle.Config) -> None:
    """Refuse a generator with other labels, length or channels than the run."""
    theirs = model.config
    for field, yours, wanted in (
        ("data.labels", list(ours.labels), list(theirs.labels)),
        ("data.segment", ours.segment, theirs.segment),
        ("audio.channels", ours.channels, theirs.channels),
    ):
        if yours != wanted:
            raise UserError(
                f"{field} is {_shown(yours)}, but {model.source} was trained with "
                f"{_shown(wanted)}: set it to that, or start without training.init_from"
            )


def _load_member(
    member: nn.Module, name: str, found: Mapping[str, Mapping[str, Tensor]]
) -> str | None:
    """Load one discriminator completely or not at all; returns why not, or None."""
    if name not in found:
        return f"the model has no discriminator of that name, only {', '.join(sorted(found))}"
    # a strict load that fails has already copied the tensors that fit
    fresh = {key: value.clone() for key, value in member.state_dict().items()}
    try:
        member.load_state_dict(_with_norm(member, found[name]), strict=True)
    except RuntimeError as error:
        member.load_state_dict(fresh)
        reason = " ".join(str(error).split(":", 1)[1].split())[:160]
        return f"the model's weights do not fit ({reason})"
    return None


def _with_norm(network: nn.Module, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Undo the folding of weight norm: split weights into direction and gain again.

    Then the network trains, saves and resumes like one that was never folded.
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
            f"training.init_from: {source} is a model for the task {config.task}, but the recipe's "
            f"task is {recipe.task.name}: choose a recipe for {config.task}"
        )
    if ours != theirs:
        fitting = [name for name in recipes() if load(name).generator.name == theirs]
        choose = f"choose one of {', '.join(fitting)}" if fitting else "no packaged recipe has it"
        raise UserError(
            f"training.init_from: the generator of {source} is {theirs}, but the recipe's is "
            f"{ours}: {choose}"
        )


def _changes(recipe: Recipe, config: bundle.Config) -> list[str]:
    """Differences between the model's generator and front-end and the recipe's."""
    # the recipe's generator and the model's have the same name
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
    """Convert tuples to lists, as in JSON."""
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple) and len(value) > LONGEST:
        return f"{len(value)} values"
    if isinstance(value, float):
        return f"{value:g}"
    return "null" if value is None else str(_plain(value))
