"""Limits on the size of a network that an untrusted configuration describes.

One number in a configuration may ask for terabytes or for a billion layers. So the tensors and
their bytes are counted before a constructor allocates them, and compared with the weights that
came with the configuration.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from wavegan.errors import UserError

LARGEST = 1 << 16
"""Largest value of an option: channels, layers, kernels, dilations, rates."""
LONGEST = 1 << 26
"""Largest value of a clip length in samples or a sample rate in Hz."""
MOST_VALUES = 100_000
"""Most numbers and texts in all options together."""
BYTES = 1 << 30
"""Largest network if its weights are not known: 268 million weights."""
TENSORS = 50_000
"""Most tensors of a network if its weights are not known."""
SPARE_BYTES = 1 << 27
"""Allowance for filters, windows and other tensors that are not saved."""
SPARE_TENSORS = 4_000
COPIES = 4
"""Most tensors that a layer makes for each saved one; weight norm makes three."""
_IN_SAMPLES = ("segment", "sample_rate", "samples")

_FACTORIES: frozenset[Callable[..., Any]] = frozenset(
    getattr(torch, name)
    for name in (
        *("empty", "zeros", "ones", "rand", "randn", "full", "eye"),
        *("arange", "linspace", "hann_window", "kaiser_window"),
    )
)


class UnfitError(UserError):
    """The options make no network, or one above the limits."""


class _Counting(TorchFunctionMode):
    def __init__(self, most_bytes: int, most_tensors: int) -> None:
        super().__init__()
        self._bytes, self._tensors = most_bytes, most_tensors
        self._all_bytes, self._all_tensors = most_bytes, most_tensors

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        keywords = dict(kwargs or {})
        if func in _FACTORIES:
            planned = func(*args, **{**keywords, "device": "meta"})
            self._bytes -= planned.numel() * planned.element_size()
            self._tensors -= 1
            self._refuse_beyond()
        return func(*args, **keywords)

    def _refuse_beyond(self) -> None:
        if self._bytes < 0:
            raise UnfitError(
                f"the options ask for a network of more than {self._all_bytes / 2**20:,.0f} MiB"
            )
        if self._tensors < 0:
            raise UnfitError(f"the options ask for more than {self._all_tensors:,} tensors")


def bytes_for(saved: int) -> int:
    """Bytes that a network may take during construction if its saved weights take `saved`."""
    return COPIES * saved + SPARE_BYTES


@contextmanager
def within(weights: Mapping[str, torch.Tensor] | None = None, most: int = BYTES) -> Iterator[None]:
    """Construct a network inside this context; it fails before too much memory is allocated.

    Args:
        weights: the weights that the network will load; None: not known.
        most: bytes that the network may take if `weights` is None.

    Raises:
        UnfitError: the network would be larger than `weights`, `most` or the machine's memory
            allow, or a constructor rejects a value.
    """
    count = TENSORS
    if weights is not None:
        most = bytes_for(sum(4 * tensor.numel() for tensor in weights.values()))
        count = COPIES * len(weights) + SPARE_TENSORS
    try:
        with _Counting(most, count):
            yield
    except UserError:
        raise
    except (MemoryError, OverflowError):
        raise UnfitError("the options ask for more memory than this machine has") from None
    except (RuntimeError, TypeError, ValueError, LookupError, AttributeError) as error:
        raise UnfitError(f"the options make no network ({_first_line(error)})") from None


def check_options(options: Mapping[str, Any], where: str) -> None:
    """Refuse option values that no network has, before anything is built.

    Args:
        options: the options, nested to any depth.
        where: the field that holds them, for messages.

    Raises:
        UserError: names the option and its value.
    """
    left = [(f"{where}.{key}", key, value) for key, value in options.items()]
    count = 0
    while left:
        place, key, value = left.pop()
        count += 1
        if count > MOST_VALUES:
            raise UserError(f"{where}: more than {MOST_VALUES:,} values; no network has so many")
        if isinstance(value, Mapping):
            left.extend((f"{place}.{inner}", str(inner), each) for inner, each in value.items())
        elif isinstance(value, list | tuple):
            left.extend((place, key, each) for each in value)
        elif isinstance(value, int | float):
            _check_number(place, value, LONGEST if key in _IN_SAMPLES else LARGEST)


def _check_number(place: str, value: int | float, most: int) -> None:
    if isinstance(value, int) and abs(value) > most:
        shown = value if abs(value) < 10**20 else f"a number of {len(str(value))} digits"
        raise UserError(f"{place} is {shown}: no network has more than {most:,}")
    if not math.isfinite(value):
        raise UserError(f"{place} is {value}: give a finite number")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["no reason given"])[0][:200]
