"""Fold weight norm into plain weights after training.

Source: Salimans and Kingma 2016, "Weight Normalization".
"""

from collections.abc import Collection

import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize

_OF_THE_CLASS = ("__dict__", "__weakref__")


def fold_weight_norm(module: nn.Module) -> nn.Module:
    """Replace every parametrized weight by its current value, in place.

    Afterwards the state dict has plain `weight` keys, nothing is recomputed in each call, and the
    outputs are the same up to rounding. Spectral norm is folded too; call `eval()` first, because
    in training mode reading such a weight advances its power iteration.

    Frozen weights stay frozen. The folded network can be pickled; its deep copies are not changed.

    Args:
        module: any network; one without parametrizations is not changed.

    Returns:
        The same module.
    """
    for child in module.modules():
        parametrized = getattr(child, "parametrizations", None)
        if isinstance(parametrized, nn.ModuleDict):
            for name in list(parametrized):
                _fold(child, name)
    return module


def fold_where_plain(module: nn.Module, keys: Collection[str]) -> None:
    """Fold the norm of every weight that is a plain `weight` among `keys`, in place.

    So a network can load weights whose norm was folded, fully or partly, before they were saved.
    """
    for name, child in module.named_modules():
        parametrized = getattr(child, "parametrizations", None)
        if isinstance(parametrized, nn.ModuleDict):
            for weight in list(parametrized):
                if f"{name}.{weight}" in keys:
                    _fold(child, weight)


def _fold(child: nn.Module, name: str) -> None:
    # torch removes the property from the class, which deep copies share: give the child its own
    shared = type(child)
    own = {key: value for key, value in vars(shared).items() if key not in _OF_THE_CLASS}
    child.__class__ = type(shared.__name__, shared.__bases__, own)
    with torch.enable_grad():
        parametrize.remove_parametrizations(child, name, leave_parametrized=True)
    # without a gradient torch leaves the weight as a buffer
    value = child._buffers.pop(name, None)
    if value is not None:
        child.register_parameter(name, nn.Parameter(value, requires_grad=False))
    if not parametrize.is_parametrized(child):
        _forget_old_keys(child)


def _forget_old_keys(child: nn.Module) -> None:
    """Remove the hook that reads weights under the norm's old names: it cannot be pickled."""
    hooks = child._load_state_dict_pre_hooks
    for key, hook in list(hooks.items()):
        inner = getattr(hook, "hook", hook)
        if getattr(inner, "__module__", "") == parametrizations.__name__:
            del hooks[key]
