"""iSTFTNet's folders: `g_*` weights beside a `config.json` that has `gen_istft_n_fft`.

Source: github.com/rishikksh20/iSTFTNet-pytorch (Apache 2.0), which keeps the files of
github.com/jik876/hifi-gan (MIT).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from wavegan.audio.mel import Mel
from wavegan.errors import UserError
from wavegan.interop import _jik876_keys
from wavegan.interop._files import blaming, field, json_file, state_dict, torch_file
from wavegan.interop.base import Foreign, Layout

CONFIG = "config.json"
PEAK = 0.95  # to which the project's data loader scales each file
# what derived projects have added, with the values that leave the network or the mel as it is here
ONLY: Mapping[str, tuple[Any, ...]] = {
    "center": (False, None),
    "preemphasis": (0, None),
    "mel_scale": ("slaney", None),
    "mel_norm": ("slaney", None),
    "subbands": (1, None),
    "F0_path": (None,),
}


class ISTFTNetLayout(Layout):
    """A folder with `g_*`, maybe `do_*`, and `config.json`; the highest step is taken."""

    looks_for = f"g_* with {CONFIG} that has gen_istft_n_fft (iSTFTNet)"

    def find(self, path: Path) -> Path | None:
        """The generator's weights file."""
        folder = path if path.is_dir() else path.parent
        if not (folder / CONFIG).is_file():
            return None
        whole = path.is_dir() or path.name == CONFIG
        given = [*folder.iterdir()] if whole else [path]
        files = [file for file in given if file.name.startswith("g_") and file.is_file()]
        try:
            config = json_file(folder / CONFIG)
        except UserError:
            return None
        return max(files, key=_step) if files and "gen_istft_n_fft" in config else None

    def read(self, file: Path, *, discriminators: bool) -> Foreign:
        """Read the generator; `mpd` and `msd` from the `do_*` of the nearest step, if any."""
        described = file.parent / CONFIG
        config = json_file(described)
        weights = state_dict(torch_file(file), file, "generator")
        judges = _do_file(file) if discriminators else None
        with blaming(described):
            _refuse_what_differs(config)
            mel = _mel(config, described)
        return Foreign(
            mel=mel,
            generator=_generator(config, weights, described),
            weights=weights,
            source=file,
            described_in=described,
            peak=PEAK,
            discriminators=_jik876_keys.discriminators(judges) if judges else {},
        )


def _refuse_what_differs(config: Mapping[str, Any]) -> None:
    for key, values in ONLY.items():
        if config.get(key) not in values:
            raise UserError(
                f"{key} is {config[key]!r}: only plain iSTFTNet, with {values[0]!r}, can be read"
            )


def _step(file: Path) -> int:
    digits = file.name.removeprefix("g_").split(".")[0]
    return int(digits) if digits.isdigit() else -1


def _do_file(file: Path) -> Path | None:
    step = _step(file)
    return _jik876_keys.newest_beside(file, None if step < 0 else step)


def _mel(config: Mapping[str, Any], file: Path) -> Mel:
    """HiFi-GAN's formula."""
    keys = {
        "sample_rate": "sampling_rate",
        "n_fft": "n_fft",
        "hop_length": "hop_size",
        "win_length": "win_size",
        "n_mels": "num_mels",
        "f_min": "fmin",
        "f_max": "fmax",
    }
    return Mel(**{name: field(config, key, file) for name, key in keys.items()})


def _generator(
    config: Mapping[str, Any], weights: Mapping[str, Tensor], file: Path
) -> dict[str, Any]:
    rates, kernels, sizes, dilations = (
        field(config, name, file)
        for name in (
            "upsample_rates",
            "upsample_kernel_sizes",
            "resblock_kernel_sizes",
            "resblock_dilation_sizes",
        )
    )
    # whatever the configuration says, only block 1 has two lists of convolutions
    resblock = "1" if any(".convs1." in key for key in weights) else "2"
    if all(isinstance(each, list) for each in (rates, kernels, sizes, dilations)):
        # The original pairs these lists and drops what is left over, dilations too.
        kernels, dilations = kernels[: len(rates)], dilations[: len(sizes)]
        used = 3 if resblock == "1" else 2
        dilations = [each[:used] if isinstance(each, list) else each for each in dilations]
    return {
        "name": "istftnet",
        "upsample_rates": rates,
        "upsample_kernel_sizes": kernels,
        "upsample_initial_channel": field(config, "upsample_initial_channel", file),
        "resblock": resblock,
        "resblock_kernel_sizes": sizes,
        "resblock_dilation_sizes": dilations,
        "istft_n_fft": field(config, "gen_istft_n_fft", file),
        "istft_hop_length": field(config, "gen_istft_hop_size", file),
    }
