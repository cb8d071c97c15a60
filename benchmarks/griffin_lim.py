"""Griffin-Lim (1984, fast variant of Perraudin et al. 2013): the floor under every vocoder.

The mel is inverted by the pseudo-inverse of its filter bank, the phase is guessed by iteration.
No weights, no training: what a neural vocoder does not beat, it has not learnt.
"""

import librosa
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wavegan.audio.mel import Mel, mel_filterbank
from wavegan.audio.mel_spectrogram import MelSpectrogram

SEED = 0


def griffin_lim(log_mel: Tensor, mel: Mel, iterations: int = 60) -> Tensor:
    """Turn a mel into audio at `mel.sample_rate`.

    Args:
        log_mel: `(n_mels, L)` as `MelSpectrogram(mel)` gives it, statistics included.
        mel: its front-end.
        iterations: of librosa's fast Griffin-Lim (momentum 0.99), from a fixed random phase.

    Returns:
        `(1, L * hop_length)` for "same" framing, `(1, (L - 1) * hop_length)` for "center".
    """
    same = mel.padding == "same"
    window = np.hanning(mel.win_length + mel.periodic)[: mel.win_length]
    audio = librosa.griffinlim(
        _magnitudes(log_mel, mel),
        n_iter=iterations,
        hop_length=mel.hop_length,
        win_length=mel.win_length,
        n_fft=mel.n_fft,
        window=window,
        center=not same,
        random_state=SEED,
    )
    if same:
        # frames start (n_fft - hop) / 2 samples before the audio does: see the padding of `stft`
        left = (mel.n_fft - mel.hop_length) // 2
        audio = audio[left : left + log_mel.shape[-1] * mel.hop_length]
    return torch.from_numpy(np.ascontiguousarray(audio, np.float32))[None]


def _magnitudes(log_mel: Tensor, mel: Mel) -> NDArray[np.float64]:
    """Invert statistics, logarithm, bank and root: `(n_mels, L)` to `(n_fft / 2 + 1, L)`."""
    logarithm = MelSpectrogram(mel).denormalize(log_mel.double().cpu())
    base, factor = {"ln": (np.e, 1.0), "log10": (10.0, 1.0), "db": (10.0, 20 / mel.power)}[mel.log]
    bands = base ** (logarithm / factor) - (mel.floor if mel.floor_mode == "add" else 0.0)
    spectrum = (torch.linalg.pinv(mel_filterbank(mel).double()) @ bands).clamp(min=0)
    energy = spectrum if mel.power == 2 else spectrum.square()
    return np.asarray((energy - mel.magnitude_eps).clamp(min=0).sqrt())
