"""Compute as this package does, whatever its caller has set for torch.

A text-to-speech system calls a vocoder inside `torch.autocast`, a notebook has float64 as its
default dtype, a server runs in inference mode: none of this may change a sample. So everything that
a caller reaches first runs inside `own_settings`, and what he has set is as before afterwards.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Lock

import torch

_AUTOCAST = ("cpu", "cuda", "mps", "xpu")


@contextmanager
def own_settings() -> Iterator[None]:
    """No autocast; float32 and the CPU where nothing else is said; ordinary tensors.

    Gradients are recorded as the caller wants it. A caller's inference mode is left, because
    tensors made in it cannot be changed or learned from outside; nothing is recorded then.
    Random states are not touched. It is also a decorator.
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
    """What torch keeps for the process and not for each thread.

    The first thread that comes in sets it and the last one that leaves puts it back: if each put
    back what it found, two threads could leave ours behind.
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
                self._put_back()

    def _set(self) -> None:
        self._dtype, self._precision = torch.get_default_dtype(), _matmul_precision()
        if self._dtype != torch.float32:
            torch.set_default_dtype(torch.float32)
        if self._precision != "highest":
            torch.set_float32_matmul_precision("highest")

    def _put_back(self) -> None:
        if self._dtype != torch.float32:
            torch.set_default_dtype(self._dtype)
        if self._precision != "highest":
            torch.set_float32_matmul_precision(self._precision)


_process = _Process()


def _matmul_precision() -> str:
    """The caller's; "highest" where he used torch's newer settings, which cannot be read so."""
    try:
        return torch.get_float32_matmul_precision()
    except RuntimeError:
        return "highest"
