"""What metrics that carry a model of their own share: opening packages, and hearing clips."""

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

EXTRA = 'pip install "wavegan[judges]"'
SILENT = 2.0**-15
"""The peak below which a clip is silence: one step of 16 bits."""
KEPT = 1024


def package(module: str, key: str, command: str = EXTRA) -> ModuleType:
    """Import what a metric needs.

    Args:
        module: its name.
        key: the metric's, for the message.
        command: what installs it.

    Raises:
        UserError: it is missing or does not load; the message names the command.
    """
    try:
        return importlib.import_module(module)
    except (ImportError, OSError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"{key}: {reason}; run {command}") from error


def release(name: str) -> str:
    """A package and its version, for the settings of a metric: "distillmos 0.9.1"."""
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return name


def alone(estimate: Tensor) -> Tensor:
    """A clip that is judged without its reference, as float32 on the CPU, without gradient.

    Raises:
        UserError: it is not `(C, T)`, is empty, or holds a sample that is not finite.
    """
    if estimate.dim() != 2 or not estimate.numel():
        raise UserError(f"judges hear (channels, samples); got {tuple(estimate.shape)}")
    if not estimate.isfinite().all():
        raise UserError("the estimate holds NaN or infinite samples: there is nothing to judge")
    return estimate.detach().float().cpu()


def each_channel(
    judge: Callable[..., float],
    clips: Sequence[Tensor],
    sample_rate: int,
    rate: int,
    least: float = 0.25,
) -> float:
    """The mean over channels of a judge's scores; NaN where one channel cannot be judged.

    Args:
        judge: is given a channel of each clip, float32 in [-1, 1] at `rate`.
        clips: of equal shape `(C, T)`.
        sample_rate: theirs, Hz.
        rate: the judge's, Hz (soxr, HQ).
        least: seconds that there must be; silence cannot be judged either.
    """
    if clips[0].shape[1] < least * sample_rate:
        return float("nan")
    heard = [heard_at(clip, sample_rate, rate) for clip in clips]
    return float(np.mean([_score(judge, channels) for channels in zip(*heard, strict=True)]))


def heard_at(clip: Tensor, sample_rate: int, rate: int) -> Array:
    """`(C, T)` at `rate` Hz, with what goes beyond full scale cut off, as in a 16-bit file."""
    return resample_array(clip.numpy(), sample_rate, rate).clip(-1.0, 1.0)


def silent(channel: Array) -> bool:
    """Whether nothing would be left of it in 16 bits."""
    return float(np.abs(channel).max(initial=0.0)) < SILENT


@contextmanager
def without(module: str) -> Iterator[None]:
    """Hide a module from what is imported meanwhile, which finds an empty one."""
    before = {name: found for name, found in sys.modules.items() if name == module}
    sys.modules[module] = ModuleType(module)
    try:
        yield
    finally:
        del sys.modules[module]
        sys.modules.update(before)


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch work on one core: several judges run side by side, a process each."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def onnx_session(file: Path, key: str) -> Any:
    """Open an ONNX model for one core.

    Raises:
        UserError: onnxruntime or the file is missing.
    """
    runtime = package("onnxruntime", key)
    if not file.is_file():
        raise UserError(f"{key}: {file} is missing; run {EXTRA} --force-reinstall")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # 3 is errors: the model of PLCMOS declares an output narrower than it gives
    options.log_severity_level = 3
    return runtime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


class Remembered(Generic[T]):
    """What a judge found in a clip, kept for when the clip comes again.

    A reference comes once for every system that is compared with it.
    """

    def __init__(self, judge: Callable[[Array], T]) -> None:
        self._judge = judge
        self._found: OrderedDict[bytes, T] = OrderedDict()

    def __call__(self, channel: Array) -> T:
        """Judge, or remember."""
        key = hashlib.sha256(channel.tobytes()).digest()
        if key not in self._found:
            self._found[key] = self._judge(channel)
            if len(self._found) > KEPT:
                self._found.popitem(last=False)
        return self._found[key]


def _score(judge: Callable[..., float], channels: Sequence[Array]) -> float:
    return float("nan") if any(map(silent, channels)) else judge(*channels)
