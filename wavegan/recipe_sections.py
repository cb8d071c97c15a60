"""The sections of a recipe: their fields with types and defaults."""

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
    """A path from YAML, with `~` expanded and in the encoding of this system's file names."""
    if not isinstance(value, str):
        return value
    return os.fsdecode(os.path.expanduser(value).encode("utf-8", "surrogateescape"))


def _as_written(path: Path) -> str:
    """A path as text that is read back as the same path, even if its name is `007` or `~`."""
    text = str(path)
    try:
        float(text)
    except ValueError:
        return f"./{text}" if text.startswith("~") else text
    return f"./{text}"


Positive = Annotated[int, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
# pydantic cannot write paths that are not UTF-8 by itself
Place = Annotated[Path, BeforeValidator(_as_here), PlainSerializer(_as_written, when_used="json")]


class Section(BaseModel):
    """A part of a recipe: immutable, and unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class Plugin(BaseModel):
    """A plug-in's `name`; every other field is an option of its constructor."""

    model_config = ConfigDict(extra="allow", frozen=True, protected_namespaces=())
    name: str

    @property
    def options(self) -> dict[str, Any]:
        """The options of the constructor."""
        return dict(self.model_extra or {})


class Term(Plugin):
    """A loss, penalty or discriminator, with the weight of each of its terms in the total."""

    weight: NonNegative = 1.0


class FeatureMatching(Section):
    """Feature matching: its weight, and the project whose normalisation it uses."""

    weight: NonNegative = 2.0
    normalize: Literal["hifigan", "melgan"] = "hifigan"


class Audio(Section):
    """The audio that a model makes and is trained on.

    `sample_rate` in Hz (null: that of `mel`); `channels`: 1 for mono, 2 for stereo.
    """

    sample_rate: Positive | None = None
    channels: Positive = 1


class Data(Section):
    """The audio data and how it is read.

    `folder`: the folder of audio (the command line's DATA). `mels`: a folder with a TTS model's mel
    for each audio file, for fine-tuning (null: mels are computed from the audio). `segment`: length
    of a crop in samples. `peak`: every file is scaled to this peak (null: as recorded). `train`,
    `validation`: lists of files; `validation` may also be a share (0 to 1) or a number of files, or
    0 or null to hold out nothing. `workers`: processes that read files (null: chosen for the
    machine). `validation_seconds`: how much of each validation file is used, at most 60, because it
    is generated in one piece. `labels`: `folders`: a file's label is the name of its folder;
    `names`: its label is what `label_pattern`, a regular expression with one group, matches in the
    file name; null: no labels; a list: these labels, from `label_from` (written into a run's recipe
    by training). `balance`: draw every label equally often. `align`: `start`: crops begin at the
    start of their file; `random`: anywhere.
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
        """The same section with absolute paths."""
        paths = {name: value.absolute() for name, value in self if isinstance(value, Path)}
        return self.model_copy(update=paths)

    @field_validator("validation", mode="before")
    @classmethod
    def _nothing_is_zero(cls, value: Any) -> Any:
        """Read null and the word `none` as 0, unless there is a file of that name."""
        nothing = str(value).lower() in ("none", "null")
        return 0 if nothing and not Path(str(value)).is_file() else value

    @field_validator("label_pattern")
    @classmethod
    def _has_a_group(cls, value: str) -> str:
        bounded_pattern.check(value)
        return value


class Optimizer(Section):
    """AdamW for both networks; `discriminator_lr` null: the same as `lr`."""

    lr: Annotated[float, Field(gt=0)] = 2e-4
    discriminator_lr: Annotated[float, Field(gt=0)] | None = None
    betas: tuple[float, float] = (0.8, 0.99)
    weight_decay: NonNegative = 0.01


class Schedule(Section):
    """Learning-rate schedule: a factor per step.

    `exponential`: `gamma ** (step / every)`; `step`: `gamma ** floor(step / every)`, not below
    `final`; `cosine`: from 1 to `final` over all steps of the network. `warmup`: steps of a linear
    rise from 0 at the start.
    """

    name: Literal["constant", "exponential", "step", "cosine"] = "constant"
    warmup: Annotated[int, Field(ge=0)] = 0
    gamma: Annotated[float, Field(gt=0, le=1)] = 0.999
    every: Positive = 1
    final: Annotated[float, Field(ge=0, le=1)] = 0.0


class Augmentation(Section):
    """Augmentation of D's real and fake input, against memorizing a small data set.

    `probability`: of each change; `adaptive`: adjusted to keep the mean sign of D's real logits at
    `target`, fast enough to go from 0 to 1 within `adjustment_clips` clips, at most
    `max_probability`. `max_crops`: augment only if the data has at most so many crops. The other
    fields are sizes of the changes, 0 or false for none (see `wavegan/data/augment.py`).
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
    """The length and the settings of training. `batch_size` is global, over all processes.

    `clip_*`: largest gradient norm (null: only logged). `ema`: decay of the averaged generator
    (null: none is kept). `adversarial_from`: the first step with D. `init_from`: a model (ours or
    another project's) to start from, with its weights, network and mel front-end. `n_critic`: steps
    of D for each step of G. `augment`: augmentation of D's input (null: none). `validation_clips`:
    how many held-out clips are vocoded, or how many sounds are generated, for validation.
    Intervals (`*_every`) are in steps of D.
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
