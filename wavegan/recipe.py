"""Recipes: what a model is and how it is trained, as one typed YAML file.

A recipe may `inherit` a packaged preset (by name) or another recipe (by path); its own fields
override the parent's, `null` removes one, and a plug-in whose `name` differs from the parent's
starts from nothing.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from wavegan.errors import UserError, suggest
from wavegan.merge import merge
from wavegan.plugins import describe

if TYPE_CHECKING:
    from wavegan.audio.mel import Mel

PRESETS = Path(__file__).parent / "presets"
Positive = Annotated[int, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class Plugin(BaseModel):
    """A plug-in's `name`; every other field is an option of its constructor."""

    model_config = ConfigDict(extra="allow", frozen=True, protected_namespaces=())
    name: str

    @property
    def options(self) -> dict[str, Any]:
        """What the recipe says beside the fields known here."""
        return dict(self.model_extra or {})


class Term(Plugin):
    """A loss, penalty or discriminator with the weight of (each of) its terms in the total."""

    weight: NonNegative = 1.0


class FeatureMatching(_Section):
    """Feature matching: its weight, and whose normalisation it has."""

    weight: NonNegative = 2.0
    normalize: Literal["hifigan", "melgan"] = "hifigan"


class Data(_Section):
    """What is read from the folder of audio.

    `folder`: where the audio is (the command line's DATA); `segment` in samples; `channels` of the
    audio; `peak`: every file is scaled to this peak (null: as recorded); `mels`: a folder with a
    TTS model's mel for each audio file, for fine-tuning (null: mels are made of the audio);
    `train`, `validation`: lists of files, or for `validation` a share (0 to 1) or a number of
    files; `workers`: processes that read (null: chosen by the machine); `validation_seconds`: how
    much of each validation file is used; `labels`: `folders`: the folder that a file lies in is its
    label (null: no labels; a list: these, as a run has it written down); `balance`: every label is
    drawn equally often; `align`: `start`: crops begin where their file does (`random`: anywhere).
    """

    folder: Path | None = None
    mels: Path | None = None
    segment: Positive = 8192
    channels: Positive = 1
    peak: Annotated[float, Field(gt=0, le=1)] | None = 0.95
    train: Path | None = None
    validation: int | float | Path = 0.05
    workers: Annotated[int, Field(ge=0)] | None = None
    validation_seconds: Annotated[float, Field(gt=0)] = 10.0
    labels: Literal["folders"] | tuple[str, ...] | None = None
    balance: bool = False
    align: Literal["random", "start"] = "random"


class Optimizer(_Section):
    """AdamW for both players; `discriminator_lr` null: the same rate."""

    lr: Annotated[float, Field(gt=0)] = 2e-4
    discriminator_lr: Annotated[float, Field(gt=0)] | None = None
    betas: tuple[float, float] = (0.8, 0.99)
    weight_decay: NonNegative = 0.01


class Schedule(_Section):
    """Learning rate as a factor per step.

    `exponential`: `gamma ** (step / every)`; `step`: `gamma ** floor(step / every)`, not below
    `final`; `cosine`: from 1 to `final` over the player's steps. `warmup` steps rise from 0 first.
    """

    name: Literal["constant", "exponential", "step", "cosine"] = "constant"
    warmup: Annotated[int, Field(ge=0)] = 0
    gamma: Annotated[float, Field(gt=0, le=1)] = 0.999
    every: Positive = 1
    final: Annotated[float, Field(ge=0, le=1)] = 0.0


class Augmentation(_Section):
    """Changes to what D sees of real and fake, so that it does not learn a small folder by heart.

    `probability` of each change, or `adaptive`: as much as keeps the mean sign of D's real logits
    at `target`, 0 to 1 within `adjustment_clips`, at most `most`; `up_to`: only where the clips
    hold no more crops than that. The others are sizes of the changes, 0 or false for none (see
    `wavegan/data/augment.py`).
    """

    probability: Annotated[float, Field(gt=0, le=1)] | Literal["adaptive"] = "adaptive"
    target: float = 0.6
    adjustment_clips: int = 100_000
    most: float = 0.8
    up_to: Positive = 30_000
    polarity: bool = True
    channels: bool = True
    gain: float = 6.0
    shift: float = 0.125
    loop: bool = False
    speed: float = 0.0
    equalise: float = 3.0
    noise: float = 0.0
    mask: float = 0.0

    @property
    def changes(self) -> dict[str, Any]:
        """The sizes of the changes."""
        control = {"probability", "target", "adjustment_clips", "most", "up_to"}
        return self.model_dump(exclude=control)


class Training(_Section):
    """How long and how. `batch_size` is global: all processes together.

    `clip_*`: largest gradient norm (null: only logged); `ema`: decay of the averaged generator
    (null: none kept); `adversarial_from`: the first step at which D takes part; `init_from`: a
    model (ours or another project's) whose weights, network and mel front-end are the start;
    `n_critic`: steps of D for each of G; `augment`: what D sees is changed at random (null: not);
    `validation_clips`: how many held-out clips are vocoded, or how many sounds are generated, to
    validate; intervals are in steps, which are D's.
    """

    steps: Positive = 1_000_000
    batch_size: Positive = 16
    seed: Annotated[int, Field(ge=0)] = 1234
    precision: Literal["no", "bf16"] = "no"
    optimizer: Optimizer = Optimizer()
    schedule: Schedule = Schedule()
    clip_generator: Annotated[float, Field(gt=0)] | None = None
    clip_discriminator: Annotated[float, Field(gt=0)] | None = None
    ema: Annotated[float, Field(gt=0, lt=1)] | None = 0.999
    adversarial_from: Annotated[int, Field(ge=0)] = 0
    n_critic: Positive = 1
    augment: Augmentation | None = None
    init_from: str | None = None
    log_every: Positive = 50
    checkpoint_every: Positive = 5000
    validate_every: Positive = 5000
    keep_last: Positive = 3
    validation_clips: Positive = 16
    previews: Annotated[int, Field(ge=0)] = 4
    trackers: tuple[str, ...] = ("tensorboard",)

    @field_validator("precision", mode="before")
    @classmethod
    def _yaml_reads_no_as_false(cls, value: Any) -> Any:
        return "no" if value is False else value


class Recipe(_Section):
    """A whole recipe. `mel` is a preset's name, or fields of `Mel` with an optional `preset`."""

    description: str = ""
    task: Plugin = Plugin(name="vocode")
    mel: str | dict[str, Any]
    generator: Plugin
    discriminators: dict[str, Term] = {}
    objective: Plugin = Plugin(name="lsgan")
    penalties: dict[str, Term] = {}
    losses: dict[str, Term] = {}
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
