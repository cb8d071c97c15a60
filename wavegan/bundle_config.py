"""What a bundle's `config.json` says: all that is needed to build its model."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import wavegan
from wavegan.audio.mel import Mel
from wavegan.errors import UserError

FORMAT = 1


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
    def from_json(cls, text: str, source: Path) -> "Config":
        """Read `config.json`.

        Raises:
            UserError: it is not JSON, of another format, or lacks a field; `source` is named.
        """
        try:
            content = json.loads(text)
            if content["format"] != FORMAT:
                raise UserError(
                    f"bundle format {content['format']}, this wavegan reads {FORMAT}: "
                    "install a newer wavegan"
                )
            return cls(
                mel=_mel(content["mel"]),
                generator={"name": content["generator"]["name"], **content["generator"]},
                channels=content["channels"],
                peak=content["peak"],
                task=content["task"],
                step=content["step"],
                labels=tuple(content.get("labels", ())),
                segment=content.get("segment"),
            )
        except (json.JSONDecodeError, TypeError, RecursionError):
            raise UserError(f"{source}: not the JSON of a wavegan bundle") from None
        except KeyError as missing:
            raise UserError(
                f"{source}: not a wavegan bundle's: it has no field {missing}"
            ) from None
        except UserError as error:
            raise UserError(f"{source}: {error}") from None


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
