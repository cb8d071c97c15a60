"""Stretching a mel spectrogram: lengths, what stays constant, what is causal."""

import pytest
import torch
from torch.nn.functional import leaky_relu

from wavegan.errors import UserError
from wavegan.layers.mel_upsampling import FrameContext, MelUpsampling


@torch.no_grad()
def test_it_starts_as_a_running_mean_over_stretched_frames() -> None:
    mel = torch.randn(2, 3, 5)
    stretched = mel.repeat_interleave(4, dim=-1)
    padded = torch.nn.functional.pad(stretched, (4, 4))
    expected = padded.unfold(-1, 9, 1).mean(-1)
    assert torch.allclose(MelUpsampling([4])(mel), expected, atol=1e-6)
    past = torch.nn.functional.pad(stretched, (8, 0)).unfold(-1, 9, 1).mean(-1)
    assert torch.allclose(MelUpsampling([4], causal=True)(mel), past, atol=1e-6)


@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "bilinear", "bicubic", "area"])
@torch.no_grad()
def test_lengths_multiply_and_a_constant_stays_inside(mode: str) -> None:
    net = MelUpsampling([3, 1, 5], mode=mode)  # type: ignore[arg-type]
    out = net(torch.full((1, 4, 20), -2.0))
    assert out.shape == (1, 4, 300)
    assert torch.allclose(out[..., 60:-60], torch.tensor(-2.0), atol=1e-5)


@torch.no_grad()
def test_without_rates_nothing_changes() -> None:
    mel = torch.randn(1, 4, 6)
    net = MelUpsampling([])
    assert torch.equal(net(mel), mel)
    assert not list(net.parameters())


@torch.no_grad()
def test_bands_mix_only_with_a_wider_kernel_and_the_activation_comes_last() -> None:
    mel = torch.zeros(1, 5, 6)
    mel[:, 2] = -1
    alone = MelUpsampling([2])(mel)
    assert alone[:, [1, 3]].abs().max() == 0
    wide = MelUpsampling([2], freq_axis_kernel_size=3)(mel)
    assert wide[:, [1, 2, 3]].abs().amin(dim=(0, 2)).min() > 0
    assert wide[:, [0, 4]].abs().max() == 0
    active = MelUpsampling([2], activation=lambda x: leaky_relu(x, 0.1))(mel)
    assert torch.allclose(active, 0.1 * alone)


@torch.no_grad()
def test_causal_means_that_the_past_never_changes() -> None:
    torch.manual_seed(0)
    mel = torch.randn(1, 4, 12)
    later = mel.clone()
    later[..., 7:] += 1
    for causal in (True, False):
        net = torch.nn.Sequential(
            FrameContext(4, 2, causal=causal), MelUpsampling([3, 2], causal=causal)
        )
        difference = (net(mel) - net(later))[..., : 7 * 6].abs()
        assert (difference.max() == 0).item() is causal


@torch.no_grad()
def test_context_repeats_the_outermost_frame() -> None:
    torch.manual_seed(0)
    net = FrameContext(3, 2)
    mel = torch.randn(1, 3, 6)
    longer = torch.cat([mel[..., :1]] * 2 + [mel] + [mel[..., -1:]] * 2, -1)
    assert net(mel).shape == mel.shape
    assert torch.allclose(net(longer)[..., 2:-2], net(mel), atol=1e-6)
    past = FrameContext(3, 2, causal=True)
    assert past.conv.kernel_size == (3,)
    assert net.conv.kernel_size == (5,)
    constant = torch.randn(1, 3, 1).expand(1, 3, 5)
    for each in (net, past, FrameContext(3, 0)):
        assert torch.allclose(each(constant), each(constant)[..., :1].expand(1, 3, 5), atol=1e-6)


def test_an_even_kernel_over_bands_is_refused() -> None:
    with pytest.raises(UserError, match=r"freq_axis_kernel_size 4 must be odd .* use 5"):
        MelUpsampling([2], freq_axis_kernel_size=4)
