"""The inverse of `wavegan.audio.stft.stft`: spectra of frames back to a wave."""

import torch
from torch import Tensor
from torch.nn import functional

from wavegan.audio.mel import Padding


def istft(
    spectrum: Tensor, n_fft: int, hop_length: int, window: Tensor, *, padding: Padding = "center"
) -> Tensor:
    """The wave whose frames are nearest to the given ones (Griffin and Lim 1984, equation 6).

    Windowed inverse transforms are overlapped, added and divided by the overlapped squares of the
    window; what padding added is cut off again.

    Args:
        spectrum: (..., n_fft / 2 + 1, L), complex.
        n_fft: transform length, samples.
        hop_length: samples from frame to frame.
        window: (W,), W <= n_fft; centred in the transform.
        padding: as the spectrum was made: "same" gives L * hop samples, "center" (L - 1) * hop,
            "none" (L - 1) * hop + n_fft.

    Returns:
        (..., T), float32.
    """
    left = (n_fft - window.shape[0]) // 2
    window = functional.pad(window.float(), (left, n_fft - window.shape[0] - left))
    flat = spectrum.reshape(-1, *spectrum.shape[-2:])
    with torch.autocast(spectrum.device.type, enabled=False):
        frames = torch.fft.irfft(flat, n=n_fft, dim=-2) * window[:, None]
        squares = window.square()[None, :, None].expand(1, -1, flat.shape[-1])
        wave = _overlap_add(frames, hop_length)
        envelope = _overlap_add(squares.to(frames), hop_length)
        cut = {"same": n_fft - hop_length, "center": n_fft, "none": 0}[padding]
        kept = slice(cut // 2, wave.shape[-1] - (cut - cut // 2))
        # the Hann window is 0 at the outermost sample, where nothing can be known
        wave = wave[:, kept] / envelope[:, kept].clamp(min=1e-8)
    return wave.reshape(*spectrum.shape[:-2], -1)


def _overlap_add(frames: Tensor, hop_length: int) -> Tensor:
    """(B, N, L) to (B, (L - 1) * hop + N)."""
    size, count = frames.shape[-2:]
    length = (count - 1) * hop_length + size
    added = functional.fold(
        frames, output_size=(1, length), kernel_size=(1, size), stride=(1, hop_length)
    )
    return added[:, 0, 0]
