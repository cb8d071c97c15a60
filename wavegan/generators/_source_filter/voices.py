"""Pitches that a network finds, or that labels give."""

from collections.abc import Sequence

import torch
from torch import Tensor

from wavegan.layers.antialias_resample import stretch
from wavegan.layers.equalized import EqualConv1d

PACE = 0.03
"""How fast pitches learn, measured against the rest: their slope tells little until the rest is
right, and optimizers take large steps all the same."""
BEND = 0.1
"""Semitones up or down by which voices may leave the pitch of their label."""


class Voices(EqualConv1d):
    """A convolution of one position whose channels are pitches.

    At first voices are evenly spread over their range in octaves, whatever the input: if all began
    at one pitch they would learn the same.

    Args:
        in_channels: C.
        voices: V.
        lowest: of the range, Hz.
        highest: of the range, Hz.
        notes: Hz of each label; the range is then a tenth of a semitone around the label's.
    """

    starts: Tensor
    notes: Tensor

    def __init__(
        self,
        in_channels: int,
        voices: int,
        lowest: float,
        highest: float,
        notes: Sequence[float] = (),
    ) -> None:
        super().__init__(in_channels, voices, 1, equalized=False)
        self.lowest, self.highest = lowest, highest
        starts = torch.logit((torch.arange(voices) + 0.5) / voices)[:, None]
        self.register_buffer("starts", starts, persistent=False)
        self.register_buffer("notes", torch.tensor(notes), persistent=False)

    def curves(self, x: Tensor, wrap: bool = False) -> Tensor:
        """Place in the range, 0 to 1, at each position: `(B, C, L)` to `(B, V, L)`."""
        return torch.sigmoid(self.starts + PACE * super().forward(x, wrap))

    def hertz(self, curves: Tensor, samples: int, wrap: bool, label: Tensor | None) -> Tensor:
        """Pitch at each sample, Hz, with lines drawn between positions.

        Args:
            curves: see above.
            samples: T, a multiple of L.
            wrap: as a loop.
            label: `(B,)`, looked at where labels are notes.

        Returns:
            `(B, V, T)`.
        """
        place = stretch(curves, samples // curves.shape[-1], wrap)
        if len(self.notes):
            return self.notes[label][:, None, None] * 2 ** (BEND / 12 * (2 * place - 1))
        return self.lowest * (self.highest / self.lowest) ** place
