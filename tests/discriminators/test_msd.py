"""HiFi-GAN's multi-scale discriminator against a second way to compute it."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from wavegan.discriminators.base import DiscriminatorOutput
from wavegan.discriminators.msd import MultiScale

WIDTHS = [4, 16, 16, 32, 16, 16, 4]
# Output width, kernel, stride and groups of each layer in the original.
TABLE = [(128, 15, 1, 1), (128, 41, 2, 4), (256, 41, 2, 16), (512, 41, 4, 16),
         (1024, 41, 4, 16), (1024, 41, 1, 16), (1024, 5, 1, 1), (1, 3, 1, 1)]  # fmt: skip


def halve(audio: Tensor) -> Tensor:
    """The mean of 4 at every second sample; the zeros around the audio count."""
    return F.pad(audio, (2, 2)).unfold(-1, 4, 2).mean(-1)


def group_by_group(member: Any, x: Tensor) -> DiscriminatorOutput:
    maps = []
    for conv, (_, kernel, stride, groups) in zip(
        [*member.convs, member.conv_post], TABLE, strict=True
    ):
        weights = conv.weight.chunk(groups)
        parts = x.chunk(groups, 1)
        x = torch.cat(
            [
                F.conv1d(part, weight, stride=stride, padding=kernel // 2)
                for part, weight in zip(parts, weights, strict=True)
            ],
            1,
        )
        x = x + conv.bias[:, None]
        if conv is not member.conv_post:
            x = torch.where(x > 0, x, 0.1 * x)
        maps.append(x)
    return DiscriminatorOutput(x.squeeze(1), maps)


@torch.no_grad()
def test_two_implementations_agree() -> None:
    torch.manual_seed(0)
    net = MultiScale(channels=2, layer_channels=[8, *WIDTHS[1:]]).eval()
    audio = torch.randn(3, 2, 515)
    outputs = net(audio)
    assert len(outputs) == 3
    for member, output in zip(net.discriminators, outputs, strict=True):
        expected = group_by_group(member, audio)
        assert len(output.feature_maps) == 8
        ours, theirs = [output.logits, *output.feature_maps], [expected.logits, *expected[1]]
        for one, other in zip(ours, theirs, strict=True):
            assert one.shape == other.shape
            assert torch.allclose(one, other, atol=1e-5)
        audio = halve(audio)


def test_published_size_and_shapes() -> None:
    with torch.device("meta"):
        net = MultiScale()
        outputs = net(torch.empty(2, 1, 8192))
    without_gain, gains, before = 0, 0, 1
    for width, kernel, _, groups in TABLE:
        without_gain += width * before // groups * kernel + width
        gains += width
        before = width
    count = sum(p.numel() for p in net.parameters())
    # The first scale has spectral norm, which adds no parameters.
    assert count == 3 * without_gain + 2 * gains
    assert round(count / 1e6, 1) == 29.6
    for output, samples in zip(outputs, (8192, 4097, 2049), strict=True):
        length = samples
        for feature_map, (width, _, stride, _) in zip(output.feature_maps, TABLE, strict=True):
            length = -(-length // stride)
            assert feature_map.shape == (2, width, length)
        assert output.logits.shape == (2, length)


def test_only_the_first_scale_has_spectral_norm() -> None:
    net = MultiScale(layer_channels=WIDTHS).eval()
    for scale in range(3):
        conv: Any = net.get_submodule(f"discriminators.{scale}.convs.2")
        before = conv.weight.clone()
        names = {name for name, _ in conv.parametrizations.weight.named_parameters()}
        assert names == ({"original0", "original1"} if scale else {"original"})
        with torch.no_grad():
            next(conv.parametrizations.weight.parameters()).mul_(10)
        assert torch.allclose(conv.weight, before * (10 if scale else 1), rtol=1e-4)


def test_real_and_fake_can_share_one_backward() -> None:
    torch.manual_seed(0)
    net = MultiScale(layer_channels=WIDTHS)
    real, fake = (net(torch.randn(1, 1, 300))[0].logits.mean() for _ in range(2))
    (real - fake).backward()
    assert all(p.grad is not None for p in net.discriminators[0].parameters())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scales": 0}, r"channels 1 and scales 0"),
        ({"channels": 0}, r"channels 0 and scales 3"),
        ({"layer_channels": [4, 16, 16, 16, 16, 16]},
         r"layer_channels \[4, 16, 16, 16, 16, 16\] must be 7 .*\[4, 16, 16, 16, 16, 16, 16\]$"),
        ({"layer_channels": [6, 16, 16, 16, 16, 16, 1]},
         r"layer_channels \[6, .*\[4, 16, 16, 16, 16, 16, 1\]|\[8, 16"),
        ({"layer_channels": [4, 8, 16, 40, 16, 16, 0]},
         r"groups.*such as \[4, 16, 16, 32, 16, 16, 1\]$"),
    ],
)  # fmt: skip
def test_contradictions_are_refused(refused: Any, options: dict[str, Any], message: str) -> None:
    refused(MultiScale, options, message)
