"""The mel front-end of embeddings, for any sample rate, with silence at 0."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from wavegan.errors import UserError
from wavegan.mel.front_end import Mel
from wavegan.mel.spectrogram import MelSpectrogram

LOWEST_RATE = 1000


class MelBands(nn.Module):
    """Audio (B, C, T) to band levels (B, n_mels, L) in nepers, at least 0; silence is 0.

    Frames are `window` seconds long (rounded to a power of two in samples) and overlap by three
    quarters. A level is the log amplitude of a sine in the band (up to a factor of 2, depending on
    its place in the band); everything below `-range_db` dBFS is 0. Channels are averaged as
    levels, so they cannot cancel.

    Args:
        sample_rate: Hz, 1000 or more.
        n_mels: number of bands.
        window: seconds.
        range_db: range from silence to full scale, dB.

    Raises:
        UserError: a sample rate too low, or too many bands for it.
    """

    def __init__(self, sample_rate: int, n_mels: int, window: float, range_db: float) -> None:
        super().__init__()
        if sample_rate < LOWEST_RATE:
            raise UserError(f"sample_rate is {sample_rate}: give {LOWEST_RATE} Hz or more")
        n_fft = 2 ** round(math.log2(window * sample_rate))
        # a sine of amplitude 1 has a magnitude of half the sum of its Hann window, n_fft / 2
        self.floor = 10 ** (-range_db / 20) * n_fft / 4
        mel = Mel(
            sample_rate=sample_rate,
            n_fft=n_fft,
            hop_length=n_fft // 4,
            win_length=n_fft,
            n_mels=n_mels,
            f_max=None,
            mel_norm=None,
            floor=self.floor,
            padding="center",
            pad_mode="zero",
        )
        self.spectrogram = MelSpectrogram(mel)
        self.hop_length = mel.hop_length

    def forward(self, audio: Tensor) -> Tensor:
        """Analyse clips of any length; there are at least two frames."""
        with torch.autocast(audio.device.type, enabled=False):
            audio = functional.pad(audio.float(), (0, max(0, self.hop_length - audio.shape[-1])))
            levels: Tensor = self.spectrogram(audio) - math.log(self.floor)
            return levels.mean(1)
