"""A bundle's configuration (`config.json`), and a model of any project after it was read."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

import wavegan
from wavegan import aliases, json_file
from wavegan.errors import UserError
from wavegan.mel.front_end import Mel

FORMAT = 2
MOST_CHANNELS, HIGHEST_RATE = 64, 1 << 23
LONGEST = 1 << 20
"""Largest `config.json` in bytes."""


class _Audio(BaseModel):
    """The section `audio` of `config.json`."""

    model_config = ConfigDict(strict=True)

    sample_rate: int = Field(ge=1, le=HIGHEST_RATE)
    channels: int = Field(ge=1, le=MOST_CHANNELS)


class _File(BaseModel):
    """The fields of `config.json` with their types and ranges."""

    model_config = ConfigDict(strict=True)

    task: json_file.Name
    audio: _Audio
    peak: float | None = Field(gt=0, le=1000, allow_inf_nan=False)
    step: int = Field(ge=0, le=10**15)
    labels: list[json_file.Name] = []
    segment: int | None = Field(default=None, ge=1, le=10**9)
    mel: dict[str, Any] | None
    generator: dict[str, Any]


@dataclass(frozen=True)
class Config:
    """The content of `config.json`.

    Attributes:
        mel: the front-end that the generator was trained with; None: the generator takes no mel.
        generator: plug-in name and every option that was set, as in a recipe.
        channels: audio channels.
        peak: the peak to which training audio was scaled, or None.
        task: the task's name.
        step: training steps done.
        labels: labels of a sound generator, in the order of its label numbers.
        segment: samples in one clip of a sound generator; None for others.
        sample_rate: of the audio, Hz; default: that of `mel`.
    """

    mel: Mel | None
    generator: Mapping[str, Any]
    channels: int = 1
    peak: float | None = None
    task: str = "vocode"
    step: int = 0
    labels: tuple[str, ...] = ()
    segment: int | None = None
    sample_rate: int = 0

    def __post_init__(self) -> None:
        if self.mel is not None and self.sample_rate not in (0, self.mel.audio_rate):
            raise UserError(
                f"audio.sample_rate is {self.sample_rate}, but mel makes audio of "
                f"{self.mel.audio_rate} Hz"
            )
        if self.mel is not None:
            object.__setattr__(self, "sample_rate", self.mel.audio_rate)
        if not self.sample_rate:
            raise UserError("audio.sample_rate is missing: give it in Hz, or give a mel")

    def to_json(self) -> str:
        """The text of `config.json`."""
        fields = {
            "format": FORMAT,
            "wavegan": wavegan.__version__,
            "task": self.task,
            "audio": {"sample_rate": self.sample_rate, "channels": self.channels},
            "peak": self.peak,
            "step": self.step,
            "labels": list(self.labels),
            "segment": self.segment,
            "mel": self.mel.to_dict() if self.mel else None,
            "generator": dict(self.generator),
        }
        return json.dumps(fields, indent=2) + "\n"

    @classmethod
    def read(cls, file: Path) -> "Config":
        """Read `config.json`.

        Raises:
            FileNotFoundError: it is not there.
            UserError: it is not JSON, has another format, or a field is missing, of the wrong type
                or out of range; names the file and the field.
        """
        try:
            content = json_file.load(file, LONGEST)
        except UserError as error:
            raise UserError(f"{error}: not the JSON of a wavegan bundle") from None
        try:
            return cls._of(content)
        except UserError as error:
            raise UserError(f"{file}: {error}") from None

    @classmethod
    def _of(cls, content: Any) -> "Config":
        if not isinstance(content, dict) or not isinstance(content.get("mel") or {}, dict):
            raise UserError("not the JSON of a wavegan bundle")
        number = content.get("format")
        audio = "channels" if number == 1 else "audio"
        for name in ("format", "mel", "generator", audio, "peak", "task", "step"):
            if name not in content:
                raise UserError(f"not the JSON of a wavegan bundle: field {name!r} is missing")
        if number not in (1, FORMAT) or isinstance(number, bool):
            shown = json_file.shown(number).strip("'")
            raise UserError(
                f"bundle format {shown} is unknown: this wavegan reads formats 1 and {FORMAT}; "
                "install a newer wavegan"
            )
        if number == 1:
            if not isinstance(content["mel"], dict):
                raise UserError("not the JSON of a wavegan bundle")
            content = _of_format_1(content)
        known = json_file.check(content, _File, "not the JSON of a wavegan bundle")
        return cls(
            mel=None if known.mel is None else _mel(known.mel),
            generator=_generator(known.generator),
            channels=known.audio.channels,
            sample_rate=known.audio.sample_rate,
            peak=known.peak,
            task=known.task,
            step=known.step,
            labels=tuple(known.labels),
            segment=known.segment,
        )


@dataclass(frozen=True)
class Model:
    """A model of this or another project after it was read, before it is built.

    Attributes:
        config: its configuration.
        weights: the generator's weights under wavegan's keys; weight norm in either style, or
            folded.
        source: the file that the weights came from.
        described_in: the file that the configuration came from; may be `source`.
        discriminators: weights of its discriminators, by their names in the packaged recipes; read
            only on request.
    """

    config: Config
    weights: Mapping[str, Tensor]
    source: Path
    described_in: Path
    discriminators: Mapping[str, Mapping[str, Tensor]] = field(default_factory=dict)


def _of_format_1(content: dict[str, Any]) -> dict[str, Any]:
    """Content of format 1, converted to format 2. In format 1 the mel gave the sample rate."""
    audio = {"sample_rate": _mel(content["mel"]).audio_rate, "channels": content["channels"]}
    return {**content, "format": FORMAT, "audio": audio}


def _generator(values: Mapping[str, Any]) -> dict[str, Any]:
    if "name" not in values:
        raise UserError("not the JSON of a wavegan bundle: field 'generator.name' is missing")
    if not isinstance(values["name"], str):
        raise UserError(f"generator.name is {json_file.shown(values['name'])}: it must be a text")
    return {"name": values["name"], **aliases.options("generators", values)}


def _mel(values: Mapping[str, Any]) -> Mel:
    """A bundle's front-end. Every field must be set: another version may have other defaults."""
    for known in fields(Mel):
        if known.name not in values:
            raise UserError(f"mel.{known.name} is missing: each field of the front-end must be set")
    return Mel.from_dict(values)


def at_step(config: Config, step: int) -> Config:
    """The same model after `step` training steps."""
    return replace(config, step=step)


def context(config: Config) -> dict[str, Any]:
    """Values that constructors may take by parameter name (see `plugins.build`).

    Those of the mel are there only if the model takes a mel.
    """
    known: dict[str, Any] = {
        "labels": config.labels,
        "n_labels": len(config.labels),
        "sample_rate": config.sample_rate,
        "channels": config.channels,
    }
    if config.segment is not None:
        known["segment"] = config.segment
    mel = config.mel
    if mel is None:
        return known
    return known | {"mel": mel, "n_mels": mel.n_mels, "hop_length": mel.samples_per_frame}
