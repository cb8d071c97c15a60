"""Minibatch standard deviation: shows D how much the clips of a batch differ.

Source: Karras et al. 2018, "Progressive Growing of GANs for Improved Quality, Stability, and
Variation" (arXiv 1710.10196), section 3, in groups as in StyleGAN (github.com/NVlabs/stylegan).
"""

import torch
from torch import Tensor, nn

from wavegan.errors import UserError


class MinibatchStd(nn.Module):
    """Adds a map with the deviation among the clips of a group, averaged over channels and time.

    Adjacent clips of the batch form a group. If the batch is not a multiple of the group size, it
    is divided into the fewest groups of at most that size, which differ by at most one clip: five
    clips in groups of four become three and two. A single clip has a deviation of 0.0001.

    Args:
        group: clips in a group, 2 or more.

    Raises:
        UserError: `group` is below 2.

    Shape: `(B, C, T)` to `(B, C + 1, T)`; the new map is the last channel.
    """

    def __init__(self, group: int) -> None:
        super().__init__()
        if group < 2:
            raise UserError(
                f"minibatch_std {group} must be 0 (off) or at least 2: it compares the clips of a "
                "group"
            )
        self.group = group

    def forward(self, x: Tensor) -> Tensor:
        """Add the map to `(B, C, T)`; computed in float32."""
        groups = x.float().tensor_split(-(-len(x) // self.group))
        spread = torch.cat([_spread(each) for each in groups]).to(x.dtype)
        return torch.cat([x, spread.expand(-1, 1, x.shape[-1])], 1)


def _spread(clips: Tensor) -> Tensor:
    """`(B, C, T)` to `(B, 1, 1)`, the same number for each clip."""
    # the constant keeps the gradient of the square root finite if all clips are equal
    deviation = (clips.var(0, correction=0) + 1e-8).sqrt().mean()
    return deviation.expand(len(clips), 1, 1)
