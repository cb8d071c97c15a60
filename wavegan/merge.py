"""Laying a recipe over the one it inherits from."""

from collections.abc import Mapping
from typing import Any


def merge(parent: Mapping[str, Any], child: Mapping[str, Any]) -> dict[str, Any]:
    """Lay `child` over `parent`, mappings into mappings.

    A mapping whose `name` (plug-in) or `preset` (mel) differs from the parent's replaces it whole:
    the options of one plug-in mean nothing to another.
    """
    merged = dict(parent)
    for key, value in child.items():
        old = merged.get(key)
        if key == "mel" and isinstance(old, str) and isinstance(value, Mapping):
            old = {"preset": old}
        if isinstance(old, Mapping) and isinstance(value, Mapping) and not _is_other(old, value):
            merged[key] = merge(old, value)
        else:
            merged[key] = value
    return merged


def _is_other(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return any(key in new and new[key] != old.get(key) for key in ("name", "preset"))
