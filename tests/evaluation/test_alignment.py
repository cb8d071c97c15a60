"""Clips of different lengths: cut, shifted by their offset, or refused; a delay is never hidden."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn.functional import pad

from wavegan.audio import io
from wavegan.evaluation.alignment import align, find_offset
from wavegan.evaluation.levels import matching_gain

Silences = Callable[..., dict[str, Tensor]]
RATE = 22050


def clip(folder: Path, name: str, seconds: float = 2.0) -> Tensor:
    wave, _ = io.read(folder / f"{name}.flac", sample_rate=RATE)
    return torch.from_numpy(wave)[:, : int(seconds * RATE)]


@pytest.fixture(scope="module")
def voice(speech: Path) -> Tensor:
    return clip(speech, "arctic_a0058")


@pytest.mark.parametrize("late", [7001, -7001, 1])
def test_a_padded_or_trimmed_clip_is_realigned_to_the_sample(voice: Tensor, late: int) -> None:
    estimate = pad(voice, (late, 2000)) if late > 0 else pad(voice[:, -late:], (0, 2000))
    found = align(0.3 * estimate, voice, RATE)
    assert found.shift == late
    assert found.estimate.shape == found.reference.shape
    assert torch.equal(found.estimate, 0.3 * found.reference)
    assert (found.refused, found.lag) == ("", 0)


def test_phases_do_not_matter(voice: Tensor) -> None:
    """With all phases rotated by 90 degrees the waves are uncorrelated, but bands are equal."""
    turned = torch.fft.irfft(-1j * torch.fft.rfft(voice.double()), voice.shape[-1]).float()
    assert abs(float((turned * voice).sum())) < 1e-3 * float(voice.square().sum())
    assert abs(align(pad(turned, (3000, 0)), voice, RATE).shift - 3000) <= 22


def test_a_published_vocoders_clip_is_found_where_it_is(shared: Path) -> None:
    demo = shared / "data" / "vocoder-demo" / "ljspeech"
    real, made = (
        torch.from_numpy(io.read(demo / name / "2.flac")[0])
        for name in ("ground-truth", "hifigan-v3")
    )
    found = align(pad(made, (9000, 0)), real, RATE)
    assert abs(found.shift - 9000) <= 22


def test_unrelated_clips_are_refused_with_both_lengths(speech: Path, voice: Tensor) -> None:
    other = clip(speech, "arctic_a0094", 2.5)
    found = align(other, voice, RATE)
    assert "last 2.50 s and 2.00 s" in found.refused
    assert "mcd_dtw" in found.refused
    assert found.estimate.shape[1] != found.reference.shape[1]


def test_small_differences_are_cut_and_never_shifted(voice: Tensor) -> None:
    delayed = pad(voice, (661, 0))[:, : voice.shape[1] + 500]
    found = align(delayed, voice, RATE)
    assert (found.shift, found.cut) == (0, 500)
    assert torch.equal(found.estimate, delayed[:, : voice.shape[1]])
    assert found.lag == pytest.approx(661 / RATE)


def test_equal_lengths_are_shifted_only_if_asked_to(voice: Tensor) -> None:
    delayed = pad(voice, (1500, 0))[:, : voice.shape[1]]
    assert align(delayed, voice, RATE).shift == 0
    assert align(delayed, voice, RATE).lag == pytest.approx(1500 / RATE)
    assert align(delayed, voice, RATE, "always").shift == 1500


def test_never_shifting_cuts_whatever_the_lengths(voice: Tensor) -> None:
    found = align(pad(voice, (7000, 0)), voice, RATE, "never")
    assert (found.shift, found.cut, found.lag) == (0, 7000, pytest.approx(7000 / RATE))


def test_half_of_a_clip_elsewhere_is_no_agreement(voice: Tensor) -> None:
    """80 % of the shorter clip must be inside the longer one."""
    half = voice.shape[1] // 2
    moved = pad(voice[:, half:], (0, half + 20000))
    assert align(moved, voice, RATE).refused


def test_silence_agrees_with_nothing(voice: Tensor) -> None:
    assert find_offset(torch.zeros(30000), voice[0], RATE)[1] <= 0.6
    assert align(torch.zeros(1, 90000), voice, RATE).refused
    assert align(torch.zeros_like(voice), voice, RATE).lag == 0


def test_silent_clips_are_never_late(voice: Tensor, silences: Silences) -> None:
    """Only rounding errors agree there."""
    kinds = silences(1, 60_000)
    for kind, clip in kinds.items():
        for other in (clip, kinds["zeros"], voice[:, :40_000]):
            assert find_offset(clip[0], other[0], RATE) == (0, -1), kind
        equal = align(clip, clip.clone(), RATE)
        assert (equal.lag, equal.shift, equal.cut, equal.refused) == (0, 0, 0, ""), kind
        shifted = align(clip, clip.clone(), RATE, "always")
        assert (shifted.lag, shifted.shift, shifted.cut) == (0, 0, 0), kind
        assert align(clip, clip[:, :59_000], RATE).lag == 0
        longer = align(clip, clip.repeat(1, 2), RATE).refused
        assert "both are silent" in longer, kind
        assert "one is silent" in align(clip, voice[:, :40_000], RATE).refused, kind


@pytest.mark.parametrize("hertz", [0.0, 100.0, 441.0])
def test_steady_sound_is_not_late_to_itself(hertz: float) -> None:
    time = torch.arange(60_000) / RATE
    clip = 0.3 * torch.cos(2 * torch.pi * hertz * time)[None]
    for how in ("auto", "always"):
        found = align(clip, clip.clone(), RATE, how)
        assert (found.lag, found.shift) == (0, 0)


def test_a_gain_is_never_matched_to_silence(voice: Tensor, silences: Silences) -> None:
    for kind, clip in silences(*voice.shape).items():
        assert matching_gain(clip, voice) == matching_gain(voice, clip) == 1, kind
    assert matching_gain(2 * voice, voice) == pytest.approx(0.5)


def test_long_and_very_short_clips(voice: Tensor) -> None:
    # 80 s, so that frames are more than 1 ms apart
    long = voice[0].repeat(40) * torch.rand(40, generator=torch.manual_seed(0)).repeat_interleave(
        voice.shape[1]
    )
    assert find_offset(pad(long, (40000, 0)), long, RATE)[0] == 40000
    assert align(voice[:, :10], voice[:, :12], RATE).estimate.shape == (1, 10)
    assert align(voice[:, :1], voice, RATE).refused
