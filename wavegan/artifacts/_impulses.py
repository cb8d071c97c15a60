"""Find impulses in the residual of linear prediction."""

import numpy as np
import torch
from torch import Tensor

from wavegan.artifacts._spectrum import Array, moving_max

ORDER = 16
"""Order of the prediction."""
FRAME = 0.03
"""Seconds of a frame with one predictor."""
BATCH = 400
"""Frames at a time, to limit memory."""
WHITE = 1e-6
"""Share of a frame's power (-60 dB) added as noise. Otherwise the predictor would amplify 16-bit
noise in empty bands, above a resampler's cutoff."""
CORE = 0.001
"""Seconds on either side of an impulse that belong to it."""
REACH = 0.02
"""Seconds on either side to compare it with: the longest period of a voice."""


def residual(wave: Tensor, sample_rate: int) -> Array:
    """Absolute residual (T,) of linear prediction, fitted to each frame of a wave (T,)."""
    hop = max(round(FRAME * sample_rate / 2), 2 * ORDER)
    size = 2 * hop
    count = max(-(-len(wave) // hop), 1)
    padded = torch.nn.functional.pad(wave.double(), (ORDER + hop // 2, size + hop)).numpy()
    views = np.lib.stride_tricks.sliding_window_view(padded, size + ORDER)[::hop][:count]
    parts = [_errors(views[at : at + BATCH], hop) for at in range(0, count, BATCH)]
    return np.asarray(np.abs(np.concatenate(parts)[: len(wave)]))


def _errors(frames: Array, hop: int) -> Array:
    """Prediction errors of the middle half of each frame, (L * hop,); frames include a past."""
    filters = _predictors(frames[:, ORDER:] * np.hanning(2 * hop + 2)[1:-1])
    middle = frames[:, hop // 2 : hop // 2 + hop + ORDER]
    windows = np.lib.stride_tricks.sliding_window_view(middle, ORDER + 1, axis=1)
    return np.asarray(np.einsum("lto,lo->lt", windows[..., ::-1], filters, optimize=True)).reshape(
        -1
    )


def _predictors(frames: Array) -> Array:
    """Prediction-error filters (L, ORDER + 1); the first coefficient is 1."""
    size = 2 ** int(np.ceil(np.log2(2 * frames.shape[1])))
    power = np.abs(np.fft.rfft(frames, size)) ** 2
    lags = np.fft.irfft(power, size)[:, : ORDER + 1]
    lags[:, 0] = lags[:, 0] * (1 + WHITE) + 1e-12
    rows = np.abs(np.arange(ORDER)[:, None] - np.arange(ORDER))
    solved = np.linalg.solve(lags[:, rows], lags[:, 1:, None])[..., 0]
    return np.concatenate([np.ones((len(frames), 1)), -solved], axis=1)


def core_size(sample_rate: int) -> int:
    """Samples on either side that belong to an impulse: at least the predictor's response."""
    return max(round(CORE * sample_rate), ORDER + 2)


def sharpness(wave: Array, place: int, core: int) -> tuple[int, float]:
    """Exact place of an impulse, and its bend relative to the largest other one in its core.

    The bend is |x[n-1] - 2 x[n] + x[n+1]|. For a wrong sample or a jump it is zero beyond two
    samples from the place.
    """
    first = max(place - core, 1)
    near = np.abs(np.diff(wave[first - 1 : place + core + 2], 2))
    top = int(near.argmax())
    rest = max(near[: max(top - 2, 0)].max(initial=0.0), near[top + 3 :].max(initial=0.0))
    return first + top, float(near[top] / max(rest, 1e-5))


def isolation(left: Array, sample_rate: int) -> Array:
    """Each sample of a residual relative to the largest one around it, outside its core; (T,)."""
    core, reach = core_size(sample_rate), round(REACH * sample_rate)
    values = torch.from_numpy(left)
    size = reach - core
    padded = torch.nn.functional.pad(values, (reach, reach))
    tops = moving_max(padded, size)
    # tops[n] is the maximum of samples n - reach to n - core - 1
    before, after = tops[: len(values)], tops[reach + core + 1 :][: len(values)]
    around = torch.maximum(before, after)
    return np.asarray((values / around.clamp(min=1e-5)).numpy())
