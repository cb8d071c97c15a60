"""Mels to compare a graph and its model with: of a voice-like sound with pauses."""

import numpy as np
import torch
from numpy.typing import NDArray

from wavegan.inference.vocoder import Vocoder


def mels(vocoder: Vocoder, batch: int, frames: int) -> NDArray[np.float32]:
    """Mels `(batch, n_mels, frames)` of different sounds, by the vocoder's own front-end."""
    mel = vocoder.mel_config
    samples = (frames + 1) * mel.hop_length + mel.n_fft
    waves = [_voice(samples, mel.sample_rate, seed) for seed in range(batch)]
    made = vocoder.mel(torch.from_numpy(np.stack(waves))).numpy()
    return np.ascontiguousarray(made[..., :frames], np.float32)


def silence(vocoder: Vocoder) -> list[float]:
    """The frame `(n_mels,)` of digital silence."""
    mel = vocoder.mel_config
    made = vocoder.mel(torch.zeros(8 * mel.n_fft))
    return [float(value) for value in made[:, made.shape[-1] // 2]]


def nudged(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Values that differ in their last bits, by the rounding of a few operations."""
    return np.asarray(values * (1 + 2**-22), np.float32)


def _voice(samples: int, rate: int, seed: int) -> NDArray[np.float32]:
    """Harmonics of a gliding pitch, noise, and pauses."""
    random = np.random.default_rng(seed)
    time = np.arange(samples) / rate
    phase = 2 * np.pi * (110 * (1 + seed % 3) * time + 4 * np.sin(2 * np.pi * 1.5 * time))
    loudness = np.clip(np.sin(2 * np.pi * 2.3 * time + seed) + 0.4, 0, 1)
    order = np.arange(1, 20)[:, None]
    tone = (np.cos(order * phase) / order).sum(0)
    wave = loudness * (0.1 * tone + 0.02 * random.standard_normal(samples))
    return np.asarray(wave, np.float32)
