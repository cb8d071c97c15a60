"""Parallel WaveGAN: the original's output, sizes, lengths, causality and refusals."""

import math
from typing import Any

import h5py
import pytest
import torch
import yaml

from wavegan.generators.parallel_wavegan import ParallelWaveGAN
from wavegan.interop.pwg import parallel_wavegan as names
from wavegan.layers.weight_norm import fold_weight_norm

SMALL: dict[str, Any] = {
    "n_mels": 4,
    "noise_channels": 2,
    "layers": 4,
    "stacks": 2,
    "residual_channels": 6,
    "gate_channels": 8,
    "skip_channels": 5,
    "upsample_rates": [3, 2],
}


@torch.no_grad()
def test_output_equals_the_originals(golden: Any) -> None:
    folder, expected = golden("pwg-parallel-wavegan")
    config = yaml.safe_load((folder / "config.yml").read_text())
    saved = torch.load(folder / "checkpoint-1000steps.pkl", weights_only=True)
    options, weights = names.generator(
        config["generator_params"], saved["model"]["generator"], folder
    )
    assert options.pop("name") == "parallel_wavegan"
    with h5py.File(folder / "stats.h5") as stats:
        mean, std = (stats[key][()].reshape(-1).tolist() for key in ("mean", "scale"))
    net = ParallelWaveGAN(**options, mel_mean=mean, mel_std=std, hop_length=256).eval()
    net.load_state_dict(weights, strict=True)
    mel = expected["mel"][None]
    noise = expected["noise"].reshape(1, *net.noise_shape(mel.shape[-1]))
    wave = expected["wave"]
    assert wave.abs().max() > 0.01
    unfolded = net(mel, noise)[0, 0]
    assert (unfolded - wave).abs().max() <= 1e-5 * wave.abs().max()
    folded = fold_weight_norm(net)(mel, noise)[0, 0]
    assert (folded - wave).abs().max() <= 1e-5 * wave.abs().max()


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ({}, 1_346_042),
        ({"weight_norm": False}, 1_334_309),
        ({"kernel_size": 5}, 1_837_562),
        ({"layers": 20, "stacks": 2, "residual_channels": 16, "gate_channels": 32,
          "skip_channels": 16, "aux_context_window": 1}, 115_034),
    ],
)  # fmt: skip
def test_counts_are_the_originals(options: dict[str, Any], count: int) -> None:
    with torch.device("meta"):
        net = ParallelWaveGAN(**options)
    assert sum(p.numel() for p in net.parameters()) == count


@pytest.mark.parametrize("rates", [[], [3, 2], [5, 1, 7]])
def test_there_is_noise_for_every_sample(rates: list[int]) -> None:
    net = ParallelWaveGAN(**SMALL | {"upsample_rates": rates})
    assert net.noise_shape(7) == (2, 7 * math.prod(rates)) == (2, net.output_length(7))


@torch.no_grad()
def test_causal_means_that_the_past_never_changes() -> None:
    torch.manual_seed(0)
    mel, noise = torch.randn(1, 4, 12), torch.randn(1, 2, 72)
    later, noise_later = mel.clone(), noise.clone()
    later[..., 8:] += 1
    noise_later[..., 48:] += 1
    for causal in (True, False):
        net = ParallelWaveGAN(**SMALL, causal=causal)
        difference = (net(mel, noise) - net(later, noise_later))[..., :48].abs().max()
        assert (difference == 0).item() is causal


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hop_length": 300}, r"mel.hop_length 300 .*upsample_rates \[4, 4, 4, 4\].* to 256"),
        ({"upsample_rates": [], "hop_length": 4}, r"mel.hop_length 4 .*upsample_rates to \[4\]"),
        ({"upsample_rates": [4, 0]}, r"upsample_rates \[4, 0\]"),
        ({"upsample_net": "plain"}, r"aux_context_window 2 .*upsample_net 'plain'.* use 0"),
        ({"aux_context_window": -1}, r"aux_context_window -1"),
        ({"upsample_net": "melgan"}, r"upsample_net 'melgan'"),
        ({"upsample_activation": "LeakyReLU"}, r"activation 'LeakyReLU'.*leaky_relu"),
        ({"layers": 31}, r"layers 31 .*stacks 3: use layers 30"),
        ({"kernel_size": 4}, r"kernel_size 4 must be odd"),
        ({"noise_channels": 0}, r"noise_channels 0"),
        ({"mel_std": 0.0}, r"mel_std 0.0"),
    ],
)
def test_contradictions_are_refused(refused: Any, options: dict[str, Any], message: str) -> None:
    refused(ParallelWaveGAN, options, message)
