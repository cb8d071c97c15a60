"""How sure D is of clips, and how strongly to augment: just enough that it learns none by heart.

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
    """How sure D is of real clips: 1 where it takes every one for real, 0 where it cannot tell.

    Args:
        real: logits of each sub-discriminator.
        fake: those of fake clips, in pairs with the real ones.
        neutral: the logit of a D that cannot tell, by its objective (0; `lsgan`: 0.5), or None
            where only the difference of real and fake means something (`relativistic`,
            `wasserstein`): it is then taken, as R3GAN does.

    Returns:
        A scalar without a graph: the mean of the signs of one sub-discriminator's logits, averaged
        over the sub-discriminators.
    """
    pairs = zip(real, fake, strict=True)
    away = [(r - f if neutral is None else r - neutral).detach() for r, f in pairs]
    return torch.stack([logits.float().sign().mean() for logits in away]).mean()


def accuracy(
    real: Sequence[Tensor], fake: Sequence[Tensor], *, neutral: float | None
) -> dict[str, Tensor]:
    """Shares of logits on the right side of `neutral`, 0 to 1; 0.5 of a D that cannot tell.

    Args:
        real: logits of each sub-discriminator.
        fake: those of fake clips, in pairs with the real ones.
        neutral: the logit of a D that cannot tell, by its objective, or None where only differences
            mean something (`relativistic`, `wasserstein`).

    Returns:
        `discriminator/accuracy_real` and `discriminator/accuracy_fake`, or, without a neutral
        logit, `discriminator/accuracy_pairs`: the share of pairs whose real clip has the higher
        one. Scalars without a graph, still on the device; every sub-discriminator counts alike, and
        a logit that is exactly neutral counts half.
    """
    right = (1 + real_sign(real, fake, neutral=neutral)) / 2
    if neutral is None:
        return {"discriminator/accuracy_pairs": right}
    wrong = (1 + real_sign(fake, real, neutral=neutral)) / 2
    return {"discriminator/accuracy_real": right, "discriminator/accuracy_fake": 1 - wrong}


@dataclass(config=ConfigDict(extra="forbid"))
class Strength:
    """What a checkpoint keeps of an `Adaptive`.

    Attributes:
        p: probability of each augmentation.
        signs: sum of the signs seen since `p` was last adjusted.
        turns: how many they are.
    """

    p: Annotated[float, Field(ge=0, le=1)] = 0.0
    signs: Annotated[float, Field(allow_inf_nan=False)] = 0.0
    turns: Annotated[int, Field(ge=0)] = 0


class Adaptive:
    """Moves `p` up where the mean sign of D's real logits is above a target, else down.

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
        """Begin at `p` 0.

        Args:
            batch_size: real clips of one D turn, over all processes together.
            target: sign to keep to, in (0, 1). D takes (1 + target) / 2 of real clips for real.
            adjustment_clips: real clips in which `p` could go from 0 to 1. The paper has 500 000
                of 25 million in all; its code has 100 000 for runs that start from a trained
                network, which is quick enough for runs of some hundred thousand clips.
            most: `p` goes no further. Above 0.8 augmentations begin to leak.
            every: turns from one adjustment to the next.

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
        """Take the sign of one D turn, the same in every process; returns `p` for the next turn.

        The sign stays on its device until it is time to adjust.
        """
        # the sign of a turn that was left out may be NaN
        self._signs = self._signs + sign.detach().nan_to_num()
        self._turns += 1
        if self._turns >= self.every:
            above = float(self._signs) / self._turns - self.target
            moved = self.p + self.step * ((above > 0) - (above < 0))
            self.p = min(max(moved, 0.0), self.most)
            self._signs, self._turns = 0.0, 0
        return self.p

    def state(self) -> Strength:
        """What to keep so as to go on from here exactly."""
        return Strength(self.p, float(self._signs), self._turns)

    def restore(self, strength: Strength) -> None:
        """Go on from a kept state."""
        self.p, self._turns = strength.p, strength.turns
        self._signs = strength.signs
