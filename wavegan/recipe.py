"""Recipes: what a model is and how it is trained, as one typed YAML file.

A recipe may `inherit` a packaged preset (by name) or another recipe (by path); its own fields
override the parent's, `null` removes one, and a plug-in whose `name` differs from the parent's
starts from nothing.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import BaseModel, Field, ValidationError, model_validator

from wavegan.errors import UserError, suggest
from wavegan.merge import merge
from wavegan.plugins import describe
from wavegan.recipe_sections import Data, FeatureMatching, Plugin, Section, Term, Training

if TYPE_CHECKING:
    from wavegan.audio.mel import Mel

PRESETS = Path(__file__).parent / "presets"


class Recipe(Section):
    """A whole recipe. `mel` is a preset's name, or fields of `Mel` with an optional `preset`."""

    description: str = ""
    task: Plugin = Plugin(name="vocode")
    mel: str | dict[str, Any]
    generator: Plugin
    discriminators: dict[str, Term] = Field(default={})
    objective: Plugin = Plugin(name="lsgan")
    penalties: dict[str, Term] = Field(default={})
    losses: dict[str, Term] = Field(default={})
    feature_matching: FeatureMatching | None = None
    data: Data = Data()
    training: Training = Training()

    def front_end(self) -> "Mel":
        """The mel front-end that `mel` describes, every field resolved."""
        from wavegan.audio.mel import Mel

        if isinstance(self.mel, str):
            return Mel.preset(self.mel)
        fields = dict(self.mel)
        preset = fields.pop("preset", None)
        base = Mel.preset(preset).to_dict() if preset else {}
        return Mel.from_dict({**base, **fields})

    def absolute(self) -> "Recipe":
        """The same, its paths such that they hold wherever the next command is started."""
        update: dict[str, Any] = {"data": self.data.absolute()}
        source = self.training.init_from
        if source is not None:
            start = {"init_from": str(Path(source).absolute())}
            update["training"] = self.training.model_copy(update=start)
        return self.model_copy(update=update)

    @model_validator(mode="before")
    @classmethod
    def _drop_removed(cls, values: Any) -> Any:
        """A term that a child set to null is gone."""
        if not isinstance(values, dict):
            return values
        kept = dict(values)
        for field in ("discriminators", "penalties", "losses"):
            if isinstance(kept.get(field), dict):
                kept[field] = {k: v for k, v in kept[field].items() if v is not None}
        return kept

    @model_validator(mode="after")
    def _something_to_learn(self) -> "Recipe":
        if not self.losses and not self.discriminators:
            raise ValueError("losses and discriminators are both empty: nothing to learn from")
        if not self.losses and self.training.adversarial_from:
            raise ValueError("training.adversarial_from is set, but there are no losses before it")
        if self.feature_matching and not self.discriminators:
            raise ValueError("feature_matching needs discriminators: add one or set it to null")
        return self


def load(name_or_path: str, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe, resolve what it inherits, and apply `KEY=VALUE` overrides.

    Args:
        name_or_path: a name from `recipes()` or `presets()`, or a YAML file.
        overrides: dotted keys with YAML values, e.g. `training.steps=1000`; they win.

    Raises:
        UserError: no such recipe, not YAML, an unknown key or a value that does not fit.
    """
    file = _locate(name_or_path)
    values = _read(file)
    for override in overrides:
        values = merge(values, _parse_override(override))
    return parse(values, str(file))


def parse(values: Mapping[str, Any], source: str) -> Recipe:
    """Check resolved values against the recipe's types.

    Raises:
        UserError: names the field, and the nearest known one where it is unknown.
    """
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        if first["type"] == "extra_forbidden":
            *parents, key = (str(part) for part in first["loc"])
            known = suggest(key, _fields_at(parents))
            raise UserError(f"{'.'.join([*parents, key])}: no such field{known}") from None
        raise UserError(f"{describe(error, '')} in {source}") from None


def dump(recipe: Recipe) -> str:
    """A recipe as YAML in the order of its fields; nothing is inherited any more."""
    return yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def recipes() -> dict[str, Path]:
    """The runnable recipes that come with wavegan, by name."""
    inside = Path(__file__).parent / "recipes"
    folder = inside if inside.is_dir() else Path(__file__).parents[1] / "recipes"
    return _by_name(folder)


def presets() -> dict[str, Path]:
    """The packaged parents of recipes, by name."""
    return _by_name(PRESETS)


def _by_name(folder: Path) -> dict[str, Path]:
    files = {file.stem: file for file in folder.glob("*.yaml")}
    return dict(sorted(files.items()))


def _locate(name_or_path: str) -> Path:
    path = Path(name_or_path)
    if path.is_file():
        return path
    known = {**presets(), **recipes()}
    if name_or_path in known:
        return known[name_or_path]
    if path.suffix in (".yaml", ".yml") or len(path.parts) > 1:
        raise UserError(f"{name_or_path}: no such recipe file")
    raise UserError(f"there is no recipe {name_or_path!r}{suggest(name_or_path, known)}")


def _read(file: Path, seen: tuple[Path, ...] = ()) -> dict[str, Any]:
    if file.resolve() in seen:
        raise UserError(f"{file}: inherits itself")
    try:
        values = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{file}: not a YAML file ({' '.join(str(error).split())})") from None
    if not isinstance(values, dict):
        raise UserError(f"{file}: a recipe is a mapping of fields, this is {type(values).__name__}")
    inherit = values.pop("inherit", None)
    if inherit is None:
        return values
    beside = file.parent / str(inherit)
    parent = beside if beside.is_file() else presets().get(str(inherit))
    if parent is None:
        raise UserError(f"{file}: inherit: {inherit!r} is neither a file beside it nor a preset")
    return merge(_read(parent, (*seen, file.resolve())), values)


def _parse_override(text: str) -> dict[str, Any]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise UserError(f"{text!r}: write KEY=VALUE, e.g. training.steps=1000")
    try:
        nested: Any = yaml.safe_load(value)
    except yaml.YAMLError:
        raise UserError(f"{key}: {value!r} is not a YAML value") from None
    for part in reversed(key.strip().split(".")):
        nested = {part: nested}
    return dict(nested)


def _fields_at(path: Sequence[str]) -> list[str]:
    model: type[BaseModel] = Recipe
    for part in path:
        annotation = model.model_fields[part].annotation if part in model.model_fields else None
        candidates = [annotation, *getattr(annotation, "__args__", ())]
        sections = [c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)]
        if not sections:
            return []
        model = sections[0]
    return list(model.model_fields)
