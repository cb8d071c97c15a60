"""How often D is right, of the logits that its turn makes anyway."""

from collections.abc import Sequence

from torch import Tensor

from wavegan.training.adaptive import real_sign


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
