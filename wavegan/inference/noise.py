"""The noise input of some vocoders."""

from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor

from wavegan.audio.window import Window
from wavegan.errors import UserError
from wavegan.generators.base import MelGenerator
from wavegan.inference.given import numbers

BLOCK = 2**18
"""Number of values per block of long noise."""
FEW = 2**12
"""Number of values per block of a stream."""


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


class NoiseStream:
    """The noise of a mel whose length is not known yet.

    With one channel it equals `draw` of the whole; several channels are drawn frame by frame, so
    their seed gives other noise than `draw`.

    Args:
        generator: a network whose noise has a fixed number of values per frame.
        seed: seed of drawn noise.
        given: `(..., channels, length')` each, used instead; of any lengths.

    Attributes:
        unsettled: the last frames whose drawn values depend on the total length.
    """

    def __init__(
        self, generator: MelGenerator, seed: int, given: Iterable[Tensor] | None = None
    ) -> None:
        shape = generator.noise_shape(1)
        assert shape is not None
        self._channels, self._each = shape
        self._generator = torch.Generator().manual_seed(seed)
        self._states = [(0, self._generator.get_state())]
        self._tail: tuple[int, Tensor] | None = None
        blocks = self._blocks() if given is None else (self._fitting(each) for each in given)
        self._window = Window(blocks)
        # torch draws 16 values at a time, and draws the last 16 of a tensor again
        settled = given is not None or self._channels > 1 or self._each % 16 == 0
        self.unsettled = 0 if settled else -(-16 // self._each)

    def between(self, first: int, last: int, like: Tensor) -> Tensor:
        """The noise `(N, channels, length)` of frames [first, last) of a batch like `like`.

        Raises:
            UserError: less noise was given.
        """
        start, stop = first * self._each, last * self._each
        noise = self._window.between(start, stop)
        if noise.shape[-1] < stop - start or len(noise) not in (1, len(like)):
            raise UserError(
                f"noise has shape {tuple(noise.shape)} for frames {first} to {last} of "
                f"{len(like)} items: give {self._each} values per frame and channel, before the "
                "frames"
            )
        if self._tail is not None and self._tail[0] < stop:
            place, values = self._tail
            noise = torch.cat([noise[..., : max(place - start, 0)], values], -1)
            noise = noise[..., -(stop - start) :]
        return noise.to(like.device).expand(len(like), -1, -1)

    def end(self, frames: int) -> None:
        """Settle the last values, now that the number of frames is known."""
        length = frames * self._each
        if not self.unsettled or length % 16 == 0:
            return
        place, state = [each for each in self._states if each[0] <= max(length - 16, 0)][-1]
        generator = torch.Generator()
        generator.set_state(state)
        self._tail = place, torch.randn(1, 1, length - place, generator=generator)

    def _blocks(self) -> Iterator[Tensor]:
        place = 0
        while True:
            if self._channels > 1:
                values = torch.randn(FEW, self._channels, generator=self._generator)
                yield values.T[None]
                continue
            self._states = [*self._states[-2:], (place, self._generator.get_state())]
            yield torch.randn(1, 1, FEW, generator=self._generator)
            place += FEW

    def _fitting(self, given: Tensor) -> Tensor:
        if given.ndim < 2 or given.shape[-2] != self._channels:
            raise UserError(
                f"noise has shape {tuple(given.shape)}: give (..., {self._channels}, length)"
            )
        return given.to(torch.float32).reshape(-1, *given.shape[-2:])


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
