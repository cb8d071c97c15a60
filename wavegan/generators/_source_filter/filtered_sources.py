"""Sources filtered frame by frame, and added up.

Source: the filtered noise of Engel et al. 2020, "DDSP: Differentiable Digital Signal Processing"
(arXiv 2001.04643), for any source. Windows overlap as an inverse short-time transform has them.
"""

from torch import Tensor

from wavegan.audio.griffin_lim import circular_istft, circular_stft
from wavegan.audio.istft import istft
from wavegan.audio.stft import stft
from wavegan.layers.log_spectrogram import LogSpectrogram

LOUDEST = 4.0
"""Largest logarithm of a filter, so that an early exponential cannot overflow."""


def filtered(
    levels: Tensor,
    shapes: Tensor,
    voices: Tensor | None,
    noise: Tensor,
    front: LogSpectrogram,
    *,
    wrap: bool = False,
) -> Tensor:
    """Give each source the spectrum that it is to have, and add them up.

    Sources have the power of white noise of deviation 1. A level of 0 gives them the data's mean
    spectrum, one of 1 a spectrum one deviation louder.

    Args:
        levels: in deviations, `(B, V + 1, C, bands, L)`; the noise's are the last.
        shapes: of the bands, see `band_shapes`.
        voices: V sources that all channels share, `(B, V, T)`; None: there are none.
        noise: `(B, C, T)`.
        front: transform, mean and deviation; T is L times its hop.
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
