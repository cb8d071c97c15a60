"""BigVGAN: the original's outputs and sizes, lengths and refusals."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from wavegan.errors import UserError
from wavegan.generators.bigvgan import BigVGAN
from wavegan.layers.weight_norm import fold_weight_norm

SMALL: dict[str, Any] = {
    "n_mels": 6,
    "upsample_rates": [4, 2],
    "upsample_kernel_sizes": [8, 4],
    "upsample_initial_channel": 16,
    "resblock_kernel_sizes": [3, 5],
    "resblock_dilation_sizes": [[1, 3], [1, 2]],
}
LARGE: dict[str, Any] = {
    "upsample_rates": [4, 4, 2, 2, 2, 2],
    "upsample_kernel_sizes": [8, 8, 4, 4, 4, 4],
    "upsample_initial_channel": 1536,
}
BARE = {"use_tanh_at_final": False, "use_bias_at_final": False}


def filled(shapes: dict[str, tuple[int, ...]], linear: bool) -> dict[str, Tensor]:
    """Weights by a formula of their names and places, as the original was given them."""
    values = {}
    for name, shape in shapes.items():
        wave = np.sin(0.7 * np.arange(math.prod(shape)) + sum(map(ord, name)) % 97)
        positive = name.endswith("weight_g") or (linear and name.endswith(("alpha", "beta")))
        value = 0.7 + 0.5 * wave if positive else 0.3 * wave
        values[name] = torch.tensor(value, dtype=torch.float32).reshape(shape)
    return values


def shapes_of(net: torch.nn.Module) -> dict[str, tuple[int, ...]]:
    """By the names that the original's weight norm gives."""
    return {
        key.replace("parametrizations.weight.original0", "weight_g").replace(
            "parametrizations.weight.original1", "weight_v"
        ): tuple(value.shape)
        for key, value in net.state_dict().items()
    }


# every ninth sample that NVIDIA/BigVGAN 2.4 computes from `filled` weights and `sines`
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({},
         [0.0745625, 0.6011162, 0.5846766, 0.5881886, 0.608265, 0.6040397, 0.6206231, 0.6245884]),
        ({"activation": "snake", "snake_logscale": False, "use_tanh_at_final": False},
         [0.1161698, 0.5399326, 0.4484004, 0.4851584, 0.4887706, 0.4984162, 0.5120218, 0.5015215]),
        ({"resblock": "2", "snake_logscale": False},
         [-0.4907196, -0.400706, 0.1993127, 0.3083992, 0.15324, 0.1956092, 0.2405233, 0.2171212]),
        ({"resblock": "2", "activation": "snake", "use_bias_at_final": False,
          "upsample_rates": [3, 2], "upsample_kernel_sizes": [7, 2]},
         [-0.0382292, 0.0010225, 0.0249073, -0.0118376, 0.0286492, -0.0074779, 0.0156097,
          0.0291975]),
    ],
)  # fmt: skip
@torch.no_grad()
def test_output_equals_the_originals(options: dict[str, Any], expected: list[float]) -> None:
    net = BigVGAN(**{**SMALL, **options}).eval()
    weights = filled(shapes_of(net), linear=not options.get("snake_logscale", True))
    net.load_state_dict(weights, strict=True)
    sines = torch.tensor(np.sin(0.37 * np.arange(66)).reshape(1, 6, 11), dtype=torch.float32)
    peak = net(sines).abs().max()
    for each in (net, fold_weight_norm(net)):
        found = each(sines)[0, 0, ::9][:8]
        assert (found - torch.tensor(expected)).abs().max() <= 1e-5 * peak + 5e-8


# parameters of the original's `BigVGAN` built from the authors' configuration files
@pytest.mark.parametrize(
    ("options", "count", "published"),
    [
        ({}, 14_025_154, 14),
        (LARGE, 112_446_290, 112),
        ({**LARGE, **BARE, "n_mels": 128, "upsample_rates": [8, 4, 2, 2, 2, 2],
          "upsample_kernel_sizes": [16, 8, 4, 4, 4, 4]}, 122_184_529, 122),
    ],
)  # fmt: skip
def test_parameter_counts_of_the_original(
    options: dict[str, Any], count: int, published: int
) -> None:
    with torch.device("meta"):
        net = BigVGAN(**options)
    assert sum(p.numel() for p in net.parameters()) == count
    assert round(count / 1e6) == published


