"""The residual critic: sizes, what its blocks do, labels, second derivatives, refusals."""

import math
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import conv1d, leaky_relu

from wavegan.discriminators.wave_resnet import WaveResNet
from wavegan.errors import UserError
from wavegan.penalties import R1, GradientPenalty

SMALL: dict[str, Any] = {
    "segment": 100,
    "dim": 4,
    "max_dim": 8,
    "strides": [4, 2],
    "group_width": 4,
    "kernel_size": 5,
}


def made(**options: Any) -> WaveResNet:
    torch.manual_seed(0)
    return WaveResNet(**{**SMALL, **options})


@pytest.mark.parametrize(
    ("segment", "lengths"),
    [
        (16384, [16384, 4096, 1024, 256, 64, 16]),
        (8191, [8191, 2048, 512, 128, 32]),
        (44100, [44100, 11025, 2757, 690, 173, 44, 11]),
        (100, [100, 25]),
        (1, [1, 1]),
    ],
)
@pytest.mark.parametrize("channels", [1, 2])
def test_any_segment_is_judged(segment: int, lengths: list[int], channels: int) -> None:
    net = WaveResNet(segment=segment, channels=channels, dim=4, max_dim=16, group_width=8)
    with torch.no_grad():
        (output,) = net(torch.randn(2, channels, segment))
    assert output.logits.shape == (2, 1)
    widths = [min(4 * 2**stage, 16) for stage in range(len(lengths))]
    shapes = [(2, width, length) for width, length in zip(widths, lengths, strict=True)]
    assert [each.shape for each in output.feature_maps] == shapes


@pytest.mark.parametrize("blocks", [1, 2])
@pytest.mark.parametrize("labels", [0, 10])
@pytest.mark.parametrize("group", [0, 4])
def test_size(blocks: int, labels: int, group: int) -> None:
    with torch.device("meta"):
        net = WaveResNet(blocks=blocks, n_labels=labels, minibatch_std=group)
    widths = [32, 64, 128, 256, 256, 256]
    count = 9 * widths[0]
    for width in widths:
        wide = 2 * width
        count += blocks * (width * wide + wide + wide * 16 * 9 + wide + wide * width)
    count += sum(above * below for above, below in pairwise(widths))
    count += 256 * 16 + 256 + 1 + labels * 256 + (256 if group else 0)
    assert sum(p.numel() for p in net.parameters()) == count
    assert (net.batch_dependent, net.n_labels, net.shortest) == (group > 0, labels, 16384)


@torch.no_grad()
def test_a_block_adds_what_its_convolutions_make() -> None:
    net = made()
    block = net.stages[1][0]  # 8 channels, 16 in the middle, 4 groups
    for parameter in block.parameters():
        torch.nn.init.normal_(parameter)
    x = torch.randn(2, 8, 20)
    inner = leaky_relu(conv1d(x, block.widen.weight, block.widen.bias), 0.2)
    weight, bias = block.middle.weight, block.middle.bias
    assert weight.shape == (16, 4, 5)
    inner = leaky_relu(conv1d(inner, weight, bias, padding=2, groups=4), 0.2)
    torch.testing.assert_close(block(x), x + conv1d(inner, block.narrow.weight))


@pytest.mark.parametrize("equalized", [False, True])
@torch.no_grad()
def test_blocks_start_as_the_fix_up_rule_says(equalized: bool) -> None:
    """The gain of three blocks of three layers is sqrt(2 / 1.04) * 3 ** (-1 / 4)."""
    net = made(dim=64, max_dim=64, group_width=32, equalized=equalized)
    gain = math.sqrt(2 / 1.04) * 3**-0.25
    x = torch.randn(8, 64, 400)
    for stage in net.stages:
        block = stage[0]
        inside = block.widen(x)
        assert inside.std() == pytest.approx(gain, rel=0.05)
        assert not block.widen.bias.any()
        share = block(x) - x
        assert 0 < share.std() < 0.02  # a hundredth of what it would be
    for stage, down in enumerate(net.widenings):
        assert down(x).std() == pytest.approx(1, rel=0.05), stage
    assert net.places(x[..., :13]).std() == pytest.approx(1, rel=0.1)


def test_equalized_weights_are_standard_normal() -> None:
    plain = made(dim=64, max_dim=64, group_width=32)
    equal = made(dim=64, max_dim=64, group_width=32, equalized=True)
    for key, parameter in equal.named_parameters():
        if parameter.ndim > 1 and parameter.numel() > 300:
            expected = 0.01 if key.endswith("narrow.weight") else 1
            assert parameter.detach().std() == pytest.approx(expected, rel=0.1), key
    assert plain.stages[0][0].widen.weight.detach().std() < 0.3


OPTIONS: list[dict[str, Any]] = [{}, {"equalized": True, "blocks": 2}, {"minibatch_std": 2}]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("labels", [0, 3])
def test_gradients_reach_every_parameter_and_channel(options: Any, labels: int) -> None:
    net = made(**options, n_labels=labels, channels=2)
    audio = torch.randn(4, 2, 100, requires_grad=True)
    net(audio, torch.tensor([0, 2, 1, 1]))[0].logits.square().mean().backward()
    assert audio.grad is not None
    assert (audio.grad.abs() > 0).all()
    for key, parameter in net.named_parameters():
        assert parameter.grad is not None, key
        assert parameter.grad.isfinite().all(), key
        assert parameter.grad.abs().max() > 0, key


