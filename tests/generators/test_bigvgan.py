"""BigVGAN: the original's outputs and sizes, lengths and refusals."""

from typing import Any

import numpy as np
import pytest
import torch

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


# every ninth sample that NVIDIA/BigVGAN 2.4 computes from `weights_by_name` and `sines`
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
def test_output_equals_the_originals(
    weights_by_name: Any, options: dict[str, Any], expected: list[float]
) -> None:
    net = BigVGAN(**{**SMALL, **options}).eval()
    linear = not options.get("snake_logscale", True)
    positive = ("weight_g", "alpha", "beta") if linear else ("weight_g",)
    net.load_state_dict(weights_by_name(net, positive), strict=True)
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
        ({"mel_std": 0.0}, r"mel_std 0.0 must be positive"),
    ],
)  # fmt: skip
def test_contradictions_are_refused(refused: Any, options: dict[str, Any], message: str) -> None:
    refused(BigVGAN, options, message)
