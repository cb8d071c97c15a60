"""Baselines: nothing lost, only the mel, a lossy codec."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from wavegan.audio import io
from wavegan.errors import UserError
from wavegan.evaluation.baselines import (
    Baseline,
    GriffinLim,
    Made,
    Reencoded,
    Reference,
    baselines,
    front_end,
    why_impossible,
)
from wavegan.evaluation.levels import matching_gain
from wavegan.mel.front_end import Mel
from wavegan.metrics.log_mel_l1 import LogMelL1


@pytest.fixture(scope="module")
def voice(speech: Path) -> Tensor:
    wave, _ = io.read(speech / "arctic_a0058.flac", sample_rate=22050, frames=30000)
    return torch.from_numpy(wave)


def test_the_reference_is_itself(voice: Tensor) -> None:
    assert torch.equal(Reference()(voice, 22050).audio, voice)


def test_griffin_lim_keeps_the_mel_and_loses_the_wave(voice: Tensor) -> None:
    made = GriffinLim()(voice, 22050).audio
    assert made.shape == voice.shape
    distance = LogMelL1()
    assert (
        distance(made, voice, 22050) < 0.25 < distance(0.2 * torch.randn_like(voice), voice, 22050)
    )
    cosine = float((made * voice).sum() / (made.norm() * voice.norm()))
    assert abs(cosine) < 0.9
    assert torch.equal(made, GriffinLim()(voice, 22050).audio)


@pytest.mark.parametrize("preset", ["hifigan-22k", "speechbrain-22k"])
def test_griffin_lim_has_the_speech_in_place(voice: Tensor, preset: str) -> None:
    """In both framings: shifted by half a frame it is far worse."""
    mel = Mel.preset(preset)
    made = GriffinLim(mel)(voice, 22050).audio
    distance, moved = LogMelL1(mel), torch.roll(made, 128, dims=1)
    assert distance(moved, voice, 22050) > 1.5 * distance(made, voice, 22050)


def test_more_iterations_come_nearer(voice: Tensor) -> None:
    distances = [
        LogMelL1()(GriffinLim(iterations=n)(voice, 22050).audio, voice, 22050) for n in (0, 60)
    ]
    assert distances[1] < 0.5 * distances[0]


@pytest.mark.parametrize(
    "mel",
    [
        Mel.preset("vocos-24k"),
        Mel.preset("styletts2-24k"),
        Mel.preset("nemo-22k"),
        Mel.preset("coqui-22k"),
    ],
    ids=["centred", "powers, floor added", "masked", "decibels"],
)
def test_griffin_lim_works_with_any_front_end(voice: Tensor, mel: Mel) -> None:
    """Statistics, logarithms and masks do not matter; other rates are resampled both ways."""
    made = GriffinLim(mel)(voice, 22050).audio
    assert made.shape == voice.shape
    assert LogMelL1()(made, voice, 22050) < 0.35


def test_the_codec_costs_little_and_tells_its_bit_rate(voice: Tensor) -> None:
    made = Reencoded()(voice, 22050)
    assert made.audio.shape == voice.shape
    assert made.kilobits is not None
    assert 20 < made.kilobits < 120
    assert 0 < LogMelL1()(made.audio, voice, 22050) < 0.3
    cosine = float((made.audio * voice).sum() / (made.audio.norm() * voice.norm()))
    assert cosine > 0.98


def test_stereo_stays_stereo(voice: Tensor) -> None:
    both = torch.cat([voice, 0.5 * voice.flip(1)])
    for floor in baselines().values():
        made = floor(both, 22050).audio
        assert made.shape == both.shape
        assert made[0].norm() > 1.5 * made[1].norm()


@pytest.mark.parametrize("rate", [4000, 8000, 16000, 32000, 48000, 96000])
def test_there_is_a_front_end_for_every_rate(rate: int) -> None:
    mel = front_end(rate)
    assert mel.sample_rate == rate
    # frames of 46 ms, to a factor of the root of 2
    assert 0.7 <= mel.n_fft / rate / (1024 / 22050) <= 1.42
    assert [why_impossible(floor, rate) for floor in baselines().values()] == ["", "", ""]


def test_front_ends_of_published_rates_are_theirs() -> None:
    assert front_end(22050) == Mel.preset("hifigan-22k")
    assert front_end(24000) == Mel.preset("bigvgan-24k")
    assert front_end(44100) == Mel.preset("bigvgan-44k-512x")


def test_a_floor_that_cannot_be_made_says_why() -> None:
    class Refusing(Baseline):
        def __call__(self, reference: Tensor, sample_rate: int) -> Made:
            raise UserError("not at this rate")

        def settings(self, sample_rate: int) -> dict[str, object]:
            return {}

    assert why_impossible(Refusing(), 22050) == "not at this rate"


def test_a_matched_gain_is_that_of_the_root_mean_squares() -> None:
    real = torch.tensor([[0.3, -0.4, 0.0, 0.0]])
    assert matching_gain(0.25 * real, real) == pytest.approx(4)
    # the phase does not matter: a least-squares gain would be 0 here and -1 below
    assert matching_gain(real.roll(2, 1), real) == pytest.approx(1)
    assert matching_gain(-real, real) == pytest.approx(1)
    assert matching_gain(torch.zeros(1, 4), real) == 1
    assert matching_gain(real, torch.zeros(1, 4)) == 1
