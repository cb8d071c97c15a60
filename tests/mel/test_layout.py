"""Squares: as many frames as bands."""

from pathlib import Path

import pytest
import torch

from wavegan.audio import io
from wavegan.mel.front_end import Mel
from wavegan.mel.layout import of_square
from wavegan.mel.spectrogram import MelSpectrogram

SPEECH = Path(__file__).resolve().parents[2] / "examples" / "speech"


def squares(name: str) -> list[torch.Tensor]:
    """Square parts of mels of speech."""
    spec = Mel.preset(name)
    found = []
    for file in sorted(SPEECH.glob("*.flac"))[:6]:
        wave = torch.from_numpy(io.read(file, sample_rate=spec.sample_rate)[0][0])
        mel = MelSpectrogram(spec)(wave)
        found += mel.unfold(1, spec.n_mels, spec.n_mels).unbind(1)
    return found


def smooth(axis: int) -> torch.Tensor:
    """Values that change slowly along one axis and jump along the other."""
    noise = torch.randn(80, 80, generator=torch.Generator().manual_seed(0))
    return 5 * noise.mean(axis, keepdim=True) * 9 + noise.cumsum(axis) / 9


@pytest.mark.parametrize("reported", ["frames_last", "frames_first"])
def test_clear_values_decide_whatever_the_default(reported) -> None:
    steady = of_square(smooth(axis=1), reported)
    turned = of_square(smooth(axis=0), reported)
    assert (steady.turned, turned.turned) == (False, True)
    assert (steady.doubt is None) == (reported == "frames_last")
    assert (turned.doubt is None) == (reported == "frames_first")
    assert "80 x 80" in (steady.doubt or turned.doubt)


@pytest.mark.parametrize("name", Mel.preset_names())
def test_no_speech_is_turned_the_wrong_way_in_silence(name: str) -> None:
    """Either the values decide correctly, or the given order is used with a warning."""
    for mel in squares(name):
        for given, right in ((mel, False), (mel.T, True)):
            for reported in ("frames_last", "frames_first"):
                found = of_square(given, reported)
                if found.turned != right:
                    assert found.doubt is not None
                    assert "unclear: read as" in found.doubt
                    assert found.turned == (reported == "frames_first")


@pytest.mark.parametrize("reported", ["frames_last", "frames_first"])
def test_a_constant_follows_the_default(reported) -> None:
    found = of_square(torch.full((80, 80), -11.5), reported)
    assert found.doubt is None
    assert found.turned == (reported == "frames_first")