@torch.no_grad()
def test_without_tanh_it_is_cut_at_one() -> None:
    torch.manual_seed(0)
    net = BigVGAN(**SMALL, use_tanh_at_final=False)
    assert net.conv_post.bias is not None
    mel = torch.randn(1, 6, 8)
    quiet = net(mel)
    assert quiet.abs().max() < 1
    shift = 1 - quiet.median()
    net.conv_post.bias += shift
    assert torch.allclose(net(mel), (quiet + shift).clamp(-1, 1), atol=1e-6)
    assert net(mel).max() == 1


@settings(deadline=None, max_examples=20)
@given(
    stages=st.lists(st.tuples(st.integers(1, 6), st.integers(0, 3)), min_size=1, max_size=3),
    frames=st.integers(1, 5),
    channels=st.integers(1, 2),
)
@torch.no_grad()
def test_output_length_is_frames_times_hop(
    stages: list[tuple[int, int]], frames: int, channels: int
) -> None:
    rates = [rate for rate, _ in stages]
    kernels = [rate + 2 * extra for rate, extra in stages]
    sizes = {"upsample_rates": rates, "upsample_kernel_sizes": kernels}
    net = BigVGAN(**{**SMALL, **sizes, "channels": channels})
    assert net.hop_length == math.prod(rates)
    audio = net(torch.randn(2, 6, frames))
    assert audio.shape == (2, channels, net.output_length(frames))
    assert audio.shape[-1] == frames * net.hop_length


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hop_length": 300}, r"mel.hop_length 300 is not 256.*upsample_rates to \[10, 5, 3, 2\]"),
        ({"upsample_kernel_sizes": [16, 15, 4, 4]}, r"upsample_kernel_sizes .*\[16, 16, 4, 4\]$"),
        ({"resblock": "3"}, r"resblock '3' is not known"),
        ({"resblock_kernel_sizes": [3, 6, 11]}, r"kernel_sizes \[3, 6, 11\].*\[3, 7, 11\]"),
        ({"resblock_dilation_sizes": [[1, 3, 5]]},
         r"dilation_sizes \[\[1, 3, 5\]\] .*and \[\[1, 3, 5\], \[1, 3, 5\], \[1, 3, 5\]\]"),
        ({"upsample_initial_channel": 8}, r"upsample_initial_channel 8 .*at least 16"),
        ({"channels": 0}, r"n_mels 100 and channels 0"),
        ({"activation": "relu"}, r'activation \'relu\' is not known: use "snake" or "snakebeta"'),
        ({"mel_std": 0.0}, r"mel_std 0.0 beside mel_mean must be positive"),
    ],
)  # fmt: skip
def test_contradictions_are_refused(options: dict[str, Any], message: str) -> None:
    with torch.device("meta"), pytest.raises(UserError, match=message) as refusal:
        BigVGAN(**options)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("resblock", ["1", "2"])
@pytest.mark.parametrize("activation", ["snake", "snakebeta"])
def test_gradients_reach_every_parameter(resblock: Any, activation: Any) -> None:
    torch.manual_seed(0)
    net = BigVGAN(**SMALL, resblock=resblock, activation=activation, use_tanh_at_final=False)
    net(torch.randn(2, 6, 8)).square().mean().backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


@torch.no_grad()
def test_bfloat16_autocast_stays_close() -> None:
    torch.manual_seed(0)
    net = BigVGAN(**SMALL)
    mel = torch.randn(1, 6, 16)
    exact = net(mel)
    with torch.autocast("cpu", torch.bfloat16):
        rough = net(mel)
    assert rough.dtype is torch.bfloat16
    error = (rough.float() - exact).square().mean() / exact.square().mean()
    assert 0 < error < 0.01
