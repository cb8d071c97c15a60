"""Predict where a curve of validations levels out, from its shape so far.

Two shapes are tried, `a + b step^-c` (the power law that learning curves follow: Hestness et al.
2017, "Deep Learning Scaling is Predictable, Empirically", arXiv:1712.00409) and
`a + b exp(-step / c)`. For each c of a grid, a and b minimise the relative error with weights that
reduce outliers (Huber 1964, "Robust Estimation of a Location Parameter",
doi:10.1214/aoms/1177703732). The range comes from fits to curves of the same shape with resampled
residuals (bootstrap).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

GAIN = 0.02
"""On the plateau, twice as many steps gain less than this share of the value."""
FEWEST = 7
"""Fewest validations for a prediction."""
FAR = 20.0
"""Farthest prediction, as a multiple of the current step."""
LOOSE = 3.0
"""Largest ratio between the ends of the range of plausible plateaus."""
ROUGH = 0.15
"""Smallest half-width of the range, as a share: real curves fit these shapes only roughly."""
EXPLAINED = 0.7
"""Smallest share of the variance that the shape has to explain."""
RESAMPLED, ITERATIONS, HUBER, POINTS = 100, 8, 1.345, 40


@dataclass(frozen=True)
class Plateau:
    """The predicted plateau.

    Attributes:
        step: from here on twice as many steps gain less than 2 %.
        low, high: nine in ten resampled curves level out between these steps; at least 15 % from
            `step`.
        value: the value there.
    """

    step: int
    low: int
    high: int
    value: float


def plateau(steps: Sequence[int], values: Sequence[float]) -> Plateau | None:
    """The plateau; None if the values fit no such shape, or the range is too wide."""
    kept = [(s, v) for s, v in zip(steps, values, strict=True) if math.isfinite(v) and s > 0]
    if len(kept) < FEWEST or min(v for _, v in kept) <= 0:
        return None
    place, level = _thinned(np.array(kept, dtype=np.float64).T)
    shapes, ahead, grid = _shapes(place)
    weight = _weights(shapes, level)
    line, error = _lines(shapes, level, weight)
    best = int(np.argmin(error))
    fitted = line[best, 0] + line[best, 1] * shapes[best]
    if line[best, 1] <= 0 or _explained(level, fitted, weight[best]) < EXPLAINED:
        return None
    where = _levels_out(line[best], ahead[best], grid)
    low, high = _range(shapes, ahead, grid, fitted, (level - fitted) / level)
    if where is None or not math.isfinite(high) or high > LOOSE * low:
        return None
    value = line[best, 0] + line[best, 1] * float(np.interp(where, grid, ahead[best, 0]))
    low, high = min(low, where * (1 - ROUGH)), max(high, where * (1 + ROUGH))
    return Plateau(round(where), round(low), round(high), float(value))


def _thinned(curve: Array) -> Array:
    """At most 40 steps and values `(2, N)`, evenly spaced in log step, without averaging."""
    count = curve.shape[1]
    if count <= POINTS:
        return curve
    chosen: Array = curve[:, np.unique(np.geomspace(1, count, POINTS).round().astype(int)) - 1]
    return chosen


def _shapes(place: Array) -> tuple[Array, Array, Array]:
    """Shapes `(S, N)` at the steps, `(S, 2, G)` at a grid and at its doubles; and the grid.

    Steps are divided by the current step, so shapes are of the order of 1.
    """
    grid = np.geomspace(place[0], FAR * place[-1], 400)
    power = np.geomspace(0.1, 4, 96)[:, None]
    scale = np.geomspace(0.05, 3, 48)[:, None]
    unit = place[-1]

    def at(steps: Array) -> Array:
        ratio = steps[None] / unit
        return np.concatenate([ratio**-power, np.exp(-ratio / scale)])

    return at(place), np.stack([at(grid), at(2 * grid)], axis=1), grid


def _lines(shapes: Array, level: Array, weight: Array) -> tuple[Array, Array]:
    """The best non-negative a and b of each shape, `(..., S, 2)`, and their error `(..., S)`.

    `level` is `(..., 1, N)` or `(N,)`; `weight` `(..., S, N)` weights squared relative errors.
    """
    own = weight / level**2
    total = own.sum(-1)
    middle_x, middle_y = (own * shapes).sum(-1) / total, (own * level).sum(-1) / total
    spread = (own * (shapes - middle_x[..., None]) ** 2).sum(-1)
    joint = (own * (shapes - middle_x[..., None]) * (level - middle_y[..., None])).sum(-1)
    slope = np.maximum(joint / spread, 0)
    floor = middle_y - slope * middle_x
    bare = (own * shapes * level).sum(-1) / (own * shapes**2).sum(-1)
    slope = np.where(floor < 0, bare, slope)
    floor = np.maximum(floor, 0)
    fitted = floor[..., None] + slope[..., None] * shapes
    error = (own * (level - fitted) ** 2).sum(-1)
    return np.stack([floor, slope], axis=-1), error


def _weights(shapes: Array, level: Array) -> Array:
    """Huber weights of each shape's residuals, `(S, N)`, by iterative reweighting."""
    weight = np.ones_like(shapes)
    for _ in range(ITERATIONS):
        line, _ = _lines(shapes, level, weight)
        residual = np.abs(level - line[:, :1] - line[:, 1:] * shapes) / level
        scale = 1.4826 * np.median(residual, axis=-1, keepdims=True) + 1e-9
        weight = np.minimum(1.0, HUBER * scale / np.maximum(residual, 1e-12))
    # the same weights for all shapes, or a poor fit would discount its own errors
    best = int(np.argmin(np.abs(residual).sum(-1)))
    weight[:] = weight[best]
    return weight


def _explained(level: Array, fitted: Array, weight: Array) -> float:
    own = weight / level**2
    middle = (own * level).sum() / own.sum()
    spread = float((own * (level - middle) ** 2).sum())
    return 1 - float((own * (level - fitted) ** 2).sum()) / spread if spread > 0 else 0.0


def _levels_out(line: Array, ahead: Array, grid: Array) -> float | None:
    """The first step of the grid from which doubling no longer gains; None if beyond the grid."""
    now, later = line[0] + line[1] * ahead[0], line[0] + line[1] * ahead[1]
    gains = np.flatnonzero(now - later > GAIN * now)
    if not len(gains):
        return float(grid[0])
    return None if gains[-1] == len(grid) - 1 else float(grid[gains[-1] + 1])


def _range(
    shapes: Array, ahead: Array, grid: Array, fitted: Array, residual: Array
) -> tuple[float, float]:
    """The 5th and 95th percentiles of the plateaus of resampled curves."""
    count = len(fitted)
    # three parameters were fitted, so the residuals are smaller than the noise
    noise = residual * math.sqrt(count / (count - 3))
    drawn = np.random.default_rng(0).integers(count, size=(RESAMPLED, count))
    curves = np.maximum(fitted * (1 + noise[drawn]), 1e-9 * fitted)[:, None]
    lines, errors = _lines(shapes, curves, np.ones_like(shapes))
    best = np.argmin(errors, axis=-1)
    found = [
        _levels_out(lines[number, shape], ahead[shape], grid) for number, shape in enumerate(best)
    ]
    where = np.array([math.inf if step is None else step for step in found])
    low, high = np.quantile(where, [0.05, 0.95], method="inverted_cdf")
    return float(low), float(high)
