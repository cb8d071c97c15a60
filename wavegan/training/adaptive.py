"""Adaptive discriminator augmentation (ADA): how sure D is, and how strongly to augment.

Karras et al. 2020, "Training Generative Adversarial Networks with Limited Data" (arXiv:2006.06676,
section 3; NVlabs/stylegan2-ada-pytorch).
"""

from collections.abc import Sequence
from typing import Annotated

import torch
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from torch import Tensor

from wavegan.errors import UserError


def real_sign(
    real: Sequence[Tensor], fake: Sequence[Tensor], *, neutral: float | None = 0.0
) -> Tensor:
    """How sure D is of real clips: 1 if it classifies all as real, 0 if it cannot tell.

    Args:
        real: logits of each sub-discriminator.
        fake: logits of the fake clips, paired with the real ones.
        neutral: the logit of a D that cannot tell, by its objective (0; `lsgan`: 0.5), or None
            if only the difference of real and fake has a meaning (`relativistic`, `wasserstein`):
            then the sign of the difference counts, as in R3GAN.

    Returns:
        A detached scalar: the mean sign of each sub-discriminator's logits, averaged over the
        sub-discriminators.
    """
    pairs = zip(real, fake, strict=True)
    away = [(r - f if neutral is None else r - neutral).detach() for r, f in pairs]
    return torch.stack([logits.float().sign().mean() for logits in away]).mean()


def accuracy(
    real: Sequence[Tensor], fake: Sequence[Tensor], *, neutral: float | None
) -> dict[str, Tensor]:
    """D's accuracy: the share of logits on the right side of `neutral`, 0 to 1 (chance: 0.5).

    Args:
        real: logits of each sub-discriminator.
        fake: logits of the fake clips, paired with the real ones.
        neutral: the logit of a D that cannot tell, by its objective, or None if only differences
            have a meaning (`relativistic`, `wasserstein`).

    Returns:
        `discriminator/accuracy_real` and `discriminator/accuracy_fake`, or, without a neutral
        logit, `discriminator/accuracy_pairs`: the share of pairs in which the real clip has the
        higher logit. Detached scalars, on the device. All sub-discriminators have equal weight; a
        logit that is exactly neutral counts half.
    """
    right = (1 + real_sign(real, fake, neutral=neutral)) / 2
    if neutral is None:
        return {"discriminator/accuracy_pairs": right}
    wrong = (1 + real_sign(fake, real, neutral=neutral)) / 2
    return {"discriminator/accuracy_real": right, "discriminator/accuracy_fake": 1 - wrong}


@dataclass(config=ConfigDict(extra="forbid"))
class Strength:
    """The state of an `Adaptive` in a checkpoint.

    Attributes:
        p: probability of each augmentation.
        signs: sum of the signs since `p` was last adjusted.
        turns: number of these signs.
    """

    p: Annotated[float, Field(ge=0, le=1)] = 0.0
    signs: Annotated[float, Field(allow_inf_nan=False)] = 0.0
    turns: Annotated[int, Field(ge=0)] = 0


class Adaptive:
    """Raises `p` if the mean sign of D's real logits is above a target, else lowers it.

    Attributes:
        p: probability of each augmentation now.
    """

    def __init__(
        self,
        batch_size: int,
        *,
        target: float = 0.6,
        adjustment_clips: int = 100_000,
        most: float = 0.8,
        every: int = 4,
    ) -> None:
        """Start with `p` 0.

        Args:
            batch_size: real clips of one D turn, in all processes together.
            target: target of the sign, in (0, 1): D classifies (1 + target) / 2 of real clips as
                real.
            adjustment_clips: real clips in which `p` can go from 0 to 1. The paper has 500 000
                of 25 million in all; its code has 100 000 for fine-tuning, which is fast enough
                for runs of a few hundred thousand clips.
            most: maximum of `p`. Above 0.8 augmentations start to leak into generated clips.
            every: D turns between adjustments.

        Raises:
            UserError: a number is out of its range.
        """
        whole = {"batch_size": batch_size, "adjustment_clips": adjustment_clips, "every": every}
        for name, value in whole.items():
            if value < 1:
                raise UserError(f"augment: {name} is {value}: give 1 or more")
        for name, share in {"target": target, "most": most}.items():
            if not 0 < share <= 1:
                raise UserError(f"augment: {name} is {share}: give a number above 0, up to 1")
        self.target = target
        self.most = most
        self.every = every
        self.step = batch_size * every / adjustment_clips
        self.p = 0.0
        self._signs: Tensor | float = 0.0
        self._turns = 0

    def observe(self, sign: Tensor) -> float:
        """Add the sign of one D turn, equal in all processes; returns `p` for the next turn.

        The sign stays on its device until the next adjustment.
        """
        # the sign of a skipped turn may be NaN
        self._signs = self._signs + sign.detach().nan_to_num()
        self._turns += 1
        if self._turns >= self.every:
            above = float(self._signs) / self._turns - self.target
            moved = self.p + self.step * ((above > 0) - (above < 0))
            self.p = min(max(moved, 0.0), self.most)
            self._signs, self._turns = 0.0, 0
        return self.p

    def state(self) -> Strength:
        """The state for a checkpoint."""
        return Strength(self.p, float(self._signs), self._turns)

    def restore(self, strength: Strength) -> None:
        """Continue from a state."""
        self.p, self._turns = strength.p, strength.turns
        self._signs = strength.signs
