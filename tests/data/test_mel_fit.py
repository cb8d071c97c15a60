"""Given mels compared with those of their own audio: another front-end's, or a TTS system's."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import avg_pool1d, pad

from wavegan.audio import io
from wavegan.data import mel_fit
from wavegan.data.mels import pair
from wavegan.data.scan import scan
from wavegan.mel.front_end import Mel
from wavegan.mel.spectrogram import MelSpectrogram

SPEECH = Path(__file__).resolve().parents[2] / "examples" / "speech"
FILES = sorted(SPEECH.glob("*.flac"))[:4]
Change = Callable[[Tensor], Tensor]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAVEGAN_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def looked_at(tmp_path: Path) -> Callable[..., tuple[list[mel_fit.Fit], list[str]]]:
    """Fits and warnings of changed mels of four sentences."""

    def look(change: Change, model: str = "hifigan-22k", of: str | None = None):
        wavs, folder = tmp_path / "wavs", tmp_path / "mels"
        for each in (wavs, folder):
            each.mkdir()
        spec = Mel.preset(of or model)
        for file in FILES:
            (wavs / file.name).symlink_to(file)
            wave = torch.from_numpy(io.read(file, sample_rate=spec.sample_rate)[0][0])
            np.save(folder / f"{file.stem}.npy", change(MelSpectrogram(spec)(wave)).numpy())
        manifest, mels = pair(scan(wavs), folder, Mel.preset(model))
        fits = mel_fit.compare(mels, manifest.clips, manifest.root)
        assert len(fits) == len(FILES)
        return fits, mel_fit.doubts(fits, mels)

    return look


def blurred(mel: Tensor) -> Tensor:
    """Smoother over frames and bands."""
    for _ in range(2):
        mel = avg_pool1d(pad(mel[:, None], (1, 1), mode="replicate"), 3, 1)[:, 0].T
    return mel


def unsteady(mel: Tensor) -> Tensor:
    """With the errors of a prediction: slow ones that differ by band, and fast ones."""
    made = torch.Generator().manual_seed(0)
    slow = torch.randn(mel.shape[0], 1 + mel.shape[1] // 20, generator=made)
    slow = torch.nn.functional.interpolate(slow[None], mel.shape[1], mode="linear")[0]
    return mel + 0.4 * slow + 0.2 * torch.randn(mel.shape, generator=made)


def averaged(mel: Tensor) -> Tensor:
    """Pulled towards the mean, like uncertain predictions."""
    return mel.mean(1, keepdim=True) + 0.8 * (mel - mel.mean(1, keepdim=True))


PREDICTIONS: dict[str, Change] = {
    "itself": lambda mel: mel,
    "blurred": blurred,
    "very blurred": lambda mel: blurred(blurred(mel)),
    "unsteady": unsteady,
    "averaged": averaged,
    "all of it": lambda mel: averaged(unsteady(blurred(mel))),
    "quieter": lambda mel: (mel - 0.5).clamp(min=-11.5),
    "a frame off": lambda mel: torch.cat([mel[:, 1:], mel[:, -1:]], dim=1),
}


@pytest.mark.parametrize("change", PREDICTIONS.values(), ids=PREDICTIONS.keys())
@pytest.mark.parametrize("model", ["hifigan-22k", "vocos-24k", "speechbrain-22k", "cosyvoice2-24k"])
def test_predictions_raise_no_alarm(looked_at, change: Change, model: str) -> None:
    fits, warnings = looked_at(change, model)
    assert warnings == []
    assert all(fit.fits for fit in fits)


def test_what_is_said_is_the_distance(looked_at) -> None:
    fits, _ = looked_at(lambda mel: mel + 0.25)
    assert mel_fit.difference(fits) == pytest.approx(0.25, abs=1e-3)
    assert "difference 0.25, correlation 1.00" in mel_fit.describe(fits)
    assert [fit.shift for fit in fits] == pytest.approx([0.25] * 4, abs=1e-3)
    assert [fit.spread for fit in fits] == pytest.approx([1] * 4, abs=1e-3)


def reversed_in_time(mel: Tensor) -> Tensor:
    return mel.flip(1)


WRONG: dict[str, tuple[Change, str]] = {
    "decibels": (lambda mel: mel * 8.686, "decibels"),
    "log10": (lambda mel: mel / 2.302585, "log10 mels"),
    "linear": (torch.exp, "linear magnitudes"),
    "(log + 4) / 4": (lambda mel: (mel + 4) / 4, "normalised"),
    "each as one": (lambda mel: (mel - mel.mean()) / mel.std(), "normalised"),
    "statistics": (lambda mel: (mel + 5.5) / 2.1, "normalised"),
    "integers": (lambda mel: mel + 10.397, "integers"),
    "another recording": (reversed_in_time, "not similar"),
}


@pytest.mark.parametrize(("change", "said"), WRONG.values(), ids=WRONG.keys())
@pytest.mark.parametrize("model", ["hifigan-22k", "bigvgan-24k", "vocos-24k"])
def test_other_scales_are_warned_of_and_named(
    looked_at, change: Change, said: str, model: str
) -> None:
    _, (warning,) = looked_at(change, model)
    assert warning.startswith("warning: ")
    assert f"{FILES[0].stem}.npy: " in warning
    assert said in warning
    assert "`wavegan doctor mel`" in warning
    assert "4 of 4" in warning


def test_natural_logarithms_for_a_model_of_decimal_ones(looked_at) -> None:
    _, (warning,) = looked_at(lambda mel: mel * 2.302585, "melgan-22k")
    assert "natural-log mels" in warning
