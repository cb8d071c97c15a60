"""What counts as silence, and what cannot be a loop."""

import numpy as np
import pytest
import torch
from torch import Tensor

from wavegan.inference import usable

RATE = 8000


def tone(seconds: float, *levels: float, channels: int = 1) -> Tensor:
    """A tone `(C, T)` that goes through these levels in dBFS at equal intervals."""
    time = np.arange(round(seconds * RATE)) / RATE
    course = np.interp(time, np.linspace(0, seconds, len(levels)), levels)
    wave = 10 ** (course / 20) * np.sin(2 * np.pi * 400 * time)
    return torch.from_numpy(wave.astype(np.float32)).expand(channels, -1)


def test_nothing_above_60_dB_below_full_scale_is_silence() -> None:
    assert usable.silent(torch.zeros(2, 100)) is not None
    assert usable.silent(tone(0.1, -61, -61)) is not None
    assert usable.silent(tone(0.1, -59, -59)) is None
    click = torch.zeros(2, 100)
    click[1, 50] = 0.01
    assert usable.silent(click) is None


@pytest.mark.parametrize("channels", [1, 2])
def test_a_loop_holds(channels: int) -> None:
    assert usable.no_loop(tone(0.5, -6, -6, channels=channels), RATE) is None
    # a beat with short pauses, a swell
    assert usable.no_loop(torch.cat([tone(0.4, -6, -6), torch.zeros(1, 800)], 1), RATE) is None
    assert usable.no_loop(tone(0.5, -30, -6, -30), RATE) is None


def test_a_sound_that_dies_away_is_no_loop() -> None:
    for loop, reason in (
        (torch.cat([tone(0.2, -6, -6), torch.zeros(1, 2400)], 1), "silent for 60%"),
        # two thirds of 36 dB
        (tone(0.5, -6, -42), "24 dB quieter at its end"),
        (tone(0.5, -62, -62), "silent: no sample"),
    ):
        why = usable.no_loop(loop, RATE)
        assert why is not None
        assert why.startswith(reason)
        assert "dies away" in why


def test_a_pause_goes_round() -> None:
    """Silence that begins at the end and continues at the beginning counts as one."""
    pause = torch.zeros(1, 600)
    beat = tone(0.3, -6, -6)
    assert usable.no_loop(torch.cat([pause, beat, pause], 1), RATE) is not None
    apart = torch.cat([pause, beat, pause, beat], 1)
    assert usable.no_loop(apart, RATE) is None


def test_a_faint_loop_is_held_to_the_sound_itself() -> None:
    faint, asked = tone(0.5, -33, -33), []

    def plain() -> Tensor:
        asked.append(1)
        return tone(0.5, -6, -60)

    why = usable.no_loop(faint, RATE, plain)
    assert why is not None
    assert why.startswith(("26 dB", "27 dB"))
    assert usable.no_loop(faint, RATE, plain, quieter=40) is None
    assert usable.no_loop(faint, RATE, lambda: tone(0.5, -30, -30)) is None
    asked.clear()
    assert usable.no_loop(tone(0.5, -15, -15), RATE, plain) is None
    assert not asked


def test_hits_that_are_asked_to_last_die_away() -> None:
    hit = torch.cat([tone(0.2, -6, -50), torch.zeros(1, 6400)], 1)
    assert usable.dies_away(hit, RATE, within=2400)
    assert not usable.dies_away(hit, RATE, within=8000)
    row = torch.cat([tone(0.2, -6, -50), torch.zeros(1, 2400), tone(0.2, -30, -30)], 1)
    assert not usable.dies_away(row, RATE, within=1600)
