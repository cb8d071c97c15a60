"""Which number types a generator may compute in, and which are fast here."""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from wavegan.errors import UserError, suggest
from wavegan.inference.caller_warning import warn_caller
from wavegan.inference.engine.packing import Packing
from wavegan.inference.engine.running import Running
from wavegan.inference.engine.timing import speedup

Exact = Literal["float32", "bfloat16", "float16"]
Precision = Literal["auto", "float32", "bfloat16", "float16"]

DTYPES: dict[Exact, torch.dtype] = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}
WORTH = 1.2
"""Speed-up of one bfloat16 convolution below which "auto" is float32: other work gains less."""
HINDRANCE = 1.5
"""Slowdown of packed float32 convolutions above which they are not used. Far above the noise of
timing, so that one machine always decides the same way."""


def checked(precision: object) -> Precision:
    """A precision as the user gave it.

    Raises:
        UserError: it is not one of the four.
    """
    known = get_args(Precision)
    if precision in known:
        return precision  # type: ignore[return-value]
    raise UserError(f"precision {precision!r} is unknown{suggest(str(precision), known)}")


def check_device(precision: Precision, device: torch.device) -> None:
    """Refuse what a device cannot compute.

    Raises:
        UserError: float16 on a CPU.
    """
    if precision == "float16" and device.type == "cpu":
        raise UserError(
            "precision float16 on a CPU: torch computes it there with slow reference code; give "
            "auto or bfloat16, or a GPU as device"
        )


def warn_if_slow(precision: Precision, device: torch.device) -> None:
    """Warn if bfloat16 was asked for on a CPU that is slow at it."""
    if precision == "bfloat16" and device.type == "cpu" and bfloat16_speedup() < 1:
        times = 1 / max(bfloat16_speedup(), 1e-3)
        warn_caller(
            f"precision bfloat16: this CPU is {times:.1f} times slower at it than at float32; give "
            "auto or float32",
            UserWarning,
        )


@lru_cache(maxsize=1)
def bfloat16_speedup() -> float:
    """Speed-up of one packed bfloat16 convolution over float32 on this CPU, measured once."""
    try:
        return speedup(_packed(torch.float32), _packed(torch.bfloat16))
    except RuntimeError:
        # a CPU without any bfloat16
        return 0.0


@lru_cache(maxsize=1)
def packing_slowdown() -> float:
    """Slowdown of one packed float32 convolution over torch's own on this CPU, measured once."""
    layer, x = _sample()
    return speedup(_packed(torch.float32), partial(layer, x))


def _packed(dtype: torch.dtype) -> Callable[[], Tensor]:
    layer, x = _sample()
    packing = Packing(layer)

    def run() -> Tensor:
        with Running(packing, dtype):
            made: Tensor = layer(x)
        return made

    return run


def _sample() -> tuple[nn.Module, Tensor]:
    """A convolution of the middle stages of vocoders; about a millisecond."""
    return nn.Conv1d(128, 128, 7, padding=3).requires_grad_(False), torch.ones(1, 128, 512)
