"""Inverse short-time Fourier transform, the inverse of `wavegan.audio.stft.stft`."""

import torch
from torch import Tensor
from torch.nn import functional

from wavegan.audio.framing import Padding


def istft(
    spectrum: Tensor, n_fft: int, hop_length: int, window: Tensor, *, padding: Padding = "center"
) -> Tensor:
    """The wave whose frames are nearest to the given ones (Griffin and Lim 1984, equation 6).

    Windowed inverse transforms are overlap-added and divided by the overlap-added squares of the
    window; then the padding is cut off.

    Args:
        spectrum: (..., n_fft / 2 + 1, L), complex.
        n_fft: transform length, samples.
        hop_length: samples from frame to frame.
        window: (W,), W <= n_fft; centred in the transform.
        padding: the padding of the forward transform: "same" gives L * hop samples, "center"
            (L - 1) * hop, "none" (L - 1) * hop + n_fft.

    Returns:
        (..., T), float32.
    """
    left = (n_fft - window.shape[0]) // 2
    window = functional.pad(window.float(), (left, n_fft - window.shape[0] - left))
    flat = spectrum.reshape(-1, *spectrum.shape[-2:])
    with torch.autocast(spectrum.device.type, enabled=False):
        frames = torch.fft.irfft(flat.mT, n=n_fft) * window
        wave = _overlap_add(frames, hop_length)
        squares = window.square().expand(1, frames.shape[1], -1)
        envelope = _overlap_add(squares, hop_length)
        cut = {"same": n_fft - hop_length, "center": n_fft, "none": 0}[padding]
        kept = slice(cut // 2, wave.shape[-1] - (cut - cut // 2))
        # the Hann window is 0 at the outermost sample, which cannot be recovered
        wave = wave[:, kept] / envelope[:, kept].clamp(min=1e-8)
    return wave.reshape(*spectrum.shape[:-2], -1)


def _overlap_add(frames: Tensor, hop_length: int) -> Tensor:
    """(B, L, N) to (B, (L - 1) * hop + N): adds one hop-long part of all frames at a time.

    Several times faster on a CPU than `fold`, which adds frame by frame.
    """
    batch, count, size = frames.shape
    parts = -(-size // hop_length)
    padded = functional.pad(frames, (0, parts * hop_length - size))
    padded = padded.reshape(batch, count, parts, hop_length)
    wave = frames.new_zeros(batch, count + parts - 1, hop_length)
    for part in range(parts):
        wave[:, part : part + count] += padded[:, :, part]
    return wave.flatten(1)[:, : (count - 1) * hop_length + size]
