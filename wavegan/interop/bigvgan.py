"""Read folders of BigVGAN, both versions: `config.json` with the generator's weights.

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

from wavegan.bundle_config import Config, Model
from wavegan.errors import UserError
from wavegan.interop import _wrapped
from wavegan.interop._files import SUFFIXES, contents, errors_naming, field, json_file, state_dict
from wavegan.interop._jik876_config import CONFIG, PEAK, front_end, stages
from wavegan.interop._jik876_keys import nearest_discriminators, norms_renamed, step_of
from wavegan.interop.base import Layout
from wavegan.layers.activations import half_band

ANCHORS = (r"conv_pre\.", r"ups\.", r"resblocks\.", r"activation_post\.", r"conv_post\.")
GENERATOR, DISCRIMINATORS = "bigvgan_generator", "bigvgan_discriminator_optimizer"
REQUIRED = ("activation", "snake_logscale")
# the first release had no such fields
DEFAULTS: Mapping[str, Any] = {"use_tanh_at_final": True, "use_bias_at_final": True}
FILTER = re.compile(
    r"(resblocks\.\d+\.activations\.\d+|activation_post)\.(upsample|downsample\.lowpass)\.filter"
)
TRANSFORM = re.compile(
    r"discriminators\.\d+\.(resample\.kernel|cqt_transform\."
    r"(lowpass_filter|early_downsample_filter|lenghts|cqt_kernels_real|cqt_kernels_imag))"
)


class BigVGANLayout(Layout):
    """A folder with `config.json` and `bigvgan_generator.pt` or `g_STEP`, or that file."""

    looks_for = f"{GENERATOR}*.pt or g_* with {CONFIG} (BigVGAN)"

    def find(self, path: Path) -> Path | None:
        """The weights file, if `config.json` has BigVGAN's activations.

        Of several files the same as in the original: the highest step, then
        `bigvgan_generator.pt`.
        """
        folder = path if path.is_dir() else path.parent
        if not _describes_bigvgan(folder / CONFIG):
            return None
        if path.is_dir() or path.name == CONFIG:
            return _latest(folder)
        of_d = path.name.startswith(("do_", DISCRIMINATORS))
        weights = step_of(path) is not None or path.suffix in SUFFIXES
        return path if path.is_file() and weights and not of_d else None

    def read(self, file: Path, *, discriminators: bool) -> Model:
        """Read the generator, and on request MPD and MRD (or CQT) from the file saved with it.

        A multi-band discriminator (`use_mbd_instead_of_mrd`, in no published model) is left out.
        """
        described = file.with_name(CONFIG)
        config = json_file(described)
        weights = _without_filters(_wrapped.generator(contents(file), file, ANCHORS), file)
        with errors_naming(described):
            mel = front_end(config, described)
        return Model(
            Config(
                mel=mel,
                generator={
                    "name": "bigvgan",
                    **stages(config, weights, described),
                    **{name: field(config, name, described) for name in REQUIRED},
                    **{name: config.get(name, default) for name, default in DEFAULTS.items()},
                },
                peak=PEAK,
            ),
            weights=weights,
            source=file,
            described_in=described,
            discriminators=_discriminators(file, config) if discriminators else {},
        )


def _describes_bigvgan(file: Path) -> bool:
    try:
        config = json_file(file)
    except UserError:
        return False
    return "snake_logscale" in config or "snake" in str(config.get("activation"))


def _latest(folder: Path) -> Path | None:
    steps = {step: f for f in folder.iterdir() if (step := step_of(f)) is not None}
    if steps:
        return steps[max(steps)]
    usual = folder / f"{GENERATOR}.pt"
    if usual.is_file():
        return usual
    numbered = max(folder.glob(f"{GENERATOR}_*.pt"), key=_numbers, default=None)
    return numbered or _wrapped.only(folder, ANCHORS)


def _numbers(file: Path) -> tuple[list[int], str]:
    return [int(number) for number in re.findall(r"\d+", file.stem)], file.name


def _without_filters(weights: Mapping[str, Tensor], file: Path) -> dict[str, Tensor]:
    """Drop the low-pass filters of the activations after a check that they equal ours."""
    expected = torch.tensor(half_band(), dtype=torch.float32)
    for key in filter(FILTER.fullmatch, weights):
        taps = weights[key].flatten().float()
        # room for half precision
        if taps.shape != expected.shape or not torch.allclose(taps, expected, atol=1e-3):
            raise UserError(f"{key} is not BigVGAN's low-pass of {len(expected)} taps", at=file)
    return {key: value for key, value in weights.items() if not FILTER.fullmatch(key)}


def _discriminators(file: Path, config: Mapping[str, Any]) -> dict[str, dict[str, Tensor]]:
    named = file.with_name(file.name.replace(GENERATOR, DISCRIMINATORS))
    saved = named if named.is_file() and named != file else nearest_discriminators(file)
    if saved is None:
        return {}
    content = contents(saved)
    found = {"mpd": norms_renamed(state_dict(content, saved, "mpd"))}
    if not config.get("use_mbd_instead_of_mrd", False):
        name = "cqt" if config.get("use_cqtd_instead_of_mrd", False) else "mrd"
        second = norms_renamed(state_dict(content, saved, "mrd"))
        found[name] = {key: value for key, value in second.items() if not TRANSFORM.fullmatch(key)}
    return found
