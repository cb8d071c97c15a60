"""HiFi-GAN's mel loss (Kong et al. 2020, equation 4): one log-mel spectrogram, L1."""

from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.functional import l1_loss

from wavegan.losses.base import Loss
from wavegan.mel.front_end import Mel
from wavegan.mel.spectrogram import MelSpectrogram


class MelL1(Loss):
    """The mean absolute difference of log-mel spectrograms, in the units of `mel`'s logarithm.

    It uses the model's own front-end with three changes: the bands reach up to `f_max` (HiFi-GAN
    generates from 0-8 kHz and compares 0-11 kHz: `fmax_for_loss: null`); statistics and masks are
    left out, so the loss keeps its scale; and for models that raise the sample rate, windows keep
    their duration at the rate of the audio. HiFi-GAN's weight, 45, is for the natural logarithm.

    Args:
        mel: the model's front-end.
        f_max: upper edge of the highest band, Hz; None is half the sample rate.

    Raises:
        UserError: `f_max` does not fit `mel`.
    """

    def __init__(self, mel: Mel, f_max: float | None = None) -> None:
        super().__init__()
        plain = replace(mel, mean=None, scale=None, clip=None, mask_last=None)
        self.spectrogram = MelSpectrogram(
            replace(
                plain,
                sample_rate=mel.audio_rate,
                output_rate=None,
                filterbank_rate=None,
                n_fft=mel.n_fft * mel.audio_rate // mel.sample_rate,
                hop_length=mel.samples_per_frame,
                win_length=mel.win_length * mel.audio_rate // mel.sample_rate,
                f_max=f_max,
            )
        )

    def forward(self, estimate: Tensor, reference: Tensor) -> Tensor:
        """Compare `(B, C, T)` with `(B, C, T)`, in [-1, 1]; a scalar."""
        with torch.autocast(estimate.device.type, enabled=False):
            with torch.no_grad():
                target = self.spectrogram(reference)
            return l1_loss(self.spectrogram(estimate), target)
