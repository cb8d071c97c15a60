"""Read UnivNet of maum-ai: one file with `model_g`, `model_d` and the settings in `hp_str`.

Source: github.com/maum-ai/univnet (BSD). Its `inference` appends ten frames of silence and cuts
their audio off; here only the network is used (see `generators/univnet.py`).

Tortoise's `vocoder.pth` is such a file with only `model_g`. Without settings, those of the
published networks are used, which differ in their width.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from wavegan.bundle_config import Config, Model
from wavegan.errors import UserError, suggest
from wavegan.interop import _hp_str, _wrapped
from wavegan.interop._files import contents, errors_naming, field, state_dict
from wavegan.interop._keys import Rules, rename
from wavegan.interop.base import Layout
from wavegan.mel.front_end import Mel

# settings of the published networks; checkpoints older than `kpnet_conv_size` have this value of it
GENERATOR: Mapping[str, Any] = {
    "noise_dim": 64,
    "channel_size": 32,
    "dilations": [1, 3, 9, 27],
    "strides": [8, 8, 4],
    "lReLU_slope": 0.2,
    "kpnet_conv_size": 3,
}
AUDIO: Mapping[str, Any] = {
    "sampling_rate": 24000,
    "filter_length": 1024,
    "hop_length": 256,
    "win_length": 1024,
    "n_mel_channels": 100,
    "mel_fmin": 0.0,
    "mel_fmax": 12000.0,
}
OF_TRAINING = ("segment_length", "pad_short")

ANCHORS = (r"conv_pre\.", r"res_stack\.\d+\.kernel_predictor\.", r"conv_post\.")

_STAGE = r"res_stack\.(\d+)"
_PREDICTOR = rf"{_STAGE}\.kernel_predictor"
RULES: Rules = [
    (r"conv_pre\.(.+)", r"conv_pre.\1"),
    (rf"{_STAGE}\.convt_pre\.1\.(.+)", r"resblocks.\1.convt_pre.\2"),
    (rf"{_STAGE}\.conv_blocks\.(\d+)\.1\.(.+)", r"resblocks.\1.resblocks.\2.conv.\3"),
    (rf"{_PREDICTOR}\.input_conv\.0\.(.+)", r"resblocks.\1.kernel_predictor.input_conv.\2"),
    (
        rf"{_PREDICTOR}\.residual_convs\.(\d+)\.1\.(.+)",
        r"resblocks.\1.kernel_predictor.resblocks.\2.conv1.\3",
    ),
    (
        rf"{_PREDICTOR}\.residual_convs\.(\d+)\.3\.(.+)",
        r"resblocks.\1.kernel_predictor.resblocks.\2.conv2.\3",
    ),
    (
        rf"{_PREDICTOR}\.(kernel_conv|bias_conv)\.(.+)",
        r"resblocks.\1.kernel_predictor.\2.\3",
    ),
    (r"conv_post\.1\.(.+)", r"conv_post.\1"),
]


class UnivNetLayout(Layout):
    """A checkpoint with UnivNet's weights, or a run's folder, of which the last epoch is used.

    Discriminators are `mrd` and `mpd`, if the file has them.
    """

    looks_for = "*.pt with model_g and hp_str (maum-ai UnivNet)"

    def find(self, path: Path) -> Path | None:
        """The file, recognised by the names of its weights.

        Raises:
            UserError: a folder has checkpoints of several runs.
        """
        return _hp_str.find(path, ANCHORS)

    def read(self, file: Path, *, discriminators: bool) -> Model:
        """Read the generator, and on request the discriminators if the file has them.

        Raises:
            UserError: the file is not usable, or has an unknown setting.
        """
        content = contents(file)
        weights = _wrapped.generator(content, file, ANCHORS)
        settings = _hp_str.settings(content, file) or {
            "gen": {"channel_size": len(field(weights, "conv_pre.bias", file))}
        }
        with errors_naming(file):
            audio = _section(settings, "audio", AUDIO, OF_TRAINING)
            options = _options(_section(settings, "gen", GENERATOR, ()))
            mel = Mel(**_hp_str.mel_options(audio, file))
        discriminators_found = {}
        if discriminators and "model_d" in content:
            both = state_dict(content, file, "model_d")
            discriminators_found = {part.lower(): _inside(part, both) for part in ("MRD", "MPD")}
        return Model(
            Config(mel=mel, generator=options),
            weights=rename(weights, RULES, file),
            source=file,
            described_in=file,
            discriminators=discriminators_found,
        )


def _inside(part: str, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    prefix = f"{part}."
    return {key.removeprefix(prefix): v for key, v in weights.items() if key.startswith(prefix)}


def _section(
    settings: Mapping[str, Any], name: str, usual: Mapping[str, Any], ignored: Sequence[str]
) -> dict[str, Any]:
    """A section of the settings; missing fields get the published values."""
    given = settings.get(name, {})
    if not isinstance(given, Mapping):
        raise UserError(f"{name} is {given!r}: it must be a mapping")
    for key in given:
        if key not in usual and key not in ignored:
            raise UserError(f"{name}.{key} is not known{suggest(str(key), usual)}")
    return {**usual, **given}


def _options(section: Mapping[str, Any]) -> dict[str, Any]:
    strides, dilations = section["strides"], section["dilations"]
    if not isinstance(strides, list):
        raise UserError(f"gen.strides is {strides!r}: it must be a list of whole numbers")
    return {
        "name": "univnet",
        "upsample_rates": strides,
        "hidden_channels": section["channel_size"],
        "noise_channels": section["noise_dim"],
        "kernel_sizes": [3] * len(strides),
        "dilations": [dilations] * len(strides),
        "predictor_kernel_size": section["kpnet_conv_size"],
        "leaky_slope": section["lReLU_slope"],
    }
