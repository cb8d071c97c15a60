"""The pitch metrics: on tones of known pitch, by hand on tracks, and against librosa."""

import math
import sys
from pathlib import Path

import librosa
import numpy as np
import pytest
import torch
from torch import Tensor

from wavegan.audio import io
from wavegan.audio.resample import resample_array
from wavegan.errors import UserError
from wavegan.metrics import _pitch
from wavegan.metrics._pitch import PitchMetric, Track, Tracker
from wavegan.metrics.f0_corr import F0Correlation
from wavegan.metrics.f0_rmse import F0RMSE
from wavegan.metrics.periodicity_rmse import PeriodicityRMSE
from wavegan.metrics.vuv_f1 import VoicingF1

ALL = (F0RMSE, F0Correlation, VoicingF1, PeriodicityRMSE)
TRACKERS: list[Tracker] = ["pyin", "swift_f0"]


def buzz(hertz: float | Tensor, rate: int = 16000, seconds: float = 1.0) -> Tensor:
    """A voice-like tone: harmonics falling off as 1 / k."""
    steady = torch.as_tensor(hertz).double().expand(round(rate * seconds))
    phase = 2 * torch.pi * steady.cumsum(0) / rate
    return 0.1 * torch.stack([torch.sin(k * phase) / k for k in range(1, 9)]).sum(0)[None].float()


def made(hertz: list[float], voiced: list[int], periodicity: list[float]) -> Track:
    return Track(np.array(hertz), np.array(voiced, bool), np.array(periodicity))


@pytest.mark.parametrize("tracker", TRACKERS)
@pytest.mark.parametrize(("factor", "cents"), [(1.03, 51.2), (0.5, 1200.0), (2**0.25, 300.0)])
def test_a_known_shift_in_cents(tracker: Tracker, factor: float, cents: float) -> None:
    """pyin has steps of 10 cents, so two results differ by up to 10."""
    if tracker == "swift_f0":
        pytest.importorskip("swift_f0")
    assert cents == pytest.approx(abs(1200 * math.log2(factor)), abs=0.1)
    found = F0RMSE(tracker)(buzz(220 * factor), buzz(220), 16000)
    assert found == pytest.approx(cents, abs=10)


def test_the_pitch_is_librosas(speech: Path) -> None:
    """With the same parameters at 16 kHz; all four metrics use one track."""
    wave, rate = io.read(sorted(speech.glob("*.flac"))[0])
    hertz, voiced, probability = librosa.pyin(
        resample_array(wave, rate, 16000)[0],
        fmin=50,
        fmax=550,
        sr=16000,
        frame_length=1024,
        hop_length=256,
        no_trough_prob=0,
    )
    found = _pitch.track(wave[0], rate)
    np.testing.assert_array_equal(found.voiced, voiced)
    np.testing.assert_allclose(found.hertz[voiced], hertz[voiced])
    np.testing.assert_allclose(found.periodicity, probability)
    assert 0.3 < voiced.mean() < 0.9


@pytest.mark.parametrize("tracker", TRACKERS)
def test_noise_and_silence_have_no_pitch(tracker: Tracker) -> None:
    if tracker == "swift_f0":
        pytest.importorskip("swift_f0")
    noise = 0.1 * torch.randn(32000, generator=torch.Generator().manual_seed(0))
    for wave in (noise, 1e-4 * noise, 0 * noise):
        assert _pitch.track(wave.numpy(), 16000, tracker).voiced.mean() < 0.02


