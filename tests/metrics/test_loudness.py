"""Loudness: gains in known units, and silence has none."""

import math
import sys

import pytest
import torch
from torch import Tensor

from wavegan.errors import UserError
from wavegan.metrics.loudness import Loudness


def tone(hertz: float, rate: int = 48000, seconds: float = 1.0, channels: int = 1) -> Tensor:
    time = torch.arange(round(rate * seconds)) / rate
    return (0.1 * torch.sin(2 * torch.pi * hertz * time)).expand(channels, -1)


@pytest.mark.parametrize("decibels", [-6.02, 3.0])
def test_a_gain_is_so_many_units_whatever_its_sign(decibels: float) -> None:
    """Up to a rate whose filters the package derives, not the standard's 48 kHz alone."""
    for rate in (22050, 48000):
        clip = tone(1000, rate)
        louder = clip * 10 ** (decibels / 20)
        assert Loudness()(louder, clip, rate) == pytest.approx(abs(decibels), abs=1e-3)
        assert Loudness()(clip, clip, rate) == 0


def test_low_notes_count_less() -> None:
    """K-weighting: at equal power 60 Hz is softer than 1 kHz, and 5 kHz louder, by 3 to 4 LU."""
    assert Loudness()(tone(5000), tone(1000), 48000) == pytest.approx(3.3, abs=0.7)
    assert Loudness()(tone(60), tone(1000), 48000) > 2


def test_channels_are_summed() -> None:
    """The same tone left and right has twice the power, 3.01 LU: but both clips have it."""
    left = tone(1000, channels=2) * torch.tensor([[1.0], [0.0]])
    assert Loudness()(left, tone(1000, channels=2), 48000) == pytest.approx(3.01, abs=0.01)


def test_pauses_do_not_count() -> None:
    """Blocks 10 LU under the rest are gated away."""
    clip = tone(1000, seconds=2)
    with_pause = torch.cat([clip, 0.01 * clip], 1)
    louder = torch.cat([clip, 0.02 * clip], 1)
    assert Loudness()(with_pause, louder, 48000) < 0.05


def test_nan_where_there_is_no_loudness() -> None:
    clip, silence = tone(1000), torch.zeros(1, 48000)
    for pair in ((silence, clip), (clip, silence), (silence, silence), (clip / 1e5, clip)):
        assert math.isnan(Loudness()(*pair, 48000))
    short = clip[:, :19199]
    assert math.isnan(Loudness()(short, short, 48000))
    just = clip[:, :19200]
    assert Loudness()(just, just, 48000) == 0


def test_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    six = tone(1000, channels=6)
    with pytest.raises(UserError, match="6 channels"):
        Loudness()(six, six, 48000)
    monkeypatch.setitem(sys.modules, "pyloudnorm", None)
    with pytest.raises(UserError, match=r'pip install "wavegan\[metrics\]"'):
        Loudness()
