"""StyleMelGAN: the original's output, sizes, lengths, the noise's grid and refusals."""

import math
from typing import Any

import h5py
import pytest
import torch
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from wavegan import recipe
from wavegan.generators.stylemelgan import StyleMelGAN
from wavegan.interop.pwg import stylemelgan as names
from wavegan.layers.weight_norm import fold_weight_norm
from wavegan.mel.spectrogram import MelSpectrogram

SMALL: dict[str, Any] = {
    "n_mels": 4,
    "noise_channels": 5,
    "width": 6,
    "kernel_size": 5,
    "noise_upsample_rates": [3, 2],
    "upsample_rates": [2, 1, 3],
}


@torch.no_grad()
def test_output_equals_the_originals(golden: Any) -> None:
    folder, expected = golden("pwg-style-melgan")
    config = yaml.safe_load((folder / "config.yml").read_text())
    saved = torch.load(folder / "checkpoint-1000steps.pkl", weights_only=True)
    options, weights = names.generator(
        config["generator_params"], saved["model"]["generator"], folder
    )
    assert options.pop("name") == "stylemelgan"
    with h5py.File(folder / "stats.h5") as stats:
        mean, std = (stats[key][()].reshape(-1).tolist() for key in ("mean", "scale"))
    net = StyleMelGAN(**options, mel_mean=mean, mel_std=std, hop_length=256).eval()
    net.load_state_dict(weights, strict=True)
    mel, noise = expected["mel"], expected["noise"]
    assert noise.shape == (1, *net.noise_shape(mel.shape[-1]))
    wave = expected["wave"]
    assert wave.abs().max() > 0.01
    unfolded = net(mel[None], noise)[0, 0]
    assert (unfolded - wave).abs().max() <= 1e-5 * wave.abs().max()
    folded = fold_weight_norm(net)(mel[None], noise)[0, 0]
    assert (folded - wave).abs().max() <= 1e-5 * wave.abs().max()


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ({}, 3_569_026),
        ({"weight_norm": False}, 3_562_945),
        ({"noise_upsample_rates": [10, 2, 2, 2], "upsample_rates": [5, 1, 5, 1, 3, 1, 2, 2, 1]},
         3_552_642),
    ],
)  # fmt: skip
def test_counts_are_the_originals(options: dict[str, Any], count: int) -> None:
    with torch.device("meta"):
        net = StyleMelGAN(**options)
    assert sum(p.numel() for p in net.parameters()) == count


@settings(deadline=None, max_examples=25)
@given(
    rates=st.lists(st.integers(2, 5), min_size=1, max_size=3),
    frames=st.integers(1, 13),
)
@torch.no_grad()
def test_noise_is_coarser_than_frames_and_audio_within_one(rates: list[int], frames: int) -> None:
    net = StyleMelGAN(**SMALL | {"noise_upsample_rates": rates})
    assert net.noise_shape(frames) == (5, math.ceil(frames / math.prod(rates)))
    assert net(torch.randn(2, 4, frames)).abs().max() <= 1


@torch.no_grad()
def test_after_the_last_frame_that_frame_is_repeated() -> None:
    torch.manual_seed(0)
    net = StyleMelGAN(**SMALL)
    mel, noise = torch.randn(1, 4, 8), torch.randn(1, 5, 2)
    whole = torch.cat([mel, mel[..., -1:].expand(1, 4, 4)], -1)
    assert torch.equal(net(mel, noise), net(whole, noise)[..., : 8 * 6])


def test_the_presets_segment_is_one_step_of_noise() -> None:
    made = recipe.load("stylemelgan")
    frames = MelSpectrogram(made.front_end())(torch.zeros(1, made.data.segment)).shape[-1]
    with torch.device("meta"):
        net = StyleMelGAN()
    assert frames == 88
    assert net.noise_shape(frames) == (128, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hop_length": 300}, r"mel.hop_length 300 .*mel.hop_length to 256"),
        ({"upsample_rates": []}, r"upsample_rates \[\]"),
        ({"noise_upsample_rates": [11, 1]}, r"noise_upsample_rates \[11, 1\].*at least 2.*\[11\]"),
        ({"noise_upsample_rates": []}, r"noise_upsample_rates \[\]"),
        ({"noise_upsample_activation": "relU"}, r"activation 'relU'.*did you mean 'relu'"),
        ({"kernel_size": 8}, r"kernel_size 8 must be odd"),
        ({"width": 0}, r"width 0"),
        ({"mel_std": 0.0}, r"mel_std 0.0"),
    ],
)
def test_contradictions_are_refused(refused: Any, options: dict[str, Any], message: str) -> None:
    refused(StyleMelGAN, options, message)
