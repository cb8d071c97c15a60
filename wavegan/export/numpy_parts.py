"""What users of a graph compute in numpy around it.

Usage samples contain the text of these functions: each uses numpy as `np` and nothing else.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray


def istft(mag: Any, x: Any, y: Any, n_fft: int, hop_length: int) -> NDArray[np.float32]:
    """Invert mag * (x + iy), shape (N, n_fft / 2 + 1, L), to audio (N, (L - 1) * hop_length)."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)
    frames = np.fft.irfft(mag * (x + 1j * y), n_fft, axis=1) * window[:, None]
    audio = np.zeros((len(frames), n_fft + (frames.shape[2] - 1) * hop_length))
    weight = np.zeros(audio.shape[1])
    for i in range(frames.shape[2]):
        audio[:, i * hop_length : i * hop_length + n_fft] += frames[:, :, i]
        weight[i * hop_length : i * hop_length + n_fft] += window**2
    return (audio / np.maximum(weight, 1e-8))[:, n_fft // 2 : -(n_fft // 2)].astype(np.float32)


def stream(run: Any, mel: Any, about: Any, noise: Any = None) -> Iterator[Any]:
    """Yield the audio of one chunk after the other; `own` is where its frames are in the window."""
    total, each = mel.shape[2] - about["frames_without_audio"], about["noise_per_frame"]
    for start in range(0, total, about["chunk"]):
        stop = min(start + about["chunk"], total)
        first, last = max(start - about["before"], 0), min(stop + about["after"], mel.shape[2])
        inputs = {"mel": mel[:, :, first:last]}
        if noise is not None:
            inputs["noise"] = noise[:, :, first * each : last * each]
        yield run({**inputs, "own": np.arange(start - first, stop - first)})[0]
