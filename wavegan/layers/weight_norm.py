"""Bake weight norm into plain weights once training is over.

Source: Salimans and Kingma 2016, "Weight Normalization".
"""

from collections.abc import Collection

from torch import nn
from torch.nn.utils import parametrize


def fold_weight_norm(module: nn.Module) -> nn.Module:
    """Replace every parametrized weight by its present value, in place.

    Afterwards the state dict's keys are the plain `weight`, nothing is recomputed on each call,
    and the outputs are the same up to rounding. Spectral norm is folded likewise; call `eval()`
    first, for in training mode reading such a weight advances its power iteration.

    Fold only a freshly built module into which weights were loaded: a deep copy shares its
    classes with the original, so folding the copy breaks the original.

    Args:
        module: any network; one without parametrizations stays as it is.

    Returns:
        The same module.
    """
    for child in module.modules():
        parametrized = getattr(child, "parametrizations", None)
        if isinstance(parametrized, nn.ModuleDict):
            for name in list(parametrized):
                parametrize.remove_parametrizations(child, name, leave_parametrized=True)
    return module


def fold_where_plain(module: nn.Module, keys: Collection[str]) -> None:
    """Fold the norm of every weight that comes as a plain `weight` among `keys`, in place.

    So a network takes weights whose norm was folded before they were saved, wholly or in part.
    """
    for name, child in module.named_modules():
        parametrized = getattr(child, "parametrizations", None)
        if isinstance(parametrized, nn.ModuleDict):
            for weight in list(parametrized):
                if f"{name}.{weight}" in keys:
                    parametrize.remove_parametrizations(child, weight, leave_parametrized=True)
