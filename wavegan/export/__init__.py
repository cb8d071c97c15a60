"""Export a trained model as a graph that runs without wavegan: ONNX, or torch's own `.pt2`.

    model ─plan→ Plan (network to trace, inputs, outputs, numpy after it, what torch gives)
            ├─ onnx_file or torch_file → FILE, opened again as a function of arrays
            ├─ parity: that function against the model, or no file
            └─ description, sample → FILE's .json and .py

`Plan` has what the two formats share; `of_vocoder` and `of_sounds` make one.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wavegan.export.model import Export, export_model

__all__ = ["Export", "export_model"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module("wavegan.export.model"), name)
    raise AttributeError(f"module 'wavegan.export' has no attribute {name!r}")
