"""Shield computation from the caller's global torch settings.

A text-to-speech system may call a vocoder inside `torch.autocast`, a notebook may set float64 as
default dtype, a server may run in inference mode: none of this may change a sample. So every public
entry point runs inside `own_settings`, which restores the caller's settings at the end.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Lock

import torch

_AUTOCAST = ("cpu", "cuda", "mps", "xpu")


@contextmanager
def own_settings() -> Iterator[None]:
    """Disable autocast and inference mode; default dtype float32, default device CPU.

    Gradients are recorded if the caller records them. Inside a caller's inference mode no gradients
    are recorded, but the results are ordinary tensors, which can be changed and trained outside of
    it. Random states are not changed. Also usable as a decorator.
    """
    with _process, ExitStack() as stack:
        for kind in _AUTOCAST:
            if torch.is_autocast_enabled(kind):
                stack.enter_context(torch.autocast(kind, enabled=False))
        if torch.get_default_device().type != "cpu":
            stack.enter_context(torch.device("cpu"))
        if torch.is_inference_mode_enabled():
            stack.enter_context(torch.inference_mode(False))
            stack.enter_context(torch.no_grad())
        yield


class _Process:
    """Settings that torch keeps per process, not per thread.

    The first thread that enters sets them and the last one that leaves restores them. If each
    thread restored what it found, two threads could leave our settings behind.
    """

    def __init__(self) -> None:
        self._lock, self._inside = Lock(), 0
        self._dtype, self._precision = torch.float32, "highest"

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._set()
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._restore()

    def _set(self) -> None:
        self._dtype, self._precision = torch.get_default_dtype(), _matmul_precision()
        if self._dtype != torch.float32:
            torch.set_default_dtype(torch.float32)
        if self._precision != "highest":
            torch.set_float32_matmul_precision("highest")

    def _restore(self) -> None:
        if self._dtype != torch.float32:
            torch.set_default_dtype(self._dtype)
        if self._precision != "highest":
            torch.set_float32_matmul_precision(self._precision)


_process = _Process()


def _matmul_precision() -> str:
    """The caller's; "highest" if it was set by torch's newer API, where the old getter raises."""
    try:
        return torch.get_float32_matmul_precision()
    except RuntimeError:
        return "highest"
