"""Choose and check the strides and widths of WaveGAN's layers for a segment length.

The rule is that of WaveGAN (Donahue et al. 2019), whose code (github.com/chrisdonahue/wavegan, MIT)
supports three segments: 16384 = 16 · 4⁵, 32768 = 16 · 4⁵ · 2 and 65536 = 16 · 4⁶ samples.
"""

import math
from collections.abc import Sequence

from wavegan.errors import UserError

FEWEST = 16


def usual_strides(segment: int) -> list[int]:
    """Strides of 4, with a final 2 if needed, that reduce `segment` samples to 16 to 31 positions.

    There is at least one stride, so short segments give fewer positions.
    """
    doublings = max((segment // FEWEST).bit_length() - 1, 1)
    return [4] * (doublings // 2) + [2] * (doublings % 2)


def check_strides(segment: int, strides: Sequence[int], kernel_size: int) -> int:
    """The number of positions of a segment after all strides.

    Args:
        segment: samples.
        strides: of the layers, each at least 1.
        kernel_size: of each layer.

    Raises:
        UserError: the number of positions is not whole (the message gives the nearest segments), or
            a kernel is shorter than its stride and skips samples.
    """
    if not strides or min(strides) < 1:
        raise UserError(f"strides {list(strides)} must be one or more numbers of at least 1")
    if kernel_size < max(strides):
        raise UserError(
            f"kernel_size {kernel_size} is below the largest of the strides {list(strides)}: "
            f"use {max(strides)} or more"
        )
    step = math.prod(strides)
    if segment < step or segment % step:
        below = segment // step * step
        nearest = f"{below} or {below + step}" if below else f"{step}"
        raise UserError(
            f"segment {segment} is not a multiple of {step}, the product of the strides "
            f"{list(strides)}: use {nearest}"
        )
    return segment // step


def layer_widths(dim: int, max_dim: int, layers: int) -> list[int]:
    """Channels of the layers, doubling from `dim` up to `max_dim`; nearest to the audio first.

    Raises:
        UserError: not 1 <= dim <= max_dim.
    """
    if not 1 <= dim <= max_dim:
        raise UserError(f"dim {dim} must be between 1 and max_dim {max_dim}")
    return [min(dim << layer, max_dim) for layer in range(layers)]
