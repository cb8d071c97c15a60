"""Mel-cepstral distortion against SPTK, pymcd and librosa, and by hand."""

import importlib
import math
import warnings
from pathlib import Path
from types import ModuleType

import librosa
import numpy as np
import pytest
import torch
from torch import Tensor

from wavegan.audio import io
from wavegan.metrics._mel_cepstrum import frame_sizes, from_power, mel_cepstrum, warp_factor
from wavegan.metrics.mcd import MCD
from wavegan.metrics.mcd_dtw import MCDDTW, _cheapest

RATES = {8000: 0.312, 16000: 0.41, 22050: 0.455, 24000: 0.466, 44100: 0.544, 48000: 0.554}


def noise(seed: int, samples: int = 16384) -> Tensor:
    return 0.1 * torch.randn(1, samples, generator=torch.Generator().manual_seed(seed))


def imported(name: str) -> ModuleType:
    """A package whose own imports give warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module: ModuleType = pytest.importorskip(name, exc_type=ImportError)
        return module


@pytest.fixture(scope="module")
def clips(speech: Path) -> list[tuple[Tensor, int]]:
    files = sorted(speech.glob("*.flac"))[:2]
    return [(torch.from_numpy(wave), rate) for wave, rate in map(io.read, files)]


@pytest.mark.parametrize("alpha", RATES.values())
def test_cepstra_are_sptks_of_the_same_spectrum(
    alpha: float, clips: list[tuple[Tensor, int]]
) -> None:
    pysptk = imported("pysptk")
    spectrum = np.abs(librosa.stft(clips[0][0][0, :20000].double().numpy(), n_fft=1024)) ** 2
    power = np.maximum(spectrum, 1e-8).T
    expected = np.stack([pysptk.sp2mc(frame, 24, alpha) for frame in power])
    found = from_power(torch.from_numpy(power), alpha)
    np.testing.assert_allclose(found, expected, atol=1e-9)


@pytest.mark.parametrize(("rate", "alpha"), RATES.items())
def test_the_warp_is_the_customary_one(rate: int, alpha: float) -> None:
    assert warp_factor(rate) == alpha
    assert imported("pysptk").util.mcepalpha(rate) == pytest.approx(alpha, abs=1e-9)


@pytest.mark.parametrize("rate", RATES)
def test_frames_last_40_ms_at_every_rate(rate: int) -> None:
    sizes = frame_sizes(rate)
    assert sizes["win_length"] / rate == pytest.approx(0.04, rel=0.01)
    assert sizes["hop_length"] / rate == pytest.approx(0.01, rel=0.01)
    assert sizes["win_length"] <= sizes["n_fft"] < 2 * sizes["win_length"]


def test_the_distance_is_pymcds_for_the_same_cepstra(clips: list[tuple[Tensor, int]]) -> None:
    """Frame by frame, and along the path that its dynamic programming finds."""
    judge = imported("pymcd.mcd").Calculate_MCD("plain")
    (first, rate), (second, _) = clips
    a, b = (mel_cepstrum(clip, rate)[0].numpy() for clip in (first, second))
    length = min(len(a), len(b))
    frames, cost = judge.calculate_mcd_distance(a, b, [(i, i) for i in range(length)])
    samples = min(first.shape[1], second.shape[1])
    found = MCD()(first[:, :samples], second[:, :samples], rate)
    # the last frames see other padding once the longer clip is cut
    assert found == pytest.approx(judge.log_spec_dB_const * cost / frames, rel=0.02)
    equal = judge.calculate_mcd_distance(a, a[:, ::-1], [(i, i) for i in range(len(a))])
    by_hand = judge.log_spec_dB_const * np.linalg.norm(a - a[:, ::-1], axis=1).mean()
    assert judge.log_spec_dB_const * equal[1] / equal[0] == pytest.approx(by_hand)


def test_the_whole_of_mcd_is_sptk_and_pymcd_in_a_row(clips: list[tuple[Tensor, int]]) -> None:
    pysptk, pymcd = imported("pysptk"), imported("pymcd.mcd")
    clip, rate = clips[0]
    other = clip + 0.01 * noise(0, clip.shape[1])
    cepstra = []
    for wave in (other, clip):
        spectrum = librosa.stft(
            wave[0].double().numpy(),
            n_fft=1024,
            hop_length=220,
            win_length=882,
            pad_mode="reflect",
        )
        power = np.maximum(np.abs(spectrum) ** 2, 1e-8).T
        cepstra.append(np.stack([pysptk.sp2mc(frame, 24, 0.455)[1:] for frame in power]))
    judge = pymcd.Calculate_MCD("plain")
    pairs = [(i, i) for i in range(len(cepstra[0]))]
    frames, cost = judge.calculate_mcd_distance(*cepstra, pairs)
    assert MCD()(other, clip, rate) == pytest.approx(
        judge.log_spec_dB_const * cost / frames, rel=1e-5
    )


def test_a_tilt_worked_by_hand() -> None:
    """A filter 1 + a z^-1 adds -(-a)^n / n to the cepstrum; the all-pass of alpha = a leaves one.

    With a = -alpha, 1 - alpha z^-1 is, up to a gain, 1 / (1 + alpha z'^-1) of the warped delay
    z'^-1: warped coefficients d are (-alpha)^d / d.
    """
    alpha = 0.455
    angle = torch.arange(513, dtype=torch.float64) * torch.pi / 512
    response = (1 - 2 * alpha * torch.cos(angle) + alpha**2)[None]
    found = from_power(response, alpha)[0]
    expected = [(-alpha) ** d / d for d in range(1, 25)]
    np.testing.assert_allclose(found[1:], expected, atol=1e-9)


def test_a_gain_changes_nothing_and_equal_clips_are_0() -> None:
    silence = torch.zeros(1, 16384)
    for judge in (MCD(), MCDDTW()):
        assert judge(noise(0), noise(0), 22050) == 0
        assert judge(silence, silence, 22050) == 0
        assert judge(noise(0) / 2, noise(0), 22050) == pytest.approx(0, abs=1e-6)
        assert judge(noise(1), noise(0), 22050) > 1


def test_one_sided_filter_in_decibels() -> None:
    """Of noise through 1 - a z^-1 every frame is off by the filter's own warped cepstrum."""
    alpha, wave = 0.455, noise(0, 40000).double()
    filtered = wave.clone()
    filtered[:, 1:] -= alpha * wave[:, :-1]
    norm = math.sqrt(sum((alpha**d / d) ** 2 for d in range(1, 25)))
    expected = 10 / math.log(10) * math.sqrt(2) * norm
    # frames cut the filter's tail at their ends, which spreads a little over the bins
    assert MCD()(filtered, wave, 22050) == pytest.approx(expected, rel=0.03)


def test_the_path_is_librosas() -> None:
    rng = np.random.default_rng(0)
    for rows, columns in ((1, 1), (1, 7), (9, 1), (40, 60), (60, 40)):
        first = rng.standard_normal((rows, 24))
        second = rng.standard_normal((columns, 24))
        second[: rows // 2] = first[: rows // 2][:columns]
        total, path = librosa.sequence.dtw(first.T, second.T)
        cost, pairs = _cheapest(first, second)
        assert cost == pytest.approx(total[-1, -1])
        assert pairs == len(path)


def test_the_path_is_near_pymcds(clips: list[tuple[Tensor, int]]) -> None:
    """Its package searches near a coarser path: never a lower cost, and hardly a higher one."""
    fastdtw = importlib.import_module("fastdtw") if imported("pymcd.mcd") else None
    assert fastdtw is not None
    (first, rate), (second, _) = clips
    a, b = (mel_cepstrum(clip, rate)[0, :120].numpy() for clip in (first, second))
    approximate, _ = fastdtw.fastdtw(a, b, dist=2)
    cost, _ = _cheapest(a, b)
    assert cost <= approximate + 1e-6
    assert cost > 0.9 * approximate


def test_dtw_forgives_timing_and_length(clips: list[tuple[Tensor, int]]) -> None:
    """A pause of 0.2 s put in, by the hop: silent frames are paired with the one before."""
    clip, rate = clips[0]
    sudden = clip.clone()
    sudden[:, 22000:26620] = 0
    longer = torch.cat([sudden[:, :24200], torch.zeros(1, 220 * 20), sudden[:, 24200:]], 1)
    assert MCDDTW()(longer, sudden, rate) == pytest.approx(0, abs=1e-4)
    assert MCD()(longer[:, : clip.shape[1]], sudden, rate) > 3
    assert MCDDTW()(clip[:, :200], clip, rate) > 1
