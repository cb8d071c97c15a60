"""BigVGAN's folders: `config.json` beside weights of the generator, of both versions.

Source: github.com/NVIDIA/BigVGAN (MIT): `bigvgan.py`, `train.py`, `meldataset.py` and the first
release's `models.py`. On Hugging Face the files are named `bigvgan_generator.pt` and
`bigvgan_discriminator_optimizer.pt`, in training folders `g_STEP` and `do_STEP`.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from wavegan.audio.mel import Mel
from wavegan.errors import UserError
from wavegan.interop._files import blaming, field, json_file, state_dict, torch_file
from wavegan.interop._jik876_keys import newest_beside
from wavegan.interop.base import Foreign, Layout
from wavegan.layers.activations import half_band

CONFIG = "config.json"
GENERATOR, DISCRIMINATORS = "bigvgan_generator", "bigvgan_discriminator_optimizer"
PEAK = 0.95

REQUIRED = (
    "upsample_rates",
    "upsample_kernel_sizes",
    "upsample_initial_channel",
    "resblock",
    "resblock_kernel_sizes",
    "resblock_dilation_sizes",
    "activation",
    "snake_logscale",
)
# what the first release, which had no such fields, did
DEFAULTS: Mapping[str, Any] = {"use_tanh_at_final": True, "use_bias_at_final": True}
MEL: Mapping[str, str] = {
    "sample_rate": "sampling_rate",
    "n_fft": "n_fft",
    "hop_length": "hop_size",
    "win_length": "win_size",
    "n_mels": "num_mels",
    "f_min": "fmin",
    "f_max": "fmax",
}
STEP = re.compile(r"g_(\d+)(?:\.(?:pt|pth|ckpt))?")
FILTER = re.compile(
    r"(resblocks\.\d+\.activations\.\d+|activation_post)\.(upsample|downsample\.lowpass)\.filter"
)
TRANSFORM = re.compile(
    r"discriminators\.\d+\.(resample\.kernel|cqt_transform\."
    r"(lowpass_filter|early_downsample_filter|lenghts|cqt_kernels_real|cqt_kernels_imag))"
)
SPECTRAL: Mapping[str, str] = {"weight_orig": "original", "weight_u": "0._u", "weight_v": "0._v"}


class BigVGANLayout(Layout):
    """A folder with `config.json` and `bigvgan_generator.pt` or `g_STEP`; or that file in it."""

    looks_for = f"{GENERATOR}*.pt or g_* with {CONFIG} (BigVGAN)"

    def find(self, path: Path) -> Path | None:
        """The weights file, if `config.json` has BigVGAN's activations.

        Of several the original's own choice: the highest step, then `bigvgan_generator.pt`.
        """
        folder = path if path.is_dir() else path.parent
        if not _describes_bigvgan(folder / CONFIG):
            return None
        if path.is_dir() or path.name == CONFIG:
            return _latest(folder)
        judges = path.name.startswith(("do_", DISCRIMINATORS))
        weights = STEP.fullmatch(path.name) or path.suffix in (".pt", ".pth", ".ckpt")
        return path if path.is_file() and weights and not judges else None

    def read(self, file: Path, *, discriminators: bool) -> Foreign:
        """Read the generator, and if asked MPD and MRD (or CQT) of the file saved with it.

        A multi-band discriminator (`use_mbd_instead_of_mrd`, in no published model) is left out.
        """
        described = file.with_name(CONFIG)
        config = json_file(described)
        weights = _without_filters(state_dict(torch_file(file), file, "generator"), file)
        with blaming(described):
            mel = Mel(**{ours: field(config, theirs, described) for ours, theirs in MEL.items()})
        return Foreign(
            mel=mel,
            generator=_generator(config, weights, described),
            weights=weights,
            source=file,
            described_in=described,
            peak=PEAK,
            discriminators=_discriminators(file, config) if discriminators else {},
        )


def _describes_bigvgan(file: Path) -> bool:
    try:
        config = json_file(file)
    except UserError:
        return False
    return "snake_logscale" in config or "snake" in str(config.get("activation"))


def _latest(folder: Path) -> Path | None:
    steps = {int(match[1]): f for f in folder.iterdir() if (match := STEP.fullmatch(f.name))}
    if steps:
        return steps[max(steps)]
    usual = folder / f"{GENERATOR}.pt"
    if usual.is_file():
        return usual
    return max(folder.glob(f"{GENERATOR}_*.pt"), key=_numbers, default=None)


def _numbers(file: Path) -> tuple[list[int], str]:
    return [int(number) for number in re.findall(r"\d+", file.stem)], file.name


def _without_filters(weights: Mapping[str, Tensor], file: Path) -> dict[str, Tensor]:
    """Drop the low passes of the anti-aliased activations, which must be those made here."""
    expected = torch.tensor(half_band(), dtype=torch.float32)
    for key in filter(FILTER.fullmatch, weights):
        taps = weights[key].flatten().float()
        # room for half precision
        if taps.shape != expected.shape or not torch.allclose(taps, expected, atol=1e-3):
            raise UserError(f"{file}: {key} is not BigVGAN's low pass of {len(expected)} taps")
    return {key: value for key, value in weights.items() if not FILTER.fullmatch(key)}


def _generator(
    config: Mapping[str, Any], weights: Mapping[str, Tensor], file: Path
) -> dict[str, Any]:
    options = {name: field(config, name, file) for name in REQUIRED}
    if options["resblock"] in (1, 2):
        # The first release made block 2 of everything but the text "1".
        options["resblock"] = "1" if any(".convs1." in key for key in weights) else "2"
    dilations = options["resblock_dilation_sizes"]
    if isinstance(dilations, list) and all(isinstance(each, list) for each in dilations):
        options["resblock_dilation_sizes"] = [
            each[: _convolutions(weights, block)] for block, each in enumerate(dilations)
        ]
    return {
        "name": "bigvgan",
        **options,
        **{name: config.get(name, default) for name, default in DEFAULTS.items()},
    }


def _convolutions(weights: Mapping[str, Tensor], block: int) -> int | None:
    """How many dilations a block uses; the first release took three or two of any number."""
    pattern = re.compile(rf"resblocks\.{block}\.convs1?\.\d+\.bias")
    return sum(bool(pattern.fullmatch(key)) for key in weights) or None


def _discriminators(file: Path, config: Mapping[str, Any]) -> dict[str, dict[str, Tensor]]:
    step = STEP.fullmatch(file.name)
    saved: Path | None = file.with_name(file.name.replace(GENERATOR, DISCRIMINATORS))
    if step or not (saved and saved.is_file() and saved != file):
        saved = newest_beside(file, int(step[1]) if step else None)
    if saved is None:
        return {}
    content = torch_file(saved)
    found = {"mpd": _norms_renamed(state_dict(content, saved, "mpd"))}
    if not config.get("use_mbd_instead_of_mrd", False):
        name = "cqt" if config.get("use_cqtd_instead_of_mrd", False) else "mrd"
        judge = _norms_renamed(state_dict(content, saved, "mrd"))
        found[name] = {key: value for key, value in judge.items() if not TRANSFORM.fullmatch(key)}
    return found


def _norms_renamed(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Spectral norm's former keys become today's; weight norm's load as they are."""
    spectral = {key.rpartition(".")[0] for key in weights if key.endswith(".weight_orig")}
    renamed = {}
    for key, value in weights.items():
        module, _, name = key.rpartition(".")
        if module in spectral and name in SPECTRAL:
            renamed[f"{module}.parametrizations.weight.{SPECTRAL[name]}"] = value
        else:
            renamed[key] = value
    return renamed
