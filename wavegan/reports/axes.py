"""Scales of charts: positions of axis marks, and number formats."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DECADES = 2.0
"""A scale is logarithmic if the 2nd to 98th percentiles span this many powers of ten,"""
SPIKE = 100.0
"""or if the maximum is this many times the median."""


@dataclass(frozen=True)
class Scale:
    """Maps values to positions on an axis, 0 to 1.

    Attributes:
        low: value at 0.
        high: value at 1.
        log: whether the scale is logarithmic.
        marks: labelled values, within the ends.
    """

    low: float
    high: float
    log: bool
    marks: tuple[float, ...]

    def place(self, values: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """Positions of values, clipped to the ends. NaN stays NaN."""
        shown = np.asarray(values, dtype=np.float64)
        if self.log:
            with np.errstate(divide="ignore", invalid="ignore"):
                shown = np.log(np.maximum(shown, self.low))
            share = (shown - math.log(self.low)) / (math.log(self.high) - math.log(self.low))
        else:
            share = (shown - self.low) / (self.high - self.low)
        return np.clip(share, 0, 1)


def scale(values: NDArray[np.float64], ends: tuple[float, float] | None = None) -> Scale:
    """A scale for finite values: logarithmic if they span decades, otherwise linear.

    Args:
        values: at least one.
        ends: known range of the value, such as 0 to 1 for a share; the scale is then linear.
    """
    if ends is None and _spans_decades(values):
        return _logarithmic(values)
    low, high = ends or (float(values.min()), float(values.max()))
    if high == low:
        margin = abs(low) * 0.1 or 1.0
        low, high = low - margin, high + margin
    step = _round_step((high - low) / 4)
    first = math.floor(low / step + 1e-9)
    last = math.ceil(high / step - 1e-9)
    marks = tuple(float(f"{n * step:.12g}") for n in range(first, last + 1))
    return Scale(marks[0], marks[-1], False, marks)


def number(value: float) -> str:
    """Format a value with about four digits: 0.0123, 12.3, 1.2e-7, 12,345."""
    if not math.isfinite(value):
        return "not finite"
    size = abs(value)
    if size == 0:
        return "0"
    if size < 1e-3 or size >= 1e7:
        mantissa, _, exponent = f"{value:.2e}".partition("e")
        return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    if size >= 1000:
        return f"{value:,.0f}"
    text = f"{value:.{max(0, 3 - math.floor(math.log10(size)))}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def short(value: float) -> str:
    """Format an axis label: 2.5k, 1M, 0.01, 1e-5."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.6g}{letter}"
    if value and abs(value) < 1e-3:
        mantissa, _, exponent = f"{value:.1e}".partition("e")
        return f"{mantissa.removesuffix('.0')}e{int(exponent)}"
    return f"{value:.6g}"


def _spans_decades(values: NDArray[np.float64]) -> bool:
    if values.min() <= 0:
        return False
    low, middle, high = np.quantile(values, [0.02, 0.5, 0.98])
    return bool(high / low >= 10**DECADES or values.max() / middle >= SPIKE)


def _logarithmic(values: NDArray[np.float64]) -> Scale:
    low = 10.0 ** math.floor(math.log10(values.min()))
    high = 10.0 ** math.ceil(math.log10(values.max()) + 1e-9)
    decades = round(math.log10(high / low))
    every = max(1, math.ceil(decades / 5))
    marks = tuple(low * 10.0**n for n in range(0, decades + 1, every))
    return Scale(low, high, True, marks)


def _round_step(step: float) -> float:
    """Round up to 1, 2, 2.5 or 5 times a power of ten."""
    size = 10.0 ** math.floor(math.log10(step))
    return next(m * size for m in (1, 2, 2.5, 5, 10) if m * size >= step * (1 - 1e-9))
