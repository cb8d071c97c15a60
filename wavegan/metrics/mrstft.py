"""The multi-resolution STFT distance that papers report as M-STFT (BigVGAN, Vocos)."""

from typing import Any

import torch
from torch import Tensor

from wavegan.audio.stft import magnitude
from wavegan.metrics._pair import same_length
from wavegan.metrics.base import Metric

# (FFT size, hop, Hann window) in samples: Parallel WaveGAN's, at any sample rate
RESOLUTIONS = ((1024, 120, 600), (2048, 240, 1200), (512, 50, 240))
FLOOR = 1e-8


class MRSTFT(Metric):
    """Spectral convergence plus the L1 distance of log magnitudes, a mean over resolutions.

    The default of auraloss 0.4 (`MultiResolutionSTFTLoss`), for one clip: with
    `M = sqrt(max(|STFT|^2, 1e-8))` of centred, reflected frames and a periodic Hann window,

        mean over resolutions of  ||M_ref - M_est|| / ||M_ref||  +  mean |ln M_ref - ln M_est|

    and Frobenius norms. 0 for equal clips; the mean over channels. Clips keep their rate, so values
    of different rates are not comparable. For a silent reference the first term is large but
    finite.
    """

    label = "MR-STFT ↓"

    @property
    def settings(self) -> dict[str, Any]:
        """The resolutions, (n_fft, hop, window) in samples, and the smallest power."""
        return {"resolutions": [list(sizes) for sizes in RESOLUTIONS], "floor": FLOOR}

    def __call__(self, estimate: Tensor, reference: Tensor, sample_rate: int) -> float:
        """Compare `(C, T)` with `(C, T)`; see `same_length` for clips that differ in length."""
        pair = same_length(estimate, reference, sample_rate)
        return sum(self._distance(*pair, *sizes) for sizes in RESOLUTIONS) / len(RESOLUTIONS)

    @staticmethod
    def _distance(estimate: Tensor, reference: Tensor, fft: int, hop: int, win: int) -> float:
        found, wanted = (magnitude(x, fft, hop, win, floor=FLOOR) for x in (estimate, reference))
        error = torch.linalg.matrix_norm(wanted - found) / torch.linalg.matrix_norm(wanted)
        return float(error.mean() + (wanted.log() - found.log()).abs().mean())
