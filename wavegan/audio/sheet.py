"""A contact sheet: the spectrograms of many clips at a glance."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from wavegan import colours
from wavegan.audio.opening import shown
from wavegan.audio.stft import magnitude
from wavegan.errors import UserError

DYNAMIC_RANGE = 80.0
"""dB from the loudest bin of all clips down to black."""
WINDOW, PIXELS = 1024, 256
"""Samples of a transform, and about how many frames a clip has, whatever its length."""
LOWEST = 40.0
"""Hz at the foot of the pictures, whose frequencies are logarithmic."""


def check_installed() -> None:
    """See that pictures can be drawn here.

    Raises:
        UserError: matplotlib is not installed.
    """
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:
        raise UserError('pictures need matplotlib: pip install "wavegan[plot]"') from None


def sheet(
    path: Path,
    clips: Sequence[tuple[str, ArrayLike | None]],
    sample_rate: int,
    columns: int = 8,
) -> None:
    """Draw clips on one scale of level, left to right and down.

    Args:
        path: a PNG (or any format of matplotlib's).
        clips: titles, and waves `(C, T)` or `(T,)`, whose channels are averaged in power; None
            leaves a place empty.
        sample_rate: Hz.
        columns: clips in a row.

    Raises:
        UserError: matplotlib is not installed, or knows no such format; there is nothing to draw.
    """
    check_installed()
    from matplotlib.figure import Figure

    spectra = [None if wave is None else _decibels(wave, sample_rate) for _, wave in clips]
    loudest = max((float(s.max()) for s in spectra if s is not None and s.size), default=None)
    if loudest is None or columns < 1:
        raise UserError(f"{path}: a sheet needs a clip and a column")
    columns = min(columns, len(clips))
    rows = -(-len(clips) // columns)
    figure = Figure(figsize=(1.5 * columns, 1.4 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    ramp = colours.for_matplotlib()
    for axis in axes:
        axis.set_axis_off()
    for axis, (title, _), spectrum in zip(axes, clips, spectra, strict=False):
        if spectrum is None or not spectrum.size:
            continue
        lowest = loudest - DYNAMIC_RANGE
        axis.imshow(spectrum, origin="lower", aspect="auto", cmap=ramp, vmin=lowest, vmax=loudest)
        # a label is the name of a folder: neither mathematics nor always UTF-8
        axis.set_title(shown(title), fontsize=7, pad=2, parse_math=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        figure.savefig(path, dpi=100)
    except ValueError:
        raise UserError(f"{path}: no picture format {path.suffix!r}: end it in .png") from None


def _decibels(wave: ArrayLike, sample_rate: int) -> NDArray[np.float32]:
    """Levels `(rows, frames)` of logarithmically spaced frequencies, the lowest first."""
    sound = torch.as_tensor(wave, dtype=torch.float32).detach().cpu()
    sound = sound.reshape(-1, sound.shape[-1])
    if not sound.numel():
        return np.zeros((0, 0), np.float32)
    hop = max(1, sound.shape[-1] // PIXELS)
    power = magnitude(sound, WINDOW, hop, power=2).mean(0)
    # Rows below a bin's width repeat it; above, a row is the loudest of the bins it spans.
    edges = np.geomspace(LOWEST, sample_rate / 2, 97) / sample_rate * WINDOW
    starts = np.minimum(edges[:-1].astype(int), WINDOW // 2)
    stops = np.maximum(np.ceil(edges[1:]).astype(int), starts + 1)
    bands = [power[a:b].amax(0) for a, b in zip(starts, stops, strict=True)]
    return (10 * torch.stack(bands).clamp(min=1e-10).log10()).numpy()
