"""The noise that some vocoders take beside the mel spectrogram."""

import torch
from numpy.typing import ArrayLike
from torch import Tensor

from wavegan.errors import UserError
from wavegan.generators.base import Generator


def draw(shape: tuple[int, int], seed: int) -> Tensor:
    """Noise of one item, `(1, channels, length)` on the CPU.

    It depends on `seed` and the shape alone, so an item sounds the same in every batch.
    """
    return torch.randn(1, *shape, generator=torch.Generator().manual_seed(seed))


def fit(noise: ArrayLike, generator: Generator, frames: int) -> Tensor:
    """Noise as a user gives it, as `(N, channels, length)`; N is 1 or the batch's size.

    Args:
        noise: `(..., channels, length)`, the same with the last two swapped, or `(length,)` where
            one channel is taken: projects differ.
        generator: what takes it.
        frames: of the mel spectrogram.

    Raises:
        UserError: the generator takes no noise, or another shape; the message has it.
    """
    shape = generator.noise_shape(frames)
    if shape is None:
        raise UserError("noise: this model takes none: leave it out")
    given = torch.as_tensor(noise, dtype=torch.float32)
    if given.ndim == 1 and shape[0] == 1:
        given = given[None]
    if given.ndim < 2 or sorted(given.shape[-2:]) != sorted(shape):
        raise UserError(
            f"noise has shape {tuple(given.shape)}: for {frames} frames this model takes "
            f"(..., {shape[0]}, {shape[1]})"
        )
    if tuple(given.shape[-2:]) != shape:
        given = given.transpose(-1, -2)
    return given.reshape(-1, *shape)
