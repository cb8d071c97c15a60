"""The slope of a discriminator, which gradient penalties are about."""

from collections.abc import Sequence

import torch
from torch import Tensor

from wavegan.penalties.base import Judge


def slope(discriminator: Judge, seen: Sequence[Tensor]) -> Tensor:
    """The gradient of each clip's score with respect to what D sees, with a graph to D's weights.

    The score of one clip is the mean of its logits, summed over the sub-discriminators: what every
    objective averages over the batch. So the slope depends neither on the batch size nor on the
    number of processes. It is computed in float32, also under autocast.

    Args:
        discriminator: the judge.
        seen: what its `see` makes of clips, each `(B, ...)`; members that see the same tensor
            have one slope together.

    Returns:
        `(B, N)`: the slopes with respect to all numbers that are seen, one after another.
    """
    leaves = {id(part): part.detach().requires_grad_() for part in seen}
    batch = len(seen[0])
    with torch.autocast(seen[0].device.type, enabled=False):
        outputs = discriminator.judge([leaves[id(part)] for part in seen])
        total = torch.stack([o.logits.reshape(batch, -1).mean(1) for o in outputs]).sum()
        gradients = torch.autograd.grad(total, list(leaves.values()), create_graph=True)
    return torch.cat([gradient.flatten(1) for gradient in gradients], 1)
