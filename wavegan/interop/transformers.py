"""Read folders of transformers' vocoders: `config.json` and one file of weights.

Source: github.com/huggingface/transformers (Apache 2): `SpeechT5HifiGan`,
`FastSpeech2ConformerHifiGan` (also inside `FastSpeech2ConformerWithHifiGan`) and `UnivNetModel`.

`config.json` does not describe the mel front-end. It is assumed to be SpeechT5's or ESPnet's with
the vocoder's rate and hop, or UnivNet's with the values of `preprocessor_config.json`, if there is
one. The published `FastSpeech2ConformerHifiGan` takes the output of its text-to-speech model:
spectrograms standardized by statistics that are not in the folder (`normalize_before` is false). So
it vocodes that model's output, but not mels of the front-end here.
"""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor

from wavegan.bundle_config import Config, Model
from wavegan.errors import UserError, suggest
from wavegan.interop import _wrapped
from wavegan.interop._files import contents, errors_naming, field, json_file
from wavegan.interop._keys import moved, rename
from wavegan.interop._transformers_mel import EXTRACTOR, of_hifigan, of_univnet
from wavegan.interop.base import Layout
from wavegan.mel.front_end import Mel

CONFIG = "config.json"
WHOLE = ("model.safetensors", "pytorch_model.bin")
PARTS = ("model.safetensors.index.json", "pytorch_model.bin.index.json")

# defaults in which the two classes of HiFi-GAN differ
SPEECHT5 = {
    "sampling_rate": 16000,
    "upsample_rates": [4, 4, 4, 4],
    "upsample_kernel_sizes": [8, 8, 8, 8],
}
CONFORMER = {
    "sampling_rate": 22050,
    "upsample_rates": [8, 8, 2, 2],
    "upsample_kernel_sizes": [16, 16, 4, 4],
}
# transformers' fields, each with this package's option and its default
HIFIGAN = {
    "upsample_rates": ("upsample_rates", None),
    "upsample_kernel_sizes": ("upsample_kernel_sizes", None),
    "upsample_initial_channel": ("upsample_initial_channel", 512),
    "resblock_kernel_sizes": ("resblock_kernel_sizes", [3, 7, 11]),
    "resblock_dilation_sizes": ("resblock_dilation_sizes", [[1, 3, 5]] * 3),
    "leaky_relu_slope": ("leaky_slope", 0.1),
}
UNIVNET = {
    "resblock_stride_sizes": ("upsample_rates", [8, 8, 4]),
    "model_hidden_channels": ("hidden_channels", 32),
    "model_in_channels": ("noise_channels", 64),
    "resblock_kernel_sizes": ("kernel_sizes", [3, 3, 3]),
    "resblock_dilation_sizes": ("dilations", [[1, 3, 9, 27]] * 3),
    "kernel_predictor_hidden_channels": ("predictor_channels", 64),
    "kernel_predictor_num_blocks": ("predictor_blocks", 3),
    "kernel_predictor_conv_size": ("predictor_kernel_size", 3),
    "kernel_predictor_dropout": ("predictor_dropout", 0.0),
    "leaky_relu_slope": ("leaky_slope", 0.2),
}
HIFIGAN_RULES = moved(
    {
        "conv_pre": "conv_pre",
        "upsampler": "ups",
        "resblocks": "resblocks",
        "conv_post": "conv_post",
    }
)

_HIFIGAN = (r"conv_pre\.", r"upsampler\.", r"resblocks\.", r"conv_post\.")
_UNIVNET = (r"conv_pre\.", r"resblocks\.\d+\.kernel_predictor\.", r"conv_post\.")

Settings = Mapping[str, Any]
Weights = dict[str, Tensor]


