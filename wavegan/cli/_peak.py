"""`--peak`: the level at which clips are written."""

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wavegan.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

HEADROOM = 10 ** (-1 / 20)
"""-1 dBFS: the peak of clips that were above full scale; leaves headroom for D/A converters."""


@dataclass(frozen=True)
class Peak:
    """The peak that each clip is scaled to, independently of the others.

    Attributes:
        target: share of full scale; None: samples stay as generated.
        always: also scale clips that are not above full scale.
    """

    target: float | None
    always: bool

    @classmethod
    def of(cls, text: str | None, subtype: str) -> "Peak":
        """Parse the option.

        Args:
            text: "0.9", "-1dB" or "none". None if not given: clips above full scale are scaled to
                -1 dBFS for integer formats, and left as generated for float.
            subtype: sample format of the files.

        Raises:
            UserError: the text is none of these.
        """
        if text is None:
            return cls(None if subtype == "float" else HEADROOM, False)
        if text.strip().lower() == "none":
            return cls(None, False)
        decibels = re.fullmatch(r"\s*(-?[0-9.]+)\s*dB(FS)?\s*", text, re.IGNORECASE)
        try:
            target = 10 ** (float(decibels[1]) / 20) if decibels else float(text)
        except (ValueError, OverflowError):
            target = math.nan
        if not 1e-3 < target <= 1:
            raise UserError(
                f"--peak {text}: give a share of full scale such as 0.9, decibels such as -1dB, "
                "or none"
            )
        return cls(target, True)

    def gain(self, wave: "Tensor") -> float:
        """The gain of a clip `(C, T)` that is not silent."""
        peak = float(wave.abs().max())
        if self.target is None or not (self.always or peak > 1):
            return 1.0
        return self.target / peak
