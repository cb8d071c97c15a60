"""Phase shuffle: shifts activations a little in time, so that D cannot rely on phase alone.

Source: Donahue, McAuley and Puckette 2019, "Adversarial Audio Synthesis" (arXiv 1802.04208),
section 3.3, as in github.com/chrisdonahue/wavegan (MIT): the code draws one shift for the whole
batch; the paper's text could also mean one per clip.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from wavegan.errors import UserError


def shifted(x: Tensor, phase: int) -> Tensor:
    """Shift `(B, C, T)` later by `phase` samples, or earlier by `-phase`.

    The border is filled by reflection; T must exceed `abs(phase)`.
    """
    late, early = max(phase, 0), max(-phase, 0)
    return pad(x, (late, early), mode="reflect").narrow(-1, early, x.shape[-1])


class PhaseShuffle(nn.Module):
    """Shifts a batch by a uniformly random number of samples in `[-radius, radius]`.

    In `eval()` mode it changes nothing, like dropout.

    Args:
        radius: n of the paper, samples; 0: no shift.

    Raises:
        UserError: the radius is negative.

    Shape: `(B, C, T)` to the same; T must exceed `radius`.
    """

    def __init__(self, radius: int) -> None:
        super().__init__()
        if radius < 0:
            raise UserError(f"phase_shuffle {radius} must be 0 or more: use 2, or 0 for no shift")
        self.radius = radius

    def forward(self, x: Tensor) -> Tensor:
        """Shift `(B, C, T)` by one random number from torch's global generator."""
        if not self.training or not self.radius:
            return x
        return shifted(x, int(torch.randint(-self.radius, self.radius + 1, (), device="cpu")))
