"""Networks that a file of unknown origin describes: no larger than the weights that came with it.

A number in a configuration costs a byte and may ask for terabytes, or for a billion layers. What
a constructor allocates is counted before it is: of each tensor its bytes, and how many there are.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from wavegan.errors import UserError

LARGEST = 1 << 16
"""Of an option: channels, layers, kernels, dilations, rates."""
LONGEST = 1 << 26
"""Samples of a clip and Hz, which go beyond that."""
MOST_VALUES = 100_000
"""Numbers and texts of all options together."""
BYTES = 1 << 30
"""Of a network's tensors where nothing says how large it may be: 268 million weights."""
TENSORS = 50_000
"""Likewise of their number."""
SPARE_BYTES = 1 << 27
"""Of filters, windows and the like, which no file of weights holds."""
SPARE_TENSORS = 4_000
COPIES = 4
"""Tensors that a layer makes for one that is saved, at most: weight norm has three."""
_IN_SAMPLES = ("segment", "sample_rate", "samples")

_FACTORIES: frozenset[Callable[..., Any]] = frozenset(
    getattr(torch, name)
    for name in (
        *("empty", "zeros", "ones", "rand", "randn", "full", "eye"),
        *("arange", "linspace", "hann_window", "kaiser_window"),
    )
)


class UnfitError(UserError):
    """Options that make no network, or one beyond the bounds."""


class _Counting(TorchFunctionMode):
    def __init__(self, most_bytes: int, most_tensors: int) -> None:
        super().__init__()
        self._bytes, self._tensors = most_bytes, most_tensors
        self._all_bytes, self._all_tensors = most_bytes, most_tensors

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        given = dict(kwargs or {})
        if func in _FACTORIES:
            planned = func(*args, **{**given, "device": "meta"})
            self._bytes -= planned.numel() * planned.element_size()
            self._tensors -= 1
            self._refuse_beyond()
        return func(*args, **given)

    def _refuse_beyond(self) -> None:
        if self._bytes < 0:
            raise UnfitError(
                f"the options ask for a network of more than {self._all_bytes / 2**20:,.0f} MiB"
            )
        if self._tensors < 0:
            raise UnfitError(f"the options ask for more than {self._all_tensors:,} tensors")


def bytes_for(saved: int) -> int:
    """What a network may take while it is built whose weights are so many bytes."""
    return COPIES * saved + SPARE_BYTES


@contextmanager
def within(weights: Mapping[str, torch.Tensor] | None = None, most: int = BYTES) -> Iterator[None]:
    """Construct inside this: what goes beyond its bounds is refused before it takes memory.

    Args:
        weights: what the network is to hold; None: not known.
        most: bytes that it may take where they are not known.

    Raises:
        UnfitError: it would be larger than `weights` or `most` allow, or the machine's memory; or
            a value is of no use to a constructor.
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
        raise UnfitError("the options ask for more memory than there is") from None
    except (RuntimeError, TypeError, ValueError, LookupError, AttributeError) as error:
        raise UnfitError(f"the options make no network ({_first_line(error)})") from None


def check_options(options: Mapping[str, Any], where: str) -> None:
    """Refuse options that no network has, before anything is built of them.

    Args:
        options: what a configuration says, of any nesting.
        where: their place, for messages.

    Raises:
        UserError: names the option and its value.
    """
    left = [(f"{where}.{key}", key, value) for key, value in options.items()]
    count = 0
    while left:
        place, key, value = left.pop()
        count += 1
        if count > MOST_VALUES:
            raise UserError(f"{where}: more than {MOST_VALUES:,} values")
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
        raise UserError(f"{place} is {value}: it must be a number")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["no reason given"])[0][:200]