def test_values_by_hand() -> None:
    reference = made([100, 200, 400, 100], [1, 1, 1, 0], [1.0, 0.5, 1.0, 0.0])
    estimate = made([100, 100, 800, 300], [1, 0, 1, 1], [0.5, 0.5, 1.0, 0.5])
    # voiced in both: frames 0 and 2, off by 0 and 1200 cents
    assert F0RMSE().compare(estimate, reference) == pytest.approx(1200 / math.sqrt(2))
    # 2 hits, one missed, one false
    assert VoicingF1().compare(estimate, reference) == pytest.approx(4 / 6)
    assert PeriodicityRMSE().compare(estimate, reference) == pytest.approx(math.sqrt(0.5 / 4))
    # octaves 0, 1, 2 against 0, 2, 1: covariance 1 / 3, variances 2 / 3
    rising = made([100, 200, 400], [1, 1, 1], [1, 1, 1])
    bent = made([100, 400, 200], [1, 1, 1], [1, 1, 1])
    assert F0Correlation().compare(bent, rising) == pytest.approx(0.5)


def test_a_constant_shift_does_not_change_the_correlation() -> None:
    time = torch.arange(16000) / 16000
    contour = 200 * 2 ** (0.3 * torch.sin(2 * torch.pi * 2 * time))
    judge = F0Correlation()
    assert judge(buzz(contour * 1.06), buzz(contour), 16000) > 0.98
    upside_down = 200 * 2 ** (-0.3 * torch.sin(2 * torch.pi * 2 * time))
    assert judge(buzz(upside_down), buzz(contour), 16000) < -0.98


def test_voicing_lost() -> None:
    """Two seconds of tone, half of it silenced: about half of the frames are missed."""
    tone = buzz(150, seconds=2)
    half = tone.clone()
    half[:, 16000:] = 0
    assert VoicingF1()(tone, tone, 16000) == 1
    # hits 1/2, missed 1/2: F1 = 1 / (1 + 1/2)
    assert VoicingF1()(half, tone, 16000) == pytest.approx(2 / 3, abs=0.06)
    assert PeriodicityRMSE()(half, tone, 16000) > 0.3
    assert PeriodicityRMSE()(tone, tone, 16000) == 0


def test_nan_where_it_is_undefined() -> None:
    silence, tone = torch.zeros(1, 16000), buzz(150)
    for judge in (F0RMSE(), F0Correlation()):
        for pair in ((silence, tone), (tone, silence), (silence, silence)):
            assert math.isnan(judge(*pair, 16000))
    assert math.isnan(VoicingF1()(silence, silence, 16000))
    assert VoicingF1()(silence, tone, 16000) == 0
    assert PeriodicityRMSE()(silence, silence, 16000) == 0
    steady = made([100, 100], [1, 1], [1, 1])
    assert math.isnan(F0Correlation().compare(steady, steady))
    assert F0RMSE().compare(steady, steady) == 0
    for judge in (cls() for cls in ALL):
        value = judge(tone[:, :50], tone[:, :50], 16000)
        assert math.isnan(value) or value in {0, 1}


def test_four_metrics_track_a_pair_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def counted(wave: np.ndarray) -> Track:
        calls.append(len(wave))
        return made([100, 200], [1, 1], [1, 1])

    monkeypatch.setitem(_pitch._TRACKERS, "pyin", counted)
    monkeypatch.setattr(_pitch, "_TRACKS", type(_pitch._TRACKS)())
    pair = buzz(300), buzz(310)
    for metric in ALL:
        metric()(*pair, 16000)
    assert len(calls) == 2
    # the same samples at another rate are another sound
    F0RMSE()(*pair, 22050)
    assert len(calls) == 4
    for number in range(100):
        _pitch.track(np.full(8, number, np.float32), 16000)
    assert len(_pitch._TRACKS) == _pitch.KEPT


@pytest.mark.parametrize("metric", ALL)
@pytest.mark.parametrize(("tracker", "package"), [("pyin", "librosa"), ("swift_f0", "swift_f0")])
def test_a_missing_package_names_the_command(
    metric: type[PitchMetric], tracker: Tracker, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    extra = {"pyin": "metrics", "swift_f0": "trained-metrics"}[tracker]
    with pytest.raises(UserError, match=rf'pip install "wavegan\[{extra}\]"'):
        metric(tracker)
