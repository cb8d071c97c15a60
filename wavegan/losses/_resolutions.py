"""The multi-resolution distance shared by the STFT losses of waves and sub-bands."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss

from wavegan.audio.stft import magnitude
from wavegan.errors import UserError


class Resolutions(nn.Module):
    """Spectral convergence plus the L1 distance of log magnitudes, a mean over resolutions.

    Args:
        name: name of the loss, for messages.
        fft_sizes: FFT sizes, samples.
        hop_lengths: hop of each transform, samples.
        win_lengths: periodic Hann windows, samples, for each transform.
        quietest: lowest RMS of a reference for an unchanged convergence.
        floor: smallest power before the root.
        level: RMS of the compared signals for a wave of RMS 1.

    Raises:
        UserError: the three lists differ in length, or a window exceeds its transform.
    """

    def __init__(
        self,
        name: str,
        fft_sizes: Sequence[int],
        hop_lengths: Sequence[int],
        win_lengths: Sequence[int],
        *,
        quietest: float,
        floor: float,
        level: float = 1.0,
    ) -> None:
        super().__init__()
        if not len(fft_sizes) == len(hop_lengths) == len(win_lengths) > 0:
            raise UserError(
                f"{name}: fft_sizes, hop_lengths, win_lengths have {len(fft_sizes)},"
                f" {len(hop_lengths)}, {len(win_lengths)} values; give the same number of each"
            )
        if quietest < 0 or floor <= 0:
            raise UserError(
                f"{name}: quietest is {quietest} and floor {floor}; give at least 0 and more than 0"
            )
        triples = list(zip(fft_sizes, hop_lengths, win_lengths, strict=True))
        for fft, hop, win in triples:
            if not 0 < hop <= win <= fft:
                raise UserError(
                    f"{name}: hop_lengths {hop}, win_lengths {win}, fft_sizes {fft};"
                    " give 0 < hop <= window <= transform"
                )
        self.each = nn.ModuleList(
            _Resolution(*triple, quietest * level, floor) for triple in triples
        )

    def forward(self, estimate: Tensor, reference: Tensor) -> Tensor:
        """Compare `(B, C, T)` with `(B, C, T)`, in float32 also inside autocast; a scalar."""
        with torch.autocast(estimate.device.type, enabled=False):
            return torch.stack([one(estimate, reference) for one in self.each]).mean()


class _Resolution(nn.Module):
    """Both terms at one resolution."""

    window: Tensor

    def __init__(self, fft: int, hop: int, win: int, quietest: float, floor: float) -> None:
        super().__init__()
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
