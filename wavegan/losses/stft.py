"""The multi-resolution STFT loss of Parallel WaveGAN (Yamamoto et al. 2020, equations 4 to 6)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss

from wavegan.audio.stft import magnitude
from wavegan.errors import UserError
from wavegan.losses.base import Loss


class MultiResolutionSTFT(Loss):
    """Spectral convergence plus the L1 distance of log magnitudes, a mean over resolutions.

        convergence = || |X| - |Y| || / || |X| ||       (Frobenius norms, X the reference)
        log distance = mean | ln |X| - ln |Y| |

    The convergence is one ratio per clip, averaged over the batch, so that neither the batch size
    nor the number of processes changes it. A silent reference would make its ratio explode: a
    clip below `quietest` is divided by what white noise of that level has.

    Args:
        fft_sizes: transform lengths, samples; even.
        hop_lengths: samples from frame to frame, for each transform.
        win_lengths: periodic Hann windows, samples, for each transform.
        quietest: RMS of the quietest reference that the convergence takes as it is, full scale 1;
            0 is the paper's formula.
        floor: smallest power before the root, as in the paper's code.

    Raises:
        UserError: when the three lists are not of one length, or a window exceeds its transform.
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
        if not len(fft_sizes) == len(hop_lengths) == len(win_lengths) > 0:
            raise UserError(
                f"stft: fft_sizes, hop_lengths, win_lengths have {len(fft_sizes)},"
                f" {len(hop_lengths)}, {len(win_lengths)} values; give the same number of each"
            )
        if quietest < 0 or floor <= 0:
            raise UserError(
                f"stft: quietest is {quietest} and floor {floor}; give at least 0 and more than 0"
            )
        triples = zip(fft_sizes, hop_lengths, win_lengths, strict=True)
        self.resolutions = nn.ModuleList(
            _Resolution(*triple, quietest, floor) for triple in triples
        )

    def forward(self, estimate: Tensor, reference: Tensor) -> Tensor:
        """Compare `(B, C, T)` with `(B, C, T)`, in [-1, 1]; a scalar."""
        with torch.autocast(estimate.device.type, enabled=False):
            terms = [resolution(estimate, reference) for resolution in self.resolutions]
            return torch.stack(terms).mean()


class _Resolution(nn.Module):
    """Both terms at one resolution."""

    window: Tensor

    def __init__(self, fft: int, hop: int, win: int, quietest: float, floor: float) -> None:
        super().__init__()
        if not (0 < hop <= win <= fft and fft % 2 == 0):
            raise UserError(
                f"stft: hop_lengths {hop}, win_lengths {win}, fft_sizes {fft};"
                " give 0 < hop <= window <= an even transform"
            )
        self.fft, self.hop, self.quietest, self.floor = fft, hop, quietest, floor
        self.register_buffer("window", torch.hann_window(win), persistent=False)

    def forward(self, estimate: Tensor, reference: Tensor) -> Tensor:
        """Convergence plus log distance; a scalar."""
        with torch.no_grad():
            target = self._magnitude(reference)
            # white noise of variance v has the power v * sum(window^2) in every bin
            noise = self.quietest * (target[0].numel() * self.window.square().sum()).sqrt()
            size: Tensor = torch.linalg.vector_norm(target.flatten(1), dim=1)
            size = size.clamp_min(noise.to(target))
        found = self._magnitude(estimate)
        error: Tensor = torch.linalg.vector_norm((found - target).flatten(1), dim=1)
        return (error / size).mean() + l1_loss(found.log(), target.log())

    def _magnitude(self, audio: Tensor) -> Tensor:
        return magnitude(audio, self.fft, self.hop, floor=self.floor, window=self.window)
