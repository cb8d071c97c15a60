"""StyleMelGAN's discriminators: positions of windows, inputs of the members, sizes, refusals."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F

from wavegan.audio.pqmf import PQMF
from wavegan.discriminators.stylemelgan import StyleMelGANDiscriminator
from wavegan.errors import UserError

SMALL: dict[str, Any] = {
    "window_sizes": [64, 128],
    "bands": [1, 2],
    "taps": [62, 62],
    "cutoff_ratios": [0.5, 0.267],
    "betas": [9.0, 9.0],
    "base_channels": 8,
    "max_channels": 16,
    "downsampling_rates": [2, 1],
}


def loud(net: torch.nn.Module) -> None:
    """Weights start so small that rounding hides them."""
    for module in net.modules():
        if isinstance(module, torch.nn.Conv1d):
            module.weight = 20 * module.weight


@torch.no_grad()
def test_two_implementations_agree_on_the_whole_audio_as_the_only_window() -> None:
    torch.manual_seed(0)
    net = StyleMelGANDiscriminator(
        **SMALL | {"window_sizes": [128], "bands": [2], "taps": [62], "betas": [9.0],
                   "cutoff_ratios": [0.267]}, repeats=1, channels=2
    )  # fmt: skip
    loud(net)
    audio = torch.randn(3, 2, 128)
    (output,) = net(audio)
    x = torch.cat([PQMF(2, 62, 0.267, 9.0).analysis(audio[:, [c]]) for c in (0, 1)], 1)
    member = net.discriminators[0]
    paddings, strides, groups = (0, 10, 5, 2), (1, 2, 1, 1), (1, 2, 4, 1)
    x = F.pad(x, (7, 7), "reflect")
    steps = zip(member.convs, paddings, strides, groups, output.feature_maps, strict=True)
    for conv, padding, stride, group, found in steps:
        x = F.conv1d(x, conv.weight, conv.bias, stride, padding, groups=group)
        x = torch.where(x > 0, x, 0.2 * x)
        assert torch.allclose(x, found, atol=1e-4)
    logits = F.conv1d(x, member.conv_post.weight, member.conv_post.bias, padding=1)
    assert logits.shape == output.logits.shape == (3, 1, 32)
    assert torch.allclose(logits, output.logits, atol=1e-4)


@torch.no_grad()
def test_windows_are_random_the_same_for_the_batch_and_repeatable() -> None:
    torch.manual_seed(0)
    net = StyleMelGANDiscriminator(**SMALL, repeats=2)
    one = torch.randn(1, 1, 400)
    torch.manual_seed(5)
    outputs = net(torch.cat([one, one]))
    assert len(outputs) == 4
    for output in outputs:
        assert torch.allclose(output.logits[0], output.logits[1], atol=1e-6)
    assert not torch.allclose(outputs[0].logits, outputs[2].logits)
    torch.manual_seed(5)
    again = net(one)
    assert all(
        torch.allclose(a.logits[:1], b.logits, atol=1e-6)
        for a, b in zip(outputs, again, strict=True)
    )


@torch.no_grad()
def test_every_place_is_drawn_the_first_and_the_last_among_them() -> None:
    torch.manual_seed(0)
    only = {
        "window_sizes": [64],
        "bands": [1],
        "taps": [62],
        "cutoff_ratios": [0.5],
        "betas": [9.0],
    }
    net = StyleMelGANDiscriminator(**SMALL | only, repeats=60)
    seen = set()
    net.discriminators[0].register_forward_pre_hook(lambda _, args: seen.add(int(args[0][0, 0, 0])))
    net(torch.arange(66.0)[None, None])
    assert seen == {0, 1, 2}


@torch.no_grad()
def test_published_size_and_shapes() -> None:
    net = StyleMelGANDiscriminator(repeats=4)
    outputs = net(torch.zeros(2, 1, 4096))
    assert sum(p.numel() for p in net.parameters()) == 5_903_512
    assert len(outputs) == 16
    for output in outputs:
        assert output.logits.shape == (2, 1, 8)
        assert [each.shape[1] for each in output.feature_maps] == [16, 64, 256, 512, 512, 512]
        assert [each.shape[2] for each in output.feature_maps] == [512, 128, 32, 8, 8, 8]


@torch.no_grad()
def test_weights_start_as_in_the_original() -> None:
    torch.manual_seed(0)
    net = StyleMelGANDiscriminator()
    weight = net.discriminators[1].convs[-1].weight
    assert weight.std().item() == pytest.approx(0.02, rel=0.02)


def test_too_short_audio_is_refused() -> None:
    net = StyleMelGANDiscriminator(**SMALL)
    with pytest.raises(UserError, match=r"window_sizes .* 128, .* 127 samples: set data.segment"):
        net(torch.zeros(1, 1, 127))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window_sizes": [512, 1000, 2048, 4096]}, r"use window_sizes \[512, 1024, 2048, 4096\]"),
        ({"bands": [1, 2, 4]}, r"window_sizes, bands, .* \[4, 3, 4, 4, 4\]"),
        ({"window_sizes": [], "bands": [], "taps": [], "betas": [], "cutoff_ratios": []},
         r"the same number of values"),
        ({"bands": [1, 2, 4, 0]}, r"must be positive"),
        ({"taps": [62, 61, 62, 62]}, r"taps 61 must be even"),
        ({"repeats": 0}, r"repeats 0"),
        ({"kernel_sizes": [5, 4]}, r"kernel_sizes \[5, 4\] must be two odd kernels"),
        ({"base_channels": 6}, r"base_channels 6 .*groups of 4"),
        ({"max_channels": 18}, r"max_channels 18 .*groups of 4"),
        ({"downsampling_rates": [4, 0]}, r"downsampling_rates \[4, 0\]"),
        ({"activation": "lrelu"}, r"activation 'lrelu'"),
    ],
)  # fmt: skip
def test_contradictions_are_refused(refused: Any, options: dict[str, Any], message: str) -> None:
    refused(StyleMelGANDiscriminator, options, message)