class TransformersLayout(Layout):
    """A folder of `save_pretrained`, of any model; only vocoders can be read."""

    looks_for = f"{CONFIG} with {WHOLE[0]} or {WHOLE[1]} (transformers)"

    def find(self, path: Path) -> Path | None:
        """The weights file, or the index of several, if `config.json` has a `model_type`."""
        folder = path if path.is_dir() else path.parent
        named = path.is_file() and path.name != CONFIG
        names = (path.name,) if named else (*WHOLE, *PARTS)
        files = [folder / name for name in names if name in (*WHOLE, *PARTS)]
        there = [file for file in files if file.is_file()]
        try:
            kind = json_file(folder / CONFIG).get("model_type")
        except UserError:
            return None
        if not isinstance(kind, str):
            return None
        if there or kind not in KINDS:
            return there[0] if there else None
        return _wrapped.only(path if named else folder, KINDS[kind][1])

    def read(self, file: Path, *, discriminators: bool) -> Model:
        """Read the vocoder; transformers has no discriminators.

        Raises:
            UserError: another kind of model, weights in several files, or a wrong field.
        """
        described = file.parent / CONFIG
        config = json_file(described)
        kind = config["model_type"]
        if kind not in KINDS:
            raise UserError(
                f"model_type {kind!r} is not a vocoder{suggest(kind, KINDS)}", at=described
            )
        if file.name in PARTS:
            raise UserError(
                "the weights are in several files: save them as one with "
                'model.save_pretrained(FOLDER, max_shard_size="100GB")',
                at=file,
            )
        read, anchors = KINDS[kind]
        weights = _wrapped.generator(contents(file), file, anchors)
        with errors_naming(described):
            vocoder = read(config, weights, file)
        return Model(
            Config(mel=vocoder.mel, generator=vocoder.generator),
            weights=vocoder.weights,
            source=file,
            described_in=described,
        )


class _Vocoder(NamedTuple):
    mel: Mel
    generator: dict[str, Any]
    weights: Weights


def _speecht5(config: Settings, weights: Weights, file: Path) -> _Vocoder:
    return _hifigan("speecht5-16k", {**SPEECHT5, **config}, weights, file)


def _conformer(config: Settings, weights: Weights, file: Path) -> _Vocoder:
    return _hifigan("espnet-22k", {**CONFORMER, **config}, weights, file)


def _conformer_inside(config: Settings, weights: Weights, file: Path) -> _Vocoder:
    """The vocoder of a text-to-speech model that has one."""
    return _conformer(config.get("vocoder_config") or {}, weights, file)


def _hifigan(preset: str, config: Settings, weights: Weights, file: Path) -> _Vocoder:
    generator = {"name": "hifigan", "resblock": "1", **_options(config, HIFIGAN)}
    if config.get("normalize_before", True):
        generator["mel_mean"] = field(weights, "mean", file).tolist()
        generator["mel_std"] = field(weights, "scale", file).tolist()
    network = {key: value for key, value in weights.items() if key not in ("mean", "scale")}
    hop = _hop(generator["upsample_rates"])
    mel = of_hifigan(preset, config["sampling_rate"], hop, config.get("model_in_dim", 80))
    return _Vocoder(mel, generator, rename(network, HIFIGAN_RULES, file))


def _univnet(config: Settings, weights: Weights, file: Path) -> _Vocoder:
    generator = {"name": "univnet", **_options(config, UNIVNET)}
    described = file.parent / EXTRACTOR
    extractor = json_file(described) if described.is_file() else {}
    hop = _hop(generator["upsample_rates"])
    mel = of_univnet(extractor, hop, config.get("num_mel_bins", 100))
    return _Vocoder(mel, generator, weights)


def _options(config: Settings, table: Mapping[str, tuple[str, Any]]) -> dict[str, Any]:
    """The generator's options; fields that are missing or null get their defaults."""
    given = {name: value for name, value in config.items() if value is not None}
    return {own: given.get(name, usual) for name, (own, usual) in table.items()}


def _hop(rates: Any) -> int:
    """The product of the rates, which the front-end needs before the generator checks them."""
    if not isinstance(rates, list) or not all(type(rate) is int and rate > 0 for rate in rates):
        raise UserError(f"upsampling rates {rates!r}: they must be whole numbers above 0")
    return math.prod(rates)


KINDS: Mapping[str, tuple[Callable[[Settings, Weights, Path], _Vocoder], _wrapped.Anchors]] = {
    "speecht5_hifigan": (_speecht5, _HIFIGAN),
    "fastspeech2_conformer_hifigan": (_conformer, _HIFIGAN),
    "fastspeech2_conformer_with_hifigan": (_conformer_inside, _HIFIGAN),
    "univnet": (_univnet, _UNIVNET),
}
"""Reader of each model, and patterns for the names of its weights."""
