"""Griffin-Lim: against librosa, by its theorem, around a loop, and with real audio."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import librosa
import numpy as np
import pytest
import torch
from torch import Tensor

from wavegan.audio import io
from wavegan.audio.griffin_lim import circular_istft, circular_stft, griffin_lim
from wavegan.audio.istft import istft
from wavegan.audio.stft import stft
from wavegan.errors import UserError

N_FFT, HOP = 256, 128
WINDOW = torch.hann_window(N_FFT)


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def retrieve(magnitude: Tensor, **options: Any) -> Tensor:
    return griffin_lim(magnitude, N_FFT, HOP, WINDOW, **options)


def distance(wave: Tensor, magnitude: Tensor, *, loop: bool = False) -> float:
    """Spectral convergence of a wave that should have these magnitudes."""
    if loop:
        made = circular_stft(wave, N_FFT, HOP, WINDOW).abs()
    else:
        made = stft(wave, N_FFT, HOP, WINDOW, padding="same").abs()
    return float(torch.linalg.norm(made - magnitude) / torch.linalg.norm(magnitude))


@pytest.fixture(scope="module")
def hit(shared: Path) -> Tensor:
    """The first 64 frames of a snare drum, (1, 8192), at 16 kHz."""
    file = min((shared / "data" / "drums" / "snare").glob("*.flac"))
    wave, _ = io.read(file, sample_rate=16000, mono=True)
    padded = torch.zeros(1, 64 * HOP)
    padded[:, : wave.shape[-1]] = torch.from_numpy(wave[:, : 64 * HOP])
    return padded / padded.abs().max()


@pytest.mark.parametrize("momentum", [0.0, 0.99])
def test_two_implementations_agree(momentum: float) -> None:
    """librosa weights the momentum differently, but the resulting phases are the same."""
    magnitude = noise(N_FFT // 2 + 1, 20) + 0.1
    expected = librosa.griffinlim(
        magnitude.double().numpy(),
        n_iter=5,
        hop_length=HOP,
        momentum=momentum,
        init=None,
        dtype=np.float64,
    )
    options: Any = {"padding": "center", "pad_mode": "zero"}
    found = retrieve(magnitude, iterations=5, momentum=momentum, **options)
    assert found.shape == expected.shape == (19 * HOP,)
    assert np.abs(found.numpy() - expected).max() < 2e-3 * np.abs(expected).max()


@pytest.mark.parametrize(("n_fft", "hop"), [(256, 128), (256, 64), (128, 48)])
def test_plain_iterations_never_lead_away(n_fft: int, hop: int) -> None:
    """Griffin and Lim's theorem. Around a loop it holds to the letter: there are no borders.

    All bins but the first and the last are in the full spectrum twice.
    """
    magnitude, window = noise(n_fft // 2 + 1, 12), torch.hann_window(n_fft)
    twice = torch.full((n_fft // 2 + 1, 1), 2.0)
    twice[0] = twice[-1] = 1.0
    errors = []
    for iterations in range(12):
        wave = griffin_lim(magnitude, n_fft, hop, window, iterations=iterations, loop=True)
        made = circular_stft(wave, n_fft, hop, window).abs()
        errors.append(float(((made - magnitude).square() * twice).sum()))
    assert all(later < earlier for earlier, later in pairwise(errors))


@pytest.mark.parametrize(
    ("padding", "loop", "samples", "frames"),
    [
        *(("same", loop, 0, frames) for loop in (False, True) for frames in (1, 2, 3, 9)),
        *(("center", False, -HOP, frames) for frames in (2, 3, 9)),
        *(("none", False, HOP, frames) for frames in (1, 2, 3, 9)),
    ],
)
def test_lengths(padding: Any, loop: bool, samples: int, frames: int) -> None:
    wave = retrieve(noise(2, 3, 129, frames), iterations=3, padding=padding, loop=loop)
    assert wave.shape == (2, 3, frames * HOP + samples)
    assert wave.dtype == torch.float32
    assert wave.isfinite().all()


def test_frames_of_a_loop_are_those_of_the_loop_played_again_and_again() -> None:
    wave = noise(2, 6 * HOP) - 0.5
    thrice = stft(wave.repeat(1, 3), N_FFT, HOP, WINDOW, padding="same")
    found = circular_stft(wave, N_FFT, HOP, WINDOW)
    torch.testing.assert_close(found, thrice[..., 6:12], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("frames", [1, 2, 6])
@pytest.mark.parametrize(("n_fft", "hop"), [(256, 128), (256, 60), (128, 51)])
def test_frames_of_a_loop_give_the_loop_back(n_fft: int, hop: int, frames: int) -> None:
    wave, window = noise(2, frames * hop) - 0.5, torch.hann_window(n_fft)
    back = circular_istft(circular_stft(wave, n_fft, hop, window), n_fft, hop, window)
    torch.testing.assert_close(back, wave, rtol=1e-4, atol=1e-5)


def test_a_loop_that_begins_elsewhere_is_the_same_loop() -> None:
    magnitude = noise(129, 10)
    for momentum in (0.0, 0.99):
        wave = retrieve(magnitude, momentum=momentum, loop=True)
        later = retrieve(magnitude.roll(3, -1), momentum=momentum, loop=True)
        torch.testing.assert_close(later, wave.roll(3 * HOP, -1), rtol=1e-3, atol=1e-4)


def test_a_loop_has_no_seam(hit: Tensor) -> None:
    """Played twice, it has the right magnitudes at the join; a clip does not."""
    magnitude = circular_stft(hit, N_FFT, HOP, WINDOW).abs()
    at_seam = torch.cat([magnitude[..., -2:], magnitude[..., :2]], -1)
    found = {}
    for loop in (True, False):
        twice = retrieve(magnitude, iterations=60, momentum=0.99, loop=loop).repeat(1, 2)
        made = stft(twice, N_FFT, HOP, WINDOW, padding="same").abs()[..., 62:66]
        found[loop] = float(torch.linalg.norm(made - at_seam) / torch.linalg.norm(at_seam))
    assert found[True] < 0.1
    assert found[True] < found[False] / 2


def test_real_audio_comes_nearer_with_every_iteration(hit: Tensor) -> None:
    magnitude = stft(hit, N_FFT, HOP, WINDOW, padding="same").abs()
    none, few, many = (distance(retrieve(magnitude, iterations=n), magnitude) for n in (0, 16, 64))
    fast = distance(retrieve(magnitude, iterations=64, momentum=0.99), magnitude)
    assert few < 0.15 < 0.5 < none
    assert many < 0.8 * few
    assert fast < 0.8 * many


def test_a_louder_spectrum_is_a_louder_wave() -> None:
    """Phases do not depend on the level, so the wave is linear in it."""
    magnitude = noise(129, 8)
    torch.testing.assert_close(
        retrieve(1000 * magnitude), 1000 * retrieve(magnitude), rtol=1e-3, atol=1e-1
    )


def test_silence_is_silence() -> None:
    magnitude = torch.zeros(1, 129, 5, requires_grad=True)
    wave = retrieve(magnitude, momentum=0.99)
    assert not wave.detach().any()
    wave.sum().backward()
    assert magnitude.grad is not None
    assert magnitude.grad.isfinite().all()


def test_the_gradient_is_that_of_the_magnitudes_with_constant_phases() -> None:
    magnitude, target = noise(129, 6).requires_grad_(), noise(6 * HOP, seed=1)
    (found,) = torch.autograd.grad((retrieve(magnitude, iterations=3) * target).sum(), magnitude)
    unit = torch.ones(129, 6, dtype=torch.complex64)
    for _ in range(3):
        wave = istft(magnitude.detach() * unit, N_FFT, HOP, WINDOW, padding="same")
        unit = torch.sgn(stft(wave, N_FFT, HOP, WINDOW, padding="same"))
    wave = istft(magnitude * unit, N_FFT, HOP, WINDOW, padding="same")
    (expected,) = torch.autograd.grad((wave * target).sum(), magnitude)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)


def test_a_seed_draws_the_first_phases_and_nothing_else() -> None:
    magnitude = noise(3, 129, 8)
    state = torch.get_rng_state()
    one, again, other = (retrieve(magnitude, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(one, again)
    assert not torch.allclose(one, other, atol=0.01)
    assert not torch.allclose(one, retrieve(magnitude), atol=0.01)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("seed", [None, 3])
def test_each_item_is_what_it_is_alone(seed: int | None) -> None:
    magnitude = noise(2, 2, 129, 8)
    together = retrieve(magnitude, seed=seed)
    alone = retrieve(magnitude[1, 0], seed=seed)
    torch.testing.assert_close(together[1, 0], alone, rtol=1e-3, atol=1e-4)


def test_float32_inside_autocast() -> None:
    magnitude = noise(129, 8)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = retrieve(magnitude, momentum=0.99)
    assert inside.dtype == torch.float32
    assert torch.equal(inside, retrieve(magnitude, momentum=0.99))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"iterations": -1}, r"^iterations is -1: give 0 to 1000, e\.g\. 16$"),
        ({"momentum": -0.1}, r"^momentum is -0\.1: give 0 \(plain\) to 1\.2, e\.g\. 0\.0$"),
        ({"momentum": 1.3}, r"^momentum is 1\.3: give 0 \(plain\) to 1\.2, e\.g\. 0\.99$"),
    ],
)
def test_senseless_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        retrieve(noise(129, 4), **options)
