"""The constant-Q transform against nnAudio's numbers, librosa, and the definition."""

from pathlib import Path

import librosa
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.signal import firwin2

from wavegan.audio import io
from wavegan.audio.cqt import ConstantQ, low_pass
from wavegan.errors import UserError


def speech_wave(speech: Path, rate: int = 44100, seconds: float = 1.0) -> NDArray[np.float32]:
    wave, _ = io.read(sorted(speech.glob("*.flac"))[0], sample_rate=rate, mono=True)
    return np.asarray(wave[0, rate // 2 : rate // 2 + int(seconds * rate)])


def by_definition(
    wave: NDArray[np.float32], rate: int, hop: int, frequency: float, below: int
) -> NDArray[np.complex128]:
    """One bin of 24 an octave, `below` octaves under the highest, at the full rate.

    Its window is whole at the rate of its octave. Each halving's filter has an even number of
    taps, so it is half a sample late, and so is the middle of a window of odd length.
    """
    periods = 1 / (2 ** (1 / 24) - 1)
    steps = int(np.ceil(periods * rate / frequency / 2**below))
    late = (2**below - 1) / 2
    middle = late - (2**below / 2 if steps % 2 else 0)
    length = steps * 2**below
    times = np.arange(-length, length + 1)
    phases = (times - middle) / length
    window = np.where(abs(phases) <= 0.5, 0.5 + 0.5 * np.cos(2 * np.pi * phases), 0)
    tone = window / window.sum() * np.exp(-2j * np.pi * frequency * (times - late) / rate)
    padded = np.pad(wave.astype(float), length)
    middles = np.arange(1 + len(wave) // hop) * hop + length
    return np.sqrt(np.ceil(periods * rate / frequency)) * (padded[middles[:, None] + times] @ tone)


# what nnAudio 0.3.3's CQT2010v2 (output "Complex", pad_mode "constant") makes of the chirp
@pytest.mark.parametrize(
    ("rate", "octaves", "bins", "halved", "peak", "expected"),
    [
        (44100, 9, 24, 1, 2.4,
         {(12, 0): 0.126443 + 0.028619j, (84, 0): -0.154714 - 0.673248j,
          (156, 1): -1.213188 - 1.510249j}),
        (48000, 7, 12, 2, 3.4,
         {(6, 0): 0.304953 + 0.024792j, (42, 0): -0.472001 - 1.145598j,
          (78, 1): -3.361832 - 0.452573j}),
    ],
)  # fmt: skip
def test_equals_nnaudio(
    rate: int,
    octaves: int,
    bins: int,
    halved: int,
    peak: float,
    expected: dict[tuple[int, int], complex],
) -> None:
    chirp = torch.tensor(0.5 * np.sin(0.0004 * np.arange(4000.0) ** 2), dtype=torch.float32)
    transform = ConstantQ(rate, 512, octaves=octaves, bins_per_octave=bins)
    spectrum = transform(chirp)
    assert transform.factor == halved
    assert spectrum.shape == (octaves * bins, 8)
    for place, value in expected.items():
        assert abs(spectrum[place].item() - value) <= 1e-5 * peak


# of the lowest octaves librosa keeps fewer samples than a window has
@pytest.mark.filterwarnings("ignore:n_fft=")
@pytest.mark.slow
def test_magnitudes_are_librosas_but_for_its_filters(speech: Path) -> None:
    wave = speech_wave(speech)
    found = ConstantQ(44100, 256)(torch.from_numpy(wave)).abs().numpy()
    expected = np.abs(
        librosa.cqt(
            wave, sr=44100, hop_length=256, fmin=32.70, n_bins=216, bins_per_octave=24,
            pad_mode="constant",
        )
    )  # fmt: skip
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() < 0.03 * expected.max()
    error = np.square(found - expected).sum() / np.square(expected).sum()
    assert np.sqrt(error) < 0.02


@pytest.mark.parametrize(("below", "bound"), [(0, 1e-4), (1, 1e-3), (3, 1e-3), (6, 1e-3)])
@pytest.mark.parametrize("bin_", [10, 11])
def test_each_bin_is_a_windowed_tone(below: int, bound: float, bin_: int, speech: Path) -> None:
    wave = speech_wave(speech)
    wave *= np.hanning(len(wave))  # at the ends the halved rates see other zeros
    place = (8 - below) * 24 + bin_
    found = ConstantQ(44100, 256)(torch.from_numpy(wave))[place].numpy()
    expected = by_definition(wave, 44100, 256, 32.70 * 2 ** (place / 24), below)
    assert np.abs(found - expected).max() < bound * np.abs(expected).max()


def test_a_tone_is_loudest_in_its_bin() -> None:
    for bin_ in (60, 130, 210):
        tone = np.sin(2 * np.pi * 32.70 * 2 ** (bin_ / 24) * np.arange(44100) / 44100)
        spectrum = ConstantQ(44100, 512)(torch.tensor(tone, dtype=torch.float32)).abs()
        assert spectrum[:, 40].argmax() == bin_


@pytest.mark.parametrize(("filter_", "transition"), [("halving", 0.001), ("early", 0.03)])
def test_the_low_passes_are_scipys(filter_: str, transition: float) -> None:
    transform = ConstantQ(48000, 512, octaves=7, bins_per_octave=12)
    assert transform.factor == 2
    corners = [0, 0.5 / (1 + transition), 0.5 * (1 + transition), 1]
    taps = firwin2(256, corners, [1, 1, 0, 0])
    assert np.abs(getattr(transform, filter_).flatten().numpy() - taps).max() < 1e-7
    assert np.abs(low_pass(0.5, transition) - taps).max() < 1e-12


def test_shapes_dtypes_and_nothing_to_save() -> None:
    transform = ConstantQ(44100, 256, octaves=8, bins_per_octave=12)
    wave = torch.randn(2, 3, 1000, generator=torch.Generator().manual_seed(0))
    spectrum = transform(wave)
    assert spectrum.shape == (2, 3, 96, 4)
    assert torch.allclose(transform(wave[1, 2]), spectrum[1, 2], atol=1e-6)
    assert transform.state_dict() == {}
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(transform(wave), spectrum)
        assert transform(wave.bfloat16()).dtype is torch.complex64


@pytest.mark.parametrize(
    ("rate", "hop", "options", "message"),
    [
        (
            32000,
            256,
            {},
            r"octaves 9 reach 16266 Hz, above half the sample rate of 32000 Hz: use 8",
        ),
        (44100, 384, {}, r"hop_length 384 .* 9 octaves: use 512"),
        (44100, 256, {"octaves": 0}, r"octaves 0"),
    ],
)
def test_contradictions_are_refused(
    rate: int, hop: int, options: dict[str, int], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        ConstantQ(rate, hop, **options)  # type: ignore[arg-type]


def test_too_short_a_wave_is_refused() -> None:
    transform = ConstantQ(44100, 256)
    assert transform(torch.zeros(256)).shape == (216, 2)
    with pytest.raises(UserError, match="255 samples, but 9 octaves need 256"):
        transform(torch.zeros(255))
