"""Two steps of a network that a faster engine may compute as one.

Without such an engine they are what they say. An engine is a torch function mode that knows these
functions; others run `PLAIN`, inside themselves.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.overrides import handle_torch_function, has_torch_function

from wavegan.layers.nonlinearity import Activation


def activated(layer: nn.Module, activation: Activation, x: Tensor) -> Tensor:
    """`activation(layer(x))`."""
    if _is_watched(x):
        made: Tensor = handle_torch_function(activated, (x,), layer, activation, x)
        return made
    return _activated(layer, activation, x)


def summed(conv: nn.Module, x: Tensor, other: Tensor) -> Tensor:
    """`other + conv(x)`; `other` has the shape of the result."""
    if _is_watched(x):
        made: Tensor = handle_torch_function(summed, (x,), conv, x, other)
        return made
    return _summed(conv, x, other)


def _is_watched(x: Tensor) -> bool:
    return not torch.compiler.is_compiling() and has_torch_function((x,))


def _activated(layer: nn.Module, activation: Activation, x: Tensor) -> Tensor:
    return activation(layer(x))


def _summed(conv: nn.Module, x: Tensor, other: Tensor) -> Tensor:
    made: Tensor = other + conv(x)
    return made


PLAIN: dict[object, Callable[..., Tensor]] = {activated: _activated, summed: _summed}
"""Each function without an engine."""
