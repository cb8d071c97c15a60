"""What a training step is given."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from wavegan.data.manifest import Rejected
from wavegan.data.segments import Item

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Batch:
    """Crops of audio, one per row.

    Attributes:
        audio: `(B, C, T)` float32, in about [-1, 1].
        number: `(B,)` int64, the global number of each sample, counted from the start of training.
        label: `(B,)` int64, index of each clip's label.
        paths: the file each row was cut from, relative to the data folder.
        failed: files that could not be read and were replaced, with why.
    """

    audio: Tensor
    number: Tensor
    label: Tensor
    paths: list[str]
    failed: tuple[Rejected, ...] = ()

    def __reduce__(self) -> tuple[Callable[..., "Batch"], tuple[object, ...]]:
        # workers send plain arrays: tensors would travel as shared memory, which containers
        # have little of, and whose hand-over leaves tracebacks when Ctrl-C falls into it
        arrays = self.audio.numpy(force=True), self.number.numpy(force=True)
        return _from_arrays, (*arrays, self.label.numpy(force=True), self.paths, self.failed)

    def to(self, device: torch.device | str, non_blocking: bool = False) -> "Batch":
        """Return the batch with its tensors on a device."""
        return replace(
            self,
            audio=self.audio.to(device, non_blocking=non_blocking),
            number=self.number.to(device, non_blocking=non_blocking),
            label=self.label.to(device, non_blocking=non_blocking),
        )

    def pin_memory(self) -> "Batch":
        """Return the batch in page-locked memory; `DataLoader(pin_memory=True)` calls this."""
        return replace(
            self,
            audio=self.audio.pin_memory(),
            number=self.number.pin_memory(),
            label=self.label.pin_memory(),
        )


def _from_arrays(
    audio: Array, number: Array, label: Array, paths: list[str], failed: tuple[Rejected, ...]
) -> Batch:
    tensors = torch.from_numpy(audio), torch.from_numpy(number), torch.from_numpy(label)
    return Batch(*tensors, paths, failed)


def collate(items: Sequence[Item]) -> Batch:
    """Stack items of one shape into a batch, in the order given."""
    return Batch(
        audio=torch.stack([item.audio for item in items]),
        number=torch.tensor([item.number for item in items], dtype=torch.int64),
        label=torch.tensor([item.label for item in items], dtype=torch.int64),
        paths=[item.path for item in items],
        failed=tuple(failure for item in items for failure in item.failed),
    )
