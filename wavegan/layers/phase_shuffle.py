"""Phase shuffle: activations moved a little in time, so that D cannot judge by phase alone.

Source: Donahue, McAuley and Puckette 2019, "Adversarial Audio Synthesis" (arXiv 1802.04208),
section 3.3, as in github.com/chrisdonahue/wavegan (MIT): there one draw moves the whole batch,
where the paper's text would allow one for each clip.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from wavegan.errors import UserError


def shifted(x: Tensor, phase: int) -> Tensor:
    """Move `(B, C, T)` later by `phase` samples, or earlier by `-phase`.

    What comes in at the border is the reflection of what lies there; T must exceed `abs(phase)`.
    """
    late, early = max(phase, 0), max(-phase, 0)
    return pad(x, (late, early), mode="reflect").narrow(-1, early, x.shape[-1])


class PhaseShuffle(nn.Module):
    """Moves a batch by a random number of samples in `[-radius, radius]`, each as likely.

    In `eval()` it changes nothing, as dropout does not.

    Args:
        radius: n of the paper, samples; 0: never moved.

    Raises:
        UserError: when the radius is negative.

    Shape: `(B, C, T)` to the same; T must exceed `radius`.
    """

    def __init__(self, radius: int) -> None:
        super().__init__()
        if radius < 0:
            raise UserError(f"phase_shuffle {radius} must be 0 or more: use 2, or 0 for none")
        self.radius = radius

    def forward(self, x: Tensor) -> Tensor:
        """Draw one shift from torch's global generator and move `(B, C, T)` by it."""
        if not self.training or not self.radius:
            return x
        return shifted(x, int(torch.randint(-self.radius, self.radius + 1, (), device="cpu")))
