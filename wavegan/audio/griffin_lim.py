"""Griffin-Lim phase reconstruction: a wave from magnitudes without phases.

Griffin and Lim 1984, "Signal estimation from modified short-time Fourier transform"; fast variant:
Perraudin, Balazs and Søndergaard 2013, "A fast Griffin-Lim algorithm".
"""

import torch
from torch import Tensor

from wavegan.audio.framing import Padding, PadMode
from wavegan.audio.istft import istft
from wavegan.audio.stft import stft
from wavegan.errors import UserError
from wavegan.own_settings import own_settings

MOST_ITERATIONS = 1000
"""The phases converge long before this."""


@own_settings()
def griffin_lim(
    magnitude: Tensor,
    n_fft: int,
    hop_length: int,
    window: Tensor,
    *,
    iterations: int = 16,
    momentum: float = 0.0,
    seed: int | None = None,
    loop: bool = False,
    padding: Padding = "same",
    pad_mode: PadMode = "reflect",
) -> Tensor:
    """A wave whose spectrum has approximately these magnitudes.

    No global random generator is used, and each item of a batch is independent of the others. The
    gradient is that of the last inverse transform, with the phases as constants.

    Args:
        magnitude: (..., n_fft / 2 + 1, L), not negative.
        n_fft: transform length, samples.
        hop_length: samples from frame to frame.
        window: (W,), W <= n_fft; centred in the transform.
        iterations: how often the phases are updated; 0 keeps the initial ones.
        momentum: of the fast variant, 0.99 in its paper; 0: the plain algorithm.
        seed: seed of random initial phases, the same for each item and on every device; None: the
            initial phases are 0, which commutes with shifts by whole frames.
        loop: the wave is periodic: frames at its end wrap to its beginning.
        padding: as in `istft`; a loop always uses the frames of "same".
        pad_mode: as in `stft`; not used for a loop.

    Returns:
        (..., T), float32; L * hop samples for "same" and for a loop, see `istft`.

    Raises:
        UserError: `iterations` is outside [0, 1000], or `momentum` outside [0, 1.2].
    """
    check_options(iterations, momentum)

    def to_wave(spectrum: Tensor) -> Tensor:
        if loop:
            return circular_istft(spectrum, n_fft, hop_length, window)
        return istft(spectrum, n_fft, hop_length, window, padding=padding)

    def to_spectrum(wave: Tensor) -> Tensor:
        if loop:
            return circular_stft(wave, n_fft, hop_length, window)
        return stft(wave, n_fft, hop_length, window, padding=padding, pad_mode=pad_mode)

    magnitude = magnitude.float()
    unit = _first_phases(magnitude, seed)
    previous: Tensor | None = None
    with torch.no_grad():
        for _ in range(iterations):
            ahead = projected = to_spectrum(to_wave(magnitude * unit))
            if momentum and previous is not None:
                ahead = projected + momentum * (projected - previous)
            previous, unit = projected, torch.sgn(ahead)
    return to_wave(magnitude * unit)


def check_options(iterations: int, momentum: float) -> None:
    """Check the ranges of the options; a larger momentum diverges.

    Raises:
        UserError: one is out of range.
    """
    if not 0 <= iterations <= MOST_ITERATIONS:
        raise UserError(f"iterations is {iterations}: give 0 to {MOST_ITERATIONS}, e.g. 16")
    if not 0 <= momentum <= 1.2:
        nearest = min(max(momentum, 0.0), 0.99)
        raise UserError(f"momentum is {momentum}: give 0 (plain) to 1.2, e.g. {nearest}")


def circular_stft(wave: Tensor, n_fft: int, hop_length: int, window: Tensor) -> Tensor:
    """Spectrum of a periodic wave, with the frame positions of "same" padding.

    Args:
        wave: (..., T), T a multiple of the hop.
        n_fft: transform length, samples.
        hop_length: samples from frame to frame.
        window: (W,), W <= n_fft; centred in the transform.

    Returns:
        (..., n_fft / 2 + 1, T / hop), complex.
    """
    left = (n_fft - hop_length) // 2
    place = torch.arange(-left, wave.shape[-1] + n_fft - hop_length - left, device=wave.device)
    wrapped = wave[..., place % wave.shape[-1]]
    return stft(wrapped, n_fft, hop_length, window, padding="none")


def circular_istft(spectrum: Tensor, n_fft: int, hop_length: int, window: Tensor) -> Tensor:
    """The periodic wave whose frames are nearest to the given ones.

    Args:
        spectrum: (..., n_fft / 2 + 1, L), complex.
        n_fft: transform length, samples.
        hop_length: samples from frame to frame.
        window: (W,), W <= n_fft; centred in the transform.

    Returns:
        (..., L * hop), float32.
    """
    # repeat frames beyond both ends as far as they overlap, then cut that part off
    frames, beyond = spectrum.shape[-1], -(-n_fft // hop_length)
    place = torch.arange(-beyond, frames + beyond, device=spectrum.device) % frames
    wave = istft(spectrum[..., place], n_fft, hop_length, window, padding="same")
    return wave[..., beyond * hop_length : (beyond + frames) * hop_length]


def _first_phases(magnitude: Tensor, seed: int | None) -> Tensor:
    """Complex numbers of magnitude 1, (bins, L)."""
    shape = magnitude.shape[-2:]
    if seed is None:
        return torch.ones(shape, dtype=torch.complex64, device=magnitude.device)
    angle = 2 * torch.pi * torch.rand(shape, generator=torch.Generator().manual_seed(seed))
    return torch.polar(torch.ones(shape), angle).to(magnitude.device)
