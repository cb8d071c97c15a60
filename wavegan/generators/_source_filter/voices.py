"""Pitches of voices, predicted by the network or given by labels."""

from collections.abc import Sequence

import torch
from torch import Tensor

from wavegan.layers.antialias_resample import stretch
from wavegan.layers.equalized import EqualConv1d

PACE = 0.03
"""Relative learning speed of pitches: their gradient means little until the rest is trained, but
optimizers take large steps anyway."""
BEND = 0.1
"""Largest deviation of voices from their label's pitch, semitones."""


class Voices(EqualConv1d):
    """A convolution of kernel 1 whose output channels are pitches.

    Initially, voices are evenly spread over their range in octaves, as voices with the same pitch
    would learn the same.

    Args:
        in_channels: C.
        voices: V.
        lowest: lower end of the range, Hz.
        highest: upper end of the range, Hz.
        notes: frequency of each label, Hz; the range is then a tenth of a semitone around it.
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
        """Pitch within the range, 0 to 1, at each position: `(B, C, L)` to `(B, V, L)`."""
        return torch.sigmoid(self.starts + PACE * super().forward(x, wrap))

    def hertz(self, curves: Tensor, samples: int, wrap: bool, label: Tensor | None) -> Tensor:
        """Pitch at each sample, Hz, interpolated linearly between positions.

        Args:
            curves: output of `curves`.
            samples: T, a multiple of L.
            wrap: interpolate as a loop.
            label: `(B,)`, used if labels are notes.

        Returns:
            `(B, V, T)`.
        """
        place = stretch(curves, samples // curves.shape[-1], wrap)
        if len(self.notes):
            return self.notes[label][:, None, None] * 2 ** (BEND / 12 * (2 * place - 1))
        return self.lowest * (self.highest / self.lowest) ** place
