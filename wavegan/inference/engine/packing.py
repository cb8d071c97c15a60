"""Weights in the form that a convolution reads fastest, kept from call to call.

A weight is packed at its first use, and again if it was changed, moved or replaced since. Only the
network's weights and buffers are kept, not what it computes in each call.
"""

import weakref
from collections.abc import Callable, Hashable
from typing import NamedTuple

import torch
from torch import Tensor, nn


class _Entry(NamedTuple):
    owner: "weakref.ref[Tensor]"
    state: Hashable
    packed: Tensor


class Packing:
    """Packed weights of one network.

    Safe to use from several threads: at worst, two of them pack the same weight.

    Args:
        network: the network whose weights are kept.
    """

    def __init__(self, network: nn.Module) -> None:
        self._network = weakref.ref(network)
        self._entries: dict[Hashable, _Entry] = {}
        self._buffers: dict[int, weakref.ref[Tensor]] = {}

    def get(self, weight: Tensor, use: Hashable, pack: Callable[[], Tensor]) -> Tensor:
        """The packed form of a weight.

        Args:
            weight: a parameter, a buffer, or a view of one.
            use: everything else that the packed form depends on.
            pack: makes the packed form.
        """
        # compiled code holds its own packed weights
        owner = None if torch.compiler.is_compiling() else self._owner(weight)
        if owner is None:
            return pack()
        key = (id(owner), use, weight.shape, weight.stride(), weight.storage_offset())
        state = (weight.data_ptr(), _version(owner))
        known = self._entries.get(key)
        if known is not None and known.owner() is owner and known.state == state:
            return known.packed
        packed = pack()
        self._entries[key] = _Entry(weakref.ref(owner), state, packed)
        return packed

    def clear(self) -> None:
        """Forget all packed weights."""
        self._entries.clear()
        self._buffers.clear()

    def _owner(self, weight: Tensor) -> Tensor | None:
        """The parameter or buffer that holds a weight; None if it was computed."""
        base = _root(weight)
        if isinstance(base, nn.Parameter):
            return base
        if not self._is_buffer(base):
            network = self._network()
            if network is None:
                return None
            roots = map(_root, network.buffers())
            self._buffers = {id(root): weakref.ref(root) for root in roots}
        return base if self._is_buffer(base) else None

    def _is_buffer(self, tensor: Tensor) -> bool:
        known = self._buffers.get(id(tensor))
        return known is not None and known() is tensor


def _root(tensor: Tensor) -> Tensor:
    """What a tensor is a view of, or the tensor itself."""
    return tensor if tensor._base is None else tensor._base


def _version(tensor: Tensor) -> int:
    """Counts changes in place; tensors made in inference mode have no count."""
    return 0 if tensor.is_inference() else tensor._version
