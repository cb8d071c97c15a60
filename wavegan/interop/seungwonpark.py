"""MelGAN as github.com/seungwonpark/melgan (BSD) saves it: one `.pt` with its settings inside.

Kumar et al. 2019, "MelGAN" (arXiv 1910.06711), on the front-end of NVIDIA's Tacotron 2: natural
logarithm, no epsilon in the magnitude, frames centred on their samples. The network scales its
input by (mel + 5) / 5. The project's own `inference` adds ten frames of silence and cuts what
comes of them, which only keeps the last frames from an edge; that is the caller's choice here.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from wavegan.audio.mel import Mel
from wavegan.errors import UserError
from wavegan.interop import _pickles
from wavegan.interop._files import (
    TORCH_SUFFIXES,
    blaming,
    field,
    state_dict,
    torch_file,
    yaml_documents,
)
from wavegan.interop._keys import Rules, moved, rename
from wavegan.interop._melgan import Shapes, shapes
from wavegan.interop.base import Foreign, Layout

MEL_MEAN, MEL_STD = -5.0, 5.0
_INSIDE = {"model_g", "hp_str", "generator.1.bias", "generator.3.bias"}
_JUDGE: Rules = [
    (r"discriminators\.(\d+)\.discriminator\.0\.1\.(.+)", r"discriminators.\1.convs.0.\2"),
    (r"discriminators\.(\d+)\.discriminator\.([1-5])\.0\.(.+)", r"discriminators.\1.convs.\2.\3"),
    (r"discriminators\.(\d+)\.discriminator\.6\.(.+)", r"discriminators.\1.conv_post.\2"),
]


class Seungwonpark(Layout):
    """A checkpoint by its file, or the last epoch of a run by its folder; `msd` is inside it."""

    looks_for = "a .pt with model_g and hp_str (seungwonpark MelGAN)"

    def find(self, path: Path) -> Path | None:
        """Claims by the names inside: UnivNet's code saves files with the same outermost keys."""
        candidates = path.iterdir() if path.is_dir() else [path]
        files = {_run_and_epoch(file): file for file in candidates if _is_its(file)}
        if len({run for run, _ in files}) > 1:
            names = ", ".join(sorted(file.name for file in files.values()))
            raise UserError(f"{path}: holds several models, give one of them: {names}")
        return files[max(files)] if files else None

    def read(self, file: Path, *, discriminators: bool) -> Foreign:
        """Read generator and settings, and the discriminator where it was not stripped."""
        content = torch_file(file)
        weights = state_dict(content, file, "model_g")
        found = shapes(weights, "generator", file)
        layers = _residual_layers(weights, found)
        settings = yaml_documents(str(field(content, "hp_str", file)), file)
        audio = field(settings, "audio", file)
        judge = {}
        if discriminators and "model_d" in content:
            judge = {"msd": rename(state_dict(content, file, "model_d"), _JUDGE, file)}
        with blaming(file):
            mel = _front_end(audio, file)
        return Foreign(
            mel=mel,
            generator={
                "name": "melgan",
                "upsample_rates": found.upsample_rates,
                "upsample_initial_channel": found.upsample_initial_channel,
                "residual_layers": layers,
                "mel_mean": MEL_MEAN,
                "mel_std": MEL_STD,
            },
            weights=rename(weights, _generator_rules(found, layers), file),
            source=file,
            described_in=file,
            discriminators=judge,
        )


def _is_its(file: Path) -> bool:
    return (
        file.suffix in TORCH_SUFFIXES
        and file.is_file()
        and _pickles.texts(file).issuperset(_INSIDE)
    )


def _run_and_epoch(file: Path) -> tuple[str, int]:
    """The parts of a name such as `RUN_0123.pt`."""
    run, _, epoch = file.stem.rpartition("_")
    return (run, int(epoch)) if epoch.isdecimal() else (file.stem, -1)


def _residual_layers(weights: Mapping[str, Tensor], found: Shapes) -> int:
    pattern = re.compile(rf"generator\.{found.ups[0] + 1}\.shortcuts\.\d+\.bias")
    return sum(bool(pattern.fullmatch(key)) for key in weights)


def _front_end(audio: Mapping[str, Any], file: Path) -> Mel:
    return Mel(
        sample_rate=field(audio, "sampling_rate", file),
        n_fft=field(audio, "filter_length", file),
        hop_length=field(audio, "hop_length", file),
        win_length=field(audio, "win_length", file),
        n_mels=field(audio, "n_mel_channels", file),
        f_min=field(audio, "mel_fmin", file),
        f_max=field(audio, "mel_fmax", file),
        magnitude_eps=0.0,
        padding="center",
    )


def _generator_rules(found: Shapes, layers: int) -> Rules:
    places = {f"generator.{found.first}": "conv_pre", f"generator.{found.last}": "conv_post"}
    for stage, up in enumerate(found.ups):
        places[f"generator.{up}"] = f"ups.{stage}"
        for layer in range(layers):
            here, there = f"generator.{up + 1}", f"resblocks.{stage * layers + layer}"
            places[f"{here}.blocks.{layer}.2"] = f"{there}.conv1"
            places[f"{here}.blocks.{layer}.4"] = f"{there}.conv2"
            places[f"{here}.shortcuts.{layer}"] = f"{there}.shortcut"
    return moved(places)
