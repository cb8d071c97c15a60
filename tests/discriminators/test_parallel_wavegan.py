"""Parallel WaveGAN's two discriminators against a second way to compute them."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F

from wavegan.discriminators.parallel_wavegan import ParallelWaveGANDiscriminator
from wavegan.discriminators.residual_parallel_wavegan import ResidualParallelWaveGANDiscriminator

SMALL: dict[str, Any] = {"layers": 5, "conv_channels": 6}
RESIDUAL: dict[str, Any] = {
    "layers": 4,
    "stacks": 2,
    "residual_channels": 6,
    "gate_channels": 8,
    "skip_channels": 5,
}


@pytest.mark.parametrize(
    ("factor", "dilations"), [(1, (1, 1, 2, 3)), (2, (1, 2, 4, 8)), (3, (1, 3, 9, 27))]
)
@torch.no_grad()
def test_two_implementations_agree(factor: int, dilations: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    net = ParallelWaveGANDiscriminator(**SMALL, channels=2, dilation_factor=factor)
    audio = torch.randn(3, 2, 101)
    (output,) = net(audio)
    x = audio
    for conv, dilation, found in zip(net.convs, dilations, output.feature_maps, strict=True):
        x = F.conv1d(F.pad(x, (dilation, dilation)), conv.weight, conv.bias, dilation=dilation)
        x = torch.where(x > 0, x, 0.2 * x)
        assert torch.allclose(x, found, atol=1e-5)
    logits = F.conv1d(F.pad(x, (1, 1)), net.conv_post.weight, net.conv_post.bias)
    assert output.logits.shape == (3, 1, 101)
    assert torch.allclose(logits, output.logits, atol=1e-5)


@torch.no_grad()
def test_the_residual_one_is_a_wavenet_of_the_audio() -> None:
    torch.manual_seed(0)
    net = ResidualParallelWaveGANDiscriminator(**RESIDUAL)
    audio = torch.randn(2, 1, 60)
    (output,) = net(audio)
    assert output.logits.shape == (2, 1, 60)
    (skips,) = output.feature_maps
    first = F.leaky_relu(net.wavenet.conv_pre(audio), 0.2)
    hidden, total = first, torch.zeros(2, 5, 60)
    for block in net.wavenet.blocks:
        hidden, skip = block(hidden, None)
        total += skip
    assert torch.allclose(skips, total / 2, atol=1e-5)
    last = F.leaky_relu(net.wavenet.conv_mid(F.leaky_relu(skips, 0.2)), 0.2)
    assert torch.allclose(output.logits, net.wavenet.conv_post(last), atol=1e-5)


@pytest.mark.parametrize(
    ("cls", "options", "count"),
    [
        (ParallelWaveGANDiscriminator, {}, 99_842),
        (ParallelWaveGANDiscriminator, {"weight_norm": False, "layers": 5}, 37_505),
        (ResidualParallelWaveGANDiscriminator, {}, 1_002_882),
    ],
)
def test_counts_are_the_originals(cls: Any, options: dict[str, Any], count: int) -> None:
    with torch.device("meta"):
        net = cls(**options)
    assert sum(p.numel() for p in net.parameters()) == count


@pytest.mark.parametrize(
    ("cls", "options", "message"),
    [
        (ParallelWaveGANDiscriminator, {"kernel_size": 4}, r"kernel_size 4 must be odd.* use 5"),
        (ParallelWaveGANDiscriminator, {"layers": 1}, r"layers 1 must be at least 2"),
        (ParallelWaveGANDiscriminator, {"dilation_factor": 0}, r"dilation_factor 0 at least 1"),
        (ParallelWaveGANDiscriminator, {"activation": "prelu"}, r"activation 'prelu'.*'relu'"),
        (ResidualParallelWaveGANDiscriminator, {"layers": 31}, r"layers 31 .*stacks 3"),
        (ResidualParallelWaveGANDiscriminator, {"channels": 0}, r"channels 0"),
    ],
)
def test_contradictions_are_refused(
    refused: Any, cls: Any, options: dict[str, Any], message: str
) -> None:
    refused(cls, options, message)