@pytest.mark.parametrize("options", OPTIONS[:2])
def test_it_can_be_differentiated_twice(options: Any) -> None:
    """Against differences of values, in float64."""
    net = made(**options, segment=12, n_labels=2).double()
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    label = torch.tensor([1, 0])
    parameters = {key: value.detach() for key, value in net.named_parameters()}
    chosen = ["stages.1.0.middle.weight", "stages.2.0.widen.bias", "places.weight"]

    def score(audio: Tensor, *some: Tensor) -> Tensor:
        weights = {**parameters, **dict(zip(chosen, some, strict=True))}
        (output,) = torch.func.functional_call(net, weights, (audio, label))
        logits: Tensor = output.logits
        return logits

    inputs = [torch.randn(2, 1, 12, dtype=torch.float64), *(parameters[key] for key in chosen)]
    for each in inputs:
        each.requires_grad_()
    assert torch.autograd.gradcheck(score, inputs, fast_mode=True)
    assert torch.autograd.gradgradcheck(score, inputs, fast_mode=True)


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("penalty", [R1(), GradientPenalty()])
def test_penalties_reach_the_weights(penalty: Any, options: Any) -> None:
    net = made(**options)
    real, fake = torch.randn(3, 1, 100), torch.randn(3, 1, 100)
    with torch.autocast("cpu", torch.bfloat16):
        value = penalty(net, real, fake)
    value.backward()
    assert value > 0
    for key, parameter in net.named_parameters():
        if parameter.ndim > 1:
            assert parameter.grad is not None, key
            assert parameter.grad.abs().max() > 0, key


@torch.no_grad()
def test_labels_are_projected() -> None:
    """The logits are linear in the label's vector, whose factor are the features."""
    net = made(n_labels=3)
    audio = torch.randn(2, 1, 100)
    for_label = [net(audio, torch.tensor([k, k]))[0].logits for k in range(3)]
    assert not torch.allclose(for_label[0], for_label[1], atol=1e-3)
    assert net.projection is not None
    weight = net.projection.embedding.weight
    weight[2] = weight[0] + weight[1]
    both = net(audio, torch.tensor([2, 2]))[0].logits
    weight.zero_()
    none = net(audio, torch.tensor([2, 2]))[0].logits
    torch.testing.assert_close(both - none, for_label[0] + for_label[1] - 2 * none)


@torch.no_grad()
def test_minibatch_deviation_is_heard() -> None:
    net = made(minibatch_std=2)
    one, other = torch.randn(2, 1, 100)
    alike, apart = torch.stack([one, one])[:, None], torch.stack([one, other])[:, None]
    assert net.batch_dependent
    judged = [net(batch.reshape(2, 1, 100))[0].logits[0] for batch in (alike, apart)]
    assert not torch.allclose(judged[0], judged[1], atol=1e-4)
    plain = made()
    judged = [plain(batch.reshape(2, 1, 100))[0].logits[0] for batch in (alike, apart)]
    torch.testing.assert_close(judged[0], judged[1])


@pytest.mark.parametrize("options", OPTIONS)
@torch.no_grad()
def test_bfloat16_autocast_stays_close(options: Any) -> None:
    net = made(**options)
    audio = torch.randn(4, 1, 100)
    (exact,) = net(audio)
    with torch.autocast("cpu", torch.bfloat16):
        (rough,) = net(audio)
    for one, other in zip(
        [rough.logits, *rough.feature_maps], [exact.logits, *exact.feature_maps], strict=True
    ):
        assert one.dtype is torch.bfloat16
        assert 0 < (one.float() - other).abs().max() < 0.03 * other.abs().max()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"segment": 0}, r"segment 0, .*at least 1"),
        ({"channels": 0}, r"channels 0.*at least 1"),
        ({"n_labels": -1}, r"n_labels -1 at least 0$"),
        ({"blocks": 0}, r"blocks 0 and expansion 2 must be at least 1"),
        ({"strides": [4, 1]}, r"strides \[4, 1\] .*at least 2, such as \[4, 2\]$"),
        ({"strides": []}, r"strides \[\] .*such as \[4, 4, 4, 4\]$"),
        ({"kernel_size": 8}, r"kernel_size 8 must be odd: use 9$"),
        ({"group_width": 3}, r"group_width 3 does not divide \[8, 16, 16\].*: use 2$"),
        ({"group_width": 64}, r"group_width 64 .*: use 8$"),
        ({"dim": 9}, r"dim 9 .*max_dim 8$"),
        ({"leaky_slope": -0.1}, r"leaky_slope -0.1 must be 0 or more"),
        ({"minibatch_std": 1}, r"minibatch_std 1 .* at least 2"),
    ],
)
def test_contradictions_are_refused(refused: Any, options: dict[str, Any], message: str) -> None:
    refused(WaveResNet, {**SMALL, **options}, message)


def test_other_lengths_and_labels_are_refused() -> None:
    net = made(n_labels=2)
    with pytest.raises(UserError, match=r"audio has 99 samples.*segments of 100\b"):
        net(torch.zeros(1, 1, 99), torch.tensor([0]))
    with pytest.raises(UserError, match="label is missing"):
        net(torch.zeros(1, 1, 100))
