"""DAC's normalisation of discriminator input (Kumar et al. 2023, arXiv 2306.06546)."""

import torch
from torch import Tensor

PEAK = 0.8


def levelled(audio: Tensor) -> Tensor:
    """Normalise `(B, C, T)` to mean 0 and peak 0.8 per channel, in float32 also inside autocast.

    Silence stays silence.
    """
    with torch.autocast(audio.device.type, enabled=False):
        audio = audio.float()
        audio = audio - audio.mean(-1, keepdim=True)
        return PEAK * audio / (audio.abs().amax(-1, keepdim=True) + 1e-9)
