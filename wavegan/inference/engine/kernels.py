"""Convolutions and linear layers of `(B, C, T)` by the fastest kernels of a CPU.

A 1-D convolution runs as a 2-D one of height 1, with channels last in memory. Its output is again
`(B, C, T)`, a view whose channels are neighbours in memory, which the next one reads without a copy
and which element-wise operations preserve. oneDNN gets weights in its own layout; the operations
for it are private to torch, so they are used only if a test of them succeeds. Everything else falls
back to torch's public convolutions.

Measured, not believed: `benchmarks/kernels.py`.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import conv2d, conv_transpose2d, gelu, leaky_relu, linear

from wavegan.inference.engine.packing import Packing

SHORT, LONG = 256, 8192
"""Lengths for which weights are packed: oneDNN's best layout differs a little, and must not depend
on the length of the first call."""


def convolution(
    packing: Packing,
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: int,
    padding: int,
    dilation: int,
    groups: int,
    dtype: torch.dtype,
    *,
    slope: float | None = None,
    other: Tensor | None = None,
) -> Tensor:
    """`torch.conv1d` computed in `dtype`.

    Args:
        packing: packed weights.
        x: `(B, C, T)`.
        weight: `(C', C / groups, K)`.
        bias: `(C',)`.
        stride: see torch.
        padding: zeros on each side.
        dilation: see torch.
        groups: see torch.
        dtype: float32 or bfloat16.
        slope: of a leaky ReLU of the result; only where `prepacks` says yes.
        other: added to the result, of its shape; only where `prepacks` says yes.
    """
    x2, bias = _wide(x, dtype), None if bias is None else bias.to(dtype)
    sides, steps, spread = (0, padding), (1, stride), (1, dilation)
    packs, length = prepacks(x, dtype), _length(x, weight, dilation)
    use = ("conv", dtype, stride, padding, dilation, groups, packs, length)

    def pack() -> Tensor:
        wide = _wide(weight, dtype)
        if not packs:
            return wide
        packed: Tensor = torch.ops.mkldnn._reorder_convolution_weight(
            wide, sides, steps, spread, groups, [1, x.shape[1], 1, length]
        )
        return packed

    packed = packing.get(weight, use, pack)
    if not packs:
        return conv2d(x2, packed, bias, steps, sides, spread, groups).squeeze(2)
    given = (bias, sides, steps, spread, groups)
    if other is not None:
        wide = _wide(other, dtype)
        made: Tensor = torch.ops.mkldnn._convolution_pointwise.binary(
            x2, wide, packed, *given, "add", None, None, [], None
        )
        return made.squeeze(2)
    after = ("none", []) if slope is None else ("leaky_relu", [slope])
    made = torch.ops.mkldnn._convolution_pointwise(x2, packed, *given, *after, "")
    return made.squeeze(2)


def transposed(
    packing: Packing,
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: int,
    padding: int,
    output_padding: int,
    groups: int,
    dilation: int,
    dtype: torch.dtype,
) -> Tensor:
    """`torch.conv_transpose1d` computed in `dtype`; arguments as in `convolution`.

    Args:
        packing: packed weights.
        x: `(B, C, T)`.
        weight: `(C, C' / groups, K)`.
        bias: `(C',)`.
        stride: see torch.
        padding: samples cut on each side.
        output_padding: see torch.
        groups: see torch.
        dilation: see torch.
        dtype: float32 or bfloat16.
    """
    x2, bias = _wide(x, dtype), None if bias is None else bias.to(dtype)
    sides, steps, spread, more = (0, padding), (1, stride), (1, dilation), (0, output_padding)
    packs, length = prepacks(x, dtype), _length(x, weight, dilation)
    use = ("transposed", dtype, stride, padding, dilation, output_padding, groups, packs, length)

    def pack() -> Tensor:
        wide = _wide(weight, dtype)
        if not packs:
            return wide
        packed: Tensor = torch.ops.mkldnn._reorder_convolution_transpose_weight(
            wide,
            sides,
            more,
            steps,
            spread,
            groups,
            [1, x.shape[1], 1, length],
        )
        return packed

    packed = packing.get(weight, use, pack)
    if not packs:
        made = conv_transpose2d(x2, packed, bias, steps, sides, more, groups, spread)
    else:
        made = torch.ops.mkldnn._convolution_transpose_pointwise(
            x2, packed, bias, sides, more, steps, spread, groups, "none", [], ""
        )
    return made.squeeze(2)


def dense(
    packing: Packing,
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    dtype: torch.dtype,
    *,
    approximate: str | None = None,
) -> Tensor:
    """`torch.nn.functional.linear` computed in `dtype`.

    Args:
        packing: packed weights.
        x: `(..., D)`.
        weight: `(D', D)`.
        bias: `(D',)`.
        dtype: float32 or bfloat16.
        approximate: that of a GELU of the result, None for no GELU; only where `prepacks` says yes.
    """
    x, bias = x.to(dtype), None if bias is None else bias.to(dtype)
    packs = prepacks(x, dtype)

    def pack() -> Tensor:
        same = weight.to(dtype)
        if not packs:
            return same
        packed: Tensor = torch.ops.mkldnn._reorder_linear_weight(same.contiguous(), SHORT)
        return packed

    packed = packing.get(weight, ("linear", dtype, packs), pack)
    if not packs:
        return linear(x, packed, bias)
    after = ("none", "") if approximate is None else ("gelu", approximate)
    made: Tensor = torch.ops.mkldnn._linear_pointwise(x, packed, bias, after[0], [], after[1])
    return made


def prepacks(x: Tensor, dtype: torch.dtype) -> bool:
    """Whether to use oneDNN's packed weights; the compiler makes its own."""
    on_cpu = x.device.type == "cpu" and not torch.compiler.is_compiling()
    return on_cpu and _agree() and (dtype == torch.float32 or _runs_in(dtype))


