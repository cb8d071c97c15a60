"""The multi-period discriminator against a second way to compute it."""

from itertools import pairwise
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wavegan.discriminators.base import DiscriminatorOutput
from wavegan.discriminators.mpd import MultiPeriod

WIDTHS = [4, 8, 8]


def by_columns(
    member: Any, audio: Tensor, period: int, strides: list[int], slope: float
) -> DiscriminatorOutput:
    """One period's outputs, each phase of the period convolved on its own in one dimension."""
    missing = -audio.shape[-1] % period
    mirrored = audio[..., -1 - missing : -1].flip(-1)
    audio = torch.cat([audio, mirrored], -1)
    columns = [audio[..., phase::period] for phase in range(period)]
    maps = []
    for conv, stride in zip([*member.convs, member.conv_post], [*strides, 1], strict=True):
        kernel = conv.weight.squeeze(-1)
        padding = kernel.shape[-1] // 2
        columns = [F.conv1d(c, kernel, conv.bias, stride, padding) for c in columns]
        if conv is not member.conv_post:
            columns = [torch.where(c > 0, c, slope * c) for c in columns]
        maps.append(torch.stack(columns, -1))
    return DiscriminatorOutput(maps[-1].reshape(audio.shape[0], -1), maps)


@pytest.mark.parametrize("length", [110, 127])
@pytest.mark.parametrize("spectral_norm", [False, True])
@pytest.mark.parametrize(("options", "slope"), [({}, 0.1), ({"leaky_slope": 0.2}, 0.2)])
@torch.no_grad()
def test_two_implementations_agree(
    length: int, spectral_norm: bool, options: dict[str, Any], slope: float
) -> None:
    torch.manual_seed(0)
    net = MultiPeriod(
        channels=2,
        periods=[2, 5, 11],
        layer_channels=WIDTHS,
        spectral_norm=spectral_norm,
        **options,
    ).eval()
    audio = torch.randn(3, 2, length)
    outputs = net(audio)
    assert len(outputs) == 3
    for period, member, output in zip([2, 5, 11], net.discriminators, outputs, strict=True):
        expected = by_columns(member, audio, period, [3, 3, 1], slope)
        assert len(output.feature_maps) == len(WIDTHS) + 1
        ours, theirs = [output.logits, *output.feature_maps], [expected.logits, *expected[1]]
        for one, other in zip(ours, theirs, strict=True):
            assert one.shape == other.shape
            assert torch.allclose(one, other, atol=1e-5)


def test_published_size_and_shapes() -> None:
    with torch.device("meta"):
        net = MultiPeriod()
        outputs = net(torch.empty(2, 1, 8192))
    widths = [1, 32, 128, 512, 1024, 1024]
    one = sum(b * a * 5 + 2 * b for a, b in pairwise(widths))
    one += 1024 * 3 + 2
    count = sum(p.numel() for p in net.parameters())
    assert count == 5 * one
    assert round(count / 1e6, 1) == 41.1
    for period, (logits, maps, _) in zip((2, 3, 5, 7, 11), outputs, strict=True):
        rows = [-(-8192 // period)]
        for _ in range(4):
            rows.append(-(-rows[-1] // 3))
        rows = [*rows[1:], rows[-1], rows[-1]]
        assert [m.shape for m in maps] == [
            (2, width, row, period) for width, row in zip([*widths[1:], 1], rows, strict=True)
        ]
        assert logits.shape == (2, rows[-1] * period)


def test_univnets_size() -> None:
    """The count of github.com/maum-ai/univnet."""
    with torch.device("meta"):
        net = MultiPeriod(layer_channels=[64, 128, 256, 512, 1024], leaky_slope=0.2)
    assert sum(p.numel() for p in net.parameters()) == 17_444_810


def test_weights_have_the_originals_names() -> None:
    net = MultiPeriod(layer_channels=WIDTHS)
    old = {}
    for period in range(5):
        for layer in ("convs.0", "convs.1", "convs.2", "conv_post"):
            conv = net.get_submodule(f"discriminators.{period}.{layer}")
            assert isinstance(conv, nn.Conv2d)
            old[f"discriminators.{period}.{layer}.weight_v"] = torch.randn(conv.weight.shape)
            old[f"discriminators.{period}.{layer}.weight_g"] = torch.ones(len(conv.weight), 1, 1, 1)
            old[f"discriminators.{period}.{layer}.bias"] = torch.zeros(len(conv.weight))
    net.load_state_dict(old, strict=True)
    first = net.get_submodule("discriminators.0.convs.1").weight
    assert isinstance(first, Tensor)
    assert torch.allclose(first.flatten(1).norm(dim=1), torch.ones(8))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"periods": []}, r"periods \[\].*\[2, 3, 5, 7, 11\]$"),
        ({"periods": [2, 0, 5]}, r"periods \[2, 0, 5\].*\[1, 2, 5\]$"),
        ({"periods": [2, 2, 3]}, r"periods \[2, 2, 3\].*\[2, 3\]$"),
        ({"channels": 0}, r"channels 0 and layer_channels \[32, 128, 512, 1024, 1024\]"),
        ({"layer_channels": []}, r"channels 1 and layer_channels \[\]"),
        ({"layer_channels": [4, 0]}, r"channels 1 and layer_channels \[4, 0\]"),
    ],
)
def test_contradictions_are_refused(refused: Any, options: dict[str, Any], message: str) -> None:
    refused(MultiPeriod, options, message)
