"""The latent of a clip is found: its sound and label, at any level and rate."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from wavegan import Synthesizer, UserError
from wavegan.audio.resample import resample_array
from wavegan.generators.base import LatentGenerator
from wavegan.inference.invert import fitted

RATE, SEGMENT = 8000, 2048


class Chime(LatentGenerator):
    """Four tones: the latent sets their levels, the label how fast they decay."""

    def __init__(self, n_labels: int = 0, channels: int = 1) -> None:
        super().__init__()
        self.latent_dim, self.segment, self.positions = 4, SEGMENT, 8
        self.n_labels, self.channels = n_labels, channels
        self.pitch = nn.Parameter(torch.tensor([300.0, 700.0, 1500.0, 3000.0]))

    def forward(
        self,
        latent: Tensor,
        label: Tensor | None = None,
        *,
        noise: Sequence[Tensor] | None = None,
        truncation: float = 1.0,
        positions: int | None = None,
        loop: bool = False,
    ) -> Tensor:
        latent = latent[:, 0] if latent.ndim == 3 else latent
        time = torch.arange(SEGMENT) / RATE
        decay = torch.zeros(len(latent), 1) if label is None else 6.0 * label[:, None]
        levels = 0.1 * (0.7 * latent).exp()
        tones = levels[..., None] * torch.sin(2 * math.pi * self.pitch[:, None] * time)
        wave = (tones.sum(1) * torch.exp(-(6 + decay) * time)).unsqueeze(1)
        return wave.expand(-1, self.channels, -1)


class SpectralChime(Chime):
    """Makes the magnitudes of frames instead."""

    def forward(
        self,
        latent: Tensor,
        label: Tensor | None = None,
        *,
        noise: Sequence[Tensor] | None = None,
        truncation: float = 1.0,
        positions: int | None = None,
        loop: bool = False,
    ) -> Tensor:
        return self.represent(super().forward(latent, label))

    def represent(self, audio: Tensor) -> Tensor:
        return (torch.fft.rfft(audio.unflatten(-1, (-1, 256))).abs() / 16 + 1e-3).log()

    def to_audio(self, made: Tensor, *, loop: bool = False) -> Tensor:
        return torch.fft.irfft(made.exp() * 16, n=256).flatten(-2)


def made(kind: type[Chime] = Chime, labels: Sequence[str] = (), channels: int = 1) -> Synthesizer:
    net = kind(n_labels=len(labels), channels=channels)
    return Synthesizer(net, RATE, channels=channels, labels=labels)


def balance(latent: Tensor) -> Tensor:
    """Levels of the tones relative to their mean, so that the clip's level does not matter."""
    return latent - latent.mean(-1, keepdim=True)


@pytest.mark.parametrize("kind", [Chime, SpectralChime])
def test_the_sound_of_a_clip_of_its_own_is_found_again(kind: type[Chime]) -> None:
    synthesizer = made(kind)
    latent = torch.tensor([[1.2, -1.0, 0.5, 1.0]])
    with torch.no_grad():
        clip = Chime()(latent)[0]
    found = synthesizer.invert(clip, steps=40)
    assert found.latent.shape == (1, 4)
    assert found.label is None
    assert found.distance < 0.3 * found.before
    assert (balance(found.latent) - balance(latent)).abs().max() < 0.15
    once, again = (synthesizer.invert(clip, steps=2) for _ in range(2))
    assert torch.equal(once.latent, again.latent)


def test_the_label_is_found_or_given() -> None:
    synthesizer = made(labels=("low", "middle", "high"))
    clip = synthesizer.sample(1, "high", seed=9)[0]
    found = synthesizer.invert(clip, steps=10)
    assert found.label == "high"
    forced = synthesizer.invert(clip, steps=10, label="low")
    assert forced.label == "low"
    assert forced.distance > 2 * found.distance
    with pytest.raises(UserError, match="did you mean 'high'"):
        synthesizer.invert(clip, label="hihg")


def test_level_and_rate_of_the_clip_do_not_matter() -> None:
    synthesizer = made()
    clip = synthesizer.sample(1, seed=9)[0].numpy()
    plain = balance(synthesizer.invert(clip, steps=30).latent)
    quiet = balance(synthesizer.invert(0.001 * clip, steps=30).latent)
    torch.testing.assert_close(quiet, plain, atol=0.05, rtol=0)
    other = resample_array(clip, RATE, 16000)[0]
    faster = balance(synthesizer.invert(other, 16000, steps=30).latent)
    torch.testing.assert_close(faster, plain, atol=0.2, rtol=0)


def test_spectra_are_compared_at_the_models_peak_where_there_is_one() -> None:
    clip = made().sample(1, seed=9)[0]
    net = SpectralChime()

    def before(loudness: float, peak: float | None) -> float:
        synthesizer = Synthesizer(net, RATE, peak=peak)
        return synthesizer.invert(loudness * clip, steps=0).before

    right = float(clip.abs().max())
    assert before(0.1, right) == pytest.approx(before(1.0, right), rel=1e-3)
    assert before(1.0, 0.05 * right) > 1.5 * before(1.0, right)
    assert before(0.1, None) < 1.5 * before(1.0, right)


def test_latents_stay_where_the_prior_has_them() -> None:
    synthesizer = made()
    pure = np.sin(2 * np.pi * 700 / RATE * np.arange(SEGMENT)).astype(np.float32)
    longest = math.sqrt(4 + 3 * math.sqrt(8))
    found = synthesizer.invert(pure, steps=60)
    assert found.latent.norm() == pytest.approx(longest, abs=1e-3)
    assert found.latent.argmax() == 1
    synthesizer.generator.prior = "uniform"
    assert synthesizer.invert(pure, steps=30).latent.abs().max() == 1


def test_a_search_of_no_steps_gives_the_best_that_was_drawn() -> None:
    synthesizer = made()
    found = synthesizer.invert(synthesizer.sample(1, seed=9)[0], steps=0)
    assert found.distance == found.before
    with pytest.raises(UserError, match="steps is -1"):
        synthesizer.invert(np.ones(100), steps=-1)


def test_a_clip_is_fitted_to_the_model() -> None:
    ramp = np.arange(1, 5, dtype=np.float32)
    assert fitted(ramp, RATE, RATE, 1, 6).tolist() == [[[1, 2, 3, 4, 0, 0]]]
    assert fitted(ramp, RATE, RATE, 2, 3).tolist() == [[[1, 2, 3], [1, 2, 3]]]
    assert fitted(np.stack([ramp, -ramp * 3]), RATE, RATE, 1, 2).tolist() == [[[-1, -2]]]
    assert fitted(ramp, RATE, 2 * RATE, 1, 8).shape == (1, 1, 8)
    with pytest.raises(UserError, match="3 channels, the model 2"):
        fitted(np.ones((3, 4), np.float32), RATE, RATE, 2, 4)


@pytest.mark.parametrize("clip", [np.zeros(50), np.zeros(0), np.array([1.0, np.nan])])
def test_a_clip_with_nothing_in_it_is_refused(clip: np.ndarray) -> None:
    with pytest.raises(UserError, match="empty, silent or not finite"):
        made().invert(clip)


def test_a_clip_whose_beginning_is_silent_is_refused_for_that() -> None:
    late = np.repeat([0.0, 0.5], SEGMENT)
    with pytest.raises(UserError, match=r"first 0\.26 s of the clip.*silent"):
        made().invert(late)
    made().invert(late[1:], steps=0)
