"""The sub-band discriminator: the original's numbers, size, length, refusals."""

import math
from typing import Any

import pytest
import torch

from wavegan.discriminators.subband import SubBand
from wavegan.errors import UserError
from wavegan.layers.weight_norm import fold_weight_norm

SMALL: dict[str, Any] = {
    "filters": (8, 62, 0.07949, 9.0),
    "bands": [3, 8],
    "kernel_sizes": [5, 3],
    "dilations": [[3, 5], [1, 2]],
    "layer_channels": [8, 8, 16],
    "strides": [1, 3, 1],
    "segment": 512,
    "segment_filters": (16, 128, 0.05, 9.0),
    "segment_kernel_size": 3,
    "segment_dilations": [[1, 2], [1, 2], [2, 3]],
    "segment_channels": [8, 16, 8],
}
# computed once by github.com/ncsoft/avocodo from `weights_in_order`: the mean of the logits,
# every fifth of them, and the means of the feature maps
ORIGINAL = [
    (-0.342186272, [-0.258917, -0.328889, -0.360386, -0.340954, -0.351807, -0.347318, -0.355397,
                    -0.352112, -0.377717, -0.328889, -0.328889], [0.047891, 0.023086, 0.081257]),
    (0.276286721, [0.347362, 0.289452, 0.27981, 0.273706, 0.298442],
     [0.161369, 0.195637, 0.067198]),
    (0.439279467, [0.447603, 0.440907, 0.345859], [0.13779, 0.091053, 0.093937]),
]  # fmt: skip


@torch.no_grad()
def test_output_equals_the_originals(chirp: Any, weights_in_order: Any) -> None:
    net = fold_weight_norm(SubBand(**SMALL))
    shapes = {key: value.shape for key, value in net.state_dict().items()}
    net.load_state_dict(weights_in_order(shapes), strict=True)
    outputs = net(chirp(512))
    assert [output.logits.shape for output in outputs] == [(1, 1, 52), (1, 1, 25), (1, 1, 11)]
    for (logits, maps, _), (mean, some, means) in zip(outputs, ORIGINAL, strict=True):
        assert logits.mean().item() == pytest.approx(mean, abs=2e-6)
        assert logits[0, 0, ::5].tolist() == pytest.approx(some, abs=2e-6)
        assert [m.mean().item() for m in maps] == pytest.approx(means, abs=2e-6)


@torch.no_grad()
def test_size_and_shapes_of_the_original() -> None:
    net = SubBand()
    outputs = net(torch.randn(1, 1, 8192))
    assert sum(p.numel() for p in net.parameters()) == 10_622_024
    shapes = [(1, 1, 164), (1, 1, 101), (1, 1, 64), (1, 1, 35)]
    assert [output.logits.shape for output in outputs] == shapes
    assert [len(output.feature_maps) for output in outputs] == [5] * 4


@torch.no_grad()
def test_without_the_segment_any_length_goes() -> None:
    net = SubBand(**{**SMALL, "segment": None})
    for samples in (512, 700):
        assert len(net(torch.randn(2, 1, samples))) == 2


def test_another_length_is_refused() -> None:
    with pytest.raises(UserError, match=r"audio has 496 samples, .* subband is 512: set"):
        SubBand(**SMALL)(torch.zeros(1, 1, 496))


@torch.no_grad()
def test_the_first_member_gets_only_low_bands() -> None:
    """It gets 3 of 8 bands, so a tone in the sixth does not reach it."""
    torch.manual_seed(0)
    net = SubBand(**SMALL)
    time = torch.arange(512)[None, None]
    audio = torch.randn(1, 1, 512)
    tone = torch.sin(math.pi * 5.5 / 8 * time) * torch.hann_window(512)
    low, whole, _ = (
        (a.logits - b.logits).abs().max()
        for a, b in zip(net(audio), net(audio + tone), strict=True)
    )
    assert low < 1e-3
    assert whole > 10 * low


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"channels": 0}, "channels 0 must be at least 1"),
        ({"bands": [3, 9]}, r"bands \[3, 9\] must be .* the 8 bands of filters, such as \[3, 8\]"),
        ({"bands": [3]}, r"kernel_sizes \[5, 3\] and dilations .* for each of bands \[3\]"),
        ({"kernel_sizes": [5, 4]}, r"kernel_sizes \[5, 4\] and dilations .* must have an odd"),
        ({"dilations": [[3, 5], []]}, "must have an odd kernel and a list of dilations"),
        ({"strides": [1, 3]}, r"layer_channels \[8, 8, 16\] and strides \[1, 3\] must be of one"),
        ({"segment_channels": [8, 0, 8]}, r"segment_channels \[8, 0, 8\] and strides"),
        ({"segment": 500}, "segment 500 must be a multiple of the 16 bands .*: use 496"),
        ({"segment_kernel_size": 4}, "segment_kernel_size 4 must be odd"),
        ({"segment_dilations": [[1]]}, r"segment_dilations \[\[1\]\] have a list for each of"),
    ],
)
def test_contradictions_are_refused(refused: Any, options: dict[str, Any], message: str) -> None:
    refused(SubBand, {**SMALL, **options}, message)
