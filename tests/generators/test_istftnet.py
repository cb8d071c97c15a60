"""iSTFTNet: the public code's numbers, size, lengths, gradients, refusals."""

import math
from typing import Any

import pytest
import torch

from wavegan.generators.istftnet import ISTFTNet
from wavegan.layers.weight_norm import fold_weight_norm

SMALL: dict[str, Any] = {
    "n_mels": 6,
    "upsample_rates": [4, 2],
    "upsample_kernel_sizes": [8, 4],
    "upsample_initial_channel": 16,
    "resblock_kernel_sizes": [3, 5],
    "resblock_dilation_sizes": [[1, 3, 5], [1, 2, 4]],
}
SHORT: dict[str, Any] = {
    **SMALL,
    "upsample_rates": [3],
    "upsample_kernel_sizes": [7],
    "resblock": "2",
    "resblock_dilation_sizes": [[1, 3], [2, 6]],
    "istft_n_fft": 12,
    "istft_hop_length": 3,
}
# computed once by github.com/rishikksh20/iSTFTNet-pytorch from `weights_in_order`
PUBLIC = [
    (SMALL, 19, [-0.013979, -0.066234, 0.020515, -0.023858, -0.005914, -0.050777, 0.058991,
                 -0.028512, -0.018163]),
    (SHORT, 7, [0.006169, -0.037403, 0.101695, -0.016894, -0.036827, 0.072934]),
]  # fmt: skip


@pytest.mark.parametrize(("options", "every", "expected"), PUBLIC)
@torch.no_grad()
def test_output_equals_the_public_codes(
    weights_in_order: Any, options: dict[str, Any], every: int, expected: list[float]
) -> None:
    net = fold_weight_norm(ISTFTNet(**options))
    shapes = {key: value.shape for key, value in net.state_dict().items()}
    net.load_state_dict(weights_in_order(shapes), strict=True)
    mel = torch.sin(torch.arange(30, dtype=torch.float64) * 0.61).reshape(1, 6, 5).float()
    wave = net(mel)[0, 0]
    assert wave.shape == (5 * math.prod(options["upsample_rates"]) * net.inverse.hop_length,)
    assert (wave[3::every] - torch.tensor(expected)).abs().max() < 2e-6


def test_parameter_count_of_the_public_code() -> None:
    with torch.device("meta"):
        net = ISTFTNet(hop_length=256)
    count = sum(p.numel() for p in net.parameters())
    assert count == 13_262_244
    assert net.hop_length == 256


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"hop_length": 48},
            r"mel.hop_length 48 is not 32, the product of generator.upsample_rates \[4, 2\] times "
            r"generator.istft_hop_length 4: set mel.hop_length to 32, or generator.upsample_rates "
            r"to \[4, 3\] and generator.upsample_kernel_sizes to \[8, 7\]",
        ),
        ({"hop_length": 30}, r"hop_length 30 is not 32, .*: set mel.hop_length to 32$"),
        ({"upsample_kernel_sizes": [8, 5]}, r"upsample_kernel_sizes \[8, 5\] does not fit"),
        ({"istft_n_fft": 15}, "istft_n_fft 15 must be even and more than istft_hop_length 4: use"),
        ({"istft_hop_length": 0}, "use 16 and istft_hop_length 1"),
        ({"resblock": "3"}, "resblock '3' is not known"),
        (
            {"resblock_kernel_sizes": [3, 4]},
            r"resblock_kernel_sizes \[3, 4\] and .* as \[3, 5\] and \[\[1, 3, 5\], \[1, 2, 4\]\]",
        ),
        ({"resblock_dilation_sizes": [[1, 3, 5]]}, r"such as \[3, 5\] and \[\[1, 3, 5\], \[1, 3"),
        ({"upsample_initial_channel": 3}, "upsample_initial_channel 3 cannot be halved .* least 4"),
        ({"n_mels": 0}, "n_mels 0 and channels 1 must be at least 1"),
    ],
)
def test_contradictions_are_refused(refused: Any, options: dict[str, Any], message: str) -> None:
    refused(ISTFTNet, {**SMALL, **options}, message)
