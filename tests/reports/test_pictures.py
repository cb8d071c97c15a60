"""PNGs that other programs read, even ramps of colour, spectrograms with known levels."""

import math
import struct
import zlib

import numpy as np
import pytest
from numpy.typing import NDArray

from wavegan import colours
from wavegan.audio.spectrogram_levels import DYNAMIC_RANGE, ROWS, Frame, on_one_scale
from wavegan.audio.spectrogram_levels import levels as levels_of
from wavegan.reports import png, spectrogram

RATE = 16000


def decoded(data: bytes) -> NDArray[np.uint8]:
    """A PNG's colours `(H, W, 3)`, by the standard."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, place = {}, 8
    while place < len(data):
        size = struct.unpack(">I", data[place : place + 4])[0]
        kind, content = data[place + 4 : place + 8], data[place + 8 : place + 8 + size]
        assert struct.unpack(">I", data[place + 8 + size : place + 12 + size])[0] == zlib.crc32(
            kind + content
        )
        chunks[kind], place = content, place + 12 + size
    width, height, depth, colour = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert (depth, colour, data[-8:-4]) == (8, 3, b"IEND")
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, width + 1)
    assert not rows[:, 0].any()
    palette = np.frombuffer(chunks[b"PLTE"], np.uint8).reshape(-1, 3)
    return np.asarray(palette[rows[:, 1:]])


def lightness(ramp: NDArray[np.uint8]) -> NDArray[np.float64]:
    """CIE L* of sRGB (IEC 61966-2-1 and CIE 15), which the ramp was not made by."""
    share = ramp / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    light = linear @ np.asarray([0.2126, 0.7152, 0.0722])
    return np.where(light > 216 / 24389, 116 * np.cbrt(light) - 16, light * 24389 / 27)


def sine(hertz: float, amplitude: float, seconds: float = 1.0, rate: int = RATE) -> NDArray:
    place = np.arange(round(seconds * rate)) / rate
    return (amplitude * np.sin(2 * math.pi * hertz * place)).astype(np.float32)[None]


def test_a_picture_comes_back_as_it_was() -> None:
    places = np.random.default_rng(0).integers(0, colours.LEVELS, (7, 13)).astype(np.uint8)
    assert (decoded(png.encode(places, colours.level())) == colours.level()[places]).all()


def test_a_picture_needs_pixels_within_its_palette() -> None:
    for places in (np.zeros((0, 3), np.uint8), np.full((2, 2), colours.LEVELS, np.uint8)):
        with pytest.raises(ValueError, match="a picture of"):
            png.encode(places, colours.level())


def test_louder_is_lighter_in_even_steps() -> None:
    steps = np.diff(lightness(colours.level()))
    assert steps.min() > 0.5
    assert steps.max() < 2.5 * np.median(steps)


def test_differences_are_as_far_from_white_on_both_sides() -> None:
    ramp = colours.difference()
    light = lightness(ramp)
    middle = colours.LEVELS // 2
    assert light[middle] == light.max() > 95
    assert np.ptp(ramp[middle].astype(int)) == 0
    assert np.abs(light - light[::-1]).max() < 8
    assert (np.diff(light[: middle + 1]) > 0).all()
    assert ramp[0, 2] > ramp[0, 0]  # too quiet is blue
    assert ramp[-1, 0] > ramp[-1, 2]  # too loud is red


def test_a_sine_has_its_level_in_the_row_of_its_frequency() -> None:
    wave = sine(1000, 0.5)
    frame = on_one_scale([(wave, RATE)])[0]
    assert (frame.rate, frame.seconds, frame.top) == (RATE, 1.0, -5.0)
    levels = levels_of(wave, RATE, frame)[:, 50:-50]
    assert levels.shape[0] == ROWS
    # 20 log10(0.5) re a full-scale sine
    assert levels.max() == pytest.approx(-6.02, abs=0.1)
    row = int(levels.mean(1).argmax())
    mel = 2595 * math.log10(1 + 1000 / 700)
    highest = 2595 * math.log10(1 + RATE / 2 / 700)
    assert row == pytest.approx(mel / highest * ROWS, abs=2)


def test_half_the_amplitude_is_6_db_less_everywhere_it_is_heard() -> None:
    noise = np.random.default_rng(0).standard_normal((1, RATE)).astype(np.float32) * 0.1
    frame = on_one_scale([(noise, RATE)])[0]
    full, half = (levels_of(g * noise, RATE, frame) for g in (1.0, 0.5))
    picture, mean = spectrogram.difference(half, full, frame)
    assert mean == pytest.approx(6.02, abs=0.01)
    share = (-6.02 / spectrogram.LARGEST_DIFFERENCE + 1) / 2
    wanted = colours.difference()[round(share * (colours.LEVELS - 1))]
    assert (decoded(picture) == wanted).all()
    assert spectrogram.difference(full, full, frame)[1] == 0


def test_pictures_of_a_row_are_of_one_size_whatever_the_rates_and_lengths() -> None:
    clips = [(sine(500, 0.5, 1.0), RATE), (sine(500, 0.5, 0.4, 24000), 24000)]
    frame = on_one_scale(clips)[0]
    assert (frame.rate, frame.seconds) == (24000, 1.0)
    levels = [levels_of(wave, rate, frame) for wave, rate in clips]
    assert levels[0].shape == levels[1].shape == (ROWS, frame.columns)
    # the same sound at the same place; silence where the shorter one has ended
    start = slice(20, round(0.3 * frame.columns))
    row = int(levels[0][:, start].mean(1).argmax())
    assert levels[1][row, start].mean() == pytest.approx(levels[0][row, start].mean(), abs=0.2)
    assert levels[1][:, round(0.5 * frame.columns) :].max() < frame.top - DYNAMIC_RANGE
    assert {decoded(spectrogram.picture(one, frame)).shape for one in levels} == {
        (ROWS, frame.columns, 3)
    }


def test_silence_and_clips_of_a_few_samples_have_pictures_too() -> None:
    for wave in (np.zeros((1, RATE), np.float32), np.ones((2, 3), np.float32)):
        frame = on_one_scale([(wave, RATE)])[0]
        levels = levels_of(wave, RATE, frame)
        assert np.isfinite(levels).all()
        assert decoded(spectrogram.picture(levels, frame)).shape[0] == ROWS
        assert spectrogram.difference(levels, levels, frame)[1] == 0


def test_marks_of_frequency_are_where_the_mel_scale_has_them() -> None:
    ticks = dict(Frame(22050, 1.0, 0.0).ticks())
    assert ticks["1 k"] == pytest.approx(
        math.log10(1 + 1000 / 700) / math.log10(1 + 11025 / 700), abs=1e-6
    )
    assert list(ticks.values()) == sorted(ticks.values())
