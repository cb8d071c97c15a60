"""Batches of crops for training steps."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from wavegan.conditions import NUMBER, Conditions
from wavegan.data.manifest import Rejected
from wavegan.data.segments import Item
from wavegan.errors import RunError

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Batch:
    """Crops of audio, one per row.

    Attributes:
        audio: `(B, C, T)` float32, in about [-1, 1].
        conditions: tensors by name, one row per crop: its sample number since the start of
            training, its label, and others of the data or the task.
        paths: the file of each row, relative to the data folder.
        failed: files that could not be read and were replaced, with the reason.
    """

    audio: Tensor
    conditions: Conditions
    paths: list[str]
    failed: tuple[Rejected, ...] = ()

    def __reduce__(self) -> tuple[Callable[..., "Batch"], tuple[object, ...]]:
        # workers send plain arrays: tensors would use shared memory, which is small in containers,
        # and a Ctrl-C during their transfer prints tracebacks
        conditions = {name: value.numpy(force=True) for name, value in self.conditions.items()}
        audio = self.audio.numpy(force=True)
        return _from_arrays, (audio, conditions, self.paths, self.failed)

    def to(self, device: torch.device | str, non_blocking: bool = False) -> "Batch":
        """Return the batch with its tensors on a device."""
        return self._each(lambda tensor: tensor.to(device, non_blocking=non_blocking))

    def pin_memory(self) -> "Batch":
        """Return the batch in page-locked memory; `DataLoader(pin_memory=True)` calls this."""
        return self._each(Tensor.pin_memory)

    def _each(self, change: Callable[[Tensor], Tensor]) -> "Batch":
        changed = {name: change(value) for name, value in self.conditions.items()}
        return replace(self, audio=change(self.audio), conditions=changed)


def _from_arrays(
    audio: Array, conditions: Mapping[str, Array], paths: list[str], failed: tuple[Rejected, ...]
) -> Batch:
    tensors = {name: torch.from_numpy(array) for name, array in conditions.items()}
    return Batch(torch.from_numpy(audio), tensors, paths, failed)


def collate(items: Sequence[Item]) -> Batch:
    """Stack items of one shape into a batch, in the given order.

    Raises:
        RunError: items have different conditions.
    """
    names = items[0].conditions.keys()
    for item in items:
        if item.conditions.keys() != names:
            raise RunError(
                f"{item.path}: its conditions are {sorted(item.conditions)}, but those of "
                f"{items[0].path} are {sorted(names)}: a task must give every clip the same "
                "conditions"
            )
    conditions = {name: torch.stack([item.conditions[name] for item in items]) for name in names}
    numbers = torch.tensor([item.number for item in items], dtype=torch.int64)
    return Batch(
        audio=torch.stack([item.audio for item in items]),
        conditions={NUMBER: numbers, **conditions},
        paths=[item.path for item in items],
        failed=tuple(failure for item in items for failure in item.failed),
    )
