"""Parallel WaveGAN: the original's output, sizes, lengths, causality and refusals."""

import math
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from wavegan.errors import UserError
from wavegan.generators.parallel_wavegan import ParallelWaveGAN
from wavegan.interop import _pwg_parallel_wavegan as names
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
def test_output_equals_the_originals(shared: Path) -> None:
    folder = shared / "golden" / "pwg-parallel-wavegan"
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
    expected = np.load(folder / "expected.npz")
    mel = torch.from_numpy(expected["mel"])[None]
    noise = torch.from_numpy(expected["noise"]).reshape(1, *net.noise_shape(mel.shape[-1]))
    wave = torch.from_numpy(expected["wave"])
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


@settings(deadline=None, max_examples=25)
@given(
    rates=st.lists(st.integers(1, 7), max_size=4),
    frames=st.integers(1, 7),
    window=st.integers(0, 3),
    causal=st.booleans(),
    channels=st.integers(1, 2),
)
@torch.no_grad()
def test_output_length_is_frames_times_hop(
    rates: list[int], frames: int, window: int, causal: bool, channels: int
) -> None:
    options = SMALL | {"upsample_rates": rates, "aux_context_window": window}
    net = ParallelWaveGAN(**options, causal=causal, channels=channels)
    assert net.hop_length == math.prod(rates)
    mel = torch.randn(2, 4, frames)
    audio = net(mel)
    assert audio.shape == (2, channels, frames * net.hop_length)
    assert net.noise_shape(frames) == (2, net.output_length(frames))
    noise = torch.randn(2, *net.noise_shape(frames))
    assert torch.equal(net(mel, noise), net(mel, noise))


@torch.no_grad()
def test_noise_is_drawn_from_the_global_generator_and_heard() -> None:
    torch.manual_seed(0)
    net, mel = ParallelWaveGAN(**SMALL), torch.randn(2, 4, 5)
    torch.manual_seed(3)
    drawn = net(mel)
    torch.manual_seed(3)
    assert torch.equal(drawn, net(mel, torch.randn(2, *net.noise_shape(5))))
    assert not torch.equal(drawn, net(mel))


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


@torch.no_grad()
def test_statistics_come_first() -> None:
    torch.manual_seed(0)
    plain = ParallelWaveGAN(**SMALL)
    other = ParallelWaveGAN(**SMALL, mel_mean=[-1, -2, -3, -4], mel_std=2.0)
    other.load_state_dict(plain.state_dict())
    mel, noise = torch.randn(1, 4, 6), torch.randn(1, 2, 36)
    raw = 2 * mel - torch.tensor([1.0, 2, 3, 4])[:, None]
    assert torch.allclose(other(raw, noise), plain(mel, noise), atol=1e-5)


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
def test_contradictions_are_refused(options: dict[str, Any], message: str) -> None:
    with torch.device("meta"), pytest.raises(UserError, match=message) as refusal:
        ParallelWaveGAN(**options)
    assert "\n" not in str(refusal.value)


def test_gradients_reach_every_parameter_but_the_last_residual() -> None:
    torch.manual_seed(0)
    net = ParallelWaveGAN(**SMALL, upsample_activation="leaky_relu", freq_axis_kernel_size=3)
    net(torch.randn(2, 4, 8)).square().mean().backward()
    unused = {name for name, p in net.named_parameters() if p.grad is None}
    assert unused == {
        f"wavenet.blocks.3.residual.{rest}"
        for rest in (
            "bias",
            "parametrizations.weight.original0",
            "parametrizations.weight.original1",
        )
    }
    for name, parameter in net.named_parameters():
        assert name in unused or parameter.grad.abs().max() > 0, name


@torch.no_grad()
def test_bfloat16_autocast_stays_close() -> None:
    torch.manual_seed(0)
    net: nn.Module = ParallelWaveGAN(**SMALL)
    mel, noise = torch.randn(1, 4, 16), torch.randn(1, 2, 96)
    exact = net(mel, noise)
    with torch.autocast("cpu", torch.bfloat16):
        rough = net(mel, noise)
    assert rough.dtype is torch.bfloat16
    error = (rough.float() - exact).square().mean() / exact.square().mean()
    assert 0 < error < 0.01
