"""The log-spectral distance used for bandwidth extension (AP-BWE)."""

from typing import Any

import torch
from torch import Tensor

from wavegan.audio.stft import magnitude
from wavegan.metrics._pair import same_length
from wavegan.metrics.base import Metric

N_FFT = 2048
HOP = 512
FLOOR = 1e-8


class LSD(Metric):
    """The RMS over bins of `log10 P_est - log10 P_ref`, averaged over frames, in bels.

    `P = max(|STFT|^2, 1e-8)` of centred, reflected frames: 2048 samples of a periodic Hann window,
    with a hop of 512, at any rate. 1 is a factor of ten in power, 10 dB; 0 for equal clips; the
    mean over channels.

    The definition is that of AP-BWE's evaluation. NVSR's (`ssr_eval`) has windows of 46 ms, a hop
    of 10 ms and almost no floor, so its values are higher if a band is empty. Clips keep their
    rate, so values of different rates are not comparable. All bins have the same weight, however
    soft: at 44.1 kHz, half of the value comes from above 11 kHz.

    Source: Gray and Markel 1976, "Distance measures for speech processing"; Lu, Ai, Sheng, Ling
    2024, "Towards high-quality and efficient speech bandwidth extension with parallel amplitude
    and phase prediction" (arXiv:2401.06387).
    """

    label = "LSD ↓"
    unit = "bels"

    @property
    def settings(self) -> dict[str, Any]:
        """Sizes in samples, and the smallest power."""
        return {"n_fft": N_FFT, "hop_length": HOP, "floor": FLOOR}

    def __call__(self, estimate: Tensor, reference: Tensor, sample_rate: int) -> float:
        """Compare `(C, T)` with `(C, T)`; see `same_length` for clips that differ in length."""
        found, wanted = (
            torch.log10(magnitude(clip, N_FFT, HOP, power=2, floor=FLOOR))
            for clip in same_length(estimate, reference, sample_rate)
        )
        return float((found - wanted).square().mean(-2).sqrt().mean())
