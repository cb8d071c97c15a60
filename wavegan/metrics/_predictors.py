"""Shared code of metrics with a model: import packages, prepare clips, cache results."""

import hashlib
import importlib
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wavegan.audio.resample import resample_array
from wavegan.errors import UserError

Array = NDArray[np.float32]
T = TypeVar("T")

EXTRA = 'pip install "wavegan[trained-metrics]"'
SILENT = 2.0**-15
"""Peak below which a clip is silent: one step of 16 bits."""
KEPT = 1024


def package(module: str, key: str, command: str = EXTRA) -> ModuleType:
    """Import a package of a metric.

    Args:
        module: name of the module.
        key: name of the metric, for the message.
        command: command that installs it.

    Raises:
        UserError: it is missing or cannot be imported; the message has the command.
    """
    try:
        return importlib.import_module(module)
    except (ImportError, OSError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{key}: {reason}; run {command}") from error


def release(name: str) -> str:
    """A package and its version for the settings of a metric: "distillmos 0.9.1"."""
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return name


def alone(estimate: Tensor) -> Tensor:
    """A clip to score without a reference, as float32 on the CPU, without gradient.

    Raises:
        UserError: it is not `(C, T)`, is empty, or has a sample that is not finite.
    """
    if estimate.dim() != 2 or not estimate.numel():
        raise UserError(
            f"estimate has shape {tuple(estimate.shape)}: give (channels, samples), not empty"
        )
    if not estimate.isfinite().all():
        raise UserError(
            "the estimate has NaN or infinite samples, so it cannot be measured: "
            "leave the clip out or replace it"
        )
    return estimate.detach().float().cpu()


def each_channel(
    model: Callable[..., float],
    clips: Sequence[Tensor],
    sample_rate: int,
    rate: int,
    least: float = 0.25,
) -> float:
    """The mean score over channels; NaN if a channel cannot be scored.

    Args:
        model: called with a channel of each clip, float32 in [-1, 1] at `rate`.
        clips: clips of equal shape `(C, T)`.
        sample_rate: sample rate of the clips, Hz.
        rate: sample rate of the model, Hz (resampled by soxr, HQ).
        least: shortest length in seconds. Silence cannot be scored, either.
    """
    if clips[0].shape[1] < least * sample_rate:
        return float("nan")
    inputs = [at_rate(clip, sample_rate, rate) for clip in clips]
    return float(np.mean([_score(model, channels) for channels in zip(*inputs, strict=True)]))


def at_rate(clip: Tensor, sample_rate: int, rate: int) -> Array:
    """Resample `(C, T)` to `rate` Hz and clip it at full scale, as in a 16-bit file."""
    return resample_array(clip.numpy(), sample_rate, rate).clip(-1.0, 1.0)


def silent(channel: Array) -> bool:
    """Whether a channel is zero in 16 bits."""
    return float(np.abs(channel).max(initial=0.0)) < SILENT


@contextmanager
def without(module: str) -> Iterator[None]:
    """Replace a module by an empty one for imports inside the context."""
    before = {name: found for name, found in sys.modules.items() if name == module}
    sys.modules[module] = ModuleType(module)
    try:
        yield
    finally:
        del sys.modules[module]
        sys.modules.update(before)


@contextmanager
def one_thread() -> Iterator[None]:
    """Run torch on one core, as several metrics run in parallel processes."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def onnx_session(file: Path, key: str) -> Any:
    """Open an ONNX model on one core.

    Raises:
        UserError: onnxruntime or the file is missing.
    """
    runtime = package("onnxruntime", key)
    if not file.is_file():
        raise UserError(f"{key}: {file} is missing; run {EXTRA} --force-reinstall")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # 3 shows errors only: the model of PLCMOS declares a narrower output than it gives
    options.log_severity_level = 3
    return runtime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


class Remembered(Generic[T]):
    """Cache of a model's results by clip.

    A reference is used once for every system that is compared with it.
    """

    def __init__(self, model: Callable[[Array], T]) -> None:
        self._model = model
        self._found: OrderedDict[bytes, T] = OrderedDict()

    def __call__(self, channel: Array) -> T:
        """The result for a channel, from the cache if possible."""
        key = hashlib.sha256(channel.tobytes()).digest()
        if key not in self._found:
            self._found[key] = self._model(channel)
            if len(self._found) > KEPT:
                self._found.popitem(last=False)
        return self._found[key]


def _score(model: Callable[..., float], channels: Sequence[Array]) -> float:
    return float("nan") if any(map(silent, channels)) else model(*channels)
