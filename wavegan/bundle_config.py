"""What a bundle's `config.json` says: all that is needed to build its model."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

import wavegan
from wavegan import json_file
from wavegan.audio.mel import Mel
from wavegan.errors import UserError

FORMAT = 1
MOST_CHANNELS = 64
LONGEST = 1 << 20
"""Bytes of a `config.json`."""


class _File(BaseModel):
    """The fields of `config.json` as JSON has them, their types and ranges checked."""

    model_config = ConfigDict(strict=True)

    task: json_file.Name
    channels: int = Field(ge=1, le=MOST_CHANNELS)
    peak: float | None = Field(gt=0, le=1000, allow_inf_nan=False)
    step: int = Field(ge=0, le=10**15)
    labels: list[json_file.Name] = []
    segment: int | None = Field(default=None, ge=1, le=10**9)
    mel: dict[str, Any]
    generator: dict[str, Any]


@dataclass(frozen=True)
class Config:
    """What `config.json` says.

    Attributes:
        mel: the front-end that the generator was trained on.
        generator: plug-in name and every option given, as in a recipe.
        channels: audio channels.
        peak: the peak to which training audio was scaled, or None.
        task: the task's name.
        step: training steps done.
        labels: what a generator of sounds was trained on, in the order of its label numbers.
        segment: samples in one clip of such a generator; None for others.
    """

    mel: Mel
    generator: Mapping[str, Any]
    channels: int = 1
    peak: float | None = None
    task: str = "vocode"
    step: int = 0
    labels: tuple[str, ...] = ()
    segment: int | None = None

    def to_json(self) -> str:
        """The text of `config.json`."""
        fields = {
            "format": FORMAT,
            "wavegan": wavegan.__version__,
            "task": self.task,
            "sample_rate": self.mel.sample_rate,
            "channels": self.channels,
            "peak": self.peak,
            "step": self.step,
            "labels": list(self.labels),
            "segment": self.segment,
            "mel": self.mel.to_dict(),
            "generator": dict(self.generator),
        }
        return json.dumps(fields, indent=2) + "\n"

    @classmethod
    def read(cls, file: Path) -> "Config":
        """Read `config.json`.

        Raises:
            FileNotFoundError: it is not there.
            UserError: it is not JSON, of another format, lacks a field, or has one of another type
                or out of range; the file and the field are named.
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
        if not isinstance(content, dict) or not isinstance(content.get("mel", {}), dict):
            raise UserError("not the JSON of a wavegan bundle")
        for name in ("format", "mel", "generator", "channels", "peak", "task", "step"):
            if name not in content:
                raise UserError(f"not a wavegan bundle's: it has no field {name!r}")
        if content["format"] != FORMAT or isinstance(content["format"], bool):
            shown = json_file.shown(content["format"]).strip("'")
            raise UserError(
                f"bundle format {shown}, this wavegan reads {FORMAT}: install a newer wavegan"
            )
        known = json_file.check(content, _File, "not the JSON of a wavegan bundle")
        return cls(
            mel=_mel(known.mel),
            generator=_generator(known.generator),
            channels=known.channels,
            peak=known.peak,
            task=known.task,
            step=known.step,
            labels=tuple(known.labels),
            segment=known.segment,
        )


def _generator(values: Mapping[str, Any]) -> dict[str, Any]:
    if "name" not in values:
        raise UserError("not a wavegan bundle's: it has no field 'name'")
    if not isinstance(values["name"], str):
        raise UserError(
            f"generator.name: no name of a generator: {json_file.shown(values['name'])}"
        )
    return {"name": values["name"], **values}


def _mel(values: Mapping[str, Any]) -> Mel:
    """A bundle's front-end: no field is left to a default, which another version may change."""
    for field in fields(Mel):
        if field.name not in values:
            raise UserError(f"mel.{field.name} is missing: each field of the front-end must be set")
    return Mel.from_dict(values)


def at_step(config: Config, step: int) -> Config:
    """The same model after `step` training steps."""
    return replace(config, step=step)


def context(
    mel: Mel, channels: int, labels: Sequence[str] = (), segment: int | None = None
) -> dict[str, Any]:
    """What constructors may ask for by parameter name (see `plugins.build`)."""
    length = {} if segment is None else {"segment": segment}
    return length | {
        "labels": tuple(labels),
        "n_labels": len(labels),
        "mel": mel,
        "n_mels": mel.n_mels,
        "hop_length": mel.samples_per_frame,
        "sample_rate": mel.audio_rate,
        "channels": channels,
    }