def _length(x: Tensor, weight: Tensor, dilation: int) -> int:
    """The length to pack for; a kernel without padding needs its own width."""
    return max(SHORT if x.shape[-1] <= 4 * SHORT else LONG, dilation * weight.shape[-1])


def _wide(x: Tensor, dtype: torch.dtype) -> Tensor:
    """`(B, C, T)` as `(B, C, 1, T)`, channels last."""
    return x.to(dtype).unsqueeze(2).contiguous(memory_format=torch.channels_last)


@lru_cache(maxsize=4)
def _runs_in(dtype: torch.dtype) -> bool:
    """Whether oneDNN has these operations in a half type on this CPU."""

    def run() -> bool:
        x, weight = _sample(1, 16, 1, 80).to(dtype), _sample(16, 16, 1, 1).to(dtype)
        torch.ops.mkldnn._convolution_pointwise(
            x, weight, None, (0, 0), (1, 1), (1, 1), 1, "none", [], ""
        )
        torch.ops.mkldnn._linear_pointwise(
            x[0, :, 0], torch.ones(4, 80, dtype=dtype), None, "none", [], ""
        )
        return True

    return _works(run)


@lru_cache(maxsize=1)
def _agree() -> bool:
    """Whether torch's private operations for packed weights exist and give the right numbers."""
    checks = (_conv_agrees, _fused_agrees, _transposed_agrees, _linear_agrees)
    return all(_works(check) for check in checks)


def _works(check: Callable[[], bool]) -> bool:
    # private operations may be missing, take other arguments or fail in any way
    try:
        return check()
    except Exception:
        return False


def _conv_agrees() -> bool:
    x, weight, bias = _sample(1, 16, 1, 80), _sample(24, 16, 1, 3), _sample(24)
    packed = torch.ops.mkldnn._reorder_convolution_weight(
        weight, (0, 2), (1, 1), (1, 2), 1, list(x.shape)
    )
    made = torch.ops.mkldnn._convolution_pointwise(
        x, packed, bias, (0, 2), (1, 1), (1, 2), 1, "none", [], ""
    )
    return _close(made, conv2d(x, weight, bias, 1, (0, 2), (1, 2)))


def _fused_agrees() -> bool:
    x, weight, bias = _sample(1, 16, 1, 80), _sample(24, 16, 1, 3), _sample(24)
    other, expected = _sample(1, 24, 1, 80), conv2d(x, weight, bias, 1, (0, 1))
    packed = torch.ops.mkldnn._reorder_convolution_weight(
        weight, (0, 1), (1, 1), (1, 1), 1, list(x.shape)
    )
    given = (bias, (0, 1), (1, 1), (1, 1), 1)
    added = torch.ops.mkldnn._convolution_pointwise.binary(
        x, other, packed, *given, "add", None, None, [], None
    )
    leaky = torch.ops.mkldnn._convolution_pointwise(x, packed, *given, "leaky_relu", [0.1], "")
    return _close(added, expected + other) and _close(leaky, leaky_relu(expected, 0.1))


def _transposed_agrees() -> bool:
    x, weight, bias = _sample(1, 16, 1, 80), _sample(16, 24, 1, 4), _sample(24)
    packed = torch.ops.mkldnn._reorder_convolution_transpose_weight(
        weight, (0, 1), (0, 0), (1, 2), (1, 1), 1, list(x.shape)
    )
    made = torch.ops.mkldnn._convolution_transpose_pointwise(
        x, packed, bias, (0, 1), (0, 0), (1, 2), (1, 1), 1, "none", [], ""
    )
    return _close(made, conv_transpose2d(x, weight, bias, (1, 2), (0, 1)))


def _linear_agrees() -> bool:
    x, weight, bias = _sample(20, 16), _sample(24, 16), _sample(24)
    packed = torch.ops.mkldnn._reorder_linear_weight(weight, 20)
    expected = linear(x, weight, bias)
    agrees = _close(torch.ops.mkldnn._linear_pointwise(x, packed, bias, "none", [], ""), expected)
    return agrees and all(
        _close(
            torch.ops.mkldnn._linear_pointwise(x, packed, bias, "gelu", [], kind),
            gelu(expected, approximate=kind),
        )
        for kind in ("none", "tanh")
    )


def _sample(*shape: int) -> Tensor:
    count = torch.Size(shape).numel()
    made = torch.sin(torch.arange(count, dtype=torch.float32) * 12.9898).reshape(shape)
    return made.contiguous(memory_format=torch.channels_last) if len(shape) == 4 else made


def _close(made: Any, expected: Tensor) -> bool:
    return bool((made - expected).abs().max() <= 1e-5 * expected.abs().max())
