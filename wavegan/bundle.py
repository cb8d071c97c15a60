"""Bundles: `config.json` + `model.safetensors`, all that inference needs of a model.

The configuration holds every field of the mel front-end and every option of the generator, so a
bundle opens without the recipe it came from.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

import wavegan
from wavegan import plugins
from wavegan.audio.mel import Mel
from wavegan.errors import UserError
from wavegan.generators.base import Generator
from wavegan.layers.weight_norm import fold_weight_norm

FORMAT = 1
CONFIG, WEIGHTS = "config.json", "model.safetensors"


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
    """

    mel: Mel
    generator: Mapping[str, Any]
    channels: int = 1
    peak: float | None = None
    task: str = "vocode"
    step: int = 0

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
            )
        except (json.JSONDecodeError, TypeError):
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


def context(mel: Mel, channels: int) -> dict[str, Any]:
    """What constructors may ask for by parameter name (see `plugins.build`)."""
    return {
        "mel": mel,
        "n_mels": mel.n_mels,
        "hop_length": mel.samples_per_frame,
        "sample_rate": mel.audio_rate,
        "channels": channels,
    }


def build(config: Config) -> Generator:
    """Construct the generator that `config` describes, with fresh weights."""
    options = {key: value for key, value in config.generator.items() if key != "name"}
    generator: Generator = plugins.build(
        "generators",
        config.generator["name"],
        options,
        where="generator",
        context=context(config.mel, config.channels),
    )
    return generator


def save(folder: Path, config: Config, weights: Mapping[str, Tensor]) -> None:
    """Write a bundle into an existing folder (make it whole or not at all with `atomic.folder`)."""
    (folder / CONFIG).write_text(config.to_json(), encoding="utf-8")
    save_file(
        {key: value.detach().contiguous() for key, value in weights.items()}, folder / WEIGHTS
    )
    (folder / "README.md").write_text(_card(config), encoding="utf-8")


def load(path: str | Path, *, fold: bool = True) -> tuple[Config, Generator]:
    """Open a bundle, a checkpoint or a run.

    Args:
        path: see `locate`.
        fold: fold weight norm into plain weights, for inference.

    Raises:
        UserError: nothing usable there, or weights that do not fit the configuration; the first
            keys that are missing or unknown are named.
    """
    folder = locate(path)
    text = (folder / CONFIG).read_text(encoding="utf-8", errors="replace")
    config = Config.from_json(text, folder / CONFIG)
    try:
        generator = build(config)
    except UserError as error:
        raise UserError(f"{folder / CONFIG}: {error}") from None
    weights = read_weights(folder / WEIGHTS)
    already_folded = not any("weight_g" in key or "parametrizations" in key for key in weights)
    if already_folded:
        fold_weight_norm(generator)
    load_strictly(generator, weights, folder / WEIGHTS)
    if fold and not already_folded:
        fold_weight_norm(generator)
    return config, generator


def read_weights(file: Path) -> dict[str, Tensor]:
    """Read a `.safetensors` file.

    Raises:
        UserError: it is missing, truncated or something else.
    """
    try:
        return load_file(file)
    except FileNotFoundError:
        raise UserError(f"{file}: no such file") from None
    except SafetensorError as error:
        raise UserError(f"{file}: damaged or not a safetensors file ({error})") from None


def load_strictly(module: nn.Module, weights: Mapping[str, Tensor], source: Path) -> None:
    """Load weights; every key must fit.

    Raises:
        UserError: names the file and the first keys that are missing, unknown or of another shape.
    """
    try:
        module.load_state_dict(dict(weights), strict=True)
    except RuntimeError as error:
        lines = [line.strip() for line in str(error).splitlines()[1:] if line.strip()]
        reason = " ".join(lines)[:300]
        raise UserError(f"{source}: weights do not fit the configuration: {reason}") from None


def locate(path: str | Path) -> Path:
    """The bundle's folder behind a path.

    A run stands for its best checkpoint (by validation), or its last where none is marked best.

    Raises:
        UserError: says what was looked for and what was found.
    """
    path = Path(path)
    if path.name in (CONFIG, WEIGHTS):
        path = path.parent
    if (path / CONFIG).is_file() and (path / WEIGHTS).is_file():
        return path
    found = checkpoints(path)
    if found:
        return found.get(best_step(path) or max(found), found[max(found)])
    if not path.exists():
        raise UserError(f"{path}: no such file or folder; give a run, a checkpoint or a bundle")
    inside = ", ".join(sorted(entry.name for entry in path.iterdir())[:6]) if path.is_dir() else ""
    raise UserError(
        f"{path}: no model here: looked for {CONFIG} with {WEIGHTS}, or checkpoints/; "
        f"found {inside or 'a file' if path.is_file() else inside or 'an empty folder'}"
    )


def checkpoints(run: Path) -> dict[int, Path]:
    """The whole checkpoints of a run folder by step, oldest first."""
    folder = run / "checkpoints"
    if not folder.is_dir():
        return {}
    whole = (entry for entry in folder.iterdir() if (entry / CONFIG).is_file())
    return {int(entry.name): entry for entry in sorted(whole) if entry.name.isdigit()}


def best_step(run: Path) -> int | None:
    """The step of the run's best checkpoint, or None."""
    try:
        return int(json.loads((run / "checkpoints" / "best.json").read_text())["step"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _card(config: Config) -> str:
    return (
        f"# wavegan bundle: {config.generator['name']}\n\n"
        f"{config.task} at {config.mel.sample_rate} Hz, {config.step} training steps.\n\n"
        "```python\nfrom wavegan import Vocoder\n\n"
        'vocoder = Vocoder.from_pretrained("this/folder")\n'
        "audio = vocoder(mel)  # (..., n_mels, L) -> (..., T)\n```\n"
    )
