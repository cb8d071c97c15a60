"""The inverse transform: it undoes the transform, has the promised lengths, and is the nearest."""

from typing import Any

import pytest
import torch

from wavegan.audio.istft import istft
from wavegan.audio.stft import stft

# transform, hop, window; hops that divide the transform, hops that do not, one that is odd
FRAMINGS = [(1024, 256, 1024), (512, 75, 512), (1024, 300, 1024), (512, 80, 400), (64, 32, 64)]


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def random_spectrum(*shape: int, dtype: torch.dtype = torch.complex64) -> torch.Tensor:
    return torch.randn(*shape, dtype=dtype, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("samples", [4096, 5001, 6143])
@pytest.mark.parametrize("padding", ["same", "center"])
@pytest.mark.parametrize(("n_fft", "hop", "win"), FRAMINGS)
def test_undoes_the_transform(n_fft: int, hop: int, win: int, padding: Any, samples: int) -> None:
    wave, window = noise(2, samples), torch.hann_window(win)
    back = istft(
        stft(wave, n_fft, hop, window, padding=padding), n_fft, hop, window, padding=padding
    )
    assert back.shape == (2, samples // hop * hop)
    assert back.dtype == torch.float32
    assert (back - wave[:, : back.shape[-1]]).abs().max() < 1e-5


@pytest.mark.parametrize("samples", [4096, 5001])
@pytest.mark.parametrize(("n_fft", "hop", "win"), FRAMINGS)
def test_undoes_the_unpadded_transform_inside(n_fft: int, hop: int, win: int, samples: int) -> None:
    """At the outermost samples the only window is nearly 0; they are not invented."""
    wave, window = noise(2, samples), torch.hann_window(win)
    spectrum = stft(wave, n_fft, hop, window, padding="none")
    back = istft(spectrum, n_fft, hop, window, padding="none")
    assert back.shape[-1] == (spectrum.shape[-1] - 1) * hop + n_fft
    wave = wave[:, : back.shape[-1]]
    edge = (n_fft - win) // 2 + win // 8
    assert (back - wave)[:, edge:-edge].abs().max() < 1e-5
    assert back.abs().max() < 1.01
    assert back[:, : (n_fft - win) // 2 + 1].abs().max() < 1e-3


@pytest.mark.parametrize(
    ("padding", "samples"), [("same", 7 * 100), ("center", 6 * 100), ("none", 6 * 100 + 512)]
)
def test_lengths_are_as_documented(padding: Any, samples: int) -> None:
    window = torch.hann_window(512)
    assert istft(random_spectrum(257, 7), 512, 100, window, padding=padding).shape == (samples,)
    batch = istft(random_spectrum(2, 3, 257, 7), 512, 100, window, padding=padding)
    assert batch.shape == (2, 3, samples)


def test_one_frame() -> None:
    window = torch.hann_window(512)
    spectrum = random_spectrum(1, 257, 1)
    assert istft(spectrum, 512, 100, window, padding="same").shape == (1, 100)
    assert istft(spectrum, 512, 100, window, padding="center").shape == (1, 0)


@pytest.mark.parametrize(("n_fft", "hop", "win"), FRAMINGS)
def test_equals_torchs_where_frames_are_centred(n_fft: int, hop: int, win: int) -> None:
    """Also for spectra that no wave has."""
    window = torch.hann_window(win)
    spectrum = random_spectrum(2, n_fft // 2 + 1, 21)
    expected = torch.istft(spectrum, n_fft, hop, win, window, center=True)
    found = istft(spectrum, n_fft, hop, window)
    assert found.shape == expected.shape
    assert (found - expected).abs().max() < 1e-5 * expected.abs().max()


def test_no_wave_has_nearer_frames() -> None:
    """Least squares by a general solver, each bin weighed by how often it is in the full spectrum.

    The window is one that ends nowhere in 0, so that every sample is known.
    """
    n_fft, hop, frames = 16, 6, 5
    window = torch.hamming_window(n_fft, dtype=torch.double)
    spectrum = random_spectrum(n_fft // 2 + 1, frames, dtype=torch.complex128)
    twice = torch.full((n_fft // 2 + 1, 1), 2.0, dtype=torch.double)
    twice[0] = twice[-1] = 1.0

    def equations(frames: torch.Tensor) -> torch.Tensor:
        return torch.view_as_real(frames * twice.sqrt()).reshape(*frames.shape[:-2], -1)

    impulses = torch.eye((frames - 1) * hop + n_fft, dtype=torch.double)
    matrix = equations(stft(impulses, n_fft, hop, window, padding="none")).T
    nearest = torch.linalg.lstsq(matrix, equations(spectrum)).solution
    found = istft(spectrum, n_fft, hop, window, padding="none")
    assert (found - nearest).abs().max() < 1e-5 * nearest.abs().max()


def test_frames_cost_no_energy_that_padding_took() -> None:
    """The three paddings differ in what they cut off, not in what they make."""
    window = torch.hann_window(512)
    spectrum = random_spectrum(257, 9)
    whole = istft(spectrum, 512, 128, window, padding="none")
    assert torch.equal(istft(spectrum, 512, 128, window, padding="center"), whole[256:-256])
    assert torch.equal(istft(spectrum, 512, 128, window, padding="same"), whole[192:-192])


def test_gradient_is_right() -> None:
    window = torch.hann_window(12)
    spectrum = random_spectrum(2, 9, 4, dtype=torch.complex128).requires_grad_()
    for padding in ("same", "center", "none"):
        assert torch.autograd.gradcheck(
            lambda s, p=padding: istft(s, 16, 5, window.double(), padding=p), spectrum
        )


def test_float32_inside_autocast() -> None:
    spectrum, window = random_spectrum(257, 9), torch.hann_window(512)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = istft(spectrum, 512, 128, window)
    assert inside.dtype == torch.float32
    assert torch.equal(inside, istft(spectrum, 512, 128, window))
