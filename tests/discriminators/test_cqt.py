"""The constant-Q discriminator against the original's numbers; doubling against its formula."""

from typing import Any

import numpy as np
import pytest
import torch

from wavegan.discriminators.cqt import SubbandCQT

ONE: dict[str, Any] = {
    "sample_rate": 22050,
    "hop_lengths": [256],
    "octaves": [8],
    "bins_per_octave": [12],
    "width": 3,
}


@torch.no_grad()
def test_logits_equal_the_originals(weights_by_name: Any) -> None:
    """Four of each scale's, by NVIDIA/BigVGAN 2.4 (nnAudio 0.3.3) with 4 filters at 22.05 kHz."""
    expected = [
        [0.164924, 0.31101, 0.297344, 0.220647],
        [0.03602, 0.025397, -0.033865, -0.048399],
        [0.262651, 0.368991, 0.241587, 0.171571],
    ]
    net = SubbandCQT(sample_rate=22050, width=4)
    net.load_state_dict(weights_by_name(net), strict=True)
    chirp = torch.tensor(0.5 * np.sin(0.0004 * np.arange(4000.0) ** 2), dtype=torch.float32)
    outputs = net(chirp[None, None])
    assert [o.logits.shape for o in outputs] == [(1, 1, 16, 27), (1, 1, 32, 41), (1, 1, 32, 54)]
    for output, values in zip(outputs, expected, strict=True):
        found = output.logits.flatten()[:: output.logits.numel() // 4][:4]
        peak = output.logits.abs().max()
        assert (found - torch.tensor(values)).abs().max() <= 1e-5 * peak + 5e-7


def test_published_size_and_shapes() -> None:
    net = SubbandCQT(sample_rate=44100)
    assert sum(p.numel() for p in net.parameters()) == 4_454_304
    logits, maps, _ = SubbandCQT(**ONE)(torch.randn(2, 1, 2048))[0]
    widths = [96, 48, 24, 12, 12]
    assert [m.shape for m in maps] == [(2, 3, 17, width) for width in widths]
    assert logits.shape == (2, 1, 17, 12)


def test_the_rate_is_doubled() -> None:
    net = SubbandCQT(**ONE, channels=2)
    times = torch.arange(400)
    made = net._doubled(torch.stack([torch.cos(0.3 * times), torch.cos(times)])[None])
    assert made.shape == (1, 2, 800)
    halves = torch.arange(800) / 2
    expected = torch.stack([torch.cos(0.3 * halves), torch.cos(halves)])[None]
    assert (made - expected)[..., 20:-20].abs().max() < 3e-3
    # torchaudio 2.11's Resample(1, 2): the middle of each phase's kernel
    middles = [
        [0.0093416, 0.99, 0.0093416, -0.0075402],
        [-0.1815149, 0.6259111, 0.6259111, -0.1815149],
    ]
    assert torch.allclose(net.doubling[:, 0, 6:10], torch.tensor(middles), atol=1e-7)
    with torch.autocast("cpu", torch.bfloat16):
        assert net._doubled(made.bfloat16()).dtype is torch.float32


@torch.no_grad()
def test_volume_is_taken_out_where_asked() -> None:
    torch.manual_seed(0)
    net = SubbandCQT(**ONE, normalize_volume=True)
    audio = 0.1 * torch.randn(1, 1, 1024)
    loud, shifted = net(audio)[0].logits, net(5 * audio + 0.3)[0].logits
    assert torch.allclose(loud, shifted, atol=1e-4)
    assert not torch.allclose(loud, SubbandCQT(**ONE)(audio)[0].logits, atol=1e-3)


@torch.no_grad()
def test_channels_are_scored_together() -> None:
    torch.manual_seed(0)
    net = SubbandCQT(**ONE, channels=2)
    audio = torch.randn(1, 2, 1024)
    other = audio.clone()
    other[:, 1] = 0
    assert net(audio)[0].logits.shape == (1, 1, 9, 12)
    assert not torch.allclose(net(audio)[0].logits, net(other)[0].logits, atol=1e-3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"octaves": [9, 9]}, r"hop_lengths, octaves, bins_per_octave have 3, 2, 3 values"),
        ({"sample_rate": 16000}, r"octaves 9 reach 16266 Hz, above half .* 32000 Hz: use 8"),
        ({"hop_lengths": [512, 256, 128]}, r"hop_length 128 .* use 256"),
        ({"width": 0}, r"channels 1, width 0 and dilations \[1, 2, 4\]"),
        ({"dilations": [1, 0]}, r"dilations \[1, 0\]"),
    ],
)
def test_contradictions_are_refused(refused: Any, options: dict[str, Any], message: str) -> None:
    refused(SubbandCQT, {"sample_rate": 22050, **options}, message)
