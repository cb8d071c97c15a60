"""Phase retrieval: lengths, refusals, gradients; the effect of the prior and the iterations."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from wavegan.audio import io
from wavegan.audio.stft import stft
from wavegan.errors import UserError
from wavegan.generators.phase_retrieval import PhaseRetrieval
from wavegan.mel.front_end import Mel
from wavegan.mel.spectrogram import MelSpectrogram, mel_filterbank
from wavegan.metrics.log_mel_l1 import LogMelL1

SMALL: dict[str, Any] = {"width": 16, "layers": 1, "iterations": 4, "training_iterations": 4}
FRONT_ENDS = {
    "22k": Mel(),
    "24k": Mel(
        sample_rate=24000, n_fft=2048, win_length=1200, hop_length=300, n_mels=100, f_max=None
    ),
    "16k": Mel(sample_rate=16000, n_fft=1024, win_length=800, hop_length=200),
    "odd": Mel(n_fft=1024, hop_length=275, win_length=1001, mel_scale="htk", mel_norm=None),
    "center": Mel(padding="center"),
    "zeros": Mel(padding="center", pad_mode="zero", hop_length=300, win_length=600),
    "log10": Mel(log="log10", floor=1e-10),
    "db": Mel(log="db", magnitude_eps=0.0),
}


def net(mel: Mel | None = None, **options: Any) -> PhaseRetrieval:
    torch.manual_seed(0)
    return PhaseRetrieval(mel or Mel(), **{**SMALL, **options}).eval()


@pytest.fixture(scope="module")
def clip(speech: Path) -> Tensor:
    """Two seconds of speech, (1, T), at 22.05 kHz."""
    file = min(speech.glob("*.flac"))
    wave, _ = io.read(file, sample_rate=22050, mono=True)
    return torch.from_numpy(0.95 / abs(wave).max() * wave[:, 11025 : 11025 + 172 * 256])


@pytest.mark.parametrize("frames", [1, 2, 3, 50])
@pytest.mark.parametrize("name", FRONT_ENDS)
@pytest.mark.parametrize("training", [True, False])
@torch.no_grad()
def test_lengths_are_exact(name: str, frames: int, training: bool) -> None:
    mel = FRONT_ENDS[name]
    made = net(mel).train(training)
    wave = made(torch.randn(2, mel.n_mels, frames))
    expected = (frames - (mel.padding == "center")) * mel.hop_length
    assert wave.shape == (2, 1, expected)
    assert made.output_length(frames) == expected
    assert wave.dtype == torch.float32
    assert wave.isfinite().all()


@pytest.mark.parametrize("name", FRONT_ENDS)
@torch.no_grad()
def test_a_wave_comes_back_as_long_as_whole_frames(name: str) -> None:
    mel = FRONT_ENDS[name]
    wave = torch.randn(1, 7001) / 10
    assert net(mel)(MelSpectrogram(mel)(wave)).shape[-1] == 7001 // mel.hop_length * mel.hop_length


@pytest.mark.parametrize("kernel_size", [4, 8])
def test_an_even_kernel_is_refused(kernel_size: int) -> None:
    message = (
        rf"^generator\.kernel_size is {kernel_size}: it must be odd, e\.g\. {kernel_size + 1}$"
    )
    with pytest.raises(UserError, match=message):
        net(kernel_size=kernel_size)


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("power 1", {"power": 2}),
        ("floor_mode clamp", {"floor_mode": "add"}),
        ("mean", {"mean": -4.0}),
        ("scale", {"scale": 2.0}),
        ("clip", {"clip": (-4.0, 4.0)}),
        ("output_rate", {"output_rate": 44100}),
    ],
)
def test_bands_that_cannot_be_undone_are_refused(field: str, fields: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=rf"phase_retrieval.*mel\.{field}.*mel: hifigan-22k$"):
        net(Mel(**fields))


@pytest.mark.parametrize("tracked", [0, 1, 4, 9])
def test_gradients_are_finite_at_silence(tracked: int) -> None:
    """The mel of a silent wave; also with more tracked iterations than there are."""
    made = net(tracked_iterations=tracked).train()
    silence = MelSpectrogram(made.mel)(torch.zeros(1, 12 * 256)).requires_grad_()
    wave = made(silence)
    assert wave.abs().max() < 0.01
    MelSpectrogram(made.mel)(wave[:, 0]).sum().backward()
    for name, parameter in [("mel", silence), *made.named_parameters()]:
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name


def test_only_tracked_iterations_reach_the_gradient() -> None:
    """With none, phases are constants: the wave is linear in the magnitudes.

    So a magnitude that is scaled scales the wave, and the gradient of `sum(wave * target)` is the
    same for both; tracked iterations add what the phases do.
    """
    made, target = net(), torch.randn(1, 8 * 256)
    found = []
    for tracked in (0, 4):
        magnitude = torch.rand(1, 513, 8, generator=torch.Generator().manual_seed(1)) + 0.1
        magnitude.requires_grad_()
        phase = made.phase(magnitude, 4 - tracked, tracked)
        assert phase.requires_grad is (tracked > 0)
        wave = made._to_wave(magnitude * phase)
        (wave * target).sum().backward()
        found.append((wave.detach(), magnitude.grad))
    assert (found[0][0] - found[1][0]).abs().max() < 1e-3 * found[0][0].abs().max()
    assert found[0][1] is not None
    assert not torch.allclose(found[0][1], found[1][1], rtol=0.1)


@torch.no_grad()
def test_training_and_inference_differ_in_iterations_alone() -> None:
    mel = torch.randn(1, 80, 20) - 5
    made = net(iterations=6, training_iterations=6, tracked_iterations=2)
    torch.testing.assert_close(made.train()(mel), made.eval()(mel))
    other = net(iterations=6, training_iterations=2, tracked_iterations=1)
    assert not torch.allclose(other.train()(mel), other.eval()(mel), atol=1e-3)


@torch.no_grad()
def test_phases_are_unit_numbers() -> None:
    phase = net().phase(torch.rand(2, 513, 9) + 0.1, 3, 1)
    assert phase.shape == (2, 513, 9)
    assert (phase.abs() - 1).abs().max() < 1e-5


@pytest.mark.parametrize("training", [True, False])
def test_no_dtype_leaks_from_autocast(training: bool) -> None:
    made, mel = net().train(training), torch.randn(1, 80, 20) - 5
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rough = made(mel)
        magnitude = made.magnitude(mel)
    assert rough.dtype == magnitude.dtype == torch.float32
    exact = made.magnitude(mel)
    assert not torch.equal(magnitude, exact)
    assert ((magnitude - exact).abs() / exact).max() < 0.05


@torch.no_grad()
def test_the_prior_has_at_least_the_bands_of_the_mel(clip: Tensor) -> None:
    """B pinv(B) m = m, as B has full rank; a maximum with another guess can only add to that."""
    made = net()
    bank, mel = mel_filterbank(made.mel), MelSpectrogram(made.mel)(clip)
    excess = (bank @ made._prior(mel).exp()).log() - mel
    assert excess.min() > -1e-3
    assert excess.mean() < 0.1


@pytest.mark.parametrize("name", ["22k", "log10", "db"])
@torch.no_grad()
def test_the_logarithm_of_the_front_end_makes_no_difference(name: str, clip: Tensor) -> None:
    """Priors are of magnitudes, whatever unit the mel has."""
    mel = Mel(log=FRONT_ENDS[name].log)
    expected = net()._prior(MelSpectrogram(Mel())(clip))
    made = net(mel)
    found = made._prior(made._natural(MelSpectrogram(mel)(clip)))
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)


@torch.no_grad()
def test_untrained_it_is_far_better_than_any_constant_magnitude(clip: Tensor) -> None:
    """Of the mels c + gain with one c for all, none is nearer than the median's."""
    made = net(iterations=32)
    mel = MelSpectrogram(made.mel)(clip)
    flat = mel - made.mel_gain
    best_constant = (flat - flat.median()).abs().mean().item()
    assert best_constant > 1
    untrained = LogMelL1()(made(mel)[0], clip, 22050)
    assert untrained < 0.15
    assert untrained < best_constant / 8


