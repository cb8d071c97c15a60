"""Filter sources frame by frame, and add them up.

Source: the filtered noise of Engel et al. 2020, "DDSP: Differentiable Digital Signal Processing"
(arXiv 2001.04643), for any source. Windows overlap as in an inverse STFT.
"""

from torch import Tensor

from wavegan.audio.griffin_lim import circular_istft, circular_stft
from wavegan.audio.istft import istft
from wavegan.audio.stft import stft
from wavegan.layers.log_spectrogram import LogSpectrogram

LOUDEST = 4.0
"""Largest log gain of a filter, to avoid overflow early in training."""


def filtered(
    levels: Tensor,
    shapes: Tensor,
    voices: Tensor | None,
    noise: Tensor,
    front: LogSpectrogram,
    *,
    wrap: bool = False,
) -> Tensor:
    """Filter each source and add them up.

    Sources have the power of white noise of deviation 1. A level of 0 gives the data's mean
    spectrum, a level of 1 a spectrum one deviation louder.

    Args:
        levels: `(B, V + 1, C, bands, L)`, in deviations; the noise comes last.
        shapes: shapes of the bands, see `band_shapes`.
        voices: `(B, V, T)`, V sources shared by all channels; None if there are none.
        noise: `(B, C, T)`.
        front: FFT size, mean and deviation; T is L times its hop.
        wrap: the clip is a loop.

    Returns:
        `(B, C, T)`, float32.
    """
    logarithm = front.mean + front.std * (shapes @ levels) - front.noise_level
    filters = logarithm.clamp(max=LOUDEST).exp()
    made = _frames(noise, front, wrap) * filters[:, -1]
    if voices is not None:
        made = made + (_frames(voices, front, wrap).unsqueeze(2) * filters[:, :-1]).sum(1)
    if wrap:
        return circular_istft(made, front.n_fft, front.hop_length, front.window)
    return istft(made, front.n_fft, front.hop_length, front.window, padding="same")


def _frames(source: Tensor, front: LogSpectrogram, wrap: bool) -> Tensor:
    if wrap:
        return circular_stft(source, front.n_fft, front.hop_length, front.window)
    return stft(source, front.n_fft, front.hop_length, front.window, padding="same")
