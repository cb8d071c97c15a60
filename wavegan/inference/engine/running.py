"""Redirect the convolutions and linear layers of a network to the fast kernels."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_map

from wavegan.inference.engine import kernels
from wavegan.inference.engine.packing import Packing
from wavegan.layers.fusible import PLAIN, activated, summed
from wavegan.layers.nonlinearity import Activation

NARROW = 64
"""Samples. On CPUs with AMX oneDNN's bfloat16 kernels read beyond narrower inputs (torch 2.13)."""
GROUP = 8
"""Channels per group. With fewer there is too little arithmetic for a change of type to pay."""
FUSED = 16
"""Channels of a bfloat16 convolution from which it takes along what follows."""


class Running(TorchFunctionMode):
    """Inside it, `(B, C, T)` convolutions and linear layers run on packed weights.

    It applies to the thread that enters it. Whatever the kernels do not cover, runs as
    it is: other types and devices, other numbers of dimensions, padding by name. Operations that
    refuse a half type get float32.

    Args:
        packing: packed weights of the network.
        dtype: float32 or bfloat16.
        exact: weights whose layers stay in float32.
    """

    def __init__(self, packing: Packing, dtype: torch.dtype, exact: Sequence[Tensor] = ()) -> None:
        super().__init__()
        self._packing, self._dtype, self._exact = packing, dtype, exact

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Run one of torch's functions."""
        given = kwargs or {}
        own = _OWN.get(func)
        if own is not None:
            made = own(self, *args, **given)
            if made is not NotImplemented:
                return made
        if self._dtype == torch.float32 or torch.compiler.is_compiling():
            return func(*args, **given)
        try:
            return func(*args, **given)
        except RuntimeError:
            # a transform without half types, or a product of two types
            return func(*tree_map(_wide, args), **tree_map(_wide, given))

    def _conv1d(
        self,
        input: Tensor,
        weight: Tensor,
        bias: Tensor | None = None,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
    ) -> Any:
        if isinstance(padding, str) or not _fits(input, weight, 3):
            return NotImplemented
        span = _one(dilation) * (weight.shape[-1] - 1) + 1
        if input.shape[1] != weight.shape[1] * groups or input.shape[-1] + 2 * _one(padding) < span:
            # torch says what is wrong
            return NotImplemented
        computed, kept = self._types(input, weight, weight.shape[1])
        made = kernels.convolution(
            self._packing,
            input,
            weight,
            bias,
            _one(stride),
            _one(padding),
            _one(dilation),
            groups,
            computed,
        )
        return made.to(kept)

    def _activated(self, layer: nn.Module, activation: Activation, x: Tensor) -> Tensor:
        slope, gelu = _slope(activation), _gelu(activation)
        if slope is not None and isinstance(layer, nn.Conv1d) and self._fuses(layer, x):
            return self._fused(layer, x, slope=slope)
        if gelu is not None and isinstance(layer, nn.Linear) and self._fuses_dense(layer, x):
            return kernels.dense(
                self._packing, x, layer.weight, layer.bias, self._dtype, approximate=gelu
            )
        with self:
            return PLAIN[activated](layer, activation, x)

    def _summed(self, conv: nn.Module, x: Tensor, other: Tensor) -> Tensor:
        if isinstance(conv, nn.Conv1d) and self._fuses(conv, x):
            shape = (x.shape[0], conv.out_channels, x.shape[2])
            if other.dtype == self._dtype and other.shape == shape:
                return self._fused(conv, x, other=other)
        with self:
            return PLAIN[summed](conv, x, other)

    def _fuses(self, conv: nn.Conv1d, x: Tensor) -> bool:
        """Whether a layer is a plain convolution, computed in the type of its result."""
        weight = conv.weight
        return (
            type(conv).forward is nn.Conv1d.forward
            and not isinstance(conv.padding, str)
            and not (conv._forward_hooks or conv._forward_pre_hooks)
            and _fits(x, weight, 3)
            and x.shape[1] == conv.in_channels
            and conv.stride == (1,)
            and 2 * conv.padding[0] == conv.dilation[0] * (weight.shape[-1] - 1)
            and self._types(x, weight, weight.shape[1]) == (self._dtype, self._dtype)
            and weight.shape[1] >= GROUP
            # in bfloat16 oneDNN has slower kernels for fewer channels
            and (self._dtype == torch.float32 or weight.shape[0] >= FUSED)
            and kernels.prepacks(x, self._dtype)
        )

    def _fuses_dense(self, layer: nn.Linear, x: Tensor) -> bool:
        """Whether a layer is a plain linear one, computed in the type of its result."""
        weight = layer.weight
        return (
            type(layer).forward is nn.Linear.forward
            and not (layer._forward_hooks or layer._forward_pre_hooks)
            and x.ndim >= 2
            and _fits(x, weight, 2)
            and x.shape[-1] == layer.in_features
            and self._types(x, weight, layer.in_features) == (self._dtype, self._dtype)
            and kernels.prepacks(x, self._dtype)
        )

    def _fused(self, conv: nn.Conv1d, x: Tensor, **after: Any) -> Tensor:
        padding = _one(conv.padding)
        if conv.padding_mode != "zeros":
            with self:
                x = functional.pad(x, (padding, padding), conv.padding_mode)
            padding = 0
        return kernels.convolution(
            self._packing,
            x,
            conv.weight,
            conv.bias,
            1,
            padding,
            _one(conv.dilation),
            conv.groups,
            self._dtype,
            **after,
        )

    def _conv_transpose1d(
        self,
        input: Tensor,
        weight: Tensor,
        bias: Tensor | None = None,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        dilation: Any = 1,
    ) -> Any:
        if not _fits(input, weight, 3) or input.shape[1] != weight.shape[0]:
            return NotImplemented
        width = weight.shape[0] // groups
        computed, kept = self._types(input, weight, width)
        made = kernels.transposed(
            self._packing,
            input,
            weight,
            bias,
            _one(stride),
            _one(padding),
            _one(output_padding),
            groups,
            _one(dilation),
            # oneDNN computes the others 100 times slower
            computed if width >= GROUP else torch.float32,
        )
        return made.to(kept)

    def _linear(self, input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Any:
        if input.ndim < 2 or not _fits(input, weight, 2) or input.shape[-1] != weight.shape[1]:
            return NotImplemented
        computed, kept = self._types(input, weight, input.shape[-1])
        return kernels.dense(self._packing, input, weight, bias, computed).to(kept)

    def _pad(self, input: Tensor, pad: Sequence[int], *more: Any, **others: Any) -> Any:
        # with channels last in 2-D, torch pads without changing the layout
        if input.ndim != 3 or len(pad) != 2 or input.stride(1) != 1 or input.shape[1] < 2:
            return NotImplemented
        return functional.pad(input.unsqueeze(2), [*pad, 0, 0], *more, **others).squeeze(2)

    def _types(self, x: Tensor, weight: Tensor, width: int) -> tuple[torch.dtype, torch.dtype]:
        """The type to compute in and the type of the result.

        All layers but the first and the last give the same type whatever the length of the input:
        some networks multiply the outputs of two of them.
        """
        if any(weight is each for each in self._exact):
            return torch.float32, torch.float32
        if width < GROUP:
            return x.dtype, x.dtype
        narrow = x.ndim == 3 and x.shape[-1] < NARROW
        return torch.float32 if narrow else self._dtype, self._dtype


_OWN: dict[Any, Callable[..., Any]] = {
    torch.conv1d: Running._conv1d,
    torch.conv_transpose1d: Running._conv_transpose1d,
    functional.linear: Running._linear,
    functional.pad: Running._pad,
    activated: Running._activated,
    summed: Running._summed,
}
_TYPES = (torch.float32, torch.bfloat16, torch.float16)


def _fits(x: Tensor, weight: Tensor, dimensions: int) -> bool:
    """Whether the kernels cover this call."""
    return (
        (dimensions != 3 or x.ndim == 3)
        and weight.ndim == dimensions
        and x.device == weight.device
        and x.dtype in _TYPES
        and weight.dtype in _TYPES
        and x.numel() > 0
        and not (torch.is_grad_enabled() and (x.requires_grad or weight.requires_grad))
    )


def _slope(activation: Activation) -> float | None:
    """The slope of a leaky ReLU; None for anything else."""
    if not isinstance(activation, partial) or activation.func is not functional.leaky_relu:
        return None
    known = not activation.args and activation.keywords.keys() == {"negative_slope"}
    return float(activation.keywords["negative_slope"]) if known else None


def _gelu(activation: Activation) -> str | None:
    """The approximation of a GELU; None for anything else."""
    if not isinstance(activation, partial) or activation.func is not functional.gelu:
        return None
    known = not activation.args and activation.keywords.keys() == {"approximate"}
    return str(activation.keywords["approximate"]) if known else None


def _wide(value: Any) -> Any:
    half = isinstance(value, Tensor) and value.dtype in (torch.bfloat16, torch.float16)
    return value.float() if half else value


def _one(value: Any) -> int:
    """Torch takes a number or a tuple of one."""
    return int(value[0] if isinstance(value, tuple | list) else value)
