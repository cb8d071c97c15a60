"""MelGAN's multi-scale discriminator against a second way to compute it."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from wavegan.discriminators.melgan_msd import MelGANMultiScale

SMALL: dict[str, Any] = {"base_channels": 8, "layers": 2, "downsampling_factor": 2}


def halve(audio: Tensor) -> Tensor:
    """The mean of 4 at every second sample; the zeros around the audio do not count."""
    total = F.pad(audio, (1, 1)).unfold(-1, 4, 2).sum(-1)
    return total / F.pad(torch.ones_like(audio), (1, 1)).unfold(-1, 4, 2).sum(-1)


def activations(member: Any, x: Tensor, factor: int) -> list[Tensor]:
    """All activations of one scale, the logits last."""
    maps = []
    last = len(member.convs)
    for index, conv in enumerate([*member.convs, member.conv_post]):
        weight, bias = conv.weight, conv.bias
        if index == 0:
            mirrored = torch.cat([x[..., 1:8].flip(-1), x, x[..., -8:-1].flip(-1)], -1)
            x = F.conv1d(mirrored, weight, bias)
        elif index < last - 1:
            groups = x.shape[1] // 4
            x = F.conv1d(x, weight, bias, factor, factor * 5, groups=groups)
        else:
            x = F.conv1d(x, weight, bias, padding=weight.shape[-1] // 2)
        if index < last:
            x = torch.where(x > 0, x, 0.2 * x)
        maps.append(x)
    return maps


@torch.no_grad()
def test_two_implementations_agree() -> None:
    torch.manual_seed(0)
    net = MelGANMultiScale(channels=2, **SMALL)
    audio = torch.randn(3, 2, 301)
    outputs = net(audio)
    assert len(outputs) == 3
    for member, output in zip(net.discriminators, outputs, strict=True):
        expected = activations(member, audio, 2)
        for one, other in zip([*output.feature_maps, output.logits], expected, strict=True):
            assert one.shape == other.shape
            assert torch.allclose(one, other, atol=1e-5)
        audio = halve(audio)


def test_published_size_and_shapes() -> None:
    with torch.device("meta"):
        net = MelGANMultiScale()
        outputs = net(torch.empty(2, 1, 8192))
    # Input width per group, output width, kernel and stride of each layer in the original.
    table = [(1, 16, 15, 1), (4, 64, 41, 4), (4, 256, 41, 4), (4, 1024, 41, 4), (4, 1024, 41, 4),
             (1024, 1024, 5, 1), (1024, 1, 3, 1)]  # fmt: skip
    count = sum(p.numel() for p in net.parameters())
    assert count == 3 * sum(a * b * kernel + 2 * b for a, b, kernel, _ in table)
    assert round(count / 1e6, 1) == 16.9
    for output, samples in zip(outputs, (8192, 4096, 2048), strict=True):
        length = samples
        maps = [*output.feature_maps, output.logits]
        for feature_map, (_, width, _, stride) in zip(maps, table, strict=True):
            length = -(-length // stride)
            assert feature_map.shape == (2, width, length)


def test_size_of_multi_band_melgans() -> None:
    """ParallelWaveGAN's multi_band_melgan.v2, counted by its own code."""
    with torch.device("meta"):
        net = MelGANMultiScale(layers=3, max_channels=512)
    assert sum(p.numel() for p in net.parameters()) == 4_354_998


def test_kernel_sizes_are_of_the_first_and_the_last_two_layers() -> None:
    net = MelGANMultiScale(**SMALL, kernel_sizes=[7, 1])
    for member in net.discriminators:
        first, *_, last = member.convs
        assert (first.kernel_size, last.kernel_size) == ((7,), (7,))
        assert member.conv_post.kernel_size == (1,)


def test_feature_maps_leave_the_logits_out() -> None:
    for output in MelGANMultiScale(**SMALL)(torch.randn(1, 1, 120)):
        assert len(output.feature_maps) == 4
        assert all(feature_map is not output.logits for feature_map in output.feature_maps)
        assert output.logits.shape[1] == 1 < output.feature_maps[-1].shape[1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scales": 0}, r"channels 1 and scales 0"),
        ({"channels": 0}, r"channels 0 and scales 3"),
        ({"layers": 0}, r"layers 0 and downsampling_factor 4"),
        ({"downsampling_factor": 0}, r"layers 4 and downsampling_factor 0"),
        ({"base_channels": 17}, r"base_channels 17 with layers 4 and downsampling_factor 4.* 16$"),
        ({"max_channels": 30}, r"max_channels 30 must be a multiple of 4: use 28$"),
        ({"base_channels": 64, "max_channels": 32}, r"base_channels 64 .*max_channels 32.* 32$"),
        ({"kernel_sizes": [5, 4]}, r"kernel_sizes \[5, 4\] must be two odd numbers"),
        ({"kernel_sizes": [5]}, r"kernel_sizes \[5\] must be two odd numbers"),
        ({"base_channels": 12, "layers": 5}, r"base_channels 12 with layers 5 .* (8|16)$"),
    ],
)
def test_contradictions_are_refused(refused: Any, options: dict[str, Any], message: str) -> None:
    refused(MelGANMultiScale, options, message)
