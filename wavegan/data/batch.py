"""What a training step is given."""

from collections.abc import Callable, Mapping, Sequence
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
        mel: `(B, n_mels, L)` float32 of these crops, where mels were given beside the audio.
    """

    audio: Tensor
    number: Tensor
    label: Tensor
    paths: list[str]
    failed: tuple[Rejected, ...] = ()
    mel: Tensor | None = None

    def __reduce__(self) -> tuple[Callable[..., "Batch"], tuple[object, ...]]:
        # workers send plain arrays: tensors would travel as shared memory, which containers
        # have little of, and whose hand-over leaves tracebacks when Ctrl-C falls into it
        arrays = {name: tensor.numpy(force=True) for name, tensor in self._tensors().items()}
        return _from_arrays, (arrays, self.paths, self.failed)

    def to(self, device: torch.device | str, non_blocking: bool = False) -> "Batch":
        """Return the batch with its tensors on a device."""
        return self._each(lambda tensor: tensor.to(device, non_blocking=non_blocking))

    def pin_memory(self) -> "Batch":
        """Return the batch in page-locked memory; `DataLoader(pin_memory=True)` calls this."""
        return self._each(Tensor.pin_memory)

    def _tensors(self) -> dict[str, Any]:
        named = {"audio": self.audio, "number": self.number, "label": self.label}
        return named if self.mel is None else {**named, "mel": self.mel}

    def _each(self, change: Callable[[Tensor], Tensor]) -> "Batch":
        changed: dict[str, Any] = {n: change(tensor) for n, tensor in self._tensors().items()}
        return replace(self, **changed)


def _from_arrays(
    arrays: Mapping[str, Array], paths: list[str], failed: tuple[Rejected, ...]
) -> Batch:
    tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
    return Batch(paths=paths, failed=failed, **tensors)


def collate(items: Sequence[Item]) -> Batch:
    """Stack items of one shape into a batch, in the order given."""
    mels = [item.mel for item in items if item.mel is not None]
    return Batch(
        audio=torch.stack([item.audio for item in items]),
        number=torch.tensor([item.number for item in items], dtype=torch.int64),
        label=torch.tensor([item.label for item in items], dtype=torch.int64),
        paths=[item.path for item in items],
        failed=tuple(failure for item in items for failure in item.failed),
        mel=torch.stack(mels) if mels else None,
    )
