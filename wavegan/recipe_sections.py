"""The sections of a recipe, each a table of fields with their types and defaults."""

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    field_validator,
)

from wavegan import bounded_pattern


def _as_here(value: Any) -> Any:
    """A path that no shell has seen: `~` and letters as names of files have them here."""
    if not isinstance(value, str):
        return value
    return os.fsdecode(os.path.expanduser(value).encode("utf-8", "surrogateescape"))


def _as_written(path: Path) -> str:
    """A path that is read back as one, also where it is called `007` or `~`."""
    text = str(path)
    try:
        float(text)
    except ValueError:
        return f"./{text}" if text.startswith("~") else text
    return f"./{text}"


Positive = Annotated[int, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
# names of files need not be UTF-8, and pydantic writes no others of its own accord
Place = Annotated[Path, BeforeValidator(_as_here), PlainSerializer(_as_written, when_used="json")]


class Section(BaseModel):
    """A part of a recipe: its fields are all there are, and do not change."""

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


class FeatureMatching(Section):
    """Feature matching: its weight, and whose normalisation it has."""

    weight: NonNegative = 2.0
    normalize: Literal["hifigan", "melgan"] = "hifigan"


class Audio(Section):
    """The audio that a model makes and is trained on.

    `sample_rate` in Hz (null: that of `mel`); `channels`: 1 for mono, 2 for stereo.
    """

    sample_rate: Positive | None = None
    channels: Positive = 1


class Data(Section):
    """What is read from the folder of audio.

    `folder`: where the audio is (the command line's DATA); `segment` in samples; `peak`: every file
    is scaled to this peak (null: as recorded); `mels`: a folder with a TTS model's mel for each
    audio file, for fine-tuning (null: mels are made of the audio);
    `train`, `validation`: lists of files, or for `validation` a share (0 to 1) or a number of
    files, or 0 or null to hold out nothing; `workers`: processes that read (null: chosen by the
    machine); `validation_seconds`: how much of each validation file is used, at
    most 60, since that is generated at once; `labels`: `folders`:
    the folder that a file lies in is its label; `names`: what `label_pattern`, a regular expression
    with one group, finds in its name (null: no labels; a list: these, from `label_from`, as a run
    has it written down); `balance`: every label is drawn equally often; `align`: `start`: crops
    begin where their file does (`random`: anywhere).
    """

    folder: Place | None = None
    mels: Place | None = None
    segment: Positive = 8192
    peak: Annotated[float, Field(gt=0, le=1)] | None = 0.95
    train: Place | None = None
    validation: int | float | Place = 0.05
    workers: Annotated[int, Field(ge=0)] | None = None
    validation_seconds: Annotated[float, Field(gt=0, le=60)] = 10.0
    labels: Literal["folders", "names"] | tuple[str, ...] | None = None
    label_from: Literal["folders", "names"] = "folders"
    label_pattern: str = "^([^_]+)_"
    balance: bool = False
    align: Literal["random", "start"] = "random"

    def absolute(self) -> "Data":
        """The same, its paths such that they hold wherever the next command is started."""
        paths = {name: value.absolute() for name, value in self if isinstance(value, Path)}
        return self.model_copy(update=paths)

    @field_validator("validation", mode="before")
    @classmethod
    def _nothing_is_zero(cls, value: Any) -> Any:
        """Nothing is held out by 0, null, or the word for it."""
        nothing = str(value).lower() in ("none", "null")
        return 0 if nothing and not Path(str(value)).is_file() else value

    @field_validator("label_pattern")
    @classmethod
    def _has_a_group(cls, value: str) -> str:
        bounded_pattern.check(value)
        return value


class Optimizer(Section):
    """AdamW for both networks; `discriminator_lr` null: the same rate."""

    lr: Annotated[float, Field(gt=0)] = 2e-4
    discriminator_lr: Annotated[float, Field(gt=0)] | None = None
    betas: tuple[float, float] = (0.8, 0.99)
    weight_decay: NonNegative = 0.01


class Schedule(Section):
    """Learning rate as a factor per step.

    `exponential`: `gamma ** (step / every)`; `step`: `gamma ** floor(step / every)`, not below
    `final`; `cosine`: from 1 to `final` over the player's steps. `warmup` steps rise from 0 first.
    """

    name: Literal["constant", "exponential", "step", "cosine"] = "constant"
    warmup: Annotated[int, Field(ge=0)] = 0
    gamma: Annotated[float, Field(gt=0, le=1)] = 0.999
    every: Positive = 1
    final: Annotated[float, Field(ge=0, le=1)] = 0.0


class Augmentation(Section):
    """Changes to what D sees of real and fake, so that it does not learn a small folder by heart.

    `probability` of each change, or `adaptive`: as much as keeps the mean sign of D's real logits
    at `target`, 0 to 1 within `adjustment_clips`, at most `max_probability`; `max_crops`: only
    where the clips hold no more crops than that. The others are sizes of the changes, 0 or false
    for none (see `wavegan/data/augment.py`).
    """

    probability: Annotated[float, Field(gt=0, le=1)] | Literal["adaptive"] = "adaptive"
    target: float = 0.6
    adjustment_clips: int = 100_000
    max_probability: float = 0.8
    max_crops: Positive = 30_000
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
        control = {"probability", "target", "adjustment_clips", "max_probability", "max_crops"}
        return self.model_dump(exclude=control)


class Training(Section):
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
    init_from: Annotated[str, BeforeValidator(_as_here), Field(min_length=1)] | None = None
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