def inconsistency(made: PhaseRetrieval, magnitude: Tensor, iterations: int) -> float:
    """Spectral convergence between a magnitude and that of the wave made of it."""
    wave = made._to_wave(magnitude * made.phase(magnitude, iterations))
    found = made._to_spectrum(wave).abs()
    return float(torch.linalg.norm(found - magnitude) / torch.linalg.norm(magnitude))


@torch.no_grad()
def true_magnitude(clip: Tensor) -> Tensor:
    window = torch.hann_window(1024)
    return stft(clip, 1024, 256, window, padding="same").abs()


@torch.no_grad()
def test_more_iterations_are_more_consistent(clip: Tensor) -> None:
    made = net()
    for magnitude in (true_magnitude(clip), made.magnitude(MelSpectrogram(made.mel)(clip))):
        one, eight, many = (inconsistency(made, magnitude, n) for n in (1, 8, 64))
        assert eight < 0.7 * one
        assert many < 0.7 * eight


@torch.no_grad()
def test_momentum_makes_it_quicker(clip: Tensor) -> None:
    magnitude = true_magnitude(clip)
    plain, fast = (inconsistency(net(momentum=m), magnitude, 32) for m in (0.0, 0.99))
    assert fast < 0.8 * plain


@torch.no_grad()
def test_true_magnitudes_are_heard_as_the_clip(clip: Tensor) -> None:
    made = net()
    magnitude = true_magnitude(clip)
    wave = made._to_wave(magnitude * made.phase(magnitude, 64))
    assert LogMelL1()(wave, clip, 22050) < 0.07
    assert inconsistency(made, magnitude, 64) < 0.15


@torch.no_grad()
def test_the_true_phase_stays() -> None:
    """Magnitudes and phases of a wave are a fixed point of the projection."""
    wave = torch.randn(1, 40 * 256, generator=torch.Generator().manual_seed(0))
    made = net()
    spectrum = made._to_spectrum(wave)
    again = made._to_spectrum(made._to_wave(spectrum))
    torch.testing.assert_close(again, spectrum, rtol=1e-3, atol=1e-3)


@torch.no_grad()
def test_a_mel_far_too_loud_stays_finite() -> None:
    assert net()(torch.full((1, 80, 9), 50.0)).isfinite().all()


def test_smoothing_keeps_the_level() -> None:
    made = net()
    assert math.isclose(made.mel_smooth.sum(1).mean().item(), 1.0, rel_tol=1e-5)
