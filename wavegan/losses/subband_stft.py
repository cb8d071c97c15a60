"""Multi-band MelGAN's STFT loss of sub-bands (Yang et al. 2020, arXiv 2005.05106, section 2.3)."""

import math
from collections.abc import Sequence

from torch import Tensor

from wavegan.audio.pqmf import PQMF
from wavegan.losses._resolutions import Resolutions
from wavegan.losses.base import Loss


class SubbandSTFT(Loss):
    """The loss `stft` on sub-bands of both waves, from a `PQMF` bank.

    The original compares the network's sub-bands before they are joined. Here the joined wave is
    split again, so the loss works with any generator. The convergence is one ratio for all bands of
    a clip, so loud bands count more.

    It has the same weight as `stft`. Resolutions are those of
    github.com/kan-bayashi/ParallelWaveGAN (MIT), for 4 bands.

    Args:
        bands: number of sub-bands.
        taps: see `wavegan.audio.pqmf.PQMF`.
        cutoff_ratio: see there; the default is for 4 bands.
        beta: see there.
        fft_sizes: FFT sizes, samples of a sub-band; may be odd.
        hop_lengths: hop of each transform, samples.
        win_lengths: periodic Hann windows, samples, for each transform.
        quietest: see the loss `stft`; RMS of the whole wave.
        floor: smallest power before the root.

    Raises:
        UserError: the three lists differ in length, or a window exceeds its transform.
    """

    def __init__(
        self,
        bands: int = 4,
        taps: int = 62,
        cutoff_ratio: float = 0.142,
        beta: float = 9.0,
        fft_sizes: Sequence[int] = (384, 683, 171),
        hop_lengths: Sequence[int] = (30, 60, 10),
        win_lengths: Sequence[int] = (150, 300, 60),
        quietest: float = 1e-3,
        floor: float = 1e-7,
    ) -> None:
        super().__init__()
        self.pqmf = PQMF(bands, taps, cutoff_ratio, beta)
        self.resolutions = Resolutions(
            "subband_stft",
            fft_sizes,
            hop_lengths,
            win_lengths,
            quietest=quietest,
            floor=floor,
            # white noise shares its power equally among the bands
            level=1 / math.sqrt(bands),
        )

    def forward(self, estimate: Tensor, reference: Tensor) -> Tensor:
        """Compare `(B, C, T)` with `(B, C, T)`, in [-1, 1]; a scalar."""
        distance: Tensor = self.resolutions(
            self.pqmf.analysis(estimate), self.pqmf.analysis(reference)
        )
        return distance
