"""The pseudo-QMF bank: its formula, its error, its bands."""

import numpy as np
import pytest
import torch
from torch import Tensor

from wavegan.audio.pqmf import PQMF
from wavegan.errors import UserError

BANKS = [(4, 62, 0.142, 9.0), (2, 62, 0.267, 9.0), (8, 62, 0.07949, 9.0)]


def by_formula(bands: int, taps: int, cutoff: float, beta: float) -> tuple[np.ndarray, np.ndarray]:
    """Analysis and synthesis filters `(bands, taps + 1)` as the papers write them, in float64."""
    place = np.arange(taps + 1) - taps / 2
    with np.errstate(invalid="ignore"):
        ideal = np.sin(np.pi * cutoff * place) / (np.pi * place)
    ideal[taps // 2] = cutoff
    prototype = ideal * np.kaiser(taps + 1, beta)
    rows = []
    for sign in (1, -1):
        for k in range(bands):
            angle = (2 * k + 1) * np.pi / (2 * bands) * place + sign * (-1) ** k * np.pi / 4
            rows.append(2 * prototype * np.cos(angle))
    return np.stack(rows[:bands]), np.stack(rows[bands:])


def convolved(wave: np.ndarray, taps: np.ndarray) -> np.ndarray:
    """Correlation with the filter centred on each sample, zeros beyond the ends."""
    half = len(taps) // 2
    return np.correlate(np.pad(wave, half), taps, "valid")


@pytest.mark.parametrize("bank", [*BANKS, (3, 50, 0.2, 7.0)])
def test_agrees_with_the_formula(bank: tuple[int, int, float, float]) -> None:
    bands = bank[0]
    analysis, synthesis = by_formula(*bank)
    wave = np.random.default_rng(0).standard_normal(1003)
    length = 1003 // bands
    expected = np.stack([convolved(wave, row)[: length * bands : bands] for row in analysis])
    net = PQMF(*bank)
    split = net.analysis(torch.from_numpy(wave)[None, None])
    assert split.shape == (1, bands, length)
    assert split.dtype == torch.float32
    assert np.abs(split[0].numpy() - expected).max() < 1e-6
    stuffed = np.zeros((bands, length * bands))
    stuffed[:, ::bands] = bands * expected
    joined = sum(convolved(row, taps) for row, taps in zip(stuffed, synthesis, strict=True))
    assert np.abs(net.synthesis(split)[0, 0].numpy() - joined).max() < 2e-6


def distortion_and_aliases(bank: tuple[int, int, float, float]) -> tuple[float, float]:
    """Of the two banks in a row: how far the gain is from 1, and the sum of all aliases' gains.

    A wave z goes through H_k, loses all but every M-th sample, goes through F_k: what comes out is
    the sum over l of z shifted by l / M of the circle, times sum_k H_k (shifted alike) F_k.
    """
    bands = bank[0]
    size = bands * 1024
    heard, made = (np.fft.fft(rows[:, ::-1], size) for rows in by_formula(*bank))
    gains = [(np.roll(heard, shift * 1024, -1) * made).sum(0) for shift in range(bands)]
    return float(np.abs(np.abs(gains[0]) - 1).max()), float(sum(np.abs(gains[1:])).max())


@pytest.mark.parametrize(
    ("bank", "gain", "alias"),
    [(BANKS[0], 1.3e-3, 4e-5), (BANKS[1], 1.3e-3, 1.3e-5), (BANKS[2], 1.8e-3, 9e-3)],
)
def test_what_was_split_and_joined_is_nearly_what_it_was(
    bank: tuple[int, int, float, float], gain: float, alias: float
) -> None:
    derived = distortion_and_aliases(bank)
    assert derived[0] == pytest.approx(gain, rel=0.15)
    assert derived[1] == pytest.approx(alias, rel=0.15)
    wave = torch.randn(1, 1, 24000, generator=torch.Generator().manual_seed(0))
    net = PQMF(*bank)
    error = (net.synthesis(net.analysis(wave)) - wave)[..., 100:-100]
    relative = float(error.square().mean().sqrt() / wave.square().mean().sqrt())
    assert 0.1 * derived[0] < relative < derived[0] + derived[1]


def test_an_impulse_comes_back_where_it_was() -> None:
    wave = torch.zeros(1, 1, 512)
    wave[..., 301] = 1.0
    net = PQMF()
    back = net.synthesis(net.analysis(wave))
    assert back.abs().argmax() == 301
    assert back[..., 301].item() == pytest.approx(1, abs=2e-3)


@pytest.mark.parametrize("band", range(4))
def test_a_tone_goes_to_its_band(band: int) -> None:
    """Well inside a band; low and high are exchanged in odd bands."""
    frequency = (band + 0.3) / 8
    net = PQMF()
    split = net.analysis(torch.cos(2 * torch.pi * frequency * torch.arange(4096.0))[None, None])
    power = split[0, :, 50:-50].square().mean(-1)
    assert power[band] / power.sum() > 0.999
    spectrum = torch.fft.rfft(split[0, band] * torch.hann_window(1024)).abs()
    place = float(spectrum.argmax()) / 512
    assert place == pytest.approx(0.7 if band % 2 else 0.3, abs=2e-3)


def test_channels_stay_apart() -> None:
    wave = torch.randn(3, 2, 400)
    net = PQMF()
    split = net.analysis(wave)
    assert split.shape == (3, 8, 100)
    assert torch.equal(split[:, 4:], net.analysis(wave[:, 1:]))
    joined = net.synthesis(split)
    assert joined.shape == (3, 2, 400)
    alone = net.synthesis(split[:, 4:])
    torch.testing.assert_close(joined[:, 1:], alone, rtol=0, atol=1e-5)


def test_float32_inside_autocast_and_no_weights() -> None:
    net = PQMF()
    assert not net.state_dict()
    wave = torch.randn(1, 1, 256)
    split = net.analysis(wave)
    with torch.autocast("cpu", torch.bfloat16):
        inside: Tensor = net.analysis(wave)
        assert torch.equal(inside, split)
        assert torch.equal(net.synthesis(split.bfloat16()), net.synthesis(split.bfloat16().float()))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bands": 0}, r"bands 0 must be at least 1"),
        ({"taps": 61}, r"taps 61 must be even .* 62$"),
        ({"taps": 0}, r"taps 0 .* 2$"),
        ({"cutoff_ratio": 1.0}, r"cutoff_ratio 1.0 and beta 9.0.*0\.142"),
        ({"beta": -1.0}, r"cutoff_ratio 0.142 and beta -1.0.*a beta of 0 or more"),
    ],
)
def test_values_out_of_range_are_refused(options: dict[str, float], message: str) -> None:
    with pytest.raises(UserError, match=message) as refusal:
        PQMF(**options)  # type: ignore[arg-type]
    assert "\n" not in str(refusal.value)
