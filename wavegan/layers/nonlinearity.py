"""Pointwise nonlinearities by name, as in ParallelWaveGAN's configurations."""

from collections.abc import Callable
from functools import partial
from typing import Literal, get_args

from torch import Tensor
from torch.nn import functional

from wavegan.errors import UserError, suggest

Activation = Callable[[Tensor], Tensor]
ActivationName = Literal[
    "leaky_relu", "relu", "elu", "selu", "celu", "gelu", "silu", "mish", "softplus", "tanh"
]


def activation_function(name: ActivationName, leaky_slope: float) -> Activation:
    """A torch activation function; all parameters except the slope have torch's defaults.

    Args:
        name: its name.
        leaky_slope: slope of "leaky_relu" below 0; not used by the others.

    Raises:
        UserError: the name is unknown, or the slope is below 0.
    """
    if name not in get_args(ActivationName):
        raise UserError(
            f"activation {name!r} is not known{suggest(name, get_args(ActivationName))}"
        )
    if leaky_slope < 0:
        raise UserError(f"leaky_slope {leaky_slope} must be 0 or more: 0 is ReLU")
    if name == "leaky_relu":
        return partial(functional.leaky_relu, negative_slope=leaky_slope)
    function: Activation = getattr(functional, name)
    return function
