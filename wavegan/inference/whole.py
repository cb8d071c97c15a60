"""Memory to decode a long mel whole, for generators that cannot decode it in pieces."""

from typing import Any

import torch
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from wavegan.generators.base import MelGenerator
from wavegan.memory_limit import spare

TRIED = 2**16
"""Samples decoded to measure the memory they take."""
COPIES = 8
"""Copies of the audio in memory, besides the network's tensors."""
SCRATCH = 1.25
"""Factor for the workspace of convolutions, besides the tensors they make."""


def longest(generator: MelGenerator, n_mels: int) -> int:
    """The largest number of frames that fits into memory when decoded whole.

    Raises:
        UserError: `WAVEGAN_MEMORY` is not a number.
    """
    each = _bytes_per_frame(generator, n_mels)
    device = next(generator.parameters()).device
    if device.type == "cuda":
        return int(0.9 * torch.cuda.mem_get_info(device)[0] / each)
    return int(spare() / each)


def _bytes_per_frame(generator: MelGenerator, n_mels: int) -> float:
    """Peak memory of all live tensors, plus the copies of the audio."""
    frames = max(TRIED // generator.hop_length, 1)
    device = next(generator.parameters()).device
    mel = torch.zeros(1, n_mels, frames, device=device)
    shape = generator.noise_shape(frames)
    noise = () if shape is None else (torch.zeros(1, *shape, device=device),)
    with torch.no_grad(), _Alive() as alive:
        generator(mel, *noise)
    return SCRATCH * float(alive.most) / frames + COPIES * 4 * generator.hop_length


class _Alive(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Count the bytes of all live tensors that operations make."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.most = 0
        self._sizes: dict[int, tuple[StorageWeakRef, int]] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        for key, (reference, _) in list(self._sizes.items()):
            if reference.expired():  # type: ignore[no-untyped-call]
                del self._sizes[key]
        for tensor in tree_leaves(made):
            if isinstance(tensor, Tensor):
                storage = tensor.untyped_storage()
                reference = StorageWeakRef(storage)  # type: ignore[no-untyped-call]
                self._sizes[reference.cdata] = reference, storage.nbytes()
        self.most = max(self.most, sum(size for _, size in self._sizes.values()))
        return made
