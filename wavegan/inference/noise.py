"""The noise input of some vocoders."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from wavegan.errors import UserError
from wavegan.generators.base import MelGenerator
from wavegan.inference.given import numbers

BLOCK = 2**18
"""Number of values per block of long noise."""


def draw(shape: tuple[int, int], seed: int) -> Tensor:
    """Noise of one item, `(1, channels, length)` on the CPU.

    It depends on `seed` and the shape alone, so an item is the same in every batch.
    """
    return torch.randn(1, *shape, generator=torch.Generator().manual_seed(seed))


def draw_blocks(shape: tuple[int, int], seed: int) -> Iterator[Tensor]:
    """The values of `draw` in blocks `(channels, length')`; several channels are one block."""
    if shape[0] > 1:
        yield draw(shape, seed)[0]
        return
    generator, left = torch.Generator().manual_seed(seed), shape[1]
    while left:
        # torch draws 16 values at a time, and draws the last 16 of a tensor again
        size = BLOCK if left >= BLOCK + 16 else left
        yield torch.randn(1, size, generator=generator)
        left -= size


def of_items(
    given: Tensor | None, generator: MelGenerator, items: list[int], frames: int, seed: int
) -> Tensor | None:
    """The noise `(N, channels, length)` of items of one length; None if the network takes none.

    Args:
        given: `(1 or B, channels, length)` for the longest item; None draws noise.
        generator: the network.
        items: positions of the items in the batch.
        frames: number of frames of each item.
        seed: seed of drawn noise, the same for each item.
    """
    shape = generator.noise_shape(frames)
    if shape is None:
        return None
    if given is None:
        noise = draw(shape, seed)
    else:
        noise = (given if len(given) == 1 else given[items])[..., : shape[1]]
    return noise.expand(len(items), -1, -1)


def fit(noise: object, generator: MelGenerator, frames: int) -> Tensor:
    """A user's noise as `(N, channels, length)`; N is 1 or the batch size.

    Args:
        noise: `(..., channels, length)`, the same with the last two swapped, or `(length,)` for a
            network with one channel of noise, as projects differ.
        generator: the network.
        frames: number of frames of the mel spectrogram.

    Raises:
        UserError: the generator takes no noise, or another shape (in the message).
    """
    shape = generator.noise_shape(frames)
    if shape is None:
        raise UserError("noise: this model takes no noise; leave it out")
    given = numbers(noise, "noise").to(torch.float32)
    if given.ndim == 1 and shape[0] == 1:
        given = given[None]
    if given.ndim < 2 or sorted(given.shape[-2:]) != sorted(shape):
        raise UserError(
            f"noise has shape {tuple(given.shape)}: for {frames} frames this model takes "
            f"(..., {shape[0]}, {shape[1]})"
        )
    if tuple(given.shape[-2:]) != shape:
        given = given.transpose(-1, -2)
    if not bool(given.isfinite().all()):
        raise UserError("noise has values that are not finite")
    return given.reshape(-1, *shape)


def noise_of_each(noise: object, count: int) -> Sequence[object]:
    """The noise of each mel of a list.

    Raises:
        UserError: it is not a list of `count` items.
    """
    if noise is None:
        return [None] * count
    if isinstance(noise, list | tuple) and len(noise) == count:
        return noise
    raise UserError(f"noise: mel is a list of {count}; give a list of {count}, or leave noise out")
