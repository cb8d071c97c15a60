"""The multi-scale mel loss of DAC (Kumar et al. 2023, section 3.4), also used by BigVGAN-v2."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss

from wavegan.errors import UserError
from wavegan.losses.base import Loss
from wavegan.mel.front_end import Mel
from wavegan.mel.spectrogram import MelSpectrogram


class MultiScaleMel(Loss):
    """The sum over windows of the mean absolute difference of log10 mel magnitudes.

    Frames are centred, a quarter of a window apart; bands are Slaney's, of unit area, from 0 Hz
    to half the sample rate. Its weight is 15 in both papers.

    A band narrower than the distance between two bins may contain no bin: it is at the floor for
    every wave and adds 0 to its window's mean. Such bands are kept, as in the original, so the loss
    has its published scale. With the default windows there are none up to 44.1 kHz; at 48 kHz the
    lowest bands of windows 32 and 64 are empty.

    Args:
        sample_rate: Hz.
        windows: window and FFT sizes, samples; multiples of 4.
        bands: number of mel bands for each window.
        floor: smallest band magnitude before the logarithm.

    Raises:
        UserError: `windows` and `bands` differ in length, or a value does not fit.
    """

    def __init__(
        self,
        sample_rate: int,
        windows: Sequence[int] = (32, 64, 128, 256, 512, 1024, 2048),
        bands: Sequence[int] = (5, 10, 20, 40, 80, 160, 320),
        floor: float = 1e-5,
    ) -> None:
        super().__init__()
        if len(windows) != len(bands) or not windows:
            raise UserError(
                f"multi_scale_mel: windows has {len(windows)} values and bands {len(bands)}:"
                " give one number of bands for each window"
            )
        if any(window % 4 for window in windows):
            raise UserError(f"multi_scale_mel: windows is {windows}; give multiples of 4")
        self.scales = nn.ModuleList(
            MelSpectrogram(_scale(sample_rate, window, n_mels, floor))
            for window, n_mels in zip(windows, bands, strict=True)
        )

    def forward(self, estimate: Tensor, reference: Tensor) -> Tensor:
        """Compare `(B, C, T)` with `(B, C, T)`, in [-1, 1]; a scalar."""
        with torch.autocast(estimate.device.type, enabled=False):
            with torch.no_grad():
                targets = [scale(reference) for scale in self.scales]
            pairs = zip(self.scales, targets, strict=True)
            return torch.stack([l1_loss(scale(estimate), target) for scale, target in pairs]).sum()


def _scale(sample_rate: int, window: int, n_mels: int, floor: float) -> Mel:
    """The front-end of one window."""
    return Mel(
        sample_rate=sample_rate,
        n_fft=window,
        hop_length=window // 4,
        win_length=window,
        n_mels=n_mels,
        f_max=None,
        magnitude_eps=0.0,
        log="log10",
        floor=floor,
        padding="center",
    )
