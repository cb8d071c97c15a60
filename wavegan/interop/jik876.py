"""HiFi-GAN as github.com/jik876/hifi-gan (MIT) saves it: `g_*`, `do_*` and `config.json`.

Kong, Kim and Bae 2020, "HiFi-GAN" (arXiv 2010.05646). Its forks with the same two files are read
as well, as long as network and front-end are the same.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from wavegan.audio.mel import Mel
from wavegan.errors import UserError
from wavegan.interop import _jik876_keys, _pickles
from wavegan.interop._files import blaming, field, json_file, state_dict, torch_file
from wavegan.interop.base import Foreign, Layout

CONFIG = "config.json"
PEAK = 0.95
_STEP = re.compile(r"g_(\d+)(?:\.(?:pt|pth|ckpt|bin))?")
_ONE_OF_ITS_KIND = re.compile(r"generator[^.]*|(?!do_|disc|opt)[^/]+\.(?:pt|pth|pth\.tar|ckpt|bin)")
_FIELDS = {"upsample_rates", "upsample_kernel_sizes", "upsample_initial_channel", "num_mels"}
_OF_OTHERS = {"activation", "snake_logscale", "gen_istft_n_fft", "architectures", "model_type"}
_NETWORK = {"conv_pre.bias", "ups.0.bias", "conv_post.bias"}
_BLOCKS = {"resblocks.0.convs1.0.bias", "resblocks.0.convs.0.bias"}
_ONLY: Mapping[str, tuple[Any, ...]] = {
    "resblock": ("1", "2", 1, 2),
    "center": (False, None),
    "preemphasis": (0, None, False),
    "preemph": (0, None, False),
    "causal": (False, None),
    "use_causal_conv": (False, None),
    "use_tanh_at_final": (True,),
    "lrelu_slope": (0.1,),
    "leaky_relu_slope": (0.1,),
    "mini_nsf": (False, None),
    "mel_scale": ("slaney", None),
    "mel_norm": ("slaney", None),
    "do_normalize": (False, None),
}
"""What forks have added that changes the sound, with the values that leave it as it is here."""


class Jik876(Layout):
    """A generator by its file or folder; of several numbered `g_*` the one of the highest step.

    `mpd` and `msd` come from the `do_*` of the same step, else of the nearest.
    """

    looks_for = "g_* or generator* with config.json (jik876 HiFi-GAN)"

    def find(self, path: Path) -> Path | None:
        """Claims a `config.json` with HiFi-GAN's fields, or weights with its names and none."""
        folder = path if path.is_dir() else path.parent
        config = _content(folder / CONFIG)
        if config is not None and (not config.keys() >= _FIELDS or _OF_OTHERS & config.keys()):
            return None
        if path.is_dir() or path.name == CONFIG:
            files = [file for file in sorted(folder.iterdir()) if _is_weights(file)]
        else:
            files = [path] if _is_weights(path) or "." not in path.name else []
        chosen = _choose(files, certain=config is not None)
        if len(chosen) > 1:
            names = ", ".join(file.name for file in chosen)
            raise UserError(f"{folder}: holds several models, give one of them: {names}")
        return chosen[0] if chosen else None

    def read(self, file: Path, *, discriminators: bool) -> Foreign:
        """Read `{"generator": state_dict}`, or a bare state dict, and the `config.json` beside."""
        source = file.with_name(CONFIG)
        if not source.is_file():
            raise UserError(
                f"{file}: HiFi-GAN's weights, which do not say what they are: the {CONFIG} they "
                "were trained with must lie beside them"
            )
        config = json_file(source)
        content = torch_file(file)
        nested = isinstance(content, Mapping) and "generator" in content
        weights = state_dict(content, file, *(["generator"] if nested else []))
        judges = None
        if discriminators:
            step = _STEP.fullmatch(file.name)
            judges = _jik876_keys.newest_beside(file, int(step[1]) if step else None)
        with blaming(source):
            _refuse_what_differs(config)
            mel = _front_end(config, source)
        return Foreign(
            mel=mel,
            generator=_generator(config, weights, source),
            weights=weights,
            source=file,
            described_in=source,
            peak=PEAK,
            discriminators=_jik876_keys.discriminators(judges) if judges else {},
        )


def _content(file: Path) -> dict[str, Any] | None:
    """What a configuration says; None where there is none, or none that can be read."""
    try:
        return json_file(file)
    except UserError:
        return None


def _is_weights(file: Path) -> bool:
    name = file.name
    return file.is_file() and bool(_STEP.fullmatch(name) or _ONE_OF_ITS_KIND.fullmatch(name))


def _choose(files: list[Path], *, certain: bool) -> list[Path]:
    """Of numbered files the last, else those that HiFi-GAN's names are in, if there is a doubt."""
    numbered = {int(match[1]): file for file in files if (match := _STEP.fullmatch(file.name))}
    if numbered:
        files = [numbered[max(numbered)]]
    if certain and len(files) == 1:
        return files
    return [file for file in files if _has_hifigan_names(file)]


def _has_hifigan_names(file: Path) -> bool:
    names = _pickles.texts(file)
    return names >= _NETWORK and bool(names & _BLOCKS)


def _refuse_what_differs(config: Mapping[str, Any]) -> None:
    for name, values in _ONLY.items():
        if name in config and config[name] not in values:
            raise UserError(f"{name} is {config[name]!r}: only {values[0]!r} can be read")


def _front_end(config: Mapping[str, Any], source: Path) -> Mel:
    return Mel(
        sample_rate=field(config, "sampling_rate", source),
        n_fft=field(config, "n_fft", source),
        hop_length=field(config, "hop_size", source),
        win_length=field(config, "win_size", source),
        n_mels=field(config, "num_mels", source),
        f_min=field(config, "fmin", source),
        f_max=field(config, "fmax", source),
    )


def _generator(
    config: Mapping[str, Any], weights: Mapping[str, Tensor], source: Path
) -> dict[str, Any]:
    rates, kernels = (
        field(config, name, source) for name in ("upsample_rates", "upsample_kernel_sizes")
    )
    sizes, dilations = (
        field(config, f"resblock_{name}", source) for name in ("kernel_sizes", "dilation_sizes")
    )
    if all(isinstance(each, list) for each in (rates, kernels, sizes, dilations)):
        # The original pairs these lists and drops what is left over on either side.
        kernels, dilations = kernels[: len(rates)], dilations[: len(sizes)]
        dilations = [
            each[: _convolutions(weights, block)] if isinstance(each, list) else each
            for block, each in enumerate(dilations)
        ]
    return {
        "name": "hifigan",
        "upsample_rates": rates,
        "upsample_kernel_sizes": kernels,
        "upsample_initial_channel": field(config, "upsample_initial_channel", source),
        "resblock": _resblock(field(config, "resblock", source), weights),
        "resblock_kernel_sizes": sizes,
        "resblock_dilation_sizes": dilations,
    }


def _resblock(kind: Any, weights: Mapping[str, Tensor]) -> str:
    """The number 1, not the text, makes the original build block 2, and most forks block 1."""
    if kind == 1:
        return "1" if any(".convs1." in key for key in weights) else "2"
    return str(kind)


def _convolutions(weights: Mapping[str, Tensor], block: int) -> int | None:
    """How many dilations a block uses; the original takes three or two, however many are named."""
    pattern = re.compile(rf"resblocks\.{block}\.convs1?\.\d+\.bias")
    return sum(bool(pattern.fullmatch(key)) for key in weights) or None
