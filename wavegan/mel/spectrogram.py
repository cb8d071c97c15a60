"""Compute mel spectrograms in torch, as described by a `Mel`."""

import math
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from wavegan.audio.framing import Padding
from wavegan.audio.stft import framed, magnitude
from wavegan.mel.front_end import Mel
from wavegan.own_settings import own_settings

LONGEST = 2**22
"""Most samples in all frames of a clip; a longer clip is transformed block by block."""


class MelSpectrogram(nn.Module):
    """(..., T) waves to (..., n_mels, L) mels, L = `mel.frames(T)`.

    Computed in float32 even inside autocast, or in float64 if `mel.precision` says so and the
    device supports it. Differentiable, with finite gradients at silence. It has only buffers, none
    of which is saved: a checkpoint stores `mel` instead.
    """

    window: Tensor
    filterbank: Tensor
    mean: Tensor | None
    scale: Tensor | None

    @own_settings()
    def __init__(self, mel: Mel) -> None:
        super().__init__()
        self.mel = mel
        window = torch.hann_window(mel.win_length, periodic=mel.periodic)
        self.register_buffer("window", window, persistent=False)
        self.register_buffer("filterbank", mel_filterbank(mel), persistent=False)
        self.register_buffer("mean", _column(mel.mean), persistent=False)
        self.register_buffer("scale", _column(mel.scale), persistent=False)

    def forward(self, wave: Tensor) -> Tensor:
        """The mel for the model: `normalize(log_mel(wave))`."""
        return self.normalize(self.log_mel(wave))

    @own_settings()
    def log_mel(self, wave: Tensor) -> Tensor:
        """The mel before `normalize`: (..., T) to (..., n_mels, L)."""
        mel = self.mel
        most = max(LONGEST // mel.n_fft, 1)
        if wave.shape[-1] <= most * mel.hop_length:
            logarithm = self._bands(wave, mel.padding)
        else:
            logarithm = self._in_blocks(wave, most)
        return self._masked(logarithm)

    @own_settings()
    def block(self, padded: Tensor, *, ends: bool) -> Tensor:
        """Some frames of a long clip: already padded (..., T) to (..., n_mels, L).

        Args:
            padded: n_fft + (L - 1) * hop samples.
            ends: whether its last frame is the last one of the clip.
        """
        logarithm = self._bands(padded, "none")
        return self.normalize(self._masked(logarithm) if ends else logarithm)

    def _masked(self, logarithm: Tensor) -> Tensor:
        """Apply `mask_last`."""
        if self.mel.mask_last is None:
            return logarithm
        last = torch.full_like(logarithm[..., -1:], self.mel.mask_last)
        return torch.cat([logarithm[..., :-1], last], dim=-1)

    def _in_blocks(self, wave: Tensor, most: int) -> Tensor:
        """`_bands` of a long wave in blocks, because spectra are several times larger than mels."""
        mel, frames = self.mel, self.mel.frames(wave.shape[-1])
        flat = wave.reshape(-1, wave.shape[-1])
        padded = framed(flat, mel.n_fft, mel.hop_length, mel.padding, mel.pad_mode)
        blocks = []
        for first in range(0, frames, most):
            last = min(first + most, frames) - 1
            samples = slice(first * mel.hop_length, last * mel.hop_length + mel.n_fft)
            blocks.append(self._bands(padded[:, samples], "none"))
        bands = torch.cat(blocks, dim=-1)
        return bands.reshape(*wave.shape[:-1], *bands.shape[-2:])

    def _bands(self, wave: Tensor, padding: Padding) -> Tensor:
        """Logarithms of the bands: (..., T) to (..., n_mels, L)."""
        mel, window = self.mel, self.window
        wide = mel.precision == "float64" and wave.device.type != "mps"
        if wide:
            window = torch.hann_window(
                mel.win_length, periodic=mel.periodic, dtype=torch.float64, device=wave.device
            )
        spectrum = magnitude(
            wave.double() if wide else wave,
            mel.n_fft,
            mel.hop_length,
            power=mel.power,
            eps=mel.magnitude_eps,
            floor=mel.magnitude_floor,
            padding=padding,
            pad_mode=mel.pad_mode,
            window=window,
        )
        logarithm = _logarithm(self.filterbank.to(spectrum) @ spectrum, mel)
        return logarithm if wave.dtype == torch.float64 else logarithm.float()

    def normalize(self, log_mel: Tensor) -> Tensor:
        """Apply `mean`, `scale` and `clip` to (..., n_mels, L)."""
        if self.mean is not None:
            log_mel = log_mel - self.mean.to(log_mel.device)
        if self.scale is not None:
            log_mel = log_mel / self.scale.to(log_mel.device)
        return log_mel if self.mel.clip is None else log_mel.clamp(*self.mel.clip)


def mel_filterbank(mel: Mel) -> Tensor:
    """Triangular bands over the bins of the transform: (n_mels, n_fft / 2 + 1), float32.

    Computed in float64. Slaney's scale is that of his Auditory Toolbox (1998): 200/3 Hz per mel up
    to 1 kHz, then 27 mels per factor of 6.4; HTK's is 2595 log10(1 + f / 700).
    """
    return torch.from_numpy(_filterbank(mel).astype(np.float32))


@lru_cache(maxsize=64)
def _filterbank(mel: Mel) -> NDArray[np.float64]:
    """Cached by the whole front-end; with fewer fields in the key, two rates could share a bank."""
    f_max = mel.bank_rate / 2 if mel.f_max is None else mel.f_max
    bins = np.linspace(0, mel.bank_rate / 2, mel.n_fft // 2 + 1)
    low, high = hz_to_mel(np.array([mel.f_min, f_max]), mel.mel_scale)
    edges = _mel_to_hz(np.linspace(low, high, mel.n_mels + 2), mel.mel_scale)
    left, centre, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising = (bins - left) / (centre - left)
    falling = (right - bins) / (right - centre)
    bank = np.maximum(0.0, np.minimum(rising, falling))
    return bank * 2 / (right - left) if mel.mel_norm == "slaney" else bank


def hz_to_mel(hz: NDArray[np.float64], scale: str) -> NDArray[np.float64]:
    """Convert Hz to mels with the scale "slaney" or "htk" (see `mel_filterbank`)."""
    if scale == "htk":
        return 2595 * np.log10(1 + hz / 700)
    above = np.maximum(hz, 1000)
    return np.where(hz < 1000, hz * 3 / 200, 15 + np.log(above / 1000) * 27 / math.log(6.4))


def _mel_to_hz(mels: NDArray[np.float64], scale: str) -> NDArray[np.float64]:
    if scale == "htk":
        return 700 * (10 ** (mels / 2595) - 1)
    return np.where(mels < 15, mels * 200 / 3, 1000 * np.exp((mels - 15) * math.log(6.4) / 27))


def _logarithm(bands: Tensor, mel: Mel) -> Tensor:
    bands = bands.clamp(min=mel.floor) if mel.floor_mode == "clamp" else bands + mel.floor
    if mel.log == "ln":
        return bands.log()
    return bands.log10() if mel.log == "log10" else bands.log10() * (20 / mel.power)


def _column(values: float | tuple[float, ...] | None) -> Tensor | None:
    """Statistics as (n_mels, 1) or (1, 1), to broadcast over frames."""
    return None if values is None else torch.tensor(values, dtype=torch.float32).reshape(-1, 1)
