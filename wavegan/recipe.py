"""Recipes: a model and its training, described in one typed YAML file.

A recipe may `inherit` a packaged one (by name) or another file (by path). Its own fields override
the parent's; `null` removes an entry; a plug-in with another `name` than the parent's inherits no
options. The fields `needs` and `gave` are not inherited.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import Field, ValidationError, model_validator

from wavegan import aliases, recipe_layers
from wavegan.errors import UserError, suggest
from wavegan.overrides import typed
from wavegan.plugins import is_own
from wavegan.readable import PROSE, escaped
from wavegan.recipe_layers import TYPED, Layer, layer, merged, mistake
from wavegan.recipe_sections import Audio, Data, FeatureMatching, Plugin, Section, Term, Training

if TYPE_CHECKING:
    from wavegan.mel.front_end import Mel


class Recipe(Section):
    """A whole recipe.

    `audio`: sample rate and channels of the audio. `mel`: the front-end of models that take a mel:
    a preset's name, or fields of `Mel` with an optional `preset`; null for models without a mel.

    For people: `description` says what the recipe is for, `needs` what data and machine it needs,
    `gave` what a training of it measured (empty: not trained by us yet).
    """

    description: str = ""
    needs: str = ""
    gave: str = ""
    task: Plugin = Plugin(name="vocode")
    audio: Audio = Audio()
    mel: str | dict[str, Any] | None = None
    generator: Plugin
    discriminators: dict[str, Term] = Field(default={})
    objective: Plugin = Plugin(name="lsgan")
    penalties: dict[str, Term] = Field(default={})
    losses: dict[str, Term] = Field(default={})
    feature_matching: FeatureMatching | None = None
    data: Data = Data()
    training: Training = Training()

    def front_end(self) -> "Mel | None":
        """The mel front-end of `mel` with every field resolved; None: the model takes no mel."""
        if self.mel is None:
            return None
        from wavegan.mel.front_end import Mel

        if isinstance(self.mel, str):
            return Mel.preset(self.mel)
        fields = dict(self.mel)
        preset = fields.pop("preset", None)
        base = Mel.preset(preset).to_dict() if preset else {}
        return Mel.from_dict({**base, **fields})

    def sample_rate(self) -> int:
        """Sample rate of the audio, Hz.

        Raises:
            UserError: `audio` and `mel` contradict each other.
        """
        given, mel = self.audio.sample_rate, self.front_end()
        if mel is None:
            return given or 0  # a missing rate is refused when the recipe is read
        if given not in (None, mel.audio_rate):
            raise UserError(
                f"audio.sample_rate is {given}, but mel is for audio of {mel.audio_rate} Hz: leave "
                f"audio.sample_rate out, or give a mel for {given} Hz"
            )
        return mel.audio_rate

    def absolute(self) -> "Recipe":
        """The same recipe with absolute paths."""
        update: dict[str, Any] = {"data": self.data.absolute()}
        source = self.training.init_from
        if source is not None:
            start = {"init_from": str(Path(source).absolute())}
            update["training"] = self.training.model_copy(update=start)
        return self.model_copy(update=update)

    def own_classes(self) -> list[str]:
        """The sorted names of its classes outside wavegan."""
        return sorted({plugin.name for _, _, plugin in self.plugins() if is_own(plugin.name)})

    def plugins(self) -> Iterator[tuple[str, str, Plugin]]:
        """Each plug-in as (kind, field of the recipe, plug-in)."""
        for kind, field in (("tasks", "task"), ("generators", "generator")):
            yield kind, field, getattr(self, field)
        yield "objectives", "objective", self.objective
        for kind in ("discriminators", "penalties", "losses"):
            for name, term in getattr(self, kind).items():
                yield kind, f"{kind}.{name}", term

    @model_validator(mode="before")
    @classmethod
    def _drop_removed(cls, values: Any) -> Any:
        """Remove the terms that a child set to null."""
        if not isinstance(values, dict):
            return values
        kept = aliases.with_options(aliases.fields(values))
        for field in ("discriminators", "penalties", "losses"):
            if isinstance(kept.get(field), dict):
                kept[field] = {k: v for k, v in kept[field].items() if v is not None}
        return kept

    @model_validator(mode="after")
    def _has_a_rate(self) -> "Recipe":
        if self.mel is None and self.audio.sample_rate is None:
            raise ValueError("audio.sample_rate is missing: give it in Hz, or give a mel")
        return self

    @model_validator(mode="after")
    def _something_to_learn(self) -> "Recipe":
        if not self.losses and not self.discriminators:
            raise ValueError("losses and discriminators are both empty: give at least one of them")
        if not self.losses and self.training.adversarial_from:
            raise ValueError(
                "training.adversarial_from is set, but losses is empty: without losses nothing "
                "trains before that step"
            )
        if self.feature_matching and not self.discriminators:
            raise ValueError("feature_matching needs discriminators: add one or set it to null")
        return self


def load(name_or_path: str, overrides: Sequence[str] = (), *, trust_code: bool = False) -> Recipe:
    """Read a recipe, resolve what it inherits, and apply `KEY=VALUE` overrides.

    Args:
        name_or_path: a name from `recipes()`, or a YAML file.
        overrides: dotted keys with values, e.g. `training.steps=1000`; they override the recipe. A
            value is read by its field's type: paths and texts are used as typed (`wavegan.typed`).
        trust_code: import classes outside wavegan, to read overrides of their options by type; else
            these are read as YAML, and checked when the class is built.

    Raises:
        UserError: the recipe does not exist, is not YAML, has an unknown key or a value that does
            not fit; names the file or the override.
    """
    layers = recipe_layers.read(_locate(name_or_path), recipes())
    words = typed(overrides, Recipe, merged(layers), own=trust_code)
    layers += [layer(TYPED, one.values(value), one.word) for one, value in words]
    recipe = _checked(layers)
    _check_mel(recipe, [one.word for one, _ in words if one.path[0] in ("mel", "audio")])
    return recipe


def _check_mel(recipe: Recipe, words: Sequence[str]) -> None:
    """Check an overridden front-end here, where the message can name the overrides."""
    if not words:
        return
    try:
        recipe.sample_rate()
    except UserError as error:
        raise UserError(f"{' '.join(words)} (command line): {error}") from None


def _checked(layers: Sequence[Layer]) -> Recipe:
    try:
        return Recipe.model_validate(merged(layers))
    except ValidationError as error:
        raise mistake(error, layers, Recipe) from None


def dump(recipe: Recipe, *, plain: bool = False) -> str:
    """A recipe as complete YAML without `inherit`, in the order of its fields.

    Args:
        recipe: the recipe.
        plain: write only ASCII, with escapes for other characters. This is always done if the text
            has control characters.
    """
    values = recipe.model_dump(mode="json")
    text: str = yaml.safe_dump(values, sort_keys=False, allow_unicode=not plain)
    return dump(recipe, plain=True) if escaped(text, PROSE) != text else text


def recipes() -> dict[str, Path]:
    """The recipes that come with wavegan, by name; each can be trained and inherited."""
    inside = Path(__file__).parent / "recipes"
    folder = inside if inside.is_dir() else Path(__file__).parents[1] / "recipes"
    files = {file.stem: file for file in folder.glob("*.yaml")}
    return dict(sorted(files.items()))


def _locate(name_or_path: str) -> Path:
    path = Path(name_or_path)
    if path.is_file():
        return path
    known = recipes()
    if name_or_path in known:
        return known[name_or_path]
    if path.suffix in (".yaml", ".yml") or len(path.parts) > 1:
        raise UserError(f"{name_or_path}: no such recipe file; `wavegan list recipes` shows names")
    raise UserError(f"there is no recipe {name_or_path!r}{suggest(name_or_path, known)}")
