"""The multi-resolution STFT loss of Parallel WaveGAN (Yamamoto et al. 2020, equations 4 to 6)."""

from collections.abc import Sequence

from torch import Tensor

from wavegan.errors import UserError
from wavegan.losses._resolutions import Resolutions
from wavegan.losses.base import Loss


class MultiResolutionSTFT(Loss):
    """Spectral convergence plus the L1 distance of log magnitudes, a mean over resolutions.

        convergence = || |X| - |Y| || / || |X| ||       (Frobenius norms, X the reference)
        log distance = mean | ln |X| - ln |Y| |

    The convergence is one ratio per clip, averaged over the batch, so it does not depend on the
    batch size or the number of processes. For references below `quietest` the denominator is that
    of white noise of that level, as silence would make the ratio explode.

    Args:
        fft_sizes: FFT sizes, samples; even.
        hop_lengths: hop of each transform, samples.
        win_lengths: periodic Hann windows, samples, for each transform.
        quietest: lowest RMS of a reference for an unchanged convergence, full scale 1; 0 is the
            paper's formula.
        floor: smallest power before the root, as in the paper's code.

    Raises:
        UserError: the three lists differ in length, or a window exceeds its transform.
    """

    def __init__(
        self,
        fft_sizes: Sequence[int] = (1024, 2048, 512),
        hop_lengths: Sequence[int] = (120, 240, 50),
        win_lengths: Sequence[int] = (600, 1200, 240),
        quietest: float = 1e-3,
        floor: float = 1e-7,
    ) -> None:
        super().__init__()
        if any(size % 2 for size in fft_sizes):
            raise UserError(f"stft: fft_sizes is {list(fft_sizes)}; give an even transform each")
        self.resolutions = Resolutions(
            "stft", fft_sizes, hop_lengths, win_lengths, quietest=quietest, floor=floor
        )

    def forward(self, estimate: Tensor, reference: Tensor) -> Tensor:
        """Compare `(B, C, T)` with `(B, C, T)`, in [-1, 1]; a scalar."""
        distance: Tensor = self.resolutions(estimate, reference)
        return distance
