"""The multi-resolution discriminator against the original's numbers and a second way."""

from typing import Any

import numpy as np
import pytest
import torch

from wavegan.discriminators.mrd import MultiResolution

SMALL: list[list[int]] = [[256, 60, 150], [512, 101, 300], [128, 32, 128]]


@torch.no_grad()
def test_logits_equal_the_originals(weights_by_name: Any) -> None:
    """Four of each resolution's, by NVIDIA/BigVGAN 2.4 with a channel multiplier of 1/8."""
    expected = [
        [0.467652, 0.219888, 0.281824, 0.299376],
        [0.066418, -0.113217, -0.196742, 0.743272],
        [-2.707067, -3.356301, -5.592114, -5.303899],
    ]
    net = MultiResolution(resolutions=SMALL, layer_channels=4)
    net.load_state_dict(weights_by_name(net), strict=True)
    chirp = torch.tensor(0.5 * np.sin(0.0004 * np.arange(4000.0) ** 2), dtype=torch.float32)
    outputs = net(chirp[None, None])
    assert [o.logits.shape for o in outputs] == [(1, 1161), (1, 1285), (1, 1040)]
    for output, values in zip(outputs, expected, strict=True):
        found = output.logits[0, :: output.logits.shape[1] // 4][:4]
        peak = output.logits.abs().max()
        assert (found - torch.tensor(values)).abs().max() <= 1e-5 * peak + 5e-7
        assert torch.equal(output.feature_maps[-1].flatten(1), output.logits)


@pytest.mark.parametrize(("n_fft", "hop", "win"), [(64, 20, 48), (64, 15, 31)])
def test_what_it_sees_are_plain_magnitudes(n_fft: int, hop: int, win: int) -> None:
    wave = np.random.default_rng(0).normal(size=400)
    net = MultiResolution(resolutions=[[n_fft, hop, win]])
    member: Any = net.discriminators[0]
    found = member._spectrogram(torch.tensor(wave, dtype=torch.float32)[None, None])[0, 0]
    padded = np.pad(wave, (n_fft - hop) // 2, mode="reflect")
    left = (n_fft - win) // 2
    rectangle = np.zeros(n_fft)
    rectangle[left : left + win] = 1
    starts = range(0, len(padded) - n_fft + 1, hop)
    frames = np.stack([padded[start : start + n_fft] * rectangle for start in starts], axis=1)
    expected = np.abs(np.fft.rfft(frames, axis=0))
    assert found.shape == expected.shape
    assert np.abs(found.numpy() - expected).max() < 1e-4


def test_published_size_and_shapes() -> None:
    net = MultiResolution()
    assert sum(p.numel() for p in net.parameters()) == 280_902
    outputs = MultiResolution(layer_channels=2)(torch.randn(2, 1, 8192))
    for (n_fft, hop, _), (logits, maps, _) in zip(
        ((1024, 120, 600), (2048, 240, 1200), (512, 50, 240)), outputs, strict=True
    ):
        frames = [8192 // hop]
        for _ in range(3):
            frames.append(-(-frames[-1] // 2))
        lengths = [*frames, frames[-1], frames[-1]]
        widths = [2, 2, 2, 2, 2, 1]
        assert [m.shape for m in maps] == [
            (2, width, n_fft // 2 + 1, length)
            for width, length in zip(widths, lengths, strict=True)
        ]
        assert logits.shape == (2, (n_fft // 2 + 1) * lengths[-1])


def test_the_slope_is_heard() -> None:
    torch.manual_seed(0)
    net = MultiResolution(resolutions=SMALL[:1], layer_channels=2, leaky_slope=0.2)
    member: Any = net.discriminators[0]
    audio = torch.randn(1, 1, 500)
    before = member.convs[0](member._spectrogram(audio))
    after = net(audio)[0].feature_maps[0]
    assert torch.allclose(after, torch.where(before > 0, before, 0.2 * before))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"resolutions": []}, r"resolutions \[\] must be one or more"),
        ({"resolutions": [[512, 600, 512]]}, r"resolutions \[\[512, 600, 512\]\]"),
        ({"resolutions": [[512, 128]]}, r"resolutions \[\[512, 128\]\]"),
        ({"channels": 0}, r"channels 0 and layer_channels 32"),
        ({"layer_channels": 0}, r"channels 1 and layer_channels 0"),
    ],
)
def test_contradictions_are_refused(refused: Any, options: dict[str, Any], message: str) -> None:
    refused(MultiResolution, options, message)
